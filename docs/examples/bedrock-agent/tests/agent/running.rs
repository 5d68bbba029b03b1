//! The agent as a process, and the model that it asks.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use awsmcp_testing::{LocalAws, Response, Stub, binary, workspace};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A model that gives these answers, one after the other, before a local AWS.
pub(crate) fn model(answers: impl IntoIterator<Item = Value>) -> Stub {
    let answers: Vec<Value> = answers.into_iter().collect();
    Stub::before(LocalAws::shared(), move |request| match request.operation() {
        "Converse" => match answers.get(request.nth - 1) {
            Some(answer) => Response::output(answer.clone()),
            None => Response::error(400, "ValidationException", "the script has no more answers"),
        },
        _ => Response::HandOn,
    })
}

/// The model's answer, in the end.
pub(crate) fn says(text: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    })
}

/// The model wants tools: each with the call's id, its name and its input.
pub(crate) fn uses<const N: usize>(text: &str, calls: [(&str, &str, Value); N]) -> Value {
    let mut answer = says(text);
    let text = (!text.is_empty()).then(|| json!({"text": text}));
    let calls = calls
        .into_iter()
        .map(|(id, name, input)| json!({"toolUse": {"toolUseId": id, "name": name, "input": input}}));
    answer["output"]["message"]["content"] = text.into_iter().chain(calls).collect();
    answer["stopReason"] = json!("tool_use");
    answer
}

/// A table of this test's own, with two orders of one user.
pub(crate) fn orders(table: &str) -> String {
    let aws = LocalAws::shared();
    aws.call(
        "dynamodb",
        "CreateTable",
        json!({
            "TableName": table,
            "KeySchema": [{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}],
            "AttributeDefinitions": [
                {"AttributeName": "user", "AttributeType": "S"},
                {"AttributeName": "order", "AttributeType": "S"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }),
    );
    for (order, city) in [("1", "Oslo"), ("2", "Bergen")] {
        let item = json!({"user": {"S": "ada"}, "order": {"S": order}, "city": {"S": city}});
        aws.call("dynamodb", "PutItem", json!({"TableName": table, "Item": item}));
    }
    table.to_owned()
}

pub(crate) fn count(table: &str) -> usize {
    let items = LocalAws::shared().call("dynamodb", "Scan", json!({"TableName": table}));
    items["Items"].as_array().unwrap().len()
}

pub(crate) fn query(table: &str) -> Value {
    json!({"table": table, "key": [{"attribute": "user", "op": "=", "value": "ada"}]})
}

/// The servers' commands, as `--server` takes them.
pub(crate) fn server(name: &str, options: &str) -> String {
    format!("{name}='{}' {options}", binary(name).display())
}

pub(crate) fn dynamodb() -> String {
    server("dynamodb", "")
}

/// The results of tools that the model was told in its `nth` request, first to last.
pub(crate) fn told(stub: &Stub, nth: usize) -> Vec<Value> {
    let requests = stub.of("Converse");
    let request = requests.get(nth - 1).unwrap_or_else(|| panic!("only {} requests", requests.len())).json();
    let messages = request["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    assert_eq!(last["role"], "user");
    last["content"].as_array().unwrap().iter().map(|block| block["toolResult"].clone()).collect()
}

pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {result}"))
}

/// A server of Python whose tools are odd, as `--server` takes it.
pub(crate) fn odd_server() -> String {
    let script = workspace().join("docs/examples/bedrock-agent/tests/agent/odd_server.py");
    format!("odd=python3 '{}'", script.display())
}

/// The agent, asking that model, with nothing else of this machine's environment.
pub(crate) fn command(stub: &Stub, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedrock-agent"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(stub.env())
        .env("BEDROCK_MODEL", "scripted-model")
        .args(args);
    command
}

/// A running agent.
pub(crate) struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// An agent that has ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What it printed, if it ended well.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        &self.stdout
    }

    /// What it said on standard error, if it failed.
    #[track_caller]
    pub(crate) fn failed(&self) -> &str {
        assert!(matches!(self.code, Some(1 | 2)), "{:?}\n{}\n{}", self.code, self.stdout, self.stderr);
        &self.stderr
    }
}

impl Agent {
    /// Runs it to its end, with nobody at the terminal.
    #[track_caller]
    pub(crate) fn run(stub: &Stub, args: &[&str]) -> Ran {
        Agent::start(command(stub, args)).ended()
    }

    pub(crate) fn start(mut command: Command) -> Agent {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().unwrap(), Arc::clone(&stdout)),
            collect(child.stderr.take().unwrap(), Arc::clone(&stderr)),
        ];
        Agent { stdin: child.stdin.take(), child, stdout, stderr, readers }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn waits_for(&self, words: &str) {
        let start = Instant::now();
        while !self.stderr().contains(words) {
            assert!(start.elapsed() < PATIENCE, "it never said {words:?}:\n{}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// The processes that it has started and that still run.
    pub(crate) fn children(&self) -> Vec<u32> {
        let pid = self.child.id();
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let of = |task: std::fs::DirEntry| {
            std::fs::read_to_string(task.path().join("children")).unwrap_or_default()
        };
        tasks
            .flat_map(|task| {
                of(task.unwrap()).split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>()
            })
            .collect()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end, with nothing more typed.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ran {
        self.stdin = None;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it still runs:\n{}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let stdout = self.stdout.lock().unwrap().clone();
        Ran { code: status.code(), stdout, stderr: self.stderr() }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            bytes.extend(&buffer[..count]);
            *into.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
        }
    })
}
