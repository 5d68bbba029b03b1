//! Streamable HTTP as clients, browsers and strangers meet it.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use awsmcp_testing::{Answer, LocalAws, Server, WebServer, binary, outcome, tool};
use awsmcp_tests::{Response, Stub, run, serve, start, token};
use serde_json::{Value, json};

/// A stub of S3 with one bucket.
fn stub() -> Stub {
    Stub::start(|_| Response::buckets(&["a-bucket"], None))
}

fn late(after: Duration) -> Stub {
    Stub::start(move |_| Response::Late(after, Box::new(Response::buckets(&["a-bucket"], None))))
}

const JSON: [(&str, &str); 2] =
    [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];

/// A call as a client of 2026-07-28 makes it.
fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": Server::MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The bytes of a call of `list_buckets`.
fn wire(address: &str) -> String {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_buckets", "arguments": {}}});
    let body = body.to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status of the next answer on a connection; none where the server closes it.
fn status(stream: &TcpStream) -> Option<u16> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}

#[test]
fn both_eras_get_the_same_tools_as_over_stdio() {
    let stub = stub();
    let mut over_stdio = start(stub.env(), &[]);
    over_stdio.initialize();
    let expected = over_stdio.tools();
    let web = serve(&stub, &[]);

    let legacy = web.request(&[], "tools/list", json!({})).unwrap();
    assert_eq!(legacy["tools"], json!(expected));
    let hello = json!({"protocolVersion": Server::LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let greeting = web.request(&[], "initialize", hello).unwrap();
    assert_eq!(
        (&greeting["protocolVersion"], &greeting["serverInfo"]["name"]),
        (&json!(Server::LEGACY), &json!("awsmcp-s3"))
    );

    let headers = [("mcp-protocol-version", Server::MODERN), ("mcp-method", "tools/list")];
    let listed = outcome(&web.post(&headers, &modern("tools/list", json!({})))).unwrap();
    assert_eq!(listed["tools"], json!(expected));
    assert_eq!(listed["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "awsmcp-s3");
    let headers = [("mcp-protocol-version", Server::MODERN), ("mcp-method", "server/discover")];
    let found = outcome(&web.post(&headers, &modern("server/discover", json!({})))).unwrap();
    assert!(found["instructions"].as_str().unwrap().contains("S3"), "{found}");
    let headers = [
        ("mcp-protocol-version", Server::MODERN),
        ("mcp-method", "tools/call"),
        ("mcp-name", "list_buckets"),
    ];
    let called = modern("tools/call", json!({"name": "list_buckets", "arguments": {}}));
    let answer = web.post(&headers, &called);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(Answer::from(outcome(&answer).unwrap()).ok().contains("a-bucket"));
    // A header that says something else than the body is refused.
    let lying =
        [("mcp-protocol-version", Server::MODERN), ("mcp-method", "tools/call"), ("mcp-name", "whoami")];
    assert_eq!(web.post(&lying, &called).status, 400);
    // Nothing is kept between requests, so a session's id from elsewhere harms nothing.
    let foreign = [("mcp-session-id", "of-another-server")];
    assert!(web.call(&foreign, "list_buckets", json!({})).ok().contains("a-bucket"));
}

#[test]
fn a_call_that_reports_progress_is_answered_as_a_stream() {
    let directory = tempfile::tempdir().unwrap();
    let aws = LocalAws::shared();
    aws.create_bucket("progress-over-http");
    aws.put_object("progress-over-http", "k", &[], "contents");
    let args = ["--allow-dir", directory.path().to_str().unwrap(), "--toolsets", "all"];
    let web = WebServer::start(binary("s3"), args, aws.env());
    let params = json!({
        "name": "download_file",
        "arguments": {"bucket": "progress-over-http", "key": "k", "path": directory.path().join("k")},
        "_meta": {"progressToken": "p"},
    });
    let reply = web.post(&[], &json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params}));
    let text = reply.text();
    Answer::from(outcome(&reply).unwrap()).ok();
    assert_eq!(reply.header("content-type"), Some("text/event-stream"), "{text}");
    assert!(text.contains("notifications/progress") && text.contains("\"progressToken\":\"p\""), "{text}");
}

#[test]
fn health_and_readiness_are_told_to_anybody() {
    let (stub, (_, line)) = (stub(), token("alice", ""));
    let web = serve(&stub, &["--tokens", &line]);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(web.send("GET", path, &[], "").status, 200, "{path}");
    }
    assert_eq!(web.send("GET", "/nowhere", &[], "").status, 404);
    assert_eq!(web.send("GET", "/mcp", &[], "").status, 401);
}

#[test]
fn a_public_address_without_authentication_is_not_served() {
    let stub = stub();
    let refused = run(stub.env(), &["--http", "0.0.0.0:0"], "");
    assert_eq!(refused.code, 2);
    for way in ["--token-file", "--oauth-issuer", "--trust-upstream", "127.0.0.1"] {
        assert!(refused.stderr.contains(way), "{}", refused.stderr);
    }
    let taken = serve(&stub, &[]);
    let refused = run(stub.env(), &["--http", taken.address()], "");
    assert!(refused.code == 2 && refused.stderr.contains(taken.address()), "{}", refused.stderr);
}

#[test]
fn a_web_page_that_points_a_name_here_gets_nothing() {
    let stub = stub();
    let web = serve(
        &stub,
        &["--http-allow-host", "mcp.example.com", "--http-allow-origin", "https://app.example.com:443"],
    );
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    for (header, value, expected) in [
        ("host", "evil.example", 403),
        ("host", "evil.example:8080", 403),
        ("host", "127.0.0.1.evil.example", 403),
        ("host", "localhost", 200),
        ("host", "mcp.example.com", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost.evil.example", 403),
        ("origin", "http://localhost:5173", 200),
        ("origin", "http://127.0.0.1:6274", 200),
        ("origin", "https://app.example.com", 200),
        ("origin", "https://app.example.com:444", 403),
    ] {
        let reply = web.post(&[(header, value)], &list);
        assert_eq!(reply.status, expected, "{header}: {value}: {}", reply.text());
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_body_that_is_no_message_is_answered_in_the_protocols_words() {
    let stub = stub();
    let web = serve(&stub, &[]);
    for (body, code) in [
        ("{", -32_700),
        ("", -32_700),
        ("\u{0}", -32_700),
        ("[]", -32_600),
        ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32_600),
        ("7", -32_600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32_600),
    ] {
        let reply = web.send("POST", "/mcp", &JSON, body);
        assert_eq!(
            (reply.status, outcome(&reply).unwrap_err().code),
            (400, code),
            "{body:?}: {}",
            reply.text()
        );
    }
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let (json, both) =
        (("content-type", "application/json"), ("accept", "application/json, text/event-stream"));
    assert_eq!(web.send("POST", "/mcp", &[json, ("accept", "text/html")], &ping).status, 406);
    assert_eq!(web.send("POST", "/mcp", &[("content-type", "text/plain"), both], &ping).status, 415);
    assert!(web.call(&[], "list_buckets", json!({})).ok().contains("a-bucket"));
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let stub = stub();
    let web = serve(&stub, &["--http-max-body", "1000"]);
    let large = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"x": "y".repeat(2000)}});
    let reply = web.post(&[], &large);
    assert!(reply.status == 413 && reply.text().contains("--http-max-body"), "{}", reply.text());
    // Without a length announced, too.
    let mut stream = web.connect();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        web.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(format!("7d0\r\n{}\r\n0\r\n\r\n", " ".repeat(2000)).as_bytes()).unwrap();
    assert_eq!(status(&stream), Some(413));
    // A head that does not end.
    let mut stream = web.connect();
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let line = format!("x-filler: {}\r\n", "x".repeat(8000));
    let sent = (0..20).all(|_| stream.write_all(line.as_bytes()).is_ok());
    let answer = status(&stream);
    assert!(!sent || matches!(answer, Some(431) | None), "{answer:?}");
    assert_eq!(web.send("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn a_caller_that_sends_more_than_its_share_is_told_when_to_come_back() {
    let stub = stub();
    let web = serve(&stub, &["--http-rate", "5"]);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let answers: Vec<_> = (0..8).map(|_| web.post(&[], &list)).collect();
    let statuses: Vec<u16> = answers.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    let wait: u64 = answers[5].header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
}

#[test]
fn requests_beyond_the_bound_are_turned_away_and_the_others_are_answered() {
    let stub = late(Duration::from_secs(2));
    let web = serve(&stub, &["--http-max-requests", "2"]);
    let requests = awsmcp_testing::Web::clone(&web);
    std::thread::scope(|scope| {
        let slow: Vec<_> =
            (0..2).map(|_| scope.spawn(|| requests.call(&[], "list_buckets", json!({})))).collect();
        stub.wait("two requests", |stub| stub.calls().len() == 2);
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
        let refused = web.post(&[], &list);
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
        for call in slow {
            assert!(call.join().unwrap().ok().contains("a-bucket"));
        }
        assert_eq!(web.post(&[], &list).status, 200);
    });
}

#[test]
fn slow_clients_are_cut_off() {
    let stub = stub();
    let web = serve(&stub, &["--http-idle", "1", "--http-slowest", "1"]);
    let began = Instant::now();
    // Says nothing; says half a head; says a head and half a body.
    let mut silent = web.connect();
    let mut half = web.connect();
    half.write_all(b"POST /mcp HTTP/1.1\r\nhost: 127.0").unwrap();
    let mut stalled = web.connect();
    let request = wire(web.address());
    stalled.write_all(&request.as_bytes()[..request.len() - 10]).unwrap();
    assert_eq!(status(&stalled), Some(408));
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{rest:?}");
    rest.clear();
    half.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{rest:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_client_that_does_not_take_its_answer_is_cut_off() {
    // An answer larger than what the system holds for the client.
    let names: Vec<String> = (0..1000).map(|n| format!("bucket-{n:060}")).collect();
    let stub = Stub::start(move |_| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Response::buckets(&names, None)
    });
    let web =
        serve(&stub, &["--http-slowest", "1", "--max-chars", "1000000", "--http-max-connections", "50"]);
    let mut stream = web.connect();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "list_buckets", "arguments": {"limit": 1000, "max_chars": 100_000}}})
    .to_string();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, \
         text/event-stream\r\ncontent-length: {}\r\n\r\n{call}",
        web.address(),
        call.len()
    );
    // Request after request in one connection, and never a byte read.
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let began = Instant::now();
    let mut cut = false;
    while began.elapsed() < Duration::from_secs(20) && !cut {
        cut = match stream.write_all(request.as_bytes()) {
            Ok(()) => false,
            Err(error) => {
                !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
            }
        };
    }
    assert!(cut, "the server still holds the connection");
}

