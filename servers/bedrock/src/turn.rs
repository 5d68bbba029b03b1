//! One turn of a conversation, as callers give it: what models answered comes back, and what tools answered goes along.

use std::borrow::Cow;

use aws_sdk_bedrockruntime::types::{
    ContentBlock, ToolResultBlock, ToolResultContentBlock, ToolResultStatus, ToolUseBlock,
};
use awsmcp_mcp::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    attachments::{Inline, Loader},
    blocks::{self, Reasoning, ToolUse},
    builders::missing,
    json::{Json, document},
    names::S3Uri,
    spending::about,
};

/// One turn of a conversation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    text: Option<String>,
    /// As the answer before had it.
    reasoning: Option<Thoughts>,
    /// As the answer before had it.
    tool_use: Option<Vec<ToolUse>>,
    tool_results: Option<Vec<ToolResult>>,
    /// As the answer before had it, in place of its other parts; or any blocks of Converse.
    content: Option<Json>,
    /// As beside `prompt`.
    s3: Option<Vec<S3Uri>>,
    files: Option<Vec<String>>,
    inline: Option<Vec<Inline>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    #[default]
    User,
    Assistant,
}

/// What a model thought before it answered, block by block.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(
    untagged,
    expecting = "`reasoning` is no thoughts: a good one is {\"text\":\"...\",\"signature\":\"...\"}, or a list of such, as the answer had it"
)]
pub(crate) enum Thoughts {
    One(Reasoning),
    Several(Vec<Reasoning>),
}

/// Nobody writes thoughts for a model: whoever gives them back has their form before them.
impl JsonSchema for Thoughts {
    fn schema_name() -> Cow<'static, str> {
        "Thoughts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl Thoughts {
    /// None of no thoughts.
    pub(crate) fn of(mut all: Vec<Reasoning>) -> Option<Thoughts> {
        match all.len() {
            0 => None,
            1 => all.pop().map(Thoughts::One),
            _ => Some(Thoughts::Several(all)),
        }
    }

