//! Invoking a function, and everything that its answer says.

use std::time::{Duration, Instant};

use aws_sdk_lambda::{
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    operation::RequestId,
    primitives::Blob,
    types::{
        InvocationType, InvokeWithResponseStreamResponseEvent as Event, LogType,
        ResponseStreamingInvocationType,
    },
};
use awsmcp_mcp::{AsIs, Call, Error, Result, counted, human_size, thousands};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Lambda, report::Report};

/// What is called, and with what.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Its name or ARN.
    pub(crate) function: String,
    pub(crate) qualifier: Option<String>,
    pub(crate) payload: Vec<u8>,
}

/// What became of an invocation whose function failed.
pub(crate) const FAILED: &str = "failed";

/// What became of an invocation.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Outcome {
    /// `succeeded`, `failed`, `queued` or `may be invoked`.
    pub(crate) outcome: &'static str,
    pub(crate) version: Option<String>,
    /// `null` is a result too.
    pub(crate) result: Option<AsIs>,
    pub(crate) error: Option<Failure>,
    pub(crate) report: Option<Report>,
    /// The tail of the log.
    pub(crate) log: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    /// Of a durable function, for get_execution.
    pub(crate) execution: Option<String>,
}

/// What a function said when it failed.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Failure {
    /// `Unhandled`, or `Handled` where the function answered an error itself.
    pub(crate) kind: String,
    #[serde(rename = "type")]
    pub(crate) error_type: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) stack: Vec<String>,
    /// What else the payload holds.
    pub(crate) payload: Option<AsIs>,
}

/// AWS's limits of a payload.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub(crate) const MOST_SYNC: usize = 6 * 1024 * 1024;
pub(crate) const MOST_ASYNC: usize = 1024 * 1024;

