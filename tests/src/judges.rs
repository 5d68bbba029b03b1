//! Real clients, driven against a server: what they hear is what people will see.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use awsmcp_testing::{Answer, Elicited, Era, RpcError, fail, tool, tools_dir, workspace};
use serde_json::{Map, Value, json};

/// The longest that a judge may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server that is judged, as the configuration of a client has it.
#[derive(Clone, Debug)]
pub struct Target(Value);

impl Target {
    /// A server's command, arguments and whole environment.
    pub fn new(
        command: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl Into<String>>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Target {
        let args: Vec<String> = args.into_iter().map(Into::into).collect();
        let env: Map<String, Value> = env.into_iter().map(|(name, value)| (name, json!(value))).collect();
        Target(json!({"type": "stdio", "command": command.into(), "args": args, "env": env}))
    }

    /// A server at a URL, and the headers that it wants.
    pub fn at(url: &str, headers: &[(&str, &str)]) -> Target {
        let headers: Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        Target(json!({"type": "http", "url": url, "headers": headers}))
    }
}

/// One call that a client makes.
#[derive(Clone, Debug)]
pub struct Call(Value);

impl Call {
    /// A tool call.
    pub fn tool(name: &str, arguments: Value) -> Call {
        Call(json!({"tool": name, "arguments": arguments}))
    }

    /// Another request: `resources/list`, `resources/templates/list`, `resources/read`, `prompts/list`,
    /// `prompts/get`.
    pub fn method(name: &str, params: Value) -> Call {
        Call(json!({"method": name, "params": params}))
    }
}

/// What a client heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// `protocol`, `server`, `capabilities`, `instructions`
    pub connected: Value,
    /// Every tool, as listed.
    pub tools: Vec<Value>,
    /// The parameters of each question.
    pub asked: Vec<Value>,
    /// The result of each call, or the error that the client threw.
    pub results: Vec<Result<Value, RpcError>>,
}

impl Heard {
    /// The tool's answer to the call at `index`, which must not be a protocol error.
    #[track_caller]
    pub fn answer(&self, index: usize) -> Answer {
        match self.results.get(index) {
            Some(Ok(result)) => Answer::from(result.clone()),
            Some(Err(error)) => fail(format!("call {index}: {error}")),
            None => fail(format!("there is no call {index}")),
        }
    }
}

/// Drives the server with the Python SDK's client.
#[track_caller]
pub fn python_client(target: &Target, era: &Era, elicit: Option<Elicited>, calls: &[Call]) -> Heard {
    let mut command = Command::new(tool("python-client", "bin/python"));
    command.arg(client("client.py"));
    heard(command, target, era, elicit, calls)
}

/// Drives the server with the TypeScript SDK's client.
#[track_caller]
pub fn node_client(target: &Target, era: &Era, elicit: Option<Elicited>, calls: &[Call]) -> Heard {
    let mut command = Command::new(tool("node", "bin/node"));
    command.arg(client("client.mjs")).arg(tool("node-client", "node_modules").with_file_name(""));
    heard(command, target, era, elicit, calls)
}

/// What the Inspector said.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Its exit status: 0, 5 for a tool error, 6 for a schema that `--strict` refuses.
    pub code: i32,
    /// `{"result": …}` or `{"error": …}`
    pub json: Value,
    /// What it wrote to standard error, such as the findings of `--strict`.
    pub stderr: String,
}

/// Runs the MCP Inspector, with options such as `["--method", "tools/list", "--strict"]`.
#[track_caller]
pub fn inspector(target: &Target, era: &Era, options: &[&str]) -> Inspected {
    tool("node", "bin/node");
    let home = home();
    let config = home.path().join("servers.json");
    let mut server = target.0.clone();
    if let Some(kind) = server.get_mut("type").filter(|kind| *kind == "http") {
        *kind = json!("streamable-http");
    }
    // A file, since on its command line the server's options would pass for the Inspector's own.
    write(&config, &json!({"mcpServers": {"judged": server}}));
    let mut command = Command::new(tool("inspector", "node_modules/.bin/mcp-inspector"));
    command.arg("--cli").arg("--config").arg(&config).args(["--server", "judged", "--format", "json"]);
    command.args(["--protocol-era", name(era)]).args(options);
    let said = run(command, home.path(), &Value::Null);
    let json = serde_json::from_str(said.stdout.lines().next().unwrap_or_default());
    Inspected { code: said.code, json: json.unwrap_or_default(), stderr: said.stderr }
}

/// Adds the server to a fresh Claude Code and answers what `claude mcp list` says of it, such as `✔ Connected`.
#[track_caller]
pub fn claude_code(target: &Target) -> String {
    tool("node", "bin/node");
    let home = home();
    let claude = || Command::new(tool("claude-code", "node_modules/.bin/claude"));
    let mut add = claude();
    add.args(["mcp", "add-json", "--scope", "user", "judged", &target.0.to_string()]);
    let added = run(add, home.path(), &Value::Null);
    if added.code != 0 {
        fail(format!("claude mcp add-json: {}{}", added.stdout, added.stderr));
    }
    let mut list = claude();
    list.args(["mcp", "list"]);
    let listed = run(list, home.path(), &Value::Null);
    match listed
        .stdout
        .lines()
        .find(|line| line.starts_with("judged:"))
        .and_then(|line| line.rsplit_once(" - "))
    {
        Some((_, state)) => state.trim().to_owned(),
        None => fail(format!("claude mcp list: {}{}", listed.stdout, listed.stderr)),
    }
}

