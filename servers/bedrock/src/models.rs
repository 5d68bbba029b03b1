//! Models and the inference profiles that they can be called by.

use std::collections::BTreeMap;

use aws_sdk_bedrock::types::{
    FoundationModelLifecycleStatus, FoundationModelSummary, InferenceProfileSummary, InferenceProfileType,
    ModelModality,
};
use awsmcp_mcp::{Call, Result};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Bedrock, names::without_area};

/// What can be called as a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Callable {
    /// What to pass as `model`.
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) input: Vec<String>,
    pub(crate) output: Vec<String>,
    pub(crate) streams: Option<bool>,
    /// Profiles that call the same model elsewhere: `us` stands for the model's id with `us.` before it.
    pub(crate) areas: Vec<String>,
    /// Only of what is not simply callable and current: `legacy`, `needs provisioned throughput`.
    pub(crate) note: Option<String>,
}

/// All inference profiles of the account and region of a sort.
///
/// # Errors
/// When AWS does not list them.
pub(crate) async fn profiles(
    cx: &Call<Bedrock>,
    sort: InferenceProfileType,
) -> Result<Vec<InferenceProfileSummary>> {
    const MOST_PAGES: usize = 20;
    let (mut all, mut next) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let asked = cx.client().bedrock.list_inference_profiles().type_equals(sort.clone()).max_results(1000);
        let out = asked.set_next_token(next).send().await?;
        all.extend(out.inference_profile_summaries.unwrap_or_default());
        next = out.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    Ok(all)
}

/// Profiles that may be called, and the models of those that are kept back.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    pub(crate) open: Vec<InferenceProfileSummary>,
    /// By their ids: what needs a profile is told apart from what has none.
    closed: Vec<String>,
}

impl Profiles {
    /// Those whose ARNs `may` be called.
    pub(crate) fn held(all: Vec<InferenceProfileSummary>, may: impl Fn(&str) -> bool) -> Profiles {
        let (open, closed): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|profile| may(&profile.inference_profile_arn));
        Profiles { open, closed: closed.iter().flat_map(behind).collect() }
    }
}

