//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const ANY_EVENT_SOURCE_MAPPING: &str =
    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*";
pub(crate) const EACH_FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{name}";
pub(crate) const EVENT_SOURCE: &str =
    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{event_source}";
pub(crate) const EVENT_SOURCE_MAPPING: &str =
    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{uuid}";
pub(crate) const FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{function}";
pub(crate) const FUNCTION_LOGS: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{function}:*";
pub(crate) const LAYER_VERSION: &str =
    "arn:{partition}:lambda:{region}:{account}:layer:{layer}:{layer_version}";
pub(crate) const PACKAGE_OBJECT: &str = "arn:{partition}:s3:::{s3_bucket}/{s3_key}";
pub(crate) const ROLE: &str = "arn:{partition}:iam::{account}:role/{role}";
