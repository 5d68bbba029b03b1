//! Making directories and prefixes alike.

use std::time::Duration;

use awsmcp_testing::{Response, Stub};
use serde_json::{Value, json};

use crate::world::{Place, aws, bytes, done};

fn upload(place: &Place) -> Value {
    json!({"direction": "upload", "directory": "tree", "bucket": place.bucket, "prefix": "p"})
}

fn download(place: &Place) -> Value {
    json!({"direction": "download", "directory": "down", "bucket": place.bucket, "prefix": "p"})
}

fn with(mut call: Value, name: &str, value: Value) -> Value {
    call[name] = value;
    call
}

#[test]
fn a_directory_goes_up_and_comes_down() {
    let place = Place::new("sync-both");
    place.write("tree/a.txt", "a");
    place.write("tree/deep/er/b.csv", "b,c");
    place.write("tree/big.bin", bytes(9 << 20));
    let mut server = place.server();
    let plan = server.call("sync", with(upload(&place), "dry_run", json!(true)));
    assert!(
        plan.ok().contains("would upload 3 files (9.0 MiB) from tree to s3://sync-both/p/"),
        "{}",
        plan.text
    );
    assert!(plan.text.contains("upload\tdeep/er/b.csv\t3"), "{}", plan.text);
    assert_eq!(place.object("p/a.txt"), None);

    let answer = done(&server.call("sync", upload(&place)));
    assert_eq!((&answer["uploaded"], &answer["unchanged"]), (&json!(3), &json!(0)));
    assert_eq!(place.object("p/deep/er/b.csv").unwrap(), b"b,c");
    let answer = done(&server.call("sync", upload(&place)));
    assert_eq!((&answer["uploaded"], &answer["unchanged"]), (&json!(0), &json!(3)));

    let answer = done(&server.call("sync", download(&place)));
    assert_eq!(answer["downloaded"], 3);
    assert_eq!(place.read("down/big.bin"), bytes(9 << 20));
    let answer = done(&server.call("sync", download(&place)));
    assert_eq!((&answer["downloaded"], &answer["unchanged"]), (&json!(0), &json!(3)));
    assert_eq!(place.names("down"), ["a.txt", "big.bin", "deep"]);
}

#[test]
fn only_what_changed_is_transferred() {
    let place = Place::new("sync-changed");
    for name in ["same", "longer", "touched"] {
        place.write(&format!("tree/{name}"), "1");
    }
    let mut server = place.server();
    done(&server.call("sync", upload(&place)));
    std::thread::sleep(Duration::from_millis(1100));
    place.write("tree/longer", "12");
    place.write("tree/touched", "2");
    let answer = done(&server.call("sync", upload(&place)));
    assert_eq!((&answer["uploaded"], &answer["transferred_bytes"]), (&json!(2), &json!(3)));
    assert_eq!(place.object("p/touched").unwrap(), b"2");
}

#[test]
fn exactly_means_by_contents() {
    let place = Place::new("sync-exact");
    for name in ["same", "other"] {
        place.write(&format!("tree/{name}"), "1");
    }
    place.write("tree/big.bin", bytes(9 << 20));
    let mut server = place.server();
    done(&server.call("sync", upload(&place)));
    // Older and as long, and still not the same.
    let old = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    place.write("tree/other", "2");
    std::fs::File::options().write(true).open(place.path("tree/other")).unwrap().set_modified(old).unwrap();
    let answer = done(&server.call("sync", upload(&place)));
    assert_eq!(answer["uploaded"], 0);
    let answer = done(&server.call("sync", with(upload(&place), "exact", json!(true))));
    assert_eq!((&answer["uploaded"], &answer["unchanged"]), (&json!(1), &json!(2)), "{answer}");
    assert_eq!(place.object("p/other").unwrap(), b"2");
}

