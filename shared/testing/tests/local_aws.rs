//! The local AWS keeps what it is given, refuses what a policy does not allow, and leaves nothing behind.
#![cfg(test)]

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use awsmcp_testing::LocalAws;
use serde_json::json;

#[test]
fn objects_are_kept() {
    let aws = LocalAws::shared();
    aws.create_bucket("kept");
    aws.put_object("kept", "folder/a b+ü.txt", &[("content-type", "text/plain")], "hello");
    let reply = aws.expect("s3", "GET", "/kept/folder/a b+ü.txt", &[], b"");
    assert_eq!((reply.text().as_str(), reply.header("content-type")), ("hello", Some("text/plain")));
    let listed = aws.expect("s3", "GET", "/kept", &[("list-type", "2"), ("prefix", "folder/")], b"");
    assert_eq!(listed.element("KeyCount").as_deref(), Some("1"));
}

#[test]
fn a_user_may_do_what_its_policy_allows() {
    let aws = LocalAws::with_iam();
    aws.create_bucket("mine");
    aws.put_object("mine", "k", &[], "v");
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::mine/k"}]}"#;
    let user = aws.create_user("reader", policy);
    assert_eq!(aws.request_as(&user, "s3", "GET", "/mine/k", &[], &[], b"").status, 200);
    let refused = aws.request_as(&user, "s3", "GET", "/mine/other", &[], &[], b"");
    assert_eq!((refused.status, refused.element("Code").as_deref()), (403, Some("AccessDenied")));
    aws.set_policy("reader", &policy.replace("mine/k", "mine/*"));
    assert_eq!(aws.request_as(&user, "s3", "GET", "/mine/other", &[], &[], b"").status, 404);
    let forged = awsmcp_testing::Credentials { secret_access_key: "guess".to_owned(), ..user };
    let refused = aws.request_as(&forged, "s3", "GET", "/mine/k", &[], &[], b"");
    assert_eq!(refused.element("Code").as_deref(), Some("SignatureDoesNotMatch"));
}

#[test]
fn operations_are_called_in_their_own_protocol() {
    let aws = LocalAws::start();
    aws.call("logs", "CreateLogGroup", json!({"logGroupName": "g"}));
    assert_eq!(aws.call("logs", "DescribeLogGroups", json!({}))["logGroups"][0]["logGroupName"], "g");
    let alarm = json!({"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1,
        "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1.5});
    aws.call("cloudwatch", "PutMetricAlarm", alarm);
    assert_eq!(aws.call("cloudwatch", "DescribeAlarms", json!({}))["MetricAlarms"][0]["Threshold"], 1.5);
    // An empty zip archive.
    let zip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
    let function = json!({"FunctionName": "f", "Runtime": "python3.13", "Handler": "f.handler", "Code": {"ZipFile": zip},
        "Role": "arn:aws:iam::123456789012:role/r"});
    aws.call("lambda", "CreateFunction", function);
    aws.call(
        "lambda",
        "CreateAlias",
        json!({"FunctionName": "f", "Name": "live", "FunctionVersion": "$LATEST"}),
    );
    assert_eq!(aws.call("lambda", "GetAlias", json!({"FunctionName": "f", "Name": "live"}))["Name"], "live");
    assert_eq!(
        aws.call("lambda", "ListFunctions", json!({"MaxItems": 1}))["Functions"][0]["FunctionName"],
        "f"
    );
}

/// Requests of every protocol are checked for the action and the resource that AWS checks them for, and refused with
/// AWS's sentence.
#[test]
fn every_protocol_is_checked() {
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/t";
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:";
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a";
    let query = json!({"logGroupNames": ["g"], "startTime": 0, "endTime": 1, "queryString": "q"});
    let aws = LocalAws::shared_with_iam();
    let policy = |action: &str, resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let user = aws.create_user("prober", &policy("none:Nothing", "*"));
    for (service, operation, input, action, resource) in [
        ("dynamodb", "GetItem", json!({"TableName": "t", "Key": {}}), "dynamodb:GetItem", table),
        (
            "dynamodb",
            "ListTagsOfResource",
            json!({"ResourceArn": table}),
            "dynamodb:ListTagsOfResource",
            table,
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            json!({"Statement": "SELECT * FROM \"t\""}),
            "dynamodb:PartiQLSelect",
            "",
        ),
        ("logs", "FilterLogEvents", json!({"logGroupName": "g"}), "logs:FilterLogEvents", group),
        ("logs", "StartQuery", query, "logs:StartQuery", group),
        ("lambda", "GetAlias", json!({"FunctionName": "f", "Name": "live"}), "lambda:GetAlias", function),
        (
            "lambda",
            "InvokeWithResponseStream",
            json!({"FunctionName": "f", "Payload": "{}"}),
            "lambda:InvokeFunction",
            function,
        ),
        (
            "cloudwatch",
            "DescribeAlarmHistory",
            json!({"AlarmName": "a"}),
            "cloudwatch:DescribeAlarmHistory",
            alarm,
        ),
    ] {
        let send = || aws.call_as(&user, service, operation, input.clone()).text();
        let denied = |text: &str| text.contains("is not authorized to perform: ");
        aws.set_policy("prober", &policy("none:Nothing", "*"));
        let refused = send();
        let sentence = if resource.is_empty() {
            format!("is not authorized to perform: {action}")
        } else {
            format!("is not authorized to perform: {action} on resource: {resource} because")
        };
        assert!(refused.contains(&sentence), "{sentence}\n{refused}");
        let on = if resource.is_empty() { "*" } else { resource };
        aws.set_policy("prober", &policy(action, on));
        assert!(!denied(&send()), "{action} on {on}: {}", send());
        aws.set_policy("prober", &policy(action, "arn:aws:other:us-east-1:123456789012:thing"));
        assert!(denied(&send()), "{action}: {}", send());
    }
}

/// What asks for a dry run is refused as AWS refuses it: for want of the permission first, and nothing is done.
#[test]
fn a_dry_run_changes_nothing() {
    let aws = LocalAws::shared_with_iam();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "none:Nothing", "Resource": "*"}]});
    let nobody = aws.create_user("dry-runner", &policy.to_string());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = b"Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-east-1a&Size=1234&DryRun=true";
    let refused = aws.request_as(&nobody, "ec2", "POST", "/", &[], &form, body);
    assert_eq!((refused.status, refused.element("Code").as_deref()), (403, Some("UnauthorizedOperation")));
    let would = aws.request("ec2", "POST", "/", &[], &form, body);
    assert_eq!((would.status, would.element("Code").as_deref()), (412, Some("DryRunOperation")));
    let list = aws.request("ec2", "POST", "/", &[], &form, b"Action=DescribeVolumes&Version=2016-11-15");
    assert!(list.status == 200 && !list.text().contains("<size>1234</size>"), "{}", list.text());
}

