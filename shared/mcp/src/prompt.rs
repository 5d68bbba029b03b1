//! Prompts: runbooks that people ask for.

use rmcp::{
    ErrorData,
    model::{GetPromptResult, JsonObject, PromptArgument, PromptMessage, Role},
};
use serde_json::Value;

/// A runbook.
#[derive(Clone, Copy, Debug)]
pub struct Prompt {
    /// The name a client asks for.
    pub name: &'static str,
    /// The name people read.
    pub title: &'static str,
    /// What it helps with.
    pub description: &'static str,
    /// What it asks for.
    pub arguments: &'static [Argument],
    /// The text; `{name}` is the argument of that name.
    pub text: &'static str,
}

/// An argument of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What to put there.
    pub description: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

impl Prompt {
    /// As `prompts/list` shows it.
    pub(crate) fn listed(&self) -> rmcp::model::Prompt {
        let arguments = self.arguments.iter().map(|argument| {
            PromptArgument::new(argument.name)
                .with_description(argument.description)
                .with_required(argument.required)
        });
        rmcp::model::Prompt::new(self.name, Some(self.description), Some(arguments.collect()))
            .with_title(self.title)
    }

    /// The text with a caller's arguments in their places, as a message of the user.
    ///
    /// # Errors
    /// When an argument is missing that must be given; the text says what to put there.
    pub(crate) fn filled(&self, given: &JsonObject) -> Result<GetPromptResult, ErrorData> {
        let mut text = self.text.to_owned();
        for argument in self.arguments {
            let value = match given.get(argument.name).and_then(Value::as_str) {
                Some(value) => value,
                None if argument.required => {
                    return Err(ErrorData::invalid_params(
                        format!(
                            "the prompt {} needs the argument {}: {}",
                            self.name, argument.name, argument.description
                        ),
                        None,
                    ));
                }
                None => "(not given)",
            };
            text = text.replace(&format!("{{{}}}", argument.name), value);
        }
        let message = PromptMessage::new_text(Role::User, text);
        Ok(GetPromptResult::new(vec![message]).with_description(self.description))
    }
}
