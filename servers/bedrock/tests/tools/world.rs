//! The server as its tests start it, and what models say in streams.

use awsmcp_testing::{Event, Rig, rig};
use serde_json::json;

/// A model that the local AWS has, and that can be called by its own id.
pub(crate) const MODEL: &str = "amazon.nova-lite-v1:0";

/// With every tool and every risk.
pub(crate) const BEDROCK: Rig =
    rig!("bedrock").flags(&["--allow", "write,destroy,invoke", "--toolsets", "all"]);

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
