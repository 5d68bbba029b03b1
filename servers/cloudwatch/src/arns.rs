//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.

pub(crate) const ALARM: &str = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}";
pub(crate) const ALARMS: &str = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarms}";
// Only AWS's answer names it.
pub(crate) const ANSWERED_LOG_GROUP: &str =
    "arn:{partition}:logs:{region}:{answer.owner}:log-group:{answer.group}:*";
// Dashboards are global: their ARNs name no region.
pub(crate) const DASHBOARD: &str = "arn:{partition}:cloudwatch::{account}:dashboard/{dashboard}";
pub(crate) const DASHBOARDS: &str = "arn:{partition}:cloudwatch::{account}:dashboard/{dashboards}";
pub(crate) const EACH_ALARM: &str = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}";
pub(crate) const EACH_DASHBOARD: &str = "arn:{partition}:cloudwatch::{account}:dashboard/{name}";
// IAM matches a log group with `:*` behind its name, whatever form the request has.
pub(crate) const EACH_LOG_GROUP: &str = "arn:{partition}:logs:{region}:{account}:log-group:{name}:*";
// Of an account that a statement names, or of any that is linked.
pub(crate) const LINKED_LOG_GROUP: &str = "arn:{partition}:logs:{region}:{owner}:log-group:{name}:*";
pub(crate) const EACH_METRIC_STREAM: &str =
    "arn:{partition}:cloudwatch:{region}:{account}:metric-stream/{name}";
pub(crate) const LOG_GROUP: &str = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*";
pub(crate) const LOG_GROUPS: &str = "arn:{partition}:logs:{region}:{account}:log-group:{log_groups}:*";
pub(crate) const LOG_STREAM: &str =
    "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:log-stream:{stream}";
// Only AWS's answer names it.
pub(crate) const METRIC_STREAM: &str =
    "arn:{partition}:cloudwatch:{region}:{account}:metric-stream/{answer.stream}";
pub(crate) const MUTE_RULE: &str = "arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:{mute}";
