//! Where a row is run: a server for one tool, with an audit log and a directory.

use std::time::Duration;

use awsmcp_spec::ToolEntry;
use serde_json::Value;
use tempfile::TempDir;

use crate::fail::OrFail;
use crate::permissions::row::{Picks, Row};
use crate::permissions::run::{Run, Stopped};
use crate::permissions::{Permissions, dashed, number};
use crate::{LocalAws, Response, Server, Stub, with};

/// A server for one tool, with an audit log and a directory.
pub(super) struct Desk {
    server: Server,
    tool: String,
    name: String,
    directory: TempDir,
    aws: &'static LocalAws,
    _front: Option<Stub>,
}

impl Desk {
    #[track_caller]
    pub(super) fn open(
        permissions: &Permissions,
        row: &Row,
        tool: &ToolEntry,
        env: Vec<(String, String)>,
        refuses: Option<(Picks, &str)>,
    ) -> Desk {
        let aws = (permissions.aws)();
        let needed = refuses.is_some() || row.adds.is_some() || row.serves.is_some();
        let front = needed.then(|| front(aws, row, refuses));
        let env = match &front {
            Some(front) => with(env, &[("AWS_ENDPOINT_URL", &front.endpoint())]),
            None => env,
        };
        let directory = tempfile::tempdir().or_fail("no temporary directory");
        let mut flags = permissions.flags(row, tool, directory.path());
        flags.extend(["--audit-log".to_owned(), directory.path().join(AUDIT).display().to_string()]);
        let mut server = Server::spawn(permissions.binary, flags, env).patience(Duration::from_secs(120));
        server.initialize();
        Desk { server, tool: tool.name.clone(), name: dashed(tool), directory, aws, _front: front }
    }

    /// Runs the row with new names: the calls it made, and how it ended.
    #[track_caller]
    pub(super) fn run(&mut self, row: &Row) -> (Vec<Value>, Result<(), Stopped>) {
        self.run_as(row, true)
    }

    /// Runs it where something is taken away.
    #[track_caller]
    pub(super) fn run_without(&mut self, row: &Row) -> Result<(), Stopped> {
        self.run_as(row, false).1
    }

    #[track_caller]
    fn run_as(&mut self, row: &Row, whole: bool) -> (Vec<Value>, Result<(), Stopped>) {
        let name = format!("{}-{}", self.name, number());
        let directory = self.directory.path().join(&name);
        std::fs::create_dir(&directory).or_fail("no directory for the row");
        let server = &mut self.server;
        let mut run =
            Run { tool: &self.tool, name, directory, server, whole, aws: self.aws, calls: Vec::new() };
        let ended = (row.scenario)(&mut run);
        (run.calls, ended)
    }

    /// The operations of each call so far.
    #[track_caller]
    pub(super) fn operations(&self) -> Vec<Vec<String>> {
        let log = std::fs::read_to_string(self.directory.path().join(AUDIT)).or_fail("no audit log");
        let line = |line: &str| -> Vec<String> {
            let line: Value = serde_json::from_str(line).or_fail("an audit line that is not JSON");
            let operations = line.get("operations").and_then(Value::as_array).into_iter().flatten();
            operations.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        log.lines().map(line).collect()
    }
}

/// What stands before the local AWS: it answers what the row itself serves, refuses what is said, and keeps what came in.
#[track_caller]
pub(super) fn front(aws: &'static LocalAws, row: &Row, refuses: Option<(Picks, &str)>) -> Stub {
    let refuses = refuses.map(|(refuses, action)| (refuses, action.to_owned()));
    let (adds, serves) = (row.adds, row.serves);
    Stub::before(aws, move |request| {
        if let Some((_, action)) = refuses.as_ref().filter(|(refuses, _)| refuses(request)) {
            return Response::denied(action);
        }
        if let Some(answer) = serves.and_then(|serves| serves(request)) {
            return answer;
        }
        match adds.and_then(|adds| adds(request)?.split_once(": ")) {
            Some((name, value)) => Response::HandOn.with(name, value),
            None => Response::HandOn,
        }
    })
}

const AUDIT: &str = "audit.jsonl";
