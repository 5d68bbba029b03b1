use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    ContributorInsightsStatus, PointInTimeRecoveryStatus, Projection, ProjectionType,
    ProvisionedThroughputDescription, ReplicaDescription, TableDescription, TimeToLiveStatus,
};
use awsmcp_aws::utc_second;
use awsmcp_mcp::{Call, Error, Kind, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::TableName,
    table::{self, Keys},
};

/// Shows a table: keys, indexes, capacity, size, TTL, backups, streams, replicas, tags.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeTable {
    table: TableName,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Table {
    table: String,
    status: Option<String>,
    created: Option<String>,
    /// AWS counts every six hours.
    items: Option<i64>,
    size_bytes: Option<i64>,
    key: String,
    indexes: Vec<IndexCard>,
    billing: String,
    max_read_units: Option<i64>,
    max_write_units: Option<i64>,
    table_class: Option<String>,
    ttl: Option<String>,
    /// Point-in-time recovery.
    pitr: Option<String>,
    stream: Option<String>,
    stream_arn: Option<String>,
    replicas: Vec<String>,
    tags: BTreeMap<String, String>,
    encryption: Option<String>,
    deletion_protection: Option<bool>,
    insights: Option<String>,
    resource_policy: Option<bool>,
    restored_from: Option<String>,
    arn: Option<String>,
    /// What could not be read, with the permission it needs.
    unknown: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct IndexCard {
    name: String,
    kind: &'static str,
    key: String,
    projection: String,
    status: Option<String>,
    items: Option<i64>,
    size_bytes: Option<i64>,
    units: Option<String>,
}

impl Tool for DescribeTable {
    type Service = DynamoDb;
    type Output = One<Table>;
    const SPEC: Spec = Spec::read("describe_table", "Describe table").on(
        arns::TABLE,
        &[
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeContributorInsights",
            "dynamodb:GetResourcePolicy",
            "dynamodb:ListTagsOfResource",
        ],
    );

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let (db, name) = (&cx.client().db, self.table.as_str());
        let description = table::describe(cx, &self.table).await?;
        let arn = description.table_arn().unwrap_or(name).to_owned();
        let (ttl, backups, insights, policy, tags) = futures::join!(
            db.describe_time_to_live().table_name(name).send(),
            db.describe_continuous_backups().table_name(name).send(),
            db.describe_contributor_insights().table_name(name).send(),
            db.get_resource_policy().resource_arn(&arn).send(),
            tags(cx, &arn),
        );
        let mut card = Table::new(&description);
        let mut part = Parts::default();
        card.ttl = part.read("ttl (dynamodb:DescribeTimeToLive)", ttl.map_err(Error::from)).map(|out| {
            let ttl = out.time_to_live_description;
            let status = ttl.as_ref().and_then(|ttl| ttl.time_to_live_status.clone());
            match (status, ttl.and_then(|ttl| ttl.attribute_name)) {
                (Some(TimeToLiveStatus::Enabled), Some(attribute)) => format!("by {attribute}"),
                (Some(TimeToLiveStatus::Disabled) | None, _) => "off".to_owned(),
                (Some(status), attribute) => format!("{status} {}", attribute.unwrap_or_default()),
            }
        });
        card.pitr =
            part.read("pitr (dynamodb:DescribeContinuousBackups)", backups.map_err(Error::from)).map(|out| {
                let pitr =
                    out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
                let on = pitr.as_ref().and_then(|it| it.point_in_time_recovery_status.clone());
                match pitr.filter(|_| on == Some(PointInTimeRecoveryStatus::Enabled)) {
                    Some(pitr) => format!(
                        "from {} to {}",
                        pitr.earliest_restorable_date_time.as_ref().map(utc_second).unwrap_or_default(),
                        pitr.latest_restorable_date_time.as_ref().map(utc_second).unwrap_or_default()
                    ),
                    None => "off".to_owned(),
                }
            });
        let insights = insights.map_err(Error::from);
        card.insights = part.read("insights (dynamodb:DescribeContributorInsights)", insights).map(|out| {
            match (out.contributor_insights_status, out.contributor_insights_mode) {
                (Some(ContributorInsightsStatus::Disabled) | None, _) => "off".to_owned(),
                (Some(status), mode) => {
                    let mode = mode.map(|mode| format!(", {mode}")).unwrap_or_default();
                    format!("{status}{mode}")
                }
            }
        });
        let policy = match policy.map_err(Error::from) {
            Err(error) if error.kind == Kind::NotFound => Ok(false),
            other => other.map(|out| out.policy.is_some()),
        };
        card.resource_policy = part.read("resource_policy (dynamodb:GetResourcePolicy)", policy);
        card.tags = part.read("tags (dynamodb:ListTagsOfResource)", tags).unwrap_or_default();
        card.unknown = part.unknown;
        Ok(One(card))
    }
}

