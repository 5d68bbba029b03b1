use aws_sdk_bedrockagentruntime::{
    operation::retrieve::RetrieveOutput,
    types::{GuadrailAction, GuardrailConfiguration, KnowledgeBaseQuery},
};
use aws_smithy_types::Document;
use awsmcp_mcp::{Body, Call, Error, Output, Page, Part, Reply, Result, Spec, Tool};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Bedrock, arns,
    builders::missing,
    json::{Json, value},
    names::{GuardrailId, GuardrailVersion, KnowledgeBaseId, ModelId},
    pace::Pace,
    retrieval::{Content, Search, Store, Wanted, content, is_managed, model_arn, place},
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
        let mut at: At = cx.place()?;
        let count = *at.count.get_or_insert_with(|| wanted_count(cx));
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
        let guardrail = guardrail.transpose().map_err(missing)?;
        let mut pace = Pace::new(cx);
        let ask = |store: Store| self.ask(cx, at.token.clone(), wanted.clone(), store, guardrail.clone());
        let mut asked = pace.of(ask(Store::Own)).await;
        if is_managed(cx, self.search, &asked) {
            asked = pace.of(ask(Store::Managed)).await;
        }
        let out = asked?;
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
            let next = out.next_token.filter(|token| !token.is_empty());
            let next = next.map(|token| At { token: Some(token), ..at });
            return cx.page_from(rows, next).map(Found::Passages);
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
    async fn ask(
        &self,
        cx: &Call<Bedrock>,
        token: Option<String>,
        wanted: Wanted<'_>,
        store: Store,
        guardrail: Option<GuardrailConfiguration>,
    ) -> Result<RetrieveOutput> {
        let asked = cx.client().agent_runtime.retrieve().knowledge_base_id(self.knowledge_base.as_str());
        let asked = asked
            .retrieval_query(KnowledgeBaseQuery::builder().text(&self.question).build())
            .retrieval_configuration(wanted.configuration(store)?)
            .set_guardrail_configuration(guardrail)
            .set_next_token(token);
        Ok(asked.send().await?)
    }
}

/// Where the search goes on, and with how many passages at once: the same as it began with.
#[derive(Default, Deserialize, Serialize)]
struct At {
    token: Option<String>,
    count: Option<u32>,
}

/// How many passages to ask for: they are long, and a page of a list's usual length would fill the answer.
fn wanted_count(cx: &Call<Bedrock>) -> u32 {
    const USUAL: u32 = 10;
    /// What AWS gives at once.
    const MOST: u32 = 100;
    let given = cx.given_limit();
    if given.is_some_and(|given| given > MOST) {
        cx.note(format!("AWS gives at most {MOST} passages at once"));
    }
    given.unwrap_or(USUAL).min(MOST)
}

/// Without AWS's own bookkeeping, except the page.
fn metadata(found: std::collections::HashMap<String, Document>) -> Map<String, Value> {
    const PAGE: &str = "x-amz-bedrock-kb-document-page-number";
    let mut fields: Vec<(String, Value)> = found
        .iter()
        .filter_map(|(name, field)| match (name.as_str(), field) {
            // AWS writes the page as 4.0. A field of that name that somebody else gave is theirs.
            (PAGE, Document::Number(page)) if !found.contains_key("page") => {
                Some(("page".to_owned(), json!(page.to_f64_lossy().round() as i64)))
            }
            (name, _) if name.starts_with("x-amz-") => None,
            (name, field) => Some((name.to_owned(), value(field))),
        })
        .collect();
    fields.sort_by(|left, right| left.0.cmp(&right.0));
    fields.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_smithy_types::Number;

    use super::*;

    #[test]
    fn a_page_that_somebody_else_named_is_theirs() {
        let aws = ("x-amz-bedrock-kb-document-page-number".to_owned(), Document::Number(Number::Float(4.0)));
        assert_eq!(json!(metadata(HashMap::from([aws.clone()]))), json!({"page": 4}));
        let own = ("page".to_owned(), Document::String("iv".into()));
        assert_eq!(json!(metadata(HashMap::from([aws, own]))), json!({"page": "iv"}));
    }
}
