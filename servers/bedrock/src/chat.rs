//! What a model answers: put together from a stream, or taken apart from one piece.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_bedrockruntime::{
    operation::{converse::ConverseOutput, converse_stream::ConverseStreamOutput},
    types::{
        CitationLocation, ContentBlock, ContentBlockDelta, ContentBlockStart, ConverseOutput as Whole,
        ConverseStreamOutput as Event, ImageSource, ReasoningContentBlock, ReasoningContentBlockDelta,
    },
};
use awsmcp_mcp::{Body, Call, Error, One, Output, Part, Reply, Result, quoted};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Bedrock,
    conversation::{Reasoning, ToolUse},
    findings::Trace,
    json::value,
    spending::Usage,
};

/// What a model answered.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: Option<Reasoning>,
    pub(crate) tool_use: Vec<ToolUse>,
    pub(crate) citations: Vec<Citation>,
    pub(crate) stop_reason: String,
    /// What the model answered besides, where `parameters` made it.
    pub(crate) more: Option<Value>,
    pub(crate) usage: Option<Usage>,
    pub(crate) latency_ms: Option<i64>,
    pub(crate) first_words_ms: Option<u64>,
    /// The model that a prompt router chose.
    pub(crate) routed_to: Option<String>,
    pub(crate) guardrail: Option<Trace>,
    #[serde(skip)]
    pub(crate) images: Vec<(String, Vec<u8>)>,
}

/// What an answer is drawn from.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Citation {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// `page 3`, `characters 10-90`, or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
}

impl Output for Answer {
    fn reply(mut self) -> Result<Reply> {
        let images = std::mem::take(&mut self.images);
        if images.is_empty() {
            return One(self).reply();
        }
        let text = serde_json::to_string(&self).map_err(|error| Error::internal(error.to_string()))?;
        let count = images.len();
        let pictures =
            images.into_iter().map(|(format, data)| Part::Image { data, mime: format!("image/{format}") });
        Body {
            label: format!("the model's answer, with {count} images"),
            parts: std::iter::once(Part::Text(text)).chain(pictures).collect(),
            ..Body::default()
        }
        .reply()
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        One::<Answer>::schema(generator)
    }
}

impl Answer {
    /// Takes an answer as it comes, telling each piece of it.
    ///
    /// # Errors
    /// When the stream breaks off; what came until then is told.
    pub(crate) async fn stream(
        cx: &Call<Bedrock>,
        mut out: ConverseStreamOutput,
        started: Instant,
    ) -> Result<Answer> {
        let mut coming = Coming { cx, started, parts: Parts::default(), telling: Telling::default() };
        loop {
            match out.stream.recv().await {
                Ok(Some(event)) => coming.take(event),
                Ok(None) => return coming.ended(),
                Err(error) => return Err(coming.parts.answer.broken(Error::from(error))),
            }
        }
    }

    /// Of an answer that came in one piece.
    pub(crate) fn whole(out: ConverseOutput) -> Answer {
        let mut answer = Answer {
            stop_reason: out.stop_reason.to_string(),
            usage: out.usage.as_ref().map(Usage::of),
            latency_ms: out.metrics.map(|metrics| metrics.latency_ms),
            more: out.additional_model_response_fields.as_ref().map(value),
            ..Answer::default()
        };
        if let Some(trace) = out.trace {
            answer.guardrail = trace.guardrail.as_ref().map(Trace::of);
            answer.routed_to = trace.prompt_router.and_then(|router| router.invoked_model_id);
        }
        let content = match out.output {
            Some(Whole::Message(message)) => message.content,
            _ => Vec::new(),
        };
        for block in content {
            answer.add(block);
        }
        answer
    }

