//! What a service says when it refuses: its code and its words, in any protocol.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use aws_types::request_id::RequestId as _;

use crate::model::{Model, Protocol};
use crate::protocol;

/// The service answered that it did not do it.
#[derive(Clone, Debug)]
pub(crate) struct Failure(ErrorMetadata);

impl Failure {
    /// A refusal of which nothing is known.
    pub(crate) fn unknown() -> Failure {
        Failure(ErrorMetadata::builder().build())
    }
}

impl ProvideErrorMetadata for Failure {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0.code(), self.0.message()) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(one), None) | (None, Some(one)) => f.write_str(one),
            (None, None) => f.write_str("the service gave no reason"),
        }
    }
}

impl std::error::Error for Failure {}

/// Whether the answer is a refusal. S3 says so in the body of a success where it found out after it had begun to answer.
pub(crate) fn is_failure(model: &Model, response: &HttpResponse) -> bool {
    let says_so = || {
        let mut document = Document::try_from(response.body().bytes()?).ok()?;
        let root = document.root_element().ok()?;
        Some(root.start_el().local() == "Error")
    };
    !response.status().is_success() || (model.protocol == Protocol::RestXml && says_so() == Some(true))
}

/// Reads a refusal. What the answer does not say is left out: a proxy's has neither code nor message.
pub(crate) fn failure(model: &Model, operation: &str, response: &HttpResponse) -> Failure {
    let body = response.body().bytes().unwrap_or_default();
    let found = match model.protocol {
        Protocol::RestXml | Protocol::Query | Protocol::Ec2 => Found::in_xml(body),
        _ => {
            let facts = protocol::facts(model, operation);
            let known =
                protocol::of(model).parse_error_metadata(response, &facts).unwrap_or_default().build();
            Found {
                code: known.code().map(str::to_owned),
                message: known.message().map(str::to_owned),
                request_id: None,
            }
        }
    };
    let mut all = ErrorMetadata::builder();
    if let Some(code) = found.code {
        all = all.code(code);
    }
    if let Some(message) = found.message {
        all = all.message(message);
    }
    if let Some(id) = response.headers().request_id().map(str::to_owned).or(found.request_id) {
        // Where `RequestId` of aws-types looks for it.
        all = all.custom("aws_request_id", id);
    }
    Failure(all.build())
}

#[derive(Default)]
struct Found {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

impl Found {
    /// A refusal in XML: S3 has it bare, EC2 in a list, the others in an envelope. The first code is the one.
    fn in_xml(body: &[u8]) -> Found {
        let mut found = Found::default();
        if let Ok(mut document) = Document::try_from(body)
            && let Ok(mut root) = document.root_element()
        {
            found.look(&mut root);
        }
        found
    }

    fn look(&mut self, inside: &mut ScopedDecoder<'_, '_>) {
        while let Some(mut tag) = inside.next_tag() {
            let name = tag.start_el().local().to_owned();
            let place = match name.as_str() {
                "Error" | "Errors" => {
                    self.look(&mut tag);
                    continue;
                }
                "Code" => &mut self.code,
                "Message" | "message" => &mut self.message,
                "RequestId" | "RequestID" => &mut self.request_id,
                _ => continue,
            };
            if place.is_none() {
                *place = try_data(&mut tag)
                    .ok()
                    .map(|text| text.trim().to_owned())
                    .filter(|text| !text.is_empty());
            }
        }
    }
}
