//! The standard streams as an MCP transport: one message a line, and an answer to every request.
//!
//! rmcp runs the calls; this module owns the bytes and the ends of the connection, where rmcp's own transport
//! drops a line it cannot read, loses an answer when an id is used twice, and gives up on calls when the
//! input ends. What holds here:
//!
//! - Every line that is not a notification, a response or blank gets exactly one answer, unless the client
//!   cancelled it.
//! - The reader waits for the client only while [`MAX_UNREAD_BYTES`] of answers are unread, so a client may
//!   write all its requests before it reads the first answer.
//! - Only [`Lines`] knows which requests are in flight, and it learns of both ends from rmcp's own loop: no
//!   lock, no race.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    io, mem,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use bytes::{Buf as _, Bytes};
use futures::FutureExt as _;
use rmcp::{
    ErrorData, RoleServer, Service,
    model::{
        CallToolRequest, CancelTaskRequest, ClientNotification, ClientRequest, CompleteRequest,
        DiscoverRequest, GetPromptRequest, GetSkillRequest, GetTaskRequest, InitializeRequest, JsonRpcError,
        JsonRpcMessage, ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest,
        ListSkillsRequest, ListToolsRequest, PaginatedRequestParams, PingRequest, ProtocolVersion,
        ReadResourceDirectoryRequest, ReadResourceRequest, RequestId, ServerConfig, ServerResult,
        SubscriptionsListenRequest, UpdateTaskRequest,
    },
    service::{
        NotificationContext, RequestContext, RxJsonRpcMessage, TxJsonRpcMessage, serve_directly_with_ct,
    },
    transport::{Transport, stdio_pipes},
};
use serde::{
    Deserializer as _,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// What one client may ask of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest line that is read. A longer one is refused and never held in memory.
    pub(crate) max_line_bytes: usize,
    /// How long calls in flight may go on after the input has ended.
    pub(crate) drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line_bytes: 16 * 1024 * 1024, drain: Duration::from_secs(5) }
    }
}

/// Serves the client on this process's standard input and output until end of input or `stop`.
///
/// Where standard input is not a pipe (Node gives a socket), tokio reads it on a thread that nothing can
/// interrupt: end the runtime with `shutdown_background`, because dropping it would wait for the next byte.
pub(crate) async fn serve_stdio<S: Service<RoleServer>>(
    service: S,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (reader, writer) = stdio_pipes();
    serve(Opened(service), reader, writer, limits, stop).await
}

/// Serves one client over a pair of byte streams until end of input or `stop`.
///
/// At end of input, calls in flight have `limits.drain` to finish; on `stop`, and when nobody reads the
/// answers any more, they are cancelled at once.
pub(crate) async fn serve<S: Service<RoleServer>>(
    service: S,
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let unread = Arc::new(Unread::up_to(MAX_UNREAD_BYTES));
    let (incoming, received) = mpsc::channel(RECEIVED_AHEAD);
    let (lines, unwritten) = mpsc::unbounded_channel();
    let reading = tokio::spawn(read(reader, limits.max_line_bytes, incoming, unread.clone()));
    let mut writing = tokio::spawn(write(writer, unwritten, unread.clone()));

    let (input_ended, idle, calls) = <(CancellationToken, CancellationToken, CancellationToken)>::default();
    let transport = Lines {
        received,
        answers: Answers { lines, unread: unread.clone() },
        in_flight: HashMap::new(),
        initializing: None,
        input_ended: input_ended.clone(),
        idle: idle.clone(),
    };
    let running = serve_directly_with_ct(Answering(service), transport, None, calls.clone());

    let written = tokio::select! {
        // Nobody reads any more, or rmcp's loop died and took its end of the channel with it.
        written = &mut writing => Some(written),
        () = stop.cancelled() => None,
        () = finished(&input_ended, &idle, limits.drain) => None,
    };
    reading.abort();
    calls.cancel();
    let quit = running.waiting().await;
    let written = match written {
        Some(written) => Some(written),
        None => flushed(&mut writing, &unread, limits.drain, &stop).await,
    };
    quit.context("the message loop failed")?;
    match written {
        None => tracing::warn!(bytes = unread.bytes(), "nobody reads the last answers"),
        Some(written) => match written.context("the writer failed")? {
            Err(error) if !is_closed(&error) => return Err(error).context("cannot write answers"),
            Err(_) => tracing::info!("the client closed the output"),
            Ok(()) => {}
        },
    }
    Ok(())
}

/// Completes when this process should end: SIGTERM or SIGINT (Ctrl-C elsewhere), or its parent is gone.
pub(crate) async fn told_to_stop() {
    tokio::select! {
        () = signalled() => {}
        () = orphaned() => {}
    }
}

/// Completes when this process is told to end. A server on the network outlives the process that started it.
pub(crate) async fn told_by_signal() {
    signalled().await;
}

/// Answers that may wait in memory before the reader waits for the client.
const MAX_UNREAD_BYTES: usize = 64 * 1024 * 1024;

/// Messages read before rmcp's loop takes them; it takes each at once, so a few are enough.
const RECEIVED_AHEAD: usize = 16;

/// How long the last answers may take after `stop`.
const FLUSH_ON_STOP: Duration = Duration::from_millis(500);

/// Waits until the input has ended and its calls too, the calls for at most `drain`.
async fn finished(input_ended: &CancellationToken, idle: &CancellationToken, drain: Duration) {
    input_ended.cancelled().await;
    tokio::select! {
        () = idle.cancelled() => {}
        () = sleep(drain) => tracing::info!("calls still in flight are cancelled"),
    }
}

