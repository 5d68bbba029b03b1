//! Writing objects.

use awsmcp_testing::LocalAws;
use serde_json::json;

use crate::world::{READER, S3, aws, contents, done, planned, tag_count, versioned};

#[test]
fn text_is_written_with_all_that_goes_along() {
    let mut server = S3.start();
    aws().create_bucket("put-text");
    let written = server.call(
        "put_object",
        json!({"bucket": "put-text", "key": "a b/ü.csv", "text": "x,y\n", "metadata": {"source": "crm"},
               "tags": {"team": "data & more"}, "cache_control": "max-age=60", "storage_class": "STANDARD_IA"}),
    );
    let written = done(&written);
    assert_eq!(written["uri"], "s3://put-text/a b/ü.csv");
    assert_eq!(written["size_bytes"], 4);
    assert_eq!(written["content_type"], "text/csv; charset=utf-8");
    assert_eq!(contents("put-text", "a b/ü.csv").unwrap(), "x,y\n");
    let head = aws().request("s3", "HEAD", "/put-text/a b/ü.csv", &[], &[], b"");
    for (name, value) in [
        ("x-amz-meta-source", "crm"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("cache-control", "max-age=60"),
    ] {
        assert_eq!(head.header(name), Some(value), "{name}");
    }
    assert_eq!(tag_count("put-text", "a b/ü.csv"), 1);
}

#[test]
fn base64_is_written_as_bytes() {
    let mut server = S3.start();
    aws().create_bucket("put-bytes");
    let written =
        server.call("put_object", json!({"bucket": "put-bytes", "key": "p.png", "base64": "iVBORw=="}));
    let written = done(&written);
    assert_eq!((&written["size_bytes"], &written["content_type"]), (&json!(4), &json!("image/png")));
}

#[test]
fn what_exists_is_not_overwritten_without_being_told() {
    let mut server = S3.start();
    aws().create_bucket("put-over");
    aws().put_object("put-over", "k", &[], "old");
    let put = |more: serde_json::Value| {
        let mut input = json!({"bucket": "put-over", "key": "k", "text": "new"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let refused = server.call("put_object", put(json!({})));
    let refused = refused.error();
    assert!(refused.contains("s3://put-over/k exists (3 B, modified 2"), "{refused}");
    assert!(refused.contains("its contents are lost"), "{refused}");
    assert!(refused.contains("overwrite: true"), "{refused}");
    assert_eq!(contents("put-over", "k").unwrap(), "old");
    let wrong = server.call("put_object", put(json!({"if_match": "0123"})));
    assert!(wrong.error().contains("has another etag than 0123"), "{}", wrong.error());
    let etag = refused.split("if_match: \"").nth(1).unwrap().split('"').next().unwrap();
    done(&server.call("put_object", put(json!({"if_match": etag}))));
    assert_eq!(contents("put-over", "k").unwrap(), "new");
    done(&server.call("put_object", put(json!({"overwrite": true, "text": "newer"}))));
    assert_eq!(contents("put-over", "k").unwrap(), "newer");
}

#[test]
fn a_plan_says_what_becomes_of_what_is_there() {
    let mut server = S3.start();
    versioned("put-plan");
    let put = json!({"bucket": "put-plan", "key": "k", "text": "hello"});
    let plan = planned(&mut server, "put_object", put.clone());
    assert!(plan.contains("write 5 B of text/plain; charset=utf-8 to s3://put-plan/k (new)"), "{plan}");
    assert_eq!(contents("put-plan", "k"), None);
    let first = done(&server.call("put_object", put.clone()));
    let mut again = put;
    again["overwrite"] = json!(true);
    let plan = planned(&mut server, "put_object", again);
    let kept = format!("the bucket keeps it as version {}", first["version_id"].as_str().unwrap());
    assert!(plan.contains(&kept), "{plan}");
}

#[test]
fn what_cannot_be_written_is_explained_before_aws_is_asked() {
    let mut server = S3.start();
    aws().create_bucket("put-wrong");
    for (more, why) in [
        (json!({}), "give `text` or `base64`"),
        (json!({"text": "a", "base64": "YQ=="}), "not both"),
        (json!({"base64": "not base64!"}), "aGVsbG8="),
        (json!({"text": "a", "tags": {"aws:x": "1"}}), "does not start with aws:"),
        (json!({"text": "a", "metadata": {"a b": "1"}}), "batch-id"),
        (json!({"text": "a", "sse": "AES256", "kms_key_id": "k"}), "takes no kms_key_id"),
        (json!({"text": "a", "storage_class": "COLD"}), "STANDARD_IA"),
    ] {
        let mut input = json!({"bucket": "put-wrong", "key": "k"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call("put_object", input);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
    let nowhere = json!({"bucket": "put-nowhere", "key": "k", "text": "a", "dry_run": true});
    let answer = server.call("put_object", nowhere);
    assert!(answer.error().contains("NoSuchBucket"), "{}", answer.error());
}

#[test]
fn a_key_that_looks_like_an_arn_does_not_leave_the_allow_list() {
    aws().create_bucket("put-secret");
    let mut server = S3.and(&["--allow-arn", "arn:aws:s3:::put-open/*"]).start();
    let key = "arn:aws:s3:::put-open/k";
    let answer = server.call("put_object", json!({"bucket": "put-secret", "key": key, "text": "a"}));
    assert!(answer.error().contains("outside what the operator allowed"), "{}", answer.error());
    assert_eq!(contents("put-secret", key), None);
}

#[test]
fn without_write_there_is_no_put() {
    let mut server = READER.start();
    let answer = server.call("put_object", json!({"bucket": "bbb", "key": "k", "text": "a"}));
    assert!(answer.error().contains("--allow write"), "{}", answer.error());
}

#[test]
fn who_may_only_write_still_overwrites_nothing() {
    let iam = LocalAws::shared_with_iam();
    iam.create_bucket("put-blind");
    iam.create_bucket("put-other");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::put-blind/*"}]});
    let writer = iam.create_user("put-blind", &policy.to_string());
    let mut server = S3.at(iam.env_as(&writer)).start();
    let put = json!({"bucket": "put-blind", "key": "k", "text": "x"});
    let plan = planned(&mut server, "put_object", put.clone());
    assert!(plan.contains("may not see what is there") && plan.contains("only if nothing is"), "{plan}");
    done(&server.call("put_object", put.clone()));
    let again = server.call("put_object", put);
    assert!(
        again.error().contains("s3://put-blind/k exists by now; nothing was written"),
        "{}",
        again.error()
    );
    let elsewhere = server.call("put_object", json!({"bucket": "put-other", "key": "k", "text": "x"}));
    assert!(elsewhere.error().contains("s3:PutObject on arn:aws:s3:::put-other/k"), "{}", elsewhere.error());
}

#[test]
fn what_is_lost_with_an_older_object_is_told_before() {
    let mut server = S3.start();
    aws().create_bucket("put-loses");
    let headers = [
        ("x-amz-meta-owner", "web"),
        ("cache-control", "max-age=60"),
        ("x-amz-storage-class", "STANDARD_IA"),
    ];
    aws().put_object("put-loses", "k", &headers, "old");
    let mut put = json!({"bucket": "put-loses", "key": "k", "text": "new", "overwrite": true});
    let plan = planned(&mut server, "put_object", put.clone());
    assert!(
        plan.contains(
            "goes too, unless it is given again: metadata owner, cache-control, storage class STANDARD_IA"
        ),
        "{plan}"
    );
    put["key"] = json!("s3://put-loses/k");
    let note = server.plan("put_object", put);
    note.holds(&["begins with s3://", "try key \"k\""]);
}
