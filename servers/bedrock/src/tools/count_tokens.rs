use aws_sdk_bedrockruntime::types::{ConverseTokensRequest, CountTokensInput};
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    conversation::{Given, Offered, Turn},
    names::ModelId,
};

/// Counts the input tokens of what converse would send, without calling the model. Costs nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountTokens {
    /// A model's own id: profiles cannot count.
    model: ModelId,
    prompt: Option<String>,
    system: Option<String>,
    /// Turns before `prompt`, as converse takes them.
    messages: Option<Vec<Turn>>,
    tools: Option<Vec<Offered>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Counted {
    input_tokens: i32,
}

impl Tool for CountTokens {
    type Service = Bedrock;
    type Output = One<Counted>;
    const SPEC: Spec =
        Spec::read("count_tokens", "Count tokens").on(arns::FOUNDATION_MODEL, &["bedrock:CountTokens"]);

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let said = Given {
            prompt: self.prompt,
            messages: self.messages.unwrap_or_default(),
            system: self.system,
            tools: self.tools.unwrap_or_default(),
            ..Given::default()
        }
        .said()?;
        let request = ConverseTokensRequest::builder()
            .set_messages(Some(said.messages))
            .set_system(said.system)
            .set_tool_config(said.tools)
            .build();
        let asked = cx.client().runtime.count_tokens().model_id(self.model.as_str());
        let out = asked.input(CountTokensInput::Converse(request)).send().await?;
        Ok(One(Counted { input_tokens: out.input_tokens }))
    }
}
