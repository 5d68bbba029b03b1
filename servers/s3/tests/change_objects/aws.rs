//! A server on the local AWS, and what a test puts there and finds there.

use awsmcp_testing::{Answer, LocalAws, Server};
use serde_json::{Value, json};

pub(crate) fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

/// A server that may change everything.
pub(crate) fn server() -> Server {
    server_with(&[])
}

pub(crate) fn server_with(flags: &[&str]) -> Server {
    start(flags, aws().env())
}

pub(crate) fn start(flags: &[&str], env: Vec<(String, String)>) -> Server {
    let flags = ["--allow", "write,destroy", "--toolsets", "all"].iter().chain(flags);
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), flags, env);
    server.initialize();
    server
}

pub(crate) fn versioned(bucket: &str) {
    aws().create_bucket(bucket);
    versioning(bucket, "Enabled");
}

pub(crate) fn versioning(bucket: &str, status: &str) {
    let body = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
    aws().expect("s3", "PUT", &format!("/{bucket}"), &[("versioning", "")], body);
}

/// The contents of an object; none where there is none.
pub(crate) fn contents(bucket: &str, key: &str) -> Option<String> {
    let reply = aws().request("s3", "GET", &format!("/{bucket}/{key}"), &[], &[], b"");
    (reply.status == 200).then(|| reply.text().to_string())
}

/// The ids of a key's versions, the newest first.
pub(crate) fn version_ids(server: &mut Server, bucket: &str, key: &str) -> Vec<String> {
    let rows = server.call("list_versions", json!({"bucket": bucket, "key": key, "query": "[].version_id"}));
    rows.ok().lines().filter(|line| !line.contains(' ')).map(str::to_owned).collect()
}

pub(crate) fn confirm(server: &mut Server, tool: &str, mut arguments: Value, plan: &Answer) -> Answer {
    let text = plan.ok();
    assert!(text.contains("nothing was done yet"), "{text}");
    arguments["confirm"] = json!(plan.token());
    server.call(tool, arguments)
}

pub(crate) fn planned(server: &mut Server, tool: &str, mut arguments: Value) -> String {
    arguments["dry_run"] = json!(true);
    let answer = server.call(tool, arguments);
    let text = answer.ok();
    assert!(text.starts_with("dry run, nothing was changed. "), "{text}");
    text.to_owned()
}

/// The answer of a call that must have succeeded.
pub(crate) fn done(answer: &Answer) -> Value {
    serde_json::from_str(answer.ok().lines().next().unwrap()).unwrap()
}

/// How many tags an object has.
pub(crate) fn tag_count(bucket: &str, key: &str) -> usize {
    let reply = aws().expect("s3", "GET", &format!("/{bucket}/{key}"), &[("tagging", "")], b"");
    reply.text().matches("<Tag>").count()
}
