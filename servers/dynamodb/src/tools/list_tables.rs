use aws_sdk_dynamodb::types::TableDescription;
use awsmcp_mcp::{Call, Error, Page, ResourceArgument, Result, Spec, Tool, counted};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::{TableName, TablePrefix},
    options::{self, Parts},
    table,
};

/// Lists the tables of the region, with `details` also keys, size, billing and status, with `options` what is switched on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTables {
    /// Only names that start with this.
    prefix: Option<TablePrefix>,
    #[serde(default)]
    details: bool,
    /// Recovery, TTL, streams, encryption, protection, resource policy.
    #[serde(default)]
    options: bool,
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
    protected: Option<bool>,
    /// Point-in-time recovery.
    pitr: Option<String>,
    ttl: Option<String>,
    stream: Option<String>,
    encryption: Option<String>,
    resource_policy: Option<bool>,
    /// What could not be read, with the permission it needs.
    unknown: Option<String>,
}

impl Tool for ListTables {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_tables", "List tables")
        .on("*", &["dynamodb:ListTables"])
        .when("details")
        .on(arns::TABLES_UNDER_PREFIX, &["dynamodb:DescribeTable"])
        .when("options")
        .on(
            arns::TABLES_UNDER_PREFIX,
            &[
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:GetResourcePolicy",
            ],
        )
        .rows(arns::TABLE)
        .regional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let (names, next) = self.names(cx).await?;
        if !self.details && !self.options {
            let rows = names.into_iter().map(|table| Row { table, ..Row::default() });
            return Ok(cx.page(rows, next));
        }
        let rows: Vec<Row> =
            stream::iter(names.into_iter().map(|name| self.row(cx, name))).buffered(AT_ONCE).collect().await;
        let unread = rows.iter().filter(|row| row.unknown.is_some()).count();
        if unread > 0 {
            cx.note(format!("{} could not be looked at whole: `unknown` says why", counted(unread, "table")));
        }
        Ok(cx.page(rows, next))
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

    /// A table with what was asked for, as far as it can be read.
    async fn row(&self, cx: &Call<DynamoDb>, name: String) -> Row {
        let mut parts = Parts::default();
        let described = match TableName::parse(&name) {
            Ok(table) => table::describe(cx, &table).await,
            Err(error) => Err(Error::internal(error)),
        };
        let described = parts.read("all (dynamodb:DescribeTable)", described);
        let mut row = Row { table: name, ..Row::default() };
        if let Some(table) = &described {
            row.status = table.table_status().map(ToString::to_string);
            if self.details {
                row = row.details(table);
            }
            if self.options {
                row.protected = Some(table.deletion_protection_enabled.unwrap_or_default());
                row.stream = Some(options::stream(table).unwrap_or_else(|| "off".to_owned()));
                row.encryption =
                    Some(options::encryption(table).unwrap_or_else(|| "DynamoDB's own key".to_owned()));
                row = row.options(cx, table.table_arn(), &mut parts).await;
            }
        }
        row.unknown = Some(parts.unknown.join("; ")).filter(|unknown| !unknown.is_empty());
        row
    }
}

impl Row {
    fn details(self, table: &TableDescription) -> Row {
        let vectors = table.vector_indexes().iter().filter_map(|index| index.index_name.clone());
        let indexes = table::indexes(table).into_iter().map(|index| index.name);
        let indexes: Vec<String> = indexes.chain(vectors).collect();
        Row {
            key: Some(table::Keys::of(table).words()),
            indexes: (!indexes.is_empty()).then(|| indexes.join(", ")),
            items: table.item_count,
            size_bytes: table.table_size_bytes,
            billing: Some(table::billing(table)),
            ..self
        }
    }

    /// What only requests of their own tell.
    async fn options(self, cx: &Call<DynamoDb>, arn: Option<&str>, parts: &mut Parts) -> Row {
        let (db, name) = (&cx.client().db, self.table.as_str());
        let (ttl, backups, policy) = futures::join!(
            db.describe_time_to_live().table_name(name).send(),
            db.describe_continuous_backups().table_name(name).send(),
            db.get_resource_policy().resource_arn(arn.unwrap_or(name)).send(),
        );
        let pitr = parts.read("pitr (dynamodb:DescribeContinuousBackups)", backups.map_err(Error::from));
        let ttl = parts.read("ttl (dynamodb:DescribeTimeToLive)", ttl.map_err(Error::from));
        let policy = options::has_policy(policy.map_err(Error::from));
        Row {
            pitr: pitr.map(options::recovery),
            ttl: ttl.map(options::ttl),
            resource_policy: parts.read("resource_policy (dynamodb:GetResourcePolicy)", policy),
            ..self
        }
    }
}
