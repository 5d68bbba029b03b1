use std::collections::BTreeMap;

use aws_sdk_bedrock::types::{InferenceProfileModelSource, InferenceProfileType, Tag};
use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, builders::missing, models::profiles, names::ModelId, retrieval::model_arn};

/// Makes an inference profile of the account's own, to tell costs apart by its tags. Deleted by delete_artefact.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateProfile {
    name: String,
    /// The model, or AWS's profile, that it stands for.
    model: ModelId,
    description: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    /// What to pass as `model`.
    arn: String,
    status: Option<String>,
}

impl Change for CreateProfile {
    type Service = Bedrock;
    type Output = One<Created>;
    /// The ARN of what it stands for.
    type Items = String;
    const SPEC: Spec = Spec::write("create_profile", "Create profile")
        .on("*", &["bedrock:ListInferenceProfiles"])
        .on(arns::ANY_APPLICATION_INFERENCE_PROFILE, &["bedrock:CreateInferenceProfile"])
        // Whoever may call the profile reaches the model behind it: it is held to the list as if it were called.
        .on(arns::FOUNDATION_MODEL, &["bedrock:CreateInferenceProfile"])
        .on(arns::INFERENCE_PROFILE, &["bedrock:CreateInferenceProfile"])
        .when("tags")
        .on(arns::ANY_APPLICATION_INFERENCE_PROFILE, &["bedrock:TagResource"])
        .names_no_resource()
        .optional()
        .shown_by("list_profiles");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<String>> {
        let (system, own) = tokio::join!(
            profiles(cx, InferenceProfileType::SystemDefined),
            profiles(cx, InferenceProfileType::Application)
        );
        let source = self.source(cx, &system?);
        let mut plan = Plan::new(format!("create inference profile {} of {source}", self.name));
        if let Some(same) = own?.iter().find(|profile| profile.inference_profile_name == self.name) {
            // One that the operator did not allow is not named.
            let may = cx.may_on("bedrock:GetInferenceProfile", &same.inference_profile_arn).is_ok();
            let which = if may { same.inference_profile_arn.as_str() } else { "another" };
            plan = plan.warning(format!("{which} has this name already"));
        }
        Ok(plan.items(source))
    }

    async fn apply(self, source: String, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let tags = self.tags.map(|tags| {
            tags.into_iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect::<Result<Vec<_>, _>>()
        });
        let out = cx
            .client()
            .bedrock
            .create_inference_profile()
            .inference_profile_name(self.name)
            .set_description(self.description)
            .model_source(InferenceProfileModelSource::CopyFrom(source))
            .set_tags(tags.transpose().map_err(missing)?)
            .send()
            .await?;
        Ok(One(Created {
            arn: out.inference_profile_arn,
            status: out.status.map(|status| status.to_string()),
        }))
    }
}

impl CreateProfile {
    /// The ARN of the profile of that id, or of the model.
    fn source(
        &self,
        cx: &Call<Bedrock>,
        system: &[aws_sdk_bedrock::types::InferenceProfileSummary],
    ) -> String {
        let found = system.iter().find(|profile| profile.inference_profile_id == self.model.as_str());
        found.map_or_else(
            || model_arn(&self.model, cx.region()),
            |profile| profile.inference_profile_arn.clone(),
        )
    }
}
