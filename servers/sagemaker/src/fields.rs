//! Reading AWS's JSON: a pointer such as `/ResourceConfig/InstanceType` names a field.

use serde_json::Value;

use crate::times::{seconds, written};

pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(crate) fn whole(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer)?.as_i64()
}

pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Seconds since 1970.
pub(crate) fn time(value: &Value, pointer: &str) -> Option<i64> {
    seconds(value.pointer(pointer))
}

/// As people read it.
pub(crate) fn moment(value: &Value, pointer: &str) -> Option<String> {
    time(value, pointer).map(written)
}

/// The names of a map's entries, without their values.
pub(crate) fn keys(value: &Value, pointer: &str) -> Vec<String> {
    let fields = value.pointer(pointer).and_then(Value::as_object);
    let mut keys: Vec<String> = fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    keys.sort();
    keys
}

/// A map of texts, in order.
pub(crate) fn map(value: &Value, pointer: &str) -> serde_json::Map<String, Value> {
    let fields = value.pointer(pointer).and_then(Value::as_object);
    let mut pairs: Vec<_> = fields.into_iter().flatten().collect();
    pairs.sort_by_key(|(name, _)| *name);
    pairs.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}
