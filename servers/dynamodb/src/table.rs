//! A table as tools need to know it: its keys, its indexes, its state.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, IndexStatus, KeySchemaElement, KeyType,
    OnDemandThroughput, ProvisionedThroughputDescription, ReplicaStatus, TableDescription, TableStatus,
};
use awsmcp_mcp::{Call, Error, Kind, Result, quoted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    DynamoDb,
    batch::reason,
    expression::meant,
    names::TableName,
    value::{self, Attributes},
};

/// Asks what a table is.
///
/// # Errors
/// When there is none, or the caller may not look.
pub(crate) async fn describe(cx: &Call<DynamoDb>, table: &TableName) -> Result<TableDescription> {
    let out = cx.client().db.describe_table().table_name(table.as_str()).send().await?;
    out.table.ok_or_else(|| Error::internal("AWS described no table"))
}

/// The key attributes of a table or an index, partition key first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Keys {
    /// Each with its type.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Keys {
    pub(crate) fn new(schema: &[KeySchemaElement], definitions: &[AttributeDefinition]) -> Keys {
        let kind = |name: &str| {
            let definition = definitions.iter().find(|definition| definition.attribute_name == name);
            definition.map(|definition| definition.attribute_type.as_str().to_owned()).unwrap_or_default()
        };
        let mut schema: Vec<&KeySchemaElement> = schema.iter().collect();
        schema.sort_by_key(|element| element.key_type != KeyType::Hash);
        let attributes =
            schema.into_iter().map(|element| (element.attribute_name.clone(), kind(&element.attribute_name)));
        Keys { attributes: attributes.collect() }
    }

    pub(crate) fn of(table: &TableDescription) -> Keys {
        Keys::new(table.key_schema(), table.attribute_definitions())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.attributes.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn partition(&self) -> &str {
        self.attributes.first().map(|(name, _)| name.as_str()).unwrap_or_default()
    }

    /// As a person would say it: `pk (S), sk (N)`.
    pub(crate) fn words(&self) -> String {
        self.attributes.iter().map(|(name, kind)| format!("{name} ({kind})")).collect::<Vec<_>>().join(", ")
    }

    /// The key of an item that has one.
    ///
    /// # Errors
    /// Names the key attribute that is missing or of a wrong type.
    pub(crate) fn key_of(&self, item: &Attributes, at: &str) -> Result<Attributes> {
        let wrong = |why: String| Error::invalid(format!("{at}: {why}; the table's key is {}", self.words()));
        self.attributes
            .iter()
            .map(|(name, kind)| {
                let value =
                    item.get(name).ok_or_else(|| wrong(format!("the key attribute {name} is missing")))?;
                // A long number survives many clients only as text.
                let number = match value {
                    AttributeValue::S(text) if kind == "N" => value::number_of_text(text),
                    _ => None,
                };
                let value = number.as_ref().unwrap_or(value);
                if value::type_name(value) != kind {
                    return Err(wrong(format!(
                        "the key attribute {name} is {kind}, not {}",
                        value::type_name(value)
                    )));
                }
                let empty = match value {
                    AttributeValue::S(text) => text.is_empty(),
                    AttributeValue::B(blob) => blob.as_ref().is_empty(),
                    _ => false,
                };
                if empty {
                    return Err(wrong(format!("the key attribute {name} may not be empty")));
                }
                Ok((name.clone(), value.clone()))
            })
            .collect()
    }

    /// A key as a caller wrote it, with nothing else.
    ///
    /// # Errors
    /// Names what is missing, wrong or too much.
    pub(crate) fn exactly(&self, key: &Attributes, at: &str) -> Result<Attributes> {
        let own = self.key_of(key, at)?;
        if let Some(stray) = key.keys().find(|name| !own.contains_key(*name)) {
            return Err(Error::invalid(format!(
                "{at}: {} is not part of the key{}; the table's key is {}",
                quoted(stray),
                meant(stray, &self.names()),
                self.words()
            )));
        }
        Ok(own)
    }
}

