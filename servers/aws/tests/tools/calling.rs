//! Operations are called by their names.

use serde_json::json;

use crate::world::{AWS, call, of};

#[test]
fn a_queue_is_made_listed_and_removed() {
    let mut server = AWS.start();
    let made = call(&mut server, "sqs", "CreateQueue", json!({"QueueName": "calling-1"}));
    made.holds(&["\"QueueUrl\":\"http", "/calling-1\""]);
    let url = made.object()["QueueUrl"].clone();
    // The AWS CLI's spelling is understood.
    call(&mut server, "sqs", "list-queues", json!({"QueueNamePrefix": "calling-"}))
        .holds(&["/calling-1", "1 row"]);
    call(&mut server, "sqs", "SendMessage", json!({"QueueUrl": url, "MessageBody": "a\tb"}))
        .holds(&["MessageId"]);
    server
        .plan("call_operation", of("sqs", "DeleteQueue", json!({"QueueUrl": url})))
        .holds(&["call sqs DeleteQueue (destroy) in us-east-1 with {\"QueueUrl\":"]);
    server
        .confirmed("call_operation", of("sqs", "DeleteQueue", json!({"QueueUrl": url})))
        .holds(&["sqs DeleteQueue: done"]);
    call(&mut server, "sqs", "ListQueues", json!({"QueueNamePrefix": "calling-"})).holds(&["0 rows"]);
}

#[test]
fn a_call_shows_its_request_before_it_is_made() {
    let mut server = AWS.start();
    let mut arguments = of("sqs", "CreateQueue", json!({"QueueName": "calling-2"}));
    arguments["dry_run"] = json!(true);
    server.call("call_operation", arguments).holds(&[
        "dry run, nothing was changed",
        "call sqs CreateQueue (write) in us-east-1 with {\"QueueName\":\"calling-2\"}",
    ]);
    let mut arguments = of("sqs", "ListQueues", json!({"QueueNamePrefix": "calling-2"}));
    arguments["dry_run"] = json!(true);
    server.call("call_operation", arguments).holds(&["call sqs ListQueues (read)"]);
    call(&mut server, "sqs", "ListQueues", json!({"QueueNamePrefix": "calling-2"})).holds(&["0 rows"]);
}

#[test]
fn lists_are_turned_by_the_cursor_whatever_the_service_calls_its_tokens() {
    let mut server = AWS.start();
    for number in 0..5 {
        let name = format!("/paging/{number}");
        call(&mut server, "ssm", "PutParameter", json!({"Name": name, "Value": "v", "Type": "String"}))
            .holds(&["Version"]);
    }
    let mut arguments = of("ssm", "GetParametersByPath", json!({"Path": "/paging"}));
    arguments["limit"] = json!(2);
    let pages = server.pages("call_operation", arguments);
    let names: Vec<&str> = pages.iter().flat_map(|page| page.column("Name")).collect();
    assert_eq!(names, ["/paging/0", "/paging/1", "/paging/2", "/paging/3", "/paging/4"]);
    assert!(pages.len() > 2, "{}", pages.len());
}

#[test]
fn what_is_wrong_is_said_with_what_would_be_right() {
    let mut server = AWS.start();
    call(&mut server, "sqz", "ListQueues", json!({}))
        .fails(&["there is no service \"sqz\"", "did you mean sqs?"]);
    call(&mut server, "sqs", "ListQues", json!({}))
        .fails(&["has no operation \"ListQues\"", "did you mean ListQueues?"]);
    call(&mut server, "sqs", "SendMessage", json!({"QueueURL": "u"}))
        .fails(&["there is no member \"QueueURL\"", "QueueUrl"]);
    call(&mut server, "sqs", "SendMessage", json!({"QueueUrl": "u"})).fails(&["MessageBody is missing"]);
    call(&mut server, "sqs", "SendMessage", json!({"QueueUrl": "u", "MessageBody": 5}))
        .fails(&["MessageBody: it must be text"]);
    let mut arguments = of("ec2", "DescribeInstances", json!({}));
    arguments["wait"] = json!("instance-runing");
    server.call("call_operation", arguments).fails(&["instance-running"]);
    let mut arguments = of("sqs", "ListQueues", json!({}));
    arguments["confirm"] = json!("x");
    server.call("call_operation", arguments).fails(&["`confirm` does nothing in sqs ListQueues"]);
}

