//! A prompt that Bedrock keeps: which of its variants is meant, and the values of its variables.

use std::collections::BTreeMap;

use aws_sdk_bedrockagent::types::{
    ContentBlock, PromptInferenceConfiguration, PromptTemplateConfiguration, PromptVariant,
    SystemContentBlock,
};
use awsmcp_mcp::{Call, Error, ResourceArgument, Result, nearest};

use crate::{Bedrock, names::ModelId};

/// One variant of a stored prompt.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) variant: PromptVariant,
    /// The names of its other variants.
    pub(crate) others: Vec<String>,
}

impl Stored {
    /// Without `version` the draft, or the one that the prompt's ARN names; without `variant` its default.
    ///
    /// # Errors
    /// When AWS does not show it, or it has no such variant.
    pub(crate) async fn of(
        cx: &Call<Bedrock>,
        prompt: &str,
        version: Option<String>,
        variant: Option<String>,
    ) -> Result<Stored> {
        let asked = cx.client().agent.get_prompt().prompt_identifier(prompt);
        let out = asked.set_prompt_version(version).send().await?;
        let variants = out.variants.unwrap_or_default();
        let wanted = variant.or(out.default_variant);
        let names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
        let found = match &wanted {
            Some(wanted) => variants.into_iter().find(|variant| variant.name == *wanted),
            None => variants.into_iter().next(),
        };
        let Some(variant) = found else {
            return Err(Error::not_found(format!(
                "the prompt has no variant {}",
                wanted.map_or_else(|| "at all".to_owned(), |wanted| format!("{wanted:?}"))
            ))
            .with_next(if names.is_empty() {
                "complete it in Bedrock's prompt management".to_owned()
            } else {
                format!("it has {}", names.join(", "))
            }));
        };
        let others = names.into_iter().filter(|name| *name != variant.name).collect();
        Ok(Stored { name: out.name, version: out.version, variant, others })
    }

    fn variables(&self) -> Vec<&str> {
        let declared = match &self.variant.template_configuration {
            Some(PromptTemplateConfiguration::Text(text)) => text.input_variables(),
            Some(PromptTemplateConfiguration::Chat(chat)) => chat.input_variables(),
            _ => &[],
        };
        declared.iter().filter_map(|variable| variable.name.as_deref()).collect()
    }

    /// The variables that were given no value.
    ///
    /// # Errors
    /// When a value is of a variable that the prompt does not have.
    pub(crate) fn open(&self, given: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let declared = self.variables();
        if let Some(unknown) = given.keys().find(|name| !declared.contains(&name.as_str())) {
            let meant = nearest(unknown, declared.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err(Error::invalid(format!("the prompt has no variable {unknown:?}{meant}")).with_next(
                format!(
                    "its variables are {}",
                    if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
                ),
            ));
        }
        Ok(declared.into_iter().filter(|name| !given.contains_key(*name)).map(str::to_owned).collect())
    }

    /// About how long its text is, without the values of its variables.
    pub(crate) fn bytes(&self) -> usize {
        match &self.variant.template_configuration {
            Some(PromptTemplateConfiguration::Text(text)) => text.text.len(),
            Some(PromptTemplateConfiguration::Chat(chat)) => {
                let of_system = |block: &SystemContentBlock| block.as_text().map_or(0, String::len);
                let of_turn = |block: &ContentBlock| block.as_text().map_or(0, String::len);
                let system: usize = chat.system().iter().map(of_system).sum();
                let turns = chat.messages.iter().flat_map(|message| &message.content);
                let tools = chat.tool_configuration.as_ref().map_or(0, |tools| format!("{tools:?}").len());
                system + turns.map(of_turn).sum::<usize>() + tools
            }
            _ => 0,
        }
    }

    /// The most tokens that an answer may have, where the prompt says.
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        match self.variant.inference_configuration.as_ref()? {
            PromptInferenceConfiguration::Text(inference) => u64::try_from(inference.max_tokens?).ok(),
            _ => None,
        }
    }

    /// The model that it is for.
    ///
    /// # Errors
    /// When it is for none, as a prompt of an agent is.
    pub(crate) fn model(&self) -> Result<ModelId> {
        let model = self.variant.model_id.as_deref().and_then(|id| ModelId::parse(id).ok());
        model.ok_or_else(|| {
            Error::invalid(format!("the prompt {} names no model that can be called", self.name))
                .with_next("render_prompt fills it in, for converse with a model of your own")
        })
    }
}
