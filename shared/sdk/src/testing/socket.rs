//! A server on a real socket that does what servers should not do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does once it has a request.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// Writes these bytes and keeps the connection.
    Write(Vec<u8>),
    /// Waits, and then writes these bytes.
    Late(Duration, Vec<u8>),
    /// Writes an answer's head, and its body byte by byte, each after such a pause.
    Drip(Duration, Vec<u8>),
    /// Writes these bytes and closes the connection.
    Part(Vec<u8>),
    /// Writes these bytes and then nothing more, without closing.
    Stall(Vec<u8>),
    /// Closes the connection in order.
    Close,
    /// Breaks the connection, with a part of the request unread.
    Reset,
}

/// The server and what it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server that does for each request, the first of which has number 0, what `then` says.
    pub(crate) async fn start(then: impl Fn(usize) -> Then + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server =
            Server { url: format!("http://{}", listener.local_addr().unwrap()), seen: Arc::default() };
        let (seen, then) = (server.seen.clone(), Arc::new(then));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, seen.clone(), then.clone()));
            }
        });
        server
    }

    /// A server that does the same for every request.
    pub(crate) async fn always(then: Then) -> Server {
        Server::start(move |_| then.clone()).await
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<String>>>,
    then: Arc<impl Fn(usize) -> Then + Send + Sync + 'static>,
) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head
            .split_once("content-length: ")
            .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap_or_default().parse().unwrap_or_default());
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(head);
            seen.len() - 1
        };
        let then = then(number);
        if matches!(then, Then::Reset) {
            // A connection that is closed with bytes unread is reset.
            let _ = stream.read_u8().await;
            return;
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        match then {
            Then::Write(bytes) => stream.write_all(&bytes).await.unwrap(),
            Then::Late(time, bytes) => {
                tokio::time::sleep(time).await;
                let _ = stream.write_all(&bytes).await;
            }
            Then::Drip(pause, bytes) => {
                let body = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
                stream.write_all(&bytes[..body]).await.unwrap();
                for byte in bytes.into_iter().skip(body) {
                    tokio::time::sleep(pause).await;
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
            }
            Then::Part(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                return;
            }
            Then::Stall(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
            Then::Close | Then::Reset => return,
        }
    }
}

/// An answer as it goes over the wire.
pub(crate) fn raw(answer: &http::Response<String>) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {} x\r\n", answer.status().as_u16());
    for (name, value) in answer.headers() {
        out.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    out.push_str(&format!("content-length: {}\r\n\r\n{}", answer.body().len(), answer.body()));
    out.into_bytes()
}
