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

mod bytes;
mod message;
pub(crate) mod salvage;
mod service;

use std::{
    collections::{HashMap, hash_map::Entry},
    io,
    sync::Arc,
    time::Duration,
};

use ::bytes::Bytes;
use anyhow::Context as _;
use bytes::Unread;
use message::Incoming;
use rmcp::{
    ErrorData, RoleServer, Service,
    model::{ClientNotification, ClientRequest, JsonRpcError, JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage, serve_directly_with_ct},
    transport::{Transport, stdio_pipes},
};
use service::{Answering, Opened};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
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
    let reading = tokio::spawn(bytes::read(reader, limits.max_line_bytes, incoming, unread.clone()));
    let mut writing = tokio::spawn(bytes::write(writer, unwritten, unread.clone()));

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
                Some(Incoming::Refused(mut error)) => {
                    // The client awaits the answer of the request that has this id already.
                    error.id.take_if(|id| self.in_flight.contains_key(id));
                    self.refuse(error);
                }
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

#[cfg(test)]
mod tests;
