//! What is done is what was confirmed: what changes between the plan and its step is left alone and named.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{S3, aws, contents, done, tag_count, version_ids, versioned};

#[test]
fn only_what_was_confirmed_is_deleted_and_only_as_it_was() {
    aws().create_bucket("del-moved");
    aws().put_objects("del-moved", ["p/a", "p/b", "p/c"]);
    let stub = Stub::before(aws(), |request| {
        if request.operation() == "DeleteObjects" {
            // Between the plan and the deed somebody writes, and somebody deletes.
            aws().put_object("del-moved", "p/b", &[], "new contents");
            aws().put_object("del-moved", "p/late", &[], "x");
            aws().expect("s3", "DELETE", "/del-moved/p/c", &[], "");
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let answer = server.confirmed("delete_objects", json!({"bucket": "del-moved", "prefix": "p/"}));
    let deleted = done(&answer);
    assert_eq!(
        (&deleted["deleted"], &deleted["failed"], &deleted["not_found"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(deleted["failures"][0]["key"], "p/b", "{deleted}");
    assert!(answer.text.contains("1 changed since the plan and were left as they are"), "{}", answer.text);
    assert_eq!(contents("del-moved", "p/a"), None);
    assert_eq!(contents("del-moved", "p/b").unwrap(), "new contents");
    assert_eq!(contents("del-moved", "p/late").unwrap(), "x", "nobody agreed to this one");
    // Once for the plan that is shown, once for the plan that is held to it; never for the deed.
    assert_eq!(stub.of("ListObjectsV2").len(), 2);
}

#[test]
fn an_object_that_changed_is_not_deleted_by_its_key() {
    aws().create_bucket("del-moved-key");
    aws().put_objects("del-moved-key", ["a", "odd\u{1}"]);
    let stub = Stub::before(aws(), |request| {
        match request.operation() {
            "DeleteObjects" => aws().put_object("del-moved-key", "a", &[], "new contents"),
            // XML cannot hold such a key: it goes alone.
            "DeleteObject" => aws().put_object("del-moved-key", "odd\u{1}", &[], "new contents"),
            _ => {}
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    for key in ["a", "odd\u{1}"] {
        let answer = server.confirmed("delete_objects", json!({"bucket": "del-moved-key", "keys": [key]}));
        assert!(
            answer.error().contains("it changed since the plan, and was left as it is"),
            "{}",
            answer.error()
        );
    }
    assert_eq!(contents("del-moved-key", "a").unwrap(), "new contents");
}

/// A local AWS that deletes, and whose first answer to that is lost.
fn forgetful(bucket: &'static str, then: fn()) -> Stub {
    Stub::before(aws(), move |request| match (request.operation(), request.nth) {
        ("DeleteObjects" | "DeleteObject", 1) => {
            for key in ["a", "b", "odd%01"] {
                aws().expect("s3", "DELETE", &format!("/{bucket}/{key}"), &[], "");
            }
            then();
            Response::HangUp
        }
        _ => Response::HandOn,
    })
}

#[test]
fn what_a_lost_try_removed_is_told_as_removed() {
    for (bucket, keys) in [
        ("lost-batch", json!(["a", "b"])),
        ("lost-single", json!(["odd\u{1}"])),
        ("lost-kept", json!(["a", "b"])),
    ] {
        if bucket == "lost-kept" {
            versioned(bucket);
        } else {
            aws().create_bucket(bucket);
        }
        aws().put_objects(bucket, ["a", "b", "odd\u{1}"]);
        let stub = forgetful(bucket, || {});
        let mut env = stub.env();
        env.push(("AWS_MAX_ATTEMPTS".to_owned(), "3".to_owned()));
        let mut server = S3.at(env).start();
        let count = keys.as_array().unwrap().len();
        let answer = server.confirmed("delete_objects", json!({"bucket": bucket, "keys": keys}));
        assert_eq!(done(&answer)["deleted"], count, "{}", answer.text);
        answer.lacks(&["changed since the plan"]);
    }
}

#[test]
fn what_came_up_after_a_lost_try_is_told_as_changed() {
    aws().create_bucket("lost-then-new");
    aws().put_objects("lost-then-new", ["a", "b"]);
    let stub = forgetful("lost-then-new", || aws().put_object("lost-then-new", "b", &[], "newer"));
    let mut env = stub.env();
    env.push(("AWS_MAX_ATTEMPTS".to_owned(), "3".to_owned()));
    let mut server = S3.at(env).start();
    let answer = server.confirmed("delete_objects", json!({"bucket": "lost-then-new", "keys": ["a", "b"]}));
    answer.holds(&["it changed since the plan, and was left as it is", "\"deleted\":1"]);
    assert_eq!(contents("lost-then-new", "b").unwrap(), "newer");
}

#[test]
fn a_store_without_conditions_is_told_of_none() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" => Response::new(200, "hello").with("etag", "\"e\""),
        "GetBucketVersioning" => Response::new(200, "<VersioningConfiguration/>"),
        _ if String::from_utf8_lossy(&request.body).contains("ETag") => {
            Response::s3_error(400, "MalformedXML", "The XML you provided was not well-formed")
        }
        _ => Response::new(200, "<DeleteResult/>"),
    });
    let mut server = S3.at(stub.env()).start();
    let answer = server.confirmed("delete_objects", json!({"bucket": "old-store", "keys": ["a"]}));
    assert_eq!(done(&answer)["deleted"], 1);
    assert!(answer.text.contains("this store takes no conditions"), "{}", answer.text);
    let sent = stub.of("DeleteObjects");
    assert_eq!(sent.len(), 2, "{sent:?}");
}

#[test]
fn what_changed_since_the_plan_does_not_move() {
    aws().create_bucket("move-moved");
    aws().put_objects("move-moved", ["old/a", "old/b", "old/c"]);
    let stub = Stub::before(aws(), |request| {
        match (request.operation(), request.nth, request.path()) {
            // The listing of the target, after that of the source, of the call that does it.
            ("ListObjectsV2", 4, _) => aws().put_object("move-moved", "old/b", &[], "new contents"),
            // Before its copy is made; the local AWS would overlook the condition that the copy carries.
            ("CopyObject", _, "/move-moved/new/c") => {
                aws().put_object("move-moved", "new/c", &[], "somebody's");
                return Response::s3_error(412, "PreconditionFailed", "there is such an object");
            }
            _ => {}
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let call = json!({"source_bucket": "move-moved", "source_prefix": "old/", "bucket": "move-moved", "prefix": "new/", "overwrite": true});
    let moved = done(&server.confirmed("move_object", call));
    assert_eq!((&moved["moved"], &moved["failed"]), (&json!(1), &json!(2)), "{moved}");
    let failures = moved["failures"].to_string();
    assert!(failures.contains("old/b changed since the plan"), "{failures}");
    assert!(failures.contains("new/c exists by now"), "{failures}");
    assert_eq!(contents("move-moved", "old/b").unwrap(), "new contents");
    assert_eq!(contents("move-moved", "new/b"), None);
    assert_eq!(contents("move-moved", "new/c").unwrap(), "somebody's");
    assert_eq!(contents("move-moved", "old/c").unwrap(), "old/c");
    assert_eq!(contents("move-moved", "new/a").unwrap(), "old/a");
}

#[test]
fn only_what_the_plan_saw_is_overwritten() {
    aws().create_bucket("put-moved");
    aws().put_objects("put-moved", ["from", "there"]);
    let stub = Stub::before(aws(), |request| match (request.operation(), request.header("if-match")) {
        // The local AWS overlooks the condition of a copy.
        ("PutObject" | "CopyObject", Some(_)) => Response::s3_error(412, "PreconditionFailed", "another"),
        _ => Response::HandOn,
    });
    let mut server = S3.at(stub.env()).start();
    let put = json!({"bucket": "put-moved", "key": "there", "text": "mine", "overwrite": true});
    let copy = json!({"source_bucket": "put-moved", "source_key": "from", "bucket": "put-moved", "key": "there", "overwrite": true});
    for (tool, call) in [("put_object", put), ("copy_object", copy)] {
        let refused = server.call(tool, call);
        refused.fails(&["s3://put-moved/there changed since the plan; nothing was written"]);
    }
    assert_eq!(contents("put-moved", "there").unwrap(), "there");
    // Where nothing was, nothing may be by then.
    server
        .call("put_object", json!({"bucket": "put-moved", "key": "new", "text": "mine", "overwrite": true}))
        .ok();
    assert_eq!(stub.of("PutObject").last().unwrap().header("if-none-match"), Some("*"));
}

#[test]
fn a_write_whose_answer_was_lost_is_not_told_as_none() {
    aws().create_bucket("put-lost");
    let stub = Stub::before(aws(), |request| match request.operation() {
        // As if an earlier attempt had come through.
        "PutObject" => {
            aws().put_object("put-lost", "k", &[], "mine");
            Response::s3_error(412, "PreconditionFailed", "there is such an object")
        }
        _ => Response::HandOn,
    });
    let mut server = S3.at(stub.env()).start();
    let put = |text: &str| json!({"bucket": "put-lost", "key": "k", "text": text});
    let written = server.call("put_object", put("mine"));
    written.holds(&["\"size_bytes\":4", "\"etag\":\"918b81db", "an earlier attempt of this call wrote them"]);
    aws().request("s3", "DELETE", "/put-lost/k", &[], &[], b"");
    server.call("put_object", put("other")).fails(&["s3://put-lost/k exists by now; nothing was written"]);
}

#[test]
fn a_store_without_conditional_writes_is_written_to_when_told() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" | "GetObject" => Response::s3_error(404, "NoSuchKey", "nothing is here"),
        _ if request.header("if-none-match").is_some() => Response::s3_error(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        ),
        _ => Response::new(200, "").with("etag", "\"e\""),
    });
    let mut server = S3.at(stub.env()).start();
    let put =
        |overwrite: bool| json!({"bucket": "old-store", "key": "k", "text": "x", "overwrite": overwrite});
    server.call("put_object", put(false)).fails(&["this store takes no conditions: overwrite: true"]);
    server.call("put_object", put(true)).holds(&["\"etag\":\"e\"", "this store takes no conditions"]);
}

#[test]
fn a_source_that_changed_since_the_plan_is_not_copied() {
    aws().create_bucket("copy-moved");
    aws().put_object("copy-moved", "from", &[], "one");
    let stub = Stub::before(aws(), |request| {
        // The plan looks at source and target; the third look is the deed's.
        if request.operation() == "HeadObject" && request.nth == 3 {
            aws().put_object("copy-moved", "from", &[], "another");
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let copy =
        json!({"source_bucket": "copy-moved", "source_key": "from", "bucket": "copy-moved", "key": "to"});
    server.call("copy_object", copy).fails(&["s3://copy-moved/from changed since the plan"]);
    assert_eq!(contents("copy-moved", "to"), None);
}

#[test]
fn an_object_that_changed_since_the_plan_is_not_restored() {
    aws().create_bucket("restore-moved");
    let cold = [("x-amz-storage-class", "GLACIER")];
    aws().put_object("restore-moved", "k", &cold, "one");
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "HeadObject" && request.nth == 2 {
            aws().put_object("restore-moved", "k", &cold, "another");
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let restore = json!({"bucket": "restore-moved", "key": "k", "days": 1});
    server.call("restore_object", restore.clone()).fails(&["changed since the plan; nothing was restored"]);
    assert!(stub.of("RestoreObject").is_empty());
    server.call("restore_object", restore).holds(&["restore started"]);
}

#[test]
fn tags_that_changed_since_the_plan_are_kept() {
    aws().create_bucket("tag-moved");
    aws().put_object("tag-moved", "k", &[], "x");
    let stub = Stub::before(aws(), |request| {
        if request.operation() == "GetObjectTagging" && request.nth == 2 {
            let tags = "<Tagging><TagSet><Tag><Key>theirs</Key><Value>1</Value></Tag></TagSet></Tagging>";
            aws().expect("s3", "PUT", "/tag-moved/k", &[("tagging", "")], tags);
        }
        Response::HandOn
    });
    let mut server = S3.at(stub.env()).start();
    let tag = json!({"bucket": "tag-moved", "key": "k", "set": {"mine": "1"}});
    server
        .call("tag_object", tag.clone())
        .fails(&["its tags changed since the plan; nothing was changed here"]);
    assert!(stub.of("PutObjectTagging").is_empty());
    server.call("tag_object", tag).ok();
    assert_eq!(tag_count("tag-moved", "k"), 2);
}

#[test]
fn a_version_comes_back_only_over_what_was_seen_and_markers_are_looked_for_once() {
    versioned("back-moved");
    for text in ["one", "two"] {
        aws().put_object("back-moved", "k", &[], text);
    }
    aws().put_objects("back-moved", ["gone"]);
    aws().request("s3", "DELETE", "/back-moved/gone", &[], &[], b"");
    let stub = Stub::before(aws(), |request| match request.operation() {
        "CopyObject" => Response::s3_error(412, "PreconditionFailed", "another"),
        _ => Response::HandOn,
    });
    let mut server = S3.at(stub.env()).start();
    let old = version_ids(&mut server, "back-moved", "k")[1].clone();
    let back = json!({"bucket": "back-moved", "keys": ["k"], "version_id": old});
    server.call("undelete_object", back).fails(&["changed since the plan; nothing was written"]);
    assert!(stub.of("CopyObject")[0].header("if-match").is_some());
    let before = stub.of("ListObjectVersions").len();
    let back = server.call("undelete_object", json!({"bucket": "back-moved", "prefix": "gone"}));
    assert_eq!(done(&back)["restored"], 1);
    assert_eq!(stub.of("ListObjectVersions").len(), before + 1, "the deed looks for nothing anew");
}
