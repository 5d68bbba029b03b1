//! JSON between callers, who write any, and the SDK, which has a type of its own for it.

use std::borrow::Cow;

use aws_smithy_types::{Document, Number};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

/// Any JSON. A text that holds an object or a list is meant as that: models like to write JSON as a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json(pub(crate) Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        Ok(Json(match inner {
            Some(inner @ (Value::Object(_) | Value::Array(_))) => inner,
            _ => value,
        }))
    }
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// As the SDK takes it.
pub(crate) fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(yes) => Document::Bool(*yes),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(fields) => {
            Document::Object(fields.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
    }
}

/// As the SDK gives it, its fields in order of their names.
pub(crate) fn value(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(yes) => json!(yes),
        Document::Number(Number::PosInt(number)) => json!(number),
        Document::Number(Number::NegInt(number)) => json!(number),
        Document::Number(Number::Float(number)) => json!(number),
        Document::String(text) => json!(text),
        Document::Array(items) => Value::Array(items.iter().map(value).collect()),
        Document::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            Value::Object(fields.into_iter().map(|(name, field)| (name.clone(), value(field))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_survives_the_sdks_type(given in any_json()) {
            prop_assert_eq!(value(&document(&given)), given);
        }
    }

    #[test]
    fn a_text_that_holds_json_is_meant_as_json() {
        let read = |value: Value| serde_json::from_value::<Json>(value).unwrap().0;
        assert_eq!(read(json!("{\"a\":1}")), json!({"a": 1}));
        assert_eq!(read(json!("plain")), json!("plain"));
        assert_eq!(read(json!("7")), json!("7"));
    }
}
