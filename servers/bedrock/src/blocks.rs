//! The blocks that a turn consists of, as AWS writes them in JSON.
//!
//! What a model said must be able to go back to it as it came: whole, in its order, with whatever members AWS adds one day.
//! The SDK's types know only today's, so blocks that were answered are kept as JSON, and put into the request as that.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use awsmcp_mcp::{AsIs, Error, Result, exact};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::spending::about;

/// What a block may be, as Converse names it.
const KINDS: [&str; 14] = [
    "audio",
    "cachePoint",
    "citationsContent",
    "document",
    "guardContent",
    "image",
    "reasoningContent",
    "searchResult",
    "text",
    "toolAddition",
    "toolRemoval",
    "toolResult",
    "toolUse",
    "video",
];

/// Kinds that hold bytes, which are shown as such and not as text.
const MEDIA: [&str; 4] = ["audio", "document", "image", "video"];

/// Thoughts of a model: a block of them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reasoning {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<String>,
    /// What only the model can read, as Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redacted: Option<String>,
}

/// A tool that a model wants called.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolUse {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default = "nothing")]
    pub(crate) input: AsIs,
}

fn nothing() -> AsIs {
    AsIs(json!({}))
}

impl Reasoning {
    /// The blocks that it stands for.
    ///
    /// # Errors
    /// When what only the model can read is no Base64.
    pub(crate) fn blocks(&self) -> Result<Vec<Value>> {
        let mut blocks = Vec::new();
        if !self.text.is_empty() || self.redacted.is_none() {
            let mut text = json!({"text": self.text});
            if let (Some(fields), Some(signature)) = (text.as_object_mut(), &self.signature) {
                fields.insert("signature".to_owned(), json!(signature));
            }
            blocks.push(json!({"reasoningContent": {"reasoningText": text}}));
        }
        if let Some(redacted) = &self.redacted {
            BASE64_STANDARD.decode(redacted).map_err(|error| {
                Error::invalid(format!("`redacted` is not Base64: {error}"))
                    .with_next("give it back as the answer had it")
            })?;
            blocks.push(json!({"reasoningContent": {"redactedContent": redacted}}));
        }
        Ok(blocks)
    }

    /// Of a block, if it is one of thoughts.
    pub(crate) fn of(block: &Value) -> Option<Reasoning> {
        let thoughts = block.get("reasoningContent")?;
        let text = |path: &str| thoughts.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Some(Reasoning {
            text: text("/reasoningText/text").unwrap_or_default(),
            signature: text("/reasoningText/signature"),
            redacted: text("/redactedContent"),
        })
    }
}

impl ToolUse {
    pub(crate) fn block(&self) -> Value {
        json!({"toolUse": {"toolUseId": self.id, "name": self.name, "input": self.input}})
    }

    /// Of a block, if it asks its caller for a tool. What AWS itself runs has a type, and is nobody's to answer.
    pub(crate) fn of(block: &Value) -> Option<ToolUse> {
        let tool = block.get("toolUse").filter(|tool| tool.get("type").is_none_or(Value::is_null))?;
        let text = |name: &str| tool.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let input = tool.get("input").cloned().unwrap_or_else(|| json!({}));
        Some(ToolUse { id: text("toolUseId"), name: text("name"), input: AsIs(input) })
    }
}

/// What a block is, as Converse names it.
pub(crate) fn kind(block: &Value) -> Option<&str> {
    let mut names = block.as_object()?.keys();
    let first = names.next()?;
    names.next().is_none().then_some(first.as_str())
}

/// The text of a block that has one.
pub(crate) fn text(block: &Value) -> Option<String> {
    if let Some(text) = block.get("text") {
        return text.as_str().map(str::to_owned);
    }
    let cited = block.pointer("/citationsContent/content")?.as_array()?;
    Some(cited.iter().filter_map(|content| content.get("text")?.as_str()).collect())
}

/// The media type and bytes of a block that has such.
pub(crate) fn media(block: &Value) -> Option<(String, Vec<u8>)> {
    let kind = kind(block).filter(|kind| MEDIA.contains(kind))?;
    let format = block.pointer(&format!("/{kind}/format")).and_then(Value::as_str).unwrap_or_default();
    let bytes = block.pointer(&format!("/{kind}/source/bytes"))?.as_str()?;
    let sort = if kind == "document" { "application" } else { kind };
    Some((format!("{sort}/{format}"), BASE64_STANDARD.decode(bytes).ok()?))
}

