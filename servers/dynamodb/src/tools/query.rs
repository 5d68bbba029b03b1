use std::collections::HashMap;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity, Select};
use awsmcp_mcp::{Call, Error, Kind, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns, batch,
    expression::{Condition, Expressions, Path, asked, check_key, fixed},
    names::{IndexName, TableName},
    reading::{
        AwsPage, Budget, COUNTS_ON, Read, Row, Spent, Spot, Stored, Wanted, looked, place, read, token,
    },
    table::{self, Keys, explained},
    value::{self, Any, Attributes, Item, identity},
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
    /// Attributes that `index` does not hold too, from the table.
    #[serde(default)]
    whole: bool,
}

/// What was read, and what it consumed.
struct Found {
    read: Read,
    spent: Spent,
    filtered: bool,
}

impl Tool for Query {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("query", "Query items")
        .on(arns::TABLE, &["dynamodb:Query", "dynamodb:DescribeTable"])
        .when("index")
        .on(arns::TABLE_INDEX, &["dynamodb:Query"])
        .when("whole")
        .on(arns::TABLE, &["dynamodb:BatchGetItem"])
        .quotes();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let own = match (self.whole, &self.index, self.count) {
            (false, ..) => None,
            (true, Some(_), false) => Some(Keys::of(&table::describe(cx, &self.table).await?)),
            (true, None, _) => {
                return Err(Error::invalid("`whole` is of an `index`: a table's items are whole"));
            }
            (true, _, true) => return Err(Error::invalid("give `whole` or `count`, not both")),
        };
        let (found, lack) = futures::join!(self.read(cx, &self.key, own.as_ref()), self.lack(cx));
        let found = match found {
            Ok(found) => found,
            Err(error) => self.read_again(cx, error, own.as_ref()).await?,
        };
        let Found { read, spent, filtered } = found;
        cx.note(looked(&spent, filtered, read.next.is_none()));
        lack.into_iter().for_each(|lack| cx.note(lack));
        if self.count && read.next.is_some() {
            cx.note(COUNTS_ON);
        }
        let next = read.next.map(|spot| token(&spot.store())).transpose()?;
        let rows: Vec<Row> = match self.count {
            true => vec![Row::Count { count: spent.matched, scanned: spent.scanned }],
            false => Row::items(read.rows).collect(),
        };
        Ok(cx.page(rows, next))
    }
}

