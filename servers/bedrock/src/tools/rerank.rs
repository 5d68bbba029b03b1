use aws_sdk_bedrockagentruntime::types::{
    BedrockRerankingConfiguration, BedrockRerankingModelConfiguration, RerankDocument, RerankDocumentType,
    RerankQuery, RerankQueryContentType, RerankSource, RerankSourceType, RerankTextDocument,
    RerankingConfiguration, RerankingConfigurationType,
};
use aws_smithy_types::error::operation::BuildError;
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns, builders::missing, names::ModelId, pace::Pace, retrieval::model_arn, spending::Caps,
};

/// Orders texts by how well they answer a question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rerank {
    /// `amazon.rerank-v1:0`, `cohere.rerank-v3-5:0`.
    model: ModelId,
    question: String,
    #[schemars(length(min = 1, max = 1000))]
    texts: Vec<String>,
    /// How many to answer.
    #[schemars(range(min = 1, max = 1000))]
    top: Option<i32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    /// Which of `texts`, from 0.
    index: i32,
    score: f64,
    text: String,
}

impl Tool for Rerank {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::invoke("rerank", "Rerank")
        .on("*", &["bedrock:Rerank"])
        .on(arns::FOUNDATION_MODEL, &["bedrock:InvokeModel"])
        .names_no_resource()
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        if self.texts.iter().any(|text| text.trim().is_empty()) || self.question.trim().is_empty() {
            return Err(Error::invalid("`question` and each of `texts` must say something"));
        }
        Caps::of(cx)?.unmetered("reranking")?;
        let model = BedrockRerankingModelConfiguration::builder()
            .model_arn(model_arn(&self.model, cx.region()))
            .build()
            .map_err(missing)?;
        let bedrock = BedrockRerankingConfiguration::builder()
            .model_configuration(model)
            .set_number_of_results(
                self.top.map(|top| top.min(i32::try_from(self.texts.len()).unwrap_or(top))),
            )
            .build();
        let configuration = RerankingConfiguration::builder()
            .r#type(RerankingConfigurationType::BedrockRerankingModel)
            .bedrock_reranking_configuration(bedrock)
            .build()
            .map_err(missing)?;
        let question = RerankQuery::builder()
            .r#type(RerankQueryContentType::Text)
            .text_query(RerankTextDocument::builder().text(&self.question).build())
            .build()
            .map_err(missing)?;
        let sources: Result<Vec<RerankSource>, BuildError> =
            self.texts.iter().map(|text| source(text)).collect();
        let asked =
            cx.client().agent_runtime.rerank().queries(question).reranking_configuration(configuration);
        let out = Pace::new(cx).of(asked.set_sources(Some(sources.map_err(missing)?)).send()).await?;
        cx.note("AWS does not tell what this used; it bills each question");
        let rows = out.results.into_iter().map(|found| Row {
            index: found.index,
            score: (f64::from(found.relevance_score) * 1e4).round() / 1e4,
            text: usize::try_from(found.index)
                .ok()
                .and_then(|at| self.texts.get(at))
                .cloned()
                .unwrap_or_default(),
        });
        Ok(cx.page(rows, None))
    }
}

fn source(text: &str) -> Result<RerankSource, BuildError> {
    let document = RerankDocument::builder()
        .r#type(RerankDocumentType::Text)
        .text_document(RerankTextDocument::builder().text(text).build())
        .build()?;
    RerankSource::builder().r#type(RerankSourceType::Inline).inline_document_source(document).build()
}
