//! What a change does not name stays as it was, what moved since the plan is left alone, and what ends or opens asks.

use awsmcp_testing::{LocalAws, Request, Response, Server, Stub, holds};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{ECHO, LAMBDA, ROLE, create, package};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";

/// A mapping with all that AWS replaces as one.
fn mapping() -> Value {
    json!({"UUID": "14e0db71", "State": "Enabled", "EventSourceArn": QUEUE, "FunctionArn": FUNCTION, "BatchSize": 5,
        "MaximumBatchingWindowInSeconds": 2, "MaximumRetryAttempts": 3, "ParallelizationFactor": 2, "BisectBatchOnFunctionError": true,
        "ScalingConfig": {"MaximumConcurrency": 9}, "FilterCriteria": {"Filters": [{"Pattern": "{\"a\":[1]}"}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sns:us-east-1:123456789012:fine"},
            "OnFailure": {"Destination": "arn:aws:sns:us-east-1:123456789012:bad"}}})
}

fn url() -> Value {
    json!({"FunctionUrl": "https://u.lambda-url.us-east-1.on.aws/", "FunctionArn": FUNCTION, "AuthType": "AWS_IAM",
        "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z", "InvokeMode": "RESPONSE_STREAM",
        "Cors": {"AllowCredentials": true, "AllowHeaders": ["h"], "AllowMethods": ["POST"], "AllowOrigins": ["https://a.example"],
            "ExposeHeaders": ["e"], "MaxAge": 7}})
}

fn configuration() -> Value {
    json!({"FunctionName": "f", "FunctionArn": FUNCTION, "RevisionId": "seen", "CodeSha256": "c2Vlbg==", "CodeSize": 10, "MemorySize": 128,
        "Timeout": 3, "Runtime": "python3.13", "Handler": "i.h", "LastUpdateStatus": "Successful", "State": "Active",
        "Environment": {"Variables": {"A": "1", "B": "2"}},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "WARN", "LogGroup": "/mine"},
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1", "Ipv6AllowedForDualStack": true}})
}

fn alias() -> Value {
    json!({"Name": "prod", "FunctionVersion": "4", "RevisionId": "seen", "Description": "d",
        "RoutingConfig": {"AdditionalVersionWeights": {"5": 0.125}}})
}

fn policy() -> Value {
    let statement = json!({"Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction"});
    json!({"Policy": json!({"Statement": [statement]}).to_string(), "RevisionId": "policy-seen"})
}

/// What AWS has: a function with everything.
fn there(request: &Request) -> Response {
    Response::output(match request.operation() {
        "GetEventSourceMapping" | "UpdateEventSourceMapping" => mapping(),
        "GetFunctionUrlConfig" | "UpdateFunctionUrlConfig" => url(),
        "GetFunctionConfiguration" | "UpdateFunctionConfiguration" => configuration(),
        "GetAlias" | "UpdateAlias" => alias(),
        "GetPolicy" => policy(),
        "AddPermission" => json!({"Statement": "{}"}),
        "GetFunctionConcurrency" | "PutFunctionConcurrency" => json!({"ReservedConcurrentExecutions": 50}),
        "GetProvisionedConcurrencyConfig" | "PutProvisionedConcurrencyConfig" => {
            json!({"RequestedProvisionedConcurrentExecutions": 5, "Status": "READY"})
        }
        "ListVersionsByFunction" => json!({"Versions": [{"Version": "$LATEST"},
            {"Version": "2", "LastModified": "2026-11-01T10:00:00.000+0000", "Description": "never deployed"},
            {"Version": "4", "LastModified": "2026-11-02T10:00:00.000+0000"}]}),
        "ListAliases" => json!({"Aliases": [{"Name": "prod"}]}),
        "ListEventSourceMappings" => json!({"EventSourceMappings": [mapping()]}),
        "GetLayerVersion" => json!({"Version": 1, "Content": {"CodeSize": 10, "CodeSha256": "bGF5ZXI="}}),
        "DeleteEventSourceMapping" => mapping(),
        _ => json!({}),
    })
}

/// What the only request of this operation carried.
#[track_caller]
fn sent(stub: &Stub, operation: &str) -> Value {
    let all = stub.of(operation);
    assert_eq!(all.len(), 1, "{operation}");
    all[0].json()
}

/// Calls a tool, and confirms where it asks.
fn done(server: &mut Server, tool: &str, arguments: &Value) -> String {
    let first = server.call(tool, arguments.clone());
    match first.plan_token() {
        Some(_) => server.confirmed(tool, arguments.clone()).ok().to_owned(),
        None => first.ok().to_owned(),
    }
}

#[test]
fn a_mapping_keeps_what_a_call_does_not_name() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let other = "arn:aws:sns:us-east-1:123456789012:worse";
    done(&mut server, "set_event_source", &json!({"uuid": "14e0db71", "on_failure": other}));
    let success = mapping()["DestinationConfig"]["OnSuccess"].clone();
    assert_eq!(
        sent(&stub, "UpdateEventSourceMapping"),
        json!({"DestinationConfig": {"OnSuccess": success, "OnFailure": {"Destination": other}}})
    );
    // What is so already is not sent.
    let same = json!({"uuid": "14e0db71", "batch_size": 5, "max_concurrency": 9, "partial_failures": true, "filters": [{"a": [1]}]});
    server.plan("set_event_source", same.clone()).holds(&["nothing changes"]);
    holds(&done(&mut server, "set_event_source", &same), &["\"state\":\"Enabled\""]);
    assert_eq!(stub.of("UpdateEventSourceMapping").len(), 1);
}

#[test]
fn a_url_keeps_what_a_call_does_not_name() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    done(&mut server, "set_url", &json!({"function": "f", "cors_methods": ["GET"]}));
    let mut cors = url()["Cors"].clone();
    cors["AllowMethods"] = json!(["GET"]);
    assert_eq!(sent(&stub, "UpdateFunctionUrlConfig"), json!({"Cors": cors}));
    let same = json!({"function": "f", "cors_methods": ["POST"], "auth": "iam", "streaming": true});
    server.plan("set_url", same.clone()).holds(&["nothing changes"]);
    holds(&done(&mut server, "set_url", &same), &["https://u.lambda-url", "AWS_IAM"]);
    assert_eq!(stub.of("UpdateFunctionUrlConfig").len(), 1);
}