    fn add(&mut self, block: ContentBlock) {
        match block {
            ContentBlock::Text(text) => self.text.push_str(&text),
            ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(thought)) => {
                let reasoning = self.reasoning.get_or_insert_default();
                (reasoning.text, reasoning.signature) = (thought.text, thought.signature);
            }
            ContentBlock::ReasoningContent(ReasoningContentBlock::RedactedContent(bytes)) => {
                self.reasoning.get_or_insert_default().redact(bytes.as_ref());
            }
            ContentBlock::ToolUse(tool) => {
                self.tool_use.push(ToolUse {
                    id: tool.tool_use_id,
                    name: tool.name,
                    input: value(&tool.input),
                });
            }
            ContentBlock::CitationsContent(cited) => {
                use aws_sdk_bedrockruntime::types::{
                    CitationGeneratedContent as Generated, CitationSourceContent as Source,
                };
                for content in cited.content.unwrap_or_default() {
                    if let Generated::Text(text) = content {
                        self.text.push_str(&text);
                    }
                }
                for citation in cited.citations.unwrap_or_default() {
                    let texts = citation.source_content.unwrap_or_default();
                    let text = |content| match content {
                        Source::Text(text) => Some(text),
                        _ => None,
                    };
                    self.citations.push(Citation {
                        title: citation.title,
                        place: citation.location.as_ref().and_then(place),
                        text: texts.into_iter().filter_map(text).collect(),
                    });
                }
            }
            ContentBlock::Image(image) => {
                if let Some(ImageSource::Bytes(bytes)) = image.source {
                    self.images.push((image.format.to_string(), bytes.into_inner()));
                }
            }
            _ => {}
        }
    }

    /// What was paid for is not thrown away: the error tells what came.
    fn broken(&self, mut error: Error) -> Error {
        const MOST: usize = 2_000;
        let came: String = self.text.chars().take(MOST).collect();
        if !came.is_empty() {
            let more = if came.len() < self.text.len() { " (cut)" } else { "" };
            error.message =
                format!("{}; until then it said{more}: {}", error.message.trim_end_matches('.'), json!(came));
        } else if let Some(reasoning) = &self.reasoning {
            error.message = format!(
                "{}; it had only thought: {}",
                error.message.trim_end_matches('.'),
                quoted(&reasoning.text)
            );
        }
        error
    }
}

/// What came of an answer so far.
#[derive(Default)]
struct Parts {
    answer: Answer,
    /// Calls of tools by their places in the answer: id, name, and the input as far as it is there.
    tools: BTreeMap<i32, (String, String, String)>,
    /// Pictures by their places: format and data.
    pictures: BTreeMap<i32, (String, Vec<u8>)>,
}

/// An answer that comes piece by piece.
struct Coming<'a> {
    cx: &'a Call<Bedrock>,
    started: Instant,
    parts: Parts,
    telling: Telling,
}

