use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{ExportTask, ExportTaskStatusCode};
use awsmcp_mcp::{Call, Change, DAY, Error, Moment, One, Plan, Result, Spec, TimeRange, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns, groups, insights::estimate, names::LogGroup};

/// Copies a log group's events of a time to an S3 bucket, as gzip files. The bucket's policy must let CloudWatch Logs write.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportLogs {
    log_group: LogGroup,
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
    type Items = ();
    const SPEC: Spec = Spec::write("export_logs", "Export logs")
        .on("*", &["logs:DescribeLogGroups"])
        .on(arns::LOG_GROUP, &["logs:CreateExportTask"])
        .when("wait")
        .on("*", &["logs:DescribeExportTasks"])
        .names_no_resource()
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan> {
        let range = TimeRange::new(self.start, self.end, DAY)?;
        let group = groups::describe(cx, &self.log_group).await?;
        let about = human_size(estimate(&[group], range));
        let plan = Plan::new(format!("export {} to {}", self.log_group, self.destination()));
        Ok(plan.warning(format!(
            "about {about}, of {range}, are copied; one export runs at a time in an account"
        )))
    }

    async fn apply(self, (): (), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let range = TimeRange::new(self.start, self.end, DAY)?;
        let request = cx.client().logs.create_export_task().log_group_name(self.log_group.name());
        let answer = request
            .from(range.start.as_millisecond())
            .to(range.end.as_millisecond())
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
        let task = ended(cx, &task_id).await?;
        let status = task.status.as_ref();
        Ok(One(Done {
            status: status
                .and_then(|status| status.code())
                .map(|code| code.as_str().to_owned())
                .unwrap_or_default(),
            message: status.and_then(|status| status.message()).map(str::to_owned),
            task_id,
            destination,
        }))
    }
}

/// The task once it is over. It goes on without whoever waits for it.
async fn ended(cx: &Call<CloudWatch>, task_id: &str) -> Result<ExportTask> {
    let mut pause = Duration::from_millis(500);
    for seconds in 0.. {
        let page = cx.client().logs.describe_export_tasks().task_id(task_id).send().await?;
        let task = page.export_tasks.unwrap_or_default().into_iter().next();
        let task =
            task.ok_or_else(|| Error::not_found(format!("AWS does not know the export task {task_id}")))?;
        let code = task.status.as_ref().and_then(|status| status.code());
        if !matches!(
            code,
            Some(
                ExportTaskStatusCode::Pending
                    | ExportTaskStatusCode::Running
                    | ExportTaskStatusCode::PendingCancel
            )
        ) {
            return Ok(task);
        }
        let word = code.map(|code| code.as_str().to_lowercase()).unwrap_or_default();
        cx.progress(seconds, None, format!("the export {task_id} is {word}"));
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(10));
    }
    Err(Error::internal("an export without an end"))
}

impl ExportLogs {
    fn destination(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.as_deref().unwrap_or("exportedlogs"))
    }
}
