//! Nothing happens that the operator did not allow.
#![cfg(test)]

use std::collections::HashSet;

use awsmcp_testing::{LocalAws, Server, holds, lacks};
use awsmcp_tests::{Request, Response, Stub, Table, connect, is_well, names, run, walk, with};
use serde_json::{Value, json};

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

fn exists(bucket: &str, key: &str) -> bool {
    aws().request("s3", "HEAD", &format!("/{bucket}/{key}"), &[], &[], b"").status == 200
}

/// Every tool with its risk, as the contract says.
fn manifest() -> Vec<(String, String, bool)> {
    let ran = run(aws().env(), &["manifest"], "");
    let manifest: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |tool: &Value, field: &str| tool[field].as_str().unwrap().to_owned();
    let tools = manifest["tools"].as_array().unwrap().iter();
    tools.map(|tool| (text(tool, "name"), text(tool, "risk"), tool["local_files"] == true)).collect()
}

#[test]
fn without_flags_a_server_only_reads() {
    let mut server = connect(aws().env(), &[]);
    let listed = server.tools();
    assert!(listed.len() >= 4);
    for tool in &listed {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert!(tool["annotations"].get("destructiveHint").is_none(), "{tool}");
    }
    let listed: HashSet<String> = names(&mut server).into_iter().collect();
    for (name, risk, _) in manifest() {
        assert!(risk == "read" || !listed.contains(&name), "{name} is listed");
    }
    is_well(&mut server);
}

#[test]
fn what_is_not_listed_cannot_be_called() {
    aws().create_bucket("unlisted");
    aws().put_object("unlisted", "stays", &[], "x");
    let mut server = connect(aws().env(), &[]);
    for (tool, arguments, flag) in [
        ("put_object", json!({"bucket": "unlisted", "key": "new", "text": "x"}), "--allow write"),
        (
            "put_object",
            json!({"bucket": "unlisted", "key": "new", "text": "x", "dry_run": true}),
            "--allow write",
        ),
        ("delete_objects", json!({"bucket": "unlisted", "keys": ["stays"]}), "--allow destroy"),
        (
            "delete_objects",
            json!({"bucket": "unlisted", "keys": ["stays"], "confirm": "x"}),
            "--allow destroy",
        ),
    ] {
        let answer = server.call(tool, arguments);
        let text = answer.error();
        holds(text, &[flag, "operator"]);
    }
    assert!(exists("unlisted", "stays") && !exists("unlisted", "new"));
    is_well(&mut server);

    let mut server = connect(aws().env(), &["--tools", "list_buckets", "--allow", "write"]);
    for tool in ["list_objects", "put_object", "whoami"] {
        let text = server.call(tool, json!({"bucket": "unlisted"})).error().to_owned();
        holds(&text, &["turned off"]);
    }
    server.call("list_buckets", json!({})).ok();
}

#[test]
fn each_risk_is_allowed_by_its_own_word_and_shown_in_the_hints() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().to_str().unwrap();
    let everything =
        ["--allow", "write,invoke,destroy,reveal", "--toolsets", "all", "--allow-dir", directory];
    let mut server = connect(aws().env(), &everything);
    let listed = server.tools();
    let tools = manifest();
    assert_eq!(listed.len(), tools.len());
    for (tool, (name, risk, _)) in listed.iter().zip(&tools) {
        assert_eq!(tool["name"], **name);
        let hints = &tool["annotations"];
        let (read_only, destructive) = match risk.as_str() {
            // What it reads from AWS it writes into files.
            "read" if name == "download_file" => (false, json!(false)),
            // Which operation it calls its arguments say, and every risk is allowed here.
            "read" if name == "call_operation" => (false, json!(true)),
            "read" | "reveal" => (true, Value::Null),
            "destroy" => (false, json!(true)),
            _ => (false, json!(false)),
        };
        assert_eq!(
            (&hints["readOnlyHint"], &hints["destructiveHint"]),
            (&json!(read_only), &destructive),
            "{tool}"
        );
        assert!(tool["title"].is_string(), "{tool}");
    }
    for risk in ["write", "destroy"] {
        let mut server =
            connect(aws().env(), &["--allow", risk, "--toolsets", "all", "--allow-dir", directory]);
        let expected: Vec<&str> = tools
            .iter()
            .filter(|(_, own, _)| own == "read" || own == risk)
            .map(|(name, _, _)| name.as_str())
            .collect();
        assert_eq!(names(&mut server), expected);
    }
    let mut server = connect(aws().env(), &["--allow", "write,destroy", "--toolsets", "all"]);
    let listed = names(&mut server);
    for (name, _, _) in tools.iter().filter(|(_, _, local_files)| *local_files) {
        assert!(!listed.contains(name), "{name} is on without --allow-dir");
    }
}

