use aws_sdk_bedrock::types::InferenceProfileType;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, arns, models::behind};

/// Lists inference profiles: the account's own, or AWS's (`system`). list_models joins them with models.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListProfiles {
    #[serde(default)]
    system: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    /// What to pass as `model`.
    id: String,
    name: String,
    models: Vec<String>,
    regions: Vec<String>,
    status: String,
    created: Option<String>,
    description: Option<String>,
}

impl Tool for ListProfiles {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_profiles", "List profiles")
        .on("*", &["bedrock:ListInferenceProfiles"])
        .rows(arns::LISTED_PROFILE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        let sort =
            if self.system { InferenceProfileType::SystemDefined } else { InferenceProfileType::Application };
        let out = cx
            .client()
            .bedrock
            .list_inference_profiles()
            .type_equals(sort)
            .max_results(cx.page_size())
            .set_next_token(cx.token())
            .send()
            .await?;
        let rows = out.inference_profile_summaries.unwrap_or_default().into_iter().map(|profile| {
            let arns = profile.models.iter().filter_map(|model| model.model_arn.as_deref());
            let mut regions: Vec<String> =
                arns.filter_map(|arn| Some(arn.split(':').nth(3)?.to_owned())).collect();
            regions.sort();
            regions.dedup();
            Row {
                models: behind(&profile),
                regions,
                status: profile.status.to_string(),
                created: profile.created_at.as_ref().filter(|_| !self.system).map(utc_second),
                id: if self.system { profile.inference_profile_id } else { profile.inference_profile_arn },
                name: profile.inference_profile_name,
                description: profile.description.filter(|_| !self.system),
            }
        });
        Ok(cx.page(rows, out.next_token))
    }
}
