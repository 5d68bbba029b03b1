use aws_sdk_sagemaker::{
    operation::describe_pipeline::DescribePipelineOutput,
    types::{PipelineExecutionStatus, PipelineExecutionSummary, SortOrder, SortPipelineExecutionsBy},
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use awsmcp_sdk::utc_second;
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
    /// When it was last changed.
    type Items = Option<i64>;
    const SPEC: Spec = Spec::destroy("delete_pipeline", "Delete pipeline")
        .shown_by("list_pipelines")
        .on(
            arns::PIPELINE,
            &["sagemaker:DescribePipeline", "sagemaker:ListPipelineExecutions", "sagemaker:DeletePipeline"],
        )
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.pipeline.as_str();
        let found = describe(cx, name).await?;
        let (executions, is_whole) = executions(cx, name).await?;
        let runs = |execution: &&PipelineExecutionSummary| {
            let status = execution.pipeline_execution_status.as_ref();
            matches!(status, Some(PipelineExecutionStatus::Executing | PipelineExecutionStatus::Stopping))
        };
        let running = executions.iter().filter(runs).count();
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
        let plan = match is_whole {
            true => plan,
            false => plan.warning(format!(
                "only the last {} of its executions were looked at: older ones may be running",
                executions.len()
            )),
        };
        let plan = plan.state(json!({"running": running}));
        Ok(plan.items(found.last_modified_time.as_ref().map(DateTime::secs)))
    }

    async fn apply(self, changed: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.pipeline.as_str();
        // Somebody's newer definition would be lost unseen.
        if describe(cx, name).await?.last_modified_time.as_ref().map(DateTime::secs) != changed {
            return Err(moved(&format!("the pipeline {name}")));
        }
        cx.client().sagemaker.delete_pipeline().pipeline_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}

/// Its executions, newest first, and whether they are all: one may wait for days behind others that are newer.
async fn executions(cx: &Call<SageMaker>, name: &str) -> Result<(Vec<PipelineExecutionSummary>, bool)> {
    const MOST: usize = 1000;
    let (mut all, mut token) = (Vec::new(), None);
    while all.len() < MOST {
        let asked = cx.client().sagemaker.list_pipeline_executions().pipeline_name(name);
        let asked = asked.sort_by(SortPipelineExecutionsBy::CreationTime).sort_order(SortOrder::Descending);
        let out = asked.max_results(100).set_next_token(token).send().await?;
        all.extend(out.pipeline_execution_summaries.unwrap_or_default());
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok((all, token.is_none()))
}

async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribePipelineOutput> {
    let sent = cx.client().sagemaker.describe_pipeline().pipeline_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}
