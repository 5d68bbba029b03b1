//! What is judged is what is sent: under an allow-list no request names anything outside it, however it was written.
#![cfg(test)]

use std::sync::atomic::{AtomicBool, Ordering};

use awsmcp_testing::{Request, Response, Server, Stub};
use serde_json::{Value, json};

const ACCOUNT: &str = "arn:aws:lambda:us-east-1:123456789012:function";

/// An AWS with any function, which logs to `group` and has an alias `prod` of version 3.
fn stub(group: &'static str) -> Stub {
    Stub::start(move |request| match request.operation() {
        "Invoke" => Response::new(200, "1"),
        "GetFunctionConfiguration" => {
            Response::output(json!({"FunctionName": "f", "RevisionId": "seen", "CodeSha256": "c2Vlbg==",
                "MemorySize": 128, "Timeout": 3, "Runtime": "python3.13", "Handler": "i.h",
                "LoggingConfig": {"LogGroup": group}}))
        }
        "FilterLogEvents" => Response::output(json!({"events": []})),
        "GetAlias" => Response::output(json!({"Name": "prod", "FunctionVersion": "3", "RevisionId": "seen"})),
        "PublishVersion" => Response::output(json!({"FunctionName": "f", "Version": "4"})),
        "ListVersionsByFunction" => Response::output(
            json!({"Versions": [{"Version": "$LATEST"}, {"Version": "2"}, {"Version": "3"}]}),
        ),
        "UpdateAlias" => Response::output(json!({"Name": "prod", "FunctionVersion": "2"})),
        "GetEventSourceMapping" | "UpdateEventSourceMapping" | "CreateEventSourceMapping" => {
            Response::output(
                json!({"UUID": "14e0db71", "State": "Enabled", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q",
                "FunctionArn": format!("{ACCOUNT}:secret-fn")}),
            )
        }
        "PutFunctionConcurrency" => Response::output(json!({"ReservedConcurrentExecutions": 1})),
        _ => Response::error(404, "ResourceNotFoundException", "nothing is here"),
    })
}

/// A server whose calls are held to these ARNs.
fn held(stub: &Stub, arns: &[&str]) -> Server {
    let mut arguments = vec!["--allow", "write,destroy,invoke,reveal", "--toolsets", "all"];
    arguments.extend(arns.iter().flat_map(|arn| ["--allow-arn", arn]));
    started(stub, &arguments)
}

/// What was sent so far, without what went to STS.
fn sent(stub: &Stub) -> Vec<String> {
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    stub.calls().iter().map(|request| format!("{} {}", request.target, text(&request.body))).collect()
}

fn started(stub: &Stub, arguments: &[&str]) -> Server {
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-lambda"), arguments, stub.env());
    server.initialize();
    server
}

/// A call of every tool that takes a function.
fn calls(function: &str) -> Vec<(&'static str, Value)> {
    let with = |tool, more: Value| {
        let mut arguments = json!({"function": function});
        arguments.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        (tool, arguments)
    };
    vec![
        with("get_function", json!({})),
        with("function_logs", json!({})),
        with("function_health", json!({})),
        with("list_versions", json!({})),
        with("get_code", json!({})),
        with("get_environment", json!({})),
        with("invoke_function", json!({"payload": {}})),
        with("update_code", json!({"files": {"index.py": "x = 1"}})),
        with("update_config", json!({"patch": {"Timeout": 9}})),
        with("publish_version", json!({})),
        with("set_alias", json!({"alias": "prod", "version": "1"})),
        with(
            "create_function",
            json!({"role": "arn:aws:iam::123456789012:role/r", "runtime": "python3.13", "handler": "i.h", "files": {"i.py": "x"}}),
        ),
        with("set_concurrency", json!({"reserved": 1})),
        with("set_event_source", json!({"source_arn": "arn:aws:sqs:us-east-1:123456789012:q"})),
        with("set_url", json!({})),
        with("set_permission", json!({"statement_id": "s", "principal": "123456789012"})),
        with("delete_function", json!({})),
    ]
}

