use aws_sdk_dynamodb::{
    operation::{transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError},
    types::{
        CancellationReason, ConditionCheck, Delete, Get, Put, ReturnConsumedCapacity,
        ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem, Update,
    },
};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Risk, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    capacity::Consumed,
    expression::{Condition, Expressions, Path},
    moved::{Seen, moved},
    names::TableName,
    table::{self, Keys, key_words},
    update::Changes,
    value::{self, Any, Attributes, Item, fingerprint},
};

/// Reads (`get`) or writes (`write`) up to 100 items of several tables, all or none. Deleting needs destroy allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transact {
    #[schemars(length(min = 1, max = 100))]
    get: Option<Vec<Lookup>>,
    #[schemars(length(min = 1, max = 100))]
    write: Option<Vec<Write>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lookup {
    table: TableName,
    key: Item,
    #[serde(default)]
    attributes: Vec<Path>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Write {
    op: Op,
    table: TableName,
    /// Of put.
    item: Option<Item>,
    /// Of the others.
    key: Option<Item>,
    set: Option<Item>,
    #[serde(default)]
    remove: Vec<Path>,
    add: Option<Item>,
    delete: Option<Item>,
    #[serde(default)]
    condition: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Op {
    Put,
    Update,
    Delete,
    /// Only the condition.
    Check,
}

impl Op {
    const fn word(self) -> &'static str {
        match self {
            Op::Put => "put",
            Op::Update => "update",
            Op::Delete => "delete",
            Op::Check => "check",
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    op: &'static str,
    table: String,
    key: String,
    item: Option<Any>,
}

/// What a transaction was planned on.
#[derive(Default, Serialize)]
pub(crate) struct Looked {
    tables: Tables,
    /// The items that it is about, in its order.
    seen: Vec<Seen>,
}

impl Change for Transact {
    type Service = DynamoDb;
    type Output = Page<Row>;
    type Items = Looked;
    const SPEC: Spec = Spec::write("transact", "Transaction")
        .shown_by("get_items")
        .when("get")
        .on(arns::GET_TABLE, &["dynamodb:DescribeTable", "dynamodb:GetItem"])
        .when("write")
        .on(
            arns::WRITE_TABLE,
            &[
                "dynamodb:DescribeTable",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:ConditionCheckItem",
            ],
        )
        .quotes()
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Looked>> {
        match (&self.get, &self.write) {
            (Some(get), None) => {
                let tables = Tables::of(cx, get.iter().map(|one| &one.table)).await?;
                let mut plan = Plan::new(format!("read {} items at one moment, changing nothing", get.len()));
                for (at, one) in get.iter().enumerate() {
                    let key = one.key_words(&tables, at)?;
                    plan = plan.row(json!({"op": "get", "table": one.table, "key": key}));
                }
                Ok(plan.items(Looked { tables, seen: Vec::new() }))
            }
            (None, Some(writes)) => self.plan_writes(cx, writes).await,
            _ => Err(Error::invalid("give `get` or `write`: a transaction reads or writes")),
        }
    }

    async fn apply(self, looked: Looked, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        match (&self.get, &self.write) {
            (Some(get), _) => read(cx, get, &looked.tables).await,
            (_, Some(writes)) => write(cx, writes, looked).await,
            _ => Err(Error::invalid("give `get` or `write`")),
        }
    }
}

impl Transact {
    async fn plan_writes(&self, cx: &Call<DynamoDb>, writes: &[Write]) -> Result<Plan<Looked>> {
        if writes.iter().any(|write| write.op == Op::Delete) {
            cx.permit("transact with delete", Risk::Destroy)?;
        }
        let tables = Tables::of(cx, writes.iter().map(|write| &write.table)).await?;
        let mut targets = Vec::new();
        let mut planned = Vec::new();
        for (at, write) in writes.iter().enumerate() {
            let keys = tables.keys(&write.table)?;
            let key = write.key(keys, at)?;
            write.build(keys, at)?;
            planned.push((write, keys));
            targets.push((&write.table, key));
        }
        let now = items_now(cx, &targets).await?;
        let count = |op| writes.iter().filter(|write| write.op == op).count();
        let parts: Vec<String> = [Op::Put, Op::Update, Op::Delete, Op::Check]
            .into_iter()
            .filter(|op| count(*op) > 0)
            .map(|op| format!("{} {}", count(op), op.word()))
            .collect();
        let mut plan = Plan::new(format!("write in one transaction, all or none: {}", parts.join(", ")));
        for (((write, keys), (_, key)), now) in planned.iter().zip(&targets).zip(&now) {
            let (names, now) = (keys.names(), now.clone());
            let (key, now) = (key_words(key, &names), now.map(|item| value::item(item, &names)));
            if write.op == Op::Put && now.is_some() && write.condition.is_empty() {
                plan = plan.warning(format!("put replaces {key} of {} whole", write.table));
            }
            plan = plan.row(json!({"op": write.op.word(), "table": write.table, "key": key, "now": now}));
        }
        if writes.iter().any(|write| !write.condition.is_empty()) {
            plan = plan.warning("whether the conditions hold, DynamoDB finds out when it is done");
        }
        let seen = targets.into_iter().zip(&now).map(|((_, key), item)| Seen::of(key, item.as_ref()));
        let seen = seen.collect();
        let plan = plan.items(Looked { tables, seen });
        Ok(if count(Op::Delete) > 0 { plan.ask() } else { plan })
    }
}

/// The items of these keys at one moment.
async fn items_now(
    cx: &Call<DynamoDb>,
    targets: &[(&TableName, Attributes)],
) -> Result<Vec<Option<Attributes>>> {
    let lookups = targets.iter().map(|(table, key)| get_of(table, key.clone(), None));
    let lookups = lookups.collect::<Result<Vec<_>>>()?;
    let out = cx.client().db.transact_get_items().set_transact_items(Some(lookups)).send().await?;
    Ok(out.responses.unwrap_or_default().into_iter().map(|response| response.item).collect())
}

/// The keys of the tables that a transaction is about.
#[derive(Default, Serialize)]
struct Tables(Vec<(TableName, Keys)>);

impl Tables {
    async fn of(cx: &Call<DynamoDb>, names: impl Iterator<Item = &TableName>) -> Result<Tables> {
        let mut names: Vec<&TableName> = names.collect();
        names.sort();
        names.dedup();
        let mut tables = Vec::new();
        for name in names {
            tables.push((name.clone(), Keys::of(&table::describe(cx, name).await?)));
        }
        Ok(Tables(tables))
    }

    fn keys(&self, table: &TableName) -> Result<&Keys> {
        let found = self.0.iter().find(|(name, _)| name == table).map(|(_, keys)| keys);
        found.ok_or_else(|| Error::internal("a table was not looked at"))
    }
}

impl Lookup {
    /// The key with the types that its table has.
    fn key(&self, tables: &Tables, at: usize) -> Result<Attributes> {
        tables.keys(&self.table)?.exactly(&self.key.attributes()?, &format!("get {at}"))
    }

    fn key_words(&self, tables: &Tables, at: usize) -> Result<String> {
        Ok(key_words(&self.key(tables, at)?, &tables.keys(&self.table)?.names()))
    }
}

impl Write {
    fn key(&self, keys: &Keys, at: usize) -> Result<Attributes> {
        let what = format!("write {at} ({})", self.op.word());
        match (self.op, &self.item, &self.key) {
            (Op::Put, Some(item), None) => {
                let item = item.attributes()?;
                value::fits(&item)?;
                keys.key_of(&item, &what)
            }
            (Op::Put, _, _) => Err(Error::invalid(format!("{what} takes `item`, and no `key`"))),
            (_, None, Some(key)) => keys.exactly(&key.attributes()?, &what),
            (_, _, _) => Err(Error::invalid(format!("{what} takes `key`, and no `item`"))),
        }
    }

    /// The item of a put, with its key as the table wants it.
    fn whole(&self, key: Attributes) -> Result<Option<Attributes>> {
        let item = self.item.as_ref().map(Item::attributes).transpose()?;
        Ok(item.map(|item| item.into_iter().chain(key).collect()))
    }

    fn build(&self, keys: &Keys, at: usize) -> Result<TransactWriteItem> {
        let failed = |error: aws_sdk_dynamodb::error::BuildError| Error::internal(error.to_string());
        let key = self.key(keys, at)?;
        let mut expressions = Expressions::default();
        let changes =
            Changes::read(self.set.as_ref(), self.add.as_ref(), self.delete.as_ref(), &self.remove)?;
        if (self.op == Op::Update) == changes.is_empty() {
            return Err(Error::invalid(format!(
                "write {at}: `set`, `remove`, `add` and `delete` are what op update does, and only that"
            )));
        }
        changes.leave_alone(&keys.names())?;
        let update = changes.expression(&mut expressions);
        let condition = expressions.all(&self.condition, None)?;
        let (table, seen) = (self.table.as_str(), ReturnValuesOnConditionCheckFailure::AllOld);
        let item = TransactWriteItem::builder();
        Ok(match self.op {
            Op::Put => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(self.whole(key)?)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expressions.names())
                    .set_expression_attribute_values(expressions.values())
                    .return_values_on_condition_check_failure(seen)
                    .build()
                    .map_err(failed)?,
            ),
            Op::Update => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .update_expression(update)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expressions.names())
                    .set_expression_attribute_values(expressions.values())
                    .return_values_on_condition_check_failure(seen)
                    .build()
                    .map_err(failed)?,
            ),
            Op::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(expressions.names())
                    .set_expression_attribute_values(expressions.values())
                    .return_values_on_condition_check_failure(seen)
                    .build()
                    .map_err(failed)?,
            ),
            Op::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .condition_expression(
                        condition
                            .ok_or_else(|| Error::invalid(format!("write {at}: check needs `condition`")))?,
                    )
                    .set_expression_attribute_names(expressions.names())
                    .set_expression_attribute_values(expressions.values())
                    .return_values_on_condition_check_failure(seen)
                    .build()
                    .map_err(failed)?,
            ),
        }
        .build())
    }
}

