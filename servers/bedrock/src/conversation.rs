//! What is said to a model: turns, tools, the system's words, and where the cache may cut.

use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    AnyToolChoice, AutoToolChoice, CachePointBlock, CachePointType, ContentBlock, ConversationRole, Message,
    ReasoningContentBlock, ReasoningTextBlock, SpecificToolChoice, SystemContentBlock, Tool, ToolChoice,
    ToolConfiguration, ToolInputSchema, ToolResultBlock, ToolResultContentBlock, ToolResultStatus,
    ToolSpecification, ToolUseBlock,
};
use aws_smithy_types::error::operation::BuildError;
use awsmcp_mcp::{Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    json::{Json, document},
    spending::about,
};

/// One turn of a conversation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    role: Role,
    text: Option<String>,
    /// As the answer before had it.
    reasoning: Option<Reasoning>,
    /// As the answer before had it.
    tool_use: Option<Vec<ToolUse>>,
    tool_results: Option<Vec<ToolResult>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Role {
    #[default]
    User,
    Assistant,
}

/// What a model thought before it answered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reasoning {
    #[serde(default)]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<String>,
    /// What only the model can read, as Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redacted: Option<String>,
}

impl Reasoning {
    /// Adds thoughts that only the model can read. A model that goes on wants them back as they were.
    pub(crate) fn redact(&mut self, bytes: &[u8]) {
        let before = self.redacted.take().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let all = [before.unwrap_or_default().as_slice(), bytes].concat();
        self.redacted = Some(BASE64_STANDARD.encode(all));
    }

    fn blocks(&self) -> Result<Vec<ContentBlock>> {
        let mut blocks = Vec::new();
        if !self.text.is_empty() || self.redacted.is_none() {
            let text = ReasoningTextBlock::builder().text(&self.text).set_signature(self.signature.clone());
            blocks.push(ReasoningContentBlock::ReasoningText(text.build().map_err(missing)?));
        }
        if let Some(redacted) = &self.redacted {
            let bytes = BASE64_STANDARD.decode(redacted).map_err(|error| {
                Error::invalid(format!("`redacted` is not Base64: {error}"))
                    .with_next("give it back as the answer had it")
            })?;
            blocks.push(ReasoningContentBlock::RedactedContent(Blob::new(bytes)));
        }
        Ok(blocks.into_iter().map(ContentBlock::ReasoningContent).collect())
    }
}

/// A tool that a model wants called.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolUse {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ToolResult {
    /// That of the `tool_use`.
    id: String,
    result: Json,
    #[serde(default)]
    failed: bool,
}

/// A tool that a model may ask for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offered {
    name: String,
    description: Option<String>,
    /// JSON schema of its input.
    schema: Json,
}

/// What prompt caching covers: all up to and including these.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cached {
    System,
    Tools,
    Messages,
}

/// What is said, as the SDK takes it, and about how many tokens it has.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) messages: Vec<Message>,
    pub(crate) system: Option<Vec<SystemContentBlock>>,
    pub(crate) tools: Option<ToolConfiguration>,
    pub(crate) tokens: u64,
}

/// What is said, as callers give it.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) prompt: Option<String>,
    pub(crate) messages: Vec<Turn>,
    pub(crate) system: Option<String>,
    pub(crate) tools: Vec<Offered>,
    /// `auto`, `any`, or the name of the tool that must be used.
    pub(crate) tool_choice: Option<String>,
    pub(crate) cache: Vec<Cached>,
    /// Images and documents: they go before the prompt.
    pub(crate) attached: crate::attachments::Loaded,
}

