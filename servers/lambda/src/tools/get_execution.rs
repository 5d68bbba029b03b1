use std::collections::VecDeque;

use aws_sdk_lambda::{primitives::DateTime, types::ExecutionStatus};
use awsmcp_mcp::{AsIs, Call, One, Result, Spec, Tool, counted};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Lambda, arns,
    durable::{Open, line, seconds},
    names::{ExecutionArn, arn_function},
};

/// Shows a durable execution: why it has not ended, or how it did, and its last events.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetExecution {
    /// Its ARN, as list_executions and invoke_function show it.
    execution: ExecutionArn,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Card {
    name: String,
    function: String,
    version: Option<String>,
    status: String,
    started: String,
    /// So far, of one that runs.
    seconds: i64,
    ended: Option<String>,
    /// When it is timed out if it still runs.
    ends_by: Option<String>,
    /// What began and has not ended.
    waits_for: Vec<String>,
    error_type: Option<String>,
    error: Option<String>,
    stack: Vec<String>,
    input: Option<AsIs>,
    /// `null` is a result too.
    result: Option<AsIs>,
    events: Vec<String>,
}

impl Tool for GetExecution {
    type Service = Lambda;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("get_execution", "Describe durable execution")
        .on(arns::EXECUTION, &["lambda:GetDurableExecution", "lambda:GetDurableExecutionHistory"])
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let arn = self.execution.as_str();
        let client = &cx.client().lambda;
        let (out, history) = futures::join!(
            client.get_durable_execution().durable_execution_arn(arn).send(),
            history(cx, arn)
        );
        let out = out?;
        let history = cx.part("the history (lambda:GetDurableExecutionHistory)", history);
        let is_read = history.is_some();
        let History { open, last } = history.unwrap_or_default();
        let mut waits_for = if out.status == ExecutionStatus::Running { open.words() } else { Vec::new() };
        if waits_for.is_empty() && is_read && out.status == ExecutionStatus::Running {
            waits_for.push("nothing that its history tells: its code runs, or is run again soon".to_owned());
        }
        let most = out.durable_config.and_then(|config| config.execution_timeout).filter(|most| *most > 0);
        let ends_by = most.filter(|_| out.end_timestamp.is_none());
        let ends_by =
            ends_by.map(|most| utc_second(DateTime::from_secs(out.start_timestamp.secs() + i64::from(most))));
        let error = out.error;
        Ok(One(Card {
            name: out.durable_execution_name,
            function: arn_function(&out.function_arn).to_owned(),
            version: out.version,
            status: out.status.to_string(),
            started: utc_second(out.start_timestamp),
            seconds: seconds(&out.start_timestamp, out.end_timestamp.as_ref()),
            ended: out.end_timestamp.as_ref().map(utc_second),
            ends_by,
            waits_for,
            error_type: error.as_ref().and_then(|error| error.error_type.clone()),
            error: error.as_ref().and_then(|error| error.error_message.clone()),
            stack: error.and_then(|error| error.stack_trace).unwrap_or_default(),
            input: out.input_payload.filter(|text| !text.is_empty()).map(json),
            result: out.result.map(json),
            events: last.into(),
        }))
    }
}

/// JSON as itself, and what is none as text.
fn json(text: String) -> AsIs {
    AsIs(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// What a history comes to.
#[derive(Default)]
struct History {
    open: Open,
    /// Its last events.
    last: VecDeque<String>,
}

/// Reads a history from its beginning: what is open may have begun long ago.
async fn history(cx: &Call<Lambda>, arn: &str) -> Result<History> {
    const SHOWN: usize = 20;
    const MOST_PAGES: usize = 20;
    let (mut history, mut marker, mut count) = (History::default(), None, 0);
    for _ in 0..MOST_PAGES {
        let asked = cx.client().lambda.get_durable_execution_history().durable_execution_arn(arn);
        let asked = asked.include_execution_data(false).max_items(1000).set_marker(marker);
        let out = asked.send().await?;
        for event in out.events {
            history.open.add(&event);
            history.last.push_back(line(&event));
            count += 1;
            if history.last.len() > SHOWN {
                history.last.pop_front();
            }
        }
        marker = out.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            if count > SHOWN {
                cx.note(format!("its last {SHOWN} of {} are shown", counted(count, "event")));
            }
            return Ok(history);
        }
        cx.progress(count as u64, None, format!("{} read", counted(count, "event")));
    }
    cx.note(format!(
        "its history is longer than the {} that were read: what it waits for may be another thing",
        counted(count, "event")
    ));
    Ok(history)
}
