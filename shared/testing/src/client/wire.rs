//! Messages on their way to and from the server.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Server, client_info, text};
use crate::fail;
use crate::fail::OrFail;
use crate::message::{Direction, Era, Message, RpcError};

impl Server {
    pub(super) fn capabilities(&self) -> Value {
        if self.elicit.is_some() { json!({"elicitation": {"form": {}}}) } else { json!({}) }
    }

    /// The parameters with what a modern client says on every request.
    pub(super) fn stamped(&self, mut params: Value) -> Value {
        if self.era == Era::Modern
            && let Some(params) = params.as_object_mut()
            && let Some(meta) = params.entry("_meta").or_insert_with(|| json!({})).as_object_mut()
        {
            for (key, value) in [
                ("io.modelcontextprotocol/protocolVersion", json!(Self::MODERN)),
                ("io.modelcontextprotocol/clientInfo", client_info()),
                ("io.modelcontextprotocol/clientCapabilities", self.capabilities()),
            ] {
                meta.entry(key).or_insert(value);
            }
        }
        params
    }

    pub(super) fn write(&mut self, message: &Value) {
        self.messages.push(Message { direction: Direction::Sent, json: message.clone() });
        self.write_line(message.to_string());
    }

    #[track_caller]
    pub(super) fn next_message(&mut self, until: Instant) -> Option<Value> {
        match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(self.parse(&line)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                fail(format!("{} closed its output\n{}", self.name, self.told()))
            }
        }
    }

    #[track_caller]
    pub(super) fn parse(&mut self, line: &str) -> Value {
        let json: Value = serde_json::from_str(line)
            .or_fail(format!("{} wrote a line that is not JSON: {line:?}", self.name));
        self.messages.push(Message { direction: Direction::Received, json: json.clone() });
        json
    }

    /// Files an answer or a notification, or answers a request.
    pub(super) fn take(&mut self, message: Value) {
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        if text(&message, "method").is_some() {
            if id.is_null() {
                self.notifications.push(message);
            } else {
                let result = self.answer_to(&message);
                let answer = if result.is_null() {
                    json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "not of this client"}})
                } else {
                    json!({"jsonrpc": "2.0", "id": id, "result": result})
                };
                self.write(&answer);
            }
        } else if let Some(id) = id.as_i64() {
            let answer = match message.get("error") {
                Some(error) => Err(RpcError {
                    code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                    message: text(error, "message").unwrap_or_default().to_owned(),
                    data: error.get("data").cloned().unwrap_or_default(),
                }),
                None => Ok(message.get("result").cloned().unwrap_or_default()),
            };
            self.answers.insert(id, answer);
        } else {
            // An error without an id answers a line that could not be read.
            self.notifications.push(message);
        }
    }

    /// The result for a request of the server; null: this client does not know it.
    pub(super) fn answer_to(&mut self, request: &Value) -> Value {
        let params = request.get("params").cloned().unwrap_or_default();
        match (text(request, "method"), &mut self.elicit) {
            (Some("elicitation/create"), Some(elicit)) => elicit(&params).result(),
            (Some("ping"), _) => json!({}),
            _ => Value::Null,
        }
    }

    pub(super) fn told(&self) -> String {
        format!("standard error of {}:\n{}", self.name, self.stderr())
    }
}
