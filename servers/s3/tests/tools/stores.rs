//! Buckets that somebody else pays or opens, and stores that only resemble S3.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::READER;

#[test]
fn the_requester_pays_only_where_the_operator_says_so() {
    let stub = Stub::start(|request| match request.header("x-amz-request-payer") {
        Some("requester") => Response::new(200, "paid for").with("etag", "\"e\""),
        _ => Response::s3_error(403, "AccessDenied", "Access Denied"),
    });
    let call = json!({"bucket": "arxiv", "key": "a.txt"});
    let mut plain = READER.at(stub.env()).start();
    plain.call("get_object", call.clone()).fails(&["--requester-pays BUCKET"]);
    plain.call("list_objects", json!({"bucket": "arxiv"})).fails(&["--requester-pays BUCKET"]);
    assert!(stub.calls().iter().all(|request| request.header("x-amz-request-payer").is_none()));

    let mut paying =
        READER.at(stub.env()).and(&["--requester-pays", "arx*,other", "--allow", "write"]).start();
    paying.call("get_object", call).holds(&["paid for"]);
    paying.call("head_object", json!({"bucket": "arxiv", "key": "a.txt"})).ok();
    paying.call("get_object", json!({"bucket": "mine", "key": "a.txt"})).fails(&["AccessDenied"]);
    // A copy is paid for by its source's bucket, too; and what is signed names the header.
    let copy = json!({"source_bucket": "arxiv", "source_key": "a.txt", "bucket": "mine", "key": "b.txt", "overwrite": true});
    paying.call("copy_object", copy);
    let copies = stub.of("CopyObject");
    assert!(copies.iter().all(|request| request.header("x-amz-request-payer") == Some("requester")));
    assert!(copies.iter().all(|copy| copy.header("authorization").unwrap().contains("x-amz-request-payer")));

    let mut wrong = READER.at(stub.env()).and(&["--requester-pays", "a b"]).process();
    assert!(!wrong.ended().success());
    assert!(wrong.stderr().contains("good ones are arxiv"), "{}", wrong.stderr());
}

#[test]
fn open_data_is_asked_for_without_a_signature_when_the_operator_says_so() {
    let stub = Stub::start(|request| match request.header("authorization") {
        None => Response::new(200, "open to all").with("etag", "\"e\""),
        Some(_) => Response::s3_error(403, "AccessDenied", "Access Denied"),
    });
    let call = json!({"bucket": "noaa-ghcn-pds", "key": "readme.txt"});
    READER.at(stub.env()).start().call("get_object", call.clone()).fails(&["--sign never"]);
    // Nobody needs credentials for it.
    let mut env = stub.env();
    env.retain(|(name, _)| !name.starts_with("AWS_ACCESS") && !name.starts_with("AWS_SECRET"));
    READER.at(env).and(&["--sign", "never"]).start().call("get_object", call).holds(&["open to all"]);
}

#[test]
fn a_store_that_refuses_checksums_is_told_of_the_setting_that_helps() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" | "GetObject" => Response::s3_error(404, "NoSuchKey", "nothing is here"),
        "PutObject" if request.header("x-amz-checksum-crc32").is_some() => {
            Response::s3_error(400, "InvalidArgument", "x-amz-checksum-crc32 is not supported")
        }
        _ => Response::new(200, "").with("etag", "\"e\""),
    });
    let put = json!({"bucket": "old-store", "key": "a", "text": "x"});
    let mut server = READER.at(stub.env()).and(&["--allow", "write"]).start();
    server.call("put_object", put.clone()).fails(&["AWS_REQUEST_CHECKSUM_CALCULATION=when_required"]);
    let mut env = stub.env();
    env.push(("AWS_REQUEST_CHECKSUM_CALCULATION".to_owned(), "when_required".to_owned()));
    READER.at(env).and(&["--allow", "write"]).start().call("put_object", put).ok();
}

#[test]
fn deletions_carry_the_checksum_that_old_stores_want() {
    let stub = Stub::start(|request| match request.operation() {
        "HeadObject" => Response::new(200, "hello").with("etag", "\"e\""),
        "GetBucketVersioning" => Response::new(200, "<VersioningConfiguration/>"),
        "DeleteObjects" if request.header("content-md5").is_none() => Response::s3_error(
            400,
            "MissingContentMD5",
            "Missing required header for this request: Content-MD5",
        ),
        _ => Response::new(200, "<DeleteResult/>"),
    });
    let delete = json!({"bucket": "old-store", "keys": ["a"]});
    let mut server = READER.at(stub.env()).and(&["--allow", "destroy"]).start();
    server.confirmed("delete_objects", delete.clone()).holds(&["\"deleted\":1"]);
    assert!(stub.of("DeleteObjects")[0].header("x-amz-checksum-crc32").is_some());
}