#[test]
fn a_canary_that_nobody_mentions_goes_on() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let call = json!({"function": "f", "alias": "prod", "description": "production"});
    let plan = server.plan("set_alias", call.clone());
    plan.holds(&["12.5 % of the calls to version 5"]).lacks(&["-  \"canary"]);
    server.call("set_alias", call).holds(&["\"canary_version\":\"5\""]);
    assert_eq!(
        sent(&stub, "UpdateAlias"),
        json!({"FunctionVersion": "4", "Description": "production", "RevisionId": "seen"})
    );
    // Another version ends it, which is said.
    let other = json!({"function": "f", "alias": "prod", "version": "2"});
    server.plan("set_alias", other.clone()).holds(&["the canary ends: 12.5 % of the calls to version 5"]);
    server.call("set_alias", other).ok();
    assert_eq!(stub.of("UpdateAlias")[1].json()["RoutingConfig"], json!({"AdditionalVersionWeights": {}}));
}

#[test]
fn a_configuration_keeps_what_a_patch_does_not_name() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let logging = configuration()["LoggingConfig"].clone();
    for (patch, changed) in [
        (json!({"Timeout": 9}), json!({"Timeout": 9})),
        (
            json!({"Environment": {"Variables": {"A": "3"}}}),
            json!({"Environment": {"Variables": {"A": "3", "B": "2"}}}),
        ),
        (
            json!({"LoggingConfig": {"SystemLogLevel": "INFO"}}),
            json!({"LoggingConfig": {"LogFormat": logging["LogFormat"], "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "INFO",
                "LogGroup": "/mine"}}),
        ),
        (
            json!({"VpcConfig": {"SecurityGroupIds": ["sg-2"]}}),
            json!({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-2"], "Ipv6AllowedForDualStack": true}}),
        ),
        (json!({"TracingConfig": {"Mode": "Active"}}), json!({"TracingConfig": {"Mode": "Active"}})),
        (json!({"EphemeralStorage": {"Size": 1024}}), json!({"EphemeralStorage": {"Size": 1024}})),
    ] {
        done(&mut server, "update_config", &json!({"function": "f", "patch": patch}));
        let sent = stub.of("UpdateFunctionConfiguration").last().unwrap().json();
        let mut expected = changed;
        expected["RevisionId"] = json!("seen");
        assert_eq!(sent, expected, "{patch}");
    }
    // What was confirmed is not looked for again: a look for each plan, and one for each update that must be through.
    assert_eq!(stub.of("GetFunctionConfiguration").len(), 12);
}

#[test]
fn what_is_so_already_is_not_set_again() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    for arguments in [
        json!({"function": "f", "reserved": 50}),
        json!({"function": "f", "qualifier": "1", "provisioned": 5}),
    ] {
        server.plan("set_concurrency", arguments.clone()).holds(&["nothing changes"]);
        server.call("set_concurrency", arguments).ok();
    }
    assert!(stub.of("PutFunctionConcurrency").is_empty());
    assert!(stub.of("PutProvisionedConcurrencyConfig").is_empty());
}

