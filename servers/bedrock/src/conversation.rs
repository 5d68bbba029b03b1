//! What is said to a model: turns, tools, the system's words, and where the cache may cut.

use std::collections::BTreeSet;

use aws_sdk_bedrockruntime::types::{
    AnyToolChoice, AutoToolChoice, CachePointBlock, CachePointType, CacheTtl, ContentBlock, ConversationRole,
    Message, SpecificToolChoice, SystemContentBlock, SystemTool as ToolOfAws, Tool, ToolChoice,
    ToolConfiguration, ToolInputSchema, ToolSpecification,
};
use awsmcp_mcp::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    attachments::{Loaded, Loader},
    blocks::Raw,
    builders::missing,
    json::{Json, document},
    names::SystemTool,
    spending::about,
    turn::{Part, Role, Turn},
};

/// A tool that a model may ask for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offered {
    name: String,
    description: Option<String>,
    /// JSON schema of its input.
    schema: Json,
    /// Holds the input to the schema.
    #[serde(default)]
    strict: bool,
}

/// What prompt caching covers: all up to and including these.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cached {
    System,
    Tools,
    Messages,
}

/// How long the cache keeps what it covers.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
pub(crate) enum Kept {
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    OneHour,
}

/// What is said, as the SDK takes it, and about how many tokens it has.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) messages: Vec<Message>,
    /// Blocks that take the place of empty texts in `messages`.
    pub(crate) raw: Raw,
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
    /// Tools that AWS itself runs.
    pub(crate) system_tools: Vec<SystemTool>,
    /// `auto`, `any`, or the name of the tool that must be used.
    pub(crate) tool_choice: Option<String>,
    pub(crate) cache: Vec<Cached>,
    pub(crate) kept: Option<Kept>,
    /// Images and documents: they go before the prompt.
    pub(crate) attached: Loaded,
    /// A stored prompt speaks before all of it, so that nothing needs to be said.
    pub(crate) goes_on: bool,
}

impl Given {
    /// # Errors
    /// When nothing is said, or a part is missing.
    pub(crate) async fn said(self, loader: &mut Loader<'_>) -> Result<Said> {
        let cached = |what| self.cache.contains(&what);
        // Models fill in what they leave open with blanks, which AWS refuses.
        let worded = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (system, prompt) = (worded(self.system), worded(self.prompt));
        let mut tokens = self.attached.tokens;
        let mut turns = Turns::default();
        for turn in &self.messages {
            let (parts, size) = turn.parts(loader).await?;
            tokens += size;
            turns.add(turn.role, parts);
        }
        let mut last: Vec<Part> = self.attached.blocks.into_iter().map(Part::Typed).collect();
        let has_results = turns.0.last().is_some_and(|(_, said)| said.iter().any(Part::is_result));
        if let Some(prompt) = prompt {
            tokens += about(prompt.len());
            last.push(Part::Typed(ContentBlock::Text(prompt)));
        } else if !last.is_empty() && !has_results {
            return Err(Error::invalid("`prompt` must say what to do with the images and documents"));
        }
        turns.add(Role::User, last);
        turns.check(!self.tools.is_empty())?;
        if cached(Cached::Messages) {
            turns.cache(self.kept)?;
        }
        let (messages, raw) = turns.messages()?;
        if messages.is_empty() && !self.goes_on {
            return Err(Error::invalid("nothing is said: give `prompt` or `messages`")
                .with_next("a good one is {\"model\":\"amazon.nova-lite-v1:0\",\"prompt\":\"Say hello\"}"));
        }
        if cached(Cached::System) && system.is_none()
            || cached(Cached::Tools) && self.tools.is_empty() && self.system_tools.is_empty()
        {
            return Err(Error::invalid("`cache` names what the call does not have"));
        }
        tokens += about(system.as_ref().map_or(0, String::len));
        let mut said_before = Vec::new();
        if let Some(text) = system {
            said_before.push(SystemContentBlock::Text(text));
            if self.cache.contains(&Cached::System) {
                said_before.push(SystemContentBlock::CachePoint(cache_point(self.kept)?));
            }
        }
        tokens += about(self.tools.iter().map(Offered::bytes).sum());
        Ok(Said {
            messages,
            raw,
            system: Some(said_before).filter(|system| !system.is_empty()),
            tools: offered(self.tools, &self.system_tools, self.tool_choice, &self.cache, self.kept)?,
            tokens,
        })
    }
}

