//! What a call names is what it is held to: nothing leaves for what is outside the operator's list.

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::S3;

/// A server that may do everything to what is in the list, and a stub that no request should reach.
fn held(list: &[&str]) -> (Stub, Server) {
    let stub = Stub::start(|_| Response::s3_error(404, "NoSuchKey", "nothing is here"));
    let mut flags = vec!["--toolsets", "all", "--allow", "write,destroy,reveal", "--region", "us-east-1"];
    flags.extend(list.iter().flat_map(|pattern| ["--allow-arn", pattern]));
    let server = S3.at(stub.env()).only(&flags).start();
    (stub, server)
}

#[track_caller]
fn refused(stub: &Stub, server: &mut Server, tool: &str, arguments: Value, why: &str) {
    let answer = server.call(tool, arguments.clone());
    assert!(answer.error().contains(why), "{tool} {arguments}: {}", answer.error());
    let calls = stub.calls();
    assert!(calls.is_empty(), "{tool} {arguments} sent {calls:?}");
}

const OUTSIDE: &str = "is outside what the operator allowed";

#[test]
fn an_arn_of_another_service_is_no_bucket() {
    let (stub, mut server) = held(&["arn:aws:s3:::team-*", "arn:aws:kms:us-east-1:123456789012:key/*"]);
    for bucket in [
        "arn:aws:kms:us-east-1:123456789012:key/x:s3:::secret-corp",
        "arn:aws:sqs:us-east-1:123456789012:q:s3:::secret-corp",
        "arn:aws:sqs:us-east-1:123456789012:accesspoint/p",
        "arn:aws:s3:::team-a:s3:::secret-corp",
        "arn:aws:s3:::team-a/../secret-corp",
        " arn:aws:s3:::team-a",
    ] {
        let object = json!({"bucket": bucket, "key": "a.txt"});
        for tool in ["get_object", "head_object", "presign_download", "presign_upload", "list_versions"] {
            refused(&stub, &mut server, tool, object.clone(), "not a bucket");
        }
        let with = |more: Value| {
            let mut all = json!({"bucket": bucket});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        for (tool, more) in [
            ("list_objects", json!({})),
            ("bucket_overview", json!({})),
            ("put_object", json!({"key": "k", "text": "x"})),
            ("delete_objects", json!({"keys": ["k"]})),
            ("delete_bucket", json!({})),
            ("copy_object", json!({"key": "k", "source_bucket": "team-a", "source_key": "k"})),
            ("move_object", json!({"key": "k", "source_bucket": "team-a", "source_key": "k"})),
        ] {
            refused(&stub, &mut server, tool, with(more), "not a bucket");
        }
    }
}

#[test]
fn a_star_of_the_list_stays_in_its_part_of_the_arn() {
    let (stub, mut server) = held(&["arn:*:s3:::team-*"]);
    let call = json!({"bucket": "secret-corp", "key": "x:s3:::team-a", "text": "x"});
    refused(&stub, &mut server, "put_object", call, OUTSIDE);
    let call = json!({"bucket": "secret-corp", "keys": ["arn:aws:s3:::team-a/k"]});
    refused(&stub, &mut server, "delete_objects", call, OUTSIDE);
}

#[test]
fn a_bucket_by_its_arn_is_held_as_by_its_name() {
    let (stub, mut server) = held(&["arn:aws:s3:::team-*"]);
    refused(&stub, &mut server, "get_object", json!({"bucket": "arn:aws:s3:::secret", "key": "k"}), OUTSIDE);
    let inside = server.call("get_object", json!({"bucket": "arn:aws:s3:::team-a", "key": "k"}));
    assert!(inside.error().contains("NoSuchKey"), "{}", inside.error());
    let path = stub.calls().first().unwrap().path().to_owned();
    assert_eq!(path, "/team-a/k");
}

#[test]
fn an_access_points_objects_are_held_by_its_own_arn() {
    const POINT: &str = "arn:aws:s3:us-east-1:123456789012:accesspoint/ap";
    let (stub, mut server) = held(&[&format!("{POINT}/object/up/*")]);
    for key in ["down/k", "object/up/k", "object/up/x:s3:::y"] {
        let call = json!({"bucket": POINT, "key": key});
        refused(&stub, &mut server, "get_object", call.clone(), OUTSIDE);
        refused(&stub, &mut server, "presign_upload", call, OUTSIDE);
    }
    // All below a prefix is more than one key that is written so.
    let form = |key: &str| json!({"bucket": POINT, "key": key, "method": "POST", "dry_run": true});
    refused(&stub, &mut server, "presign_upload", form("u/"), OUTSIDE);
    // What is allowed goes on to AWS, where this name leads nowhere.
    let inside = server.call("presign_upload", form("up/"));
    assert!(!inside.text.contains("allowed"), "{}", inside.text);
}

#[test]
fn an_access_point_of_a_region_that_is_not_allowed_is_not_reached() {
    let (stub, mut server) = held(&["*"]);
    let call = json!({"bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap", "key": "k"});
    refused(&stub, &mut server, "head_object", call, "eu-west-1");
}

#[test]
fn a_prefix_is_held_as_all_below_it() {
    let (stub, mut server) = held(&["arn:aws:s3:::b-one", "arn:aws:s3:::b-one/mine/*"]);
    for (tool, prefix) in [
        ("delete_objects", "m"),
        ("delete_objects", "arn:aws:s3:::b-one/mine/"),
        ("undelete_object", "mine"),
        ("search_objects", ""),
    ] {
        let call = json!({"bucket": "b-one", "prefix": prefix, "pattern": "x"});
        let call = if tool == "search_objects" { call } else { json!({"bucket": "b-one", "prefix": prefix}) };
        refused(&stub, &mut server, tool, call, OUTSIDE);
    }
}

#[test]
fn a_kms_key_is_a_key_and_no_other_arn() {
    let (stub, mut server) = held(&["arn:aws:s3:::team-*"]);
    let put = |key: &str| json!({"bucket": "team-a", "key": "k", "text": "x", "kms_key_id": key});
    refused(&stub, &mut server, "put_object", put("arn:aws:s3:::team-a"), "not a KMS key");
    refused(&stub, &mut server, "put_object", put("1234abcd:s3:::team-a"), "not a KMS key");
    let other = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    refused(&stub, &mut server, "put_object", put(other), OUTSIDE);
}

#[test]
fn what_a_setting_names_is_held_too() {
    let list =
        ["arn:aws:s3:::team-*", "arn:aws:kms:us-east-1:123456789012:key/*", "arn:aws:sqs:us-east-1:*:team-*"];
    let (stub, mut server) = held(&list);
    let put = |aspect: &str, value: Value| json!({"bucket": "team-a", "aspect": aspect, "value": value});
    let key = |key: &str| json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]});
    let logs = |to: &str| json!({"LoggingEnabled": {"TargetBucket": to, "TargetPrefix": "s3/"}});
    let queue =
        |arn: &str| json!({"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]});
    let other = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    for (aspect, value, why) in [
        ("encryption", key(other), OUTSIDE),
        ("encryption", key("arn:aws:s3:::team-a"), "not a KMS key"),
        ("logging", logs("secret-logs"), OUTSIDE),
        ("logging", logs("arn:aws:kms:us-east-1:123456789012:key/x:s3:::secret-logs"), "not a bucket"),
        ("notifications", queue("arn:aws:sqs:us-east-1:999999999999:secret-q"), OUTSIDE),
        ("notifications", queue("arn:aws:sns:us-east-1:123456789012:team-q"), "is not an ARN of sqs"),
    ] {
        refused(&stub, &mut server, "put_bucket_config", put(aspect, value), why);
    }
    refused(&stub, &mut server, "create_bucket", json!({"bucket": "team-new", "kms_key": other}), OUTSIDE);
    // What is inside the list passes both looks, and reaches S3.
    for (aspect, value, operation) in [
        ("logging", logs("team-logs"), "PutBucketLogging"),
        (
            "notifications",
            queue("arn:aws:sqs:us-east-1:123456789012:team-q"),
            "PutBucketNotificationConfiguration",
        ),
        ("encryption", key("1234abcd-12ab-34cd-56ef-1234567890ab"), "PutBucketEncryption"),
    ] {
        server.call("put_bucket_config", put(aspect, value)).fails(&["NoSuchKey"]);
        assert_eq!(stub.of(operation).len(), 1, "{operation}");
    }
}

#[test]
fn where_reports_go_is_held_too() {
    let list = ["arn:aws:s3:::team-*", "arn:aws:kms:us-east-1:123456789012:key/*"];
    let (stub, mut server) = held(&list);
    let to = |bucket: &str, key: &str| {
        let value = json!({"IsEnabled": true, "IncludedObjectVersions": "Current", "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": {"Bucket": bucket, "Format": "CSV", "Encryption": {"SSEKMS": {"KeyId": key}}}}});
        json!({"bucket": "team-a", "aspect": "inventory", "id": "daily", "value": value})
    };
    let export = |bucket: &str| {
        let to = json!({"S3BucketDestination": {"Bucket": bucket, "Format": "CSV"}});
        let value = json!({"StorageClassAnalysis": {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": to}}});
        json!({"bucket": "team-a", "aspect": "analytics", "id": "all", "value": value})
    };
    let own = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let other = format!("arn:aws:kms:us-east-1:999999999999:key/{own}");
    for (call, why) in [
        (to("arn:aws:s3:::secret-reports", own), OUTSIDE),
        (to("arn:aws:s3:::team-a:s3:::secret-reports", own), "not the ARN of a bucket"),
        (to("arn:aws:s3:::team-reports", &other), OUTSIDE),
        (to("arn:aws:s3:::team-reports", "arn:aws:s3:::team-a"), "not a KMS key"),
        (export("arn:aws:s3:::secret-reports"), OUTSIDE),
        (export("secret-reports"), "not the ARN of a bucket"),
    ] {
        refused(&stub, &mut server, "put_bucket_config", call, why);
    }
    // What is inside the list passes both looks, and reaches S3 as it was judged.
    server.call("put_bucket_config", to("arn:aws:s3:::team-reports", own)).fails(&["NoSuchKey"]);
    let sent = stub.of("PutBucketInventoryConfiguration");
    let body = String::from_utf8_lossy(&sent.first().unwrap().body).into_owned();
    assert!(body.contains(&format!("<KeyId>arn:aws:kms:us-east-1:123456789012:key/{own}</KeyId>")), "{body}");
    server.call("put_bucket_config", export("arn:aws:s3:::team-reports")).fails(&["NoSuchKey"]);
    assert_eq!(stub.of("PutBucketAnalyticsConfiguration").len(), 1);
}
