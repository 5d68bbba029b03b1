//! What an agent leaves to its caller, and what the caller answers.

use std::collections::HashMap;

use aws_sdk_bedrockagentruntime::types::{
    ApiInvocationInput, ApiResult, ConfirmationState, ContentBody, FunctionInvocationInput, FunctionResult,
    InvocationInputMember, InvocationResultMember, ResponseState,
};
use awsmcp_mcp::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{blocks::object, builders::missing, json::Json};

/// What was done of all that an agent asked for at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    /// That of `return_control`.
    id: String,
    #[schemars(length(min = 1))]
    results: Vec<Done>,
}

/// What was done of one call: `function`, or `method` and `path`, as the call has them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Done {
    action_group: String,
    function: Option<String>,
    method: Option<String>,
    path: Option<String>,
    /// The collaborator that asked, where the call names one.
    agent: Option<String>,
    result: Option<Json>,
    #[serde(default)]
    failed: bool,
    /// Whether the user agrees, where the agent asked for that.
    confirmed: Option<bool>,
}

impl Results {
    /// What asked for them.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// # Errors
    /// When a result does not say what it is of.
    pub(crate) fn members(&self) -> Result<Vec<InvocationResultMember>> {
        self.results.iter().map(Done::member).collect()
    }
}

impl Done {
    fn member(&self) -> Result<InvocationResultMember> {
        let body = self.result.as_ref().map(|result| match &result.0 {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let body = |sort: &str| {
            body.map(|body| HashMap::from([(sort.to_owned(), ContentBody::builder().body(body).build())]))
        };
        let confirmed = self.confirmed.map(|yes| match yes {
            true => ConfirmationState::Confirm,
            false => ConfirmationState::Deny,
        });
        let state = self.failed.then_some(ResponseState::Failure);
        match (&self.function, &self.path) {
            (Some(function), None) => {
                let result = FunctionResult::builder()
                    .action_group(&self.action_group)
                    .function(function)
                    .set_confirmation_state(confirmed)
                    .set_response_body(body("TEXT"))
                    .set_response_state(state)
                    .set_agent_id(self.agent.clone());
                Ok(InvocationResultMember::FunctionResult(result.build().map_err(missing)?))
            }
            (None, Some(path)) => {
                let result = ApiResult::builder()
                    .action_group(&self.action_group)
                    .set_http_method(self.method.clone())
                    .api_path(path)
                    .http_status_code(if self.failed { 500 } else { 200 })
                    .set_confirmation_state(confirmed)
                    .set_response_body(body("application/json"))
                    .set_response_state(state)
                    .set_agent_id(self.agent.clone());
                Ok(InvocationResultMember::ApiResult(result.build().map_err(missing)?))
            }
            _ => Err(Error::invalid("a result is of a `function`, or of a `method` and `path`")
                .with_next("give what the call in `return_control` has")),
        }
    }
}

/// What an agent asks for, in the words in which it is answered.
pub(crate) fn asked(id: Option<String>, inputs: Option<Vec<InvocationInputMember>>) -> Value {
    let calls: Vec<Value> = inputs
        .into_iter()
        .flatten()
        .map(|input| match input {
            InvocationInputMember::FunctionInvocationInput(call) => of_function(call),
            InvocationInputMember::ApiInvocationInput(call) => of_api(call),
            _ => Value::Null,
        })
        .collect();
    json!({"id": id, "calls": calls})
}

fn of_function(call: FunctionInvocationInput) -> Value {
    let all = call.parameters.unwrap_or_default();
    let parameters = named(all.into_iter().map(|parameter| (parameter.name, parameter.value)));
    object([
        ("action_group", Some(json!(call.action_group))),
        ("function", call.function.map(Value::from)),
        ("parameters", Some(parameters)),
        ("asks_for", call.action_invocation_type.map(|sort| json!(sort.as_str()))),
        ("agent", call.agent_id.map(Value::from)),
    ])
}

fn of_api(call: ApiInvocationInput) -> Value {
    let all = call.parameters.unwrap_or_default();
    let parameters = named(all.into_iter().map(|parameter| (parameter.name, parameter.value)));
    let contents = call.request_body.and_then(|body| body.content).unwrap_or_default();
    let properties = contents.into_values().flat_map(|content| content.properties.unwrap_or_default());
    let body = named(properties.map(|property| (property.name, property.value)));
    object([
        ("action_group", Some(json!(call.action_group))),
        ("method", call.http_method.map(Value::from)),
        ("path", call.api_path.map(Value::from)),
        ("parameters", Some(parameters)),
        ("body", Some(body).filter(|body| *body != json!({}))),
        ("asks_for", call.action_invocation_type.map(|sort| json!(sort.as_str()))),
        ("agent", call.agent_id.map(Value::from)),
    ])
}

fn named(all: impl Iterator<Item = (Option<String>, Option<String>)>) -> Value {
    Value::Object(all.map(|(name, value)| (name.unwrap_or_default(), json!(value))).collect::<Map<_, _>>())
}
