use aws_sdk_sagemaker::types::{
    MonitoringExecutionSortKey, MonitoringExecutionSummary, MonitoringScheduleSortKey,
    MonitoringScheduleSummary, SortOrder,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    jobs::gone,
    names::{EndpointName, ScheduleName, last_part},
    scope,
};

/// Lists monitoring schedules, or the runs of one, newest first. A run is a processing job: `describe_job` and `job_logs` show it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListMonitors {
    /// Lists its runs.
    schedule: Option<ScheduleName>,
    endpoint: Option<EndpointName>,
    /// Anywhere in the schedule's name.
    name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Schedule {
        name: String,
        endpoint: Option<String>,
        watches: Option<String>,
        status: Option<String>,
        modified: Option<String>,
    },
    Run {
        scheduled: Option<String>,
        status: Option<String>,
        job: Option<String>,
        endpoint: Option<String>,
        failure_reason: Option<String>,
    },
}

impl Tool for ListMonitors {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_monitors", "List monitors")
        .when("not schedule")
        .on("*", &["sagemaker:ListMonitoringSchedules"])
        .when("schedule")
        .on(arns::SCHEDULE, &["sagemaker:DescribeMonitoringSchedule"])
        .on("*", &["sagemaker:ListMonitoringExecutions"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let client = &cx.client().sagemaker;
        let most = cx.page_size().min(100);
        let endpoint = self.endpoint.as_ref().map(ToString::to_string);
        let Some(schedule) = &self.schedule else {
            let out = client
                .list_monitoring_schedules()
                .set_endpoint_name(endpoint)
                .set_name_contains(self.name)
                .sort_by(MonitoringScheduleSortKey::CreationTime)
                .sort_order(SortOrder::Descending)
                .max_results(most)
                .set_next_token(cx.token())
                .send()
                .await?;
            let rows = out.monitoring_schedule_summaries.unwrap_or_default().into_iter().filter(|row| {
                scope::allows(cx, "sagemaker:ListMonitoringSchedules", row.monitoring_schedule_arn.as_deref())
            });
            return Ok(cx.page(rows.map(of_schedule), out.next_token));
        };
        if self.name.is_some() {
            return Err(Error::invalid("`name` is of schedules: leave it out, or `schedule`"));
        }
        let name = schedule.as_str();
        if cx.token().is_none() {
            // AWS lists no runs of a schedule that does not exist, as of one that never ran.
            let sent = client.describe_monitoring_schedule().monitoring_schedule_name(name).send().await;
            let found = sent.map_err(|error| gone(Error::from(error)))?;
            let status =
                found.monitoring_schedule_status.map(|status| status.to_string()).unwrap_or_default();
            let config = found.monitoring_schedule_config.and_then(|config| config.schedule_config);
            let when = config.and_then(|config| config.schedule_expression);
            let when = when.map(|when| format!(", {when}")).unwrap_or_default();
            let why = found.failure_reason.map(|why| format!(": {why}")).unwrap_or_default();
            cx.note(format!("the schedule is {status}{when}{why}"));
        }
        let out = client
            .list_monitoring_executions()
            .monitoring_schedule_name(name)
            .set_endpoint_name(endpoint)
            .sort_by(MonitoringExecutionSortKey::ScheduledTime)
            .sort_order(SortOrder::Descending)
            .max_results(most)
            .set_next_token(cx.token())
            .send()
            .await?;
        let rows = out.monitoring_execution_summaries.unwrap_or_default();
        Ok(cx.page(rows.into_iter().map(of_run), out.next_token))
    }
}

fn of_schedule(schedule: MonitoringScheduleSummary) -> Row {
    Row::Schedule {
        name: schedule.monitoring_schedule_name.unwrap_or_default(),
        endpoint: schedule.endpoint_name,
        watches: schedule.monitoring_type.map(|sort| sort.to_string()),
        status: schedule.monitoring_schedule_status.map(|status| status.to_string()),
        modified: schedule.last_modified_time.as_ref().map(utc_second),
    }
}

fn of_run(run: MonitoringExecutionSummary) -> Row {
    Row::Run {
        scheduled: run.scheduled_time.as_ref().map(utc_second),
        status: run.monitoring_execution_status.map(|status| status.to_string()),
        job: run.processing_job_arn.map(|arn| last_part(&arn).to_owned()),
        endpoint: run.endpoint_name,
        failure_reason: run.failure_reason,
    }
}
