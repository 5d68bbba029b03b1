//! What AWS answers of a setting, in the JSON of its command line.

use awsmcp_mcp::{Error, Kind, Result};
use serde::Serialize;
use serde_json::Value;

use super::shapes::Shape;

/// What AWS answered, in its own JSON; none where it says that there is no such setting, or nothing of it.
pub(super) fn present(asked: Result<Option<Value>>) -> Result<Option<Value>> {
    match asked {
        Ok(value) => Ok(value
            .map(|mut value| {
                without_nulls(&mut value);
                value
            })
            .filter(says_something)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether AWS says that the bucket has no such setting, rather than that there is no bucket.
fn is_missing(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.code.as_deref().is_some_and(|code| code != "NoSuchBucket")
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().any(|value| match value {
            Value::Array(items) => !items.is_empty(),
            other => !other.is_null(),
        }),
        other => !other.is_null(),
    }
}

pub(super) fn shown<S, T: Shape<S> + Serialize>(sdk: Option<S>) -> Result<Option<Value>> {
    sdk.map(|sdk| serde_json::to_value(T::of(sdk)).map_err(unreadable)).transpose()
}

pub(super) fn unreadable(error: serde_json::Error) -> Error {
    Error::internal(error.to_string())
}

/// Absent fields are `null` in Rust's structs and absent in AWS's JSON.
pub(super) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
