//! Objects to local files.

use std::{fs, time::Duration};

use awsmcp_testing::Request;
use serde_json::json;

use crate::world::{Place, aws, bytes, done, lying, slow, under_way};

const LARGE: usize = 20 << 20;

#[test]
fn an_object_becomes_a_file() {
    let place = Place::new("down-small");
    aws().put_object("down-small", "in/report.csv", &[("content-type", "text/csv")], "a,b\n");
    place.put("empty", "");
    let mut server = place.server();
    let answer = done(
        &server
            .call("download_file", json!({"bucket": "down-small", "key": "in/report.csv", "path": "r.csv"})),
    );
    assert_eq!(answer["path"], place.path("r.csv").to_str().unwrap());
    assert_eq!((&answer["size_bytes"], &answer["content_type"]), (&json!(4), &json!("text/csv")));
    assert_eq!(answer["verified"], "MD5", "what has no checksum has an etag");
    assert_eq!(place.read("r.csv"), b"a,b\n");
    for path in [".", "new/dir/"] {
        done(
            &server
                .call("download_file", json!({"bucket": "down-small", "key": "in/report.csv", "path": path})),
        );
    }
    assert_eq!(place.read("report.csv"), b"a,b\n");
    assert_eq!(place.read("new/dir/report.csv"), b"a,b\n");
    done(&server.call("download_file", json!({"bucket": "down-small", "key": "empty", "path": "empty"})));
    assert_eq!(place.read("empty"), b"");
    assert_eq!(place.names("."), ["empty", "new", "r.csv", "report.csv"]);
}

#[test]
fn a_large_object_comes_in_parts_and_is_verified() {
    let place = Place::new("down-large");
    place.put("big.bin", bytes(LARGE + 7));
    let mut server = place.server();
    let answer = done(
        &server.call("download_file", json!({"bucket": "down-large", "key": "big.bin", "path": "big.bin"})),
    );
    assert_eq!(answer["verified"], "MD5");
    assert_eq!(place.read("big.bin"), bytes(LARGE + 7));

    // The hash of its parts' hashes.
    done(&server.call("upload_file", json!({"path": "big.bin", "bucket": "down-large", "key": "parts"})));
    let answer =
        done(&server.call("download_file", json!({"bucket": "down-large", "key": "parts", "path": "parts"})));
    assert!(answer["etag"].as_str().unwrap().ends_with("-3"), "{answer}");
    assert_eq!(answer["verified"], "MD5");
    assert_eq!(place.read("parts"), bytes(LARGE + 7));
}

#[test]
fn a_stored_checksum_is_verified() {
    let place = Place::new("down-sum");
    // SHA-256 of "hello".
    let sum = [("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")];
    aws().put_object("down-sum", "k", &sum, "hello");
    let mut server = place.server();
    let answer = done(&server.call("download_file", json!({"bucket": "down-sum", "key": "k", "path": "k"})));
    assert_eq!(answer["verified"], "SHA256");
}

#[test]
fn bytes_that_are_not_the_object_s_are_not_left_behind() {
    let place = Place::new("down-lie");
    let sum = [("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")];
    aws().put_object("down-lie", "k", &sum, "hello");
    let call = json!({"bucket": "down-lie", "key": "k", "path": "k"});
    let liar = lying();
    let mut lied_to = place.server_at(&liar.endpoint());
    let answer = lied_to.call("download_file", call.clone());
    assert!(answer.error().contains("did not arrive as they were sent"), "{}", answer.text);
    assert!(!place.path("k").exists());
    done(&place.server().call("download_file", call));
    assert_eq!(place.read("k"), b"hello");
    assert_eq!(place.names("."), ["k"]);

    // In parts, with a checksum of their checksums.
    place.write("big", bytes(9 << 20));
    done(
        &place
            .server_with(&[])
            .call("upload_file", json!({"path": "big", "bucket": "down-lie", "key": "big"})),
    );
    let call = json!({"bucket": "down-lie", "key": "big", "path": "got/"});
    let answer = lied_to.call("download_file", call.clone());
    assert!(
        answer.error().contains("CRC64NVME checksum") && answer.error().contains("removed"),
        "{}",
        answer.text
    );
    assert!(place.names("got").is_empty());
    let answer = done(&place.server().call("download_file", call));
    assert_eq!(answer["verified"], "CRC64NVME");
    assert_eq!(place.read("got/big"), bytes(9 << 20));
}

