//! Real clients, not ours, with the S3 server and the local AWS, over pipes and over HTTP.
#![cfg(test)]

use awsmcp_testing::{Elicited, Era, LocalAws, WebServer, binary};
use awsmcp_tests::{Call, Heard, Target, claude_code, inspector, node_client, python_client};
use serde_json::json;

type Client = fn(&Target, &Era, Option<Elicited>, &[Call]) -> Heard;

const ERAS: [fn() -> Era; 2] = [Era::legacy, || Era::Modern];

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

/// How clients reach the server.
#[derive(Clone, Copy, Debug)]
enum Way {
    Pipes,
    Http,
}

/// A server as clients are told of it, and the process behind an address.
struct Reached {
    target: Target,
    _process: Option<WebServer>,
}

impl Way {
    fn server(self, args: &[&str]) -> Reached {
        match self {
            Way::Pipes => {
                let target = Target::new(binary("s3"), args.iter().copied(), aws().env());
                Reached { target, _process: None }
            }
            Way::Http => {
                // Clients of 2025 can be asked something only in a session.
                let args = args.iter().copied().chain(["--http-sessions"]);
                let process = WebServer::start(binary("s3"), args, aws().env());
                Reached { target: Target::at(&process.url(), &[]), _process: Some(process) }
            }
        }
    }
}

fn exists(bucket: &str, key: &str) -> bool {
    aws().request("s3", "HEAD", &format!("/{bucket}/{key}"), &[], &[], b"").status == 200
}

/// Lists, reads, fails, writes and deletes: once confirmed, once declined, once by a client that cannot be asked.
fn drive(name: &str, way: Way, client: Client) {
    for era in ERAS.map(|era| era()) {
        let bucket = format!("{name}-{}", if era == Era::Modern { "modern" } else { "legacy" });
        aws().create_bucket(&bucket);
        aws().put_object(&bucket, "hello.txt", &[("content-type", "text/plain")], "hello from S3");
        aws().put_objects(&bucket, ["gone", "stays"]);
        let server = way.server(&["--allow", "write,destroy"]);
        let target = &server.target;
        let delete = |key: &str| Call::tool("delete_objects", json!({"bucket": bucket, "keys": [key]}));
        let calls = [
            Call::tool("list_objects", json!({"bucket": bucket})),
            Call::tool("get_object", json!({"bucket": bucket, "key": "hello.txt"})),
            Call::tool("head_object", json!({"bucket": bucket, "key": "absent"})),
            Call::tool("put_object", json!({"bucket": bucket, "key": "new", "text": "x"})),
            delete("gone"),
            Call::tool("no_such_tool", json!({})),
            Call::method("resources/templates/list", json!({})),
            Call::method("resources/read", json!({"uri": format!("s3://{bucket}/hello.txt")})),
            Call::method("prompts/list", json!({})),
        ];
        let heard = client(target, &era, Some(Elicited::Accept(json!({"confirm": true}))), &calls);
        assert_eq!(heard.connected["server"]["name"], "awsmcp-s3", "{era:?}");
        assert!(heard.connected["instructions"].as_str().unwrap().contains("list_buckets"));
        assert!(heard.tools.iter().any(|tool| tool["name"] == "delete_objects"));
        assert!(heard.answer(0).ok().ends_with("3 rows"), "{:?}", heard.results[0]);
        assert!(heard.answer(1).ok().contains("hello from S3"));
        assert!(heard.answer(2).error().contains("It does not exist"));
        assert!(exists(&bucket, "new"));
        heard.answer(4).ok();
        assert!(!exists(&bucket, "gone"));
        assert_eq!(heard.asked.len(), 1, "{:?}", heard.asked);
        assert!(heard.asked[0]["message"].as_str().unwrap().contains("gone"), "{:?}", heard.asked);
        assert!(heard.results[5].as_ref().unwrap_err().message.contains("no_such_tool"));
        assert!(heard.results[6].as_ref().unwrap().to_string().contains("s3://{bucket}/{+key}"));
        assert!(heard.results[7].as_ref().unwrap().to_string().contains("hello from S3"));
        assert!(heard.results[8].is_ok());

        let heard = client(target, &era, Some(Elicited::Decline), &[delete("stays")]);
        assert!(heard.answer(0).error().contains("did not agree"));
        let heard = client(target, &era, None, &[delete("stays")]);
        assert!(heard.answer(0).ok().contains("\"confirm\":"));
        assert!(heard.asked.is_empty() && exists(&bucket, "stays"));

        // The client itself holds structured answers to their schemas.
        let structured = way.server(&["--output", "structured"]);
        let heard = client(
            &structured.target,
            &era,
            None,
            &[
                Call::tool("list_objects", json!({"bucket": bucket})),
                Call::tool("whoami", json!({})),
                Call::tool("head_object", json!({"bucket": bucket, "key": "absent"})),
            ],
        );
        assert_eq!(heard.answer(0).structured.unwrap()["rows"].as_array().unwrap().len(), 3);
        assert_eq!(heard.answer(1).structured.unwrap()["item"]["account"], LocalAws::ACCOUNT);
        assert!(heard.answer(2).error().contains("It does not exist"));
    }
}

