//! An answer as it is shown: text where a body is text, secrets hidden.

use awsmcp_api::{Kind, Model, Operation};
use awsmcp_mcp::{Risk, Service};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::masked::mask_members;
use crate::parts::is_nothing;

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
        let hidden = mask_members(model, output, &mut answer);
        if hidden > 0 {
            cx.note(format!(
                "{} hidden, since AWS's model calls them sensitive; --allow reveal shows them",
                awsmcp_mcp::counted(hidden, "value")
            ));
        }
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
