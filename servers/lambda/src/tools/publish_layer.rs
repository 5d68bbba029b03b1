use std::collections::BTreeMap;

use aws_sdk_lambda::{
    primitives::Blob,
    types::{Architecture, LayerVersionContentInput, Runtime},
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Lambda, arns,
    deployment::{Code, Source},
    names::{BucketName, LayerName, ObjectKey},
    tools::update_code::Cpu,
};

/// Publishes a version of a layer, or a new layer: from a zip file in an allowed directory, from texts or from S3.
///
/// Functions keep the version that they have; update_config with `Layers` gives them this one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishLayer {
    layer: LayerName,
    zip_path: Option<String>,
    /// Path to text: python/helper.py, nodejs/node_modules/helper/index.js.
    files: Option<BTreeMap<String, String>>,
    s3_bucket: Option<BucketName>,
    s3_key: Option<ObjectKey>,
    s3_version: Option<String>,
    description: Option<String>,
    /// python3.13
    #[serde(default)]
    runtimes: Vec<String>,
    #[serde(default)]
    architectures: Vec<Cpu>,
    license: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Published {
    arn: Option<String>,
    version: i64,
    code_sha256: Option<String>,
}

/// What was looked at: the latest version, and the code that was to become the next.
#[derive(Serialize)]
pub(crate) struct Seen {
    latest: Option<i64>,
    sha256: Option<String>,
}

impl Change for PublishLayer {
    type Service = Lambda;
    type Output = One<Published>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("publish_layer", "Publish layer")
        .shown_by("list_layers")
        .on("*", &["lambda:ListLayerVersions"])
        .on(arns::LAYER, &["lambda:PublishLayerVersion"])
        .when("s3_key")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObject"])
        .when("s3_version")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObjectVersion"])
        .always()
        // Only the layer's own versions are asked for, which AWS grants on everything or not at all.
        .rows(arns::LAYER)
        .minutes(5)
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Seen>> {
        let code = self.code(cx).await?;
        let asked = cx.client().lambda.list_layer_versions().layer_name(self.layer.to_string());
        let out = asked.max_items(1).send().await?;
        let latest = out.layer_versions.unwrap_or_default().into_iter().map(|version| version.version).max();
        let mut plan = Plan::new(match latest {
            Some(latest) => format!(
                "publish a version of the layer {} after version {latest}: {}",
                self.layer,
                code.what()
            ),
            None => format!("make the layer {}: {}", self.layer, code.what()),
        });
        if let Some(astray) = code.astray() {
            plan = plan.warning(astray);
        }
        if let Some(files) = self.misplaced(&code) {
            plan = plan.warning(files);
        }
        plan = plan.row(json!({"runtimes": self.runtimes.join(", "), "license": self.license}));
        Ok(plan.items(Seen { latest, sha256: code.sha256() }))
    }

    async fn apply(self, seen: Seen, cx: &Call<Lambda>) -> Result<Self::Output> {
        let code = self.code(cx).await?;
        unchanged("the package", &seen.sha256, &code.sha256())?;
        let content = LayerVersionContentInput::builder();
        let content = match code {
            Code::Zip { bytes, .. } => content.zip_file(Blob::new(bytes)),
            Code::S3 { bucket, key, version } => {
                content.s3_bucket(bucket).s3_key(key).set_s3_object_version(version)
            }
            Code::Image(_) => return Err(Error::invalid("a layer is no image")),
        };
        let cpus: Vec<Architecture> = self.architectures.iter().map(|cpu| Architecture::from(*cpu)).collect();
        let runtimes: Vec<Runtime> = self.runtimes.iter().map(|name| Runtime::from(name.as_str())).collect();
        let request = cx.client().lambda.publish_layer_version().layer_name(self.layer.to_string());
        let out = request
            .content(content.build())
            .set_description(self.description)
            .set_license_info(self.license)
            .set_compatible_runtimes((!runtimes.is_empty()).then_some(runtimes))
            .set_compatible_architectures((!cpus.is_empty()).then_some(cpus))
            .send()
            .await?;
        Ok(One(Published {
            arn: out.layer_version_arn,
            version: out.version,
            code_sha256: out.content.and_then(|content| content.code_sha256),
        }))
    }
}

impl PublishLayer {
    async fn code(&self, cx: &Call<Lambda>) -> Result<Code> {
        let source = Source {
            zip_path: self.zip_path.as_deref(),
            files: self.files.as_ref(),
            s3_bucket: self.s3_bucket.as_ref().map(BucketName::as_str),
            s3_key: self.s3_key.as_ref().map(ObjectKey::as_str),
            s3_version: self.s3_version.as_deref(),
            image_uri: None,
        };
        source.read(cx).await
    }

    /// That no file lies where the runtimes look for a layer's:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html>.
    fn misplaced(&self, code: &Code) -> Option<String> {
        let Code::Zip { files, .. } = code else { return None };
        let places = |runtime: &String| match runtime.as_str() {
            python if python.starts_with("python") => Some("python/"),
            node if node.starts_with("nodejs") => Some("nodejs/"),
            java if java.starts_with("java") => Some("java/lib/"),
            ruby if ruby.starts_with("ruby") => Some("ruby/"),
            _ => None,
        };
        let place = self.runtimes.iter().find_map(places)?;
        let found =
            files.iter().any(|file| [place, "bin/", "lib/"].iter().any(|start| file.starts_with(start)));
        (!found).then(|| format!("no file lies under {place}, where its runtime looks for a layer's files"))
    }
}
