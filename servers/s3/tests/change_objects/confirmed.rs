//! What is done is what was confirmed: what changes between the plan and its step is left alone and named.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::aws::{aws, contents, done, start};

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
    let mut server = start(&[], stub.env());
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
    let mut server = start(&[], stub.env());
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
    let mut server = start(&[], stub.env());
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
    let mut server = start(&[], stub.env());
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
