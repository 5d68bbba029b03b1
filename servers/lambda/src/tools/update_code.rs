use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    primitives::Blob,
    types::{Architecture, FunctionConfiguration, PackageType},
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Lambda, arns,
    configuration::current,
    deployment::{Code, Source, patched},
    lists,
    names::{BucketName, FunctionName, ObjectKey},
    package,
    settling::settled,
};

/// Replaces a function's code, or single files of it: from a zip file in an allowed directory, from texts, from S3 or by an image.
///
/// Waits until it is through; `publish` makes a version of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateCode {
    function: FunctionName,
    zip_path: Option<String>,
    /// Path to text; these are all of the package.
    files: Option<BTreeMap<String, String>>,
    /// Path to text: these are replaced or added, the rest of the package stays.
    change_files: Option<BTreeMap<String, String>>,
    /// Paths to take out of the package.
    #[serde(default)]
    remove_files: Vec<String>,
    s3_bucket: Option<BucketName>,
    s3_key: Option<ObjectKey>,
    s3_version: Option<String>,
    image_uri: Option<String>,
    architecture: Option<Cpu>,
    #[serde(default)]
    publish: bool,
}

/// What code is made for.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
pub(crate) enum Cpu {
    #[serde(rename = "x86_64")]
    X86,
    #[serde(rename = "arm64")]
    Arm,
}

impl From<Cpu> for Architecture {
    fn from(cpu: Cpu) -> Self {
        match cpu {
            Cpu::X86 => Architecture::X8664,
            Cpu::Arm => Architecture::Arm64,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    function: String,
    version: Option<String>,
    code_bytes: i64,
    code_sha256: Option<String>,
    last_update: Option<String>,
}

/// What was looked at: the function as it was, and the code that was to replace its own.
#[derive(Serialize)]
pub(crate) struct Seen {
    revision: Option<String>,
    sha256: Option<String>,
}

impl Change for UpdateCode {
    type Service = Lambda;
    type Output = One<Updated>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("update_code", "Update code")
        .shown_by("get_function")
        .on(
            arns::FUNCTION,
            &[
                "lambda:GetFunctionConfiguration",
                "lambda:GetFunction",
                "lambda:ListVersionsByFunction",
                "lambda:UpdateFunctionCode",
            ],
        )
        .when("s3_key")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObject"])
        .when("s3_version")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObjectVersion"])
        .minutes(15)
        .idempotent();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Seen>> {
        self.function.unqualified()?;
        let function = self.function.base();
        let (code, config) = tokio::try_join!(self.code(cx), current(cx, &function, None))?;
        fits(&self.function, &config, &code)?;
        let runtime = config.runtime.as_ref().map_or("image", |runtime| runtime.as_str());
        let mut plan = Plan::new(format!(
            "replace the code of {} ({runtime}, {}) by {}{}",
            self.function,
            human_size(config.code_size.try_into().unwrap_or_default()),
            code.what(),
            if self.publish { " and publish a version" } else { "" }
        ));
        let sha256 = code.sha256();
        if sha256.is_some() && sha256 == config.code_sha256 {
            plan = plan.warning("that is the code it has already");
        }
        if let Some(astray) = code.astray() {
            plan = plan.warning(astray);
        }
        if let Some(lack) = code.lacks(runtime, config.handler.as_deref().unwrap_or_default()) {
            plan = plan.warning(format!("{lack}: calls would fail"));
        }
        if sha256.is_none() || sha256 != config.code_sha256 {
            if !is_published(cx, &function, config.code_sha256.as_deref()).await? {
                plan = plan
                    .warning("its present code is in no version and gone for good then; publish_version first keeps it")
                    .ask();
            }
            if let Some(patch) = self.patch() {
                for (file, text) in patch {
                    let becomes = text.as_ref().map_or("goes", |_| "is written");
                    plan = plan.row(json!({"file": file, "becomes": becomes}));
                }
            } else if let Code::Zip { files, .. } = &code {
                plan = differences(cx, &function, config.code_size, files, plan).await;
            }
        }
        let present = config.architectures.unwrap_or_default();
        if let Some(wanted) = self.architecture.map(Architecture::from)
            && !present.contains(&wanted)
        {
            plan = plan.warning(format!("its architecture becomes {wanted}"));
        }
        Ok(plan.items(Seen { revision: config.revision_id, sha256 }))
    }

    async fn apply(self, seen: Seen, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let code = self.code(cx).await?;
        unchanged("the package", &seen.sha256, &code.sha256())?;
        let request = cx
            .client()
            .lambda
            .update_function_code()
            .function_name(&function)
            .set_revision_id(seen.revision)
            .publish(self.publish)
            .set_architectures(self.architecture.map(|cpu| vec![cpu.into()]));
        let request = match code {
            Code::Zip { bytes, .. } => request.zip_file(Blob::new(bytes)),
            Code::S3 { bucket, key, version } => {
                request.s3_bucket(bucket).s3_key(key).set_s3_object_version(version)
            }
            Code::Image(image) => request.image_uri(image),
        };
        let out = request.send().await?;
        let done = settled(cx, &function).await?;
        Ok(One(Updated {
            function: self.function.to_string(),
            version: out.version.filter(|version| version != "$LATEST"),
            code_bytes: done.code_size,
            code_sha256: done.code_sha256,
            last_update: done.last_update_status.map(|status| status.to_string()),
        }))
    }
}

/// Whether the code is that of a version, which never changes.
async fn is_published(cx: &Call<Lambda>, function: &str, sha256: Option<&str>) -> Result<bool> {
    let is_it = |version: &FunctionConfiguration| {
        version.version() != Some("$LATEST") && sha256.is_some() && version.code_sha256() == sha256
    };
    Ok(lists::versions(cx, function).await?.iter().any(is_it))
}

/// # Errors
/// When a function that is an image is given a package, or the other way round: AWS changes neither into the other.
fn fits(function: &FunctionName, config: &GetFunctionConfigurationOutput, code: &Code) -> Result<()> {
    let (is, gets) = (config.package_type == Some(PackageType::Image), matches!(code, Code::Image(_)));
    let word = |is_image: bool| if is_image { "a container image" } else { "a package" };
    if is == gets {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the code of {function} is {}, which AWS replaces by no {}",
        word(is),
        word(gets).trim_start_matches("a ")
    ))
    .with_next("create_function makes another function of it"))
}

