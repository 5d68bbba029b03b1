use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SageMaker, jobs::gone, names::ExecutionArn};

/// Goes on with a failed or stopped execution from the steps that did not succeed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryPipeline {
    /// ARN, as `list_pipelines` returns it.
    execution: ExecutionArn,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    execution: String,
    status: Option<String>,
}

impl Change for RetryPipeline {
    type Service = SageMaker;
    type Output = One<Done>;
    const SPEC: Spec = Spec::write("retry_pipeline", "Retry pipeline")
        .needs("sagemaker:DescribePipelineExecution", EXECUTION)
        .needs("sagemaker:RetryPipelineExecution", EXECUTION)
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let arn = self.execution.here(cx)?;
        let status = status(cx, arn).await?;
        let word = status.as_ref().map_or("", PipelineExecutionStatus::as_str);
        if !matches!(
            status,
            Some(
                PipelineExecutionStatus::Failed
                    | PipelineExecutionStatus::Stopped
                    | PipelineExecutionStatus::CompletedWithFailures
            )
        ) {
            return Err(Error::conflict(format!("the execution is {word}: there is nothing to retry")));
        }
        let plan = Plan::new(format!(
            "retry the execution {} of {}, which is {word}",
            self.execution,
            self.execution.pipeline()
        ));
        Ok(plan
            .warning("the steps that failed or were stopped run and bill again")
            .state(json!({"status": word})))
    }

    async fn apply(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = self.execution.here(cx)?;
        cx.client().sagemaker.retry_pipeline_execution().pipeline_execution_arn(arn).send().await?;
        let status = status(cx, arn).await?.map(|status| status.to_string());
        Ok(One(Done { execution: arn.to_owned(), status }))
    }
}

const EXECUTION: &str = "arn:{partition}:sagemaker:{region}:{account}:pipeline/*/execution/{execution}";

async fn status(cx: &Call<SageMaker>, arn: &str) -> Result<Option<PipelineExecutionStatus>> {
    let sent = cx.client().sagemaker.describe_pipeline_execution().pipeline_execution_arn(arn).send().await;
    Ok(sent.map_err(|error| gone(Error::from(error)))?.pipeline_execution_status)
}
