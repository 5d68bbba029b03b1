use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select, TableDescription};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns,
    expression::{Condition, Expressions, Op, Path, asked, equals, fixed},
    names::{IndexName, TableName},
    reading::{AwsPage, Budget, COUNTS_ON, Row, Spot, Stored, Wanted, looked, place, read, token},
    table::{self, Keys, explained},
    value::Item,
};

/// Reads a whole table or index, up to a budget. Costs as much as it reads, whatever the filter leaves: prefer `query`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    table: TableName,
    index: Option<IndexName>,
    #[serde(default)]
    filter: Vec<Condition>,
    /// Raw.
    filter_expression: Option<String>,
    names: Option<Item>,
    values: Option<Item>,
    #[serde(default)]
    attributes: Vec<Path>,
    /// Read at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 32))]
    segments: u32,
    /// Items read in one call, 10000 unless given.
    #[schemars(range(min = 1))]
    max_items: Option<u64>,
    #[schemars(range(min = 1))]
    max_bytes: Option<u64>,
    /// 1000 unless given.
    #[schemars(range(min = 1))]
    max_read_units: Option<u32>,
    #[serde(default)]
    consistent: bool,
    #[serde(default)]
    count: bool,
}

const fn one() -> u32 {
    1
}

impl Tool for Scan {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("scan", "Scan table")
        .on(arns::TABLE, &["dynamodb:Scan", "dynamodb:DescribeTable"])
        .when("index")
        .on(arns::TABLE_INDEX, &["dynamodb:Scan"])
        .quotes()
        .minutes(10);

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let mut expressions =
            Expressions::with(self.names.as_ref().map(|names| &names.0), self.values.as_ref())?;
        let filter = expressions.all(&self.filter, self.filter_expression.as_deref())?;
        let mut narrowed: Vec<String> = fixed(&self.filter).into_iter().map(str::to_owned).collect();
        narrowed.extend(self.filter_expression.iter().flat_map(|raw| equals(raw, &expressions)));
        let budget = self.budget();
        let spots = self.spots(cx)?;
        let reading = self.segments(cx, spots, &mut expressions, filter.as_deref(), &budget);
        let advice = self.advice(cx, &narrowed);
        let (found, advice) = futures::join!(reading, advice);
        let (rows, left) = match found {
            Ok(found) => found,
            Err(error) => return Err(explained(cx, &self.table, error).await),
        };
        let spent = budget.spent();
        cx.note(looked(&spent, filter.is_some(), left.is_empty()));
        if budget.is_over() && !left.is_empty() {
            cx.note(
                "the budget of this call is spent; `cursor` goes on, max_items and max_read_units raise it",
            );
        }
        advice.into_iter().for_each(|advice| cx.note(advice));
        if self.count && !left.is_empty() {
            cx.note(COUNTS_ON);
        }
        let next = (!left.is_empty()).then(|| token(&left)).transpose()?;
        let rows: Vec<Row> = match self.count {
            true => vec![Row::Count { count: spent.matched, scanned: spent.scanned }],
            false => Row::items(rows).collect(),
        };
        Ok(cx.page(rows, next))
    }
}

/// The segments that are not done, each with its place.
type Left = Vec<(u32, Stored)>;

impl Scan {
    fn budget(&self) -> Budget {
        const ITEMS: u64 = 10_000;
        const UNITS: u32 = 1_000;
        // A read unit is 4 KiB, or twice that where the read need not be consistent.
        let unit = if self.consistent { 4096.0 } else { 8192.0 };
        let by_bytes = self.max_bytes.map(|bytes| bytes as f64 / unit);
        let units = match (self.max_read_units, by_bytes) {
            (Some(units), Some(bytes)) => f64::from(units).min(bytes),
            (Some(units), None) => f64::from(units),
            (None, Some(bytes)) => bytes,
            (None, None) => f64::from(UNITS),
        };
        Budget::new(self.max_items.unwrap_or(ITEMS), units)
    }

