use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    DynamoDb, arns,
    capacity::Consumed,
    names::TableName,
    partiql::{Kind, Statement},
    reading::Row,
    statement,
    table::{self, Keys, explained},
    value::{self, Any},
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
        .quotes()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        // A page may be empty and yet not the last.
        const PAGES: usize = 50;
        let statement = statement::read(&self.statement, &self.table, &[Kind::Select])?;
        self.may(cx, &statement).await?;
        let parameters = statement::parameters(&statement, &self.parameters)?;
        let (mut rows, mut consumed, mut token, mut chars) = (Vec::new(), Consumed::default(), cx.token(), 0);
        let limit = cx.limit() as usize;
        for _ in 0..PAGES {
            let out = cx
                .client()
                .db
                .execute_statement()
                .statement(&statement.text)
                .set_parameters(parameters.clone())
                .consistent_read(self.consistent)
                .set_next_token(token)
                .limit(i32::try_from(limit - rows.len()).unwrap_or(1))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let out = match out.map_err(Error::from) {
                Ok(out) => out,
                Err(error) => return Err(explained(cx, &self.table, error).await),
            };
            consumed.reads(out.consumed_capacity);
            for item in out.items.unwrap_or_default() {
                let row = value::item(item, &statement.fixed);
                chars += row.to_string().len();
                rows.push(row);
            }
            token = out.next_token;
            if token.is_none() || rows.len() >= limit || chars > cx.budget() {
                break;
            }
        }
        consumed.note(cx);
        if let Some(note) = self.scans(cx, &statement).await {
            cx.note(note);
        }
        Ok(cx.page(Row::items(rows), token))
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

    /// Says so where the statement reads the whole table.
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
        let keys = match &statement.index {
            None => Keys::of(&description),
            Some(name) => table::indexes(&description).into_iter().find(|index| index.name == *name)?.keys,
        };
        let partition = keys.partition();
        let fixed = statement.fixed.iter().any(|name| name == partition);
        (!fixed)
            .then(|| format!("it scans: nothing holds the partition key {partition} to a value with = or IN"))
    }
}
