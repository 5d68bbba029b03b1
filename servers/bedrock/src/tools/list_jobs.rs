use aws_sdk_bedrock::types::{
    EvaluationInferenceConfigSummary, EvaluationJobStatus, FineTuningJobStatus, ModelImportJobStatus,
    ModelInvocationJobOutputDataConfig, ModelInvocationJobStatus, SortJobsBy, SortOrder,
};
use aws_sdk_bedrockruntime::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeStatus, SortAsyncInvocationBy, SortOrder as AsyncOrder,
};
use aws_smithy_types::DateTime;
use awsmcp_aws::utc_second;
use awsmcp_mcp::{Call, Error, Moment, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, models::model_of};

/// Lists jobs of a kind, newest first: batch inference, asynchronous calls, customizations, imports, evaluations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListJobs {
    kind: Kind,
    status: Option<Status>,
    name_contains: Option<String>,
    since: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Batch,
    Async,
    Customization,
    Import,
    Evaluation,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    InProgress,
    Completed,
    Failed,
    Stopped,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::InProgress => "InProgress",
            Status::Completed => "Completed",
            Status::Failed => "Failed",
            Status::Stopped => "Stopped",
        }
    }
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Row {
    arn: String,
    name: Option<String>,
    status: String,
    model: Option<String>,
    started: String,
    ended: Option<String>,
    /// Of a batch: `120 of 200`.
    records: Option<String>,
    failed_records: Option<i64>,
    /// The model that was made, or where the output lies.
    result: Option<String>,
    error: Option<String>,
}

impl Tool for ListJobs {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_jobs", "List jobs")
        .on(
            "*",
            &[
                "bedrock:ListModelInvocationJobs",
                "bedrock:ListAsyncInvokes",
                "bedrock:ListModelCustomizationJobs",
                "bedrock:ListModelImportJobs",
                "bedrock:ListEvaluationJobs",
            ],
        )
        .rows("{arn}")
        .regional()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        match self.kind {
            Kind::Batch => self.batch(cx).await,
            Kind::Async => self.asynchronous(cx).await,
            Kind::Customization => self.customization(cx).await,
            Kind::Import => self.import(cx).await,
            Kind::Evaluation => self.evaluation(cx).await,
        }
    }
}

impl ListJobs {
    fn after(&self) -> Option<DateTime> {
        self.since.map(|since| DateTime::from_secs(since.0.as_second()))
    }

