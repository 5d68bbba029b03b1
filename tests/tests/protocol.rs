//! The server speaks every version of MCP as its schema says, and says the same in all of them.
#![cfg(test)]

use awsmcp_testing::{Elicited, Era, LocalAws, Server};
use awsmcp_tests::{connect, ends_well, is_well, start, validate_session};
use serde_json::{Value, json};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const INFO: &str = "io.modelcontextprotocol/serverInfo";
const TEMPLATE: &str = "s3://{bucket}/{+key}";

fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

fn modern() -> Server {
    let mut server = start(aws().env(), &[]);
    server.discover();
    server
}

/// The client in both eras.
fn both() -> [Server; 2] {
    [connect(aws().env(), &[]), modern()]
}

#[test]
fn every_version_with_a_handshake_is_negotiated() {
    for version in LEGACY {
        let mut server = start(aws().env(), &[]);
        let result = server.initialize_at(version);
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(*server.era(), Era::Legacy(version.to_owned()));
        server.call("list_buckets", json!({})).holds(&["row"]);
        is_well(&mut server);
    }
    // A version that nobody knows is answered with one that the server knows.
    for version in ["2099-01-01", "1.0", ""] {
        let mut server = start(aws().env(), &[]);
        let result = server.initialize_at(version);
        let agreed = result["protocolVersion"].as_str().unwrap();
        assert!(LEGACY.contains(&agreed), "{version:?} was answered with {agreed}");
        is_well(&mut server);
    }
}

#[test]
fn both_eras_hear_the_same_about_the_server() {
    let legacy = start(aws().env(), &[]).initialize();
    let modern = start(aws().env(), &[]).discover();
    assert_eq!(legacy["serverInfo"]["name"], "awsmcp-s3");
    assert_eq!(legacy["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(legacy["serverInfo"]["title"].as_str().unwrap().contains("Amazon S3"));
    assert_eq!(legacy["serverInfo"], modern["_meta"][INFO]);
    assert_eq!(legacy["instructions"], modern["instructions"]);
    assert_eq!(legacy["capabilities"], modern["capabilities"]);
    let instructions = legacy["instructions"].as_str().unwrap();
    assert!(
        (200..=2048).contains(&instructions.chars().count()),
        "{} characters",
        instructions.chars().count()
    );
    assert!(modern["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")));
    // What is not there is not advertised, and no list ever changes.
    let capabilities = legacy["capabilities"].as_object().unwrap();
    let mut names: Vec<&str> = capabilities.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["completions", "prompts", "resources", "tools"]);
    assert!(!legacy["capabilities"].to_string().contains("listChanged\":true"));
}

#[test]
fn the_list_of_tools_is_the_same_for_everybody_every_time() {
    let mut lists = Vec::new();
    for mut server in both() {
        lists.push(server.tools());
        server.call("list_objects", json!({"bucket": "no-such-bucket-here"})).error();
        lists.push(server.tools());
    }
    let mut old = start(aws().env(), &[]);
    old.initialize_at("2024-11-05");
    lists.push(old.tools());
    assert!(lists.iter().all(|list| *list == lists[0]));
    for tool in &lists[0] {
        let name = tool["name"].as_str().unwrap();
        let text = tool["description"].as_str().unwrap();
        assert!(name.len() < 30 && text.chars().count() < 300, "{name}: {} characters", text.chars().count());
        let schema = &tool["inputSchema"];
        assert_eq!(
            (&schema["type"], &schema["additionalProperties"]),
            (&json!("object"), &json!(false)),
            "{name}"
        );
        let written = schema.to_string();
        for noise in ["$schema", "$ref", "$defs", "\"title\":\"", "\"null\"", "uint32", "int64"] {
            assert!(!written.contains(noise), "{name} has {noise}: {written}");
        }
        assert!(
            ["anyOf", "oneOf", "allOf"].iter().all(|word| schema.get(word).is_none()),
            "{name}: {written}"
        );
        assert!(tool.get("outputSchema").is_none(), "{name}");
    }
}

