//! The message of a request: read whole within a time, answered at once where it is none, and held to the caller's
//! scopes.

use std::{pin::pin, sync::Arc, time::Duration};

use awsmcp_mcp::Principal;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use rmcp::model::RequestId;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Limits,
    limits::{Unfinished, later},
    log::RequestFacts,
};
use crate::{
    answer::{error_answer, rpc_error},
    auth::Auth,
    served::Risks,
    stdio::salvage::Salvaged,
};

/// What a message asks for, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RpcCall {
    method: String,
    #[serde(default)]
    params: Named,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Named {
    /// A tool's name, or a prompt's.
    name: Option<Value>,
}

/// How long a body may be on its way before it counts as unfinished. A message that a client has written whole is here by
/// then.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Reads the message of a POST.
pub(super) async fn read(
    State((limits, unfinished)): State<(Limits, Unfinished)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let seen = parts.extensions.get::<RequestFacts>().cloned().unwrap_or_default();
    if let Some(principal) = parts.extensions.get::<Principal>() {
        seen.by(&principal.name);
    }
    if parts.method != Method::POST {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let too_large = || {
        error_answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("the body is larger than {} bytes; the operator can raise --http-max-body", limits.body),
        )
    };
    let announced = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limits.body) {
        return too_large();
    }
    let mut reading = pin!(Limited::new(body, limits.body).collect());
    let read = match timeout(AT_ONCE, &mut reading).await {
        Ok(read) => Ok(read),
        Err(_) => {
            let Some(_place) = unfinished.take(&parts.extensions) else {
                return later(Duration::from_secs(1), "too many bodies of this caller are on their way");
            };
            timeout(limits.slowest.saturating_sub(AT_ONCE), reading).await
        }
    };
    let body = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(),
        Ok(Err(_)) => return error_answer(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(_) => {
            let why = format!("the body did not come within {} s", limits.slowest.as_secs());
            return error_answer(StatusCode::REQUEST_TIMEOUT, &why);
        }
    };
    // An object: serde would take a list for one, field by field.
    let object = body.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice::<RpcCall>(&body) {
        Ok(asked) if object => {
            let tool = asked.tool();
            seen.asks(&neutral(&asked.method), tool.map(neutral).as_deref());
            parts.extensions.insert(asked);
        }
        _ => {
            let answer = match refusal(&body) {
                Some(refusal) => refusal,
                None => next.run(Request::from_parts(parts, Body::from(body))).await,
            };
            return answer;
        }
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    // Only what rmcp could not read is read again, for the sake of an answer that says why.
    if answer.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE
        && let Some((code, id, why)) = unreadable(&body)
    {
        return rpc_error(StatusCode::BAD_REQUEST, id, code, &why);
    }
    answer
}

/// What is wrong with a message whose method could be read, where rmcp would call it the wrong media type: its id is none,
/// or some string far behind it is no text.
fn unreadable(body: &[u8]) -> Option<(i64, Option<Value>, String)> {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(message) => message,
        Err(error) => {
            // Whoever sent it waits for the answer to its id, which may well be readable.
            let id = Salvaged::read(body).id.and_then(|id| serde_json::to_value(id).ok());
            return Some((-32_700, id, format!("the body is not JSON: {error}")));
        }
    };
    let id = message.get("id")?;
    let is_id = serde_json::from_value::<RequestId>(id.clone()).is_ok();
    (!is_id).then(|| (-32_600, None, "the id of a request is a string or an integer".to_owned()))
}

/// The answer to a body that is no message, which rmcp would call the wrong media type.
fn refusal(body: &[u8]) -> Option<Response> {
    let (code, id, why) = match serde_json::from_slice::<Value>(body) {
        Err(error) => (-32_700, None, format!("the body is not JSON: {error}")),
        Ok(Value::Array(_)) => {
            (-32_600, None, "batches are not taken: send one message a request".to_owned())
        }
        // The answer to a question of the server's own: rmcp knows whether it asked one.
        Ok(Value::Object(fields)) if fields.contains_key("result") || fields.contains_key("error") => {
            return None;
        }
        Ok(Value::Object(fields)) => (
            -32_600,
            fields.get("id").cloned(),
            "this is no JSON-RPC message: `method` is text, `params` an object".to_owned(),
        ),
        Ok(_) => (-32_600, None, "a JSON-RPC message is an object".to_owned()),
    };
    Some(rpc_error(StatusCode::BAD_REQUEST, id, code, &why))
}

/// Holds a call to its caller's scopes before it is begun, so that a client can ask for the scope it lacks.
pub(super) async fn scoped(
    State((auth, risks)): State<(Arc<Auth>, Risks)>,
    request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    if let Some(principal) = extensions.get::<Principal>()
        && let Some(tool) = extensions.get::<RpcCall>().and_then(RpcCall::tool)
        && let Some((_, risk)) = risks.iter().find(|(name, _)| name == tool)
        && !principal.may(*risk)
    {
        return auth.lacks(request.headers(), tool, *risk);
    }
    next.run(request).await
}

impl RpcCall {
    /// The tool that is called.
    fn tool(&self) -> Option<&str> {
        (self.method == "tools/call").then_some(self.params.name.as_ref()?.as_str()?)
    }

    /// Whether the message begins a session.
    pub(super) fn initializes(&self) -> bool {
        self.method == "initialize"
    }
}

/// A name as it may stand in a log: short, and on one line.
fn neutral(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_that_cannot_be_read_is_answered_under_its_id() {
        let of = |body: &str| unreadable(body.as_bytes()).map(|(code, id, _)| (code, id));
        let surrogate = r#"{"jsonrpc":"2.0","id":77,"method":"ping","params":{"x":"\ud800"}}"#;
        assert_eq!(of(surrogate), Some((-32_700, Some(json!(77)))));
        assert_eq!(of(&surrogate.replace("77", "\"a\"")), Some((-32_700, Some(json!("a")))));
        for id in ["null", "1.5", "true", "{}", "[1]", "18446744073709551616"] {
            assert_eq!(of(&format!(r#"{{"id":{id},"method":"ping"}}"#)), Some((-32_600, None)), "{id}");
        }
        for good in [r#"{"id":1,"method":"ping"}"#, r#"{"id":"x","method":"ping"}"#, r#"{"method":"ping"}"#] {
            assert_eq!(of(good), None, "{good}");
        }
    }
}