#[test]
fn a_function_that_is_none_is_refused_before_any_request() {
    let stub = stub("/aws/lambda/f");
    let mut server = held(&stub, &[&format!("{ACCOUNT}:*"), "arn:aws:iam::123456789012:role/*"]);
    for wrong in [
        " arn:aws:lambda:us-east-1:999999999999:function:secret-fn",
        "arn:aws:lambda:us-east-1:999999999999:function:secret-fn ",
        "arn:aws:kms:us-east-1:123456789012:key/x:function:secret-fn",
        "arn:aws:lambda:us-east-1:123456789012:layer:secret-fn",
        "999999999999:function:secret-fn",
        "*",
        "f%2f..",
    ] {
        for (tool, arguments) in calls(wrong) {
            let refused = server.call(tool, arguments);
            assert!(refused.error().contains("is not a function"), "{tool}: {}", refused.text);
        }
    }
    assert_eq!(sent(&stub), [""; 0]);
}

#[test]
fn no_request_names_a_function_outside_the_list() {
    let stub = stub("/aws/lambda/secret-fn");
    let logs = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/team-*";
    let role = "arn:aws:iam::123456789012:role/r";
    let mut server = held(&stub, &[&format!("{ACCOUNT}:team-*"), logs, role]);
    for function in [
        "secret-fn",
        "secret-fn:team-a",
        "arn:aws:lambda:us-east-1:123456789012:function:secret-fn",
        "arn:aws:lambda:us-east-1:123456789012:function:secret-fn:team-a",
        "arn:aws:lambda:us-east-1:999999999999:function:team-a",
        "arn:aws:lambda:eu-west-1:123456789012:function:team-a",
        "arn:aws-cn:lambda:us-east-1:123456789012:function:team-a",
        "Team-a",
        "t\u{0435}am-a",
    ] {
        for (tool, arguments) in calls(function) {
            server.call(tool, arguments).error();
        }
    }
    assert_eq!(sent(&stub), [""; 0]);
    for (tool, arguments) in calls("team-a") {
        server.call(tool, arguments);
    }
    let sent = sent(&stub);
    assert!(sent.len() > 20, "{sent:?}");
    assert!(!sent.iter().any(|request| request.contains("secret")), "{sent:?}");
}

#[test]
fn a_version_or_an_alias_is_judged_with_its_function() {
    let stub = stub("/aws/lambda/f");
    let prod = format!("{ACCOUNT}:f:prod");
    let mut server = held(&stub, &[&prod]);
    for refused in [
        json!({"function": "f"}),
        json!({"function": "f:dev"}),
        json!({"function": "f", "qualifier": "dev"}),
        json!({"function": "f:prod:prod"}),
        json!({"function": ACCOUNT.to_owned() + ":f:dev"}),
    ] {
        server.call("invoke_function", refused).error();
    }
    assert_eq!(sent(&stub), [""; 0]);
    for allowed in [
        json!({"function": "f:prod"}),
        json!({"function": "f", "qualifier": "prod"}),
        json!({"function": "f:prod", "qualifier": "prod"}),
        json!({"function": prod}),
    ] {
        server.call("invoke_function", allowed).ok();
    }
    let sent = sent(&stub);
    let of_prod = |request: &&String| request.contains("Qualifier=prod");
    assert_eq!((sent.len(), sent.iter().filter(of_prod).count()), (4, 4), "{sent:?}");
    // The function without its alias is another resource.
    held(&stub, &[&format!("{ACCOUNT}:f")])
        .call("invoke_function", json!({"function": "f", "qualifier": "prod"}))
        .error();
    assert_eq!(stub.of("Invoke").len(), 4);
}

#[test]
fn a_version_is_deleted_where_that_version_is_allowed() {
    let stub = stub("/aws/lambda/f");
    let mut server = held(&stub, &[&format!("{ACCOUNT}:f"), &format!("{ACCOUNT}:f:2")]);
    let refused = server.call("delete_function", json!({"function": "f", "version": "3"}));
    assert!(refused.error().contains("f:3 is outside"), "{}", refused.text);
    assert_eq!(sent(&stub), [""; 0]);
    server.call("delete_function", json!({"function": "f", "version": "2"}));
    assert_eq!(stub.of("GetFunctionConfiguration")[0].query("Qualifier"), Some("2"));
}

#[test]
fn what_is_of_the_whole_function_is_not_done_by_its_alias() {
    let stub = stub("/aws/lambda/f");
    let mut server = held(&stub, &[&format!("{ACCOUNT}:f:*")]);
    let refused = server.call("set_concurrency", json!({"function": "f:prod", "reserved": 1}));
    assert!(refused.error().contains("leave \"prod\" out"), "{}", refused.text);
    server.call("get_function", json!({"function": "f:prod"}));
    assert!(stub.of("ListFunctionUrlConfigs").is_empty() && stub.of("GetFunction").len() == 1);
    assert!(stub.of("PutFunctionConcurrency").is_empty());
}

