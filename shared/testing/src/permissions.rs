//! The proofs that tools need exactly the IAM actions they declare, from one table with a row for each tool.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use awsmcp_spec::{Manifest, NeedEntry, Policy, Risk, Statement, ToolEntry};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fail::OrFail;
use crate::{Answer, LocalAws, Request, Response, Server, Stub, fail, with};

/// A server's tools, and the table that proves what they need.
pub struct Permissions {
    /// The built server.
    pub binary: &'static str,
    /// The AWS that checks: [`LocalAws::shared_with_iam`], or [`LocalAws::shared_fakecloud_with_iam`] for what only that
    /// one serves.
    pub aws: fn() -> &'static LocalAws,
    /// What the server declares.
    pub manifest: Manifest,
    /// The IAM actions that an operation may stand for; of a server with several SDK services, in any of them.
    pub actions: fn(&str) -> Vec<Cow<'static, str>>,
    /// The ARN patterns of everything whose name starts so: what `--allow-arn` holds a row to.
    pub arns: fn(&str) -> Vec<String>,
    /// One for each tool.
    pub rows: &'static [Row],
    /// What cannot be proven so, and why.
    pub exceptions: &'static [Exception],
}

/// Picks requests.
type Picks = fn(&Request) -> bool;

/// The proofs of a table as tests, from the path of the function that gives its [`Permissions`]. Of those that run
/// fakecloud say `ignore = "runs fakecloud"`.
#[macro_export]
macro_rules! permission_proofs {
    ($permissions:path $(, ignore = $why:literal)?) => {
        #[test]
        fn every_tool_has_a_row() {
            $permissions().every_tool_has_a_row();
        }

        #[test]
        $(#[ignore = $why])?
        fn operations_made_are_those_declared() {
            $permissions().operations_made_are_those_declared();
        }

        #[test]
        $(#[ignore = $why])?
        fn the_printed_policy_is_enough() {
            $permissions().the_printed_policy_is_enough();
        }

        #[test]
        $(#[ignore = $why])?
        fn one_action_fewer_fails_by_name() {
            $permissions().one_action_fewer_fails_by_name();
        }
    };
}

type Scenario = fn(&mut Run<'_>) -> Result<(), Stopped>;

/// A tool, and calls of it that use every action it declares.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    tool: &'static str,
    scenario: Scenario,
    arns: &'static [&'static str],
    regions: &'static [&'static str],
    allows: Option<Risk>,
    adds: Option<fn(&Request) -> Option<&'static str>>,
    serves: Option<fn(&Request) -> Option<Response>>,
}

impl Row {
    /// `scenario` makes what the calls need, as root, and then makes the calls.
    pub const fn new(tool: &'static str, scenario: Scenario) -> Row {
        Row { tool, scenario, arns: &[], regions: &[], allows: None, adds: None, serves: None }
    }

    /// Also allows these ARNs: those of another service, whose names are not the row's own.
    #[must_use]
    pub const fn arns(mut self, arns: &'static [&'static str]) -> Row {
        self.arns = arns;
        self
    }

    /// Also allows these regions, which the calls name.
    #[must_use]
    pub const fn regions(mut self, regions: &'static [&'static str]) -> Row {
        self.regions = regions;
        self
    }

    /// Also allows this risk, which part of the tool's work is of.
    #[must_use]
    pub const fn allows(mut self, risk: Risk) -> Row {
        self.allows = Some(risk);
        self
    }

    /// Puts a header that AWS sends, and the local AWS does not, into the answers to some requests.
    #[must_use]
    pub const fn adds(mut self, header: fn(&Request) -> Option<&'static str>) -> Row {
        self.adds = Some(header);
        self
    }

    /// Answers what the local AWS does not serve, or serves wrongly. No permission is checked of that: the actions need
    /// an [`Exception::unchecked`].
    #[must_use]
    pub const fn serves(mut self, answer: fn(&Request) -> Option<Response>) -> Row {
        self.serves = Some(answer);
        self
    }
}

/// An action that a proof must pass over. One that it need not pass over fails the test.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    tools: &'static [&'static str],
    action: &'static str,
    /// For people: it has no other use.
    _reason: &'static str,
    unmade: bool,
    extra: bool,
    without: Option<Without>,
}

