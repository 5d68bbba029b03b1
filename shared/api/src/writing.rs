//! An input in JSON, as the SDK's protocols write it.

use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer};
use aws_smithy_schema::{Schema, ShapeType};
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{Blob, DateTime, Document, Number};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::model::{Kind, Location, Member, Protocol, Shape};
use crate::schemas::Schemas;

/// A structure of an input. What is checked before is that each member is of its type.
pub(crate) struct Given<'c, 'a> {
    pub(crate) schemas: &'c Schemas<'a>,
    pub(crate) schema: &'c Schema<'a>,
    /// Nothing where the operation takes no input.
    pub(crate) shape: Option<&'a Shape>,
    pub(crate) value: &'c Map<String, Value>,
}

impl SerializableStruct for Given<'_, '_> {
    fn schema(&self) -> &Schema<'_> {
        self.schema
    }

    fn serialize_members(&self, to: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
        let members = self.shape.into_iter().flat_map(|shape| shape.members.iter());
        for ((name, member), schema) in members.zip(self.schema.members()) {
            let value = self.value.get(name).filter(|value| !value.is_null());
            if schema.http_payload().is_some() && (schema.is_structure() || schema.is_union()) {
                self.schemas.write_payload(to, member, value)?;
            } else if let Some(value) = value
                && member.location != Some(Location::Host)
            {
                self.schemas.write(to, schema, member, value)?;
            }
        }
        Ok(())
    }
}

impl<'a> Schemas<'a> {
    /// A structure that is the body.
    fn write_payload(
        &self,
        to: &mut dyn ShapeSerializer,
        member: &'a Member,
        value: Option<&Value>,
    ) -> Result<(), SerdeError> {
        let schema = self.payload(member);
        let shape = self.model.shape(&member.shape);
        match value {
            Some(Value::Object(value)) => {
                to.write_struct(schema, &Given { schemas: self, schema, shape, value })
            }
            Some(_) => Err(mismatch(schema, "an object")),
            // A service that reads JSON expects some.
            None if self.model.protocol == Protocol::RestJson
                && schema.shape_type() == ShapeType::Structure =>
            {
                to.write_struct(schema, &Given { schemas: self, schema, shape, value: &Map::new() })
            }
            None => Ok(()),
        }
    }

    fn write(
        &self,
        to: &mut dyn ShapeSerializer,
        schema: &Schema<'_>,
        member: &'a Member,
        value: &Value,
    ) -> Result<(), SerdeError> {
        let Some(shape) = self.model.shape(&member.shape) else {
            return Err(SerdeError::custom(format!("there is no shape {}", member.shape)));
        };
        if shape.document {
            return to.write_document(schema, &document(value));
        }
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(value)) => {
                let full = self.structure(&member.shape);
                to.write_struct(schema, &Given { schemas: self, schema: full, shape: Some(shape), value })
            }
            (Kind::List, Value::Array(all)) => {
                let Some(part) = &shape.member else { return Err(mismatch(schema, "a list of something")) };
                let element = schema.member().ok_or_else(|| mismatch(schema, "a list of something"))?;
                to.write_list_with_length(schema, all.len(), &|to| {
                    all.iter().try_for_each(|value| self.write_element(to, element, part, value))
                })
            }
            (Kind::Map, Value::Object(all)) => {
                let Some(part) = &shape.value else { return Err(mismatch(schema, "a map of something")) };
                let (Some(key), Some(element)) = (schema.key(), schema.member()) else {
                    return Err(mismatch(schema, "a map of something"));
                };
                to.write_map_with_length(schema, all.len(), &|to| {
                    all.iter().try_for_each(|(name, value)| {
                        to.write_string(key, name)?;
                        self.write_element(to, element, part, value)
                    })
                })
            }
            _ => write_simple(to, schema, shape.kind, value),
        }
    }

    fn write_element(
        &self,
        to: &mut dyn ShapeSerializer,
        schema: &Schema<'_>,
        part: &'a Member,
        value: &Value,
    ) -> Result<(), SerdeError> {
        if value.is_null() {
            return to.write_null(schema);
        }
        self.write(to, schema, part, value)
    }
}

