//! What a guardrail found, as rows: one shape for all its policies, wherever it was applied.

use aws_sdk_bedrockruntime::types::{
    GuardrailAssessment, GuardrailAutomatedReasoningFinding as Reasoned, GuardrailTraceAssessment,
    GuardrailUsage,
};
use schemars::JsonSchema;
use serde::Serialize;

/// One thing that a policy of a guardrail found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// `input` or `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) side: Option<&'static str>,
    /// `topic`, `content`, `word`, `pii`, `regex`, `grounding` or `reasoning`.
    pub(crate) policy: &'static str,
    pub(crate) found: String,
    /// What the guardrail did.
    pub(crate) action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matched: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<f64>,
    /// How often, where it is not shown which text it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
}

impl Finding {
    fn new(policy: &'static str, found: impl Into<String>, action: impl ToString) -> Finding {
        Finding { policy, found: found.into(), action: action.to_string(), ..Finding::default() }
    }
}

/// All that a guardrail found in one text.
pub(crate) fn findings(assessment: &GuardrailAssessment) -> Vec<Finding> {
    let mut all = Vec::new();
    for topic in assessment.topic_policy.iter().flat_map(|policy| &policy.topics) {
        all.push(Finding::new("topic", &topic.name, &topic.action));
    }
    for filter in assessment.content_policy.iter().flat_map(|policy| &policy.filters) {
        let finding = Finding::new("content", filter.r#type.as_str(), &filter.action);
        all.push(Finding { confidence: Some(filter.confidence.to_string()), ..finding });
    }
    if let Some(words) = &assessment.word_policy {
        for word in &words.custom_words {
            all.push(Finding::new("word", &word.r#match, &word.action));
        }
        for word in &words.managed_word_lists {
            let finding = Finding::new("word", word.r#type.as_str(), &word.action);
            all.push(Finding { matched: Some(word.r#match.clone()), ..finding });
        }
    }
    if let Some(sensitive) = &assessment.sensitive_information_policy {
        for entity in &sensitive.pii_entities {
            let finding = Finding::new("pii", entity.r#type.as_str(), &entity.action);
            all.push(Finding { matched: Some(entity.r#match.clone()), ..finding });
        }
        for regex in &sensitive.regexes {
            let found = regex.name.as_deref().or(regex.regex.as_deref()).unwrap_or_default();
            all.push(Finding {
                matched: regex.r#match.clone(),
                ..Finding::new("regex", found, &regex.action)
            });
        }
    }
    for filter in assessment.contextual_grounding_policy.iter().flat_map(|policy| policy.filters()) {
        let finding = Finding::new("grounding", filter.r#type.as_str(), &filter.action);
        all.push(Finding { score: Some(filter.score), threshold: Some(filter.threshold), ..finding });
    }
    for finding in assessment.automated_reasoning_policy.iter().flat_map(|policy| policy.findings()) {
        let found = match finding {
            Reasoned::Impossible(_) => "impossible",
            Reasoned::Invalid(_) => "invalid",
            Reasoned::NoTranslations(_) => "no translations",
            Reasoned::Satisfiable(_) => "satisfiable",
            Reasoned::TooComplex(_) => "too complex",
            Reasoned::TranslationAmbiguous(_) => "ambiguous",
            Reasoned::Valid(_) => "valid",
            _ => "unknown",
        };
        all.push(Finding::new("reasoning", found, "NONE"));
    }
    all
}

/// Findings without the texts that they are about: which policy found what, how often, and what became of it.
fn veiled(all: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for mut finding in all {
        finding.matched = None;
        // A word of the guardrail's own is what the text said.
        if finding.policy == "word" {
            "a word of its list".clone_into(&mut finding.found);
        }
        match kept.iter_mut().find(|other| Finding { times: None, ..(*other).clone() } == finding) {
            Some(same) => same.times = Some(same.times.unwrap_or(1) + 1),
            None => kept.push(finding),
        }
    }
    kept
}

/// What a guardrail did to a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Trace {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) findings: Vec<Finding>,
    /// What the model wrote before the guardrail took it away. Only where the operator lets secrets be shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) model_wrote: Vec<String>,
}

impl Trace {
    pub(crate) fn of(trace: &GuardrailTraceAssessment) -> Trace {
        let mut all = Vec::new();
        for assessment in trace.input_assessment.iter().flat_map(|found| found.values()) {
            all.extend(
                findings(assessment).into_iter().map(|found| Finding { side: Some("input"), ..found }),
            );
        }
        for assessment in trace.output_assessments.iter().flat_map(|found| found.values()).flatten() {
            all.extend(
                findings(assessment).into_iter().map(|found| Finding { side: Some("output"), ..found }),
            );
        }
        let model_wrote = if all.is_empty() { Vec::new() } else { trace.model_output().to_vec() };
        Trace { reason: trace.action_reason.clone(), findings: all, model_wrote }
    }

    /// The same without what the guardrail hid: whoever applies one so that its texts are not seen must not see them here.
    pub(crate) fn veiled(self) -> Trace {
        Trace { findings: veiled(self.findings), model_wrote: Vec::new(), ..self }
    }
}

/// What was checked, in AWS's units: that is what a guardrail costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Units {
    /// Of 1,000 characters.
    pub(crate) texts: i64,
    pub(crate) images: i64,
    /// Of text, which AWS does not bill.
    pub(crate) free: i64,
}

impl Units {
    pub(crate) fn of(usage: &GuardrailUsage) -> Units {
        let billed = [
            usage.topic_policy_units,
            usage.content_policy_units,
            usage.word_policy_units,
            usage.sensitive_information_policy_units,
            usage.contextual_grounding_policy_units,
            usage.automated_reasoning_policy_units.unwrap_or(0),
        ];
        Units {
            texts: billed.into_iter().map(i64::from).sum(),
            images: i64::from(usage.content_policy_image_units.unwrap_or(0)),
            free: i64::from(usage.sensitive_information_policy_free_units),
        }
    }

    pub(crate) fn and(self, other: Units) -> Units {
        Units {
            texts: self.texts + other.texts,
            images: self.images + other.images,
            free: self.free + other.free,
        }
    }

    /// In words.
    pub(crate) fn told(self) -> String {
        let mut text = format!("{} text units were used, which AWS bills by policy", self.texts);
        if self.images > 0 {
            text.push_str(&format!(", and {} images", self.images));
        }
        if self.free > 0 {
            text.push_str(&format!("; {} more are free", self.free));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_not_told_as_billed() {
        let usage = GuardrailUsage::builder()
            .topic_policy_units(4)
            .content_policy_units(10)
            .word_policy_units(10)
            .sensitive_information_policy_units(0)
            .sensitive_information_policy_free_units(6)
            .contextual_grounding_policy_units(0)
            .content_policy_image_units(2)
            .build()
            .unwrap();
        let units = Units::of(&usage);
        assert_eq!(
            units.and(Units::default()).told(),
            "24 text units were used, which AWS bills by policy, and 2 images; 6 more are free"
        );
    }

    #[test]
    fn what_a_guardrail_hid_stays_hidden() {
        let pii = |text: &str| Finding {
            matched: Some(text.to_owned()),
            ..Finding::new("pii", "NAME", "ANONYMIZED")
        };
        let findings = vec![
            pii("Alice Secret"),
            Finding::new("topic", "Law", "BLOCKED"),
            pii("Bob Secret"),
            Finding::new("word", "darn", "BLOCKED"),
        ];
        let trace = Trace { reason: None, findings, model_wrote: vec!["Alice Secret wrote".to_owned()] };
        let shown = serde_json::to_string(&trace.veiled()).unwrap();
        assert_eq!(
            shown,
            r#"{"findings":[{"policy":"pii","found":"NAME","action":"ANONYMIZED","times":2},{"policy":"topic","found":"Law","action":"BLOCKED"},{"policy":"word","found":"a word of its list","action":"BLOCKED"}]}"#
        );
    }
}
