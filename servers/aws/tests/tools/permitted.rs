//! The policy that is printed for an operation is what AWS asks for: enough, and nothing in it is too much.

use std::process::Command;

use awsmcp_testing::{Answer, LocalAws, Server};
use serde_json::{Value, json};

use crate::world::of;

/// What is called, by services whose permissions the local AWS checks.
fn sample() -> Vec<(&'static str, &'static str, Value)> {
    let queue = "https://sqs.us-east-1.amazonaws.com/123456789012/permitted";
    vec![
        ("sqs", "CreateQueue", json!({"QueueName": "permitted"})),
        ("sqs", "SendMessage", json!({"QueueUrl": queue, "MessageBody": "m"})),
        ("sqs", "ListQueues", json!({})),
        ("sns", "CreateTopic", json!({"Name": "permitted"})),
        ("sns", "ListTopics", json!({})),
        ("ssm", "PutParameter", json!({"Name": "/permitted", "Value": "1", "Type": "String"})),
        ("ssm", "DescribeParameters", json!({})),
        ("secretsmanager", "CreateSecret", json!({"Name": "permitted", "SecretString": "s"})),
        ("secretsmanager", "ListSecrets", json!({})),
        ("kms", "ListKeys", json!({})),
        ("iam", "ListRoles", json!({})),
        ("stepfunctions", "ListStateMachines", json!({})),
        ("events", "PutRule", json!({"Name": "permitted", "ScheduleExpression": "rate(1 day)"})),
        ("events", "ListRules", json!({})),
        ("ecs", "ListTaskDefinitions", json!({})),
        ("ecs", "ListClusters", json!({})),
        ("logs", "CreateLogGroup", json!({"logGroupName": "/permitted"})),
        ("logs", "DescribeLogGroups", json!({})),
        ("kinesis", "CreateStream", json!({"StreamName": "permitted", "ShardCount": 1})),
        ("kinesis", "ListStreams", json!({})),
        ("dynamodb", "ListTables", json!({})),
        ("lambda", "ListFunctions", json!({})),
        ("ecr", "CreateRepository", json!({"repositoryName": "permitted"})),
        ("athena", "ListWorkGroups", json!({})),
        ("cloudformation", "ListStacks", json!({})),
        ("route53", "ListHostedZones", json!({})),
        ("glue", "GetDatabases", json!({})),
        ("cognito-idp", "CreateUserPool", json!({"PoolName": "permitted"})),
        ("acm", "ListCertificates", json!({})),
        ("apigatewayv2", "GetApis", json!({})),
    ]
}

/// The policy that the program prints for one operation.
fn policy(operation: &str) -> Value {
    let program = Command::new(env!("CARGO_BIN_EXE_awsmcp-aws"))
        .args(["--allow", "reveal,invoke,write,destroy", "--tools", "call_operation"])
        .args(["iam-policy", "--operations", operation])
        .env_clear()
        .output()
        .unwrap();
    assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
    serde_json::from_slice(&program.stdout).unwrap()
}

/// The policy's actions but those that AWS answers to everybody.
fn actions(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let all = statements.flat_map(|it| it["Action"].as_array().unwrap());
    all.map(|it| it.as_str().unwrap().to_owned()).filter(|it| !it.starts_with("sts:")).collect()
}

fn without(policy: &Value, action: &str) -> String {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        statement["Action"].as_array_mut().unwrap().retain(|it| it != action);
    }
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|it| !it["Action"].as_array().unwrap().is_empty());
    // A policy without a statement is none.
    statements.push(json!({"Effect": "Allow", "Action": ["sts:GetCallerIdentity"], "Resource": ["*"]}));
    policy.to_string()
}

fn answered(server: &mut Server, service: &str, operation: &str, input: &Value) -> Answer {
    let arguments = of(service, operation, input.clone());
    let answer = server.call("call_operation", arguments.clone());
    if answer.plan_token().is_some() { server.confirmed("call_operation", arguments) } else { answer }
}

#[test]
fn the_policy_of_an_operation_is_enough_and_nothing_in_it_is_too_much() {
    let aws = LocalAws::shared_with_iam();
    let (mut wrong, mut proved) = (Vec::new(), 0);
    for (service, operation, input) in sample() {
        let name = format!("{service}:{operation}");
        let policy = policy(&name);
        let user = format!("permitted-{service}-{operation}");
        let keys = aws.create_user(&user, &policy.to_string());
        let flags = ["--allow", "reveal,invoke,write,destroy", "--operations", &name];
        let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-aws"), flags, aws.env_as(&keys));
        server.initialize();
        let needed = actions(&policy);
        if needed.is_empty() {
            wrong.push(format!("{name}: its policy has no action"));
        }
        for action in &needed {
            aws.set_policy(&user, &without(&policy, action));
            let said = answered(&mut server, service, operation, &input);
            if !said.is_error || !said.text.contains(action.as_str()) {
                wrong.push(format!("{name} without {action}: {}", said.text));
            }
        }
        aws.set_policy(&user, &policy.to_string());
        let said = answered(&mut server, service, operation, &input);
        match said.is_error {
            true => wrong.push(format!("{name} with {policy}: {}", said.text)),
            false => proved += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(proved >= 30, "{proved}");
}
