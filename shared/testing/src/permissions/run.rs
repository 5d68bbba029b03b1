//! A row's scenario under way.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fail::OrFail;
use crate::{Answer, LocalAws, Server};

/// Why a scenario ended early: a call failed, or its answer was not the expected one.
#[derive(Clone, Debug)]
pub struct Stopped {
    pub(super) text: String,
    pub(super) failed: bool,
}

impl Stopped {
    pub(super) fn names(&self, action: &str) -> bool {
        let whole = |at: usize| {
            let rest = self.text.get(at + action.len()..).unwrap_or_default();
            !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        };
        let denied = !self.failed || self.text.contains("HTTP 403") || self.text.contains("AccessDenied");
        denied && self.text.match_indices(action).any(|(at, _)| whole(at))
    }
}

/// A row's scenario under way: with names, a directory and a server of its own.
pub struct Run<'a> {
    pub(super) tool: &'a str,
    pub(super) name: String,
    pub(super) directory: PathBuf,
    pub(super) server: &'a mut Server,
    pub(super) whole: bool,
    pub(super) aws: &'static LocalAws,
    /// The arguments of each call so far.
    pub(super) calls: Vec<Value>,
}

impl Run<'_> {
    /// Where root makes what the calls need.
    pub fn aws(&self) -> &'static LocalAws {
        self.aws
    }

    /// A name that nothing else has, allowed to this row.
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// An empty local directory, allowed to this row.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether nothing is taken away in this run: what is slow, and uses no action of its own, is done only then.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Calls the tool, confirms where it asks, and answers all that it said, which must hold `expected`.
    ///
    /// # Errors
    /// Ends the scenario where the call fails or says something else.
    pub fn call(&mut self, arguments: Value, expected: &str) -> Result<String, Stopped> {
        let first = self.send(arguments.clone());
        let Some(token) = first.plan_token() else { return expect(first, "", expected) };
        let mut confirmed = arguments;
        if let Some(fields) = confirmed.as_object_mut() {
            fields.insert("confirm".to_owned(), json!(token));
        }
        let second = self.send(confirmed);
        expect(second, &first.text, expected)
    }

    /// Asks the tool for its plan only.
    ///
    /// # Errors
    /// Ends the scenario where the call fails or says something else.
    pub fn plan(&mut self, mut arguments: Value, expected: &str) -> Result<String, Stopped> {
        if let Some(fields) = arguments.as_object_mut() {
            fields.insert("dry_run".to_owned(), json!(true));
        }
        let answer = self.send(arguments);
        expect(answer, "", expected)
    }

    /// Calls the tool, which must fail with these words.
    ///
    /// # Errors
    /// Ends the scenario where the call succeeds or says something else.
    pub fn fails(&mut self, arguments: Value, expected: &str) -> Result<String, Stopped> {
        let answer = self.send(arguments);
        let failed = answer.is_error;
        if failed && answer.text.contains(expected) {
            return Ok(answer.text);
        }
        Err(Stopped { text: format!("{}\n(expected to fail with {expected:?})", answer.text), failed })
    }

    /// Follows a link that a tool signed. A success is expected.
    ///
    /// # Errors
    /// Ends the scenario with what was answered instead.
    #[track_caller]
    pub fn follow(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(), Stopped> {
        let target = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = target.split_once('/').unwrap_or((target, ""));
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = crate::http::send(host, method, &format!("/{path}"), &headers, body.as_bytes())
            .or_fail(format!("{method} {url}"));
        if (200..300).contains(&reply.status) {
            return Ok(());
        }
        Err(Stopped { text: format!("{method} {url}: HTTP {} {}", reply.status, reply.text()), failed: true })
    }

    fn send(&mut self, arguments: Value) -> Answer {
        self.calls.push(arguments.clone());
        self.server.call(self.tool, arguments)
    }
}

fn expect(answer: Answer, before: &str, expected: &str) -> Result<String, Stopped> {
    let text = if before.is_empty() { answer.text } else { format!("{before}\n{}", answer.text) };
    if answer.is_error || !text.contains(expected) {
        let text = if answer.is_error { text } else { format!("{text}\n(expected to hold {expected:?})") };
        return Err(Stopped { text, failed: answer.is_error });
    }
    Ok(text)
}
