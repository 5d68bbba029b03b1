use std::collections::BTreeMap;

use aws_sdk_lambda::{
    primitives::Blob,
    types::{Environment, FunctionCode, PackageType, Runtime},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    configuration::current,
    deployment::{Code, Source},
    names::{BucketName, FunctionName, ObjectKey, RoleArn},
    runtimes::warning,
    settling::settled,
    tools::update_code::Cpu,
};

/// Creates a function from a zip file, from texts, from S3 or from an image, and waits until it can be called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateFunction {
    function: FunctionName,
    /// ARN of the execution role.
    role: RoleArn,
    /// `python3.13`, `nodejs22.x`, ...; none for an image.
    runtime: Option<String>,
    /// `index.handler`
    handler: Option<String>,
    zip_path: Option<String>,
    /// Path to text; these are all of the package.
    files: Option<BTreeMap<String, String>>,
    s3_bucket: Option<BucketName>,
    s3_key: Option<ObjectKey>,
    s3_version: Option<String>,
    image_uri: Option<String>,
    architecture: Option<Cpu>,
    #[schemars(range(min = 128, max = 10240))]
    memory_mb: Option<i32>,
    #[schemars(range(min = 1, max = 900))]
    timeout_seconds: Option<i32>,
    environment: Option<BTreeMap<String, String>>,
    description: Option<String>,
    layers: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    publish: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    function: String,
    arn: Option<String>,
    version: Option<String>,
    state: Option<String>,
    code_bytes: i64,
}

impl Change for CreateFunction {
    type Service = Lambda;
    type Output = One<Created>;
    /// AWS's fingerprint of the code that was looked at, where it is at hand. AWS makes no second function of that name.
    type Items = Option<String>;
    const SPEC: Spec = Spec::write("create_function", "Create function")
        .shown_by("get_function")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration", "lambda:CreateFunction"])
        .on(arns::ROLE, &["iam:PassRole"])
        .when("tags")
        .on(arns::FUNCTION, &["lambda:TagResource"])
        .when("s3_key")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObject"])
        .when("s3_version")
        .on(arns::PACKAGE_OBJECT, &["s3:GetObjectVersion"])
        .minutes(15)
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Option<String>>> {
        self.function.unqualified()?;
        let function = self.function.base();
        let code = self.code(cx).await?;
        self.fits(&code)?;
        match current(cx, &function, None).await {
            Ok(_) => {
                return Err(Error::conflict(format!("there is a function {} already", self.function))
                    .with_next("update_code and update_config change it"));
            }
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
        let runtime = self.runtime.as_deref().unwrap_or("image");
        let mut plan = Plan::new(format!(
            "create {} ({runtime}, {} MB, {} s) from {} with role {}",
            self.function,
            self.memory_mb.unwrap_or(128),
            self.timeout_seconds.unwrap_or(3),
            code.what(),
            self.role
        ));
        if let Some(astray) = code.astray() {
            plan = plan.warning(astray);
        }
        if let Some(lack) = code.lacks(runtime, self.handler.as_deref().unwrap_or_default()) {
            plan = plan.warning(format!("{lack}: calls would fail"));
        }
        if let Some(why) = warning(runtime) {
            plan = plan.warning(why);
        }
        Ok(plan.items(code.sha256()))
    }

    async fn apply(self, seen: Option<String>, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let code = self.code(cx).await?;
        unchanged("the package", &seen, &code.sha256())?;
        let is_image = matches!(code, Code::Image(_));
        let from = FunctionCode::builder();
        let from = match code {
            Code::Zip { bytes, .. } => from.zip_file(Blob::new(bytes)),
            Code::S3 { bucket, key, version } => {
                from.s3_bucket(bucket).s3_key(key).set_s3_object_version(version)
            }
            Code::Image(image) => from.image_uri(image),
        };
        let variables = self.environment.map(|variables| variables.into_iter().collect());
        let environment =
            variables.map(|variables| Environment::builder().set_variables(Some(variables)).build());
        let out = cx
            .client()
            .lambda
            .create_function()
            .function_name(&function)
            .role(self.role.to_string())
            .set_runtime(self.runtime.as_deref().map(Runtime::from))
            .set_handler(self.handler)
            .set_package_type(is_image.then_some(PackageType::Image))
            .code(from.build())
            .set_architectures(self.architecture.map(|cpu| vec![cpu.into()]))
            .set_memory_size(self.memory_mb)
            .set_timeout(self.timeout_seconds)
            .set_environment(environment)
            .set_description(self.description)
            .set_layers(self.layers)
            .set_tags(self.tags.map(|tags| tags.into_iter().collect()))
            .publish(self.publish)
            .send()
            .await?;
        let done = settled(cx, &function).await.map_err(|mut error| {
            error.message = format!("{} was made and is there, but: {}", self.function, error.message);
            error.with_next(
                "get_function shows it; update_code and update_config correct it, delete_function removes it",
            )
        })?;
        Ok(One(Created {
            function: self.function.to_string(),
            arn: out.function_arn,
            version: out.version.filter(|version| version != "$LATEST"),
            state: done.state.map(|state| state.to_string()),
            code_bytes: done.code_size,
        }))
    }
}

impl CreateFunction {
    async fn code(&self, cx: &Call<Lambda>) -> Result<Code> {
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

    fn fits(&self, code: &Code) -> Result<()> {
        match (code, &self.runtime, &self.handler) {
            (Code::Image(_), None, None) | (Code::Zip { .. } | Code::S3 { .. }, Some(_), Some(_)) => Ok(()),
            (Code::Image(_), ..) => {
                Err(Error::invalid("an image brings its own runtime and handler: leave both out"))
            }
            _ => Err(Error::invalid("a package needs `runtime` and `handler`").with_next(
                "good ones are python3.13 with index.handler, and provided.al2023 with bootstrap",
            )),
        }
    }
}
