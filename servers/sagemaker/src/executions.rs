//! Executions of pipelines, as the tools that change them see them.

use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use awsmcp_mcp::{Call, Error, Result, moved};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{SageMaker, jobs::gone};

/// What became of it after a change.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    execution: String,
    status: Option<String>,
}

impl Done {
    pub(crate) async fn of(cx: &Call<SageMaker>, arn: &str) -> Result<Done> {
        let status = status(cx, arn).await?.map(|status| status.to_string());
        Ok(Done { execution: arn.to_owned(), status })
    }
}

pub(crate) async fn status(cx: &Call<SageMaker>, arn: &str) -> Result<Option<PipelineExecutionStatus>> {
    let sent = cx.client().sagemaker.describe_pipeline_execution().pipeline_execution_arn(arn).send().await;
    Ok(sent.map_err(|error| gone(Error::from(error)))?.pipeline_execution_status)
}

/// An execution as it was seen, in a word: what becomes of it changes with its status only.
///
/// # Errors
/// When it stands otherwise by now.
pub(crate) async fn unmoved(cx: &Call<SageMaker>, arn: &str, seen: &str) -> Result<()> {
    let now = status(cx, arn).await?;
    match now.as_ref().map_or("", PipelineExecutionStatus::as_str) == seen {
        true => Ok(()),
        false => Err(moved("the execution")),
    }
}
