//! A built server as a process that serves HTTP, and requests to it.

use std::ffi::OsStr;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fail::OrFail;
use crate::{Answer, Reply, RpcError, Server, fail, http};

/// A running server on a free port of this machine. It is killed when this is dropped.
pub struct WebServer {
    /// The process: its log, its signals, its end.
    pub process: Server,
    web: Web,
}

/// Where a server serves HTTP, for requests from many threads.
#[derive(Clone, Debug)]
pub struct Web {
    address: String,
}

impl std::ops::Deref for WebServer {
    type Target = Web;

    fn deref(&self) -> &Web {
        &self.web
    }
}

impl WebServer {
    /// Starts `binary` with `--http` and waits until it serves.
    #[track_caller]
    pub fn start<'a>(
        binary: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = &'a str>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> WebServer {
        let args = args.into_iter().chain(["--http", "127.0.0.1:0"]);
        let mut process = Server::spawn(binary, args, env);
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let log = process.stderr();
            if let Some(address) = log.lines().find_map(served_at) {
                return WebServer { web: Web { address: address.to_owned() }, process };
            }
            if process.is_over() {
                process.ended();
                fail(format!("the server ended: {}", process.stderr()));
            }
            if Instant::now() > until {
                fail(format!("the server does not serve: {log}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the log has a line with all of these words.
    #[track_caller]
    pub fn logged(&self, words: &[&str]) -> String {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let log = self.process.stderr();
            if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
                return line.to_owned();
            }
            if Instant::now() > until {
                fail(format!("no line of the log has {words:?}:\n{log}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Web {
    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where MCP is served.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// A connection to which nothing has been said.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).or_fail("cannot connect");
        stream.set_read_timeout(Some(Duration::from_secs(30))).or_fail("no timeout");
        stream
    }

    /// Sends one request; the headers are all that it has besides Host and Content-Length.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.try_send(method, path, headers, body).or_fail(format!("{method} {path}"))
    }

    /// Sends one request, where the server may cut the connection.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Reply> {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect();
        http::send(&self.address, method, path, &headers, body.as_bytes())
    }

    /// Posts a message as a client does, with further headers.
    #[track_caller]
    pub fn post(&self, headers: &[(&str, &str)], message: &Value) -> Reply {
        let usual = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        self.send("POST", "/mcp", &[&usual, headers].concat(), &message.to_string())
    }

    /// Makes a request as a client of 2025 does that keeps no session.
    #[track_caller]
    pub fn request(&self, headers: &[(&str, &str)], method: &str, params: Value) -> Result<Value, RpcError> {
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let version = [("mcp-protocol-version", Server::LEGACY)];
        outcome(&self.post(&[&version, headers].concat(), &message))
    }

    /// Calls a tool; a protocol error fails the test.
    #[track_caller]
    pub fn call(&self, headers: &[(&str, &str)], tool: &str, arguments: Value) -> Answer {
        match self.request(headers, "tools/call", json!({"name": tool, "arguments": arguments})) {
            Ok(result) => Answer::from(result),
            Err(error) => fail(format!("{tool}: {error}")),
        }
    }
}

fn served_at(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("serving on http")?;
    let (address, _) = rest.trim_start_matches('s').strip_prefix("://")?.split_once("/mcp")?;
    Some(address)
}

/// The result or the error of an answer: JSON, or the last event of a stream.
#[track_caller]
pub fn outcome(reply: &Reply) -> Result<Value, RpcError> {
    let text = reply.text();
    let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&text);
    let Ok(mut message) = serde_json::from_str::<Value>(last) else {
        fail(format!("HTTP {}: {text}", reply.status));
    };
    if let Some(error) = message.get("error") {
        return Err(RpcError {
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").cloned().unwrap_or_default(),
        });
    }
    Ok(message.get_mut("result").map(Value::take).unwrap_or_default())
}
