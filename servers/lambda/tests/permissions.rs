//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_lambda::Lambda;
use awsmcp_mcp::Server;
use awsmcp_testing::{Exception, LocalAws, Permissions, Row, Run};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-lambda"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_lambda::server().manifest(),
        actions: |operation| {
            let service = match operation {
                "FilterLogEvents" => "CloudWatch Logs",
                "GetMetricData" => "CloudWatch",
                "DescribeSchema" => "schemas",
                _ => "Lambda",
            };
            Server::<Lambda>::actions(service, operation)
        },
        arns: |name| {
            vec![
                format!("arn:aws:lambda:*:*:function:{name}*"),
                format!("arn:aws:lambda:*:*:layer:{name}*"),
                "arn:aws:lambda:*:*:event-source-mapping:*".to_owned(),
                format!("arn:aws:logs:*:*:log-group:/aws/lambda/{name}*"),
                "arn:aws:iam::*:role/*".to_owned(),
                format!("arn:aws:s3:::{name}*"),
            ]
        },
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions);

const ROLE: &str = "arn:aws:iam::123456789012:role/lambda-role";
/// ministack checks the making of functions and mappings on `*`, AWS on the ARN of what is made.
const ANY: &[&str] = &["*"];
const SOURCE: &str = "def handler(event, context):\n    return 'fine'\n";

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_functions", |run| {
        let name = function(run);
        run.call(json!({"prefix": name, "tag": "team"}), &name).map(drop)
    }),
    Row::new("get_function", |run| {
        let name = function(run);
        // What is denied would be a note.
        let text = run.call(json!({"function": name}), &name)?;
        match text.split_once("\nnote: ") {
            Some((_, note)) => run.fails(json!({"function": name}), note).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("function_logs", |run| {
        let name = function(run);
        run.aws().call("lambda", "Invoke", json!({"FunctionName": name, "Payload": "e30="}));
        run.call(json!({"function": name}), "REPORT RequestId").map(drop)
    }),
    Row::new("function_health", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "it was not called").map(drop)
    }),
    Row::new("explain_failures", |run| {
        let name = durable(run);
        run.aws().call("lambda", "Invoke", json!({"FunctionName": name, "Payload": "e30="}));
        // What is denied is a note.
        let text = run.call(json!({"function": name}), "invocations")?;
        let denied =
            text.lines().find(|line| line.starts_with("note: ") && line.contains("could not be read"));
        match denied {
            Some(note) => run.fails(json!({"function": name}), note).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("list_executions", |run| {
        let name = durable(run);
        run.aws().call("lambda", "Invoke", json!({"FunctionName": name, "Payload": "e30="}));
        run.call(json!({"function": name}), "RUNNING")?;
        run.call(json!({"function": name, "qualifier": "$LATEST"}), "RUNNING").map(drop)
    }),
    Row::new("get_execution", |run| {
        let name = durable(run);
        run.aws().call("lambda", "Invoke", json!({"FunctionName": name, "Payload": "e30="}));
        let listed =
            run.aws().call("lambda", "ListDurableExecutionsByFunction", json!({"FunctionName": name}));
        let execution = &listed["DurableExecutions"][0]["DurableExecutionArn"];
        run.call(json!({"execution": execution}), "ExecutionStarted").map(drop)
    }),
    Row::new("list_versions", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "$LATEST").map(drop)
    }),
    Row::new("list_event_sources", |run| {
        let (name, _) = source(run);
        let text = run.call(json!({"function": name}), "Enabled")?;
        // What is denied is a note, whose mappings may be missing.
        let denied = text.lines().find(|line| line.starts_with("note: ") && line.contains(" (lambda:List"));
        match denied {
            Some(note) => run.fails(json!({"function": name}), note).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("get_code", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "index.py")?;
        let layer = layer(run);
        run.call(json!({"layer": layer, "layer_version": 1}), "index.py").map(drop)
    }),
    Row::new("who_may_call", |run| {
        let (name, _) = source(run);
        run.aws().call("lambda", "PublishVersion", json!({"FunctionName": name}));
        let text = run.call(json!({"function": name}), "event_source")?;
        // What is denied is told in its place.
        match serde_json::from_str::<Value>(text.lines().next().unwrap_or_default()).unwrap_or_default()["unread"][0].as_str() {
            Some(unread) => run.fails(json!({"function": name}), unread).map(drop),
            None => Ok(()),
        }
    }),
    Row::new("list_layers", |run| {
        let layer = layer(run);
        run.call(json!({}), &layer)?;
        run.call(json!({"layer": layer}), &layer).map(drop)
    }),
    Row::new("publish_layer", |run| {
        let layer = run.name("layer");
        run.call(json!({"layer": layer, "files": {"python/a.py": "x = 1\n"}}), "\"version\":1")?;
        let bucket = run.name("code");
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "code.zip", &[], package());
        run.call(json!({"layer": layer, "s3_bucket": bucket, "s3_key": "code.zip"}), "\"version\":2")
            .map(drop)
    }),
    Row::new("get_environment", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "LEVEL").map(drop)
    }),
    Row::new("account_limits", |run| run.call(json!({}), "concurrent_executions").map(drop)),
    Row::new("invoke_function", |run| {
        let name = function(run);
        run.call(json!({"function": name, "payload": {}}), "fine")?;
        run.call(json!({"function": name, "payload": {}, "mode": "stream"}), "fine").map(drop)
    }),
    Row::new("list_function_tools", |run| {
        let name = function(run);
        run.call(json!({"patterns": name}), &format!("fn_{name}").chars().take(50).collect::<String>())
            .map(drop)
    }),
    Row::new("update_code", |run| {
        let name = function(run);
        run.call(json!({"function": name, "files": {"index.py": "x = 1\n"}}), "Successful")?;
        let bucket = run.name("code");
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "code.zip", &[], package());
        run.call(json!({"function": name, "s3_bucket": bucket, "s3_key": "code.zip"}), "Successful").map(drop)
    }),
    Row::new("update_config", |run| {
        let name = function(run);
        run.call(json!({"function": name, "patch": {"Timeout": 9}}), "Timeout")?;
        run.call(json!({"function": name, "role": "arn:aws:iam::123456789012:role/other"}), "Role").map(drop)
    }),
    Row::new("publish_version", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "\"version\":\"1\"").map(drop)
    }),
    Row::new("set_alias", |run| {
        let name = function(run);
        for _ in 0..2 {
            run.aws().call("lambda", "PublishVersion", json!({"FunctionName": name}));
            let code =
                json!({"FunctionName": name, "ZipFile": BASE64_STANDARD.encode(package_of("x = 2\n"))});
            run.aws().call("lambda", "UpdateFunctionCode", code);
        }
        run.call(json!({"function": name, "alias": "prod", "version": "1"}), "prod")?;
        run.call(json!({"function": name, "alias": "prod", "version": "2"}), "prod")?;
        run.call(json!({"function": name, "alias": "prod", "rollback": true}), "\"version\":\"1\"").map(drop)
    }),
    Row::new("create_function", |run| {
        roles(run);
        let name = run.name("made");
        let call = |more: Value| {
            with(
                json!({"function": name, "role": ROLE, "runtime": "python3.12", "handler": "index.handler"}),
                more,
            )
        };
        run.call(call(json!({"files": {"index.py": SOURCE}, "tags": {"team": "a"}})), "Active")?;
        run.aws().call("lambda", "DeleteFunction", json!({"FunctionName": name}));
        let bucket = run.name("code");
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "code.zip", &[], package());
        run.call(call(json!({"s3_bucket": bucket, "s3_key": "code.zip"})), "Active").map(drop)
    })
    .arns(ANY),
    Row::new("set_concurrency", |run| {
        let name = function(run);
        run.aws().call("lambda", "PublishVersion", json!({"FunctionName": name}));
        run.call(json!({"function": name, "reserved": 1}), "reserved")?;
        run.call(json!({"function": name, "remove": "reserved"}), "removed")?;
        run.call(json!({"function": name, "qualifier": "1", "provisioned": 1}), "provisioned")?;
        run.call(json!({"function": name, "qualifier": "1", "remove": "provisioned"}), "removed").map(drop)
    }),
    Row::new("set_event_source", |run| {
        let (name, queue) = (function(run), queue(run));
        let text = run.call(json!({"function": name, "source_arn": queue}), "uuid")?;
        let uuid = serde_json::from_str::<Value>(&text).unwrap_or_default()["uuid"].clone();
        run.call(json!({"uuid": uuid, "batch_size": 3}), "uuid").map(drop)
    })
    .arns(ANY),
    Row::new("set_url", |run| {
        let name = function(run);
        run.call(json!({"function": name}), "AWS_IAM")?;
        run.call(json!({"function": name, "streaming": true}), "AWS_IAM")?;
        run.call(json!({"function": name, "remove": true}), "removed").map(drop)
    }),
    Row::new("set_permission", |run| {
        let name = function(run);
        run.call(json!({"function": name, "statement_id": "a", "principal": "123456789012"}), "added")?;
        run.call(json!({"function": name, "statement_id": "a", "remove": true}), "removed").map(drop)
    }),
    Row::new("delete_function", |run| {
        let (name, uuid) = source(run);
        run.call(json!({"event_source": uuid}), "deleted")?;
        run.aws().call("lambda", "PublishVersion", json!({"FunctionName": name}));
        run.aws().call(
            "lambda",
            "CreateAlias",
            json!({"FunctionName": name, "Name": "prod", "FunctionVersion": "1"}),
        );
        run.call(json!({"function": name, "alias": "prod"}), "deleted")?;
        run.call(json!({"function": name, "version": "1"}), "deleted")?;
        run.call(json!({"function": name}), "deleted")?;
        let layer = layer(run);
        run.call(json!({"layer": layer, "layer_version": 1}), "deleted").map(drop)
    }),
];