/// The plan with the files that go and those that are new. It is good without them: what stands in the way is a note.
async fn differences(cx: &Call<Lambda>, function: &str, bytes: i64, files: &[String], plan: Plan) -> Plan {
    const LARGEST: i64 = 32 * 1024 * 1024;
    if bytes > LARGEST {
        cx.note("which files go was not looked at: the present package is large");
        return plan;
    }
    let mut package = match package::fetch(cx, function, None).await {
        Ok(package) => package,
        Err(error) => {
            cx.note(format!("which files go could not be told: {}", error.message));
            return plan;
        }
    };
    let before: Vec<String> = package::entries(&mut package).into_iter().map(|(name, _)| name).collect();
    let gone = before.iter().filter(|name| !files.contains(name)).map(|name| (name, "goes"));
    let new = files.iter().filter(|name| !before.contains(name)).map(|name| (name, "is new"));
    gone.chain(new).fold(plan, |plan, (name, becomes)| plan.row(json!({"file": name, "becomes": becomes})))
}

impl UpdateCode {
    /// What becomes of single files of the package: their texts, or nothing where they go.
    fn patch(&self) -> Option<BTreeMap<String, Option<String>>> {
        if self.change_files.is_none() && self.remove_files.is_empty() {
            return None;
        }
        let changed =
            self.change_files.iter().flatten().map(|(path, text)| (path.clone(), Some(text.clone())));
        Some(changed.chain(self.remove_files.iter().map(|path| (path.clone(), None))).collect())
    }

    async fn code(&self, cx: &Call<Lambda>) -> Result<Code> {
        if let Some(patch) = self.patch() {
            let others = self.zip_path.is_some() || self.files.is_some() || self.s3_key.is_some();
            if others || self.image_uri.is_some() || patch.is_empty() {
                return Err(Error::invalid(
                    "give `change_files` or `remove_files` with a file, and no other code beside them",
                ));
            }
            return patched(package::fetch(cx, &self.function.base(), None).await?, &patch);
        }
        let source = Source {
            zip_path: self.zip_path.as_deref(),
            files: self.files.as_ref(),
            s3_bucket: self.s3_bucket.as_ref().map(BucketName::as_str),
            s3_key: self.s3_key.as_ref().map(ObjectKey::as_str),
            s3_version: self.s3_version.as_deref(),
            image_uri: self.image_uri.as_deref(),
        };
        source.read(cx).await
    }
}