/// Waits for the last answers to be written: while the client keeps reading, or briefly once told to stop.
async fn flushed(
    writing: &mut JoinHandle<io::Result<()>>,
    unread: &Unread,
    patience: Duration,
    stop: &CancellationToken,
) -> Option<Result<io::Result<()>, tokio::task::JoinError>> {
    let stalled = async {
        let mut before = unread.bytes();
        loop {
            sleep(patience).await;
            match unread.bytes() {
                now if now < before => before = now,
                _ => break,
            }
        }
    };
    let told = async {
        stop.cancelled().await;
        sleep(FLUSH_ON_STOP).await;
    };
    tokio::select! {
        written = &mut *writing => return Some(written),
        () = stalled => {}
        () = told => {}
    }
    writing.abort();
    None
}

/// Whether the other side went away, which is how a client may end a session.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, WriteZero};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | WriteZero)
}

/// rmcp's end of the connection.
struct Lines {
    received: mpsc::Receiver<Incoming>,
    answers: Answers,
    in_flight: HashMap<RequestId, Ends>,
    /// The `initialize` request that is being answered.
    initializing: Option<RequestId>,
    input_ended: CancellationToken,
    /// Cancelled once the input has ended and no call is in flight.
    idle: CancellationToken,
}

/// A line that asks for something to be done.
enum Incoming {
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    Refused(JsonRpcError),
}

/// When a request in flight gets its answer.
#[derive(PartialEq)]
enum Ends {
    ByItself,
    WithTheConnection,
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let Some(id) = answered(&message) {
            self.in_flight.remove(id);
            self.initializing.take_if(|initializing| *initializing == *id);
        }
        let sent = self.answers.push(&message);
        self.notice_idle();
        std::future::ready(sent)
    }

    /// Never `None`: rmcp would then wait five seconds before it cancels a call. [`serve`] ends the loop by
    /// its token.
    ///
    /// The loop drops this future whenever it has something to send and calls again afterwards; nothing is
    /// lost, because the channel is the only thing awaited.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        // What follows `initialize` on the wire needs its outcome, and rmcp runs requests side by side.
        while self.initializing.is_none() {
            match self.received.recv().await {
                Some(Incoming::Message(message)) => {
                    if let Some(message) = self.admit(*message) {
                        return Some(message);
                    }
                }
                Some(Incoming::Refused(error)) => self.refuse(error),
                None => {
                    self.input_ended.cancel();
                    self.notice_idle();
                    break;
                }
            }
        }
        std::future::pending().await
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Keeps the table of requests in flight exactly as rmcp's loop keeps its own.
    fn admit(&mut self, message: RxJsonRpcMessage<RoleServer>) -> Option<RxJsonRpcMessage<RoleServer>> {
        match &message {
            JsonRpcMessage::Request(request) => {
                let id = request.id.clone();
                let Entry::Vacant(free) = self.in_flight.entry(id.clone()) else {
                    let reason = format!("id {id} is already in use by a request in flight");
                    let error = ErrorData::invalid_request(reason, None);
                    self.refuse(JsonRpcError::new(Some(id), error));
                    return None;
                };
                free.insert(match &request.request {
                    ClientRequest::SubscriptionsListenRequest(_) => Ends::WithTheConnection,
                    _ => Ends::ByItself,
                });
                if let ClientRequest::InitializeRequest(_) = &request.request {
                    self.initializing = Some(id);
                }
            }
            JsonRpcMessage::Notification(notification) => {
                // rmcp drops the answer of a cancelled call.
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.in_flight.remove(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        Some(message)
    }

    fn refuse(&self, error: JsonRpcError) {
        tracing::info!(code = error.error.code.0, "refused a line");
        if let Err(error) = self.answers.push(&JsonRpcMessage::Error(error)) {
            tracing::info!(%error, "cannot refuse a line");
        }
    }

    fn notice_idle(&self) {
        let waits = |ends: &Ends| *ends == Ends::ByItself;
        if self.input_ended.is_cancelled() && !self.in_flight.values().any(waits) {
            self.idle.cancel();
        }
    }
}

/// The request that a message answers.
fn answered(message: &TxJsonRpcMessage<RoleServer>) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
    }
}

/// The way out: lines for the writer, without a bound because rmcp's loop must never wait for the client.
struct Answers {
    lines: mpsc::UnboundedSender<Bytes>,
    unread: Arc<Unread>,
}

impl Answers {
    fn push(&self, message: &TxJsonRpcMessage<RoleServer>) -> io::Result<()> {
        let mut line = serde_json::to_vec(message).or_else(|error| {
            let reason = format!("the answer cannot be written as JSON: {error}");
            let error = ErrorData::internal_error(reason, None);
            serde_json::to_vec(&JsonRpcError::new(answered(message).cloned(), error))
        })?;
        line.push(b'\n');
        self.unread.add(line.len());
        self.lines.send(line.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// How many bytes of answers wait for the client.
struct Unread {
    limit: usize,
    bytes: AtomicUsize,
    room: Notify,
}

impl Unread {
    fn up_to(limit: usize) -> Self {
        Self { limit, bytes: AtomicUsize::new(0), room: Notify::new() }
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.room.notify_one();
    }

    async fn room(&self) {
        while self.bytes() > self.limit {
            self.room.notified().await;
        }
    }
}

/// Writes lines until there are no more senders, or nobody reads.
async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut lines: mpsc::UnboundedReceiver<Bytes>,
    unread: Arc<Unread>,
) -> io::Result<()> {
    while let Some(first) = lines.recv().await {
        let mut next = Some(first);
        while let Some(mut line) = next {
            while line.has_remaining() {
                match writer.write_buf(&mut line).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => unread.remove(written),
                }
            }
            next = lines.try_recv().ok();
        }
        writer.flush().await?;
    }
    writer.shutdown().await
}

/// Reads lines until the input ends; what follows the last newline is a line too.
async fn read(
    reader: impl AsyncRead + Unpin,
    max_line_bytes: usize,
    incoming: mpsc::Sender<Incoming>,
    unread: Arc<Unread>,
) {
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let mut line = Line { max: max_line_bytes, bytes: Vec::new(), oversized: None };
    loop {
        unread.room().await;
        let chunk = reader.fill_buf().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read the input any further");
            &[]
        });
        if chunk.is_empty() {
            break;
        }
        let part = chunk.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let ended = part.len() < chunk.len();
        let used = part.len() + usize::from(ended);
        line.push(part);
        reader.consume(used);
        if ended
            && let Some(message) = line.finish()
            && incoming.send(message).await.is_err()
        {
            return;
        }
    }
    if let Some(message) = line.finish() {
        // Without a receiver the server is ending anyway.
        let _ = incoming.send(message).await;
    }
}

