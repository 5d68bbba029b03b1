//! As much of an MCP client as measuring needs: one request at a time, timed at the pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::process::{self, Memory};
use xtask_common::run;

/// A running MCP server. It is killed when this is dropped.
pub(super) struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
}

/// An answer, and the time from the first byte of the request to the last of the answer.
pub(super) struct Timed {
    pub(super) result: Value,
    pub(super) took: Duration,
}

impl Client {
    pub(super) fn spawn(command: &mut Command) -> Result<Client> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run `{}`", run::line(command)))?;
        let input = child.stdin.take().context("no pipe to the server")?;
        let output = BufReader::new(child.stdout.take().context("no pipe from the server")?);
        Ok(Client { child, input, output, next: 0 })
    }

    pub(super) fn initialize(&mut self) -> Result<()> {
        let params = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "awsmcp-bench", "version": env!("CARGO_PKG_VERSION")},
        });
        self.request("initialize", &params)?;
        let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.input.write_all(format!("{done}\n").as_bytes()).context("the server takes no input")
    }

    /// Every tool, as listed.
    pub(super) fn tools(&mut self) -> Result<Vec<Value>> {
        let mut tools = Vec::new();
        let mut params = json!({});
        loop {
            let page = self.request("tools/list", &params)?.result;
            tools.extend(page.get("tools").and_then(Value::as_array).cloned().unwrap_or_default());
            match page.get("nextCursor") {
                Some(cursor) if !cursor.is_null() => params = json!({"cursor": cursor}),
                _ => return Ok(tools),
            }
        }
    }

    /// The text of a call that succeeds.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Result<(String, Duration)> {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}))?;
        let blocks = answer.result.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let texts: Vec<&str> = blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
        let text = texts.join("\n");
        if answer.result.get("isError") == Some(&Value::Bool(true)) {
            bail!("{tool} failed: {text}");
        }
        Ok((text, answer.took))
    }

    pub(super) fn request(&mut self, method: &str, params: &Value) -> Result<Timed> {
        self.next += 1;
        let id = self.next;
        let line = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string() + "\n";
        let mut heard = String::new();
        let start = Instant::now();
        self.input.write_all(line.as_bytes()).context("the server takes no input")?;
        loop {
            heard.clear();
            if self.output.read_line(&mut heard).context("the server says nothing")? == 0 {
                bail!("the server ended during {method}");
            }
            let took = start.elapsed();
            let mut message: Value =
                serde_json::from_str(&heard).with_context(|| format!("not JSON: {heard}"))?;
            if message.get("id") != Some(&json!(id)) || message.get("method").is_some() {
                continue;
            }
            if let Some(error) = message.get("error") {
                bail!("{method} failed: {error}");
            }
            let result = message.get_mut("result").map(Value::take).unwrap_or_default();
            return Ok(Timed { result, took });
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        process::memory(self.child.id()).context("the server is gone")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