/// The key of an item of a known key, in words: `pk=USER#1, sk=5`.
pub(crate) fn key_words(key: &Attributes, first: &[String]) -> String {
    let json = value::item(key.clone(), first);
    let fields = json.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name}={}", value::words(value))).collect::<Vec<_>>().join(", ")
}

/// An index: its name and its keys.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) keys: Keys,
}

pub(crate) fn indexes(table: &TableDescription) -> Vec<Index> {
    let definitions = table.attribute_definitions();
    let index = |name: Option<&str>, schema: &[KeySchemaElement]| Index {
        name: name.unwrap_or_default().to_owned(),
        keys: Keys::new(schema, definitions),
    };
    let global = table.global_secondary_indexes().iter().map(|it| index(it.index_name(), it.key_schema()));
    let local = table.local_secondary_indexes().iter().map(|it| index(it.index_name(), it.key_schema()));
    global.chain(local).collect()
}

/// Keys and indexes in a sentence.
pub(crate) fn layout(table: &TableDescription) -> String {
    let own = format!("{} has the key {}", table.table_name().unwrap_or_default(), Keys::of(table).words());
    let indexes: Vec<String> =
        indexes(table).iter().map(|index| format!("{}: {}", index.name, index.keys.words())).collect();
    match indexes.is_empty() {
        true => format!("{own}, no indexes"),
        false => format!("{own}; indexes {}", indexes.join("; ")),
    }
}

/// Adds the table's keys and indexes to an error that is about them.
pub(crate) async fn explained(cx: &Call<DynamoDb>, table: &TableName, error: Error) -> Error {
    let words = error.message.to_lowercase();
    let about_keys = ["key", "index", "schema type"].iter().any(|word| words.contains(word))
        && !words.contains("reserved keyword");
    if error.kind != Kind::Invalid || error.status.is_none() || !about_keys {
        return error;
    }
    match describe(cx, table).await {
        Ok(description) => error.with_next(layout(&description)),
        Err(denied) => error.with_next(format!(
            "describe_table shows keys and indexes; it could not be asked: {}",
            reason(&denied)
        )),
    }
}

/// How it is paid for: `on demand`, or its units.
pub(crate) fn billing(table: &TableDescription) -> String {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    let units = table.provisioned_throughput();
    let units =
        units.map(|units| (units.read_capacity_units.unwrap_or(0), units.write_capacity_units.unwrap_or(0)));
    match (mode, units) {
        (Some(BillingMode::PayPerRequest), _) | (_, None | Some((0, 0))) => "on demand".to_owned(),
        (_, Some((read, write))) => format!("provisioned {read} read, {write} write"),
    }
}

/// All that can be set of a table, as it is now: two that are equal are one table in one state.
pub(crate) fn settings(table: &TableDescription) -> Value {
    let units = |units: Option<&ProvisionedThroughputDescription>| {
        units.map(|units| (units.read_capacity_units, units.write_capacity_units))
    };
    let limits = |limits: Option<&OnDemandThroughput>| {
        limits.map(|limits| (limits.max_read_request_units, limits.max_write_request_units))
    };
    let global = table.global_secondary_indexes().iter().map(|index| {
        json!([
            index.index_name(),
            index.index_status().map(ToString::to_string),
            units(index.provisioned_throughput()),
            limits(index.on_demand_throughput())
        ])
    });
    let mut replicas: Vec<&str> =
        table.replicas().iter().filter_map(|replica| replica.region_name()).collect();
    replicas.sort_unstable();
    let stream = table
        .stream_specification()
        .map(|stream| (stream.stream_enabled, stream.stream_view_type().map(ToString::to_string)));
    json!({
        "id": table.table_id(),
        "status": table.table_status().map(ToString::to_string),
        "layout": layout(table),
        "billing": [billing(table), json!(units(table.provisioned_throughput())), json!(limits(table.on_demand_throughput()))],
        "indexes": global.collect::<Vec<_>>(),
        "stream": stream,
        "class": table.table_class_summary().and_then(|class| class.table_class()).map(ToString::to_string),
        "protected": table.deletion_protection_enabled(),
        "replicas": replicas,
    })
}

