use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableTarget, ScalingPolicy};
use aws_sdk_dynamodb::types::{
    ContributorInsightsStatus, Projection, ProvisionedThroughputDescription, ReplicaDescription,
    TableDescription,
};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::TableName,
    options::{self, Parts},
    scaling,
    table::{self, Keys},
    vectors,
};

/// Shows a table: keys, indexes, capacity, size, TTL, backups, streams, replicas, tags.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeTable {
    table: TableName,
    /// Also how its units follow their use (scale_table).
    #[serde(default)]
    scaling: bool,
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
    /// By their use, of a table with units.
    scaling: Vec<String>,
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
    const SPEC: Spec = Spec::read("describe_table", "Describe table")
        .on(
            arns::TABLE,
            &[
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeContributorInsights",
                "dynamodb:GetResourcePolicy",
                "dynamodb:ListTagsOfResource",
            ],
        )
        .when("scaling")
        .on(
            "*",
            &[
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
            ],
        )
        .names_no_resource();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let (db, name) = (&cx.client().db, self.table.as_str());
        let description = table::describe(cx, &self.table).await?;
        let arn = description.table_arn().unwrap_or(name).to_owned();
        let (ttl, backups, insights, policy, tags, scaling) = futures::join!(
            db.describe_time_to_live().table_name(name).send(),
            db.describe_continuous_backups().table_name(name).send(),
            db.describe_contributor_insights().table_name(name).send(),
            db.get_resource_policy().resource_arn(&arn).send(),
            tags(cx, &arn),
            self.scales(cx, &description),
        );
        let mut card = Table::new(&description);
        let mut part = Parts::default();
        card.ttl = part.read("ttl (dynamodb:DescribeTimeToLive)", ttl.map_err(Error::from)).map(options::ttl);
        let backups = backups.map_err(Error::from);
        card.pitr = part.read("pitr (dynamodb:DescribeContinuousBackups)", backups).map(options::recovery);
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
        let policy = options::has_policy(policy.map_err(Error::from));
        card.resource_policy = part.read("resource_policy (dynamodb:GetResourcePolicy)", policy);
        card.tags = part.read("tags (dynamodb:ListTagsOfResource)", tags).unwrap_or_default();
        match scaling {
            Ok((targets, policies)) => {
                let policies =
                    part.read("scaling policies (application-autoscaling:DescribeScalingPolicies)", policies);
                card.scaling = scaling::words(&targets, policies.as_deref());
            }
            denied => {
                part.read("scaling (application-autoscaling:DescribeScalableTargets)", denied);
            }
        }
        card.unknown = part.unknown;
        Ok(One(card))
    }
}

impl DescribeTable {
    /// How the units scale, and by which policies; nothing of a table that has no units.
    async fn scales(
        &self,
        cx: &Call<DynamoDb>,
        table: &TableDescription,
    ) -> Result<(Vec<ScalableTarget>, Result<Vec<ScalingPolicy>>)> {
        if !self.scaling || table::billing(table) == "on demand" {
            return Ok((Vec::new(), Ok(Vec::new())));
        }
        if let Some(account) = self.table.elsewhere(cx).await? {
            return Err(Error::invalid(format!("it is of account {account}")));
        }
        let targets = scaling::targets(cx, &scaling::resources(table)).await?;
        let mut ids: Vec<String> = targets.iter().map(|target| target.resource_id.clone()).collect();
        ids.sort();
        ids.dedup();
        let policies = scaling::policies(cx, &ids).await;
        Ok((targets, policies))
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
            stream: options::stream(table),
            stream_arn: options::stream(table).and_then(|_| table.latest_stream_arn.clone()),
            replicas: table.replicas().iter().map(replica).collect(),
            encryption: options::encryption(table),
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
    let vectors = table.vector_indexes().iter().map(|index| IndexCard {
        name: index.index_name().unwrap_or_default().to_owned(),
        kind: "vector",
        key: vectors::described(index, definitions),
        projection: projection(index.projection()),
        status: index.index_status().filter(|status| status.as_str() != "ACTIVE").map(ToString::to_string),
        items: index.item_count,
        size_bytes: index.index_size_bytes,
        units: None,
    });
    global.chain(local).chain(vectors).collect()
}

fn projection(projection: Option<&Projection>) -> String {
    match table::projected(projection) {
        None => "all attributes".to_owned(),
        Some(names) if names.is_empty() => "keys only".to_owned(),
        Some(names) => format!("keys and {}", names.join(", ")),
    }
}