#[test]
fn the_log_group_of_a_version_is_that_of_its_function() {
    let stub = stub("/aws/lambda/f");
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*";
    let mut server = held(&stub, &[&format!("{ACCOUNT}:f"), group]);
    for function in ["f", "f:prod", "arn:aws:lambda:us-east-1:123456789012:function:f:3"] {
        server.call("function_logs", json!({"function": function})).ok();
    }
    for request in stub.of("FilterLogEvents") {
        assert_eq!(request.json()["logGroupName"], json!("/aws/lambda/f"));
    }
    assert_eq!(stub.of("FilterLogEvents").len(), 3);
}

#[test]
fn a_log_group_that_the_configuration_names_is_asked_for() {
    let stub = stub("shared");
    let own = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*";
    let function = format!("{ACCOUNT}:f");
    let refused = held(&stub, &[&function, own]).call("function_logs", json!({"function": "f"}));
    assert!(refused.error().contains("the function logs to shared"), "{}", refused.text);
    assert!(stub.of("FilterLogEvents").is_empty());
    let shared = "arn:aws:logs:us-east-1:123456789012:log-group:shared:*";
    held(&stub, &[&function, own, shared]).call("function_logs", json!({"function": "f"})).ok();
    assert_eq!(stub.of("FilterLogEvents")[0].json()["logGroupName"], json!("shared"));
}

#[test]
fn logs_and_figures_of_another_account_are_not_those_of_this_one() {
    let stub = stub("/aws/lambda/f");
    let mut server = started(&stub, &["--toolsets", "all"]);
    for tool in ["function_logs", "function_health"] {
        let other = json!({"function": "arn:aws:lambda:us-east-1:999999999999:function:f"});
        let refused = server.call(tool, other);
        assert!(refused.error().contains("999999999999"), "{}", refused.text);
    }
    assert_eq!(sent(&stub), [""; 0]);
}

#[test]
fn an_arn_takes_the_call_to_its_region() {
    let stub = stub("/aws/lambda/f");
    let mut server = started(&stub, &["--allow-region", "*", "--toolsets", "all"]);
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    server.call("get_environment", json!({"function": arn}));
    server.call("function_logs", json!({"function": arn})).ok();
    let regions: Vec<String> =
        stub.calls().iter().map(|request| request.region().unwrap_or_default().to_owned()).collect();
    assert!(regions.len() > 1 && regions.iter().all(|region| region == "eu-west-1"), "{regions:?}");
}

#[test]
fn an_alias_points_only_to_what_may_be_called() {
    let stub = stub("/aws/lambda/f");
    let (function, alias) = (format!("{ACCOUNT}:f"), format!("{ACCOUNT}:f:prod"));
    let (second, third) = (format!("{ACCOUNT}:f:2"), format!("{ACCOUNT}:f:3"));
    let mut server = held(&stub, &[&function, &alias, &third]);
    let back = json!({"function": "f", "alias": "prod", "rollback": true});
    let refused = server.call("set_alias", back.clone());
    assert!(refused.error().contains("f:2 is outside"), "{}", refused.text);
    let canary = json!({"function": "f", "alias": "prod", "version": "3", "canary_version": "2", "canary_percent": 10});
    assert!(server.call("set_alias", canary).error().contains("f:2 is outside"));
    assert!(stub.of("UpdateAlias").is_empty());
    held(&stub, &[&function, &alias, &second]).confirmed("set_alias", back).ok();
    assert_eq!(stub.of("UpdateAlias")[0].json()["FunctionVersion"], json!("2"));
}

#[test]
fn a_mapping_is_held_to_the_function_that_it_feeds() {
    let stub = stub("/aws/lambda/f");
    let mapping = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:*";
    let mut server = held(&stub, &[&format!("{ACCOUNT}:team-*"), mapping]);
    for (tool, arguments) in [
        ("set_event_source", json!({"uuid": "14e0db71", "batch_size": 3})),
        ("delete_function", json!({"event_source": "14e0db71"})),
    ] {
        let refused = server.call(tool, arguments);
        assert!(refused.error().contains("secret-fn is outside"), "{}", refused.text);
    }
    assert!(stub.of("UpdateEventSourceMapping").is_empty() && stub.of("DeleteEventSourceMapping").is_empty());
    let made = json!({"function": "team-a:prod", "source_arn": "arn:aws:sqs:us-east-1:123456789012:q"});
    server.call("set_event_source", made).ok();
    assert_eq!(stub.of("CreateEventSourceMapping")[0].json()["FunctionName"], json!("team-a:prod"));
}

