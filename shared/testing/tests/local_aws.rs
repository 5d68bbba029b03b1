//! The local AWS keeps what it is given, refuses what a policy does not allow, and leaves nothing behind.
#![cfg(test)]

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use awsmcp_testing::LocalAws;

#[test]
fn objects_are_kept() {
    let aws = LocalAws::shared();
    aws.create_bucket("kept");
    aws.put_object("kept", "folder/a b+ü.txt", &[("content-type", "text/plain")], "hello");
    let reply = aws.expect("s3", "GET", "/kept/folder/a b+ü.txt", &[], b"");
    assert_eq!((reply.text().as_str(), reply.header("content-type")), ("hello", Some("text/plain")));
    let listed = aws.expect("s3", "GET", "/kept", &[("list-type", "2"), ("prefix", "folder/")], b"");
    assert_eq!(listed.element("KeyCount").as_deref(), Some("1"));
}

#[test]
fn a_user_may_do_what_its_policy_allows() {
    let aws = LocalAws::with_iam();
    aws.create_bucket("mine");
    aws.put_object("mine", "k", &[], "v");
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::mine/k"}]}"#;
    let user = aws.create_user("reader", policy);
    assert_eq!(aws.request_as(&user, "s3", "GET", "/mine/k", &[], &[], b"").status, 200);
    let refused = aws.request_as(&user, "s3", "GET", "/mine/other", &[], &[], b"");
    assert_eq!((refused.status, refused.element("Code").as_deref()), (403, Some("AccessDenied")));
    aws.set_policy("reader", &policy.replace("mine/k", "mine/*"));
    assert_eq!(aws.request_as(&user, "s3", "GET", "/mine/other", &[], &[], b"").status, 404);
    let forged = awsmcp_testing::Credentials { secret_access_key: "guess".to_owned(), ..user };
    let refused = aws.request_as(&forged, "s3", "GET", "/mine/k", &[], &[], b"");
    assert_eq!(refused.element("Code").as_deref(), Some("SignatureDoesNotMatch"));
}

#[test]
fn nothing_is_left_behind() {
    let aws = LocalAws::start();
    let endpoint = aws.endpoint();
    let address = endpoint.trim_start_matches("http://");
    assert!(TcpStream::connect(address).is_ok());
    let directory = aws.directory().to_path_buf();
    assert!(directory.exists());
    drop(aws);
    assert!(TcpStream::connect(address).is_err());
    assert!(!directory.exists());
}

#[test]
fn one_that_is_kept_ends_when_it_is_told() {
    let aws = LocalAws::start();
    let address = aws.endpoint().trim_start_matches("http://").to_owned();
    let directory = aws.directory().to_path_buf();
    let pid = aws.keep().to_string();
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&address).is_ok());
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let told = Instant::now();
    while directory.exists() || TcpStream::connect(&address).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(10), "it still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_reset_forgets() {
    let aws = LocalAws::start();
    aws.create_bucket("gone");
    aws.reset();
    assert_eq!(aws.request("s3", "GET", "/gone", &[], &[], b"").status, 404);
}
