//! An answer, as JSON.

use aws_smithy_schema::Schema;
use aws_smithy_schema::serde::{SerdeError, ShapeDeserializer};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{Document, Number};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::model::{Kind, Shape};
use crate::schemas::Schemas;

impl<'a> Schemas<'a> {
    /// Reads a structure: its members by the names of the model, those that are absent left out.
    pub(crate) fn read(
        &self,
        from: &mut dyn ShapeDeserializer,
        name: &'a str,
    ) -> Result<Map<String, Value>, SerdeError> {
        let mut out = Map::new();
        let shape = self.model.shape(name);
        from.read_struct(self.structure(name), &mut |member, from| {
            let Some(own) = member.member_name() else { return Ok(()) };
            let Some(known) = shape.and_then(|shape| shape.members.get(own)) else { return Ok(()) };
            let value = self.read_as(from, member, &known.shape)?;
            if !value.is_null() {
                out.insert(own.to_owned(), value);
            }
            Ok(())
        })?;
        Ok(out)
    }

    fn read_as(
        &self,
        from: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        name: &'a str,
    ) -> Result<Value, SerdeError> {
        let Some(shape) = self.model.shape(name) else {
            return Err(SerdeError::custom(format!("there is no shape {name}")));
        };
        if from.is_null() {
            from.read_null()?;
            return Ok(Value::Null);
        }
        if shape.document {
            return Ok(plain(from.read_document(schema)?));
        }
        match shape.kind {
            Kind::Structure => self.read(from, name).map(Value::Object),
            Kind::List => self.read_list(from, schema, shape),
            Kind::Map => self.read_map(from, schema, shape),
            Kind::String if shape.encoded => {
                let text = from.read_string(schema)?;
                Ok(Value::String(percent_decode_str(&text).decode_utf8_lossy().into_owned()))
            }
            Kind::String => from.read_string(schema).map(Value::String),
            Kind::Integer => from.read_integer(schema).map(Value::from),
            Kind::Long => from.read_long(schema).map(Value::from),
            Kind::Float => {
                from.read_float(schema).map(|number| number_of(f64::from(number), &number.to_string()))
            }
            Kind::Double => from.read_double(schema).map(|number| number_of(number, &number.to_string())),
            Kind::Boolean => from.read_boolean(schema).map(Value::from),
            Kind::Blob => from.read_blob(schema).map(|blob| STANDARD.encode(blob.as_ref()).into()),
            Kind::Timestamp => {
                let time = from.read_timestamp(schema)?;
                // What is too far away for a date is told as the seconds that it is.
                Ok(time.fmt(Format::DateTime).map_or_else(|_| time.as_secs_f64().into(), Value::String))
            }
        }
    }

    fn read_list(
        &self,
        from: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        shape: &'a Shape,
    ) -> Result<Value, SerdeError> {
        let (Some(part), Some(element)) = (&shape.member, schema.member()) else {
            return Err(SerdeError::custom("a list of nothing"));
        };
        let mut all = Vec::new();
        from.read_list(schema, &mut |from| {
            all.push(self.read_as(from, element, &part.shape)?);
            Ok(())
        })?;
        Ok(Value::Array(all))
    }

    fn read_map(
        &self,
        from: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        shape: &'a Shape,
    ) -> Result<Value, SerdeError> {
        let (Some(part), Some(element)) = (&shape.value, schema.member()) else {
            return Err(SerdeError::custom("a map of nothing"));
        };
        let mut all = Map::new();
        from.read_map(schema, &mut |key, from| {
            let value = self.read_as(from, element, &part.shape)?;
            if !value.is_null() || shape.sparse {
                all.insert(key, value);
            }
            Ok(())
        })?;
        Ok(Value::Object(all))
    }
}

/// A number as it is written, with every digit; JSON has no word for three of them.
fn number_of(number: f64, written: &str) -> Value {
    match number {
        number if number.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        number => written.parse::<serde_json::Number>().map_or_else(|_| number.into(), Value::Number),
    }
}

/// Any JSON that the SDK has read.
fn plain(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(bool) => bool.into(),
        Document::Number(Number::PosInt(number)) => number.into(),
        Document::Number(Number::NegInt(number)) => number.into(),
        Document::Number(Number::Float(number)) => number_of(number, &number.to_string()),
        Document::String(text) => text.into(),
        Document::Array(all) => all.into_iter().map(plain).collect(),
        Document::Object(all) => {
            // The SDK keeps no order: sorted, two answers that are alike look alike.
            let mut all: Vec<(String, Value)> = all.into_iter().map(|(name, it)| (name, plain(it))).collect();
            all.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(all.into_iter().collect())
        }
    }
}