#[test]
#[ignore = "runs fakecloud"]
fn fakecloud_pages() {
    let aws = LocalAws::fakecloud();
    for name in ["aaa", "bbb", "ccc"] {
        let table = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]});
        aws.call("dynamodb", "CreateTable", table);
    }
    let page = aws.call("dynamodb", "ListTables", json!({"Limit": 2}));
    assert_eq!(page, json!({"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}));
    aws.reset();
    assert_eq!(aws.call("dynamodb", "ListTables", json!({})), json!({"TableNames": []}));
}

#[test]
fn nothing_is_left_behind() {
    let aws = LocalAws::start();
    let endpoint = aws.endpoint();
    let address = endpoint.trim_start_matches("http://");
    assert!(TcpStream::connect(address).is_ok());
    let directory = aws.directory().to_path_buf();
    assert!(directory.exists());
    drop(aws);
    assert!(TcpStream::connect(address).is_err());
    assert!(!directory.exists());
}

#[test]
fn one_that_is_kept_ends_when_it_is_told() {
    let aws = LocalAws::start();
    let address = aws.endpoint().trim_start_matches("http://").to_owned();
    let directory = aws.directory().to_path_buf();
    let pid = aws.keep().to_string();
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&address).is_ok());
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let told = Instant::now();
    while directory.exists() || TcpStream::connect(&address).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(10), "it still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_reset_forgets() {
    let aws = LocalAws::start();
    aws.create_bucket("gone");
    aws.reset();
    assert_eq!(aws.request("s3", "GET", "/gone", &[], &[], b"").status, 404);
}

#[test]
#[ignore = "runs fakecloud"]
fn fakecloud_serves_what_a_policy_allows() {
    let aws = LocalAws::shared_fakecloud_with_iam();
    aws.call(
        "sagemaker",
        "CreateModel",
        json!({"ModelName": "Mine", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}),
    );
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sagemaker:DescribeModel",
        "Resource":"arn:aws:sagemaker:us-east-1:123456789012:model/mine"}]}"#;
    let user = aws.create_user("models", policy);
    let describe = |operation: &str, name: &str| {
        let headers = [("x-amz-target", operation), ("content-type", "application/x-amz-json-1.1")];
        let body = json!({"ModelName": name}).to_string();
        aws.request_as(&user, "sagemaker", "POST", "/", &[], &headers, body.as_bytes())
    };
    let allowed = describe("SageMaker.DescribeModel", "Mine");
    assert!(allowed.status == 200 && allowed.text().contains("model/Mine"), "{}", allowed.text());
    for (operation, name) in [("SageMaker.DescribeModel", "Other"), ("SageMaker.DeleteModel", "Mine")] {
        let refused = describe(operation, name);
        assert!(refused.status == 400 && refused.text().contains("AccessDenied"), "{}", refused.text());
    }
}
