//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

/// A backup's own ARN takes the place of all this: it names its table too.
pub(crate) const BACKUP: &str = "arn:{partition}:dynamodb:{region}:{account}:table/*/backup/{backup}";
/// Of a transaction that reads.
pub(crate) const GET_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{get.table}";
/// What an import writes about the lines that it could not read.
pub(crate) const IMPORT_LOGS: &str = "arn:{partition}:logs:{region}:{account}:log-group:/aws-dynamodb/*";
pub(crate) const IMPORT_LOG_STREAMS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws-dynamodb/*:log-stream:*";
/// CloudWatch's rules that count the keys of tables.
pub(crate) const INSIGHT_RULES: &str =
    "arn:{partition}:cloudwatch:{region}:{account}:insight-rule/DynamoDBContributorInsights-*";
/// The key that a table or an export is encrypted with.
pub(crate) const KMS_KEY: &str = "arn:{partition}:kms:{region}:{account}:key/{kms_key}";
/// The same table in the regions that get a copy of it.
pub(crate) const NEW_REPLICA: &str = "arn:{partition}:dynamodb:{add_replicas}:{account}:table/{table}";
/// The same table in the regions that lose theirs.
pub(crate) const OLD_REPLICA: &str = "arn:{partition}:dynamodb:{delete_replicas}:{account}:table/{table}";
/// Where exports go and imports come from: the keys are chosen by DynamoDB, or lie under a prefix.
pub(crate) const S3_ANY_OBJECT: &str = "arn:{partition}:s3:::{bucket}/*";
pub(crate) const S3_BUCKET: &str = "arn:{partition}:s3:::{bucket}";
/// What scales has an id of Application Auto Scaling's own, which no request holds.
pub(crate) const SCALABLE_TARGET: &str =
    "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/{answer.target}";
/// Of a point-in-time recovery.
pub(crate) const SOURCE_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{source_table}";
pub(crate) const TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}";
pub(crate) const TABLES_UNDER_PREFIX: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}*";
pub(crate) const TABLE_EXPORT: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/export/*";
pub(crate) const TABLE_IMPORT: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/import/*";
pub(crate) const TABLE_INDEX: &str =
    "arn:{partition}:dynamodb:{region}:{account}:table/{table}/index/{index}";
/// The index that a statement names, which no argument does.
pub(crate) const NAMED_INDEX: &str =
    "arn:{partition}:dynamodb:{region}:{account}:table/{table}/index/{answer.index}";
/// A table's streams are told apart by the time at which they began.
pub(crate) const TABLE_STREAM: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/stream/*";
/// Of a transaction that writes.
pub(crate) const WRITE_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{write.table}";
