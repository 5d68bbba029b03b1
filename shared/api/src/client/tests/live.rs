//! Services of most protocols, on a local AWS that checks signatures.

use awsmcp_testing::LocalAws;
use serde_json::{Value, json};

use super::There;

fn there() -> There {
    There::of(&LocalAws::shared_with_iam().env())
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn dynamodb_in_json() {
    let there = there();
    there
        .ok(
            "dynamodb",
            "CreateTable",
            json!({
                "TableName": "music", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "artist", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "artist", "KeyType": "HASH"}],
            }),
        )
        .await;
    let item = json!({"artist": {"S": "Ö"}, "many": {"N": "12345678901234567890123456789012345678"}, "raw": {"B": "AP8="}});
    there.ok("dynamodb", "PutItem", json!({"TableName": "music", "Item": item})).await;
    let found = there
        .ok(
            "dynamodb",
            "Query",
            json!({
                "TableName": "music", "KeyConditionExpression": "artist = :a",
                "ExpressionAttributeValues": {":a": {"S": "Ö"}},
            }),
        )
        .await;
    assert_eq!(found["Items"], json!([item]));
    let error =
        there.call("dynamodb", "Query", json!({"TableName": "nowhere"})).await.expect_err("there is none");
    assert_eq!(error.status, Some(400));
    assert!(error.code.is_some() && error.request_id.is_some(), "{error:?}");
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn logs_in_json() {
    let there = there();
    there.ok("logs", "CreateLogGroup", json!({"logGroupName": "/app/one"})).await;
    let found = there.ok("logs", "DescribeLogGroups", json!({"logGroupNamePrefix": "/app/"})).await;
    assert_eq!(found["logGroups"][0]["logGroupName"], "/app/one");
    assert!(
        found["logGroups"][0]["creationTime"].as_i64().is_some_and(|it| it > 1_700_000_000_000),
        "{found}"
    );
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn lambda_in_rest_json() {
    let there = there();
    let found = there.ok("lambda", "ListFunctions", json!({"MaxItems": 10})).await;
    assert_eq!(found["Functions"], json!([]));
    let error = there
        .call("lambda", "GetFunction", json!({"FunctionName": "none"}))
        .await
        .expect_err("there is none");
    assert_eq!((error.code.as_deref(), error.status), (Some("ResourceNotFoundException"), Some(404)));
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn s3_in_rest_xml() {
    let there = there();
    there.ok("s3", "CreateBucket", json!({"Bucket": "bucket-one"})).await;
    let body = "aGVsbG8gd29ybGQ=";
    let key = "a b/../ü+&<>.txt";
    let metadata = json!({"kind": "note"});
    let put = json!({"Bucket": "bucket-one", "Key": key, "Body": body, "Metadata": metadata, "ContentType": "text/x"});
    assert!(there.ok("s3", "PutObject", put).await["ETag"].is_string());
    let found = there.ok("s3", "ListObjectsV2", json!({"Bucket": "bucket-one", "Prefix": "a b/"})).await;
    assert_eq!(found["Contents"][0]["Key"], key);
    assert_eq!(found["Contents"][0]["Size"], 11);
    assert!(found["Contents"][0]["LastModified"].as_str().is_some_and(|it| it.ends_with('Z')), "{found}");
    let got = there.ok("s3", "GetObject", json!({"Bucket": "bucket-one", "Key": key})).await;
    assert_eq!(
        (&got["Body"], &got["Metadata"], &got["ContentType"]),
        (&json!(body), &metadata, &json!("text/x"))
    );
    let where_it_is = there.ok("s3", "GetBucketLocation", json!({"Bucket": "bucket-one"})).await;
    assert!(where_it_is.is_object());
    let deleted = there
        .ok("s3", "DeleteObjects", json!({"Bucket": "bucket-one", "Delete": {"Objects": [{"Key": key}]}}))
        .await;
    assert_eq!(deleted["Deleted"][0]["Key"], key);
    let error = there
        .call("s3", "GetObject", json!({"Bucket": "bucket-one", "Key": key}))
        .await
        .expect_err("it is gone");
    assert_eq!((error.code.as_deref(), error.status), (Some("NoSuchKey"), Some(404)));
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn iam_in_query() {
    let there = there();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"}}]});
    let made = there
        .ok(
            "iam",
            "CreateRole",
            json!({
                "RoleName": "reader", "AssumeRolePolicyDocument": trust.to_string(),
                "Tags": [{"Key": "team", "Value": "a+b/ü"}],
            }),
        )
        .await;
    assert_eq!(made["Role"]["RoleName"], "reader");
    let found = there.ok("iam", "ListRoles", json!({"PathPrefix": "/"})).await;
    let names: Vec<&Value> =
        found["Roles"].as_array().expect("a list").iter().map(|it| &it["RoleName"]).collect();
    assert!(names.contains(&&json!("reader")), "{found}");
    let tags = there.ok("iam", "ListRoleTags", json!({"RoleName": "reader"})).await;
    assert_eq!(tags["Tags"][0]["Value"], "a+b/ü");
    let error = there.call("iam", "GetRole", json!({"RoleName": "none"})).await.expect_err("there is none");
    assert_eq!((error.code.as_deref(), error.status), (Some("NoSuchEntity"), Some(404)));
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn sqs_and_sns() {
    let there = there();
    let made = there
        .ok("sqs", "CreateQueue", json!({"QueueName": "jobs", "Attributes": {"DelaySeconds": "0"}}))
        .await;
    let queue = made["QueueUrl"].as_str().expect("an address").to_owned();
    there.ok("sqs", "SendMessage", json!({"QueueUrl": queue, "MessageBody": "eins\nzwei"})).await;
    let got = there.ok("sqs", "ReceiveMessage", json!({"QueueUrl": queue})).await;
    assert_eq!(got["Messages"][0]["Body"], "eins\nzwei");
    let error =
        there.call("sqs", "GetQueueUrl", json!({"QueueName": "none"})).await.expect_err("there is none");
    assert!(
        error
            .code
            .as_deref()
            .is_some_and(|it| it.contains("NonExistentQueue") || it.contains("QueueDoesNotExist")),
        "{error:?}"
    );
    let topic = there.ok("sns", "CreateTopic", json!({"Name": "news"})).await;
    let topics = there.ok("sns", "ListTopics", json!({})).await;
    assert_eq!(topics["Topics"][0]["TopicArn"], topic["TopicArn"]);
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn ec2_and_cloudformation() {
    let there = there();
    let found = there
        .ok(
            "ec2",
            "DescribeInstances",
            json!({"Filters": [{"Name": "instance-state-name", "Values": ["running", "stopped"]}]}),
        )
        .await;
    assert_eq!(found["Reservations"], json!([]));
    let vpc = there.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"})).await;
    let vpc = vpc["Vpc"]["VpcId"].as_str().expect("an id").to_owned();
    let found = there.ok("ec2", "DescribeVpcs", json!({"VpcIds": [vpc]})).await;
    assert_eq!(found["Vpcs"][0]["CidrBlock"], "10.9.0.0/16");
    let error = there
        .call("ec2", "DescribeVpcs", json!({"VpcIds": ["vpc-00000000"]}))
        .await
        .expect_err("there is none");
    assert_eq!(error.code.as_deref(), Some("InvalidVpcID.NotFound"));
    let stacks =
        there.ok("cloudformation", "ListStacks", json!({"StackStatusFilter": ["CREATE_COMPLETE"]})).await;
    assert_eq!(stacks["StackSummaries"], json!([]));
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn cloudwatch_in_json() {
    let there = there();
    let data =
        json!([{"MetricName": "load", "Value": 0.1, "Timestamp": "2026-11-30T10:00:00Z", "Unit": "None"}]);
    there.ok("cloudwatch", "PutMetricData", json!({"Namespace": "mine", "MetricData": data})).await;
    let found = there.ok("cloudwatch", "ListMetrics", json!({"Namespace": "mine"})).await;
    assert_eq!(found["Metrics"][0]["MetricName"], "load");
}