impl Query {
    async fn read(&self, cx: &Call<DynamoDb>, key: &[Condition], own: Option<&Keys>) -> Result<Found> {
        // Where a filter fits little, one call must end all the same.
        const ITEMS: u64 = 200_000;
        const UNITS: f64 = 5_000.0;
        let mut expressions =
            Expressions::with(self.names.as_ref().map(|names| &names.0), self.values.as_ref())?;
        match (&self.key_expression, key.is_empty()) {
            (None, _) => check_key(key)?,
            (Some(_), true) => {}
            (Some(_), false) => return Err(Error::invalid("give `key` or `key_expression`, not both")),
        }
        let condition = expressions.all(key, self.key_expression.as_deref())?;
        let filter = expressions.all(&self.filter, self.filter_expression.as_deref())?;
        let selects = !self.count && own.is_none();
        // A name that no expression uses is an error.
        let projection = if selects { expressions.projection(&self.attributes) } else { None };
        let request = cx
            .client()
            .db
            .query()
            .table_name(self.table.as_str())
            .set_index_name(self.index.as_ref().map(ToString::to_string))
            .set_key_condition_expression(condition)
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
                let page = AwsPage {
                    count: out.count.try_into().unwrap_or(0),
                    scanned: out.scanned_count.try_into().unwrap_or(0),
                    items: out.items.unwrap_or_default(),
                    places: Vec::new(),
                    last: out.last_evaluated_key,
                    capacity: out.consumed_capacity,
                };
                match own {
                    Some(keys) => self.whole(cx, keys, page).await,
                    None => Ok(page),
                }
            }
        };
        let spot =
            place::<Stored>(cx.token().as_deref())?.map(Spot::restore).transpose()?.unwrap_or_default();
        let wanted = match self.count {
            true => Wanted::count(filter.is_some()),
            false => Wanted::rows(cx.limit(), cx.budget(), filter.is_some()),
        };
        let budget = Budget::new(ITEMS, UNITS);
        let first = fixed(key).into_iter().chain(key.iter().map(|it| it.attribute.attribute()));
        let first: Vec<String> = first.map(str::to_owned).collect();
        let read = read(fetch, spot, wanted, &budget, &first).await?;
        Ok(Found { read, spent: budget.spent(), filtered: filter.is_some() })
    }

    /// The items of a page of the index as the table has them.
    async fn whole(&self, cx: &Call<DynamoDb>, keys: &Keys, page: AwsPage) -> Result<AwsPage> {
        let names = keys.names();
        let wanted: Vec<Attributes> = page.items.iter().map(|item| value::only(item, &names)).collect();
        if wanted.is_empty() {
            return Ok(page);
        }
        let mut expressions = Expressions::default();
        let mut paths = self.attributes.clone();
        if !paths.is_empty() {
            let missing = names.iter().filter(|name| !paths.iter().any(|path| path.attribute() == *name));
            let missing: Vec<Path> = missing.map(|name| Path::of(name)).collect();
            paths.splice(0..0, missing);
        }
        let projection = expressions.projection(&paths);
        let projection = projection.as_deref().map(|text| (text, &expressions));
        let got = batch::get(cx, &self.table, &wanted, projection, self.consistent).await?;
        if !got.left.is_empty() {
            cx.note(format!("{} items are not whole: DynamoDB did not process their keys", got.left.len()));
        }
        let key_of = |item: &Attributes| identity(&value::only(item, &names));
        let mut whole: HashMap<String, Attributes> =
            got.items.into_iter().map(|item| (key_of(&item), item)).collect();
        let items = page.items.iter().map(|item| whole.remove(&key_of(item)).unwrap_or_else(|| item.clone()));
        let items = items.collect();
        let units = page.capacity.as_ref().and_then(|capacity| capacity.capacity_units).unwrap_or_default();
        let units = ConsumedCapacity::builder().capacity_units(units + got.consumed.read).build();
        Ok(AwsPage { items, places: page.items, capacity: Some(units), ..page })
    }

    /// What the items of the index lack, and what the filter asks that they cannot answer.
    async fn lack(&self, cx: &Call<DynamoDb>) -> Vec<String> {
        let shows_all = !self.whole && !self.count && self.attributes.is_empty();
        let asked = asked(&self.filter, self.filter_expression.as_deref(), self.names.as_ref());
        let Some(index) = self.index.as_ref().filter(|_| shows_all || !asked.is_empty()) else {
            return Vec::new();
        };
        match table::describe(cx, &self.table).await {
            Ok(table) => {
                let index = table::indexes(&table).into_iter().find(|it| it.name == index.as_str());
                let Some(index) = index else { return Vec::new() };
                let note = index.note().filter(|_| shows_all);
                let note = note.map(|note| format!("{note}; `whole` gets the rest from the table"));
                index.misses(&table, &asked).into_iter().chain(note).collect()
            }
            Err(error) => vec![format!(
                "whether the index holds whole items could not be looked up: dynamodb:DescribeTable: {}",
                error.message
            )],
        }
    }

    /// Reads once more where a value of the key is of a wrong type that can be made the right one.
    async fn read_again(&self, cx: &Call<DynamoDb>, error: Error, own: Option<&Keys>) -> Result<Found> {
        let is_about_types =
            error.kind == Kind::Invalid && error.status.is_some() && error.message.contains("type");
        if is_about_types && let Ok(table) = table::describe(cx, &self.table).await {
            let keys = match &self.index {
                None => Some(Keys::of(&table)),
                Some(name) => table::indexes(&table)
                    .into_iter()
                    .find_map(|index| (index.name == name.as_str()).then_some(index.keys)),
            };
            let typed = keys.map(|keys| keys.typed(&self.key)).transpose()?.unwrap_or_default();
            let words =
                |it: &Condition| it.value.as_ref().map_or_else(String::new, |Any(value)| value.to_string());
            let others: Vec<String> = std::iter::zip(&typed, &self.key)
                .filter(|(typed, given)| words(typed) != words(given))
                .map(|(typed, given)| {
                    let (is, was) = (words(typed), words(given));
                    format!("{} is a number in the key: {was} was taken as {is}", typed.attribute)
                })
                .collect();
            if !others.is_empty() {
                others.into_iter().for_each(|other| cx.note(other));
                return self.read(cx, &typed, own).await;
            }
        }
        Err(explained(cx, &self.table, error).await)
    }
}
