use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Bedrock, arns, names::BedrockArn};

/// Stops a batch, customization or evaluation job. Asynchronous calls and imports cannot be stopped.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopJob {
    /// An `arn` of list_jobs.
    job: BedrockArn,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Stopping {
    stopping: String,
}

enum Kind {
    Batch,
    Customization,
    Evaluation,
}

impl Change for StopJob {
    type Service = Bedrock;
    type Output = One<Stopping>;
    // The ARN is the job: one that has ended in between cannot be stopped, and AWS says so.
    type Items = ();
    const SPEC: Spec = Spec::write("stop_job", "Stop job")
        .on(arns::MODEL_INVOCATION_JOB, &["bedrock:GetModelInvocationJob", "bedrock:StopModelInvocationJob"])
        .on(
            arns::MODEL_CUSTOMIZATION_JOB,
            &["bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"],
        )
        .on(arns::EVALUATION_JOB, &["bedrock:GetEvaluationJob", "bedrock:StopEvaluationJob"])
        .optional()
        .idempotent()
        .shown_by("list_jobs");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan> {
        let client = &cx.client().bedrock;
        let id = self.job.as_str();
        let (kind, name, status, done) = match self.kind()? {
            Kind::Batch => {
                let job = client.get_model_invocation_job().job_identifier(id).send().await?;
                let done = job.processed_record_count.zip(job.total_record_count);
                let status = job.status.map(|status| status.to_string()).unwrap_or_default();
                ("batch", job.job_name.unwrap_or_default(), status, done)
            }
            Kind::Customization => {
                let job = client.get_model_customization_job().job_identifier(id).send().await?;
                let status = job.status.map(|status| status.to_string()).unwrap_or_default();
                ("customization", job.job_name, status, None)
            }
            Kind::Evaluation => {
                let job = client.get_evaluation_job().job_identifier(id).send().await?;
                ("evaluation", job.job_name, job.status.to_string(), None)
            }
        };
        let mut plan = Plan::new(format!("stop {kind} job {name}, which is {status}")).state(json!(status));
        if let Some((done, total)) = done {
            plan = plan.warning(format!("{done} of {total} records are done; they stay and are billed"));
        }
        if ["Completed", "Failed", "Stopped", "Expired"].contains(&status.as_str()) {
            return Ok(plan.warning("it has ended already"));
        }
        Ok(plan.ask())
    }

    async fn apply(self, (): (), cx: &Call<Bedrock>) -> Result<Self::Output> {
        let client = &cx.client().bedrock;
        let id = self.job.as_str();
        match self.kind()? {
            Kind::Batch => drop(client.stop_model_invocation_job().job_identifier(id).send().await?),
            Kind::Customization => {
                drop(client.stop_model_customization_job().job_identifier(id).send().await?)
            }
            Kind::Evaluation => drop(client.stop_evaluation_job().job_identifier(id).send().await?),
        }
        Ok(One(Stopping { stopping: self.job.to_string() }))
    }
}

impl StopJob {
    fn kind(&self) -> Result<Kind> {
        match self.job.kind() {
            "model-invocation-job" => Ok(Kind::Batch),
            "model-customization-job" => Ok(Kind::Customization),
            "evaluation-job" => Ok(Kind::Evaluation),
            _ => Err(Error::invalid(format!("{} is no job that can be stopped", self.job))
                .with_next("batch, customization and evaluation jobs can be; list_jobs shows their ARNs")),
        }
    }
}
