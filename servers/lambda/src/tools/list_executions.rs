use aws_sdk_lambda::{primitives::DateTime, types::ExecutionStatus};
use awsmcp_mcp::{Call, Moment, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Lambda, arns,
    durable::Brief,
    names::{FunctionName, Qualifier},
};

/// Lists a durable function's executions, the newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListExecutions {
    function: FunctionName,
    qualifier: Option<Qualifier>,
    status: Option<Status>,
    /// Whole.
    name: Option<String>,
    started_after: Option<Moment>,
    started_before: Option<Moment>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Stopped,
}

impl Status {
    fn aws(self) -> ExecutionStatus {
        match self {
            Status::Running => ExecutionStatus::Running,
            Status::Succeeded => ExecutionStatus::Succeeded,
            Status::Failed => ExecutionStatus::Failed,
            Status::TimedOut => ExecutionStatus::TimedOut,
            Status::Stopped => ExecutionStatus::Stopped,
        }
    }
}

impl Tool for ListExecutions {
    type Service = Lambda;
    type Output = Page<Brief>;
    const SPEC: Spec = Spec::list("list_executions", "List durable executions")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:ListDurableExecutionsByFunction"])
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:ListDurableExecutionsByFunction"])
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let time = |moment: Moment| DateTime::from_millis(moment.0.as_millisecond());
        let out = cx
            .client()
            .lambda
            .list_durable_executions_by_function()
            .function_name(self.function.base())
            .set_qualifier(self.function.qualifier(self.qualifier.as_ref())?)
            .set_durable_execution_name(self.name)
            .set_statuses(self.status.map(|status| vec![status.aws()]))
            .set_started_after(self.started_after.map(time))
            .set_started_before(self.started_before.map(time))
            .set_marker(cx.token())
            .max_items(cx.page_size().min(1000))
            .send()
            .await?;
        let found = out.durable_executions.unwrap_or_default();
        if found.is_empty() && out.next_marker.is_none() && cx.token().is_none() {
            cx.note("none; get_function shows whether the function is a durable one");
        }
        Ok(cx.page(found.into_iter().map(Brief::new), out.next_marker))
    }
}
