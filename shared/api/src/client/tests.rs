//! Calls of the local AWS, by sessions as servers have them.

mod live;

use aws_credential_types::Credentials;
use awsmcp_aws::{Error, Session, SessionConfig, Tap, Target};
use serde_json::{Map, Value};

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
        said("GetItem", serde_json::json!({"Table": "t"})).await,
        said("GetItem", serde_json::json!({"TableName": "t"})).await,
        said("GetItem", serde_json::json!({"TableName": 5, "Key": {}})).await,
        said("Query", serde_json::json!({"TableName": "t", "Limit": 1.5})).await,
    ];
    awsmcp_testing::expect![[r#"
        Amazon DynamoDB has no operation "GetItems" [GetItems] Next: There is GetItem.
        input: there is no member "Table"; there is TableName [GetItem]
        input: Key is missing [GetItem]
        TableName: it is text [GetItem]
        Limit: it is a whole number of 32 bits [Query]"#]]
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
