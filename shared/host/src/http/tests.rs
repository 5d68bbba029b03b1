//! The server on a real socket, as clients of several addresses and callers meet it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, TcpStream},
    thread,
};

use awsmcp_mcp::Stamped;
use rmcp::{ServerHandler, model::ServerConfig};
use tokio::net::TcpSocket;

use super::*;
use crate::auth::{Scopes, Tokens, mint};

#[derive(Clone)]
struct Desk;

impl ServerHandler for Desk {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::default()
    }
}

/// A server in a runtime of its own, until it is dropped.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    ended: Option<thread::JoinHandle<()>>,
}

const LIMITS: Limits = Limits {
    body: 1024 * 1024,
    connections: 2000,
    requests: 256,
    rate: None,
    idle: Duration::from_secs(60),
    slowest: Duration::from_secs(30),
    drain: Duration::from_millis(100),
};

impl Running {
    /// Whoever bears one of the tokens may call; if there are none, whoever comes.
    fn with(limits: Limits, tokens: &[String]) -> Running {
        let auth = Auth::new(Tokens::read(None, tokens).unwrap(), None, None, None, Scopes::default());
        let names = Names { any_host: false, hosts: Vec::new(), origins: Vec::new(), public: None };
        let web = Web { names, tls: None, limits, sessions: None, auth };
        let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = (Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()).into();
        let stop = CancellationToken::new();
        let told = stop.clone();
        let ended = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async move {
                let served = Served {
                    service: Stamped::new(Desk),
                    program: "desk".to_owned(),
                    risks: Vec::new().into(),
                };
                let calls = CancellationToken::new();
                let router = router(served, web, told.clone(), calls.clone());
                let listener = TcpListener::from_std(listener).unwrap();
                connections::serve(listener, router, None, limits, told, calls).await.unwrap();
            });
        });
        Running { address, stop, ended: Some(ended) }
    }

    fn connect(&self) -> TcpStream {
        patient(TcpStream::connect(self.address).unwrap())
    }

    /// Connects from another address than every other client of these tests.
    fn connect_from(&self, last: u8) -> TcpStream {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0).into()).unwrap();
            socket.connect(self.address).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        patient(stream)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.ended.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_some_and(|ended| ended.is_ok()));
    }
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// The head of a POST, for a body of this many bytes.
fn head(token: &str, length: usize) -> String {
    let authorization =
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\n{authorization}content-type: application/json\r\naccept: \
         application/json, text/event-stream\r\ncontent-length: {length}\r\n\r\n"
    )
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// The status of a ping, sent whole.
fn ping(mut stream: TcpStream, token: &str) -> Option<u16> {
    stream.write_all((head(token, PING.len()) + PING).as_bytes()).ok()?;
    status(&stream)
}

fn healthz(mut stream: TcpStream) -> Option<u16> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").ok()?;
    status(&stream)
}

/// The status of the next answer on a connection; none where the server closes it.
fn status(stream: &TcpStream) -> Option<u16> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}

fn callers<const N: usize>(names: [&str; N]) -> ([String; N], Vec<String>) {
    let minted = names.map(|name| mint(name, &[]).unwrap());
    (minted.clone().map(|(token, _)| token), minted.map(|(_, line)| line).to_vec())
}

#[test]
fn idle_connections_of_one_address_stop_nobody() {
    let server = Running::with(Limits { connections: 100, ..LIMITS }, &[]);
    // Some say nothing at all, some half a head.
    let idle: Vec<TcpStream> = (0..250)
        .map(|count| {
            let mut stream = server.connect();
            if count % 2 == 0 {
                let _ = stream.write_all(b"GET /healthz HT");
            }
            stream
        })
        .collect();
    assert_eq!(healthz(server.connect()), Some(200));
    assert_eq!(ping(server.connect(), ""), Some(200));
    #[cfg(target_os = "linux")]
    for last in 2..20 {
        assert_eq!(healthz(server.connect_from(last)), Some(200));
        assert_eq!(ping(server.connect_from(last), ""), Some(200));
    }
    drop(idle);
}

