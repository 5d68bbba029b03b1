//! What there is: functions, versions, event sources, code and environments, page by page and with findings.

use crate::functions::{ECHO, create, package, server, server_at};
use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

/// The first cells of all pages of a list.
fn all(server: &mut awsmcp_testing::Server, tool: &str, arguments: &Value) -> Vec<String> {
    let (mut found, mut arguments) = (Vec::new(), arguments.clone());
    loop {
        let text = server.call(tool, arguments.clone()).ok().to_owned();
        let last = text.lines().rfind(|line| line.contains(" row")).unwrap().to_owned();
        if last.starts_with("0 rows") {
            return found;
        }
        let rows = text.lines().skip(1).take_while(|line| *line != last);
        found.extend(rows.map(|line| line.split('\t').next().unwrap().to_owned()));
        match last.split_once(", next: ") {
            Some((_, cursor)) => arguments["cursor"] = json!(cursor),
            None => return found,
        }
    }
}

#[test]
fn no_function_is_lost_or_doubled_at_a_page_border() {
    let aws = LocalAws::start();
    let names: Vec<String> = (0..57).map(|at| format!("page-{at:02}")).collect();
    for (at, name) in names.iter().enumerate() {
        let runtime = if at % 3 == 0 { "python3.8" } else { "python3.12" };
        create(&aws, name, "", json!({"Runtime": runtime}));
    }
    let mut server = server_at(aws.env(), &[]);
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
    let mut server = server(&[]);
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
    let (mut server, mut revealing) = (server(&[]), server_at(aws.env(), &["--allow", "reveal"]));
    let card = server.call("get_function", json!({"function": "look-card"}));
    assert!(card.ok().contains(r#""environment_names":["API_KEY","LEVEL"]"#), "{}", card.text);
    assert!(card.text.contains(r#""memory_mb":256"#) && !card.text.contains("hunter2"), "{}", card.text);
    let hidden = server.call("get_environment", json!({"function": "look-card"}));
    assert!(hidden.error().contains("--allow reveal"));
    let shown =
        revealing.call("get_environment", json!({"function": "look-card", "names": ["API_KEY", "NONE"]}));
    assert!(
        shown.ok().contains(r#"{"variables":{"API_KEY":"hunter2"},"missing":["NONE"]}"#),
        "{}",
        shown.text
    );
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
    let card = server(&[]).call("get_function", json!({"function": "look-open"}));
    for finding in
        ["high: anybody with an AWS account may call", "deprecated python3.8", "for any account", "are lost"]
    {
        assert!(card.ok().contains(finding), "{finding}: {}", card.text);
    }
}

#[test]
fn an_unknown_function_brings_the_nearest_name() {
    create(LocalAws::shared(), "look-nearest-orders", ECHO, json!({}));
    let mut server = server(&[]);
    for tool in ["get_function", "function_health", "function_logs", "list_versions", "invoke_function"] {
        let error = server.call(tool, json!({"function": "look-nearest-order"}));
        assert!(error.error().contains("did you mean look-nearest-orders?"), "{tool}: {}", error.text);
    }
    let error = server.call("get_function", json!({"function": "bad name"}));
    assert!(error.error().contains("good ones are my-function"), "{}", error.text);
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:look-nearest-orders";
    let error = server.call("get_function", json!({"function": arn}));
    assert!(error.error().contains("it is in eu-west-1, which the operator did not allow"), "{}", error.text);
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
    let mut server = server(&[]);
    let text = server.call("list_versions", json!({"function": "look-versions"})).ok().to_owned();
    assert!(text.contains("\n1\tprod 75 %\t") && text.contains("\n2\tprod 25 %\t"), "{text}");
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
    let mut server = server(&[]);
    let mut get = |more: Value| {
        let mut call = json!({"function": "look-code"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("get_code", call)
    };
    assert_eq!(get(json!({})).ok().lines().next().unwrap(), "path\tsize_bytes");
    assert!(get(json!({"glob": "*.py"})).ok().ends_with("2 rows"));
    let page = get(json!({"limit": 2}));
    assert!(page.ok().contains("2 of 3 rows, next: "), "{}", page.text);
    let file = get(json!({"path": "index.py"}));
    assert!(file.ok().contains("lines 1-2 of 2") && file.text.contains("    return 1\n"), "{}", file.text);
    let part = get(json!({"path": "lib/long.py", "from_line": 2990, "max_chars": 1000}));
    assert!(part.ok().contains("lines 2990-3000 of 3000"), "{}", part.text);
    let part = get(json!({"path": "lib/long.py", "max_chars": 300}));
    assert!(part.ok().contains("more: from_line"), "{}", part.text);
    let missing = get(json!({"path": "indx.py"}));
    assert!(missing.error().contains("did you mean index.py?"), "{}", missing.text);
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
    let error = server_at(stub.env(), &[]).call("get_code", json!({"function": "look-image"}));
    assert!(error.error().contains("its code is the container image 123456789012.dkr"), "{}", error.text);
}

#[test]
fn event_sources_show_their_state_and_settings() {
    let aws = LocalAws::shared();
    create(aws, "look-sources", ECHO, json!({}));
    aws.call("sqs", "CreateQueue", json!({"QueueName": "look-jobs"}));
    let arn = "arn:aws:sqs:us-east-1:123456789012:look-jobs";
    let source = json!({"FunctionName": "look-sources", "EventSourceArn": arn, "BatchSize": 5});
    aws.call("lambda", "CreateEventSourceMapping", source);
    let mut server = server(&[]);
    let rows = server.call("list_event_sources", json!({"function": "look-sources"}));
    assert!(rows.ok().contains(&format!("\tlook-sources\t{arn}\tEnabled\t")), "{}", rows.text);
    create(aws, "look-no-sources", ECHO, json!({}));
    let none = server.call("list_event_sources", json!({"function": "look-no-sources"}));
    assert!(none.ok().contains("no event source mapping"), "{}", none.text);
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
    let rows = server(&[])
        .call("list_event_sources", json!({"function": "look-lag", "query": "[].[waiting, lag_seconds]"}));
    assert!(rows.ok().contains("[12,95]"), "{}", rows.text);
}

#[test]
fn limits_are_told() {
    let text = server(&[]).call("account_limits", json!({})).ok().to_owned();
    assert!(
        text.contains("\"concurrent_executions\":") && text.contains("\"code_storage_limit\":\"75.0 GiB\""),
        "{text}"
    );
}

#[test]
fn an_allow_list_holds_names_rows_and_log_groups() {
    let aws = LocalAws::shared();
    create(aws, "look-team-a", ECHO, json!({}));
    create(aws, "look-team-b", ECHO, json!({"LoggingConfig": {"LogGroup": "look-shared"}}));
    create(aws, "look-foreign", ECHO, json!({}));
    let arns = "arn:aws:lambda:us-east-1:123456789012:function:look-team-*,arn:aws:logs:*:*:log-group:/aws/lambda/look-team-*";
    let mut server = server(&["--allow-arn", arns]);
    let found = all(&mut server, "list_functions", &json!({"prefix": "look-"}));
    assert_eq!(found, ["look-team-a", "look-team-b"]);
    let refused = server.call("get_function", json!({"function": "look-foreign"}));
    assert!(refused.error().contains("outside what the operator allowed"), "{}", refused.text);
    let refused = server.call("function_logs", json!({"function": "look-team-b"}));
    assert!(refused.error().contains("the function logs to look-shared"), "{}", refused.text);
    // The nearest name is one that may be shown.
    let near = server.call("get_function", json!({"function": "look-team-c"}));
    assert!(near.error().contains("did you mean look-team-"), "{}", near.text);
}
