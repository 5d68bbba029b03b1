use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{PutRequest, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, WriteRequest},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, counted};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    batch::{self, Failed},
    capacity::Consumed,
    expression::{Condition, Expressions},
    moved::Seen,
    names::TableName,
    table::{self, Keys, key_words},
    value::{self, Any, Attributes, Item, identity},
};

/// Writes whole items, any number up to 1000. What exists is replaced only with `overwrite`, or where `condition` holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutItems {
    table: TableName,
    #[schemars(length(min = 1, max = 1000))]
    items: Vec<Item>,
    #[serde(default)]
    overwrite: bool,
    /// Of the item that is there.
    #[serde(default)]
    condition: Vec<Condition>,
    /// Raw.
    condition_expression: Option<String>,
    names: Option<Item>,
    values: Option<Item>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    written: usize,
    /// Items that were not written, and why.
    failed: Vec<Failed>,
}

/// What was looked at: the table's key, and what there was under the keys of the items.
#[derive(Serialize)]
pub(crate) struct Puts {
    keys: Keys,
    /// Only where items are replaced without a condition of DynamoDB's.
    seen: Vec<Seen>,
}

impl Change for PutItems {
    type Service = DynamoDb;
    type Output = One<Written>;
    type Items = Puts;
    const SPEC: Spec = Spec::write("put_items", "Put items")
        .shown_by("get_items")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:BatchGetItem", "dynamodb:PutItem"])
        .when("overwrite")
        .on(arns::TABLE, &["dynamodb:BatchWriteItem"])
        .idempotent()
        .minutes(10);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Puts>> {
        const SHOWN: usize = 20;
        let keys = Keys::of(&table::describe(cx, &self.table).await?);
        let items = self.items(&keys)?;
        self.conditions()?;
        let all: Vec<Attributes> = items.iter().map(|(key, _)| key.clone()).collect();
        let mut expressions = Expressions::default();
        let names = keys.names();
        let paths: Vec<_> = names.iter().map(|name| crate::expression::Path::of(name)).collect();
        let projection = expressions.projection(&paths);
        // What is replaced is looked at whole.
        let projection = projection.as_deref().filter(|_| !self.replaces()).map(|text| (text, &expressions));
        let got = batch::get(cx, &self.table, &all, projection, true).await?;
        let there: HashMap<String, &Attributes> =
            got.items.iter().map(|item| (identity(&value::only(item, &names)), item)).collect();
        let replaced: Vec<String> = all
            .iter()
            .filter(|key| there.contains_key(&identity(key)))
            .map(|key| key_words(key, &names))
            .collect();
        if !replaced.is_empty() && self.is_new_only() {
            let shown: Vec<&str> = replaced.iter().take(SHOWN).map(String::as_str).collect();
            let more = if replaced.len() > SHOWN { ", ..." } else { "" };
            return Err(Error::conflict(format!(
                "{} of {} items exist already: {}{more}; nothing was written",
                replaced.len(),
                all.len(),
                shown.join("; ")
            ))
            .with_next("`overwrite` replaces them whole; update_item changes single attributes"));
        }
        let bytes: u64 = items.iter().map(|(_, item)| value::item_size(item)).sum();
        let what = match (self.is_conditional(), replaced.len()) {
            (true, _) => "where the condition holds".to_owned(),
            (false, 0) => "all new".to_owned(),
            (false, count) => format!("{count} of them replaced whole"),
        };
        let mut plan = Plan::new(format!(
            "put {} ({}) into {}, {what}",
            counted(all.len(), "item"),
            awsmcp_mcp::human_size(bytes),
            self.table
        ));
        for key in all.iter().take(SHOWN) {
            let state = if there.contains_key(&identity(key)) { "exists" } else { "new" };
            plan = plan.row(json!({"key": key_words(key, &names), "state": state}));
        }
        if all.len() > SHOWN {
            plan = plan.warning(format!("the first {SHOWN} are shown"));
        }
        if !got.left.is_empty() {
            plan = plan.warning(format!(
                "whether {} of them exist could not be looked up: throttled",
                got.left.len()
            ));
        }
        let seen = all.iter().filter(|_| self.replaces());
        let seen = seen.map(|key| Seen::of(key.clone(), there.get(&identity(key)).copied())).collect();
        Ok(plan.state(json!(replaced)).items(Puts { keys, seen }))
    }

    async fn apply(self, Puts { keys, seen }: Puts, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let items = self.items(&keys)?;
        let names = keys.names();
        let (written, failed, consumed) = if self.replaces() {
            self.batches(cx, items, seen, &names).await?
        } else {
            self.each(cx, items, &names).await?
        };
        consumed.note(cx);
        if written == 0
            && let Some(first) = failed.first()
        {
            return Err(Error::conflict(format!("nothing was written; {}: {}", first.key.0, first.why))
                .with_next("get_items shows what is there"));
        }
        Ok(One(Written { written, failed }))
    }
}