#[test]
fn a_thousand_idle_connections_keep_nobody_from_being_served() {
    let stub = stub();
    let web = serve(&stub, &[]);
    let idle: Vec<TcpStream> = (0..1000).map(|_| web.connect()).collect();
    for _ in 0..20 {
        assert!(web.call(&[], "list_buckets", json!({})).ok().contains("a-bucket"));
    }
    drop(idle);
}

#[test]
fn more_connections_than_may_be_wait_for_their_turn() {
    let stub = stub();
    let web = serve(&stub, &["--http-max-connections", "3", "--http-idle", "1"]);
    let _idle: Vec<TcpStream> = (0..3).map(|_| web.connect()).collect();
    let began = Instant::now();
    assert!(web.call(&[], "list_buckets", json!({})).ok().contains("a-bucket"));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn the_aws_request_stops_when_the_client_vanishes() {
    let stub = Stub::start(|_| Response::Never);
    let web = serve(&stub, &[]);
    for modern_era in [false, true] {
        let before = stub.hung_up();
        let mut stream = web.connect();
        let mut request = wire(web.address());
        if modern_era {
            let body = modern("tools/call", json!({"name": "list_buckets", "arguments": {}})).to_string();
            request = format!(
                "POST /mcp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, \
                 text/event-stream\r\nmcp-protocol-version: {}\r\nmcp-method: tools/call\r\nmcp-name: \
                 list_buckets\r\ncontent-length: {}\r\n\r\n{body}",
                web.address(),
                Server::MODERN,
                body.len()
            );
        }
        let asked = stub.calls().len();
        stream.write_all(request.as_bytes()).unwrap();
        stub.wait("a request", |stub| stub.calls().len() > asked);
        drop(stream);
        stub.wait("an aborted request", |stub| stub.hung_up() > before);
    }
    web.logged(&["status=499", "list_buckets"]);
    // It is no fault of the server.
    let log = web.process.stderr();
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_call_in_flight_is_answered_although_the_server_is_told_to_stop() {
    let stub = late(Duration::from_secs(1));
    let mut web = serve(&stub, &[]);
    let mut stream = web.connect();
    stream.write_all(wire(web.address()).as_bytes()).unwrap();
    stub.wait("a request", |stub| !stub.calls().is_empty());
    web.process.signal("TERM");
    assert_eq!(status(&stream), Some(200));
    assert!(web.process.ended().success());
}

#[test]
fn a_call_that_does_not_end_is_cancelled_after_the_drain() {
    let stub = Stub::start(|_| Response::Never);
    let mut web = serve(&stub, &["--http-drain", "1"]);
    let mut stream = web.connect();
    stream.write_all(wire(web.address()).as_bytes()).unwrap();
    stub.wait("a request", |stub| !stub.calls().is_empty());
    let told = Instant::now();
    web.process.signal("INT");
    assert!(web.process.ended().success());
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    stub.wait("an aborted request", |stub| stub.hung_up() == 1);
}

#[test]
fn stopping_under_load_loses_no_call_that_was_taken() {
    let stub = late(Duration::from_millis(30));
    let mut web = serve(&stub, &["--max-calls", "64"]);
    let address = web.address().to_owned();
    let (taken, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Ok(mut stream) = TcpStream::connect(&address) {
                    if stream.write_all(wire(&address).as_bytes()).is_err() {
                        return;
                    }
                    taken.fetch_add(1, Ordering::SeqCst);
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    match status(&stream) {
                        Some(200) => answered.fetch_add(1, Ordering::SeqCst),
                        // Refused as a whole connection, by the system: the listener was gone.
                        None => taken.fetch_sub(1, Ordering::SeqCst),
                        Some(other) => panic!("answered {other}"),
                    };
                }
            });
        }
        std::thread::sleep(Duration::from_secs(1));
        web.process.signal("TERM");
    });
    assert!(web.process.ended().success());
    let (taken, answered) = (taken.into_inner(), answered.into_inner());
    assert!(taken > 50, "only {taken} calls were made");
    assert_eq!(taken, answered);
    // Every request that reached AWS came from a call that was answered.
    assert_eq!(stub.calls().len(), answered);
    assert_eq!(stub.hung_up(), 0);
}

