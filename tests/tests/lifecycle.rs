//! The server starts from nothing, bounds what runs, and ends cleanly in every way a client can end.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use awsmcp_testing::{Answer, Direction, Server, binary, holds};
use awsmcp_tests::{Response, Stub, connect, ends_well, is_well, names, run, start, with};
use serde_json::{Value, json};

fn never() -> Stub {
    Stub::start(|_| Response::Never)
}

fn late(after: Duration) -> Stub {
    Stub::start(move |_| Response::Late(after, Box::new(Response::buckets(&["a-bucket"], None))))
}

fn answers(server: &Server) -> Vec<&Value> {
    let messages = server.messages().iter();
    messages.filter(|message| message.direction == Direction::Received).map(|message| &message.json).collect()
}

#[test]
fn a_call_in_flight_at_the_end_of_input_is_still_answered() {
    let stub = late(Duration::from_millis(700));
    for modern in [false, true] {
        let mut server = start(stub.env(), &[]);
        if modern {
            server.discover()
        } else {
            server.initialize()
        };
        let id = server.send_call("list_buckets", json!({}));
        ends_well(&mut server);
        let answer = answers(&server).into_iter().find(|message| message["id"] == id).unwrap();
        Answer::from(answer["result"].clone()).holds(&["a-bucket"]);
    }
}

#[test]
fn a_call_that_does_not_end_is_aborted_soon_after_the_end_of_input() {
    let stub = never();
    let mut server = connect(stub.env(), &[]);
    server.send_call("list_buckets", json!({}));
    stub.wait("a request", |stub| !stub.calls().is_empty());
    let closed = Instant::now();
    ends_well(&mut server);
    assert!(closed.elapsed() < Duration::from_secs(8), "{:?}", closed.elapsed());
    stub.wait("an aborted request", |stub| stub.hung_up() == 1);
}

#[test]
fn a_signal_ends_the_server_at_once_and_cleanly() {
    for signal in ["TERM", "INT"] {
        let stub = never();
        let mut server = connect(stub.env(), &[]);
        server.send_call("list_buckets", json!({}));
        stub.wait("a request", |stub| !stub.calls().is_empty());
        let sent = Instant::now();
        server.signal(signal);
        let status = server.ended();
        assert!(status.success(), "{signal}: {status}");
        assert!(sent.elapsed() < Duration::from_secs(3), "{signal}: {:?}", sent.elapsed());
        stub.wait("an aborted request", |stub| stub.hung_up() == 1);
        assert_eq!(server.stderr(), "", "{signal}");
    }
    // Before anything was said, too.
    let mut server = start(never().env(), &[]);
    server.signal("CONT");
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    assert!(server.ended().success());
}

