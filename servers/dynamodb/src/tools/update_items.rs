use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::{
    DynamoDb, arns,
    batch::{Failed, fate},
    capacity::Consumed,
    expression::{Condition, Expressions, Path},
    moved::{LEFT, Seen},
    names::TableName,
    table::{self, Keys, key_words},
    update::Changes,
    value::{self, Any, Attributes, Item},
};

/// Changes attributes of all items that a filter fits, up to 1000 a call: reads the table, shows how many, asks, and changes
/// each only while it is as it was seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateItems {
    table: TableName,
    #[schemars(length(min = 1))]
    filter: Vec<Condition>,
    /// {"status": "paid", "address.city": "Bern"}
    set: Option<Item>,
    #[serde(default)]
    remove: Vec<Path>,
    /// Counts up, joins sets: {"visits": 1}.
    add: Option<Item>,
    /// Elements to take out of sets.
    delete: Option<Item>,
    /// Items to look at, 10000 unless given.
    #[schemars(range(min = 1))]
    max_items: Option<u64>,
    /// To go on: `next` of the last answer.
    after: Option<Item>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Changed {
    changed: usize,
    /// Items that were left as they are, and why.
    failed: Vec<Failed>,
    /// Where it goes on, given as `after`; none where the whole table was looked at.
    next: Option<Any>,
}

/// An item that is to be changed, and what it had where it is.
struct Target {
    seen: Seen,
    had: Vec<Option<AttributeValue>>,
}

/// What was found: the items, and where it goes on behind them.
pub(crate) struct Found {
    keys: Keys,
    targets: Vec<Target>,
    next: Option<Attributes>,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let seen: Vec<&Seen> = self.targets.iter().map(|target| &target.seen).collect();
        (&self.keys, seen, self.next.as_ref().map(value::identity)).serialize(serializer)
    }
}

impl Change for UpdateItems {
    type Service = DynamoDb;
    type Output = One<Changed>;
    type Items = Found;
    const SPEC: Spec = Spec::write("update_items", "Update items by a filter")
        .shown_by("scan")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:UpdateItem"])
        .quotes()
        .optional()
        .minutes(10);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Found>> {
        const SHOWN: usize = 10;
        let keys = Keys::of(&table::describe(cx, &self.table).await?);
        let names = keys.names();
        let changes = self.changes()?;
        changes.leave_alone(&names)?;
        let (items, next, looked, consumed) = self.find(cx, &keys).await?;
        let looked = counted(looked, "item");
        let behind = next.as_ref().map(|key| value::item(key.clone(), &names));
        if items.is_empty() {
            let error = Error::not_found(format!("no item of {looked} that were looked at fits the filter"));
            return Err(match behind {
                Some(key) => error.with_next(format!("there are more: \"after\": {key} goes on behind them")),
                None => error,
            });
        }
        let mut plan = Plan::new(format!(
            "change {} of {looked} of {}: {}; {}",
            counted(items.len(), "item"),
            self.table,
            changes.words(),
            consumed.words()
        ));
        for item in items.iter().take(SHOWN) {
            let now = changes.paths().map(|path| {
                let value = path.find(item).cloned().map_or(Value::Null, value::plain);
                (path.to_string(), value)
            });
            let key = key_words(&value::only(item, &names), &names);
            plan =
                plan.row(json!({"key": key, "now": Value::Object(now.collect::<Map<_, _>>()).to_string()}));
        }
        if items.len() > SHOWN {
            plan = plan.warning(format!("the first {SHOWN} are shown"));
        }
        if behind.is_some() {
            plan = plan.warning("there is more of the table behind them: `next` of the answer goes on");
        }
        let targets = items.iter().map(|item| Target {
            seen: Seen::of(value::only(item, &names), Some(item)),
            had: changes.paths().map(|path| path.find(item).cloned()).collect(),
        });
        let targets = targets.collect();
        Ok(plan.ask().items(Found { keys, targets, next }))
    }

