use aws_sdk_dynamodb::types::PointInTimeRecoveryStatus;
use awsmcp_mcp::{Call, Change, Error, Moment, One, Plan, ResourceArgument, Result, Spec};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::{BackupArn, Name, TableName, date_time},
    table,
    waiting::{is_gone, outcome, settle},
};

/// Restores a backup, or a table as it was at a time, into a new table.
///
/// TTL, tags, streams, policies and alarms are not restored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreTable {
    /// The new table.
    table: Name,
    /// From a backup: as `list_backups` returns it.
    backup: Option<BackupArn>,
    /// From point-in-time recovery.
    source_table: Option<TableName>,
    /// The latest possible unless given.
    time: Option<Moment>,
    /// 300 unless given.
    #[schemars(range(max = 3000))]
    wait_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Restored {
    table: String,
    status: String,
}

impl Change for RestoreTable {
    type Service = DynamoDb;
    type Output = One<Restored>;
    type Items = ();
    const SPEC: Spec = Spec::write("restore_table", "Restore table")
        .shown_by("describe_table")
        // What DynamoDB itself does with the caller's permissions, to fill the new table.
        .on(
            arns::TABLE,
            &[
                "dynamodb:DescribeTable",
                "dynamodb:BatchWriteItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:UpdateItem",
            ],
        )
        .when("backup")
        .on(arns::BACKUP, &["dynamodb:DescribeBackup", "dynamodb:RestoreTableFromBackup"])
        .on(arns::TABLE, &["dynamodb:RestoreTableFromBackup"])
        .when("source_table")
        .on(arns::SOURCE_TABLE, &["dynamodb:DescribeContinuousBackups", "dynamodb:RestoreTableToPointInTime"])
        .on(arns::TABLE, &["dynamodb:RestoreTableToPointInTime"])
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        let target = self.target()?;
        match table::describe(cx, &target).await {
            Ok(found) => {
                return Err(Error::conflict(format!(
                    "the table {} exists already: {}",
                    self.table,
                    table::layout(&found)
                ))
                .with_next("a backup is restored into a new table: choose another name"));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        let db = &cx.client().db;
        let headline = match (&self.backup, &self.source_table) {
            (Some(backup), None) => {
                let out = db.describe_backup().backup_arn(backup.as_str()).send().await?;
                let found = out
                    .backup_description
                    .ok_or_else(|| Error::internal("AWS said nothing of the backup"))?;
                let name = found.backup_details().map(|it| it.backup_name.as_str()).unwrap_or_default();
                let made = found
                    .backup_details()
                    .map(|it| utc_second(it.backup_creation_date_time))
                    .unwrap_or_default();
                let of = found.source_table_details().map(|it| it.table_name.as_str()).unwrap_or_default();
                format!("restore the backup {name} of {of}, made {made}, into the new table {}", self.table)
            }
            (None, Some(source)) => {
                let out = db.describe_continuous_backups().table_name(source.as_str()).send().await?;
                let pitr =
                    out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
                let pitr = pitr.filter(|it| {
                    it.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
                });
                let pitr = pitr.ok_or_else(|| {
                    Error::conflict(format!(
                        "point-in-time recovery of {source} is off: there is nothing to restore"
                    ))
                    .with_next(
                        "list_backups shows its backups; set_table_option turns recovery on from now on",
                    )
                })?;
                let (from, to) = (pitr.earliest_restorable_date_time, pitr.latest_restorable_date_time);
                let window = (from.as_ref().map(|it| it.secs()), to.as_ref().map(|it| it.secs()));
                if let (Some(time), (Some(first), Some(last))) = (self.time, window)
                    && !(first..=last).contains(&time.0.as_second())
                {
                    return Err(Error::invalid(format!(
                        "{} is outside of what can be restored: {} to {}",
                        time.0,
                        from.as_ref().map(utc_second).unwrap_or_default(),
                        to.as_ref().map(utc_second).unwrap_or_default()
                    )));
                }
                let time = self.time.map_or_else(
                    || format!("the latest moment ({})", to.as_ref().map(utc_second).unwrap_or_default()),
                    |time| time.0.to_string(),
                );
                format!("restore {source} as of {time} into the new table {}", self.table)
            }
            _ => {
                return Err(Error::invalid("give `backup`, or `source_table` and perhaps `time`").with_next(
                    "list_backups shows backups; describe_table shows the window of point-in-time recovery",
                ));
            }
        };
        let plan = Plan::new(headline);
        Ok(plan.warning("TTL, tags, streams, resource policy, alarms and recovery settings are not restored"))
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let (db, target) = (&cx.client().db, self.target()?);
        match (&self.backup, &self.source_table) {
            (Some(backup), _) => {
                let request = db.restore_table_from_backup().target_table_name(self.table.as_str());
                request.backup_arn(backup.as_str()).send().await?;
            }
            (_, source) => {
                let source = source.as_ref().map(TableName::as_str).unwrap_or_default();
                let request = db.restore_table_to_point_in_time().target_table_name(self.table.as_str());
                let request = match source.starts_with("arn:") {
                    true => request.source_table_arn(source),
                    false => request.source_table_name(source),
                };
                request
                    .use_latest_restorable_time(self.time.is_none())
                    .set_restore_date_time(self.time.map(date_time))
                    .send()
                    .await?;
            }
        }
        let waited = settle(cx, &target, self.wait_seconds.unwrap_or(300)).await?;
        Ok(One(Restored { table: self.table.to_string(), status: outcome(cx, &waited) }))
    }
}

impl RestoreTable {
    fn target(&self) -> Result<TableName> {
        TableName::parse(self.table.as_str()).map_err(Error::invalid)
    }
}
