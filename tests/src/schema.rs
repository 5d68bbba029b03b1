//! Whether what a server said follows the protocol's schema.

use std::collections::HashMap;

use awsmcp_testing::{Direction, Message, fail, workspace};
use serde_json::{Value, json};

/// Fails the test if anything that the server said does not follow the schema of `version`.
///
/// There are schemas of 2025-06-18, 2025-11-25 and 2026-07-28.
#[track_caller]
pub fn validate_session(messages: &[Message], version: &str) {
    let found = violations(messages, version, Direction::Received);
    if !found.is_empty() {
        fail(format!("messages that do not follow MCP {version}:\n{}", found.join("\n")));
    }
}

/// What is wrong with the messages of one side, a line each.
#[track_caller]
pub fn violations(messages: &[Message], version: &str, side: Direction) -> Vec<String> {
    let schema = Schema::of(version);
    // The method of each request, by who sent it and its id: an answer does not repeat it.
    let mut asked: HashMap<(bool, String), String> = HashMap::new();
    let mut found = Vec::new();
    for message in messages {
        let json = &message.json;
        let by_client = message.direction == Direction::Sent;
        let id = json.get("id").map(Value::to_string);
        let method = json.get("method").and_then(Value::as_str);
        if let (Some(method), Some(id)) = (method, &id) {
            asked.insert((by_client, id.clone()), method.to_owned());
        }
        if message.direction != side {
            continue;
        }
        let who = if by_client { "client" } else { "server" };
        let errors = match (method, &id, json.get("error")) {
            (Some(method), Some(_), _) => schema.check(&format!("{who}Requests"), method, json),
            (Some(method), None, _) => schema.check(&format!("{who}Notifications"), method, json),
            (None, _, Some(_)) => errors(&error_response(), json),
            (None, Some(id), None) => match (asked.get(&(!by_client, id.clone())), json.get("result")) {
                (Some(method), Some(result)) => schema.check(&format!("{who}Results"), method, result),
                (Some(_), None) => vec!["neither result nor error".to_owned()],
                (None, _) => vec!["an answer that nobody waits for".to_owned()],
            },
            (None, None, None) => vec!["neither a request, nor an answer, nor a notification".to_owned()],
        };
        let version = json.get("jsonrpc").and_then(Value::as_str);
        let errors =
            errors.into_iter().chain((version != Some("2.0")).then(|| "jsonrpc is not 2.0".to_owned()));
        let mut text = json.to_string();
        if text.len() > 400 {
            text = text.chars().take(400).chain("…".chars()).collect();
        }
        found.extend(errors.map(|error| format!("{error}\n    in {text}")));
    }
    found
}

struct Schema(Value);

impl Schema {
    #[track_caller]
    fn of(version: &str) -> Schema {
        let path = workspace().join("tests/schemas").join(version).join("schema.json");
        match std::fs::read_to_string(&path).map(|text| serde_json::from_str(&text)) {
            Ok(Ok(schema)) => Schema(schema),
            _ => fail(format!("no schema of MCP {version} at {}", path.display())),
        }
    }

    fn check(&self, kind: &str, method: &str, value: &Value) -> Vec<String> {
        let Some(entry) = self.0.get(kind).and_then(|methods| methods.get(method)) else {
            return vec![format!("{method} is not one of the {kind}")];
        };
        let schema = json!({
            "$schema": self.0.get("$schema"),
            "$defs": self.0.get("$defs"),
            "allOf": [entry],
        });
        errors(&schema, value).into_iter().map(|error| format!("{method}: {error}")).collect()
    }
}

fn errors(schema: &Value, value: &Value) -> Vec<String> {
    match jsonschema::validator_for(schema) {
        Ok(validator) => {
            let told =
                |error: jsonschema::ValidationError<'_>| format!("{} at {}", error, error.instance_path());
            validator.iter_errors(value).map(told).collect()
        }
        Err(error) => vec![format!("the schema itself is wrong: {error}")],
    }
}

fn error_response() -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc", "error"],
        "properties": {
            "id": {"type": ["string", "integer", "null"]},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(answer: Value) -> Vec<Message> {
        vec![
            Message {
                direction: Direction::Sent,
                json: json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}}),
            },
            Message { direction: Direction::Received, json: answer },
        ]
    }

    fn found(result: Value, version: &str) -> Vec<String> {
        let answer = json!({"jsonrpc": "2.0", "id": 1, "result": result});
        violations(&session(answer), version, Direction::Received)
    }

    #[test]
    fn results_are_held_to_their_version() {
        let result = json!({"content": [{"type": "text", "text": "hi"}]});
        assert_eq!(found(result.clone(), "2025-06-18"), Vec::<String>::new());
        assert_eq!(found(result.clone(), "2025-11-25"), Vec::<String>::new());
        assert_eq!(found(result, "2026-07-28").len(), 1);
        let result = json!({"content": [{"type": "text", "text": "hi"}], "resultType": "complete"});
        assert_eq!(found(result, "2026-07-28"), Vec::<String>::new());
        let asks = json!({"resultType": "input_required", "requestState": "s"});
        assert_eq!(found(asks, "2026-07-28"), Vec::<String>::new());
    }

    #[test]
    fn what_is_absent_is_not_null() {
        let result = json!({"content": [], "isError": null, "resultType": "complete"});
        for version in ["2025-11-25", "2026-07-28"] {
            assert_eq!(found(result.clone(), version).len(), 1, "{version}");
        }
    }

    #[test]
    fn strangers_are_named() {
        let of = |json: Value| violations(&session(json), "2026-07-28", Direction::Received).join("\n");
        assert!(
            of(json!({"jsonrpc": "2.0", "id": 7, "result": {}}))
                .starts_with("an answer that nobody waits for")
        );
        assert!(of(json!({"jsonrpc": "2.0", "method": "hello"})).starts_with("hello is not one of"));
        assert!(
            of(json!({"jsonrpc": "2.0", "id": 2, "method": "elicitation/create"})).contains("is not one of")
        );
        assert!(
            of(json!({"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": ""}})).contains("integer")
        );
        assert_eq!(of(json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "m"}})), "");
    }
}