const EXCEPTIONS: &[Exception] = &[
    Exception::of(
        &["whoami"],
        "sts:GetCallerIdentity",
        "AWS answers it to everybody; it is asked for by the session",
    )
    .unmade()
    .unnoticed(),
    // What Lambda itself does with the caller's permissions.
    Exception::of(
        &["get_function"],
        "lambda:ListTags",
        "Lambda leaves the tags out of its answer, and says so in it",
    )
    .unmade()
    .unnoticed(),
    Exception::of(
        &["update_code", "create_function", "publish_layer"],
        "s3:GetObject",
        "Lambda reads the package as the caller",
    )
    .unmade()
    .unnoticed(),
    Exception::of(&["update_code", "create_function", "publish_layer"], "s3:GetObjectVersion", "as above")
        .unmade()
        .unnoticed(),
    Exception::of(
        &["create_function"],
        "lambda:TagResource",
        "ministack does not check tags that come along",
    )
    .unnoticed(),
    Exception::of(
        &["update_config", "create_function"],
        "iam:PassRole",
        "ministack does not check that a role may be passed",
    )
    .unnoticed(),
    Exception::of(
        &["list_function_tools"],
        "schemas:DescribeSchema",
        "ministack has no schema registry: the tests script one",
    )
    .unmade()
    .unnoticed(),
    // What goes on without it, and says so.
    Exception::of(
        &["update_code"],
        "lambda:GetFunction",
        "a plan is worth showing without the files that go",
    )
    .unnoticed(),
    Exception::of(
        &["list_event_sources"],
        "cloudwatch:GetMetricData",
        "the rows are worth showing without their lag",
    )
    .unnoticed(),
];

