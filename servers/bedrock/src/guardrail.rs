//! A guardrail's definition: as AWS answers it, as a merge patch changes it, and as AWS takes it.
//!
//! Callers see one form, that of AWS's answers (`contentPolicy.filters`). AWS's requests name the same things with
//! `Config` behind (`contentPolicyConfig.filtersConfig`); callers may write that too.

use awsmcp_mcp::{Call, Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Bedrock,
    names::{GuardrailId, GuardrailVersion},
    wire::Heard,
};

/// What AWS holds of a guardrail.
#[derive(Debug)]
pub(crate) struct Found {
    answer: Map<String, Value>,
}

/// What a caller may set, in AWS's names. Names that it does not know are errors: AWS would pass over them in silence,
/// and a guardrail would lack what its author believes it has.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Definition {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_policy: Option<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_policy: Option<Topics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word_policy: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive_information_policy: Option<Sensitive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contextual_grounding_policy: Option<Grounding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automated_reasoning_policy: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_region_details: Option<CrossRegion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_input_messaging: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_outputs_messaging: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    filters: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Topics {
    topics: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Words {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed_word_lists: Vec<Rule>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sensitive {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pii_entities: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    regexes: Vec<Rule>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Grounding {
    filters: Vec<Rule>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reasoning {
    policies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_threshold: Option<f64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tier {
    tier_name: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CrossRegion {
    #[serde(alias = "guardrailProfileId", alias = "guardrailProfileArn")]
    guardrail_profile_identifier: String,
}

/// A filter, a topic, a word, an entity or a pattern: AWS says which of these go together.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    sort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    examples: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_strength: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_strength: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_modalities: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_modalities: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_enabled: Option<bool>,
}

/// What AWS holds of a guardrail now.
///
/// # Errors
/// When there is none, or it may not be read.
pub(crate) async fn fetch(
    cx: &Call<Bedrock>,
    id: &GuardrailId,
    version: Option<&GuardrailVersion>,
) -> Result<Found> {
    let heard = Heard::default();
    let asked = cx.client().bedrock.get_guardrail().guardrail_identifier(id.as_str());
    asked
        .set_guardrail_version(version.map(ToString::to_string))
        .customize()
        .interceptor(heard.clone())
        .send()
        .await?;
    match heard.json()? {
        Value::Object(answer) => Ok(Found { answer }),
        _ => Err(Error::internal("AWS's answer is no guardrail")),
    }
}

impl Found {
    /// What can be changed of it.
    pub(crate) fn definition(&self) -> Value {
        // A policy of a kind that came up after this was written is carried along: to leave it out would remove it.
        let is_defined = |name: &str| DEFINED.contains(&name) || name.ends_with("Policy");
        let kept = self.answer.iter().filter(|(name, value)| is_defined(name) && !value.is_null());
        plain(&Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
    }

    /// All that AWS said of it, but for how it stands at the moment: two that are equal are one and the same.
    pub(crate) fn seen(&self) -> Value {
        const STANDING: [&str; 3] = ["status", "statusReasons", "failureRecommendations"];
        let lasting = self.answer.iter().filter(|(name, _)| !STANDING.contains(&name.as_str()));
        Value::Object(lasting.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// What AWS takes for a new definition of it, in place of the whole that it has now.
    pub(crate) fn replaced(&self, definition: &Value) -> Value {
        let mut body = request(definition);
        let key = self.answer.get("kmsKeyArn").filter(|key| !key.is_null());
        if let (Some(fields), Some(key)) = (body.as_object_mut(), key) {
            fields.insert("kmsKeyId".to_owned(), key.clone());
        }
        body
    }

    /// What a reader wants of it.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = Map::new();
        for (from, to) in [
            ("guardrailId", "id"),
            ("version", "version"),
            ("status", "status"),
            ("updatedAt", "updated"),
            ("kmsKeyArn", "kms_key"),
            ("statusReasons", "status_reasons"),
            ("failureRecommendations", "advice"),
        ] {
            if let Some(value) = self.answer.get(from).filter(|value| !value.is_null()) {
                shown.insert(to.to_owned(), whole_seconds(value));
            }
        }
        if let Value::Object(definition) = self.definition() {
            shown.extend(definition);
        }
        Value::Object(shown)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.answer.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A time to the second; all else as it is.
fn whole_seconds(value: &Value) -> Value {
    let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let second = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
    second.map_or_else(|| value.clone(), |time| json!(time.to_string()))
}

const DEFINED: [&str; 11] = [
    "name",
    "description",
    "contentPolicy",
    "topicPolicy",
    "wordPolicy",
    "sensitiveInformationPolicy",
    "contextualGroundingPolicy",
    "automatedReasoningPolicy",
    "crossRegionDetails",
    "blockedInputMessaging",
    "blockedOutputsMessaging",
];

/// What a caller gave, in the form of AWS's answers.
///
/// # Errors
/// Names what AWS does not know.
pub(crate) fn checked(given: &Value) -> Result<Value> {
    let wrong = |error: serde_json::Error| {
        Error::invalid(format!("the policies: {error}")).with_next(
            "a good one is {\"contentPolicy\":{\"filters\":[{\"type\":\"HATE\",\"inputStrength\":\"HIGH\",\
             \"outputStrength\":\"HIGH\"}]},\"wordPolicy\":{\"words\":[{\"text\":\"secret\"}]}}; get_guardrail shows others",
        )
    };
    let parsed: Definition = serde_json::from_value(given.clone()).map_err(wrong)?;
    serde_json::to_value(parsed).map_err(wrong)
}

/// The same in the form of AWS's answers, where the names are those of AWS's requests.
pub(crate) fn plain(given: &Value) -> Value {
    match given {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| match name.as_str() {
                    "crossRegionConfig" => ("crossRegionDetails".to_owned(), plain(value)),
                    name => (name.strip_suffix("Config").unwrap_or(name).to_owned(), plain(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// What AWS takes for a definition.
pub(crate) fn request(definition: &Value) -> Value {
    let mut body = Map::new();
    for (name, value) in definition.as_object().into_iter().flatten() {
        match name.as_str() {
            "crossRegionDetails" => {
                let profile = ["guardrailProfileIdentifier", "guardrailProfileArn", "guardrailProfileId"]
                    .iter()
                    .find_map(|name| value.get(*name));
                body.insert("crossRegionConfig".to_owned(), json!({"guardrailProfileIdentifier": profile}));
            }
            "automatedReasoningPolicy" => {
                body.insert("automatedReasoningPolicyConfig".to_owned(), value.clone());
            }
            name if name.ends_with("Policy") => {
                // AWS takes no policy without rules: to leave it out is to remove it.
                let is_empty = |part: &Value| part.as_array().is_some_and(Vec::is_empty);
                let parts = value.as_object().into_iter().flatten().filter(|(_, part)| !is_empty(part));
                let parts: Map<_, _> =
                    parts.map(|(part, value)| (format!("{part}Config"), value.clone())).collect();
                if parts.values().any(Value::is_array) {
                    body.insert(format!("{name}Config"), Value::Object(parts));
                }
            }
            name => {
                body.insert(name.to_owned(), value.clone());
            }
        }
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_of_aws_forms_are_taken_and_one_is_sent() {
        let config = json!({
            "contentPolicyConfig": {"filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "LOW"}],
                "tierConfig": {"tierName": "STANDARD"}},
            "wordPolicyConfig": {"wordsConfig": [{"text": "x"}], "managedWordListsConfig": [{"type": "PROFANITY"}]},
            "sensitiveInformationPolicyConfig": {"piiEntitiesConfig": [{"type": "EMAIL", "action": "BLOCK"}]},
            "crossRegionConfig": {"guardrailProfileIdentifier": "us.guardrail.v1:0"},
            "automatedReasoningPolicyConfig": {"policies": ["arn"], "confidenceThreshold": 0.5},
            "blockedInputMessaging": "no",
        });
        let plain = checked(&plain(&config)).unwrap();
        assert_eq!(plain["contentPolicy"]["filters"][0]["type"], "HATE");
        assert_eq!(request(&plain), config);
    }

    #[test]
    fn a_name_that_aws_does_not_know_is_an_error() {
        for wrong in [
            json!({"contentPolicies": {}}),
            json!({"contentPolicy": {"filters": [{"type": "HATE", "strength": "HIGH"}]}}),
            json!({"wordPolicy": {"word": []}}),
        ] {
            let error = checked(&wrong).unwrap_err();
            assert!(error.message.contains("unknown field"), "{error}");
            assert!(error.next.as_deref().unwrap_or_default().contains("contentPolicy"));
        }
    }

    #[test]
    fn what_aws_answers_is_what_it_takes() {
        let answer = json!({"guardrailId": "g", "version": "DRAFT", "status": "READY", "name": "n", "createdAt": "x",
            "crossRegionDetails": {"guardrailProfileId": "p", "guardrailProfileArn": "arn:p"}, "topicPolicy": {"topics": []}});
        let found = Found { answer: answer.as_object().unwrap().clone() };
        let sent = request(&found.definition());
        assert_eq!(sent, json!({"name": "n", "crossRegionConfig": {"guardrailProfileIdentifier": "arn:p"}}));
        assert_eq!(found.shown()["id"], "g");
    }
}