/// What becomes of the scenario when the action is taken away.
#[derive(Clone, Copy, Debug)]
enum Without {
    /// Nothing: neither the local AWS nor AWS refuses these calls.
    Same,
    /// Nothing here, while AWS refuses such requests.
    Refused(Picks),
    /// A call answers otherwise, with these words, and need not name the action.
    Says(&'static str),
}

impl Exception {
    /// About one action of these tools.
    pub const fn of(tools: &'static [&'static str], action: &'static str, reason: &'static str) -> Exception {
        Exception { tools, action, _reason: reason, unmade: false, extra: false, without: None }
    }

    /// No operation of the scenario stands for it.
    #[must_use]
    pub const fn unmade(mut self) -> Exception {
        self.unmade = true;
        self
    }

    /// It is not declared and AWS does not want it, but the local AWS does: it is granted besides the printed policy.
    #[must_use]
    pub const fn extra(mut self) -> Exception {
        self.extra = true;
        self
    }

    /// Nothing in the scenario fails without it.
    #[must_use]
    pub const fn unnoticed(mut self) -> Exception {
        self.without = Some(Without::Same);
        self
    }

    /// The local AWS does not check it. AWS refuses the requests that `refuses` picks: the proof refuses them instead,
    /// as the service's protocol does. `.unchecked(|request| request.operation() == "CreateFunction")`
    #[must_use]
    pub const fn unchecked(mut self, refuses: fn(&Request) -> bool) -> Exception {
        self.without = Some(Without::Refused(refuses));
        self
    }

    /// Without it a call answers otherwise: with these words.
    #[must_use]
    pub const fn says(mut self, words: &'static str) -> Exception {
        self.without = Some(Without::Says(words));
        self
    }
}

/// Why a scenario ended early: a call failed, or its answer was not the expected one.
#[derive(Clone, Debug)]
pub struct Stopped {
    text: String,
    failed: bool,
}

impl Stopped {
    fn names(&self, action: &str) -> bool {
        let whole = |at: usize| {
            let rest = self.text.get(at + action.len()..).unwrap_or_default();
            !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        };
        let denied = !self.failed || self.text.contains("HTTP 403") || self.text.contains("AccessDenied");
        denied && self.text.match_indices(action).any(|(at, _)| whole(at))
    }
}

/// A row's scenario under way: with names, a directory and a server of its own.
pub struct Run<'a> {
    tool: &'a str,
    name: String,
    directory: PathBuf,
    server: &'a mut Server,
    whole: bool,
    aws: &'static LocalAws,
    /// The arguments of each call so far.
    calls: Vec<Value>,
}

impl Run<'_> {
    /// Where root makes what the calls need.
    pub fn aws(&self) -> &'static LocalAws {
        self.aws
    }

    /// A name that nothing else has, allowed to this row.
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// An empty local directory, allowed to this row.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether nothing is taken away in this run: what is slow, and uses no action of its own, is done only then.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Calls the tool, confirms where it asks, and answers all that it said, which must hold `expected`.
    ///
    /// # Errors
    /// Ends the scenario where the call fails or says something else.
    pub fn call(&mut self, arguments: Value, expected: &str) -> Result<String, Stopped> {
        let first = self.send(arguments.clone());
        let Some(token) = first.plan_token() else { return expect(first, "", expected) };
        let mut confirmed = arguments;
        if let Some(fields) = confirmed.as_object_mut() {
            fields.insert("confirm".to_owned(), json!(token));
        }
        let second = self.send(confirmed);
        expect(second, &first.text, expected)
    }

    /// Asks the tool for its plan only.
    ///
    /// # Errors
    /// Ends the scenario where the call fails or says something else.
    pub fn plan(&mut self, mut arguments: Value, expected: &str) -> Result<String, Stopped> {
        if let Some(fields) = arguments.as_object_mut() {
            fields.insert("dry_run".to_owned(), json!(true));
        }
        let answer = self.send(arguments);
        expect(answer, "", expected)
    }

    /// Calls the tool, which must fail with these words.
    ///
    /// # Errors
    /// Ends the scenario where the call succeeds or says something else.
    pub fn fails(&mut self, arguments: Value, expected: &str) -> Result<String, Stopped> {
        let answer = self.send(arguments);
        let failed = answer.is_error;
        if failed && answer.text.contains(expected) {
            return Ok(answer.text);
        }
        Err(Stopped { text: format!("{}\n(expected to fail with {expected:?})", answer.text), failed })
    }

    /// Follows a link that a tool signed. A success is expected.
    ///
    /// # Errors
    /// Ends the scenario with what was answered instead.
    #[track_caller]
    pub fn follow(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<(), Stopped> {
        let target = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = target.split_once('/').unwrap_or((target, ""));
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = crate::http::send(host, method, &format!("/{path}"), &headers, body.as_bytes())
            .or_fail(format!("{method} {url}"));
        if (200..300).contains(&reply.status) {
            return Ok(());
        }
        Err(Stopped { text: format!("{method} {url}: HTTP {} {}", reply.status, reply.text()), failed: true })
    }

    fn send(&mut self, arguments: Value) -> Answer {
        self.calls.push(arguments.clone());
        self.server.call(self.tool, arguments)
    }
}

