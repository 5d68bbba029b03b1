//! A line for each request: what was asked, by whom, and how it went. Never a payload.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// What is learned of a request on its way.
#[derive(Clone, Default)]
pub(super) struct RequestFacts(Arc<Mutex<Facts>>);

#[derive(Default)]
struct Facts {
    method: Option<String>,
    tool: Option<String>,
    principal: Option<String>,
}

impl RequestFacts {
    /// Notes what a message asks for.
    pub(super) fn asks(&self, method: &str, tool: Option<&str>) {
        let mut learned = self.learned();
        learned.method = Some(method.to_owned());
        learned.tool = tool.map(str::to_owned);
    }

    /// Notes who asks.
    pub(super) fn by(&self, principal: &str) {
        self.learned().principal = Some(principal.to_owned());
    }

    fn learned(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs a request when the last byte of its answer is gone, or nobody wants it any more.
pub(super) async fn log(mut request: Request, next: Next) -> Response {
    let seen = RequestFacts::default();
    request.extensions_mut().insert(seen.clone());
    let mut line = Line { seen, http: request.method().to_string(), status: None, began: Instant::now() };
    let response = next.run(request).await;
    line.status = Some(response.status().as_u16());
    response.map(|body| Body::new(BodyHolding::new(body, line)))
}

/// Writes itself when it is dropped: then the request is over, however it ended.
struct Line {
    seen: RequestFacts,
    http: String,
    status: Option<u16>,
    began: Instant,
}

impl Drop for Line {
    fn drop(&mut self) {
        let learned = self.seen.learned();
        let milliseconds = self.began.elapsed().as_millis();
        // 499 is what proxies write where the client went away before there was an answer.
        let status = self.status.unwrap_or(499);
        tracing::info!(
            http = self.http,
            method = learned.method,
            tool = learned.tool,
            principal = learned.principal,
            status,
            ms = u64::try_from(milliseconds).unwrap_or(u64::MAX),
            "request"
        );
    }
}

/// A body that holds something until it ends.
pub(super) struct BodyHolding<T> {
    body: Body,
    held: Option<T>,
}

impl<T> BodyHolding<T> {
    pub(super) fn new(body: Body, held: T) -> Self {
        BodyHolding { body, held: Some(held) }
    }
}

impl<T: Unpin> http_body::Body for BodyHolding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.held = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