    async fn batch(self, cx: &Call<Bedrock>) -> Result<Page<Row>> {
        let out = cx
            .client()
            .bedrock
            .list_model_invocation_jobs()
            .set_status_equals(self.status.map(|status| ModelInvocationJobStatus::from(status.word())))
            .set_submit_time_after(self.after())
            .set_name_contains(self.name_contains)
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .sort_by(SortJobsBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .send()
            .await?;
        let rows = out.invocation_job_summaries.unwrap_or_default().into_iter().map(|job| Row {
            records: job
                .total_record_count
                .map(|total| format!("{} of {total}", job.processed_record_count.unwrap_or(0))),
            failed_records: job.error_record_count.filter(|count| *count > 0),
            result: job.output_data_config.and_then(|output| match output {
                ModelInvocationJobOutputDataConfig::S3OutputDataConfig(s3) => Some(s3.s3_uri),
                _ => None,
            }),
            arn: job.job_arn,
            name: Some(job.job_name),
            status: job.status.map(|status| status.to_string()).unwrap_or_default(),
            model: Some(model_of(&job.model_id).to_owned()),
            started: utc_second(job.submit_time),
            ended: job.end_time.as_ref().map(utc_second),
            error: job.message,
        });
        Ok(cx.page(rows, out.next_token))
    }

    async fn asynchronous(self, cx: &Call<Bedrock>) -> Result<Page<Row>> {
        if self.name_contains.is_some() {
            return Err(Error::invalid("asynchronous calls have no name: leave `name_contains` out"));
        }
        if matches!(self.status, Some(Status::Stopped)) {
            return Err(Error::invalid("asynchronous calls cannot be stopped: leave `status` out"));
        }
        let out = cx
            .client()
            .runtime
            .list_async_invokes()
            .set_status_equals(self.status.map(|status| AsyncInvokeStatus::from(status.word())))
            .set_submit_time_after(self.after())
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .sort_by(SortAsyncInvocationBy::SubmissionTime)
            .sort_order(AsyncOrder::Descending)
            .send()
            .await?;
        let rows = out.async_invoke_summaries.unwrap_or_default().into_iter().map(|call| Row {
            result: call.output_data_config.and_then(|output| match output {
                AsyncInvokeOutputDataConfig::S3OutputDataConfig(s3) => Some(s3.s3_uri),
                _ => None,
            }),
            arn: call.invocation_arn,
            status: call.status.map(|status| status.to_string()).unwrap_or_default(),
            model: Some(model_of(&call.model_arn).to_owned()),
            started: utc_second(call.submit_time),
            ended: call.end_time.as_ref().map(utc_second),
            error: call.failure_message,
            ..Row::default()
        });
        Ok(cx.page(rows, out.next_token))
    }

    async fn customization(self, cx: &Call<Bedrock>) -> Result<Page<Row>> {
        let out = cx
            .client()
            .bedrock
            .list_model_customization_jobs()
            .set_status_equals(self.status.map(|status| FineTuningJobStatus::from(status.word())))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains)
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .sort_by(SortJobsBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .send()
            .await?;
        let rows = out.model_customization_job_summaries.unwrap_or_default().into_iter().map(|job| Row {
            arn: job.job_arn,
            name: Some(job.job_name),
            status: job.status.to_string(),
            model: Some(model_of(&job.base_model_arn).to_owned()),
            started: utc_second(job.creation_time),
            ended: job.end_time.as_ref().map(utc_second),
            result: job.custom_model_arn,
            ..Row::default()
        });
        Ok(cx.page(rows, out.next_token))
    }

    async fn import(self, cx: &Call<Bedrock>) -> Result<Page<Row>> {
        if matches!(self.status, Some(Status::Stopped)) {
            return Err(Error::invalid("imports cannot be stopped: leave `status` out"));
        }
        let out = cx
            .client()
            .bedrock
            .list_model_import_jobs()
            .set_status_equals(self.status.map(|status| ModelImportJobStatus::from(status.word())))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains)
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .sort_by(SortJobsBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .send()
            .await?;
        let rows = out.model_import_job_summaries.unwrap_or_default().into_iter().map(|job| Row {
            arn: job.job_arn,
            name: Some(job.job_name),
            status: job.status.to_string(),
            started: utc_second(job.creation_time),
            ended: job.end_time.as_ref().map(utc_second),
            result: job.imported_model_arn,
            ..Row::default()
        });
        Ok(cx.page(rows, out.next_token))
    }

    async fn evaluation(self, cx: &Call<Bedrock>) -> Result<Page<Row>> {
        let out = cx
            .client()
            .bedrock
            .list_evaluation_jobs()
            .set_status_equals(self.status.map(|status| EvaluationJobStatus::from(status.word())))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains)
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .sort_by(SortJobsBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .send()
            .await?;
        let rows = out.job_summaries.unwrap_or_default().into_iter().map(|job| Row {
            arn: job.job_arn,
            name: Some(job.job_name),
            status: job.status.to_string(),
            model: job.inference_config_summary.as_ref().and_then(evaluated),
            started: utc_second(job.creation_time),
            ..Row::default()
        });
        Ok(cx.page(rows, out.next_token))
    }
}

/// The models that an evaluation is of.
fn evaluated(summary: &EvaluationInferenceConfigSummary) -> Option<String> {
    let models = summary.model_config_summary.as_ref()?.bedrock_model_identifiers.as_ref()?;
    Some(models.iter().map(|id| model_of(id)).collect::<Vec<_>>().join(", "))
}
