//! Bringing back what was deleted or overwritten.

use serde_json::json;

use crate::world::{S3, aws, contents, done, planned, version_ids, versioned};

#[test]
fn what_was_deleted_comes_back() {
    let mut server = S3.start();
    versioned("back-keys");
    aws().put_objects("back-keys", ["a", "b", "kept"]);
    // Deleted twice: two markers lie on top.
    for _ in 0..2 {
        aws().request("s3", "DELETE", "/back-keys/a", &[], &[], b"");
    }
    aws().request("s3", "DELETE", "/back-keys/b", &[], &[], b"");
    let call = json!({"bucket": "back-keys", "keys": ["a", "b", "kept", "never"]});
    let plan = planned(&mut server, "undelete_object", call.clone());
    assert!(plan.contains("bring back 2 objects (2 B) of back-keys by removing 3 delete markers"), "{plan}");
    assert!(plan.contains("kept is not deleted") && plan.contains("never has no versions"), "{plan}");
    assert_eq!(contents("back-keys", "a"), None);
    assert_eq!(done(&server.call("undelete_object", call.clone())), json!({"restored": 2}));
    assert_eq!(contents("back-keys", "a").unwrap(), "a");
    let again = server.call("undelete_object", call);
    assert!(again.error().contains("none of 4 keys comes back"), "{}", again.error());
}

#[test]
fn a_prefix_comes_back_as_far_as_it_was_deleted_since() {
    let mut server = S3.start();
    versioned("back-prefix");
    aws().put_objects("back-prefix", ["logs/a", "logs/b", "other"]);
    server.confirmed("delete_objects", json!({"bucket": "back-prefix", "prefix": ""})).ok();
    let late = json!({"bucket": "back-prefix", "prefix": "logs/", "deleted_after": "2100-01-01"});
    let answer = server.call("undelete_object", late);
    assert!(answer.error().contains("nothing deleted was found"), "{}", answer.error());
    let back = json!({"bucket": "back-prefix", "prefix": "logs/", "deleted_after": "-1h"});
    assert_eq!(done(&server.call("undelete_object", back)), json!({"restored": 2}));
    assert_eq!(contents("back-prefix", "logs/b").unwrap(), "logs/b");
    assert_eq!(contents("back-prefix", "other"), None);
}

#[test]
fn an_older_version_is_put_on_top() {
    let mut server = S3.start();
    versioned("back-version");
    aws().put_object("back-version", "k", &[("x-amz-meta-n", "1")], "one");
    aws().put_object("back-version", "k", &[], "two");
    let ids = version_ids(&mut server, "back-version", "k");
    let back = |id: &str| json!({"bucket": "back-version", "keys": ["k"], "version_id": id});
    let plan = planned(&mut server, "undelete_object", back(&ids[1]));
    assert!(plan.contains(&format!("keeps it as version {}", ids[0])), "{plan}");
    let now = server.call("undelete_object", back(&ids[0]));
    assert!(now.error().contains("is what is at s3://back-version/k now"), "{}", now.error());
    done(&server.call("undelete_object", back(&ids[1])));
    assert_eq!(contents("back-version", "k").unwrap(), "one");
    let head = aws().request("s3", "HEAD", "/back-version/k", &[], &[], b"");
    assert_eq!(head.header("x-amz-meta-n"), Some("1"));
    assert_eq!(version_ids(&mut server, "back-version", "k").len(), 3);
}

#[test]
fn what_cannot_come_back_is_explained() {
    let mut server = S3.start();
    aws().create_bucket("back-plain");
    aws().put_objects("back-plain", ["k"]);
    for (more, why) in [
        (json!({}), "give `keys` or `prefix`"),
        (json!({"prefix": "a", "keys": ["k"]}), "give `keys` or `prefix`"),
        (json!({"keys": ["a", "b"], "version_id": "v"}), "exactly one key"),
        (json!({"keys": ["k"], "version_id": "v"}), "does not exist"),
        (json!({"prefix": ""}), "without versioning what is deleted is gone"),
    ] {
        let mut input = json!({"bucket": "back-plain"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call("undelete_object", input);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
}
