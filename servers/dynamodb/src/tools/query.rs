use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns,
    expression::{Condition, Expressions, Path, check_key, fixed},
    names::{IndexName, TableName},
    reading::{AwsPage, Budget, Row, Spot, Stored, Wanted, looked, place, read, token},
    table::explained,
    value::Item,
};

/// Reads the items of one partition key of a table or index, in the order of the sort key.
///
/// `key` takes = on the partition key and one condition on the sort key; all else goes into `filter`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    table: TableName,
    index: Option<IndexName>,
    #[serde(default)]
    key: Vec<Condition>,
    #[serde(default)]
    filter: Vec<Condition>,
    /// Raw, in place of `key`: `pk = :p`.
    key_expression: Option<String>,
    /// Raw.
    filter_expression: Option<String>,
    /// Of raw expressions: {"#s": "status"}.
    names: Option<Item>,
    /// Of raw expressions: {":p": "x"}.
    values: Option<Item>,
    /// Only these.
    #[serde(default)]
    attributes: Vec<Path>,
    #[serde(default)]
    descending: bool,
    #[serde(default)]
    consistent: bool,
    /// How many, instead of the items.
    #[serde(default)]
    count: bool,
}

impl Tool for Query {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("query", "Query items")
        .on(arns::TABLE, &["dynamodb:Query", "dynamodb:DescribeTable"])
        .when("index")
        .on(arns::TABLE_INDEX, &["dynamodb:Query"])
        .quotes();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // Where a filter fits little, one call must end all the same.
        const ITEMS: u64 = 200_000;
        const UNITS: f64 = 5_000.0;
        let mut expressions =
            Expressions::with(self.names.as_ref().map(|names| &names.0), self.values.as_ref())?;
        match (&self.key_expression, self.key.is_empty()) {
            (None, _) => check_key(&self.key)?,
            (Some(_), true) => {}
            (Some(_), false) => return Err(Error::invalid("give `key` or `key_expression`, not both")),
        }
        let key = expressions.all(&self.key, self.key_expression.as_deref())?;
        let filter = expressions.all(&self.filter, self.filter_expression.as_deref())?;
        let projection = expressions.projection(&self.attributes).filter(|_| !self.count);
        let request = cx
            .client()
            .db
            .query()
            .table_name(self.table.as_str())
            .set_index_name(self.index.as_ref().map(ToString::to_string))
            .set_key_condition_expression(key)
            .set_filter_expression(filter.clone())
            .set_projection_expression(projection)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .scan_index_forward(!self.descending)
            .consistent_read(self.consistent)
            .set_select(self.count.then_some(Select::Count))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let fetch = |after, limit| {
            let request = request.clone().set_exclusive_start_key(after).set_limit(limit);
            async move {
                let out = request.send().await.map_err(Error::from)?;
                Ok(AwsPage {
                    count: out.count.try_into().unwrap_or(0),
                    scanned: out.scanned_count.try_into().unwrap_or(0),
                    items: out.items.unwrap_or_default(),
                    last: out.last_evaluated_key,
                    capacity: out.consumed_capacity,
                })
            }
        };
        let spot =
            place::<Stored>(cx.token().as_deref())?.map(Spot::restore).transpose()?.unwrap_or_default();
        let wanted = Wanted {
            rows: (!self.count).then_some(cx.limit() as usize),
            chars: if self.count { usize::MAX } else { cx.budget() },
            filtered: filter.is_some(),
        };
        let budget = Budget::new(ITEMS, UNITS);
        let first: Vec<String> = fixed(&self.key)
            .into_iter()
            .chain(self.key.iter().map(|condition| condition.attribute.attribute()))
            .map(str::to_owned)
            .collect();
        let found = match read(fetch, spot, wanted, &budget, &first).await {
            Ok(found) => found,
            Err(error) => return Err(explained(cx, &self.table, error).await),
        };
        let spent = budget.spent();
        cx.note(looked(&spent, filter.is_some(), found.next.is_none()));
        let next = found.next.map(|spot| token(&spot.store())).transpose()?;
        let rows: Vec<Row> = match self.count {
            true => vec![Row::Count { count: spent.matched, scanned: spent.scanned }],
            false => Row::items(found.rows).collect(),
        };
        Ok(cx.page(rows, next))
    }
}
