use aws_sdk_bedrockruntime::types::{ConverseTokensRequest, CountTokensInput};
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    attachments::{Inline, Loader},
    blocks::put,
    conversation::{Given, Offered},
    names::{ModelId, without_area},
    turn::Turn,
};

/// Counts the input tokens of what converse would send, without calling the model. Costs nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountTokens {
    /// A model's own id, or that of AWS's profile of it.
    model: ModelId,
    prompt: Option<String>,
    system: Option<String>,
    /// Turns before `prompt`, as converse takes them.
    messages: Option<Vec<Turn>>,
    tools: Option<Vec<Offered>>,
    /// Images and documents, as converse takes them; S3 is not read here.
    files: Option<Vec<String>>,
    inline: Option<Vec<Inline>>,
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
        let mut loader = Loader::without_s3(cx, &self.model);
        let attached = loader.load(None, self.files.as_deref(), self.inline.as_deref()).await?;
        let said = Given {
            prompt: self.prompt,
            messages: self.messages.unwrap_or_default(),
            system: self.system,
            tools: self.tools.unwrap_or_default(),
            attached,
            ..Given::default()
        }
        .said(&mut loader)
        .await?;
        let request = ConverseTokensRequest::builder()
            .set_messages(Some(said.messages))
            .set_system(said.system)
            .set_tool_config(said.tools)
            .build();
        // A profile cannot count; the model behind it can.
        let id = self.model.as_str();
        let asked = cx.client().runtime.count_tokens().model_id(without_area(id).unwrap_or(id));
        let sent = asked
            .input(CountTokensInput::Converse(request))
            .customize()
            .mutate_request(put(&said.raw, "/input/converse/messages"));
        let out = sent.send().await?;
        Ok(One(Counted { input_tokens: out.input_tokens }))
    }
}