/// The id of the model that an ARN is of.
pub(crate) fn model_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The ids of the models behind a profile, each once.
pub(crate) fn behind(profile: &InferenceProfileSummary) -> Vec<String> {
    let mut ids: Vec<String> = profile
        .models
        .iter()
        .filter_map(|model| Some(model_of(model.model_arn.as_deref()?).to_owned()))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Models joined with profiles: each model once, by an id that can be called here, and then the account's own profiles.
pub(crate) fn joined(
    models: Vec<FoundationModelSummary>,
    system: &Profiles,
    own: &Profiles,
) -> Vec<Callable> {
    let mut by_model: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for profile in &system.open {
        for model in behind(profile) {
            by_model.entry(model).or_default().push(profile.inference_profile_id.clone());
        }
    }
    let mut found: Vec<Callable> = models
        .into_iter()
        .map(|model| {
            let mut ids = by_model.remove(&model.model_id).unwrap_or_default();
            // Models are often written without their context length: profiles know them so.
            let plain = model.model_id.rsplitn(2, ':').last().unwrap_or_default().to_owned();
            if ids.is_empty() && plain.contains(':') {
                ids = by_model.get(&plain).cloned().unwrap_or_default();
            }
            ids.sort_by_key(|id| (id.starts_with("global."), id.clone()));
            let types = model.inference_types_supported.as_deref().unwrap_or_default();
            let on_demand = types.is_empty() || types.iter().any(|sort| sort.as_str() == "ON_DEMAND");
            let is_missing = !on_demand && ids.is_empty();
            let model_id = model.model_id;
            let id = if on_demand || is_missing { model_id.clone() } else { ids.remove(0) };
            let areas = ids.into_iter().map(|id| match id.strip_suffix(&format!(".{model_id}")) {
                Some(area) => area.to_owned(),
                None => id,
            });
            let mut notes = Vec::new();
            if model
                .model_lifecycle
                .as_ref()
                .is_some_and(|life| life.status == FoundationModelLifecycleStatus::Legacy)
            {
                notes.push("legacy".to_owned());
            }
            if is_missing {
                let needs = types.iter().any(|sort| sort.as_str() == "INFERENCE_PROFILE");
                let is_closed = || system.closed.iter().any(|id| *id == model_id || *id == plain);
                let what = match needs {
                    true if is_closed() => "an inference profile, and the operator allowed none",
                    true => "an inference profile, and this region has none",
                    false => "provisioned throughput",
                };
                notes.push(format!("needs {what}"));
            }
            Callable {
                id,
                name: model.model_name,
                provider: model.provider_name,
                input: modalities(model.input_modalities.as_deref()),
                output: modalities(model.output_modalities.as_deref()),
                streams: model.response_streaming_supported,
                areas: areas.collect(),
                note: Some(notes.join(", ")).filter(|text| !text.is_empty()),
            }
        })
        .collect();
    let known: BTreeMap<String, Callable> =
        found.iter().map(|row| (without_area(&row.id).unwrap_or(&row.id).to_owned(), row.clone())).collect();
    for profile in &own.open {
        // A profile over models that the filters left out is left out too.
        let Some(of) =
            behind(profile).iter().find_map(|model| known.get(without_area(model).unwrap_or(model)))
        else {
            continue;
        };
        found.push(Callable {
            id: profile.inference_profile_arn.clone(),
            name: Some(profile.inference_profile_name.clone()),
            areas: Vec::new(),
            note: Some(format!("profile of {}", of.id)),
            ..of.clone()
        });
    }
    found
}

pub(crate) fn modalities(given: Option<&[ModelModality]>) -> Vec<String> {
    given.unwrap_or_default().iter().map(|modality| modality.as_str().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrock::types::{
        FoundationModelLifecycle, InferenceProfileModel, InferenceProfileStatus, InferenceType,
    };

    use super::*;

    fn model(id: &str, types: &[&str]) -> FoundationModelSummary {
        let types = types.iter().map(|sort| InferenceType::from(*sort)).collect();
        FoundationModelSummary::builder()
            .model_arn(format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"))
            .model_id(id)
            .provider_name("P")
            .set_inference_types_supported(Some(types))
            .build()
            .unwrap()
    }

    fn profile(id: &str, models: &[&str]) -> InferenceProfileSummary {
        let models = models.iter().map(|id| {
            let arn = format!("arn:aws:bedrock:us-west-2::foundation-model/{id}");
            InferenceProfileModel::builder().model_arn(arn).build()
        });
        InferenceProfileSummary::builder()
            .inference_profile_name("mine")
            .inference_profile_arn(format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/{id}"))
            .inference_profile_id(id)
            .set_models(Some(models.collect()))
            .status(InferenceProfileStatus::Active)
            .r#type(InferenceProfileType::SystemDefined)
            .build()
            .unwrap()
    }

    #[test]
    fn the_id_shown_is_one_that_can_be_called() {
        let models = vec![
            model("a.on-demand-v1:0", &["ON_DEMAND"]),
            model("a.both-v1:0", &["ON_DEMAND", "INFERENCE_PROFILE"]),
            model("a.profile-only-v1:0", &["INFERENCE_PROFILE"]),
            model("a.nowhere-v1:0", &["INFERENCE_PROFILE"]),
            model("a.provisioned-v1:0:8k", &["PROVISIONED"]),
        ];
        let system = [
            profile("global.a.profile-only-v1:0", &["a.profile-only-v1:0"]),
            profile("us.a.profile-only-v1:0", &["a.profile-only-v1:0", "a.profile-only-v1:0"]),
            profile("us.a.both-v1:0", &["a.both-v1:0"]),
        ];
        let own = [profile("xyz", &["a.profile-only-v1:0"]), profile("other", &["b.unknown"])];
        let all = |profiles: &[InferenceProfileSummary]| Profiles::held(profiles.to_vec(), |_| true);
        let rows = joined(models, &all(&system), &all(&own));
        let shown: Vec<(&str, String, Option<&str>)> =
            rows.iter().map(|row| (row.id.as_str(), row.areas.join(","), row.note.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("a.on-demand-v1:0", String::new(), None),
                ("a.both-v1:0", "us".to_owned(), None),
                ("us.a.profile-only-v1:0", "global".to_owned(), None),
                (
                    "a.nowhere-v1:0",
                    String::new(),
                    Some("needs an inference profile, and this region has none")
                ),
                ("a.provisioned-v1:0:8k", String::new(), Some("needs provisioned throughput")),
                (
                    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/xyz",
                    String::new(),
                    Some("profile of us.a.profile-only-v1:0")
                ),
            ]
        );
    }

    #[test]
    fn a_profile_that_is_kept_back_is_no_way_to_call_a_model() {
        let models =
            || vec![model("a.one-v1:0", &["INFERENCE_PROFILE"]), model("a.two-v1:0", &["ON_DEMAND"])];
        let system = vec![
            profile("us.a.one-v1:0", &["a.one-v1:0"]),
            profile("global.a.one-v1:0", &["a.one-v1:0"]),
            profile("us.a.two-v1:0", &["a.two-v1:0"]),
        ];
        let shown = |closed: &[&str]| {
            let may = |arn: &str| !closed.iter().any(|id| arn.ends_with(id));
            let rows = joined(models(), &Profiles::held(system.clone(), may), &Profiles::default());
            let row = |row: Callable| {
                format!("{} {} {}", row.id, row.areas.join(","), row.note.unwrap_or_default())
            };
            rows.into_iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[]), ["us.a.one-v1:0 global ", "a.two-v1:0 us "]);
        assert_eq!(shown(&["/us.a.one-v1:0", "/us.a.two-v1:0"]), ["global.a.one-v1:0  ", "a.two-v1:0  "]);
        assert_eq!(
            shown(&["a.one-v1:0"]),
            ["a.one-v1:0  needs an inference profile, and the operator allowed none", "a.two-v1:0 us "]
        );
    }

    #[test]
    fn a_legacy_model_is_marked() {
        let life = FoundationModelLifecycle::builder()
            .status(FoundationModelLifecycleStatus::Legacy)
            .build()
            .unwrap();
        let mut old = model("a.old-v1:0", &["ON_DEMAND"]);
        old.model_lifecycle = Some(life);
        let none = Profiles::default();
        assert_eq!(joined(vec![old], &none, &none)[0].note.as_deref(), Some("legacy"));
    }
}
