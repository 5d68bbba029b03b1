use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::ExportTaskStatusCode;
use awsmcp_mcp::{Call, Change, DAY, Error, Moment, One, Plan, Result, Spec, TimeRange, Waited, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns, groups, insights::estimate, names::OwnLogGroup};

/// Copies a log group's events of a time to an S3 bucket, as gzip files. The bucket's policy must let CloudWatch Logs write.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportLogs {
    log_group: OwnLogGroup,
    /// Default -1d.
    start: Option<Moment>,
    end: Option<Moment>,
    bucket: String,
    /// Default `exportedlogs`.
    prefix: Option<String>,
    stream_prefix: Option<String>,
    /// Waits until it is done.
    #[serde(default)]
    wait: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    task_id: String,
    status: String,
    destination: String,
    message: Option<String>,
}

impl Change for ExportLogs {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// The time that was shown, from and to in milliseconds: `-1d` is of the plan, not of the deed.
    type Items = (i64, i64);
    const SPEC: Spec = Spec::write("export_logs", "Export logs")
        .shown_by("log_group_detail")
        .on("*", &["logs:DescribeLogGroups"])
        .on(arns::LOG_GROUP, &["logs:CreateExportTask"])
        .when("wait")
        .on("*", &["logs:DescribeExportTasks"])
        .names_no_resource()
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<(i64, i64)>> {
        let range = TimeRange::new(self.start, self.end, DAY)?;
        let group = groups::describe(cx, &self.log_group).await?;
        let about = human_size(estimate(&[group], range));
        let plan = Plan::new(format!("export {} to {}", self.log_group, self.destination()));
        let plan = plan.warning(format!(
            "about {about}, of {range}, are copied; one export runs at a time in an account"
        ));
        Ok(plan.items((range.start.as_millisecond(), range.end.as_millisecond())))
    }

    async fn apply(self, (from, to): (i64, i64), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let request = cx.client().logs.create_export_task().log_group_name(self.log_group.name());
        let answer = request
            .from(from)
            .to(to)
            .destination(&self.bucket)
            .set_destination_prefix(self.prefix.clone())
            .set_log_stream_name_prefix(self.stream_prefix.clone())
            .send()
            .await?;
        let task_id = answer.task_id.unwrap_or_default();
        let destination = self.destination();
        if !self.wait {
            return Ok(One(Done { task_id, status: "STARTED".to_owned(), destination, message: None }));
        }
        let look = || async {
            let page = cx.client().logs.describe_export_tasks().task_id(&task_id).send().await?;
            let task = page.export_tasks.unwrap_or_default().into_iter().next();
            let task =
                task.ok_or_else(|| Error::not_found(format!("AWS does not know the export task {task_id}")))?;
            let code = task.status.as_ref().and_then(|status| status.code());
            let word = code.map(|code| code.as_str().to_lowercase()).unwrap_or_default();
            Ok(match code {
                Some(
                    ExportTaskStatusCode::Pending
                    | ExportTaskStatusCode::Running
                    | ExportTaskStatusCode::PendingCancel,
                ) => Waited::Still(format!("the export {task_id} is {word}")),
                _ => Waited::Ready(task),
            })
        };
        // The task goes on without whoever waits for it.
        Ok(One(match cx.until(HOUR_LONG, look).await? {
            Waited::Ready(task) => Done {
                status: task
                    .status
                    .as_ref()
                    .and_then(|status| status.code())
                    .map(|code| code.as_str().to_owned())
                    .unwrap_or_default(),
                message: task.status.as_ref().and_then(|status| status.message()).map(str::to_owned),
                task_id,
                destination,
            },
            Waited::Still(how) => Done {
                status: "STARTED".to_owned(),
                message: Some(format!("{how}: it goes on in AWS and was not waited for any longer")),
                task_id,
                destination,
            },
        }))
    }
}

/// As long as the call itself may take.
const HOUR_LONG: Duration = Duration::from_secs(3600);

impl ExportLogs {
    fn destination(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.as_deref().unwrap_or("exportedlogs"))
    }
}
