//! Calls of the local AWS, by sessions as servers have them.

mod answers;
mod hostile;
mod live;

use aws_credential_types::Credentials;
use awsmcp_sdk::{Error, Session, SessionConfig, Tap, Target};
use awsmcp_testing::{Event, Response, Stub, expect};
use serde_json::{Map, Value, json};

use super::Client;
use crate::services::{ALL, Service};

/// What stands in for AWS: where it listens, and whose keys it knows.
struct There {
    endpoint: String,
    credentials: Credentials,
}

impl There {
    /// As the environment of a process says it.
    fn of(env: &[(String, String)]) -> There {
        let value = |name: &str| {
            let found = env.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let credentials =
            Credentials::new(value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"), None, None, "test");
        There { endpoint: value("AWS_ENDPOINT_URL"), credentials }
    }

    async fn client(&self, tap: Tap) -> Client {
        let config = SessionConfig { region: Some("us-east-1".to_owned()), ..SessionConfig::default() };
        let session = Session::new(config).with_credentials(self.credentials.clone());
        let target = Target {
            profile: None,
            role: None,
            principal: None,
            region: "us-east-1".to_owned(),
            endpoint: Some(self.endpoint.clone()),
        };
        Client::new(&session.sdk_config(&target).await.expect("there are settings"), tap)
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Error> {
        let client = self.client(Tap::open()).await;
        let Value::Object(input) = input else { panic!("an input is an object") };
        client.call(service_of(service), operation, input).await.map(Value::Object)
    }

    async fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.call(service, operation, input).await;
        answer.unwrap_or_else(|error| panic!("{service} {operation}: {error}"))
    }
}

fn service_of(name: &str) -> &'static Service {
    ALL.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_sent() {
    let there = There { endpoint: "http://127.0.0.1:1".to_owned(), credentials: Credentials::for_tests() };
    let said = async |operation: &str, input: Value| {
        there.call("dynamodb", operation, input).await.expect_err("it is wrong").to_string()
    };
    let said = [
        said("GetItems", Value::Object(Map::new())).await,
        said("GetItem", json!({"Table": "t"})).await,
        said("GetItem", json!({"TableName": "t"})).await,
        said("GetItem", json!({"TableName": 5, "Key": {}})).await,
        said("Query", json!({"TableName": "t", "Limit": 1.5})).await,
    ];
    expect![[r#"
        Amazon DynamoDB has no operation "GetItems" [GetItems] Next: did you mean GetItem?
        input: there is no member "Table"; there is TableName [GetItem] Next: describe_operation shows what it takes
        input: Key is missing [GetItem] Next: describe_operation shows what it takes
        TableName: it must be text [GetItem] Next: describe_operation shows what it takes
        Limit: it must be a whole number of 32 bits [Query] Next: describe_operation shows what it takes"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn what_the_tap_does_not_permit_is_not_sent() {
    let there = There { endpoint: "http://127.0.0.1:1".to_owned(), credentials: Credentials::for_tests() };
    let tap = Tap::new(|service, operation| Err(format!("{service} {operation} is not allowed")));
    let client = there.client(tap.clone()).await;
    let error =
        client.call(service_of("logs"), "DescribeLogGroups", Map::new()).await.expect_err("it is refused");
    assert_eq!(error.message, "CloudWatch Logs DescribeLogGroups is not allowed");
    assert_eq!(error.operation.as_deref(), Some("DescribeLogGroups"));
    assert_eq!(tap.attempts(), 0);
}

#[tokio::test]
async fn refusals_of_every_protocol_say_code_words_and_request() {
    let stub = Stub::bare(|_| Response::error(400, "ValidationException", "it is <no> good"));
    let there = There::of(&stub.env());
    let mut said = Vec::new();
    for (service, operation, input) in [
        ("dynamodb", "ListTables", json!({})),
        ("logs", "DescribeLogGroups", json!({})),
        ("lambda", "ListFunctions", json!({})),
        ("s3", "ListBuckets", json!({})),
        ("route53", "ListHostedZones", json!({})),
        ("iam", "ListRoles", json!({})),
        ("ec2", "DescribeInstances", json!({})),
        ("cloudwatch", "ListMetrics", json!({})),
    ] {
        let error = there.call(service, operation, input).await.expect_err("it is refused");
        assert!(error.request_id.is_some(), "{service}: {error:?}");
        said.push(format!("{service}: {:?} {:?} {}", error.status, error.code, error.message));
    }
    expect![[r#"
        dynamodb: Some(400) Some("ValidationException") it is <no> good
        logs: Some(400) Some("ValidationException") it is <no> good
        lambda: Some(400) Some("ValidationException") it is <no> good
        s3: Some(400) Some("ValidationException") it is <no> good
        route53: Some(400) Some("ValidationException") it is <no> good
        iam: Some(400) Some("ValidationException") it is <no> good
        ec2: Some(400) Some("ValidationException") it is <no> good
        cloudwatch: Some(400) Some("ValidationException") it is <no> good"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn what_was_throttled_is_sent_again_and_what_may_have_been_done_is_not() {
    let stub = Stub::bare(|request| match (request.operation(), request.nth) {
        ("ListTables", 1) => Response::throttled(),
        ("ListTables", _) => Response::output(json!({"TableNames": ["one"]})),
        _ => Response::HangUp,
    });
    let there = There::of(&stub.env());
    let tap = Tap::open();
    let client = there.client(tap.clone()).await;
    let found = client.call(service_of("dynamodb"), "ListTables", Map::new()).await.expect("it is answered");
    assert_eq!((&found["TableNames"], tap.attempts()), (&json!(["one"]), 2));
    let Value::Object(table) = json!({"TableName": "one"}) else { unreachable!() };
    client.call(service_of("dynamodb"), "DeleteTable", table).await.expect_err("nobody answered");
    assert_eq!(stub.of("DeleteTable").len(), 1);
    assert_eq!(tap.lost().map(|made| made.operation).collect::<Vec<_>>(), ["DeleteTable"]);
}

#[tokio::test]
async fn a_stream_is_read_to_its_end_or_not_at_all() {
    let stub = Stub::bare(|request| match request.operation() {
        "ConverseStream" => Response::events([
            Event::new("messageStart", json!({"role": "assistant"})),
            Event::new("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "Grüße"}})),
            Event::exception("throttlingException", "Too many requests"),
        ]),
        "GetObject" => Response::new(200, "x".repeat(2_000)),
        _ => Response::events([Event::bytes("PayloadChunk", b"\x00\xff".to_vec())]),
    });
    let there = There::of(&stub.env());
    let said = there.ok("bedrock-runtime", "ConverseStream", json!({"modelId": "some.model"})).await;
    assert_eq!(
        said["stream"],
        json!([
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Grüße"}}},
            {"throttlingException": r#"{"message":"Too many requests"}"#},
        ])
    );
    let ran = there.ok("lambda", "InvokeWithResponseStream", json!({"FunctionName": "f"})).await;
    assert_eq!(ran["EventStream"], json!([{"PayloadChunk": {"Payload": "AP8="}}]));
    let Value::Object(object) = json!({"Bucket": "bucket-one", "Key": "k"}) else { unreachable!() };
    let client = there.client(Tap::open()).await.most_bytes(1_000);
    let error = client.call(service_of("s3"), "GetObject", object).await.expect_err("it is too long");
    assert_eq!(error.message, "The answer has more than 1000 bytes, and was not read to its end");
}
