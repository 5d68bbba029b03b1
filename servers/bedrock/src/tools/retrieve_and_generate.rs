use aws_sdk_bedrockagentruntime::{
    operation::retrieve_and_generate::RetrieveAndGenerateOutput,
    types::{
        GenerationConfiguration, GuadrailAction, GuardrailConfiguration, InferenceConfig,
        KnowledgeBaseRetrieveAndGenerateConfiguration, RetrieveAndGenerateConfiguration,
        RetrieveAndGenerateInput, RetrieveAndGenerateType, TextInferenceConfig,
    },
};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    builders::missing,
    citing::{Source, sources},
    json::Json,
    names::{GuardrailId, GuardrailVersion, KnowledgeBaseId, ModelId, without_area},
    pace::Pace,
    retrieval::{Search, Store, Wanted, is_managed, model_arn},
    spending::Caps,
};

/// Answers a question from a knowledge base, with citations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetrieveAndGenerate {
    knowledge_base: KnowledgeBaseId,
    question: String,
    model: ModelId,
    /// As retrieve takes it.
    filter: Option<Json>,
    search: Option<Search>,
    #[schemars(range(min = 1, max = 100))]
    passages: Option<i32>,
    /// Goes on with the conversation of an earlier answer.
    session: Option<String>,
    guardrail: Option<GuardrailId>,
    guardrail_version: Option<GuardrailVersion>,
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Answered {
    text: String,
    sources: Vec<Source>,
    session: String,
    guardrail_intervened: Option<bool>,
}

impl Tool for RetrieveAndGenerate {
    type Service = Bedrock;
    type Output = One<Answered>;
    const SPEC: Spec = {
        let spec = Spec::invoke("retrieve_and_generate", "Retrieve and generate")
            .on("*", &["bedrock:RetrieveAndGenerate"])
            .on(arns::KNOWLEDGE_BASE, &["bedrock:Retrieve"]);
        arns::on_models(spec, &["bedrock:InvokeModel"])
            .when("guardrail")
            .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
            .names_no_resource()
            .minutes(5)
            .quotes()
            .optional()
    };

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        if self.question.trim().is_empty() {
            return Err(
                Error::invalid("`question` is empty").with_next("a good one is: how do I reset a password?")
            );
        }
        let caps = Caps::of(cx)?;
        caps.unmetered("retrieve_and_generate")?;
        let most = i32::try_from(caps.output(self.max_tokens)?).unwrap_or(i32::MAX);
        let guardrail = self.guardrail.as_ref().map(|id| {
            let version = self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
            GuardrailConfiguration::builder().guardrail_id(id.as_str()).guardrail_version(version).build()
        });
        let inference = TextInferenceConfig::builder().max_tokens(most).build();
        let generation = GenerationConfiguration::builder()
            .set_guardrail_configuration(guardrail.transpose().map_err(missing)?)
            .inference_config(InferenceConfig::builder().text_inference_config(inference).build())
            .build();
        let wanted = Wanted {
            count: self.passages,
            search: self.search,
            filter: self.filter.as_ref().map(|filter| &filter.0),
            rerank: None,
        };
        // A profile is named by its id; a model by its ARN.
        let model = match self.model.as_str() {
            id if without_area(id).is_some() => id.to_owned(),
            _ => model_arn(&self.model, cx.region()),
        };
        let mut pace = Pace::new(cx);
        let ask = |store: Store| self.ask(cx, &model, wanted.clone(), store, generation.clone());
        let mut asked = pace.of(ask(Store::Own)).await;
        if is_managed(cx, self.search, &asked) {
            asked = pace.of(ask(Store::Managed)).await;
        }
        let out = asked?;
        cx.note("AWS does not tell what this used; converse does");
        Ok(One(Answered {
            sources: sources(out.citations.unwrap_or_default()),
            text: out.output.map(|output| output.text).unwrap_or_default(),
            session: out.session_id,
            guardrail_intervened: (out.guardrail_action == Some(GuadrailAction::Intervened)).then_some(true),
        }))
    }
}

impl RetrieveAndGenerate {
    async fn ask(
        &self,
        cx: &Call<Bedrock>,
        model: &str,
        wanted: Wanted<'_>,
        store: Store,
        generation: GenerationConfiguration,
    ) -> Result<RetrieveAndGenerateOutput> {
        let base = KnowledgeBaseRetrieveAndGenerateConfiguration::builder()
            .knowledge_base_id(self.knowledge_base.as_str())
            .model_arn(model)
            .retrieval_configuration(wanted.configuration(store)?)
            .generation_configuration(generation)
            .build()
            .map_err(missing)?;
        let configuration = RetrieveAndGenerateConfiguration::builder()
            .r#type(RetrieveAndGenerateType::KnowledgeBase)
            .knowledge_base_configuration(base)
            .build()
            .map_err(missing)?;
        let input = RetrieveAndGenerateInput::builder().text(&self.question).build().map_err(missing)?;
        let asked = cx.client().agent_runtime.retrieve_and_generate().input(input);
        let asked = asked.retrieve_and_generate_configuration(configuration);
        Ok(asked.set_session_id(self.session.clone()).send().await?)
    }
}
