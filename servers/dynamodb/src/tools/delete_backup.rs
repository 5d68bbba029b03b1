use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DynamoDb, arns, names::BackupArn};

/// Deletes a backup for good.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteBackup {
    /// As `list_backups` returns it.
    backup: BackupArn,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    backup: String,
    outcome: &'static str,
}

impl Change for DeleteBackup {
    type Service = DynamoDb;
    type Output = One<Deleted>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_backup", "Delete backup")
        .shown_by("list_backups")
        .on(arns::BACKUP, &["dynamodb:DescribeBackup", "dynamodb:DeleteBackup"])
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        let out = cx.client().db.describe_backup().backup_arn(self.backup.as_str()).send().await?;
        let found =
            out.backup_description.ok_or_else(|| Error::internal("AWS said nothing of the backup"))?;
        let details = found.backup_details();
        let name = details.map(|details| details.backup_name.as_str()).unwrap_or_default();
        let table = found.source_table_details().map(|table| table.table_name.as_str()).unwrap_or_default();
        let size =
            details.and_then(|details| details.backup_size_bytes).and_then(|size| u64::try_from(size).ok());
        let made = details.map(|details| utc_second(details.backup_creation_date_time)).unwrap_or_default();
        Ok(Plan::new(format!(
            "delete the backup {name} of {table}, made {made}, {}",
            human_size(size.unwrap_or(0))
        )))
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        cx.client().db.delete_backup().backup_arn(self.backup.as_str()).send().await?;
        Ok(One(Deleted { backup: self.backup.as_str().to_owned(), outcome: "deleted" }))
    }
}
