//! An AWS that answers what a test tells it to: what no emulator serves, and what it would get wrong.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fail::OrFail;
use crate::model::{self, Protocol, Written};
use crate::request::Request;
use crate::response::{REQUEST_ID, Response};
use crate::{LocalAws, cbor, fail};

/// A running stub: a server that speaks all of AWS's protocols, answers the operations that a test scripts, and hands
/// the others on to a local AWS. It ends when dropped, and fails the test there if a scripted answer was none that
/// AWS would give: [`Response::output`] and [`Response::events`] are held to the service's model.
///
/// ```no_run
/// # use awsmcp_testing::{LocalAws, Response, Stub};
/// # use serde_json::json;
/// let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
///     // Of the first BatchWriteItem, one write is left over. AWS takes the second.
///     ("BatchWriteItem", 1) => Response::output(json!({"UnprocessedItems": request.json()["RequestItems"]})),
///     ("Query", _) => Response::throttled(),
///     _ => Response::HandOn,
/// });
/// // Start a server with `stub.env()`, call it, and look at what it sent:
/// assert_eq!(stub.of("BatchWriteItem").len(), 2);
/// ```
pub struct Stub {
    address: String,
    env: Vec<(String, String)>,
    state: Arc<State>,
}

type Script = Box<dyn Fn(&Request) -> Response + Send + Sync>;

struct State {
    script: Script,
    /// The address of the local AWS behind it.
    behind: Option<String>,
    requests: Mutex<Vec<Request>>,
    seen: Mutex<HashMap<String, usize>>,
    wrong: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    hung_up: AtomicUsize,
    over: AtomicBool,
}

impl Stub {
    /// Answers every request by `script`, many at once. Requests to STS are answered too, unless the test uses
    /// [`Stub::bare`].
    #[track_caller]
    pub fn start(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        Stub::bare(move |request| match request.service() {
            Some("sts") => Response::identity("123456789012", "arn:aws:iam::123456789012:user/stub"),
            _ => script(request),
        })
    }

    /// As [`Stub::start`], for STS too.
    #[track_caller]
    pub fn bare(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        Stub::launch(None, Vec::new(), Box::new(script))
    }

    /// Stands before a local AWS: [`Response::HandOn`] is what that answers. [`Stub::env`] is that of its root.
    #[track_caller]
    pub fn before(aws: &LocalAws, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        let behind = aws.endpoint().trim_start_matches("http://").to_owned();
        Stub::launch(Some(behind), aws.env(), Box::new(script))
    }

    #[track_caller]
    fn launch(behind: Option<String>, env: Vec<(String, String)>, script: Script) -> Stub {
        // Fails here, in the test's own thread, where they are not installed.
        model::models();
        let listener = TcpListener::bind("127.0.0.1:0").or_fail("no free port");
        let address = listener.local_addr().or_fail("no free port").to_string();
        let state = Arc::new(State {
            script,
            behind,
            requests: Mutex::default(),
            seen: Mutex::default(),
            wrong: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            hung_up: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { break };
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        let endpoint = format!("http://{address}");
        let env = if env.is_empty() {
            endpoint_env(&endpoint)
        } else {
            with(env, &[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "1")])
        };
        Stub { address, env, state }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens, without the scheme.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An environment that sends all requests here, tried once each: [`with`] changes it.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    /// What came in so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came in so far, without what went to STS.
    pub fn calls(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.service() != Some("sts")).collect()
    }

    /// What came in so far for one operation.
    pub fn of(&self, operation: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.operation() == operation).collect()
    }

    /// The most requests that waited for their answers at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// How many clients hung up before they had their answer, whole.
    pub fn hung_up(&self) -> usize {
        self.state.hung_up.load(Ordering::SeqCst)
    }

