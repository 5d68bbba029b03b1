use aws_sdk_dynamodb::types::{
    BillingMode, CsvOptions, InputCompressionType, InputFormat, InputFormatOptions, S3BucketSource,
    TableCreationParameters,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    blueprint::{NewIndex, definitions, failed, schema, units},
    names::{Bucket, KeyAttribute, TableName},
    table,
    waiting::is_gone,
};

/// Starts an import of files in S3 into a new table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportTable {
    /// The new table.
    table: TableName,
    /// `id`, or with a type: `id:N`.
    partition_key: KeyAttribute,
    sort_key: Option<KeyAttribute>,
    #[serde(default)]
    indexes: Vec<NewIndex>,
    #[schemars(range(min = 1))]
    read_units: Option<i64>,
    #[schemars(range(min = 1))]
    write_units: Option<i64>,
    bucket: Bucket,
    prefix: Option<String>,
    bucket_owner: Option<String>,
    format: Format,
    #[serde(default)]
    compression: Compression,
    /// csv: , unless given.
    delimiter: Option<String>,
    /// csv: the columns, where files have no header.
    header: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    DynamodbJson,
    Ion,
    Csv,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Compression {
    #[default]
    None,
    Gzip,
    Zstd,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Started {
    arn: Option<String>,
    status: Option<String>,
}

impl Change for ImportTable {
    type Service = DynamoDb;
    type Output = One<Started>;
    type Items = ();
    const SPEC: Spec = Spec::write("import_table", "Import table")
        .shown_by("list_backups")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:ImportTable"])
        .on(arns::S3_ANY_OBJECT, &["s3:GetObject"])
        .on(arns::S3_BUCKET, &["s3:ListBucket"])
        .on(arns::IMPORT_LOGS, &["logs:CreateLogGroup", "logs:DescribeLogStreams", "logs:PutRetentionPolicy"])
        .on(arns::IMPORT_LOG_STREAMS, &["logs:CreateLogStream", "logs:PutLogEvents"])
        .on("*", &["logs:DescribeLogGroups"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        self.table()?;
        match table::describe(cx, &self.table).await {
            Ok(_) => {
                return Err(Error::conflict(format!(
                    "the table {} exists already, and an import makes a new one",
                    self.table
                ))
                .with_next("choose another name; put_items writes into a table that is there"));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let key: Vec<String> = self.keys().map(ToString::to_string).collect();
        let mut plan =
            Plan::new(format!("import s3://{}/{prefix} into the new table {}", self.bucket, self.table));
        plan = plan.row(json!({"setting": "key", "value": key.join(", ")}));
        for index in &self.indexes {
            plan = plan.row(json!({"setting": format!("index {}", index.name), "value": index.words()}));
        }
        Ok(plan.warning("it is billed by the size of the files; rows that do not fit are left out and go to CloudWatch Logs"))
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let table = self.table()?;
        let source = S3BucketSource::builder()
            .s3_bucket(self.bucket.to_string())
            .set_s3_key_prefix(self.prefix.clone())
            .set_s3_bucket_owner(self.bucket_owner.clone())
            .build()
            .map_err(failed)?;
        let csv = (self.delimiter.is_some() || self.header.is_some()).then(|| {
            let csv = CsvOptions::builder()
                .set_delimiter(self.delimiter.clone())
                .set_header_list(self.header.clone());
            InputFormatOptions::builder().csv(csv.build()).build()
        });
        let out = cx
            .client()
            .db
            .import_table()
            .s3_bucket_source(source)
            .input_format(match self.format {
                Format::DynamodbJson => InputFormat::DynamodbJson,
                Format::Ion => InputFormat::Ion,
                Format::Csv => InputFormat::Csv,
            })
            .set_input_format_options(csv)
            .input_compression_type(match self.compression {
                Compression::None => InputCompressionType::None,
                Compression::Gzip => InputCompressionType::Gzip,
                Compression::Zstd => InputCompressionType::Zstd,
            })
            .table_creation_parameters(table)
            .send()
            .await?;
        let import = out.import_table_description;
        cx.note("list_backups with kind imports shows how far it is");
        Ok(One(Started {
            status: import.as_ref().and_then(|import| import.import_status()).map(ToString::to_string),
            arn: import.and_then(|import| import.import_arn),
        }))
    }
}

impl ImportTable {
    fn keys(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }

    fn table(&self) -> Result<TableCreationParameters> {
        if (self.delimiter.is_some() || self.header.is_some()) && self.format != Format::Csv {
            return Err(Error::invalid("`delimiter` and `header` are for the format csv"));
        }
        let units = units(self.read_units, self.write_units)?;
        let indexes =
            self.indexes.iter().map(|index| index.global(units.clone())).collect::<Result<Vec<_>>>()?;
        TableCreationParameters::builder()
            .table_name(self.table.as_str())
            .set_attribute_definitions(Some(definitions(
                self.keys().chain(self.indexes.iter().flat_map(NewIndex::keys)),
            )?))
            .set_key_schema(Some(schema(self.keys())?))
            .billing_mode(if units.is_some() { BillingMode::Provisioned } else { BillingMode::PayPerRequest })
            .set_provisioned_throughput(units)
            .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
            .build()
            .map_err(failed)
    }
}
