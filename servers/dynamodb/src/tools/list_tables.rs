use awsmcp_mcp::{Call, Page, ResourceArgument, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::{TableName, TablePrefix},
    table,
};

/// Lists the tables of the region, with `details` also keys, size, billing and status.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTables {
    /// Only names that start with this.
    prefix: Option<TablePrefix>,
    #[serde(default)]
    details: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Row {
    table: String,
    status: Option<String>,
    key: Option<String>,
    /// Names, joined.
    indexes: Option<String>,
    /// AWS counts every six hours.
    items: Option<i64>,
    size_bytes: Option<i64>,
    billing: Option<String>,
}

impl Tool for ListTables {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_tables", "List tables")
        .on("*", &["dynamodb:ListTables"])
        .when("details")
        .on(arns::TABLES_UNDER_PREFIX, &["dynamodb:DescribeTable"])
        .rows(arns::TABLE)
        .regional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let (names, next) = self.names(cx).await?;
        if !self.details {
            let rows = names.into_iter().map(|table| Row { table, ..Row::default() });
            return Ok(cx.page(rows, next));
        }
        let rows: Vec<_> =
            stream::iter(names.into_iter().map(|name| details(cx, name))).buffered(AT_ONCE).collect().await;
        let mut unseen = rows.iter().filter_map(|(row, why)| why.as_ref().map(|why| (&row.table, why)));
        if let Some((name, why)) = unseen.next() {
            let others = match unseen.count() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            cx.note(format!("{name}{others} could not be looked at with dynamodb:DescribeTable: {why}"));
        }
        Ok(cx.page(rows.into_iter().map(|(row, _)| row), next))
    }
}

impl ListTables {
    /// A page of names, and the last of them where there are more.
    async fn names(&self, cx: &Call<DynamoDb>) -> Result<(Vec<String>, Option<String>)> {
        const MOST: i32 = 100;
        let limit = cx.limit() as usize;
        let mut names: Vec<String> = Vec::new();
        let mut start = cx.token();
        loop {
            let size = if self.prefix.is_some() { MOST } else { MOST.min((limit - names.len()) as i32) };
            let out =
                cx.client().db.list_tables().set_exclusive_start_table_name(start).limit(size).send().await?;
            let is_last = out.last_evaluated_table_name.is_none();
            let fits =
                |name: &String| self.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()));
            let mut found = out.table_names.unwrap_or_default().into_iter().filter(fits);
            while names.len() < limit
                && let Some(name) = found.next()
            {
                names.push(name);
            }
            // Any name is a good place to go on from.
            let more = found.next().is_some() || !is_last;
            if names.len() >= limit || is_last {
                let next = names.last().cloned().filter(|_| more);
                return Ok((names, next));
            }
            start = out.last_evaluated_table_name;
        }
    }
}

/// A row, or why there is little in it.
async fn details(cx: &Call<DynamoDb>, name: String) -> (Row, Option<String>) {
    let described = match TableName::parse(&name) {
        Ok(table) => table::describe(cx, &table).await.map_err(|error| error.message.clone()),
        Err(error) => Err(error),
    };
    match described {
        Ok(table) => {
            let indexes: Vec<String> = table::indexes(&table).into_iter().map(|index| index.name).collect();
            let row = Row {
                table: name,
                status: table.table_status().map(ToString::to_string),
                key: Some(table::Keys::of(&table).words()),
                indexes: (!indexes.is_empty()).then(|| indexes.join(", ")),
                items: table.item_count,
                size_bytes: table.table_size_bytes,
                billing: Some(table::billing(&table)),
            };
            (row, None)
        }
        Err(why) => (Row { table: name, ..Row::default() }, Some(why)),
    }
}