impl Invocation {
    /// # Errors
    /// When the payload is larger than AWS takes.
    pub(crate) fn fits(&self, most: usize) -> Result<()> {
        let size = self.payload.len();
        if size <= most {
            return Ok(());
        }
        let (size, most) = (thousands(size as u64), thousands(most as u64));
        Err(Error::invalid(format!(
            "the payload has {size} bytes; Lambda takes at most {most} this way, so nothing was sent"
        ))
        .with_next("put the data into S3 and send its bucket and key"))
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// When AWS does not run the function. That the function fails is an [`Outcome`].
    pub(crate) async fn wait(self, cx: &Call<Lambda>) -> Result<Outcome> {
        self.fits(MOST_SYNC)?;
        let sent = cx
            .client()
            .lambda
            .invoke()
            .function_name(self.function)
            .set_qualifier(self.qualifier)
            .log_type(LogType::Tail)
            .payload(Blob::new(self.payload))
            .customize()
            .config_override(once())
            .send();
        let out = told(cx, sent).await?;
        let request_id = out.request_id().map(str::to_owned);
        let payload = out.payload.map(Blob::into_inner).unwrap_or_default();
        let mut outcome = Outcome::new(out.function_error, &payload, out.log_result.as_deref());
        outcome.version = out.executed_version;
        outcome.request_id = outcome.request_id.or(request_id);
        outcome.execution = out.durable_execution_arn;
        Ok(outcome)
    }

    /// Leaves it to Lambda's queue, or only asks whether it would be taken.
    ///
    /// # Errors
    /// When AWS does not take it.
    pub(crate) async fn leave(self, cx: &Call<Lambda>, how: InvocationType) -> Result<Outcome> {
        self.fits(if how == InvocationType::Event { MOST_ASYNC } else { MOST_SYNC })?;
        let outcome = if how == InvocationType::Event { "queued" } else { "may be invoked" };
        let out = cx
            .client()
            .lambda
            .invoke()
            .function_name(self.function)
            .set_qualifier(self.qualifier)
            .invocation_type(how)
            .payload(Blob::new(self.payload))
            .customize()
            .config_override(once())
            .send()
            .await?;
        let request_id = out.request_id().map(str::to_owned);
        let (version, execution) = (out.executed_version, out.durable_execution_arn);
        Ok(Outcome { outcome, version, request_id, execution, ..Outcome::default() })
    }

    /// Takes the answer as it comes.
    ///
    /// # Errors
    /// When AWS does not run the function, or the stream breaks.
    pub(crate) async fn stream(self, cx: &Call<Lambda>) -> Result<Outcome> {
        const MOST_KEPT: usize = 8 * 1024 * 1024;
        self.fits(MOST_SYNC)?;
        let sent = cx
            .client()
            .lambda
            .invoke_with_response_stream()
            .function_name(self.function)
            .set_qualifier(self.qualifier)
            .invocation_type(ResponseStreamingInvocationType::RequestResponse)
            .log_type(LogType::Tail)
            .payload(Blob::new(self.payload))
            .customize()
            .config_override(once().stalled_stream_protection(StalledStreamProtectionConfig::disabled()))
            .send();
        let mut out = told(cx, sent).await?;
        let request_id = out.request_id().map(str::to_owned);
        let (mut body, mut size, mut parts) = (Vec::new(), 0, 0_usize);
        let mut ended = None;
        loop {
            match out.event_stream.recv().await {
                Err(error) => return Err(broken(Error::from(error), &body, size, parts)),
                Ok(None) => break,
                Ok(Some(Event::PayloadChunk(chunk))) => {
                    let bytes = chunk.payload.map(Blob::into_inner).unwrap_or_default();
                    (size, parts) = (size + bytes.len(), parts + 1);
                    body.extend(bytes.iter().take(MOST_KEPT.saturating_sub(body.len())));
                    cx.progress(
                        size as u64,
                        None,
                        format!("{} in {}", human_size(size as u64), counted(parts, "part")),
                    );
                }
                Ok(Some(Event::InvokeComplete(end))) => ended = Some(end),
                Ok(Some(_)) => {}
            }
        }
        if size > body.len() {
            cx.note(format!(
                "it answered {}, of which the first {} are kept",
                human_size(size as u64),
                human_size(body.len() as u64)
            ));
        }
        let Some(end) = ended else {
            let error = Error::conflict("AWS did not say how it ended");
            return Err(broken(error, &body, size, parts));
        };
        cx.note(format!("{} came in {}", human_size(size as u64), counted(parts, "part")));
        let body = http(body);
        let failed = end.error_code.clone().map(|_| "Unhandled".to_owned());
        let mut outcome = Outcome::new(failed, &body, end.log_result.as_deref());
        if let Some(error) = &mut outcome.error {
            // What was streamed before the failure is no error's payload.
            error.error_type = error.error_type.take().or(end.error_code);
            error.message = error.message.take().or(end.error_details);
        }
        outcome.version = out.executed_version;
        outcome.request_id = outcome.request_id.or(request_id);
        Ok(outcome)
    }
}

/// What came before an answer broke off was paid for, and counts too.
fn broken(mut error: Error, body: &[u8], size: usize, parts: usize) -> Error {
    const SHOWN: usize = 1000;
    let said: String = String::from_utf8_lossy(body).chars().take(SHOWN).collect();
    let begins = if size == 0 { String::new() } else { format!(", which begin {said:?}") };
    let (size, parts) = (human_size(size as u64), counted(parts, "part"));
    error.message =
        format!("the function's answer broke off after {size} in {parts}{begins}: {}", error.message);
    error.with_next("function_logs shows what happened")
}

/// A second try could run a function twice.
fn once() -> Builder {
    Builder::default().retry_config(RetryConfig::disabled())
}

/// Tells the caller now and then that the function still runs.
async fn told<T, E: Into<Error>>(cx: &Call<Lambda>, work: impl Future<Output = Result<T, E>>) -> Result<T> {
    const PAUSE: Duration = Duration::from_secs(5);
    let (started, mut work) = (Instant::now(), Box::pin(work));
    loop {
        match tokio::time::timeout(PAUSE, &mut work).await {
            Ok(done) => return done.map_err(Into::into),
            Err(_) => {
                let seconds = started.elapsed().as_secs();
                cx.progress(seconds, None, format!("running for {seconds} s"));
            }
        }
    }
}

/// The body of an HTTP answer that was streamed: its status and headers stand before eight zeros. Others stay as they are.
fn http(body: Vec<u8>) -> Vec<u8> {
    const LONGEST_HEAD: usize = 16 * 1024;
    let start = body.get(..body.len().min(LONGEST_HEAD)).unwrap_or_default();
    let Some(at) = start.windows(8).position(|window| window.iter().all(|byte| *byte == 0)) else {
        return body;
    };
    let (head, rest) = body.split_at(at);
    match serde_json::from_slice(head) {
        Ok(Value::Object(mut answer)) if answer.contains_key("statusCode") => {
            answer.insert("body".to_owned(), value(rest.get(8..).unwrap_or_default()));
            Value::Object(answer).to_string().into_bytes()
        }
        _ => body,
    }
}

impl Outcome {
    fn new(function_error: Option<String>, payload: &[u8], log: Option<&str>) -> Outcome {
        let log = log.and_then(|log| BASE64_STANDARD.decode(log).ok());
        let log = log.map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default();
        let report = Report::last(&log);
        let (request_id, trace_id) = report
            .as_ref()
            .map(|report| (report.request_id.clone(), report.trace_id.clone()))
            .unwrap_or_default();
        let lines: Vec<&str> = log
            .lines()
            .filter(|line| !["START ", "END ", "REPORT ", "XRAY "].iter().any(|mark| line.starts_with(mark)))
            .collect();
        let log = Some(lines.join("\n").trim().to_owned()).filter(|log| !log.is_empty());
        let failed = function_error.is_some();
        let (result, error) = match function_error {
            // A stream may fail before anything came.
            Some(kind) if payload.is_empty() => (None, Some(Failure { kind, ..Failure::default() })),
            Some(kind) => (None, Some(Failure::new(kind, value(payload)))),
            None => (Some(AsIs(value(payload))), None),
        };
        let outcome = if failed { FAILED } else { "succeeded" };
        Outcome { outcome, result, error, report, log, request_id, trace_id, ..Outcome::default() }
    }
}

impl Failure {
    fn new(kind: String, payload: Value) -> Failure {
        let Value::Object(mut fields) = payload else {
            return Failure { kind, payload: Some(AsIs(payload)), ..Failure::default() };
        };
        let mut word = |name: &str| match fields.shift_remove(name) {
            Some(Value::String(text)) => Some(text),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let (error_type, message) = (word("errorType"), word("errorMessage"));
        // Python writes `stackTrace`, Node.js `trace`.
        let stack = ["stackTrace", "trace"].into_iter().find_map(|name| fields.shift_remove(name));
        let stack = match stack {
            Some(Value::Array(lines)) => lines.iter().map(line).collect(),
            Some(other) => vec![line(&other)],
            None => Vec::new(),
        };
        fields.shift_remove("requestId");
        Failure {
            kind,
            error_type,
            message,
            stack,
            payload: (!fields.is_empty()).then(|| AsIs(Value::Object(fields))),
        }
    }
}

fn line(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim_end().to_owned(),
        other => other.to_string(),
    }
}

/// What a function answers is JSON; what it streams may be anything.
fn value(bytes: &[u8]) -> Value {
    match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
        (Ok(value), _) => value,
        (Err(_), Ok(text)) => Value::String(text.to_owned()),
        (Err(_), Err(_)) => json!({"base64": BASE64_STANDARD.encode(bytes), "size_bytes": bytes.len()}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_type_message_and_stack() {
        let payload = json!({"errorMessage": "no", "errorType": "ValueError", "requestId": "1", "stackTrace": ["  File a\n"], "cause": {"x": 1}});
        let failure = Failure::new("Unhandled".to_owned(), payload);
        assert_eq!(
            (failure.error_type.as_deref(), failure.message.as_deref()),
            (Some("ValueError"), Some("no"))
        );
        assert_eq!(failure.stack, ["  File a"]);
        assert_eq!(failure.payload, Some(AsIs(json!({"cause": {"x": 1}}))));
        let failure = Failure::new(
            "Handled".to_owned(),
            json!({"errorType": "Error", "trace": ["Error: no", "    at a"]}),
        );
        assert_eq!(failure.stack.len(), 2);
        for other in [json!("oops"), Value::Null] {
            assert_eq!(Failure::new("Handled".to_owned(), other.clone()).payload, Some(AsIs(other)));
        }
        let nameless =
            Failure::new("Unhandled".to_owned(), json!({"errorType": "Error", "errorMessage": null}));
        assert_eq!((nameless.message, nameless.payload), (None, None));
        assert_eq!(Outcome::new(Some("Unhandled".to_owned()), b"", None).error.unwrap().payload, None);
    }

    #[test]
    fn an_outcome_reads_the_tail_of_the_log() {
        let log = "START RequestId: 1 Version: $LATEST\nhello\nEND RequestId: 1\n\
                   REPORT RequestId: 1\tDuration: 2.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t\n";
        let outcome = Outcome::new(None, b"{\"a\":1}", Some(&BASE64_STANDARD.encode(log)));
        assert_eq!(outcome.result, Some(AsIs(json!({"a": 1}))));
        assert_eq!(Outcome::new(None, b"null", None).result, Some(AsIs(Value::Null)));
        assert_eq!(outcome.log.as_deref(), Some("hello"));
        assert_eq!(outcome.report.and_then(|report| report.billed_ms), Some(3.0));
        assert_eq!(outcome.outcome, "succeeded");
    }

    #[test]
    fn a_streamed_http_answer_is_taken_apart() {
        let body = b"{\"statusCode\":200}\0\0\0\0\0\0\0\0hello".to_vec();
        assert_eq!(value(&http(body)), json!({"statusCode": 200, "body": "hello"}));
        for other in ["plain", "{}\0\0\0\0\0\0\0\0x", ""] {
            assert_eq!(http(other.as_bytes().to_vec()), other.as_bytes());
        }
    }

    #[test]
    fn what_is_not_json_is_text_or_base64() {
        assert_eq!(value(b"hello there"), json!("hello there"));
        assert_eq!(value(&[0xff, 0xfe]), json!({"base64": "//4=", "size_bytes": 2}));
        assert_eq!(value(b"null"), Value::Null);
    }

    #[test]
    fn a_payload_over_the_limit_is_refused_with_its_size() {
        let of = |size| Invocation { function: "f".to_owned(), qualifier: None, payload: vec![0; size] };
        assert!(of(MOST_SYNC).fits(MOST_SYNC).is_ok());
        let error = of(MOST_ASYNC + 1).fits(MOST_ASYNC).unwrap_err();
        assert!(
            error.message.contains("1,048,577 bytes; Lambda takes at most 1,048,576"),
            "{}",
            error.message
        );
    }
}
