//! The server as a Lambda function: from the start of its process to its first answer, and one answer after another.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::http::Message;
use super::report::{Sample, Section, Table, number, times};
use super::{Bench, alone, aws, tool};
use xtask_common::{run, say, tools};

pub(super) const PEER: &str = "lambda-handler-peer";
/// The server that the peer's handler runs.
pub(super) const RUN_BY_PEER: &str = "s3-tables";

const COLD_MS: f64 = 60.0;
const WARM_MS: f64 = 1.0;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring the Lambda function");
    let home = bench.memory.directory("home")?;
    std::fs::write(home.join("handler.py"), HANDLER)?;
    let ours = || {
        let mut command = Command::new(bench.server());
        alone(&mut command, &home, &aws("http://127.0.0.1:9"));
        command
    };
    let theirs = || {
        let mut command = Command::new(tool(PEER, "bin/python"));
        alone(&mut command, &home, &aws("http://127.0.0.1:9"))
            .args(["-m", "awslambdaric", "handler.handler"])
            .env("PYTHONPATH", &home)
            .env("LAMBDA_TASK_ROOT", &home)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("POWERTOOLS_TRACE_DISABLED", "true")
            .env("LOG_LEVEL", "ERROR")
            .env("SERVER", tool(RUN_BY_PEER, "bin/awslabs.s3-tables-mcp-server"));
        command
    };
    // Once each, so that both find their files in memory.
    Function::start(ours())?;
    Function::start(theirs())?;
    let rounds = bench.count(10, 1);
    let (mut own, mut other) = (Vec::new(), Vec::new());
    let (mut own_warm, mut other_warm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..10 {
            own.push(Function::start(ours())?.1);
        }
        let (mut function, _) = Function::start(ours())?;
        for _ in 0..bench.count(1_000, 100) {
            own_warm.push(function.invoke("tools/list")?);
        }
        let (mut function, cold) = Function::start(theirs())?;
        other.push(cold);
        other_warm.push(function.invoke("tools/list")?);
    }
    let took = [&own, &other, &own_warm, &other_warm].map(|took| Sample::milliseconds(took));
    Ok(section(took))
}

/// Of the starts and the events of ours and of the peer.
fn section([own, other, own_warm, other_warm]: [Sample; 4]) -> Section {
    let mut table =
        Table::new(&["", "awsmcp-s3 as `bootstrap`", &tools::version(PEER), "the peer takes", "limit"]);
    for (what, own, other, share, most) in [
        (
            "cold: start of the process to the answer to `initialize`, median",
            &own,
            &other,
            0.5,
            Some(COLD_MS),
        ),
        ("the same, p95", &own, &other, 0.95, None),
        ("warm: an event to the answer to `tools/list`, median", &own_warm, &other_warm, 0.5, Some(WARM_MS)),
        ("the same, p99", &own_warm, &other_warm, 0.99, None),
    ] {
        let limit = most.map(|most| table.limit(what, own.at(share), most, "ms")).unwrap_or_default();
        table.row(&[
            what,
            &format!("{} ms", number(own.at(share))),
            &format!("{} ms", number(other.at(share))),
            &times(own.at(share), other.at(share)),
            &limit,
        ]);
    }
    table.section(
        "As a Lambda function",
        &format!(
            "{} starts and {} events of ours, {} and {} of the peer, in turns, with Function URL events from a stand-in \
             for the Runtime API on the same machine: no sandbox, no network. The peer is its Python handler under \
             `awslambdaric`, with {}, which it starts anew for each event.",
            own.count(),
            own_warm.count(),
            other.count(),
            other_warm.count(),
            tools::version(RUN_BY_PEER),
        ),
    )
}

const HANDLER: &str = "\
import os
from mcp.client.stdio import StdioServerParameters
from mcp_lambda import LambdaFunctionURLEventHandler, StdioServerAdapterRequestHandler

server = StdioServerParameters(command=os.environ['SERVER'], args=[], env=dict(os.environ))
http = LambdaFunctionURLEventHandler(StdioServerAdapterRequestHandler(server))

def handler(event, context):
    return http.handle(event, context)
";

/// A function with the Runtime API that feeds it. It ends when this is dropped.
struct Function {
    child: Child,
    events: Sender<String>,
    answers: Receiver<(Instant, String)>,
}

impl Function {
    /// Starts a function and waits for its first answer; how long that took.
    fn start(mut command: Command) -> Result<(Function, Duration)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (events, next) = channel::<String>();
        let (answered, answers) = channel();
        let next = std::sync::Arc::new(std::sync::Mutex::new(next));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (next, answered) = (next.clone(), answered.clone());
                // It ends with the function, or with the bench.
                std::thread::spawn(move || serve(stream, &next, &answered));
            }
        });
        command
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot run {}", run::line(&command)))?;
        let mut function = Function { child, events, answers };
        let at = function.ask("initialize")?;
        Ok((function, at.duration_since(start)))
    }

    fn invoke(&mut self, method: &str) -> Result<Duration> {
        let start = Instant::now();
        Ok(self.ask(method)?.duration_since(start))
    }

    fn ask(&mut self, method: &str) -> Result<Instant> {
        self.events.send(event(method).to_string())?;
        let (at, answer) =
            self.answers.recv_timeout(Duration::from_secs(120)).context("the function does not answer")?;
        let said: Value =
            serde_json::from_str(&answer).with_context(|| format!("the function said {answer}"))?;
        let body = said.get("body").and_then(Value::as_str).unwrap_or_default();
        ensure!(
            said.get("statusCode") == Some(&json!(200)) && body.contains("\"result\""),
            "it said {answer}"
        );
        Ok(at)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection of the function: it asks for the next event, and posts its answer.
fn serve(
    stream: TcpStream,
    next: &std::sync::Mutex<Receiver<String>>,
    answered: &Sender<(Instant, String)>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut output = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = Message::read(&mut input)? {
        let path = request.first.split(' ').nth(1).unwrap_or_default();
        if path.ends_with("/invocation/next") {
            let event = match next.lock() {
                Ok(next) => next.recv()?,
                Err(_) => bail!("the bench failed"),
            };
            write!(
                output,
                "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {ID}\r\nlambda-runtime-deadline-ms: \
                 4000000000000\r\nlambda-runtime-invoked-function-arn: \
                 arn:aws:lambda:us-east-1:123456789012:function:bench\r\ncontent-type: \
                 application/json\r\ncontent-length: {}\r\n\r\n{event}",
                event.len()
            )?;
        } else {
            answered.send((Instant::now(), String::from_utf8(request.body)?))?;
            output.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
    Ok(())
}

const ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// A Function URL's event, from a caller that IAM knows.
fn event(method: &str) -> Value {
    let params = match method {
        "initialize" => {
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}})
        }
        _ => json!({}),
    };
    let host = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws";
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/mcp", "rawQueryString": "",
        "headers": {
            "accept": "application/json, text/event-stream", "content-type": "application/json", "host": host,
            "x-forwarded-proto": "https", "x-forwarded-port": "443", "x-forwarded-for": "203.0.113.9",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "authorizer": {"iam": {
                "accessKey": "AKIAIOSFODNN7EXAMPLE", "accountId": "123456789012", "callerId": "AIDACKCEVSQ6C2EXAMPLE",
                "userArn": "arn:aws:iam::123456789012:user/ada", "userId": "AIDACKCEVSQ6C2EXAMPLE",
            }},
            "domainName": host, "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {"method": "POST", "path": "/mcp", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "bench"},
            "requestId": ID, "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_348_800_000_u64,
        },
        "body": json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string(),
        "isBase64Encoded": false,
    })
}
