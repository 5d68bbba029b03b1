//! What a tool answers, before it is rendered.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::{Error, Result, nonfinite};

/// An answer, whatever its type was.
#[derive(Debug, Default)]
pub struct Reply {
    /// What there is to show.
    pub view: View,
    /// AWS's token for what follows, if there is more.
    pub next: Option<String>,
    /// How many there are in all, where AWS says so.
    pub total: Option<u64>,
}

/// The shape of an answer.
#[derive(Debug)]
pub enum View {
    /// Rows of a table.
    Rows(Vec<Value>),
    /// One thing.
    One {
        /// All of it.
        whole: Value,
        /// The same without our own fields that say nothing, as it is shown. What is data is in it as it is.
        brief: Value,
    },
    /// A body, shown as itself.
    Body(Body),
}

impl Default for View {
    fn default() -> Self {
        View::Rows(Vec::new())
    }
}

/// A type that a tool can answer with.
pub trait Output: Send + 'static {
    /// Takes the type away.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn reply(self) -> Result<Reply>;

    /// The JSON schema of its structured form; its root is an object.
    fn schema(generator: &mut SchemaGenerator) -> Value;
}

/// One page of rows.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// AWS's token for the next page.
    pub next: Option<String>,
    /// How many there are in all, where AWS says so.
    pub total: Option<u64>,
}

impl<T: Serialize + JsonSchema + Send + 'static> Output for Page<T> {
    fn reply(self) -> Result<Reply> {
        let rows = self.rows.iter().map(value).collect::<Result<_>>()?;
        Ok(Reply { view: View::Rows(rows), next: self.next, total: self.total })
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        json!({"rows": {"type": "array", "items": generator.subschema_for::<T>()}})
    }
}

/// One thing.
#[derive(Debug)]
pub struct One<T>(pub T);

impl<T: Serialize + JsonSchema + Send + 'static> Output for One<T> {
    fn reply(self) -> Result<Reply> {
        let brief = nonfinite::to_brief(&self.0).map_err(unwritable)?;
        Ok(Reply { view: View::One { whole: value(&self.0)?, brief }, ..Reply::default() })
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        json!({"item": generator.subschema_for::<T>()})
    }
}

fn value<T: Serialize>(item: &T) -> Result<Value> {
    nonfinite::to_value(item).map_err(unwritable)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands on")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::internal(format!("the answer is not JSON: {error}"))
}

/// JSON of somebody else, such as a function's answer: shown as it is, where it is `null` or empty too.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct AsIs(pub Value);

impl Serialize for AsIs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(nonfinite::AS_IS, &self.0)
    }
}

impl JsonSchema for AsIs {
    fn inline_schema() -> bool {
        Value::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        Value::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Value::json_schema(generator)
    }
}

/// What somebody stored, shown as itself and marked as data.
#[derive(Debug, Default)]
pub struct Body {
    /// What it is and how much of it is shown: `s3://b/k, text/plain, 1.2 KiB, lines 1-50 of 900`.
    pub label: String,
    /// The contents.
    pub parts: Vec<Part>,
    /// How to get the rest, where there is more.
    pub rest: Option<String>,
    /// AWS's address of it, for clients that show resources.
    pub uri: Option<String>,
}

impl Body {
    /// The contents, where they are JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        match self.parts.as_slice() {
            [Part::Text(text)] => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

/// A piece of a body.
#[derive(Debug)]
pub enum Part {
    /// Text.
    Text(String),
    /// An image, shown as one.
    Image {
        /// Its bytes.
        data: Vec<u8>,
        /// Its media type.
        mime: String,
    },
    /// Bytes that are neither text nor an image.
    Blob {
        /// The bytes.
        data: Vec<u8>,
        /// Their media type.
        mime: String,
    },
}

impl Output for Body {
    fn reply(self) -> Result<Reply> {
        Ok(Reply { view: View::Body(self), ..Reply::default() })
    }

    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({
            "label": {"type": "string"},
            "text": {"type": "string"},
            "base64": {"type": "string"},
            "media_type": {"type": "string"},
            "rest": {"type": "string"},
        })
    }
}
