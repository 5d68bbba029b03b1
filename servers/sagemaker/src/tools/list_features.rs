use aws_sdk_sagemaker::types::{FeatureGroupSortBy, FeatureGroupSortOrder, FeatureGroupSummary};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::FeatureGroupName};

/// Lists feature groups, or the features of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFeatures {
    /// Lists its features.
    feature_group: Option<FeatureGroupName>,
    /// Anywhere in the name.
    name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Group {
        name: String,
        status: Option<String>,
        created: Option<String>,
        offline_store: Option<String>,
    },
    Feature {
        feature: String,
        #[serde(rename = "type")]
        sort: Option<String>,
        role: Option<&'static str>,
    },
}

impl Tool for ListFeatures {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_features", "List features")
        .on("*", &["sagemaker:ListFeatureGroups"])
        .when("feature_group")
        .on(arns::FEATURE_GROUP, &["sagemaker:DescribeFeatureGroup"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let Some(group) = &self.feature_group else {
            let out = cx
                .client()
                .sagemaker
                .list_feature_groups()
                .set_name_contains(self.name)
                .sort_by(FeatureGroupSortBy::CreationTime)
                .sort_order(FeatureGroupSortOrder::Descending)
                .max_results(cx.page_size().min(100))
                .set_next_token(cx.token())
                .send()
                .await?;
            let groups = out.feature_group_summaries.unwrap_or_default().into_iter();
            let groups = groups.filter(|group| {
                crate::scope::allows(cx, "sagemaker:ListFeatureGroups", group.feature_group_arn.as_deref())
            });
            return Ok(cx.page(groups.map(row), out.next_token));
        };
        let sent = cx
            .client()
            .sagemaker
            .describe_feature_group()
            .feature_group_name(group.as_str())
            .set_next_token(cx.token())
            .send()
            .await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let status =
            found.feature_group_status.map_or("in an unknown state".to_owned(), |status| status.to_string());
        let online = found.online_store_config.is_some_and(|config| config.enable_online_store == Some(true));
        let offline = found
            .offline_store_config
            .and_then(|config| config.s3_storage_config)
            .and_then(|config| config.s3_uri);
        cx.note(format!(
            "the group is {status}; online store {}; offline store {}",
            if online { "on: get_record reads it" } else { "off" },
            offline.as_deref().unwrap_or("off")
        ));
        let (id, time) = (found.record_identifier_feature_name, found.event_time_feature_name);
        let name = self.name.unwrap_or_default();
        let features = found.feature_definitions.unwrap_or_default();
        // AWS's token goes on only where a page was full, whatever of it fits the name.
        let next = found.next_token.filter(|_| features.len() >= 2500);
        let features = features
            .into_iter()
            .filter(|feature| feature.feature_name.as_deref().unwrap_or_default().contains(&name))
            .map(|feature| Row::Feature {
                role: if feature.feature_name == id {
                    Some("identifier")
                } else if feature.feature_name == time {
                    Some("event time")
                } else {
                    None
                },
                feature: feature.feature_name.unwrap_or_default(),
                sort: feature.feature_type.map(|sort| sort.to_string()),
            });
        let features: Vec<Row> = features.collect();
        Ok(cx.page(features, next))
    }
}

fn row(group: FeatureGroupSummary) -> Row {
    Row::Group {
        name: group.feature_group_name.unwrap_or_default(),
        status: group.feature_group_status.map(|status| status.to_string()),
        created: group.creation_time.as_ref().map(utc_second),
        offline_store: group
            .offline_store_status
            .and_then(|store| store.status)
            .map(|status| status.to_string()),
    }
}
