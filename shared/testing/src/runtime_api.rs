//! Lambda, as far as a function sees it: the Runtime API, before a server that was started as `bootstrap`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::client::send_signal;
use crate::fail::{OrFail, tell_if_failing};
use crate::request::Request;
use crate::stub::read_head;
use crate::{binary, fail};

const BASE: &str = "/2018-06-01/runtime";
/// Given with each invocation, and wanted back with its answer.
const GUARD: &str = "lambda-runtime-invocation-id";

/// A function: the process, and the Runtime API that it asks. It is killed when this is dropped.
pub struct Function {
    child: Child,
    directory: tempfile::TempDir,
    state: Arc<State>,
    /// Where the answers come that nobody waited for yet.
    answers: HashMap<String, Receiver<Outcome>>,
    address: String,
    patience: Duration,
}

/// One invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What the function is given.
    pub event: Value,
    /// What the caller of Lambda's API says besides.
    pub client_context: Option<Value>,
    /// How long it may take.
    pub time: Duration,
}

impl From<Value> for Invocation {
    fn from(event: Value) -> Invocation {
        Invocation { event, client_context: None, time: Duration::from_secs(30) }
    }
}

/// What the function answered.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it said that the invocation failed.
    pub failed: bool,
    /// The headers of its answer to the Runtime API, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
    /// When the pieces of the body came, after the invocation began, and how long each is.
    pub pieces: Vec<(Duration, usize)>,
    /// What came behind a body in chunks.
    pub trailers: Vec<(String, String)>,
    /// How long it took, to the last byte.
    pub took: Duration,
}

/// An HTTP response, as the front door of the function reads it in an [`Outcome`].
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case; those with several values several times.
    pub headers: Vec<(String, String)>,
    /// The body, decoded.
    pub body: Vec<u8>,
}

