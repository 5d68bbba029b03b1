//! Calls over HTTP: how many in a second, how long each, and what they leave in memory.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::head::{BUCKET, KEY, Stub};
use super::http::Message;
use super::local_aws::LocalAws;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::{Bench, alone, aws, process, tool};
use xtask_common::{run, say, tools};

/// Connections that call at the same time.
const CONNECTIONS: usize = 64;
/// How much more memory may be in use after all calls than after the first tenth.
const GROWTH: f64 = 1.1;

pub(super) const PEER: &str = "aws-api-peer";

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring calls over HTTP");
    let home = bench.memory.directory("home")?;
    let stub = Stub::start()?;
    let local = LocalAws::start(bench)?;
    local.create_bucket(BUCKET)?;
    local.put_object(BUCKET, KEY)?;

    let at_once = Server::ours(bench, &home, &stub.endpoint)?;
    let emulated = Server::ours(bench, &home, &local.endpoint())?;
    let theirs = Server::theirs(&home, &local.endpoint())?;
    let head = json!({"name": "head_object", "arguments": {"bucket": BUCKET, "key": KEY}});
    let whoami = json!({"name": "whoami", "arguments": {}});
    let command = json!({"name": "call_aws", "arguments": {
        "cli_command": format!("aws s3api head-object --bucket {BUCKET} --key {KEY}")}});

    let peer = tools::version(PEER);
    let mut table = Table::new(&["64 connections", "calls", "calls a second", "p50", "p99"]);
    let mut row = |what: &str, load: &Load| {
        table.row(&[
            what,
            &number(load.took.count() as f64),
            &number(load.rate()),
            &format!("{} ms", number(load.took.median())),
            &format!("{} ms", number(load.took.at(0.99))),
        ]);
    };
    let (many, few) = (bench.count(20_000, 640), bench.count(1_280, 128));
    let own_list = load(&at_once, "tools/list", &json!({}), many)?;
    let other_list = load(&theirs, "tools/list", &json!({}), few)?;
    let nothing = load(&at_once, "tools/call", &whoami, many)?;
    let stand_in = load(&at_once, "tools/call", &head, many)?;
    let own_head = load(&emulated, "tools/call", &head, few)?;
    let other_head = load(&theirs, "tools/call", &command, few)?;
    row("awsmcp-s3, `tools/list`", &own_list);
    row(&format!("{peer}, `tools/list`"), &other_list);
    row("awsmcp-s3, `whoami`: no AWS call once the caller is known", &nothing);
    row("awsmcp-s3, `head_object`, a stand-in that answers at once", &stand_in);
    row("awsmcp-s3, `head_object`, the local AWS", &own_head);
    row(&format!("{peer}, `call_aws` with `s3api head-object`, the local AWS"), &other_head);
    let mut notes = format!(
        "`awsmcp-s3 --http`, and the peer in its HTTP mode, each with one process; {CONNECTIONS} kept connections of \
         one client on the same machine, each call after the last. The peer lists its tools in {} as much time at p50, \
         and asks the local AWS in {} as much. ",
        times(own_list.took.median(), other_list.took.median()),
        times(own_head.took.median(), other_head.took.median()),
    );

    let calls = bench.count(100_000, 2_000);
    load(&at_once, "tools/call", &whoami, calls / 10)?;
    let before = at_once.memory()?;
    load(&at_once, "tools/call", &whoami, calls - calls / 10)?;
    let after = at_once.memory()?;
    let limit =
        table.limit("memory over HTTP: after all calls by after a tenth", after / before, GROWTH, "×");
    notes.push_str(&format!(
        "\n\nMemory after {} calls of `whoami`: {} MiB; after {}: {} MiB, {} × ({limit}).",
        number((calls / 10) as f64),
        number(before),
        number(calls as f64),
        number(after),
        number(after / before),
    ));
    Ok(table.section("Over HTTP", &notes))
}

/// The peer, without the list of services that it would get from the internet at its start; what it brings itself tells it
/// that `head-object` reads.
pub(super) const OFFLINE: &str = "\
from awslabs.aws_api_mcp_server import server
from awslabs.aws_api_mcp_server.core.metadata import read_only_operations_list as known
known.ServiceReferenceUrlsByService.__init__ = lambda self: None
server.main()
";

/// A server that serves HTTP. It ends when this is dropped.
struct Server {
    child: Child,
    address: String,
    /// Whether it wants a session.
    session: bool,
}

