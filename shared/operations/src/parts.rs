//! The parts of a value, each with the shape that the model gives it.

use awsmcp_api::{Kind, Shape};
use serde_json::{Map, Value};

/// The members of a structure that the model knows, each with its shape.
pub(crate) fn members<'m, 'v>(
    shape: &'m Shape,
    fields: &'v mut Map<String, Value>,
) -> impl Iterator<Item = (&'m str, &'v mut Value)> {
    fields.iter_mut().filter_map(|(name, value)| Some((shape.members.get(name)?.shape.as_str(), value)))
}

/// The parts of a value of a shape, each with its own: of a structure its members, of a list and a map what they hold.
pub(crate) fn parts<'m, 'v>(shape: &'m Shape, value: &'v mut Value) -> Vec<(&'m str, &'v mut Value)> {
    let held = |part: &'m Option<awsmcp_api::Member>| part.as_ref().map_or("", |part| part.shape.as_str());
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(fields)) => members(shape, fields).collect(),
        (Kind::List, Value::Array(items)) => {
            items.iter_mut().map(|item| (held(&shape.member), item)).collect()
        }
        (Kind::Map, Value::Object(fields)) => {
            fields.values_mut().map(|value| (held(&shape.value), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a value says only that there is nothing in it.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
