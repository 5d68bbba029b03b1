//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const ANY_OBJECT: &str = "arn:{partition}:s3:::{bucket}/*";
pub(crate) const BUCKET: &str = "arn:{partition}:s3:::{bucket}";
pub(crate) const EACH_BUCKET: &str = "arn:{partition}:s3:::{name}";
pub(crate) const KMS_KEY: &str = "arn:{partition}:kms:{region}:{account}:key/{kms_key_id}";
pub(crate) const OBJECT: &str = "arn:{partition}:s3:::{bucket}/{key}";
pub(crate) const OBJECTS: &str = "arn:{partition}:s3:::{bucket}/{keys}";
pub(crate) const SOURCE_BUCKET: &str = "arn:{partition}:s3:::{source_bucket}";
pub(crate) const SOURCE_OBJECT: &str = "arn:{partition}:s3:::{source_bucket}/{source_key}";
pub(crate) const UNDER_PREFIX: &str = "arn:{partition}:s3:::{bucket}/{prefix}*";
pub(crate) const UNDER_SOURCE_PREFIX: &str = "arn:{partition}:s3:::{source_bucket}/{source_prefix}*";
pub(crate) const VERSIONED_OBJECTS: &str = "arn:{partition}:s3:::{bucket}/{versions.key}";
