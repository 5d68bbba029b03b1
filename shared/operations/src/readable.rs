//! An answer as it is shown: text where a body is text, secrets hidden.

use awsmcp_api::{Kind, Model, Operation};
use awsmcp_mcp::{Risk, Service};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::masked::mask;

/// The answer without what may not be shown; what was done to it is noted.
pub(crate) fn readable<S: Service>(
    cx: &awsmcp_mcp::Call<S>,
    model: &Model,
    operation: &Operation,
    mut answer: Map<String, Value>,
) -> Map<String, Value> {
    if let Some(output) = operation.output.as_deref()
        && !cx.settings().allows(Risk::Reveal)
    {
        let mut whole = Value::Object(answer);
        let hidden = match &mut whole {
            // The answer as a whole is no secret, whatever its shape is called.
            Value::Object(fields) => {
                let members = model.shape(output).map(|shape| &shape.members);
                let of =
                    |name: &String| members.and_then(|it| it.get(name)).map_or("", |it| it.shape.as_str());
                fields.iter_mut().map(|(name, value)| mask(model, of(name), value)).sum()
            }
            _ => 0,
        };
        if hidden > 0 {
            cx.note(format!(
                "{} hidden, since AWS's model calls them sensitive; --allow reveal shows them",
                awsmcp_mcp::counted(hidden, "value")
            ));
        }
        answer = match whole {
            Value::Object(answer) => answer,
            _ => Map::new(),
        };
    }
    if let Some((name, shape)) = operation.stream(model)
        && model.shape(shape).is_some_and(|shape| shape.kind == Kind::Blob)
        && let Some(Value::String(encoded)) = answer.get_mut(name)
        && let Ok(bytes) = STANDARD.decode(encoded.as_bytes())
        && let Ok(text) = String::from_utf8(bytes)
    {
        *encoded = text;
        cx.note(format!("{name} is text and shown as it is, not as Base64"));
    }
    answer
}

/// A value without what says only that there is nothing in it, but for its own members: that a list was asked for and is
/// empty is an answer.
pub(crate) fn brief(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), inside(value))).collect(),
        other => inside(other),
    }
}

fn inside(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), inside(value)))
            .filter(|(_, value)| !is_nothing(value))
            .collect(),
        Value::Array(items) => items.iter().map(inside).collect(),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_parts_are_left_out_and_empty_answers_are_not() {
        assert_eq!(
            brief(
                &json!({"Queues": [], "Groups": [{"Id": "a", "Tags": [], "Of": {"None": {}}, "Text": "", "Zero": 0}]})
            ),
            json!({"Queues": [], "Groups": [{"Id": "a", "Text": "", "Zero": 0}]})
        );
    }
}