#[test]
fn the_log_says_who_asked_for_what_and_never_what_it_was_about() {
    let (stub, (bearer, line)) = (stub(), token("alice", ""));
    let web = serve(&stub, &["--tokens", &line]);
    let authorization = format!("Bearer {bearer}");
    web.call(&[("authorization", &authorization)], "list_buckets", json!({"prefix": "a-secret-prefix"}));
    let line = web.logged(&["tools/call", "list_buckets", "alice", "status=200", "ms="]);
    assert!(!web.process.stderr().contains("a-secret-prefix") && !line.contains(&bearer), "{line}");
    web.send("POST", "/mcp", &JSON, "{\"a-secret\": 1}");
    let injected = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list\nroot logged in", "params": {}});
    web.post(&[("authorization", &authorization)], &injected);
    web.logged(&["tools/list?root?logged?in"]);
    assert!(!web.process.stderr().contains("a-secret"));
}

#[test]
fn a_request_that_two_servers_would_read_differently_is_not_served() {
    let stub = stub();
    let web = serve(&stub, &[]);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    for lengths in [
        format!("content-length: {}\r\ntransfer-encoding: chunked", body.len()),
        format!("content-length: {}\r\ncontent-length: 5", body.len()),
        "transfer-encoding: xchunked".to_owned(),
        "content-length: +5".to_owned(),
    ] {
        let mut stream = web.connect();
        let smuggled = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\n{lengths}\r\n\r\n{body}{smuggled}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answers = String::new();
        // A reset is an end too.
        let _ = stream.read_to_string(&mut answers);
        assert!(
            answers.matches("HTTP/1.1 200").count() <= 1 && !answers.contains("ok\n"),
            "{lengths}: {answers}"
        );
    }
}

