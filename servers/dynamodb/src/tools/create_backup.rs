use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size, thousands};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::{Name, TableName},
    table,
};

/// Makes a full backup of a table, at once and without load on it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBackup {
    table: TableName,
    name: Name,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    arn: Option<String>,
    status: Option<String>,
    created: Option<String>,
    size_bytes: Option<i64>,
}

impl Change for CreateBackup {
    type Service = DynamoDb;
    type Output = One<Created>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_backup", "Back up table")
        .shown_by("list_backups")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:CreateBackup"])
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        let found = table::describe(cx, &self.table).await?;
        let size = found.table_size_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let items = found.item_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        Ok(Plan::new(format!(
            "back up {} (about {} items, {}) as {}; it is billed until it is deleted",
            self.table,
            thousands(items),
            human_size(size),
            self.name
        )))
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let request =
            cx.client().db.create_backup().table_name(self.table.as_str()).backup_name(self.name.as_str());
        let details = request.send().await?.backup_details;
        let details = details.ok_or_else(|| Error::internal("AWS said nothing of the backup"))?;
        Ok(One(Created {
            arn: Some(details.backup_arn),
            status: Some(details.backup_status.to_string()),
            created: Some(utc_second(details.backup_creation_date_time)),
            size_bytes: details.backup_size_bytes,
        }))
    }
}
