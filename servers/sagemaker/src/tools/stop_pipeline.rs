use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    executions::{Done, status, unmoved},
    names::ExecutionArn,
};

/// Stops an execution of a pipeline; its running steps are stopped too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopPipeline {
    /// ARN, as `list_pipelines` returns it.
    execution: ExecutionArn,
}

impl Change for StopPipeline {
    type Service = SageMaker;
    type Output = One<Done>;
    /// The status that was seen.
    type Items = String;
    const SPEC: Spec = Spec::write("stop_pipeline", "Stop pipeline")
        .shown_by("describe_execution")
        .on(arns::EXECUTION, &["sagemaker:DescribePipelineExecution", "sagemaker:StopPipelineExecution"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<String>> {
        let arn = self.execution.here(cx)?;
        let status = status(cx, arn).await?;
        let word = status.as_ref().map_or("", PipelineExecutionStatus::as_str);
        if !matches!(status, Some(PipelineExecutionStatus::Executing)) {
            return Err(Error::conflict(format!("the execution is {word}: there is nothing to stop")));
        }
        let plan = Plan::new(format!(
            "stop the execution {} of {}, which is {word}",
            self.execution,
            self.execution.pipeline()
        ));
        Ok(plan
            .warning("jobs of running steps are stopped; retry_pipeline goes on from them")
            .ask()
            .items(word.to_owned()))
    }

    async fn apply(self, seen: String, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = self.execution.here(cx)?;
        unmoved(cx, arn, &seen).await?;
        cx.client().sagemaker.stop_pipeline_execution().pipeline_execution_arn(arn).send().await?;
        Ok(One(Done::of(cx, arn).await?))
    }
}