/// The line that is being read.
struct Line {
    max: usize,
    bytes: Vec<u8>,
    /// Once the line is too long.
    oversized: Option<Oversized>,
}

impl Line {
    /// The memory that is kept from one line to the next.
    const KEPT: usize = 64 * 1024;

    fn push(&mut self, part: &[u8]) {
        if self.oversized.is_none() && self.bytes.len() + part.len() <= self.max {
            return self.bytes.extend_from_slice(part);
        }
        let start = mem::take(&mut self.bytes);
        let oversized = self.oversized.get_or_insert_default();
        oversized.push(&start);
        oversized.push(part);
    }

    fn finish(&mut self) -> Option<Incoming> {
        if let Some(oversized) = self.oversized.take() {
            let reason = format!("the message is longer than the limit of {} bytes", self.max);
            return Some(invalid_request(oversized.id(), reason));
        }
        let incoming = parse(&self.bytes);
        self.bytes.clear();
        self.bytes.shrink_to(Self::KEPT);
        incoming
    }
}

/// The two ends of a line that is too long to keep, where its id may be.
#[derive(Default)]
struct Oversized {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Oversized {
    const HEAD: usize = 4096;
    const TAIL: usize = 256;

    fn push(&mut self, part: &[u8]) {
        let room = Self::HEAD.saturating_sub(self.head.len());
        self.head.extend(part.iter().take(room));
        let end = part.len().saturating_sub(Self::TAIL);
        self.tail.extend(part.iter().skip(end));
        let excess = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..excess);
    }

    /// The id of the request, if one of the ends has it.
    fn id(&self) -> Option<RequestId> {
        let mut start = Start::default();
        // An error is certain: the head is half a message.
        let _ = serde_json::Deserializer::from_slice(&self.head).deserialize_map(&mut start);
        match start.is_response {
            // The id of a response is one that this server gave.
            true => None,
            false => start.id.or_else(|| last_id(&self.tail)),
        }
    }
}

/// What the first members of a message say about it.
#[derive(Default)]
struct Start {
    id: Option<RequestId>,
    is_response: bool,
}

