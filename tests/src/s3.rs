//! The S3 server as a process of its own.

use std::io::Write;
use std::process::{Command, Stdio};

use awsmcp_testing::{Answer, Server, Stub, WebServer, binary, fail};
use serde_json::json;

/// Starts `awsmcp-s3` and says nothing to it yet.
#[track_caller]
pub fn start(env: impl IntoIterator<Item = (String, String)>, args: &[&str]) -> Server {
    Server::spawn(binary("s3"), args, env)
}

/// Starts `awsmcp-s3` and connects as a client with `initialize`.
#[track_caller]
pub fn connect(env: impl IntoIterator<Item = (String, String)>, args: &[&str]) -> Server {
    let mut server = start(env, args);
    server.initialize();
    server
}

/// Starts `awsmcp-s3` over HTTP, before the AWS that a stub is.
#[track_caller]
pub fn serve(stub: &Stub, args: &[&str]) -> WebServer {
    WebServer::start(binary("s3"), args.iter().copied(), stub.env())
}

/// A new token for a caller over HTTP and its line, made by the server itself; with no scopes, it may do all.
#[track_caller]
pub fn token(name: &str, scopes: &str) -> (String, String) {
    let scopes: &[&str] = if scopes.is_empty() { &[] } else { &["--scopes", scopes] };
    let made = run([], &[&["token", name], scopes].concat(), "");
    let mut lines = made.stdout.lines().skip(1).step_by(2);
    match (lines.next(), lines.next()) {
        (Some(token), Some(line)) => (token.to_owned(), line.to_owned()),
        _ => fail(format!("the server made no token: {made:?}")),
    }
}

/// Shows that whatever came before did no harm: a call works, and the end of input is a clean end.
#[track_caller]
pub fn is_well(server: &mut Server) {
    server.call("whoami", json!({})).ok();
    ends_well(server);
}

/// The end of input is a clean end.
#[track_caller]
pub fn ends_well(server: &mut Server) {
    let status = server.close();
    if !status.success() {
        fail(format!("the server ended with {status}"));
    }
}

/// The lines of a table: its header, its rows, and the cursor behind `next:`.
#[derive(Clone, Debug)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The cells of each row.
    pub rows: Vec<Vec<String>>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// The sentences behind the last line.
    pub notes: Vec<String>,
}

impl Table {
    /// Reads the text of a list.
    #[track_caller]
    pub fn read(text: &str) -> Table {
        let (notes, lines): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("note: "));
        let Some((footer, lines)) = lines.split_last() else { fail("an empty answer") };
        if !footer.contains(" row") {
            fail(format!("not the last line of a table: {footer:?} in\n{text}"));
        }
        let next = footer.split_once("next: ").map(|(_, next)| next.to_owned());
        let cells = |line: &&str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let (columns, rows) = match lines.split_first() {
            Some((header, rows)) => (cells(header), rows.iter().map(cells).collect()),
            None => (Vec::new(), Vec::new()),
        };
        Table { columns, rows, next, notes: notes.into_iter().map(str::to_owned).collect() }
    }

    /// The cells of the column of that name.
    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<String> {
        let Some(at) = self.columns.iter().position(|column| column == name) else {
            fail(format!("no column {name} among {:?}", self.columns))
        };
        self.rows.iter().filter_map(|row| row.get(at).cloned()).collect()
    }
}

/// Calls a list tool until there is no more, and answers each page.
#[track_caller]
pub fn walk(server: &mut Server, tool: &str, arguments: serde_json::Value) -> Vec<Table> {
    let mut pages = Vec::new();
    let mut arguments = arguments;
    loop {
        let answer: Answer = server.call(tool, arguments.clone());
        let table = Table::read(answer.ok());
        let next = table.next.clone();
        pages.push(table);
        let Some(next) = next else { return pages };
        if pages.len() > 5000 {
            fail("a list without an end");
        }
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.insert("cursor".to_owned(), json!(next));
        }
    }
}

/// How a command of the binary ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// Runs `awsmcp-s3` to its end, with this on standard input.
#[track_caller]
pub fn run(env: impl IntoIterator<Item = (String, String)>, args: &[&str], input: &str) -> Ran {
    let spawned = Command::new(binary("s3"))
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => fail(format!("cannot run awsmcp-s3: {error}")),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read it is right to close it.
        let _ = stdin.write_all(input.as_bytes());
    }
    match child.wait_with_output() {
        Ok(output) => Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        },
        Err(error) => fail(format!("cannot wait for awsmcp-s3: {error}")),
    }
}

/// The names of the tools that the server lists.
#[track_caller]
pub fn names(server: &mut Server) -> Vec<String> {
    let name = |tool: &serde_json::Value| tool.get("name").and_then(|name| name.as_str()).map(str::to_owned);
    server.tools().iter().filter_map(name).collect()
}
