//! What goes over the connection between a client and a server.

use serde_json::{Value, json};

/// The newest version with `initialize`.
pub(crate) const LEGACY: &str = "2025-11-25";
/// The version without a handshake.
pub(crate) const MODERN: &str = "2026-07-28";

/// The id of a request.
pub type Id = i64;

/// The generation of the protocol that a connection speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Era {
    /// `initialize`, at this version.
    Legacy(String),
    /// 2026-07-28: no handshake, everything in `_meta`.
    Modern,
}

impl Era {
    /// The newest that has `initialize`.
    pub fn legacy() -> Era {
        Era::Legacy(LEGACY.to_owned())
    }

    /// The version that messages of this era follow.
    pub fn version(&self) -> &str {
        match self {
            Era::Legacy(version) => version,
            Era::Modern => MODERN,
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// This client.
    Sent,
    /// The server.
    Received,
}

/// One message as it went over the pipe.
#[derive(Clone, Debug)]
pub struct Message {
    /// Who wrote it.
    pub direction: Direction,
    /// What it said.
    pub json: Value,
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// Such as -32602.
    pub code: i64,
    /// For people.
    pub message: String,
    /// For programs.
    pub data: Value,
}

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "protocol error {}: {}", self.code, self.message)?;
        if self.data.is_null() { Ok(()) } else { write!(f, " {}", self.data) }
    }
}

/// What a person answers when the server asks.
#[derive(Clone, Debug)]
pub enum Elicited {
    /// Yes, with the form filled in.
    Accept(Value),
    /// No.
    Decline,
    /// The question was closed.
    Cancel,
}

impl Elicited {
    /// The `ElicitResult` that says so.
    pub fn result(self) -> Value {
        match self {
            Elicited::Accept(content) => json!({"action": "accept", "content": content}),
            Elicited::Decline => json!({"action": "decline"}),
            Elicited::Cancel => json!({"action": "cancel"}),
        }
    }
}