impl Given {
    /// # Errors
    /// When nothing is said, or a part is missing.
    pub(crate) fn said(self) -> Result<Said> {
        let cached = |what| self.cache.contains(&what);
        let mut bytes = 0;
        let mut turns = Turns::default();
        for turn in &self.messages {
            bytes += turn.bytes();
            turns.add(turn.role, turn.content()?);
        }
        let mut last = self.attached.blocks;
        if let Some(prompt) = self.prompt.filter(|prompt| !prompt.is_empty()) {
            bytes += prompt.len();
            last.push(ContentBlock::Text(prompt));
        } else if !last.is_empty() {
            return Err(Error::invalid("`prompt` must say what to do with the images and documents"));
        }
        turns.add(Role::User, last);
        if cached(Cached::Messages) {
            turns.cache()?;
        }
        let messages = turns.messages()?;
        if messages.is_empty() {
            return Err(Error::invalid("nothing is said: give `prompt` or `messages`")
                .with_next("a good one is {\"model\":\"amazon.nova-lite-v1:0\",\"prompt\":\"Say hello\"}"));
        }
        if cached(Cached::System) && self.system.is_none() || cached(Cached::Tools) && self.tools.is_empty() {
            return Err(Error::invalid("`cache` names what the call does not have"));
        }
        let mut system = Vec::new();
        if let Some(text) = self.system {
            bytes += text.len();
            system.push(SystemContentBlock::Text(text));
            if self.cache.contains(&Cached::System) {
                system.push(SystemContentBlock::CachePoint(cache_point()?));
            }
        }
        let mut tools = Vec::new();
        for offered in self.tools {
            bytes += offered.bytes();
            tools.push(Tool::ToolSpec(offered.specification()?));
        }
        if self.cache.contains(&Cached::Tools) {
            tools.push(Tool::CachePoint(cache_point()?));
        }
        let tools = match (tools.is_empty(), self.tool_choice) {
            (true, None) => None,
            (true, Some(_)) => return Err(Error::invalid("`tool_choice` goes with `tools`")),
            (false, choice) => {
                let choice = choice.map(|choice| tool_choice(&choice)).transpose()?;
                let built = ToolConfiguration::builder().set_tools(Some(tools)).set_tool_choice(choice);
                Some(built.build().map_err(missing)?)
            }
        };
        Ok(Said {
            messages,
            system: Some(system).filter(|system| !system.is_empty()),
            tools,
            tokens: about(bytes) + self.attached.tokens,
        })
    }
}

impl Turn {
    fn content(&self) -> Result<Vec<ContentBlock>> {
        let mut content = Vec::new();
        // Bedrock wants the thoughts first, and results before other words.
        if let Some(reasoning) = &self.reasoning {
            content.extend(reasoning.blocks()?);
        }
        for result in self.tool_results.iter().flatten() {
            content.push(ContentBlock::ToolResult(result.block()?));
        }
        if let Some(text) = self.text.as_ref().filter(|text| !text.is_empty()) {
            content.push(ContentBlock::Text(text.clone()));
        }
        for tool in self.tool_use.iter().flatten() {
            let block =
                ToolUseBlock::builder().tool_use_id(&tool.id).name(&tool.name).input(document(&tool.input));
            content.push(ContentBlock::ToolUse(block.build().map_err(missing)?));
        }
        if content.is_empty() {
            return Err(Error::invalid("a turn of `messages` is empty")
                .with_next("a good one is {\"role\":\"user\",\"text\":\"Hello\"}"));
        }
        Ok(content)
    }

    fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let uses = self.tool_use.iter().flatten().map(|tool| tool.name.len() + tool.input.to_string().len());
        let results = self.tool_results.iter().flatten().map(|result| result.result.0.to_string().len());
        let thoughts =
            self.reasoning.as_ref().map_or(0, |reasoning| reasoning.text.len() + text(&reasoning.redacted));
        text(&self.text) + thoughts + uses.sum::<usize>() + results.sum::<usize>()
    }
}

