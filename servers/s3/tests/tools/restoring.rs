//! Making archived objects readable.

use serde_json::json;

use crate::world::{S3, aws, done, planned};

#[test]
fn an_archived_object_is_restored_once() {
    let mut server = S3.start();
    aws().create_bucket("restore-one");
    aws().put_object("restore-one", "cold", &[("x-amz-storage-class", "GLACIER")], "x");
    let restore = json!({"bucket": "restore-one", "key": "cold", "days": 3, "tier": "bulk"});
    let plan = planned(&mut server, "restore_object", restore.clone());
    assert!(plan.contains("restore s3://restore-one/cold (1 B) for 3 days"), "{plan}");
    assert!(plan.contains("5 to 12 h"), "{plan}");
    let started = done(&server.call("restore_object", restore));
    assert!(started["outcome"].as_str().unwrap().starts_with("restore started"), "{started}");
    let again = server.call("restore_object", json!({"bucket": "restore-one", "key": "cold", "days": 3}));
    assert!(again.error().contains("already being restored"), "{}", again.error());
}

#[test]
fn what_needs_no_restore_says_so() {
    let mut server = S3.start();
    aws().create_bucket("restore-none");
    aws().put_object("restore-none", "warm", &[], "x");
    aws().put_object("restore-none", "cold", &[("x-amz-storage-class", "DEEP_ARCHIVE")], "x");
    for (more, why) in [
        (json!({"key": "warm", "days": 1}), "not archived: it is in STANDARD"),
        (json!({"key": "nope", "days": 1}), "does not exist"),
        (json!({"key": "cold"}), "`days` is missing"),
        (json!({"key": "cold", "days": 1, "tier": "expedited"}), "no expedited tier"),
        (json!({"key": "cold", "days": 0}), "at least 1"),
    ] {
        let mut input = json!({"bucket": "restore-none"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call("restore_object", input);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
}
