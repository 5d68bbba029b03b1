use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{
    ContentBlock, PromptInferenceConfiguration, PromptTemplateConfiguration, SystemContentBlock,
};
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Bedrock, arns, json::value, names::PromptId, stored::Stored};

/// Shows a stored prompt with its variables filled in, ready for converse. Calls no model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenderPrompt {
    prompt: PromptId,
    /// Default: the draft.
    version: Option<String>,
    variant: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Rendered {
    name: String,
    version: String,
    variant: String,
    model: Option<String>,
    system: Option<String>,
    /// As converse takes it.
    prompt: Option<String>,
    /// As converse takes them.
    messages: Vec<Turn>,
    /// Variables that were given no value.
    open: Vec<String>,
    max_tokens: Option<i32>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    stop: Vec<String>,
    parameters: Option<Value>,
    /// Names of the tools that it offers; what they are is not shown.
    tools: Vec<String>,
    other_variants: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Turn {
    role: String,
    text: String,
}

impl Tool for RenderPrompt {
    type Service = Bedrock;
    type Output = One<Rendered>;
    const SPEC: Spec =
        Spec::read("render_prompt", "Render prompt").on(arns::PROMPT, &["bedrock:GetPrompt"]).quotes();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let prompt = self.prompt.as_str();
        let stored = Stored::of(cx, prompt, self.version.clone(), self.variant.clone()).await?;
        let empty = BTreeMap::new();
        let given = self.variables.as_ref().unwrap_or(&empty);
        let mut rendered = Rendered { open: stored.open(given)?, ..Rendered::default() };
        fill(stored, given, &mut rendered);
        if !rendered.open.is_empty() {
            cx.note(format!("`variables` has no value for {}", rendered.open.join(", ")));
        }
        Ok(One(rendered))
    }
}

fn fill(stored: Stored, given: &BTreeMap<String, String>, rendered: &mut Rendered) {
    let variant = stored.variant;
    (rendered.name, rendered.version, rendered.other_variants) = (stored.name, stored.version, stored.others);
    match variant.template_configuration {
        Some(PromptTemplateConfiguration::Text(text)) => rendered.prompt = Some(filled(&text.text, given)),
        Some(PromptTemplateConfiguration::Chat(chat)) => {
            let system = chat.system.unwrap_or_default().into_iter().filter_map(|block| match block {
                SystemContentBlock::Text(text) => Some(filled(&text, given)),
                _ => None,
            });
            rendered.system = Some(system.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty());
            let offered = chat.tool_configuration.into_iter().flat_map(|offered| offered.tools);
            rendered.tools =
                offered.filter_map(|tool| Some(tool.as_tool_spec().ok()?.name.clone())).collect();
            for message in chat.messages {
                let text = message.content.into_iter().filter_map(|block| match block {
                    ContentBlock::Text(text) => Some(filled(&text, given)),
                    _ => None,
                });
                let text = text.collect::<Vec<_>>().join("\n");
                rendered.messages.push(Turn { role: message.role.to_string(), text });
            }
        }
        _ => {}
    }
    if let Some(PromptInferenceConfiguration::Text(inference)) = variant.inference_configuration {
        rendered.max_tokens = inference.max_tokens;
        rendered.temperature = inference.temperature;
        rendered.top_p = inference.top_p;
        rendered.stop = inference.stop_sequences.unwrap_or_default();
    }
    rendered.parameters =
        variant.additional_model_request_fields.as_ref().map(value).filter(|fields| *fields != json!({}));
    rendered.model = variant.model_id;
    rendered.variant = variant.name;
}

/// `{{name}}` is a variable. What a value holds is not looked into again.
fn filled(template: &str, given: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match given.get(name.trim()) {
            Some(value) => out.push_str(value),
            None => out.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_once() {
        let given = BTreeMap::from([("a".to_owned(), "{{b}}".to_owned()), ("b".to_owned(), "x".to_owned())]);
        assert_eq!(filled("{{a}} {{ b }} {{c}} {{", &given), "{{b}} x {{c}} {{");
    }
}
