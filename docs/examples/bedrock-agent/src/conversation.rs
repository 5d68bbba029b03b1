//! The loop between a model and its tools.

use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::converse::{ConverseError, ConverseOutput};
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, GuardrailConfiguration, InferenceConfiguration, Message, StopReason,
    SystemContentBlock, ToolConfiguration,
};
use futures::future::join_all;

use crate::person::printable;
use crate::tools::Tools;

/// What every request to the model says.
pub(crate) struct Settings {
    pub(crate) model: String,
    pub(crate) system: Option<String>,
    pub(crate) guardrail: Option<Guardrail>,
    pub(crate) max_tokens: i32,
    pub(crate) max_turns: usize,
}

/// A guardrail and its version, such as `gr-1234567890ab:1`.
#[derive(Clone)]
pub(crate) struct Guardrail {
    id: String,
    version: String,
}

impl FromStr for Guardrail {
    type Err = String;

    fn from_str(text: &str) -> Result<Guardrail, String> {
        // The id may be an ARN, which has colons of its own.
        let (id, version) =
            text.rsplit_once(':').ok_or("a guardrail is ID:VERSION, such as gr-123:1 or gr-123:DRAFT")?;
        Ok(Guardrail { id: id.to_owned(), version: version.to_owned() })
    }
}

/// A conversation with a model that has tools.
pub(crate) struct Conversation<'a> {
    bedrock: Client,
    settings: Settings,
    tools: Tools<'a>,
    tool_config: Option<ToolConfiguration>,
    system: Vec<SystemContentBlock>,
    messages: Vec<Message>,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(aws: &SdkConfig, settings: Settings, tools: Tools<'a>) -> Result<Conversation<'a>> {
        let told = settings.system.iter().cloned().chain(tools.instructions());
        Ok(Conversation {
            bedrock: Client::new(aws),
            tool_config: tools.config()?,
            system: told.map(SystemContentBlock::Text).collect(),
            settings,
            tools,
            messages: Vec::new(),
        })
    }

    /// Puts a question to the model and prints what it and its tools say, until the model has answered.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<()> {
        let before = self.messages.len();
        let outcome = self.answer(question).await;
        if outcome.is_err() {
            // Bedrock takes no history with half a turn in it.
            self.messages.truncate(before);
        }
        outcome
    }

    async fn answer(&mut self, question: &str) -> Result<()> {
        self.say(ConversationRole::User, vec![ContentBlock::Text(question.to_owned())])?;
        for _ in 0..self.settings.max_turns {
            let answer = self.converse().await.map_err(explained)?;
            let said = answer.output().and_then(|output| output.as_message().ok());
            let mut content = said.map(|message| message.content().to_vec()).unwrap_or_default();
            for text in content.iter().filter_map(|block| block.as_text().ok()) {
                println!("{}", printable(text));
            }
            let calls: Vec<_> =
                content.iter().filter_map(|block| block.as_tool_use().ok().cloned()).collect();
            if content.is_empty() {
                // Bedrock would refuse an empty message in the history of the next question.
                content.push(ContentBlock::Text("(nothing)".to_owned()));
            }
            self.say(ConversationRole::Assistant, content)?;
            match answer.stop_reason() {
                StopReason::EndTurn | StopReason::StopSequence => return Ok(()),
                StopReason::ToolUse if !calls.is_empty() => {
                    // All results of a turn go into one message, in the order of the calls.
                    let results = join_all(calls.iter().map(|call| self.tools.run(call))).await;
                    let results = results.into_iter().map(|result| result.map(ContentBlock::ToolResult));
                    self.say(ConversationRole::User, results.collect::<Result<_>>()?)?;
                }
                StopReason::MaxTokens => bail!(
                    "the answer was cut off after {} tokens: raise --max-tokens, or ask for less",
                    self.settings.max_tokens
                ),
                StopReason::ModelContextWindowExceeded => {
                    bail!(
                        "the conversation is longer than the model can read: ask for less, or lower --max-result"
                    )
                }
                StopReason::GuardrailIntervened => bail!("a guardrail ended the conversation"),
                StopReason::ContentFiltered => bail!("Bedrock's content filter ended the conversation"),
                other => bail!("the model stopped without an answer: {other}"),
            }
        }
        bail!(
            "there is no answer after {} turns: raise --max-turns, or ask for less",
            self.settings.max_turns
        )
    }

    async fn converse(&self) -> Result<ConverseOutput, SdkError<ConverseError>> {
        let guardrail = self.settings.guardrail.as_ref().map(|guardrail| {
            GuardrailConfiguration::builder()
                .guardrail_identifier(&guardrail.id)
                .guardrail_version(&guardrail.version)
                .build()
        });
        self.bedrock
            .converse()
            .model_id(&self.settings.model)
            .set_system(Some(self.system.clone()))
            .set_messages(Some(self.messages.clone()))
            .set_tool_config(self.tool_config.clone())
            .set_guardrail_config(guardrail)
            .inference_config(InferenceConfiguration::builder().max_tokens(self.settings.max_tokens).build())
            .send()
            .await
    }

    fn say(&mut self, role: ConversationRole, content: Vec<ContentBlock>) -> Result<()> {
        let message = Message::builder().role(role).set_content(Some(content)).build();
        self.messages.push(message.context("cannot write a message")?);
        Ok(())
    }
}

fn explained(error: SdkError<ConverseError>) -> anyhow::Error {
    match (error.code(), error.message()) {
        (Some(code), message) => {
            anyhow!("Bedrock answers {code}: {}", message.unwrap_or("no more than that"))
        }
        (None, _) => anyhow!("cannot ask Bedrock: {}", DisplayErrorContext(&error)),
    }
}
