//! Local files to objects.

use std::{fs, io::Write, time::Duration};

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::json;

use crate::world::{Place, S3, aws, bytes, done, slow, under_way};

const LARGE: usize = 20 << 20;

#[test]
fn a_small_file_is_uploaded_with_what_it_carries() {
    let place = Place::new("up-small");
    place.write("report.csv", "a,b\n1,2\n");
    let mut server = place.server_with(&[]);
    let answer = done(&server.call(
        "upload_file",
        json!({
            "path": "report.csv", "bucket": "up-small", "key": "in/report.csv",
            "metadata": {"batch-id": "17"}, "tags": {"team": "data"}, "storage_class": "STANDARD_IA",
        }),
    ));
    assert_eq!(answer["uri"], "s3://up-small/in/report.csv");
    assert_eq!(answer["size_bytes"], 8);
    let head = aws().request("s3", "HEAD", "/up-small/in/report.csv", &[], &[], b"");
    assert_eq!(head.header("content-type"), Some("text/csv"));
    assert_eq!(head.header("x-amz-meta-batch-id"), Some("17"));
    assert_eq!(head.header("x-amz-storage-class"), Some("STANDARD_IA"));
    let tags = aws().expect("s3", "GET", "/up-small/in/report.csv", &[("tagging", "")], "");
    assert!(tags.text().contains("<Value>data</Value>"));
    place.write("empty", "");
    let absolute = place.path("empty").to_str().unwrap().to_owned();
    done(&server.call("upload_file", json!({"path": absolute, "bucket": "up-small", "key": "empty"})));
    assert_eq!(place.object("empty"), Some(Vec::new()));
}

#[test]
fn a_large_file_is_uploaded_in_parts_and_progress_is_told() {
    let place = Place::new("up-large");
    place.write("big.bin", bytes(LARGE + 1));
    let proxy = slow(Duration::from_millis(200));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"path": "big.bin", "bucket": "up-large", "key": "big.bin"});
    let id = under_way(&mut server, "upload_file", call, 0);
    let answer = done(&server.wait(id).unwrap().into());
    assert_eq!(answer["size_bytes"], LARGE + 1);
    assert!(answer["etag"].as_str().unwrap().ends_with("-3"), "{answer}");
    assert_eq!(place.object("big.bin").unwrap(), bytes(LARGE + 1));
    assert_eq!(place.open_uploads(), 0);
}

#[test]
fn an_existing_object_is_replaced_only_when_told() {
    let place = Place::new("up-over");
    place.write("x.txt", "new");
    place.put("x.txt", "old");
    let mut server = place.server();
    let call = json!({"path": "x.txt", "bucket": "up-over", "key": "x.txt"});
    let refused = server.call("upload_file", call.clone());
    assert!(
        refused.error().contains("exists (3 B") && refused.error().contains("overwrite: true"),
        "{}",
        refused.text
    );
    let with = |name: &str, value: serde_json::Value| {
        let mut call = call.clone();
        call[name] = value;
        call
    };
    let wrong = server.call("upload_file", with("if_match", json!("900150983cd24fb0d6963f7d28e17f72")));
    assert!(wrong.error().contains("another etag"), "{}", wrong.text);
    let plan = server.call(
        "upload_file",
        json!({"path": "x.txt", "bucket": "up-over", "key": "x.txt", "overwrite": true, "dry_run": true}),
    );
    assert!(
        plan.ok().contains("over s3://up-over/x.txt (3 B") && plan.ok().contains("keeps no versions"),
        "{}",
        plan.text
    );
    assert_eq!(place.object("x.txt").unwrap(), b"old");
    done(&server.call("upload_file", with("overwrite", json!(true))));
    assert_eq!(place.object("x.txt").unwrap(), b"new");
}

#[test]
fn of_two_large_uploads_to_one_key_one_is_refused() {
    let place = Place::new("up-race");
    place.write("big.bin", bytes(9 << 20));
    let proxy = slow(Duration::from_millis(500));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"path": "big.bin", "bucket": "up-race", "key": "k"});
    let ids = [server.send_call("upload_file", call.clone()), server.send_call("upload_file", call)];
    let answers = ids.map(|id| awsmcp_testing::Answer::from(server.wait(id).unwrap()));
    let refused: Vec<_> = answers.iter().filter(|answer| answer.is_error).collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    assert!(refused[0].text.contains("exists by now"), "{}", refused[0].text);
    assert_eq!(place.open_uploads(), 0);
}

#[test]
fn a_cancelled_upload_leaves_nothing_behind() {
    let place = Place::new("up-cancel");
    place.write("big.bin", bytes(5 * LARGE));
    let proxy = slow(Duration::from_millis(300));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"path": "big.bin", "bucket": "up-cancel", "key": "big.bin"});
    let id = under_way(&mut server, "upload_file", call, 0);
    assert_eq!(place.open_uploads(), 1);
    server.cancel(id);
    place.has_no_open_uploads_soon();
    assert_eq!(place.object("big.bin"), None);
    let listed = server.call("list_objects", json!({"bucket": "up-cancel"}));
    assert!(listed.ok().contains('0'), "the server still answers");
}