#[test]
fn globs_choose_on_both_sides() {
    let place = Place::new("sync-globs");
    for name in ["a.csv", "b.txt", "tmp/c.csv", "d/e.csv"] {
        place.write(&format!("tree/{name}"), "x");
    }
    place.put("p/keep.txt", "not meant, so not deleted");
    let mut server = place.server();
    let call = with(with(upload(&place), "include", json!(["*.csv"])), "exclude", json!(["tmp/**"]));
    let answer = done(&server.call("sync", with(call, "delete", json!(true))));
    assert_eq!(answer["uploaded"], 2, "{answer}");
    assert!(place.object("p/d/e.csv").is_some() && place.object("p/tmp/c.csv").is_none());
    assert!(place.object("p/keep.txt").is_some());
    let wrong = server.call("sync", with(upload(&place), "include", json!(["a["])));
    assert!(wrong.error().contains("*.csv"), "{}", wrong.text);
}

#[test]
fn deleting_asks_and_is_bound_to_what_was_seen() {
    let place = Place::new("sync-delete");
    place.write("tree/a", "a");
    place.put("p/old", "old");
    place.put("other/old", "not below the prefix");
    let mut server = place.server();
    let call = with(upload(&place), "delete", json!(true));
    let plan = server.call("sync", call.clone());
    assert!(
        plan.ok().contains("delete 1 objects (3 B)") && plan.text.contains("delete\told\t3"),
        "{}",
        plan.text
    );
    assert!(place.object("p/old").is_some() && place.object("p/a").is_none());
    let token = plan.token().to_owned();
    place.put("p/newer", "somebody's");
    let moved = server.call("sync", with(call.clone(), "confirm", json!(token)));
    assert!(moved.ok().contains("things have changed"), "{}", moved.text);
    let answer = done(&server.confirmed("sync", call));
    assert_eq!((&answer["uploaded"], &answer["deleted"]), (&json!(1), &json!(2)));
    assert!(place.object("p/old").is_none() && place.object("other/old").is_some());

    place.write("down/mine", "mine");
    let answer = done(&server.confirmed("sync", with(download(&place), "delete", json!(true))));
    assert_eq!((&answer["downloaded"], &answer["deleted"]), (&json!(1), &json!(1)));
    assert_eq!(place.names("down"), ["a"]);
}

#[test]
fn deleting_needs_leave_to_destroy_in_the_plan_already() {
    let place = Place::new("sync-write-only");
    place.write("tree/a", "a");
    place.write("down/mine", "mine");
    place.put("p/old", "old");
    let mut server = place.server_allowing("write", &[]);
    for call in [upload(&place), download(&place)] {
        let delete = with(call, "delete", json!(true));
        for call in [with(delete.clone(), "dry_run", json!(true)), delete] {
            let refused = server.call("sync", call);
            assert!(refused.error().contains("it needs --allow destroy"), "{}", refused.text);
            assert!(refused.text.contains("only the operator can turn it on"), "{}", refused.text);
        }
    }
    assert!(place.object("p/old").is_some() && place.object("p/a").is_none());
    assert_eq!(done(&server.call("sync", upload(&place)))["uploaded"], 1);
}

#[test]
fn an_empty_source_is_warned_of() {
    let place = Place::new("sync-empty");
    std::fs::create_dir(place.path("tree")).unwrap();
    place.put("p/a", "a");
    let plan = place.server().call("sync", with(upload(&place), "delete", json!(true)));
    assert!(
        plan.ok().contains("tree is empty: everything in s3://sync-empty/p/ would be deleted"),
        "{}",
        plan.text
    );
}

