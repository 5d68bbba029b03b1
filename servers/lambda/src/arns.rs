//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

/// A function as `function` names it: with its version or alias, where one stands behind the name.
pub(crate) const FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{function}";
/// A version or an alias that has a field of its own: AWS holds a call of it to the ARN with the qualifier.
pub(crate) const QUALIFIED_FUNCTION: &str =
    "arn:{partition}:lambda:{region}:{account}:function:{function}:{qualifier}";
/// A version to delete.
pub(crate) const FUNCTION_VERSION: &str =
    "arn:{partition}:lambda:{region}:{account}:function:{function}:{version}";
pub(crate) const LISTED_FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{name}";
/// The usual log group of a function. It is of the bare name: versions and aliases write to the same one.
pub(crate) const FUNCTION_LOGS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*";
/// The log group that a function's configuration names.
pub(crate) const LOG_GROUP: &str = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*";
/// A durable execution: its own ARN takes the place of all this, function and version too.
pub(crate) const EXECUTION: &str =
    "arn:{partition}:lambda:{region}:{account}:function:*:*/durable-execution/*/{execution}";
/// A mapping to delete.
pub(crate) const EVENT_SOURCE: &str =
    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{event_source}";
/// A mapping to change.
pub(crate) const EVENT_SOURCE_MAPPING: &str =
    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{uuid}";
pub(crate) const LAYER_VERSION: &str =
    "arn:{partition}:lambda:{region}:{account}:layer:{layer}:{layer_version}";
pub(crate) const LAYER: &str = "arn:{partition}:lambda:{region}:{account}:layer:{layer}";
/// A package in S3, which Lambda reads as the caller.
pub(crate) const PACKAGE_OBJECT: &str = "arn:{partition}:s3:::{s3_bucket}/{s3_key}";
/// The role that a function takes on.
pub(crate) const ROLE: &str = "arn:{partition}:iam::{account}:role/{role}";
