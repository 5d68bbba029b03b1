//! Members that AWS's model calls sensitive, hidden in what is shown.

use awsmcp_api::{Kind, Model, Shape};
use serde_json::Value;

/// What stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// Hides what is sensitive in a value of a shape; answers how many values that were.
pub(crate) fn mask(model: &Model, shape: &str, value: &mut Value) -> usize {
    let Some(shape) = model.shape(shape) else { return 0 };
    if shape.sensitive && !is_empty(value) {
        *value = HIDDEN.into();
        return 1;
    }
    inside(model, shape, value)
}

fn inside(model: &Model, shape: &Shape, value: &mut Value) -> usize {
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(fields)) => fields
            .iter_mut()
            .filter_map(|(name, value)| Some(mask(model, &shape.members.get(name)?.shape, value)))
            .sum(),
        (Kind::List, Value::Array(items)) => {
            let part = shape.member.as_ref().map_or("", |part| part.shape.as_str());
            items.iter_mut().map(|value| mask(model, part, value)).sum()
        }
        (Kind::Map, Value::Object(fields)) => {
            let part = shape.value.as_ref().map_or("", |part| part.shape.as_str());
            fields.values_mut().map(|value| mask(model, part, value)).sum()
        }
        _ => 0,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
