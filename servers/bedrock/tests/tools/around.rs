//! What the tests here share.

use awsmcp_testing::{Answer, Event, LocalAws, Server};
use serde_json::{Value, json};

/// A model that the local AWS has, and that can be called by its own id.
pub(crate) const MODEL: &str = "amazon.nova-lite-v1:0";

/// A server with every tool and every risk.
pub(crate) fn server(args: &[&str]) -> Server {
    server_at(LocalAws::shared().env(), args)
}

/// As [`server`], elsewhere.
pub(crate) fn server_at(env: Vec<(String, String)>, args: &[&str]) -> Server {
    let all = ["--allow", "write,destroy,invoke", "--toolsets", "all"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-bedrock"), all.iter().chain(args), env);
    server.initialize();
    server
}

/// Calls a tool, confirms its plan, and answers what it said at last.
#[track_caller]
pub(crate) fn confirmed(server: &mut Server, tool: &str, arguments: Value) -> String {
    server.confirmed(tool, arguments).ok().to_owned()
}

/// Fails unless the text holds all of these.
#[track_caller]
pub(crate) fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

/// The object that a tool answered.
#[track_caller]
pub(crate) fn object(answer: &Answer) -> Value {
    let text = answer.ok();
    let line =
        text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no object in: {text}"));
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// A piece of text in a stream.
pub(crate) fn piece(text: &str) -> Event {
    Event::new("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": text}}))
}

/// A stream of these events, from its first to its last word.
pub(crate) fn talk(events: Vec<Event>, stop: &str, input: u32, output: u32) -> Vec<Event> {
    let mut all = vec![Event::new("messageStart", json!({"role": "assistant"}))];
    all.extend(events);
    all.push(Event::new("contentBlockStop", json!({"contentBlockIndex": 0})));
    all.push(Event::new("messageStop", json!({"stopReason": stop})));
    all.push(Event::new(
        "metadata",
        json!({
            "usage": {"inputTokens": input, "outputTokens": output, "totalTokens": input + output},
            "metrics": {"latencyMs": 321},
        }),
    ));
    all
}
