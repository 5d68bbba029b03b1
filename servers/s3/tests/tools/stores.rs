//! Buckets that somebody else pays or opens, and stores that only resemble S3.

use awsmcp_testing::{Response, Stub};
use serde_json::json;

use crate::world::{Place, READER, aws, bucket, contents};

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

#[test]
fn a_page_of_a_proxy_is_not_told_as_a_missing_permission() {
    let page = "<html><head><title>Blocked</title></head><body>by the company</body></html>";
    let stub = Stub::start(move |_| Response::Answer {
        status: 403,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: page.into(),
    });
    let mut server = READER.at(stub.env()).start();
    let key = json!({"bucket": "portal", "key": "a.txt"});
    for (tool, call) in [
        ("get_object", key.clone()),
        ("list_objects", json!({"bucket": "portal"})),
        ("list_buckets", json!({})),
    ] {
        let answer = server.call(tool, call);
        answer.lacks(&["the credentials need", "s3:GetObject", "s3:ListBucket"]);
        answer.fails(&[
            "A web page came in place of AWS's answer",
            "Blocked by the company",
            "HTTP 403",
            "whether a proxy",
        ]);
    }
}

/// The local AWS as a store that takes no conditions of what is written.
fn without_conditions() -> Stub {
    Stub::before(aws(), |request| {
        let has = |name| request.header(name).is_some();
        match request.operation() {
            "PutObject" | "CopyObject" if has("if-match") || has("if-none-match") => Response::s3_error(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
            ),
            _ => Response::HandOn,
        }
    })
}

#[test]
fn a_store_without_conditions_is_written_to_after_a_look() {
    const SAYS: &str = "this store takes no conditions: each key was looked at once more";
    let stub = without_conditions();
    let place = Place::new("no-conditions");
    for name in ["new.txt", "old.txt"] {
        place.write(&format!("d/{name}"), "longer than before");
    }
    place.put("s/old.txt", "short");
    let mut server = place.server_at(&stub.endpoint());
    let up = json!({"direction": "upload", "directory": "d", "bucket": "no-conditions", "prefix": "s"});
    server.call("sync", up).holds(&["\"uploaded\":2", SAYS]);
    assert_eq!(contents("no-conditions", "s/old.txt").unwrap(), "longer than before");
    bucket("no-conditions-2");
    let copy = json!({"direction": "copy", "source_bucket": "no-conditions", "source_prefix": "s", "bucket": "no-conditions-2", "prefix": "t"});
    server.call("sync", copy).holds(&["\"copied\":2", SAYS]);
    let step = json!({"source_bucket": "no-conditions-2", "source_prefix": "t/", "bucket": "no-conditions-2", "prefix": "u/"});
    server.confirmed("move_object", step).holds(&["\"moved\":2", SAYS]);
    assert_eq!(contents("no-conditions-2", "u/new.txt").unwrap(), "longer than before");
    assert_eq!(contents("no-conditions-2", "t/new.txt"), None);
}

#[test]
fn what_came_up_in_a_store_without_conditions_is_not_replaced() {
    let place = Place::new("no-conditions-moved");
    place.write("d/a.txt", "mine");
    let stub = Stub::before(aws(), |request| match request.operation() {
        "PutObject" if request.header("if-none-match").is_some() => {
            aws().put_object("no-conditions-moved", "s/a.txt", &[], "theirs");
            Response::s3_error(501, "NotImplemented", "not implemented")
        }
        _ => Response::HandOn,
    });
    let mut server = place.server_at(&stub.endpoint());
    let up = json!({"direction": "upload", "directory": "d", "bucket": "no-conditions-moved", "prefix": "s"});
    server.call("sync", up).fails(&["somebody else wrote to this key since the plan"]);
    assert_eq!(contents("no-conditions-moved", "s/a.txt").unwrap(), "theirs");
}