fn write_simple(
    to: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
    kind: Kind,
    value: &Value,
) -> Result<(), SerdeError> {
    match kind {
        Kind::String => match value {
            Value::String(text) => to.write_string(schema, text),
            // A header that holds JSON takes it as JSON, too.
            value => to.write_string(schema, &value.to_string()),
        },
        Kind::Boolean => {
            to.write_boolean(schema, value.as_bool().ok_or_else(|| mismatch(schema, "true or false"))?)
        }
        Kind::Integer => {
            let number = whole(value).and_then(|number| i32::try_from(number).ok());
            to.write_integer(schema, number.ok_or_else(|| mismatch(schema, "a whole number of 32 bits"))?)
        }
        Kind::Long => to.write_long(schema, whole(value).ok_or_else(|| mismatch(schema, "a whole number"))?),
        Kind::Float => {
            let number = fraction(value).ok_or_else(|| mismatch(schema, "a number"))?;
            to.write_float(schema, number as f32)
        }
        Kind::Double => to.write_double(schema, fraction(value).ok_or_else(|| mismatch(schema, "a number"))?),
        Kind::Timestamp => {
            to.write_timestamp(schema, &time(value).ok_or_else(|| mismatch(schema, "a time"))?)
        }
        Kind::Blob => {
            to.write_blob(schema, Blob::new(bytes(value).ok_or_else(|| mismatch(schema, "bytes in Base64"))?))
        }
        Kind::Structure | Kind::List | Kind::Map => Err(mismatch(schema, "of its type")),
    }
}

fn mismatch(schema: &Schema<'_>, wanted: &str) -> SerdeError {
    SerdeError::custom(format!("{} is not {wanted}", schema.member_name().unwrap_or("an element")))
}

/// Bytes, which JSON has as Base64.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}

/// A whole number, also one that is written as `5.0`, or as text, since some clients round what is beyond 2^53.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let text = value.as_number()?.to_string();
    let (whole, rest) = text.split_once('.')?;
    rest.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok()).flatten()
}

/// A number, or the words that JSON lacks for three of them.
pub(crate) fn fraction(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64().filter(|number| number.is_finite()),
    }
}

/// RFC 3339, a date, or seconds since 1970.
pub(crate) fn time(value: &Value) -> Option<DateTime> {
    match value {
        Value::String(text) => DateTime::from_str(text, Format::DateTimeWithOffset)
            .or_else(|_| DateTime::from_str(&format!("{text}Z"), Format::DateTimeWithOffset))
            .or_else(|_| DateTime::from_str(&format!("{text}T00:00:00Z"), Format::DateTimeWithOffset))
            .ok(),
        Value::Number(number) => {
            seconds(&number.to_string()).or_else(|| number.as_f64().map(DateTime::from_secs_f64))
        }
        _ => None,
    }
}

/// Seconds since 1970 in decimal digits, none of which is lost.
fn seconds(text: &str) -> Option<DateTime> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 9 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos: u32 = format!("{part:0<9}").parse().ok()?;
    if text.starts_with('-') && nanos > 0 {
        // The SDK counts a part of a second forward from the second before it.
        return Some(DateTime::from_secs_and_nanos(seconds.checked_sub(1)?, 1_000_000_000 - nanos));
    }
    Some(DateTime::from_secs_and_nanos(seconds, nanos))
}

/// Any JSON, in the SDK's own type for it.
pub(crate) fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(bool) => Document::Bool(*bool),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(all) => Document::Array(all.iter().map(document).collect()),
        Value::Object(all) => {
            Document::Object(all.iter().map(|(name, value)| (name.clone(), document(value))).collect())
        }
    }
}