fn offered(
    given: Vec<Offered>,
    by_aws: &[SystemTool],
    choice: Option<String>,
    cache: &[Cached],
    kept: Option<Kept>,
) -> Result<Option<ToolConfiguration>> {
    let choice = choice.filter(|choice| !choice.trim().is_empty());
    if given.is_empty() && by_aws.is_empty() {
        return match choice {
            None => Ok(None),
            Some(_) => Err(Error::invalid("`tool_choice` goes with `tools`")),
        };
    }
    let mut tools = Vec::with_capacity(given.len() + by_aws.len() + 1);
    for offered in given {
        tools.push(Tool::ToolSpec(offered.specification()?));
    }
    for tool in by_aws {
        let named = ToolOfAws::builder().name(tool.as_str());
        tools.push(Tool::SystemTool(named.build().map_err(missing)?));
    }
    if cache.contains(&Cached::Tools) {
        tools.push(Tool::CachePoint(cache_point(kept)?));
    }
    let choice = choice.map(|choice| tool_choice(&choice)).transpose()?;
    let built = ToolConfiguration::builder().set_tools(Some(tools)).set_tool_choice(choice);
    Ok(Some(built.build().map_err(missing)?))
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
        let description = self.description.filter(|text| !text.trim().is_empty());
        let built = ToolSpecification::builder().name(self.name).set_description(description);
        built.input_schema(schema).set_strict(self.strict.then_some(true)).build().map_err(missing)
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
struct Turns(Vec<(Role, Vec<Part>)>);

impl Turns {
    /// Adds to what was said. What the same side says next is part of the same turn.
    fn add(&mut self, role: Role, content: Vec<Part>) {
        if content.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some((before, said)) if *before == role => {
                said.extend(content);
                // Bedrock wants results before other words.
                if role == Role::User {
                    said.sort_by_key(|part| !part.is_result());
                }
            }
            _ => self.0.push((role, content)),
        }
    }

    /// What AWS would refuse after it was sent: tools that nobody knows any more, and calls without an answer.
    fn check(&self, knows_tools: bool) -> Result<()> {
        let ids = |said: &[Part], of: fn(&Part) -> Option<String>| -> BTreeSet<String> {
            said.iter().filter_map(of).collect()
        };
        let joined = |ids: Vec<&String>| ids.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let mut asked = BTreeSet::new();
        let mut uses_tools = false;
        for (role, said) in &self.0 {
            let answered = ids(said, Part::answers);
            if *role == Role::User {
                let open: Vec<_> = asked.difference(&answered).collect();
                if !open.is_empty() {
                    return Err(unanswered(&joined(open)));
                }
                let unasked: Vec<_> = answered.difference(&asked).collect();
                if !unasked.is_empty() {
                    return Err(Error::invalid(format!(
                        "`tool_results` answers {}, which the assistant's turn before it did not ask for",
                        joined(unasked)
                    ))
                    .with_next("give the turn with that `tool_use` right before, with the same `id`"));
                }
            }
            asked = ids(said, Part::asks);
            uses_tools |= !asked.is_empty() || !answered.is_empty();
        }
        if !asked.is_empty() {
            return Err(unanswered(&joined(asked.iter().collect())));
        }
        if uses_tools && !knows_tools {
            return Err(Error::invalid("`messages` uses tools, and `tools` is not given")
                .with_next("give the same `tools` as in the calls before: AWS wants them in every call"));
        }
        Ok(())
    }

    /// Lets the cache cover all that was said so far.
    fn cache(&mut self, kept: Option<Kept>) -> Result<()> {
        if let Some((_, said)) = self.0.last_mut() {
            said.push(Part::Typed(ContentBlock::CachePoint(cache_point(kept)?)));
        }
        Ok(())
    }

    fn messages(self) -> Result<(Vec<Message>, Raw)> {
        let (mut messages, mut raw) = (Vec::with_capacity(self.0.len()), Raw::new());
        for (at, (role, parts)) in self.0.into_iter().enumerate() {
            let role = match role {
                Role::User => ConversationRole::User,
                Role::Assistant => ConversationRole::Assistant,
            };
            let mut content = Vec::with_capacity(parts.len());
            for (place, part) in parts.into_iter().enumerate() {
                content.push(match part {
                    Part::Typed(block) => block,
                    Part::Raw(block) => {
                        raw.push((at, place, block));
                        ContentBlock::Text(String::new())
                    }
                });
            }
            messages.push(Message::builder().role(role).set_content(Some(content)).build().map_err(missing)?);
        }
        Ok((messages, raw))
    }
}

