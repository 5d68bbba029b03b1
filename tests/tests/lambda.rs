//! The server as a Lambda function: every front, whom each says to call, AgentCore Gateway, streaming, and its end.
#![cfg(test)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use awsmcp_testing::{Answer, Function, HttpAnswer, Invocation, LocalAws, Outcome, Server, workspace};
use awsmcp_tests::{Response, Stub, run, with};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

const FRONTS: [&str; 5] =
    ["function-url", "http-api", "rest-api", "load-balancer", "load-balancer-multi-value"];
/// What an operator sets who has a load balancer authenticate.
const BEHIND_A_BALANCER: [(&str, &str); 2] =
    [("AWSMCP_TRUST_UPSTREAM", "true"), ("AWSMCP_TRUST_PRINCIPAL_HEADER", "x-amzn-oidc-identity")];

/// An event as a front writes it.
fn event(front: &str) -> Value {
    let path = workspace().join(format!("tests/events/{front}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The event of a POST of this message.
fn posted(front: &str, message: &Value) -> Value {
    let mut event = event(front);
    event["body"] = json!(message.to_string());
    event
}

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn call(tool: &str, arguments: Value) -> Value {
    rpc("tools/call", json!({"name": tool, "arguments": arguments}))
}

/// As a client of 2026-07-28 says it.
fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": Server::MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    rpc(method, params)
}

/// Sets a header of an event, in each form that the event has it.
fn set(event: &mut Value, name: &str, values: &[&str]) {
    if let Some(single) = event.get_mut("headers") {
        single[name] = json!(values.last().unwrap());
    }
    if let Some(several) = event.get_mut("multiValueHeaders") {
        several[name] = json!(values);
    }
}

fn function(env: Vec<(String, String)>, settings: &[(&str, &str)]) -> Function {
    Function::start("s3", with(env, settings))
}

fn stub() -> Stub {
    Stub::start(|_| Response::buckets(&["a-bucket"], None))
}

/// The result in an answer of one message.
#[track_caller]
fn result(answer: &HttpAnswer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let message = answer.messages().pop().unwrap();
    assert_eq!(message["id"], 7, "{message}");
    assert!(message.get("error").is_none(), "{message}");
    message["result"].clone()
}

#[track_caller]
fn told(answer: &HttpAnswer) -> String {
    answer.messages()[0]["error"]["message"].as_str().unwrap_or_default().to_owned()
}

/// A file for audit lines, and what the last one says.
struct AuditLog(tempfile::TempDir);

impl AuditLog {
    fn new() -> AuditLog {
        AuditLog(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit")
    }

    fn last(&self) -> Value {
        let lines = std::fs::read_to_string(self.path()).unwrap_or_default();
        lines.lines().last().map_or(Value::Null, |line| serde_json::from_str(line).unwrap())
    }
}

#[test]
fn every_front_is_served_in_both_eras() {
    let aws = LocalAws::shared();
    aws.create_bucket("lambda-fronts");
    let mut function = function(aws.env(), &BEHIND_A_BALANCER);
    for front in FRONTS {
        let mut ask = |message: &Value, headers: &[(&str, &str)]| {
            let mut event = posted(front, message);
            headers.iter().for_each(|(name, value)| set(&mut event, name, &[value]));
            function.invoke(event).http()
        };
        let hello = json!({
            "protocolVersion": Server::LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}
        });
        let greeting = ask(&rpc("initialize", hello), &[]);
        assert_eq!(greeting.header("content-type"), Some("application/json"), "{front}");
        let greeting = result(&greeting);
        assert_eq!(greeting["serverInfo"]["name"], "awsmcp-s3", "{front}");
        assert_eq!(greeting["capabilities"]["tools"], json!({}), "{front}");
        let listed = result(&ask(&rpc("tools/list", json!({})), &[]));
        assert!(
            listed["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "list_buckets"),
            "{front}"
        );
        let called =
            Answer::from(result(&ask(&call("list_buckets", json!({"prefix": "lambda-fronts"})), &[])));
        assert!(called.ok().contains("lambda-fronts"), "{front}: {}", called.text);

        let version = ("mcp-protocol-version", Server::MODERN);
        let found = ask(&modern("server/discover", json!({})), &[version, ("mcp-method", "server/discover")]);
        assert!(result(&found)["instructions"].as_str().unwrap().contains("S3"), "{front}");
        let params = json!({"name": "list_buckets", "arguments": {}});
        let headers = [version, ("mcp-method", "tools/call"), ("mcp-name", "list_buckets")];
        let called = Answer::from(result(&ask(&modern("tools/call", params), &headers)));
        assert!(called.ok().contains("lambda-fronts"), "{front}: {}", called.text);

        let notified = ask(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &[]);
        assert_eq!((notified.status, notified.text().as_str()), (202, ""), "{front}");
        let broken = {
            function
                .invoke({
                    let mut event = event(front);
                    event["body"] = json!("{");
                    event
                })
                .http()
        };
        assert_eq!(
            (broken.status, broken.messages()[0]["error"]["code"].as_i64()),
            (400, Some(-32700)),
            "{front}"
        );
    }
    assert_eq!(function.stderr(), "");
}

#[test]
fn what_stands_before_says_who_calls() {
    let (stub, log) = (stub(), AuditLog::new());
    let audit = log.path().display().to_string();
    let more = [("AWSMCP_AUDIT_LOG", audit.as_str()), ("AWSMCP_PUBLIC_URL", "https://mcp.example.com/mcp")];
    let settings: Vec<_> = BEHIND_A_BALANCER.into_iter().chain(more).collect();
    let mut function = function(stub.env(), &settings);
    let mut caller = |event: Value| {
        Answer::from(result(&function.invoke(event).http())).ok();
        log.last()["principal"].clone()
    };
    let message = call("list_buckets", json!({}));
    let names = ["arn:aws:iam::123456789012:user/ada", "sub=ada@example.com", "grace", "linus", "linus"];
    for (front, name) in FRONTS.iter().zip(names) {
        assert_eq!(caller(posted(front, &message)), name, "{front}");
    }
    let mut by_iam = posted("http-api", &message);
    by_iam["requestContext"]["authorizer"] = event("function-url")["requestContext"]["authorizer"].clone();
    assert_eq!(caller(by_iam), names[0]);
    let mut by_lambda = posted("http-api", &message);
    by_lambda["requestContext"]["authorizer"] =
        json!({"lambda": {"principalId": "hopper", "scope": "awsmcp:read"}});
    assert_eq!(caller(by_lambda), "hopper");
    let mut by_cognito = posted("rest-api", &message);
    by_cognito["requestContext"]["authorizer"] =
        json!({"claims": {"sub": "a-user", "scope": "https://mcp.example.com/mcp/awsmcp:read"}});
    assert_eq!(caller(by_cognito.clone()), "sub=a-user");
    let mut by_iam = posted("rest-api", &message);
    by_iam["requestContext"]["authorizer"] = Value::Null;
    by_iam["requestContext"]["identity"]["userArn"] = json!(names[0]);
    assert_eq!(caller(by_iam), names[0]);
    // A scope of another server is none here.
    by_cognito["requestContext"]["authorizer"]["claims"]["scope"] = json!("https://other/awsmcp:read");
    assert_eq!(function.invoke(by_cognito).http().status, 403);
}

#[test]
fn no_header_stands_for_what_the_front_says() {
    let (stub, log) = (stub(), AuditLog::new());
    let audit = log.path().display().to_string();
    let mut function = function(stub.env(), &[("AWSMCP_AUDIT_LOG", &audit)]);
    let context = json!({"authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:root"}}}).to_string();
    let smuggled = [
        ("x-amzn-oidc-identity", "root"),
        ("x-amzn-oidc-data", "e30.e30.e30"),
        ("x-amzn-request-context", context.as_str()),
        ("x-amzn-lambda-context", context.as_str()),
        ("x-apigateway-event", context.as_str()),
        ("x-forwarded-user", "root"),
        ("authorization", "Bearer root"),
        ("client-context", r#"{"custom":{"bedrockAgentCoreToolName":"t___list_buckets"}}"#),
    ];
    for front in FRONTS {
        let mut event = posted(front, &call("list_buckets", json!({})));
        smuggled.iter().for_each(|(name, value)| set(&mut event, name, &[value]));
        let balancer = front.starts_with("load");
        if !balancer {
            Answer::from(result(&function.invoke(event.clone()).http())).ok();
            assert_ne!(log.last()["principal"], "root", "{front}");
        }
        if let Some(context) = event["requestContext"].as_object_mut() {
            context.remove("authorizer");
        }
        let calls = stub.calls().len();
        assert_eq!(function.invoke(event).http().status, 403, "{front}");
        assert_eq!(stub.calls().len(), calls, "{front}");
    }
}

#[test]
fn an_unauthorized_request_is_told_how_to_mend_it() {
    let stub = stub();
    let mut function = function(stub.env(), &[]);
    let mends = [
        "AuthType AWS_IAM",
        "an authorizer: IAM, JWT",
        "an API key is none",
        "x-amzn-oidc-identity",
        "AWSMCP_TRUST_UPSTREAM",
    ];
    for (front, mend) in FRONTS.iter().zip(mends) {
        let mut event = posted(front, &call("list_buckets", json!({})));
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        let answer = function.invoke(event.clone()).http();
        let text = told(&answer);
        assert_eq!(answer.status, 403, "{front}: {text}");
        assert!(text.contains("nothing authorized this request") && text.contains(mend), "{front}: {text}");
        // Where there is nothing to protect.
        event[if front.ends_with("url") || *front == "http-api" { "rawPath" } else { "path" }] =
            json!("/healthz");
        set(&mut event, "accept", &["*/*"]);
        match event.pointer_mut("/requestContext/http/method") {
            Some(method) => *method = json!("GET"),
            None => event["httpMethod"] = json!("GET"),
        }
        assert_eq!(function.invoke(event).http().status, 200, "{front}");
    }
    assert_eq!(stub.calls().len(), 0);
    // A key of an API is no caller.
    let mut by_key = posted("rest-api", &call("list_buckets", json!({})));
    by_key["requestContext"]["authorizer"] = Value::Null;
    by_key["requestContext"]["identity"]["apiKey"] = json!("a-key-of-a-usage-plan");
    assert_eq!(function.invoke(by_key).http().status, 403);
}

#[test]
fn tokens_and_a_trusted_upstream_take_the_authorizers_place() {
    let stub = stub();
    let mut open = posted("function-url", &call("list_buckets", json!({})));
    open["requestContext"].as_object_mut().unwrap().remove("authorizer");

    let made = run(with(Vec::new(), &[]), &["token", "alice"], "").stdout;
    let lines: Vec<&str> = made.lines().collect();
    let log = AuditLog::new();
    let audit = log.path().display().to_string();
    let mut function = function(stub.env(), &[("AWSMCP_TOKENS", lines[3]), ("AWSMCP_AUDIT_LOG", &audit)]);
    let refused = function.invoke(open.clone()).http();
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
    let mut bearing = open.clone();
    set(&mut bearing, "authorization", &[&format!("Bearer {}", lines[1])]);
    Answer::from(result(&function.invoke(bearing).http())).ok();
    assert_eq!(log.last()["principal"], "alice");

    let mut trusting = self::function(stub.env(), &[("AWSMCP_TRUST_UPSTREAM", "true")]);
    Answer::from(result(&trusting.invoke(open).http())).ok();
}

#[test]
fn a_header_that_names_the_caller_twice_names_nobody() {
    let stub = stub();
    let mut function = function(stub.env(), &BEHIND_A_BALANCER);
    for front in ["rest-api", "load-balancer-multi-value"] {
        let mut event = posted(front, &call("list_buckets", json!({})));
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        set(&mut event, "x-amzn-oidc-identity", &["eve", "linus"]);
        assert_eq!(function.invoke(event).http().status, 400, "{front}");
    }
    assert_eq!(stub.calls().len(), 0);
}

#[test]
fn scopes_narrow_what_the_operator_allows() {
    let stub = Stub::start(|request| match request.operation() {
        "ListBuckets" => Response::buckets(&["a-bucket"], None),
        _ => Response::new(200, "").with("etag", "\"e\""),
    });
    let mut function = function(stub.env(), &[("AWSMCP_ALLOW", "write")]);
    let put = call("put_object", json!({"bucket": "a-bucket", "key": "k", "text": "t", "overwrite": true}));
    let with_scope = |message: &Value, scope: Option<&str>| {
        let mut event = posted("http-api", message);
        event["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] = json!(scope);
        event
    };
    let refused = function.invoke(with_scope(&put, Some("openid awsmcp:read"))).http();
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(told(&refused).contains("awsmcp:write"), "{}", refused.text());
    assert_eq!(stub.of("PutObject").len(), 0);
    for scope in [Some("awsmcp:read awsmcp:write"), None] {
        Answer::from(result(&function.invoke(with_scope(&put, scope)).http())).ok();
    }
    assert_eq!(stub.of("PutObject").len(), 2);
    // A scope cannot allow what the operator did not.
    let delete = call("delete_objects", json!({"bucket": "a-bucket", "keys": ["k"]}));
    let answer = function.invoke(with_scope(&delete, Some("awsmcp:read awsmcp:destroy"))).http();
    assert!(Answer::from(result(&answer)).error().contains("--allow destroy"), "{}", answer.text());
    // Scopes of others are none of ours.
    let read = call("list_buckets", json!({}));
    assert_eq!(function.invoke(with_scope(&read, Some("openid email"))).http().status, 403);
}

#[test]
fn what_an_api_puts_before_the_path_does_not_matter() {
    let stub = stub();
    let mut function = function(stub.env(), &[]);
    for (front, field, path) in [
        ("http-api", "rawPath", "/mcp"),
        ("http-api", "rawPath", "/tools/aws/mcp"),
        ("rest-api", "path", "/prod/mcp"),
        ("rest-api", "path", "/base-path-of-a-domain/mcp"),
    ] {
        let mut event = posted(front, &call("list_buckets", json!({})));
        event[field] = json!(path);
        Answer::from(result(&function.invoke(event).http())).ok();
    }
    let mut elsewhere = posted("rest-api", &call("list_buckets", json!({})));
    elsewhere["path"] = json!("/mcp/more");
    assert_eq!(function.invoke(elsewhere).http().status, 404);
}

#[test]
fn bodies_may_be_base64() {
    let stub = stub();
    let mut function = function(stub.env(), &[]);
    for front in ["function-url", "rest-api"] {
        let mut event = event(front);
        event["body"] = json!(BASE64_STANDARD.encode(call("list_buckets", json!({})).to_string()));
        event["isBase64Encoded"] = json!(true);
        Answer::from(result(&function.invoke(event.clone()).http())).ok();
        event["body"] = json!("{not base64");
        let failed = function.invoke(event);
        assert!(failed.failed);
        assert!(failed.json()["errorMessage"].as_str().unwrap().contains("not the base64"), "{failed:?}");
    }
}

#[test]
fn an_event_without_a_request_fails_and_says_what_is_served() {
    let mut function = function(Vec::new(), &[]);
    for event in [json!({"Records": []}), json!([1]), json!(null), json!({"requestContext": {"elb": {}}})] {
        let failed = function.invoke(event.clone());
        assert!(failed.failed, "{event}");
        let error = failed.json();
        assert!(
            error["errorMessage"].as_str().unwrap().contains("API Gateway's HTTP and REST APIs"),
            "{error}"
        );
        assert_eq!(failed.header("lambda-runtime-function-error-type"), error["errorType"].as_str());
    }
    // And is well after that.
    let listed = function.invoke(posted("function-url", &rpc("tools/list", json!({})))).http();
    assert_eq!(listed.status, 200);
}

/// A call through AgentCore Gateway.
fn through_gateway(tool: &str, arguments: Value) -> Invocation {
    let mut context = event("gateway-context");
    context["custom"]["bedrockAgentCoreToolName"] = json!(format!("aws-s3___{tool}"));
    Invocation { client_context: Some(context), ..Invocation::from(arguments) }
}

fn tool_result(outcome: &Outcome) -> Answer {
    assert!(!outcome.failed, "{outcome:?}");
    Answer::from(outcome.json())
}

#[test]
fn a_gateway_calls_tools_by_their_arguments() {
    let (stub, log) = (stub(), AuditLog::new());
    let audit = log.path().display().to_string();
    let mut function = function(stub.env(), &[("AWSMCP_AUDIT_LOG", &audit)]);
    let mut ask =
        |tool: &str, arguments: Value| tool_result(&function.invoke(through_gateway(tool, arguments)));
    assert!(ask("list_buckets", json!({"limit": 5})).ok().contains("a-bucket"));
    assert_eq!(log.last()["principal"], "agentcore-gateway/gateway-1a2b3c4d5e");
    assert_eq!((&log.last()["tool"], &log.last()["outcome"]), (&json!("list_buckets"), &json!("ok")));

    let unknown = ask("list_bukets", json!({}));
    assert!(unknown.error().contains("did you mean list_buckets?"), "{}", unknown.text);
    let wrong = ask("list_objects", json!({"buket": "b"}));
    assert!(wrong.error().contains("bucket"), "{}", wrong.text);
    let none = ask("list_buckets", json!([1, 2]));
    assert!(none.error().contains("must be a JSON object"), "{}", none.text);
    let gated = ask("delete_objects", json!({"bucket": "a-bucket", "keys": ["k"]}));
    assert!(gated.error().contains("--allow destroy"), "{}", gated.text);
    assert_eq!(stub.calls().len(), 1);
}

#[test]
fn a_gateways_structured_answers_are_there_too() {
    let stub = stub();
    let mut function = function(stub.env(), &[("AWSMCP_OUTPUT", "structured")]);
    let answer = tool_result(&function.invoke(through_gateway("list_buckets", json!({}))));
    assert!(answer.structured.unwrap().to_string().contains("a-bucket"));
}

#[test]
fn what_may_be_any_json_comes_through_a_gateway_as_text() {
    let stub = Stub::start(|request| match request.operation() {
        "Scan" => Response::output(json!({"Items": [], "Count": 0, "ScannedCount": 0})),
        _ => Response::denied("dynamodb:DescribeTable"),
    });
    let mut function = Function::start("dynamodb", stub.env());
    let condition = |value: &str| json!([{"attribute": "size", "op": "=", "value": value}]);
    for (text, meant) in
        [("5", json!({"N": "5"})), ("\"5\"", json!({"S": "5"})), ("large", json!({"S": "large"}))]
    {
        let arguments = json!({"table": "things", "filter": condition(text)});
        tool_result(&function.invoke(through_gateway("scan", arguments))).ok();
        let asked = stub.of("Scan").pop().unwrap().json();
        let values: Vec<_> = asked["ExpressionAttributeValues"].as_object().unwrap().values().collect();
        assert_eq!(values, [&meant], "{text}");
    }
}

#[test]
fn the_manifest_for_a_gateway_holds_the_enabled_tools() {
    let names = |args: &[&str]| {
        let ran = run(Vec::new(), args, "");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let tools: Value = serde_json::from_str(&ran.stdout).unwrap();
        let tools = tools.as_array().unwrap().clone();
        for tool in &tools {
            assert_eq!(
                tool.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["name", "description", "inputSchema"]
            );
            assert_eq!(tool["inputSchema"]["type"], "object");
        }
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let usual = names(&["manifest", "--gateway"]);
    assert!(usual.contains(&"list_buckets".to_owned()) && !usual.contains(&"put_object".to_owned()));
    assert_eq!(names(&["manifest", "--gateway", "--tools", "get_object"]), ["get_object"]);
    assert!(names(&["manifest", "--gateway", "--allow", "write"]).contains(&"put_object".to_owned()));
}

/// A search whose progress is told, over objects of which the second is late, and the fourth later.
fn search(bucket: &str) -> (Stub, Value) {
    let aws = LocalAws::shared();
    aws.create_bucket(bucket);
    aws.put_objects(bucket, ["k1", "k2", "k3", "k4"]);
    let (late, later) = (format!("/{bucket}/k2"), format!("/{bucket}/k4"));
    let stub = Stub::before(aws, move |request| {
        let wait = match request.path() {
            path if path == late => 400,
            path if path == later => 1000,
            _ => 0,
        };
        Response::Late(Duration::from_millis(wait), Box::new(Response::HandOn))
    });
    let params = json!({
        "name": "search_objects", "arguments": {"bucket": bucket, "prefix": "", "pattern": "k"}, "_meta": {"progressToken": "p"}
    });
    (stub, rpc("tools/call", params))
}

fn check_search(answer: &HttpAnswer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let messages = answer.messages();
    let (last, before) = messages.split_last().unwrap();
    assert!(before.len() >= 2, "{messages:?}");
    assert!(before.iter().all(|message| message["method"] == "notifications/progress"), "{messages:?}");
    assert!(Answer::from(last["result"].clone()).ok().contains("4 objects"), "{last}");
}

#[test]
fn progress_is_streamed_as_it_comes() {
    let (stub, message) = search("lambda-streamed");
    let mut function = function(stub.env(), &[("AWSMCP_LAMBDA_STREAMING", "true")]);
    for front in ["function-url", "rest-api"] {
        let outcome = function.invoke(posted(front, &message));
        assert!(outcome.is_streamed(), "{front}");
        let kind = outcome.header("content-type");
        assert_eq!(kind, Some("application/vnd.awslambda.http-integration-response"), "{front}");
        check_search(&outcome.http());
        assert_eq!(outcome.trailers, []);
        let (head, body) = (outcome.pieces[0], &outcome.pieces[1..]);
        let (first, last) = (body.first().unwrap().0, body.last().unwrap().0);
        assert!(
            head.0 <= first && last - first > Duration::from_millis(500),
            "{front}: {:?}",
            outcome.pieces
        );
    }
    // What cannot stream is not streamed to.
    let outcome = function.invoke(posted("http-api", &message));
    assert!(!outcome.is_streamed());
    check_search(&outcome.http());
}

#[test]
fn an_answer_in_one_piece_may_be_streamed_or_whole() {
    let stub = stub();
    let mut streaming = function(stub.env(), &[("AWSMCP_LAMBDA_STREAMING", "true")]);
    let message = call("list_buckets", json!({}));
    let outcome = streaming.invoke(posted("function-url", &message));
    assert!(outcome.is_streamed());
    Answer::from(result(&outcome.http())).ok();
    let mut refused = posted("function-url", &message);
    refused["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(streaming.invoke(refused).http().status, 403);

    let (stub, message) = search("lambda-whole");
    let mut whole = function(stub.env(), &[]);
    let outcome = whole.invoke(posted("function-url", &message));
    assert!(!outcome.is_streamed());
    check_search(&outcome.http());
}

#[test]
fn an_answer_that_is_too_large_is_an_error_that_says_so() {
    let aws = LocalAws::shared();
    aws.create_bucket("lambda-large");
    aws.put_object(
        "lambda-large",
        "text",
        &[("content-type", "text/plain")],
        "word \"word\"\n".repeat(90_000),
    );
    let settings: Vec<_> = BEHIND_A_BALANCER.into_iter().chain([("AWSMCP_MAX_CHARS", "2000000")]).collect();
    let mut function = function(aws.env(), &settings);
    let message = call("get_object", json!({"bucket": "lambda-large", "key": "text"}));
    let answer = function.invoke(posted("load-balancer", &message)).http();
    assert_eq!((answer.status, &answer.messages()[0]["id"]), (200, &json!(7)));
    assert!(told(&answer).contains("at most 1000000 are carried"), "{}", told(&answer));
    Answer::from(result(&function.invoke(posted("function-url", &message)).http())).ok();
}

/// How much processor time a process has used, in ticks.
fn used(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn nothing_goes_on_after_an_answer() {
    for streaming in ["false", "true"] {
        let stub = Stub::start(|request| match request.query("prefix") {
            Some("never") => Response::Never,
            _ => Response::buckets(&["a-bucket"], None),
        });
        let mut function = function(stub.env(), &[("AWSMCP_LAMBDA_STREAMING", streaming)]);
        let never = call("list_buckets", json!({"prefix": "never"}));
        let time = Duration::from_millis(2500);
        let outcome = function.invoke(Invocation { time, ..posted("function-url", &never).into() });
        assert!(outcome.took < time, "{:?}", outcome.took);
        let answer = outcome.http();
        assert_eq!((answer.status, &answer.messages()[0]["id"]), (200, &json!(7)));
        assert!(told(&answer).contains("the function's time was over"), "{}", told(&answer));
        // The request to AWS has ended with the answer.
        stub.wait("an aborted request", |stub| stub.hung_up() == 1);
        let outcome = function
            .invoke(Invocation { time, ..through_gateway("list_buckets", json!({"prefix": "never"})) });
        assert!(tool_result(&outcome).error().contains("the function's time was over"));
        stub.wait("an aborted request", |stub| stub.hung_up() == 2);

        function.asks_for(3);
        let (before, calls) = (used(function.pid()), stub.requests().len());
        std::thread::sleep(Duration::from_millis(600));
        assert!(used(function.pid()) <= before + 1, "{before} {}", used(function.pid()));
        assert_eq!(stub.requests().len(), calls);
    }
}

#[test]
fn a_frozen_function_goes_on_where_it_was() {
    let stub = stub();
    let mut function = function(stub.env(), &[]);
    let message = call("list_buckets", json!({}));
    for nth in 1..=3 {
        function.asks_for(nth);
        function.signal("STOP");
        std::thread::sleep(Duration::from_millis(150));
        let id = function.send(posted("function-url", &message));
        function.signal("CONT");
        Answer::from(result(&function.wait(&id).http())).ok();
    }
    assert_eq!(stub.calls().len(), 3);
}

#[test]
fn a_function_that_cannot_start_says_why() {
    for (setting, value, why) in [
        ("AWSMCP_TOOLS", "list_bukets", "did you mean list_buckets?"),
        ("AWSMCP_ALLOW", "wirte", "unknown risk"),
        ("AWSMCP_MAX_CALLS", "0", "--max-calls 0: at least 1"),
        ("AWSMCP_OAUTH_ISSUER", "https://issuer.example.com", "--oauth-audience"),
    ] {
        let mut function = function(Vec::new(), &[(setting, value)]);
        let (error, status) = function.init_error();
        assert_eq!(error["errorType"], "Runtime.InitError");
        assert!(error["errorMessage"].as_str().unwrap().contains(why), "{error}");
        assert_eq!(status.code(), Some(2));
        assert!(function.stderr().contains(why), "{}", function.stderr());
    }
}

#[test]
fn a_signal_ends_a_function_at_once() {
    let stub = Stub::start(|_| Response::Never);
    for busy in [false, true] {
        let mut function = function(stub.env(), &[]);
        function.asks_for(1);
        if busy {
            function.send(posted("function-url", &call("list_buckets", json!({}))));
            stub.wait("a request", |stub| !stub.calls().is_empty());
        }
        let sent = Instant::now();
        function.signal("TERM");
        assert!(function.ended().success());
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        // The library says so now and then of a call that nobody waits for any more.
        let said = function.stderr();
        assert!(said.lines().all(|line| line.contains("pending response during drain")), "{said}");
    }
}