/// What could not be read does not keep the rest from being shown.
#[derive(Default)]
struct Parts {
    unknown: Vec<String>,
}

impl Parts {
    fn read<T>(&mut self, what: &str, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| {
                let why = error.code.clone().unwrap_or_else(|| error.kind.name().to_owned());
                self.unknown.push(format!("{what}: {why}"));
            })
            .ok()
    }
}

async fn tags(cx: &Call<DynamoDb>, arn: &str) -> Result<BTreeMap<String, String>> {
    let (mut tags, mut next) = (BTreeMap::new(), None);
    loop {
        let out =
            cx.client().db.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await?;
        tags.extend(out.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = out.next_token;
        if next.is_none() {
            return Ok(tags);
        }
    }
}

impl Table {
    fn new(table: &TableDescription) -> Table {
        let stream = table.stream_specification().filter(|stream| stream.stream_enabled);
        let limits = table.on_demand_throughput();
        let most = |units: Option<i64>| units.filter(|units| *units > 0);
        Table {
            table: table.table_name().unwrap_or_default().to_owned(),
            status: table.table_status().map(ToString::to_string),
            created: table.creation_date_time().map(utc_second),
            items: table.item_count,
            size_bytes: table.table_size_bytes,
            key: Keys::of(table).words(),
            indexes: indexes(table),
            billing: table::billing(table),
            max_read_units: most(limits.and_then(|limits| limits.max_read_request_units)),
            max_write_units: most(limits.and_then(|limits| limits.max_write_request_units)),
            table_class: table
                .table_class_summary()
                .and_then(|summary| summary.table_class())
                .map(ToString::to_string),
            stream: stream.and_then(|stream| stream.stream_view_type()).map(ToString::to_string),
            stream_arn: stream.and_then(|_| table.latest_stream_arn.clone()),
            replicas: table.replicas().iter().map(replica).collect(),
            encryption: table.sse_description().map(|sse| {
                let kind = sse.sse_type().map(ToString::to_string).unwrap_or_default();
                let key = sse.kms_master_key_arn().unwrap_or_default();
                format!("{kind} {key}").trim().to_owned()
            }),
            deletion_protection: table.deletion_protection_enabled,
            restored_from: table.restore_summary().map(|summary| {
                let from = summary.source_backup_arn().or(summary.source_table_arn()).unwrap_or_default();
                format!("{from} as of {}", utc_second(summary.restore_date_time()))
            }),
            arn: table.table_arn.clone(),
            ..Table::default()
        }
    }
}

fn replica(replica: &ReplicaDescription) -> String {
    let status = replica.replica_status().map(|status| format!(" {status}")).unwrap_or_default();
    format!("{}{status}", replica.region_name().unwrap_or_default())
}

fn indexes(table: &TableDescription) -> Vec<IndexCard> {
    let definitions = table.attribute_definitions();
    let units = |units: Option<&ProvisionedThroughputDescription>| {
        let units = units
            .map(|units| (units.read_capacity_units.unwrap_or(0), units.write_capacity_units.unwrap_or(0)));
        units.filter(|units| *units != (0, 0)).map(|(read, write)| format!("{read} read, {write} write"))
    };
    let global = table.global_secondary_indexes().iter().map(|index| IndexCard {
        name: index.index_name().unwrap_or_default().to_owned(),
        kind: "global",
        key: Keys::new(index.key_schema(), definitions).words(),
        projection: projection(index.projection()),
        status: index.index_status().filter(|status| status.as_str() != "ACTIVE").map(ToString::to_string),
        items: index.item_count,
        size_bytes: index.index_size_bytes,
        units: units(index.provisioned_throughput()),
    });
    let local = table.local_secondary_indexes().iter().map(|index| IndexCard {
        name: index.index_name().unwrap_or_default().to_owned(),
        kind: "local",
        key: Keys::new(index.key_schema(), definitions).words(),
        projection: projection(index.projection()),
        status: None,
        items: index.item_count,
        size_bytes: index.index_size_bytes,
        units: None,
    });
    global.chain(local).collect()
}

fn projection(projection: Option<&Projection>) -> String {
    match projection.and_then(|projection| projection.projection_type()) {
        Some(ProjectionType::KeysOnly) => "keys only".to_owned(),
        Some(ProjectionType::Include) => {
            let names = projection.map(|projection| projection.non_key_attributes()).unwrap_or_default();
            format!("keys and {}", names.join(", "))
        }
        _ => "all attributes".to_owned(),
    }
}