impl Function {
    /// Starts the built `awsmcp-<id>` as Lambda does, with `env` as the function's configuration, and does not wait.
    #[track_caller]
    pub fn start(id: &str, env: impl IntoIterator<Item = (String, String)>) -> Function {
        let listener = TcpListener::bind("127.0.0.1:0").or_fail("no free port");
        let address = listener.local_addr().or_fail("no free port").to_string();
        let (invocations, waiting) = channel();
        let state = Arc::new(State {
            invocations: Mutex::new(invocations),
            waiting: Mutex::new(waiting),
            running: Mutex::default(),
            init_error: Mutex::default(),
            wrong: Mutex::default(),
            polls: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        let directory = tempfile::tempdir().or_fail("no temporary directory");
        let bootstrap = directory.path().join("bootstrap");
        symlink(binary(id), &bootstrap).or_fail("cannot link the binary");
        let stderr = std::fs::File::create(directory.path().join("stderr")).or_fail("cannot keep its log");
        let child = Command::new(&bootstrap)
            .current_dir(directory.path())
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("LAMBDA_TASK_ROOT", directory.path())
            .env("_HANDLER", "bootstrap")
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .or_fail("cannot start the function");
        Function {
            child,
            directory,
            state,
            answers: HashMap::new(),
            address,
            patience: Duration::from_secs(30),
        }
    }

    /// Invokes it and waits for its whole answer.
    #[track_caller]
    pub fn invoke(&mut self, invocation: impl Into<Invocation>) -> Outcome {
        let id = self.send(invocation);
        self.wait(&id)
    }

    /// Invokes it and does not wait; answers the invocation's id.
    #[track_caller]
    pub fn send(&mut self, invocation: impl Into<Invocation>) -> String {
        let invocation = invocation.into();
        let id = format!("invocation-{}", self.state.count.fetch_add(1, Ordering::SeqCst) + 1);
        let (answer, answered) = channel();
        let running = Running { began: Instant::now(), answer };
        lock(&self.state.running).insert(id.clone(), running);
        self.answers.insert(id.clone(), answered);
        lock(&self.state.invocations).send((id.clone(), invocation)).or_fail("nobody hands out invocations");
        id
    }

    /// Waits for the answer to an invocation.
    #[track_caller]
    pub fn wait(&mut self, id: &str) -> Outcome {
        let answered = self.answers.remove(id).ok_or("nobody began it").or_fail(id);
        let until = Instant::now() + self.patience;
        loop {
            if let Ok(outcome) = answered.recv_timeout(Duration::from_millis(20)) {
                return outcome;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                fail(format!("{id}: the function ended with {status}\n{}", self.stderr()));
            }
            if Instant::now() > until {
                fail(format!("{id}: no answer within {:?}\n{}", self.patience, self.stderr()));
            }
        }
    }

    /// Why it did not start, as it told the Runtime API before it ended.
    #[track_caller]
    pub fn init_error(&mut self) -> (Value, ExitStatus) {
        let status = self.ended();
        let error = lock(&self.state.init_error).take();
        (error.ok_or_else(|| self.stderr()).or_fail("no word to the Runtime API"), status)
    }

    /// Waits until it asks for its next invocation, the `count`th since it started.
    #[track_caller]
    pub fn asks_for(&mut self, count: usize) {
        let until = Instant::now() + self.patience;
        while self.state.polls.load(Ordering::SeqCst) < count {
            if Instant::now() > until {
                fail(format!("it does not ask for invocation {count}\n{}", self.stderr()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends a signal, such as `TERM`, or as Lambda freezes: `STOP` and `CONT`.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        send_signal(self.child.id(), signal);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + self.patience;
        loop {
            if let Some(status) = self.child.try_wait().or_fail("cannot wait for the function") {
                return status;
            }
            if Instant::now() > until {
                fail(format!("the function still runs after {:?}\n{}", self.patience, self.stderr()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
        let _ = self.child.kill();
        let _ = self.child.wait();
        tell_if_failing(|| format!("the function's log:\n{}", self.stderr()));
        let wrong = lock(&self.state.wrong).join("\n- ");
        if !wrong.is_empty() && !std::thread::panicking() {
            fail(format!("not as the Runtime API wants it:\n- {wrong}"));
        }
    }
}

impl Outcome {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header of the answer to the Runtime API; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Whether the body was streamed.
    pub fn is_streamed(&self) -> bool {
        self.header("lambda-runtime-function-response-mode") == Some("streaming")
    }

    /// The HTTP response in it.
    #[track_caller]
    pub fn http(&self) -> HttpAnswer {
        if self.failed {
            fail(format!("the invocation failed: {}", String::from_utf8_lossy(&self.body)));
        }
        if self.is_streamed() {
            let zeros = self.body.windows(8).position(|bytes| bytes == [0; 8]);
            let at = zeros.ok_or("no zero bytes").or_fail("no end of the head in a streamed answer");
            let (head, rest) = self.body.split_at(at);
            let head: Value =
                serde_json::from_slice(head).or_fail("the head of a streamed answer is not JSON");
            return HttpAnswer::new(&head, rest.get(8..).unwrap_or_default().to_vec());
        }
        let answer = self.json();
        let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
        let body = match answer.get("isBase64Encoded") {
            Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).or_fail("the body is no base64"),
            _ => text.as_bytes().to_vec(),
        };
        HttpAnswer::new(&answer, body)
    }
}

impl HttpAnswer {
    #[track_caller]
    fn new(head: &Value, body: Vec<u8>) -> HttpAnswer {
        let status = head.get("statusCode").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
        let status = status.ok_or(head).or_fail("no statusCode");
        let mut headers = Vec::new();
        let fields = |name: &str| head.get(name).and_then(Value::as_object).cloned();
        // As API Gateway merges them: those with several values win.
        if let Some(several) = fields("multiValueHeaders").filter(|several| !several.is_empty()) {
            for (name, values) in several {
                let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
                headers.extend(values.map(|value| (name.to_ascii_lowercase(), value.to_owned())));
            }
        } else {
            for (name, value) in fields("headers").unwrap_or_default() {
                headers.push((name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
            }
        }
        HttpAnswer { status, headers, body }
    }

    /// A header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON-RPC messages in the body: one, or those of an event stream.
    #[track_caller]
    pub fn messages(&self) -> Vec<Value> {
        let text = self.text();
        let parse = |text: &str| serde_json::from_str(text).or_fail(format!("not JSON: {text:?}"));
        if self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
            return data.filter(|data| !data.is_empty()).map(parse).collect();
        }
        vec![parse(&text)]
    }
}

type Handed = (String, Invocation);

struct State {
    invocations: Mutex<Sender<Handed>>,
    waiting: Mutex<Receiver<Handed>>,
    running: Mutex<HashMap<String, Running>>,
    init_error: Mutex<Option<Value>>,
    wrong: Mutex<Vec<String>>,
    /// How often the next invocation was asked for.
    polls: AtomicUsize,
    count: AtomicUsize,
    over: AtomicBool,
}

struct Running {
    began: Instant,
    answer: Sender<Outcome>,
}

/// A body as it came.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    pieces: Vec<(Instant, usize)>,
    trailers: Vec<(String, String)>,
}

impl State {
    fn serve(&self, stream: TcpStream) {
        let Ok(clone) = stream.try_clone() else { return };
        let (mut from, mut to) = (BufReader::new(clone), stream);
        while let Some(request) = read_head(&mut from) {
            let body = match read_body(&request, &mut from) {
                Ok(body) => body,
                Err(error) => {
                    self.blame(format!("{} {}: {error}", request.method, request.target));
                    return;
                }
            };
            let (status, answer) = self.answer(&request, body);
            let Some((headers, body)) = answer else { return };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
            if to.write_all(head.as_bytes()).and_then(|()| to.write_all(&body)).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request, body: Body) -> (&'static str, Option<(String, Vec<u8>)>) {
        let accepted = Some((String::new(), b"{\"status\":\"OK\"}".to_vec()));
        let path = request.target.strip_prefix(BASE).unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", "/invocation/next") => ("200 OK", self.next()),
            ("POST", "/init/error") => {
                if request.header("lambda-runtime-function-error-type").is_none() {
                    self.blame("an init error without its type");
                }
                *lock(&self.init_error) = Some(serde_json::from_slice(&body.bytes).unwrap_or_default());
                ("202 Accepted", accepted)
            }
            ("POST", path) => {
                let mut parts = path.trim_start_matches("/invocation/").splitn(2, '/');
                let (id, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let running = lock(&self.running).remove(id);
                let Some(running) = running.filter(|_| matches!(kind, "response" | "error")) else {
                    self.blame(format!("POST {path}: no such invocation is running"));
                    return ("400 Bad Request", accepted);
                };
                if request.header(GUARD) != Some(&guard(id)) {
                    self.blame(format!("{GUARD} did not come back with {id}"));
                }
                let began = running.began;
                // The test may have given up.
                let _ = running.answer.send(Outcome {
                    failed: kind == "error",
                    headers: request.headers.clone(),
                    pieces: body
                        .pieces
                        .iter()
                        .map(|(at, length)| (at.duration_since(began), *length))
                        .collect(),
                    body: body.bytes,
                    trailers: body.trailers,
                    took: began.elapsed(),
                });
                ("202 Accepted", accepted)
            }
            _ => {
                self.blame(format!("{} {}", request.method, request.target));
                ("404 Not Found", accepted)
            }
        }
    }

    /// The next invocation, when there is one; none when all is over.
    fn next(&self) -> Option<(String, Vec<u8>)> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let (id, invocation) = loop {
            if self.over.load(Ordering::Relaxed) {
                return None;
            }
            if let Ok(next) = lock(&self.waiting).recv_timeout(Duration::from_millis(20)) {
                break next;
            }
        };
        if let Some(running) = lock(&self.running).get_mut(&id) {
            running.began = Instant::now();
        }
        let deadline = (SystemTime::now() + invocation.time).duration_since(SystemTime::UNIX_EPOCH);
        let mut headers = format!(
            "content-type: application/json\r\nlambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:function\r\n\
             lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700\r\n{GUARD}: {}\r\n",
            deadline.unwrap_or_default().as_millis(),
            guard(&id)
        );
        if let Some(context) = invocation.client_context {
            headers.push_str(&format!("lambda-runtime-client-context: {context}\r\n"));
        }
        Some((headers, invocation.event.to_string().into_bytes()))
    }

    fn blame(&self, what: impl Into<String>) {
        lock(&self.wrong).push(what.into());
    }
}

fn guard(id: &str) -> String {
    format!("guard-of-{id}")
}

fn read_body(request: &Request, from: &mut impl BufRead) -> Result<Body, std::io::Error> {
    let mut body = Body::default();
    let mut line = String::new();
    if let Some(length) = request.header("content-length").and_then(|text| text.parse().ok()) {
        from.take(length).read_to_end(&mut body.bytes)?;
        body.pieces.push((Instant::now(), body.bytes.len()));
    } else if request.header("transfer-encoding").is_some() {
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)
                .map_err(|_| std::io::Error::other(format!("the body broke off at {line:?}")))?;
            if size == 0 {
                break;
            }
            from.take(size as u64).read_to_end(&mut body.bytes)?;
            body.pieces.push((Instant::now(), size));
            line.clear();
            from.read_line(&mut line)?;
        }
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            body.trailers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(body)
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