#[test]
fn tools_are_chosen_by_name_and_by_group() {
    let of = |args: &[&str]| names(&mut connect(aws().env(), args));
    assert_eq!(of(&["--tools", "list_buckets"]), ["list_buckets"]);
    assert_eq!(of(&["--tools", "head_object", "--tools", "list_buckets"]), ["list_buckets", "head_object"]);
    assert_eq!(of(&["--tools", "put_object", "--allow", "write"]), ["put_object"]);
    assert_eq!(of(&["--toolsets", "session"]), ["whoami"]);
    assert_eq!(of(&["--toolsets", "session", "--tools", "list_buckets"]), ["whoami", "list_buckets"]);
    assert_eq!(of(&["--toolsets", "default"]), of(&[]));
    let without = of(&["--exclude-tools", "list_buckets,whoami"]);
    let mut expected = of(&[]);
    expected.retain(|name| name != "list_buckets" && name != "whoami");
    assert_eq!(without, expected);
}

#[test]
fn a_name_that_is_none_stops_the_start_and_the_right_one_is_named() {
    for (args, expected) in [
        (
            vec!["--tools", "list_bukets"],
            vec!["--tools", "list_bukets", "did you mean list_buckets?", "whoami"],
        ),
        (vec!["--exclude-tools", "put_objetc"], vec!["--exclude-tools", "did you mean put_object?"]),
        (
            vec!["--toolsets", "object"],
            vec!["--toolsets", "did you mean objects?", "session", "default, all"],
        ),
        (vec!["--tools", "put_object"], vec!["--tools names put_object", "--allow write"]),
        (vec!["--tools", "whoami", "--exclude-tools", "whoami"], vec!["--tools names whoami", "excluded"]),
        (vec!["--allow", "delete"], vec!["delete", "destroy"]),
        (vec!["--allow-arn", "team-*"], vec!["--allow-arn", "team-*", "arn:aws:s3:::team-*"]),
        (vec!["--allow-dir", "/no/such/dir"], vec!["--allow-dir /no/such/dir", "no such directory"]),
        (vec!["--max-chars", "10"], vec!["--max-chars 10", "at least 1000"]),
        (vec!["--max-calls", "0"], vec!["--max-calls 0", "at least 1"]),
        (vec!["--external-id", "x"], vec!["--external-id", "--role-arn"]),
        (
            vec!["--role-arn", "arn:aws:iam::1:role/r", "--session-tag", "team"],
            vec!["--session-tag", "team=data"],
        ),
        (vec!["--output", "yaml"], vec!["yaml", "structured"]),
        (vec!["--alow", "write"], vec!["--alow", "--allow"]),
        (vec!["--audit-log", "/no/such/dir/log"], vec!["--audit-log /no/such/dir/log"]),
        (vec!["--config", "/no/such/file.toml"], vec!["/no/such/file.toml"]),
    ] {
        let ran = run(aws().env(), &args, "");
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert_eq!(ran.stdout, "");
        for word in expected {
            assert!(ran.stderr.contains(word), "{word:?} is not in: {}", ran.stderr);
        }
        assert!(ran.stderr.len() < 1200, "{}", ran.stderr);
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("awsmcp.toml");
    let path = file.to_str().unwrap();
    let listed = |toml: &str, changes: &[(&str, &str)], args: &[&str]| {
        std::fs::write(&file, toml).unwrap();
        let env = with(aws().env(), &[("AWSMCP_CONFIG", path)]);
        names(&mut connect(with(env, changes), args))
    };
    let toml = "tools = [\"list_buckets\"]\npage-size = 7\n";
    assert_eq!(listed(toml, &[], &[]), ["list_buckets"]);
    assert_eq!(listed(toml, &[("AWSMCP_TOOLS", "whoami,list_objects")], &[]), ["whoami", "list_objects"]);
    assert_eq!(listed(toml, &[("AWSMCP_TOOLS", "whoami")], &["--tools", "head_object"]), ["head_object"]);
    assert_eq!(listed("tools = [\"put_object\"]\nallow = [\"write\"]\n", &[], &[]), ["put_object"]);
    let variables = [("AWSMCP_ALLOW", "write"), ("AWSMCP_EXCLUDE_TOOLS", "whoami"), ("AWSMCP_CONFIG", "")];
    let all = listed("", &variables, &[]);
    assert!(all.contains(&"put_object".to_owned()) && !all.contains(&"whoami".to_owned()), "{all:?}");
}

#[test]
fn an_unknown_key_or_a_wrong_value_in_the_file_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("awsmcp.toml");
    for (toml, expected) in [
        ("alow = [\"write\"]\n", vec!["awsmcp.toml", "alow", "line 1", "allow"]),
        ("[s3]\nallow = [\"write\"]\n", vec!["awsmcp.toml", "s3"]),
        ("allow = [\"banana\"]\n", vec!["banana", "destroy"]),
        ("allow = \"write\"\n", vec!["awsmcp.toml", "line 1"]),
        ("timeout = -1\n", vec!["timeout", "line 1"]),
        ("config = \"other.toml\"\n", vec!["config"]),
        ("tools = [\"list_bukets\"]\n", vec!["--tools", "did you mean list_buckets?"]),
        ("= nonsense", vec!["awsmcp.toml", "line 1"]),
    ] {
        std::fs::write(&file, toml).unwrap();
        let ran = run(aws().env(), &["--config", file.to_str().unwrap()], "");
        assert_eq!(ran.code, 2, "{toml}: {ran:?}");
        for word in expected {
            assert!(ran.stderr.contains(word), "{word:?} is not in: {}", ran.stderr);
        }
    }
}