impl ToolResult {
    fn block(&self) -> Result<ToolResultBlock> {
        let content = match &self.result.0 {
            Value::Object(_) => ToolResultContentBlock::Json(document(&self.result.0)),
            Value::String(text) => ToolResultContentBlock::Text(text.clone()),
            other => ToolResultContentBlock::Text(other.to_string()),
        };
        let status = self.failed.then_some(ToolResultStatus::Error);
        let block = ToolResultBlock::builder().tool_use_id(&self.id).content(content).set_status(status);
        block.build().map_err(missing)
    }
}

impl Offered {
    fn specification(self) -> Result<ToolSpecification> {
        if !self.schema.0.is_object() {
            return Err(Error::invalid(format!("`schema` of the tool {} is not a JSON schema", self.name))
                .with_next(
                    "a good one is {\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}",
                ));
        }
        let schema = ToolInputSchema::Json(document(&self.schema.0));
        let built = ToolSpecification::builder().name(self.name).set_description(self.description);
        built.input_schema(schema).build().map_err(missing)
    }

    fn bytes(&self) -> usize {
        let description = self.description.as_ref().map_or(0, String::len);
        self.name.len() + description + self.schema.0.to_string().len()
    }
}

fn tool_choice(choice: &str) -> Result<ToolChoice> {
    Ok(match choice {
        "auto" => ToolChoice::Auto(AutoToolChoice::builder().build()),
        "any" => ToolChoice::Any(AnyToolChoice::builder().build()),
        name => ToolChoice::Tool(SpecificToolChoice::builder().name(name).build().map_err(missing)?),
    })
}

/// Turns on their way to Bedrock, which wants those of user and assistant by turns.
#[derive(Default)]
struct Turns(Vec<(Role, Vec<ContentBlock>)>);

impl Turns {
    /// Adds to what was said. What the same side says next is part of the same turn.
    fn add(&mut self, role: Role, content: Vec<ContentBlock>) {
        if content.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some((before, said)) if *before == role => {
                said.extend(content);
                // Bedrock wants results before other words.
                if role == Role::User {
                    said.sort_by_key(|block| !matches!(block, ContentBlock::ToolResult(_)));
                }
            }
            _ => self.0.push((role, content)),
        }
    }

    /// Lets the cache cover all that was said so far.
    fn cache(&mut self) -> Result<()> {
        if let Some((_, said)) = self.0.last_mut() {
            said.push(ContentBlock::CachePoint(cache_point()?));
        }
        Ok(())
    }

    fn messages(self) -> Result<Vec<Message>> {
        let message = |(role, content)| {
            let role = match role {
                Role::User => ConversationRole::User,
                Role::Assistant => ConversationRole::Assistant,
            };
            Message::builder().role(role).set_content(Some(content)).build().map_err(missing)
        };
        self.0.into_iter().map(message).collect()
    }
}

fn cache_point() -> Result<CachePointBlock> {
    CachePointBlock::builder().r#type(CachePointType::Default).build().map_err(missing)
}

