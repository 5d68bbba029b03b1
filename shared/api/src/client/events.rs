//! An answer that is a stream of events, read to its end.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_schema::serde::SerdeError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::event_stream::{HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::wire::Call;
use crate::model::{Kind, Shape};
use crate::request::event;

/// The answer with its events in a list, each an object with the event's name. A failure that ends the stream is the
/// last of them.
pub(super) fn answer(call: &Call, response: &HttpResponse) -> Result<Map<String, Value>, SerdeError> {
    let known = call.known()?;
    let Some((name, shape)) = known.stream(&call.model) else { return call.answer(response) };
    let body = response.body().bytes().unwrap_or_default();
    let mut events = Vec::new();
    let mut answer = head(call, response)?;
    for message in messages(body)? {
        let of = |name: &str| header(&message, name);
        match (of(":message-type").as_deref(), of(":event-type")) {
            (Some("event"), Some(kind)) if kind == "initial-response" => {
                let output = known.output.as_deref().unwrap_or_default();
                answer.extend(event(&call.model, output, message.payload())?);
            }
            (Some("event"), Some(kind)) => {
                let value = member(call, shape, &kind, &message)?;
                events.push(Value::Object(Map::from_iter([(kind, value)])));
            }
            _ => {
                let kind =
                    of(":exception-type").or_else(|| of(":error-code")).unwrap_or_else(|| "error".to_owned());
                let words = of(":error-message")
                    .unwrap_or_else(|| String::from_utf8_lossy(message.payload()).into_owned());
                events.push(Value::Object(Map::from_iter([(kind, words.into())])));
            }
        }
    }
    answer.insert(name.to_owned(), events.into());
    Ok(answer)
}

/// What the headers of the answer say.
fn head(call: &Call, response: &HttpResponse) -> Result<Map<String, Value>, SerdeError> {
    let mut bare = HttpResponse::new(response.status(), SdkBody::from("{}"));
    *bare.headers_mut() = response.headers().clone();
    let output = call.known()?.output.as_deref().and_then(|name| call.model.shape(name));
    match output.is_some_and(|shape| shape.members.iter().any(|(_, it)| it.location.is_some())) {
        true => call.answer(&bare),
        false => Ok(Map::new()),
    }
}

/// What an event says: its payload, and the members that stand in its headers.
fn member(call: &Call, stream: &str, kind: &str, message: &Message) -> Result<Value, SerdeError> {
    let model = &call.model;
    let known = model.shape(stream).and_then(|shape| shape.members.get(kind));
    let Some(known) = known else { return Ok(STANDARD.encode(message.payload()).into()) };
    let Some(shape) = model.shape(&known.shape) else { return Ok(Value::Null) };
    let payload = shape.members.iter().find(|(_, it)| it.event_payload);
    let mut value = match payload {
        Some((name, it)) => {
            let inner = match model.shape(&it.shape) {
                Some(Shape { kind: Kind::Blob, .. }) => STANDARD.encode(message.payload()).into(),
                Some(Shape { kind: Kind::String, .. }) => {
                    String::from_utf8_lossy(message.payload()).into_owned().into()
                }
                _ => Value::Object(event(model, &it.shape, message.payload())?),
            };
            Map::from_iter([(name.to_owned(), inner)])
        }
        None => event(model, &known.shape, message.payload())?,
    };
    for (name, _) in shape.members.iter().filter(|(_, it)| it.event_header) {
        if let Some(text) = header(message, name) {
            value.insert(name.to_owned(), text.into());
        }
    }
    Ok(value.into())
}

fn messages(mut body: &[u8]) -> Result<Vec<Message>, SerdeError> {
    let mut decoder = MessageFrameDecoder::new();
    let mut all = Vec::new();
    loop {
        match decoder.decode_frame(&mut body) {
            Ok(DecodedFrame::Complete(message)) => all.push(message),
            Ok(DecodedFrame::Incomplete) if body.is_empty() => return Ok(all),
            Ok(DecodedFrame::Incomplete) => return Err(SerdeError::custom("the last event is cut off")),
            Err(error) => return Err(SerdeError::custom(error.to_string())),
        }
    }
}

fn header(message: &Message, name: &str) -> Option<String> {
    let found = message.headers().iter().find(|it| it.name().as_str() == name)?;
    Some(match found.value() {
        HeaderValue::String(text) => text.as_str().to_owned(),
        HeaderValue::Bool(it) => it.to_string(),
        HeaderValue::Byte(it) => it.to_string(),
        HeaderValue::Int16(it) => it.to_string(),
        HeaderValue::Int32(it) => it.to_string(),
        HeaderValue::Int64(it) => it.to_string(),
        HeaderValue::ByteArray(it) => STANDARD.encode(it),
        other => format!("{other:?}"),
    })
}
