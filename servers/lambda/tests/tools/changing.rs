//! What changes functions: plans that change nothing, differences, confirmations, and what AWS has afterwards.

use awsmcp_testing::{LocalAws, Response, Stub};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::functions::{ECHO, ROLE, confirmed, create, package, server, server_at};

/// What AWS has of a function now.
fn now(name: &str) -> Value {
    LocalAws::shared().call("lambda", "GetFunctionConfiguration", json!({"FunctionName": name}))
}

#[test]
fn a_function_is_made_of_texts_and_runs() {
    let mut server = server(&[]);
    let call = json!({"function": "make-it", "role": ROLE, "runtime": "python3.12", "handler": "index.handler",
        "files": {"index.py": ECHO}, "environment": {"LEVEL": "info"}, "memory_mb": 256, "tags": {"team": "a"}});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("create_function", planned);
    assert!(
        plan.ok().contains("create make-it (python3.12, 256 MB, 3 s) from 1 given file"),
        "{}",
        plan.text
    );
    assert!(server.call("get_function", json!({"function": "make-it"})).error().contains("not found"));
    let made = server.call("create_function", call.clone());
    assert!(made.ok().contains(r#""state":"Active""#), "{}", made.text);
    let done = server.call("invoke_function", json!({"function": "make-it", "payload": 1}));
    assert!(done.ok().contains(r#""result":{"echo":1,"level":"info"}"#), "{}", done.text);
    assert!(server.call("create_function", call).error().contains("there is a function make-it already"));
}

#[test]
fn what_makes_no_function_is_said_before() {
    let mut server = server(&[]);
    let mut make = |more: Value| {
        let mut call = json!({"function": "make-none", "role": ROLE, "dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("create_function", call)
    };
    let runtime = |more: Value| {
        let mut call = json!({"runtime": "python3.12", "handler": "index.handler"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    assert!(make(runtime(json!({}))).error().contains("exactly one way"));
    assert!(make(runtime(json!({"files": {"../a": ""}}))).error().contains("is not a path in a package"));
    assert!(make(runtime(json!({"zip_path": "a.zip"}))).error().contains("--allow-dir"));
    assert!(make(runtime(json!({"image_uri": "i"}))).error().contains("leave both out"));
    assert!(make(json!({"files": {"a.py": ""}})).error().contains("needs `runtime` and `handler`"));
    let lacks = make(runtime(json!({"files": {"main.py": ""}})));
    assert!(lacks.ok().contains("no file for the handler index.handler, such as index.py"), "{}", lacks.text);
    let old = make(json!({"runtime": "python3.8", "handler": "a.b", "files": {"a.py": ""}}));
    assert!(old.ok().contains("AWS deprecated python3.8 on 2024-10-14"), "{}", old.text);
}

#[test]
fn code_is_replaced_from_a_zip_file_in_an_allowed_directory() {
    create(LocalAws::shared(), "code-zip", ECHO, json!({}));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("new.zip"),
        package(&[("index.py", "def handler(e, c):\n    return 2\n")]),
    )
    .unwrap();
    std::fs::write(dir.path().join("bad.zip"), "no zip").unwrap();
    let mut server = server(&["--allow-dir", dir.path().to_str().unwrap()]);
    let before = now("code-zip")["CodeSha256"].clone();
    let plan =
        server.call("update_code", json!({"function": "code-zip", "zip_path": "new.zip", "dry_run": true}));
    assert!(
        plan.ok().contains("replace the code of code-zip (python3.12, ") && plan.text.contains("1 file)"),
        "{}",
        plan.text
    );
    assert_eq!(now("code-zip")["CodeSha256"], before);
    let done =
        server.call("update_code", json!({"function": "code-zip", "zip_path": "new.zip", "publish": true}));
    assert!(done.ok().contains(r#""version":"1""#), "{}", done.text);
    assert_ne!(now("code-zip")["CodeSha256"], before);
    let run = server.call("invoke_function", json!({"function": "code-zip", "payload": {}}));
    assert!(run.ok().contains(r#""result":2"#), "{}", run.text);
    let same =
        server.call("update_code", json!({"function": "code-zip", "zip_path": "new.zip", "dry_run": true}));
    assert!(same.ok().contains("warning: that is the code it has already"), "{}", same.text);
    let bad = server.call("update_code", json!({"function": "code-zip", "zip_path": "bad.zip"}));
    assert!(bad.error().contains("it is not a zip file"), "{}", bad.text);
    let outside = server.call("update_code", json!({"function": "code-zip", "zip_path": "/etc/passwd"}));
    assert!(outside.error().contains("outside the directories"), "{}", outside.text);
}

#[test]
fn code_comes_from_s3_or_an_image_too() {
    let aws = LocalAws::shared();
    create(aws, "code-s3", ECHO, json!({}));
    aws.create_bucket("code-s3");
    aws.put_object("code-s3", "new.zip", &[], package(&[("index.py", "def handler(e, c):\n    return 3\n")]));
    let mut server = server(&[]);
    let done = server
        .call("update_code", json!({"function": "code-s3", "s3_bucket": "code-s3", "s3_key": "new.zip"}));
    assert!(done.ok().contains(r#""last_update":"Successful""#), "{}", done.text);
    let run = server.call("invoke_function", json!({"function": "code-s3", "payload": {}}));
    assert!(run.ok().contains(r#""result":3"#), "{}", run.text);
    let stub = Stub::before(aws, |request| match request.operation() {
        "UpdateFunctionCode" => Response::output(json!({"FunctionName": "code-s3", "Version": "$LATEST"})),
        _ => Response::HandOn,
    });
    server_at(stub.env(), &[])
        .call("update_code", json!({"function": "code-s3", "image_uri": "i:1", "architecture": "arm64"}))
        .ok();
    let sent = stub.of("UpdateFunctionCode")[0].json();
    assert_eq!((&sent["ImageUri"], &sent["Architectures"]), (&json!("i:1"), &json!(["arm64"])));
}

#[test]
fn a_configuration_is_patched_and_the_plan_hides_values() {
    let variables = json!({"Variables": {"SECRET": "hunter2", "OLD": "x", "KEEP": "k"}});
    create(LocalAws::shared(), "config-patch", ECHO, json!({"Environment": variables}));
    let mut server = server(&[]);
    let patch = json!({"MemorySize": 512, "Environment": {"Variables": {"SECRET": "swordfish", "OLD": null, "NEW": "n"}}});
    let plan =
        server.call("update_config", json!({"function": "config-patch", "patch": patch, "dry_run": true}));
    for part in [
        "change Environment, MemorySize of config-patch",
        "are lost: OLD",
        "-  \"MemorySize\": 128",
        "(hidden, another value)",
    ] {
        assert!(plan.ok().contains(part), "{part}: {}", plan.text);
    }
    for secret in ["hunter2", "swordfish", "Runtime"] {
        assert!(!plan.text.contains(secret), "{secret}: {}", plan.text);
    }
    let done = server.call("update_config", json!({"function": "config-patch", "patch": patch}));
    assert!(done.ok().contains(r#""changed":["Environment","MemorySize"]"#), "{}", done.text);
    let now = now("config-patch");
    assert_eq!(now["Environment"]["Variables"], json!({"SECRET": "swordfish", "NEW": "n", "KEEP": "k"}));
    assert_eq!((&now["MemorySize"], &now["Handler"]), (&json!(512), &json!("index.handler")));
    let again =
        server.call("update_config", json!({"function": "config-patch", "patch": patch, "dry_run": true}));
    assert!(again.ok().contains("nothing changes"), "{}", again.text);
    let wrong = server.call("update_config", json!({"function": "config-patch", "patch": {"Memory": 1}}));
    assert!(wrong.error().contains("unknown field `Memory`"), "{}", wrong.text);
    let nothing = server.call("update_config", json!({"function": "config-patch"}));
    assert!(nothing.error().contains("give `patch`, or `role`"), "{}", nothing.text);
    let mut revealing = server_at(LocalAws::shared().env(), &["--allow", "reveal,write"]);
    let patch = json!({"Environment": {"Variables": {"SECRET": "third"}}});
    let open =
        revealing.call("update_config", json!({"function": "config-patch", "patch": patch, "dry_run": true}));
    assert!(open.ok().contains("swordfish") && open.text.contains("third"), "{}", open.text);
}

#[test]
fn an_update_that_aws_cannot_carry_out_is_told() {
    let aws = LocalAws::shared();
    create(aws, "config-fails", ECHO, json!({}));
    let stub = Stub::before(aws, |request| match (request.operation(), request.nth) {
        // Of plan and change; then two looks at what becomes of it.
        ("GetFunctionConfiguration", 3) => {
            Response::output(json!({"FunctionName": "config-fails", "LastUpdateStatus": "InProgress"}))
        }
        ("GetFunctionConfiguration", 4) => Response::output(
            json!({"FunctionName": "config-fails", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such subnet"}),
        ),
        _ => Response::HandOn,
    });
    let mut server = server_at(stub.env(), &[]);
    let failed = server.call("update_config", json!({"function": "config-fails", "patch": {"Timeout": 9}}));
    assert!(failed.error().contains("could not carry it out: no such subnet"), "{}", failed.text);
}

#[test]
fn an_alias_is_made_weighted_and_rolled_back() {
    let aws = LocalAws::shared();
    create(aws, "alias-way", ECHO, json!({"Publish": true}));
    let second = BASE64_STANDARD.encode(package(&[("index.py", "x = 2")]));
    aws.call("lambda", "UpdateFunctionCode", json!({"FunctionName": "alias-way", "ZipFile": second}));
    let mut server = server(&[]);
    let published = server.call("publish_version", json!({"function": "alias-way", "description": "second"}));
    assert!(published.ok().contains(r#""version":"2""#), "{}", published.text);
    let mut set = |more: Value| {
        let mut call = json!({"function": "alias-way", "alias": "prod"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("set_alias", call)
    };
    assert!(set(json!({})).error().contains("`version` is missing"));
    assert!(set(json!({"rollback": true})).error().contains("there is no alias prod"));
    assert_eq!(set(json!({"version": "1"})).ok(), r#"{"alias":"prod","version":"1"}"#);
    assert!(set(json!({"canary_version": "2"})).error().contains("go together"));
    let canary = set(json!({"canary_version": "2", "canary_percent": 10}));
    assert!(
        canary.ok().contains(r#""version":"1","canary_version":"2","canary_percent":10.0"#),
        "{}",
        canary.text
    );
    let alias =
        |aws: &LocalAws| aws.call("lambda", "GetAlias", json!({"FunctionName": "alias-way", "Name": "prod"}));
    assert_eq!(alias(aws)["RoutingConfig"]["AdditionalVersionWeights"], json!({"2": 0.1}));
    assert_eq!(set(json!({"rollback": true})).ok(), r#"{"alias":"prod","version":"1"}"#);
    set(json!({"version": "2"})).ok();
    let plan = set(json!({"rollback": true, "dry_run": true}));
    assert!(plan.ok().contains("point alias prod of alias-way to version 1"), "{}", plan.text);
    assert_eq!(alias(aws)["FunctionVersion"], json!("2"));
    set(json!({"rollback": true})).ok();
    assert_eq!(alias(aws)["FunctionVersion"], json!("1"));
    assert!(set(json!({"rollback": true})).error().contains("there is no version before 1"));
}

#[test]
fn concurrency_is_set_and_taken_back() {
    let aws = LocalAws::shared();
    create(aws, "conc", ECHO, json!({"Publish": true}));
    let mut server = server(&[]);
    let plan = server.call("set_concurrency", json!({"function": "conc", "reserved": 5, "dry_run": true}));
    assert!(plan.ok().contains("from none to 5"), "{}", plan.text);
    server.call("set_concurrency", json!({"function": "conc", "reserved": 5})).ok();
    let stop = confirmed(&mut server, "set_concurrency", json!({"function": "conc", "reserved": 0}));
    assert!(stop.contains(r#""reserved":0"#), "{stop}");
    let card = server.call("get_function", json!({"function": "conc"}));
    assert!(card.ok().contains("every call is throttled"), "{}", card.text);
    let gone = server.call("set_concurrency", json!({"function": "conc", "remove": "reserved"}));
    assert!(gone.ok().contains(r#""removed":"reserved""#), "{}", gone.text);
    let provisioned =
        server.call("set_concurrency", json!({"function": "conc", "qualifier": "1", "provisioned": 2}));
    assert!(provisioned.ok().contains(r#""provisioned":2"#), "{}", provisioned.text);
    server.call("set_concurrency", json!({"function": "conc:1", "remove": "provisioned"})).ok();
    assert!(
        server
            .call("set_concurrency", json!({"function": "conc", "provisioned": 2}))
            .error()
            .contains("give `qualifier`")
    );
    assert!(server.call("set_concurrency", json!({"function": "conc"})).error().contains("give one of"));
}

#[test]
fn a_url_for_everybody_asks_first() {
    create(LocalAws::shared(), "url", ECHO, json!({}));
    let mut server = server(&[]);
    let made = server.call("set_url", json!({"function": "url", "cors_origins": ["https://a.example"]}));
    assert!(made.ok().contains(r#""auth":"AWS_IAM""#), "{}", made.text);
    let plan = server.call("set_url", json!({"function": "url", "auth": "none", "dry_run": true}));
    assert!(
        plan.ok().contains("anybody on the internet may call it")
            && plan.text.contains("+  \"auth\": \"NONE\""),
        "{}",
        plan.text
    );
    let open = confirmed(&mut server, "set_url", json!({"function": "url", "auth": "none"}));
    assert!(open.contains(r#""auth":"NONE""#), "{open}");
    let methods = server.call("set_url", json!({"function": "url", "cors_methods": ["GET"]}));
    methods.ok();
    let url = LocalAws::shared().call("lambda", "GetFunctionUrlConfig", json!({"FunctionName": "url"}));
    assert_eq!(url["Cors"]["AllowOrigins"], json!(["https://a.example"]), "{url}");
    let gone = confirmed(&mut server, "set_url", json!({"function": "url", "remove": true}));
    assert!(gone.contains(r#""removed":true"#), "{gone}");
    assert!(
        server
            .call("set_url", json!({"function": "url", "remove": true}))
            .error()
            .contains("has no URL there")
    );
}

#[test]
fn permissions_are_given_and_taken_back() {
    create(LocalAws::shared(), "perm", ECHO, json!({}));
    let mut server = server(&[]);
    let bucket = json!({"function": "perm", "statement_id": "s3", "principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::b"});
    server.call("set_permission", bucket.clone()).ok();
    assert!(
        server
            .call("set_permission", bucket)
            .error()
            .contains("has a statement s3 already: s3.amazonaws.com may lambda:InvokeFunction")
    );
    let wide = server.call(
        "set_permission",
        json!({"function": "perm", "statement_id": "x", "principal": "sns.amazonaws.com", "dry_run": true}),
    );
    assert!(wide.ok().contains("any account can make that service call it"), "{}", wide.text);
    confirmed(
        &mut server,
        "set_permission",
        json!({"function": "perm", "statement_id": "all", "principal": "*"}),
    );
    let missing =
        server.call("set_permission", json!({"function": "perm", "statement_id": "none", "remove": true}));
    assert!(missing.error().contains("its statements are: s3, all"), "{}", missing.text);
    server.call("set_permission", json!({"function": "perm", "statement_id": "all", "remove": true})).ok();
    let card = server.call("get_function", json!({"function": "perm"}));
    assert!(
        !card.ok().contains("anybody") && card.text.contains("AWS:SourceArn=arn:aws:s3:::b"),
        "{}",
        card.text
    );
    assert!(
        server
            .call("set_permission", json!({"function": "perm", "statement_id": "y"}))
            .error()
            .contains("`principal` is missing")
    );
}

#[test]
fn an_event_source_is_made_changed_and_deleted() {
    let aws = LocalAws::shared();
    create(aws, "source", ECHO, json!({"Timeout": 10}));
    aws.call("sqs", "CreateQueue", json!({"QueueName": "source-jobs"}));
    let mut server = server(&[]);
    let call = json!({"function": "source", "source_arn": "arn:aws:sqs:us-east-1:123456789012:source-jobs", "batch_size": 5,
        "filters": [{"body": {"kind": ["a"]}}], "enabled": false});
    let mut planned = call.clone();
    planned["dry_run"] = json!(true);
    let plan = server.call("set_event_source", planned);
    assert!(
        plan.ok().contains("turned off") && plan.text.contains("visibility timeout should be at least 60 s"),
        "{}",
        plan.text
    );
    let made = server.call("set_event_source", call).ok().to_owned();
    let uuid = serde_json::from_str::<Value>(&made).unwrap()["uuid"].as_str().unwrap().to_owned();
    let plan = server.call("set_event_source", json!({"uuid": uuid, "batch_size": 7, "dry_run": true}));
    assert!(plan.ok().contains("-  \"batch_size\": 5,\n+  \"batch_size\": 7,"), "{}", plan.text);
    server.call("set_event_source", json!({"uuid": uuid, "batch_size": 7, "enabled": true})).ok();
    let has = aws.call("lambda", "GetEventSourceMapping", json!({"UUID": uuid}));
    assert_eq!((&has["BatchSize"], &has["State"]), (&json!(7), &json!("Enabled")));
    let both = server.call("set_event_source", json!({"uuid": uuid, "function": "source"}));
    assert!(both.error().contains("give `uuid` to change"), "{}", both.text);
    let stream =
        json!({"function": "source", "source_arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"});
    assert!(server.call("set_event_source", stream).error().contains("needs `start`"));
    let gone = confirmed(&mut server, "delete_function", json!({"event_source": uuid}));
    assert!(gone.contains(&format!("event source mapping {uuid}")), "{gone}");
}

#[test]
fn a_deletion_tells_what_goes_with_it_and_asks() {
    let aws = LocalAws::shared();
    create(aws, "gone", ECHO, json!({"Publish": true}));
    aws.call(
        "lambda",
        "CreateAlias",
        json!({"FunctionName": "gone", "Name": "prod", "FunctionVersion": "1"}),
    );
    let mut server = server(&[]);
    let plan = server.call("delete_function", json!({"function": "gone", "dry_run": true}));
    assert!(
        plan.ok().contains("with 1 published version") && plan.text.contains("its aliases go too: prod"),
        "{}",
        plan.text
    );
    let plan = server.call("delete_function", json!({"function": "gone", "version": "1", "dry_run": true}));
    assert!(plan.ok().contains("AWS refuses while these aliases point to it: prod"), "{}", plan.text);
    confirmed(&mut server, "delete_function", json!({"function": "gone", "alias": "prod"}));
    confirmed(&mut server, "delete_function", json!({"function": "gone", "version": "1"}));
    confirmed(&mut server, "delete_function", json!({"function": "gone"}));
    assert!(server.call("get_function", json!({"function": "gone"})).error().contains("not found"));
    for wrong in [
        json!({}),
        json!({"function": "gone:1"}),
        json!({"layer": "l"}),
        json!({"function": "gone", "version": "prod"}),
    ] {
        let error = server.call("delete_function", wrong.clone());
        assert!(
            ["next: ", "give ", "good one"].iter().any(|part| error.error().contains(part)),
            "{wrong}: {}",
            error.text
        );
    }
}

#[test]
fn a_version_of_a_layer_is_deleted() {
    let aws = LocalAws::shared();
    let content = json!({"ZipFile": BASE64_STANDARD.encode(package(&[("python/a.py", "")]))});
    aws.call("lambda", "PublishLayerVersion", json!({"LayerName": "gone-layer", "Content": content}));
    let mut server = server(&[]);
    let gone = confirmed(&mut server, "delete_function", json!({"layer": "gone-layer", "layer_version": 1}));
    assert!(gone.contains("version 1 of layer gone-layer"), "{gone}");
    let missing = server.call("delete_function", json!({"layer": "gone-layer", "layer_version": 1}));
    assert!(missing.error().contains("ResourceNotFoundException"), "{}", missing.text);
}

#[test]
fn nothing_is_changed_without_being_allowed() {
    let mut server = awsmcp_testing::Server::spawn(
        env!("CARGO_BIN_EXE_awsmcp-lambda"),
        ["--toolsets", "all"],
        LocalAws::shared().env(),
    );
    server.initialize();
    for tool in ["update_code", "update_config", "delete_function", "invoke_function", "get_environment"] {
        let error = server.call(tool, json!({"function": "f"}));
        assert!(error.error().contains("turned off: it needs --allow"), "{tool}: {}", error.text);
    }
}
