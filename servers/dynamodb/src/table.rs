//! A table as tools need to know it: its keys, its indexes, its state.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, IndexStatus, KeySchemaElement, KeyType,
    OnDemandThroughput, Projection, ProjectionType, ProvisionedThroughputDescription, ReplicaStatus,
    TableDescription, TableStatus,
};
use awsmcp_mcp::{Call, Error, Kind, Result, quoted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    DynamoDb,
    batch::reason,
    expression::{Condition, meant},
    names::TableName,
    value::{self, Any, Attributes},
    vectors,
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
                    ))
                    .with_next(good(name, kind, value)));
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

    /// Conditions with their values of the types that these keys have: a long number that was given as text becomes one.
    ///
    /// # Errors
    /// Names the attribute whose value has another type, and what it takes.
    pub(crate) fn typed(&self, conditions: &[Condition]) -> Result<Vec<Condition>> {
        let typed = conditions.iter().map(|condition| {
            let (name, Some(Any(value))) = (condition.attribute.attribute(), &condition.value) else {
                return Ok(condition.clone());
            };
            let own = self.attributes.iter().find(|(own, _)| own == name && condition.attribute.is_whole());
            let Some((_, kind)) = own.filter(|_| condition.op.compares()) else {
                return Ok(condition.clone());
            };
            let value = match (value, condition.op.takes_list()) {
                (Value::Array(items), true) => {
                    items.iter().map(|item| of_kind(item, name, kind)).collect::<Result<Vec<_>>>()?.into()
                }
                (value, _) => of_kind(value, name, kind)?,
            };
            Ok(Condition { value: Some(Any(value)), ..condition.clone() })
        });
        typed.collect()
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

/// A value of a key attribute of this type.
fn of_kind(value: &Value, name: &str, kind: &str) -> Result<Value> {
    let read = value::attribute(value, name)?;
    let number = match &read {
        AttributeValue::S(text) if kind == "N" => value::number_of_text(text),
        _ => None,
    };
    if let Some(number) = number {
        return Ok(value::plain(number));
    }
    if value::type_name(&read) == kind {
        return Ok(value.clone());
    }
    let wrong = format!("{name} is {kind} in the key, not {}", value::type_name(&read));
    Err(Error::invalid(wrong).with_next(good(name, kind, &read)))
}

/// What a value of a key attribute looks like that has this type.
fn good(name: &str, kind: &str, given: &AttributeValue) -> String {
    let (words, example) = match (kind, given) {
        ("N", _) => ("a number", "1".to_owned()),
        ("B", _) => ("binary", "{\"$binary\": \"aGVsbG8=\"}".to_owned()),
        (_, AttributeValue::N(number)) => ("a text", format!("{number:?}")),
        _ => ("a text", "\"USER#1\"".to_owned()),
    };
    format!("{name} is {words}: a good value is {example}")
}

/// The key of an item of a known key, in words: `pk=USER#1, sk=5`.
pub(crate) fn key_words(key: &Attributes, first: &[String]) -> String {
    let json = value::item(key.clone(), first);
    let fields = json.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name}={}", value::words(value))).collect::<Vec<_>>().join(", ")
}

/// An index: its name, its keys, and what its items hold.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) keys: Keys,
    /// Nothing where its items are whole; else what they hold besides the keys.
    holds: Option<Vec<String>>,
    /// A local index takes what it does not hold from the table.
    is_global: bool,
}

impl Index {
    /// That its items are not whole, where they are not.
    pub(crate) fn note(&self) -> Option<String> {
        let held = self.holds.as_ref()?;
        let held =
            if held.is_empty() { "keys only".to_owned() } else { format!("keys and {}", held.join(", ")) };
        Some(format!("the items of index {} hold {held}, not all of an item's attributes", self.name))
    }

    /// That a filter asks about what no item of the index holds, where it does: it fits none for that, or all.
    pub(crate) fn misses(&self, table: &TableDescription, asked: &[&str]) -> Option<String> {
        let held = self.holds.as_ref().filter(|_| self.is_global)?;
        let own = Keys::of(table).names();
        let has = |name: &str| {
            held.iter().chain(&own).any(|held| held == name)
                || self.keys.names().iter().any(|key| key == name)
        };
        let mut missing: Vec<&str> = asked.iter().copied().filter(|name| !has(name)).collect();
        missing.dedup();
        (!missing.is_empty()).then(|| {
            format!(
                "the filter asks about {}, which index {} does not hold: to it no item has that; the table itself, or an index \
                 that holds it, answers",
                missing.join(", "),
                self.name
            )
        })
    }
}

