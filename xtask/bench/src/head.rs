//! What a `head_object` call costs beyond the request that it makes.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::client::Client;
use super::http::Message;
use super::report::{Sample, Section, Table, number};
use super::{Bench, alone, aws};
use xtask_common::{run, say};

pub(super) const BUCKET: &str = "bench-bucket";
pub(super) const KEY: &str = "folder/object.txt";

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring head_object");
    let home = bench.memory.directory("home")?;
    let stub = Stub::start()?;
    let env = aws(&stub.endpoint);
    let (rounds, calls) = (bench.count(10, 2), bench.count(1000, 100));
    let (mut bare, mut through) = (Vec::new(), Vec::new());
    let mut requests = 0;

    let mut server = Client::spawn(alone(&mut Command::new(bench.server()), &home, &env))?;
    server.initialize()?;
    let arguments = json!({"bucket": BUCKET, "key": KEY});
    for _ in 0..calls.div_ceil(5) {
        server.call("head_object", &arguments)?;
    }
    for _ in 0..rounds {
        let mut program = Command::new(bench.binaries.join("examples/bare_head"));
        alone(&mut program, &home, &env).args([&stub.endpoint, BUCKET, KEY, &calls.to_string()]);
        for line in run::output(&mut program)?.lines() {
            bare.push(Duration::from_nanos(line.parse().with_context(|| format!("bare_head says {line}"))?));
        }
        let before = stub.seen();
        for _ in 0..calls {
            through.push(server.call("head_object", &arguments)?.1);
        }
        requests = stub.seen() - before;
    }
    ensure!(bare.len() == through.len(), "bare_head made {} requests, not {}", bare.len(), through.len());

    let (bare, through) = (Sample::milliseconds(&bare), Sample::milliseconds(&through));
    let mut table =
        Table::new(&["", "awsmcp-s3, `head_object`", "the bare SDK, `HeadObject`", "overhead", "limit"]);
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let over = through.at(share) - bare.at(share);
        let limit = if share == 0.5 {
            table.limit("overhead of head_object", over, 0.5, "ms")
        } else {
            String::new()
        };
        table.row(&[
            name,
            &format!("{} ms", number(through.at(share))),
            &format!("{} ms", number(bare.at(share))),
            &format!("{} ms", number(over)),
            &limit,
        ]);
    }
    Ok(table.section(
        "A call",
        &format!(
            "{} calls each, one after the other, in {rounds} turns, against a stand-in that answers every request at \
             once over a kept connection. Ours is timed at the client's end of the pipe, the SDK \
             (`servers/s3/examples/bare_head.rs`) inside its own process. Requests that a call makes: {}.",
            through.count(),
            number(requests as f64 / calls as f64)
        ),
    ))
}

/// Answers every request at once, as S3 answers a HEAD.
pub(super) struct Stub {
    pub(super) endpoint: String,
    seen: Arc<AtomicUsize>,
}

impl Stub {
    pub(super) fn start() -> Result<Stub> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = seen.clone();
        // It ends with this process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = counted.clone();
                std::thread::spawn(move || serve(stream, &counted));
            }
        });
        Ok(Stub { endpoint, seen })
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

/// Answers until the connection ends.
fn serve(stream: TcpStream, seen: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut output = stream.try_clone().ok()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = Message::read(&mut input).ok()? {
        seen.fetch_add(1, Ordering::Relaxed);
        let answer = match request.first.split(' ').next() {
            Some("HEAD") => HEAD,
            Some("POST") => IDENTITY,
            _ => TAGS,
        };
        output.write_all(answer.as_bytes()).ok()?;
    }
    Some(())
}

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
    x-amz-id-2: bench\r\n\
    x-amz-request-id: BENCH0000000001\r\n\
    date: Sun, 22 Nov 2026 10:00:00 GMT\r\n\
    last-modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n\
    etag: \"5d41402abc4b2a76b9719d911017c592\"\r\n\
    x-amz-server-side-encryption: AES256\r\n\
    accept-ranges: bytes\r\n\
    content-type: text/plain\r\n\
    content-length: 1234\r\n\
    server: AmazonS3\r\n\r\n";

/// What STS says of the caller.
const IDENTITY: &str = "HTTP/1.1 200 OK\r\n\
    content-type: text/xml\r\n\
    content-length: 210\r\n\r\n\
    <GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/bench</Arn>\
    <UserId>AIDABENCH</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// For whatever else a call asks: no tags.
const TAGS: &str = "HTTP/1.1 200 OK\r\n\
    x-amz-request-id: BENCH0000000002\r\n\
    content-type: application/xml\r\n\
    content-length: 40\r\n\r\n\
    <Tagging><TagSet></TagSet></Tagging>\r\n\r\n";
