use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    capacity::Consumed,
    entity::{Entity, entities},
    names::TableName,
    table::{self, Keys},
    value::Attributes,
};

/// Samples a table: entity types, patterns of their keys, attributes with types and how often they occur.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InferSchema {
    table: TableName,
    /// Items to read, 400 unless given.
    #[schemars(range(min = 1, max = 5000))]
    sample: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Schema {
    key: String,
    indexes: Vec<String>,
    sampled: usize,
    /// The attribute that names the entity type, where there is one; else it is the pattern of the keys.
    entity_attribute: Option<String>,
    entities: Vec<Entity>,
}

impl Tool for InferSchema {
    type Service = DynamoDb;
    type Output = One<Schema>;
    const SPEC: Spec = Spec::read("infer_schema", "Infer schema")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:Scan"])
        .quotes();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // Items of one place of a table are alike: the sample is from several.
        const PLACES: usize = 4;
        let description = table::describe(cx, &self.table).await?;
        let wanted = self.sample.unwrap_or(400);
        let each = wanted.div_ceil(PLACES);
        let parts = (0..PLACES).map(|place| self.sample_of(cx, place, PLACES, each));
        let parts: Vec<(Vec<Attributes>, Consumed)> =
            stream::iter(parts).buffered(PLACES).try_collect().await?;
        let (mut items, mut consumed) = (Vec::new(), Consumed::default());
        for (part, units) in parts {
            items.extend(part);
            consumed.add(units);
        }
        items.truncate(wanted);
        let keys = Keys::of(&description);
        let (named, entities) = entities(&items, &keys.names());
        consumed.note(cx);
        if items.is_empty() {
            cx.note("the table has no items");
        } else {
            cx.note("a sample: what is rare may be missing; `sample` takes more");
        }
        let index = |index: &table::Index| format!("{}: {}", index.name, index.keys.words());
        Ok(One(Schema {
            key: keys.words(),
            indexes: table::indexes(&description).iter().map(index).collect(),
            sampled: items.len(),
            entity_attribute: named.map(str::to_owned),
            entities,
        }))
    }
}

impl InferSchema {
    async fn sample_of(
        &self,
        cx: &Call<DynamoDb>,
        place: usize,
        places: usize,
        wanted: usize,
    ) -> Result<(Vec<Attributes>, Consumed)> {
        let (mut items, mut consumed, mut start) = (Vec::new(), Consumed::default(), None);
        loop {
            let left = i32::try_from(wanted - items.len()).unwrap_or(i32::MAX);
            let out = cx
                .client()
                .db
                .scan()
                .table_name(self.table.as_str())
                .segment(i32::try_from(place).unwrap_or(0))
                .total_segments(i32::try_from(places).unwrap_or(1))
                .limit(left)
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            consumed.reads(out.consumed_capacity);
            items.extend(out.items.unwrap_or_default());
            start = out.last_evaluated_key;
            if start.is_none() || items.len() >= wanted {
                items.truncate(wanted);
                return Ok((items, consumed));
            }
        }
    }
}
