//! `cargo xtask demo`: the S3 server, as an assistant uses it, told for somebody who sees it for the first time.
//!
//! A local AWS with sample data, the built server on stdio, and the Python SDK's client. Every answer is checked:
//! the exit code is 1 when one is not what it should be.

#![expect(clippy::disallowed_methods, reason = "a reader says by NO_COLOR that the demo is to be plain")]

use std::fmt::Display;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use awsmcp_testing::{Answer, Elicited, Era, LocalAws, binary, fail, workspace};
use awsmcp_tests::{Call, Heard, Target, python_client};
use serde_json::{Value, json};

/// A person's question, the call that answers it, and what the answer must say.
struct Step {
    question: &'static str,
    tool: &'static str,
    arguments: Value,
    outcome: Outcome,
    says: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Answered,
    /// The tool is off, and the answer says how an operator turns it on.
    Refused,
    /// Somebody is asked first, and says yes.
    Confirmed,
}

fn step(question: &'static str, tool: &'static str, arguments: Value, says: &'static [&'static str]) -> Step {
    Step { question, tool, arguments, outcome: Outcome::Answered, says }
}

/// What the server does as it starts: it reads.
fn reading() -> Vec<Step> {
    vec![
        step(
            "Which buckets do I have?",
            "list_buckets",
            json!({}),
            &["acme-logs", "acme-media", "acme-reports"],
        ),
        step(
            "What is in acme-reports?",
            "list_objects",
            json!({"bucket": "acme-reports"}),
            &["2026/", "README.txt"],
        ),
        step(
            "What does its README say?",
            "get_object",
            json!({"bucket": "acme-reports", "key": "README.txt"}),
            &["Acme Harbour Tours"],
        ),
        step(
            "What went wrong in the web logs? (they are compressed)",
            "search_objects",
            json!({"bucket": "acme-logs", "prefix": "web/", "pattern": "ERROR"}),
            &["web/2026-11-21.log.gz", "upstream payment timed out"],
        ),
        step(
            "How are the sales of the third quarter laid out?",
            "preview_table",
            json!({"bucket": "acme-reports", "key": "2026/q3/sales.csv", "rows": 5}),
            &["order", "amount_eur", "2026-07-01"],
        ),
        step(
            "Show me the harbour.",
            "get_object",
            json!({"bucket": "acme-media", "key": "photos/harbour.png"}),
            &["image/png"],
        ),
        step(
            "Which versions has the price list?",
            "list_versions",
            json!({"bucket": "acme-config", "prefix": "prices.json"}),
            &["prices.json"],
        ),
        Step {
            outcome: Outcome::Refused,
            ..step(
                "Save a note for me.",
                "put_object",
                json!({"bucket": "acme-reports", "key": "notes/today.txt", "text": "Call the boat yard."}),
                &["--allow write"],
            )
        },
    ]
}

/// What it does when its operator lets it: it writes, and asks before it deletes.
fn changing() -> Vec<Step> {
    let note = json!({"bucket": "acme-reports", "key": "notes/today.txt"});
    vec![
        step(
            "Save a note for me.",
            "put_object",
            json!({"bucket": "acme-reports", "key": "notes/today.txt", "text": "Call the boat yard."}),
            &["s3://acme-reports/notes/today.txt"],
        ),
        step("Read it back.", "get_object", note, &["Call the boat yard."]),
        Step {
            outcome: Outcome::Confirmed,
            ..step(
                "Delete it again.",
                "delete_objects",
                json!({"bucket": "acme-reports", "keys": ["notes/today.txt"]}),
                &["\"deleted\":1"],
            )
        },
        step(
            "Is it gone?",
            "list_objects",
            json!({"bucket": "acme-reports", "prefix": "notes/"}),
            &["0 rows"],
        ),
    ]
}

