//! Durable executions: invocations that last for days, with waits between their steps.

use aws_sdk_lambda::{
    primitives::DateTime,
    types::{Event, EventError, EventType, Execution},
};
use awsmcp_sdk::utc_second;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What is open of an execution's history, in the order in which it began: what began and has not ended.
#[derive(Debug, Default)]
pub(crate) struct Open(Vec<Operation>);

#[derive(Debug)]
struct Operation {
    id: String,
    /// A context holds others: it is open for as long as they are.
    is_context: bool,
    words: String,
}

impl Open {
    /// Takes in the next event.
    pub(crate) fn add(&mut self, event: &Event) {
        let Some(id) = event.id.as_deref() else { return };
        self.0.retain(|open| open.id != id);
        let since = event.event_timestamp.as_ref().map(utc_second).unwrap_or_default();
        let name = event.name.as_deref().or(event.id.as_deref()).unwrap_or_default();
        let words = match &event.event_type {
            Some(EventType::WaitStarted) => {
                let until = event.wait_started_details.as_ref();
                let until = until.map(|wait| utc_second(wait.scheduled_end_timestamp)).unwrap_or_default();
                format!("wait {name} until {until}, since {since}")
            }
            Some(EventType::CallbackStarted) => {
                let callback = event.callback_started_details.as_ref();
                let id = callback.map(|callback| callback.callback_id.as_str()).unwrap_or_default();
                let most = callback.and_then(|callback| callback.timeout).filter(|seconds| *seconds > 0);
                let most = most.map(|seconds| format!(", for at most {seconds} s")).unwrap_or_default();
                format!("callback {name}: somebody must answer {id}, since {since}{most}")
            }
            Some(EventType::ChainedInvokeStarted) => {
                let invoked = event.chained_invoke_started_details.as_ref();
                let function = invoked.map(|invoked| invoked.function_name.as_str()).unwrap_or_default();
                format!("function {function}, invoked by {name}, since {since}")
            }
            Some(EventType::StepStarted) => format!("step {name}, since {since}"),
            Some(EventType::StepFailed) => {
                let failed = event.step_failed_details.as_ref();
                let retry = failed.and_then(|failed| failed.retry_details.as_ref());
                let Some(retry) = retry.filter(|retry| retry.next_attempt_delay_seconds.is_some()) else {
                    return;
                };
                format!(
                    "step {name}, which failed {since} and is tried again {} s after it (attempt {} failed{})",
                    retry.next_attempt_delay_seconds.unwrap_or_default(),
                    retry.current_attempt,
                    failed.and_then(|failed| message(failed.error.as_ref())).unwrap_or_default()
                )
            }
            Some(EventType::ContextStarted) => format!("context {name}, since {since}"),
            _ => return,
        };
        let is_context = event.event_type == Some(EventType::ContextStarted);
        self.0.push(Operation { id: id.to_owned(), is_context, words });
    }

    /// What the execution waits for.
    pub(crate) fn words(self) -> Vec<String> {
        let only_contexts = self.0.iter().all(|open| open.is_context);
        self.0.into_iter().filter(|open| only_contexts || !open.is_context).map(|open| open.words).collect()
    }
}

/// `: ValueError: no such order`
fn message(error: Option<&EventError>) -> Option<String> {
    let error = error?.payload.as_ref()?;
    let parts: Vec<&str> =
        [error.error_type.as_deref(), error.error_message.as_deref()].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!(": {}", parts.join(": ")))
}

/// An event in a line: `2026-11-30T10:00:00Z StepFailed charge: CardError: declined`
pub(crate) fn line(event: &Event) -> String {
    let time = event.event_timestamp.as_ref().map(utc_second).unwrap_or_default();
    let kind = event.event_type.as_ref().map_or("?", EventType::as_str);
    let name = event.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let errors = [
        event.step_failed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.context_failed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.callback_failed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.callback_timed_out_details.as_ref().and_then(|it| it.error.as_ref()),
        event.chained_invoke_failed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.chained_invoke_timed_out_details.as_ref().and_then(|it| it.error.as_ref()),
        event.chained_invoke_stopped_details.as_ref().and_then(|it| it.error.as_ref()),
        event.wait_cancelled_details.as_ref().and_then(|it| it.error.as_ref()),
        event.invocation_completed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.execution_failed_details.as_ref().and_then(|it| it.error.as_ref()),
        event.execution_timed_out_details.as_ref().and_then(|it| it.error.as_ref()),
        event.execution_stopped_details.as_ref().and_then(|it| it.error.as_ref()),
    ];
    let why = errors.into_iter().flatten().find_map(|error| message(Some(error))).unwrap_or_default();
    let request = event.invocation_completed_details.as_ref();
    let request = request.map(|invocation| format!(" {}", invocation.request_id)).unwrap_or_default();
    format!("{time} {kind}{name}{request}{why}")
}

