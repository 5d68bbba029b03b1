//! Reading of resources: an address becomes the call of the tool that reads it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CacheScope, JsonObject, ReadResourceRequestParams, ReadResourceResult, ResourceContents,
        ResourceTemplate,
    },
    service::RequestContext,
};
use serde_json::json;

use super::{Handler, Notifications, caller};
use crate::{Answer, Consent, Kind, Part, Resource, Service};

/// What a resource holds may change at any time.
const READ_TTL_MS: u64 = 5_000;

impl<S: Service> Handler<S> {
    /// The templates of the resources whose tool is on.
    pub(super) fn resource_templates(&self) -> Vec<ResourceTemplate> {
        let is_on = |tool: &str| self.engine.tools().any(|spec| spec.name == tool);
        let resources = self.engine.server.resources.iter().filter(|resource| is_on(resource.tool));
        let template = |resource: &Resource| {
            ResourceTemplate::new(resource.template, resource.name).with_description(resource.description)
        };
        resources.map(template).collect()
    }

    /// Reads a resource by its tool, so that gate, limits and audit are that tool's.
    pub(super) async fn read(
        &self,
        request: ReadResourceRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        let uri = request.uri;
        let (tool, arguments) = self.addressed(&uri)?;
        let notifications = Notifications::default();
        let caller = caller(context, Consent::Token, &notifications);
        let answer = Box::pin(self.engine.call(tool, arguments, &caller)).await;
        notifications.sent(context).await;
        let whose = Some(json!({"uri": uri}));
        match answer.map_err(|message| ErrorData::invalid_params(message, None))? {
            Answer::Done { text, parts, .. } => Ok(ReadResourceResult::new(contents(&uri, text, parts))
                .with_ttl_ms(READ_TTL_MS)
                .with_cache_scope(CacheScope::Private)),
            Answer::Failed { text, kind: Kind::NotFound } => Err(ErrorData::resource_not_found(text, whose)),
            Answer::Failed { text, kind: Kind::Invalid } => Err(ErrorData::invalid_params(text, whose)),
            Answer::Failed { text, .. } | Answer::Planned { text } => {
                Err(ErrorData::internal_error(text, whose))
            }
            Answer::Ask { question, .. } => Err(ErrorData::internal_error(question, None)),
        }
    }

    /// The tool that reads an address, and its arguments.
    fn addressed(&self, uri: &str) -> Result<(&'static str, JsonObject), ErrorData> {
        let resources = &self.engine.server.resources;
        let found = resources.iter().find_map(|resource| Some((resource.tool, resource.variables(uri)?)));
        found.ok_or_else(|| {
            let templates: Vec<&str> = resources.iter().map(|resource| resource.template).collect();
            ErrorData::resource_not_found(
                format!("no resource has this address; the templates are: {}", templates.join(", ")),
                Some(json!({"uri": uri})),
            )
        })
    }
}

/// What a resource holds: its bytes where it has some, and the answer's text otherwise.
fn contents(uri: &str, text: String, parts: Vec<Part>) -> Vec<ResourceContents> {
    let bytes = parts.into_iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Image { data, mime } | Part::Blob { data, mime } => {
            Some(ResourceContents::blob(BASE64_STANDARD.encode(data), uri).with_mime_type(mime))
        }
    });
    let mut contents: Vec<ResourceContents> = bytes.collect();
    if contents.is_empty() {
        contents.push(ResourceContents::text(text, uri));
    }
    contents
}