fn get_of(
    table: &TableName,
    key: Attributes,
    projection: Option<(String, &Expressions)>,
) -> Result<TransactGetItem> {
    let (text, names) = match projection {
        Some((text, expressions)) => (Some(text), expressions.names()),
        None => (None, None),
    };
    let get = Get::builder()
        .table_name(table.as_str())
        .set_key(Some(key))
        .set_projection_expression(text)
        .set_expression_attribute_names(names)
        .build()
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(TransactGetItem::builder().get(get).build())
}

async fn read(cx: &Call<DynamoDb>, get: &[Lookup], tables: &Tables) -> Result<Page<Row>> {
    let (mut items, mut keys) = (Vec::new(), Vec::new());
    for (at, one) in get.iter().enumerate() {
        let mut expressions = Expressions::default();
        let projection = expressions.projection(&one.attributes);
        let key = one.key(tables, at)?;
        items.push(get_of(&one.table, key, projection.map(|text| (text, &expressions)))?);
        keys.push((one.key_words(tables, at)?, tables.keys(&one.table)?.names()));
    }
    let sent = cx
        .client()
        .db
        .transact_get_items()
        .set_transact_items(Some(items))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await;
    let out = match sent {
        Ok(out) => out,
        Err(error) => {
            let reasons = match error.as_service_error() {
                Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons().to_vec()
                }
                _ => Vec::new(),
            };
            let parts = get.iter().zip(keys);
            let parts = parts.map(|(one, (key, first))| Part { op: "get", table: &one.table, key, first });
            return Err(cancelled(Error::from(error), &reasons, parts));
        }
    };
    let mut consumed = Consumed::default();
    consumed.reads(out.consumed_capacity.unwrap_or_default());
    consumed.note(cx);
    let found = out.responses.unwrap_or_default();
    let rows = get.iter().zip(keys).zip(found).map(|((one, (key, first)), found)| Row {
        op: if found.item.is_some() { "get" } else { "missing" },
        table: one.table.to_string(),
        key,
        item: found.item.map(|item| Any(value::item(item, &first))),
    });
    Ok(cx.page(rows, None))
}

