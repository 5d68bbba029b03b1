use aws_sdk_bedrock::types::{
    EvaluationInferenceConfigSummary, EvaluationJobStatus, FineTuningJobStatus, ModelImportJobStatus,
    ModelInvocationJobOutputDataConfig, ModelInvocationJobStatus, SortJobsBy, SortOrder,
};
use aws_sdk_bedrockruntime::types::{
    AsyncInvokeOutputDataConfig, AsyncInvokeStatus, SortAsyncInvocationBy, SortOrder as AsyncOrder,
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Moment, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, models::model_of};

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

impl Kind {
    /// The states that AWS knows of it.
    fn states(self) -> &'static [&'static str] {
        match self {
            Kind::Batch => ModelInvocationJobStatus::values(),
            Kind::Async => AsyncInvokeStatus::values(),
            Kind::Customization => FineTuningJobStatus::values(),
            Kind::Import => ModelImportJobStatus::values(),
            Kind::Evaluation => EvaluationJobStatus::values(),
        }
    }
}

/// What became of a job, in words that together cover all states that AWS knows.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// From submitted to stopping.
    InProgress,
    /// Also in part.
    Completed,
    /// Also expired.
    Failed,
    Stopped,
}

impl Status {
    /// AWS's states that it stands for, of all kinds of jobs.
    fn states(self) -> &'static [&'static str] {
        match self {
            Status::InProgress => {
                &["InProgress", "Submitted", "Validating", "Scheduled", "Stopping", "Deleting"]
            }
            Status::Completed => &["Completed", "PartiallyCompleted"],
            Status::Failed => &["Failed", "Expired"],
            Status::Stopped => &["Stopped"],
        }
    }
}

/// Where a list goes on. AWS chooses jobs by one state only, so that several are asked for one after the other.
#[derive(Default, Deserialize, Serialize)]
struct At {
    state: usize,
    token: Option<String>,
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
        .on(arns::LISTED_CUSTOMIZATION, &["bedrock:GetModelCustomizationJob"])
        .on(arns::LISTED_IMPORT, &["bedrock:GetModelImportJob"])
        .on(arns::LISTED_EVALUATION, &["bedrock:GetEvaluationJob"])
        .rows("{arn}")
        .regional()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        /// Empty pages that are passed over at once.
        const MOST_PAGES: usize = 10;
        let states = self.states();
        let mut at: At = cx.place()?;
        let (mut rows, mut more) = (Vec::new(), true);
        for _ in 0..MOST_PAGES {
            let state = states.get(at.state).copied().flatten();
            let (found, next) = self.listed(cx, state, at.token.take()).await?;
            // A job may have gone on to another state meanwhile.
            rows.extend(found.into_iter().filter(|row| state.is_none_or(|state| row.status == state)));
            at.token = next.filter(|token| !token.is_empty());
            if at.token.is_none() {
                at.state += 1;
            }
            more = at.state < states.len();
            if !(more && rows.is_empty()) {
                break;
            }
        }
        let work: Vec<_> = rows.into_iter().map(|row| explained(cx, self.kind, row)).collect();
        let rows: Vec<Row> = stream::iter(work).buffered(4).collect().await;
        cx.page_from(rows, more.then_some(at))
    }
}

type Listed = (Vec<Row>, Option<String>);

/// Adds why a job failed, which AWS's lists of these kinds do not tell.
async fn explained(cx: &Call<Bedrock>, kind: Kind, mut row: Row) -> Row {
    if row.error.is_some() || !Status::Failed.states().contains(&row.status.as_str()) {
        return row;
    }
    let (client, arn) = (&cx.client().bedrock, row.arn.as_str());
    // Rows that the operator did not allow are left out later.
    let may = |action: &str| cx.may_on(action, arn).is_ok();
    row.error = match kind {
        Kind::Customization if may("bedrock:GetModelCustomizationJob") => {
            let asked = client.get_model_customization_job().job_identifier(arn).send().await;
            cx.part("why a customization failed", asked).and_then(|job| job.failure_message)
        }
        Kind::Import if may("bedrock:GetModelImportJob") => {
            let asked = client.get_model_import_job().job_identifier(arn).send().await;
            cx.part("why an import failed", asked).and_then(|job| job.failure_message)
        }
        Kind::Evaluation if may("bedrock:GetEvaluationJob") => {
            let asked = client.get_evaluation_job().job_identifier(arn).send().await;
            let told = cx.part("why an evaluation failed", asked).and_then(|job| job.failure_messages);
            told.map(|messages| messages.join("; "))
        }
        _ => None,
    };
    row
}

