//! The binary's commands: what they print, where, and with which exit code.
#![cfg(test)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use awsmcp_testing::{LocalAws, binary};
use awsmcp_tests::{Ran, Response, Stub, run, with};
use serde_json::{Value, json};

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

fn local(args: &[&str]) -> Ran {
    run(aws().env(), args, "")
}

fn exists(bucket: &str, key: &str) -> bool {
    aws().request("s3", "HEAD", &format!("/{bucket}/{key}"), &[], &[], b"").status == 200
}

#[test]
fn call_prints_the_answer_and_its_exit_code_says_whether_it_worked() {
    aws().create_bucket("cli");
    aws().put_objects("cli", ["a"]);
    let ran = local(&["call", "list_objects", r#"{"bucket": "cli"}"#]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    assert!(ran.stdout.starts_with("key\t") && ran.stdout.ends_with("1 row\n"), "{ran:?}");
    assert_eq!(local(&["call", "list_buckets"]).code, 0);
    // The arguments may come on standard input.
    let ran = run(aws().env(), &["call", "list_objects", "-"], r#"{"bucket": "cli", "query": "[].key"}"#);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "a\n1 row\n"), "{ran:?}");
    let ran = local(&["call", "whoami", "--output", "structured"]);
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(printed["item"]["account"], LocalAws::ACCOUNT);

    for (args, expected) in [
        (vec!["call", "head_object", r#"{"bucket": "cli", "key": "absent"}"#], "head_object failed: "),
        (vec!["call", "list_objects", r#"{"buket": "cli"}"#], "did you mean `bucket`?"),
        (vec!["call", "put_object", r#"{"bucket": "cli", "key": "k", "text": "x"}"#], "--allow write"),
        (vec!["call", "list_bukets"], "did you mean list_buckets?"),
    ] {
        let ran = local(&args);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{ran:?}");
    }
    for (args, input, expected) in [
        (vec!["call"], "", "<TOOL>"),
        (vec!["call", "whoami", "[]"], "", "must be a JSON object"),
        (vec!["call", "whoami", "{oops"], "", "not JSON"),
        (vec!["call", "whoami", "-"], "", "not JSON"),
        (vec!["call", "whoami", "{}", "more"], "", "unexpected argument"),
    ] {
        let ran = run(aws().env(), &args, input);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{ran:?}");
    }
}

#[test]
fn call_destroys_only_with_yes() {
    aws().create_bucket("cli-yes");
    aws().put_objects("cli-yes", ["a"]);
    let call = ["call", "delete_objects", r#"{"bucket": "cli-yes", "keys": ["a"]}"#, "--allow", "destroy"];
    let ran = local(&call);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    assert!(ran.stderr.contains("nothing was done yet") && ran.stderr.contains("add --yes"), "{ran:?}");
    // A token would be of a process that has ended.
    assert!(!ran.stderr.contains("\"confirm\""), "{ran:?}");
    assert!(exists("cli-yes", "a"));
    let ran = local(&["call", "--yes", "delete_objects", call[2]]);
    assert_eq!(ran.code, 1, "--yes allows nothing by itself: {ran:?}");
    assert!(exists("cli-yes", "a"));
    let ran = local(&[call.as_slice(), &["--yes"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!exists("cli-yes", "a"));
}

#[test]
fn an_interrupted_call_aborts_its_request() {
    let stub = Stub::start(|_| Response::Never);
    let mut child = Command::new(binary("s3"))
        .args(["call", "list_buckets"])
        .env_clear()
        .envs(stub.env())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    stub.wait("a request", |stub| !stub.calls().is_empty());
    let sent = Instant::now();
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    assert!(!child.wait().unwrap().success());
    assert!(sent.elapsed() < Duration::from_secs(3));
    stub.wait("an aborted request", |stub| stub.hung_up() == 1);
}

#[test]
fn tools_shows_every_tool_and_why_it_is_off() {
    let ran = run([], &["tools"], "");
    assert_eq!(ran.code, 0, "{ran:?}");
    let line =
        |stdout: &str, name: &str| stdout.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(ran.stdout.starts_with("TOOL"));
    assert!(line(&ran.stdout, "list_buckets").contains("yes"));
    assert!(line(&ran.stdout, "delete_objects").contains("no: it needs --allow destroy"));
    let ran = run([], &["tools", "--allow", "destroy", "--exclude-tools", "list_buckets"], "");
    assert!(line(&ran.stdout, "delete_objects").contains("yes"));
    assert!(line(&ran.stdout, "list_buckets").contains("--exclude-tools"));
}

#[test]
fn manifest_is_the_contract_and_needs_nothing() {
    let ran = run([], &["manifest"], "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let manifest: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(manifest["server"], "s3");
    for tool in manifest["tools"].as_array().unwrap() {
        assert!(
            ["read", "reveal", "invoke", "write", "destroy"].contains(&tool["risk"].as_str().unwrap()),
            "{tool}"
        );
        // What only searches, or calls what its arguments name, declares nothing.
        let declares = !tool["needs"].as_array().unwrap().is_empty();
        assert!(declares || tool["toolset"] == "operations", "{tool}");
        assert_eq!(tool["input_schema"]["type"], "object");
        assert!(jsonschema::validator_for(&tool["input_schema"]).is_ok(), "{tool}");
    }
    assert!(manifest["default_list_bytes"].as_u64().unwrap() <= 10_000, "{}", manifest["default_list_bytes"]);
    assert!(manifest["full_list_bytes"].as_u64().unwrap() <= 32_000, "{}", manifest["full_list_bytes"]);
    // The same whatever the flags are.
    assert_eq!(run([], &["manifest", "--allow", "write"], "").stdout, ran.stdout);
}

#[test]
fn iam_policy_is_of_the_enabled_tools_on_the_allowed_resources() {
    let policy = |args: &[&str]| -> Value {
        let ran = run([], args, "");
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let allows = |policy: &Value, action: &str| -> Vec<String> {
        let statements = policy["Statement"].as_array().unwrap().iter();
        let found =
            statements.filter(|statement| statement["Action"].as_array().unwrap().contains(&json!(action)));
        found
            .flat_map(|statement| {
                serde_json::from_value::<Vec<String>>(statement["Resource"].clone()).unwrap()
            })
            .collect()
    };
    let read = policy(&["iam-policy"]);
    assert_eq!(read["Version"], "2012-10-17");
    assert_eq!(allows(&read, "s3:ListAllMyBuckets"), ["*"]);
    assert_eq!(allows(&read, "s3:ListBucket"), ["arn:aws:s3:::*"]);
    assert!(!allows(&read, "s3:GetObject").is_empty());
    for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteBucket"] {
        assert!(allows(&read, action).is_empty(), "{action}");
    }
    let write = policy(&["iam-policy", "--allow", "write,destroy"]);
    assert!(!allows(&write, "s3:PutObject").is_empty() && !allows(&write, "s3:DeleteObject").is_empty());
    let held =
        policy(&["iam-policy", "--tools", "list_buckets,head_object", "--allow-arn", "arn:aws:s3:::team-*"]);
    assert_eq!(allows(&held, "s3:GetObject"), ["arn:aws:s3:::team-*"]);
    assert!(allows(&held, "s3:ListBucketVersions").is_empty());
    let china = policy(&["iam-policy", "--partition", "aws-cn", "--tools", "list_objects"]);
    assert_eq!(allows(&china, "s3:ListBucket"), ["arn:aws-cn:s3:::*"]);
}

#[test]
fn doctor_says_who_calls_and_what_is_missing() {
    let ran = local(&["doctor"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for expected in [
        "region       us-east-1",
        "endpoint     http://127.0.0.1:",
        "environment variables, key ending test",
        "in account 123456789012",
        "clock        right",
    ] {
        assert!(ran.stdout.contains(expected), "{expected:?}: {}", ran.stdout);
    }
    // The root of an account is nobody whose policies could be simulated.
    assert!(ran.stdout.contains("permissions  not known: "), "{}", ran.stdout);

    let none = with(aws().env(), &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    let ran = run(none, &["doctor"], "");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("credentials  No AWS credentials were found"), "{ran:?}");
    let ran = run(with(aws().env(), &[("AWS_REGION", "")]), &["doctor"], "");
    assert_eq!((ran.code, ran.stdout.contains("No AWS region is set")), (1, true), "{ran:?}");
    let ran = run(with(aws().env(), &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]), &["doctor"], "");
    assert_eq!((ran.code, ran.stdout.contains("The endpoint refuses connections")), (1, true), "{ran:?}");

    let stub = Stub::bare(|_| {
        Response::identity("123456789012", "arn:aws:iam::123456789012:user/u")
            .with("date", "Thu, 01 Jan 2026 00:00:00 GMT")
    });
    let ran = run(stub.env(), &["doctor"], "");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("s ahead of AWS's") && ran.stdout.contains("NTP"), "{ran:?}");
    for secret in ["secret", "AKIASTUBSTUBSTUBSTUB"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{ran:?}");
    }
}

#[test]
fn doctor_names_the_missing_permissions_of_a_user() {
    let aws = LocalAws::shared_with_iam();
    let policy = |actions: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#
        )
    };
    let may_simulate = r#""sts:GetCallerIdentity","iam:SimulatePrincipalPolicy","s3:ListAllMyBuckets""#;
    let user = aws.create_user("doctor-some", &policy(may_simulate));
    let args = ["doctor", "--tools", "whoami,list_buckets,list_objects"];
    let ran = run(aws.env_as(&user), &args, "");
    assert!(ran.stdout.contains("user/doctor-some in account 123456789012"), "{ran:?}");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("permissions  missing:\n  list_objects: s3:ListBucket\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("list_buckets:"), "{}", ran.stdout);
    let user = aws.create_user("doctor-all", &policy(r#""*""#));
    let ran = run(aws.env_as(&user), &args, "");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("every enabled tool has what it declares"), "{}", ran.stdout);
    // Without the right to ask, it is not known, and that is said.
    let user = aws.create_user("doctor-blind", &policy(r#""s3:ListAllMyBuckets""#));
    let ran = run(aws.env_as(&user), &args, "");
    assert!(
        ran.stdout.contains("permissions  not known: ") && ran.stdout.contains("iam:SimulatePrincipalPolicy"),
        "{}",
        ran.stdout
    );
}

#[test]
fn help_names_every_flag_with_its_variable_and_version_is_the_servers() {
    let help = run([], &["--help"], "");
    assert_eq!(help.code, 0);
    let flags: Vec<&str> = help
        .stdout
        .split_whitespace()
        .filter(|word| {
            word.starts_with("--") && !["--help", "--version"].contains(&word.trim_end_matches(','))
        })
        .collect();
    assert!(flags.len() > 25, "{flags:?}");
    for flag in flags {
        let variable =
            format!("[env: AWSMCP_{}]", flag.trim_start_matches("--").replace('-', "_").to_uppercase());
        assert!(help.stdout.contains(&variable), "{variable} is missing");
    }
    for command in ["call", "tools", "manifest", "iam-policy", "doctor", "token"] {
        assert!(help.stdout.contains(&format!("\n  {command}")), "{command}");
        assert_eq!(run([], &[command, "--help"], "").code, 0);
    }
    assert_eq!(run([], &["--version"], "").stdout, format!("awsmcp-s3 {}\n", env!("CARGO_PKG_VERSION")));
    let typo = run([], &["docter"], "");
    assert_eq!(typo.code, 2);
    assert!(typo.stderr.contains("doctor"), "{typo:?}");
    // A value of the environment may be a secret, and help is pasted into issues.
    let help = run([("AWSMCP_EXTERNAL_ID".to_owned(), "a-secret".to_owned())], &["--help"], "");
    assert!(!help.stdout.contains("a-secret"));
}

#[test]
fn a_variable_that_says_false_wins_over_a_file_that_says_true() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("awsmcp.toml");
    std::fs::write(&file, "trust-upstream = true\nhttp = \"0.0.0.0:0\"\n").unwrap();
    let stub = Stub::bare(|_| Response::Never);
    let settings = [("AWSMCP_CONFIG", file.to_str().unwrap()), ("AWSMCP_TRUST_UPSTREAM", "false")];
    let ran = run(with(stub.env(), &settings), &[], "");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("nothing asks who calls"), "{ran:?}");
    std::fs::write(&file, "session-policy = true\n").unwrap();
    let settings = [("AWSMCP_CONFIG", file.to_str().unwrap()), ("AWSMCP_SESSION_POLICY", "false")];
    let ran = run(with(stub.env(), &settings), &["tools"], "");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(with(stub.env(), &settings[..1]), &["tools"], "");
    assert!(ran.code == 2 && ran.stderr.contains("--session-policy is about a role"), "{ran:?}");
}