#[test]
fn every_modern_result_says_who_gave_it() {
    aws().create_bucket("stamped");
    aws().put_objects("stamped", ["k"]);
    let mut server = modern();
    for (method, params) in methods("stamped") {
        let result = server.request(method, params);
        assert_eq!(result["_meta"][INFO]["name"], "awsmcp-s3", "{method}: {result}");
        assert!(result["resultType"].is_string(), "{method}: {result}");
    }
    let failed = server.call("head_object", json!({"bucket": "stamped", "key": "absent"}));
    failed.error();
    assert_eq!(failed.raw["_meta"][INFO]["name"], "awsmcp-s3");
    ends_well(&mut server);

    // A client with a handshake knows it already.
    let mut server = connect(aws().env(), &[]);
    for (method, params) in methods("stamped") {
        let result = server.request(method, params);
        assert!(result.get("_meta").is_none() && result.get("resultType").is_none(), "{method}: {result}");
    }
}

fn completes(argument: &str, value: &str, context: Value) -> Value {
    json!({
        "ref": {"type": "ref/resource", "uri": TEMPLATE},
        "argument": {"name": argument, "value": value},
        "context": {"arguments": context},
    })
}

/// Every method with parameters that succeed.
fn methods(bucket: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "list_objects", "arguments": {"bucket": bucket}})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": format!("s3://{bucket}/k")})),
        ("prompts/list", json!({})),
        ("completion/complete", completes("bucket", bucket, json!({}))),
        ("completion/complete", completes("key", "", json!({"bucket": bucket}))),
    ]
}

#[test]
fn what_never_changes_may_be_kept_and_what_was_read_only_briefly() {
    aws().create_bucket("hints");
    aws().put_objects("hints", ["k"]);
    let mut server = start(aws().env(), &[]);
    let discovered = server.discover();
    let mut results = vec![("server/discover", discovered)];
    for (method, params) in methods("hints") {
        results.push((method, server.request(method, params)));
    }
    for (method, result) in results {
        let hints = (&result["ttlMs"], &result["cacheScope"]);
        match method {
            "resources/read" => {
                assert!(hints.0.as_u64().unwrap() <= 60_000, "{method}: {hints:?}");
                assert_eq!(hints.1, "private");
            }
            "tools/call" | "completion/complete" => {}
            _ => assert_eq!(hints, (&json!(3_600_000), &json!("public")), "{method}"),
        }
    }
}

#[test]
fn what_is_unknown_is_said_by_its_own_code() {
    for mut server in both() {
        let legacy = *server.era() != Era::Modern;
        for method in ["no/such", "logging/setLevel", "roots/list", "tools/call/", "sampling/createMessage"] {
            let error = server.try_request(method, json!({})).unwrap_err();
            assert_eq!(error.code, -32601, "{method}: {error}");
            assert!(error.message.contains(method), "{error}");
        }
        assert_eq!(server.try_request("prompts/get", json!({"name": "no-such"})).unwrap_err().code, -32602);
        let reference = json!({"type": "ref/prompt", "name": "no-such"});
        let typed = json!({"ref": reference, "argument": {"name": "x", "value": ""}});
        assert_eq!(server.try_request("completion/complete", typed).unwrap_err().code, -32602);
        // Only a handshake's era has ping.
        assert_eq!(server.try_request("ping", json!({})).is_ok(), legacy);
        is_well(&mut server);
    }
}