fn expect(answer: Answer, before: &str, expected: &str) -> Result<String, Stopped> {
    let text = if before.is_empty() { answer.text } else { format!("{before}\n{}", answer.text) };
    if answer.is_error || !text.contains(expected) {
        let text = if answer.is_error { text } else { format!("{text}\n(expected to hold {expected:?})") };
        return Err(Stopped { text, failed: answer.is_error });
    }
    Ok(text)
}

impl Permissions {
    /// The table has a row for each tool and no other, and every exception is about an action that is declared.
    #[track_caller]
    pub fn every_tool_has_a_row(&self) {
        let mut wrong = Vec::new();
        for tool in &self.manifest.tools {
            let rows = self.rows.iter().filter(|row| row.tool == tool.name).count();
            if rows != 1 {
                wrong.push(format!(
                    "{} has {rows} rows: it needs one, with calls that use all it declares",
                    tool.name
                ));
            }
        }
        for row in self.rows.iter().filter(|row| self.tool(row.tool).is_none()) {
            wrong.push(format!("{} has a row, but there is no such tool", row.tool));
        }
        for exception in self.exceptions {
            for name in exception.tools {
                let is = self.tool(name).is_some_and(|tool| declared(tool).contains(exception.action));
                if is == exception.extra {
                    let not = if is { "" } else { "not " };
                    wrong.push(format!(
                        "an exception is about {} of {name}, which is {not}declared",
                        exception.action
                    ));
                }
            }
        }
        report(wrong);
    }

    /// Every operation that a call makes is declared for its arguments, and every declared action is made use of.
    #[track_caller]
    pub fn operations_made_are_those_declared(&self) {
        self.each_row(|row, tool| {
            let mut desk = Desk::open(self, row, tool, (self.aws)().env(), None);
            let (calls, ended) = desk.run(row);
            if let Err(stopped) = ended {
                return vec![format!("unrestricted, it fails: {}", stopped.text)];
            }
            let made = desk.operations();
            if made.len() != calls.len() {
                return vec![format!("{} calls left {} audit lines", calls.len(), made.len())];
            }
            let mut wrong = Vec::new();
            let mut explained = BTreeSet::new();
            for (arguments, operations) in calls.iter().zip(made) {
                let needs: Vec<&NeedEntry> =
                    tool.needs.iter().filter(|need| applies(need, arguments)).collect();
                for operation in operations {
                    let actions = (self.actions)(&operation);
                    let found: Vec<&str> = needs
                        .iter()
                        .map(|need| need.action.as_str())
                        .filter(|need| actions.iter().any(|action| action == need))
                        .collect();
                    if found.is_empty() {
                        wrong.push(format!(
                            "{operation} is made, but {actions:?} is not declared for {arguments}"
                        ));
                    }
                    explained.extend(found);
                }
            }
            for action in declared(tool) {
                let excepted = self.exceptions(tool, action).any(|exception| exception.unmade);
                match (explained.contains(action), excepted) {
                    (false, false) => wrong
                        .push(format!("{action} is declared, but no operation that was made stands for it")),
                    (true, true) => wrong
                        .push(format!("the exception for {action} is no longer needed: it is made use of")),
                    _ => {}
                }
            }
            wrong
        });
    }

