//! What people do, as docs/guides/operations.md shows it.

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{AWS, call, of};

fn selected(server: &mut Server, service: &str, operation: &str, input: Value, query: &str) -> String {
    let mut arguments = of(service, operation, input);
    arguments["query"] = json!(query);
    server.call("call_operation", arguments).ok().to_owned()
}

#[test]
fn a_secret_is_rotated() {
    let mut server = AWS.start();
    call(&mut server, "secretsmanager", "CreateSecret", json!({"Name": "tasks", "SecretString": "old"})).ok();
    call(
        &mut server,
        "secretsmanager",
        "PutSecretValue",
        json!({"SecretId": "tasks", "SecretString": "new"}),
    )
    .ok();
    call(&mut server, "secretsmanager", "DescribeSecret", json!({"SecretId": "tasks"}))
        .holds(&["AWSCURRENT", "AWSPREVIOUS"]);
    call(&mut server, "secretsmanager", "GetSecretValue", json!({"SecretId": "tasks"}))
        .holds(&["\"SecretString\":\"new\""]);
}

#[test]
fn a_service_that_does_not_start_says_why() {
    let stub = Stub::start(|request| {
        Response::output(match request.operation() {
            "DescribeServices" => json!({"services": [{"serviceName": "web", "events": [
                {"message": "(service web) was unable to place a task because no container instance met all of its requirements."},
            ]}], "failures": []}),
            "ListTasks" => json!({"taskArns": ["arn:aws:ecs:us-east-1:123456789012:task/c/1"]}),
            "DescribeTasks" => {
                json!({"tasks": [{"stoppedReason": "CannotPullContainerError: no such image"}], "failures": []})
            }
            _ => json!({}),
        })
    });
    let mut server = AWS.at(stub.env()).start();
    let input = json!({"cluster": "c", "services": ["web"]});
    let said = selected(&mut server, "ecs", "DescribeServices", input, "services[].events[].message");
    assert!(said.contains("unable to place a task"), "{said}");
    call(&mut server, "ecs", "ListTasks", json!({"cluster": "c", "desiredStatus": "STOPPED"}))
        .holds(&["task/c/1", "1 row"]);
    call(&mut server, "ecs", "DescribeTasks", json!({"cluster": "c", "tasks": ["1"]}))
        .holds(&["CannotPullContainerError"]);
}

#[test]
fn a_stack_says_what_it_contains() {
    let mut server = AWS.start();
    let template = json!({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "tasks-jobs"}}}});
    call(
        &mut server,
        "cloudformation",
        "CreateStack",
        json!({"StackName": "tasks", "TemplateBody": template.to_string()}),
    )
    .ok();
    let mut waited = of("cloudformation", "DescribeStacks", json!({"StackName": "tasks"}));
    waited["wait"] = json!("stack-create-complete");
    server.call("call_operation", waited).holds(&["CREATE_COMPLETE"]);
    call(&mut server, "cloudformation", "ListStackResources", json!({"StackName": "tasks"})).holds(&[
        "Jobs",
        "AWS::SQS::Queue",
        "tasks-jobs",
    ]);
}

#[test]
fn a_queue_says_what_nobody_takes() {
    let mut server = AWS.start();
    let dead =
        call(&mut server, "sqs", "CreateQueue", json!({"QueueName": "tasks-dead"})).object()["QueueUrl"]
            .clone();
    let arn = selected(
        &mut server,
        "sqs",
        "GetQueueAttributes",
        json!({"QueueUrl": dead, "AttributeNames": ["QueueArn"]}),
        "Attributes.QueueArn",
    );
    let redrive = json!({"deadLetterTargetArn": arn.trim(), "maxReceiveCount": "3"}).to_string();
    let made = json!({"QueueName": "tasks-live", "Attributes": {"RedrivePolicy": redrive}});
    let live = call(&mut server, "sqs", "CreateQueue", made).object()["QueueUrl"].clone();
    call(&mut server, "sqs", "SendMessage", json!({"QueueUrl": live, "MessageBody": "m"})).ok();
    call(&mut server, "sqs", "GetQueueAttributes", json!({"QueueUrl": live, "AttributeNames": ["All"]}))
        .holds(&["\"ApproximateNumberOfMessages\":\"1\"", "tasks-dead"]);
}

