//! A call on its way out, and its answer on its way in.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SerializeRequest};
use aws_smithy_schema::serde::SerdeError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::failure::{failure, is_failure};
use crate::model::{Model, Operation};
use crate::request;

/// What is called, with all that was found out before anything is sent.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) model: Arc<Model>,
    pub(super) operation: String,
    pub(super) input: Map<String, Value>,
    pub(super) endpoint: Endpoint,
    /// What stands before the endpoint's host.
    pub(super) prefix: Option<String>,
    /// The ways to sign it, the best first.
    pub(super) schemes: Vec<AuthSchemeId>,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Done {
    Read(Map<String, Value>),
    /// Its body still arrives.
    Live(HttpResponse),
}

impl Call {
    pub(super) fn known(&self) -> Result<&Operation, SerdeError> {
        let known = self.model.operations.get(&self.operation);
        known.ok_or_else(|| SerdeError::custom(format!("there is no operation {}", self.operation)))
    }

    fn request(&self) -> Result<HttpRequest, SerdeError> {
        request::request(&self.model, &self.operation, self.known()?, &self.input)
    }

    pub(super) fn answer(&self, response: &HttpResponse) -> Result<Map<String, Value>, SerdeError> {
        request::answer(&self.model, &self.operation, self.known()?, response)
    }

    fn is_stream(&self) -> bool {
        self.known().is_ok_and(|known| known.stream(&self.model).is_some())
    }

    /// Whether the answer is a stream of events.
    pub(super) fn has_events(&self) -> bool {
        let stream = self.known().ok().and_then(|known| known.stream(&self.model));
        stream.and_then(|(_, shape)| self.model.shape(shape)).is_some_and(|shape| shape.eventstream)
    }
}

#[derive(Debug)]
pub(super) struct Writer(pub(super) Arc<Call>);

impl SerializeRequest for Writer {
    fn serialize_input(&self, _: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        Ok(self.0.request()?)
    }
}

#[derive(Debug)]
pub(super) struct Reader(pub(super) Arc<Call>);

impl DeserializeResponse for Reader {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        if !response.status().is_success() || !self.0.is_stream() {
            return None;
        }
        let mut live = HttpResponse::new(response.status(), SdkBody::taken());
        *live.headers_mut() = response.headers().clone();
        *live.body_mut() = std::mem::replace(response.body_mut(), SdkBody::taken());
        Some(Ok(Output::erase(Done::Live(live))))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        if is_failure(&self.0.model, response) {
            let failure = failure(&self.0.model, &self.0.operation, response);
            return Err(OrchestratorError::operation(Error::erase(failure)));
        }
        let answer = self.0.answer(response).map_err(OrchestratorError::other)?;
        Ok(Output::erase(Done::Read(answer)))
    }
}
