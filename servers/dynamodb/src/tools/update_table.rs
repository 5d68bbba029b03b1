use std::time::Instant;

use aws_sdk_dynamodb::{
    operation::update_table::builders::UpdateTableFluentBuilder,
    types::{
        AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction,
        DeleteGlobalSecondaryIndexAction, DeleteReplicationGroupMemberAction, GlobalSecondaryIndexUpdate,
        OnDemandThroughput, ReplicationGroupUpdate, StreamSpecification, TableDescription,
        UpdateGlobalSecondaryIndexAction,
    },
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Region, Result, Risk, Spec, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    blueprint::{Class, NewIndex, View, definitions, failed, units},
    names::{KeyAttribute, TableName},
    table,
    waiting::{Waited, outcome, settle_since},
};

/// Changes a table: billing, indexes, stream, class, protection, replicas; one step after the other, waiting for each.
///
/// Deleting an index or a replica needs destroy allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateTable {
    table: TableName,
    #[serde(default)]
    on_demand: bool,
    /// Provisioned, together with write_units.
    #[schemars(range(min = 1))]
    read_units: Option<i64>,
    #[schemars(range(min = 1))]
    write_units: Option<i64>,
    /// On demand, at most; -1 for no limit.
    max_read_units: Option<i64>,
    max_write_units: Option<i64>,
    #[serde(default)]
    create_indexes: Vec<NewIndex>,
    #[serde(default)]
    delete_indexes: Vec<String>,
    stream: Option<View>,
    table_class: Option<Class>,
    deletion_protection: Option<bool>,
    /// Regions.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    add_replicas: Vec<Region>,
    #[serde(default)]
    #[schemars(extend("default" = []))]
    delete_replicas: Vec<Region>,
    /// For each step, 120 unless given.
    #[schemars(range(max = 3000))]
    wait_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    table: String,
    done: Vec<String>,
    status: String,
}

impl Change for UpdateTable {
    type Service = DynamoDb;
    type Output = One<Updated>;
    type Items = ();
    const SPEC: Spec = Spec::write("update_table", "Update table")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:UpdateTable"])
        .when("add_replicas")
        // What DynamoDB itself does with the caller's permissions, to fill the replica.
        .on(arns::TABLE, FILLING)
        .on(arns::NEW_REPLICA, FILLING)
        .when("delete_replicas")
        .on(arns::TABLE, &["dynamodb:DeleteTableReplica"])
        .on(arns::OLD_REPLICA, &["dynamodb:DeleteTableReplica"])
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        if !self.delete_indexes.is_empty() || !self.delete_replicas.is_empty() {
            cx.permit("update_table with delete_indexes or delete_replicas", Risk::Destroy)?;
        }
        let description = table::describe(cx, &self.table).await?;
        let steps = self.steps(&description)?;
        let mut plan = Plan::new(format!(
            "change {} in {} step{}",
            self.table,
            steps.len(),
            if steps.len() == 1 { "" } else { "s" }
        ));
        for step in &steps {
            plan = plan.row(json!({"step": step.name, "now": step.now}));
        }
        let mut ask = false;
        for (given, warning) in [
            (
                !self.delete_indexes.is_empty(),
                "queries of a deleted index fail; making it anew reads the whole table",
            ),
            (!self.delete_replicas.is_empty(), "a deleted replica's data is gone from its region"),
            (self.deletion_protection == Some(false), "without protection the table can be deleted"),
            (self.stream == Some(View::Off), "what reads the stream hears nothing any more"),
        ] {
            if given {
                plan = plan.warning(warning);
                ask = true;
            }
        }
        if !self.create_indexes.is_empty() {
            plan = plan.warning(
                "a new index is filled from the whole table: that takes time and, provisioned, write units",
            );
        }
        let plan = plan.state(json!(table::pending(&description)));
        Ok(if ask { plan.ask() } else { plan })
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let description = table::describe(cx, &self.table).await?;
        let steps = self.steps(&description)?;
        let begun = Instant::now();
        let (mut done, total) = (Vec::new(), steps.len() as u64);
        for step in steps {
            let request = cx.client().db.update_table().table_name(self.table.as_str());
            if let Err(error) = (step.change)(request).send().await.map_err(Error::from) {
                let mut error = error;
                if !done.is_empty() {
                    error.message = format!("{}; done before: {}", error.message, done.join(", "));
                }
                return Err(error);
            }
            done.push(step.name);
            let waited = settle_since(begun, cx, &self.table, self.wait_seconds.unwrap_or(120)).await?;
            if let Waited::Pending(_) = &waited {
                let left = total - done.len() as u64;
                if left > 0 {
                    cx.note(format!("{left} further steps were not begun: the table takes one at a time"));
                }
                return Ok(One(Updated {
                    table: self.table.to_string(),
                    done,
                    status: outcome(cx, &waited),
                }));
            }
        }
        Ok(One(Updated { table: self.table.to_string(), done, status: "ACTIVE".to_owned() }))
    }
}