#[test]
fn a_role_and_a_package_are_what_they_are_judged_as() {
    let stub = stub("/aws/lambda/f");
    let package = "arn:aws:s3:::team-packages/*";
    let mut server =
        held(&stub, &[&format!("{ACCOUNT}:f"), package, "arn:aws:iam::123456789012:role/team-*"]);
    for arguments in [
        json!({"function": "f", "s3_bucket": "arn:aws:s3:::team-packages/x", "s3_key": "k"}),
        json!({"function": "f", "s3_bucket": "secret/team", "s3_key": "k"}),
        json!({"function": "f", "s3_bucket": "secret", "s3_key": "arn:aws:s3:::team-packages/x"}),
    ] {
        server.call("update_code", arguments).error();
    }
    for role in [
        "arn:aws:iam::123456789012:role/secret",
        "arn:aws:kms:us-east-1:123456789012:role/team-a",
        "arn:aws:iam::123456789012:role/team-a ",
        "team-a",
    ] {
        server.call("update_config", json!({"function": "f", "role": role})).error();
    }
    assert_eq!(sent(&stub), [""; 0]);
}

/// A function that has everything; what is named `fresh` is not there yet.
/// A durable execution of the function.
const EXECUTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f:3/durable-execution/n/0b1c2d";

fn whole(request: &Request) -> Response {
    let function = || {
        json!({"FunctionName": "f", "FunctionArn": format!("{ACCOUNT}:f"), "RevisionId": "seen", "CodeSha256": "c2Vlbg==",
        "CodeSize": 1, "MemorySize": 128, "Timeout": 3, "Runtime": "python3.13", "Handler": "i.h", "Version": "$LATEST"})
    };
    let mapping = || json!({"UUID": "14e0db71", "State": "Enabled", "FunctionArn": format!("{ACCOUNT}:f")});
    let url = || {
        json!({"FunctionUrl": "https://u", "FunctionArn": format!("{ACCOUNT}:f"), "AuthType": "AWS_IAM",
        "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z"})
    };
    if request.path().contains("fresh") {
        match request.operation() {
            "GetAlias" | "GetFunctionUrlConfig" => {
                return Response::error(404, "ResourceNotFoundException", "not yet");
            }
            _ => {}
        }
    }
    Response::output(match request.operation() {
        "Invoke" => return Response::new(200, "1"),
        "GetFunctionConfiguration"
        | "UpdateFunctionConfiguration"
        | "UpdateFunctionCode"
        | "CreateFunction" => function(),
        "PublishVersion" => json!({"FunctionName": "f", "Version": "4"}),
        "PublishLayerVersion" => {
            json!({"Version": 2, "LayerVersionArn": "arn:aws:lambda:us-east-1:123456789012:layer:l:2"})
        }
        "GetFunction" => json!({"Configuration": function(), "Code": {"ImageUri": "i"}}),
        "GetAlias" | "UpdateAlias" | "CreateAlias" => {
            json!({"Name": "prod", "FunctionVersion": "3", "RevisionId": "seen"})
        }
        "ListVersionsByFunction" => json!({"Versions": [{"Version": "2"}, {"Version": "3"}]}),
        "ListDurableExecutionsByFunction" => json!({"DurableExecutions": []}),
        "GetDurableExecution" => {
            json!({"DurableExecutionArn": EXECUTION, "DurableExecutionName": "n", "Status": "RUNNING",
            "FunctionArn": format!("{ACCOUNT}:f:3"), "StartTimestamp": 1_795_341_600})
        }
        "GetDurableExecutionHistory" => json!({"Events": []}),
        "GetPolicy" => json!({"Policy": "{\"Statement\":[{\"Sid\":\"there\"}]}", "RevisionId": "r"}),
        "AddPermission" => json!({"Statement": "{}"}),
        "ListFunctionUrlConfigs" => json!({"FunctionUrlConfigs": []}),
        "GetFunctionUrlConfig" | "UpdateFunctionUrlConfig" => url(),
        "CreateFunctionUrlConfig" => {
            let mut made = url();
            made.as_object_mut().unwrap().remove("LastModifiedTime");
            made
        }
        "GetFunctionConcurrency" | "PutFunctionConcurrency" => json!({"ReservedConcurrentExecutions": 3}),
        "GetProvisionedConcurrencyConfig" | "PutProvisionedConcurrencyConfig" => {
            json!({"RequestedProvisionedConcurrentExecutions": 3})
        }
        "GetEventSourceMapping"
        | "UpdateEventSourceMapping"
        | "DeleteEventSourceMapping"
        | "CreateEventSourceMapping" => mapping(),
        "FilterLogEvents" => json!({"events": []}),
        _ => json!({}),
    })
}