#[test]
fn an_empty_variable_is_no_setting() {
    // Hosts fill in empty texts for what a person left out.
    let empty: Vec<(String, String)> = variables().into_iter().map(|name| (name, String::new())).collect();
    assert!(empty.len() > 20, "{empty:?}");
    let env: Vec<_> = aws().env().into_iter().chain(empty).collect();
    let mut server = connect(env, &[]);
    assert_eq!(names(&mut server), names(&mut connect(aws().env(), &[])));
    is_well(&mut server);
    for (value, fips) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let ran = run(with(aws().env(), &[("AWSMCP_FIPS", value)]), &["tools"], "");
        assert_eq!(ran.code, 0, "AWSMCP_FIPS={value} ({fips}): {}", ran.stderr);
    }
}

/// The variables that `--help` names.
fn variables() -> Vec<String> {
    let help = run(aws().env(), &["--help"], "").stdout;
    let found = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    found.map(str::to_owned).collect()
}

/// A server held to buckets `team-*`, on a stub that would answer anything.
fn held(args: &[&str]) -> (Stub, Server) {
    held_on(
        |request| match request.method.as_str() {
            "PUT" => Response::new(200, "").with("etag", "\"1\""),
            "GET" if request.query("list-type").is_some() => Response::objects(&["k".to_owned()], None),
            _ => Response::s3_error(404, "NoSuchKey", "There is no such key"),
        },
        args,
    )
}

