use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Bedrock, arns, guardrail, moved::moved, names::GuardrailId};

/// Publishes a guardrail's draft as a numbered version, which does not change any more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishGuardrail {
    guardrail: GuardrailId,
    description: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Published {
    id: String,
    version: String,
}

impl Change for PublishGuardrail {
    type Service = Bedrock;
    type Output = One<Published>;
    /// The draft as it was seen.
    type Items = Value;
    const SPEC: Spec = Spec::write("publish_guardrail", "Publish guardrail")
        .on(arns::GUARDRAIL, &["bedrock:GetGuardrail", "bedrock:CreateGuardrailVersion"])
        .on("*", &["bedrock:ListGuardrails"])
        .names_no_resource()
        .shown_by("list_guardrails");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Value>> {
        let listed = cx.client().bedrock.list_guardrails().guardrail_identifier(self.guardrail.as_str());
        let (draft, listed) =
            tokio::join!(guardrail::fetch(cx, &self.guardrail, None), listed.max_results(1000).send());
        let (draft, listed) = (draft?, listed?);
        let last = listed.guardrails.iter().filter_map(|found| found.version.parse::<u64>().ok()).max();
        let mut plan = Plan::new(format!(
            "publish the draft of guardrail {} ({}) as a version, after {}",
            draft.text("name"),
            self.guardrail,
            last.map_or_else(|| "none yet".to_owned(), |last| format!("version {last}"))
        ));
        if draft.text("status") != "READY" {
            plan = plan.warning(format!(
                "the draft is {}: AWS publishes it only when it is READY",
                draft.text("status")
            ));
        }
        let now = draft.definition();
        if let Some(last) = last {
            let id = serde_json::from_value(json!(last.to_string()));
            let before = match id {
                Ok(version) => guardrail::fetch(cx, &self.guardrail, Some(&version)).await?.definition(),
                Err(_) => json!(null),
            };
            if before == now {
                plan = plan.warning(format!("it is the same as version {last}"));
            }
            plan = plan.difference(Some(&before), Some(&now));
        }
        Ok(plan.state(json!(last)).items(draft.seen()))
    }

    async fn apply(self, seen: Value, cx: &Call<Bedrock>) -> Result<Self::Output> {
        // AWS takes no condition: a draft that somebody changed in between would become a version that nobody saw.
        if guardrail::fetch(cx, &self.guardrail, None).await?.seen() != seen {
            return Err(moved("the draft"));
        }
        let asked =
            cx.client().bedrock.create_guardrail_version().guardrail_identifier(self.guardrail.as_str());
        let made = asked.set_description(self.description).send().await?;
        Ok(One(Published { id: made.guardrail_id, version: made.version }))
    }
}
