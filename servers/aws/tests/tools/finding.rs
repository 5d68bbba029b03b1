//! Operations are found by what they do, and described.

use serde_json::json;

use crate::world::AWS;

#[test]
fn an_operation_is_found_described_and_opened() {
    let mut server = AWS.only(&[]).start();
    server
        .call("find_operations", json!({"words": "who changed a security group"}))
        .holds(&["service\toperation\trisk\tabout", "cloudtrail\tLookupEvents\tread\t"]);
    server.call("find_operations", json!({"words": "delete a queue", "service": "sqs"})).holds(&[
        "sqs\tDeleteQueue\tdestroy\t",
        "off until the operator starts the server with --allow: write, destroy",
    ]);
    server.call("describe_operation", json!({"service": "sqs", "operation": "SendMessage"})).holds(&[
        "sqs SendMessage: write (off: it needs --allow write)",
        "IAM: sqs:SendMessage on arn:",
        "MessageBody: string",
    ]);
    server.call("describe_operation", json!({"service": "ec2", "operation": "DescribeInstances"})).holds(&[
        "pages of Reservations",
        "wait: instance-exists, instance-running",
        "Filters?: ",
    ]);
    server
        .call(
            "describe_operation",
            json!({"service": "ec2", "operation": "RunInstances", "member": "Placement.Tenancy"}),
        )
        .holds(&["\"default\"|\"dedicated\"|\"host\""]);
    server
        .call(
            "describe_operation",
            json!({"service": "ec2", "operation": "RunInstances", "member": "Placment"}),
        )
        .fails(&["there is no member \"Placment\"", "did you mean Placement?"]);
}

#[test]
fn what_the_operator_named_by_an_action_is_found_and_what_is_left_out_by_one_is_not() {
    let words = json!({"words": "invoke a function", "service": "lambda"});
    let mut server = AWS.and(&["--operations", "lambda:InvokeFunction"]).start();
    let found = server.call("find_operations", words.clone());
    found.holds(&["lambda\tInvoke\tinvoke\t"]).lacks(&["ListFunctions", "GetFunction"]);
    let mut server = AWS.and(&["--exclude-operations", "lambda:InvokeFunction"]).start();
    let found = server.call("find_operations", words);
    found.holds(&["Function"]).lacks(&["lambda\tInvoke\t"]);
}
