use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    capacity::Consumed,
    expression::{Condition, Expressions, Path},
    names::TableName,
    table::{self, Keys, key_words},
    update::Changes,
    value::{self, Any, Attributes, Item, fingerprint},
};

/// Changes attributes of one item and answers it before and after. An item that is missing is made only with `upsert`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateItem {
    table: TableName,
    key: Item,
    /// {"status": "paid", "address.city": "Bern"}
    set: Option<Item>,
    #[serde(default)]
    remove: Vec<Path>,
    /// Counts up, joins sets: {"visits": 1}.
    add: Option<Item>,
    /// Elements to take out of sets.
    delete: Option<Item>,
    #[serde(default)]
    condition: Vec<Condition>,
    /// Raw, in place of set, remove, add, delete.
    update_expression: Option<String>,
    /// Raw.
    condition_expression: Option<String>,
    names: Option<Item>,
    values: Option<Item>,
    #[serde(default)]
    upsert: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Image {
    image: &'static str,
    item: Any,
}

/// What was looked at: the table's key, and the item.
pub(crate) struct Found {
    keys: Keys,
    before: Option<Attributes>,
    consumed: Consumed,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        (&self.keys, self.before.as_ref().map(fingerprint)).serialize(serializer)
    }
}

impl Change for UpdateItem {
    type Service = DynamoDb;
    type Output = Page<Image>;
    type Items = Found;
    const SPEC: Spec = Spec::write("update_item", "Update item")
        .shown_by("get_items")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:UpdateItem"])
        .quotes();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Found>> {
        let keys = Keys::of(&table::describe(cx, &self.table).await?);
        let key = keys.exactly(&self.key.attributes()?, "key")?;
        let changes = self.changes()?;
        changes.leave_alone(&keys.names())?;
        self.expressions(&changes, &keys)?;
        let words = key_words(&key, &keys.names());
        let (now, consumed) = self.look(cx, key).await?;
        if now.is_none() && !self.upsert {
            return Err(Error::not_found(format!("{} has no item {words}", self.table))
                .with_next("`upsert` makes it; get_items and query show what there is"));
        }
        let what = if now.is_some() { "update" } else { "make" };
        let mut plan = Plan::new(format!("{what} item {words} of {}", self.table));
        let item = now.clone().unwrap_or_default();
        for row in changes.rows(&item) {
            plan = plan.row(row);
        }
        if let Some(raw) = &self.update_expression {
            plan = plan.row(
                json!({"expression": raw, "item": value::item(item.clone(), &keys.names()).to_string()}),
            );
        }
        let plan = plan.items(Found { keys, before: now, consumed });
        if self.condition.is_empty() && self.condition_expression.is_none() {
            return Ok(plan);
        }
        Ok(plan.warning("whether the condition holds, DynamoDB finds out when it is done"))
    }

    async fn apply(self, found: Found, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let Found { keys, before, mut consumed } = found;
        let names = keys.names();
        let key = keys.exactly(&self.key.attributes()?, "key")?;
        let changes = self.changes()?;
        let (expressions, update, condition) = self.expressions(&changes, &keys)?;
        let sent = cx
            .client()
            .db
            .update_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .update_expression(update)
            .set_condition_expression(condition)
            .set_expression_attribute_names(expressions.names())
            .set_expression_attribute_values(expressions.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let out = match sent {
            Ok(out) => out,
            Err(error) => {
                use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException;
                let there = match error.as_service_error() {
                    Some(ConditionalCheckFailedException(failed)) => failed.item.clone(),
                    _ => None,
                };
                let error = Error::from(error);
                return Err(match there {
                    Some(item) => error
                        .with_next(format!("nothing was written; the item is {}", value::item(item, &names))),
                    None => error,
                });
            }
        };
        consumed.writes(out.consumed_capacity);
        consumed.note(cx);
        if let (Some(before), Some(after)) = (&before, &out.attributes)
            && self.update_expression.is_none()
            && !changes.made_all_of(before, after)
        {
            cx.note("somebody else changed the item too: not all between before and after is this call's");
        }
        let image =
            |image: &'static str, item: Attributes| Image { image, item: Any(value::item(item, &names)) };
        let before = before.map(|item| image("before", item));
        let after = out.attributes.map(|item| image("after", item));
        Ok(cx.page(before.into_iter().chain(after), None))
    }
}

impl UpdateItem {
    fn changes(&self) -> Result<Changes> {
        let changes =
            Changes::read(self.set.as_ref(), self.add.as_ref(), self.delete.as_ref(), &self.remove)?;
        match (&self.update_expression, changes.is_empty()) {
            (None, true) => Err(Error::invalid("nothing to change: give `set`, `remove`, `add` or `delete`")
                .with_next("a good one is \"set\": {\"status\": \"paid\"}")),
            (Some(_), false) => Err(Error::invalid(
                "give `update_expression`, or `set`, `remove`, `add` and `delete`, not both",
            )),
            _ => Ok(changes),
        }
    }

    /// Placeholders, the update and the condition.
    fn expressions(&self, changes: &Changes, keys: &Keys) -> Result<(Expressions, String, Option<String>)> {
        let mut expressions =
            Expressions::with(self.names.as_ref().map(|names| &names.0), self.values.as_ref())?;
        let update = self.update_expression.clone().unwrap_or_else(|| changes.expression(&mut expressions));
        let mut condition = expressions.all(&self.condition, self.condition_expression.as_deref())?;
        if !self.upsert {
            let exists = format!("attribute_exists({})", expressions.name(keys.partition()));
            condition =
                Some(condition.map_or(exists.clone(), |condition| format!("{exists} AND ({condition})")));
        }
        Ok((expressions, update, condition))
    }

    async fn look(&self, cx: &Call<DynamoDb>, key: Attributes) -> Result<(Option<Attributes>, Consumed)> {
        let out = cx
            .client()
            .db
            .get_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let mut consumed = Consumed::default();
        consumed.reads(out.consumed_capacity);
        Ok((out.item, consumed))
    }
}