    fn spots(&self, cx: &Call<DynamoDb>) -> Result<Vec<(u32, Spot)>> {
        match place::<Left>(cx.token().as_deref())? {
            Some(left) => {
                left.into_iter().map(|(segment, stored)| Ok((segment, Spot::restore(stored)?))).collect()
            }
            None => Ok((0..self.segments).map(|segment| (segment, Spot::default())).collect()),
        }
    }

    /// Reads all segments at once: rows in the order of the segments, and what is left of each.
    async fn segments(
        &self,
        cx: &Call<DynamoDb>,
        spots: Vec<(u32, Spot)>,
        expressions: &mut Expressions,
        filter: Option<&str>,
        budget: &Budget,
    ) -> Result<(Vec<serde_json::Value>, Left)> {
        let projection = if self.count { None } else { expressions.projection(&self.attributes) };
        let request = cx
            .client()
            .db
            .scan()
            .table_name(self.table.as_str())
            .set_index_name(self.index.as_ref().map(ToString::to_string))
            .set_filter_expression(filter.map(str::to_owned))
            .set_projection_expression(projection)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .consistent_read(self.consistent)
            .set_select(self.count.then_some(Select::Count))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let (limit, count) = (cx.limit(), spots.len().max(1));
        let segments = u32::try_from(count).unwrap_or(1);
        let total = i32::try_from(self.segments).unwrap_or(1);
        let parts = spots.into_iter().enumerate().map(|(at, (segment, spot))| {
            let request = request.clone();
            let fetch = move |after, limit| {
                let mut request = request.clone().set_exclusive_start_key(after).set_limit(limit);
                if total > 1 {
                    request = request.segment(i32::try_from(segment).unwrap_or(0)).total_segments(total);
                }
                async move {
                    let out = request.send().await.map_err(Error::from)?;
                    let page = AwsPage {
                        count: out.count.try_into().unwrap_or(0),
                        scanned: out.scanned_count.try_into().unwrap_or(0),
                        items: out.items.unwrap_or_default(),
                        places: Vec::new(),
                        last: out.last_evaluated_key,
                        capacity: out.consumed_capacity,
                    };
                    let spent = budget.spent();
                    cx.progress(
                        spent.scanned + page.scanned,
                        None,
                        format!("{} items read", spent.scanned + page.scanned),
                    );
                    Ok(page)
                }
            };
            // The page is shared out among the segments.
            let share = limit / segments + u32::from(at < (limit % segments) as usize);
            let wanted = match self.count {
                true => Wanted::count(filter.is_some()),
                false => Wanted::rows(share, (cx.budget() / count).max(10), filter.is_some()),
            };
            async move { read(fetch, spot, wanted, budget, &[]).await.map(|found| (segment, found)) }
        });
        let parts: Vec<_> = stream::iter(parts).buffered(count).try_collect().await?;
        let (mut rows, mut left) = (Vec::new(), Vec::new());
        for (segment, found) in parts {
            rows.extend(found.rows);
            left.extend(found.next.map(|spot| (segment, spot.store())));
        }
        Ok((rows, left))
    }

    /// What a query would do better, where the filter holds a partition key to one value; and what the index or the filter
    /// leaves out that nobody would expect.
    async fn advice(&self, cx: &Call<DynamoDb>, narrowed: &[String]) -> Vec<String> {
        if narrowed.is_empty() && self.index.is_none() {
            return Vec::new();
        }
        match table::describe(cx, &self.table).await {
            Ok(description) => {
                let index = self.index.as_ref().map(IndexName::as_str);
                let is_whole = self.count || !self.attributes.is_empty();
                let indexes = table::indexes(&description);
                let own = indexes.iter().find(|it| Some(it.name.as_str()) == index);
                let asked = asked(&self.filter, self.filter_expression.as_deref(), self.names.as_ref());
                let advice = better(&description, index, narrowed);
                advice
                    .into_iter()
                    .chain(own.and_then(|own| own.misses(&description, &asked)))
                    .chain(own.filter(|_| !is_whole).and_then(table::Index::note))
                    .chain(self.misfit(&description))
                    .collect()
            }
            Err(error) if error.status == Some(403) || error.kind == awsmcp_mcp::Kind::AccessDenied => {
                vec![
                    "whether a query would do could not be looked up: AccessDenied for dynamodb:DescribeTable"
                        .to_owned(),
                ]
            }
            Err(_) => Vec::new(),
        }
    }