async fn write(cx: &Call<DynamoDb>, writes: &[Write], looked: Looked) -> Result<Page<Row>> {
    let Looked { tables, seen } = looked;
    let mut items = Vec::new();
    let mut rows = Vec::new();
    for (at, write) in writes.iter().enumerate() {
        let keys = tables.keys(&write.table)?;
        items.push(write.build(keys, at)?);
        let key = key_words(&write.key(keys, at)?, &keys.names());
        rows.push(Row { op: write.op.word(), table: write.table.to_string(), key, item: None });
    }
    // What was agreed to is what is there: otherwise nothing is written, as with any condition of a transaction.
    let targets: Vec<_> =
        writes.iter().map(|write| &write.table).zip(seen.iter().map(|seen| seen.key.clone())).collect();
    let now = items_now(cx, &targets).await?;
    let other = rows
        .iter()
        .zip(seen.iter().zip(&now))
        .find(|(_, (seen, now))| seen.state != now.as_ref().map(fingerprint));
    if let Some((row, _)) = other {
        return Err(moved(&format!("{} of {}", row.key, row.table)));
    }
    let sent = cx
        .client()
        .db
        .transact_write_items()
        .set_transact_items(Some(items))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await;
    match sent {
        Ok(out) => {
            let mut consumed = Consumed::default();
            consumed.writes(out.consumed_capacity.unwrap_or_default());
            consumed.note(cx);
            Ok(cx.page(rows, None))
        }
        Err(error) => {
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons().to_vec()
                }
                _ => Vec::new(),
            };
            let mut parts = Vec::new();
            for (write, row) in writes.iter().zip(&rows) {
                let first = tables.keys(&write.table)?.names();
                parts.push(Part { op: write.op.word(), table: &write.table, key: row.key.clone(), first });
            }
            Err(cancelled(Error::from(error), &reasons, parts.into_iter()))
        }
    }
}

