//! Keys that look alike: what a Mac writes as a letter and its accent, others write as one character.

use awsmcp_testing::{Answer, Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{Place, READER, S3, aws, bucket, data, versioned};

/// As people type it, and as it lies there.
const TYPED: &str = "caf\u{e9}/r\u{e9}sum\u{e9}.csv";
const THERE: &str = "cafe\u{301}/re\u{301}sume\u{301}.csv";
/// How answers write it, so that nothing on the way spells it otherwise.
const WRITTEN: &str = "cafe<U+0301>/re<U+0301>sume<U+0301>.csv";

#[track_caller]
fn names_it(answer: &Answer, written: &str) {
    assert!(answer.text.contains("looks the same is there"), "{}", answer.text);
    assert!(answer.text.contains(&format!("\"{written}\", where each")), "{}", answer.text);
}

#[test]
fn an_exact_miss_names_the_key_that_looks_the_same() {
    let aws = bucket("alike-keys");
    aws.put_object("alike-keys", THERE, &[], "id,name\n1,x\n");
    let place = Place::new("alike-to");
    let mut server = place.server_allowing("write,destroy,reveal", &[]);
    let object = json!({"bucket": "alike-keys", "key": TYPED});
    let with = |more: Value| {
        let mut call = object.clone();
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let source = |key: &str| json!({"source_bucket": "alike-keys", "source_key": TYPED, "bucket": "alike-to", "key": key});
    for (tool, call) in [
        ("get_object", object.clone()),
        ("head_object", object.clone()),
        ("preview_table", object.clone()),
        ("presign_download", object.clone()),
        ("search_objects", with(json!({"pattern": "x"}))),
        ("download_file", with(json!({"path": "got.csv"}))),
        ("restore_object", with(json!({"days": 1}))),
        ("tag_object", with(json!({"set": {"team": "web"}}))),
        ("copy_object", source("a")),
        ("move_object", source("b")),
        ("delete_objects", json!({"bucket": "alike-keys", "keys": [TYPED]})),
        ("delete_objects", json!({"bucket": "alike-keys", "keys": [TYPED], "all_versions": true})),
    ] {
        let answer = server.call(tool, call);
        answer.error();
        names_it(&answer, WRITTEN);
    }
    // What is named can be passed back.
    let key = WRITTEN.replace("<U+0301>", "\u{301}");
    let read = server.call("get_object", json!({"bucket": "alike-keys", "key": key}));
    assert_eq!(data(read.ok()), "id,name\n1,x\n");
    // Of several that are named, what is missing is named beside what goes.
    aws.put_object("alike-keys", "plain", &[], "x");
    let plan = server.plan("delete_objects", json!({"bucket": "alike-keys", "keys": ["plain", TYPED]}));
    names_it(plan.holds(&["1 object", "not there: 1"]), WRITTEN);
}

#[test]
fn the_other_way_round_and_folders_of_both_kinds_are_found_too() {
    // A folder that was typed, with a file that a Mac named, and the other way round.
    bucket("alike-mixed").put_object("alike-mixed", "u\u{308}ber/caf\u{e9}.txt", &[], "x");
    bucket("alike-mixed-2").put_object("alike-mixed-2", "\u{fc}ber/cafe\u{301}.txt", &[], "x");
    let mut server = READER.start();
    let call = |bucket: &str, key: &str| json!({"bucket": bucket, "key": key});
    let composed = server.call("get_object", call("alike-mixed", "\u{fc}ber/caf\u{e9}.txt"));
    names_it(&composed, "u<U+0308>ber/caf<U+00E9>.txt");
    let decomposed = server.call("get_object", call("alike-mixed-2", "u\u{308}ber/cafe\u{301}.txt"));
    names_it(&decomposed, "<U+00FC>ber/cafe<U+0301>.txt");
    // Another letter is another letter.
    server
        .call("get_object", call("alike-mixed", "uber/cafe.txt"))
        .fails(&["NoSuchKey"])
        .lacks(&["looks the same"]);
}

#[test]
fn a_prefix_that_nothing_starts_with_names_the_one_that_looks_the_same() {
    versioned("alike-prefix");
    aws().put_object("alike-prefix", THERE, &[], "id,name\n");
    let mut server = S3.start();
    let (typed, written) = ("caf\u{e9}/", "cafe<U+0301>/");
    let call = |more: Value| {
        let mut call = json!({"bucket": "alike-prefix", "prefix": typed});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    for (tool, more) in [
        ("list_objects", json!({})),
        ("list_objects", json!({"glob": "*.csv"})),
        ("list_objects", json!({"summary": true})),
        ("list_versions", json!({})),
        ("search_objects", json!({"pattern": "x"})),
        ("delete_objects", json!({})),
    ] {
        names_it(&server.call(tool, call(more)), written);
    }
    let step = json!({"source_bucket": "alike-prefix", "source_prefix": typed, "bucket": "alike-prefix", "prefix": "new/"});
    names_it(&server.call("move_object", step), written);
    names_it(&server.call("list_versions", json!({"bucket": "alike-prefix", "key": TYPED})), WRITTEN);
    names_it(&server.call("undelete_object", json!({"bucket": "alike-prefix", "keys": [TYPED]})), WRITTEN);
    // Where something starts with it, nothing is said.
    aws().put_object("alike-prefix", TYPED, &[], "x");
    server.call("list_objects", call(json!({}))).lacks(&["looks the same"]);
    server.call("list_versions", call(json!({}))).lacks(&["looks the same"]);
}

#[test]
fn nothing_is_asked_about_what_is_not_allowed_and_nothing_more_where_there_is_one_spelling() {
    let stub =
        Stub::start(|request| match request.path().contains("cafe") || request.path().contains("%CC%81") {
            true => Response::new(200, "x").with("etag", "\"e\""),
            false => Response::s3_error(404, "NoSuchKey", "The specified key does not exist."),
        });
    let miss = |server: &mut Server, key: &str| {
        let answer = server.call("get_object", json!({"bucket": "alike-held", "key": key}));
        answer.fails(&["NoSuchKey"]);
        answer
    };
    let list = format!("arn:aws:s3:::alike-held/{TYPED}");
    let mut held = READER.at(stub.env()).and(&["--allow-arn", &list]).start();
    miss(&mut held, TYPED).lacks(&["looks the same"]);
    assert_eq!(stub.calls().len(), 1, "{:?}", stub.calls());
    let mut open = READER.at(stub.env()).start();
    names_it(&miss(&mut open, TYPED), WRITTEN);
    let before = stub.calls().len();
    miss(&mut open, "plain.csv").lacks(&["looks the same"]);
    miss(&mut open, "\u{6587}\u{5b57}.csv").lacks(&["looks the same"]);
    assert_eq!(stub.calls().len(), before + 2);
}

#[test]
fn a_key_that_is_new_names_the_one_beside_it_that_looks_the_same() {
    let aws = bucket("alike-new");
    aws.put_object("alike-new", THERE, &[], "id,name\n");
    let place = Place::new("alike-new-to");
    place.write("here.csv", "x");
    let mut server = place.server_allowing("write,destroy,reveal", &[]);
    let new = |more: Value| {
        let mut call = json!({"bucket": "alike-new", "key": TYPED, "dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    for (tool, call) in [
        ("presign_upload", new(json!({}))),
        ("presign_upload", new(json!({"method": "POST"}))),
        ("put_object", new(json!({"text": "x"}))),
        ("upload_file", new(json!({"path": "here.csv"}))),
        ("copy_object", new(json!({"source_bucket": "alike-new", "source_key": THERE}))),
    ] {
        names_it(&server.call(tool, call), WRITTEN);
    }
    // Where the very key is there, it is no new one; and of a plain name nothing is asked.
    let there = json!({"bucket": "alike-new", "key": THERE, "dry_run": true});
    server.call("presign_upload", there).lacks(&["looks the same"]);
    let plain = json!({"bucket": "alike-new", "key": "plain.csv", "dry_run": true});
    server.call("presign_upload", plain).lacks(&["looks the same"]);
}

#[test]
fn sync_names_the_prefix_that_looks_the_same_and_the_names_that_do() {
    let aws = bucket("alike-sync");
    aws.put_object("alike-sync", THERE, &[], "id,name\n");
    bucket("alike-sync-to");
    let place = Place::new("alike-sync-dir");
    place.write("d/r\u{e9}sum\u{e9}.csv", "other");
    let mut server = place.server_allowing("write,destroy", &[]);
    let sync = |direction: &str, prefix: &str, more: Value| {
        let mut call =
            json!({"direction": direction, "bucket": "alike-sync", "prefix": prefix, "dry_run": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call
    };
    let (typed, written) = ("caf\u{e9}/", "cafe<U+0301>/");
    let here = json!({"directory": "d"});
    let down = server.call("sync", sync("download", typed, here.clone()));
    names_it(down.holds(&["nothing is below s3://alike-sync/"]), written);
    names_it(
        server.call("sync", sync("upload", typed, here.clone())).holds(&["nothing is yet below"]),
        written,
    );
    let from = json!({"direction": "copy", "source_bucket": "alike-sync", "source_prefix": typed, "bucket": "alike-sync-to", "dry_run": true});
    names_it(&server.call("sync", from), written);
    // The names below the right prefix are two as well.
    let all = server.call("sync", sync("upload", "cafe\u{301}/", json!({"directory": "d", "delete": true})));
    all.holds(&[
        "1 name on both sides look the same, but Unicode spells them otherwise",
        "\"r<U+00E9>sum<U+00E9>.csv\" and \"re<U+0301>sume<U+0301>.csv\"",
    ]);
    // A prefix under which a glob leaves nothing is there all the same.
    let none = json!({"directory": "d", "include": ["*.txt"]});
    server.call("sync", sync("download", "cafe\u{301}/", none)).lacks(&["looks the same"]);
}

#[test]
fn a_prefix_that_is_an_address_is_told_with_what_was_meant() {
    let aws = bucket("alike-addresses");
    aws.put_objects("alike-addresses", ["logs/a"]);
    let mut server = S3.start();
    for (tool, more) in [
        ("list_objects", json!({"prefix": "s3://alike-addresses/logs/"})),
        ("list_objects", json!({"prefix": "/logs/", "summary": true})),
        ("search_objects", json!({"prefix": "/logs/", "pattern": "x"})),
        ("list_versions", json!({"prefix": "/logs/"})),
        ("delete_objects", json!({"prefix": "/logs/"})),
    ] {
        let mut call = json!({"bucket": "alike-addresses"});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = server.call(tool, call);
        assert!(answer.text.contains("try key \"logs/\""), "{tool}: {}", answer.text);
    }
}