/// What a builder of the SDK misses: nothing that a caller could have left out.
pub(crate) fn missing(error: BuildError) -> Error {
    Error::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turns(value: Value) -> Vec<Turn> {
        serde_json::from_value(value).unwrap()
    }

    fn kinds(message: &Message) -> Vec<&'static str> {
        let kind = |block: &ContentBlock| match block {
            ContentBlock::Text(_) => "text",
            ContentBlock::ReasoningContent(_) => "reasoning",
            ContentBlock::ToolUse(_) => "tool_use",
            ContentBlock::ToolResult(_) => "tool_result",
            ContentBlock::CachePoint(_) => "cache",
            _ => "other",
        };
        message.content().iter().map(kind).collect()
    }

    #[test]
    fn thoughts_that_only_the_model_can_read_go_back_as_they_came() {
        let mut reasoning = Reasoning { text: "hm".into(), signature: Some("s".into()), redacted: None };
        reasoning.redact(&[1, 2]);
        reasoning.redact(&[255]);
        let turn = json!({"role": "assistant", "text": "so", "reasoning": reasoning});
        let said = Given { messages: turns(json!([turn])), ..Given::default() }.said().unwrap();
        let [
            ContentBlock::ReasoningContent(first),
            ContentBlock::ReasoningContent(second),
            ContentBlock::Text(_),
        ] = said.messages[0].content()
        else {
            panic!("{said:?}")
        };
        assert_eq!(first.as_reasoning_text().unwrap().signature(), Some("s"));
        assert_eq!(second.as_redacted_content().unwrap().as_ref(), [1, 2, 255]);
        let only = json!({"role": "assistant", "reasoning": {"redacted": "AQI="}});
        let said = Given { messages: turns(json!([only])), ..Given::default() }.said().unwrap();
        assert_eq!(said.messages[0].content().len(), 1);
        let wrong = json!({"role": "assistant", "reasoning": {"redacted": "%"}});
        let error = Given { messages: turns(json!([wrong])), ..Given::default() }.said().unwrap_err();
        assert!(error.message.contains("not Base64"), "{error}");
    }

    #[test]
    fn what_one_side_says_in_a_row_is_one_turn() {
        let messages = turns(json!([
            {"role": "user", "text": "weather?"},
            {"role": "user", "text": "in Bern"},
            {"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}}]},
            {"role": "user", "text": "here:"},
            {"role": "user", "tool_results": [{"id": "t1", "result": {"celsius": 3}}]},
        ]));
        let given = Given { messages, prompt: Some("and in Fahrenheit?".into()), ..Given::default() };
        let said = given.said().unwrap();
        let all: Vec<_> = said.messages.iter().map(kinds).collect();
        assert_eq!(all, [vec!["text", "text"], vec!["tool_use"], vec!["tool_result", "text", "text"]]);
    }

    #[test]
    fn the_cache_covers_a_last_turn_of_results() {
        let messages = turns(json!([
            {"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}}]},
            {"role": "user", "tool_results": [{"id": "t1", "result": {"celsius": 3}}]},
        ]));
        let said = Given { messages, cache: vec![Cached::Messages], ..Given::default() }.said().unwrap();
        assert_eq!(
            said.messages.iter().map(kinds).collect::<Vec<_>>(),
            [vec!["tool_use"], vec!["tool_result", "cache"]]
        );
    }

    #[test]
    fn a_turn_has_its_parts_in_the_order_bedrock_wants() {
        let messages = turns(json!([
            {"role": "user", "text": "weather?"},
            {"role": "assistant", "reasoning": {"text": "hm", "signature": "s"}, "text": "I look",
             "tool_use": [{"id": "t1", "name": "weather", "input": {"city": "Bern"}}]},
            {"role": "user", "text": "and?", "tool_results": [{"id": "t1", "result": "{\"celsius\": 3}"}]},
        ]));
        let said = Given { messages, ..Given::default() }.said().unwrap();
        let all: Vec<Vec<&str>> = said.messages.iter().map(kinds).collect();
        assert_eq!(all, [vec!["text"], vec!["reasoning", "text", "tool_use"], vec!["tool_result", "text"]]);
        assert!(said.tokens > 5);
    }

    #[test]
    fn nothing_said_is_an_error_that_shows_a_good_call() {
        let error = Given::default().said().unwrap_err();
        assert!(error.next.as_deref().unwrap_or_default().contains("\"prompt\""));
        let error =
            Given { messages: turns(json!([{"role": "user"}])), ..Given::default() }.said().unwrap_err();
        assert!(error.message.contains("empty"));
        let cache = Given { prompt: Some("x".into()), cache: vec![Cached::System], ..Given::default() };
        assert!(cache.said().unwrap_err().message.contains("`cache`"));
        let choice = Given { prompt: Some("x".into()), tool_choice: Some("any".into()), ..Given::default() };
        assert!(choice.said().unwrap_err().message.contains("`tool_choice`"));
    }
}
