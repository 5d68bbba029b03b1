//! Answers in the server's own words, in the form that MCP clients read.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

/// An answer to a request that was not served.
pub(crate) fn error_answer(status: StatusCode, why: &str) -> Response {
    rpc_error(status, None, -32_000, why)
}

/// A JSON-RPC error as the whole answer.
pub(crate) fn rpc_error(status: StatusCode, id: Option<Value>, code: i64, why: &str) -> Response {
    (status, Json(error(id, code, why))).into_response()
}

/// A JSON-RPC error; without an id, where none could be read.
pub(crate) fn error(id: Option<Value>, code: i64, why: &str) -> Value {
    let error = json!({"code": code, "message": why});
    match id {
        Some(id) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
        None => json!({"jsonrpc": "2.0", "error": error}),
    }
}