    /// Waits until `what` holds.
    #[track_caller]
    pub fn wait(&self, why: &str, what: impl Fn(&Stub) -> bool) {
        let until = Instant::now() + Duration::from_secs(20);
        while !what(self) {
            if Instant::now() > until {
                fail(format!("{why}: not within 20 s; requests: {:?}", self.requests()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(&self.address);
        let wrong = self.state.wrong.lock().map(|wrong| wrong.join("\n- ")).unwrap_or_default();
        if !wrong.is_empty() && !std::thread::panicking() {
            fail(format!("the stub could not answer as AWS would:\n- {wrong}"));
        }
    }
}

/// What is done to whatever answer goes out.
#[derive(Clone, Default)]
struct Manner {
    headers: Vec<(String, String)>,
    /// How much of the body goes out.
    most: Option<usize>,
    /// Whether the first byte of the body is another.
    corrupted: bool,
    /// How long it is held back.
    held: Option<Duration>,
}

impl State {
    fn serve(&self, stream: &TcpStream) {
        let Ok(clone) = stream.try_clone() else { return };
        let mut reader = BufReader::new(clone);
        while let Some(mut request) = read(&mut reader, stream) {
            request.recognise(model::signed_as);
            request.nth = {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let seen = seen.entry(request.operation().to_owned()).or_default();
                *seen += 1;
                *seen
            };
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let goes_on = self.respond(stream, &request, (self.script)(&request), Manner::default());
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Whether the connection goes on.
    fn respond(&self, stream: &TcpStream, request: &Request, response: Response, mut manner: Manner) -> bool {
        match response {
            Response::With(name, value, response) => {
                manner.headers.push((name, value));
                self.respond(stream, request, *response, manner)
            }
            Response::CutOff(after, response) => {
                manner.most = Some(after);
                self.respond(stream, request, *response, manner)
            }
            Response::Corrupted(response) => {
                manner.corrupted = true;
                self.respond(stream, request, *response, manner)
            }
            Response::Held(during, response) => {
                manner.held = Some(during);
                self.respond(stream, request, *response, manner)
            }
            Response::Late(after, response) => {
                self.waits(stream, Some(after)) && self.respond(stream, request, *response, manner)
            }
            Response::Never => self.waits(stream, None),
            Response::HangUp => false,
            Response::HandOn => self.hand_on(stream, request, &manner).unwrap_or(false),
            Response::Chunks(chunks) => self.stream(stream, chunks, &manner).unwrap_or(false),
            Response::Events(events) => {
                let model = request.model.as_ref();
                for event in &events {
                    let wrong = model.map(|model| model.wrong_event(request.operation(), event));
                    self.tell(wrong.unwrap_or_default());
                }
                manner
                    .headers
                    .push(("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned()));
                let frames = events.into_iter().map(|event| (event.after, event.encode())).collect();
                self.stream(stream, frames, &manner).unwrap_or(false)
            }
            Response::Answer { status, headers, body } => {
                self.answer(stream, request, Written { status, headers, body }, manner)
            }
            Response::Output(output) => self.answer(stream, request, self.output(request, &output), manner),
            Response::Error { status, code, message } => {
                self.answer(stream, request, error(request, status, &code, &message), manner)
            }
            Response::Denied(action) => self.answer(stream, request, denied(request, &action), manner),
        }
    }

    /// Writes an answer whose length is known.
    fn answer(&self, mut stream: &TcpStream, request: &Request, written: Written, manner: Manner) -> bool {
        let mut headers = written.headers;
        headers.retain(|(name, _)| manner.headers.iter().all(|(new, _)| !new.eq_ignore_ascii_case(name)));
        headers.extend(manner.headers);
        let length = if written.status == 204 {
            String::new()
        } else {
            format!("content-length: {}\r\n", written.body.len())
        };
        let mut bytes =
            format!("HTTP/1.1 {} Stub\r\n{length}{}\r\n", written.status, lines(&headers)).into_bytes();
        if request.method != "HEAD" {
            let mut body = written.body;
            if let Some(first) = body.first_mut().filter(|_| manner.corrupted) {
                *first = first.wrapping_add(1);
            }
            bytes.extend(body.iter().take(manner.most.unwrap_or(usize::MAX)));
        }
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return false;
        }
        stream.write_all(&bytes).is_ok() && manner.most.is_none()
    }

    /// The output as the model of the service writes it. What is wrong with it fails the test in the end.
    fn output(&self, request: &Request, output: &Value) -> Written {
        let Some(model) = &request.model else {
            return self.unanswerable(format!("no model of {:?} to write its output", request.service()));
        };
        let wrong = model.wrong(request.operation(), output);
        if !wrong.is_empty() {
            let wrong = wrong.join("; ");
            return self.unanswerable(format!(
                "{} does not answer {} so: {wrong}",
                model.name,
                request.operation()
            ));
        }
        match model.write(request.operation(), output, request.protocol()) {
            Ok(mut written) => {
                written.headers.push(("x-amzn-requestid".to_owned(), REQUEST_ID.to_owned()));
                written
            }
            Err(why) => self.unanswerable(why),
        }
    }

    fn unanswerable(&self, why: String) -> Written {
        let body = format!("the stub: {why}").into_bytes();
        self.tell(vec![why]);
        Written { status: 500, headers: Vec::new(), body }
    }

    fn tell(&self, wrong: Vec<String>) {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        for why in wrong {
            if !all.contains(&why) {
                all.push(why);
            }
        }
    }

    /// Writes an answer piece by piece.
    fn stream(
        &self,
        mut stream: &TcpStream,
        pieces: Vec<(Duration, Vec<u8>)>,
        manner: &Manner,
    ) -> std::io::Result<bool> {
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return Ok(false);
        }
        let id = format!("x-amzn-requestid: {REQUEST_ID}\r\n");
        let head =
            format!("HTTP/1.1 200 Stub\r\ntransfer-encoding: chunked\r\n{id}{}\r\n", lines(&manner.headers));
        stream.write_all(head.as_bytes())?;
        let mut left = manner.most.unwrap_or(usize::MAX);
        for (index, (after, mut piece)) in pieces.into_iter().enumerate() {
            if let Some(first) = piece.first_mut().filter(|_| manner.corrupted && index == 0) {
                *first = first.wrapping_add(1);
            }
            if !after.is_zero() && !self.waits(stream, Some(after)) {
                return Ok(false);
            }
            let piece = piece.get(..left.min(piece.len())).unwrap_or_default();
            left -= piece.len();
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend(piece);
            chunk.extend(b"\r\n");
            // An empty chunk would be the end.
            if !piece.is_empty() && stream.write_all(&chunk).is_err() {
                self.hung_up.fetch_add(1, Ordering::SeqCst);
                return Ok(false);
            }
            if left == 0 {
                return Ok(false);
            }
        }
        stream.write_all(b"0\r\n\r\n")?;
        Ok(manner.most.is_none())
    }

    /// What the local AWS answers, over a connection of its own.
    fn hand_on(&self, mut stream: &TcpStream, request: &Request, manner: &Manner) -> std::io::Result<bool> {
        let Some(behind) = &self.behind else {
            let why = "there is no local AWS to hand on to: Stub::before".to_owned();
            return Ok(self.answer(stream, request, self.unanswerable(why), Manner::default()));
        };
        let mut to = TcpStream::connect(behind)?;
        const OURS: [&str; 4] = ["connection", "expect", "transfer-encoding", "content-length"];
        let headers: Vec<_> =
            request.headers.iter().filter(|(name, _)| !OURS.contains(&name.as_str())).cloned().collect();
        let head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
            request.method,
            request.target,
            request.body.len(),
            lines(&headers)
        );
        to.write_all(head.as_bytes())?;
        to.write_all(&request.body)?;
        let mut from = BufReader::new(to);
        let mut head = String::new();
        from.read_line(&mut head)?;
        // Ours end with the answer.
        head.push_str("connection: close\r\n");
        head.push_str(&lines(&manner.headers));
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            let name = line.split(':').next().unwrap_or_default();
            let is_new = manner.headers.iter().any(|(new, _)| new.eq_ignore_ascii_case(name));
            if !is_new && !name.eq_ignore_ascii_case("connection") {
                head.push_str(&line);
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return Ok(false);
        }
        stream.write_all(head.as_bytes())?;
        let most = manner.most.and_then(|most| u64::try_from(most).ok()).unwrap_or(u64::MAX);
        let mut body = from.take(most);
        let mut first = [0];
        if manner.corrupted && body.read(&mut first)? == 1 {
            stream.write_all(&[first[0].wrapping_add(1)])?;
        }
        if std::io::copy(&mut body, &mut stream).is_err() {
            self.hung_up.fetch_add(1, Ordering::SeqCst);
        }
        Ok(false)
    }

    /// Whether the client is still there in the end.
    fn waits(&self, stream: &TcpStream, during: Option<Duration>) -> bool {
        let start = Instant::now();
        let _ = stream.set_read_timeout(Some(Duration::from_millis(5)));
        let mut byte = [0];
        while during.is_none_or(|during| start.elapsed() < during) && !self.over.load(Ordering::Relaxed) {
            match stream.peek(&mut byte) {
                Ok(0) => {
                    self.hung_up.fetch_add(1, Ordering::SeqCst);
                    return false;
                }
                Err(error) if !is_timeout(&error) => {
                    self.hung_up.fetch_add(1, Ordering::SeqCst);
                    return false;
                }
                // A request that comes early would make this spin.
                Ok(_) => std::thread::sleep(Duration::from_millis(5)),
                Err(_) => {}
            }
        }
        let _ = stream.set_read_timeout(None);
        true
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// An error in the protocol of the request.
fn error(request: &Request, status: u16, code: &str, message: &str) -> Written {
    let field = request.model.as_ref().map_or("message", |model| model.message_field(code));
    let xml = |start: &str, end: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{start}<Code>{code}</Code><Message>{}</Message>{end}",
            escaped(message)
        )
    };
    let (kind, body) = match request.protocol() {
        Protocol::Json => (
            "application/x-amz-json-1.0",
            json!({"__type": format!("com.amazonaws#{code}"), field: message}).to_string().into_bytes(),
        ),
        Protocol::RestJson => ("application/json", json!({field: message}).to_string().into_bytes()),
        Protocol::Cbor => {
            let text = |text: &str| ciborium::Value::Text(text.to_owned());
            let fields =
                vec![(text("__type"), text(&format!("com.amazonaws#{code}"))), (text(field), text(message))];
            ("application/cbor", cbor::write(&ciborium::Value::Map(fields)))
        }
        Protocol::Query => {
            let end = format!("</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>");
            ("text/xml", xml("<ErrorResponse><Error><Type>Sender</Type>", &end).into_bytes())
        }
        Protocol::Ec2 => {
            let end = format!("</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>");
            ("text/xml", xml("<Response><Errors><Error>", &end).into_bytes())
        }
        Protocol::RestXml => {
            let end = format!("<RequestId>{REQUEST_ID}</RequestId><HostId>host</HostId></Error>");
            ("application/xml", xml("<Error>", &end).into_bytes())
        }
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    match request.protocol() {
        Protocol::RestJson => headers.push(("x-amzn-errortype".to_owned(), code.to_owned())),
        Protocol::Cbor => headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned())),
        _ => {}
    }
    // Services that spoke the query protocol before keep its codes for who asks.
    if request.header("x-amzn-query-mode") == Some("true") {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let code = if code == "AccessDeniedException" { "AccessDenied" } else { code };
        headers.push(("x-amzn-query-error".to_owned(), format!("{code};{fault}")));
    }
    let id = if request.protocol() == Protocol::RestXml { "x-amz-request-id" } else { "x-amzn-requestid" };
    headers.push((id.to_owned(), REQUEST_ID.to_owned()));
    Written { status, headers, body }
}

fn denied(request: &Request, action: &str) -> Written {
    let (status, code) = match request.protocol() {
        Protocol::Json => (400, "AccessDeniedException"),
        Protocol::RestJson | Protocol::Cbor => (403, "AccessDeniedException"),
        Protocol::Query | Protocol::RestXml => (403, "AccessDenied"),
        Protocol::Ec2 => (403, "UnauthorizedOperation"),
    };
    let message = format!(
        "User: arn:aws:iam::123456789012:user/refused is not authorized to perform: {action} on resource: \
         arn:aws:example:::thing because no identity-based policy allows the {action} action"
    );
    error(request, status, code, &message)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn lines(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// Reads a request up to its body.
pub(crate) fn read_head(from: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    // Asked as a proxy, it is told the whole address.
    let path =
        target.split_once("://").map(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    let mut request = Request { method, target: path.unwrap_or(target).to_owned(), ..Request::default() };
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(request)
}

fn read(from: &mut impl BufRead, mut to: &TcpStream) -> Option<Request> {
    let mut request = read_head(from)?;
    let mut line = String::new();
    if request.header("expect").is_some() {
        to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    if let Some(length) = request.header("content-length").and_then(|text| text.parse().ok()) {
        from.take(length).read_to_end(&mut request.body).ok()?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            line.clear();
            from.read_line(&mut line).ok()?;
            let size = u64::from_str_radix(line.trim(), 16).ok()?;
            from.take(size).read_to_end(&mut request.body).ok()?;
            line.clear();
            from.read_line(&mut line).ok()?;
            if size == 0 {
                break;
            }
        }
    }
    Some(request)
}

/// An environment that sends all requests to `endpoint`, tried once each, with keys of its own.
pub fn endpoint_env(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIASTUBSTUBSTUBSTUB"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The environment with some variables set anew, or left out where the value is empty.
pub fn with(env: Vec<(String, String)>, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut env: Vec<_> =
        env.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).collect();
    env.extend(
        changes
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    env
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_stream::Event;
    use crate::{Reply, http};

    fn scope(service: &str) -> (String, String) {
        ("authorization".to_owned(), format!("X Credential=K/20261122/us-east-1/{service}/aws4_request, S"))
    }

    fn post(stub: &Stub, service: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut all = vec![scope(service)];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        http::send(stub.address(), "POST", target, &all, body.as_bytes()).unwrap()
    }

    const GET_ITEM: [(&str, &str); 1] = [("x-amz-target", "DynamoDB_20120810.GetItem")];
    const METRICS: &str = "/service/GraniteServiceVersion20100801/operation/ListMetrics";

    #[test]
    fn scripted_operations_are_answered_and_the_others_handed_on() {
        let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
            ("GetItem", 2) => Response::output(json!({"Item": {"id": {"S": "two"}}})),
            ("GetItem", _) => Response::throttled(),
            ("ListBuckets", _) => Response::HandOn.with("x-added", "yes"),
            _ => Response::HandOn,
        });
        let first = post(&stub, "dynamodb", "/", &GET_ITEM, "{\"TableName\":\"t\"}");
        assert_eq!(first.status, 400);
        assert!(first.text().contains("#ThrottlingException"), "{}", first.text());
        let second = post(&stub, "dynamodb", "/", &GET_ITEM, "{}");
        assert_eq!((second.status, second.text().as_str()), (200, "{\"Item\":{\"id\":{\"S\":\"two\"}}}"));
        let tables = post(&stub, "dynamodb", "/", &[("x-amz-target", "DynamoDB_20120810.ListTables")], "{}");
        assert!(tables.text().contains("TableNames"), "{}", tables.text());
        let buckets = http::send(stub.address(), "GET", "/", &[scope("s3")], b"").unwrap();
        assert_eq!((buckets.status, buckets.header("x-added")), (200, Some("yes")));
        assert!(buckets.text().contains("ListAllMyBucketsResult"), "{}", buckets.text());

        assert_eq!(stub.of("GetItem")[0].json(), json!({"TableName": "t"}));
        assert_eq!(stub.calls().len(), 4);
    }

    #[test]
    fn a_refusal_is_what_the_protocol_wants() {
        let stub = Stub::bare(|_| Response::denied("x:Do"));
        let json = post(&stub, "dynamodb", "/", &GET_ITEM, "{}");
        assert_eq!(json.status, 400);
        assert!(json.text().contains("AccessDeniedException\",\"message\":\"User: arn"), "{}", json.text());
        let rest = post(&stub, "lambda", "/2015-03-31/functions/f/invocations", &[], "");
        assert_eq!((rest.status, rest.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let query = post(&stub, "iam", "/", &form, "Action=ListUsers");
        assert_eq!((query.status, query.element("Code").as_deref()), (403, Some("AccessDenied")));
        let ec2 = post(&stub, "ec2", "/", &form, "Action=RunInstances");
        assert_eq!(ec2.element("Code").as_deref(), Some("UnauthorizedOperation"));
        let modes = [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-mode", "true")];
        let cbor = post(&stub, "monitoring", METRICS, &modes, "");
        assert_eq!((cbor.status, cbor.header("x-amzn-query-error")), (403, Some("AccessDenied;Sender")));
        assert!(
            crate::cbor::read(&cbor.body).unwrap()["message"].as_str().unwrap().contains("perform: x:Do on")
        );
        let s3 = post(&stub, "s3", "/b?delete", &[], "");
        assert_eq!((s3.status, s3.element("Code").as_deref()), (403, Some("AccessDenied")));
    }

    #[test]
    fn an_answer_that_aws_would_not_give_fails_the_test() {
        let stub = Stub::bare(|_| Response::output(json!({"Items": []})));
        assert_eq!(post(&stub, "dynamodb", "/", &GET_ITEM, "{}").status, 500);
        let failure = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(stub))).unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(message.contains("GetItem has no member \"Items\"; it has Item"), "{message}");
    }

    #[test]
    fn streams_are_timed_and_can_be_cut_off() {
        let stub = Stub::bare(|request| match request.nth {
            1 => Response::events([
                Event::new("initial-response", json!({})),
                Event::new("sessionUpdate", json!({"sessionResults": []})).after(Duration::from_millis(60)),
                Event::exception("SessionTimeoutException", "over"),
            ]),
            2 => Response::chunks([(Duration::ZERO, "abc"), (Duration::ZERO, "def")]).cut_off(4),
            _ => Response::new(200, "abcdef").cut_off(4),
        });
        let tail = [("x-amz-target", "Logs_20140328.StartLiveTail")];
        let start = Instant::now();
        let events = post(&stub, "logs", "/", &tail, "{}");
        assert!(start.elapsed() >= Duration::from_millis(60));
        assert_eq!(events.header("content-type"), Some("application/vnd.amazon.eventstream"));
        assert!(events.text().contains("sessionUpdate") && events.text().contains("SessionTimeoutException"));
        let send = || {
            http::send(
                stub.address(),
                "POST",
                "/",
                &[scope("logs"), ("x-amz-target".to_owned(), "Logs_20140328.StartLiveTail".to_owned())],
                b"",
            )
        };
        assert!(send().unwrap_err().to_string().contains("ended inside its chunks"));
        assert_eq!(send().unwrap().text(), "abcd");
    }

    #[test]
    fn an_answer_can_be_corrupted_and_held_back() {
        let aws = LocalAws::shared();
        aws.create_bucket("stubbed");
        aws.put_object("stubbed", "k", &[], "abc");
        let held = Duration::from_millis(60);
        let stub = Stub::before(aws, move |request| match request.method.as_str() {
            "GET" => Response::HandOn.corrupted(),
            _ => Response::HandOn.held(held),
        });
        let get = || http::send(stub.address(), "GET", "/stubbed/k", &[scope("s3")], b"").unwrap();
        assert_eq!(get().text(), "bbc");
        let start = Instant::now();
        http::send(stub.address(), "DELETE", "http://any.example/stubbed/k", &[scope("s3")], b"").unwrap();
        assert!(start.elapsed() >= held);
        assert_eq!(get().status, 404);
        assert_eq!(stub.of("DeleteObject").len(), 1);
    }

    #[test]
    fn whoever_hangs_up_is_counted() {
        let stub = Stub::bare(|_| Response::Never);
        let mut client = TcpStream::connect(stub.address()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        stub.wait("a request", |stub| stub.requests().len() == 1);
        assert_eq!(stub.hung_up(), 0);
        drop(client);
        stub.wait("a client that is gone", |stub| stub.hung_up() == 1);
    }
}
