use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Bedrock, arns, guardrail,
    names::{GuardrailId, GuardrailVersion},
};

/// Deletes a guardrail with all its versions, or one version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteGuardrail {
    guardrail: GuardrailId,
    /// Only this one, not `DRAFT`.
    version: Option<GuardrailVersion>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
    version: Option<String>,
}

impl Change for DeleteGuardrail {
    type Service = Bedrock;
    type Output = One<Deleted>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_guardrail", "Delete guardrail")
        .on(arns::GUARDRAIL, &["bedrock:GetGuardrail", "bedrock:DeleteGuardrail"])
        .on("*", &["bedrock:ListGuardrails"])
        .optional()
        .names_no_resource();

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan> {
        if self.version.as_ref().is_some_and(|version| version.as_str() == "DRAFT") {
            return Err(awsmcp_mcp::Error::invalid(
                "the draft goes only with the whole guardrail: leave `version` out",
            ));
        }
        let listed = cx.client().bedrock.list_guardrails().guardrail_identifier(self.guardrail.as_str());
        let (found, listed) = tokio::join!(
            guardrail::fetch(cx, &self.guardrail, self.version.as_ref()),
            listed.max_results(1000).send()
        );
        let (found, listed) = (found?, listed?);
        let name = found.text("name");
        let numbers: Vec<&str> = listed
            .guardrails
            .iter()
            .map(|found| found.version.as_str())
            .filter(|version| *version != "DRAFT")
            .collect();
        let plan = match &self.version {
            Some(version) => {
                Plan::new(format!("delete version {version} of guardrail {name} ({})", self.guardrail))
            }
            None => Plan::new(format!(
                "delete guardrail {name} ({}) with {}",
                self.guardrail,
                if numbers.is_empty() {
                    "no published version".to_owned()
                } else {
                    format!("versions {}", numbers.join(", "))
                }
            )),
        };
        Ok(plan
            .warning("calls that name it fail from then on, agents and knowledge bases that use it included")
            .state(json!([numbers, found.text("updatedAt")])))
    }

    async fn apply(self, (): (), cx: &Call<Bedrock>) -> Result<Self::Output> {
        let version = self.version.map(|version| version.to_string());
        let asked = cx.client().bedrock.delete_guardrail().guardrail_identifier(self.guardrail.as_str());
        asked.set_guardrail_version(version.clone()).send().await?;
        Ok(One(Deleted { deleted: self.guardrail.to_string(), version }))
    }
}
