//! What there is: functions, versions, event sources, code and environments, page by page and with findings.

use awsmcp_testing::{LocalAws, Response, Stub, holds};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{ECHO, FAIL, LAMBDA, create, package};

/// The first cells of all pages of a list.
fn all(server: &mut awsmcp_testing::Server, tool: &str, arguments: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for page in server.pages(tool, arguments.clone()) {
        let first = page.ok().split(['\t', '\n']).next().unwrap();
        if first != "0 rows" {
            found.extend(page.column(first).into_iter().map(str::to_owned));
        }
    }
    found
}

#[test]
fn no_function_is_lost_or_doubled_at_a_page_border() {
    let aws = LocalAws::start();
    let names: Vec<String> = (0..57).map(|at| format!("page-{at:02}")).collect();
    for (at, name) in names.iter().enumerate() {
        let runtime = if at % 3 == 0 { "python3.8" } else { "python3.12" };
        create(&aws, name, "", json!({"Runtime": runtime}));
    }
    let mut server = LAMBDA.at(aws.env()).start();
    for limit in [100, 50, 20, 7] {
        assert_eq!(all(&mut server, "list_functions", &json!({"limit": limit})), names, "limit {limit}");
    }
    let old: Vec<&String> = names.iter().step_by(3).collect();
    for limit in [100, 4, 1] {
        let found = all(&mut server, "list_functions", &json!({"limit": limit, "deprecated": true}));
        assert_eq!(found.iter().collect::<Vec<_>>(), old, "limit {limit}");
    }
    assert_eq!(all(&mut server, "list_functions", &json!({"glob": "*-{01,02}"})), ["page-01", "page-02"]);
    assert_eq!(all(&mut server, "list_functions", &json!({"prefix": "page-5"})).len(), 7);
    assert_eq!(all(&mut server, "list_functions", &json!({"runtime": "python3.8"})).len(), 19);
    assert_eq!(all(&mut server, "list_functions", &json!({"runtime": "python"})).len(), 57);
    assert_eq!(all(&mut server, "list_functions", &json!({"modified_before": "-1d"})).len(), 0);
    assert_eq!(all(&mut server, "list_functions", &json!({"min_code_bytes": 1_000_000})).len(), 0);
}

#[test]
fn functions_are_found_by_tag() {
    let aws = LocalAws::shared();
    create(aws, "look-tagged", ECHO, json!({"Tags": {"look": "yes"}}));
    create(aws, "look-other", ECHO, json!({"Tags": {"look": "no"}}));
    let mut server = LAMBDA.start();
    assert_eq!(all(&mut server, "list_functions", &json!({"tag": "look=yes"})), ["look-tagged"]);
    let mut both = all(&mut server, "list_functions", &json!({"tag": "look"}));
    both.sort();
    assert_eq!(both, ["look-other", "look-tagged"]);
}

