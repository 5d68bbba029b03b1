use aws_smithy_types::DateTime;
use awsmcp_testing::expect;
use serde_json::{Map, Value, json};

use super::{check, complete, host_prefix};
use crate::services::ALL;
use crate::writing::{time, whole};

/// What is wrong with an input; `right` where nothing is.
fn said(service: &str, operation: &str, input: Value) -> String {
    let model = ALL.iter().find(|it| it.name == service).expect("it is there").model().expect("it is read");
    let known = model.operations.get(operation).expect("it is there");
    let input = object(input);
    let wrong = check(&model, known, &input).and_then(|()| host_prefix(known, &input));
    wrong.err().map_or_else(|| "right".to_owned(), |wrong| wrong.to_string())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(all) => all,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn an_input_is_held_to_its_model() {
    let filter = |value: Value| json!({"Filters": [{"Name": "a", "Values": ["b"]}, value]});
    let all = [
        said("sts", "GetCallerIdentity", json!({})),
        said("sts", "GetCallerIdentity", json!({"Who": 1})),
        said("ec2", "DescribeInstances", filter(json!({"Values": "c"}))),
        said("ec2", "DescribeInstances", filter(json!({"Values": [null]}))),
        said("ec2", "DescribeInstances", json!({"instanceIds": ["i-1"]})),
        said("dynamodb", "PutItem", json!({"TableName": "t", "Item": {"a": {"S": "x", "N": "1"}}})),
        said("dynamodb", "PutItem", json!({"TableName": "t", "Item": {"a": {"B": "no base64!"}}})),
        said("logs", "FilterLogEvents", json!({"logGroupName": "g", "startTime": "12345678901234567"})),
        said("logs", "FilterLogEvents", json!({"logGroupName": "g", "startTime": 1.5})),
        said(
            "cloudwatch",
            "PutMetricData",
            json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": "NaN"}]}),
        ),
        said(
            "cloudwatch",
            "GetMetricStatistics",
            json!({"Namespace": "n", "MetricName": "m", "Period": 60,
            "StartTime": "yesterday", "EndTime": "2026-01-31"}),
        ),
    ];
    expect![[r#"
        right
        input: there is no member "Who"; it takes none
        Filters[1].Values: it must be a list
        Filters[1].Values[0]: it cannot be null
        input: there is no member "instanceIds"; there is InstanceIds
        right
        Item.a.B: it must be bytes in Base64
        right
        startTime: it must be a whole number of 64 bits, as text where it has more than 15 digits
        right
        StartTime: it must be a time such as "2026-01-31T12:00:00Z", or seconds since 1970"#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn what_becomes_part_of_the_request_can_become_nothing_else() {
    let all = [
        // Without a key it would be the bucket that is deleted.
        said("s3", "DeleteObject", json!({"Bucket": "bucket-one", "Key": ""})),
        said("s3", "DeleteObject", json!({"Bucket": "bucket-one"})),
        said("s3", "DeleteObject", json!({"Bucket": "bucket-one", "Key": "../a"})),
        said("lambda", "DeleteFunction", json!({"FunctionName": ".."})),
        said("lambda", "GetFunction", json!({"FunctionName": "a/../b"})),
        said("s3", "PutObject", json!({"Bucket": "bucket-one", "Key": "k", "ContentType": "a\r\nx: y"})),
        said("s3", "PutObject", json!({"Bucket": "bucket-one", "Key": "k", "Metadata": {"a b": "c"}})),
        said("s3control", "ListAccessPoints", json!({"AccountId": "1.evil.example/"})),
    ];
    expect![[r#"
        Key: it is part of the path, so it cannot be empty
        input: Key is missing
        right
        FunctionName: it is part of the path, so no step of it can be . or ..
        FunctionName: it is part of the path, so no step of it can be . or ..
        ContentType: it becomes a header, so it holds no control characters
        Metadata: "a b" cannot be the name of a header
        AccountId: "1.evil.example/" becomes part of the host, so it is up to 63 letters, digits and hyphens"#]].assert_eq(&all.join("\n"));
}

#[test]
fn a_token_is_made_up_only_where_none_is_given() {
    let model = ALL.iter().find(|it| it.name == "ec2").expect("it is there").model().expect("it is read");
    let known = model.operations.get("RunInstances").expect("it is there");
    let mut input = Map::new();
    complete(&model, known, &mut input, || "made".to_owned());
    assert_eq!(input.get("ClientToken"), Some(&json!("made")));
    complete(&model, known, &mut input, || "other".to_owned());
    assert_eq!(input.get("ClientToken"), Some(&json!("made")));
}

#[test]
fn no_digit_of_a_number_or_a_time_is_lost() {
    assert_eq!(whole(&json!(9_007_199_254_740_993_i64)), Some(9_007_199_254_740_993));
    assert_eq!(whole(&json!("-9223372036854775808")), Some(i64::MIN));
    assert_eq!((whole(&json!(5.0)), whole(&json!(5.5)), whole(&json!(true))), (Some(5), None, None));
    for (given, seconds, nanos) in [
        (json!(1_769_862_896), 1_769_862_896, 0),
        (json!(1_769_862_896.123), 1_769_862_896, 123_000_000),
        (json!(-1.25), -2, 750_000_000),
        (json!(-0.5), -1, 500_000_000),
        (json!("2026-01-31T12:34:56.123456789Z"), 1_769_862_896, 123_456_789),
        (json!("2026-01-31T13:34:56+01:00"), 1_769_862_896, 0),
        (json!("2026-01-31T12:34:56"), 1_769_862_896, 0),
        (json!("2026-01-31"), 1_769_817_600, 0),
    ] {
        assert_eq!(time(&given), Some(DateTime::from_secs_and_nanos(seconds, nanos)), "{given}");
    }
    assert_eq!(time(&json!("yesterday")), None);
}