#[test]
fn objects_are_resources_in_both_eras() {
    aws().create_bucket("resources");
    aws().put_object("resources", "folder/a b+ü.txt", &[("content-type", "text/plain")], "hello from S3\n");
    aws().put_object("resources", "pixel.png", &[("content-type", "image/png")], PIXEL);
    for mut server in both() {
        let not_found = if *server.era() == Era::Modern { -32602 } else { -32002 };
        let templates = server.request("resources/templates/list", json!({}));
        assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], TEMPLATE);
        for uri in ["s3://resources/folder/a b+ü.txt", "s3://resources/folder/a%20b%2B%C3%BC.txt"] {
            let read = server.request("resources/read", json!({"uri": uri}));
            assert_eq!(read["contents"][0]["uri"], uri);
            assert!(read["contents"][0]["text"].as_str().unwrap().contains("hello from S3"), "{read}");
            assert_eq!(read["contents"][0]["mimeType"], "text/plain");
        }
        let read = server.request("resources/read", json!({"uri": "s3://resources/pixel.png"}));
        assert_eq!(read["contents"][0]["mimeType"], "image/png", "{read}");
        assert!(read["contents"][0]["blob"].as_str().unwrap().starts_with("iVBORw0KGgo"), "{read}");
        for uri in [
            "s3://resources/absent",
            "s3://no-such-bucket-at-all/k",
            "s3://resources",
            "file:///etc/passwd",
            "s3:///k",
            "",
            "s3://resources/%ff",
        ] {
            let error = server.try_request("resources/read", json!({"uri": uri})).unwrap_err();
            assert_eq!(error.code, not_found, "{uri}: {error}");
            assert_eq!(error.data["uri"], uri);
        }
        let error = server.try_request("resources/read", json!({"uri": "s3://../etc/passwd"})).unwrap_err();
        assert_eq!(error.code, -32602, "{error}");
        is_well(&mut server);
    }
}

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0xf8,
    0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x89, 0x99, 0x3d, 0x1d, 0, 0, 0, 0, b'I', b'E', b'N', b'D',
    0xae, 0x42, 0x60, 0x82,
];

#[test]
fn names_of_buckets_and_keys_are_completed() {
    aws().create_bucket("complete-one");
    aws().create_bucket("complete-two");
    aws().put_objects("complete-one", ["logs/a.txt", "logs/b.txt", "lo", "other"]);
    for mut server in both() {
        let mut of = |argument, value, context| {
            server.request("completion/complete", completes(argument, value, context))["completion"].clone()
        };
        assert_eq!(of("bucket", "complete-", json!({}))["values"], json!(["complete-one", "complete-two"]));
        assert_eq!(of("bucket", "no-such-", json!({}))["values"], json!([]));
        let one = json!({"bucket": "complete-one"});
        let mut keys: Vec<String> =
            serde_json::from_value(of("key", "lo", one.clone())["values"].clone()).unwrap();
        keys.sort();
        assert_eq!(keys, ["lo", "logs/"]);
        assert_eq!(of("key", "logs/", one)["values"], json!(["logs/a.txt", "logs/b.txt"]));
        // What cannot be completed is not an error.
        assert_eq!(of("key", "lo", json!({}))["values"], json!([]));
        assert_eq!(of("key", "lo", json!({"bucket": "no-such-bucket-at-all"}))["values"], json!([]));
        assert_eq!(of("key", "lo", json!({"bucket": "../etc"}))["values"], json!([]));
        assert_eq!(of("no-such-variable", "lo", json!({}))["values"], json!([]));
        is_well(&mut server);
    }
}

#[test]
fn prompts_are_listed_and_filled_in() {
    for mut server in both() {
        let listed = server.request("prompts/list", json!({}));
        for prompt in listed["prompts"].as_array().unwrap() {
            let arguments = prompt["arguments"].as_array().cloned().unwrap_or_default();
            let names = || arguments.iter().map(|argument| argument["name"].as_str().unwrap());
            let given: Value = names()
                .map(|name| (name.to_owned(), json!("a-value")))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let filled = server.request("prompts/get", json!({"name": prompt["name"], "arguments": given}));
            let text = filled["messages"][0]["content"]["text"].as_str().unwrap();
            assert!(text.len() > 50 && names().all(|name| !text.contains(&format!("{{{name}}}"))), "{text}");
            assert!(names().count() == 0 || text.contains("a-value"), "{text}");
            if arguments.iter().any(|argument| argument["required"] == true) {
                let error = server.try_request("prompts/get", json!({"name": prompt["name"]})).unwrap_err();
                assert_eq!(error.code, -32602, "{error}");
            }
        }
        is_well(&mut server);
    }
}