/// Calls that send every operation that is declared on an ARN.
fn every_call() -> Vec<(&'static str, Value)> {
    let mut all = calls("f");
    all.retain(|(tool, _)| *tool != "create_function");
    all.extend([
        ("get_code", json!({"function": "f"})),
        ("set_alias", json!({"function": "f", "alias": "fresh", "version": "1"})),
        ("set_alias", json!({"function": "f", "alias": "prod", "rollback": true})),
        (
            "create_function",
            json!({"function": "fresh", "role": "arn:aws:iam::123456789012:role/r", "runtime": "python3.13", "handler": "i.h", "files": {"i.py": "x"}}),
        ),
        ("set_concurrency", json!({"function": "f", "remove": "reserved"})),
        ("set_concurrency", json!({"function": "f", "qualifier": "prod", "provisioned": 7})),
        ("set_concurrency", json!({"function": "f", "qualifier": "prod", "remove": "provisioned"})),
        ("set_event_source", json!({"uuid": "14e0db71", "batch_size": 3})),
        ("set_url", json!({"function": "fresh"})),
        ("set_url", json!({"function": "f", "streaming": true})),
        ("set_url", json!({"function": "f", "remove": true})),
        ("set_permission", json!({"function": "f", "statement_id": "there", "remove": true})),
        ("delete_function", json!({"function": "f", "alias": "prod"})),
        ("delete_function", json!({"function": "f", "version": "3"})),
        ("delete_function", json!({"layer": "l", "layer_version": 1})),
        ("delete_function", json!({"event_source": "14e0db71"})),
        ("publish_layer", json!({"layer": "l", "files": {"python/a.py": "x = 1\n"}})),
        ("who_may_call", json!({"function": "f"})),
        ("explain_failures", json!({"function": "f"})),
        ("list_executions", json!({"function": "f"})),
        ("get_execution", json!({"execution": EXECUTION})),
    ]);
    all
}

#[test]
fn every_declared_operation_is_sent_under_a_list_that_holds_just_what_it_is_about() {
    let is_made = AtomicBool::new(false);
    let stub = Stub::start(move |request| {
        is_made.fetch_or(request.operation() == "CreateFunction", Ordering::SeqCst);
        match request.operation() {
            "GetFunctionConfiguration"
                if request.path().contains("fresh") && !is_made.load(Ordering::SeqCst) =>
            {
                Response::error(404, "ResourceNotFoundException", "not yet")
            }
            _ => whole(request),
        }
    });
    let mine: Vec<String> = ["f", "f:prod", "f:1", "f:2", "f:3", "fresh", "fresh:1"]
        .iter()
        .map(|name| format!("{ACCOUNT}:{name}"))
        .collect();
    let mut list: Vec<&str> = mine.iter().map(String::as_str).collect();
    list.extend([
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",
        "arn:aws:lambda:us-east-1:123456789012:layer:l",
        "arn:aws:lambda:us-east-1:123456789012:layer:l:1",
        "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:14e0db71",
        "arn:aws:iam::123456789012:role/r",
        EXECUTION,
    ]);
    let mut server = held(&stub, &list);
    for (tool, arguments) in every_call() {
        let first = server.call(tool, arguments.clone());
        let last = match first.plan_token() {
            Some(_) => server.confirmed(tool, arguments.clone()),
            None => first,
        };
        // An image's code is not read; all else must go through.
        assert!(tool == "get_code" || !last.is_error, "{tool} {arguments}: {}", last.text);
        assert!(!last.text.contains("was not sent"), "{tool} {arguments}: {}", last.text);
    }
    // What AWS itself does with the caller's permissions is no request of ours.
    let by_aws = ["PassRole", "ListTags", "TagResource", "GetObject", "GetObjectVersion"];
    for tool in awsmcp_lambda::server().manifest().tools {
        for need in tool.needs.iter().filter(|need| need.arn != "*") {
            let (_, action) = need.action.split_once(':').unwrap();
            let operation = if action == "InvokeFunction" { "Invoke" } else { action };
            assert!(
                by_aws.contains(&operation) || !stub.of(operation).is_empty(),
                "{} never sent {operation}",
                tool.name
            );
        }
    }
}

