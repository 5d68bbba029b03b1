//! The client tells what a server did, in both eras, and never waits for ever.
#![cfg(test)]

use std::time::Duration;

use awsmcp_testing::{Answer, Direction, Elicited, Server};
use serde_json::json;

fn echo() -> Server {
    Server::spawn("python3", [concat!(env!("CARGO_MANIFEST_DIR"), "/tests/echo_server.py")], [])
}

#[test]
fn a_legacy_session() {
    let mut server = echo();
    assert_eq!(server.initialize()["serverInfo"]["name"], "echo");
    assert_eq!(server.era().version(), "2025-11-25");
    assert_eq!(server.tools().len(), 2);
    let answer = server.call("echo", json!({"words": "hi"}));
    assert_eq!((answer.ok(), answer.structured.clone()), ("hi", Some(json!({"words": "hi"}))));
    assert_eq!(server.call("echo", json!({})).error(), "");
    let progress = json!({"name": "echo", "arguments": {"words": "hi"}, "_meta": {"progressToken": "p"}});
    server.request("tools/call", progress);
    assert_eq!(server.wait_notification("notifications/progress")["params"]["progressToken"], "p");
    let error = server.try_request("nothing", json!({})).unwrap_err();
    assert_eq!((error.code, error.data), (-32601, json!({"method": "nothing"})));
    assert_eq!(server.messages()[0].direction, Direction::Sent);
    assert!(server.close().success());
}

#[test]
fn a_modern_session() {
    let mut server = echo();
    assert_eq!(server.discover()["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(server.tools().len(), 2);
    let answer = server.call("confirm", json!({}));
    assert_eq!(answer.raw["resultType"], "input_required");
    assert_eq!(server.call("echo", json!({"words": "hi"})).ok(), "hi");
    assert!(server.close().success());
}

#[test]
fn a_question_is_answered_in_both_eras() {
    for (reply, action) in [(Elicited::Accept(json!({"ok": true})), "accept"), (Elicited::Decline, "decline")]
    {
        let answer = reply.clone();
        let mut legacy = echo().elicit(move |_| answer.clone());
        legacy.initialize();
        assert_eq!(legacy.call("confirm", json!({})).ok(), action);

        let mut modern = echo().elicit(move |question| {
            assert_eq!(question["message"], "Sure?");
            reply.clone()
        });
        modern.discover();
        assert_eq!(modern.call("confirm", json!({})).ok(), action);
    }
}

#[test]
fn answers_may_come_in_any_order() {
    let mut server = echo();
    server.initialize();
    let first = server.send_call("echo", json!({"words": "1"}));
    let second = server.send_call("echo", json!({"words": "2"}));
    assert_eq!(Answer::from(server.wait(second).unwrap()).ok(), "2");
    assert_eq!(Answer::from(server.wait(first).unwrap()).ok(), "1");
}

#[test]
fn raw_lines_and_silence() {
    let mut server = echo().patience(Duration::from_secs(5));
    server.write_line("{not json");
    assert_eq!(server.read().unwrap()["error"]["code"], -32700);
    server.send("silent", json!({}));
    assert!(server.is_silent(Duration::from_millis(300)));
    assert_eq!(server.stderr(), "waiting\n");
    server.signal("TERM");
    assert!(!server.ended().success());
    assert!(server.read().is_none());
}
