use std::collections::BTreeMap;

use aws_sdk_sagemakerfeaturestoreruntime::types::{BatchGetRecordIdentifier, ExpirationTimeResponse};
use awsmcp_mcp::{AsIs, Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::get_record::of_features;
use crate::{
    SageMaker, arns,
    names::{FeatureGroupName, last_part},
};

/// Reads the latest records of several identifiers, each in all these feature groups, from their online stores.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetRecords {
    #[schemars(length(min = 1, max = 10))]
    feature_groups: Vec<FeatureGroupName>,
    /// The records' identifiers.
    #[schemars(length(min = 1, max = 100))]
    ids: Vec<String>,
    /// Default all; of one feature group.
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    feature_group: String,
    id: String,
    record: BTreeMap<String, AsIs>,
    expires: Option<String>,
    /// Why there is no record.
    problem: Option<String>,
}

/// A feature group and an identifier, and what was found of them.
type Found = BTreeMap<(String, String), Row>;

impl Tool for GetRecords {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("get_records", "Get records")
        .on(arns::FEATURE_GROUPS, &["sagemaker:BatchGetRecord"])
        .quotes()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        // AWS may leave some for another request.
        const MOST_TRIES: usize = 5;
        if self.feature_groups.len() > 1 && !self.features.is_empty() {
            return Err(Error::invalid("`features` are of one feature group: give one, or leave them out"));
        }
        let mut found = Found::new();
        let mut left = self.identifiers();
        for _ in 0..MOST_TRIES {
            if left.is_empty() {
                break;
            }
            let asked = cx.client().features.batch_get_record().set_identifiers(Some(left));
            let out = asked.expiration_time_response(ExpirationTimeResponse::Enabled).send().await?;
            for record in out.records.unwrap_or_default() {
                let group = record.feature_group_name.unwrap_or_default();
                let id = record.record_identifier_value_as_string.unwrap_or_default();
                let mut row = Row::of(last_part(&group), &id);
                (row.record, row.expires) = (of_features(record.record), record.expires_at);
                // What was deleted has an identifier and no features.
                row.problem = row.record.is_empty().then(|| NONE.to_owned());
                found.insert(row.key(), row);
            }
            for failed in out.errors.unwrap_or_default() {
                let group = failed.feature_group_name.unwrap_or_default();
                let id = failed.record_identifier_value_as_string.unwrap_or_default();
                let mut row = Row::of(last_part(&group), &id);
                let why = [failed.error_code, failed.error_message].into_iter().flatten();
                row.problem = Some(why.collect::<Vec<_>>().join(": "));
                found.insert(row.key(), row);
            }
            left = out.unprocessed_identifiers.unwrap_or_default();
        }
        let unread: Vec<(String, String)> = left.into_iter().flat_map(pairs).collect();
        let asked = self.identifiers().into_iter().flat_map(pairs);
        let rows = asked.map(|key| {
            let unread = unread.contains(&key);
            found.remove(&key).unwrap_or_else(|| {
                let mut row = Row::of(&key.0, &key.1);
                row.problem =
                    Some(if unread { "AWS did not come to it: ask again" } else { NONE }.to_owned());
                row
            })
        });
        let rows: Vec<Row> = rows.collect();
        Ok(cx.page(rows, None))
    }
}

const NONE: &str = "there is no such record in the online store";

/// Each group with each of its identifiers.
fn pairs(of: BatchGetRecordIdentifier) -> impl Iterator<Item = (String, String)> {
    let group = of.feature_group_name.map(|name| last_part(&name).to_owned()).unwrap_or_default();
    of.record_identifiers_value_as_string.unwrap_or_default().into_iter().map(move |id| (group.clone(), id))
}

impl GetRecords {
    /// What AWS is asked for: each identifier once.
    fn identifiers(&self) -> Vec<BatchGetRecordIdentifier> {
        let mut ids: Vec<String> = Vec::new();
        for id in &self.ids {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let features = Some(self.features.clone()).filter(|features| !features.is_empty());
        let mut groups: Vec<&str> = Vec::new();
        for group in &self.feature_groups {
            if !groups.contains(&group.as_str()) {
                groups.push(group.as_str());
            }
        }
        let of_group = groups.into_iter().map(|group| {
            BatchGetRecordIdentifier::builder()
                .feature_group_name(group)
                .set_record_identifiers_value_as_string(Some(ids.clone()))
                .set_feature_names(features.clone())
                .build()
        });
        of_group.collect()
    }
}

impl Row {
    fn of(group: &str, id: &str) -> Row {
        Row {
            feature_group: group.to_owned(),
            id: id.to_owned(),
            record: BTreeMap::new(),
            expires: None,
            problem: None,
        }
    }

    fn key(&self) -> (String, String) {
        (self.feature_group.clone(), self.id.clone())
    }
}