/// What a new replica takes, in the table's region and in its own.
const FILLING: &[&str] = &[
    "dynamodb:CreateTableReplica",
    "dynamodb:CreateTable",
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

type Build = Box<dyn FnOnce(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder + Send>;

/// One request: DynamoDB takes one kind of change at a time.
struct Step {
    name: String,
    now: String,
    change: Build,
}

impl Step {
    fn new(
        name: impl Into<String>,
        now: impl Into<String>,
        change: impl FnOnce(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder + Send + 'static,
    ) -> Step {
        Step { name: name.into(), now: now.into(), change: Box::new(change) }
    }
}

impl UpdateTable {
    fn steps(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let mut steps = self.billing(table)?;
        let known: Vec<String> = table::indexes(table).into_iter().map(|index| index.name).collect();
        for name in self.delete_indexes.clone() {
            if !known.contains(&name) {
                let meant = nearest(&name, known.iter().map(String::as_str));
                let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                return Err(Error::not_found(format!("{} has no index {name}{meant}", self.table))
                    .with_next(table::layout(table)));
            }
            let delete =
                DeleteGlobalSecondaryIndexAction::builder().index_name(&name).build().map_err(failed)?;
            let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
            steps.push(Step::new(format!("delete index {name}"), "", |request| {
                request.global_secondary_index_updates(update)
            }));
        }
        let provisioned = table::billing(table) != "on demand" && !self.on_demand;
        for index in &self.create_indexes {
            if known.contains(&index.name.to_string()) {
                return Err(Error::conflict(format!("{} has an index {} already", self.table, index.name))
                    .with_next(table::layout(table)));
            }
            let own = table.attribute_definitions().iter().map(|definition| KeyAttribute {
                name: definition.attribute_name.clone(),
                kind: definition.attribute_type.clone(),
            });
            let own: Vec<KeyAttribute> = own.collect();
            let all: Vec<AttributeDefinition> = definitions(own.iter().chain(index.keys()))?;
            let units = if provisioned {
                units(self.read_units.or(Some(5)), self.write_units.or(Some(5)))?
            } else {
                None
            };
            let update = GlobalSecondaryIndexUpdate::builder().create(index.creation(units)?).build();
            steps.push(Step::new(format!("create index {}: {}", index.name, index.words()), "", |request| {
                request.set_attribute_definitions(Some(all)).global_secondary_index_updates(update)
            }));
        }
        if let Some(view) = self.stream {
            let now = table.stream_specification().filter(|stream| stream.stream_enabled);
            let now = now
                .and_then(|stream| stream.stream_view_type())
                .map_or("off".to_owned(), ToString::to_string);
            let stream = StreamSpecification::builder()
                .stream_enabled(view != View::Off)
                .set_stream_view_type(view.aws())
                .build()
                .map_err(failed)?;
            let wanted = view.aws().map_or("off".to_owned(), |view| view.to_string());
            steps.push(Step::new(format!("stream {wanted}"), now, |request| {
                request.stream_specification(stream)
            }));
        }
        if let Some(class) = self.table_class {
            let class = class.aws();
            let now = table.table_class_summary().and_then(|summary| summary.table_class());
            let now = now.map_or("STANDARD".to_owned(), ToString::to_string);
            steps.push(Step::new(format!("table class {class}"), now, |request| request.table_class(class)));
        }
        if let Some(on) = self.deletion_protection {
            let word = |on| if on { "on" } else { "off" };
            let now = word(table.deletion_protection_enabled.unwrap_or(false));
            steps.push(Step::new(format!("deletion protection {}", word(on)), now, move |request| {
                request.deletion_protection_enabled(on)
            }));
        }
        for region in self.delete_replicas.clone() {
            let delete = DeleteReplicationGroupMemberAction::builder()
                .region_name(region.as_str())
                .build()
                .map_err(failed)?;
            let update = ReplicationGroupUpdate::builder().delete(delete).build();
            steps.push(Step::new(format!("delete replica {region}"), "", |request| {
                request.replica_updates(update)
            }));
        }
        for region in self.add_replicas.clone() {
            let create = CreateReplicationGroupMemberAction::builder()
                .region_name(region.as_str())
                .build()
                .map_err(failed)?;
            let update = ReplicationGroupUpdate::builder().create(create).build();
            steps.push(Step::new(format!("add replica {region}"), "", |request| {
                request.replica_updates(update)
            }));
        }
        if steps.is_empty() {
            return Err(Error::invalid("nothing to change")
                .with_next("a good one is \"deletion_protection\": true, or \"create_indexes\": [{\"name\": \"by-date\", \"partition_key\": \"type\", \"sort_key\": \"date\"}]"));
        }
        Ok(steps)
    }

    fn billing(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let now = table::billing(table);
        let units = units(self.read_units, self.write_units)?;
        let limits = (self.max_read_units.is_some() || self.max_write_units.is_some()).then(|| {
            OnDemandThroughput::builder()
                .set_max_read_request_units(self.max_read_units)
                .set_max_write_request_units(self.max_write_units)
                .build()
        });
        if self.on_demand && units.is_some() {
            return Err(Error::invalid("give `on_demand`, or `read_units` and `write_units`, not both"));
        }
        let mut steps = Vec::new();
        if self.on_demand || limits.is_some() {
            let on_demand = self.on_demand;
            let limit = |units: Option<i64>| units.map_or("unchanged".to_owned(), |units| units.to_string());
            let name = match &limits {
                Some(limits) => format!(
                    "on demand, at most {} read, {} write",
                    limit(limits.max_read_request_units),
                    limit(limits.max_write_request_units)
                ),
                None => "on demand".to_owned(),
            };
            steps.push(Step::new(name, now, move |request| {
                let request = request.set_on_demand_throughput(limits);
                if on_demand { request.billing_mode(BillingMode::PayPerRequest) } else { request }
            }));
        } else if let Some(units) = units {
            let (read, write) = (units.read_capacity_units, units.write_capacity_units);
            // A table that leaves on demand must say the units of its indexes too.
            let indexes = if now == "on demand" { table.global_secondary_indexes() } else { &[] };
            let updates: Vec<GlobalSecondaryIndexUpdate> = indexes
                .iter()
                .map(|index| {
                    let update = UpdateGlobalSecondaryIndexAction::builder()
                        .index_name(index.index_name().unwrap_or_default())
                        .provisioned_throughput(units.clone())
                        .build()
                        .map_err(failed)?;
                    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
                })
                .collect::<Result<_>>()?;
            steps.push(Step::new(format!("provisioned {read} read, {write} write"), now, |request| {
                request
                    .billing_mode(BillingMode::Provisioned)
                    .provisioned_throughput(units)
                    .set_global_secondary_index_updates((!updates.is_empty()).then_some(updates))
            }));
        }
        Ok(steps)
    }
}
