//! How an agent came to its answer: its trace, a line a step.

use aws_sdk_bedrockagentruntime::types::{
    GuardrailAction, InvocationInput, Metadata, Observation, OrchestrationTrace, PostProcessingTrace,
    PreProcessingTrace, RoutingClassifierTrace, Trace,
};
use schemars::JsonSchema;
use serde::Serialize;

/// One step of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Step {
    /// `thought`, `action`, `result`, `lookup`, `found`, `guardrail`, `failure`, ...
    pub(crate) kind: &'static str,
    /// The collaborator whose step it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<i64>,
}

/// Tokens in and out.
type Used = (u64, u64);

/// The steps that a part of a trace tells of, and what a model used in it.
pub(crate) fn step(trace: Trace) -> (Vec<Step>, Used) {
    match trace {
        Trace::OrchestrationTrace(trace) => orchestration(trace),
        Trace::PreProcessingTrace(PreProcessingTrace::ModelInvocationOutput(output)) => {
            let parsed = output.parsed_response;
            let text = parsed.as_ref().and_then(|parsed| parsed.rationale.clone());
            let kind = if parsed.and_then(|parsed| parsed.is_valid) == Some(false) {
                "input refused"
            } else {
                "input taken"
            };
            (one(kind, text, output.metadata.as_ref()), used(output.metadata.as_ref()))
        }
        Trace::PostProcessingTrace(PostProcessingTrace::ModelInvocationOutput(output)) => {
            let text = output.parsed_response.and_then(|parsed| parsed.text);
            (one("rewritten", text, output.metadata.as_ref()), used(output.metadata.as_ref()))
        }
        Trace::RoutingClassifierTrace(trace) => match trace {
            RoutingClassifierTrace::InvocationInput(input) => (invocation(input), (0, 0)),
            RoutingClassifierTrace::Observation(found) => observation(found),
            RoutingClassifierTrace::ModelInvocationOutput(output) => {
                let text = output.raw_response.and_then(|raw| raw.content);
                (one("routed", text, output.metadata.as_ref()), used(output.metadata.as_ref()))
            }
            _ => (Vec::new(), (0, 0)),
        },
        Trace::GuardrailTrace(trace) => {
            let intervened = trace.action == Some(GuardrailAction::Intervened);
            let text = if intervened { "intervened" } else { "passed" };
            let rules = trace.input_assessments.iter().flatten().map(|found| ("input", found));
            let rules = rules.chain(trace.output_assessments.iter().flatten().map(|found| ("output", found)));
            let mut words = vec![text.to_owned()];
            for (side, found) in rules {
                let topics = found.topic_policy.iter().flat_map(|policy| policy.topics());
                words.extend(
                    topics.filter_map(|topic| Some(format!("{side}: topic {}", topic.name.as_ref()?))),
                );
                let filters = found.content_policy.iter().flat_map(|policy| policy.filters());
                words.extend(
                    filters.filter_map(|filter| Some(format!("{side}: {}", filter.r#type.as_ref()?))),
                );
                let entities =
                    found.sensitive_information_policy.iter().flat_map(|policy| policy.pii_entities());
                words.extend(
                    entities.filter_map(|entity| Some(format!("{side}: {}", entity.r#type.as_ref()?))),
                );
                let custom = found.word_policy.iter().flat_map(|policy| policy.custom_words());
                words.extend(custom.map(|_| format!("{side}: a word of its list")));
            }
            (one("guardrail", Some(words.join(", ")), trace.metadata.as_ref()), (0, 0))
        }
        Trace::FailureTrace(trace) => (
            one("failure", trace.failure_reason.or(Some("no reason".to_owned())), trace.metadata.as_ref()),
            (0, 0),
        ),
        Trace::CustomOrchestrationTrace(trace) => {
            (one("orchestration", trace.event.and_then(|event| event.text), None), (0, 0))
        }
        _ => (Vec::new(), (0, 0)),
    }
}

fn orchestration(trace: OrchestrationTrace) -> (Vec<Step>, Used) {
    match trace {
        OrchestrationTrace::Rationale(thought) => (one("thought", thought.text, None), (0, 0)),
        OrchestrationTrace::InvocationInput(input) => (invocation(input), (0, 0)),
        OrchestrationTrace::Observation(found) => observation(found),
        // What goes to the model repeats all that is known: only what it used is told.
        OrchestrationTrace::ModelInvocationOutput(output) => (Vec::new(), used(output.metadata.as_ref())),
        _ => (Vec::new(), (0, 0)),
    }
}

fn invocation(input: InvocationInput) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(call) = input.action_group_invocation_input {
        let what = call.function.or(call.api_path).unwrap_or_default();
        let parameters = call.parameters.unwrap_or_default().into_iter().map(|parameter| {
            format!("{}={}", parameter.name.unwrap_or_default(), parameter.value.unwrap_or_default())
        });
        let verb = call.verb.map(|verb| format!("{verb} ")).unwrap_or_default();
        let group = call.action_group_name.unwrap_or_default();
        let text = format!("{group}: {verb}{what}({})", parameters.collect::<Vec<_>>().join(", "));
        steps.extend(one("action", Some(text), None));
    }
    if let Some(lookup) = input.knowledge_base_lookup_input {
        let base = lookup.knowledge_base_id.unwrap_or_default();
        steps.extend(one("lookup", Some(format!("{base}: {}", lookup.text.unwrap_or_default())), None));
    }
    if let Some(code) = input.code_interpreter_invocation_input {
        steps.extend(one("code", code.code, None));
    }
    if let Some(other) = input.agent_collaborator_invocation_input {
        let text = other.input.and_then(|input| input.text).unwrap_or_default();
        let name = other.agent_collaborator_name.unwrap_or_default();
        steps.extend(one("collaborator", Some(format!("{name}: {text}")), None));
    }
    steps
}

fn observation(found: Observation) -> (Vec<Step>, Used) {
    let mut steps = Vec::new();
    let mut all = (0, 0);
    let mut add = |found: Vec<Step>, metadata: Option<&Metadata>| {
        let (input, output) = used(metadata);
        all = (all.0 + input, all.1 + output);
        steps.extend(found);
    };
    if let Some(output) = found.action_group_invocation_output {
        add(one("result", output.text, output.metadata.as_ref()), output.metadata.as_ref());
    }
    if let Some(output) = found.knowledge_base_lookup_output {
        let count = output.retrieved_references.map_or(0, |found| found.len());
        add(
            one("found", Some(format!("{count} passages")), output.metadata.as_ref()),
            output.metadata.as_ref(),
        );
    }
    if let Some(output) = found.code_interpreter_invocation_output {
        let text = output.execution_error.or(output.execution_output);
        add(one("result", text, output.metadata.as_ref()), output.metadata.as_ref());
    }
    if let Some(output) = found.agent_collaborator_invocation_output {
        let text = output.output.and_then(|output| output.text);
        add(one("result", text, output.metadata.as_ref()), output.metadata.as_ref());
    }
    if let Some(reprompt) = found.reprompt_response {
        add(one("asked again", reprompt.text, None), None);
    }
    (steps, all)
}

fn one(kind: &'static str, text: Option<String>, metadata: Option<&Metadata>) -> Vec<Step> {
    const MOST: usize = 1_000;
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Vec::new() };
    let text = match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    };
    vec![Step { kind, agent: None, text, duration_ms: metadata.and_then(|metadata| metadata.total_time_ms) }]
}

fn used(metadata: Option<&Metadata>) -> Used {
    let usage = metadata.and_then(|metadata| metadata.usage.as_ref());
    let count = |number: Option<i32>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    usage.map_or((0, 0), |usage| (count(usage.input_tokens), count(usage.output_tokens)))
}