fn main() -> ExitCode {
    let keep = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--keep" => true,
        _ => {
            say("usage: demo [--keep]");
            return ExitCode::from(2);
        }
    };
    let print = Print::new();
    let aws = LocalAws::start();
    seed(&aws);
    say(print.dim(format!(
        "A local AWS at {} with four buckets of sample data.\n\
         Below: a question, the call that an assistant makes for it, and the answer as its model reads it\n\
         (with tabs as columns; long ones shortened).",
        aws.endpoint()
    )));

    let server = binary("s3");
    let mut shown = Shown::default();
    for (title, flags, steps) in [
        ("As it starts, the server only reads", &[][..], reading()),
        (
            "With --allow write,destroy it changes things, and asks before it deletes",
            &["--allow", "write,destroy"],
            changing(),
        ),
    ] {
        session(&print, &mut shown, title, &Target::new(&server, flags.iter().copied(), aws.env()), &steps);
    }
    say("");
    if !shown.wrong.is_empty() {
        say(format!("{} of {} answers are not what they should be:", shown.wrong.len(), shown.calls));
        for wrong in shown.wrong {
            say(format!("  {wrong}"));
        }
        return ExitCode::FAILURE;
    }
    say(print.strong(format!(
        "Shown: {} calls of {} tools by the Python SDK's client over stdio; reads, a search, a preview, a refused write, a write, a confirmed delete.",
        shown.calls,
        shown.tools.len()
    )));
    if keep {
        kept(&print, aws, &server);
    }
    ExitCode::SUCCESS
}

/// What was shown so far.
#[derive(Default)]
struct Shown {
    calls: usize,
    tools: std::collections::BTreeSet<&'static str>,
    wrong: Vec<String>,
}

fn session(print: &Print, shown: &mut Shown, title: &str, target: &Target, steps: &[Step]) {
    let calls: Vec<Call> = steps.iter().map(|step| Call::tool(step.tool, step.arguments.clone())).collect();
    let yes = Elicited::Accept(json!({"confirm": true}));
    let heard = python_client(target, &Era::Modern, Some(yes), &calls);
    let listed = json!({"tools": heard.tools}).to_string().len();
    say(format!(
        "\n{}\n{}",
        print.strong(title),
        print.dim(format!(
            "{} {}, MCP {}, {} tools in {listed} bytes",
            text_at(&heard.connected, "/server/name"),
            text_at(&heard.connected, "/server/version"),
            text_at(&heard.connected, "/protocol"),
            heard.tools.len()
        ))
    ));
    for (index, step) in steps.iter().enumerate() {
        shown.calls += 1;
        shown.tools.insert(step.tool);
        say(format!("\n{} {}", print.strong(format!("{:2}.", shown.calls)), print.strong(step.question)));
        say(print.call(format!("    {} {}", step.tool, step.arguments)));
        let asked = if step.outcome == Outcome::Confirmed { asked(print, &heard) } else { true };
        let (text, is_error, image) = answer(&heard, index);
        for line in shortened(&text) {
            say(format!("    {} {line}", print.dim("│")));
        }
        if let Some(image) = image {
            say(format!("    {} {}", print.dim("│"), print.dim(image)));
        }
        let missing: Vec<&str> = step.says.iter().filter(|part| !text.contains(**part)).copied().collect();
        if is_error != (step.outcome == Outcome::Refused) || !asked || !missing.is_empty() {
            let failed = if is_error { "it failed" } else { "it succeeded" };
            let silent = if asked { "" } else { ", nobody was asked" };
            shown
                .wrong
                .push(format!("{} {}: {failed}{silent}, missing: {missing:?}", shown.calls, step.tool));
        }
    }
}

/// Shows the questions of this session; whether there was one.
fn asked(print: &Print, heard: &Heard) -> bool {
    for question in &heard.asked {
        let message = text_at(question, "/message");
        for line in shortened(message) {
            say(format!("    {} {line}", print.ask("?")));
        }
        say(format!("    {} yes", print.ask(">")));
    }
    !heard.asked.is_empty()
}

/// The answer's text, whether it is an error, and a note on a picture.
fn answer(heard: &Heard, index: usize) -> (String, bool, Option<String>) {
    match heard.results.get(index) {
        Some(Ok(result)) => {
            let answer = Answer::from(result.clone());
            let image = answer.content.iter().find(|block| text_at(block, "/type") == "image").map(|block| {
                let kind = text_at(block, "/mimeType");
                let bytes = text_at(block, "/data").trim_end_matches('=').len() * 3 / 4;
                format!("[the picture itself: {kind}, {bytes} bytes]")
            });
            (answer.text, answer.is_error, image)
        }
        Some(Err(error)) => (error.message.clone(), true, None),
        None => fail(format!("no answer to call {index}")),
    }
}

