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

/// What a guardrail did to a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Trace {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) findings: Vec<Finding>,
    /// What the model wrote before the guardrail took it away.
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
}

/// What was checked, in AWS's text units of 1,000 characters: that is what a guardrail costs.
pub(crate) fn units(usage: &GuardrailUsage) -> i64 {
    let all = [
        usage.topic_policy_units,
        usage.content_policy_units,
        usage.word_policy_units,
        usage.sensitive_information_policy_units,
        usage.sensitive_information_policy_free_units,
        usage.contextual_grounding_policy_units,
        usage.automated_reasoning_policy_units.unwrap_or(0),
    ];
    all.into_iter().map(i64::from).sum()
}
