use std::collections::BTreeMap;

use aws_sdk_sagemakerfeaturestoreruntime::types::{ExpirationTimeResponse, FeatureValue};
use awsmcp_mcp::{AsIs, Call, Error, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, names::FeatureGroupName};

/// Reads the latest record of a feature group's online store.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetRecord {
    feature_group: FeatureGroupName,
    /// The record's identifier.
    id: String,
    /// Default all.
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Record {
    id: String,
    record: BTreeMap<String, AsIs>,
    expires: Option<String>,
}

impl Tool for GetRecord {
    type Service = SageMaker;
    type Output = One<Record>;
    const SPEC: Spec = Spec::read("get_record", "Get record")
        .on(arns::FEATURE_GROUP, &["sagemaker:GetRecord"])
        .quotes()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let group = self.feature_group.as_str();
        let out = cx
            .client()
            .features
            .get_record()
            .feature_group_name(group)
            .record_identifier_value_as_string(&self.id)
            .set_feature_names(Some(self.features).filter(|features| !features.is_empty()))
            .expiration_time_response(ExpirationTimeResponse::Enabled)
            .send()
            .await?;
        let record = of_features(out.record);
        if record.is_empty() {
            return Err(Error::not_found(format!("the online store of {group} has no record {}", self.id)).with_next(
                "identifiers are compared as texts; list_features with `feature_group` shows which feature is the identifier",
            ));
        }
        Ok(One(Record { id: self.id, record, expires: out.expires_at }))
    }
}

/// A record by the names of its features: their values as texts, or lists of them, empty ones too.
pub(super) fn of_features(record: Option<Vec<FeatureValue>>) -> BTreeMap<String, AsIs> {
    let features = record.unwrap_or_default().into_iter().map(|feature| {
        let many = feature.value_as_string_list;
        let value = feature.value_as_string.map_or_else(|| serde_json::json!(many), serde_json::Value::from);
        (feature.feature_name.unwrap_or_default(), AsIs(value))
    });
    features.collect()
}
