//! What an agent answers, made of the pieces that it comes in.

use aws_sdk_bedrockagentruntime::types::{Attribution, InvocationInputMember, OutputFile, Trace};
use aws_smithy_types::Blob;
use awsmcp_mcp::{Body, Call, Error, One, Output, Part, Reply, Result, human_size};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Bedrock,
    agents::{Step, step},
    citing::{Source, sources},
    control::asked,
    pace::Pace,
    usage::Usage,
};

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
    /// What its steps used so far.
    #[serde(skip)]
    used: Usage,
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

impl Answered {
    pub(crate) fn of(session: String) -> Answered {
        Answered { session, ..Answered::default() }
    }

    /// A piece of its text.
    pub(crate) fn text(&mut self, bytes: Option<Blob>, cited: Option<Attribution>, pace: &mut Pace<'_>) {
        let bytes = bytes.map(Blob::into_inner).unwrap_or_default();
        self.hear(&bytes);
        let cited = cited.and_then(|attribution| attribution.citations);
        self.sources.extend(sources(cited.unwrap_or_default()));
        pace.tell(bytes.len() as u64, "answering");
    }

    /// A part of its trace, and the collaborator that it is of.
    pub(crate) fn trace(&mut self, trace: Option<Trace>, agent: Option<String>, pace: &mut Pace<'_>) {
        let (found, used) = trace.map(step).unwrap_or_default();
        self.used.input_tokens += used.0;
        self.used.output_tokens += used.1;
        for mut step in found {
            step.agent.clone_from(&agent);
            pace.tell(1, step.kind);
            self.steps.push(step);
        }
    }

    /// What it leaves to its caller.
    pub(crate) fn control(&mut self, id: Option<String>, inputs: Option<Vec<InvocationInputMember>>) {
        self.return_control.push(asked(id, inputs));
    }

    pub(crate) fn files(&mut self, files: Option<Vec<OutputFile>>) {
        for file in files.unwrap_or_default() {
            let bytes = file.bytes.map(Blob::into_inner).unwrap_or_default();
            let size = human_size(bytes.len() as u64);
            self.files.push(format!("{} ({size})", file.name.unwrap_or_default()));
            let mime = file.r#type.unwrap_or_else(|| "application/octet-stream".to_owned());
            self.made.push((mime, bytes));
        }
    }

    /// The whole of it, with what to do next.
    pub(crate) fn ended(mut self, cx: &Call<Bedrock>, pace: &Pace<'_>, show_files: bool) -> Answered {
        if self.used != Usage::default() {
            self.usage = Some(self.used);
        }
        self.duration_ms = pace.elapsed_ms();
        if !self.return_control.is_empty() {
            cx.note(
                "the agent waits for what `return_control` asks for: call again with `session` and `results`, \
                 {\"id\":\"...\",\"results\":[{\"action_group\":\"...\",\"function\":\"...\",\"result\":\"...\"}]}",
            );
        }
        if !show_files && !self.made.is_empty() {
            self.made.clear();
            cx.note("`show_files` shows the files themselves: ask the agent for them again");
        }
        self
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
    pub(crate) fn broken(&self, mut error: Error) -> Error {
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
pub(crate) fn new_session() -> String {
    format!("awsmcp-{}", jiff::Timestamp::now().as_nanosecond())
}
