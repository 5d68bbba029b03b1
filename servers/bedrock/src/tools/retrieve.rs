use aws_sdk_bedrockagentruntime::types::{GuadrailAction, GuardrailConfiguration, KnowledgeBaseQuery};
use aws_smithy_types::Document;
use awsmcp_mcp::{Body, Call, Error, Output, Page, Part, Reply, Result, Spec, Tool};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Bedrock, arns,
    conversation::missing,
    json::{Json, value},
    names::{GuardrailId, GuardrailVersion, KnowledgeBaseId, ModelId},
    retrieval::{Content, Search, Wanted, content, model_arn, place},
    spending::Caps,
};

/// Searches a knowledge base: passages by relevance, each with its source and metadata. For a written answer with
/// citations: retrieve_and_generate.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retrieve {
    knowledge_base: KnowledgeBaseId,
    question: String,
    /// By metadata: `{"equals":{"key":"year","value":2026}}`, `andAll`, `orAll`, `in`, `greaterThan`, ...
    filter: Option<Json>,
    search: Option<Search>,
    /// A reranking model.
    rerank: Option<ModelId>,
    guardrail: Option<GuardrailId>,
    guardrail_version: Option<GuardrailVersion>,
    /// Shows found images as images.
    #[serde(default)]
    show_images: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Passage {
    score: Option<f64>,
    source: Option<String>,
    /// What `filter` can use; page numbers.
    metadata: Map<String, Value>,
    text: String,
}

/// Passages, with or without the images among them.
pub(crate) enum Found {
    Passages(Page<Passage>),
    Images(Body),
}

impl Output for Found {
    fn reply(self) -> Result<Reply> {
        match self {
            Found::Passages(page) => page.reply(),
            Found::Images(body) => body.reply(),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        let (mut all, body) = (Page::<Passage>::schema(generator), Body::schema(generator));
        if let (Value::Object(all), Value::Object(body)) = (&mut all, body) {
            all.extend(body);
        }
        all
    }
}

impl Tool for Retrieve {
    type Service = Bedrock;
    type Output = Found;
    const SPEC: Spec = {
        let mut spec = Spec::invoke("retrieve", "Retrieve")
            .on(arns::KNOWLEDGE_BASE, &["bedrock:Retrieve"])
            .when("rerank")
            .on("*", &["bedrock:Rerank"])
            .on(arns::RERANK_MODEL, &["bedrock:InvokeModel"])
            .when("guardrail")
            .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
            .names_no_resource()
            .quotes();
        // It answers page by page.
        spec.list = true;
        spec
    };

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        if self.question.trim().is_empty() {
            return Err(
                Error::invalid("`question` is empty").with_next("a good one is: how do I reset a password?")
            );
        }
        if self.rerank.is_some() {
            Caps::of(cx)?.unmetered("reranking")?;
        }
        let count = self.count(cx);
        let wanted = Wanted {
            count: i32::try_from(count).ok(),
            search: self.search,
            filter: self.filter.as_ref().map(|filter| &filter.0),
            rerank: self.rerank.as_ref().map(|model| model_arn(model, cx.region())),
        };
        let guardrail = self.guardrail.as_ref().map(|id| {
            let version = self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
            GuardrailConfiguration::builder().guardrail_id(id.as_str()).guardrail_version(version).build()
        });
        let out = cx
            .client()
            .agent_runtime
            .retrieve()
            .knowledge_base_id(self.knowledge_base.as_str())
            .retrieval_query(KnowledgeBaseQuery::builder().text(&self.question).build())
            .retrieval_configuration(wanted.configuration()?)
            .set_guardrail_configuration(guardrail.transpose().map_err(missing)?)
            .set_next_token(cx.token())
            .send()
            .await?;
        if out.guardrail_action == Some(GuadrailAction::Intervened) {
            cx.note("the guardrail intervened");
        }
        let mut images = Vec::new();
        let mut rows = Vec::new();
        for found in out.retrieval_results {
            let text = match found.content.map(content) {
                Some(Content::Text(text)) => text,
                Some(Content::Image { mime, data }) => {
                    let text = format!("<{mime}, {}>", awsmcp_mcp::human_size(data.len() as u64));
                    images.push((mime, data));
                    text
                }
                None => String::new(),
            };
            rows.push(Passage {
                score: found.score.map(|score| (score * 1e4).round() / 1e4),
                source: found.location.as_ref().and_then(place),
                metadata: metadata(found.metadata.unwrap_or_default()),
                text,
            });
        }
        if images.is_empty() || !self.show_images {
            if !images.is_empty() {
                cx.note("`show_images` shows the images themselves");
            }
            return Ok(Found::Passages(cx.page(rows, out.next_token)));
        }
        let text = serde_json::to_string(&rows).map_err(|error| Error::internal(error.to_string()))?;
        let pictures = images.into_iter().map(|(mime, data)| Part::Image { data, mime });
        Ok(Found::Images(Body {
            label: format!("passages of knowledge base {}, and their images in order", self.knowledge_base),
            parts: std::iter::once(Part::Text(text)).chain(pictures).collect(),
            rest: out
                .next_token
                .map(|_| "there are more passages: without `show_images` they come page by page".to_owned()),
            ..Body::default()
        }))
    }
}

impl Retrieve {
    /// How many passages to ask for: passages are long, and a page of a list's usual length would fill the answer.
    fn count(&self, cx: &Call<Bedrock>) -> u32 {
        const USUAL: u32 = 10;
        /// What AWS gives at once.
        const MOST: u32 = 100;
        let asked = if cx.limit() == cx.settings().page_size { USUAL } else { cx.limit() };
        asked.min(MOST)
    }
}

/// Without AWS's own bookkeeping, except the page.
fn metadata(found: std::collections::HashMap<String, Document>) -> Map<String, Value> {
    const PAGE: &str = "x-amz-bedrock-kb-document-page-number";
    let mut fields: Vec<(String, Value)> = found
        .iter()
        .filter_map(|(name, field)| match (name.as_str(), field) {
            // AWS writes the page as 4.0.
            (PAGE, Document::Number(page)) => {
                Some(("page".to_owned(), json!(page.to_f64_lossy().round() as i64)))
            }
            (name, _) if name.starts_with("x-amz-") => None,
            (name, field) => Some((name.to_owned(), value(field))),
        })
        .collect();
    fields.sort_by(|left, right| left.0.cmp(&right.0));
    fields.into_iter().collect()
}
