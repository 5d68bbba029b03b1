//! Calls of any operation, by the SDK's own runtime: its retries, its signatures, its credentials, and our tap.

mod arguments;
mod events;
mod plugins;
mod wire;

use std::sync::Arc;

use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use awsmcp_sdk::{Error, SdkConfig, Tap};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::input::complete;
use crate::model::{Model, Operation};
use crate::services::Service;
use wire::{Call, Done};

/// Calls operations with the settings of one target and under the tap of one call.
///
/// What the tap does not permit is not sent, and what is sent is in its book.
#[derive(Clone, Debug)]
pub struct Client {
    sdk: SdkConfig,
    tap: Tap,
    most_bytes: usize,
}

/// How much of a body that is a stream is read.
const MOST_BYTES: usize = 8 * 1024 * 1024;

impl Client {
    /// A client with these settings, whose operations pass this tap.
    pub fn new(sdk: &SdkConfig, tap: Tap) -> Client {
        Client { sdk: sdk.clone(), tap, most_bytes: MOST_BYTES }
    }

    /// Reads at most this many bytes of a body that is a stream, such as an object's.
    pub fn most_bytes(self, most_bytes: usize) -> Client {
        Client { most_bytes, ..self }
    }

    /// Calls an operation with an input as the API reference names it. Bytes are Base64, and times RFC 3339 or seconds
    /// since 1970; in the answer times are RFC 3339. A stream of events is a list, each event under its name.
    ///
    /// # Errors
    /// `NotFound` if the service has no such operation, `Invalid` if the input is none of it, `Refused` if the tap does
    /// not permit it, and whatever the service or the search for credentials answers.
    pub async fn call(
        &self,
        service: &Service,
        operation: &str,
        input: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        let model = service.model().map_err(|error| Error::internal(error.to_string()))?;
        self.of_model(model, service.name, operation, input).await.map_err(|mut error| {
            error.operation.get_or_insert_with(|| operation.to_owned());
            error
        })
    }

    async fn of_model(
        &self,
        model: Arc<Model>,
        name: &'static str,
        operation: &str,
        input: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        let call = Arc::new(prepared(&self.sdk, model, operation, input)?);
        let plugins = plugins::all(&self.sdk, &self.tap, &call, name);
        let answer = invoke(&call.model.id, operation, Input::erase(()), &plugins).await;
        let answer = answer.map_err(|error| {
            Error::from(error.map_service_error(|error| {
                error.downcast::<Failure>().unwrap_or_else(|_| Failure::unknown())
            }))
        })?;
        let done = answer.downcast::<Done>().map_err(|_| Error::internal("the answer is of another kind"))?;
        match done {
            Done::Read(answer) => Ok(answer),
            Done::Live(mut response) => {
                let body = std::mem::replace(response.body_mut(), SdkBody::taken());
                *response.body_mut() = SdkBody::from(self.whole(body).await?);
                let read =
                    if call.has_events() { events::answer(&call, &response) } else { call.answer(&response) };
                read.map_err(|error| Error::internal(format!("the answer cannot be read: {error}")))
            }
        }
    }

    /// All of a body that arrives bit by bit.
    async fn whole(&self, body: SdkBody) -> Result<Vec<u8>, Error> {
        let mut body = ByteStream::new(body);
        let mut whole = Vec::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| {
                Error::new(awsmcp_sdk::Kind::Network, format!("The answer broke off: {error}"))
            })?;
            if whole.len() + part.len() > self.most_bytes {
                let most = self.most_bytes;
                return Err(Error::invalid(format!(
                    "The answer has more than {most} bytes, and was not read to its end"
                ))
                .with_next("Ask for a part of it, where the operation can give one."));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    }
}

/// A call that is checked and knows where it goes.
fn prepared(
    sdk: &SdkConfig,
    model: Arc<Model>,
    operation: &str,
    mut input: Map<String, Value>,
) -> Result<Call, Error> {
    let Some(known) = model.operations.get(operation) else { return Err(model.no_operation(operation)) };
    let wrong = |wrong: crate::input::Wrong| Error::invalid(wrong.to_string());
    model.check(known, &input)?;
    complete(&model, known, &mut input, token);
    let prefix = crate::input::host_prefix(known, &input).map_err(wrong)?;
    let endpoint = arguments::endpoint(sdk, &model, known, &input)?;
    let prefix = prefix.filter(|_| !endpoint.is_address());
    let schemes = plugins::schemes(&model, known, &endpoint);
    Ok(Call { operation: operation.to_owned(), model: Arc::clone(&model), input, prefix, endpoint, schemes })
}

/// A token by which AWS knows a request again: 122 random bits in the form of a UUID.
fn token() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without it the service makes one up: only a repeated request is then not known again.
        return String::new();
    }
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let text = format!("{number:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

impl Operation {
    /// The member of the answer that is a stream, and its shape.
    pub fn stream<'m>(&self, model: &'m Model) -> Option<(&'m str, &'m str)> {
        let output = model.shape(self.output.as_deref()?)?;
        let is_stream = |shape: &str| model.shape(shape).is_some_and(|it| it.streaming || it.eventstream);
        let mut members = output.members.iter();
        members
            .find(|(_, it)| it.streaming || is_stream(&it.shape))
            .map(|(name, it)| (name, it.shape.as_str()))
    }
}

#[cfg(test)]
mod tests;
