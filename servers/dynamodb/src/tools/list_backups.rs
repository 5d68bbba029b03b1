use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DynamoDb, arns, names::TableName, table};

/// Lists backups, exports to S3 or imports from S3.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListBackups {
    #[serde(default)]
    kind: Kind,
    /// Only of this one.
    table: Option<TableName>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Backups,
    Exports,
    Imports,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Row {
    name: Option<String>,
    table: Option<String>,
    status: Option<String>,
    kind: Option<String>,
    created: Option<String>,
    ended: Option<String>,
    size_bytes: Option<i64>,
    items: Option<i64>,
    /// In S3.
    place: Option<String>,
    failure: Option<String>,
    arn: Option<String>,
}

impl Row {
    /// What AWS still lists and does not know any more.
    ///
    /// # Errors
    /// When it is something else.
    fn forgotten(table: Option<String>, arn: String, error: Error) -> Result<Row> {
        match error.kind {
            awsmcp_mcp::Kind::NotFound => {
                Ok(Row { table, arn: Some(arn), failure: Some(error.message.clone()), ..Row::default() })
            }
            _ => Err(error),
        }
    }
}

impl Tool for ListBackups {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_backups", "List backups")
        .on("*", &["dynamodb:ListBackups", "dynamodb:ListExports", "dynamodb:ListImports"])
        .on(arns::TABLE_EXPORT, &["dynamodb:DescribeExport"])
        .on(arns::TABLE_IMPORT, &["dynamodb:DescribeImport"])
        .when("table")
        .on(arns::TABLE, &["dynamodb:DescribeTable"])
        .rows(arns::TABLE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        match self.kind {
            Kind::Backups => self.backups(cx).await,
            Kind::Exports => self.exports(cx).await,
            Kind::Imports => self.imports(cx).await,
        }
    }
}

/// The name in a table's ARN, or in that of what belongs to it.
fn table_of(arn: Option<&str>) -> Option<String> {
    let (_, rest) = arn?.split_once(":table/")?;
    rest.split('/').next().map(str::to_owned)
}

/// How many are described at once.
const AT_ONCE: usize = 8;

impl ListBackups {
    async fn backups(self, cx: &Call<DynamoDb>) -> Result<Page<Row>> {
        const MOST: i32 = 100;
        let out = cx
            .client()
            .db
            .list_backups()
            .set_table_name(self.table.map(String::from))
            .backup_type(aws_sdk_dynamodb::types::BackupTypeFilter::All)
            .set_exclusive_start_backup_arn(cx.token())
            .limit(cx.page_size().min(MOST))
            .send()
            .await?;
        let rows = out.backup_summaries.unwrap_or_default().into_iter().map(|backup| Row {
            name: backup.backup_name,
            table: backup.table_name,
            status: backup.backup_status.map(|status| status.to_string()),
            kind: backup.backup_type.map(|kind| kind.to_string()),
            created: backup.backup_creation_date_time.as_ref().map(utc_second),
            ended: backup.backup_expiry_date_time.as_ref().map(utc_second),
            size_bytes: backup.backup_size_bytes,
            arn: backup.backup_arn,
            ..Row::default()
        });
        Ok(cx.page(rows, out.last_evaluated_backup_arn))
    }

    /// The ARN of the table that is asked for.
    async fn arn(&self, cx: &Call<DynamoDb>) -> Result<Option<String>> {
        match &self.table {
            Some(table) => Ok(table::describe(cx, table).await?.table_arn),
            None => Ok(None),
        }
    }

    async fn exports(self, cx: &Call<DynamoDb>) -> Result<Page<Row>> {
        const MOST: i32 = 25;
        let db = &cx.client().db;
        let request = db.list_exports().set_table_arn(self.arn(cx).await?).set_next_token(cx.token());
        let out = request.max_results(cx.page_size().min(MOST)).send().await?;
        let arns =
            out.export_summaries.unwrap_or_default().into_iter().filter_map(|export| export.export_arn);
        let rows = arns.map(|arn| async move {
            let export = match db.describe_export().export_arn(&arn).send().await.map_err(Error::from) {
                Ok(export) => export.export_description,
                Err(error) => return Row::forgotten(table_of(Some(&arn)), arn, error),
            };
            let Some(export) = export else { return Ok(Row { arn: Some(arn), ..Row::default() }) };
            let bucket = export.s3_bucket.unwrap_or_default();
            Ok::<_, Error>(Row {
                table: table_of(Some(&arn)),
                status: export.export_status.map(|status| status.to_string()),
                kind: export.export_type.map(|kind| kind.to_string()),
                created: export.start_time.as_ref().map(utc_second),
                ended: export.end_time.as_ref().map(utc_second),
                size_bytes: export.billed_size_bytes,
                items: export.item_count,
                place: export.export_manifest.or(export.s3_prefix).map(|key| format!("s3://{bucket}/{key}")),
                failure: export.failure_message,
                arn: Some(arn),
                ..Row::default()
            })
        });
        let rows: Vec<Row> = stream::iter(rows).buffered(AT_ONCE).try_collect().await?;
        Ok(cx.page(rows, out.next_token))
    }

    async fn imports(self, cx: &Call<DynamoDb>) -> Result<Page<Row>> {
        const MOST: i32 = 25;
        let db = &cx.client().db;
        let request = db.list_imports().set_table_arn(self.arn(cx).await?).set_next_token(cx.token());
        let out = request.page_size(cx.page_size().min(MOST)).send().await?;
        let arns =
            out.import_summary_list.unwrap_or_default().into_iter().filter_map(|import| import.import_arn);
        let rows = arns.map(|arn| async move {
            let import = match db.describe_import().import_arn(&arn).send().await.map_err(Error::from) {
                Ok(import) => import.import_table_description,
                Err(error) => return Row::forgotten(table_of(Some(&arn)), arn, error),
            };
            let Some(import) = import else { return Ok(Row { arn: Some(arn), ..Row::default() }) };
            let source = import.s3_bucket_source.map(|source| {
                format!("s3://{}/{}", source.s3_bucket, source.s3_key_prefix.unwrap_or_default())
            });
            let errors = (import.error_count > 0).then(|| {
                let group = import.cloud_watch_log_group_arn.clone().unwrap_or_default();
                format!("{} errors, see {group}", import.error_count)
            });
            Ok::<_, Error>(Row {
                table: table_of(import.table_arn.as_deref()),
                status: import.import_status.map(|status| status.to_string()),
                kind: import.input_format.map(|format| format.to_string()),
                created: import.start_time.as_ref().map(utc_second),
                ended: import.end_time.as_ref().map(utc_second),
                size_bytes: import.processed_size_bytes,
                items: Some(import.imported_item_count),
                place: source,
                failure: import.failure_message.or(errors),
                arn: Some(arn),
                ..Row::default()
            })
        });
        let rows: Vec<Row> = stream::iter(rows).buffered(AT_ONCE).try_collect().await?;
        Ok(cx.page(rows, out.next_token))
    }
}
