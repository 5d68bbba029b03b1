//! The tools of all servers, as Bedrock wants them, and their results, as it takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_bedrockruntime::types::{
    ImageBlock, ImageFormat, ImageSource, Tool as BedrockTool, ToolConfiguration, ToolInputSchema,
    ToolResultBlock, ToolResultContentBlock, ToolResultStatus, ToolSpecification, ToolUseBlock,
};
use aws_smithy_types::{Blob, Document, base64};
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, ResourceContents, Tool};
use serde_json::{Map, Value, json};

use crate::json::{document, value};
use crate::person::{Person, printable};
use crate::servers::Server;

/// The tools of all servers, each under a name that no other has.
pub(crate) struct Tools<'a> {
    servers: &'a [Server],
    by_name: BTreeMap<String, (&'a Server, &'a Tool)>,
    person: &'a Person,
    max_result: usize,
    timeout: Duration,
}

impl<'a> Tools<'a> {
    pub(crate) fn new(
        servers: &'a [Server],
        person: &'a Person,
        max_result: usize,
        timeout: Duration,
    ) -> Tools<'a> {
        let all: Vec<_> =
            servers.iter().flat_map(|server| server.tools.iter().map(move |tool| (server, tool))).collect();
        let owned: Vec<_> =
            all.iter().map(|(server, tool)| (server.name.as_str(), tool.name.as_ref())).collect();
        Tools { servers, by_name: names(&owned).into_iter().zip(all).collect(), person, max_result, timeout }
    }

    /// What the servers say of themselves.
    pub(crate) fn instructions(&self) -> impl Iterator<Item = String> {
        self.servers
            .iter()
            .filter_map(|server| Some(format!("The tools of `{}`:\n{}", server.name, server.instructions()?)))
    }

    /// What the model may call; none without any tool, since Bedrock takes no empty list.
    pub(crate) fn config(&self) -> Result<Option<ToolConfiguration>> {
        if self.by_name.is_empty() {
            return Ok(None);
        }
        let mut config = ToolConfiguration::builder();
        for (name, (_, tool)) in &self.by_name {
            let description = tool.description.as_deref().filter(|text| !text.is_empty());
            let spec = ToolSpecification::builder()
                .name(name)
                .set_description(description.map(str::to_owned))
                .input_schema(ToolInputSchema::Json(schema(tool)))
                .build()
                .with_context(|| format!("Bedrock does not take the tool {name}"))?;
            config = config.tools(BedrockTool::ToolSpec(spec));
        }
        Ok(Some(config.build().context("Bedrock does not take the tools")?))
    }

    /// Runs a call and answers its result. Whatever goes wrong is a result too: the model can do something about it.
    pub(crate) async fn run(&self, call: &ToolUseBlock) -> Result<ToolResultBlock> {
        let arguments = value(call.input());
        println!("→ {} {}", printable(call.name()), printable(&arguments.to_string()));
        let (status, content) = match self.result(call.name(), arguments).await {
            Ok(result) if result.is_error == Some(true) => {
                (ToolResultStatus::Error, content(result, self.max_result))
            }
            Ok(result) => (ToolResultStatus::Success, content(result, self.max_result)),
            Err(why) => (ToolResultStatus::Error, vec![ToolResultContentBlock::Text(why)]),
        };
        let sign = if status == ToolResultStatus::Error { "✗" } else { "←" };
        println!("{sign} {}: {}", printable(call.name()), excerpt(&content));
        ToolResultBlock::builder()
            .tool_use_id(call.tool_use_id())
            .status(status)
            .set_content(Some(content))
            .build()
            .context("cannot write a tool's result")
    }

    async fn result(&self, name: &str, arguments: Value) -> Result<CallToolResult, String> {
        let Some((server, tool)) = self.by_name.get(name) else {
            let known: Vec<_> = self.by_name.keys().map(String::as_str).collect();
            return Err(format!("there is no tool {name:?}; there are {}", known.join(", ")));
        };
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            Value::Null => Map::new(),
            _ => return Err("the input of a tool is an object".to_owned()),
        };
        // Of a client that could not ask, a server would take this token for the word of the person. The model has read
        // it in the plan: only the person may use it.
        if arguments.get("confirm").and_then(Value::as_str).is_some_and(|token| !token.is_empty()) {
            let question = format!("{name} {}\nThe model confirms this. Do you?", json!(arguments));
            if !self.person.agrees(&server.name, &question).await {
                return Err("the user did not agree; nothing was done".to_owned());
            }
        }
        let call = CallToolRequestParams::new(tool.name.clone()).with_arguments(arguments);
        // Whoever stops waiting has the server told that the call is cancelled.
        match tokio::time::timeout(self.timeout, server.call(call)).await {
            Ok(result) => result.map_err(|error| format!("{}: {error:#}", server.name)),
            Err(_) => Err(format!("{name} took longer than {} s and was cancelled", self.timeout.as_secs())),
        }
    }
}

/// A name for each tool of a server: its own; where several have one, with the server's before it. Bedrock takes letters,
/// digits, `_` and `-`, 64 of them.
fn names(tools: &[(&str, &str)]) -> Vec<String> {
    const MOST: usize = 64;
    let allowed = |name: &str| -> String {
        let kept = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        name.chars().map(|letter| if kept(letter) { letter } else { '_' }).collect()
    };
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for (_, tool) in tools {
        *owners.entry(allowed(tool)).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let name = |(server, tool): &(&str, &str)| {
        let own = allowed(tool);
        let wanted = if owners.get(&own) == Some(&1) { own } else { format!("{}_{own}", allowed(server)) };
        let mut name: String = wanted.chars().take(MOST).collect();
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            let suffix = format!("_{number}");
            name = wanted.chars().take(MOST - suffix.len()).chain(suffix.chars()).collect();
        }
        name
    };
    tools.iter().map(name).collect()
}