    async fn apply(self, found: Found, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let (changes, names) = (self.changes()?, found.keys.names());
        let total = found.targets.len() as u64;
        let updates = found.targets.into_iter().map(|target| self.change(cx, &changes, &found.keys, target));
        let mut updates = stream::iter(updates.collect::<Result<Vec<_>>>()?).buffer_unordered(AT_ONCE);
        let (mut changed, mut failed, mut consumed) = (0, Vec::new(), Consumed::default());
        while let Some((key, sent)) = updates.next().await {
            match sent {
                Ok(units) => {
                    changed += 1;
                    consumed.add(units);
                }
                Err(why) => failed.push(Failed { key: Any(value::item(key, &names)), why }),
            }
            cx.progress(changed as u64, Some(total), format!("changed {changed} of {total} items"));
        }
        drop(updates);
        consumed.note(cx);
        if changed == 0
            && let Some(first) = failed.first()
        {
            return Err(Error::conflict(format!("nothing was changed; {}: {}", first.key.0, first.why))
                .with_next("call again: it looks anew and shows what would change now"));
        }
        let next = found.next.map(|key| Any(value::item(key, &names)));
        Ok(One(Changed { changed, failed, next }))
    }
}

impl UpdateItems {
    fn changes(&self) -> Result<Changes> {
        let changes =
            Changes::read(self.set.as_ref(), self.add.as_ref(), self.delete.as_ref(), &self.remove)?;
        if changes.is_empty() {
            return Err(Error::invalid("nothing to change: give `set`, `remove`, `add` or `delete`")
                .with_next("a good one is \"remove\": [\"old\"]"));
        }
        Ok(changes)
    }

    /// The items that fit, where it goes on behind them, how many were looked at, and what that consumed.
    async fn find(
        &self,
        cx: &Call<DynamoDb>,
        keys: &Keys,
    ) -> Result<(Vec<Attributes>, Option<Attributes>, usize, Consumed)> {
        const MOST: usize = 1000;
        const LOOKED_AT: u64 = 10_000;
        let mut expressions = Expressions::default();
        let filter = expressions.all(&self.filter, None)?;
        let after = self.after.as_ref().map(Item::attributes).transpose()?;
        let mut after = after.map(|key| keys.exactly(&key, "after")).transpose()?;
        let most = usize::try_from(self.max_items.unwrap_or(LOOKED_AT)).unwrap_or(usize::MAX);
        let (mut items, mut looked, mut consumed) = (Vec::new(), 0, Consumed::default());
        while items.len() < MOST && looked < most {
            let out = cx
                .client()
                .db
                .scan()
                .table_name(self.table.as_str())
                .set_filter_expression(filter.clone())
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .consistent_read(true)
                .set_exclusive_start_key(after.take())
                .limit(i32::try_from(most - looked).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            looked += usize::try_from(out.scanned_count).unwrap_or_default();
            consumed.reads(out.consumed_capacity);
            items.extend(out.items.unwrap_or_default());
            after = out.last_evaluated_key;
            cx.progress(looked as u64, None, format!("{looked} items looked at, {} fit", items.len()));
            if after.is_none() {
                break;
            }
        }
        if items.len() > MOST {
            items.truncate(MOST);
            after = items.last().map(|item| value::only(item, &keys.names()));
        }
        Ok((items, after, looked, consumed))
    }

    /// Changes an item under the condition that it fits and has what it had; else why it was left alone.
    fn change<'a>(
        &self,
        cx: &'a Call<DynamoDb>,
        changes: &Changes,
        keys: &Keys,
        target: Target,
    ) -> Result<impl Future<Output = (Attributes, Result<Consumed, String>)> + use<'a>> {
        let mut expressions = Expressions::default();
        let update = changes.expression(&mut expressions);
        let mut conditions = vec![format!("attribute_exists({})", expressions.name(keys.partition()))];
        conditions.extend(expressions.all(&self.filter, None)?);
        for (path, had) in changes.paths().zip(target.had) {
            let path = expressions.path(path);
            conditions.push(match had {
                Some(had) => format!("{path} = {}", expressions.value(had)),
                None => format!("attribute_not_exists({path})"),
            });
        }
        let key = target.seen.key;
        let request = cx
            .client()
            .db
            .update_item()
            .table_name(self.table.as_str())
            .set_key(Some(key.clone()))
            .update_expression(update)
            .condition_expression(conditions.join(" AND "))
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Ok(async move {
            let sent = request.send().await.map_err(Error::from);
            let sent = sent.map_err(|error| match error.code.as_deref() {
                Some("ConditionalCheckFailedException") => LEFT.to_owned(),
                _ => fate(&error, "changed"),
            });
            let units = sent.map(|out| {
                let mut consumed = Consumed::default();
                consumed.writes(out.consumed_capacity);
                consumed
            });
            (key, units)
        })
    }
}
