//! A small MCP client for tests: it drives a built server over real pipes and remembers every message.
//!
//! It speaks both eras: `initialize` clients and 2026-07-28 clients. Every wait ends.

mod wire;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::fail::{OrFail, tell_if_failing};
use crate::message::{Elicited, Era, Id, Message, RpcError};
use crate::pipes::{collect, reader, writer};
use crate::{fail, message};

type Elicit = Box<dyn FnMut(&Value) -> Elicited + Send>;

/// A running server process and the connection to it. It is killed when this is dropped.
pub struct Server {
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    stderr_ended: Receiver<()>,
    name: String,
    era: Era,
    patience: Duration,
    next: Id,
    answers: HashMap<Id, Result<Value, RpcError>>,
    notifications: Vec<Value>,
    messages: Vec<Message>,
    elicit: Option<Elicit>,
}

impl Server {
    /// The newest version with `initialize`.
    pub const LEGACY: &str = message::LEGACY;
    /// The version without a handshake.
    pub const MODERN: &str = message::MODERN;

    /// Starts `binary`. It sees `env` and `PATH`, and nothing else of this process's environment.
    #[track_caller]
    pub fn spawn<A: AsRef<OsStr>>(
        binary: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Server {
        let name = binary.as_ref().display().to_string();
        let mut child = Command::new(binary)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .or_fail(format!("cannot start {name}"));
        let stderr = Arc::new(Mutex::new(String::new()));
        let stderr_ended =
            child.stderr.take().map_or_else(|| channel().1, |from| collect(from, stderr.clone()));
        let input = child.stdin.take().map(writer);
        let output = child.stdout.take().map_or_else(|| channel().1, reader);
        Server {
            child,
            input,
            output,
            stderr,
            stderr_ended,
            name,
            era: Era::legacy(),
            patience: Duration::from_secs(30),
            next: 0,
            answers: HashMap::new(),
            notifications: Vec::new(),
            messages: Vec::new(),
            elicit: None,
        }
    }

    /// Declares the elicitation capability and answers every question with `answer`, which sees its parameters.
    /// Call it before [`Server::initialize`] or [`Server::discover`].
    #[must_use]
    pub fn elicit(mut self, answer: impl FnMut(&Value) -> Elicited + Send + 'static) -> Server {
        self.elicit = Some(Box::new(answer));
        self
    }

    /// Changes how long every wait may take: 30 s unless told.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Server {
        self.patience = patience;
        self
    }

    /// Connects as a client of 2025-11-25 and answers the server's `InitializeResult`.
    #[track_caller]
    pub fn initialize(&mut self) -> Value {
        self.initialize_at(Self::LEGACY)
    }

    /// Connects with `initialize` at a version.
    #[track_caller]
    pub fn initialize_at(&mut self, version: &str) -> Value {
        self.era = Era::Legacy(version.to_owned());
        let params = json!({
            "protocolVersion": version,
            "capabilities": self.capabilities(),
            "clientInfo": client_info(),
        });
        let result = self.request("initialize", params);
        if let Some(version) = result.get("protocolVersion").and_then(Value::as_str) {
            self.era = Era::Legacy(version.to_owned());
        }
        self.notify("notifications/initialized", json!({}));
        result
    }

    /// Connects as a client of 2026-07-28 and answers the server's `DiscoverResult`.
    #[track_caller]
    pub fn discover(&mut self) -> Value {
        self.modern();
        self.request("server/discover", json!({}))
    }

    /// Speaks 2026-07-28 from now on, without asking first.
    pub fn modern(&mut self) {
        self.era = Era::Modern;
    }

    /// What this connection speaks.
    pub fn era(&self) -> &Era {
        &self.era
    }

