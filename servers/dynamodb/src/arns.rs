//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const BACKUP_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{backup}";
pub(crate) const GET_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{get.table}";
pub(crate) const S3_ANY_OBJECT: &str = "arn:{partition}:s3:::{bucket}/*";
pub(crate) const S3_BUCKET: &str = "arn:{partition}:s3:::{bucket}";
pub(crate) const TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}";
pub(crate) const TABLES_UNDER_PREFIX: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}*";
pub(crate) const TABLE_EXPORT: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/export/*";
pub(crate) const TABLE_IMPORT: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/import/*";
pub(crate) const TABLE_INDEX: &str =
    "arn:{partition}:dynamodb:{region}:{account}:table/{table}/index/{index}";
pub(crate) const TABLE_INDEXES: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{table}/index/*";
pub(crate) const WRITE_TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{write.table}";