#[test]
fn an_upload_cancelled_at_its_very_beginning_leaves_nothing_behind() {
    let place = Place::new("up-early");
    place.write("big.bin", bytes(LARGE));
    // The id of the upload is still on its way when the call is dropped.
    let late = Stub::before(aws(), |request| match request.operation() {
        "CreateMultipartUpload" => Response::HandOn.held(Duration::from_millis(700)),
        _ => Response::HandOn,
    });
    let mut server = place.server_at(&late.endpoint());
    let id = server.send_call("upload_file", json!({"path": "big.bin", "bucket": "up-early", "key": "k"}));
    late.wait("an upload", |_| place.open_uploads() == 1);
    server.cancel(id);
    place.has_no_open_uploads_soon();
}

#[test]
fn a_server_that_ends_aborts_its_uploads_first() {
    let place = Place::new("up-end");
    place.write("big.bin", bytes(5 * LARGE));
    let proxy = slow(Duration::from_millis(300));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"path": "big.bin", "bucket": "up-end", "key": "big.bin"});
    under_way(&mut server, "upload_file", call, 0);
    server.signal("TERM");
    server.ended();
    assert_eq!(place.open_uploads(), 0);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_stored() {
    let place = Place::new("up-changed");
    place.write("log", bytes(6 * LARGE));
    let proxy = slow(Duration::from_millis(300));
    let mut server = place.server_at(&proxy.endpoint());
    let call = json!({"path": "log", "bucket": "up-changed", "key": "log"});
    let id = under_way(&mut server, "upload_file", call, 0);
    fs::OpenOptions::new().append(true).open(place.path("log")).unwrap().write_all(b"one more line").unwrap();
    let answer = awsmcp_testing::Answer::from(server.wait(id).unwrap());
    assert!(answer.error().contains("changed while it was read"), "{}", answer.text);
    assert_eq!(place.object("log"), None);
    assert_eq!(place.open_uploads(), 0);
}

#[test]
fn what_cannot_be_uploaded_is_explained() {
    let place = Place::new("up-wrong");
    let outside = tempfile::TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), place.path("link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path("dir")).unwrap();
    place.write("ok", "ok");
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let mut server = place.server();
    let mut fails = |path: &str, bucket: &str, key: &str| {
        server.call("upload_file", json!({"path": path, "bucket": bucket, "key": key})).error().to_owned()
    };
    for path in ["link", "dir/secret", "../x", "/etc/passwd", outside.path().join("secret").to_str().unwrap()]
    {
        let error = fails(path, "up-wrong", "k");
        assert!(
            error.contains("outside the directories") && error.contains("--allow-dir"),
            "{path}: {error}"
        );
        assert!(error.contains(place.dir.path().to_str().unwrap()), "{error}");
    }
    assert!(fails("none", "up-wrong", "k").contains("there is no "));
    assert!(fails("pipe", "up-wrong", "k").contains("a pipe"));
    assert!(fails(".", "up-wrong", "k").contains("a directory"));
    assert!(fails("ok", "up-wrong", "folder/").contains("folder/ok"));
    assert!(fails("ok", "no-such-bucket", "k").contains("NoSuchBucket"));
    let class = server.call(
        "upload_file",
        json!({"path": "ok", "bucket": "up-wrong", "key": "k", "storage_class": "STANDRD"}),
    );
    assert!(class.error().contains("STANDARD_IA"), "{}", class.text);
    assert_eq!(place.object("k"), None);
}

#[test]
fn without_an_allowed_directory_the_tools_are_off() {
    let mut server = S3.only(&["--allow", "write"]).start();
    assert!(
        server.tools().iter().all(|tool| tool["name"] != "upload_file" && tool["name"] != "download_file")
    );
    let answer = server.call("upload_file", json!({"path": "x", "bucket": "bbb", "key": "k"}));
    assert!(answer.error().contains("--allow-dir"), "{}", answer.text);
}