    /// The tools that the server lists, over all pages.
    #[track_caller]
    pub fn tools(&mut self) -> Vec<Value> {
        let mut tools = Vec::new();
        let mut params = json!({});
        loop {
            let page = self.request("tools/list", params);
            tools.extend(page.get("tools").and_then(Value::as_array).cloned().unwrap_or_default());
            match page.get("nextCursor") {
                Some(cursor) if !cursor.is_null() => params = json!({"cursor": cursor}),
                _ => return tools,
            }
        }
    }

    /// Calls a tool. A protocol error fails the test; use [`Server::try_call`] to look at one.
    #[track_caller]
    pub fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        match self.try_call(tool, arguments) {
            Ok(answer) => answer,
            Err(error) => fail(format!("{tool}: {error}")),
        }
    }

    /// Calls a tool that must answer with a plan, and confirms it by its token.
    #[track_caller]
    pub fn confirmed(&mut self, tool: &str, mut arguments: Value) -> Answer {
        let plan = self.call(tool, arguments.clone());
        if let Some(fields) = arguments.as_object_mut() {
            fields.insert("confirm".to_owned(), plan.token().into());
        }
        self.call(tool, arguments)
    }

    /// Asks a tool that changes something only for its plan. That nothing was changed is part of every such answer.
    #[track_caller]
    pub fn plan(&mut self, tool: &str, mut arguments: Value) -> Answer {
        if let Some(fields) = arguments.as_object_mut() {
            fields.insert("dry_run".to_owned(), true.into());
        }
        let plan = self.call(tool, arguments);
        if !plan.is_error {
            plan.holds(&["dry run, nothing was changed. "]);
        }
        plan
    }

    /// Calls a tool that lists, and goes on with the cursor of each page until the last one.
    #[track_caller]
    pub fn pages(&mut self, tool: &str, mut arguments: Value) -> Vec<Answer> {
        let mut pages = Vec::new();
        loop {
            let page = self.call(tool, arguments.clone());
            page.ok();
            let next = page.next();
            pages.push(page);
            match (next, arguments.as_object_mut()) {
                (Some(cursor), Some(fields)) if pages.len() < 1000 => {
                    fields.insert("cursor".to_owned(), cursor.into())
                }
                (Some(_), _) => fail(format!("{tool} still has a next page after {} pages", pages.len())),
                (None, _) => return pages,
            };
        }
    }

    /// Calls a tool. When a modern server requires input, the elicitation hook gives it and the call is made
    /// again; without a hook the answer is the server's `input_required` result.
    #[track_caller]
    pub fn try_call(&mut self, tool: &str, arguments: Value) -> Result<Answer, RpcError> {
        let mut params = json!({"name": tool, "arguments": arguments});
        for _ in 0..10 {
            let result = self.try_request("tools/call", params.clone())?;
            if text(&result, "resultType") != Some("input_required") || self.elicit.is_none() {
                return Ok(Answer::from(result));
            }
            let asked = result.get("inputRequests").and_then(Value::as_object).cloned().unwrap_or_default();
            let given: Map<String, Value> =
                asked.into_iter().map(|(key, request)| (key, self.answer_to(&request))).collect();
            if let Some(params) = params.as_object_mut() {
                params.insert("inputResponses".to_owned(), Value::Object(given));
                match result.get("requestState") {
                    Some(state) => params.insert("requestState".to_owned(), state.clone()),
                    None => params.remove("requestState"),
                };
            }
        }
        fail(format!("{tool} still asks for input after ten answers"))
    }

    /// Sends a request and answers its result. A protocol error fails the test.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        match self.try_request(method, params) {
            Ok(result) => result,
            Err(error) => fail(format!("{method}: {error}")),
        }
    }

    /// Sends a request and waits for its answer.
    #[track_caller]
    pub fn try_request(&mut self, method: &str, params: Value) -> Result<Value, RpcError> {
        let id = self.send(method, params);
        self.wait(id)
    }

    /// Sends a request without waiting.
    pub fn send(&mut self, method: &str, params: Value) -> Id {
        self.next += 1;
        let id = self.next;
        let params = self.stamped(params);
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Sends a tool call without waiting. Its answer: `Answer::from(server.wait(id)…)`.
    pub fn send_call(&mut self, tool: &str, arguments: Value) -> Id {
        self.send("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Waits for the answer to a request, serving the server's own requests meanwhile.
    #[track_caller]
    pub fn wait(&mut self, id: Id) -> Result<Value, RpcError> {
        let until = Instant::now() + self.patience;
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            match self.next_message(until) {
                Some(message) => self.take(message),
                None => {
                    fail(format!("no answer to request {id} within {:?}\n{}", self.patience, self.told()))
                }
            }
        }
    }

    /// Waits for a notification of that method and takes it.
    #[track_caller]
    pub fn wait_notification(&mut self, method: &str) -> Value {
        let until = Instant::now() + self.patience;
        loop {
            if let Some(at) = self.notifications.iter().position(|seen| text(seen, "method") == Some(method))
            {
                return self.notifications.remove(at);
            }
            match self.next_message(until) {
                Some(message) => self.take(message),
                None => fail(format!("no {method} within {:?}\n{}", self.patience, self.told())),
            }
        }
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        let params = self.stamped(params);
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Says that the answer to a request is no longer wanted.
    pub fn cancel(&mut self, id: Id) {
        self.notify("notifications/cancelled", json!({"requestId": id}));
    }

    /// Writes a line exactly as it is, and does not record it.
    pub fn write_line(&mut self, line: impl AsRef<[u8]>) {
        let mut bytes = line.as_ref().to_vec();
        bytes.push(b'\n');
        if let Some(input) = &self.input {
            let _ = input.send(bytes);
        }
    }

    /// The next message, whatever it is; nothing is answered for it. `None`: the server closed its output.
    #[track_caller]
    pub fn read(&mut self) -> Option<Value> {
        match self.output.recv_timeout(self.patience) {
            Ok(line) => Some(self.parse(&line)),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                fail(format!("no message within {:?}\n{}", self.patience, self.told()))
            }
        }
    }

    /// Whether the server stays silent for that long. What it says instead is kept for later.
    #[track_caller]
    pub fn is_silent(&mut self, during: Duration) -> bool {
        match self.output.recv_timeout(during) {
            Ok(line) => {
                let message = self.parse(&line);
                self.take(message);
                false
            }
            Err(_) => true,
        }
    }

    /// Every message so far, in order, for a look with a schema.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The notifications that nobody waited for.
    pub fn notifications(&self) -> &[Value] {
        &self.notifications
    }

    /// What the server wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        send_signal(self.pid(), signal);
    }

    /// Closes the server's standard input and waits for its end.
    #[track_caller]
    pub fn close(&mut self) -> ExitStatus {
        self.input = None;
        self.ended()
    }

    /// Whether the server has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits for the server's end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + self.patience;
        loop {
            // What it still says belongs to the record.
            while let Ok(line) = self.output.try_recv() {
                let message = self.parse(&line);
                self.take(message);
            }
            if let Some(status) = self.child.try_wait().or_fail("cannot wait for the server") {
                while let Ok(line) = self.output.recv_timeout(Duration::from_secs(1)) {
                    let message = self.parse(&line);
                    self.take(message);
                }
                // Nothing is ever sent: what is waited for is the sender's end.
                let _ = self.stderr_ended.recv_timeout(Duration::from_secs(5));
                return status;
            }
            if Instant::now() > until {
                fail(format!("{} still runs after {:?}\n{}", self.name, self.patience, self.told()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        tell_if_failing(|| self.told());
    }
}

/// Sends a signal to a process.
#[track_caller]
pub(crate) fn send_signal(pid: u32, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &pid.to_string()]).status();
    if !status.is_ok_and(|status| status.success()) {
        fail(format!("cannot send {signal} to process {pid}"));
    }
}

fn client_info() -> Value {
    json!({"name": "awsmcp-testing", "version": env!("CARGO_PKG_VERSION")})
}

fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str()
}
