//! One line of JSON for each call: who did what to which resources, and how it went. No payloads.

use std::{
    borrow::Cow,
    io::Write,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// Where the lines go.
pub struct Audit(Mutex<Box<dyn Write + Send>>);

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Audit")
    }
}

impl Audit {
    /// Writes to `sink`, a line at a time.
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        Audit(Mutex::new(Box::new(sink)))
    }

    pub(crate) fn write(&self, line: &Line<'_>) {
        let Ok(mut text) = serde_json::to_vec(line) else { return };
        text.push(b'\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.write_all(&text).and_then(|()| sink.flush()) {
            tracing::error!(%error, "the audit line could not be written");
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) time: String,
    pub(crate) server: &'a str,
    pub(crate) tool: &'a str,
    pub(crate) risk: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) resources: Vec<String>,
    /// The IAM actions that the call takes by its declaration, each with what it is used on.
    pub(crate) needs: &'a [(Cow<'static, str>, String)],
    pub(crate) operations: Vec<String>,
    /// `ok`, `planned`, `asked`, `refused`, `failed`, `cancelled` or `timeout`; of a call that failed `partly` where
    /// something was done before, `unknown` where something may have been.
    pub(crate) outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) request_ids: Vec<String>,
    pub(crate) attempts: u32,
    pub(crate) throttled: u32,
    pub(crate) duration_ms: u64,
}
