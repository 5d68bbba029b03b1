use aws_sdk_dynamodb::types::{
    ExportFormat, ExportType, IncrementalExportSpecification, PointInTimeRecoveryStatus, S3SseAlgorithm,
};
use awsmcp_mcp::{Call, Change, Error, Moment, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::{Bucket, KmsKey, TableName, date_time},
    table,
};

/// Starts an export of a table to S3, whole or what changed in a time, without load on it. Needs point-in-time recovery.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportTable {
    table: TableName,
    bucket: Bucket,
    prefix: Option<String>,
    #[serde(default)]
    format: Format,
    /// As of; now unless given.
    time: Option<Moment>,
    /// Only changes since; up to `time`.
    since: Option<Moment>,
    kms_key: Option<KmsKey>,
    bucket_owner: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    DynamodbJson,
    Ion,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Started {
    arn: Option<String>,
    status: Option<String>,
}

impl Change for ExportTable {
    type Service = DynamoDb;
    type Output = One<Started>;
    /// The table's ARN.
    type Items = Option<String>;
    const SPEC: Spec = Spec::write("export_table", "Export table")
        .on(
            arns::TABLE,
            &[
                "dynamodb:DescribeTable",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:ExportTableToPointInTime",
            ],
        )
        .on(arns::S3_ANY_OBJECT, &["s3:PutObject", "s3:PutObjectAcl", "s3:AbortMultipartUpload"])
        .when("kms_key")
        .on(arns::KMS_KEY, &["kms:GenerateDataKey", "kms:Decrypt"])
        .optional()
        .shown_by("list_backups");

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Option<String>>> {
        let found = table::describe(cx, &self.table).await?;
        let out = cx.client().db.describe_continuous_backups().table_name(self.table.as_str()).send().await?;
        let pitr = out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
        if pitr.and_then(|it| it.point_in_time_recovery_status) != Some(PointInTimeRecoveryStatus::Enabled) {
            return Err(Error::conflict(format!(
                "point-in-time recovery of {} is off, and an export is made of it",
                self.table
            ))
            .with_next("set_table_option turns it on; exports reach back to then"));
        }
        self.incremental()?;
        let size = found.table_size_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let what = match self.since {
            Some(since) => format!("the changes of {} since {}", self.table, since.0),
            None => format!("{} (about {})", self.table, human_size(size)),
        };
        let as_of = self.time.map(|time| format!(" as of {}", time.0)).unwrap_or_default();
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let plan = Plan::new(format!("export {what}{as_of} to s3://{}/{prefix}", self.bucket));
        let plan = plan.warning(
            "it is billed by the size of the table; it runs for minutes to hours, list_backups shows it",
        );
        Ok(plan.items(found.table_arn))
    }

    async fn apply(self, arn: Option<String>, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let incremental = self.incremental()?;
        let out = cx
            .client()
            .db
            .export_table_to_point_in_time()
            .set_table_arn(arn)
            .s3_bucket(self.bucket.to_string())
            .set_s3_prefix(self.prefix.clone())
            .set_s3_bucket_owner(self.bucket_owner.clone())
            .set_s3_sse_algorithm(self.kms_key.as_ref().map(|_| S3SseAlgorithm::Kms))
            .set_s3_sse_kms_key_id(self.kms_key.clone().map(String::from))
            .export_format(match self.format {
                Format::DynamodbJson => ExportFormat::DynamodbJson,
                Format::Ion => ExportFormat::Ion,
            })
            .export_type(if incremental.is_some() {
                ExportType::IncrementalExport
            } else {
                ExportType::FullExport
            })
            .set_export_time(self.time.filter(|_| incremental.is_none()).map(date_time))
            .set_incremental_export_specification(incremental)
            .send()
            .await?;
        let export = out.export_description;
        cx.note("list_backups with kind exports shows how far it is");
        Ok(One(Started {
            status: export.as_ref().and_then(|export| export.export_status()).map(ToString::to_string),
            arn: export.and_then(|export| export.export_arn),
        }))
    }
}

impl ExportTable {
    fn incremental(&self) -> Result<Option<IncrementalExportSpecification>> {
        let Some(since) = self.since else { return Ok(None) };
        if self.time.is_some_and(|time| time <= since) {
            return Err(Error::invalid("`since` is not before `time`: there is nothing between them"));
        }
        let specification = IncrementalExportSpecification::builder()
            .export_from_time(date_time(since))
            .set_export_to_time(self.time.map(date_time));
        Ok(Some(specification.build()))
    }
}
