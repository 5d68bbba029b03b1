use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, patched};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Bedrock, arns,
    guardrail::{self, Found},
    json::Json,
    moved::moved,
    names::GuardrailId,
    wire::saying,
};

/// Changes a guardrail's draft by a JSON merge patch over what get_guardrail shows. Published versions stay as they are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateGuardrail {
    guardrail: GuardrailId,
    /// `{"wordPolicy":{"words":[{"text":"x"}]},"topicPolicy":null}`: lists are replaced, null removes.
    patch: Json,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    id: String,
    version: String,
    updated: String,
}

/// The draft as it was seen, and what is sent in its place.
#[derive(Serialize)]
pub(crate) struct Replaced {
    seen: Value,
    body: Value,
}

impl Change for UpdateGuardrail {
    type Service = Bedrock;
    type Output = One<Updated>;
    type Items = Replaced;
    const SPEC: Spec = Spec::write("update_guardrail", "Update guardrail")
        .on(arns::GUARDRAIL, &["bedrock:GetGuardrail", "bedrock:UpdateGuardrail"])
        .idempotent()
        .shown_by("get_guardrail");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Replaced>> {
        let (found, after) = self.change(cx).await?;
        let before = found.definition();
        let mut plan =
            Plan::new(format!("update the draft of guardrail {} ({})", found.text("name"), self.guardrail));
        if before == after {
            plan = plan.warning("it is so already");
        }
        let lost: Vec<&str> =
            policies(&before).into_iter().filter(|name| !policies(&after).contains(name)).collect();
        if !lost.is_empty() {
            // What it held back gets through from then on, wherever the draft is used.
            plan = plan.warning(format!("it will no longer have: {}", lost.join(", "))).ask();
        }
        let items = Replaced { seen: found.seen(), body: found.replaced(&after) };
        Ok(plan.difference(Some(&before), Some(&after)).items(items))
    }

    async fn apply(self, replaced: Replaced, cx: &Call<Bedrock>) -> Result<Self::Output> {
        // The whole is put, and AWS takes no condition: what somebody else changed in between would be lost.
        if guardrail::fetch(cx, &self.guardrail, None).await?.seen() != replaced.seen {
            return Err(moved("the draft"));
        }
        let asked = cx.client().bedrock.update_guardrail().guardrail_identifier(self.guardrail.as_str());
        let done = asked.customize().mutate_request(saying(&replaced.body)).send().await?;
        Ok(One(Updated {
            id: done.guardrail_id,
            version: done.version,
            updated: utc_second(done.updated_at),
        }))
    }
}

impl UpdateGuardrail {
    async fn change(&self, cx: &Call<Bedrock>) -> Result<(Found, Value)> {
        let patch = guardrail::plain(&self.patch.0);
        if !patch.is_object() {
            return Err(Error::invalid("`patch` is no JSON object")
                .with_next("a good one is {\"wordPolicy\":{\"words\":[{\"text\":\"secret\"}]}}"));
        }
        let found = guardrail::fetch(cx, &self.guardrail, None).await?;
        let after = patched(found.definition(), &patch);
        // Only what the caller wrote is checked: AWS may answer what this version does not know, and takes it back.
        let mut written = patch;
        drop_nulls(&mut written);
        guardrail::checked(&written)?;
        Ok((found, after))
    }
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        // A patch may name one part of a policy only.
        for (name, value) in fields.iter_mut() {
            drop_nulls(value);
            let required = match name.as_str() {
                "contentPolicy" | "contextualGroundingPolicy" => "filters",
                "topicPolicy" => "topics",
                "automatedReasoningPolicy" => "policies",
                _ => continue,
            };
            if let Value::Object(policy) = value {
                policy.entry(required).or_insert_with(|| Value::Array(Vec::new()));
            }
        }
    }
}

fn policies(definition: &Value) -> Vec<&str> {
    let fields = definition.as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str()).filter(|name| name.ends_with("Policy")).collect()
}
