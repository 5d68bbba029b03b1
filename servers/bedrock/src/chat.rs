//! What a model answers, made of the blocks that it came in.

use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use awsmcp_mcp::{Body, Error, One, Output, Part, Reply, Result, quoted};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    blocks::{self, Reasoning, ToolUse},
    findings::Trace,
    turn::Thoughts,
    usage::Usage,
};

/// What a model answered.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: Option<Thoughts>,
    pub(crate) tool_use: Vec<ToolUse>,
    pub(crate) citations: Vec<Citation>,
    pub(crate) stop_reason: String,
    /// All of it in its order, as a turn's `content` takes it: only where its parts do not say it.
    pub(crate) content: Option<String>,
    /// What the model answered besides, where `parameters` made it.
    pub(crate) more: Option<Value>,
    pub(crate) usage: Option<Usage>,
    pub(crate) latency_ms: Option<i64>,
    pub(crate) first_words_ms: Option<u64>,
    /// The model that a prompt router chose.
    pub(crate) routed_to: Option<String>,
    /// The service tier that served it.
    pub(crate) tier: Option<String>,
    pub(crate) guardrail: Option<Trace>,
    /// Media types and bytes.
    #[serde(skip)]
    pub(crate) media: Vec<(String, Vec<u8>)>,
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
        let media = std::mem::take(&mut self.media);
        if media.is_empty() {
            return One(self).reply();
        }
        let text = serde_json::to_string(&self).map_err(|error| Error::internal(error.to_string()))?;
        let is_image = |mime: &str| mime.starts_with("image/");
        let what = if media.iter().all(|(mime, _)| is_image(mime)) { "images" } else { "files" };
        let label = format!("the model's answer, with {} {what}", media.len());
        let shown = media.into_iter().map(|(mime, data)| match is_image(&mime) {
            true => Part::Image { data, mime },
            false => Part::Blob { data, mime },
        });
        Body { label, parts: std::iter::once(Part::Text(text)).chain(shown).collect(), ..Body::default() }
            .reply()
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        One::<Answer>::schema(generator)
    }
}

impl Answer {
    /// Of an answer that came in one piece: `heard` is AWS's own JSON of it, whose blocks may be newer than the SDK.
    pub(crate) fn whole(out: ConverseOutput, heard: &Value) -> Answer {
        let mut answer = Answer {
            stop_reason: out.stop_reason.to_string(),
            usage: out.usage.as_ref().map(Usage::of),
            latency_ms: out.metrics.map(|metrics| metrics.latency_ms),
            // Not of the SDK's type, which holds numbers as doubles and has no order.
            more: heard.get("additionalModelResponseFields").cloned(),
            tier: out.service_tier.map(|tier| tier.r#type.to_string()),
            ..Answer::default()
        };
        if let Some(trace) = out.trace {
            answer.guardrail = trace.guardrail.as_ref().map(Trace::of);
            answer.routed_to = trace.prompt_router.and_then(|router| router.invoked_model_id);
        }
        let content = heard.pointer("/output/message/content").and_then(Value::as_array);
        answer.with_blocks(content.cloned().unwrap_or_default())
    }

    /// With the blocks that it consists of.
    pub(crate) fn with_blocks(self, blocks: Vec<Value>) -> Answer {
        let reasoning: Vec<Reasoning> = blocks.iter().filter_map(Reasoning::of).collect();
        let tool_use: Vec<ToolUse> = blocks.iter().filter_map(ToolUse::of).collect();
        let text: String = blocks.iter().filter_map(blocks::text).collect();
        let citations = blocks.iter().filter_map(|block| block.pointer("/citationsContent/citations"));
        Answer {
            content: blocks::in_order(&blocks, &reasoning, &tool_use, &text),
            citations: citations.filter_map(Value::as_array).flatten().map(Citation::of).collect(),
            media: blocks.iter().filter_map(blocks::media).collect(),
            reasoning: Thoughts::of(reasoning),
            tool_use,
            text,
            ..self
        }
    }

    /// What was paid for is not thrown away: the error tells what came.
    pub(crate) fn broken(&self, mut error: Error) -> Error {
        const MOST: usize = 2_000;
        let came: String = self.text.chars().take(MOST).collect();
        let message = error.message.trim_end_matches('.');
        if !came.is_empty() {
            let more = if came.len() < self.text.len() { " (cut)" } else { "" };
            error.message = format!("{message}; until then it said{more}: {}", json!(came));
        } else if let Some(reasoning) = &self.reasoning {
            error.message = format!("{message}; it had only thought: {}", quoted(&reasoning.text()));
        }
        error
    }
}

impl Citation {
    fn of(citation: &Value) -> Citation {
        let sources = citation.get("sourceContent").and_then(Value::as_array).into_iter().flatten();
        Citation {
            title: citation.get("title").and_then(Value::as_str).map(str::to_owned),
            place: citation.get("location").and_then(place),
            text: sources.filter_map(|content| content.get("text")?.as_str()).collect(),
        }
    }
}

fn place(location: &Value) -> Option<String> {
    let (kind, at) = location.as_object()?.iter().next()?;
    let number = |name: &str| at.get(name).and_then(Value::as_i64);
    let what = match kind.as_str() {
        "documentPage" => "page",
        "documentChar" => "character",
        "documentChunk" => "chunk",
        "searchResultLocation" => "result",
        "web" => return at.get("url").and_then(Value::as_str).map(str::to_owned),
        _ => return None,
    };
    match (number("start"), number("end")) {
        (Some(start), Some(end)) if end > start => Some(format!("{what}s {start}-{end}")),
        (Some(start), _) => Some(format!("{what} {start}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_well() {
        let of = |location: Value| place(&location);
        assert_eq!(of(json!({"documentPage": {"start": 3, "end": 5}})).as_deref(), Some("pages 3-5"));
        assert_eq!(of(json!({"documentPage": {"start": 3, "end": 3}})).as_deref(), Some("page 3"));
        let web = json!({"web": {"url": "https://x.example"}});
        assert_eq!(of(web).as_deref(), Some("https://x.example"));
        assert_eq!(of(json!({"moon": {"start": 3}})), None);
    }
}