#[test]
#[ignore = "drives Node over TLS"]
fn tls_serves_with_the_certificate_it_was_given() {
    let directory = tempfile::tempdir().unwrap();
    let made = std::process::Command::new(tool("ministack", "bin/python"))
        .arg(awsmcp_testing::workspace().join("tests/clients/certificate.py"))
        .arg(directory.path())
        .status();
    assert!(made.is_ok_and(|made| made.success()));
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (cert, key, other) = (file("cert.pem"), file("key.pem"), file("other.pem"));
    let stub = stub();
    for (args, word) in [
        (vec!["--http-tls-cert", &cert], "--http-tls-key"),
        (vec!["--http-tls-cert", &cert, "--http-tls-key", &other], "do not belong together"),
        (vec!["--http-tls-cert", "/nowhere", "--http-tls-key", &key], "/nowhere"),
        (vec!["--http-tls-cert", &key, "--http-tls-key", &key], "no certificate"),
    ] {
        let refused = run(stub.env(), &[&["--http", "127.0.0.1:0"], args.as_slice()].concat(), "");
        assert!(refused.code == 2 && refused.stderr.contains(word), "{}", refused.stderr);
    }
    let web = serve(&stub, &["--http-tls-cert", &cert, "--http-tls-key", &key]);
    let script = "const r = await fetch(process.argv[1]); console.log(r.status, await r.text());";
    let fetched = |trusted: &str| {
        let output = std::process::Command::new(tool("node", "bin/node"))
            .args(["--input-type=module", "-e", script, &format!("https://{}/healthz", web.address())])
            .env("NODE_EXTRA_CA_CERTS", trusted)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(fetched(&cert), "200 ok\n\n");
    assert_eq!(fetched("/dev/null"), "");
    // Plain HTTP to the same port is no request.
    assert!(web.try_send("GET", "/healthz", &[], "").is_err());
}