/// Every change that AWS takes under no condition, the operation that shows its object, what that answers after somebody else
/// was there, and the operation that must not be sent then.
fn moves() -> Vec<(&'static str, Value, &'static str, Value, &'static str)> {
    let with = |mut value: Value, name: &str, other: Value| {
        value[name] = other;
        value
    };
    vec![
        (
            "set_concurrency",
            json!({"function": "f", "reserved": 60}),
            "GetFunctionConcurrency",
            json!({"ReservedConcurrentExecutions": 70}),
            "PutFunctionConcurrency",
        ),
        (
            "set_concurrency",
            json!({"function": "f", "remove": "reserved"}),
            "GetFunctionConcurrency",
            json!({}),
            "DeleteFunctionConcurrency",
        ),
        (
            "set_concurrency",
            json!({"function": "f:1", "remove": "provisioned"}),
            "GetProvisionedConcurrencyConfig",
            json!({"RequestedProvisionedConcurrentExecutions": 8}),
            "DeleteProvisionedConcurrencyConfig",
        ),
        (
            "set_event_source",
            json!({"uuid": "14e0db71", "batch_size": 7}),
            "GetEventSourceMapping",
            with(mapping(), "BatchSize", json!(6)),
            "UpdateEventSourceMapping",
        ),
        (
            "set_event_source",
            json!({"uuid": "14e0db71", "batch_size": 7}),
            "GetEventSourceMapping",
            with(mapping(), "FunctionArn", json!("arn:aws:lambda:us-east-1:123456789012:function:g")),
            "UpdateEventSourceMapping",
        ),
        (
            "set_url",
            json!({"function": "f", "cors_methods": ["GET"]}),
            "GetFunctionUrlConfig",
            with(url(), "AuthType", json!("NONE")),
            "UpdateFunctionUrlConfig",
        ),
        (
            "set_url",
            json!({"function": "f", "remove": true}),
            "GetFunctionUrlConfig",
            with(url(), "FunctionUrl", json!("https://other.lambda-url.us-east-1.on.aws/")),
            "DeleteFunctionUrlConfig",
        ),
        (
            "delete_function",
            json!({"function": "f"}),
            "GetFunctionConfiguration",
            with(configuration(), "RevisionId", json!("other")),
            "DeleteFunction",
        ),
        (
            "delete_function",
            json!({"function": "f"}),
            "ListAliases",
            json!({"Aliases": [{"Name": "prod"}, {"Name": "new"}]}),
            "DeleteFunction",
        ),
        (
            "delete_function",
            json!({"function": "f", "alias": "prod"}),
            "GetAlias",
            with(alias(), "FunctionVersion", json!("5")),
            "DeleteAlias",
        ),
        (
            "delete_function",
            json!({"function": "f", "version": "2"}),
            "ListAliases",
            json!({"Aliases": [{"Name": "prod"}, {"Name": "new"}]}),
            "DeleteFunction",
        ),
        (
            "delete_function",
            json!({"event_source": "14e0db71"}),
            "GetEventSourceMapping",
            with(mapping(), "EventSourceArn", json!("arn:aws:sqs:us-east-1:123456789012:other")),
            "DeleteEventSourceMapping",
        ),
    ]
}

#[test]
fn what_moved_between_plan_and_deed_is_left_alone() {
    for (tool, arguments, shows, other, changes) in moves() {
        // Where the tool asks, plan and confirmed plan are looks one and two, and the deed's own is the third.
        let asks = {
            let stub = Stub::start(there);
            LAMBDA.at(stub.env()).start().call(tool, arguments.clone()).plan_token().is_some()
        };
        let last = if asks { 3 } else { 2 };
        let stub = Stub::start(move |request| match request.operation() {
            operation if operation == shows && request.nth >= last => Response::output(other.clone()),
            _ => there(request),
        });
        let mut server = LAMBDA.at(stub.env()).start();
        let moved = if asks {
            server.confirmed(tool, arguments.clone())
        } else {
            server.call(tool, arguments.clone())
        };
        holds(moved.error(), &["changed since the plan; nothing was done"]);
        assert!(stub.of(changes).is_empty(), "{tool} {arguments}");
        // Where nothing moved, it is done.
        let still = Stub::start(there);
        done(&mut LAMBDA.at(still.env()).start(), tool, &arguments);
        assert_eq!(still.of(changes).len(), 1, "{tool} {arguments}");
    }
}

