use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, TableDescription, VectorIndexDescription,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool, human_size, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DynamoDb, arns, batch,
    expression::{Condition, Expressions, Path, fixed},
    names::{IndexName, TableName},
    table::{self, Keys, explained, key_words},
    value::{self, Any, Attributes, Item},
    vectors,
};

/// Finds the items whose vectors are nearest to `vector`, or to the one that the item `like` holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchVectors {
    table: TableName,
    /// A vector index, as describe_table shows it.
    index: IndexName,
    vector: Option<Vec<Any>>,
    /// The whole key of an item.
    like: Option<Item>,
    /// By the index's partition key (=) and its filters.
    #[serde(default)]
    filter: Vec<Condition>,
    /// How many; 10 unless given.
    #[schemars(range(min = 1, max = 100))]
    top: Option<i32>,
    /// Only these; the vector itself only where it is named.
    #[serde(default)]
    attributes: Vec<Path>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    score: f64,
    item: Any,
}

impl Tool for SearchVectors {
    type Service = DynamoDb;
    type Output = Page<Found>;
    const SPEC: Spec = Spec::read("search_vectors", "Search vectors")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:SearchVectors"])
        .on(arns::TABLE_INDEX, &["dynamodb:SearchVectors"])
        .when("like")
        .on(arns::TABLE, &["dynamodb:BatchGetItem"])
        .quotes()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        const USUAL: i32 = 10;
        let table = table::describe(cx, &self.table).await?;
        let index = self.index(&table)?;
        let names = Keys::of(&table).names();
        vectors::has_partition(index, &fixed(&self.filter))?;
        let vector = self.vector(cx, &table, index).await?;
        let mut expressions = Expressions::default();
        let filter = expressions.all(&self.filter, None)?;
        let mut paths = self.attributes.clone();
        if !paths.is_empty() {
            let missing = names.iter().filter(|name| !paths.iter().any(|path| path.attribute() == *name));
            let missing: Vec<Path> = missing.map(|name| Path::of(name)).collect();
            paths.splice(0..0, missing);
        }
        let projection = expressions.projection(&paths);
        let top = self.top.unwrap_or(USUAL);
        let sent = cx
            .client()
            .db
            .search_vectors()
            .table_name(self.table.as_str())
            .index_name(self.index.as_str())
            .set_search_vector(Some(vector))
            .set_search_condition_expression(filter)
            .set_projection_expression(projection)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .top_k(top)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let out = match sent {
            Ok(out) => out,
            Err(error) => return Err(explained(cx, &self.table, Error::from(error)).await),
        };
        cx.note(vectors::scale(index));
        if let Some(bytes) = out.consumed_capacity.and_then(|used| used.vector_search_request_bytes) {
            cx.note(format!("consumed {} of vector search", human_size(bytes.max(0.0) as u64)));
        }
        if index.backfilling() == Some(true) {
            cx.note("the index is still being filled: what it lacks cannot be found yet");
        }
        let results = out.search_results.unwrap_or_default();
        if results.len() as i64 == i64::from(top) {
            cx.note("there may be more: `top` takes up to 100");
        }
        // Hundreds of numbers tell a reader nothing.
        let own = vectors::attribute(index);
        let hides = !self.attributes.iter().any(|path| path.attribute() == own);
        let rows = results.into_iter().map(|result| {
            let mut item = result.item.unwrap_or_default();
            if hides {
                item.remove(own);
            }
            Found { score: result.score, item: Any(value::item(item, &names)) }
        });
        Ok(cx.page(rows, None))
    }
}

impl SearchVectors {
    fn index<'a>(&self, table: &'a TableDescription) -> Result<&'a VectorIndexDescription> {
        vectors::find(table, self.index.as_str()).ok_or_else(|| {
            let all = table.vector_indexes().iter().filter_map(|index| index.index_name());
            let meant = nearest(self.index.as_str(), all);
            let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            Error::not_found(format!("{} has no vector index {}{meant}", self.table, self.index))
                .with_next(table::layout(table))
        })
    }

    /// The vector that is searched for.
    async fn vector(
        &self,
        cx: &Call<DynamoDb>,
        table: &TableDescription,
        index: &VectorIndexDescription,
    ) -> Result<Vec<AttributeValue>> {
        match (&self.vector, &self.like) {
            (Some(numbers), None) => {
                vectors::fits(numbers.len(), index)?;
                numbers.iter().enumerate().map(|(at, Any(number))| read(number, at)).collect()
            }
            (None, Some(like)) => {
                let keys = Keys::of(table);
                let key = keys.exactly(&like.attributes()?, "like")?;
                let words = key_words(&key, &keys.names());
                let got = batch::get(cx, &self.table, &[key], None, false).await?;
                cx.note(got.consumed.words());
                let item: &Attributes = got.items.first().ok_or_else(|| {
                    Error::not_found(format!("{} has no item {words}", self.table))
                        .with_next("get_items and query show what there is")
                })?;
                vectors::vector_of(item, index)
            }
            _ => Err(Error::invalid("give `vector` or `like`: numbers, or the key of an item that has them")
                .with_next(r#"a good one is "like": {"pk": "ITEM#1"}"#)),
        }
    }
}

fn read(number: &Value, at: usize) -> Result<AttributeValue> {
    match value::attribute(number, &format!("vector[{at}]"))? {
        number @ AttributeValue::N(_) => Ok(number),
        other => Err(Error::invalid(format!("vector[{at}] is {}, not a number", value::type_name(&other)))),
    }
}