fn unanswered(ids: &str) -> Error {
    Error::invalid(format!("the assistant asked for tools whose results are missing: {ids}"))
        .with_next("a user's turn right behind it has them all: {\"role\":\"user\",\"tool_results\":[{\"id\":\"t1\",\"result\":3}]}")
}

fn cache_point(kept: Option<Kept>) -> Result<CachePointBlock> {
    let ttl = kept.map(|kept| match kept {
        Kept::FiveMinutes => CacheTtl::FiveMinutes,
        Kept::OneHour => CacheTtl::OneHour,
    });
    CachePointBlock::builder().r#type(CachePointType::Default).set_ttl(ttl).build().map_err(missing)
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::ResourceArgument;
    use serde_json::{Value, json};

    use super::*;
    use crate::{blocks, names::ModelId};

    fn turns(value: Value) -> Vec<Turn> {
        serde_json::from_value(value).unwrap()
    }

    fn said(given: Given) -> Result<Said> {
        let model = ModelId::parse("amazon.nova-lite-v1:0").unwrap();
        let mut loader = Loader::of_nothing(&model);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(given.said(&mut loader))
    }

    fn weather() -> Vec<Offered> {
        serde_json::from_value(json!([{"name": "weather", "schema": {"type": "object"}}])).unwrap()
    }

    fn kinds(said: &Said) -> Vec<Vec<String>> {
        let kind = |block: &ContentBlock| match block {
            ContentBlock::Text(_) => "text",
            ContentBlock::ToolUse(_) => "tool_use",
            ContentBlock::ToolResult(_) => "tool_result",
            ContentBlock::CachePoint(_) => "cache",
            _ => "other",
        };
        let mut all: Vec<Vec<String>> = said
            .messages
            .iter()
            .map(|message| message.content().iter().map(|block| kind(block).to_owned()).collect())
            .collect();
        for (message, place, block) in &said.raw {
            all[*message][*place] = blocks::kind(block).unwrap().to_owned();
        }
        all
    }

    #[test]
    fn thoughts_that_only_the_model_can_read_go_back_as_they_came() {
        let turn = json!({"role": "assistant", "text": "so",
            "reasoning": [{"text": "hm", "signature": "s"}, {"redacted": "AQL/"}]});
        let said_so = said(Given { messages: turns(json!([turn])), ..Given::default() }).unwrap();
        assert_eq!(
            said_so.raw,
            [
                (0, 0, json!({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}})),
                (0, 1, json!({"reasoningContent": {"redactedContent": "AQL/"}})),
            ]
        );
        assert_eq!(said_so.messages[0].content()[2].as_text().unwrap(), "so");
        let only = json!({"role": "assistant", "reasoning": {"redacted": "AQI="}});
        let said_so = said(Given { messages: turns(json!([only])), ..Given::default() }).unwrap();
        assert_eq!(said_so.messages[0].content().len(), 1);
        let wrong = json!({"role": "assistant", "reasoning": {"redacted": "%"}});
        let error = said(Given { messages: turns(json!([wrong])), ..Given::default() }).unwrap_err();
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
        let prompt = Some("and in Fahrenheit?".into());
        let all = kinds(&said(Given { messages, prompt, tools: weather(), ..Given::default() }).unwrap());
        assert_eq!(all, [vec!["text", "text"], vec!["tool_use"], vec!["tool_result", "text", "text"]]);
    }

    #[test]
    fn the_cache_covers_a_last_turn_of_results() {
        let messages = turns(json!([
            {"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}}]},
            {"role": "user", "tool_results": [{"id": "t1", "result": {"celsius": 3}}]},
        ]));
        let cache = vec![Cached::Messages];
        let kept = Some(Kept::OneHour);
        let said_so = said(Given { messages, cache, kept, tools: weather(), ..Given::default() }).unwrap();
        assert_eq!(kinds(&said_so), [vec!["tool_use"], vec!["tool_result", "cache"]]);
        let point = said_so.messages[1].content()[1].as_cache_point().unwrap();
        assert_eq!(point.ttl(), Some(&CacheTtl::OneHour));
    }

    #[test]
    fn a_turn_has_its_parts_in_the_order_bedrock_wants() {
        let messages = turns(json!([
            {"role": "user", "text": "weather?"},
            {"role": "assistant", "reasoning": {"text": "hm", "signature": "s"}, "text": "I look",
             "tool_use": [{"id": "t1", "name": "weather", "input": {"city": "Bern"}}]},
            {"role": "user", "text": "and?", "tool_results": [{"id": "t1", "result": "{\"celsius\": 3}"}]},
        ]));
        let said_so = said(Given { messages, tools: weather(), ..Given::default() }).unwrap();
        let all = kinds(&said_so);
        assert_eq!(
            all,
            [vec!["text"], vec!["reasoningContent", "text", "tool_use"], vec!["tool_result", "text"]]
        );
        assert!(said_so.tokens > 5);
    }

    #[test]
    fn nothing_said_is_an_error_that_shows_a_good_call() {
        for given in [Given::default(), Given { prompt: Some(" ".into()), ..Given::default() }] {
            let error = said(given).unwrap_err();
            assert!(error.next.as_deref().unwrap_or_default().contains("\"prompt\""));
        }
        for turn in [json!({"role": "user"}), json!({"role": "user", "text": "\n "})] {
            let error = said(Given { messages: turns(json!([turn])), ..Given::default() }).unwrap_err();
            assert!(error.message.contains("empty"));
        }
        let cache = Given { prompt: Some("x".into()), cache: vec![Cached::System], ..Given::default() };
        assert!(said(cache).unwrap_err().message.contains("`cache`"));
        let choice = Given { prompt: Some("x".into()), tool_choice: Some("any".into()), ..Given::default() };
        assert!(said(choice).unwrap_err().message.contains("`tool_choice`"));
    }

    #[test]
    fn blanks_are_as_good_as_nothing() {
        let blank = || Some(" ".to_owned());
        let given =
            Given { prompt: Some("x".into()), system: blank(), tool_choice: blank(), ..Given::default() };
        let said_so = said(given).unwrap();
        assert!(said_so.system.is_none() && said_so.tools.is_none(), "{said_so:?}");
    }

    #[test]
    fn a_loop_of_tools_that_aws_would_refuse_is_refused_before() {
        let of = |messages: Value, tools: Vec<Offered>| {
            said(Given { messages: turns(messages), tools, ..Given::default() }).unwrap_err()
        };
        let asks = json!({"role": "assistant", "tool_use": [{"id": "t1", "name": "weather", "input": {}},
            {"id": "t2", "name": "weather", "input": {}}]});
        let one = json!({"role": "user", "tool_results": [{"id": "t1", "result": 3}]});
        let error = of(json!([asks, one]), weather());
        assert!(error.message.ends_with("are missing: t2"), "{error}");
        let error = of(json!([{"role": "user", "text": "x"}, asks]), weather());
        assert!(error.message.ends_with("are missing: t1, t2"), "{error}");
        let error = of(json!([{"role": "assistant", "text": "x"}, one]), weather());
        assert!(error.message.contains("answers t1, which"), "{error}");
        let both =
            json!({"role": "user", "tool_results": [{"id": "t1", "result": 3}, {"id": "t2", "result": 4}]});
        let error = of(json!([asks, both]), Vec::new());
        assert!(error.message.contains("`tools` is not given"), "{error}");
    }
}