/// One item of a transaction, as it is named.
struct Part<'a> {
    op: &'static str,
    table: &'a TableName,
    key: String,
    /// The attributes that its item is shown with first.
    first: Vec<String>,
}

/// A cancelled transaction, with the reason of each item that stood in the way.
fn cancelled<'a>(
    mut error: Error,
    reasons: &[CancellationReason],
    parts: impl Iterator<Item = Part<'a>>,
) -> Error {
    let mut reads = false;
    let why = parts.zip(reasons).enumerate().filter_map(|(at, (part, reason))| {
        let Part { op, table, key, first } = part;
        reads |= op == "get";
        let code = reason.code().filter(|code| *code != "None")?;
        let message = reason.message().map(|message| format!(": {message}")).unwrap_or_default();
        let item = reason.item().filter(|item| !item.is_empty());
        let item =
            item.map(|item| format!("; there is {}", value::item(item.clone(), &first))).unwrap_or_default();
        Some(format!("{at} ({op} {table} {key}): {code}{message}{item}"))
    });
    let why: Vec<String> = why.collect();
    if why.is_empty() {
        return error;
    }
    let conflict = reasons.iter().any(|reason| reason.code() == Some("TransactionConflict"));
    let what = if reads { "nothing was read" } else { "nothing was written" };
    error.message = format!("{what}; in the way stood {}", why.join(" | "));
    error.with_next(match (conflict, reads) {
        (true, _) => "another write of the same items was under way: call again",
        (false, true) => "get_items reads items one by one; describe_table shows the tables",
        (false, false) => "get_items shows what is there; change the condition or the item",
    })
}
