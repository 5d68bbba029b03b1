//! The command line.

use std::process::{Command, Output};

use awsmcp_testing::LocalAws;
use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_awsmcp-aws"))
        .args(arguments)
        .env_clear()
        .envs(LocalAws::shared().env().iter().cloned())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn an_operation_is_called_from_the_command_line() {
    let made = [
        "--allow",
        "write,destroy",
        "call-operation",
        "sqs",
        "create-queue",
        r#"{"QueueName": "commanded"}"#,
    ];
    assert!(text(&run(&made)).contains("/commanded"));
    let listed = [
        "call-operation",
        "sqs",
        "ListQueues",
        r#"{"QueueNamePrefix": "commanded"}"#,
        "--query",
        "length(@)",
    ];
    assert_eq!(text(&run(&listed)).trim(), "1");
    let url = text(&run(&[
        "call-operation",
        "sqs",
        "ListQueues",
        r#"{"QueueNamePrefix": "commanded"}"#,
        "--query",
        "[0]",
    ]));
    let input = json!({"QueueUrl": url.trim()}).to_string();
    let deleted = |flags: &[&str]| {
        let start = ["--allow", "destroy", "call-operation", "sqs", "DeleteQueue", input.as_str()];
        run(&[&start, flags].concat())
    };
    let asked = deleted(&[]);
    assert!(!asked.status.success());
    assert!(String::from_utf8_lossy(&asked.stderr).contains("to do it, add --yes"));
    assert!(text(&deleted(&["--dry-run"])).contains("would call sqs DeleteQueue (destroy)"));
    assert!(text(&deleted(&["--yes"])).contains("sqs DeleteQueue: done"));
    let refused = run(&["call-operation", "sqs", "DeleteQueue", input.as_str()]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it needs --allow destroy"));
}

/// The actions of each statement, with their resources.
fn statements(policy: &str) -> Vec<(Value, Value)> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|it| (it["Action"].clone(), it["Resource"].clone())).collect()
}

#[test]
fn the_policy_of_named_operations_is_printed() {
    let policy = text(&run(&[
        "iam-policy",
        "--operations",
        "sqs:ReceiveMessage,sqs:ListQueues,dynamodb:GetItem",
        "--allow",
        "write",
    ]));
    let statements = statements(&policy);
    for (action, resource) in [
        ("sqs:ReceiveMessage", "arn:aws:sqs:*:*:*"),
        ("sqs:ListQueues", "*"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/*"),
        ("sts:GetCallerIdentity", "*"),
    ] {
        let found =
            statements.iter().find(|(actions, _)| actions.as_array().unwrap().contains(&json!(action)));
        let (_, on) = found.unwrap_or_else(|| panic!("{action} is not in {policy}"));
        assert!(on.as_array().unwrap().contains(&json!(resource)), "{action}: {on}");
    }
    // What is not allowed has no place in it.
    let reads = text(&run(&["iam-policy", "--operations", "sqs:*"]));
    assert!(!reads.contains("sqs:DeleteQueue") && reads.contains("sqs:GetQueueAttributes"), "{reads}");
    let wrong = run(&["iam-policy", "--operations", "sqs:Lisst*"]);
    assert!(
        String::from_utf8_lossy(&wrong.stderr)
            .contains("--operations sqs:lisst*: there is no such operation")
    );
}

#[test]
fn the_policy_of_what_was_called_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("audit.jsonl");
    let log = log.to_str().unwrap();
    for (operation, input) in [
        ("CreateQueue", r#"{"QueueName": "audited"}"#),
        ("ListQueues", "{}"),
        // What was refused needs no permission.
        ("PurgeQueue", r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/audited"}"#),
    ] {
        run(&["--audit-log", log, "--allow", "write", "call-operation", "sqs", operation, input]);
    }
    let policy = text(&run(&["iam-policy", "--from-audit", log]));
    let made = statements(&policy);
    let create = made.iter().find(|(actions, _)| actions == &json!(["sqs:CreateQueue"]));
    assert_eq!(create.unwrap().1, json!(["arn:aws:sqs:us-east-1:*:audited"]), "{policy}");
    assert!(policy.contains("sqs:ListQueues") && !policy.contains("PurgeQueue"), "{policy}");
}
