//! The steps of a change, one request each.

use aws_sdk_dynamodb::{
    operation::update_table::builders::UpdateTableFluentBuilder,
    types::{
        AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction,
        DeleteGlobalSecondaryIndexAction, DeleteReplicationGroupMemberAction, DeleteVectorIndexAction,
        GlobalSecondaryIndexUpdate, OnDemandThroughput, ReplicationGroupUpdate, StreamSpecification,
        TableDescription, UpdateGlobalSecondaryIndexAction, VectorIndexUpdate,
    },
};
use awsmcp_mcp::{Error, Result, nearest};

use super::UpdateTable;
use crate::{
    blueprint::{View, definitions, failed, units},
    names::KeyAttribute,
    table, vectors,
};

pub(super) type Build = Box<dyn FnOnce(UpdateTableFluentBuilder) -> UpdateTableFluentBuilder + Send>;

/// One request: DynamoDB takes one kind of change at a time.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) now: String,
    pub(super) change: Build,
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

/// The names of all indexes of a table.
fn names(table: &TableDescription) -> Vec<String> {
    let vectors = table.vector_indexes().iter().filter_map(|index| index.index_name.clone());
    table::indexes(table).into_iter().map(|index| index.name).chain(vectors).collect()
}

impl UpdateTable {
    /// The types of the attributes that a table's keys have, and those of a new index. What only an index has that goes
    /// in the same call is no attribute of a key any more.
    fn all_definitions<'a>(
        &self,
        table: &TableDescription,
        keys: impl Iterator<Item = &'a KeyAttribute>,
    ) -> Result<Vec<AttributeDefinition>> {
        let all = table.global_secondary_indexes().iter();
        let (gone, kept): (Vec<_>, Vec<_>) = all.partition(|index| {
            self.delete_indexes.iter().any(|name| Some(name.as_str()) == index.index_name())
        });
        let kept = kept.into_iter().map(|index| index.key_schema());
        let local = table.local_secondary_indexes().iter().map(|index| index.key_schema());
        let kept: Vec<&str> = kept
            .chain(local)
            .chain([table.key_schema()])
            .flatten()
            .map(|element| element.attribute_name())
            .collect();
        let gone =
            gone.into_iter().flat_map(|index| index.key_schema()).map(|element| element.attribute_name());
        let gone: Vec<&str> = gone.filter(|name| !kept.contains(name)).collect();
        let own = table.attribute_definitions().iter();
        let own = own.filter(|definition| !gone.contains(&definition.attribute_name()));
        let own = own.map(|definition| KeyAttribute {
            name: definition.attribute_name.clone(),
            kind: definition.attribute_type.clone(),
        });
        let all: Vec<KeyAttribute> = own.chain(keys.cloned()).collect();
        definitions(&all)
    }

    /// What is to be done, in order: what goes makes room for what comes. A stream, units or a class that
    /// it has already are no step: DynamoDB refuses them.
    pub(super) fn steps(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let mut steps = self.billing(table)?;
        steps.extend(self.deleted_indexes(table)?);
        steps.extend(self.created_indexes(table)?);
        steps.extend(self.created_vector_indexes(table)?);
        steps.extend(self.settings(table)?);
        steps.extend(self.replicas()?);
        if steps.is_empty() && self.asks() {
            return Err(Error::conflict(format!("nothing to change: {} is so already", self.table))
                .with_next("describe_table shows it as it is"));
        }
        if steps.is_empty() {
            return Err(Error::invalid("nothing to change")
                .with_next("a good one is \"deletion_protection\": true, or \"create_indexes\": [{\"name\": \"by-date\", \"partition_key\": \"type\", \"sort_key\": \"date\"}]"));
        }
        Ok(steps)
    }

    /// Whether anything is given that a table may have already.
    fn asks(&self) -> bool {
        let units = self.read_units.is_some() || self.write_units.is_some();
        units || self.on_demand || self.stream.is_some() || self.table_class.is_some()
    }

    fn deleted_indexes(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let known = names(table);
        let mut steps = Vec::new();
        for name in self.delete_indexes.clone() {
            if vectors::find(table, &name).is_some() {
                let delete = DeleteVectorIndexAction::builder().index_name(&name).build().map_err(failed)?;
                let update = VectorIndexUpdate::builder().delete(delete).build();
                steps.push(Step::new(format!("delete vector index {name}"), "", |request| {
                    request.vector_index_updates(update)
                }));
                continue;
            }
            if !known.contains(&name) {
                let meant = nearest(&name, known.iter().map(String::as_str));
                let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                return Err(Error::not_found(format!("{} has no index {name}{meant}", self.table))
                    .with_next(table::layout(table)));
            }
            if table.local_secondary_indexes().iter().any(|index| index.index_name() == Some(&name)) {
                return Err(Error::invalid(format!(
                    "{name} is a local index of {}: it goes only with the table",
                    self.table
                ))
                .with_next("a new table without it, made with create_table, takes a copy of the items"));
            }
            let delete =
                DeleteGlobalSecondaryIndexAction::builder().index_name(&name).build().map_err(failed)?;
            let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
            steps.push(Step::new(format!("delete index {name}"), "", |request| {
                request.global_secondary_index_updates(update)
            }));
        }
        Ok(steps)
    }

    /// # Errors
    /// When the table has an index of this name already; one that goes in the same call makes room for it.
    fn is_free(&self, table: &TableDescription, name: &str) -> Result<()> {
        if names(table).iter().any(|own| own == name) && !self.delete_indexes.iter().any(|gone| gone == name)
        {
            return Err(Error::conflict(format!("{} has an index {name} already", self.table))
                .with_next(table::layout(table)));
        }
        Ok(())
    }

    fn created_vector_indexes(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let on_demand = self.on_demand || table::billing(table) == "on demand" && self.read_units.is_none();
        if !self.create_vector_indexes.is_empty() && !on_demand {
            return Err(Error::invalid("DynamoDB has vector indexes only of tables that bill on demand")
                .with_next("`on_demand` in the same call makes it so"));
        }
        let mut steps = Vec::new();
        for index in &self.create_vector_indexes {
            self.is_free(table, index.name.as_str())?;
            let all = self.all_definitions(table, index.keys())?;
            let update = VectorIndexUpdate::builder().create(index.creation()?).build();
            let name = format!("create vector index {}: {}", index.name, index.words());
            steps.push(Step::new(name, "", |request| {
                request.set_attribute_definitions(Some(all)).vector_index_updates(update)
            }));
        }
        Ok(steps)
    }

    fn created_indexes(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let provisioned =
            self.read_units.is_some() || table::billing(table) != "on demand" && !self.on_demand;
        let mut steps = Vec::new();
        for index in &self.create_indexes {
            self.is_free(table, index.name.as_str())?;
            let all = self.all_definitions(table, index.keys())?;
            let units = if provisioned {
                units(self.read_units.or(Some(5)), self.write_units.or(Some(5)))?
            } else {
                None
            };
            let update = GlobalSecondaryIndexUpdate::builder().create(index.creation(units)?).build();
            let name = format!("create index {}: {}", index.name, index.words());
            steps.push(Step::new(name, "", |request| {
                request.set_attribute_definitions(Some(all)).global_secondary_index_updates(update)
            }));
        }
        Ok(steps)
    }

    /// Stream, class and protection.
    fn settings(&self, table: &TableDescription) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
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
            if now != "off" && wanted != "off" && now != wanted {
                return Err(Error::conflict(format!(
                    "{} has a stream of {now}: what a stream shows cannot be changed",
                    self.table
                ))
                .with_next("`stream` OFF, and then on: that is a new stream with an ARN of its own, to which what reads it must be moved"));
            }
            if now != wanted {
                steps.push(Step::new(format!("stream {wanted}"), now, |request| {
                    request.stream_specification(stream)
                }));
            }
        }
        if let Some(class) = self.table_class {
            let class = class.aws();
            let now = table.table_class_summary().and_then(|summary| summary.table_class());
            let now = now.map_or("STANDARD".to_owned(), ToString::to_string);
            if now != class.as_str() {
                steps.push(Step::new(format!("table class {class}"), now, |request| {
                    request.table_class(class)
                }));
            }
        }
        if let Some(on) = self.deletion_protection {
            let word = |on| if on { "on" } else { "off" };
            let now = word(table.deletion_protection_enabled.unwrap_or(false));
            steps.push(Step::new(format!("deletion protection {}", word(on)), now, move |request| {
                request.deletion_protection_enabled(on)
            }));
        }
        Ok(steps)
    }

    fn replicas(&self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
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
        if limits.is_some() || self.on_demand && now != "on demand" {
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
            let own = table.provisioned_throughput().filter(|_| now != "on demand");
            if own.is_some_and(|own| {
                (own.read_capacity_units, own.write_capacity_units) == (Some(read), Some(write))
            }) {
                return Ok(steps);
            }
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