#[test]
fn keys_that_would_leave_the_directory_are_refused_and_told() {
    let place = Place::new("sync-keys");
    for key in ["p/../../escape", "p/a/../../../escape", "p//abs", "p/./dot", "p/ok", "p/folder/"] {
        place.put(key, "x");
    }
    let mut server = place.server();
    let answer = done(&server.call("sync", download(&place)));
    assert_eq!(answer["downloaded"], 1, "{answer}");
    let refused: Vec<&str> =
        answer["refused"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(refused.len() >= 3 && refused.contains(&"p//abs"), "{answer}");
    assert_eq!(place.names("down"), ["ok"]);
    assert_eq!(place.names("."), ["down"]);
    let above = place.dir.path().parent().unwrap();
    assert!(!above.join("escape").exists() && !above.parent().unwrap().join("escape").exists());
}

#[test]
fn links_out_of_the_directory_are_neither_followed_nor_deleted_for() {
    let place = Place::new("sync-links");
    let outside = tempfile::TempDir::new().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    place.write("tree/a", "a");
    std::os::unix::fs::symlink(outside.path().join("secret"), place.path("tree/link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path("tree/dir")).unwrap();
    place.put("p/link", "there already");
    place.put("p/dir/x", "there already");
    let mut server = place.server();
    let answer = done(&server.call("sync", with(upload(&place), "delete", json!(true))));
    assert_eq!(answer["uploaded"], 1);
    assert_eq!(answer["refused"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(place.object("p/link").unwrap(), b"there already");
    assert!(place.object("p/dir/x").is_some() && place.object("p/dir/secret").is_none());

    // And on the way down: a link in the tree is not written through.
    std::fs::create_dir(place.path("down")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path("down/dir")).unwrap();
    let answer = done(&server.call("sync", download(&place)));
    assert_eq!(answer["failed"], 1, "{answer}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn what_fails_is_listed_and_the_rest_arrives() {
    let place = Place::new("sync-fails");
    let outside = tempfile::TempDir::new().unwrap();
    place.put("p/x", "a file");
    place.put("p/dir/y", "in a folder that leads elsewhere");
    place.put("p/z", "z");
    place.write("down/gone", "kept, because not all arrived");
    std::os::unix::fs::symlink(outside.path(), place.path("down/dir")).unwrap();
    let mut server = place.server();
    let answer = server.confirmed("sync", with(download(&place), "delete", json!(true)));
    let report = done(&answer);
    assert_eq!((&report["downloaded"], &report["failed"]), (&json!(2), &json!(1)), "{report}");
    assert!(answer.text.contains("nothing was deleted"), "{}", answer.text);
    assert!(place.path("down/gone").exists());
    let missing = server.call("sync", with(upload(&place), "directory", json!("none")));
    assert!(missing.error().contains("there is no "), "{}", missing.text);
    let bucket = server.call("sync", with(download(&place), "bucket", json!("sync-nowhere")));
    assert!(bucket.error().contains("NoSuchBucket"), "{}", bucket.text);
    let direction = server.call("sync", with(download(&place), "direction", json!("up")));
    assert!(direction.error().contains("upload, download"), "{}", direction.text);
}

#[test]
fn a_folder_that_was_not_looked_into_protects_what_is_below_it() {
    let (place, elsewhere) = (Place::new("sync-linked"), tempfile::TempDir::new().unwrap());
    place.write("d/a.csv", "x");
    std::fs::write(elsewhere.path().join("x.csv"), "x").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), place.path("d/data")).unwrap();
    for key in ["s/a.csv", "s/data/x.csv", "s/gone.csv"] {
        place.put(key, "x");
    }
    let mut server = place.server();
    let call = json!({"direction": "upload", "directory": "d", "bucket": "sync-linked", "prefix": "s", "delete": true,
        "include": ["*.csv"]});
    server.call("sync", call.clone()).holds(&["delete 1 objects", "data is left out"]);
    server.confirmed("sync", call).ok();
    assert!(place.object("s/data/x.csv").is_some());
    assert_eq!(place.object("s/gone.csv"), None);
}

#[test]
fn what_has_no_place_on_the_other_side_is_named_and_the_rest_is_done() {
    let place = Place::new("sync-odd");
    place.write("up/a", "x");
    for key in ["s/a", "s/x//y", "t/a", "t/b/c", "t/b"] {
        place.put(key, "x");
    }
    let mut server = place.server();
    let up = json!({"direction": "upload", "directory": "up", "bucket": "sync-odd", "prefix": "s"});
    server.call("sync", up).holds(&["s/x//y"]);
    let down = json!({"direction": "download", "directory": "down", "bucket": "sync-odd", "prefix": "t"});
    let answer = server.call("sync", down);
    answer.holds(&["\"downloaded\":2", "other keys make a folder of it"]);
    assert_eq!(place.names("down"), ["a", "b"]);
    assert_eq!(place.read("down/b/c"), b"x");
}

#[test]
fn a_folder_that_cannot_be_read_is_left_out_and_protected() {
    let place = Place::new("sync-closed");
    place.write("d/a", "x");
    place.write("d/closed/b", "x");
    place.put("s/closed/b", "there already");
    place.put("s/gone", "x");
    let closed = place.path("d/closed");
    let mode = |mode: u32| {
        std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    // Where there is nothing to read it with: it can be opened all the same.
    mode(0o300);
    let mut server = place.server_of_no_privilege();
    let call = with(
        json!({"direction": "upload", "directory": "d", "bucket": "sync-closed", "prefix": "s"}),
        "delete",
        json!(true),
    );
    server.call("sync", call.clone()).holds(&[
        "upload 1 files",
        "delete 1 objects",
        "closed is left out: it cannot be read",
    ]);
    let answer = done(&server.confirmed("sync", call));
    mode(0o700);
    assert_eq!((&answer["uploaded"], &answer["deleted"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!(place.object("s/closed/b").unwrap(), b"there already");
}

#[test]
fn a_prefix_becomes_like_another_with_the_same_protections() {
    let place = Place::new("sync-copy");
    aws().create_bucket("sync-copy-to");
    for key in ["from/a", "from/deep/b", "from/odd//c", "from/x.log"] {
        place.put(key, format!("contents of {key}"));
    }
    let there = |key: &str| {
        let reply = aws().request("s3", "GET", &format!("/sync-copy-to/{key}"), &[], &[], b"");
        (reply.status == 200).then(|| reply.text().to_string())
    };
    aws().put_object("sync-copy-to", "to/gone", &[], "x");
    aws().put_object("sync-copy-to", "other/kept", &[], "x");
    let mut server = place.server();
    let call = json!({"direction": "copy", "source_bucket": "sync-copy", "source_prefix": "from", "bucket": "sync-copy-to",
        "prefix": "to", "exclude": ["*.log"], "delete": true});
    server.plan("sync", call.clone()).holds(&[
        "copy 3 objects",
        "from s3://sync-copy/from/ to s3://sync-copy-to/to/",
        "delete 1 objects (1 B)",
        "copy\todd//c",
    ]);
    let answer = done(&server.confirmed("sync", call.clone()));
    assert_eq!((&answer["copied"], &answer["deleted"]), (&json!(3), &json!(1)), "{answer}");
    assert_eq!(there("to/odd//c").unwrap(), "contents of from/odd//c");
    assert!(there("to/gone").is_none() && there("to/x.log").is_none() && there("other/kept").is_some());
    let again = done(&server.call("sync", call.clone()));
    assert_eq!((&again["copied"], &again["unchanged"]), (&json!(0), &json!(3)), "{again}");

    // What is written meanwhile is left as it is.
    place.put("from/a", "longer contents of from/a");
    let stub = Stub::before(aws(), |request| {
        if request.operation() == "HeadObject" && request.path().ends_with("/from/a") {
            aws().put_object("sync-copy", "from/a", &[], "somebody's");
        }
        Response::HandOn
    });
    place.server_at(&stub.endpoint()).call("sync", call).fails(&["from/a changed since the plan"]);
    assert_eq!(there("to/a").unwrap(), "contents of from/a");

    for (from, to) in [("from", "from/copy"), ("from/deep", "from"), ("", "x")] {
        let own = json!({"direction": "copy", "source_bucket": "sync-copy", "source_prefix": from, "bucket": "sync-copy",
            "prefix": to});
        server.call("sync", own).fails(&["overlap"]);
    }
    let none = json!({"direction": "copy", "bucket": "sync-copy"});
    server.call("sync", none).fails(&["`source_bucket` is missing"]);
    let none = json!({"direction": "upload", "bucket": "sync-copy"});
    server.call("sync", none).fails(&["`directory` is missing"]);
}

#[test]
fn a_bucket_by_another_name_is_not_copied_into_itself() {
    let place = Place::new("sync-named");
    place.put("a", "x");
    let mut server = place.server();
    let arn = format!("arn:aws:s3:::{}", place.bucket);
    let copy = |from: &str, to: &str| json!({"direction": "copy", "source_bucket": from, "bucket": to, "prefix": "copy", "delete": true});
    for (from, to) in [(arn.as_str(), place.bucket.as_str()), (&place.bucket, &arn)] {
        server.call("sync", copy(from, to)).fails(&["overlap"]);
    }
    let behind = server.call("sync", copy(&place.bucket, "my-point-abcdef-s3alias"));
    behind.fails(&["may overlap", "give both buckets by their names"]);
}