/// The roles that functions here take on.
fn roles(run: &Run<'_>) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for role in ["lambda-role", "other"] {
            let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B\
                         %22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
            let body = format!("Version=2010-05-08&Action=CreateRole&RoleName={role}&AssumeRolePolicyDocument={trust}");
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let reply = run.aws().request("iam", "POST", "/", &[], &form, body.as_bytes());
            assert!(reply.status < 300, "{}", reply.text());
        }
    });
}

/// A function with a tag and a variable.
fn function(run: &Run<'_>) -> String {
    roles(run);
    let name = run.name("f");
    let code = json!({"ZipFile": BASE64_STANDARD.encode(package())});
    let input = json!({"FunctionName": name, "Role": ROLE, "Runtime": "python3.12", "Handler": "index.handler", "Code": code,
        "Tags": {"team": "data"}, "Environment": {"Variables": {"LEVEL": "info"}}});
    run.aws().call("lambda", "CreateFunction", input);
    name
}

/// A durable function whose executions go on.
fn durable(run: &Run<'_>) -> String {
    const WAITS: &str = "def handler(event, context):\n    return {'Status': 'PENDING'}\n";
    let name = function(run);
    let update = json!({"FunctionName": name, "DurableConfig": {"Enabled": true, "ExecutionTimeout": 3600}});
    run.aws().call("lambda", "UpdateFunctionConfiguration", update);
    let code = json!({"FunctionName": name, "ZipFile": BASE64_STANDARD.encode(package_of(WAITS))});
    run.aws().call("lambda", "UpdateFunctionCode", code);
    name
}

/// A layer with one version.
fn layer(run: &Run<'_>) -> String {
    let layer = run.name("layer");
    let content = json!({"ZipFile": BASE64_STANDARD.encode(package())});
    run.aws().call("lambda", "PublishLayerVersion", json!({"LayerName": layer, "Content": content}));
    layer
}

/// The ARN of a queue.
fn queue(run: &Run<'_>) -> String {
    let name = run.name("q");
    run.aws().call("sqs", "CreateQueue", json!({"QueueName": name}));
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

/// A function with an event source, and the mapping's id.
fn source(run: &Run<'_>) -> (String, Value) {
    let (name, queue) = (function(run), queue(run));
    let made = run.aws().call(
        "lambda",
        "CreateEventSourceMapping",
        json!({"FunctionName": name, "EventSourceArn": queue}),
    );
    (name, made["UUID"].clone())
}

fn with(mut call: Value, more: Value) -> Value {
    if let (Some(call), Value::Object(more)) = (call.as_object_mut(), more) {
        call.extend(more);
    }
    call
}

fn package() -> Vec<u8> {
    package_of(SOURCE)
}

fn package_of(source: &str) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(source.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}
