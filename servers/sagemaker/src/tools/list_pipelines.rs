use aws_sdk_sagemaker::types::{
    PipelineExecutionSummary, PipelineSummary, SortOrder, SortPipelineExecutionsBy, SortPipelinesBy,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::PipelineName};

/// Lists pipelines, or the executions of one, newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPipelines {
    /// Lists its executions.
    pipeline: Option<PipelineName>,
    prefix: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Pipeline {
        name: String,
        last_execution: Option<String>,
        modified: Option<String>,
        description: Option<String>,
    },
    Execution {
        name: String,
        execution: String,
        status: Option<String>,
        started: Option<String>,
        failure_reason: Option<String>,
    },
}

impl Tool for ListPipelines {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_pipelines", "List pipelines")
        .on("*", &["sagemaker:ListPipelines"])
        .when("pipeline")
        .on(arns::PIPELINE, &["sagemaker:ListPipelineExecutions"])
        .rows(arns::EACH_PIPELINE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let client = &cx.client().sagemaker;
        let most = cx.page_size().min(100);
        if let Some(pipeline) = self.pipeline {
            let name = pipeline.as_str();
            let sent = client
                .list_pipeline_executions()
                .pipeline_name(name)
                .sort_by(SortPipelineExecutionsBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .max_results(most)
                .set_next_token(cx.token())
                .send()
                .await;
            let out = sent.map_err(|error| gone(Error::from(error)))?;
            let rows = out.pipeline_execution_summaries.unwrap_or_default();
            return Ok(cx.page(rows.into_iter().map(|row| execution(name, row)), out.next_token));
        }
        let out = client
            .list_pipelines()
            .set_pipeline_name_prefix(self.prefix)
            .sort_by(SortPipelinesBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(most)
            .set_next_token(cx.token())
            .send()
            .await?;
        Ok(cx.page(out.pipeline_summaries.unwrap_or_default().into_iter().map(row), out.next_token))
    }
}

fn row(pipeline: PipelineSummary) -> Row {
    Row::Pipeline {
        name: pipeline.pipeline_name.unwrap_or_default(),
        last_execution: pipeline.last_execution_time.as_ref().map(utc_second),
        modified: pipeline.last_modified_time.as_ref().map(utc_second),
        description: pipeline.pipeline_description,
    }
}

fn execution(pipeline: &str, execution: PipelineExecutionSummary) -> Row {
    Row::Execution {
        name: pipeline.to_owned(),
        execution: execution.pipeline_execution_arn.unwrap_or_default(),
        status: execution.pipeline_execution_status.map(|status| status.to_string()),
        started: execution.start_time.as_ref().map(utc_second),
        failure_reason: execution.pipeline_execution_failure_reason,
    }
}