#[test]
fn a_waiter_looks_until_it_is_so() {
    let mut server = AWS.start();
    call(
        &mut server,
        "dynamodb",
        "CreateTable",
        json!({
            "TableName": "waited", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        }),
    );
    let mut arguments = of("dynamodb", "DescribeTable", json!({"TableName": "waited"}));
    arguments["wait"] = json!("table-exists");
    server
        .call("call_operation", arguments)
        .holds(&["\"TableStatus\":\"ACTIVE\"", "table-exists: so it is, at look 1"]);
    let mut arguments = of("dynamodb", "DescribeTable", json!({"TableName": "never-there"}));
    arguments["wait"] = json!("table-not-exists");
    server.call("call_operation", arguments).holds(&["table-not-exists: so it is"]);
}

#[test]
fn a_body_that_is_text_is_shown_as_text() {
    let mut server = AWS.start();
    call(&mut server, "s3", "CreateBucket", json!({"Bucket": "calling-bodies"}));
    call(
        &mut server,
        "s3",
        "PutObject",
        json!({"Bucket": "calling-bodies", "Key": "a b/ä.txt", "Body": "aGVsbG8="}),
    );
    call(&mut server, "s3", "GetObject", json!({"Bucket": "calling-bodies", "Key": "a b/ä.txt"}))
        .holds(&["\"Body\":\"hello\"", "Body is text"]);
}

#[test]
fn secrets_are_hidden_until_they_may_be_revealed() {
    let mut server = AWS.only(&["--allow", "write"]).start();
    let secret = json!({"Name": "calling-secret", "SecretString": "hunter2"});
    let mut arguments = of("secretsmanager", "CreateSecret", secret.clone());
    arguments["dry_run"] = json!(true);
    server.call("call_operation", arguments).holds(&["\"SecretString\":\"(hidden)\""]).lacks(&["hunter2"]);
    call(&mut server, "secretsmanager", "CreateSecret", secret).holds(&["ARN"]);
    call(&mut server, "secretsmanager", "GetSecretValue", json!({"SecretId": "calling-secret"}))
        .fails(&["secretsmanager GetSecretValue is turned off", "--allow reveal"]);
    let mut server = AWS.start();
    call(&mut server, "secretsmanager", "GetSecretValue", json!({"SecretId": "calling-secret"}))
        .holds(&["hunter2"]);
}

#[test]
fn bytes_come_from_files_and_go_to_new_ones() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(at("in.bin"), [0, 159, 255]).unwrap();
    let mut server = AWS.and(&["--allow-dir", directory.path().to_str().unwrap()]).start();
    call(&mut server, "s3", "CreateBucket", json!({"Bucket": "calling-files"})).ok();
    let put = |path: String| json!({"Bucket": "calling-files", "Key": "k", "Body": {"$file": path}});
    let shown = of("s3", "PutObject", put(at("in.bin")));
    server.plan("call_operation", shown.clone()).holds(&["\"Body\":{\"$file\":"]);
    server.call("call_operation", shown).ok();
    let mut get = of("s3", "GetObject", json!({"Bucket": "calling-files", "Key": "k"}));
    get["save_to"] = json!(at("out.bin"));
    server.call("call_operation", get.clone()).holds(&["Body: 3 B written to", "out.bin"]).lacks(&["AJ//"]);
    assert_eq!(std::fs::read(at("out.bin")).unwrap(), [0, 159, 255]);
    server.call("call_operation", get).fails(&["out.bin"]);
    call(&mut server, "s3", "PutObject", put("/etc/passwd".to_owned())).fails(&["/etc/passwd"]);
    let mut listed = of("sqs", "ListQueues", json!({}));
    listed["save_to"] = json!(at("none"));
    server.call("call_operation", listed).fails(&["`save_to` is for operations that answer with a body"]);
    let mut nowhere = AWS.start();
    call(&mut nowhere, "s3", "PutObject", put(at("in.bin"))).fails(&["--allow-dir"]);
}