#[test]
fn roles_say_who_may_assume_them() {
    let mut server = AWS.start();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}]});
    call(
        &mut server,
        "iam",
        "CreateRole",
        json!({"RoleName": "tasks-partner", "AssumeRolePolicyDocument": trust.to_string()}),
    )
    .ok();
    let said = selected(
        &mut server,
        "iam",
        "ListRoles",
        json!({}),
        "[?RoleName=='tasks-partner'].[RoleName, AssumeRolePolicyDocument]",
    );
    assert!(said.contains("tasks-partner") && said.contains("999999999999"), "{said}");
}

#[test]
fn a_zone_says_which_names_point_where() {
    let mut server = AWS.start();
    let made = call(
        &mut server,
        "route53",
        "CreateHostedZone",
        json!({"Name": "tasks.example", "CallerReference": "1"}),
    );
    let id =
        made.object()["HostedZone"]["Id"].as_str().unwrap().trim_start_matches("/hostedzone/").to_owned();
    let change = json!({"HostedZoneId": id, "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": {
        "Name": "www.tasks.example", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "lb.example"}],
    }}]}});
    let changed = server.call("call_operation", of("route53", "ChangeResourceRecordSets", change.clone()));
    if changed.plan_token().is_some() {
        server.confirmed("call_operation", of("route53", "ChangeResourceRecordSets", change)).ok();
    }
    call(&mut server, "route53", "ListHostedZones", json!({})).holds(&["tasks.example."]);
    let said = selected(
        &mut server,
        "route53",
        "ListResourceRecordSets",
        json!({"HostedZoneId": id}),
        "[?Type=='CNAME'].Name",
    );
    assert!(said.contains("www.tasks.example."), "{said}");
}

#[test]
fn a_run_of_a_state_machine_says_what_went_wrong() {
    let mut server = AWS.start();
    let definition = json!({"StartAt": "Stop", "States": {"Stop": {"Type": "Fail", "Error": "Broken", "Cause": "a test"}}});
    let made = json!({"name": "tasks", "definition": definition.to_string(), "roleArn": "arn:aws:iam::123456789012:role/r"});
    let machine =
        call(&mut server, "stepfunctions", "CreateStateMachine", made).object()["stateMachineArn"].clone();
    let run = call(&mut server, "stepfunctions", "StartExecution", json!({"stateMachineArn": machine}))
        .object()["executionArn"]
        .clone();
    for _ in 0..50 {
        let listed = call(
            &mut server,
            "stepfunctions",
            "ListExecutions",
            json!({"stateMachineArn": machine, "statusFilter": "FAILED"}),
        );
        if listed.ok().contains("FAILED") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    call(
        &mut server,
        "stepfunctions",
        "GetExecutionHistory",
        json!({"executionArn": run, "reverseOrder": true}),
    )
    .holds(&["Broken"]);
}

#[test]
fn a_topic_says_who_is_told() {
    let mut server = AWS.start();
    let topic =
        call(&mut server, "sns", "CreateTopic", json!({"Name": "tasks"})).object()["TopicArn"].clone();
    let queue = "arn:aws:sqs:us-east-1:123456789012:told";
    call(&mut server, "sns", "Subscribe", json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue}))
        .ok();
    call(&mut server, "sns", "ListSubscriptionsByTopic", json!({"TopicArn": topic})).holds(&[queue, "1 row"]);
}

#[test]
fn settings_move_from_one_environment_to_another() {
    let mut server = AWS.start();
    call(
        &mut server,
        "ssm",
        "PutParameter",
        json!({"Name": "/tasks/test/size", "Value": "5", "Type": "String"}),
    )
    .ok();
    let value =
        selected(&mut server, "ssm", "GetParametersByPath", json!({"Path": "/tasks/test"}), "[0].Value");
    call(
        &mut server,
        "ssm",
        "PutParameter",
        json!({"Name": "/tasks/live/size", "Value": value.trim(), "Type": "String"}),
    )
    .ok();
    call(&mut server, "ssm", "GetParameter", json!({"Name": "/tasks/live/size"})).holds(&["\"Value\":\"5\""]);
}
