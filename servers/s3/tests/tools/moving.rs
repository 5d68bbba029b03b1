//! Moving objects and prefixes.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{Place, S3, aws, contents, done, planned, versioned};

#[test]
fn an_object_moves_once_its_copy_is_verified() {
    let mut server = S3.start();
    aws().create_bucket("move-one");
    let headers = [("content-type", "text/csv"), ("x-amz-storage-class", "STANDARD_IA")];
    aws().put_object("move-one", "from", &headers, "x,y");
    let step = json!({"source_bucket": "move-one", "source_key": "from", "bucket": "move-one", "key": "to"});
    let plan = planned(&mut server, "move_object", step.clone());
    assert!(plan.contains("move 3 B of s3://move-one/from to s3://move-one/to (new)"), "{plan}");
    assert!(plan.contains("deleted for good once the copy is verified"), "{plan}");
    assert!(contents("move-one", "from").is_some());
    let moved = done(&server.call("move_object", step));
    assert!(moved["verified_by"].is_string(), "{moved}");
    assert_eq!(contents("move-one", "from"), None);
    let head = aws().request("s3", "HEAD", "/move-one/to", &[], &[], b"");
    assert_eq!(head.header("x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(head.header("content-type"), Some("text/csv"));
}

#[test]
fn with_versioning_the_source_stays_below_a_delete_marker() {
    let mut server = S3.start();
    versioned("move-versions");
    aws().put_object("move-versions", "from", &[], "x");
    let step = json!({"source_bucket": "move-versions", "source_key": "from", "bucket": "move-versions", "key": "to"});
    let plan = planned(&mut server, "move_object", step.clone());
    assert!(plan.contains("gets a delete marker"), "{plan}");
    done(&server.call("move_object", step));
    done(&server.call("undelete_object", json!({"bucket": "move-versions", "keys": ["from"]})));
    assert_eq!(contents("move-versions", "from").unwrap(), "x");
}

#[test]
fn a_prefix_moves_after_its_plan_is_confirmed() {
    let mut server = S3.start();
    aws().create_bucket("move-prefix");
    aws().put_objects("move-prefix", ["old/a", "old/b/c", "older"]);
    let step = json!({"source_bucket": "move-prefix", "source_prefix": "old/", "bucket": "move-prefix", "prefix": "new/"});
    let plan = server.call("move_object", step.clone());
    assert!(
        plan.ok().contains("move 2 objects (12 B) from s3://move-prefix/old/ to s3://move-prefix/new/"),
        "{}",
        plan.ok()
    );
    assert!(plan.ok().contains("old/b/c\tnew/b/c\t7"), "{}", plan.ok());
    let moved = done(&server.confirmed("move_object", step));
    assert_eq!(moved, json!({"uri": "s3://move-prefix/new/", "moved": 2, "size_bytes": 12}));
    assert_eq!(contents("move-prefix", "new/b/c").unwrap(), "old/b/c");
    assert_eq!(contents("move-prefix", "old/a"), None);
    assert_eq!(contents("move-prefix", "older").unwrap(), "older");
}

#[test]
fn a_prefix_does_not_move_over_what_is_there() {
    let mut server = S3.start();
    aws().create_bucket("move-taken");
    aws().put_objects("move-taken", ["old/a", "old/b", "new/b"]);
    let mut step = json!({"source_bucket": "move-taken", "source_prefix": "old/", "bucket": "move-taken", "prefix": "new/"});
    let refused = server.call("move_object", step.clone());
    assert!(
        refused.error().contains("1 of the 2 keys exist already in move-taken, such as new/b"),
        "{}",
        refused.error()
    );
    step["overwrite"] = json!(true);
    let plan = server.call("move_object", step.clone());
    assert!(plan.ok().contains("1 objects are overwritten"), "{}", plan.ok());
    done(&server.confirmed("move_object", step));
    assert_eq!(contents("move-taken", "new/b").unwrap(), "old/b");
}

#[test]
fn some_that_cannot_move_are_named_and_stay() {
    let mut server = S3.start();
    aws().create_bucket("move-some");
    aws().put_object("move-some", "old/a", &[], "x");
    aws().put_object("move-some", "old/cold", &[("x-amz-storage-class", "GLACIER")], "x");
    let step = json!({"source_bucket": "move-some", "source_prefix": "old/", "bucket": "move-some", "prefix": "new/"});
    let answer = server.confirmed("move_object", step.clone());
    let moved = done(&answer);
    assert_eq!((&moved["moved"], &moved["failed"]), (&json!(1), &json!(1)));
    assert_eq!(moved["failures"][0]["key"], "old/cold");
    assert!(answer.ok().contains("1 of 2 were not moved"), "{}", answer.ok());
    let none = server.confirmed("move_object", step);
    assert!(
        none.error().contains("none of 1 was moved; the first, old/cold: the source"),
        "{}",
        none.error()
    );
}

#[test]
fn what_cannot_move_is_explained() {
    let mut server = S3.start();
    aws().create_bucket("move-wrong");
    aws().put_objects("move-wrong", ["k"]);
    for (more, why) in [
        (json!({"source_key": "k"}), "give source_key and key, or source_prefix and prefix"),
        (json!({"source_key": "k", "key": "k"}), "the same object"),
        (json!({"source_prefix": "k", "prefix": "k"}), "the same prefix"),
        (json!({"source_prefix": "nothing/", "prefix": "k"}), "nothing lies under"),
        (json!({"source_key": "nope", "key": "k2"}), "does not exist"),
    ] {
        let mut input = json!({"source_bucket": "move-wrong", "bucket": "move-wrong"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call("move_object", input);
        assert!(answer.error().contains(why), "{}", answer.error());
    }
}

#[test]
fn prefixes_that_overlap_are_not_moved_into_each_other() {
    let mut server = S3.start();
    aws().create_bucket("move-overlap");
    aws().put_objects("move-overlap", ["n/1", "n/11", "n/111"]);
    let step = json!({"source_bucket": "move-overlap", "source_prefix": "n/1", "bucket": "move-overlap", "prefix": "n/11", "overwrite": true});
    server.call("move_object", step).fails(&["the prefixes overlap", "n/1 would go to n/11"]);
    for key in ["n/1", "n/11", "n/111"] {
        assert_eq!(contents("move-overlap", key).unwrap(), key);
    }
}

#[test]
fn a_key_that_names_a_folder_is_no_target() {
    let mut server = S3.start();
    aws().create_bucket("move-folder");
    aws().put_objects("move-folder", ["tars/1.tar"]);
    let step = json!({"source_bucket": "move-folder", "source_key": "tars/1.tar", "bucket": "move-folder", "key": "archive/"});
    for tool in ["move_object", "copy_object"] {
        server.call(tool, step.clone()).fails(&["names a folder", "archive/1.tar"]);
    }
    assert!(contents("move-folder", "tars/1.tar").is_some());
}

#[test]
fn a_folder_moves_to_the_top_without_its_marker() {
    let mut server = S3.start();
    aws().create_bucket("move-marker");
    aws().put_object("move-marker", "old/", &[], "");
    aws().put_objects("move-marker", ["old/a"]);
    let step = json!({"source_bucket": "move-marker", "source_prefix": "old/", "bucket": "move-marker", "prefix": ""});
    let moved = server.confirmed("move_object", step);
    assert_eq!(done(&moved)["moved"], 1);
    moved.holds(&["old/ itself stays"]);
    assert_eq!(contents("move-marker", "a").unwrap(), "old/a");
}

#[test]
fn what_would_be_hidden_as_a_folder_is_not_written() {
    let place = Place::new("no-folder");
    let mut server = place.server_allowing("write,reveal", &[]);
    let at = |more: serde_json::Value| {
        let mut call = json!({"bucket": "no-folder", "key": "notes/"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    server.call("put_object", at(json!({"text": "x"}))).fails(&["names a folder", "notes/notes.txt"]);
    server.call("presign_upload", at(json!({}))).fails(&["names a folder", "notes/report.pdf"]);
    // An empty one is a folder's marker, and a form takes any name below.
    server.call("put_object", at(json!({"text": ""}))).ok();
    server.confirmed("presign_upload", at(json!({"method": "POST"}))).ok();
}

#[test]
fn a_source_that_a_lost_try_deleted_is_told_as_moved() {
    let place = Place::new("moved-lost");
    for key in ["a/1", "a/2"] {
        place.put(key, key);
    }
    let stub = Stub::before(aws(), |request| match (request.operation(), request.nth) {
        ("DeleteObject", 1) => {
            aws().expect("s3", "DELETE", request.path(), &[], "");
            Response::HangUp
        }
        _ => Response::HandOn,
    });
    let endpoint = stub.endpoint();
    let mut server = place.server_with(&[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "3")]);
    let step =
        json!({"source_bucket": "moved-lost", "source_prefix": "a/", "bucket": "moved-lost", "prefix": "b/"});
    let moved = server.confirmed("move_object", step);
    moved.holds(&["\"moved\":2"]).lacks(&["both exist", "were not moved"]);
    assert_eq!(
        (contents("moved-lost", "a/1"), contents("moved-lost", "b/1").as_deref()),
        (None, Some("a/1"))
    );
}

#[test]
fn a_bucket_is_the_same_by_its_name_and_by_its_arn() {
    let mut server = S3.start();
    aws().create_bucket("move-arn");
    aws().put_objects("move-arn", ["n/1", "n/11", "n/111"]);
    let arn = "arn:aws:s3:::move-arn";
    for (from, to) in [(arn, "move-arn"), ("move-arn", arn)] {
        let itself = json!({"source_bucket": from, "source_key": "n/1", "bucket": to, "key": "n/1", "overwrite": true});
        server.call("move_object", itself).fails(&["the source and the target are the same object"]);
        let over = json!({"source_bucket": from, "source_prefix": "n/1", "bucket": to, "prefix": "n/11", "overwrite": true});
        server.call("move_object", over).fails(&["the prefixes overlap"]);
    }
    for key in ["n/1", "n/11", "n/111"] {
        assert_eq!(contents("move-arn", key).as_deref(), Some(key));
    }
}

#[test]
fn what_lies_behind_an_access_point_may_be_the_source_itself() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" => Response::new(200, "")
            .with("etag", "\"e\"")
            .with("last-modified", "Sun, 22 Nov 2026 10:00:00 GMT"),
        "ListObjectsV2" => Response::objects(&["n/1".to_owned(), "n/11".to_owned()], None),
        _ => Response::s3_error(500, "InternalError", "nothing else should be asked"),
    });
    let mut server = S3.at(stub.env()).start();
    let point = "my-point-abcdef-s3alias";
    for (from, to) in [("plain", point), (point, "plain")] {
        let itself =
            json!({"source_bucket": from, "source_key": "k", "bucket": to, "key": "k", "overwrite": true});
        server
            .call("move_object", itself)
            .fails(&["may be the same object", "give both buckets by their names"]);
        let over = json!({"source_bucket": from, "source_prefix": "n/1", "bucket": to, "prefix": "n/11", "overwrite": true});
        server
            .call("move_object", over)
            .fails(&["the prefixes may overlap", "give both buckets by their names"]);
    }
    assert!(stub.of("CopyObject").is_empty() && stub.of("DeleteObject").is_empty());
}

#[test]
fn a_copy_whose_answer_was_lost_goes_on_where_it_is_there() {
    aws().create_bucket("move-lost");
    aws().put_objects("move-lost", ["from"]);
    let stub = Stub::before(aws(), |request| match (request.operation(), request.nth) {
        ("CopyObject", 1 | 3) => {
            let key = request.path().rsplit('/').next().unwrap();
            aws().put_object("move-lost", key, &[], "from");
            Response::HangUp
        }
        ("CopyObject", _) => Response::s3_error(412, "PreconditionFailed", "there is such an object"),
        _ => Response::HandOn,
    });
    let mut server = S3.at(stub.env()).set("AWS_MAX_ATTEMPTS", "3").start();
    let step = |key: &str| json!({"source_bucket": "move-lost", "source_key": "from", "bucket": "move-lost", "key": key});
    let copied = server.call("copy_object", step("copied"));
    copied.holds(&["\"uri\":\"s3://move-lost/copied\"", "an earlier attempt of this call wrote them"]);
    assert!(done(&server.call("move_object", step("moved")))["verified_by"].is_string());
    assert_eq!(contents("move-lost", "from"), None);
    assert_eq!(contents("move-lost", "moved").as_deref(), Some("from"));
}

#[test]
fn a_source_stays_where_somebody_else_wrote_its_copy() {
    aws().create_bucket("move-theirs");
    aws().put_objects("move-theirs", ["from"]);
    let stub = Stub::before(aws(), |request| match request.operation() {
        "CopyObject" => {
            aws().put_object("move-theirs", "to", &[], "from");
            Response::s3_error(412, "PreconditionFailed", "there is such an object")
        }
        _ => Response::HandOn,
    });
    let mut server = S3.at(stub.env()).start();
    let step =
        json!({"source_bucket": "move-theirs", "source_key": "from", "bucket": "move-theirs", "key": "to"});
    server.call("move_object", step).fails(&["exists by now, with the same contents", "the source stays"]);
    assert_eq!(contents("move-theirs", "from").as_deref(), Some("from"));
}

#[test]
fn what_a_copy_does_not_bring_along_is_told_and_a_redirect_is_given_again() {
    let key = "arn:aws:kms:us-east-1:123456789012:key/k1";
    let stub = Stub::start(move |request| match (request.operation(), request.path()) {
        ("HeadObject", "/loaded/from") => Response::new(200, "")
            .with("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")
            .with("expires", "never")
            .with("x-amz-website-redirect-location", "/elsewhere")
            .with("x-amz-object-lock-mode", "GOVERNANCE")
            .with("x-amz-object-lock-retain-until-date", "2099-01-01T00:00:00.000Z")
            .with("x-amz-object-lock-legal-hold", "ON")
            .with("x-amz-server-side-encryption", "aws:kms")
            .with("x-amz-server-side-encryption-aws-kms-key-id", key),
        ("HeadObject" | "GetObject", _) => Response::s3_error(404, "NoSuchKey", "nothing is here"),
        ("CopyObject", _) => {
            Response::new(200, "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>")
                .with("content-type", "application/xml")
        }
        _ => Response::s3_error(500, "InternalError", "nothing else should be asked"),
    });
    let mut server = S3.at(stub.env()).start();
    let step = json!({"source_bucket": "loaded", "source_key": "from", "bucket": "loaded", "key": "to"});
    for tool in ["copy_object", "move_object"] {
        let plan = server.plan(tool, step.clone());
        plan.holds(&[
            "retention (GOVERNANCE until 2099-01-01T00:00:00Z)",
            "legal hold",
            "the KMS key arn:aws:kms",
        ]);
        plan.lacks(&["Expires"]);
    }
    let replaced = json!({"source_bucket": "loaded", "source_key": "from", "bucket": "loaded", "key": "to", "content_type": "text/plain"});
    server.plan("copy_object", replaced).holds(&["Expires header, \"never\", is no date"]);
    server.call("copy_object", step).ok();
    let sent = stub.of("CopyObject");
    assert_eq!(sent[0].header("x-amz-website-redirect-location"), Some("/elsewhere"));
}