#[test]
fn functions_that_may_not_be_run_are_no_tools_and_named_nowhere() {
    let stub = Stub::start(|request| match request.operation() {
        "ListFunctions" => {
            let one = |name: &str| json!({"FunctionName": name, "FunctionArn": format!("{ACCOUNT}:{name}"), "CodeSize": 1});
            Response::output(json!({"Functions": [one("team-a"), one("secret-fn")]}))
        }
        // What stands there is no schema that could be used.
        "ListTags" => Response::output(json!({"Tags": {"awsmcp:schema": "none/none"}})),
        _ => Response::error(404, "NotFoundException", "no such schema"),
    });
    let mut server = held(&stub, &[&format!("{ACCOUNT}:team-*")]);
    let listed = server.call("list_function_tools", json!({"patterns": "*"}));
    assert!(listed.ok().contains("team-a") && !listed.text.contains("secret-fn"), "{}", listed.text);
    assert!(!sent(&stub).iter().any(|request| request.contains("secret-fn")));
}

#[test]
fn a_filter_that_finds_nothing_says_where_time_outs_are_told() {
    let stub = stub("/aws/lambda/f");
    let mut server = started(&stub, &[]);
    let none = server.call("function_logs", json!({"function": "f", "filter": "ERROR"}));
    assert!(none.ok().contains("show=invocations tells them"), "{}", none.text);
    let all = server.call("function_logs", json!({"function": "f"}));
    assert!(!all.ok().contains("show=invocations tells them"), "{}", all.text);
}

#[test]
fn an_answer_that_is_not_lambdas_is_no_success() {
    let stub = Stub::start(|request| match request.operation() {
        "PublishVersion" => Response::new(200, "{}").with("content-type", "application/json"),
        _ => whole(request),
    });
    let mut server = started(&stub, &["--allow", "write", "--toolsets", "all"]);
    let published = server.call("publish_version", json!({"function": "f"}));
    assert!(published.error().contains("it has no Version"), "{}", published.text);
}

#[test]
fn what_was_looked_at_is_the_condition_of_what_is_done() {
    let stub = stub("/aws/lambda/f");
    let mut server = held(&stub, &[&format!("{ACCOUNT}:f*")]);
    server.call("set_alias", json!({"function": "f", "alias": "prod", "version": "2"})).ok();
    assert_eq!(stub.of("UpdateAlias")[0].json()["RevisionId"], json!("seen"));
    // One look: what is confirmed is not looked for again.
    assert_eq!(stub.of("GetAlias").len(), 1);
    server.call("publish_version", json!({"function": "f"})).ok();
    let published = stub.of("PublishVersion")[0].json();
    assert_eq!((&published["RevisionId"], &published["CodeSha256"]), (&json!("seen"), &json!("c2Vlbg==")));
    server.call("update_config", json!({"function": "f", "patch": {"Timeout": 9}}));
    assert_eq!(stub.of("UpdateFunctionConfiguration")[0].json()["RevisionId"], json!("seen"));
    server.confirmed("update_code", json!({"function": "f", "files": {"index.py": "x = 1"}}));
    assert_eq!(stub.of("UpdateFunctionCode")[0].json()["RevisionId"], json!("seen"));
}

#[test]
fn a_package_that_changes_meanwhile_is_not_uploaded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("code.zip");
    std::fs::write(&path, package("x = 1")).unwrap();
    let written = path.clone();
    let stub = Stub::start(move |request| match request.operation() {
        "GetFunctionConfiguration" => {
            // The plan reads the package while it waits for this.
            std::thread::sleep(std::time::Duration::from_secs(1));
            std::fs::write(&written, package("x = 2")).unwrap();
            Response::output(json!({"FunctionName": "f", "RevisionId": "seen", "CodeSha256": "c2Vlbg=="}))
        }
        // It is published, so that nobody is asked.
        "ListVersionsByFunction" => {
            Response::output(json!({"Versions": [{"Version": "1", "CodeSha256": "c2Vlbg=="}]}))
        }
        _ => Response::error(404, "ResourceNotFoundException", "nothing is here"),
    });
    let arguments = ["--allow", "write", "--allow-dir", dir.path().to_str().unwrap()];
    let refused = started(&stub, &arguments).call("update_code", json!({"function": "f", "zip_path": path}));
    assert!(refused.error().contains("changed since"), "{}", refused.text);
    assert!(stub.of("UpdateFunctionCode").is_empty());
}

fn package(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}