/// All blocks of an answer, where giving back its thoughts, its text and its calls of tools one after the other would be
/// another answer. Bytes are shown beside it. It is a text, so that nothing in it is rewritten.
pub(crate) fn in_order(
    blocks: &[Value],
    reasoning: &[Reasoning],
    tools: &[ToolUse],
    said: &str,
) -> Option<String> {
    let is_talk = |block: &&Value| matches!(kind(block), Some("text" | "citationsContent"));
    let kept: Vec<&Value> = blocks.iter().filter(|block| media(block).is_none()).collect();
    // Talk alone has no order that could be lost.
    if kept.iter().all(is_talk) {
        return None;
    }
    let mut plain: Vec<Value> =
        reasoning.iter().filter_map(|thought| thought.blocks().ok()).flatten().collect();
    if !said.is_empty() {
        plain.push(json!({"text": said}));
    }
    plain.extend(tools.iter().map(ToolUse::block));
    if plain.iter().eq(kept.iter().copied()) && !tools.iter().any(|tool| is_rounded(&tool.input.0)) {
        return None;
    }
    serde_json::to_string(&kept).ok()
}

/// Whether a client that holds numbers as doubles, or the SDK, would make another number of one in it.
pub(crate) fn is_rounded(value: &Value) -> bool {
    /// Whole numbers beyond it are not exact in JavaScript.
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => whole.unsigned_abs() > EXACT,
            (None, Some(_)) => true,
            (None, None) => !exact::survives(number),
        },
        Value::Array(items) => items.iter().any(is_rounded),
        Value::Object(fields) => fields.values().any(is_rounded),
        _ => false,
    }
}

/// # Errors
/// When it is none, or makes AWS read something in S3, which only `s3` may.
pub(crate) fn check(block: &Value) -> Result<()> {
    let good = "a good one is {\"text\":\"Hello\"}, and every block of an answer's `content`";
    let Some(kind) = kind(block) else {
        return Err(Error::invalid("a block of `content` is no object of one member").with_next(good));
    };
    if !KINDS.contains(&kind) {
        let message = format!("`content`: {kind:?} is no block; they are {}", KINDS.join(", "));
        return Err(Error::invalid(message).with_next(good));
    }
    if has_member(block, "s3Location") {
        return Err(Error::invalid("`content` cannot name places in S3")
            .with_next("give them as `s3` of the same turn: [\"s3://my-bucket/cat.png\"]"));
    }
    Ok(())
}

fn has_member(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => {
            fields.contains_key(name) || fields.values().any(|field| has_member(field, name))
        }
        Value::Array(items) => items.iter().any(|item| has_member(item, name)),
        _ => false,
    }
}

/// About how many tokens a block has.
pub(crate) fn tokens(block: &Value) -> u64 {
    /// What bytes become at most: a model reads no document beyond its context.
    const MOST: u64 = 200_000;
    match kind(block) {
        Some(kind) if MEDIA.contains(&kind) => about(block.to_string().len() / 4 * 3).min(MOST),
        _ => about(block.to_string().len()),
    }
}

/// The ids of the tools that a block asks its caller for, or answers.
pub(crate) fn tool_ids(block: &Value, of: &str) -> BTreeSet<String> {
    let tool = block.get(of).filter(|tool| tool.get("type").is_none_or(Value::is_null));
    let id = tool.and_then(|tool| tool.get("toolUseId")).and_then(Value::as_str);
    id.map(str::to_owned).into_iter().collect()
}

/// Blocks to put into a request as they are, each with the places of its message and of itself.
pub(crate) type Raw = Vec<(usize, usize, Value)>;

/// Puts blocks into a request whose messages stand at `path`, before it is signed. The SDK wrote empty texts in their places.
pub(crate) fn put(
    blocks: &[(usize, usize, Value)],
    path: &'static str,
) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let blocks = blocks.to_vec();
    move |request| {
        if blocks.is_empty() {
            return;
        }
        let written = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let Some(mut body) = written else { return };
        for (message, place, block) in &blocks {
            if let Some(at) = body.pointer_mut(&format!("{path}/{message}/content/{place}")) {
                at.clone_from(block);
            }
        }
        let body = body.to_string();
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
    }
}

