use std::time::Instant;

use aws_sdk_bedrockagentruntime::{
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    types::{
        FunctionParameter, InvocationInputMember, ResponseStream as Event, ReturnControlPayload, SessionState,
    },
};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Bedrock,
    agents::{Step, step},
    arns,
    citing::{Source, sources},
    names::{AgentId, ShortId},
    spending::{Caps, Usage},
};

/// Asks an agent, and shows how it came to its answer: thoughts, actions, knowledge bases, guardrail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeAgent {
    /// An id of list_agents.
    agent: AgentId,
    /// Default: `TSTALIASID`, the draft.
    alias: Option<ShortId>,
    prompt: String,
    /// Goes on with the conversation of an earlier answer.
    session: Option<String>,
    /// Attributes of the session.
    attributes: Option<std::collections::BTreeMap<String, String>>,
    /// Leaves the steps out.
    #[serde(default)]
    no_trace: bool,
    #[serde(default)]
    end_session: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Answered {
    text: String,
    sources: Vec<Source>,
    /// What the agent leaves to its caller.
    return_control: Vec<Value>,
    files: Vec<String>,
    steps: Vec<Step>,
    usage: Option<Usage>,
    session: String,
    duration_ms: u64,
}

impl Tool for InvokeAgent {
    type Service = Bedrock;
    type Output = One<Answered>;
    const SPEC: Spec = Spec::invoke("invoke_agent", "Invoke agent")
        .when("alias")
        .on(arns::AGENT_ALIAS, &["bedrock:InvokeAgent"])
        .when("not alias")
        .on(arns::AGENT_DRAFT, &["bedrock:InvokeAgent"])
        .minutes(30)
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        Caps::of(cx)?.unmetered("an agent")?;
        if self.prompt.trim().is_empty() && !self.end_session {
            return Err(Error::invalid("`prompt` is empty"));
        }
        let started = Instant::now();
        let session = self.session.unwrap_or_else(new_session);
        let state = self.attributes.map(|all| {
            SessionState::builder().set_session_attributes(Some(all.into_iter().collect())).build()
        });
        // An agent acts: a second try could act twice. It may think for minutes before its next word.
        let once = Builder::default()
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let mut out = cx
            .client()
            .agent_runtime
            .invoke_agent()
            .agent_id(self.agent.as_str())
            .agent_alias_id(self.alias.as_ref().map_or("TSTALIASID", ShortId::as_str))
            .session_id(&session)
            .input_text(self.prompt)
            .enable_trace(!self.no_trace)
            .end_session(self.end_session)
            .set_session_state(state)
            .customize()
            .config_override(once)
            .send()
            .await?;
        let mut answer = Answered { session, ..Answered::default() };
        let mut usage = Usage::default();
        loop {
            let event = match out.completion.recv().await {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => return Err(answer.broken(Error::from(error))),
            };
            match event {
                Event::Chunk(chunk) => {
                    let bytes = chunk.bytes.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
                    answer.text.push_str(&String::from_utf8_lossy(&bytes));
                    let cited = chunk.attribution.and_then(|attribution| attribution.citations);
                    answer.sources.extend(sources(cited.unwrap_or_default()));
                    cx.progress(answer.text.len() as u64, None, "answering");
                }
                Event::Trace(part) => {
                    if let Some(trace) = part.trace {
                        let (found, used) = step(trace);
                        usage.input_tokens += used.0;
                        usage.output_tokens += used.1;
                        for mut step in found {
                            step.agent = part.collaborator_name.clone();
                            cx.progress(answer.steps.len() as u64 + 1, None, step.kind);
                            answer.steps.push(step);
                        }
                    }
                }
                Event::ReturnControl(payload) => answer.return_control.push(control(payload)),
                Event::Files(files) => {
                    for file in files.files.unwrap_or_default() {
                        let size = file.bytes.map_or(0, |bytes| bytes.as_ref().len());
                        answer.files.push(format!(
                            "{} ({})",
                            file.name.unwrap_or_default(),
                            human_size(size as u64)
                        ));
                    }
                }
                _ => {}
            }
        }
        if usage != Usage::default() {
            answer.usage = Some(usage);
        }
        answer.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !answer.return_control.is_empty() {
            cx.note("the agent waits for what `return_control` asks for; this tool cannot answer it");
        }
        Ok(One(answer))
    }
}

impl Answered {
    /// What came before a stream broke off.
    fn broken(&self, mut error: Error) -> Error {
        if !self.text.is_empty() {
            let came: String = self.text.chars().take(2_000).collect();
            error.message =
                format!("{}; until then it said: {}", error.message.trim_end_matches('.'), json!(came));
        }
        if let Some(last) = self.steps.last() {
            error.message =
                format!("{}; its last step was: {}", error.message.trim_end_matches('.'), last.kind);
        }
        error
    }
}

/// A session of its own for each conversation.
fn new_session() -> String {
    format!("awsmcp-{}", jiff::Timestamp::now().as_nanosecond())
}

fn control(payload: ReturnControlPayload) -> Value {
    let function =
        |parameter: &FunctionParameter| (parameter.name.clone().unwrap_or_default(), json!(parameter.value));
    let calls: Vec<Value> = payload
        .invocation_inputs
        .unwrap_or_default()
        .into_iter()
        .map(|input| match input {
            InvocationInputMember::FunctionInvocationInput(call) => json!({
                "action_group": call.action_group,
                "function": call.function,
                "parameters": call.parameters.unwrap_or_default().iter().map(function).collect::<Map<_, _>>(),
            }),
            InvocationInputMember::ApiInvocationInput(call) => json!({
                "action_group": call.action_group,
                "method": call.http_method,
                "path": call.api_path,
                "parameters": call.parameters.unwrap_or_default().iter()
                    .map(|parameter| (parameter.name.clone().unwrap_or_default(), json!(parameter.value)))
                    .collect::<Map<_, _>>(),
            }),
            _ => Value::Null,
        })
        .collect();
    json!({"id": payload.invocation_id, "calls": calls})
}