#[test]
#[ignore = "drives the Python client"]
fn the_python_client_works_in_both_eras() {
    drive("python", Way::Pipes, python_client);
}

#[test]
#[ignore = "drives the Python client"]
fn the_python_client_works_over_http_in_both_eras() {
    drive("python-http", Way::Http, python_client);
}

#[test]
#[ignore = "drives the TypeScript client"]
fn the_typescript_client_works_in_both_eras() {
    drive("node", Way::Pipes, node_client);
}

#[test]
#[ignore = "drives the TypeScript client"]
fn the_typescript_client_works_over_http_in_both_eras() {
    drive("node-http", Way::Http, node_client);
}

#[test]
#[ignore = "drives the Inspector"]
fn the_inspector_finds_nothing_to_criticise() {
    inspect("inspected", Way::Pipes);
}

#[test]
#[ignore = "drives the Inspector"]
fn the_inspector_finds_nothing_to_criticise_over_http() {
    inspect("inspected-http", Way::Http);
}

fn inspect(bucket: &str, way: Way) {
    aws().create_bucket(bucket);
    aws().put_objects(bucket, ["a"]);
    let usual = way.server(&[]);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().to_str().unwrap();
    let everything =
        ["--allow", "write,destroy,invoke,reveal", "--toolsets", "all", "--allow-dir", directory];
    for era in ERAS.map(|era| era()) {
        for args in
            [&[], everything.as_slice(), &[everything.as_slice(), &["--output", "structured"]].concat()]
        {
            let listed = inspector(&way.server(args).target, &era, &["--method", "tools/list", "--strict"]);
            assert_eq!(listed.code, 0, "{era:?}: {listed:?}");
            assert!(listed.json["result"]["tools"].as_array().unwrap().len() >= 4);
        }
        let call = |tool: &str, arguments: &str| {
            inspector(
                &usual.target,
                &era,
                &["--method", "tools/call", "--tool-name", tool, "--tool-args-json", arguments],
            )
        };
        let called = call("list_objects", &format!(r#"{{"bucket": "{bucket}"}}"#));
        assert_eq!(called.code, 0, "{called:?}");
        assert!(
            called.json["result"]["content"][0]["text"].as_str().unwrap().ends_with("1 row"),
            "{called:?}"
        );
        let failed = call("head_object", &format!(r#"{{"bucket": "{bucket}", "key": "absent"}}"#));
        assert_eq!((failed.code, &failed.json["result"]["isError"]), (5, &json!(true)), "{failed:?}");
        for method in ["resources/list", "resources/templates/list", "prompts/list"] {
            let listed = inspector(&usual.target, &era, &["--method", method]);
            assert_eq!(listed.code, 0, "{method}: {listed:?}");
        }
        let read = inspector(
            &usual.target,
            &era,
            &["--method", "resources/read", "--uri", &format!("s3://{bucket}/a")],
        );
        assert_eq!(read.code, 0, "{read:?}");
    }
}

#[test]
#[ignore = "drives Claude Code"]
fn claude_code_connects() {
    for way in [Way::Pipes, Way::Http] {
        for args in [[].as_slice(), &["--allow", "write,destroy", "--output", "structured"]] {
            assert_eq!(claude_code(&way.server(args).target), "✔ Connected", "{way:?} {args:?}");
        }
    }
    // Also offline and without credentials.
    assert_eq!(claude_code(&Target::new(binary("s3"), [] as [&str; 0], [])), "✔ Connected");
}

#[test]
#[ignore = "drives Claude Code, the Inspector, the Python client and the TypeScript client"]
fn clients_bear_a_token() {
    let minted = std::process::Command::new(binary("s3")).args(["token", "ada"]).output().unwrap();
    let minted = String::from_utf8(minted.stdout).unwrap();
    let lines: Vec<&str> = minted.lines().collect();
    let (token, line) = (lines[1], lines[3]);
    let server = WebServer::start(binary("s3"), ["--tokens", line], aws().env());
    let target = Target::at(&server.url(), &[("Authorization", &format!("Bearer {token}"))]);
    for client in [python_client, node_client] {
        for era in ERAS.map(|era| era()) {
            let heard = client(&target, &era, None, &[Call::tool("whoami", json!({}))]);
            assert!(heard.answer(0).ok().contains(LocalAws::ACCOUNT));
        }
    }
    let listed = inspector(&target, &Era::Modern, &["--method", "tools/list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert_eq!(claude_code(&target), "✔ Connected");

    let stranger = Target::at(&server.url(), &[("Authorization", "Bearer another")]);
    assert_ne!(claude_code(&stranger), "✔ Connected");
    assert_ne!(inspector(&stranger, &Era::Modern, &["--method", "tools/list"]).code, 0);
}