impl Coming<'_> {
    fn take(&mut self, event: Event) {
        let answer = &mut self.parts.answer;
        match event {
            Event::ContentBlockStart(start) => self.begin(start.content_block_index, start.start),
            Event::ContentBlockDelta(delta) => self.piece(delta.content_block_index, delta.delta),
            Event::MessageStop(stop) => {
                answer.stop_reason = stop.stop_reason.to_string();
                answer.more = stop.additional_model_response_fields.as_ref().map(value);
            }
            Event::Metadata(metadata) => {
                answer.usage = metadata.usage.as_ref().map(Usage::of);
                answer.latency_ms = metadata.metrics.map(|metrics| metrics.latency_ms);
                if let Some(trace) = metadata.trace {
                    answer.guardrail = trace.guardrail.as_ref().map(Trace::of);
                    answer.routed_to = trace.prompt_router.and_then(|router| router.invoked_model_id);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, at: i32, start: Option<ContentBlockStart>) {
        match start {
            Some(ContentBlockStart::ToolUse(tool)) => {
                self.telling.word(self.cx, &format!("[{}]", tool.name));
                self.parts.tools.insert(at, (tool.tool_use_id, tool.name, String::new()));
            }
            Some(ContentBlockStart::Image(image)) => {
                self.parts.pictures.insert(at, (image.format.to_string(), Vec::new()));
            }
            _ => {}
        }
    }

    fn piece(&mut self, at: i32, piece: Option<ContentBlockDelta>) {
        let Parts { answer, tools, pictures } = &mut self.parts;
        match piece {
            Some(ContentBlockDelta::Text(text)) => {
                let passed = || u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
                answer.first_words_ms.get_or_insert_with(passed);
                self.telling.word(self.cx, &text);
                answer.text.push_str(&text);
            }
            Some(ContentBlockDelta::ToolUse(piece)) => {
                if let Some((_, _, input)) = tools.get_mut(&at) {
                    input.push_str(&piece.input);
                }
            }
            Some(ContentBlockDelta::ReasoningContent(piece)) => {
                let reasoning = answer.reasoning.get_or_insert_default();
                match piece {
                    ReasoningContentBlockDelta::Text(text) => {
                        self.telling.word(self.cx, &text);
                        reasoning.text.push_str(&text);
                    }
                    ReasoningContentBlockDelta::Signature(signature) => {
                        reasoning.signature.get_or_insert_default().push_str(&signature);
                    }
                    ReasoningContentBlockDelta::RedactedContent(bytes) => reasoning.redact(bytes.as_ref()),
                    _ => {}
                }
            }
            Some(ContentBlockDelta::Citation(citation)) => {
                let texts = citation.source_content.unwrap_or_default();
                answer.citations.push(Citation {
                    title: citation.title,
                    place: citation.location.as_ref().and_then(place),
                    text: texts.into_iter().filter_map(|content| content.text).collect(),
                });
            }
            Some(ContentBlockDelta::Image(image)) => {
                if let (Some((_, data)), Some(ImageSource::Bytes(bytes))) =
                    (pictures.get_mut(&at), image.source)
                {
                    data.extend(bytes.into_inner());
                }
            }
            _ => {}
        }
    }

    fn ended(mut self) -> Result<Answer> {
        self.telling.last(self.cx);
        let Parts { mut answer, tools, pictures } = self.parts;
        answer.tool_use = tools
            .into_values()
            .map(|(id, name, input)| ToolUse { id, name, input: input_of(&input) })
            .collect();
        answer.images = pictures.into_values().filter(|(_, data)| !data.is_empty()).collect();
        if answer.stop_reason.is_empty() {
            return Err(answer.broken(Error::conflict("the answer ended before it was complete")));
        }
        Ok(answer)
    }
}

/// A tool's input comes in pieces of JSON; none at all is an empty object.
fn input_of(text: &str) -> Value {
    if text.is_empty() { json!({}) } else { serde_json::from_str(text).unwrap_or_else(|_| json!(text)) }
}

fn place(location: &CitationLocation) -> Option<String> {
    let span = |what: &str, start: Option<i32>, end: Option<i32>| match (start, end) {
        (Some(start), Some(end)) if end > start => Some(format!("{what}s {start}-{end}")),
        (Some(start), _) => Some(format!("{what} {start}")),
        _ => None,
    };
    match location {
        CitationLocation::DocumentPage(at) => span("page", at.start, at.end),
        CitationLocation::DocumentChar(at) => span("character", at.start, at.end),
        CitationLocation::DocumentChunk(at) => span("chunk", at.start, at.end),
        CitationLocation::SearchResultLocation(at) => span("result", at.start, at.end),
        CitationLocation::Web(at) => at.url.clone(),
        _ => None,
    }
}

/// Tells an answer as it comes, a few pieces at a time.
#[derive(Debug, Default)]
struct Telling {
    waiting: String,
    characters: u64,
    last: Option<Instant>,
}

impl Telling {
    fn word(&mut self, cx: &Call<Bedrock>, text: &str) {
        const PAUSE: Duration = Duration::from_millis(200);
        self.waiting.push_str(text);
        if self.last.is_none_or(|last| last.elapsed() >= PAUSE) {
            self.last(cx);
        }
    }

    fn last(&mut self, cx: &Call<Bedrock>) {
        if !self.waiting.is_empty() {
            self.characters += self.waiting.chars().count() as u64;
            self.last = Some(Instant::now());
            cx.progress(self.characters, None, std::mem::take(&mut self.waiting));
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::types::{DocumentPageLocation, WebLocation};

    use super::*;

    #[test]
    fn places_read_well() {
        let pages = DocumentPageLocation::builder().start(3).end(5).build();
        assert_eq!(place(&CitationLocation::DocumentPage(pages)).as_deref(), Some("pages 3-5"));
        let page = DocumentPageLocation::builder().start(3).end(3).build();
        assert_eq!(place(&CitationLocation::DocumentPage(page)).as_deref(), Some("page 3"));
        let web = WebLocation::builder().url("https://x.example").build();
        assert_eq!(place(&CitationLocation::Web(web)).as_deref(), Some("https://x.example"));
    }

    #[test]
    fn a_tools_input_is_json_whatever_comes() {
        assert_eq!(input_of(""), json!({}));
        assert_eq!(input_of("{\"a\":1}"), json!({"a": 1}));
        assert_eq!(input_of("{\"a\":"), json!("{\"a\":"));
    }
}
