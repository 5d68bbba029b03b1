use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Bedrock, arns, guardrail,
    names::{GuardrailId, GuardrailVersion},
};

/// Shows a guardrail: its policies, as create_guardrail and update_guardrail take them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetGuardrail {
    guardrail: GuardrailId,
    /// `DRAFT` or a number.
    version: Option<GuardrailVersion>,
}

impl Tool for GetGuardrail {
    type Service = Bedrock;
    type Output = One<Value>;
    const SPEC: Spec =
        Spec::read("get_guardrail", "Get guardrail").on(arns::GUARDRAIL, &["bedrock:GetGuardrail"]).quotes();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let found = guardrail::fetch(cx, &self.guardrail, self.version.as_ref()).await?;
        Ok(One(found.shown()))
    }
}