/// What the conformance suite found of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Conformance {
    /// The checks that it made, and that hold.
    pub held: Vec<String>,
    /// Those that do not hold or that it warns of, each with why.
    pub broken: Vec<String>,
    /// Those that it could not make: they want tools of its own.
    pub untested: Vec<String>,
    /// Those about what the server does not offer.
    pub others: Vec<String>,
    /// What it printed.
    pub said: String,
}

/// Runs a scenario of MCP's conformance suite, as a version of the protocol has it, against the server at `url`.
#[track_caller]
pub fn conformance(url: &str, version: &str, scenario: &str) -> Conformance {
    let home = home();
    let results = home.path().join("results");
    let mut command = Command::new(tool("node", "bin/node"));
    command
        .arg(tool("conformance", "node_modules/@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", url, "--scenario", scenario, "--spec-version", version])
        .arg("--output-dir")
        .arg(&results);
    let said = run(command, home.path(), &Value::Null);
    let mut found = Conformance { said: format!("{}{}", said.stdout, said.stderr), ..Conformance::default() };
    for check in checks(&results) {
        let text = |field: &str| check.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        match text("status").as_str() {
            "SUCCESS" => found.held.push(text("id")),
            "FAILURE" if check.pointer("/details/untestable") == Some(&json!(true)) => {
                found.untested.push(text("id"));
            }
            "FAILURE" | "WARNING" => found.broken.push(format!("{}: {}", text("id"), text("errorMessage"))),
            other => found.others.push(format!("{}: {other}", text("id"))),
        }
    }
    if said.code != 0 && found.broken.is_empty() && found.untested.is_empty() {
        found.broken.push(format!("it ended with {}", said.code));
    }
    found
}

/// The checks in all `checks.json` under a directory.
fn checks(directory: &Path) -> Vec<Value> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .flat_map(|path| {
            if path.is_dir() {
                return checks(&path);
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_default()
        })
        .collect()
}

#[track_caller]
fn heard(command: Command, target: &Target, era: &Era, elicit: Option<Elicited>, calls: &[Call]) -> Heard {
    let mut order = target.0.clone();
    if let Some(order) = order.as_object_mut() {
        order.insert("era".to_owned(), json!(name(era)));
        order.insert("elicit".to_owned(), elicit.map_or(Value::Null, Elicited::result));
        order.insert("calls".to_owned(), calls.iter().map(|call| call.0.clone()).collect());
    }
    let said = run(command, home().path(), &order);
    let mut heard = Heard::default();
    for line in said.stdout.lines() {
        let Ok(mut line) = serde_json::from_str::<Value>(line) else {
            fail(format!("the client printed {line:?}"));
        };
        if let Some(connected) = line.get_mut("connected") {
            heard.connected = connected.take();
        } else if let Some(Value::Array(tools)) = line.get_mut("tools").map(Value::take) {
            heard.tools = tools;
        } else if let Some(asked) = line.get_mut("asked") {
            heard.asked.push(asked.take());
        } else if let Some(result) = line.get_mut("result") {
            heard.results.push(Ok(result.take()));
        } else if let Some(error) = line.get("error") {
            heard.results.push(Err(RpcError {
                code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
                message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
                data: Value::Null,
            }));
        }
    }
    if said.code != 0 || heard.results.len() != calls.len() {
        fail(format!("the client ended with {}:\n{}", said.code, said.stderr));
    }
    let protocol = heard.connected.get("protocol").and_then(Value::as_str).unwrap_or_default();
    if matches!(era, Era::Modern) != (protocol == Era::Modern.version()) {
        fail(format!("the client connected with {protocol}:\n{}", said.stderr));
    }
    heard
}

struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs a judge to its end, in a home of its own.
#[track_caller]
fn run(mut command: Command, home: &Path, input: &Value) -> Said {
    let mut path = vec![tools_dir().join("node/bin")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let command = command
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::join_paths(path).unwrap_or_default())
        .env("HOME", home)
        .env("CLAUDE_CONFIG_DIR", home.join("claude"))
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let name = command.get_program().display().to_string();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => fail(format!("cannot run {name}: {error}")),
    };
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    if let Some(mut stdin) = child.stdin.take() {
        // A judge that ends before it reads says why by itself.
        let _ = stdin.write_all(input.to_string().as_bytes());
    }
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            _ if start.elapsed() > PATIENCE => {
                let _ = child.kill();
                let said = stderr.map(joined).unwrap_or_default();
                fail(format!("{name} still runs after {PATIENCE:?}:\n{said}"));
            }
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    Said {
        code: status.code().unwrap_or(-1),
        stdout: stdout.map(joined).unwrap_or_default(),
        stderr: stderr.map(joined).unwrap_or_default(),
    }
}

type Collected = std::thread::JoinHandle<String>;

fn collect(mut from: impl Read + Send + 'static) -> Collected {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn joined(collected: Collected) -> String {
    collected.join().unwrap_or_default()
}

fn name(era: &Era) -> &'static str {
    if matches!(era, Era::Modern) { "modern" } else { "legacy" }
}

fn client(file: &str) -> PathBuf {
    workspace().join("tests/clients").join(file)
}

#[track_caller]
fn home() -> tempfile::TempDir {
    match tempfile::tempdir() {
        Ok(dir) => dir,
        Err(error) => fail(format!("no temporary directory: {error}")),
    }
}

#[track_caller]
fn write(path: &Path, json: &Value) {
    if let Err(error) = std::fs::write(path, json.to_string()) {
        fail(format!("cannot write {}: {error}", path.display()));
    }
}
