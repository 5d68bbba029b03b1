//! A list of resources holds what operations name.

use serde_json::json;

use crate::world::{AWS, call};

#[test]
fn a_call_touches_what_its_input_names_and_nothing_else() {
    let mut server = AWS
        .and(&["--allow-arn", "arn:aws:sqs:us-east-1:*:held-*,arn:aws:dynamodb:us-east-1:*:table/held"])
        .start();
    call(&mut server, "sqs", "CreateQueue", json!({"QueueName": "held-1"})).holds(&["held-1"]);
    call(&mut server, "sqs", "CreateQueue", json!({"QueueName": "other-1"})).fails(&[
        "sqs:CreateQueue on arn:aws:sqs:us-east-1:",
        ":other-1 is outside what the operator allowed",
    ]);
    let url = |account: &str, name: &str| json!({"QueueUrl": format!("https://sqs.us-east-1.amazonaws.com/{account}/{name}"), "MessageBody": "m"});
    call(&mut server, "sqs", "SendMessage", url("123456789012", "other-1"))
        .fails(&["outside what the operator allowed"]);
    for (service, operation, input) in [
        // Everything, or nothing that can be named.
        ("dynamodb", "ListTables", json!({})),
        ("ec2", "DescribeInstances", json!({})),
        // An ARN of something else, wherever it stands.
        (
            "dynamodb",
            "TagResource",
            json!({"ResourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/yours", "Tags": []}),
        ),
        (
            "iam",
            "SimulatePrincipalPolicy",
            json!({"PolicySourceArn": "arn:aws:iam::123456789012:role/admin", "ActionNames": ["s3:*"]}),
        ),
        ("dynamodb", "DescribeTable", json!({"TableName": "yours"})),
    ] {
        call(&mut server, service, operation, input).fails(&["outside what the operator allowed"]);
    }
}