    /// What can be read of them.
    pub(crate) fn text(&self) -> String {
        self.all().iter().map(|thought| thought.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn all(&self) -> &[Reasoning] {
        match self {
            Thoughts::One(one) => std::slice::from_ref(one),
            Thoughts::Several(all) => all,
        }
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ToolResult {
    /// That of the `tool_use`.
    id: String,
    result: Option<Json>,
    #[serde(default)]
    failed: bool,
    s3: Option<Vec<S3Uri>>,
    files: Option<Vec<String>>,
    inline: Option<Vec<Inline>>,
}

/// A block on its way: of the SDK's types, or AWS's own JSON.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Typed(ContentBlock),
    Raw(Value),
}

impl Part {
    /// Whether it answers a tool.
    pub(crate) fn is_result(&self) -> bool {
        match self {
            Part::Typed(block) => matches!(block, ContentBlock::ToolResult(_)),
            Part::Raw(block) => blocks::kind(block) == Some("toolResult"),
        }
    }

    /// The ids of the tools that it asks for.
    pub(crate) fn asks(&self) -> Option<String> {
        match self {
            Part::Typed(ContentBlock::ToolUse(tool)) => Some(tool.tool_use_id.clone()),
            Part::Typed(_) => None,
            Part::Raw(block) => blocks::tool_ids(block, "toolUse").pop_first(),
        }
    }

    /// The id of the tool that it answers.
    pub(crate) fn answers(&self) -> Option<String> {
        match self {
            Part::Typed(ContentBlock::ToolResult(result)) => Some(result.tool_use_id.clone()),
            Part::Typed(_) => None,
            Part::Raw(block) => blocks::tool_ids(block, "toolResult").pop_first(),
        }
    }
}

impl Turn {
    /// Its blocks, with the images and documents among them fetched, and about how many tokens they have.
    ///
    /// # Errors
    /// When it is empty, or a part of it is none.
    pub(crate) async fn parts(&self, loader: &mut Loader<'_>) -> Result<(Vec<Part>, u64)> {
        let (mut parts, mut tokens) = (Vec::new(), 0);
        if let Some(content) = &self.content {
            let all = content.0.as_array().ok_or_else(|| {
                Error::invalid("`content` is no list of blocks")
                    .with_next("a good one is [{\"text\":\"Hello\"}], and the `content` of an answer")
            })?;
            for block in all {
                blocks::check(block)?;
                tokens += blocks::tokens(block);
                parts.push(Part::Raw(block.clone()));
            }
        } else {
            // Bedrock wants the thoughts first, and results before other words.
            for thought in self.reasoning.iter().flat_map(Thoughts::all) {
                parts.extend(thought.blocks()?.into_iter().map(Part::Raw));
            }
            for tool in self.tool_use.iter().flatten() {
                tokens += about(tool.name.len() + tool.input.0.to_string().len());
            }
            let thoughts = parts.iter().map(|part| match part {
                Part::Raw(block) => blocks::tokens(block),
                Part::Typed(_) => 0,
            });
            tokens += thoughts.sum::<u64>();
        }
        for result in self.tool_results.iter().flatten() {
            let (block, size) = result.block(loader).await?;
            tokens += size;
            parts.push(Part::Typed(ContentBlock::ToolResult(block)));
        }
        let attached = loader.load(self.s3.as_deref(), self.files.as_deref(), self.inline.as_deref()).await?;
        if self.role == Role::Assistant && !attached.blocks.is_empty() {
            return Err(Error::invalid("an assistant's turn takes no images or documents")
                .with_next("give them in a user's turn"));
        }
        tokens += attached.tokens;
        parts.extend(attached.blocks.into_iter().map(Part::Typed));
        // An answer's own words are among its `content`.
        if self.content.is_none() || self.role == Role::User {
            // Models fill in what they leave open with blanks, which AWS refuses.
            if let Some(text) = self.text.as_ref().filter(|text| !text.trim().is_empty()) {
                tokens += about(text.len());
                parts.push(Part::Typed(ContentBlock::Text(text.clone())));
            }
        }
        if self.content.is_none() {
            for tool in self.tool_use.iter().flatten() {
                // The SDK holds numbers as doubles.
                parts.push(match blocks::is_rounded(&tool.input.0) {
                    true => Part::Raw(tool.block()),
                    false => Part::Typed(ContentBlock::ToolUse(called(tool)?)),
                });
            }
        }
        if parts.is_empty() {
            return Err(Error::invalid("a turn of `messages` is empty")
                .with_next("a good one is {\"role\":\"user\",\"text\":\"Hello\"}"));
        }
        Ok((parts, tokens))
    }
}

fn called(tool: &ToolUse) -> Result<ToolUseBlock> {
    let block = ToolUseBlock::builder().tool_use_id(&tool.id).name(&tool.name).input(document(&tool.input.0));
    block.build().map_err(missing)
}

impl ToolResult {
    async fn block(&self, loader: &mut Loader<'_>) -> Result<(ToolResultBlock, u64)> {
        let attached = loader.load(self.s3.as_deref(), self.files.as_deref(), self.inline.as_deref()).await?;
        let mut tokens = attached.tokens;
        let mut content = Vec::new();
        if let Some(result) = &self.result {
            tokens += about(result.0.to_string().len());
            content.push(match &result.0 {
                Value::Object(_) => ToolResultContentBlock::Json(document(&result.0)),
                Value::String(text) => ToolResultContentBlock::Text(text.clone()),
                other => ToolResultContentBlock::Text(other.to_string()),
            });
        }
        for block in attached.blocks {
            content.push(match block {
                ContentBlock::Image(image) => ToolResultContentBlock::Image(image),
                ContentBlock::Document(document) => ToolResultContentBlock::Document(document),
                ContentBlock::Video(video) => ToolResultContentBlock::Video(video),
                _ => return Err(Error::invalid("a tool's result takes images, documents and videos only")),
            });
        }
        if content.is_empty() {
            return Err(Error::invalid(format!("the result of tool call {:?} is empty", self.id)).with_next(
                "a good one is {\"id\":\"t1\",\"result\":{\"celsius\":3}}; `s3`, `files` and `inline` take images",
            ));
        }
        let status = self.failed.then_some(ToolResultStatus::Error);
        let block =
            ToolResultBlock::builder().tool_use_id(&self.id).set_content(Some(content)).set_status(status);
        Ok((block.build().map_err(missing)?, tokens))
    }
}