#[test]
fn a_cancelled_download_goes_on_where_it_stopped() {
    let place = Place::new("down-resume");
    let contents = bytes(8 * LARGE);
    place.put("big.bin", &contents);
    let proxy = slow(Duration::from_millis(300));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"bucket": "down-resume", "key": "big.bin", "path": "sub/"});
    let id = under_way(&mut server, "download_file", call.clone(), 8 << 20);
    server.cancel(id);
    let left = place.names("sub");
    assert!(left.len() == 1 && left[0].ends_with(".awsmcp-part"), "{left:?}");
    let before = proxy.requests().len();

    let answer = done(&server.call("download_file", call));
    let resumed = answer["resumed_at_bytes"].as_u64().unwrap();
    assert!(resumed >= 8 << 20 && resumed < contents.len() as u64, "{answer}");
    assert_eq!(answer["verified"], "MD5");
    assert_eq!(place.read("sub/big.bin"), contents);
    assert_eq!(place.names("sub"), ["big.bin"]);
    let again = proxy.requests().split_off(before);
    let from_the_start =
        |request: &Request| request.header("range").is_some_and(|it| it.starts_with("bytes=0-"));
    assert!(!again.is_empty() && !again.iter().any(from_the_start), "it began anew");
}

#[test]
fn another_object_at_the_key_is_not_mixed_with_the_first() {
    let place = Place::new("down-mixed");
    place.put("big.bin", bytes(8 * LARGE));
    let proxy = slow(Duration::from_millis(200));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"bucket": "down-mixed", "key": "big.bin", "path": "big.bin"});
    let id = under_way(&mut server, "download_file", call.clone(), 0);
    place.put("big.bin", "another");
    let answer = awsmcp_testing::Answer::from(server.wait(id).unwrap());
    assert!(answer.error().contains("replaced while it was fetched"), "{}", answer.text);
    let answer = done(&server.call("download_file", call));
    assert!(answer.get("resumed_at_bytes").is_none(), "{answer}");
    assert_eq!(place.read("big.bin"), b"another");
    assert_eq!(place.names("."), ["big.bin"]);
}

#[test]
fn an_existing_file_is_replaced_only_when_told() {
    let place = Place::new("down-over");
    place.put("k", "new");
    place.write("k", "old");
    let mut server = place.server();
    let call = json!({"bucket": "down-over", "key": "k", "path": "k"});
    let refused = server.call("download_file", call.clone());
    assert!(
        refused.error().contains("exists already") && refused.error().contains("overwrite: true"),
        "{}",
        refused.text
    );
    assert_eq!(place.read("k"), b"old");
    let mut over = call;
    over["overwrite"] = json!(true);
    // What is there already is somebody's: who may only read replaces nothing.
    let reader = place
        .server_allowing("reveal", &[("AWS_ENDPOINT_URL", &aws().endpoint())])
        .call("download_file", over.clone());
    reader.fails(&["replacing a local file needs --allow write"]);
    assert_eq!(place.read("k"), b"old");
    done(&server.call("download_file", over));
    assert_eq!(place.read("k"), b"new");
    assert_eq!(place.names("."), ["k"]);
}

#[test]
fn nothing_is_written_outside() {
    let place = Place::new("down-out");
    place.put("secret", "new");
    place.put("a/..", "dots");
    let outside = tempfile::TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "old").unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path("dir")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), place.path("file")).unwrap();
    let mut server = place.server();
    let mut call = |key: &str, path: &str| {
        server
            .call("download_file", json!({"bucket": "down-out", "key": key, "path": path, "overwrite": true}))
    };
    let away = outside.path().join("x").to_str().unwrap().to_owned();
    for path in ["dir/", "dir/x", "../x", "sub/../../x", &away, "/etc/awsmcp-test"] {
        let answer = call("secret", path);
        assert!(answer.error().contains("outside the directories"), "{path}: {}", answer.text);
    }
    // A link in the target's place is replaced, or refused; what it points to stays.
    let _ = call("secret", "file");
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"old");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert!(call("a/..", ".").error().contains("gives no file name"));
}

#[test]
fn a_version_is_fetched_by_its_id() {
    let place = Place::new("down-version");
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    aws().expect("s3", "PUT", "/down-version", &[("versioning", "")], on);
    place.put("k", "first");
    place.put("k", "second");
    let mut server = place.server();
    let versions = server
        .call("list_versions", json!({"bucket": "down-version", "query": "[?size_bytes==`5`].version_id"}));
    let id = versions.ok().lines().find(|line| line.len() > 8 && !line.contains(' ')).unwrap().to_owned();
    let call = json!({"bucket": "down-version", "key": "k", "version_id": id, "path": "old"});
    let answer = done(&server.call("download_file", call));
    assert_eq!(answer["version_id"], id);
    assert_eq!(place.read("old"), b"first");
}

#[test]
fn what_is_not_there_is_explained() {
    let place = Place::new("down-none");
    let mut server = place.server();
    let mut fails = |bucket: &str, key: &str| {
        server.call("download_file", json!({"bucket": bucket, "key": key, "path": "x"})).error().to_owned()
    };
    assert!(fails("down-none", "k").contains("NoSuchKey"));
    assert!(fails("down-nowhere", "k").contains("NoSuchBucket"));
    assert!(fails("UP", "k").contains("my-logs-2026"));
    assert!(place.names(".").is_empty());
}
