use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    executions::{Done, status, unmoved},
    names::ExecutionArn,
};

/// Goes on with a failed or stopped execution from the steps that did not succeed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryPipeline {
    /// ARN, as `list_pipelines` returns it.
    execution: ExecutionArn,
}

impl Change for RetryPipeline {
    type Service = SageMaker;
    type Output = One<Done>;
    /// The status that was seen.
    type Items = String;
    const SPEC: Spec = Spec::write("retry_pipeline", "Retry pipeline")
        .shown_by("describe_execution")
        .on(arns::EXECUTION, &["sagemaker:DescribePipelineExecution", "sagemaker:RetryPipelineExecution"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<String>> {
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
        Ok(plan.warning("the steps that failed or were stopped run and bill again").items(word.to_owned()))
    }

    async fn apply(self, seen: String, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = self.execution.here(cx)?;
        unmoved(cx, arn, &seen).await?;
        cx.client().sagemaker.retry_pipeline_execution().pipeline_execution_arn(arn).send().await?;
        Ok(One(Done::of(cx, arn).await?))
    }
}
