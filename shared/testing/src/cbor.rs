//! CBOR as the protocol rpc-v2-cbor uses it, read and written as JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// Reads CBOR: bytes become Base64, and a time the number of its seconds.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    ciborium::from_reader::<Cbor, _>(bytes).ok().map(json)
}

/// Writes CBOR.
pub(crate) fn write(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A vector takes every byte.
    let _ = ciborium::into_writer(value, &mut bytes);
    bytes
}

fn json(value: Cbor) -> Value {
    match value {
        Cbor::Integer(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        Cbor::Bytes(bytes) => Value::String(BASE64_STANDARD.encode(bytes)),
        Cbor::Float(number) => match Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => Value::String(
                if number.is_nan() {
                    "NaN"
                } else if number > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                }
                .to_owned(),
            ),
        },
        Cbor::Text(text) => Value::String(text),
        Cbor::Bool(truth) => Value::Bool(truth),
        Cbor::Tag(_, inner) => json(*inner),
        Cbor::Array(items) => items.into_iter().map(json).collect(),
        Cbor::Map(entries) => entries
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_text().ok()?, json(value))))
            .collect::<Map<_, _>>()
            .into(),
        _ => Value::Null,
    }
}
