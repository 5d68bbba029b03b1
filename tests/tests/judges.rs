//! The judges themselves, tried on a server of a screen of Python that is known to be right.
#![cfg(test)]

use awsmcp_testing::{Direction, Elicited, Era, Server, workspace};
use awsmcp_tests::{Call, Heard, Target, claude_code, inspector, node_client, python_client};
use awsmcp_tests::{validate_session, violations};
use serde_json::json;

type Client = fn(&Target, &Era, Option<Elicited>, &[Call]) -> Heard;

fn echo() -> Target {
    let script = workspace().join("shared/testing/tests/echo_server.py");
    Target::new("python3", [script.display().to_string()], [])
}

fn drive(client: Client) {
    for era in [Era::legacy(), Era::Modern] {
        let calls = [Call::tool("echo", json!({"words": "hi"})), Call::tool("confirm", json!({}))];
        let heard = client(&echo(), &era, Some(Elicited::Decline), &calls);
        assert_eq!(heard.connected["server"]["name"], "echo", "{era:?}");
        assert_eq!(heard.tools.len(), 2);
        assert_eq!(heard.answer(0).ok(), "hi");
        assert_eq!(heard.answer(1).ok(), "decline");
        assert_eq!(heard.asked[0]["message"], "Sure?");
    }
}

#[test]
#[ignore = "drives the Python client"]
fn the_python_client_is_heard() {
    drive(python_client);
}

#[test]
#[ignore = "drives the TypeScript client"]
fn the_node_client_is_heard() {
    drive(node_client);
}

#[test]
#[ignore = "drives the Inspector"]
fn the_inspector_lists_and_calls() {
    for era in [Era::legacy(), Era::Modern] {
        let listed = inspector(&echo(), &era, &["--method", "tools/list", "--strict"]);
        assert_eq!(
            (listed.code, &listed.json["result"]["tools"][0]["name"]),
            (0, &json!("echo")),
            "{listed:?}"
        );
        let arguments = r#"{"words": ""}"#;
        let options = ["--method", "tools/call", "--tool-name", "echo", "--tool-args-json", arguments];
        let called = inspector(&echo(), &era, &options);
        assert_eq!((called.code, &called.json["result"]["isError"]), (5, &json!(true)), "{called:?}");
    }
}

#[test]
#[ignore = "drives Claude Code"]
fn claude_code_connects() {
    assert_eq!(claude_code(&echo()), "✔ Connected");
}

#[test]
fn both_sides_of_our_own_client_follow_the_schemas() {
    for modern in [false, true] {
        let script = workspace().join("shared/testing/tests/echo_server.py");
        let mut server = Server::spawn("python3", [script], []).elicit(|_| Elicited::Accept(json!({})));
        if modern {
            server.discover()
        } else {
            server.initialize()
        };
        server.tools();
        server.call("echo", json!({"words": "hi"}));
        server.call("confirm", json!({}));
        let version = server.era().version().to_owned();
        validate_session(server.messages(), &version);
        assert_eq!(violations(server.messages(), &version, Direction::Sent), Vec::<String>::new());
    }
}
