use aws_sdk_bedrock::types::InferenceProfileType;
use awsmcp_mcp::{Call, Error, One, ResourceArgument, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    models::{behind, modalities, model_of, profiles},
    names::{ModelId, without_area},
    retrieval::model_arn,
};

/// Shows a model, inference profile, custom or imported model: what it takes, its life cycle, how to call it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetModel {
    model: ModelId,
    /// Asks whether the account may call it.
    #[serde(default)]
    check_access: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Model {
    id: String,
    arn: String,
    kind: &'static str,
    name: Option<String>,
    provider: Option<String>,
    input: Vec<String>,
    output: Vec<String>,
    streams: Option<bool>,
    /// `ON_DEMAND`, `INFERENCE_PROFILE`, `PROVISIONED`.
    called_by: Vec<String>,
    /// Inference profiles that it can be called by here.
    profiles: Vec<String>,
    customizations: Vec<String>,
    status: Option<String>,
    legacy_from: Option<String>,
    ends: Option<String>,
    /// The models of a profile, or what a model was made from.
    models: Vec<String>,
    regions: Vec<String>,
    job: Option<String>,
    architecture: Option<String>,
    created: Option<String>,
    failure: Option<String>,
    access: Option<Access>,
}

#[derive(Serialize, JsonSchema)]
struct Access {
    authorized: String,
    entitled: String,
    in_region: String,
    agreement: Option<String>,
    why: Option<String>,
    /// What somebody has to do first.
    next: Option<&'static str>,
}

impl Tool for GetModel {
    type Service = Bedrock;
    type Output = One<Model>;
    const SPEC: Spec = Spec::read("get_model", "Get model")
        .on(arns::FOUNDATION_MODEL, &["bedrock:GetFoundationModel"])
        .on(arns::INFERENCE_PROFILE, &["bedrock:GetInferenceProfile"])
        .on(arns::APPLICATION_INFERENCE_PROFILE, &["bedrock:GetInferenceProfile"])
        .on(arns::CUSTOM_MODEL, &["bedrock:GetCustomModel"])
        .on(arns::IMPORTED_MODEL, &["bedrock:GetImportedModel"])
        .on("*", &["bedrock:ListInferenceProfiles"])
        .when("check_access")
        .on("*", &["bedrock:GetFoundationModelAvailability"])
        .names_no_resource();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let id = self.model.as_str();
        let mut found = match self.model.kind() {
            Some("custom-model") => custom(cx, id).await?,
            Some("imported-model") => imported(cx, id).await?,
            Some("inference-profile" | "application-inference-profile") => profile(cx, id).await?,
            None if without_area(id).is_some() => profile(cx, id).await?,
            _ => foundation(cx, id).await?,
        };
        if found.kind == "profile" {
            shows_as_its_model(cx, &mut found).await;
        }
        if self.check_access {
            let model = found.models.first().filter(|_| found.kind == "profile").unwrap_or(&found.id);
            found.access = Some(access(cx, model).await?);
        }
        Ok(One(found))
    }
}

async fn foundation(cx: &Call<Bedrock>, id: &str) -> Result<Model> {
    let asked = cx.client().bedrock.get_foundation_model().model_identifier(id).send();
    let (out, system) = tokio::join!(asked, profiles(cx, InferenceProfileType::SystemDefined));
    let Some(details) = out?.model_details else { return Ok(Model::default()) };
    // Only those that the operator lets somebody call.
    let holds = |profile: &&aws_sdk_bedrock::types::InferenceProfileSummary| {
        behind(profile).contains(&details.model_id)
            && cx.may_on("bedrock:InvokeModel", &profile.inference_profile_arn).is_ok()
    };
    let profiles = system?.iter().filter(holds).map(|profile| profile.inference_profile_id.clone()).collect();
    let life = details.model_lifecycle;
    Ok(Model {
        kind: "foundation model",
        input: modalities(details.input_modalities.as_deref()),
        output: modalities(details.output_modalities.as_deref()),
        streams: details.response_streaming_supported,
        called_by: details.inference_types_supported.iter().flatten().map(ToString::to_string).collect(),
        customizations: details.customizations_supported.iter().flatten().map(ToString::to_string).collect(),
        profiles,
        status: life.as_ref().map(|life| life.status.to_string()),
        legacy_from: life.as_ref().and_then(|life| life.legacy_time.as_ref()).map(utc_second),
        ends: life.as_ref().and_then(|life| life.end_of_life_time.as_ref()).map(utc_second),
        id: details.model_id,
        arn: details.model_arn,
        name: details.model_name,
        provider: details.provider_name,
        ..Model::default()
    })
}