/// An execution in short.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Brief {
    name: String,
    status: String,
    started: String,
    /// So far, of one that runs.
    seconds: i64,
    ended: Option<String>,
    /// For get_execution.
    execution: String,
}

impl Brief {
    pub(crate) fn new(execution: Execution) -> Brief {
        Brief {
            seconds: seconds(&execution.start_timestamp, execution.end_timestamp.as_ref()),
            name: execution.durable_execution_name,
            status: execution.status.to_string(),
            started: utc_second(execution.start_timestamp),
            ended: execution.end_timestamp.as_ref().map(utc_second),
            execution: execution.durable_execution_arn,
        }
    }
}

/// How many seconds an execution took, or has taken so far.
pub(crate) fn seconds(start: &DateTime, end: Option<&DateTime>) -> i64 {
    let end = end.map_or_else(|| Timestamp::now().as_second(), DateTime::secs);
    (end - start.secs()).max(0)
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{
        CallbackStartedDetails, ErrorObject, RetryDetails, StepFailedDetails, WaitStartedDetails,
        builders::EventBuilder,
    };

    use super::*;

    fn event(id: &str, kind: EventType, second: i64) -> EventBuilder {
        Event::builder().id(id).name(id).event_type(kind).event_timestamp(DateTime::from_secs(second))
    }

    fn open(events: impl IntoIterator<Item = EventBuilder>) -> Vec<String> {
        let mut open = Open::default();
        events.into_iter().for_each(|event| open.add(&event.build()));
        open.words()
    }

    fn failed(next: Option<i32>) -> StepFailedDetails {
        let error = ErrorObject::builder().error_type("CardError").error_message("declined").build();
        let retry = RetryDetails::builder().current_attempt(2).set_next_attempt_delay_seconds(next).build();
        let error = EventError::builder().payload(error).build();
        StepFailedDetails::builder().error(error).retry_details(retry).build()
    }

    #[test]
    fn what_began_and_has_not_ended_is_waited_for() {
        let wait = WaitStartedDetails::builder()
            .duration(60)
            .scheduled_end_timestamp(DateTime::from_secs(60))
            .build()
            .unwrap();
        let callback = CallbackStartedDetails::builder().callback_id("cb-1").timeout(3600).build().unwrap();
        let words = open([
            event("order", EventType::ContextStarted, 0),
            event("charge", EventType::StepStarted, 0),
            event("charge", EventType::StepSucceeded, 1),
            event("pause", EventType::WaitStarted, 0).wait_started_details(wait),
            event("approval", EventType::CallbackStarted, 2).callback_started_details(callback),
        ]);
        assert_eq!(
            words,
            [
                "wait pause until 1970-01-01T00:01:00Z, since 1970-01-01T00:00:00Z",
                "callback approval: somebody must answer cb-1, since 1970-01-01T00:00:02Z, for at most 3600 s",
            ]
        );
    }

    #[test]
    fn a_step_that_is_tried_again_is_waited_for_and_one_that_is_not_has_ended() {
        let of = |next| event("charge", EventType::StepFailed, 5).step_failed_details(failed(next));
        let started = || event("charge", EventType::StepStarted, 0);
        assert_eq!(
            open([started(), of(Some(10))]),
            [
                "step charge, which failed 1970-01-01T00:00:05Z and is tried again 10 s after it (attempt 2 failed: CardError: declined)"
            ]
        );
        assert_eq!(open([started(), of(None)]), [""; 0]);
        assert_eq!(open([started(), of(Some(10)), started()]), ["step charge, since 1970-01-01T00:00:00Z"]);
        assert_eq!(line(&of(None).build()), "1970-01-01T00:00:05Z StepFailed charge: CardError: declined");
    }

    #[test]
    fn a_context_is_named_where_nothing_in_it_is_open() {
        assert_eq!(
            open([event("order", EventType::ContextStarted, 0)]),
            ["context order, since 1970-01-01T00:00:00Z"]
        );
    }
}
