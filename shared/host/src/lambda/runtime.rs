//! Lambda's Runtime API: one invocation after the other, over one connection.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Its four requests are made here and not by the loop
//! of `lambda_runtime`, which ends the process where a client context holds anything but texts, as AgentCore Gateway's
//! does when it passes headers on; writes into the body of a stream what broke it; and sets variables of the environment
//! while other threads may read them.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result, anyhow, bail};
use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// The part of every path that says the API's version.
const BASE: &str = "/2018-06-01/runtime";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
/// Guards an answer against an invocation that is over: it goes back with the answer.
const INVOCATION: &str = "lambda-runtime-invocation-id";

/// The Runtime API, and the connection to it.
pub(super) struct RuntimeApi {
    address: String,
    connection: Option<SendRequest<Body>>,
}

/// What one invocation asks.
#[derive(Debug)]
pub(super) struct Invocation {
    id: String,
    guard: Option<HeaderValue>,
    /// When Lambda ends it.
    pub(super) deadline: Option<SystemTime>,
    /// What the caller of Lambda's own API said besides the event; null if nothing.
    pub(super) context: Value,
    /// The event, as it came.
    pub(super) event: Bytes,
}

/// How an invocation is answered.
pub(super) enum Outcome {
    /// With this JSON.
    Whole(String),
    /// With an HTTP answer as it comes: its head, as the front door of the function reads it, and its body.
    Streamed(Value, BoxStream<'static, Result<Bytes, axum::Error>>),
    /// With an error, which the caller of Lambda's API is shown.
    Failed(String),
}

impl RuntimeApi {
    /// The API at `address`, host and port.
    pub(super) fn at(address: String) -> Self {
        RuntimeApi { address, connection: None }
    }

    /// Waits for the next invocation. From this request until its answer, Lambda may freeze the process.
    ///
    /// # Errors
    /// When the API is gone, or says what it must not: then the process has no more to do.
    pub(super) async fn next(&mut self) -> Result<Invocation> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = format!("{BASE}/invocation/next").parse()?;
        let (parts, event) = self.send(request).await?.into_parts();
        if parts.status != StatusCode::OK {
            bail!("the Runtime API has no next invocation: {} {}", parts.status, said(&event));
        }
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Ok(Invocation {
            id: text("lambda-runtime-aws-request-id")
                .context("the Runtime API gave an invocation without an id")?
                .to_owned(),
            guard: parts.headers.get(INVOCATION).cloned(),
            deadline: text("lambda-runtime-deadline-ms")
                .and_then(|at| at.parse().ok())
                .and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at))),
            context: parts
                .headers
                .get("lambda-runtime-client-context")
                .and_then(|value| serde_json::from_slice(value.as_bytes()).ok())
                .unwrap_or_default(),
            event,
        })
    }

    /// Answers an invocation, to its last byte.
    ///
    /// # Errors
    /// When the API is gone.
    pub(super) async fn answer(&mut self, invocation: &Invocation, outcome: Outcome) -> Result<()> {
        let mut headers = HeaderMap::new();
        if let Some(guard) = &invocation.guard {
            headers.insert(INVOCATION, guard.clone());
        }
        let (path, body) = match outcome {
            Outcome::Whole(answer) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                ("response", Body::from(answer))
            }
            Outcome::Streamed(head, chunks) => {
                let integration = "application/vnd.awslambda.http-integration-response";
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(integration));
                headers
                    .insert("lambda-runtime-function-response-mode", HeaderValue::from_static("streaming"));
                headers.append("trailer", HeaderValue::from_static(ERROR_TYPE));
                headers.append("trailer", HeaderValue::from_static(ERROR_BODY));
                ("response", streamed(&head, chunks)?)
            }
            Outcome::Failed(message) => {
                headers.insert(ERROR_TYPE, HeaderValue::from_static("Runtime.BadEvent"));
                ("error", Body::from(error("Runtime.BadEvent", &message).to_string()))
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{BASE}/invocation/{}/{path}", invocation.id).parse()?;
        *request.headers_mut() = headers;
        let answered = self.send(request).await?;
        match answered.status() {
            // The container is in a state that cannot be mended.
            status if status.is_server_error() => {
                bail!("the Runtime API did not take an answer: {status} {}", said(answered.body()))
            }
            status if !status.is_success() => {
                tracing::warn!(%status, said = said(answered.body()), "the Runtime API refused an answer");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Sends a request and reads the whole answer, over the connection that there is as long as it lives.
    async fn send(&mut self, mut request: Request<Body>) -> Result<Response<Bytes>> {
        request.headers_mut().insert(http::header::HOST, HeaderValue::from_str(&self.address)?);
        let mut connection = match self.connection.take() {
            Some(mut kept) => match kept.ready().await {
                Ok(()) => kept,
                Err(_) => self.connect().await?,
            },
            None => self.connect().await?,
        };
        let answer = connection.send_request(request).await.context("the Runtime API hung up")?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.context("the Runtime API hung up")?.to_bytes();
        self.connection = Some(connection);
        Ok(Response::from_parts(parts, body))
    }

    async fn connect(&self) -> Result<SendRequest<Body>> {
        let stream = TcpStream::connect(&self.address)
            .await
            .with_context(|| format!("no Runtime API at {}", self.address))?;
        stream.set_nodelay(true)?;
        let (connection, wire) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(wire);
        Ok(connection)
    }
}

/// Tells Lambda why the function cannot start, so that whoever invokes it reads that and not an exit code. Without an
/// API that listens, nothing happens.
pub(super) fn init_failed(address: &str, message: &str) {
    let tell = || -> Result<()> {
        let to = std::net::ToSocketAddrs::to_socket_addrs(address)?.next().ok_or(anyhow!("no address"))?;
        let mut stream = std::net::TcpStream::connect_timeout(&to, Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let body = error("Runtime.InitError", message).to_string();
        write!(
            stream,
            "POST {BASE}/init/error HTTP/1.1\r\nhost: {address}\r\n{ERROR_TYPE}: Runtime.InitError\r\ncontent-type: \
             application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    };
    if let Err(error) = tell() {
        tracing::warn!(%error, "Lambda could not be told why the function does not start");
    }
}

fn error(kind: &str, message: &str) -> Value {
    json!({"errorType": kind, "errorMessage": message, "stackTrace": []})
}

/// A streamed answer on the wire: the head, eight zero bytes, the body; and if that breaks, why, in trailers.
fn streamed(head: &Value, chunks: BoxStream<'static, Result<Bytes, axum::Error>>) -> Result<Body> {
    let mut first = serde_json::to_vec(head)?;
    first.extend([0; 8]);
    let frames = stream::once(async { Ok(Frame::data(Bytes::from(first))) }).chain(
        chunks.map(|chunk| chunk.map_or_else(|broken| broken_off(&broken), |data| Ok(Frame::data(data)))),
    );
    Ok(Body::new(StreamBody::new(frames)))
}

fn broken_off(why: &axum::Error) -> Result<Frame<Bytes>> {
    let kind = "Runtime.StreamError";
    let mut trailers = HeaderMap::new();
    trailers.insert(ERROR_TYPE, HeaderValue::from_static(kind));
    let body = BASE64_STANDARD.encode(error(kind, &why.to_string()).to_string());
    trailers.insert(ERROR_BODY, HeaderValue::from_str(&body)?);
    Ok(Frame::trailers(trailers))
}

fn said(body: &Bytes) -> String {
    String::from_utf8_lossy(body.get(..body.len().min(500)).unwrap_or_default()).into_owned()
}
