use aws_sdk_sagemaker::types::{PipelineExecutionStatus, SortOrder, SortPipelineExecutionsBy};
use awsmcp_aws::utc_second;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SageMaker, arns, jobs::gone, names::PipelineName};

/// Deletes a pipeline with the record of its executions; what they made stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletePipeline {
    pipeline: PipelineName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

impl Change for DeletePipeline {
    type Service = SageMaker;
    type Output = One<Deleted>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_pipeline", "Delete pipeline")
        .on(
            arns::PIPELINE,
            &["sagemaker:DescribePipeline", "sagemaker:ListPipelineExecutions", "sagemaker:DeletePipeline"],
        )
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let name = self.pipeline.as_str();
        let client = &cx.client().sagemaker;
        let sent = client.describe_pipeline().pipeline_name(name).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let executions = client
            .list_pipeline_executions()
            .pipeline_name(name)
            .sort_by(SortPipelineExecutionsBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(20)
            .send()
            .await?
            .pipeline_execution_summaries
            .unwrap_or_default();
        let running = executions
            .iter()
            .filter(|execution| {
                execution.pipeline_execution_status == Some(PipelineExecutionStatus::Executing)
            })
            .count();
        let last = executions.first().and_then(|execution| execution.start_time.as_ref()).map(utc_second);
        let last =
            last.map_or_else(|| "it was never executed".to_owned(), |last| format!("last executed {last}"));
        let plan = Plan::new(format!("delete the pipeline {name}; {last}"))
            .warning("its definition is lost for good, unless it is kept elsewhere");
        let plan = if running > 0 {
            plan.warning(format!("{running} of its executions are running: stop_pipeline stops them first"))
        } else {
            plan
        };
        Ok(plan.state(
            json!({"modified": found.last_modified_time.as_ref().map(utc_second), "running": running}),
        ))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.pipeline.as_str();
        cx.client().sagemaker.delete_pipeline().pipeline_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}
