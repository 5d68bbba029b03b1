//! A request, from an operation and its input.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_schema::serde::SerdeError;
use serde_json::{Map, Value};

use crate::model::{Model, Operation};
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
    protocol::of(model).serialize_request(&given, schema, "", &protocol::facts(model, name))
}

/// What was answered, by the names of the model.
pub(crate) fn answer(
    model: &Model,
    name: &str,
    operation: &Operation,
    response: &HttpResponse,
) -> Result<Map<String, Value>, SerdeError> {
    let Some(output) = operation.output.as_deref() else { return Ok(Map::new()) };
    let room = Room::default();
    let schemas = Schemas::new(model, &room, Way::Answer);
    let facts = protocol::facts(model, name);
    let protocol = protocol::of(model);
    let mut reader = protocol.deserialize_response(response, schemas.output(operation), &facts)?;
    schemas.read(&mut *reader, output)
}
