//! What a line asks for.

use std::borrow::Cow;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequest, CancelTaskRequest, ClientRequest, CompleteRequest, DiscoverRequest,
        GetPromptRequest, GetSkillRequest, GetTaskRequest, InitializeRequest, JsonRpcError, JsonRpcMessage,
        ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest, ListSkillsRequest,
        ListToolsRequest, PaginatedRequestParams, PingRequest, ReadResourceDirectoryRequest,
        ReadResourceRequest, RequestId, SubscriptionsListenRequest, UpdateTaskRequest,
    },
    service::RxJsonRpcMessage,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::salvage::Salvaged;

/// A line that asks for something to be done.
pub(super) enum Incoming {
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    Refused(JsonRpcError),
}

/// What a line asks for; nothing if it is blank or a notification that makes no sense.
pub(super) fn parse(line: &[u8]) -> Option<Incoming> {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return None;
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => return Some(parse_error(line, format!("the line is not UTF-8: {error}"))),
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => message(object),
        Ok(Value::Array(_)) => {
            Some(invalid_request(None, "batches are not supported: send one message per line"))
        }
        Ok(_) => Some(invalid_request(None, "a message is a JSON object")),
        Err(error) => Some(parse_error(line, format!("the line is not JSON: {error}"))),
    }
}

/// The MCP message that a JSON object is.
fn message(mut object: Map<String, Value>) -> Option<Incoming> {
    let has_id = object.contains_key("id");
    let id = object.remove("id").and_then(|id| serde_json::from_value::<RequestId>(id).ok());
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        // The id of a response is one that this server gave.
        let id = id.filter(|_| object.contains_key("method"));
        return Some(invalid_request(id, r#"a message has "jsonrpc": "2.0""#));
    }
    let params = object.remove("params");
    let members = (object.remove("method"), object.remove("result"), object.remove("error"));
    let message = match (members, id) {
        ((Some(Value::String(method)), None, None), Some(id)) => match request(&method, params) {
            Ok(request) => JsonRpcMessage::request(request, id),
            Err(error) => return Some(Incoming::Refused(JsonRpcError::new(Some(id), error))),
        },
        ((Some(Value::String(_)), None, None), None) if has_id => {
            return Some(invalid_request(None, "the id of a request is a string or an integer"));
        }
        ((Some(Value::String(method)), None, None), None) => {
            JsonRpcMessage::notification(typed(&method, params).ok()?)
        }
        // Whoever waits for a response must not wait for ever, so a malformed one becomes an error for them.
        ((None, Some(result), None), Some(id)) => match serde_json::from_value(result) {
            Ok(result) => JsonRpcMessage::response(result, id),
            Err(reason) => JsonRpcMessage::error(malformed(&reason), Some(id)),
        },
        ((None, None, Some(error)), id) => {
            let error = serde_json::from_value(error).unwrap_or_else(|reason| malformed(&reason));
            JsonRpcMessage::error(error, id)
        }
        ((_, result, error), id) => {
            let id = id.filter(|_| result.is_none() && error.is_none());
            let reason = "a message is a request, a notification or a response";
            return Some(invalid_request(id, reason));
        }
    };
    Some(Incoming::Message(Box::new(message)))
}

/// The request that a method and its parameters make.
///
/// rmcp's own parser takes a known method whose parameters do not fit for an unknown method.
fn request(method: &str, params: Option<Value>) -> Result<ClientRequest, ErrorData> {
    let params = params.filter(|params| !params.is_null());
    if params.as_ref().is_some_and(|params| !params.is_object()) {
        return Err(ErrorData::invalid_params("params is an object", None));
    }
    let parse: fn(&str, Option<Value>) -> serde_json::Result<ClientRequest> = match method {
        "initialize" => known::<InitializeRequest>,
        "ping" => known::<PingRequest>,
        "server/discover" => known::<DiscoverRequest>,
        "tools/list" => list::<ListToolsRequest>,
        "tools/call" => call,
        "prompts/list" => list::<ListPromptsRequest>,
        "prompts/get" => known::<GetPromptRequest>,
        "resources/list" => list::<ListResourcesRequest>,
        "resources/templates/list" => list::<ListResourceTemplatesRequest>,
        "resources/read" => known::<ReadResourceRequest>,
        "resources/directory/read" => known::<ReadResourceDirectoryRequest>,
        "subscriptions/listen" => known::<SubscriptionsListenRequest>,
        "completion/complete" => known::<CompleteRequest>,
        "tasks/get" => known::<GetTaskRequest>,
        "tasks/update" => known::<UpdateTaskRequest>,
        "tasks/cancel" => known::<CancelTaskRequest>,
        "skills/list" => list::<ListSkillsRequest>,
        "skills/get" => known::<GetSkillRequest>,
        _ => typed::<ClientRequest>,
    };
    parse(method, params).map_err(|reason| {
        ErrorData::invalid_params(format!("the params do not fit {method}: {reason}"), None)
    })
}

/// A call of a tool. Its arguments go around rmcp's parser, which buffers what it reads: serde's buffer knows no number
/// of more than 64 bits.
fn call(method: &str, mut params: Option<Value>) -> serde_json::Result<ClientRequest> {
    let given = params.as_mut().and_then(Value::as_object_mut);
    let arguments =
        given.and_then(|given| given.get_mut("arguments")).and_then(Value::as_object_mut).map(std::mem::take);
    let mut request: CallToolRequest = typed(method, params)?;
    if let Some(arguments) = arguments {
        request.params.arguments = Some(arguments);
    }
    Ok(request.into())
}

fn known<M: DeserializeOwned + Into<ClientRequest>>(
    method: &str,
    params: Option<Value>,
) -> serde_json::Result<ClientRequest> {
    typed::<M>(method, params).map(Into::into)
}

/// A request whose parameters may be absent; rmcp takes those that do not fit for absent ones.
fn list<M: DeserializeOwned + Into<ClientRequest>>(
    method: &str,
    params: Option<Value>,
) -> serde_json::Result<ClientRequest> {
    if let Some(params) = &params {
        serde_json::from_value::<PaginatedRequestParams>(params.clone())?;
    }
    known::<M>(method, params)
}

fn typed<M: DeserializeOwned>(method: &str, params: Option<Value>) -> serde_json::Result<M> {
    let method = ("method".to_owned(), Value::from(method));
    let params = params.map(|params| ("params".to_owned(), params));
    serde_json::from_value([method].into_iter().chain(params).collect())
}

fn malformed(reason: &serde_json::Error) -> ErrorData {
    ErrorData::internal_error(format!("the client's response is malformed: {reason}"), None)
}

/// The answer to a line that is no JSON. Whoever sent it waits for the answer to its id, which may well be readable: a
/// string with half a surrogate pair far behind it is enough to make the line no JSON.
fn parse_error(line: &[u8], reason: String) -> Incoming {
    let id = match Salvaged::read(line) {
        // Its id is one that this server gave, and whoever asked is told.
        Salvaged { is_response: true, id: Some(id) } => {
            let error =
                ErrorData::internal_error(format!("the client's response is malformed: {reason}"), None);
            return Incoming::Message(Box::new(JsonRpcMessage::error(error, Some(id))));
        }
        Salvaged { is_response: true, id: None } => None,
        salvaged => salvaged.id,
    };
    Incoming::Refused(JsonRpcError::new(id, ErrorData::parse_error(reason, None)))
}

pub(super) fn invalid_request(id: Option<RequestId>, reason: impl Into<Cow<'static, str>>) -> Incoming {
    Incoming::Refused(JsonRpcError::new(id, ErrorData::invalid_request(reason, None)))
}
