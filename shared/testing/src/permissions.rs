//! The proofs that tools need exactly the IAM actions they declare, from one table with a row for each tool.

mod desk;
mod hostile;
mod row;
mod run;
mod shared;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use awsmcp_spec::{Manifest, NeedEntry, Policy, Risk, Statement, ToolEntry, texts};
use serde_json::Value;

use self::desk::Desk;
use self::row::Without;
pub use self::row::{Exception, Row};
pub use self::run::{Run, Stopped};
use crate::fail::OrFail;
use crate::{LocalAws, fail};

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

        #[test]
        $(#[ignore = $why])?
        fn no_hostile_identity_leaves() {
            $permissions().no_hostile_identity_leaves();
        }
    };
}

impl Permissions {
    /// The table has a row for each tool and no other, and every exception is about an action that is declared.
    #[track_caller]
    pub fn every_tool_has_a_row(&self) {
        let mut wrong = Vec::new();
        for tool in &self.manifest.tools {
            let rows = self.rows().filter(|row| row.tool == tool.name).count();
            if rows != 1 && !shared::takes_none(tool) {
                wrong.push(format!(
                    "{} has {rows} rows: it needs one, with calls that use all it declares",
                    tool.name
                ));
            }
        }
        for row in self.rows().filter(|row| self.tool(row.tool).is_none()) {
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
                    let actions = self.actions_of(&operation);
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
        let own = (self.arns)(&format!("{}-", dashed(tool)));
        let arns = own.into_iter().chain(row.arns.iter().map(|arn| (*arn).to_owned()));
        Permissions::flags_for(row, tool, arns, directory)
    }

    fn flags_for(
        row: &Row,
        tool: &ToolEntry,
        arns: impl IntoIterator<Item = String>,
        directory: &Path,
    ) -> Vec<String> {
        let mut flags = vec!["--tools".to_owned(), tool.name.clone()];
        for arn in arns {
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
    /// The server's own rows, and those of the tools that every server brings along.
    fn rows(&self) -> impl Iterator<Item = &'static Row> + use<> {
        self.rows.iter().chain(shared::rows(&self.manifest))
    }

    /// The IAM actions that an operation may stand for.
    fn actions_of(&self, operation: &str) -> Vec<Cow<'static, str>> {
        shared::action(operation).map_or_else(|| (self.actions)(operation), |action| vec![action])
    }

    fn each_row(&self, proof: impl Fn(&Row, &ToolEntry) -> Vec<String> + Sync) {
        const AT_ONCE: usize = 3;
        let mut rows: Vec<(&Row, &ToolEntry)> =
            self.rows().filter_map(|row| Some((row, self.tool(row.tool)?))).collect();
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

/// Whether a need counts for a call with these arguments. Written anew: the proof must not trust the gate's reading.
fn applies(need: &NeedEntry, arguments: &Value) -> bool {
    let given = |name: &str| {
        // A field of a field, or of each element of a list.
        if let (true, Some(fields)) = (name.contains('.'), arguments.as_object()) {
            return !texts(name, fields).is_empty();
        }
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
    fn a_condition_may_speak_of_a_field_within_a_list() {
        let need = NeedEntry {
            action: "s3:GetObject".to_owned(),
            arn: "*".to_owned(),
            when: Some("turns.s3".to_owned()),
        };
        let given = |turn: Value| applies(&need, &serde_json::json!({"turns": [turn]}));
        assert!(given(serde_json::json!({"s3": ["s3://bucket/key"]})));
        assert!(!given(serde_json::json!({"text": "x"})));
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