    /// A condition on a key that no item fits, since the key has another type.
    fn misfit(&self, table: &TableDescription) -> Option<String> {
        let conditions: Vec<Condition> =
            self.filter.iter().filter(|condition| condition.op != Op::NotEqual).cloned().collect();
        let keys =
            std::iter::once(Keys::of(table)).chain(table::indexes(table).into_iter().map(|it| it.keys));
        let error = keys.filter_map(|keys| keys.typed(&conditions).err()).next()?;
        let next = error.next.as_deref().unwrap_or_default();
        Some(format!("no item fits the filter: {}; {next}", error.message))
    }
}

fn better(table: &TableDescription, index: Option<&str>, narrowed: &[String]) -> Option<String> {
    let is_narrowed = |keys: &Keys| narrowed.iter().any(|name| name == keys.partition());
    let indexes = table::indexes(table);
    // The index that is scanned first: it has what was asked for.
    let own = indexes.iter().filter(|it| Some(it.name.as_str()) == index);
    let others = indexes.iter().filter(|it| Some(it.name.as_str()) != index);
    let of_index = |it: &table::Index| (Some(it.name.clone()), it.keys.partition().to_owned());
    let keys = Keys::of(table);
    let of_table = is_narrowed(&keys).then(|| (None, keys.partition().to_owned()));
    let found = own.filter(|it| is_narrowed(&it.keys)).map(of_index).next().or(of_table);
    let (index, key) = found.or_else(|| others.filter(|it| is_narrowed(&it.keys)).map(of_index).next())?;
    let place = index.map(|index| format!("index {index}")).unwrap_or_else(|| "the table".to_owned());
    Some(format!("a query would do: {key} is the partition key of {place}, so `query` reads only what fits"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{GlobalSecondaryIndexDescription, KeySchemaElement, KeyType};

    use super::*;

    #[test]
    fn a_filter_on_a_partition_key_is_better_as_a_query() {
        let hash = |name: &str| {
            KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap()
        };
        let index = |name: &str, key: &str| {
            GlobalSecondaryIndexDescription::builder().index_name(name).key_schema(hash(key)).build()
        };
        let table = TableDescription::builder()
            .key_schema(hash("pk"))
            .global_secondary_indexes(index("by-a", "a"))
            .global_secondary_indexes(index("by-b", "b"))
            .build();
        let better = |index, names: &[&str]| {
            super::better(&table, index, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert!(better(None, &["pk"]).unwrap().contains("pk is the partition key of the table"));
        assert!(better(None, &["b"]).unwrap().contains("index by-b"));
        assert!(better(Some("by-a"), &["a", "pk"]).unwrap().contains("index by-a"));
        assert_eq!(better(None, &["c"]), None);
    }

    #[test]
    fn the_tightest_budget_holds() {
        let scan = |more: serde_json::Value| {
            let mut input = serde_json::json!({"table": "orders"});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<Scan>(input).unwrap().budget()
        };
        assert_eq!(scan(serde_json::json!({})).units, 1000.0);
        assert_eq!(scan(serde_json::json!({"max_bytes": 81_920})).units, 10.0);
        assert_eq!(scan(serde_json::json!({"max_bytes": 81_920, "consistent": true})).units, 20.0);
        assert_eq!(scan(serde_json::json!({"max_bytes": 81_920, "max_read_units": 4})).units, 4.0);
    }
}