#[test]
fn a_confirmation_fits_only_the_world_that_it_was_given_for() {
    for (tool, arguments, shows, other, changes) in moves() {
        let stub = Stub::start(move |request| match request.operation() {
            operation if operation == shows && request.nth >= 2 => Response::output(other.clone()),
            _ => there(request),
        });
        let mut server = LAMBDA.at(stub.env()).start();
        let plan = server.call(tool, arguments.clone());
        let Some(token) = plan.plan_token() else { continue };
        let mut again = arguments.clone();
        again["confirm"] = json!(token);
        server.call(tool, again).holds(&["nothing was done yet"]);
        assert!(stub.of(changes).is_empty(), "{tool} {arguments}");
    }
}

#[test]
fn a_permission_is_changed_under_the_revision_that_was_seen() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    server
        .call("set_permission", json!({"function": "f", "statement_id": "own", "principal": "123456789012"}))
        .holds(&["added"]);
    assert_eq!(sent(&stub, "AddPermission")["RevisionId"], json!("policy-seen"));
    server
        .call("set_permission", json!({"function": "f", "statement_id": "s3", "remove": true}))
        .holds(&["removed"]);
    assert_eq!(stub.of("RemovePermission")[0].query("RevisionId"), Some("policy-seen"));
}

#[test]
fn a_permission_by_url_says_so() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let call = json!({"function": "f", "statement_id": "via", "principal": "*", "via_url": true});
    server.call("set_permission", call.clone()).holds(&["nothing was done yet", "anybody on the internet"]);
    server.confirmed("set_permission", call).ok();
    let sent = sent(&stub, "AddPermission");
    assert_eq!(
        (&sent["Action"], &sent["InvokedViaFunctionUrl"]),
        (&json!("lambda:InvokeFunction"), &json!(true))
    );
}

