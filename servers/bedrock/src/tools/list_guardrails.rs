use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, names::GuardrailId};

/// Lists guardrails, or the versions of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListGuardrails {
    /// Lists its versions.
    guardrail: Option<GuardrailId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: String,
    version: String,
    status: String,
    updated: String,
    description: Option<String>,
}

impl Tool for ListGuardrails {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_guardrails", "List guardrails")
        .on("*", &["bedrock:ListGuardrails"])
        .rows(arns::LISTED_GUARDRAIL)
        .regional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let out = cx
            .client()
            .bedrock
            .list_guardrails()
            .set_guardrail_identifier(self.guardrail.map(|id| id.to_string()))
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .send()
            .await?;
        let rows = out.guardrails.into_iter().map(|guardrail| Row {
            id: guardrail.id,
            name: guardrail.name,
            version: guardrail.version,
            status: guardrail.status.to_string(),
            updated: utc_second(guardrail.updated_at),
            description: guardrail.description,
        });
        Ok(cx.page(rows, out.next_token))
    }
}
