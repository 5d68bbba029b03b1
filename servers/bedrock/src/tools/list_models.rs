use aws_sdk_bedrock::types::{InferenceProfileType, ModelModality};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use globset::GlobBuilder;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock,
    models::{Callable, Profiles, joined, profiles},
};

/// Lists models by ids that can be called in this region: model ids, or inference profiles where a model needs one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListModels {
    /// `Anthropic`, `Amazon`.
    provider: Option<String>,
    output: Option<Modality>,
    /// Glob of id or name: `*sonnet*`.
    name: Option<String>,
    #[serde(default)]
    streams_only: bool,
    /// Legacy and uncallable models too.
    #[serde(default)]
    all: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Modality {
    Text,
    Image,
    Embedding,
    Video,
    Speech,
}

impl Tool for ListModels {
    type Service = Bedrock;
    type Output = Page<Callable>;
    const SPEC: Spec = Spec::list("list_models", "List models")
        .on("*", &["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"])
        .names_no_resource()
        .regional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let output = self.output.map(|output| match output {
            Modality::Text => ModelModality::Text,
            Modality::Image => ModelModality::Image,
            Modality::Embedding => ModelModality::Embedding,
            Modality::Video => ModelModality::from("VIDEO"),
            Modality::Speech => ModelModality::from("SPEECH"),
        });
        let name = self.name.as_deref().map(|name| {
            GlobBuilder::new(name).case_insensitive(true).build().map(|glob| glob.compile_matcher()).map_err(
                |error| {
                    Error::invalid(format!("`name`: {error}"))
                        .with_next("good ones are *sonnet* and amazon.nova-*")
                },
            )
        });
        let name = name.transpose()?;
        let models = cx
            .client()
            .bedrock
            .list_foundation_models()
            .set_by_provider(self.provider)
            // AWS chooses by three of them only.
            .set_by_output_modality(
                output.clone().filter(|output| ModelModality::values().contains(&output.as_str())),
            )
            .send();
        let (models, system, own) = tokio::join!(
            models,
            profiles(cx, InferenceProfileType::SystemDefined),
            profiles(cx, InferenceProfileType::Application)
        );
        // Only what the operator lets somebody call, and by which ids.
        let may = |arn: &str| cx.may_on("bedrock:InvokeModel", arn).is_ok();
        let mut models = models?.model_summaries.unwrap_or_default();
        models.retain(|model| may(&model.model_arn));
        if let Some(output) = &output {
            models.retain(|model| model.output_modalities().contains(output));
        }
        let (system, own) = (Profiles::held(system?, may), Profiles::held(own?, may));
        let rows: Vec<Callable> = joined(models, &system, &own)
            .into_iter()
            .filter(|row| !self.streams_only || row.streams == Some(true))
            .filter(|row| self.all || row.note.as_deref().is_none_or(|note| note.starts_with("profile of")))
            .filter(|row| {
                let words = [Some(row.id.as_str()), row.name.as_deref()];
                name.as_ref().is_none_or(|name| words.into_iter().flatten().any(|word| name.is_match(word)))
            })
            .collect();
        Ok(window(cx, rows))
    }
}

/// AWS gives all models at once: a page is a window on them.
fn window(cx: &Call<Bedrock>, rows: Vec<Callable>) -> Page<Callable> {
    let from = cx.token().and_then(|token| token.parse::<usize>().ok()).unwrap_or(0);
    let (total, limit) = (rows.len(), cx.limit() as usize);
    let end = from.saturating_add(limit);
    let mut page = cx.page(rows.into_iter().skip(from).take(limit), (end < total).then(|| end.to_string()));
    page.total = Some(total as u64);
    page
}
