use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns,
    names::TableName,
    partiql::{Kind, Statement},
    reading::{AwsPage, Budget, Row, Spot, Stored, Wanted, place, read, token},
    statement,
    table::{self, Keys, explained},
    value::Any,
};

/// Runs one PartiQL SELECT.
///
/// Without = on the partition key it scans.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPartiql {
    /// As in the statement.
    table: TableName,
    /// SELECT * FROM "orders" WHERE "pk" = ?
    statement: String,
    /// One for each ?.
    #[serde(default)]
    parameters: Vec<Any>,
    #[serde(default)]
    consistent: bool,
}

impl Tool for RunPartiql {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("run_partiql", "Run PartiQL")
        .on(arns::TABLE, &["dynamodb:PartiQLSelect", "dynamodb:DescribeTable"])
        .on(arns::NAMED_INDEX, &["dynamodb:PartiQLSelect"])
        .idempotent()
        .quotes()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // Where the condition leaves little, one call must end all the same.
        const ITEMS: u64 = 200_000;
        const UNITS: f64 = 5_000.0;
        let statement = statement::read(&self.statement, &self.table, &[Kind::Select])?;
        self.may(cx, &statement).await?;
        let request = cx
            .client()
            .db
            .execute_statement()
            .statement(&statement.text)
            .set_parameters(statement::parameters(&statement, &self.parameters)?)
            .consistent_read(self.consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let fetch = |token, limit: Option<i32>| {
            let request = request.clone().set_next_token(token).set_limit(limit);
            async move {
                let out = request.send().await.map_err(Error::from)?;
                let items = out.items.unwrap_or_default();
                let last = out.next_token.filter(|token| !token.is_empty());
                let count = items.len() as u64;
                // AWS does not say what it looked at: as much as it was asked to, where it goes on behind it.
                let looked = limit.filter(|_| last.is_some()).and_then(|limit| u64::try_from(limit).ok());
                let scanned = looked.unwrap_or_default().max(count);
                Ok(AwsPage {
                    items,
                    places: Vec::new(),
                    count,
                    scanned,
                    last,
                    capacity: out.consumed_capacity,
                })
            }
        };
        let spot = place::<Stored>(cx.token().as_deref())?.map(Spot::restore_token).unwrap_or_default();
        let wanted = Wanted::rows(cx.limit(), cx.budget(), statement.condition.is_some());
        let budget = Budget::new(ITEMS, UNITS);
        let found = match read(fetch, spot, wanted, &budget, &statement.fixed).await {
            Ok(found) => found,
            Err(error) => return Err(explained(cx, &self.table, error).await),
        };
        budget.spent().consumed.note(cx);
        if budget.is_over() && found.next.is_some() {
            cx.note("the budget of this call is spent; `cursor` goes on");
        }
        if let Some(note) = self.scans(cx, &statement).await {
            cx.note(note);
        }
        let next = found.next.map(|spot| token(&spot.store_token())).transpose()?;
        Ok(cx.page(Row::items(found.rows), next))
    }
}

impl RunPartiql {
    /// Asks whether the operator's list has the index that the statement names.
    async fn may(&self, cx: &Call<DynamoDb>, statement: &Statement) -> Result<()> {
        const ACTION: &str = "dynamodb:PartiQLSelect";
        let (Some(index), table) = (&statement.index, self.table.as_str()) else { return Ok(()) };
        if table.starts_with("arn:") {
            return cx.may_on(ACTION, &format!("{table}/index/{index}"));
        }
        cx.may(ACTION, arns::NAMED_INDEX, &[("table", table), ("answer.index", index)]).await
    }

    /// Says so where the statement reads the whole table, and what the index lacks that it reads.
    async fn scans(&self, cx: &Call<DynamoDb>, statement: &Statement) -> Option<String> {
        let description = match table::describe(cx, &self.table).await {
            Ok(description) => description,
            Err(error) => {
                return Some(format!(
                    "whether it scans could not be looked up: dynamodb:DescribeTable: {}",
                    error.message
                ));
            }
        };
        let (keys, lack) = match &statement.index {
            None => (Keys::of(&description), None),
            Some(name) => {
                let index = table::indexes(&description).into_iter().find(|index| index.name == *name)?;
                let lack = index.note().filter(|_| statement.is_of_all);
                (index.keys, lack)
            }
        };
        let partition = keys.partition();
        let fixed = statement.fixed.iter().any(|name| name == partition);
        let scans = (!fixed).then(|| {
            format!("it scans: nothing holds the partition key {partition} to a value with = or IN")
        });
        let notes: Vec<String> = scans.into_iter().chain(lack).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}