impl<'de> Visitor<'de> for &mut Start {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        let mut id = None;
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            // Only now is the number before this name complete.
            self.id = id.take().or(self.id.take());
            match name.as_ref() {
                "id" => id = members.next_value().map(Some)?,
                "result" | "error" => {
                    self.is_response = true;
                    members.next_value::<IgnoredAny>()?;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The id of a message that ends with it, as the TypeScript and Python SDKs write their requests.
fn last_id(tail: &[u8]) -> Option<RequestId> {
    let tail = String::from_utf8_lossy(tail);
    let (before, value) = tail.trim_end().strip_suffix('}')?.rsplit_once(r#""id""#)?;
    // Otherwise it is the end of some string.
    if !before.trim_end().ends_with([',', '{']) {
        return None;
    }
    serde_json::from_str(value.trim_start().strip_prefix(':')?).ok()
}

/// What a line asks for; nothing if it is blank or a notification that makes no sense.
fn parse(line: &[u8]) -> Option<Incoming> {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return None;
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => return Some(parse_error(format!("the line is not UTF-8: {error}"))),
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => message(object),
        Ok(Value::Array(_)) => {
            Some(invalid_request(None, "batches are not supported: send one message per line"))
        }
        Ok(_) => Some(invalid_request(None, "a message is a JSON object")),
        Err(error) => Some(parse_error(format!("the line is not JSON: {error}"))),
    }
}

/// The MCP message that a JSON object is.
fn message(mut object: Map<String, Value>) -> Option<Incoming> {
    let has_id = object.contains_key("id");
    let id = object.remove("id").and_then(|id| serde_json::from_value::<RequestId>(id).ok());
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        // The id of a response is one that this server gave.
        let id = id.filter(|_| object.contains_key("method"));
        return Some(invalid_request(id, r#"a message has "jsonrpc": "2.0""#));
    }
    let params = object.remove("params");
    let members = (object.remove("method"), object.remove("result"), object.remove("error"));
    let message = match (members, id) {
        ((Some(Value::String(method)), None, None), Some(id)) => match request(&method, params) {
            Ok(request) => JsonRpcMessage::request(request, id),
            Err(error) => return Some(Incoming::Refused(JsonRpcError::new(Some(id), error))),
        },
        ((Some(Value::String(_)), None, None), None) if has_id => {
            return Some(invalid_request(None, "the id of a request is a string or an integer"));
        }
        ((Some(Value::String(method)), None, None), None) => {
            JsonRpcMessage::notification(typed(&method, params).ok()?)
        }
        // Whoever waits for a response must not wait for ever, so a malformed one becomes an error for them.
        ((None, Some(result), None), Some(id)) => match serde_json::from_value(result) {
            Ok(result) => JsonRpcMessage::response(result, id),
            Err(reason) => JsonRpcMessage::error(malformed(&reason), Some(id)),
        },
        ((None, None, Some(error)), id) => {
            let error = serde_json::from_value(error).unwrap_or_else(|reason| malformed(&reason));
            JsonRpcMessage::error(error, id)
        }
        ((_, result, error), id) => {
            let id = id.filter(|_| result.is_none() && error.is_none());
            let reason = "a message is a request, a notification or a response";
            return Some(invalid_request(id, reason));
        }
    };
    Some(Incoming::Message(Box::new(message)))
}

/// The request that a method and its parameters make.
///
/// rmcp's own parser takes a known method whose parameters do not fit for an unknown method.
fn request(method: &str, params: Option<Value>) -> Result<ClientRequest, ErrorData> {
    let params = params.filter(|params| !params.is_null());
    if params.as_ref().is_some_and(|params| !params.is_object()) {
        return Err(ErrorData::invalid_params("params is an object", None));
    }
    let parse: fn(&str, Option<Value>) -> serde_json::Result<ClientRequest> = match method {
        "initialize" => known::<InitializeRequest>,
        "ping" => known::<PingRequest>,
        "server/discover" => known::<DiscoverRequest>,
        "tools/list" => list::<ListToolsRequest>,
        "tools/call" => call,
        "prompts/list" => list::<ListPromptsRequest>,
        "prompts/get" => known::<GetPromptRequest>,
        "resources/list" => list::<ListResourcesRequest>,
        "resources/templates/list" => list::<ListResourceTemplatesRequest>,
        "resources/read" => known::<ReadResourceRequest>,
        "resources/directory/read" => known::<ReadResourceDirectoryRequest>,
        "subscriptions/listen" => known::<SubscriptionsListenRequest>,
        "completion/complete" => known::<CompleteRequest>,
        "tasks/get" => known::<GetTaskRequest>,
        "tasks/update" => known::<UpdateTaskRequest>,
        "tasks/cancel" => known::<CancelTaskRequest>,
        "skills/list" => list::<ListSkillsRequest>,
        "skills/get" => known::<GetSkillRequest>,
        _ => typed::<ClientRequest>,
    };
    parse(method, params).map_err(|reason| {
        ErrorData::invalid_params(format!("the params do not fit {method}: {reason}"), None)
    })
}

/// A call of a tool. Its arguments go around rmcp's parser, which buffers what it reads: serde's buffer knows no number
/// of more than 64 bits.
fn call(method: &str, mut params: Option<Value>) -> serde_json::Result<ClientRequest> {
    let given = params.as_mut().and_then(Value::as_object_mut);
    let arguments =
        given.and_then(|given| given.get_mut("arguments")).and_then(Value::as_object_mut).map(std::mem::take);
    let mut request: CallToolRequest = typed(method, params)?;
    if let Some(arguments) = arguments {
        request.params.arguments = Some(arguments);
    }
    Ok(request.into())
}

fn known<M: DeserializeOwned + Into<ClientRequest>>(
    method: &str,
    params: Option<Value>,
) -> serde_json::Result<ClientRequest> {
    typed::<M>(method, params).map(Into::into)
}

/// A request whose parameters may be absent; rmcp takes those that do not fit for absent ones.
fn list<M: DeserializeOwned + Into<ClientRequest>>(
    method: &str,
    params: Option<Value>,
) -> serde_json::Result<ClientRequest> {
    if let Some(params) = &params {
        serde_json::from_value::<PaginatedRequestParams>(params.clone())?;
    }
    known::<M>(method, params)
}

fn typed<M: DeserializeOwned>(method: &str, params: Option<Value>) -> serde_json::Result<M> {
    let method = ("method".to_owned(), Value::from(method));
    let params = params.map(|params| ("params".to_owned(), params));
    serde_json::from_value([method].into_iter().chain(params).collect())
}

fn malformed(reason: &serde_json::Error) -> ErrorData {
    ErrorData::internal_error(format!("the client's response is malformed: {reason}"), None)
}

fn parse_error(reason: String) -> Incoming {
    Incoming::Refused(JsonRpcError::new(None, ErrorData::parse_error(reason, None)))
}

fn invalid_request(id: Option<RequestId>, reason: impl Into<Cow<'static, str>>) -> Incoming {
    Incoming::Refused(JsonRpcError::new(id, ErrorData::invalid_request(reason, None)))
}

/// A service on a stream: a request comes after `initialize`, or carries its own protocol version.
struct Opened<S>(S);

impl<S: Service<RoleServer>> Service<RoleServer> for Opened<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let opens = matches!(
            request,
            ClientRequest::InitializeRequest(_)
                | ClientRequest::PingRequest(_)
                | ClientRequest::DiscoverRequest(_)
        );
        if context.protocol_version().is_none() && !opens {
            return Err(ErrorData::invalid_request(
                "this request came before `initialize`, and without the protocol version and capabilities in \
                 _meta that 2026-07-28 wants: send initialize first, or add them",
                None,
            ));
        }
        self.0.handle_request(request, context).await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}

/// A service that answers every request, also when its handler panics: rmcp then sends nothing.
struct Answering<S>(S);

impl<S: Service<RoleServer>> Service<RoleServer> for Answering<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let call = async { self.0.handle_request(request, context).await };
        AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
            Err(ErrorData::internal_error("the server failed on this request: this is a bug", None))
        })
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.handle_notification(notification, context).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::SignalKind;

    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::interrupt()) => {}
    }
}

#[cfg(unix)]
async fn received(kind: tokio::signal::unix::SignalKind) {
    match tokio::signal::unix::signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for a signal");
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
async fn signalled() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot listen for Ctrl-C");
        std::future::pending().await
    }
}

