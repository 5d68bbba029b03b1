//! Copying objects.

use serde_json::json;

use crate::world::{S3, aws, contents, done, planned, tag_count, version_ids, versioned};

#[test]
fn a_copy_keeps_metadata_and_tags_unless_they_are_replaced() {
    let mut server = S3.start();
    aws().create_bucket("copy-keep");
    let headers = [("content-type", "text/csv"), ("x-amz-meta-batch", "17"), ("x-amz-tagging", "team=data")];
    aws().put_object("copy-keep", "a ü+%.csv", &headers, "x,y");
    let copy = |key: &str| json!({"source_bucket": "copy-keep", "source_key": "a ü+%.csv", "bucket": "copy-keep", "key": key});
    let copied = done(&server.call("copy_object", copy("kept")));
    assert_eq!((&copied["uri"], &copied["size_bytes"]), (&json!("s3://copy-keep/kept"), &json!(3)));
    let head = aws().request("s3", "HEAD", "/copy-keep/kept", &[], &[], b"");
    assert_eq!(head.header("x-amz-meta-batch"), Some("17"));
    assert_eq!(tag_count("copy-keep", "kept"), 1);
    let mut other = copy("other");
    other["metadata"] = json!({"batch": "18"});
    other["tags"] = json!({});
    done(&server.call("copy_object", other));
    let head = aws().request("s3", "HEAD", "/copy-keep/other", &[], &[], b"");
    assert_eq!(head.header("x-amz-meta-batch"), Some("18"));
    assert_eq!(head.header("content-type"), Some("text/csv"));
    assert_eq!(tag_count("copy-keep", "other"), 0);
}

#[test]
fn what_exists_is_not_overwritten_without_being_told() {
    let mut server = S3.start();
    aws().create_bucket("copy-over");
    aws().put_objects("copy-over", ["from", "to"]);
    let mut copy =
        json!({"source_bucket": "copy-over", "source_key": "from", "bucket": "copy-over", "key": "to"});
    let refused = server.call("copy_object", copy.clone());
    assert!(refused.error().contains("s3://copy-over/to exists"), "{}", refused.error());
    assert_eq!(contents("copy-over", "to").unwrap(), "to");
    copy["overwrite"] = json!(true);
    let plan = planned(&mut server, "copy_object", copy.clone());
    assert!(plan.contains("copy 4 B of s3://copy-over/from over s3://copy-over/to (2 B"), "{plan}");
    assert!(plan.contains("its contents are lost"), "{plan}");
    done(&server.call("copy_object", copy));
    assert_eq!(contents("copy-over", "to").unwrap(), "from");
}

#[test]
fn a_version_and_its_etag_can_be_asked_for() {
    let mut server = S3.start();
    versioned("copy-version");
    aws().put_object("copy-version", "k", &[], "one");
    aws().put_object("copy-version", "k", &[], "two");
    let ids = version_ids(&mut server, "copy-version", "k");
    let copy = json!({"source_bucket": "copy-version", "source_key": "k", "source_version_id": ids[1],
                      "bucket": "copy-version", "key": "first"});
    done(&server.call("copy_object", copy.clone()));
    assert_eq!(contents("copy-version", "first").unwrap(), "one");
    let mut other = copy;
    other["key"] = json!("second");
    other["source_if_match"] = json!("0123");
    let refused = server.call("copy_object", other);
    assert!(
        refused.error().contains("has etag f97c5d29941bfb1b2fdab0874906ab82, not 0123"),
        "{}",
        refused.error()
    );
}

#[test]
fn what_cannot_be_copied_is_explained() {
    let mut server = S3.start();
    aws().create_bucket("copy-wrong");
    aws().put_object("copy-wrong", "k", &[], "x");
    aws().put_object("copy-wrong", "cold", &[("x-amz-storage-class", "GLACIER")], "x");
    for (source, key, why) in [
        ("nope", "new", "the source s3://copy-wrong/nope does not exist"),
        ("k", "k", "the source and the target are the same object"),
        ("cold", "new", "restore_object"),
    ] {
        let copy =
            json!({"source_bucket": "copy-wrong", "source_key": source, "bucket": "copy-wrong", "key": key});
        let answer = server.call("copy_object", copy);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
    let nowhere =
        json!({"source_bucket": "copy-wrong", "source_key": "k", "bucket": "copy-nowhere", "key": "k"});
    let answer = server.call("copy_object", nowhere);
    assert!(answer.error().contains("NoSuchBucket"), "{}", answer.error());
}

#[test]
fn copies_go_across_the_regions_that_are_allowed() {
    let abroad = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    aws().expect("s3", "PUT", "/copy-abroad", &[], abroad);
    aws().create_bucket("copy-home");
    aws().put_object("copy-home", "k", &[], "x");
    let out = json!({"source_bucket": "copy-home", "source_key": "k", "bucket": "copy-abroad", "key": "k"});
    let back =
        json!({"source_bucket": "copy-abroad", "source_key": "k", "bucket": "copy-home", "key": "back"});
    let mut both = S3.and(&["--allow-region", "us-east-1,eu-west-1"]).start();
    let copied = both.call("copy_object", out.clone());
    assert!(copied.ok().contains("it is in eu-west-1"), "{}", copied.ok());
    done(&both.call("copy_object", back.clone()));
    assert_eq!(contents("copy-home", "back").unwrap(), "x");
    let mut home = S3.start();
    for copy in [out, back] {
        let answer = home.call("copy_object", copy);
        assert!(answer.error().contains("--allow-region eu-west-1"), "{}", answer.error());
    }
}

#[test]
fn both_ends_are_held_to_the_allow_list() {
    let mut server = S3.and(&["--allow-arn", "arn:aws:s3:::copy-mine/*"]).start();
    for (from, to) in [("copy-mine", "copy-theirs"), ("copy-theirs", "copy-mine")] {
        let copy = json!({"source_bucket": from, "source_key": "k", "bucket": to, "key": "k"});
        let answer = server.call("copy_object", copy);
        assert!(answer.error().contains("on arn:aws:s3:::copy-theirs/k is outside"), "{}", answer.error());
    }
}
