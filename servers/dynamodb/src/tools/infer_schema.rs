use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use awsmcp_mcp::{Call, One, Result, Spec, Tool, counted};
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
        let mut places: Vec<Place> = (0..PLACES).map(Place::new).collect();
        let read = |places: &[Place]| places.iter().map(|place| place.items.len()).sum::<usize>();
        // What one place does not have, the others give.
        loop {
            let open: Vec<Place> = places.extract_if(.., |place| !place.is_over).collect();
            let left = wanted.saturating_sub(read(&places) + read(&open));
            if open.is_empty() || left == 0 {
                places.extend(open);
                break;
            }
            let each = left.div_ceil(open.len());
            let reading = open.into_iter().map(|place| place.read(&self, cx, PLACES, each));
            places.extend(stream::iter(reading).buffered(PLACES).try_collect::<Vec<_>>().await?);
        }
        places.sort_by_key(|place| place.number);
        let is_all = places.iter().all(|place| place.is_over) && read(&places) <= wanted;
        let mut consumed = Consumed::default();
        places.iter().for_each(|place| consumed.add(place.consumed));
        let mut items: Vec<Attributes> = places.into_iter().flat_map(|place| place.items).collect();
        items.truncate(wanted);
        let keys = Keys::of(&description);
        let (named, entities) = entities(&items, &keys.names());
        consumed.note(cx);
        if items.is_empty() {
            cx.note("the table has no items");
        } else if is_all {
            cx.note(format!("all {} of the table", counted(items.len(), "item")));
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

/// One of several parts of a table, and what was read of it.
struct Place {
    number: usize,
    items: Vec<Attributes>,
    after: Option<Attributes>,
    is_over: bool,
    consumed: Consumed,
}

impl Place {
    fn new(number: usize) -> Place {
        Place { number, items: Vec::new(), after: None, is_over: false, consumed: Consumed::default() }
    }

    /// Reads so many items more, as far as there are any.
    async fn read(
        mut self,
        of: &InferSchema,
        cx: &Call<DynamoDb>,
        places: usize,
        more: usize,
    ) -> Result<Place> {
        let enough = self.items.len() + more;
        while !self.is_over && self.items.len() < enough {
            let left = i32::try_from(enough - self.items.len()).unwrap_or(i32::MAX);
            let out = cx
                .client()
                .db
                .scan()
                .table_name(of.table.as_str())
                .segment(i32::try_from(self.number).unwrap_or(0))
                .total_segments(i32::try_from(places).unwrap_or(1))
                .limit(left)
                .set_exclusive_start_key(self.after.take())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            self.consumed.reads(out.consumed_capacity);
            self.items.extend(out.items.unwrap_or_default());
            self.after = out.last_evaluated_key;
            self.is_over = self.after.is_none();
        }
        Ok(self)
    }
}