/// AWS itself holds the whole against its checksum; the local AWS cannot. A proxy stands in for it.
#[test]
fn aws_is_told_the_checksum_of_the_whole() {
    let place = Place::new("up-whole");
    let contents = bytes(9 << 20);
    place.write("big.bin", &contents);
    let proxy = Stub::start(|request| {
        match (
            request.method.as_str(),
            request.query("uploads").is_some(),
            request.query("uploadId").is_some(),
        ) {
            ("POST", true, _) => Response::new(
                200,
                "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>",
            ),
            ("PUT", _, true) => Response::new(200, "").with("etag", "\"p\""),
            ("POST", _, true) => Response::new(
                200,
                "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag></CompleteMultipartUploadResult>",
            ),
            _ => Response::s3_error(404, "NoSuchKey", "no"),
        }
    });
    let mut server = place.server_with(&[
        ("AWS_ENDPOINT_URL", "http://s3.us-east-1.amazonaws.com"),
        ("HTTP_PROXY", &proxy.endpoint()),
    ]);
    let answer =
        done(&server.call("upload_file", json!({"path": "big.bin", "bucket": "up-whole", "key": "k"})));
    assert_eq!(answer["etag"], "e-2");
    let completed = proxy.requests().pop().unwrap();
    assert_eq!(completed.header("x-amz-checksum-crc64nvme"), Some(crc64(&contents).as_str()));
    assert_eq!(completed.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(completed.header("x-amz-mp-object-size"), Some((9 << 20).to_string().as_str()));
    assert_eq!(completed.header("if-none-match"), Some("*"));
}

/// CRC-64/NVME in base64, as its definition has it.
fn crc64(bytes: &[u8]) -> String {
    let table: Vec<u64> = (0..256_u64)
        .map(|n| {
            (0..8).fold(n, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x9a6c_9329_ac4b_c9b5 } else { crc >> 1 })
        })
        .collect();
    let crc = bytes
        .iter()
        .fold(u64::MAX, |crc, byte| table[((crc ^ u64::from(*byte)) & 0xff) as usize] ^ (crc >> 8));
    let mut text = String::new();
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in (!crc).to_be_bytes().chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = digits[(number >> (18 - 6 * at) & 63) as usize] as char;
            text.push(if at <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[test]
fn least_privilege_is_enough() {
    let aws = LocalAws::shared_with_iam();
    aws.create_bucket("up-least");
    let place = tempfile::TempDir::new().unwrap();
    fs::write(place.path().join("big.bin"), bytes(9 << 20)).unwrap();
    let binary = env!("CARGO_BIN_EXE_awsmcp-s3");
    let dir = place.path().to_str().unwrap();
    let flags = ["--allow", "write", "--allow-dir", dir, "--tools", "upload_file,download_file,sync"];
    let policy = std::process::Command::new(binary).args(flags).arg("iam-policy").output().unwrap();
    let user = aws.create_user("least-transfer", &String::from_utf8(policy.stdout).unwrap());
    let start = S3.at(aws.env_as(&user)).set("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required");
    let mut server = start.only(&flags).start();
    done(&server.call("upload_file", json!({"path": "big.bin", "bucket": "up-least", "key": "a/big.bin"})));
    done(&server.call("download_file", json!({"bucket": "up-least", "key": "a/big.bin", "path": "got/"})));
    done(&server.call(
        "sync",
        json!({"direction": "upload", "directory": ".", "bucket": "up-least", "prefix": "all"}),
    ));
    done(&server.call(
        "sync",
        json!({"direction": "download", "directory": "all", "bucket": "up-least", "prefix": "all"}),
    ));
    assert_eq!(fs::read(place.path().join("all/got/big.bin")).unwrap(), bytes(9 << 20));
}

#[test]
fn a_busy_store_is_asked_three_times_for_each_request_and_no_more() {
    let place = Place::new("up-busy");
    place.write("small", "x");
    place.write("big.bin", bytes(9 << 20));
    let stub = Stub::before(aws(), |request| match request.operation() {
        "PutObject" | "UploadPart" => Response::s3_error(503, "SlowDown", "Please reduce your request rate."),
        _ => Response::HandOn,
    });
    let endpoint = stub.endpoint();
    let mut server = place.server_with(&[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "3")]);
    for path in ["small", "big.bin"] {
        let call = json!({"path": path, "bucket": "up-busy", "key": path});
        server.call("upload_file", call).fails(&["SlowDown"]);
    }
    assert_eq!(stub.of("PutObject").len(), 3);
    for part in ["1", "2"] {
        let sent = stub.of("UploadPart").iter().filter(|sent| sent.query("partNumber") == Some(part)).count();
        assert!(sent <= 3, "part {part} was sent {sent} times");
    }
    assert!(!stub.of("UploadPart").is_empty());
    assert_eq!(place.open_uploads(), 0);
}

#[test]
fn a_file_that_was_edited_after_its_plan_is_not_uploaded() {
    let place = Place::new("up-edited");
    place.write("x", "old");
    let edited = place.path("x");
    let stub = Stub::before(aws(), move |request| {
        if request.operation() == "HeadObject" {
            // The file is opened beside this look: what was seen by then is what the plan says.
            std::thread::sleep(Duration::from_millis(300));
            fs::write(&edited, "edited by its owner").unwrap();
        }
        Response::HandOn
    });
    let mut server = place.server_at(&stub.endpoint());
    let call = json!({"path": "x", "bucket": "up-edited", "key": "x"});
    server.call("upload_file", call).fails(&["the local file changed since the plan"]);
    assert_eq!(place.object("x"), None);
}

#[test]
fn only_what_the_plan_saw_is_replaced_by_a_file() {
    let place = Place::new("up-seen");
    place.write("x", "new");
    place.put("x", "old");
    let stub = Stub::before(aws(), |request| match request.operation() {
        "PutObject" => Response::s3_error(412, "PreconditionFailed", "another"),
        _ => Response::HandOn,
    });
    let mut server = place.server_at(&stub.endpoint());
    let call = json!({"path": "x", "bucket": "up-seen", "key": "x", "overwrite": true});
    server.call("upload_file", call).fails(&["s3://up-seen/x changed since the plan; nothing was written"]);
    assert!(stub.of("PutObject")[0].header("if-match").is_some());
}