#[test]
fn a_connection_in_use_does_not_give_way_to_idle_ones() {
    let server = Running::with(Limits { connections: 20, ..LIMITS }, &[]);
    let mut busy = server.connect();
    let (start, end) = PING.split_at(10);
    busy.write_all((head("", PING.len()) + start).as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    let _idle: Vec<TcpStream> = (0..60).map(|_| server.connect()).collect();
    assert_eq!(healthz(server.connect()), Some(200));
    busy.write_all(end.as_bytes()).unwrap();
    assert_eq!(status(&busy), Some(200));
}

#[test]
fn unfinished_bodies_of_one_caller_stop_nobody() {
    let ([alice, bob], lines) = callers(["alice", "bob"]);
    let server = Running::with(Limits { requests: 64, ..LIMITS }, &lines);
    let mut unfinished: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all((head(&alice, PING.len()) + "{").as_bytes()).unwrap();
            stream
        })
        .collect();
    thread::sleep(Duration::from_millis(600));
    assert_eq!(ping(server.connect(), &bob), Some(200));
    assert_eq!(healthz(server.connect()), Some(200));
    // What alice sends whole is taken, too.
    assert_eq!(ping(server.connect(), &alice), Some(200));
    // A slow body of another caller has its place, while alice's are more than her share.
    let mut slow = server.connect();
    let (start, end) = PING.split_at(10);
    slow.write_all((head(&bob, PING.len()) + start).as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(600));
    slow.write_all(end.as_bytes()).unwrap();
    assert_eq!(status(&slow), Some(200));
    let refused = unfinished.iter_mut().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        status(stream) == Some(429)
    });
    assert_eq!(refused.count(), 100 - 64 / 8);
}

#[test]
fn a_client_that_sends_too_much_reads_why_it_was_refused() {
    let ([alice], lines) = callers(["alice"]);
    let server = Running::with(LIMITS, &lines);
    let body = vec![b' '; 12 * 1024 * 1024];
    for (token, expected) in [(&*alice, 413), ("awsmcp_wrong", 401)] {
        // As common clients do: first all of the request, then the answer.
        let mut stream = server.connect();
        stream.write_all(head(token, body.len()).as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
        assert_eq!(status(&stream), Some(expected));
        // Without a length announced.
        let mut stream = server.connect();
        let chunked = head(token, 0).replace("content-length: 0", "transfer-encoding: chunked");
        stream.write_all(chunked.as_bytes()).unwrap();
        for chunk in body.chunks(1024 * 1024) {
            stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
            stream.write_all(chunk).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        assert_eq!(status(&stream), Some(expected));
    }
    // One that asks first is answered and sends nothing.
    let mut stream = server.connect();
    let asking = head(&alice, body.len()).replace("content-type", "expect: 100-continue\r\ncontent-type");
    stream.write_all(asking.as_bytes()).unwrap();
    assert_eq!(status(&stream), Some(413));
}

#[test]
fn a_request_that_names_two_hosts_is_not_served() {
    let server = Running::with(LIMITS, &[]);
    let answered = |line: &str, hosts: &[&str]| {
        let mut stream = server.connect();
        let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
        let length = PING.len();
        let request = format!(
            "{line} HTTP/1.1\r\n{hosts}content-type: application/json\r\naccept: application/json, \
             text/event-stream\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{PING}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // A reset is an end too.
        let _ = stream.read_to_string(&mut answer);
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    for (line, hosts, expected) in [
        ("POST /mcp", &["localhost"][..], "200"),
        ("POST http://localhost/mcp", &["localhost"], "200"),
        ("POST /mcp", &["localhost", "localhost"], "400"),
        ("POST /mcp", &["localhost", "evil.example"], "400"),
        ("POST /mcp", &["evil.example", "localhost"], "400"),
        ("POST /mcp", &[], "400"),
        ("POST http://evil.example/mcp", &["localhost"], "400"),
        ("POST http://localhost/mcp", &["evil.example"], "400"),
        ("GET /healthz", &["localhost", "localhost"], "400"),
        ("POST /mcp", &["evil.example"], "403"),
        ("POST http://evil.example/mcp", &["evil.example"], "403"),
    ] {
        assert_eq!(answered(line, hosts), expected, "{line} {hosts:?}");
    }
}

#[test]
fn a_request_that_cannot_be_read_is_answered_under_its_id() {
    let running = Running::with(LIMITS, &[]);
    let answered = |body: &str| {
        let mut stream = running.connect();
        let closing = head("", body.len()).replace("content-type", "connection: close\r\ncontent-type");
        stream.write_all((closing + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for (body, sign) in [
        (r#"{"jsonrpc":"2.0","id":77,"method":"ping","params":{"x":"\ud800"}}"#, r#""id":77"#),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "the id of a request is a string or an integer"),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "the id of a request is a string or an integer"),
    ] {
        let answer = answered(body);
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(sign), "{body}: {answer}");
    }
}