/// A JSON object of the members that are there.
pub(crate) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_and_calls_of_tools_are_their_blocks() {
        let thought = Reasoning { text: "hm".into(), signature: Some("s".into()), redacted: None };
        let block = json!({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}});
        assert_eq!(thought.blocks().unwrap(), std::slice::from_ref(&block));
        assert_eq!(Reasoning::of(&block), Some(thought));
        let hidden = json!({"reasoningContent": {"redactedContent": "AQL/"}});
        assert_eq!(Reasoning::of(&hidden).unwrap().blocks().unwrap(), [hidden]);
        let both = Reasoning { redacted: Some("AQI=".into()), text: "hm".into(), signature: None };
        assert_eq!(both.blocks().unwrap().len(), 2);
        let wrong = Reasoning { redacted: Some("%".into()), ..Reasoning::default() };
        assert!(wrong.blocks().unwrap_err().message.contains("not Base64"));
        let tool = json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bern"}}});
        assert_eq!(ToolUse::of(&tool).unwrap().block(), tool);
        let by_aws =
            json!({"toolUse": {"toolUseId": "t1", "name": "x", "input": {}, "type": "server_tool_use"}});
        assert_eq!(ToolUse::of(&by_aws), None);
    }

    #[test]
    fn only_an_order_that_would_be_lost_is_told() {
        let thought = |text: &str| json!({"reasoningContent": {"reasoningText": {"text": text}}});
        let tool = json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}});
        let told = |blocks: &[Value]| {
            let reasoning: Vec<_> = blocks.iter().filter_map(Reasoning::of).collect();
            let tools: Vec<_> = blocks.iter().filter_map(ToolUse::of).collect();
            let said: String = blocks.iter().filter_map(text).collect();
            in_order(blocks, &reasoning, &tools, &said)
        };
        let said = json!({"text": "so"});
        assert_eq!(told(&[thought("a"), said.clone(), tool.clone()]), None);
        assert_eq!(told(&[said.clone(), json!({"citationsContent": {"content": [{"text": "x"}]}})]), None);
        let mixed = [thought("a"), said, thought("b"), tool];
        assert_eq!(told(&mixed), Some(json!(mixed).to_string()));
        let with =
            |input: Value| [json!({"toolUse": {"toolUseId": "t1", "name": "weather", "input": input}})];
        for exact in [
            json!({}),
            json!({"city": "Bern", "days": 1.5}),
            json!({"n": 9_007_199_254_740_992_u64}),
            json!({"a": null, "b": "", "c": [{}]}),
        ] {
            assert_eq!(told(&with(exact.clone())), None, "{exact}");
        }
        for rounded in [r#"{"n": 18446744073709551615}"#, r#"{"a": [{"b": 0.12345678901234567891}]}"#] {
            assert!(told(&with(serde_json::from_str(rounded).unwrap())).is_some(), "{rounded}");
        }
    }

    #[test]
    fn a_block_is_checked_before_it_is_sent() {
        assert!(check(&json!({"text": "x"})).is_ok());
        assert!(check(&json!({"txt": "x"})).unwrap_err().message.contains("they are audio"));
        assert!(check(&json!("x")).is_err() && check(&json!({"text": "x", "image": {}})).is_err());
        let hidden =
            json!({"toolResult": {"content": [{"image": {"source": {"s3Location": {"uri": "s3://b/k"}}}}]}});
        assert!(check(&hidden).unwrap_err().next.as_deref().unwrap_or_default().contains("`s3`"));
    }

    #[test]
    fn blocks_take_their_places_in_a_request() {
        let block = json!({"citationsContent": {"content": [{"text": "x"}]}});
        let mut request =
            HttpRequest::new(SdkBody::from(r#"{"messages":[{"content":[{"text":"a"},{"text":""}]}]}"#));
        put(&[(0, 1, block.clone())], "/messages")(&mut request);
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        assert_eq!(body["messages"][0]["content"], json!([{"text": "a"}, block]));
    }
}
