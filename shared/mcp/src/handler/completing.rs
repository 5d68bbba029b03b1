//! Completion: the values that a variable of a resource's address can have, as a list tool finds them.

use rmcp::{
    ErrorData, RoleServer,
    model::{CompleteRequestParams, CompleteResult, CompletionInfo, JsonObject, Reference},
    service::RequestContext,
};
use serde_json::json;

use super::{Handler, Notifications, caller};
use crate::{Consent, Resource, Service};

impl<S: Service> Handler<S> {
    /// Completes a variable of a resource's address. Arguments of prompts are free text: they have no values to offer.
    pub(super) async fn completed(
        &self,
        request: &CompleteRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let server = &self.engine.server;
        let values = match &request.r#ref {
            Reference::Resource(reference) => {
                let resource = server.resources.iter().find(|resource| resource.template == reference.uri);
                let Some(resource) = resource else {
                    return Err(ErrorData::invalid_params(
                        format!("no resource template {}", reference.uri),
                        None,
                    ));
                };
                self.values(resource, request, context).await
            }
            Reference::Prompt(reference) => {
                if !server.prompts.iter().any(|prompt| prompt.name == reference.name) {
                    return Err(ErrorData::invalid_params(format!("no prompt {}", reference.name), None));
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        let more = values.len() > CompletionInfo::MAX_VALUES;
        let shown = values.into_iter().take(CompletionInfo::MAX_VALUES).collect();
        let info = CompletionInfo::with_pagination(shown, None, more)
            .map_err(|message| ErrorData::internal_error(message, None))?;
        Ok(CompleteResult::new(info))
    }

    /// The values that a list tool finds for a variable; none where it fails: completion is a convenience.
    async fn values(
        &self,
        resource: &Resource,
        request: &CompleteRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Vec<String> {
        let how = resource.complete.iter().find(|completion| completion.variable == request.argument.name);
        let Some(how) = how else { return Vec::new() };
        let mut arguments = JsonObject::new();
        if !request.argument.value.is_empty() {
            arguments.insert(how.prefix.to_owned(), json!(request.argument.value));
        }
        let given = request.context.as_ref().and_then(|context| context.arguments.as_ref());
        for variable in how.given {
            let Some(value) = given.and_then(|given| given.get(*variable)) else { return Vec::new() };
            arguments.insert((*variable).to_owned(), json!(value));
        }
        let caller = caller(context, Consent::Token, &Notifications::default());
        Box::pin(self.engine.column(how.tool, arguments, how.column, &caller)).await
    }
}
