//! A sync does what was confirmed: what changes between the comparison and its own step is left alone and named.

use std::fs;

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{Place, aws, done};

#[test]
fn a_local_file_that_was_edited_meanwhile_is_neither_replaced_nor_deleted() {
    let place = Place::new("sync-edited");
    for key in ["p/a", "p/b"] {
        place.put(key, "from the bucket");
    }
    place.write("down/b", "old");
    place.write("down/extra", "old");
    let (edited, extra) = (place.path("down/b"), place.path("down/extra"));
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "GetObject" && request.path().ends_with("/p/b") {
            fs::write(&edited, "edited by its owner").unwrap();
        }
        if request.operation() == "GetObject" && request.path().ends_with("/p/c") {
            fs::write(&extra, "edited by its owner").unwrap();
        }
        Response::HandOn
    });
    let mut server = place.server_at(&stub.endpoint());
    let call = json!({"direction": "download", "directory": "down", "bucket": place.bucket, "prefix": "p", "delete": true});
    let answer = done(&server.confirmed("sync", call.clone()));
    assert_eq!((&answer["downloaded"], &answer["failed"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!(answer["failures"][0]["path"], "b");
    assert!(answer["failures"][0]["why"].as_str().unwrap().contains("changed since the plan"), "{answer}");
    assert_eq!(place.read("down/b"), b"edited by its owner");
    assert_eq!(place.read("down/extra"), b"old", "nothing is deleted where something failed");

    // Now only `extra` is too many, and is edited while `c` comes.
    place.put("p/b", "edited by its owner");
    // It is not older than its object, even where a second begins between the two.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(place.path("down/b")).unwrap().set_modified(later).unwrap();
    place.put("p/c", "x");
    let answer = done(&server.confirmed("sync", call));
    assert_eq!(answer["deleted"], 0, "{answer}");
    assert!(answer["failures"].to_string().contains("extra"), "{answer}");
    assert_eq!(place.read("down/extra"), b"edited by its owner");
}

#[test]
fn an_object_that_was_written_meanwhile_is_not_deleted() {
    let place = Place::new("sync-written");
    for key in ["p/a", "p/b"] {
        place.put(key, "old");
    }
    place.write("tree/new", "x");
    let bucket = place.bucket.clone();
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "DeleteObjects" {
            aws().put_object(&bucket, "p/b", &[], "somebody's");
        }
        Response::HandOn
    });
    let mut server = place.server_at(&stub.endpoint());
    let call = json!({"direction": "upload", "directory": "tree", "bucket": place.bucket, "prefix": "p", "delete": true});
    let answer = done(&server.confirmed("sync", call));
    assert_eq!((&answer["uploaded"], &answer["deleted"]), (&json!(1), &json!(1)), "{answer}");
    assert!(answer["failures"].to_string().contains("p/b"), "{answer}");
    assert_eq!(place.object("p/b").unwrap(), b"somebody's");
    assert_eq!(place.object("p/a"), None);
    // Once for the plan that is shown and once for the one that is held to it.
    assert_eq!(stub.of("ListObjectsV2").len(), 2);
}

#[test]
fn a_file_that_was_edited_since_the_plan_is_not_uploaded() {
    let place = Place::new("sync-late");
    place.write("tree/a", "old");
    let edited = place.path("tree/a");
    let stub = Stub::before(aws(), move |request| {
        // Both sides are listed at the same time: what was seen here is what the plan says.
        if request.operation() == "DeleteObjects"
            || request.operation() == "ListObjectsV2" && request.nth == 2
        {
            std::thread::sleep(std::time::Duration::from_millis(300));
            fs::write(&edited, "edited by its owner").unwrap();
        }
        Response::HandOn
    });
    let mut server = place.server_at(&stub.endpoint());
    place.put("p/gone", "x");
    let call = json!({"direction": "upload", "directory": "tree", "bucket": place.bucket, "prefix": "p", "delete": true});
    let answer = server.confirmed("sync", call);
    assert!(answer.error().contains("changed since the plan"), "{}", answer.error());
    assert_eq!(place.object("p/a"), None);
    assert!(place.object("p/gone").is_some(), "nothing is deleted where something failed");
}

#[test]
fn what_was_transferred_is_told_where_nothing_may_be_deleted() {
    let place = Place::new("sync-denied");
    place.put("p/old", "old");
    place.write("tree/new", "x");
    let stub = Stub::before(aws(), |request| match request.operation() {
        "DeleteObjects" => Response::denied("s3:DeleteObject"),
        _ => Response::HandOn,
    });
    let mut server = place.server_at(&stub.endpoint());
    let call = json!({"direction": "upload", "directory": "tree", "bucket": place.bucket, "prefix": "p", "delete": true});
    let answer = server.confirmed("sync", call);
    answer.holds(&["\"uploaded\":1", "what was to be deleted was not, or not all"]);
    assert_eq!(place.object("p/new").unwrap(), b"x");
}