/// The schema of the input as Bedrock takes it: an object, without a choice at its root. The server checks anyway.
fn schema(tool: &Tool) -> Document {
    let mut schema = tool.input_schema.as_ref().clone();
    schema.retain(|keyword, _| !matches!(keyword.as_str(), "$schema" | "oneOf" | "anyOf" | "allOf"));
    schema.insert("type".to_owned(), json!("object"));
    document(&Value::Object(schema))
}

/// What the model sees of a result: `most` characters of text, and images. Structured content says the same again, so it
/// stands in only where there is nothing else.
fn content(result: CallToolResult, most: usize) -> Vec<ToolResultContentBlock> {
    let mut left = most;
    let mut blocks: Vec<_> = result.content.into_iter().map(|block| seen(block, &mut left)).collect();
    if let (true, Some(structured)) = (blocks.is_empty(), result.structured_content) {
        let text = structured.to_string();
        blocks.push(match structured {
            // Bedrock takes objects only.
            Value::Object(_) if text.len() <= most => ToolResultContentBlock::Json(document(&structured)),
            _ => ToolResultContentBlock::Text(cut(&text, &mut left)),
        });
    }
    if blocks.is_empty() {
        blocks.push(ToolResultContentBlock::Text("(nothing)".to_owned()));
    }
    blocks
}

fn seen(block: ContentBlock, left: &mut usize) -> ToolResultContentBlock {
    let text = match block {
        // Bedrock refuses empty text.
        ContentBlock::Text(text) if text.text.trim().is_empty() => "(empty)".to_owned(),
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => match picture(&image.mime_type, &image.data) {
            Ok(image) => return ToolResultContentBlock::Image(image),
            Err(why) => why,
        },
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => format!("{uri}:\n{text}"),
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                match picture(mime_type.as_deref().unwrap_or("bytes"), &blob) {
                    Ok(image) => return ToolResultContentBlock::Image(image),
                    Err(why) => format!("{uri}: {why}"),
                }
            }
            _ => "(a resource of an unknown kind)".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("{}: {}", link.name, link.uri),
        ContentBlock::Audio(audio) => format!("({} that cannot be shown)", audio.mime_type),
        _ => "(content of an unknown kind)".to_owned(),
    };
    ToolResultContentBlock::Text(cut(&text, left))
}

/// A picture that Bedrock takes, or why it is none.
fn picture(mime_type: &str, data: &str) -> Result<ImageBlock, String> {
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
    const MOST_BYTES: usize = 3_750_000;
    let format = match mime_type {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/gif" => ImageFormat::Gif,
        "image/webp" => ImageFormat::Webp,
        other => return Err(format!("({other} that cannot be shown)")),
    };
    match base64::decode(data) {
        Ok(bytes) if bytes.len() > MOST_BYTES => {
            Err(format!("({mime_type} of {} bytes; at most {MOST_BYTES} can be shown)", bytes.len()))
        }
        Ok(bytes) => {
            let source = ImageSource::Bytes(Blob::new(bytes));
            let image = ImageBlock::builder().format(format).source(source).build();
            image.map_err(|error| format!("({mime_type} that cannot be shown: {error})"))
        }
        Err(_) => Err(format!("({mime_type} that is not Base64)")),
    }
}

/// The text, as far as it is to be seen. What is left out is said.
fn cut(text: &str, left: &mut usize) -> String {
    let count = text.chars().count();
    let shown = count.min(*left);
    *left -= shown;
    if shown == count {
        return text.to_owned();
    }
    let head: String = text.chars().take(shown).collect();
    format!("{head}\n[cut off: {shown} of {count} characters; ask for less, or for the rest]")
}

/// A few lines of a result, for the person.
fn excerpt(content: &[ToolResultContentBlock]) -> String {
    const LINES: usize = 10;
    const LETTERS: usize = 200;
    let texts = content.iter().map(|block| match block {
        ToolResultContentBlock::Text(text) => printable(text),
        ToolResultContentBlock::Json(json) => printable(&value(json).to_string()),
        ToolResultContentBlock::Image(image) => format!("(an image, {})", image.format()),
        _ => String::new(),
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    let short = |line: &str| match line.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    };
    let mut lines: Vec<_> = text.lines().take(LINES).map(short).collect();
    let more = text.lines().count().saturating_sub(LINES);
    if more > 0 {
        lines.push(format!("… {more} more lines"));
    }
    lines.join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bedrocks_and_nobody_elses() {
        let long = "x".repeat(80);
        let tools = [
            ("s3", "whoami"),
            ("db", "whoami"),
            ("db", "query"),
            ("a.b", "do.it/now"),
            ("a", &long),
            ("b", &long),
        ];
        let names = names(&tools);
        assert_eq!(names.get(..4).unwrap(), ["s3_whoami", "db_whoami", "query", "do_it_now"]);
        assert!(names.iter().all(|name| name.len() <= 64), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), tools.len());
        // One server, one name twice; and a name that only looks like a prefixed one.
        assert_eq!(super::names(&[("a", "x"), ("a", "x"), ("b", "a_x")]), ["a_x", "a_x_2", "a_x_3"]);
    }

    #[test]
    fn what_is_cut_off_is_said() {
        let mut left = 5;
        assert_eq!(cut("äöü", &mut left), "äöü");
        assert_eq!(cut("abcd", &mut left), "ab\n[cut off: 2 of 4 characters; ask for less, or for the rest]");
    }
}