async fn profile(cx: &Call<Bedrock>, id: &str) -> Result<Model> {
    let asked = cx.client().bedrock.get_inference_profile().inference_profile_identifier(model_of(id));
    let out = asked.send().await?;
    // It is asked for by its id alone, which may be that of another profile here.
    if id.starts_with("arn:") && id != out.inference_profile_arn {
        return Err(Error::not_found(format!("there is no {id} here"))
            .with_next("list_profiles shows the profiles of this region"));
    }
    let arns: Vec<&str> = out.models.iter().filter_map(|model| model.model_arn.as_deref()).collect();
    let distinct = |mut words: Vec<String>| {
        words.sort();
        words.dedup();
        words
    };
    Ok(Model {
        kind: "profile",
        models: distinct(arns.iter().map(|arn| model_of(arn).to_owned()).collect()),
        regions: distinct(arns.iter().filter_map(|arn| Some(arn.split(':').nth(3)?.to_owned())).collect()),
        id: out.inference_profile_id,
        arn: out.inference_profile_arn,
        name: Some(out.inference_profile_name),
        status: Some(out.status.to_string()),
        created: out.created_at.as_ref().map(utc_second),
        ..Model::default()
    })
}

/// A profile takes and gives what its model does.
async fn shows_as_its_model(cx: &Call<Bedrock>, profile: &mut Model) {
    let Some(model) = profile.models.first() else { return };
    let arn = ModelId::parse(model).map(|model| model_arn(&model, cx.region()));
    if !arn.is_ok_and(|arn| cx.may_on("bedrock:GetFoundationModel", &arn).is_ok()) {
        return;
    }
    let asked = cx.client().bedrock.get_foundation_model().model_identifier(model).send().await;
    let Some(details) = cx.part("the model behind the profile", asked).and_then(|out| out.model_details)
    else {
        return;
    };
    profile.provider = details.provider_name;
    profile.input = modalities(details.input_modalities.as_deref());
    profile.output = modalities(details.output_modalities.as_deref());
    profile.streams = details.response_streaming_supported;
}

async fn custom(cx: &Call<Bedrock>, id: &str) -> Result<Model> {
    let out = cx.client().bedrock.get_custom_model().model_identifier(id).send().await?;
    Ok(Model {
        kind: "custom model",
        id: model_of(&out.model_arn).to_owned(),
        arn: out.model_arn,
        name: Some(out.model_name),
        models: out.base_model_arn.iter().map(|arn| model_of(arn).to_owned()).collect(),
        status: out.model_status.map(|status| status.to_string()),
        job: out.job_arn,
        created: Some(utc_second(out.creation_time)),
        failure: out.failure_message,
        ..Model::default()
    })
}

async fn imported(cx: &Call<Bedrock>, id: &str) -> Result<Model> {
    let out = cx.client().bedrock.get_imported_model().model_identifier(id).send().await?;
    let arn = out.model_arn.unwrap_or_default();
    Ok(Model {
        kind: "imported model",
        id: model_of(&arn).to_owned(),
        arn,
        name: out.model_name,
        architecture: out.model_architecture,
        job: out.job_arn,
        created: out.creation_time.as_ref().map(utc_second),
        ..Model::default()
    })
}

async fn access(cx: &Call<Bedrock>, model: &str) -> Result<Access> {
    let out = cx.client().bedrock.get_foundation_model_availability().model_id(model).send().await?;
    let agreement = out.agreement_availability;
    let mut access = Access {
        authorized: out.authorization_status.to_string(),
        entitled: out.entitlement_availability.to_string(),
        in_region: out.region_availability.to_string(),
        agreement: agreement.as_ref().map(|agreement| agreement.status.to_string()),
        why: agreement.and_then(|agreement| agreement.error_message),
        next: None,
    };
    access.next = access.lacks();
    Ok(access)
}

impl Access {
    /// What stands between the account and the model, the first of several.
    fn lacks(&self) -> Option<&'static str> {
        let is = |state: &str, good: &str| state == good;
        if !is(&self.in_region, "AVAILABLE") {
            return Some("this region does not have it: use a profile of `profiles`, or another region");
        }
        if !is(&self.authorized, "AUTHORIZED") {
            return Some(
                "an administrator allows the account to use it: a policy of the organization may deny it",
            );
        }
        if self.agreement.as_deref().is_some_and(|state| !is(state, "AVAILABLE")) {
            return Some("its terms are not agreed to: somebody does that in the console under Model access");
        }
        if !is(&self.entitled, "AVAILABLE") {
            return Some("somebody asks for it in the console under Model access; it may take minutes");
        }
        None
    }
}