/// What is not yet as it shall be, of a table that changes: nothing once all is active.
pub(crate) fn pending(table: &TableDescription) -> Vec<String> {
    let mut pending = Vec::new();
    if let Some(status) = table.table_status().filter(|status| **status != TableStatus::Active) {
        pending.push(format!("table {status}"));
    }
    for index in table.global_secondary_indexes() {
        if let Some(status) = index.index_status().filter(|status| **status != IndexStatus::Active) {
            let filling = if index.backfilling() == Some(true) { " (backfilling)" } else { "" };
            pending.push(format!("index {} {status}{filling}", index.index_name().unwrap_or_default()));
        }
    }
    for replica in table.replicas() {
        if let Some(status) = replica.replica_status().filter(|status| **status != ReplicaStatus::Active) {
            let percent = replica
                .replica_status_percent_progress()
                .map(|percent| format!(" {percent}%"))
                .unwrap_or_default();
            pending.push(format!("replica {} {status}{percent}", replica.region_name().unwrap_or_default()));
        }
    }
    pending
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{GlobalSecondaryIndexDescription, ReplicaDescription, ScalarAttributeType};

    use super::*;

    fn element(name: &str, kind: KeyType) -> KeySchemaElement {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    }

    fn table() -> TableDescription {
        let define = |name: &str, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        TableDescription::builder()
            .table_name("orders")
            .key_schema(element("sk", KeyType::Range))
            .key_schema(element("pk", KeyType::Hash))
            .attribute_definitions(define("pk", ScalarAttributeType::S))
            .attribute_definitions(define("sk", ScalarAttributeType::N))
            .global_secondary_indexes(
                GlobalSecondaryIndexDescription::builder()
                    .index_name("by-sk")
                    .key_schema(element("sk", KeyType::Hash))
                    .index_status(IndexStatus::Creating)
                    .backfilling(true)
                    .build(),
            )
            .replicas(
                ReplicaDescription::builder()
                    .region_name("eu-west-1")
                    .replica_status(ReplicaStatus::Creating)
                    .replica_status_percent_progress("10")
                    .build(),
            )
            .table_status(TableStatus::Updating)
            .build()
    }

    #[test]
    fn the_layout_reads_as_a_person_would_say_it() {
        assert_eq!(layout(&table()), "orders has the key pk (S), sk (N); indexes by-sk: sk (N)");
        assert_eq!(
            pending(&table()),
            ["table UPDATING", "index by-sk CREATING (backfilling)", "replica eu-west-1 CREATING 10%"]
        );
    }

    #[test]
    fn a_key_is_whole_and_of_the_right_types() {
        let keys = Keys::of(&table());
        let item = |text: &str| value::Item(serde_json::from_str(text).unwrap()).attributes().unwrap();
        assert_eq!(keys.key_of(&item(r#"{"pk": "a", "sk": 1, "x": 2}"#), "item 0").unwrap().len(), 2);
        let long = keys.key_of(&item(r#"{"pk": "a", "sk": "92838584930183242888"}"#), "item 0").unwrap();
        assert_eq!(long["sk"], AttributeValue::N("92838584930183242888".to_owned()));
        for (text, words) in [
            (r#"{"pk": "a"}"#, "sk is missing; the table's key is pk (S), sk (N)"),
            (r#"{"pk": "a", "sk": "one"}"#, "sk is N, not S"),
            (r#"{"pk": "", "sk": 1}"#, "pk may not be empty"),
        ] {
            let error = keys.key_of(&item(text), "item 0").unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
        let error = keys.exactly(&item(r#"{"pk": "a", "sk": 1, "skk": 2}"#), "key").unwrap_err();
        assert!(error.message.contains("\"skk\" is not part of the key (did you mean sk?)"), "{error}");
        assert_eq!(key_words(&item(r#"{"sk": 1, "pk": "a"}"#), &keys.names()), "pk=a, sk=1");
    }
}
