//! A request, from an operation and its input.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_schema::serde::SerdeError;
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::checksum;
use crate::model::{Kind, Model, Operation, Protocol, Shape};
use crate::protocol;
use crate::schemas::{Room, Schemas, Way};
use crate::writing::Given;

/// The request without its host and its signature.
pub(crate) fn request(
    model: &Model,
    name: &str,
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<HttpRequest, SerdeError> {
    let room = Room::default();
    let schemas = Schemas::new(model, &room, Way::Request);
    let schema = schemas.input(operation);
    let shape = operation.input.as_deref().and_then(|name| model.shape(name));
    let given = Given { schemas: &schemas, schema, shape, value: input };
    let mut request =
        protocol::of(model).serialize_request(&given, schema, "", &protocol::facts(model, name))?;
    if let Some(shape) = shape {
        complete_payload(model, shape, input, &mut request);
    }
    if model.protocol == Protocol::Cbor && operation.input.is_none() {
        *request.body_mut() = SdkBody::empty();
        request.headers_mut().remove("content-type");
        request.headers_mut().remove("content-length");
    }
    if model.query_compatible {
        request.headers_mut().insert("x-amzn-query-mode", "true");
    }
    checksum::add(operation, shape, input, &mut request)?;
    Ok(request)
}

/// What the SDK leaves to its generated code where a member is the whole body: its type, and a document's text.
fn complete_payload(model: &Model, shape: &Shape, input: &Map<String, Value>, request: &mut HttpRequest) {
    let Some(name) = shape.payload.as_deref() else { return };
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else { return };
    let Some(of) = shape.members.get(name).and_then(|member| model.shape(&member.shape)) else { return };
    let content_type = match of.kind {
        _ if of.document => {
            *request.body_mut() = SdkBody::from(value.to_string());
            "application/json"
        }
        Kind::String => "text/plain",
        Kind::Blob => "application/octet-stream",
        _ => return,
    };
    if !request.headers().contains_key("content-type") {
        request.headers_mut().insert("content-type", content_type);
    }
}

/// What was answered, by the names of the model.
pub(crate) fn answer(
    model: &Model,
    name: &str,
    operation: &Operation,
    response: &HttpResponse,
) -> Result<Map<String, Value>, SerdeError> {
    let Some(output) = operation.output.as_deref() else { return Ok(Map::new()) };
    if model.shape(output).is_none_or(|shape| shape.members.is_empty()) {
        return Ok(Map::new());
    }
    let room = Room::default();
    let schemas = Schemas::new(model, &room, Way::Answer);
    let facts = protocol::facts(model, name);
    let protocol = protocol::of(model);
    let mut reader = protocol.deserialize_response(response, schemas.output(operation), &facts)?;
    let mut answer = schemas.read(&mut *reader, output)?;
    if let Some((name, shape)) = operation.stream(model)
        && model.shape(shape).is_some_and(|shape| shape.kind == Kind::Blob)
        && let Some(body) = response.body().bytes()
    {
        // The SDK leaves a body that may be a stream to its caller.
        answer.insert(name.to_owned(), STANDARD.encode(body).into());
    }
    Ok(answer)
}

/// What the payload of an event says, by the names of the model.
pub(crate) fn event(model: &Model, shape: &str, payload: &[u8]) -> Result<Map<String, Value>, SerdeError> {
    if payload.is_empty() {
        return Ok(Map::new());
    }
    let room = Room::default();
    let schemas = Schemas::new(model, &room, Way::Answer);
    let protocol = protocol::of(model);
    let codec = protocol.payload_codec().ok_or_else(|| SerdeError::custom("the protocol has no events"))?;
    schemas.read(&mut *codec.create_deserializer(payload), shape)
}

#[cfg(test)]
mod tests;
