//! The model behind what is called: the id of a profile of the account's own tells nothing of its model, whose price, limits
//! and forms of bodies hold for it.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use awsmcp_mcp::{Call, ResourceArgument, Result};

use crate::{Bedrock, names::ModelId};

/// By the ARNs of profiles, which never get another model.
static KNOWN: LazyLock<Mutex<BTreeMap<String, ModelId>>> = LazyLock::new(Mutex::default);

/// The kind of a profile of the account's own, in its ARN.
pub(crate) const PROFILE: &str = "application-inference-profile";

/// The model itself, where it is no such profile, or where the caller may not look: a note says so.
pub(crate) async fn behind(cx: &Call<Bedrock>, model: &ModelId) -> ModelId {
    cx.part("the model behind the profile", found(cx, model).await).unwrap_or_else(|| model.clone())
}

/// The model itself, where it is no such profile.
///
/// # Errors
/// When the caller may not look.
pub(crate) async fn found(cx: &Call<Bedrock>, model: &ModelId) -> Result<ModelId> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if model.kind() != Some(PROFILE) {
        return Ok(model.clone());
    }
    if let Some(found) = known().get(model.as_str()) {
        return Ok(found.clone());
    }
    let asked = cx.client().bedrock.get_inference_profile().inference_profile_identifier(model.as_str());
    let profile = asked.send().await?;
    // A profile has one model, once for each of its regions.
    let mut arns = profile.models.into_iter().filter_map(|model| model.model_arn);
    match arns.find_map(|arn| ModelId::parse(&arn).ok()) {
        Some(found) => {
            known().insert(model.to_string(), found.clone());
            Ok(found)
        }
        None => Ok(model.clone()),
    }
}
