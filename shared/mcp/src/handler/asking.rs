//! How the user behind a client is asked whether a plan may be carried out.
//!
//! A client of 2026-07-28 is given the question as its result and calls again with the answer; an earlier one is asked while
//! its call waits. One that cannot ask anybody repeats the call with the token of the plan.

use std::sync::Arc;

use futures::future::BoxFuture;
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitationAction,
        ElicitationSchema, InputRequest, InputRequests, InputRequiredResult, ProtocolVersion,
    },
    service::{Peer, RequestContext},
};
use serde_json::{Value, json};

use crate::Consent;

/// The one field of the form, and the name of the question among those of a result.
const CONFIRM: &str = "confirm";

/// How this very request's caller can confirm a plan.
pub(super) fn consent(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Consent {
    let can_ask = context.client_capabilities().as_ref().is_some_and(asks_by_form);
    if !can_ask {
        return Consent::Token;
    }
    let modern = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    if modern {
        let answer = request.input_responses.as_ref().and_then(|answers| answers.get(CONFIRM)).map(agrees);
        return Consent::Round { answer, state: request.request_state.clone() };
    }
    let peer = context.peer.clone();
    Consent::Ask(Arc::new(move |question| {
        let peer = peer.clone();
        Box::pin(async move { ask(&peer, question).await }) as BoxFuture<'static, Option<bool>>
    }))
}

/// The result that asks the question; the client gives `state` back with the answer.
pub(super) fn question(question: String, state: String) -> Result<InputRequiredResult, ErrorData> {
    let ask = InputRequest::Elicitation(ElicitRequest::new(form(question)?));
    let requests = InputRequests::from([(CONFIRM.to_owned(), ask)]);
    Ok(InputRequiredResult::new(Some(requests), Some(state)))
}

/// A client that declares elicitation without saying how takes forms.
fn asks_by_form(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|how| how.form.is_some() || how.url.is_none())
}

/// Whether an answer that came with a request agrees. Only a form that was sent and says yes does.
fn agrees(answer: &Value) -> bool {
    answer.get("action") == Some(&json!("accept")) && says_yes(answer.get("content"))
}

/// Asks while the call waits; `None` where the question did not reach anybody.
async fn ask(peer: &Peer<RoleServer>, question: String) -> Option<bool> {
    let answer = peer.create_elicitation(form(question).ok()?).await.ok()?;
    Some(answer.action == ElicitationAction::Accept && says_yes(answer.content.as_ref()))
}

fn says_yes(form: Option<&Value>) -> bool {
    form.and_then(|form| form.get(CONFIRM)) == Some(&json!(true))
}

fn form(message: String) -> Result<ElicitRequestParams, ErrorData> {
    let form = ElicitationSchema::builder()
        .required_bool_with(CONFIRM, |field| field.title("Yes, do it"))
        .build()
        .map_err(|error| ErrorData::internal_error(error, None))?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema: form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_that_was_sent_and_says_yes_agrees() {
        assert!(agrees(&json!({"action": "accept", "content": {"confirm": true}})));
        for answer in [
            json!({"action": "decline", "content": {"confirm": true}}),
            json!({"action": "cancel"}),
            json!({"action": "accept"}),
            json!({"action": "accept", "content": {"confirm": false}}),
            json!({"action": "accept", "content": {"confirm": "true"}}),
            json!({"content": {"confirm": true}}),
            json!(true),
        ] {
            assert!(!agrees(&answer), "{answer}");
        }
    }

    #[test]
    fn a_client_is_asked_by_the_forms_that_it_takes() {
        let asks = |elicitation: Value| {
            asks_by_form(&serde_json::from_value(json!({"elicitation": elicitation})).unwrap())
        };
        assert!(asks(json!({})) && asks(json!({"form": {}})) && asks(json!({"form": {}, "url": {}})));
        assert!(!asks(json!({"url": {}})));
        assert!(!asks_by_form(&ClientCapabilities::default()));
    }
}
