//! botocore's own tests of its protocols, and what follows from them.

mod inputs;
mod outputs;
mod services;
mod xml;

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{Kind, Model, Operation};

/// One test of botocore's.
#[derive(Deserialize)]
pub(super) struct Case {
    id: Option<String>,
    description: Option<String>,
    model: Model,
    operation: String,
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    params: Option<Map<String, Value>>,
    #[serde(default)]
    serialized: Option<Value>,
    #[serde(default)]
    response: Option<Value>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default, rename = "errorCode")]
    code: Option<String>,
    #[serde(default, rename = "errorMessage")]
    message: Option<String>,
}

impl Case {
    fn name(&self) -> String {
        let name = self.id.clone().or_else(|| self.description.clone()).unwrap_or_default();
        format!("{:?} {name}", self.model.protocol)
    }

    fn operation(&self) -> &Operation {
        self.model.operations.get(&self.operation).expect("a case has its operation")
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut text = Vec::new();
    let packed = include_bytes!("../../tests/protocols.json.gz");
    GzDecoder::new(packed.as_slice()).read_to_end(&mut text).expect("it is a gzip");
    serde_json::from_slice(&text).expect("it holds cases")
}

/// Changes every value of these kinds in a value of this shape.
pub(super) fn mapped(
    model: &Model,
    shape: &str,
    value: &Value,
    change: &dyn Fn(Kind, &Value) -> Value,
) -> Value {
    let Some(shape) = model.shapes.get(shape) else { return value.clone() };
    if shape.document {
        return value.clone();
    }
    let part = |part: &Option<crate::model::Member>, value: &Value| match part {
        Some(part) => mapped(model, &part.shape, value, change),
        None => value.clone(),
    };
    match (shape.kind, value) {
        (_, Value::Null) => Value::Null,
        (Kind::Structure, Value::Object(all)) => {
            let all = all.iter().map(|(name, value)| {
                let known = shape.members.get(name);
                let value = known.map_or(value.clone(), |known| mapped(model, &known.shape, value, change));
                (name.clone(), value)
            });
            Value::Object(all.collect())
        }
        (Kind::List, Value::Array(all)) => all.iter().map(|value| part(&shape.member, value)).collect(),
        (Kind::Map, Value::Object(all)) => {
            Value::Object(all.iter().map(|(name, value)| (name.clone(), part(&shape.value, value))).collect())
        }
        (kind, value) => change(kind, value),
    }
}

/// Botocore's tests write bytes as the text that they are, and we as Base64.
pub(super) fn encoded(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Blob, Value::String(text)) => STANDARD.encode(text).into(),
        (_, value) => value.clone(),
    }
}