    /// A user with exactly the printed policy can do what the row does.
    #[track_caller]
    pub fn the_printed_policy_is_enough(&self) {
        self.each_row(|row, tool| {
            let policy = self.policy(row, tool);
            let granted: BTreeSet<&str> =
                policy.statement.iter().flat_map(|statement| &statement.action).map(String::as_str).collect();
            if granted != declared(tool) {
                return vec![format!(
                    "iam-policy prints {granted:?}, not all that is declared; Row::arns allows ARNs of other services"
                )];
            }
            let (aws, user) = ((self.aws)(), unique(tool));
            let keys = aws.create_user(&user, &text(&policy));
            let mut desk = Desk::open(self, row, tool, aws.env_as(&keys), None);
            let mut granted = policy.clone();
            for exception in self.exceptions.iter().filter(|it| it.extra && it.tools.contains(&row.tool)) {
                match desk.run(row).1 {
                    Err(stopped) if stopped.names(exception.action) => more(&mut granted, exception.action),
                    _ => return vec![format!("the exception for {} is no longer needed", exception.action)],
                }
                aws.set_policy(&user, &text(&granted));
            }
            match desk.run(row).1 {
                Ok(()) => Vec::new(),
                Err(stopped) => vec![format!("the printed policy {} is not enough: {}", text(&policy), stopped.text)],
            }
        });
    }

    /// Without any one action of the printed policy, the row ends with a refusal or a note that names the action.
    #[track_caller]
    pub fn one_action_fewer_fails_by_name(&self) {
        self.each_row(|row, tool| {
            let aws = (self.aws)();
            let (mut policy, user) = (self.policy(row, tool), unique(tool));
            for exception in self.exceptions.iter().filter(|it| it.extra && it.tools.contains(&row.tool)) {
                more(&mut policy, exception.action);
            }
            let keys = aws.create_user(&user, &text(&policy));
            let mut desk = Desk::open(self, row, tool, aws.env_as(&keys), None);
            let mut wrong = Vec::new();
            for action in declared(tool) {
                aws.set_policy(&user, &text(&less(&policy, action)));
                let ended = desk.run_without(row);
                let without = self.exceptions(tool, action).find_map(|exception| exception.without);
                wrong.extend(verdict(action, without, ended));
                if let Some(Without::Refused(refuses)) = without {
                    let ended =
                        Desk::open(self, row, tool, aws.env(), Some((refuses, action))).run_without(row);
                    wrong.extend(
                        verdict(action, None, ended).map(|why| format!("where AWS would refuse it: {why}")),
                    );
                }
            }
            wrong
        });
    }

    fn tool(&self, name: &str) -> Option<&ToolEntry> {
        self.manifest.tools.iter().find(|tool| tool.name == name)
    }

    fn exceptions(&self, tool: &ToolEntry, action: &str) -> impl Iterator<Item = &Exception> {
        let of = move |exception: &&Exception| {
            exception.action == action && exception.tools.iter().any(|name| *name == tool.name)
        };
        self.exceptions.iter().filter(of)
    }

