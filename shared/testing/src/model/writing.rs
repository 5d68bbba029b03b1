//! Answers in the bytes of their protocols.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Value};

use super::{Model, Protocol, Written, kind, members, of, seconds};
use crate::cbor;

impl Model {
    /// Writes an answer as the service does. It is a right one.
    pub(crate) fn write(
        &self,
        operation: &str,
        answer: &Value,
        protocol: Protocol,
    ) -> Result<Written, String> {
        let status = self.operation(operation).and_then(|it| it.pointer("/http/responseCode")?.as_u64());
        let mut written = Written {
            status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let shape = self.output(operation).unwrap_or_default();
        match protocol {
            Protocol::Json => {
                written.headers.push(("content-type".to_owned(), "application/x-amz-json-1.0".to_owned()));
                written.body = self.json(shape, answer).to_string().into_bytes();
            }
            Protocol::Cbor => {
                written.headers.push(("content-type".to_owned(), "application/cbor".to_owned()));
                written.headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
                written.body = cbor::write(&self.cbor(shape, answer));
            }
            Protocol::RestJson => self.write_rest(shape, answer, &mut written),
            Protocol::RestXml | Protocol::Query | Protocol::Ec2 => {
                return Err(format!(
                    "{} answers {operation} in XML: write it out with Response::new",
                    self.name
                ));
            }
        }
        Ok(written)
    }

    /// What goes to the status, into headers, into the body.
    fn write_rest(&self, shape: &str, answer: &Value, written: &mut Written) {
        let of = self.shape(shape).unwrap_or(&Value::Null);
        let mut body = Map::new();
        let payload = of.get("payload").and_then(Value::as_str);
        written.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        for (name, member) in members(of) {
            let Some(value) = answer.get(name) else { continue };
            let plain = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let named = member.get("locationName").and_then(Value::as_str).unwrap_or(name);
            let shape = member.get("shape").and_then(Value::as_str).unwrap_or_default();
            match member.get("location").and_then(Value::as_str) {
                Some("statusCode") => {
                    written.status =
                        value.as_u64().and_then(|it| u16::try_from(it).ok()).unwrap_or(written.status);
                }
                Some("header") if named.eq_ignore_ascii_case("content-type") => {
                    written.headers.retain(|(name, _)| name != "content-type");
                    written.headers.push((named.to_owned(), plain()));
                }
                Some("header") => written.headers.push((named.to_owned(), plain())),
                Some("headers") => {
                    let entries = value.as_object().into_iter().flatten();
                    written.headers.extend(entries.map(|(name, value)| {
                        (format!("{named}{name}"), value.as_str().unwrap_or_default().to_owned())
                    }));
                }
                _ if payload == Some(name) => {
                    let text = self.shape(shape).and_then(|shape| shape.get("type")?.as_str());
                    let is_text = matches!(text, Some("blob" | "string"));
                    written.body =
                        if is_text { plain() } else { self.json(shape, value).to_string() }.into_bytes();
                }
                _ => {
                    body.insert(named.to_owned(), self.json(shape, value));
                }
            }
        }
        if payload.is_none() && written.status != 204 {
            written.body = Value::Object(body).to_string().into_bytes();
        }
    }

    /// The value as JSON on the wire.
    pub(super) fn json(&self, name: &str, value: &Value) -> Value {
        let shape = self.shape(name).unwrap_or(&Value::Null);
        match (kind(shape), value) {
            ("structure", Value::Object(fields)) if shape.get("document").is_none() => {
                let written = |(name, value): (&String, &Value)| {
                    let member = shape.get("members").and_then(|members| members.get(name));
                    let named = member.and_then(|it| it.get("locationName")?.as_str()).unwrap_or(name);
                    (named.to_owned(), self.json(of(member), value))
                };
                fields.iter().map(written).collect::<Map<_, _>>().into()
            }
            ("list", Value::Array(items)) => {
                items.iter().map(|item| self.json(of(shape.get("member")), item)).collect()
            }
            ("map", Value::Object(entries)) => {
                let written = |(name, value): (&String, &Value)| {
                    (name.clone(), self.json(of(shape.get("value")), value))
                };
                entries.iter().map(written).collect::<Map<_, _>>().into()
            }
            ("timestamp", Value::String(text)) if shape.get("timestampFormat").is_none() => {
                seconds(text).map_or(Value::Null, Value::from)
            }
            (_, value) => value.clone(),
        }
    }

    pub(super) fn cbor(&self, name: &str, value: &Value) -> Cbor {
        /// The tag of a time in seconds.
        const TIME: u64 = 1;
        let shape = self.shape(name).unwrap_or(&Value::Null);
        match (kind(shape), value) {
            ("timestamp", value) => {
                let seconds = value.as_str().and_then(seconds).or(value.as_f64()).unwrap_or_default();
                Cbor::Tag(TIME, Box::new(Cbor::Float(seconds)))
            }
            ("blob", Value::String(text)) => Cbor::Bytes(BASE64_STANDARD.decode(text).unwrap_or_default()),
            ("float" | "double", Value::String(text)) => Cbor::Float(text.parse().unwrap_or(f64::NAN)),
            ("float" | "double", value) => Cbor::Float(value.as_f64().unwrap_or_default()),
            (kind, Value::Object(fields)) => {
                let member = |field: &str| match kind {
                    "map" => of(shape.get("value")),
                    _ => of(shape.get("members").and_then(|members| members.get(field))),
                };
                let entry = |(field, value): (&String, &Value)| {
                    (Cbor::Text(field.clone()), self.cbor(member(field), value))
                };
                Cbor::Map(fields.iter().map(entry).collect())
            }
            (_, Value::Array(items)) => {
                Cbor::Array(items.iter().map(|item| self.cbor(of(shape.get("member")), item)).collect())
            }
            (_, Value::String(text)) => Cbor::Text(text.clone()),
            (_, Value::Bool(truth)) => Cbor::Bool(*truth),
            (_, Value::Number(number)) => {
                number.as_i64().map_or_else(|| Cbor::Float(number.as_f64().unwrap_or_default()), Cbor::from)
            }
            (_, Value::Null) => Cbor::Null,
        }
    }
}
