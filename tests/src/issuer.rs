//! An OAuth issuer that also gives what no issuer should.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use awsmcp_testing::{fail, tool, workspace};
use serde_json::{Value, json};

/// A running issuer. It ends with the test.
pub struct Issuer {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    url: String,
}

impl Issuer {
    /// Starts one on a free port of this machine.
    #[track_caller]
    pub fn start() -> Issuer {
        let child = Command::new(tool("node", "bin/node"))
            .arg(workspace().join("tests/clients/issuer.mjs"))
            .arg(tool("issuer", "node_modules").with_file_name(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.unwrap_or_else(|error| fail(format!("cannot start the issuer: {error}")));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            fail("the issuer has no pipes");
        };
        let mut output = BufReader::new(output);
        let begun = line(&mut output);
        let Some(url) = begun.get("issuer").and_then(Value::as_str).map(str::to_owned) else {
            fail(format!("the issuer said {begun}"));
        };
        Issuer { child, pipes: Mutex::new((input, output)), url }
    }

    /// The `iss` of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token as a client gets it.
    #[track_caller]
    pub fn grant(&self, scope: &str, resource: &str) -> String {
        self.token(json!({"grant": {"scope": scope, "resource": resource}}))
    }

    /// A token with this header and these claims, signed by its `own` key, by an`other` one under its name, or by `none`.
    #[track_caller]
    pub fn forge(&self, key: &str, header: Value, claims: Value) -> String {
        self.token(json!({"forge": {"key": key, "header": header, "claims": claims}}))
    }

    /// Takes other keys.
    #[track_caller]
    pub fn rotate(&self) {
        self.order(json!({"rotate": true}));
    }

    /// Whether its keys can be read.
    #[track_caller]
    pub fn down(&self, down: bool) {
        self.order(json!({"down": down}));
    }

    /// How often its keys were asked for.
    #[track_caller]
    pub fn asked(&self) -> u64 {
        self.order(json!({"asked": true})).get("asked").and_then(Value::as_u64).unwrap_or_default()
    }

    #[track_caller]
    fn token(&self, order: Value) -> String {
        let said = self.order(order);
        match said.get("token").and_then(Value::as_str) {
            Some(token) => token.to_owned(),
            None => fail(format!("the issuer said {said}")),
        }
    }

    #[track_caller]
    fn order(&self, order: Value) -> Value {
        let Ok(mut pipes) = self.pipes.lock() else { fail("the issuer failed before") };
        if let Err(error) = writeln!(pipes.0, "{order}") {
            fail(format!("the issuer does not listen: {error}"));
        }
        line(&mut pipes.1)
    }
}

/// The next answer; what its library prints besides is not one.
#[track_caller]
fn line(output: &mut impl BufRead) -> Value {
    loop {
        let mut text = String::new();
        if !output.read_line(&mut text).is_ok_and(|read| read > 0) {
            fail("the issuer ended");
        }
        if let Ok(answer) = serde_json::from_str(&text) {
            return answer;
        }
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