    /// What `iam-policy` prints for the row.
    #[track_caller]
    fn policy(&self, row: &Row, tool: &ToolEntry) -> Policy {
        let directory = tempfile::tempdir().or_fail("no temporary directory");
        let output = Command::new(self.binary)
            .args(self.flags(row, tool, directory.path()))
            .arg("iam-policy")
            .env_clear()
            .output()
            .or_fail(format!("cannot run {}", self.binary));
        if !output.status.success() {
            fail(format!("iam-policy: {}", String::from_utf8_lossy(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout).or_fail("iam-policy prints no policy")
    }

    fn flags(&self, row: &Row, tool: &ToolEntry, directory: &Path) -> Vec<String> {
        let mut flags = vec!["--tools".to_owned(), tool.name.clone()];
        let own = (self.arns)(&format!("{}-", dashed(tool)));
        for arn in own.into_iter().chain(row.arns.iter().map(|arn| (*arn).to_owned())) {
            flags.extend(["--allow-arn".to_owned(), arn]);
        }
        for region in row.regions {
            flags.extend(["--allow-region".to_owned(), (*region).to_owned()]);
        }
        let risks = [Some(tool.risk), row.allows].into_iter().flatten();
        for risk in risks.filter(|risk| *risk != Risk::Read) {
            flags.extend(["--allow".to_owned(), risk.to_string()]);
        }
        if tool.local_files {
            flags.extend(["--allow-dir".to_owned(), directory.display().to_string()]);
        }
        flags
    }

    /// Proves something of every row, a few at a time, and fails the test with all that is wrong.
    #[track_caller]
    fn each_row(&self, proof: impl Fn(&Row, &ToolEntry) -> Vec<String> + Sync) {
        const AT_ONCE: usize = 3;
        let mut rows: Vec<(&Row, &ToolEntry)> =
            self.rows.iter().filter_map(|row| Some((row, self.tool(row.tool)?))).collect();
        // The longest first, so that none is left alone at the end.
        rows.sort_by_key(|(_, tool)| std::cmp::Reverse(tool.needs.len()));
        let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some((row, tool)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = catch_unwind(AssertUnwindSafe(|| proof(row, tool)));
                        let found = found.unwrap_or_else(|panic| {
                            let words = panic.downcast_ref::<String>().map_or("it panicked", String::as_str);
                            vec![words.to_owned()]
                        });
                        if let Ok(mut wrong) = wrong.lock() {
                            wrong.extend(found.into_iter().map(|why| format!("{}: {why}", tool.name)));
                        }
                    }
                });
            }
        });
        report(wrong.into_inner().unwrap_or_default());
    }
}

/// Whether a scenario without `action` ended as it must; else what is wrong.
fn verdict(action: &str, without: Option<Without>, ended: Result<(), Stopped>) -> Option<String> {
    match (without, ended) {
        (None, Err(stopped)) if stopped.names(action) => None,
        (None, Ok(())) => Some(format!("without {action} nothing fails")),
        (None, Err(stopped)) => {
            Some(format!("without {action} it fails, but does not name it: {}", stopped.text))
        }
        (Some(_), Err(stopped)) if stopped.names(action) => {
            Some(format!("the exception for {action} is no longer needed: {}", stopped.text))
        }
        (Some(Without::Same | Without::Refused(_)), Ok(())) => None,
        (Some(Without::Says(words)), Err(stopped)) if stopped.text.contains(words) => None,
        (Some(exception), Ok(())) => Some(format!("without {action} nothing fails, against {exception:?}")),
        (Some(exception), Err(stopped)) => {
            Some(format!("without {action} it ends otherwise than {exception:?}: {}", stopped.text))
        }
    }
}

/// A server for one tool, with an audit log and a directory.
struct Desk {
    server: Server,
    tool: String,
    name: String,
    directory: TempDir,
    aws: &'static LocalAws,
    _front: Option<Stub>,
}

