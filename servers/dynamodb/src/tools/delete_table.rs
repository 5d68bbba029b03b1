use aws_sdk_dynamodb::types::{BackupTypeFilter, PointInTimeRecoveryStatus};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    moved::moved,
    names::TableName,
    table,
    waiting::{outcome, settle},
};

/// Deletes a table with all its items and indexes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteTable {
    table: TableName,
    /// 120 unless given.
    #[schemars(range(max = 3000))]
    wait_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    table: String,
    status: String,
}

impl Change for DeleteTable {
    type Service = DynamoDb;
    type Output = One<Deleted>;
    /// The id of the very table: another may bear its name by then.
    type Items = Option<String>;
    const SPEC: Spec = Spec::destroy("delete_table", "Delete table")
        .shown_by("list_tables")
        .on(
            arns::TABLE,
            &["dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:DeleteTable"],
        )
        .on("*", &["dynamodb:ListBackups"])
        .names_no_resource()
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Option<String>>> {
        let found = table::describe(cx, &self.table).await?;
        if found.deletion_protection_enabled == Some(true) {
            return Err(Error::conflict(format!("{} is protected against deletion", self.table)).with_next(
                "only where the user wants it: update_table with deletion_protection false, then this",
            ));
        }
        let db = &cx.client().db;
        let (backups, kept) = futures::join!(
            db.describe_continuous_backups().table_name(self.table.as_str()).send(),
            // Unless told, only those that somebody made by hand.
            db.list_backups()
                .table_name(self.table.as_str())
                .backup_type(BackupTypeFilter::All)
                .limit(100)
                .send(),
        );
        let items = found.item_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        let size = found.table_size_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let mut plan = Plan::new(format!(
            "delete table {} for good: about {} items, {}",
            self.table,
            thousands(items),
            human_size(size)
        ));
        for index in table::indexes(&found) {
            plan = plan.row(json!({"what": "index", "name": index.name}));
        }
        for replica in found.replicas() {
            plan = plan.row(json!({"what": "replica", "name": replica.region_name()}));
        }
        plan = plan.warning("AWS counts items every six hours; there may be more");
        plan = plan.warning(match backups.map_err(Error::from) {
            Ok(out) => {
                let pitr =
                    out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
                let on = pitr.and_then(|it| it.point_in_time_recovery_status)
                    == Some(PointInTimeRecoveryStatus::Enabled);
                match on {
                    true => "point-in-time recovery is on: AWS keeps a system backup for 35 days".to_owned(),
                    false => "point-in-time recovery is off: AWS keeps nothing of it".to_owned(),
                }
            }
            Err(error) => format!(
                "whether AWS keeps a backup is unknown: dynamodb:DescribeContinuousBackups: {}",
                error.message
            ),
        });
        plan = plan.warning(match kept.map_err(Error::from) {
            Ok(out) => match (out.backup_summaries().len(), out.last_evaluated_backup_arn.is_some()) {
                (0, false) => "it has no backup; create_backup makes one".to_owned(),
                (0, true) => "list_backups shows whether it has backups".to_owned(),
                (count, false) => format!("{count} backups stay"),
                (count, true) => format!("{count} backups stay, and more: list_backups shows them"),
            },
            Err(error) => {
                format!("whether it has backups is unknown: dynamodb:ListBackups: {}", error.message)
            }
        });
        Ok(plan.items(found.table_id))
    }

    async fn apply(self, id: Option<String>, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        if table::describe(cx, &self.table).await?.table_id != id {
            return Err(moved(&format!("the table {}", self.table)));
        }
        cx.client().db.delete_table().table_name(self.table.as_str()).send().await?;
        let waited = settle(cx, &self.table, self.wait_seconds.unwrap_or(120)).await?;
        Ok(One(Deleted { table: self.table.to_string(), status: outcome(cx, &waited) }))
    }
}