fn held_on(answer: impl Fn(&Request) -> Response + Send + Sync + 'static, args: &[&str]) -> (Stub, Server) {
    let stub = Stub::start(answer);
    let mut all = vec!["--allow", "write,destroy"];
    all.extend(args);
    let server = connect(stub.env(), &all);
    (stub, server)
}

#[test]
fn what_is_outside_the_allowed_arns_is_refused_before_any_request() {
    let (stub, mut server) = held(&["--allow-arn", "arn:aws:s3:::team-*"]);
    let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/team-a";
    for (tool, arguments, arn) in [
        ("list_objects", json!({"bucket": "other"}), "arn:aws:s3:::other"),
        ("list_objects", json!({"bucket": "other", "prefix": "team-"}), "arn:aws:s3:::other"),
        ("list_objects", json!({"bucket": "my-team-a"}), "arn:aws:s3:::my-team-a"),
        ("list_objects", json!({"bucket": "arn:aws:s3:::other"}), "arn:aws:s3:::other"),
        ("list_objects", json!({"bucket": point}), point),
        ("head_object", json!({"bucket": "other", "key": "k"}), "arn:aws:s3:::other/k"),
        (
            "head_object",
            json!({"bucket": "other", "key": "arn:aws:s3:::team-a/k"}),
            "arn:aws:s3:::other/arn:",
        ),
        ("head_object", json!({"bucket": "other", "key": "*"}), "arn:aws:s3:::other/*"),
        ("head_object", json!({"bucket": point, "key": "k"}), point),
        ("put_object", json!({"bucket": "other", "key": "k", "text": "x"}), "arn:aws:s3:::other/k"),
        (
            "put_object",
            json!({"bucket": "other", "key": "../team-a/k", "text": "x"}),
            "arn:aws:s3:::other/../team-a/k",
        ),
        (
            "put_object",
            json!({"bucket": "other", "key": "k", "text": "x", "dry_run": true}),
            "arn:aws:s3:::other/k",
        ),
        ("delete_objects", json!({"bucket": "other", "keys": ["k"]}), "arn:aws:s3:::other"),
        (
            "delete_objects",
            json!({"bucket": "other", "keys": ["arn:aws:s3:::team-a/k"]}),
            "arn:aws:s3:::other",
        ),
    ] {
        let answer = server.call(tool, arguments.clone());
        let text = answer.error();
        assert!(text.contains("outside what the operator allowed"), "{tool} {arguments}: {text}");
        assert!(text.contains(arn) && text.contains("stay within arn:aws:s3:::team-*"), "{arn}: {text}");
    }
    let answer = server.call("list_objects", json!({"bucket": "arn:aws-cn:s3:::team-a"}));
    answer.fails(&["arn:aws-cn:s3:::team-a is not of aws, where the call goes"]);
    for bucket in ["team-a/../other", "*", "team-a?x=", "team-*"] {
        server.call("list_objects", json!({"bucket": bucket})).error();
    }
    // An alias has a name like a bucket's, and is of whoever knows which.
    for alias in ["team-a-1abc-s3alias", "team-a-1abc--ol-s3"] {
        let answer = server.call("head_object", json!({"bucket": alias, "key": "k"}));
        answer.fails(&["alias of an access point", "the bucket's name, as `bucket`"]);
    }
    assert!(server.try_request("resources/read", json!({"uri": "s3://other/k"})).is_err());
    let reference = json!({"type": "ref/resource", "uri": "s3://{bucket}/{+key}"});
    let typed = json!({"ref": reference, "argument": {"name": "key", "value": ""}, "context": {"arguments": {"bucket": "other"}}});
    assert_eq!(server.request("completion/complete", typed)["completion"]["values"], json!([]));
    assert_eq!(stub.requests().len(), 0, "{:?}", stub.requests());

    // What is inside goes out, and to its own bucket only.
    server.call("list_objects", json!({"bucket": "team-a"})).ok();
    server.call("put_object", json!({"bucket": "team-a", "key": "../other/k", "text": "x"})).ok();
    let sent = stub.calls();
    assert!(!sent.is_empty() && sent.iter().all(|request| request.path().starts_with("/team-a")), "{sent:?}");
}