impl Desk {
    #[track_caller]
    fn open(
        permissions: &Permissions,
        row: &Row,
        tool: &ToolEntry,
        env: Vec<(String, String)>,
        refuses: Option<(Picks, &str)>,
    ) -> Desk {
        let aws = (permissions.aws)();
        let front = (refuses.is_some() || row.adds.is_some() || row.serves.is_some()).then(|| {
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
        });
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
    fn run(&mut self, row: &Row) -> (Vec<Value>, Result<(), Stopped>) {
        self.run_as(row, true)
    }

    /// Runs it where something is taken away.
    #[track_caller]
    fn run_without(&mut self, row: &Row) -> Result<(), Stopped> {
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
    fn operations(&self) -> Vec<Vec<String>> {
        let log = std::fs::read_to_string(self.directory.path().join(AUDIT)).or_fail("no audit log");
        let line = |line: &str| -> Vec<String> {
            let line: Value = serde_json::from_str(line).or_fail("an audit line that is not JSON");
            let operations = line.get("operations").and_then(Value::as_array).into_iter().flatten();
            operations.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        log.lines().map(line).collect()
    }
}

const AUDIT: &str = "audit.jsonl";

/// Whether a need counts for a call with these arguments. Written anew: the proof must not trust the gate's reading.
fn applies(need: &NeedEntry, arguments: &Value) -> bool {
    let given = |name: &str| {
        arguments.get(name).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
    };
    let is = |name: &str, wanted: &str| match arguments.get(name) {
        Some(Value::Array(items)) => items.iter().any(|item| item == wanted),
        Some(Value::String(text)) => text == wanted,
        Some(value @ (Value::Bool(_) | Value::Number(_))) => format!("{value}") == wanted,
        Some(_) => false,
        None => false,
    };
    let holds = |term: &str| match (term.strip_prefix("not "), term.split_once('=')) {
        (Some(name), _) => !given(name),
        (None, Some((name, wanted))) => wanted.split('|').any(|wanted| is(name, wanted)),
        (None, None) => given(term),
    };
    need.when.as_deref().is_none_or(|terms| terms.split(" and ").all(holds))
}

fn declared(tool: &ToolEntry) -> BTreeSet<&str> {
    tool.needs.iter().map(|need| need.action.as_str()).collect()
}

fn less(policy: &Policy, action: &str) -> Policy {
    let mut policy = policy.clone();
    for statement in &mut policy.statement {
        statement.action.retain(|granted| granted != action);
    }
    policy.statement.retain(|statement| !statement.action.is_empty());
    if policy.statement.is_empty() {
        // A policy without a statement is none.
        let (action, resource) = (vec!["none:Nothing".to_owned()], vec!["*".to_owned()]);
        policy.statement.push(Statement { effect: "Allow".to_owned(), action, resource });
    }
    policy
}

fn more(policy: &mut Policy, action: &str) {
    let (action, resource) = (vec![action.to_owned()], vec!["*".to_owned()]);
    policy.statement.push(Statement { effect: "Allow".to_owned(), action, resource });
}

#[track_caller]
fn text(policy: &Policy) -> String {
    serde_json::to_string(policy).or_fail("a policy that is not JSON")
}

fn dashed(tool: &ToolEntry) -> String {
    tool.name.replace('_', "-")
}

fn unique(tool: &ToolEntry) -> String {
    format!("{}-{}", dashed(tool), number())
}

fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[track_caller]
fn report(mut wrong: Vec<String>) {
    wrong.sort();
    if !wrong.is_empty() {
        fail(format!("{} things are wrong:\n- {}", wrong.len(), wrong.join("\n- ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped(text: &str, failed: bool) -> Result<(), Stopped> {
        Err(Stopped { text: text.to_owned(), failed })
    }

    #[test]
    fn an_action_is_named_whole_and_in_a_refusal() {
        let names = |text, failed, action| stopped(text, failed).unwrap_err().names(action);
        assert!(names("needs s3:GetObject on x (AccessDenied, HTTP 403)", true, "s3:GetObject"));
        assert!(!names("needs s3:GetObjectVersion on x (AccessDenied, HTTP 403)", true, "s3:GetObject"));
        assert!(!names("s3:GetObject cannot be read (HTTP 500)", true, "s3:GetObject"));
        assert!(names("note: the tags need s3:GetObject", false, "s3:GetObject"));
    }

    #[test]
    fn a_verdict_holds_an_exception_to_what_it_says() {
        let named = || stopped("needs s3:X (HTTP 403)", true);
        let silent = || stopped("done, with less", false);
        assert_eq!(verdict("s3:X", None, named()), None);
        assert_eq!(verdict("s3:X", None, Ok(())).unwrap(), "without s3:X nothing fails");
        assert!(verdict("s3:X", None, silent()).unwrap().contains("does not name it"));
        assert_eq!(verdict("s3:X", Some(Without::Same), Ok(())), None);
        assert_eq!(verdict("s3:X", Some(Without::Says("with less")), silent()), None);
        for exception in [Without::Same, Without::Says("with less"), Without::Refused(|_| true)] {
            assert!(verdict("s3:X", Some(exception), named()).unwrap().contains("no longer needed"));
        }
        assert!(verdict("s3:X", Some(Without::Says("with less")), Ok(())).is_some());
        assert!(verdict("s3:X", Some(Without::Same), silent()).is_some());
    }

    #[test]
    fn a_policy_without_its_last_action_is_still_one() {
        let mut policy = Policy { version: "2012-10-17".to_owned(), statement: Vec::new() };
        more(&mut policy, "s3:X");
        more(&mut policy, "s3:Y");
        assert_eq!(less(&policy, "s3:X").statement, policy.statement[1..]);
        assert_eq!(less(&less(&policy, "s3:X"), "s3:Y").statement[0].action, ["none:Nothing"]);
    }
}
