use std::collections::BTreeMap;

use aws_sdk_bedrockagentruntime::{
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    types::{
        ByteContentFile, FileSource, FileSourceType, FileUseCase, InputFile, ResponseStream as Event,
        SessionState,
    },
};
use aws_smithy_types::Blob;
use awsmcp_mcp::{Body, Call, Error, One, Output, Part, Reply, Result, Spec, Tool, human_size};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Bedrock,
    agents::{Step, step},
    arns,
    attachments::Inline,
    builders::missing,
    citing::{Source, sources},
    control::{Results, asked},
    names::{AgentId, ShortId},
    pace::Pace,
    spending::Caps,
    usage::Usage,
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
    /// Media types and bytes.
    #[serde(skip)]
    made: Vec<(String, Vec<u8>)>,
    /// The beginning of a letter whose end is still to come.
    #[serde(skip)]
    cut: Vec<u8>,
}

impl Output for Answered {
    fn reply(mut self) -> Result<Reply> {
        let made = std::mem::take(&mut self.made);
        if made.is_empty() {
            return One(self).reply();
        }
        let text = serde_json::to_string(&self).map_err(|error| Error::internal(error.to_string()))?;
        let label = "the agent's answer, and its files in order".to_owned();
        let shown = made.into_iter().map(|(mime, data)| match mime.starts_with("image/") {
            true => Part::Image { data, mime },
            false => Part::Blob { data, mime },
        });
        Body { label, parts: std::iter::once(Part::Text(text)).chain(shown).collect(), ..Body::default() }
            .reply()
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        One::<Answered>::schema(generator)
    }
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
        // An agent acts: a second try could act twice. It may think for minutes before its next word.
        let once = Builder::default()
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
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
            .config_override(once)
            .send();
        let mut out = pace.of(sent).await?;
        let mut answer = Answered { session, ..Answered::default() };
        let mut usage = Usage::default();
        loop {
            let event = match pace.of(out.completion.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => return Err(answer.broken(Error::from(error))),
            };
            answer.take(event, &mut usage, &mut pace);
        }
        if usage != Usage::default() {
            answer.usage = Some(usage);
        }
        answer.duration_ms = pace.elapsed_ms();
        if !answer.return_control.is_empty() {
            cx.note(
                "the agent waits for what `return_control` asks for: call again with `session` and `results`, \
                 {\"id\":\"...\",\"results\":[{\"action_group\":\"...\",\"function\":\"...\",\"result\":\"...\"}]}",
            );
        }
        if !self.show_files && !answer.made.is_empty() {
            answer.made.clear();
            cx.note("`show_files` shows the files themselves: ask the agent for them again");
        }
        Ok(answer)
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
            state = results.put(state)?;
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

impl Answered {
    fn take(&mut self, event: Event, usage: &mut Usage, pace: &mut Pace<'_>) {
        match event {
            Event::Chunk(chunk) => {
                let bytes = chunk.bytes.map(Blob::into_inner).unwrap_or_default();
                self.hear(&bytes);
                let cited = chunk.attribution.and_then(|attribution| attribution.citations);
                self.sources.extend(sources(cited.unwrap_or_default()));
                pace.tell(bytes.len() as u64, "answering");
            }
            Event::Trace(part) => {
                let (found, used) = part.trace.map(step).unwrap_or_default();
                usage.input_tokens += used.0;
                usage.output_tokens += used.1;
                for mut step in found {
                    step.agent.clone_from(&part.collaborator_name);
                    pace.tell(1, step.kind);
                    self.steps.push(step);
                }
            }
            Event::ReturnControl(payload) => self.return_control.push(asked(payload)),
            Event::Files(files) => {
                for file in files.files.unwrap_or_default() {
                    let bytes = file.bytes.map(Blob::into_inner).unwrap_or_default();
                    let size = human_size(bytes.len() as u64);
                    self.files.push(format!("{} ({size})", file.name.unwrap_or_default()));
                    let mime = file.r#type.unwrap_or_else(|| "application/octet-stream".to_owned());
                    self.made.push((mime, bytes));
                }
            }
            _ => {}
        }
    }

    /// A letter may be cut in two by the end of a chunk.
    fn hear(&mut self, bytes: &[u8]) {
        self.cut.extend(bytes);
        let whole = match std::str::from_utf8(&self.cut) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.cut.len(),
        };
        let rest = self.cut.split_off(whole);
        self.text.push_str(&String::from_utf8_lossy(&self.cut));
        self.cut = rest;
    }

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