#[test]
fn an_access_point_is_held_by_its_own_arn() {
    let objects = "arn:aws:s3:us-east-1:123456789012:accesspoint/p/object/public/*";
    let (stub, mut server) = held(&["--allow-arn", objects]);
    let point = "arn:aws:s3:us-east-1:123456789012:accesspoint/p";
    let answer = server.call("head_object", json!({"bucket": point, "key": "private/k"}));
    answer.fails(&[&format!("{point}/object/private/k is outside")]);
    assert_eq!(stub.requests().len(), 0, "{:?}", stub.requests());
    let answer = server.call("head_object", json!({"bucket": point, "key": "public/k"}));
    assert!(!answer.error().contains("outside what the operator allowed"), "{}", answer.text);

    let mut server = connect(Stub::start(|_| Response::denied("s3:GetObject")).env(), &["--allow-arn", "*"]);
    let answer = server.call("head_object", json!({"bucket": "team-a-1abc-s3alias", "key": "k"}));
    assert!(!answer.error().contains("alias of an access point"), "{}", answer.text);
}

#[test]
fn an_allowed_prefix_holds_each_key() {
    let (stub, mut server) =
        held(&["--allow-arn", "arn:aws:s3:::data/public/*", "--allow-arn", "arn:aws:s3:::one/k?"]);
    for (tool, arguments) in [
        ("list_objects", json!({"bucket": "data", "prefix": "public/"})),
        ("list_objects", json!({"bucket": "data"})),
        ("head_object", json!({"bucket": "data", "key": "private/k"})),
        ("head_object", json!({"bucket": "data", "key": "public"})),
        ("head_object", json!({"bucket": "one", "key": "k*"})),
        ("head_object", json!({"bucket": "one", "key": "k12"})),
        ("put_object", json!({"bucket": "data", "key": "/public/k", "text": "x"})),
        ("delete_objects", json!({"bucket": "data", "keys": ["public/a", "private/b"]})),
        ("delete_objects", json!({"bucket": "data", "keys": ["*"]})),
    ] {
        let answer = server.call(tool, arguments.clone());
        assert!(
            answer.error().contains("outside what the operator allowed"),
            "{tool} {arguments}: {}",
            answer.text
        );
    }
    assert_eq!(stub.requests().len(), 0, "{:?}", stub.requests());
    server.call("put_object", json!({"bucket": "data", "key": "public/k", "text": "x"})).ok();
    server.call("put_object", json!({"bucket": "one", "key": "k1", "text": "x"})).ok();
}