#[test]
fn a_card_shows_names_of_variables_and_never_their_values() {
    let aws = LocalAws::shared();
    let environment = json!({"Variables": {"API_KEY": "hunter2", "LEVEL": "info"}});
    create(
        aws,
        "look-card",
        ECHO,
        json!({"Environment": environment, "MemorySize": 256, "Description": "d"}),
    );
    let (mut server, mut revealing) =
        (LAMBDA.start(), LAMBDA.at(aws.env()).and(&["--allow", "reveal"]).start());
    let card = server.call("get_function", json!({"function": "look-card"}));
    card.holds(&[r#""environment_names":["API_KEY","LEVEL"]"#, r#""memory_mb":256"#]).lacks(&["hunter2"]);
    let hidden = server.call("get_environment", json!({"function": "look-card"}));
    hidden.fails(&["--allow reveal"]);
    let shown =
        revealing.call("get_environment", json!({"function": "look-card", "names": ["API_KEY", "NONE"]}));
    shown.holds(&[r#"{"variables":{"API_KEY":"hunter2"},"missing":["NONE"]}"#]);
    // The resource is the same card.
    let read = server.request("resources/read", json!({"uri": "lambda://look-card"}));
    assert!(read["contents"][0]["text"].as_str().unwrap().contains("API_KEY"));
    let complete = json!({"ref": {"type": "ref/resource", "uri": "lambda://{function}"}, "argument": {"name": "function", "value": "look-ca"}});
    let completed = server.request("completion/complete", complete);
    assert_eq!(completed["completion"]["values"], json!(["look-card"]));
}

#[test]
fn findings_name_what_is_open() {
    let aws = LocalAws::shared();
    create(aws, "look-open", ECHO, json!({"Runtime": "python3.8"}));
    for (id, principal) in [("all", "*"), ("s3", "s3.amazonaws.com")] {
        aws.call(
            "lambda",
            "AddPermission",
            json!({"FunctionName": "look-open", "StatementId": id, "Principal": principal, "Action": "lambda:InvokeFunction"}),
        );
    }
    let card = LAMBDA.start().call("get_function", json!({"function": "look-open"}));
    card.holds(&[
        "high: anybody with an AWS account may call",
        "deprecated python3.8",
        "for any account",
        "are lost",
    ]);
}

#[test]
fn an_unknown_function_brings_the_nearest_name() {
    create(LocalAws::shared(), "look-nearest-orders", ECHO, json!({}));
    let mut server = LAMBDA.start();
    for tool in ["get_function", "function_health", "function_logs", "list_versions", "invoke_function"] {
        let error = server.call(tool, json!({"function": "look-nearest-order"}));
        assert!(error.error().contains("did you mean look-nearest-orders?"), "{tool}: {}", error.text);
    }
    let error = server.call("get_function", json!({"function": "bad name"}));
    error.fails(&["good ones are my-function"]);
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:look-nearest-orders";
    let error = server.call("get_function", json!({"function": arn}));
    error.fails(&["it is in eu-west-1, which the operator did not allow"]);
}

#[test]
fn versions_show_their_aliases_and_weights() {
    let aws = LocalAws::shared();
    create(aws, "look-versions", ECHO, json!({"Publish": true}));
    let code = json!({"FunctionName": "look-versions", "ZipFile": base64(&package(&[("index.py", "x = 2")])), "Publish": true});
    aws.call("lambda", "UpdateFunctionCode", code);
    let alias = json!({"FunctionName": "look-versions", "Name": "prod", "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}});
    aws.call("lambda", "CreateAlias", alias);
    let mut server = LAMBDA.start();
    let text = server.call("list_versions", json!({"function": "look-versions"})).ok().to_owned();
    holds(&text, &["\n1\tprod 75 %\t", "\n2\tprod 25 %\t"]);
    for limit in [1, 2] {
        let found = all(&mut server, "list_versions", &json!({"function": "look-versions", "limit": limit}));
        assert_eq!(found, ["$LATEST", "1", "2"], "limit {limit}");
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}

#[test]
fn a_package_is_listed_and_read_without_touching_the_disk() {
    let aws = LocalAws::shared();
    let long: String = (1..=3000).map(|line| format!("line = {line}\n")).collect();
    let files =
        [("index.py", "def handler(e, c):\n    return 1\n"), ("lib/long.py", &long), ("lib/x.bin", "\u{0}x")];
    let code = json!({"Code": {"ZipFile": base64(&package(&files))}});
    create(aws, "look-code", "", code);
    let mut server = LAMBDA.start();
    let mut get = |more: Value| {
        let mut call = json!({"function": "look-code"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("get_code", call)
    };
    assert_eq!(get(json!({})).ok().lines().next().unwrap(), "path\tsize_bytes");
    assert!(get(json!({"glob": "*.py"})).ok().ends_with("2 rows"));
    let page = get(json!({"limit": 2}));
    page.holds(&["2 of 3 rows, next: "]);
    let file = get(json!({"path": "index.py"}));
    file.holds(&["lines 1-2 of 2", "    return 1\n"]);
    let part = get(json!({"path": "lib/long.py", "from_line": 2990, "max_chars": 1000}));
    part.holds(&["lines 2990-3000 of 3000"]);
    let part = get(json!({"path": "lib/long.py", "max_chars": 300}));
    part.holds(&["more: from_line"]);
    let missing = get(json!({"path": "indx.py"}));
    missing.fails(&["did you mean index.py?"]);
}

#[test]
fn code_that_is_an_image_cannot_be_listed() {
    let stub = Stub::start(|request| match request.operation() {
        "GetFunction" => Response::output(json!({
            "Configuration": {"FunctionName": "look-image", "PackageType": "Image"},
            "Code": {"RepositoryType": "ECR", "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1"},
        })),
        _ => Response::error(404, "ResourceNotFoundException", "none"),
    });
    let error = LAMBDA.at(stub.env()).start().call("get_code", json!({"function": "look-image"}));
    error.fails(&["its code is the container image 123456789012.dkr"]);
}

#[test]
fn event_sources_show_their_state_and_settings() {
    let aws = LocalAws::shared();
    create(aws, "look-sources", ECHO, json!({}));
    aws.call("sqs", "CreateQueue", json!({"QueueName": "look-jobs"}));
    let arn = "arn:aws:sqs:us-east-1:123456789012:look-jobs";
    let source = json!({"FunctionName": "look-sources", "EventSourceArn": arn, "BatchSize": 5});
    aws.call("lambda", "CreateEventSourceMapping", source);
    let mut server = LAMBDA.start();
    let rows = server.call("list_event_sources", json!({"function": "look-sources"}));
    rows.holds(&[&format!("\tlook-sources\t{arn}\tEnabled\t")]);
    create(aws, "look-no-sources", ECHO, json!({}));
    let none = server.call("list_event_sources", json!({"function": "look-no-sources"}));
    none.holds(&["no event source mapping"]);
}

#[test]
fn the_lag_of_a_queue_is_told() {
    let aws = LocalAws::shared();
    create(aws, "look-lag", ECHO, json!({}));
    aws.call("sqs", "CreateQueue", json!({"QueueName": "look-lag"}));
    let source =
        json!({"FunctionName": "look-lag", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:look-lag"});
    aws.call("lambda", "CreateEventSourceMapping", source);
    let data = json!([
        {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": [{"Name": "QueueName", "Value": "look-lag"}], "Value": 95.0},
        {"MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{"Name": "QueueName", "Value": "look-lag"}], "Value": 12.0},
    ]);
    aws.call("cloudwatch", "PutMetricData", json!({"Namespace": "AWS/SQS", "MetricData": data}));
    let rows = LAMBDA
        .start()
        .call("list_event_sources", json!({"function": "look-lag", "query": "[].[waiting, lag_seconds]"}));
    rows.holds(&["[12,95]"]);
}

#[test]
fn limits_are_told() {
    let text = LAMBDA.start().call("account_limits", json!({})).ok().to_owned();
    holds(&text, &["\"concurrent_executions\":", "\"code_storage_limit\":\"75.0 GiB\""]);
}

#[test]
fn an_allow_list_holds_names_rows_and_log_groups() {
    let aws = LocalAws::shared();
    create(aws, "look-team-a", ECHO, json!({}));
    create(aws, "look-team-b", ECHO, json!({"LoggingConfig": {"LogGroup": "look-shared"}}));
    create(aws, "look-foreign", ECHO, json!({}));
    let arns = "arn:aws:lambda:us-east-1:123456789012:function:look-team-*,arn:aws:logs:*:*:log-group:/aws/lambda/look-team-*";
    let mut server = LAMBDA.and(&["--allow-arn", arns]).start();
    let found = all(&mut server, "list_functions", &json!({"prefix": "look-"}));
    assert_eq!(found, ["look-team-a", "look-team-b"]);
    let refused = server.call("get_function", json!({"function": "look-foreign"}));
    refused.fails(&["outside what the operator allowed"]);
    let refused = server.call("function_logs", json!({"function": "look-team-b"}));
    refused.fails(&["the function logs to look-shared"]);
    // The nearest name is one that may be shown.
    let near = server.call("get_function", json!({"function": "look-team-c"}));
    near.fails(&["did you mean look-team-"]);
}

#[test]
fn who_may_call_a_function_is_one_answer_over_all_its_policies() {
    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let statement = |sid: &str, principal: Value, more: Value| {
        let mut statement = json!({"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": ARN});
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Response::output(json!({"Policy": json!({"Statement": [statement]}).to_string(), "RevisionId": "r"}))
    };
    let stub = Stub::start(move |request| {
        let qualifier = request.query("Qualifier").unwrap_or_default();
        match (request.operation(), qualifier) {
            ("GetPolicy", "") => statement(
                "bucket",
                json!({"Service": "s3.amazonaws.com"}),
                json!({"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}),
            ),
            ("GetPolicy", "live") => {
                statement("all", json!("*"), json!({"Action": "lambda:InvokeFunctionUrl"}))
            }
            ("GetPolicy", "2") => {
                statement("other", json!({"AWS": "arn:aws:iam::999988887777:root"}), json!({}))
            }
            ("GetPolicy", _) => Response::error(404, "ResourceNotFoundException", "no policy"),
            ("ListAliases", _) => Response::output(json!({"Aliases": [{"Name": "live"}]})),
            ("ListVersionsByFunction", _) if request.query("Marker").is_none() => Response::output(
                json!({"Versions": [{"Version": "$LATEST"}, {"Version": "1"}], "NextMarker": "m"}),
            ),
            ("ListVersionsByFunction", _) => Response::output(json!({"Versions": [{"Version": "2"}]})),
            ("ListFunctionUrlConfigs", _) => Response::error(403, "AccessDeniedException", "not authorized"),
            ("ListEventSourceMappings", _) => {
                let of_alias = request.query("FunctionName").unwrap_or_default().ends_with("live");
                let mapping = |id: &str, arn: String| {
                    json!({"UUID": id, "State": "Enabled", "FunctionArn": arn,
                    "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q"})
                };
                let all = if of_alias {
                    vec![mapping("u2", format!("{ARN}:live"))]
                } else {
                    vec![mapping("u1", ARN.to_owned())]
                };
                Response::output(json!({"EventSourceMappings": all}))
            }
            _ => Response::output(json!({"FunctionName": "f", "FunctionArn": ARN})),
        }
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let all = server.call("who_may_call", json!({"function": "f"}));
    let card = all.object();
    let callers: Vec<(&str, &str, &str)> = card["callers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|caller| {
            (
                caller["by"].as_str().unwrap(),
                caller["id"].as_str().unwrap(),
                caller["qualifier"].as_str().unwrap_or(""),
            )
        })
        .collect();
    assert_eq!(
        callers,
        [
            ("policy", "bucket", ""),
            ("policy", "all", "live"),
            ("policy", "other", "2"),
            ("event_source", "u1", ""),
            ("event_source", "u2", "live")
        ]
    );
    assert_eq!((&card["public"], &card["callers"][1]["public"]), (&json!(true), &json!(true)));
    assert_eq!(card["policies_read"], json!(["$LATEST", "live", "1", "2"]));
    assert!(card["unread"][0].as_str().unwrap().starts_with("URLs: "), "{card}");
    all.holds(&["this is not all", "stand in no policy of the function"]);
    server.call("who_may_call", json!({"function": "f:live"})).fails(&["as a whole"]);
}

#[test]
fn why_a_function_fails_is_one_answer() {
    let aws = LocalAws::shared();
    create(aws, "why-fails", ECHO, json!({}));
    aws.call("lambda", "PublishVersion", json!({"FunctionName": "why-fails"}));
    let code = json!({"FunctionName": "why-fails", "ZipFile": BASE64_STANDARD.encode(package(&[("index.py", FAIL)]))});
    aws.call("lambda", "UpdateFunctionCode", code);
    aws.call(
        "lambda",
        "UpdateFunctionConfiguration",
        json!({"FunctionName": "why-fails", "MemorySize": 256}),
    );
    // The local AWS knows no patterns with several words of which one is enough.
    let stub = Stub::before(aws, |request| {
        let line = |id: u32, text: &str| json!({"eventId": id.to_string(), "logStreamName": "s", "timestamp": 1_795_341_600_000_u64 + u64::from(id), "message": text});
        let failure = line(3, "[ERROR] ValueError: no such order: 7");
        match request.operation() {
            "FilterLogEvents" if request.json()["filterPattern"].is_string() => {
                Response::output(json!({"events": [failure]}))
            }
            "FilterLogEvents" => {
                Response::output(json!({"events": [line(1, "START RequestId: r7 Version: $LATEST"),
                line(2, "about to fail"), failure, line(4, "END RequestId: r7"),
                line(5, "REPORT RequestId: r7\tDuration: 9.00 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: error\t")]}))
            }
            _ => Response::HandOn,
        }
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let why = server.call("explain_failures", json!({"function": "why-fails"}));
    why.holds(&[
        "no such order: 7",
        "memory_mb: 128 became 256",
        "another package",
        "\"last_version\":\"1\"",
    ]);
    let failed = &why.object()["failed"][0];
    assert_eq!((&failed["request_id"], &failed["trouble"]), (&json!("r7"), &json!("error")));
    assert_eq!(failed["lines"], json!(["about to fail", "[ERROR] ValueError: no such order: 7"]));
    let mut server = LAMBDA.start();
    create(aws, "why-fine", ECHO, json!({}));
    let fine = server.call("explain_failures", json!({"function": "why-fine"}));
    fine.ok();
    server.call("explain_failures", json!({"function": "why-not"})).fails(&["ResourceNotFound"]);
}
