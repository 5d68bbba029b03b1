//! An answer that comes piece by piece, put together to the blocks that it would have come in as a whole.

use std::time::{Duration, Instant};

use aws_sdk_bedrockruntime::{
    operation::converse_stream::ConverseStreamOutput,
    types::{
        CitationLocation, CitationsDelta, ContentBlockDelta, ContentBlockStart,
        ConverseStreamOutput as Event, ImageSource, ReasoningContentBlockDelta, ToolResultBlockDelta,
    },
};
use awsmcp_mcp::{Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{blocks::object, chat::Answer, findings::Trace, json::value, pace::Pace, usage::Usage};

/// A block as far as it is there.
#[derive(Debug)]
enum Piece {
    Text { text: String, citations: Vec<Value> },
    Thought { text: String, signature: Option<String>, redacted: Vec<u8> },
    ToolUse { id: String, name: String, sort: Option<String>, input: String },
    ToolResult { id: String, sort: Option<String>, status: Option<String>, content: Vec<Value> },
    Image { format: String, data: Vec<u8> },
}

/// An answer on its way.
struct Coming<'a> {
    /// Blocks in their order, each with its place as AWS counts.
    pieces: Vec<(i32, Piece)>,
    answer: Answer,
    telling: Telling<'a>,
}

impl Answer {
    /// Takes an answer as it comes, telling each piece of it.
    ///
    /// # Errors
    /// When the stream breaks off; what came until then is told.
    pub(crate) async fn stream(mut out: ConverseStreamOutput, pace: Pace<'_>) -> Result<Answer> {
        let telling = Telling { pace, waiting: String::new(), last: None };
        let mut coming = Coming { pieces: Vec::new(), answer: Answer::default(), telling };
        loop {
            match coming.telling.pace.of(out.stream.recv()).await {
                Ok(Some(event)) => coming.take(event),
                Ok(None) => return coming.ended(),
                Err(error) => return Err(coming.put_together().broken(Error::from(error))),
            }
            coming.telling.pace.keep();
        }
    }
}

