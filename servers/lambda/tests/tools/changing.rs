//! What changes functions: plans that change nothing, differences, confirmations, and what AWS has afterwards.

use awsmcp_testing::{LocalAws, Response, Stub, expect};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{ECHO, LAMBDA, ROLE, create, package};

/// What AWS has of a function now.
fn now(name: &str) -> Value {
    LocalAws::shared().call("lambda", "GetFunctionConfiguration", json!({"FunctionName": name}))
}

#[test]
fn a_function_is_made_of_texts_and_runs() {
    let mut server = LAMBDA.start();
    let call = json!({"function": "make-it", "role": ROLE, "runtime": "python3.12", "handler": "index.handler",
        "files": {"index.py": ECHO}, "environment": {"LEVEL": "info"}, "memory_mb": 256, "tags": {"team": "a"}});
    let plan = server.plan("create_function", call.clone());
    plan.holds(&["create make-it (python3.12, 256 MB, 3 s) from 1 given file"]);
    server.call("get_function", json!({"function": "make-it"})).fails(&["not found"]);
    let made = server.call("create_function", call.clone());
    made.holds(&[r#""state":"Active""#]);
    let done = server.call("invoke_function", json!({"function": "make-it", "payload": 1}));
    done.holds(&[r#""result":{"echo":1,"level":"info"}"#]);
    server.call("create_function", call).fails(&["there is a function make-it already"]);
}

#[test]
fn what_makes_no_function_is_said_before() {
    let mut server = LAMBDA.start();
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
    make(runtime(json!({}))).fails(&["exactly one way"]);
    make(runtime(json!({"files": {"../a": ""}}))).fails(&["is not a path in a package"]);
    make(runtime(json!({"zip_path": "a.zip"}))).fails(&["--allow-dir"]);
    make(runtime(json!({"image_uri": "i"}))).fails(&["leave both out"]);
    make(json!({"files": {"a.py": ""}})).fails(&["needs `runtime` and `handler`"]);
    let lacks = make(runtime(json!({"files": {"main.py": ""}})));
    lacks.holds(&["no file for the handler index.handler, such as index.py"]);
    let old = make(json!({"runtime": "python3.8", "handler": "a.b", "files": {"a.py": ""}}));
    old.holds(&["AWS deprecated python3.8 on 2024-10-14"]);
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
    let mut server = LAMBDA.and(&["--allow-dir", dir.path().to_str().unwrap()]).start();
    let before = now("code-zip")["CodeSha256"].clone();
    let plan = server.plan("update_code", json!({"function": "code-zip", "zip_path": "new.zip"}));
    plan.holds(&["replace the code of code-zip (python3.12, ", "1 file)"]);
    assert_eq!(now("code-zip")["CodeSha256"], before);
    let update = json!({"function": "code-zip", "zip_path": "new.zip", "publish": true});
    let done = server.confirmed("update_code", update);
    done.holds(&[r#""version":"1""#]);
    assert_ne!(now("code-zip")["CodeSha256"], before);
    let run = server.call("invoke_function", json!({"function": "code-zip", "payload": {}}));
    run.holds(&[r#""result":2"#]);
    let same = server.plan("update_code", json!({"function": "code-zip", "zip_path": "new.zip"}));
    same.holds(&["warning: that is the code it has already"]);
    let bad = server.call("update_code", json!({"function": "code-zip", "zip_path": "bad.zip"}));
    bad.fails(&["it is not a zip file"]);
    let outside = server.call("update_code", json!({"function": "code-zip", "zip_path": "/etc/passwd"}));
    outside.fails(&["outside the directories"]);
}

#[test]
fn code_comes_from_s3_or_an_image_too() {
    let aws = LocalAws::shared();
    create(aws, "code-s3", ECHO, json!({}));
    aws.create_bucket("code-s3");
    aws.put_object("code-s3", "new.zip", &[], package(&[("index.py", "def handler(e, c):\n    return 3\n")]));
    let mut server = LAMBDA.start();
    let done = server.confirmed(
        "update_code",
        json!({"function": "code-s3", "s3_bucket": "code-s3", "s3_key": "new.zip"}),
    );
    done.holds(&[r#""last_update":"Successful""#]);
    let run = server.call("invoke_function", json!({"function": "code-s3", "payload": {}}));
    run.holds(&[r#""result":3"#]);
    let stub = Stub::before(aws, |request| match request.operation() {
        "UpdateFunctionCode" => Response::output(json!({"FunctionName": "code-s3", "Version": "$LATEST"})),
        // Of a function that is a package AWS takes no image.
        "GetFunctionConfiguration" => {
            Response::output(json!({"FunctionName": "code-s3", "PackageType": "Image"}))
        }
        _ => Response::HandOn,
    });
    LAMBDA
        .at(stub.env())
        .start()
        .confirmed("update_code", json!({"function": "code-s3", "image_uri": "i:1", "architecture": "arm64"}))
        .ok();
    let sent = stub.of("UpdateFunctionCode")[0].json();
    assert_eq!((&sent["ImageUri"], &sent["Architectures"]), (&json!("i:1"), &json!(["arm64"])));
}

#[test]
fn a_configuration_is_patched_and_the_plan_hides_values() {
    let variables = json!({"Variables": {"SECRET": "hunter2", "OLD": "x", "KEEP": "k"}});
    create(LocalAws::shared(), "config-patch", ECHO, json!({"Environment": variables}));
    let mut server = LAMBDA.start();
    let patch = json!({"MemorySize": 512, "Environment": {"Variables": {"SECRET": "swordfish", "OLD": null, "NEW": "n"}}});
    let plan = server.plan("update_config", json!({"function": "config-patch", "patch": patch}));
    plan.shows(expect![[r#"
        dry run, nothing was changed. update_config would change Environment, MemorySize of config-patch
        warning: the values of these variables are lost: OLD
        diff
         {
           "Environment": {
             "Variables": {
               "KEEP": "(hidden)",
        -      "OLD": "(hidden)",
        -      "SECRET": "(hidden)"
        +      "NEW": "(hidden, as given)",
        +      "SECRET": "(hidden, as given)"
             }
           },
        -  "MemorySize": 128
        +  "MemorySize": 512
         }
        13 rows"#]])
        .lacks(&["hunter2", "swordfish", "Runtime"]);
    let done = server.call("update_config", json!({"function": "config-patch", "patch": patch}));
    done.holds(&[r#""changed":["Environment","MemorySize"]"#]);
    let now = now("config-patch");
    assert_eq!(now["Environment"]["Variables"], json!({"SECRET": "swordfish", "NEW": "n", "KEEP": "k"}));
    assert_eq!((&now["MemorySize"], &now["Handler"]), (&json!(512), &json!("index.handler")));
    let again =
        server.plan("update_config", json!({"function": "config-patch", "patch": {"MemorySize": 512}}));
    again.holds(&["nothing changes"]);
    // Whether the values of variables are the same is not told to those who may not see them.
    let again = server.plan("update_config", json!({"function": "config-patch", "patch": patch}));
    again.holds(&["change Environment of config-patch"]);
    let wrong = server.call("update_config", json!({"function": "config-patch", "patch": {"Memory": 1}}));
    wrong.fails(&["unknown field `Memory`"]);
    let nothing = server.call("update_config", json!({"function": "config-patch"}));
    nothing.fails(&["give `patch`, or `role`"]);
    let mut revealing = LAMBDA.and(&["--allow", "reveal,write"]).start();
    let patch = json!({"Environment": {"Variables": {"SECRET": "third"}}});
    let open = revealing.plan("update_config", json!({"function": "config-patch", "patch": patch}));
    open.shows(expect![[r#"
        dry run, nothing was changed. update_config would change Environment of config-patch
        diff
               "KEEP": "k",
               "NEW": "n",
        -      "SECRET": "swordfish"
        +      "SECRET": "third"
             }
           }
        6 rows"#]]);
}

#[test]
fn an_update_that_aws_cannot_carry_out_is_told() {
    let aws = LocalAws::shared();
    create(aws, "config-fails", ECHO, json!({}));
    let stub = Stub::before(aws, |request| match (request.operation(), request.nth) {
        // Of the plan; then two looks at what becomes of it.
        ("GetFunctionConfiguration", 2) => {
            Response::output(json!({"FunctionName": "config-fails", "LastUpdateStatus": "InProgress"}))
        }
        ("GetFunctionConfiguration", 3) => Response::output(
            json!({"FunctionName": "config-fails", "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such subnet"}),
        ),
        _ => Response::HandOn,
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let failed = server.call("update_config", json!({"function": "config-fails", "patch": {"Timeout": 9}}));
    failed.fails(&["could not carry it out: no such subnet"]);
}

#[test]
fn an_alias_is_made_weighted_and_rolled_back() {
    let aws = LocalAws::shared();
    create(aws, "alias-way", ECHO, json!({"Publish": true}));
    let second = BASE64_STANDARD.encode(package(&[("index.py", "x = 2")]));
    aws.call("lambda", "UpdateFunctionCode", json!({"FunctionName": "alias-way", "ZipFile": second}));
    let mut server = LAMBDA.start();
    let published = server.call("publish_version", json!({"function": "alias-way", "description": "second"}));
    published.holds(&[r#""version":"2""#]);
    let mut set = |more: Value| {
        let mut call = json!({"function": "alias-way", "alias": "prod"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("set_alias", call)
    };
    set(json!({})).fails(&["`version` is missing"]);
    set(json!({"rollback": true})).fails(&["there is no alias prod"]);
    assert_eq!(set(json!({"version": "1"})).ok(), r#"{"alias":"prod","version":"1"}"#);
    set(json!({"canary_version": "2"})).fails(&["go together"]);
    let canary = set(json!({"canary_version": "2", "canary_percent": 10}));
    canary.holds(&[r#""version":"1","canary_version":"2","canary_percent":10.0"#]);
    let alias =
        |aws: &LocalAws| aws.call("lambda", "GetAlias", json!({"FunctionName": "alias-way", "Name": "prod"}));
    assert_eq!(alias(aws)["RoutingConfig"]["AdditionalVersionWeights"], json!({"2": 0.1}));
    assert_eq!(set(json!({"rollback": true})).ok(), r#"{"alias":"prod","version":"1"}"#);
    set(json!({"version": "2"})).ok();
    let plan = set(json!({"rollback": true, "dry_run": true}));
    plan.holds(&["point alias prod of alias-way to version 1"]);
    assert_eq!(alias(aws)["FunctionVersion"], json!("2"));
    let back = json!({"function": "alias-way", "alias": "prod", "rollback": true});
    server.confirmed("set_alias", back.clone()).ok();
    assert_eq!(alias(aws)["FunctionVersion"], json!("1"));
    server.call("set_alias", back).fails(&["there is no version before 1"]);
}

#[test]
fn concurrency_is_set_and_taken_back() {
    let aws = LocalAws::shared();
    create(aws, "conc", ECHO, json!({"Publish": true}));
    let mut server = LAMBDA.start();
    let plan = server.plan("set_concurrency", json!({"function": "conc", "reserved": 5}));
    plan.holds(&["from none to 5"]);
    server.call("set_concurrency", json!({"function": "conc", "reserved": 5})).ok();
    let stop = server.confirmed("set_concurrency", json!({"function": "conc", "reserved": 0}));
    stop.holds(&[r#""reserved":0"#]);
    let card = server.call("get_function", json!({"function": "conc"}));
    card.holds(&["every call is throttled"]);
    let gone = server.call("set_concurrency", json!({"function": "conc", "remove": "reserved"}));
    gone.holds(&[r#""removed":"reserved""#]);
    let provisioned =
        server.call("set_concurrency", json!({"function": "conc", "qualifier": "1", "provisioned": 2}));
    provisioned.holds(&[r#""provisioned":2"#]);
    server.confirmed("set_concurrency", json!({"function": "conc:1", "remove": "provisioned"})).ok();
    server
        .call("set_concurrency", json!({"function": "conc", "provisioned": 2}))
        .fails(&["give `qualifier`"]);
    server.call("set_concurrency", json!({"function": "conc"})).fails(&["give one of"]);
}

#[test]
fn a_url_for_everybody_asks_first() {
    create(LocalAws::shared(), "url", ECHO, json!({}));
    let mut server = LAMBDA.start();
    let made = server.call("set_url", json!({"function": "url", "cors_origins": ["https://a.example"]}));
    made.holds(&[r#""auth":"AWS_IAM""#]);
    let plan = server.plan("set_url", json!({"function": "url", "auth": "none"}));
    plan.shows(expect![[r#"
        dry run, nothing was changed. set_url would change the URL of url
        warning: anybody on the internet may call it, once two policy statements with principal * say so too
        diff
         {
        -  "auth": "AWS_IAM",
        +  "auth": "NONE",
           "mode": "BUFFERED",
           "origins": [
        5 rows"#]]);
    let open = server.confirmed("set_url", json!({"function": "url", "auth": "none"}));
    open.holds(&[r#""auth":"NONE""#]);
    let methods = server.call("set_url", json!({"function": "url", "cors_methods": ["GET"]}));
    methods.ok();
    let url = LocalAws::shared().call("lambda", "GetFunctionUrlConfig", json!({"FunctionName": "url"}));
    assert_eq!(url["Cors"]["AllowOrigins"], json!(["https://a.example"]), "{url}");
    let gone = server.confirmed("set_url", json!({"function": "url", "remove": true}));
    gone.holds(&[r#""removed":true"#]);
    server.call("set_url", json!({"function": "url", "remove": true})).fails(&["has no URL there"]);
}

#[test]
fn permissions_are_given_and_taken_back() {
    create(LocalAws::shared(), "perm", ECHO, json!({}));
    let mut server = LAMBDA.start();
    let bucket = json!({"function": "perm", "statement_id": "s3", "principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::b"});
    server.call("set_permission", bucket.clone()).ok();
    server
        .call("set_permission", bucket)
        .fails(&["has a statement s3 already: s3.amazonaws.com may lambda:InvokeFunction"]);
    let wide = server.plan(
        "set_permission",
        json!({"function": "perm", "statement_id": "x", "principal": "sns.amazonaws.com"}),
    );
    wide.holds(&["any account can make that service call it"]);
    server
        .confirmed("set_permission", json!({"function": "perm", "statement_id": "all", "principal": "*"}))
        .ok();
    let missing =
        server.call("set_permission", json!({"function": "perm", "statement_id": "none", "remove": true}));
    missing.fails(&["its statements are: s3, all"]);
    server.call("set_permission", json!({"function": "perm", "statement_id": "all", "remove": true})).ok();
    let card = server.call("get_function", json!({"function": "perm"}));
    card.holds(&["AWS:SourceArn=arn:aws:s3:::b"]).lacks(&["anybody"]);
    server
        .call("set_permission", json!({"function": "perm", "statement_id": "y"}))
        .fails(&["`principal` is missing"]);
}

#[test]
fn an_event_source_is_made_changed_and_deleted() {
    let aws = LocalAws::shared();
    create(aws, "source", ECHO, json!({"Timeout": 10}));
    aws.call("sqs", "CreateQueue", json!({"QueueName": "source-jobs"}));
    let mut server = LAMBDA.start();
    let call = json!({"function": "source", "source_arn": "arn:aws:sqs:us-east-1:123456789012:source-jobs", "batch_size": 5,
        "filters": [{"body": {"kind": ["a"]}}], "enabled": false});
    let plan = server.plan("set_event_source", call.clone());
    plan.shows(expect![[r#"
        dry run, nothing was changed. set_event_source would connect arn:aws:sqs:us-east-1:123456789012:source-jobs to source, turned off
        warning: the queue's visibility timeout should be at least 60 s, six times the function's timeout
        diff
        +{
        +  "batch_size": 5,
        +  "enabled": false,
        +  "filters": [
        +    {
        +      "body": {
        +        "kind": [
        +          "a"
        +        ]
        +      }
        +    }
        +  ]
        +}
        13 rows"#]]);
    let made = server.call("set_event_source", call).ok().to_owned();
    let uuid = serde_json::from_str::<Value>(&made).unwrap()["uuid"].as_str().unwrap().to_owned();
    let plan = server.plan("set_event_source", json!({"uuid": uuid, "batch_size": 7}));
    plan.holds(&["-  \"batch_size\": 5,\n+  \"batch_size\": 7,"]);
    server.call("set_event_source", json!({"uuid": uuid, "batch_size": 7, "enabled": true})).ok();
    let has = aws.call("lambda", "GetEventSourceMapping", json!({"UUID": uuid}));
    assert_eq!((&has["BatchSize"], &has["State"]), (&json!(7), &json!("Enabled")));
    let both = server.call("set_event_source", json!({"uuid": uuid, "function": "source"}));
    both.fails(&["give `uuid` to change"]);
    let stream =
        json!({"function": "source", "source_arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"});
    server.call("set_event_source", stream).fails(&["needs `start`"]);
    let gone = server.confirmed("delete_function", json!({"event_source": uuid}));
    gone.holds(&[&format!("event source mapping {uuid}")]);
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
    let mut server = LAMBDA.start();
    let plan = server.plan("delete_function", json!({"function": "gone"}));
    plan.holds(&["with 1 published version", "its aliases go too: prod"]);
    let plan = server.plan("delete_function", json!({"function": "gone", "version": "1"}));
    plan.holds(&["AWS refuses while these aliases point to it: prod"]);
    server.confirmed("delete_function", json!({"function": "gone", "alias": "prod"})).ok();
    server.confirmed("delete_function", json!({"function": "gone", "version": "1"})).ok();
    server.confirmed("delete_function", json!({"function": "gone"})).ok();
    server.call("get_function", json!({"function": "gone"})).fails(&["not found"]);
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
    let mut server = LAMBDA.start();
    let gone = server.confirmed("delete_function", json!({"layer": "gone-layer", "layer_version": 1}));
    gone.holds(&["version 1 of layer gone-layer"]);
    let missing = server.call("delete_function", json!({"layer": "gone-layer", "layer_version": 1}));
    missing.fails(&["ResourceNotFoundException"]);
}

#[test]
fn nothing_is_changed_without_being_allowed() {
    let mut server = LAMBDA.only(&["--toolsets", "all"]).start();
    for tool in ["update_code", "update_config", "delete_function", "invoke_function", "get_environment"] {
        let error = server.call(tool, json!({"function": "f"}));
        assert!(error.error().contains("turned off: it needs --allow"), "{tool}: {}", error.text);
    }
}

#[test]
fn single_files_of_a_package_are_changed_and_the_rest_stays() {
    let aws = LocalAws::shared();
    create(aws, "patch-code", ECHO, json!({}));
    let zip = package(&[("index.py", ECHO), ("util.py", "old = 1\n"), ("data.json", "{}")]);
    let code = json!({"FunctionName": "patch-code", "ZipFile": BASE64_STANDARD.encode(zip), "Publish": true});
    aws.call("lambda", "UpdateFunctionCode", code);
    let mut server = LAMBDA.start();
    let ask = json!({"function": "patch-code", "change_files": {"util.py": "new = 2\n"}, "remove_files": ["data.json"]});
    let plan = server.plan("update_code", ask.clone());
    plan.holds(&["its package with 2 files changed", "data.json\tgoes", "util.py\tis written"])
        .lacks(&["index.py"]);
    server.call("update_code", ask).holds(&["Successful"]);
    let files = server.call("get_code", json!({"function": "patch-code"}));
    files.holds(&["index.py\t", "util.py\t", "2 rows"]);
    server.call("get_code", json!({"function": "patch-code", "path": "util.py"})).holds(&["new = 2"]);
    server.call("get_code", json!({"function": "patch-code", "path": "index.py"})).holds(&["def handler"]);
    let missing = json!({"function": "patch-code", "remove_files": ["utils.py"]});
    server.call("update_code", missing).fails(&["has no \"utils.py\"; did you mean util.py?"]);
    let both = json!({"function": "patch-code", "change_files": {"a.py": ""}, "files": {"a.py": ""}});
    server.call("update_code", both).fails(&["no other code beside them"]);
}

#[test]
fn a_guessed_value_of_a_variable_is_not_told_right_from_wrong() {
    let variables = json!({"Variables": {"DB_PASSWORD": "hunter2", "LEVEL": "info"}});
    create(LocalAws::shared(), "guessed", ECHO, json!({"Environment": variables}));
    let mut server = LAMBDA.start();
    let mut plan = |guess: &str| {
        let patch = json!({"Environment": {"Variables": {"DB_PASSWORD": guess}}});
        server.plan("update_config", json!({"function": "guessed", "patch": patch})).ok().to_owned()
    };
    let (right, wrong) = (plan("hunter2"), plan("hunter3"));
    assert_eq!(right, wrong);
    assert!(right.contains("change Environment") && right.contains("(hidden, as given)"), "{right}");
}

#[test]
fn layers_are_published_listed_with_their_users_and_looked_into() {
    let aws = LocalAws::shared();
    let mut server = LAMBDA.start();
    let ask = json!({"layer": "helpers", "files": {"python/helper.py": "x = 1\n"}, "runtimes": ["python3.12"], "description": "first"});
    server.plan("publish_layer", ask.clone()).holds(&["make the layer helpers: 1 given file"]);
    server.call("publish_layer", ask).holds(&["\"version\":1"]);
    let astray = json!({"layer": "helpers", "files": {"helper.py": "x = 2\n"}, "runtimes": ["python3.12"]});
    let plan = server.plan("publish_layer", astray.clone());
    plan.holds(&["a version of the layer helpers after version 1", "no file lies under python/"]);
    server.call("publish_layer", astray).holds(&["\"version\":2"]);
    let arn = |version: u32| format!("arn:aws:lambda:us-east-1:123456789012:layer:helpers:{version}");
    create(aws, "layer-user", ECHO, json!({"Layers": [arn(1)]}));
    aws.call("lambda", "PublishVersion", json!({"FunctionName": "layer-user"}));
    create(aws, "layer-other", ECHO, json!({"Layers": [arn(2)]}));
    let latest =
        server.call("list_layers", json!({"query": "[?layer=='helpers'].[version, sort(functions)]"}));
    latest.holds(&["layer-other", "layer-user (version 1)"]);
    let versions = server.call("list_layers", json!({"layer": "helpers", "query": "[?version==`1`] | [0]"}));
    versions.holds(&["layer-user", "first", "python3.12"]).lacks(&["layer-other"]);
    server.call("list_layers", json!({"layer": "helpers", "quick": true})).lacks(&["layer-user"]);
    // A list that leaves a function out does not name it.
    let allow = "arn:aws:lambda:*:*:layer:helpers,arn:aws:lambda:*:*:function:layer-other*";
    let mut held = LAMBDA.and(&["--allow-arn", allow]).start();
    held.call("list_layers", json!({"layer": "helpers"})).holds(&["layer-other"]).lacks(&["layer-user"]);
    let code = server.call("get_code", json!({"layer": "helpers", "layer_version": 1}));
    code.holds(&["python/helper.py"]);
    let file = json!({"layer": "helpers", "layer_version": 1, "path": "python/helper.py"});
    server.call("get_code", file).holds(&["x = 1"]);
    server.call("get_code", json!({"layer": "helpers"})).fails(&["`layer` with `layer_version`"]);
    server.call("get_code", json!({})).fails(&["give `function`, or `layer`"]);
}