/// A session with every method, errors of both kinds, a question and progress.
fn session(version: &str) -> Server {
    let bucket = format!("session-{version}");
    aws().create_bucket(&bucket);
    aws().put_objects(&bucket, ["k", "gone"]);
    let modern = version == Server::MODERN;
    let mut server = start(aws().env(), &["--allow", "write,destroy"])
        .elicit(|_| Elicited::Accept(json!({"confirm": true})));
    if modern {
        server.discover();
    } else {
        assert_eq!(server.initialize_at(version)["protocolVersion"], version);
        server.request("ping", json!({}));
    }
    for (method, params) in methods(&bucket) {
        server.request(method, params);
    }
    let listed = server.request("prompts/list", json!({}));
    for prompt in listed["prompts"].as_array().unwrap() {
        let arguments = prompt["arguments"].as_array().cloned().unwrap_or_default();
        let given =
            arguments.iter().map(|argument| (argument["name"].as_str().unwrap().to_owned(), json!("x")));
        let given: Value = given.collect::<serde_json::Map<_, _>>().into();
        server.request("prompts/get", json!({"name": prompt["name"], "arguments": given}));
    }
    for (method, params) in [
        ("tools/call", json!({"name": "no_such_tool"})),
        ("resources/read", json!({"uri": format!("s3://{bucket}/absent")})),
        ("prompts/get", json!({"name": "no-such"})),
        ("no/such", json!({})),
    ] {
        server.try_request(method, params).unwrap_err();
    }
    server.write_line("not json");
    server.call("head_object", json!({"bucket": bucket, "key": "absent"})).error();
    server.call("list_objects", json!({"buket": bucket})).error();
    server.call("put_object", json!({"bucket": bucket, "key": "new", "text": "x"})).ok();
    server.call("delete_objects", json!({"bucket": bucket, "keys": ["k"], "dry_run": true})).ok();

    let mut params = json!({
        "name": "delete_objects",
        "arguments": {"bucket": bucket, "keys": ["gone"]},
        "_meta": {"progressToken": "how-far"},
    });
    let mut result = server.request("tools/call", params.clone());
    if modern {
        assert_eq!(result["resultType"], "input_required", "{result}");
        params["inputResponses"] = json!({"confirm": Elicited::Accept(json!({"confirm": true})).result()});
        params["requestState"] = result["requestState"].clone();
        result = server.request("tools/call", params);
    }
    assert!(result.get("isError").is_none(), "{result}");
    assert_eq!(server.wait_notification("notifications/progress")["params"]["progressToken"], "how-far");
    ends_well(&mut server);
    server
}

#[test]
fn every_message_of_a_session_follows_the_schema_of_its_version() {
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        validate_session(session(version).messages(), version);
    }
}

#[test]
fn a_session_of_the_oldest_versions_goes_as_well() {
    for version in ["2024-11-05", "2025-03-26"] {
        session(version);
    }
}

#[test]
fn structured_sessions_follow_the_schema_too() {
    aws().create_bucket("structured-session");
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let mut server = start(aws().env(), &["--output", "structured"]);
        if version == Server::MODERN {
            server.discover()
        } else {
            server.initialize_at(version)
        };
        server.tools();
        server.call("list_buckets", json!({})).ok();
        server.call("whoami", json!({})).ok();
        server.call("head_object", json!({"bucket": "structured-session", "key": "absent"})).error();
        ends_well(&mut server);
        validate_session(server.messages(), version);
    }
}
