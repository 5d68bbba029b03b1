//! Links that work without credentials, and only for what they were signed for.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use awsmcp_testing::{LocalAws, Rig, Server};
use serde_json::{Value, json};

use crate::world::{S3, aws};

/// With the tools that make links.
const LINKS: Rig = S3.flags(&["--toolsets", "all", "--allow", "write,reveal"]);

fn one(server: &mut Server, tool: &str, arguments: Value) -> Value {
    serde_json::from_str(server.call(tool, arguments).ok()).unwrap()
}

/// What somebody without credentials gets: status and body.
fn follow(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut to = TcpStream::connect(host).unwrap();
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    to.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    to.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn headers(link: &Value) -> Vec<(String, String)> {
    let given = link["headers"].as_object().into_iter().flatten();
    given.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_download_link_gives_the_object_and_nothing_else() {
    let aws = aws();
    aws.create_bucket("link-down");
    aws.put_object("link-down", "a b/ü.txt", &[("content-type", "text/plain")], "hello");
    let mut server = LINKS.start();
    let link = one(
        &mut server,
        "presign_download",
        json!({"bucket": "link-down", "key": "a b/ü.txt", "expires_in": "10m"}),
    );
    assert_eq!((&link["size_bytes"], &link["content_type"]), (&json!(5), &json!("text/plain")));
    let url = link["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-Expires=600"), "{url}");
    assert_eq!(follow("GET", url, &[], ""), (200, "hello".to_owned()));
    assert_eq!(follow("GET", &url.replace("%C3%BC", "x"), &[], "").0, 403);
    assert_eq!(follow("PUT", url, &[], "x").0, 403);
}

#[test]
fn a_link_of_temporary_credentials_says_so() {
    let aws = aws();
    aws.create_bucket("link-brief");
    aws.put_object("link-brief", "k", &[], "x");
    let temporary = S3.set("AWS_SESSION_TOKEN", "token");
    let mut server = temporary.only(&["--toolsets", "all", "--allow", "reveal"]).start();
    let link = server.call("presign_download", json!({"bucket": "link-brief", "key": "k"}));
    assert!(link.ok().contains("X-Amz-Security-Token="), "{}", link.text);
    assert!(link.text.contains("note: the credentials are temporary"), "{}", link.text);
}

#[test]
fn no_link_is_made_to_what_cannot_be_read() {
    let aws = aws();
    aws.create_bucket("link-none");
    aws.put_object("link-none", "cold", &[("x-amz-storage-class", "GLACIER")], "x");
    let mut server = LINKS.start();
    let mut error = |arguments: Value| server.call("presign_download", arguments).error().to_owned();
    assert!(error(json!({"bucket": "link-none", "key": "nothing"})).contains("next: list_objects"));
    assert!(error(json!({"bucket": "link-none", "key": "cold"})).contains("restore_object"));
    assert!(error(json!({"bucket": "link-none", "key": "cold", "expires_in": "8d"})).contains("7 days"));
}

#[test]
fn an_upload_link_takes_what_it_was_signed_for() {
    let aws = aws();
    aws.create_bucket("link-up");
    let mut server = LINKS.start();
    let ask = json!({"bucket": "link-up", "key": "in/a.txt", "content_type": "text/plain", "size": 5});
    let link = one(&mut server, "presign_upload", ask.clone());
    let url = link["url"].as_str().unwrap();
    let given = headers(&link);
    let given: Vec<(&str, &str)> =
        given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(follow("PUT", url, &[("content-type", "text/html")], "hello").0, 403);
    assert_eq!(follow("PUT", url, &given, "far too long").0, 403);
    assert_eq!(follow("PUT", url, &given, "hello").0, 200);
    let mut dry = ask;
    dry["dry_run"] = json!(true);
    let plan = server.call("presign_upload", dry);
    assert!(
        plan.ok().contains("would sign a PUT that can write s3://link-up/in/a.txt for 1 h"),
        "{}",
        plan.text
    );
    assert!(plan.text.contains("warning: it overwrites the object that lies there"), "{}", plan.text);
}

#[test]
fn what_may_not_be_looked_at_is_said_with_the_action() {
    let aws = LocalAws::shared_with_iam();
    aws.create_bucket("link-blind");
    let user = aws.create_user(
        "blind",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}"#,
    );
    let mut server = LINKS.at(aws.env_as(&user)).start();
    let ask = json!({"bucket": "link-blind", "key": "k", "dry_run": true});
    let plan = server.call("presign_upload", ask);
    assert!(plan.ok().contains("it may overwrite an object"), "{}", plan.text);
    assert!(plan.text.contains("(s3:GetObject, and s3:ListBucket for a missing key)"), "{}", plan.text);
    let down = server.call("presign_download", json!({"bucket": "link-blind", "key": "k"}));
    assert!(down.error().contains("need s3:GetObject on arn:aws:s3:::link-blind/k"), "{}", down.text);
}

#[test]
fn a_form_takes_what_its_policy_allows() {
    let aws = aws();
    aws.create_bucket("link-form");
    let mut server = LINKS.start();
    let ask = json!({"bucket": "link-form", "key": "in/", "method": "POST", "content_type": "text/plain", "size": 8});
    let asked = server.call("presign_upload", ask.clone());
    asked.holds(&["nothing was done yet", "it can overwrite what lies there"]);
    let form: Value = serde_json::from_str(server.confirmed("presign_upload", ask).ok()).unwrap();
    assert_eq!(form["method"], "POST");
    let post = |key: Option<&str>, body: &str| {
        let mut sent = String::new();
        for (name, value) in form["fields"].as_object().unwrap() {
            let value = key.filter(|_| name == "key").unwrap_or(value.as_str().unwrap());
            sent.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        sent.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\n{body}\r\n--b--\r\n"
        ));
        let kind = [("content-type", "multipart/form-data; boundary=b")];
        follow("POST", form["url"].as_str().unwrap(), &kind, &sent)
    };
    assert_eq!(post(None, "hello").0, 204);
    assert_eq!(aws.expect("s3", "GET", "/link-form/in/f.txt", &[], "").text(), "hello");
    assert_eq!(post(None, "too much of it").0, 400);
    assert_eq!(post(Some("out/f.txt"), "hello").0, 403);
}

#[test]
fn the_allow_list_holds_for_links_too() {
    let aws = aws();
    aws.create_bucket("link-held");
    aws.put_object("link-held", "out/a", &[], "x");
    let mut server = LINKS.and(&["--allow-arn", "arn:aws:s3:::link-held/in/?"]).start();
    let outside = "is outside what the operator allowed";
    let down = server.call("presign_download", json!({"bucket": "link-held", "key": "out/a"}));
    assert!(down.error().contains(outside), "{}", down.text);
    let up = server.call("presign_upload", json!({"bucket": "link-held", "key": "out/a"}));
    assert!(up.error().contains(outside), "{}", up.text);
    let form = server.call("presign_upload", json!({"bucket": "link-held", "key": "in/", "method": "POST"}));
    assert!(form.error().contains(outside), "{}", form.text);
    server.call("presign_upload", json!({"bucket": "link-held", "key": "in/a"})).ok();
}

#[test]
fn a_link_is_only_made_where_that_is_allowed() {
    let mut server = S3.only(&["--toolsets", "all"]).start();
    let refused = server.call("presign_download", json!({"bucket": "link-held", "key": "k"}));
    assert!(refused.error().contains("--allow reveal"), "{}", refused.text);
}
