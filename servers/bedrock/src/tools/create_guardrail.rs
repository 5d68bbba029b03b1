use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Bedrock, arns, guardrail, json::Json, wire::saying};

/// Makes a guardrail (its draft). Test it with apply_guardrail, then publish_guardrail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGuardrail {
    name: String,
    /// AWS's JSON, as get_guardrail shows it: `contentPolicy`, `topicPolicy`, `wordPolicy`,
    /// `sensitiveInformationPolicy`, `contextualGroundingPolicy`.
    policies: Json,
    description: Option<String>,
    /// What users read instead of a blocked prompt.
    blocked_input_message: Option<String>,
    blocked_output_message: Option<String>,
    kms_key: Option<String>,
    /// `{"team": "data"}`
    tags: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    id: String,
    arn: String,
    version: String,
}

impl Change for CreateGuardrail {
    type Service = Bedrock;
    type Output = One<Created>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_guardrail", "Create guardrail")
        .shown_by("list_guardrails")
        .on("*", &["bedrock:CreateGuardrail", "bedrock:ListGuardrails"])
        .when("tags")
        .on(arns::ANY_GUARDRAIL, &["bedrock:TagResource"])
        .names_no_resource();

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan> {
        let definition = self.definition()?;
        let listed = cx.client().bedrock.list_guardrails().max_results(1000).send().await?;
        let same = listed.guardrails.iter().find(|guardrail| guardrail.name == self.name);
        let plan = Plan::new(format!("create guardrail {}", self.name));
        let plan = match same {
            // One that the operator did not allow is not named.
            Some(same) => plan.warning(format!(
                "{} has this name already: AWS will refuse a second; update_guardrail changes it",
                match cx.may_on("bedrock:GetGuardrail", &same.arn) {
                    Ok(()) => same.id.as_str(),
                    Err(_) => "another",
                }
            )),
            None => plan,
        };
        Ok(plan.difference(None, Some(&definition)))
    }

    async fn apply(self, (): (), cx: &Call<Bedrock>) -> Result<Self::Output> {
        let mut body = guardrail::request(&self.definition()?);
        if let Some(fields) = body.as_object_mut() {
            if let Some(key) = &self.kms_key {
                fields.insert("kmsKeyId".to_owned(), json!(key));
            }
            if let Some(tags) = &self.tags {
                let tags: Vec<Value> =
                    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
                fields.insert("tags".to_owned(), json!(tags));
            }
        }
        let made =
            cx.client().bedrock.create_guardrail().customize().mutate_request(saying(&body)).send().await?;
        Ok(One(Created { id: made.guardrail_id, arn: made.guardrail_arn, version: made.version }))
    }
}

impl CreateGuardrail {
    fn definition(&self) -> Result<Value> {
        const SORRY: &str = "Sorry, this is not allowed.";
        let mut given = guardrail::plain(&self.policies.0);
        let Some(fields) = given.as_object_mut() else {
            return Err(Error::invalid("`policies` is no JSON object").with_next(
                "a good one is {\"wordPolicy\":{\"words\":[{\"text\":\"secret\"}]}}; get_guardrail shows others",
            ));
        };
        fields.insert("name".to_owned(), json!(self.name));
        if let Some(description) = &self.description {
            fields.insert("description".to_owned(), json!(description));
        }
        for (name, message) in [
            ("blockedInputMessaging", &self.blocked_input_message),
            ("blockedOutputsMessaging", &self.blocked_output_message),
        ] {
            match message {
                Some(message) => fields.insert(name.to_owned(), json!(message)),
                None if fields.contains_key(name) => None,
                None => fields.insert(name.to_owned(), json!(SORRY)),
            };
        }
        let definition = guardrail::checked(&given)?;
        let body = guardrail::request(&definition);
        if !body.as_object().is_some_and(|body| body.keys().any(|name| name.ends_with("PolicyConfig"))) {
            return Err(Error::invalid("`policies` has no rule")
                .with_next("a good one is {\"wordPolicy\":{\"words\":[{\"text\":\"secret\"}]}}"));
        }
        Ok(definition)
    }
}
