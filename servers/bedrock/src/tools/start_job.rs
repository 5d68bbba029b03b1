use aws_sdk_bedrock::types::{
    ModelInvocationJobInputDataConfig, ModelInvocationJobOutputDataConfig,
    ModelInvocationJobS3InputDataConfig, ModelInvocationJobS3OutputDataConfig,
};
use aws_sdk_bedrockruntime::types::{AsyncInvokeOutputDataConfig, AsyncInvokeS3OutputDataConfig};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Bedrock, arns,
    attachments::lost,
    builders::missing,
    json::{Json, document},
    moved::moved,
    names::{ModelId, RoleArn, S3Uri},
    spending::Caps,
};

/// Starts work that costs money: a batch over a file of prompts in S3 (`input`), or one asynchronous call
/// (`model_input`), as for video. list_jobs shows how far it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartJob {
    model: ModelId,
    /// Batch: a JSONL file, or a folder of them.
    input: Option<S3Uri>,
    /// Async: the model's own body.
    model_input: Option<Json>,
    /// A folder: `s3://bucket/out/`.
    output: S3Uri,
    /// Batch: its name.
    name: Option<String>,
    /// Batch: the role that reads and writes.
    role: Option<RoleArn>,
    #[schemars(range(min = 24, max = 168))]
    timeout_hours: Option<i32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Started {
    arn: String,
    output: String,
}

/// A file as it was seen.
#[derive(PartialEq, Serialize)]
pub(crate) struct Seen {
    etag: Option<String>,
    bytes: u64,
}

impl Change for StartJob {
    type Service = Bedrock;
    type Output = One<Started>;
    /// The file that a batch is over, as it was seen.
    type Items = Option<Seen>;
    const SPEC: Spec = {
        let spec = Spec::write("start_job", "Start job")
            .optional()
            .shown_by("list_jobs")
            .when("input")
            .on(arns::FOUNDATION_MODEL, &["bedrock:CreateModelInvocationJob"])
            .on(arns::CUSTOM_MODEL, &["bedrock:CreateModelInvocationJob"])
            .on(arns::ANY_MODEL_INVOCATION_JOB, &["bedrock:CreateModelInvocationJob"])
            .on(arns::INPUT_OBJECT, &["s3:GetObject"])
            .when("role")
            .on(arns::ROLE, &["iam:PassRole"])
            .when("model_input");
        arns::on_models(spec, &["bedrock:InvokeModel"]).on(arns::ANY_ASYNC_INVOKE, &["bedrock:InvokeModel"])
    };

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Option<Seen>>> {
        match self.work(cx)? {
            Work::Batch { name, input, .. } => {
                let seen = look(cx, input).await?;
                let size = match &seen {
                    Some(seen) => human_size(seen.bytes),
                    None => "every JSONL file under it".to_owned(),
                };
                let mut plan = Plan::new(format!(
                    "start batch {name} of {} over {input} ({size}) into {}",
                    self.model, self.output
                ))
                .warning("each record is a call of the model and costs as such")
                .ask();
                if seen.is_some() && !input.key().ends_with(".jsonl") {
                    plan = plan.warning("a batch takes JSONL files: this one does not end with .jsonl");
                }
                Ok(plan.items(seen))
            }
            Work::Async(body) => {
                Ok(Plan::new(format!("start {} asynchronously, into {}", self.model, self.output))
                    .row(json!({"model_input": body.0.to_string()}))
                    .warning("it costs what the call costs, and cannot be stopped")
                    .items(None))
            }
        }
    }

    async fn apply(self, seen: Option<Seen>, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let output = self.output.to_string();
        let arn = match self.work(cx)? {
            Work::Batch { name, role, input } => {
                if look(cx, input).await? != seen {
                    return Err(moved(input.as_str()));
                }
                let from = ModelInvocationJobS3InputDataConfig::builder()
                    .s3_uri(input.as_str())
                    .build()
                    .map_err(missing)?;
                let to = ModelInvocationJobS3OutputDataConfig::builder()
                    .s3_uri(&output)
                    .build()
                    .map_err(missing)?;
                cx.client()
                    .bedrock
                    .create_model_invocation_job()
                    .job_name(name)
                    .role_arn(role.as_str())
                    .model_id(self.model.as_str())
                    .input_data_config(ModelInvocationJobInputDataConfig::S3InputDataConfig(from))
                    .output_data_config(ModelInvocationJobOutputDataConfig::S3OutputDataConfig(to))
                    .set_timeout_duration_in_hours(self.timeout_hours)
                    .send()
                    .await?
                    .job_arn
            }
            Work::Async(body) => {
                let to = AsyncInvokeS3OutputDataConfig::builder().s3_uri(&output).build().map_err(missing)?;
                cx.client()
                    .runtime
                    .start_async_invoke()
                    .model_id(self.model.as_str())
                    .model_input(document(&body.0))
                    .output_data_config(AsyncInvokeOutputDataConfig::S3OutputDataConfig(to))
                    .send()
                    .await?
                    .invocation_arn
            }
        };
        Ok(One(Started { arn, output }))
    }
}

/// The file of prompts, where it is one. AWS finds out only when the job runs, hours later. Of a folder it takes all files,
/// and nothing is looked at here.
async fn look(cx: &Call<Bedrock>, input: &S3Uri) -> Result<Option<Seen>> {
    if input.key().ends_with('/') {
        return Ok(None);
    }
    let asked = cx.client().s3.head_object().bucket(input.bucket()).key(input.key()).send().await;
    let head = asked.map_err(|error| lost(input, Error::from(error)))?;
    let bytes = head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    Ok(Some(Seen { etag: head.e_tag, bytes }))
}

enum Work<'a> {
    Batch { name: &'a str, role: &'a RoleArn, input: &'a S3Uri },
    Async(&'a Json),
}

impl StartJob {
    fn work(&self, cx: &Call<Bedrock>) -> Result<Work<'_>> {
        Caps::of(cx)?.unmetered("a job")?;
        match (&self.input, &self.model_input) {
            (Some(input), None) => {
                let (Some(name), Some(role)) = (&self.name, &self.role) else {
                    return Err(Error::invalid("a batch needs `name` and `role`").with_next(
                        "a good role is arn:aws:iam::123456789012:role/bedrock-batch, which may read `input` and write `output`",
                    ));
                };
                Ok(Work::Batch { name, role, input })
            }
            (None, Some(body)) => {
                if self.name.is_some() || self.role.is_some() || self.timeout_hours.is_some() {
                    return Err(Error::invalid(
                        "`name`, `role` and `timeout_hours` are of batches: leave them out",
                    ));
                }
                Ok(Work::Async(body))
            }
            _ => Err(Error::invalid("give `input` for a batch, or `model_input` for an asynchronous call")),
        }
    }
}
