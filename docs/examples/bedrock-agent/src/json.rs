//! JSON as MCP's library has it, and as Bedrock's has it.

use std::collections::BTreeMap;

use aws_smithy_types::{Document, Number};
use serde_json::{Value, json};

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
            Document::Object(fields.iter().map(|(name, field)| (name.clone(), document(field))).collect())
        }
    }
}

pub(crate) fn value(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(yes) => json!(yes),
        Document::Number(Number::PosInt(number)) => json!(number),
        Document::Number(Number::NegInt(number)) => json!(number),
        Document::Number(Number::Float(number)) => json!(number),
        Document::String(text) => json!(text),
        Document::Array(items) => items.iter().map(value).collect(),
        Document::Object(fields) => {
            // They come in no order, and people read them.
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            sorted.into_iter().map(|(name, field)| (name.clone(), value(field))).collect()
        }
    }
}
