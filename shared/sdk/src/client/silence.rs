//! The end of an exchange in which nothing moves.
//!
//! The SDK's own read timeout runs from the start of a request to the head of its answer, so it also ends an upload that
//! is merely long, and says nothing about an answer that stops in the middle. Here the setting means silence: the time
//! in which no byte goes out or comes in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// Nothing moved for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    /// How long nothing moved.
    limit: Duration,
    /// Whether the answer had begun.
    within_answer: bool,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.limit.as_secs_f64();
        match self.within_answer {
            false => write!(
                f,
                "AWS did not answer in time: nothing came for {seconds} s after the request was sent"
            ),
            true => write!(f, "AWS's answer stopped in the middle: nothing came for {seconds} s"),
        }
    }
}

impl std::error::Error for Silence {}

/// A connector whose exchanges end when nothing moves for `limit`.
#[derive(Debug)]
pub(super) struct Attentive {
    pub(super) inner: SharedHttpConnector,
    pub(super) limit: Duration,
}

impl HttpConnector for Attentive {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let (pulse, length) = (Pulse::default(), request.body().content_length());
        // The machine takes a few megabytes of an upload at once, and shows nothing until a slow line has carried them.
        let limit = if length.is_none_or(|length| length > SHORT) { self.limit * 3 } else { self.limit };
        // What fits into the connection's buffers goes out at once; only longer bodies have moments to watch.
        if length.is_none_or(|length| length > PIECE as u64) {
            let body = std::mem::replace(request.body_mut(), SdkBody::taken());
            let watched = Outgoing { body, left: Bytes::new(), pulse: pulse.clone() };
            *request.body_mut() = SdkBody::from_body_1_x(watched);
        }
        let (silence, mut answer) = (self.limit, Box::pin(self.inner.call(request)));
        HttpConnectorFuture::new(async move {
            loop {
                let ends = pulse.last() + limit;
                tokio::select! {
                    answer = &mut answer => return answer.map(|answer| watched(answer, silence)),
                    () = tokio::time::sleep_until(ends) => {}
                }
                if Instant::now() >= pulse.last() + limit {
                    return Err(ConnectorError::timeout(Silence { limit, within_answer: false }.into()));
                }
            }
        })
    }
}

fn watched(mut answer: HttpResponse, limit: Duration) -> HttpResponse {
    // A body that is in memory is a stand-in's, and cannot pause.
    if answer.body().bytes().is_none() {
        let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
        *answer.body_mut() = SdkBody::from_body_1_x(Incoming { body, limit, ends: None });
    }
    answer
}

/// When something last moved.
#[derive(Clone, Debug)]
struct Pulse(Arc<Mutex<Instant>>);

impl Default for Pulse {
    fn default() -> Self {
        Pulse(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Pulse {
    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// The most of a body that is handed to the connection at a time: what is handed over whole shows no progress.
const PIECE: usize = 64 << 10;

/// The most bytes of a request that go out in no time on any line.
pub(crate) const SHORT: u64 = 1 << 20;

/// A request's body, in pieces that show how far it has gone.
struct Outgoing {
    body: SdkBody,
    left: Bytes,
    pulse: Pulse,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.pulse.beat();
        if self.left.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            match frame.into_data() {
                Ok(data) => self.left = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let most = self.left.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(most)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (left, rest) = (self.left.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(left + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(left + upper);
        }
        hint
    }
}

/// An answer's body. Time counts only while its reader waits for it.
struct Incoming {
    body: SdkBody,
    limit: Duration,
    ends: Option<Pin<Box<Sleep>>>,
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.ends = None;
            return Poll::Ready(frame);
        }
        let limit = self.limit;
        let ends = self.ends.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(ends.as_mut().poll(cx));
        Poll::Ready(Some(Err(Silence { limit, within_answer: true }.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::byte_stream::ByteStream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(600);

    fn connector() -> Attentive {
        let inner = crate::client::connector(&None, None, None);
        Attentive { inner: SharedHttpConnector::new(inner), limit: LIMIT }
    }

    /// A server that reads the first half of a body with pauses and the rest at once.
    async fn slow(size: usize) -> String {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut read, mut buffer) = (0, vec![0; 256 << 10]);
            while read < size {
                let pause = if read < size / 2 { LIMIT / 15 } else { Duration::ZERO };
                tokio::time::sleep(pause).await;
                read += stream.read(&mut buffer).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        });
        url
    }

    fn put(url: &str, body: SdkBody) -> HttpRequest {
        let mut request = HttpRequest::new(body);
        request.set_method("PUT").unwrap();
        request.set_uri(url).unwrap();
        request
    }

    #[tokio::test]
    async fn an_upload_may_take_longer_than_the_silence_that_ends_it() {
        let size = 16 << 20;
        let url = slow(size).await;
        let begun = Instant::now();
        let answer = connector().call(put(&url, SdkBody::from(vec![1; size]))).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert!(begun.elapsed() > LIMIT * 3, "the test is too fast to show anything: {:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_upload_that_nobody_reads_ends() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let error = connector().call(put(&url, SdkBody::from(vec![1; 64 << 20]))).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
    }

    #[tokio::test]
    async fn a_long_body_arrives_as_it_was() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let body: Vec<u8> = (0..1_000_003_u32).map(|at| (at % 251) as u8).collect();
        let length = body.len();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            (String::from_utf8(head).unwrap().to_lowercase(), body)
        });
        connector().call(put(&url, SdkBody::from(body.clone()))).await.unwrap();
        let (head, arrived) = server.await.unwrap();
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        assert!(arrived == body, "the body was changed");
    }

    #[tokio::test]
    async fn a_reader_that_takes_its_time_is_not_cut_off() {
        let (mut sender, body) = tokio::io::duplex(64);
        let stream = futures::stream::unfold(body, |mut body| async move {
            let mut buffer = vec![0; 8];
            let read = body.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            buffer.truncate(read);
            Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from(buffer))), body))
        });
        let body = SdkBody::from_body_1_x(http_body_util::StreamBody::new(stream));
        let answer = HttpResponse::new(200.try_into().unwrap(), body);
        let mut body = ByteStream::new(watched(answer, LIMIT).into_body());
        sender.write_all(b"one").await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), "one");
        sender.write_all(b"two").await.unwrap();
        tokio::time::sleep(LIMIT * 2).await;
        assert_eq!(body.next().await.unwrap().unwrap(), "two");
        let begun = Instant::now();
        body.next().await.unwrap().unwrap_err();
        assert!(begun.elapsed() >= LIMIT, "{:?}", begun.elapsed());
    }
}
