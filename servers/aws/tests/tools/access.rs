//! Who changed something, and who may do something.

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{AWS, call, of};

/// A CloudTrail that has these events.
fn trail(events: Vec<Value>) -> Stub {
    Stub::start(move |request| match request.operation() {
        "LookupEvents" => Response::output(json!({"Events": events})),
        _ => Response::output(json!({})),
    })
}

#[test]
fn a_change_says_who_made_it_and_from_where() {
    let whole = json!({
        "userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/ops/ana"},
        "sourceIPAddress": "203.0.113.5", "errorCode": "Client.UnauthorizedOperation",
    });
    let event = |name: &str, reads: &str| {
        json!({
            "EventId": "1", "EventName": name, "ReadOnly": reads, "EventTime": 1_790_000_000, "Username": "ana",
            "Resources": [{"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": "sg-1"}], "CloudTrailEvent": whole.to_string(),
        })
    };
    let stub =
        trail(vec![event("AuthorizeSecurityGroupIngress", "false"), event("DescribeSecurityGroups", "true")]);
    let mut server = AWS.at(stub.env()).start();
    server.call("list_changes", json!({"resource": "sg-1", "start": "2026-09-01"})).holds(&[
        "AuthorizeSecurityGroupIngress\tarn:aws:sts::123456789012:assumed-role/ops/ana\t203.0.113.5\tsg-1\tClient.UnauthorizedOperation",
        "1 row",
    ]);
    server
        .call("list_changes", json!({"resource": "sg-1", "reads": true}))
        .holds(&["DescribeSecurityGroups", "2 rows"]);
    server
        .call("list_changes", json!({"resource": "sg-1", "event": "Nothing"}))
        .holds(&["no change in", "data events"]);
}

#[test]
fn access_is_explained_by_the_policy_that_decides() {
    let mut server = AWS.start();
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    call(
        &mut server,
        "iam",
        "CreateRole",
        json!({"RoleName": "explained", "AssumeRolePolicyDocument": trust}),
    );
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/*"}]});
    let policy =
        json!({"RoleName": "explained", "PolicyName": "reads", "PolicyDocument": policy.to_string()});
    server.confirmed("call_operation", of("iam", "PutRolePolicy", policy));
    let arguments = json!({
        "principal": "arn:aws:iam::123456789012:role/explained", "actions": ["s3:GetObject", "s3:PutObject"],
        "resources": ["arn:aws:s3:::open/a"],
    });
    let answer = server.call("explain_access", arguments);
    answer.holds(&[
        "\"action\":\"s3:GetObject\"",
        "\"decision\":\"allowed\"",
        "\"decision\":\"implicitDeny\"",
        "`resource_policy`",
    ]);
    server
        .call(
            "explain_access",
            json!({"actions": ["s3:GetObject"], "principal": "arn:aws:iam::123456789012:root"}),
        )
        .fails(&["neither a user nor a role"]);
}

#[test]
fn who_is_denied_is_told_what_explains_it() {
    let stub = Stub::start(|request| match request.operation() {
        "ListQueues" => Response::error(
            403,
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/a is not authorized to perform: sqs:listqueues",
        ),
        _ => Response::output(json!({})),
    });
    let mut server = AWS.at(stub.env()).start();
    call(&mut server, "sqs", "ListQueues", json!({}))
        .fails(&["sqs:", "explain_access tells which policy decides"]);
    let mut server = AWS.at(stub.env()).only(&["--exclude-tools", "explain_access"]).start();
    call(&mut server, "sqs", "ListQueues", json!({})).fails(&["need sqs:"]).lacks(&["explain_access"]);
}
