use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Risk, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    DynamoDb, arns,
    capacity::Consumed,
    moved::moved,
    names::TableName,
    partiql::{Kind, Statement},
    statement,
    value::{self, Any},
};

/// Runs one PartiQL INSERT, UPDATE or DELETE, of one item. DELETE needs destroy allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WritePartiql {
    /// As in the statement.
    table: TableName,
    /// UPDATE "orders" SET "status" = ? WHERE "pk" = ? RETURNING ALL NEW *
    statement: String,
    /// One for each ?.
    #[serde(default)]
    parameters: Vec<Any>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Done {
        done: &'static str,
    },
    /// What RETURNING asked for.
    Item {
        item: Any,
    },
}

impl Change for WritePartiql {
    type Service = DynamoDb;
    type Output = Page<Row>;
    /// What the statement's condition found.
    type Items = Vec<Value>;
    const SPEC: Spec = Spec::write("write_partiql", "Write with PartiQL")
        .shown_by("run_partiql")
        .on(
            arns::TABLE,
            &[
                "dynamodb:PartiQLSelect",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate",
                "dynamodb:PartiQLDelete",
            ],
        )
        .quotes()
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Vec<Value>>> {
        let statement = self.read(cx)?;
        statement::parameters(&statement, &self.parameters)?;
        let word = statement.kind.word();
        let mut plan = Plan::new(format!("run this {word} on {}: {}", self.table, statement.text));
        let items = self.look(cx, &statement).await?;
        for item in &items {
            plan = plan.row(json!({"item": item}));
        }
        if statement.kind == Kind::Insert {
            plan = plan.warning("an item with the same key makes it fail: INSERT replaces nothing");
        } else if items.is_empty() {
            plan = plan.warning("no item fits the condition now");
        }
        let plan = if statement.kind == Kind::Delete { plan.ask() } else { plan };
        Ok(plan.items(items))
    }

    async fn apply(self, seen: Vec<Value>, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let statement = self.read(cx)?;
        if self.look(cx, &statement).await? != seen {
            return Err(moved("what the statement is about"));
        }
        let out = cx
            .client()
            .db
            .execute_statement()
            .statement(&statement.text)
            .set_parameters(statement::parameters(&statement, &self.parameters)?)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None)
            .send()
            .await?;
        let mut consumed = Consumed::default();
        consumed.writes(out.consumed_capacity);
        consumed.note(cx);
        let items: Vec<Row> = out
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| Row::Item { item: Any(value::item(item, &statement.fixed)) })
            .collect();
        let rows = if items.is_empty() { vec![Row::Done { done: statement.kind.word() }] } else { items };
        Ok(cx.page(rows, None))
    }
}

impl WritePartiql {
    fn read(&self, cx: &Call<DynamoDb>) -> Result<Statement> {
        let statement =
            statement::read(&self.statement, &self.table, &[Kind::Insert, Kind::Update, Kind::Delete])?;
        if statement.kind == Kind::Delete {
            cx.permit("write_partiql with DELETE", Risk::Destroy)?;
        }
        Ok(statement)
    }

    /// What the statement's condition finds now.
    async fn look(&self, cx: &Call<DynamoDb>, statement: &Statement) -> Result<Vec<Value>> {
        const MOST: i32 = 10;
        let Some(condition) = &statement.condition else {
            return match statement.kind {
                Kind::Insert => Ok(Vec::new()),
                kind => {
                    Err(Error::invalid(format!("{} needs WHERE with the whole key of one item", kind.word())))
                }
            };
        };
        let given = self.parameters.get(condition.parameters.clone()).unwrap_or_default();
        let parameters: Vec<_> =
            given.iter().map(|Any(value)| value::attribute(value, "parameter")).collect::<Result<_>>()?;
        let out = cx
            .client()
            .db
            .execute_statement()
            .statement(format!("SELECT * FROM \"{}\" WHERE {}", self.table, condition.text))
            .set_parameters((!parameters.is_empty()).then_some(parameters))
            .consistent_read(true)
            .limit(MOST)
            .send()
            .await?;
        Ok(out
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| value::item(item, &statement.fixed))
            .collect())
    }
}