#[test]
fn what_shrinks_ends_or_opens_asks_first() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let permission = |more: Value| {
        let mut call = json!({"function": "f", "statement_id": "new"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    for (tool, arguments, why) in [
        ("set_concurrency", json!({"function": "f", "reserved": 10}), "from 50 to 10"),
        ("set_concurrency", json!({"function": "f", "reserved": 0}), "every call is throttled"),
        ("set_concurrency", json!({"function": "f:1", "provisioned": 2}), "from 5 to 2"),
        ("set_concurrency", json!({"function": "f:1", "remove": "provisioned"}), "calls begin cold"),
        (
            "set_event_source",
            json!({"uuid": "14e0db71", "enabled": false}),
            "messages then wait at the source",
        ),
        ("set_event_source", json!({"uuid": "14e0db71", "filters": [{"b": [2]}]}), "is dropped"),
        ("set_url", json!({"function": "f", "auth": "none"}), "anybody on the internet"),
        ("set_permission", permission(json!({"principal": "*"})), "everybody may call it"),
        (
            "set_permission",
            permission(json!({"principal": "*", "source_arn": "arn:aws:s3:::*"})),
            "that source may be of any account: set source_account",
        ),
        (
            "set_permission",
            permission(json!({"principal": "999988887777"})),
            "999988887777 is another account",
        ),
        (
            "set_permission",
            permission(json!({"principal": "arn:aws:iam::999988887777:role/r"})),
            "999988887777 is another account",
        ),
        (
            "set_permission",
            permission(json!({"principal": "123456789012", "action": "lambda:*"})),
            "lambda:* is more than calling it",
        ),
        (
            "set_permission",
            permission(json!({"principal": "123456789012", "action": "lambda:UpdateFunctionCode"})),
            "is more than calling it",
        ),
    ] {
        server.call(tool, arguments).holds(&["nothing was done yet", why]);
    }
    // What holds it to an owner does not.
    for narrow in [
        json!({"principal": "123456789012"}),
        json!({"principal": "*", "source_arn": "arn:aws:sns:us-east-1:123456789012:t"}),
        json!({"principal": "*", "source_arn": "arn:aws:s3:::b", "source_account": "123456789012"}),
        json!({"principal": "123456789012", "action": "lambda:GetFunction"}),
    ] {
        server.call("set_permission", permission(narrow)).holds(&["added"]);
    }
}

#[test]
fn a_rollback_says_what_it_guesses_and_asks() {
    let mut plain = alias();
    plain.as_object_mut().unwrap().remove("RoutingConfig");
    let stub = Stub::start(move |request| match request.operation() {
        "GetAlias" => Response::output(plain.clone()),
        _ => there(request),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let call = json!({"function": "f", "alias": "prod", "rollback": true});
    server.call("set_alias", call.clone()).holds(&[
        "nothing was done yet",
        "AWS keeps no history of an alias: 2 (of 2026-11-01T10:00:00Z, \"never deployed\") is only the highest number below 4",
    ]);
    server.confirmed("set_alias", call).holds(&["\"version\":\"2\""]);
    assert_eq!(sent(&stub, "UpdateAlias"), json!({"FunctionVersion": "2", "RevisionId": "seen"}));
}

#[test]
fn a_function_that_was_made_and_cannot_run_is_named() {
    let stub = Stub::start(|request| match (request.operation(), request.nth) {
        ("GetFunctionConfiguration", 1) => Response::error(404, "ResourceNotFoundException", "none"),
        ("GetFunctionConfiguration", _) => Response::output(
            json!({"FunctionName": "f", "State": "Failed", "StateReason": "the image is gone"}),
        ),
        ("CreateFunction", _) => Response::output(json!({"FunctionName": "f", "Version": "$LATEST"})),
        _ => there(request),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let made = server.call(
        "create_function",
        json!({"function": "f", "role": ROLE, "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/r:1"}),
    );
    made.fails(&["f was made and is there", "the image is gone", "delete_function removes it"]);
}

#[test]
fn who_may_call_an_alias_is_part_of_who_may_call_the_function() {
    let url_of_live = json!({"FunctionUrl": "https://live.lambda-url.us-east-1.on.aws/", "FunctionArn": format!("{FUNCTION}:live"),
        "AuthType": "NONE", "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z"});
    let open = json!({"Statement": [
        {"Sid": "url", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl",
            "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}},
        {"Sid": "via", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
            "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}},
    ]})
    .to_string();
    let world = move |request: &Request| match (request.operation(), request.query("Qualifier")) {
        ("GetFunction", _) => Response::output(json!({"Configuration": configuration()})),
        ("GetPolicy", Some("live")) => Response::output(json!({"Policy": open, "RevisionId": "r"})),
        ("GetPolicy", _) => Response::error(404, "ResourceNotFoundException", "no policy"),
        ("ListFunctionUrlConfigs", _) => Response::output(json!({"FunctionUrlConfigs": [url_of_live]})),
        ("ListAliases", _) => Response::output(json!({"Aliases": [{"Name": "live"}, {"Name": "dev"}]})),
        _ => Response::output(json!({})),
    };
    let stub = Stub::start(world.clone());
    let card = LAMBDA.at(stub.env()).start().call("get_function", json!({"function": "f"}));
    card.holds(&[
        "high: anybody may call https://live.lambda-url.us-east-1.on.aws/",
        "\"qualifier\":\"live\"",
    ])
    .lacks(&["no policy statement lets the public use it"]);
    let asked: Vec<_> =
        stub.of("GetPolicy").iter().map(|it| it.query("Qualifier").map(str::to_owned)).collect();
    assert!(asked.contains(&Some("dev".to_owned())) && asked.len() == 3, "{asked:?}");
    // Where the list does not hold the alias, that is said.
    let stub = Stub::start(world);
    let held = LAMBDA
        .and(&["--allow-arn", FUNCTION])
        .at(stub.env())
        .start()
        .call("get_function", json!({"function": "f"}));
    held.holds(&[
        "whether the policy of live opens it could not be read",
        "the policy of dev could not be read",
    ]);
    assert!(stub.of("GetPolicy").iter().all(|request| request.query("Qualifier").is_none()));
}

#[test]
fn code_that_is_in_no_version_goes_only_after_a_question() {
    let old = package(&[("index.py", "x = 1"), ("util.py", ""), ("data.json", "{}")]);
    create(LocalAws::shared(), "kept-code", ECHO, json!({}));
    let aws = LocalAws::shared();
    let zip = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    aws.call("lambda", "UpdateFunctionCode", json!({"FunctionName": "kept-code", "ZipFile": zip(&old)}));
    let mut server = LAMBDA.start();
    let call = json!({"function": "kept-code", "files": {"index.py": "x = 2", "new.py": ""}});
    let asked = server.call("update_code", call.clone());
    asked.holds(&[
        "nothing was done yet",
        "its present code is in no version and gone for good then; publish_version first keeps it",
        "data.json\tgoes",
        "util.py\tgoes",
        "new.py\tis new",
    ]);
    asked.lacks(&["index.py\t"]);
    server.call("publish_version", json!({"function": "kept-code"})).ok();
    let done = server.call("update_code", call);
    done.holds(&["\"last_update\":\"Successful\""]);
}

#[test]
fn a_runtime_that_nobody_knows_here_is_not_told_as_fine() {
    let functions = |runtimes: &[&str]| -> Vec<Value> {
        let one = |runtime: &&str| json!({"FunctionName": format!("f-{}", runtime.replace('.', "")), "Runtime": runtime, "CodeSize": 1});
        runtimes.iter().map(one).collect()
    };
    let stub = Stub::start(move |request| match request.operation() {
        // A runtime of tomorrow is in no model of today.
        "ListFunctions" => {
            let body = json!({"Functions": functions(&["python3.10", "python3.14", "python4.0"])});
            Response::new(200, body.to_string()).with("content-type", "application/json")
        }
        "GetFunction" => {
            Response::output(json!({"Configuration": {"FunctionName": "f", "Runtime": "python3.10"}}))
        }
        "ListFunctionUrlConfigs" => Response::output(json!({"FunctionUrlConfigs": []})),
        "GetFunctionConfiguration" => Response::error(404, "ResourceNotFoundException", "none"),
        _ => Response::output(json!({})),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let listed = server.call("list_functions", json!({"deprecated": true}));
    assert_eq!(listed.column("name"), ["f-python310", "f-python40"]);
    assert_eq!(listed.column("deprecated"), ["2026-10-31", "not known here"]);
    let card = server.call("get_function", json!({"function": "f"}));
    card.holds(&["AWS deprecated python3.10 on 2026-10-31", "none can be made from 2027-02-01 on"]);
    let made = server.plan(
        "create_function",
        json!({"function": "n", "role": ROLE, "runtime": "python4.0", "handler": "i.h", "files": {"i.py": ""}}),
    );
    made.holds(&["warning: when AWS deprecates python4.0 is not known here"]);
}

#[test]
fn a_version_on_an_old_runtime_is_listed_though_its_function_is_not() {
    let stub = Stub::start(|request| {
        let all = request.query("FunctionVersion") == Some("ALL");
        let one = |version: &str, runtime: &str| json!({"FunctionName": "f", "Version": version, "Runtime": runtime, "CodeSize": 1});
        let mut functions = vec![one("$LATEST", "python3.14")];
        functions.extend(all.then(|| one("3", "python3.8")));
        Response::output(json!({"Functions": functions}))
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let listed = server.call("list_functions", json!({"deprecated": true}));
    assert_eq!((listed.column("name"), listed.column("version")), (vec!["f"], vec!["3"]));
    server.call("list_functions", json!({})).holds(&["python3.14"]).lacks(&["python3.8"]);
}

/// A page of what is listed, and another behind it.
fn two_pages(request: &Request, field: &str, first: Value, second: Value) -> Response {
    match request.query("Marker") {
        None => Response::output(json!({field: [first], "NextMarker": "m"})),
        Some(_) => Response::output(json!({field: [second]})),
    }
}

#[test]
fn what_a_function_is_said_to_have_is_read_to_the_last_page() {
    let address = |name: &str| format!("https://{name}.lambda-url.us-east-1.on.aws/");
    let stub = Stub::start(move |request| match request.operation() {
        "ListAliases" => two_pages(request, "Aliases", json!({"Name": "dev"}), json!({"Name": "live"})),
        "ListVersionsByFunction" => {
            let version = |number: &str| json!({"Version": number, "CodeSha256": number, "LastModified": "2026-11-01T10:00:00.000+0000"});
            two_pages(request, "Versions", version("1"), version("3"))
        }
        "ListFunctionUrlConfigs" => {
            let url = |name: &str| {
                let arn = format!("{FUNCTION}:{name}");
                let mut url = url();
                (url["FunctionArn"], url["FunctionUrl"]) = (json!(arn), json!(address(name)));
                url["AuthType"] = json!("NONE");
                url
            };
            two_pages(request, "FunctionUrlConfigs", url("dev"), url("live"))
        }
        "ListProvisionedConcurrencyConfigs" => {
            let of = |name: &str| json!({"FunctionArn": format!("{FUNCTION}:{name}"), "RequestedProvisionedConcurrentExecutions": 2});
            two_pages(request, "ProvisionedConcurrencyConfigs", of("dev"), of("live"))
        }
        "ListEventSourceMappings" => {
            let is_of_live = request.query("FunctionName").unwrap_or_default().ends_with("live");
            Response::output(
                json!({"EventSourceMappings": is_of_live.then(mapping).into_iter().collect::<Vec<_>>()}),
            )
        }
        "GetFunction" => Response::output(json!({"Configuration": configuration()})),
        "GetPolicy" => Response::error(404, "ResourceNotFoundException", "no policy"),
        _ => there(request),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let card = server.call("get_function", json!({"function": "f"}));
    card.holds(&[&address("dev"), &address("live"), "\"qualifier\":\"live\",\"requested\":2"]);
    // A mapping may feed an alias only.
    let sources = server.call("list_event_sources", json!({"function": "f"}));
    sources.holds(&["14e0db71"]).lacks(&["no event source mapping"]);
    let elsewhere = json!({"function": "f", "source_arn": "arn:aws:sqs:us-east-1:123456789012:other"});
    server.call("list_event_sources", elsewhere).holds(&["no event source mapping"]);
    server.plan("delete_function", json!({"function": "f"})).holds(&[
        "with 2 published versions",
        "its aliases go too: dev, live",
        "stay and fail",
        "14e0db71",
    ]);
    server
        .plan("delete_function", json!({"function": "f", "version": "1"}))
        .holds(&["point to it: dev, live"]);
    server.call("who_may_call", json!({"function": "f"})).holds(&["14e0db71", "\"public\":false"]);
    server.plan("set_alias", json!({"function": "f", "alias": "prod", "version": "2"})).ok();
}

#[test]
fn what_opens_the_function_is_told_whichever_of_its_names_is_looked_at() {
    let mut of_function = url();
    of_function["AuthType"] = json!("NONE");
    let open = json!({"Statement": [
        {"Sid": "url", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl"},
        {"Sid": "via", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
            "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}},
    ]})
    .to_string();
    let stub = Stub::start(move |request| match (request.operation(), request.query("Qualifier")) {
        ("GetFunction", _) => Response::output(json!({"Configuration": configuration()})),
        ("GetPolicy", None) => Response::output(json!({"Policy": open})),
        ("GetPolicy", Some("$LATEST")) => Response::error(
            400,
            "InvalidParameterValueException",
            "We currently do not support policies for $LATEST.",
        ),
        ("GetPolicy", _) => Response::error(404, "ResourceNotFoundException", "no policy"),
        ("ListFunctionUrlConfigs", _) => Response::output(json!({"FunctionUrlConfigs": [of_function]})),
        ("ListAliases", _) => Response::output(json!({"Aliases": [{"Name": "live"}]})),
        _ => Response::output(json!({})),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    for qualifier in [Value::Null, json!("live"), json!("$LATEST"), json!("3")] {
        let mut call = json!({"function": "f"});
        if !qualifier.is_null() {
            call["qualifier"] = qualifier.clone();
        }
        let card = server.call("get_function", call);
        card.holds(&["high: anybody may call https://u.lambda-url.us-east-1.on.aws/ without signing in"]);
    }
}

#[test]
fn a_policy_that_could_not_be_read_is_not_told_as_closed() {
    let stub = Stub::start(|request| match (request.operation(), request.query("Qualifier")) {
        ("GetPolicy", Some("prod")) => Response::error(403, "AccessDeniedException", "not authorized"),
        ("ListFunctionUrlConfigs", _) => Response::output(json!({"FunctionUrlConfigs": []})),
        ("ListEventSourceMappings", _) => Response::output(json!({"EventSourceMappings": []})),
        _ => there(request),
    });
    let who = LAMBDA.at(stub.env()).start().call("who_may_call", json!({"function": "f"}));
    assert_eq!(who.object().get("public"), None, "{}", who.text);
    who.holds(&["this is not all", "the policy of prod: "]);
}

#[test]
fn variables_that_aws_does_not_show_are_not_put_away() {
    let mut hidden = configuration();
    hidden["Environment"] =
        json!({"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms:Decrypt is missing"}});
    let stub = Stub::start(move |request| match request.operation() {
        "GetFunctionConfiguration" | "UpdateFunctionConfiguration" => Response::output(hidden.clone()),
        _ => there(request),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    for patch in
        [json!({"Environment": {"Variables": {"A": "3"}}}), json!({"Environment": null, "Timeout": 9})]
    {
        let refused = server.call("update_config", json!({"function": "f", "patch": patch}));
        refused.fails(&["would take away the variables that it has", "kms:Decrypt"]);
    }
    assert!(stub.of("UpdateFunctionConfiguration").is_empty());
    server.call("update_config", json!({"function": "f", "patch": {"Timeout": 9}})).ok();
    assert_eq!(sent(&stub, "UpdateFunctionConfiguration"), json!({"Timeout": 9, "RevisionId": "seen"}));
}

#[test]
fn cors_is_taken_away_as_a_whole() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let call = json!({"function": "f", "cors_origins": []});
    let plan = server.plan("set_url", call.clone());
    plan.holds(&["-  \"credentials\": true", "-  \"methods\"", "-  \"origins\""]);
    done(&mut server, "set_url", &call);
    assert_eq!(sent(&stub, "UpdateFunctionUrlConfig"), json!({"Cors": {}}));
    let both = json!({"function": "f", "cors_origins": [], "cors_methods": ["GET"]});
    server.call("set_url", both).fails(&["leave `cors_methods` and `cors_headers` out"]);
}

#[test]
fn whoever_is_let_in_and_is_not_of_this_account_is_asked_about() {
    let stub = Stub::start(there);
    let mut server = LAMBDA.at(stub.env()).start();
    let other = "999988887777 is another account";
    let anybody = "any account can make that service call it";
    for (more, why) in [
        (json!({"principal": "*", "source_account": "999988887777"}), other),
        (json!({"principal": "*", "source_arn": "arn:aws:sns:us-east-1:999988887777:t"}), other),
        (json!({"principal": "s3.amazonaws.com", "source_account": "999988887777"}), other),
        (
            json!({"principal": "sns.amazonaws.com", "source_arn": "arn:aws:sns:us-east-1:999988887777:t"}),
            other,
        ),
        (json!({"principal": "arn:aws-cn:iam::999988887777:root"}), other),
        (json!({"principal": "s3.amazonaws.com"}), anybody),
        (json!({"principal": "s3.amazonaws.com", "source_arn": "arn:aws:s3:::*"}), anybody),
        (json!({"principal": "sns.amazonaws.com.cn"}), anybody),
        (json!({"principal": "alexa-appkit.amazon.com"}), anybody),
        (
            json!({"principal": "arn:aws:iam::cloudfront:user/x"}),
            "whose arn:aws:iam::cloudfront:user/x is, is not known",
        ),
    ] {
        let mut call = json!({"function": "f", "statement_id": "new"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("set_permission", call).holds(&["nothing was done yet", why]);
    }
    assert!(stub.of("AddPermission").is_empty());
    for more in [
        json!({"principal": "s3.amazonaws.com", "source_account": "123456789012"}),
        json!({"principal": "sns.amazonaws.com", "source_arn": "arn:aws:sns:us-east-1:123456789012:t"}),
    ] {
        let mut call = json!({"function": "f", "statement_id": "new"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("set_permission", call).holds(&["added"]);
    }
}

#[test]
fn what_aws_cannot_do_is_not_planned() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunctionConfiguration" => {
            let mut image = configuration();
            image["PackageType"] = json!("Image");
            Response::output(image)
        }
        _ => there(request),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let source = |source: &str, more: Value| {
        let mut call = json!({"function": "f", "source_arn": source});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s";
    for (tool, call, why) in [
        ("set_alias", json!({"function": "f", "alias": "3", "version": "4"}), "is a version and no name"),
        (
            "set_alias",
            json!({"function": "f", "alias": "$LATEST", "version": "4"}),
            "is a version and no name",
        ),
        (
            "set_alias",
            json!({"function": "f", "alias": "prod", "version": "$LATEST", "canary_version": "4", "canary_percent": 5}),
            "published versions only",
        ),
        (
            "set_alias",
            json!({"function": "f", "alias": "prod", "version": "4", "canary_version": "4", "canary_percent": 5}),
            "to which the alias points anyway",
        ),
        (
            "set_concurrency",
            json!({"function": "f", "qualifier": "$LATEST", "provisioned": 2}),
            "belongs to a version or an alias",
        ),
        (
            "update_code",
            json!({"function": "f", "files": {"i.py": ""}}),
            "is a container image, which AWS replaces by no package",
        ),
        ("set_event_source", source(QUEUE, json!({"on_failure": QUEUE})), "a queue takes no `on_failure`"),
        ("set_event_source", source(QUEUE, json!({"max_retries": 2})), "a queue takes no `max_retries`"),
        ("set_event_source", source(QUEUE, json!({"start": "latest"})), "a queue takes no `start`"),
        ("set_event_source", source(QUEUE, json!({"batch_size": 11})), "needs `batch_window_seconds`"),
        (
            "set_event_source",
            source(&format!("{QUEUE}.fifo"), json!({"batch_window_seconds": 5})),
            "of a FIFO queue",
        ),
        (
            "set_event_source",
            source(stream, json!({"start": "latest", "max_concurrency": 2})),
            "is of queues",
        ),
        (
            "set_event_source",
            source("arn:aws:kafka:us-east-1:123456789012:cluster/c/1", json!({"start": "latest"})),
            "CreateEventSourceMapping takes them",
        ),
    ] {
        server.call(tool, call).fails(&[why]);
    }
    assert!(stub.calls().iter().all(|request| request.operation().starts_with("Get")));
}

#[test]
fn a_hint_is_about_what_was_not_found() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunctionConfiguration" => Response::error(429, "TooManyRequestsException", "Rate exceeded"),
        _ => Response::error(404, "ResourceNotFoundException", "The resource you requested does not exist."),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let of = |tool: &str, call: Value| (tool.to_owned(), call);
    for ((tool, call), hint) in [
        (of("delete_function", json!({"event_source": "14e0db71"})), "list_event_sources shows"),
        (of("delete_function", json!({"layer": "l", "layer_version": 1})), "list_layers shows"),
        (of("delete_function", json!({"function": "f", "alias": "prod"})), "list_functions shows"),
    ] {
        server.call(&tool, call).fails(&[hint]);
    }
    let throttled = server.call("function_health", json!({"function": "f"}));
    assert!(!throttled.error().contains("concurrency"), "{}", throttled.text);
}