#[test]
fn the_server_goes_when_its_parent_goes() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("stdin");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut parent = Command::new("sh")
        .args(["-c", r#""$0" <>"$1" >/dev/null & echo $!; exec sleep 600"#])
        .arg(binary("s3"))
        .arg(&pipe)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pid = line.trim().to_owned();
    // It holds both ends of its input itself, so that only its parent's end can tell it to go.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(is_running(&pid), "it ended by itself");
    parent.kill().unwrap();
    parent.wait().unwrap();
    let killed = Instant::now();
    while is_running(&pid) {
        if killed.elapsed() > Duration::from_secs(10) {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
            panic!("it outlived its parent");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether a process is there and is not a zombie.
fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[test]
fn a_closed_output_ends_the_server() {
    let mut child = Command::new(binary("s3"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it runs on with nobody to read it");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(stderr, "");
}

#[test]
fn a_cancelled_call_aborts_its_request_and_is_not_answered() {
    for modern in [false, true] {
        let stub = Stub::start(|request| match request.query("prefix") {
            Some("slow") => Response::Never,
            _ => Response::buckets(&["a-bucket"], None),
        });
        let mut server = start(stub.env(), &[]);
        if modern {
            server.discover()
        } else {
            server.initialize()
        };
        let id = server.send_call("list_buckets", json!({"prefix": "slow"}));
        stub.wait("a request", |stub| !stub.calls().is_empty());
        assert_eq!(stub.hung_up(), 0);
        server.cancel(id);
        stub.wait("an aborted request", |stub| stub.hung_up() == 1);
        // Cancelled again, or never asked: nothing.
        server.cancel(id);
        server.cancel(4711);
        assert!(server.is_silent(Duration::from_millis(300)));
        server.call("list_buckets", json!({})).holds(&["a-bucket"]);
        assert!(!answers(&server).iter().any(|message| message["id"] == id));
        is_well(&mut server);
    }
}

#[test]
fn a_call_has_a_deadline() {
    let stub = never();
    let mut server = connect(stub.env(), &["--timeout", "1"]);
    let called = Instant::now();
    let answer = server.call("list_buckets", json!({}));
    let text = answer.error();
    assert!(called.elapsed() < Duration::from_secs(5), "{:?}", called.elapsed());
    holds(text, &["no answer within 1 s", "--timeout"]);
    stub.wait("an aborted request", |stub| stub.hung_up() == 1);
    ends_well(&mut server);
}

#[test]
fn calls_in_flight_are_bounded_and_each_has_its_turn() {
    let stub = late(Duration::from_millis(150));
    let mut server = connect(stub.env(), &["--max-calls", "3"]);
    let ids: Vec<_> = (0..15).map(|_| server.send_call("list_buckets", json!({}))).collect();
    for id in ids {
        Answer::from(server.wait(id).unwrap()).ok();
    }
    assert_eq!(stub.most_at_once(), 3);
    assert_eq!(stub.calls().len(), 15);
    is_well(&mut server);
}

#[test]
fn calls_beyond_the_queue_are_refused_at_once() {
    let stub = late(Duration::from_millis(800));
    let mut server = connect(stub.env(), &["--max-calls", "2", "--max-waiting", "3"]);
    let ids: Vec<_> = (0..12).map(|_| server.send_call("list_buckets", json!({}))).collect();
    let answers: Vec<Answer> = ids.into_iter().map(|id| server.wait(id).unwrap().into()).collect();
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.is_error).collect();
    assert_eq!(refused.len(), 7);
    for answer in refused {
        answer.fails(&["2 are running and 3 are waiting"]);
    }
    assert_eq!(stub.calls().len(), 5);
    is_well(&mut server);
}

#[test]
fn a_cancelled_call_gives_up_its_turn() {
    let stub = never();
    let mut server = connect(stub.env(), &["--max-calls", "1", "--max-waiting", "2"]);
    let first = server.send_call("list_buckets", json!({}));
    stub.wait("a request", |stub| stub.calls().len() == 1);
    let second = server.send_call("list_buckets", json!({}));
    let third = server.send_call("list_objects", json!({"bucket": "third"}));
    // A ping needs no turn.
    server.request("ping", json!({}));
    server.cancel(second);
    server.cancel(first);
    stub.wait("the third", |stub| stub.calls().len() == 2);
    assert!(stub.calls()[1].path().starts_with("/third"));
    server.cancel(third);
    stub.wait("all aborted", |stub| stub.hung_up() == 2);
    ends_well(&mut server);
}

#[test]
fn a_start_reads_no_aws_file_and_sends_no_request() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("config");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let stub = Stub::bare(|_| Response::Never);
    // Whoever opened these files would wait for ever.
    let files = [
        ("AWS_CONFIG_FILE", pipe),
        ("AWS_SHARED_CREDENTIALS_FILE", pipe),
        ("AWS_CA_BUNDLE", pipe),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_REGION", ""),
    ];
    for modern in [false, true] {
        let mut server = start(with(stub.env(), &files), &["--allow-region", "*", "--allow-profile", "*"])
            .patience(Duration::from_secs(10));
        if modern {
            server.discover()
        } else {
            server.initialize()
        };
        assert!(names(&mut server).contains(&"list_buckets".to_owned()));
        for method in ["resources/list", "resources/templates/list", "prompts/list"] {
            server.request(method, json!({}));
        }
        // A mistake is explained without asking anybody, too.
        server.call("list_objects", json!({"buket": "b"})).error();
        ends_well(&mut server);
    }
    assert_eq!(stub.requests().len(), 0);
}

#[test]
fn a_start_needs_no_environment_at_all() {
    let mut server = start([], &[]);
    server.initialize();
    assert!(names(&mut server).len() >= 4);
    ends_well(&mut server);
    assert_eq!(server.stderr(), "");
    assert_eq!(run([], &[], "").code, 0);
}
