use std::collections::HashSet;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::delete_item::DeleteItemError,
    types::{DeleteRequest, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, WriteRequest},
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted};
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

/// Deletes items by their whole keys, up to 1000; with `condition` only where it holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteItems {
    table: TableName,
    #[schemars(length(min = 1, max = 1000))]
    keys: Vec<Item>,
    #[serde(default)]
    condition: Vec<Condition>,
    /// Raw.
    condition_expression: Option<String>,
    names: Option<Item>,
    values: Option<Item>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: usize,
    /// Items that were not deleted, and why.
    failed: Vec<Failed>,
}

/// What is deleted: items that were there, as they were seen.
#[derive(Serialize)]
pub(crate) struct Doomed {
    /// The names of the key attributes.
    names: Vec<String>,
    items: Vec<Seen>,
}

impl Change for DeleteItems {
    type Service = DynamoDb;
    type Output = One<Deleted>;
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("delete_items", "Delete items")
        .shown_by("get_items")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"])
        .when("condition")
        .on(arns::TABLE, &["dynamodb:DeleteItem"])
        .when("condition_expression")
        .on(arns::TABLE, &["dynamodb:DeleteItem"])
        .idempotent()
        .minutes(10);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Doomed>> {
        const SHOWN: usize = 20;
        let keys = Keys::of(&table::describe(cx, &self.table).await?);
        let (all, names) = (self.keys(&keys)?, keys.names());
        self.conditions()?;
        let got = batch::get(cx, &self.table, &all, None, true).await?;
        let there: HashSet<String> =
            got.items.iter().map(|item| identity(&value::only(item, &names))).collect();
        let missing: Vec<String> = all
            .iter()
            .filter(|key| !there.contains(&identity(key)) && !got.left.contains(key))
            .map(|key| key_words(key, &names))
            .collect();
        let bytes: u64 = got.items.iter().map(value::item_size).sum();
        let condition = if self.is_conditional() { ", where the condition holds" } else { "" };
        let mut plan = Plan::new(format!(
            "delete {} ({}) of {}{condition}",
            counted(got.items.len(), "item"),
            awsmcp_mcp::human_size(bytes),
            self.table
        ));
        for item in got.items.iter().take(SHOWN) {
            plan = plan.row(json!({"item": value::item(item.clone(), &names)}));
        }
        if got.items.len() > SHOWN {
            plan = plan.warning(format!("the first {SHOWN} are shown"));
        }
        if !missing.is_empty() {
            let shown = missing.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
            plan = plan.warning(format!("{} do not exist: {shown}", missing.len()));
        }
        if !got.left.is_empty() {
            plan = plan.warning(format!(
                "{} could not be looked at, and are not deleted: throttled",
                got.left.len()
            ));
        }
        let seen = got.items.iter().map(|item| Seen::of(value::only(item, &names), Some(item)));
        let mut items: Vec<Seen> = seen.collect();
        items.sort_by_key(|seen| identity(&seen.key));
        Ok(plan.items(Doomed { names, items }))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let names = doomed.names;
        let (all, mut left) = batch::unmoved(cx, &self.table, doomed.items, &names).await?;
        if all.is_empty()
            && let Some(first) = left.first()
        {
            return Err(Error::conflict(format!("nothing was deleted; {}: {}", first.key.0, first.why))
                .with_next("call again: it looks anew and shows what would go now"));
        }
        if self.is_conditional() {
            let One(mut done) = self.each(cx, all, &names).await?;
            done.failed.append(&mut left);
            return Ok(One(done));
        }
        let writes = all.into_iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
        });
        let writes: Vec<WriteRequest> = writes
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::internal(error.to_string()))?;
        let wrote = batch::write(cx, &self.table, writes, "deleted").await;
        wrote.consumed.note(cx);
        if wrote.done == 0
            && let Some((_, why)) = wrote.left.first()
        {
            return Err(Error::conflict(format!("nothing was deleted: {why}")));
        }
        left.extend(wrote.left.into_iter().map(|(write, why)| {
            let key = write.delete_request.map(|delete| delete.key).unwrap_or_default();
            Failed { key: Any(value::item(key, &names)), why }
        }));
        Ok(One(Deleted { deleted: wrote.done, failed: left }))
    }
}

/// Whether a condition was not met since there is no item at all.
fn is_of_nothing<R>(error: &SdkError<DeleteItemError, R>) -> bool {
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(failed)) => failed.item.is_none(),
        _ => false,
    }
}

impl DeleteItems {
    fn is_conditional(&self) -> bool {
        !self.condition.is_empty() || self.condition_expression.is_some()
    }

    fn keys(&self, keys: &Keys) -> Result<Vec<Attributes>> {
        let mut seen = HashSet::new();
        let read = self.keys.iter().enumerate().map(|(at, key)| {
            let key = keys.exactly(&key.attributes()?, &format!("key {at}"))?;
            if !seen.insert(identity(&key)) {
                let words = key_words(&key, &keys.names());
                return Err(Error::invalid(format!("key {at}: {words} was given before")));
            }
            Ok(key)
        });
        read.collect()
    }

    fn conditions(&self) -> Result<(Expressions, Option<String>)> {
        let (names, values) = (self.names.as_ref(), self.values.as_ref());
        Expressions::condition_of(&self.condition, self.condition_expression.as_deref(), names, values)
    }

    /// One request for each item: only so can each have a condition.
    async fn each(
        &self,
        cx: &Call<DynamoDb>,
        keys: Vec<Attributes>,
        names: &[String],
    ) -> Result<One<Deleted>> {
        const AT_ONCE: usize = 8;
        let (expressions, condition) = self.conditions()?;
        let total = keys.len() as u64;
        let deletes = keys.into_iter().map(|key| {
            let request = cx
                .client()
                .db
                .delete_item()
                .table_name(self.table.as_str())
                .set_key(Some(key.clone()))
                .set_condition_expression(condition.clone())
                .set_expression_attribute_names(expressions.names())
                .set_expression_attribute_values(expressions.values())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            async move { (key, request.send().await) }
        });
        let mut deletes = stream::iter(deletes).buffer_unordered(AT_ONCE);
        let (mut deleted, mut failed, mut consumed, mut first) = (0, Vec::new(), Consumed::default(), None);
        let mut again = 0;
        while let Some((key, sent)) = deletes.next().await {
            match sent {
                Ok(out) => {
                    deleted += 1;
                    consumed.writes(out.consumed_capacity);
                }
                // The condition fails of an item that is no more, and it was there before the first try.
                Err(error) if is_of_nothing(&error) && cx.lost_a_try("DeleteItem") => {
                    (deleted, again) = (deleted + 1, again + 1);
                }
                Err(error) => {
                    let error = Error::from(error);
                    let why = batch::fate(&error, "deleted");
                    failed.push(Failed { key: Any(value::item(key, names)), why });
                    first.get_or_insert(error);
                }
            }
            cx.progress(deleted as u64, Some(total), format!("deleted {deleted} of {total} items"));
        }
        consumed.note(cx);
        if again > 0 {
            cx.note(format!(
                "the answer to one try was lost; {again} of these were not there any more at the next, since the first had deleted \
                 them or somebody else has"
            ));
        }
        match first {
            // Where all failed, it is the call that failed.
            Some(error) if deleted == 0 => Err(error),
            _ => Ok(One(Deleted { deleted, failed })),
        }
    }
}