impl ListJobs {
    /// The states to ask for, as far as AWS knows them of this kind; one that is none asks for all.
    fn states(&self) -> Vec<Option<&'static str>> {
        let known = self.kind.states();
        let Some(status) = self.status else { return vec![None] };
        status.states().iter().filter(|state| known.contains(state)).map(|state| Some(*state)).collect()
    }

    async fn listed(
        &self,
        cx: &Call<Bedrock>,
        state: Option<&'static str>,
        token: Option<String>,
    ) -> Result<Listed> {
        match self.kind {
            Kind::Batch => self.batch(cx, state, token).await,
            Kind::Async => self.asynchronous(cx, state, token).await,
            Kind::Customization => self.customization(cx, state, token).await,
            Kind::Import => self.import(cx, state, token).await,
            Kind::Evaluation => self.evaluation(cx, state, token).await,
        }
    }

    fn after(&self) -> Option<DateTime> {
        self.since.map(|since| DateTime::from_secs(since.0.as_second()))
    }

    async fn batch(&self, cx: &Call<Bedrock>, state: Option<&str>, token: Option<String>) -> Result<Listed> {
        let out = cx
            .client()
            .bedrock
            .list_model_invocation_jobs()
            .set_status_equals(state.map(ModelInvocationJobStatus::from))
            .set_submit_time_after(self.after())
            .set_name_contains(self.name_contains.clone())
            .max_results(cx.page_size())
            .set_next_token(token)
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
        Ok((rows.collect(), out.next_token))
    }

    async fn asynchronous(
        &self,
        cx: &Call<Bedrock>,
        state: Option<&str>,
        token: Option<String>,
    ) -> Result<Listed> {
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
            .set_status_equals(state.map(AsyncInvokeStatus::from))
            .set_submit_time_after(self.after())
            .max_results(cx.page_size())
            .set_next_token(token)
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
        Ok((rows.collect(), out.next_token))
    }

    async fn customization(
        &self,
        cx: &Call<Bedrock>,
        state: Option<&str>,
        token: Option<String>,
    ) -> Result<Listed> {
        let out = cx
            .client()
            .bedrock
            .list_model_customization_jobs()
            .set_status_equals(state.map(FineTuningJobStatus::from))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains.clone())
            .max_results(cx.page_size())
            .set_next_token(token)
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
        Ok((rows.collect(), out.next_token))
    }

    async fn import(&self, cx: &Call<Bedrock>, state: Option<&str>, token: Option<String>) -> Result<Listed> {
        if matches!(self.status, Some(Status::Stopped)) {
            return Err(Error::invalid("imports cannot be stopped: leave `status` out"));
        }
        let out = cx
            .client()
            .bedrock
            .list_model_import_jobs()
            .set_status_equals(state.map(ModelImportJobStatus::from))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains.clone())
            .max_results(cx.page_size())
            .set_next_token(token)
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
        Ok((rows.collect(), out.next_token))
    }

    async fn evaluation(
        &self,
        cx: &Call<Bedrock>,
        state: Option<&str>,
        token: Option<String>,
    ) -> Result<Listed> {
        let out = cx
            .client()
            .bedrock
            .list_evaluation_jobs()
            .set_status_equals(state.map(EvaluationJobStatus::from))
            .set_creation_time_after(self.after())
            .set_name_contains(self.name_contains.clone())
            .max_results(cx.page_size())
            .set_next_token(token)
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
        Ok((rows.collect(), out.next_token))
    }
}

/// The models that an evaluation is of.
fn evaluated(summary: &EvaluationInferenceConfigSummary) -> Option<String> {
    let models = summary.model_config_summary.as_ref()?.bedrock_model_identifiers.as_ref()?;
    Some(models.iter().map(|id| model_of(id)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_what_became_of_a_job_cover_all_states() {
        let words = [Status::InProgress, Status::Completed, Status::Failed, Status::Stopped];
        for kind in [Kind::Batch, Kind::Async, Kind::Customization, Kind::Import, Kind::Evaluation] {
            for state in kind.states() {
                let of = words.iter().filter(|word| word.states().contains(state)).count();
                assert_eq!(of, 1, "{state} of {kind:?}");
            }
        }
    }
}