#[test]
fn lists_of_the_account_show_only_what_is_allowed_and_go_on_rightly() {
    // Pages of AWS of three, of which some rows, none, or all are allowed.
    let pages: [(&[&str], Option<&str>); 4] = [
        (&["team-a", "other-1", "team-b"], Some("p1")),
        (&["other-2", "other-3", "other-4"], Some("p2")),
        (&["team-c", "team-d", "team-e"], Some("p3")),
        (&["other-5", "team-f"], None),
    ];
    let answer = move |request: &Request| {
        let at = match request.query("continuation-token") {
            Some("p1") => 1,
            Some("p2") => 2,
            Some("p3") => 3,
            _ => 0,
        };
        Response::buckets(pages[at].0, pages[at].1)
    };
    let (_stub, mut server) = held_on(answer, &["--allow-arn", "arn:aws:s3:::team-*"]);
    let pages = walk(&mut server, "list_buckets", json!({"limit": 3}));
    let found: Vec<String> =
        pages.iter().filter(|page| !page.rows.is_empty()).flat_map(|page| page.column("name")).collect();
    assert_eq!(found, ["team-a", "team-b", "team-c", "team-d", "team-e", "team-f"]);
    assert!(pages.iter().all(|page| page.rows.iter().flatten().all(|cell| !cell.contains("other"))));
    // A page without a match says that there are more.
    assert!(
        pages
            .iter()
            .any(|page| page.rows.is_empty() && page.notes.iter().any(|note| note.contains("more pages")))
    );
    let counted = server.call("list_buckets", json!({"query": "length(@)", "limit": 3}));
    assert!(counted.ok().starts_with("2\n"), "{}", counted.text);

    let reference = json!({"type": "ref/resource", "uri": "s3://{bucket}/{+key}"});
    let typed = json!({"ref": reference, "argument": {"name": "bucket", "value": ""}});
    let completed = server.request("completion/complete", typed);
    let values = completed["completion"]["values"].as_array().unwrap();
    assert!(
        !values.is_empty() && values.iter().all(|name| name.as_str().unwrap().starts_with("team-")),
        "{values:?}"
    );
}

#[test]
fn a_call_leaves_one_audit_line_without_payloads() {
    aws().create_bucket("team-audit");
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("audit.jsonl");
    let args =
        ["--allow", "write", "--allow-arn", "arn:aws:s3:::team-*", "--audit-log", log.to_str().unwrap()];
    let mut server = connect(aws().env(), &args);
    server.call("put_object", json!({"bucket": "team-audit", "key": "k", "text": "top-secret-text"})).ok();
    server.call("put_object", json!({"bucket": "other", "key": "k", "text": "top-secret-text"})).error();
    server
        .call("put_object", json!({"bucket": "team-audit", "key": "dry", "text": "x", "dry_run": true}))
        .ok();
    server.call("head_object", json!({"bucket": "team-audit", "key": "absent"})).error();
    server.call("list_objects", json!({"bucket": "team-audit", "limit": 0})).error();
    is_well(&mut server);
    let text = std::fs::read_to_string(&log).unwrap();
    lacks(&text, &["top-secret-text"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |field: &str| lines.iter().map(|line| line[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("outcome"), ["ok", "refused", "ok", "failed", "refused", "ok"]);
    let has = |line: usize, field: &str, value: &str| {
        lines[line][field].as_array().unwrap().contains(&json!(value))
    };
    assert!(has(0, "operations", "PutObject") && has(0, "resources", "arn:aws:s3:::team-audit/k"), "{text}");
    assert_eq!((&lines[0]["risk"], &lines[0]["regions"]), (&json!("write"), &json!(["us-east-1"])));
    assert_eq!(lines[1]["operations"], json!([]));
    assert!(has(1, "resources", "arn:aws:s3:::other/k") && !has(2, "operations", "PutObject"), "{text}");
    assert!(lines.iter().all(|line| line["duration_ms"].is_u64() && line["time"].is_string()));
}

#[test]
fn an_audit_log_on_standard_error_stays_off_the_protocol() {
    let mut server = connect(aws().env(), &["--audit-log", "-"]);
    server.call("list_buckets", json!({})).ok();
    is_well(&mut server);
    assert!(
        server.stderr().lines().any(|line| line.contains("\"tool\":\"list_buckets\"")),
        "{}",
        server.stderr()
    );
}

#[test]
fn an_allowed_pattern_of_everything_allows_everything() {
    aws().create_bucket("anything");
    aws().put_objects("anything", ["k"]);
    let mut server = connect(aws().env(), &["--allow-arn", "*"]);
    let table = Table::read(server.call("list_objects", json!({"bucket": "anything"})).ok());
    assert_eq!(table.column("key"), ["k"]);
    server.call("list_buckets", json!({})).holds(&["anything"]);
}