impl Coming<'_> {
    fn take(&mut self, event: Event) {
        let answer = &mut self.answer;
        match event {
            Event::ContentBlockStart(start) => self.begin(start.content_block_index, start.start),
            Event::ContentBlockDelta(delta) => {
                if let Some(piece) = delta.delta {
                    self.piece(delta.content_block_index, piece);
                }
            }
            Event::MessageStop(stop) => {
                answer.stop_reason = stop.stop_reason.to_string();
                answer.more = stop.additional_model_response_fields.as_ref().map(value);
            }
            Event::Metadata(metadata) => {
                answer.usage = metadata.usage.as_ref().map(Usage::of);
                answer.latency_ms = metadata.metrics.map(|metrics| metrics.latency_ms);
                answer.tier = metadata.service_tier.map(|tier| tier.r#type.to_string());
                if let Some(trace) = metadata.trace {
                    answer.guardrail = trace.guardrail.as_ref().map(Trace::of);
                    answer.routed_to = trace.prompt_router.and_then(|router| router.invoked_model_id);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, at: i32, start: Option<ContentBlockStart>) {
        let piece = match start {
            Some(ContentBlockStart::ToolUse(tool)) => {
                self.telling.word(&format!("[{}]", tool.name));
                let sort = tool.r#type.map(|sort| sort.to_string());
                Piece::ToolUse { id: tool.tool_use_id, name: tool.name, sort, input: String::new() }
            }
            Some(ContentBlockStart::ToolResult(result)) => Piece::ToolResult {
                id: result.tool_use_id,
                sort: result.r#type,
                status: result.status.map(|status| status.to_string()),
                content: Vec::new(),
            },
            Some(ContentBlockStart::Image(image)) => {
                Piece::Image { format: image.format.to_string(), data: Vec::new() }
            }
            _ => return,
        };
        self.pieces.push((at, piece));
    }

    /// The block that a piece is of: the one at its place, if that is of its kind, or else a new one.
    fn block(&mut self, at: i32, is_kind: fn(&Piece) -> bool, new: fn() -> Piece) -> Option<&mut Piece> {
        let found = self.pieces.iter().rposition(|(place, _)| *place == at);
        let found = found.filter(|index| self.pieces.get(*index).is_some_and(|(_, piece)| is_kind(piece)));
        let index = found.unwrap_or_else(|| {
            self.pieces.push((at, new()));
            self.pieces.len() - 1
        });
        self.pieces.get_mut(index).map(|(_, piece)| piece)
    }

    fn text(&mut self, at: i32) -> Option<(&mut String, &mut Vec<Value>)> {
        let new = || Piece::Text { text: String::new(), citations: Vec::new() };
        match self.block(at, |piece| matches!(piece, Piece::Text { .. }), new)? {
            Piece::Text { text, citations } => Some((text, citations)),
            _ => None,
        }
    }

    fn piece(&mut self, at: i32, piece: ContentBlockDelta) {
        match piece {
            ContentBlockDelta::Text(more) => {
                self.answer.first_words_ms.get_or_insert(self.telling.pace.elapsed_ms());
                self.telling.word(&more);
                if let Some((text, _)) = self.text(at) {
                    text.push_str(&more);
                }
            }
            ContentBlockDelta::Citation(citation) => {
                if let Some((_, citations)) = self.text(at) {
                    citations.push(cited(citation));
                }
            }
            ContentBlockDelta::ReasoningContent(piece) => self.thought(at, piece),
            ContentBlockDelta::ToolUse(piece) => {
                let found = self.pieces.iter_mut().rev().find(|(place, _)| *place == at);
                if let Some((_, Piece::ToolUse { input, .. })) = found {
                    input.push_str(&piece.input);
                }
            }
            ContentBlockDelta::ToolResult(pieces) => {
                let found = self.pieces.iter_mut().rev().find(|(place, _)| *place == at);
                if let Some((_, Piece::ToolResult { content, .. })) = found {
                    content.extend(pieces.into_iter().filter_map(|piece| match piece {
                        ToolResultBlockDelta::Text(text) => Some(json!({"text": text})),
                        ToolResultBlockDelta::Json(json) => Some(json!({"json": value(&json)})),
                        _ => None,
                    }));
                }
            }
            ContentBlockDelta::Image(image) => {
                let found = self.pieces.iter_mut().rev().find(|(place, _)| *place == at);
                if let (Some((_, Piece::Image { data, .. })), Some(ImageSource::Bytes(bytes))) =
                    (found, image.source)
                {
                    data.extend(bytes.into_inner());
                }
            }
            _ => {}
        }
    }

    fn thought(&mut self, at: i32, piece: ReasoningContentBlockDelta) {
        if let ReasoningContentBlockDelta::Text(text) = &piece {
            self.telling.word(text);
        }
        let new = || Piece::Thought { text: String::new(), signature: None, redacted: Vec::new() };
        // A signature ends a block: what is thought behind it is another, whatever its place.
        let is_open: fn(&Piece) -> bool = match piece {
            ReasoningContentBlockDelta::Text(_) => {
                |piece| matches!(piece, Piece::Thought { signature: None, .. })
            }
            _ => |piece| matches!(piece, Piece::Thought { .. }),
        };
        let Some(Piece::Thought { text, signature, redacted }) = self.block(at, is_open, new) else { return };
        match piece {
            ReasoningContentBlockDelta::Text(more) => text.push_str(&more),
            ReasoningContentBlockDelta::Signature(more) => {
                signature.get_or_insert_default().push_str(&more);
            }
            ReasoningContentBlockDelta::RedactedContent(bytes) => redacted.extend(bytes.as_ref()),
            _ => {}
        }
    }

    fn put_together(self) -> Answer {
        let blocks = self.pieces.into_iter().flat_map(|(_, piece)| piece.blocks()).collect();
        self.answer.with_blocks(blocks)
    }

    fn ended(mut self) -> Result<Answer> {
        self.telling.last();
        let answer = self.put_together();
        if answer.stop_reason.is_empty() {
            return Err(answer.broken(Error::conflict("the answer ended before it was complete")));
        }
        Ok(answer)
    }
}

impl Piece {
    /// As AWS writes it in a whole answer.
    fn blocks(self) -> Vec<Value> {
        match self {
            Piece::Text { text, citations } if citations.is_empty() => {
                if text.is_empty() {
                    Vec::new()
                } else {
                    vec![json!({"text": text})]
                }
            }
            Piece::Text { text, citations } => {
                vec![json!({"citationsContent": {"content": [{"text": text}], "citations": citations}})]
            }
            Piece::Thought { text, signature, redacted } => {
                let hidden = (!redacted.is_empty()).then(
                    || json!({"reasoningContent": {"redactedContent": BASE64_STANDARD.encode(redacted)}}),
                );
                let is_open = !text.is_empty() || signature.is_some() || hidden.is_none();
                let open = is_open.then(|| {
                    let thought =
                        object([("text", Some(json!(text))), ("signature", signature.map(Value::from))]);
                    json!({"reasoningContent": {"reasoningText": thought}})
                });
                open.into_iter().chain(hidden).collect()
            }
            Piece::ToolUse { id, name, sort, input } => {
                let tool = object([
                    ("toolUseId", Some(json!(id))),
                    ("name", Some(json!(name))),
                    ("input", Some(input_of(&input))),
                    ("type", sort.map(Value::from)),
                ]);
                vec![json!({"toolUse": tool})]
            }
            Piece::ToolResult { id, sort, status, content } => {
                let result = object([
                    ("toolUseId", Some(json!(id))),
                    ("content", Some(Value::Array(content))),
                    ("status", status.map(Value::from)),
                    ("type", sort.map(Value::from)),
                ]);
                vec![json!({"toolResult": result})]
            }
            Piece::Image { data, .. } if data.is_empty() => Vec::new(),
            Piece::Image { format, data } => {
                let bytes = BASE64_STANDARD.encode(data);
                vec![json!({"image": {"format": format, "source": {"bytes": bytes}}})]
            }
        }
    }
}

/// A tool's input comes in pieces of JSON; none at all is an empty object.
fn input_of(text: &str) -> Value {
    if text.is_empty() { json!({}) } else { serde_json::from_str(text).unwrap_or_else(|_| json!(text)) }
}

fn cited(citation: CitationsDelta) -> Value {
    let texts = citation.source_content.map(|contents| {
        let text = |content: aws_sdk_bedrockruntime::types::CitationSourceContentDelta| {
            object([("text", content.text.map(Value::from))])
        };
        Value::Array(contents.into_iter().map(text).collect())
    });
    object([
        ("title", citation.title.map(Value::from)),
        ("source", citation.source.map(Value::from)),
        ("sourceContent", texts),
        ("location", citation.location.and_then(location)),
    ])
}

fn location(location: CitationLocation) -> Option<Value> {
    let span = |kind: &str, index: (&str, Option<i32>), start: Option<i32>, end: Option<i32>| {
        let at = [(index.0, index.1), ("start", start), ("end", end)];
        json!({kind: object(at.map(|(name, number)| (name, number.map(Value::from))))})
    };
    Some(match location {
        CitationLocation::DocumentPage(at) => {
            span("documentPage", ("documentIndex", at.document_index), at.start, at.end)
        }
        CitationLocation::DocumentChar(at) => {
            span("documentChar", ("documentIndex", at.document_index), at.start, at.end)
        }
        CitationLocation::DocumentChunk(at) => {
            span("documentChunk", ("documentIndex", at.document_index), at.start, at.end)
        }
        CitationLocation::SearchResultLocation(at) => {
            span("searchResultLocation", ("searchResultIndex", at.search_result_index), at.start, at.end)
        }
        CitationLocation::Web(at) => json!({"web": object([
            ("url", at.url.map(Value::from)),
            ("domain", at.domain.map(Value::from)),
        ])}),
        _ => return None,
    })
}

/// Tells an answer as it comes, a few pieces at a time.
struct Telling<'a> {
    pace: Pace<'a>,
    waiting: String,
    last: Option<Instant>,
}

impl Telling<'_> {
    fn word(&mut self, text: &str) {
        const PAUSE: Duration = Duration::from_millis(200);
        self.waiting.push_str(text);
        if self.last.is_none_or(|last| last.elapsed() >= PAUSE) {
            self.last();
        }
    }

    fn last(&mut self) {
        if !self.waiting.is_empty() {
            let characters = self.waiting.chars().count() as u64;
            self.last = Some(Instant::now());
            self.pace.tell(characters, std::mem::take(&mut self.waiting));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_input_is_json_whatever_comes() {
        assert_eq!(input_of(""), json!({}));
        assert_eq!(input_of("{\"a\":1}"), json!({"a": 1}));
        assert_eq!(input_of("{\"a\":"), json!("{\"a\":"));
    }

    #[test]
    fn a_piece_that_hides_and_tells_is_two_blocks() {
        let both = Piece::Thought { text: "hm".into(), signature: Some("s".into()), redacted: vec![255] };
        assert_eq!(
            both.blocks(),
            [
                json!({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}),
                json!({"reasoningContent": {"redactedContent": "/w=="}}),
            ]
        );
    }
}