impl Server {
    fn ours(bench: &Bench, home: &Path, endpoint: &str) -> Result<Server> {
        let mut command = Command::new(bench.server());
        alone(&mut command, home, &aws(endpoint)).args(["--log-level", "warn", "--max-calls", "64"]);
        Server::start(command, false, |command, address| {
            command.args(["--http", address]);
        })
    }

    fn theirs(home: &Path, endpoint: &str) -> Result<Server> {
        let mut command = Command::new(tool(PEER, "bin/python"));
        alone(&mut command, home, &aws(endpoint)).args(["-c", OFFLINE]);
        command
            .env("AWS_API_MCP_TRANSPORT", "streamable-http")
            .env("AWS_API_MCP_HOST", "127.0.0.1")
            .env("AUTH_TYPE", "no-auth")
            .env("AWS_API_MCP_TELEMETRY", "false")
            .env("FASTMCP_LOG_LEVEL", "ERROR");
        Server::start(command, true, |command, address| {
            command.env("AWS_API_MCP_PORT", address.rsplit(':').next().unwrap_or_default());
        })
    }

    fn start(mut command: Command, session: bool, at: impl FnOnce(&mut Command, &str)) -> Result<Server> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        at(&mut command, &address);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Server { child, address, session };
        let start = Instant::now();
        while TcpStream::connect(&server.address).is_err() {
            if server.child.try_wait()?.is_some() || start.elapsed() > Duration::from_secs(120) {
                bail!("{} does not serve HTTP", run::line(&command));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Resident memory, in MiB.
    fn memory(&self) -> Result<f64> {
        Ok(mebibytes(process::memory(self.child.id()).context("the server ended")?.now))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many calls went.
struct Load {
    took: Sample,
    whole: Duration,
}

impl Load {
    fn rate(&self) -> f64 {
        self.took.count() as f64 / self.whole.as_secs_f64()
    }
}

/// Makes `count` calls over all connections together.
fn load(server: &Server, method: &str, params: &Value, count: usize) -> Result<Load> {
    let connections = (0..CONNECTIONS).map(|_| Connection::open(server)).collect::<Result<Vec<_>>>()?;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let left = AtomicUsize::new(count);
    let start = Instant::now();
    let took = std::thread::scope(|scope| {
        let threads: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                let (left, message) = (&left, &message);
                scope.spawn(move || -> Result<Vec<Duration>> {
                    let mut took = Vec::new();
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
                    {
                        let start = Instant::now();
                        let answer = connection.post(message)?;
                        took.push(start.elapsed());
                        ensure!(
                            answer.contains("\"result\"") && !answer.contains("\"isError\":true"),
                            "a call failed: {}",
                            answer.chars().take(500).collect::<String>()
                        );
                    }
                    Ok(took)
                })
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(took) => all.extend(took?),
                Err(_) => bail!("a client failed"),
            }
        }
        Ok(all)
    })?;
    let whole = start.elapsed();
    ensure!(took.len() == count, "{} calls were made, not {count}", took.len());
    Ok(Load { took: Sample::milliseconds(&took), whole })
}

/// A kept connection, with the session that some servers want.
struct Connection {
    input: BufReader<TcpStream>,
    output: TcpStream,
    address: String,
    session: Option<String>,
}

impl Connection {
    fn open(server: &Server) -> Result<Connection> {
        let output = TcpStream::connect(&server.address)?;
        output.set_nodelay(true)?;
        output.set_read_timeout(Some(Duration::from_secs(120)))?;
        let input = BufReader::new(output.try_clone()?);
        let mut connection = Connection { input, output, address: server.address.clone(), session: None };
        if server.session {
            let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}});
            connection.post(&hello.to_string())?;
            connection.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string())?;
        }
        Ok(connection)
    }

    /// Sends a message and reads the whole answer: JSON, or the first event of a stream that holds one.
    fn post(&mut self, message: &str) -> Result<String> {
        let session = self.session.as_ref().map(|id| format!("mcp-session-id: {id}\r\n")).unwrap_or_default();
        write!(
            self.output,
            "POST /mcp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\nmcp-protocol-version: 2025-06-18\r\n{session}content-length: {}\r\n\r\n{message}",
            self.address,
            message.len()
        )?;
        let answer = Message::read(&mut self.input)?.context("the server hung up")?;
        let body = String::from_utf8(answer.body.clone())?;
        ensure!(answer.first.contains(" 200 ") || answer.first.contains(" 202 "), "{}: {body}", answer.first);
        if let Some(session) = answer.header("mcp-session-id") {
            self.session = Some(session.to_owned());
        }
        Ok(body)
    }
}
