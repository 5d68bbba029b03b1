use std::borrow::Cow;

use aws_sdk_lambda::types::InvocationType;
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Lambda, arns,
    invoking::{Invocation, Outcome},
    names::{FunctionName, Qualifier},
};

/// Runs a function and answers its result, or its error with stack, the tail of its log and what it used.
///
/// Up to 15 minutes. It is sent once, never retried.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeFunction {
    function: FunctionName,
    qualifier: Option<Qualifier>,
    /// JSON, at most 6 MB; 1 MB if `async`.
    payload: Option<Json>,
    #[serde(default)]
    mode: Mode,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Waits.
    #[default]
    Sync,
    /// Waits, and takes the answer as it comes.
    Stream,
    /// Leaves it to Lambda's queue.
    Async,
    /// Only asks whether it would be taken.
    DryRun,
}

/// Any JSON.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Json(pub(crate) Value);

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl Tool for InvokeFunction {
    type Service = Lambda;
    type Output = One<Outcome>;
    const SPEC: Spec = Spec::invoke("invoke_function", "Invoke function")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:InvokeFunction"])
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:InvokeFunction"])
        .minutes(16)
        .quotes();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let payload = payload(cx, self.payload)?;
        let invocation = Invocation { function, qualifier, payload };
        let outcome = match self.mode {
            Mode::Sync => invocation.wait(cx).await?,
            Mode::Stream => invocation.stream(cx).await?,
            Mode::Async => invocation.leave(cx, InvocationType::Event).await?,
            Mode::DryRun => invocation.leave(cx, InvocationType::DryRun).await?,
        };
        Ok(One(outcome))
    }
}

/// As bytes. Models like to write JSON as a text; a text that holds an object or a list is meant as that.
fn payload(cx: &Call<Lambda>, given: Option<Json>) -> Result<Vec<u8>> {
    let Some(Json(mut value)) = given else { return Ok(Vec::new()) };
    if let Value::String(text) = &value
        && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        cx.note("the payload was a text that holds JSON; the JSON was sent");
        value = inner;
    }
    serde_json::to_vec(&value).map_err(|error| Error::invalid(format!("`payload`: {error}")))
}