impl PutItems {
    fn is_conditional(&self) -> bool {
        !self.condition.is_empty() || self.condition_expression.is_some()
    }

    /// Whether items are replaced whatever they are.
    fn replaces(&self) -> bool {
        self.overwrite && !self.is_conditional()
    }

    /// Whether only items that are not there yet are written.
    fn is_new_only(&self) -> bool {
        !self.overwrite && !self.is_conditional()
    }

    /// The items with their keys, checked.
    fn items(&self, keys: &Keys) -> Result<Vec<(Attributes, Attributes)>> {
        let mut seen = HashSet::new();
        let read = self.items.iter().enumerate().map(|(at, item)| {
            let name = |error: Error| {
                let mut error = error;
                error.message = format!("item {at}: {}", error.message);
                error
            };
            let mut attributes = item.attributes().map_err(name)?;
            let key = keys.key_of(&attributes, &format!("item {at}"))?;
            attributes.extend(key.clone());
            value::fits(&attributes).map_err(name)?;
            if !seen.insert(identity(&key)) {
                return Err(Error::invalid(format!(
                    "item {at}: the key {} was given before",
                    key_words(&key, &keys.names())
                )));
            }
            Ok((key, attributes))
        });
        read.collect()
    }

    fn conditions(&self) -> Result<(Expressions, Option<String>)> {
        let (names, values) = (self.names.as_ref(), self.values.as_ref());
        Expressions::condition_of(&self.condition, self.condition_expression.as_deref(), names, values)
    }

    async fn batches(
        &self,
        cx: &Call<DynamoDb>,
        items: Vec<(Attributes, Attributes)>,
        seen: Vec<Seen>,
        names: &[String],
    ) -> Result<(usize, Vec<Failed>, Consumed)> {
        let (same, mut failed) = batch::unmoved(cx, &self.table, seen, names).await?;
        let same: HashSet<String> = same.iter().map(identity).collect();
        let items = items.into_iter().filter(|(key, _)| same.contains(&identity(key)));
        let writes = items.map(|(_, item)| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        });
        let writes: Vec<WriteRequest> = writes
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::internal(error.to_string()))?;
        let wrote = batch::write(cx, &self.table, writes, "written").await;
        failed.extend(wrote.left.into_iter().map(|(write, why)| {
            let item = write.put_request.map(|put| put.item).unwrap_or_default();
            Failed { key: Any(value::item(value::only(&item, names), names)), why }
        }));
        Ok((wrote.done, failed, wrote.consumed))
    }

    /// One request for each item: only so can each have a condition.
    async fn each(
        &self,
        cx: &Call<DynamoDb>,
        items: Vec<(Attributes, Attributes)>,
        names: &[String],
    ) -> Result<(usize, Vec<Failed>, Consumed)> {
        const AT_ONCE: usize = 8;
        let (mut expressions, mut condition) = self.conditions()?;
        if self.is_new_only() {
            let partition = names.first().map(String::as_str).unwrap_or_default();
            condition = Some(format!("attribute_not_exists({})", expressions.name(partition)));
        }
        let total = items.len() as u64;
        let puts = items.into_iter().map(|(key, item)| {
            let request = cx
                .client()
                .db
                .put_item()
                .table_name(self.table.as_str())
                .set_item(Some(item.clone()))
                .set_condition_expression(condition.clone())
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            async move { (key, item, request.send().await) }
        });
        let mut puts = stream::iter(puts).buffer_unordered(AT_ONCE);
        let (mut written, mut failed, mut consumed) = (0, Vec::new(), Consumed::default());
        while let Some((key, item, sent)) = puts.next().await {
            match sent {
                Ok(out) => {
                    written += 1;
                    consumed.writes(out.consumed_capacity);
                }
                Err(error) => {
                    let there = match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(failed)) => failed.item.clone(),
                        _ => None,
                    };
                    // Its first answer was lost, and this is what it wrote.
                    if there.as_ref().is_some_and(|there| identity(there) == identity(&item)) {
                        written += 1;
                        continue;
                    }
                    let there = there.map(|item| value::item(item, names));
                    let error = Error::from(error);
                    if total == 1 && error.kind != Kind::Conflict {
                        return Err(error);
                    }
                    let there = there.map(|item| format!("; there is {item}")).unwrap_or_default();
                    failed.push(Failed {
                        key: Any(value::item(key, names)),
                        why: format!("{}{there}", batch::fate(&error, "written")),
                    });
                }
            }
            cx.progress(written as u64, Some(total), format!("wrote {written} of {total} items"));
        }
        Ok((written, failed, consumed))
    }
}