/// What an index takes of an item besides its keys; nothing where that is all of it.
pub(crate) fn projected(projection: Option<&Projection>) -> Option<Vec<String>> {
    match projection.and_then(|projection| projection.projection_type()) {
        Some(ProjectionType::KeysOnly) => Some(Vec::new()),
        Some(ProjectionType::Include) => {
            Some(projection.map(|projection| projection.non_key_attributes().to_vec()).unwrap_or_default())
        }
        _ => None,
    }
}

pub(crate) fn indexes(table: &TableDescription) -> Vec<Index> {
    let definitions = table.attribute_definitions();
    let index = |name: Option<&str>, schema: &[KeySchemaElement], projection: Option<&Projection>| Index {
        name: name.unwrap_or_default().to_owned(),
        keys: Keys::new(schema, definitions),
        holds: projected(projection),
        is_global: false,
    };
    let global = table.global_secondary_indexes().iter();
    let global = global
        .map(|it| Index { is_global: true, ..index(it.index_name(), it.key_schema(), it.projection()) });
    let local = table.local_secondary_indexes().iter();
    let local = local.map(|it| index(it.index_name(), it.key_schema(), it.projection()));
    global.chain(local).collect()
}

/// Keys and indexes in a sentence.
pub(crate) fn layout(table: &TableDescription) -> String {
    let own = format!("{} has the key {}", table.table_name().unwrap_or_default(), Keys::of(table).words());
    let definitions = table.attribute_definitions();
    let vectors = table.vector_indexes().iter().map(|index| {
        format!(
            "{} (vectors): {}",
            index.index_name().unwrap_or_default(),
            vectors::described(index, definitions)
        )
    });
    let indexes: Vec<String> = indexes(table)
        .iter()
        .map(|index| format!("{}: {}", index.name, index.keys.words()))
        .chain(vectors)
        .collect();
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
    let vectors = table
        .vector_indexes()
        .iter()
        .map(|index| json!([index.index_name(), index.index_status().map(ToString::to_string)]));
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
        "indexes": global.chain(vectors).collect::<Vec<_>>(),
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
    for index in table.vector_indexes() {
        if let Some(status) = index.index_status().filter(|status| **status != IndexStatus::Active) {
            let filling = if index.backfilling() == Some(true) { " (backfilling)" } else { "" };
            pending
                .push(format!("vector index {} {status}{filling}", index.index_name().unwrap_or_default()));
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
        let wrong = keys.key_of(&item(r#"{"pk": "a", "sk": "one"}"#), "item 0").unwrap_err();
        assert_eq!(wrong.next.as_deref(), Some("sk is a number: a good value is 1"));
        let error = keys.exactly(&item(r#"{"pk": "a", "sk": 1, "skk": 2}"#), "key").unwrap_err();
        assert!(error.message.contains("\"skk\" is not part of the key (did you mean sk?)"), "{error}");
        assert_eq!(key_words(&item(r#"{"sk": 1, "pk": "a"}"#), &keys.names()), "pk=a, sk=1");
    }

    #[test]
    fn conditions_of_a_key_get_its_types_or_are_told() {
        let keys = Keys::of(&table());
        let conditions = |value: Value| serde_json::from_value::<Vec<Condition>>(value).unwrap();
        let long = "92838584930183242888";
        let text = conditions(json!([
            {"attribute": "sk", "op": "between", "value": [1, long]}, {"attribute": "other", "op": "=", "value": 5},
            {"attribute": "pk", "op": "type", "value": "N"}, {"attribute": "pk", "op": "exists"},
        ]));
        let Any(value) = keys.typed(&text).unwrap()[0].value.clone().unwrap();
        assert_eq!(value, json!([1, {"$number": long}]));
        for (wrong, words, next) in [
            (
                json!({"attribute": "sk", "op": ">", "value": "one"}),
                "sk is N in the key, not S",
                "sk is a number: a good value is 1",
            ),
            (
                json!({"attribute": "sk", "op": "between", "value": [1, null]}),
                "sk is N in the key, not NULL",
                "a good value is 1",
            ),
            (
                json!({"attribute": "pk", "op": "=", "value": 7}),
                "pk is S in the key, not N",
                "pk is a text: a good value is \"7\"",
            ),
            (
                json!({"attribute": "pk", "op": "=", "value": {"$set": ["a"]}}),
                "pk is S in the key, not SS",
                "\"USER#1\"",
            ),
        ] {
            let error = keys.typed(&conditions(json!([wrong]))).unwrap_err();
            assert!(error.message.contains(words) && error.next.as_ref().unwrap().contains(next), "{error}");
        }
    }
}
