//! What can be switched on at a table, in words.

use aws_sdk_dynamodb::{
    operation::{
        describe_continuous_backups::DescribeContinuousBackupsOutput,
        describe_time_to_live::DescribeTimeToLiveOutput, get_resource_policy::GetResourcePolicyOutput,
    },
    types::{PointInTimeRecoveryStatus, TableDescription, TimeToLiveStatus},
};
use awsmcp_mcp::{Kind, Result};
use awsmcp_sdk::utc_second;

/// What could not be read does not keep the rest from being shown.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) unknown: Vec<String>,
}

impl Parts {
    /// A part, where it could be read; `what` names it with its permission.
    pub(crate) fn read<T>(&mut self, what: &str, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| {
                let why = error.code.clone().unwrap_or_else(|| error.kind.name().to_owned());
                self.unknown.push(format!("{what}: {why}"));
            })
            .ok()
    }
}

/// By which attribute items expire.
pub(crate) fn ttl(out: DescribeTimeToLiveOutput) -> String {
    let ttl = out.time_to_live_description;
    let status = ttl.as_ref().and_then(|ttl| ttl.time_to_live_status.clone());
    match (status, ttl.and_then(|ttl| ttl.attribute_name)) {
        (Some(TimeToLiveStatus::Enabled), Some(attribute)) => format!("by {attribute}"),
        (Some(TimeToLiveStatus::Disabled) | None, _) => "off".to_owned(),
        (Some(status), attribute) => format!("{status} {}", attribute.unwrap_or_default()),
    }
}

/// To what times the table can be restored.
pub(crate) fn recovery(out: DescribeContinuousBackupsOutput) -> String {
    let pitr = out.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
    let on = pitr.as_ref().and_then(|it| it.point_in_time_recovery_status.clone());
    match pitr.filter(|_| on == Some(PointInTimeRecoveryStatus::Enabled)) {
        Some(pitr) => format!(
            "from {} to {}",
            pitr.earliest_restorable_date_time.as_ref().map(utc_second).unwrap_or_default(),
            pitr.latest_restorable_date_time.as_ref().map(utc_second).unwrap_or_default()
        ),
        None => "off".to_owned(),
    }
}

/// Whether the table has a policy of its own.
///
/// # Errors
/// When that may not be asked.
pub(crate) fn has_policy(asked: Result<GetResourcePolicyOutput>) -> Result<bool> {
    match asked {
        Err(error) if error.kind == Kind::NotFound => Ok(false),
        other => other.map(|out| out.policy.is_some()),
    }
}

/// What a stream of changes holds, where there is one.
pub(crate) fn stream(table: &TableDescription) -> Option<String> {
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled)?;
    stream.stream_view_type().map(ToString::to_string)
}

/// The key that it is encrypted with, where that is not one of DynamoDB's own.
pub(crate) fn encryption(table: &TableDescription) -> Option<String> {
    table.sse_description().map(|sse| {
        let kind = sse.sse_type().map(ToString::to_string).unwrap_or_default();
        let key = sse.kms_master_key_arn().unwrap_or_default();
        format!("{kind} {key}").trim().to_owned()
    })
}
