//! Monitoring schedules, as the tools that change them see them.

use aws_sdk_sagemaker::operation::describe_monitoring_schedule::DescribeMonitoringScheduleOutput;
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Result};

use crate::{SageMaker, jobs::gone};

/// # Errors
/// When there is no such schedule.
pub(crate) async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribeMonitoringScheduleOutput> {
    let sent =
        cx.client().sagemaker.describe_monitoring_schedule().monitoring_schedule_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}

/// Its status, and when it was last changed.
pub(crate) fn seen(schedule: &DescribeMonitoringScheduleOutput) -> (String, Option<i64>) {
    let status = schedule.monitoring_schedule_status.as_ref().map(ToString::to_string);
    (status.unwrap_or_default(), schedule.last_modified_time.as_ref().map(DateTime::secs))
}

/// When it runs, and what it watches: ` (cron(0 * ? * * *), watches fraud)`.
pub(crate) fn words(schedule: &DescribeMonitoringScheduleOutput) -> String {
    let config = schedule.monitoring_schedule_config.as_ref();
    let when = config.and_then(|config| config.schedule_config.as_ref()?.schedule_expression.clone());
    let watches = schedule.endpoint_name.as_ref().map(|endpoint| format!("watches {endpoint}"));
    let parts: Vec<String> = [when, watches].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