/// Completes when the process that started this one is gone.
///
/// A client that is killed need not close the pipes: a process it started may hold them too.
#[cfg(unix)]
async fn orphaned() {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    if parent <= 1 {
        // Started by init, or in a container of its own: nothing to watch.
        return std::future::pending().await;
    }
    while parent_id() == parent {
        sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(not(unix))]
async fn orphaned() {
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, task::Poll};

    use rmcp::{
        ServerHandler,
        model::{
            CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ElicitRequestParams,
            Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, ServerCapabilities,
        },
    };
    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt as _, DuplexStream, Lines as OutputLines},
        time::{Instant, timeout},
    };

    use super::*;

    /// As much as a pipe holds.
    const PIPE: usize = 64 * 1024;

    /// Long enough for a busy machine; reached only by a failure.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[derive(Clone, Default)]
    struct Desk {
        cancelled: CancellationToken,
    }

    impl ServerHandler for Desk {
        fn get_info(&self) -> ServerConfig {
            ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
                .with_server_info(Implementation::new("desk", "1.2.3"))
        }

        async fn initialize(
            &self,
            request: InitializeRequestParams,
            context: RequestContext<RoleServer>,
        ) -> Result<InitializeResult, ErrorData> {
            sleep(Duration::from_millis(10)).await;
            context.peer.set_peer_info(request.clone());
            self.negotiate_initialize(&request)
        }

        async fn list_tools(
            &self,
            _request: Option<PaginatedRequestParams>,
            _context: RequestContext<RoleServer>,
        ) -> Result<ListToolsResult, ErrorData> {
            Ok(ListToolsResult::default())
        }

        async fn call_tool(
            &self,
            request: CallToolRequestParams,
            context: RequestContext<RoleServer>,
        ) -> Result<CallToolResponse, ErrorData> {
            let number = request
                .arguments
                .as_ref()
                .and_then(|arguments| arguments.get("number"))
                .and_then(Value::as_u64)
                .unwrap_or_default();
            let text = match request.name.as_ref() {
                "echo" => number.to_string(),
                "sleep" => {
                    sleep(Duration::from_millis(number)).await;
                    "slept".to_owned()
                }
                "wait" => {
                    context.ct.cancelled().await;
                    self.cancelled.cancel();
                    "cancelled".to_owned()
                }
                "deaf" => std::future::pending().await,
                "panic" => panic!("on purpose"),
                "big" => "x".repeat(usize::try_from(number).unwrap()),
                "version" => context
                    .protocol_version()
                    .map_or_else(|| "none".to_owned(), |version| version.as_str().to_owned()),
                "ask" => {
                    let question: ElicitRequestParams = serde_json::from_value(json!({
                        "mode": "form", "message": "sure?",
                        "requestedSchema": {"type": "object", "properties": {}},
                    }))
                    .unwrap();
                    match context.peer.create_elicitation(question).await {
                        Ok(answer) => format!("{:?}", answer.action),
                        Err(error) => error.to_string(),
                    }
                }
                _ => return Err(ErrorData::invalid_params("no such tool", None)),
            };
            Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
        }
    }

    struct Client {
        input: Option<DuplexStream>,
        output: OutputLines<BufReader<DuplexStream>>,
        server: JoinHandle<anyhow::Result<()>>,
        stop: CancellationToken,
        desk: Desk,
    }

    impl Client {
        fn new() -> Self {
            Self::with(Limits::default())
        }

        fn with(limits: Limits) -> Self {
            let (input, reader) = tokio::io::duplex(PIPE);
            let (writer, output) = tokio::io::duplex(PIPE);
            let (stop, desk) = (CancellationToken::new(), Desk::default());
            let server = serve(desk.clone(), reader, writer, limits, stop.clone());
            Self {
                input: Some(input),
                output: BufReader::new(output).lines(),
                server: tokio::spawn(server),
                stop,
                desk,
            }
        }

        async fn write(&mut self, bytes: impl AsRef<[u8]>) {
            let input = self.input.as_mut().unwrap();
            timeout(PATIENCE, input.write_all(bytes.as_ref())).await.unwrap().unwrap();
        }

        async fn send(&mut self, message: Value) {
            self.write(format!("{message}\n")).await;
        }

        async fn next(&mut self) -> Option<Value> {
            let line = timeout(PATIENCE, self.output.next_line()).await.unwrap().unwrap();
            line.map(|line| serde_json::from_str(&line).unwrap())
        }

        async fn ask(&mut self, message: Value) -> Value {
            self.send(message).await;
            self.next().await.unwrap()
        }

        /// The answer to some line, then to a ping: shows that the line did no harm.
        async fn survives(&mut self, line: impl AsRef<[u8]>) -> Value {
            self.write(line).await;
            self.write("\n").await;
            let answer = self.next().await.unwrap();
            self.is_well().await;
            answer
        }

        async fn is_well(&mut self) {
            let pong = self.ask(json!({"jsonrpc": "2.0", "id": "well?", "method": "ping"})).await;
            assert_eq!(pong, json!({"jsonrpc": "2.0", "id": "well?", "result": {}}));
        }

        /// What comes after the end of input, until the server has ended.
        async fn end(mut self) -> Vec<Value> {
            self.input = None;
            self.rest().await
        }

        async fn rest(mut self) -> Vec<Value> {
            let mut rest = Vec::new();
            while let Some(message) = self.next().await {
                rest.push(message);
            }
            timeout(PATIENCE, self.server).await.unwrap().unwrap().unwrap();
            rest
        }
    }

    fn call(id: impl Into<Value>, tool: &str, number: u64) -> Value {
        json!({
            "jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
            "params": {"name": tool, "arguments": {"number": number}},
        })
    }

    fn initialize(id: u64, version: &str) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
            "protocolVersion": version,
            "capabilities": {"elicitation": {}},
            "clientInfo": {"name": "test", "version": "0"},
        }})
    }

    /// A request of a client that does no handshake.
    fn modern(mut request: Value) -> Value {
        request["params"]["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        request
    }

    fn text(answer: &Value) -> &str {
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
    }

    fn assert_refused(answer: &Value, id: impl Into<Option<Value>>, code: i64, reason: &str) {
        assert_eq!(answer.get("id").cloned(), id.into(), "{answer}");
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["error"]["code"], code, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message:?} lacks {reason:?}");
    }

    #[tokio::test]
    async fn a_legacy_client_is_served() {
        let mut client = Client::new();
        let answer = client.ask(initialize(1, "2025-06-18")).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
        assert_eq!(answer["result"]["serverInfo"]["name"], "desk");
        client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        assert_eq!(text(&client.ask(call(2, "echo", 7)).await), "7");
        assert_eq!(text(&client.ask(call("three", "version", 0)).await), "2025-06-18");
        assert_eq!(client.end().await, [] as [Value; 0]);
    }

    #[tokio::test]
    async fn a_modern_client_needs_no_handshake() {
        let mut client = Client::new();
        let answer = client.ask(modern(call(1, "version", 0))).await;
        assert_eq!(text(&answer), "2026-07-28");
        assert_eq!(answer["result"]["resultType"], "complete");
        assert_eq!(client.end().await, [] as [Value; 0]);
    }

    #[tokio::test]
    async fn a_client_may_discover_and_then_initialize() {
        let mut client = Client::new();
        let discover = modern(json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}));
        let answer = client.ask(discover).await;
        let versions = answer["result"]["supportedVersions"].as_array().unwrap();
        assert!(versions.contains(&json!("2026-07-28")), "{answer}");
        let answer = client.ask(initialize(2, "2025-11-25")).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
        assert_eq!(text(&client.ask(call(3, "version", 0)).await), "2025-11-25");
    }

    #[tokio::test]
    async fn what_follows_initialize_at_once_sees_its_outcome() {
        for _ in 0..5 {
            let mut client = Client::new();
            let lines = [initialize(1, "2025-06-18"), call(2, "version", 0)];
            client.write(lines.map(|line| format!("{line}\n")).concat()).await;
            assert_eq!(client.next().await.unwrap()["id"], 1);
            assert_eq!(text(&client.next().await.unwrap()), "2025-06-18");
        }
    }

    #[tokio::test]
    async fn the_first_message_may_be_a_ping_a_notification_or_a_call() {
        Client::new().is_well().await;
        let mut client = Client::new();
        client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        client.is_well().await;
        assert_eq!(text(&Client::new().ask(call(1, "version", 0)).await), "none");
    }

    #[tokio::test]
    async fn lines_may_end_and_begin_in_odd_ways() {
        let mut client = Client::new();
        client.write("\n\r\n   \n\u{feff}\n").await;
        client.write("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n").await;
        assert_eq!(client.next().await.unwrap()["id"], 1);
        client.is_well().await;
    }

    #[tokio::test]
    async fn a_line_that_is_not_json_is_a_parse_error() {
        let mut client = Client::new();
        assert_refused(&client.survives("hello").await, None, -32700, "not JSON");
        assert_refused(&client.survives(r#"{"jsonrpc":"2.0","#).await, None, -32700, "not JSON");
        let deep = "[".repeat(100_000);
        assert_refused(&client.survives(deep).await, None, -32700, "recursion");
        let answer = client.survives(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xFF\"}").await;
        assert_refused(&answer, None, -32700, "not UTF-8");
    }

    #[tokio::test]
    async fn json_that_is_no_message_is_an_invalid_request() {
        let mut client = Client::new();
        for (line, id, reason) in [
            ("1", None, "JSON object"),
            ("null", None, "JSON object"),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, None, "batches are not supported"),
            ("{}", None, "jsonrpc"),
            (r#"{"id":1,"method":"ping"}"#, Some(json!(1)), "jsonrpc"),
            (r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, Some(json!("a")), "jsonrpc"),
            (r#"{"jsonrpc":"2.0"}"#, None, "a request, a notification or a response"),
            (r#"{"jsonrpc":"2.0","id":5}"#, Some(json!(5)), "a request, a notification"),
            (r#"{"jsonrpc":"2.0","id":5,"method":7}"#, Some(json!(5)), "a request, a notification"),
            (r#"{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}"#, None, "a request"),
            (r#"{"jsonrpc":"2.0","result":{}}"#, None, "a request"),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None, "string or an integer"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None, "string or an integer"),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, None, "string or an integer"),
        ] {
            assert_refused(&client.survives(line).await, id, -32600, reason);
        }
    }

    #[test]
    fn numbers_of_a_call_are_exact() {
        let numbers = r#"{"a":[12345678901234567890123456789012345678,-0.1000000000000000000000000000000000001,1.50,18446744073709551616]}"#;
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{numbers}}}}}"#
        );
        let Some(Incoming::Message(message)) = parse(line.as_bytes()) else { panic!("no message") };
        let written = serde_json::to_value(&*message).unwrap();
        assert_eq!(written["params"]["arguments"].to_string(), numbers);
    }

    #[tokio::test]
    async fn params_that_do_not_fit_are_named() {
        let mut client = Client::new();
        for (method, params, reason) in [
            ("tools/call", json!({}), "missing field `name`"),
            ("tools/call", json!({"name": 5}), "invalid type: integer `5`"),
            ("tools/call", json!({"name": "echo", "arguments": [1]}), "invalid type: sequence"),
            ("tools/call", json!({"name": "echo", "_meta": 1}), "invalid type: number"),
            ("tools/call", json!(["echo"]), "params is an object"),
            ("tools/call", Value::Null, "missing field `params`"),
            ("tools/list", json!({"cursor": 5}), "invalid type: number"),
            ("resources/read", json!({}), "missing field `uri`"),
            ("initialize", json!({}), "missing field"),
            ("no/such", json!("text"), "params is an object"),
        ] {
            let line = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            let answer = client.survives(line.to_string()).await;
            assert_refused(&answer, json!(1), -32602, reason);
        }
        let answer = client.survives(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#).await;
        assert_refused(&answer, json!(1), -32602, "the params do not fit tools/call");
    }

    #[tokio::test]
    async fn optional_params_may_be_absent_null_or_empty() {
        let mut client = Client::new();
        for params in ["", r#","params":null"#, r#","params":{}"#, r#","params":{"cursor":null}"#] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"{params}}}"#);
            assert_eq!(client.survives(line).await["result"]["tools"], json!([]));
        }
    }

    #[tokio::test]
    async fn an_unknown_method_is_not_found_and_an_unknown_notification_is_ignored() {
        let mut client = Client::new();
        let answer = client.survives(r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#).await;
        assert_refused(&answer, json!(1), -32601, "no/such");
        for notification in [
            json!({"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": "off"}}),
            json!({"jsonrpc": "2.0", "method": "notifications/no/such"}),
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}),
            json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": 5}),
        ] {
            client.send(notification).await;
        }
        client.is_well().await;
    }

    #[tokio::test]
    async fn an_id_in_flight_is_refused_and_then_free_again() {
        let mut client = Client::new();
        client.send(call(1, "sleep", 500)).await;
        let answer = client.ask(call(1, "echo", 0)).await;
        assert_refused(&answer, json!(1), -32600, "id 1 is already in use by a request in flight");
        // The string "1" is another id.
        assert_eq!(client.ask(call("1", "echo", 3)).await["id"], json!("1"));
        assert_eq!(text(&client.next().await.unwrap()), "slept");
        assert_eq!(text(&client.ask(call(1, "echo", 4)).await), "4");
    }

    #[tokio::test]
    async fn a_cancelled_call_is_not_answered_and_frees_its_id() {
        let mut client = Client::new();
        client.send(call(1, "wait", 0)).await;
        client.is_well().await;
        client
            .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}))
            .await;
        timeout(PATIENCE, client.desk.cancelled.cancelled()).await.unwrap();
        client.is_well().await;
        assert_eq!(text(&client.ask(call(1, "echo", 5)).await), "5");
        assert_eq!(client.end().await, [] as [Value; 0]);
    }

    #[tokio::test]
    async fn a_response_reaches_the_call_that_asked() {
        let mut client = Client::new();
        client.ask(initialize(1, "2025-06-18")).await;
        let question = client.ask(call(2, "ask", 0)).await;
        assert_eq!(question["method"], "elicitation/create");
        let answer =
            client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})).await;
        assert_eq!((text(&answer), &answer["id"]), ("Accept", &json!(2)));

        let question = client.ask(call(3, "ask", 0)).await;
        let error = json!({"code": -32000, "message": "no user"});
        let answer = client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "error": error})).await;
        assert!(text(&answer).contains("no user"), "{answer}");

        let question = client.ask(call(4, "ask", 0)).await;
        let answer = client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "error": "no"})).await;
        assert!(text(&answer).contains("malformed"), "{answer}");

        // A response to nothing, and an error that names no request.
        client.send(json!({"jsonrpc": "2.0", "id": 99, "result": {}})).await;
        client.send(json!({"jsonrpc": "2.0", "id": null, "error": error})).await;
        client.is_well().await;
    }

    #[tokio::test]
    async fn a_call_that_panics_is_answered() {
        let mut client = Client::new();
        let answer = client.survives(call(1, "panic", 0).to_string()).await;
        assert_refused(&answer, json!(1), -32603, "a bug");
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_refused_with_its_id() {
        let mut client = Client::new();
        let answer = client.survives(call(1, &"x".repeat(20 * 1024 * 1024), 0).to_string()).await;
        assert_refused(&answer, json!(1), -32600, "16777216 bytes");
    }

    #[tokio::test]
    async fn the_id_of_a_line_over_the_limit_is_found_at_either_end() {
        let mut client = Client::with(Limits { max_line_bytes: 100, ..Limits::default() });
        let long = "x".repeat(200_000);
        // The head that is kept ends after "12".
        let half_a_number = format!(r#"{{"x":"{}","id":1234,"y":"{long}"}}"#, "x".repeat(4081));
        for (line, id) in [
            (
                format!(r#"{{"jsonrpc":"2.0","id":"a","method":"m","params":{{"x":"{long}"}}}}"#),
                Some(json!("a")),
            ),
            (format!(r#"{{"method":"m","params":{{"x":"{long}"}},"jsonrpc":"2.0","id":7}}"#), Some(json!(7))),
            (format!(r#"{{"method":"m","params":{{"x":"{long}"}}, "id" : "b" }} "#), Some(json!("b"))),
            (format!(r#"{{"method":"m","params":{{"x":"{long}","id":7}}}}"#), None),
            (format!(r#"{{"method":"m","params":{{"id":7,"x":"{long}"}}}}"#), None),
            (format!(r#"{{"method":"m","params":["{long},\"id\":7}}"]}}"#), None),
            (format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{long}"}}"#), None),
            (format!(r#"{{"result":"{long}","jsonrpc":"2.0","id":7}}"#), None),
            (format!(r#"{{"jsonrpc":"2.0","id":{}"#, "1".repeat(5000)), None),
            (half_a_number, None),
            (long.clone(), None),
        ] {
            assert_refused(&client.survives(line).await, id, -32600, "limit of 100 bytes");
        }
        let longest = format!("{:<100}", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(client.survives(&longest).await["id"], 1);
        assert_refused(&client.survives(longest + " ").await, json!(1), -32600, "limit");
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_a_line() {
        let mut client = Client::new();
        client.write(call(1, "echo", 6).to_string()).await;
        let rest = client.end().await;
        assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["6"]);

        let mut client = Client::new();
        client.write(r#"{"jsonrpc":"2.0","id":1,"meth"#).await;
        let rest = client.end().await;
        assert_eq!(rest.len(), 1);
        assert_refused(&rest[0], None, -32700, "not JSON");
    }

    async fn all_are_answered_after_all_are_written() {
        const CALLS: u64 = 10_000;
        let mut client = Client::new();
        for id in 0..CALLS {
            client.send(call(id, "echo", id)).await;
        }
        let mut answers = client.end().await;
        answers.sort_by_key(|answer| answer["id"].as_u64());
        assert_eq!(answers.len() as u64, CALLS);
        for (id, answer) in answers.iter().enumerate() {
            assert_eq!(text(answer), id.to_string());
        }
    }

    #[tokio::test]
    async fn ten_thousand_calls_are_answered_after_all_are_written() {
        all_are_answered_after_all_are_written().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ten_thousand_calls_are_answered_on_several_threads() {
        all_are_answered_after_all_are_written().await;
    }

    #[tokio::test]
    async fn a_flood_waits_while_too_many_answers_are_unread() {
        let unread = Arc::new(Unread::up_to(1000));
        let (incoming, mut received) = mpsc::channel(1);
        unread.add(1001);
        let line = b"not JSON\n".as_slice();
        let reading = tokio::spawn(read(line, 100, incoming, unread.clone()));
        assert!(timeout(Duration::from_millis(100), received.recv()).await.is_err());
        unread.remove(1);
        assert!(timeout(PATIENCE, received.recv()).await.unwrap().is_some());
        timeout(PATIENCE, reading).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn big_answers_are_whole_lines() {
        let mut client = Client::new();
        for id in 0..8 {
            client.send(call(id, "big", 1_000_000)).await;
        }
        let answers = client.end().await;
        assert_eq!(answers.len(), 8);
        assert!(answers.iter().all(|answer| text(answer).len() == 1_000_000));
    }

    #[tokio::test]
    async fn calls_in_flight_at_the_end_of_input_may_finish() {
        let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
        client.send(call(1, "sleep", 300)).await;
        let (start, rest) = (Instant::now(), client.end().await);
        assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["slept"]);
        assert!(start.elapsed() < PATIENCE / 2);
    }

    #[tokio::test]
    async fn calls_that_do_not_finish_are_cancelled_after_the_drain() {
        let drain = Duration::from_millis(300);
        for tool in ["wait", "deaf"] {
            let mut client = Client::with(Limits { drain, ..Limits::default() });
            client.send(call(1, tool, 0)).await;
            client.send(call(2, "echo", 2)).await;
            let (start, rest) = (Instant::now(), client.end().await);
            let texts: Vec<_> = rest.iter().map(text).collect();
            let expected: &[_] = if tool == "wait" { &["2", "cancelled"] } else { &["2"] };
            assert_eq!(texts, expected);
            assert!(start.elapsed() >= drain);
            assert!(start.elapsed() < PATIENCE / 2);
        }
    }

    #[tokio::test]
    async fn stop_cancels_what_is_in_flight() {
        let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
        client.send(call(1, "wait", 0)).await;
        client.send(call(2, "deaf", 0)).await;
        client.is_well().await;
        let start = Instant::now();
        client.stop.cancel();
        let _held_open = client.input.take();
        let rest = client.rest().await;
        assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["cancelled"]);
        assert!(start.elapsed() < PATIENCE / 2);
    }

    #[tokio::test]
    async fn stop_does_not_wait_for_a_client_that_does_not_read() {
        let mut client = Client::with(Limits { drain: PATIENCE * 10, ..Limits::default() });
        client.send(call(1, "big", 1_000_000)).await;
        sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        client.stop.cancel();
        timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
        assert!(start.elapsed() < PATIENCE / 2);
    }

    #[tokio::test]
    async fn the_end_waits_for_a_slow_reader_but_not_for_one_that_stopped() {
        let limits = Limits { drain: Duration::from_secs(2), ..Limits::default() };
        let mut client = Client::with(limits);
        client.send(call(1, "big", 1_000_000)).await;
        client.input = None;
        let mut output = client.output.into_inner();
        let (mut received, mut buffer) = (0, vec![0; PIPE]);
        while let read @ 1.. = output.read(&mut buffer).await.unwrap() {
            received += read;
            sleep(Duration::from_millis(150)).await;
        }
        assert!(received > 1_000_000);
        timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();

        let mut client = Client::with(limits);
        client.send(call(1, "big", 1_000_000)).await;
        client.input = None;
        timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_closed_output_ends_the_server() {
        let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
        client.send(call(1, "wait", 0)).await;
        let line = format!("{}\n", call(2, "echo", 0));
        drop(client.output);
        client.input.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
        timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
        assert!(client.desk.cancelled.is_cancelled());
    }

    /// A file system that is full.
    struct Full;

    impl AsyncWrite for Full {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::StorageFull.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn an_output_that_fails_is_an_error() {
        let reader = io::Cursor::new(format!("{}\n", call(1, "echo", 0)));
        let stop = CancellationToken::new();
        let served = serve(Desk::default(), reader, Full, Limits::default(), stop);
        let error = timeout(PATIENCE, served).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "cannot write answers");
    }

    #[tokio::test]
    async fn an_empty_input_is_the_end() {
        assert_eq!(Client::new().end().await, [] as [Value; 0]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nothing_tells_a_healthy_process_to_stop() {
        assert!(timeout(Duration::from_millis(1500), told_to_stop()).await.is_err());
    }
}
