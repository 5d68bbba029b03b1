use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, names::PromptId};

/// Lists stored prompts, or the versions of one. render_prompt shows and fills one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPrompts {
    /// Lists its versions.
    prompt: Option<PromptId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: String,
    version: String,
    updated: String,
    description: Option<String>,
}

impl Tool for ListPrompts {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_prompts", "List prompts")
        .on("*", &["bedrock:ListPrompts"])
        .rows(arns::LISTED_PROMPT)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let out = cx
            .client()
            .agent
            .list_prompts()
            .set_prompt_identifier(self.prompt.map(|prompt| prompt.to_string()))
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .send()
            .await?;
        let rows = out.prompt_summaries.into_iter().map(|prompt| Row {
            id: prompt.id,
            name: prompt.name,
            version: prompt.version,
            updated: utc_second(prompt.updated_at),
            description: prompt.description,
        });
        Ok(cx.page(rows, out.next_token))
    }
}
