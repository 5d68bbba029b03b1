use std::collections::BTreeMap;

use aws_sdk_bedrockagentruntime::types::{
    ByteContentFile, FileSource, FileSourceType, FileUseCase, InputFile, ResponseStream as Event,
    SessionState,
};
use aws_smithy_types::Blob;
use awsmcp_mcp::{Call, Error, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock,
    answered::{Answered, new_session},
    arns,
    attachments::Inline,
    builders::missing,
    control::Results,
    names::{AgentId, ShortId},
    once::once,
    pace::Pace,
    spending::Caps,
};

/// Asks an agent, and shows how it came to its answer: thoughts, actions, knowledge bases, guardrail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeAgent {
    /// An id of list_agents.
    agent: AgentId,
    /// Default: `TSTALIASID`, the draft.
    alias: Option<ShortId>,
    #[serde(default)]
    prompt: String,
    /// Goes on with the conversation of an earlier answer.
    session: Option<String>,
    /// What `return_control` of that answer asked for, in place of `prompt`.
    results: Option<Results>,
    /// Attributes of the session.
    attributes: Option<BTreeMap<String, String>>,
    /// Files for the agent.
    inline: Option<Vec<Inline>>,
    /// They are for the agent's code, and not to be read.
    #[serde(default)]
    for_code: bool,
    /// Shows the files that the agent makes.
    #[serde(default)]
    show_files: bool,
    /// Memory of earlier sessions: an id of your own, such as a user's.
    memory: Option<String>,
    /// Leaves the steps out.
    #[serde(default)]
    no_trace: bool,
    #[serde(default)]
    end_session: bool,
}

impl Tool for InvokeAgent {
    type Service = Bedrock;
    type Output = Answered;
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
        if self.prompt.trim().is_empty() && !self.end_session && self.results.is_none() {
            return Err(Error::invalid("`prompt` is empty"));
        }
        let mut pace = Pace::new(cx);
        let state = self.state()?;
        let session = self.session.filter(|session| !session.trim().is_empty()).unwrap_or_else(new_session);
        let sent = cx
            .client()
            .agent_runtime
            .invoke_agent()
            .agent_id(self.agent.as_str())
            .agent_alias_id(self.alias.as_ref().map_or("TSTALIASID", ShortId::as_str))
            .session_id(&session)
            .set_input_text(Some(self.prompt).filter(|prompt| !prompt.trim().is_empty()))
            .enable_trace(!self.no_trace)
            .end_session(self.end_session)
            .set_memory_id(self.memory)
            .set_session_state(state)
            .customize()
            .config_override(once())
            .send();
        let mut out = pace.of(sent).await?;
        let mut answer = Answered::of(session);
        loop {
            match pace.of(out.completion.recv()).await {
                Ok(Some(event)) => take(&mut answer, event, &mut pace),
                Ok(None) => break,
                Err(error) => return Err(answer.broken(Error::from(error))),
            }
        }
        Ok(answer.ended(cx, &pace, self.show_files))
    }
}

fn take(answer: &mut Answered, event: Event, pace: &mut Pace<'_>) {
    match event {
        Event::Chunk(chunk) => answer.text(chunk.bytes, chunk.attribution, pace),
        Event::Trace(part) => answer.trace(part.trace, part.collaborator_name, pace),
        Event::ReturnControl(asks) => answer.control(asks.invocation_id, asks.invocation_inputs),
        Event::Files(files) => answer.files(files.files),
        _ => {}
    }
}

impl InvokeAgent {
    /// What goes along with the prompt.
    fn state(&self) -> Result<Option<SessionState>> {
        if self.results.is_some() && self.session.is_none() {
            return Err(Error::invalid("`results` goes with the `session` whose agent asked for them"));
        }
        let inline = self.inline.as_deref().unwrap_or_default();
        if self.attributes.is_none() && self.results.is_none() && inline.is_empty() {
            return Ok(None);
        }
        let attributes = self.attributes.clone().map(|all| all.into_iter().collect());
        let mut state = SessionState::builder().set_session_attributes(attributes);
        for file in inline {
            let bytes = file.bytes()?;
            let content =
                ByteContentFile::builder().media_type(media_type(file.name())).data(Blob::new(bytes));
            let source = FileSource::builder()
                .source_type(FileSourceType::ByteContent)
                .byte_content(content.build().map_err(missing)?)
                .build();
            let purpose = if self.for_code { FileUseCase::CodeInterpreter } else { FileUseCase::Chat };
            let file =
                InputFile::builder().name(file.name()).source(source.map_err(missing)?).use_case(purpose);
            state = state.files(file.build().map_err(missing)?);
        }
        if let Some(results) = &self.results {
            state = state
                .invocation_id(results.id())
                .set_return_control_invocation_results(Some(results.members()?));
        }
        Ok(Some(state.build()))
    }
}

/// Of a file, by its ending.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).as_deref() {
        Some("csv") => "text/csv",
        Some("html" | "htm") => "text/html",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("txt" | "md" | "log") => "text/plain",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _ => "application/octet-stream",
    }
}