fn text_at<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The first lines of an answer, each as wide as a page; what is left out is said.
fn shortened(text: &str) -> Vec<String> {
    const LINES: usize = 14;
    const WIDTH: usize = 150;
    let all = columns(text);
    let mut lines: Vec<String> = all
        .iter()
        .take(if all.len() > LINES { LINES - 1 } else { LINES })
        .map(|line| {
            let more = line.chars().count().saturating_sub(WIDTH);
            let line: String = line.chars().take(WIDTH).collect();
            if more > 0 { format!("{line}… ({more} more characters)") } else { line }
        })
        .collect();
    if all.len() > LINES {
        lines.push(format!("… ({} more lines)", all.len() + 1 - LINES));
    }
    lines
}

/// The lines, those with tabs as columns under each other.
fn columns(text: &str) -> Vec<String> {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter().filter(|row| row.len() > 1) {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Vec<&str>| match row.as_slice() {
        [whole] => (*whole).to_owned(),
        cells => {
            let cells: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        }
    };
    rows.iter().map(line).collect()
}

/// Every file of `tests/demo` as an object, and a bucket that keeps versions.
fn seed(aws: &LocalAws) {
    let data = workspace().join("tests/demo");
    for bucket in entries(&data) {
        let name = name(&bucket);
        aws.create_bucket(&name);
        put_folder(aws, &name, &bucket, "");
    }
    aws.create_bucket("acme-config");
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    aws.expect("s3", "PUT", "/acme-config", &[("versioning", "")], versioning);
    for price in [24, 26, 28] {
        let prices = json!({"harbour round trip": price, "lighthouse": 32}).to_string();
        aws.put_object("acme-config", "prices.json", &[("content-type", "application/json")], prices);
    }
}

fn put_folder(aws: &LocalAws, bucket: &str, folder: &Path, prefix: &str) {
    for path in entries(folder) {
        let key = format!("{prefix}{}", name(&path));
        if path.is_dir() {
            put_folder(aws, bucket, &path, &format!("{key}/"));
            continue;
        }
        let kind = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => "text/csv",
            Some("gz") => "application/gzip",
            Some("md") => "text/markdown",
            Some("png") => "image/png",
            _ => "text/plain",
        };
        match std::fs::read(&path) {
            Ok(bytes) => aws.put_object(bucket, &key, &[("content-type", kind)], bytes),
            Err(error) => fail(format!("cannot read {}: {error}", path.display())),
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) => fail(format!("cannot read {}: {error}", folder.display())),
    };
    let mut paths: Vec<PathBuf> = listed.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Leaves the local AWS running, and says how to use it and how to end it.
fn kept(print: &Print, aws: LocalAws, server: &Path) {
    let (endpoint, directory, env) = (aws.endpoint(), aws.directory().to_path_buf(), aws.env());
    let pid = aws.keep();
    let mut add = "claude mcp add awsmcp-s3".to_owned();
    for (name, value) in env {
        add.push_str(&format!(" -e {name}={value}"));
    }
    add.push_str(&format!(" -- {} --allow write,destroy", quoted(server)));
    say(format!(
        "\nThe local AWS keeps running: process {pid}, {endpoint}, its data in {}.\n\nTo use it from Claude Code:\n\n  {}\n\nTo end it:\n\n  {}",
        directory.display(),
        print.call(add),
        print.call(format!("kill {pid}"))
    ));
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@".contains(letter);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Colours, on a terminal that wants them.
struct Print {
    colours: bool,
}

impl Print {
    fn new() -> Print {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Print { colours: std::io::stdout().is_terminal() && !unwanted }
    }

    fn strong(&self, text: impl Display) -> String {
        self.in_colour("1", text)
    }

    fn dim(&self, text: impl Display) -> String {
        self.in_colour("2", text)
    }

    fn call(&self, text: impl Display) -> String {
        self.in_colour("36", text)
    }

    fn ask(&self, text: impl Display) -> String {
        self.in_colour("33", text)
    }

    fn in_colour(&self, code: &str, text: impl Display) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

#[expect(clippy::print_stdout, reason = "this program speaks to a person")]
fn say(line: impl Display) {
    println!("{line}");
}
