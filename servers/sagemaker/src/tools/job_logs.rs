use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool, to_millisecond};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    jobs::{self, Kind, Line, Tail},
    names::JobName,
};

/// Reads a job's log over all its hosts: the last lines, or from the first on. The next page of the last lines is what came before.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobLogs {
    job: JobName,
    kind: Option<Kind>,
    /// Such as `algo-1`.
    host: Option<String>,
    /// A CloudWatch filter pattern, such as `?Error ?Traceback`; from the first line on.
    filter: Option<String>,
    from: Option<From>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum From {
    /// The default without a filter.
    Last,
    First,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    time: String,
    host: Option<String>,
    message: String,
}

impl Tool for JobLogs {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("job_logs", "Job logs")
        .on(arns::JOB, jobs::FIND)
        .on(arns::SAGEMAKER_LOGS, &["logs:DescribeLogStreams", "logs:FilterLogEvents"])
        .on(arns::SAGEMAKER_LOG_STREAMS, &["logs:GetLogEvents"])
        .quotes();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let backwards = match (self.from, &self.filter) {
            (Some(From::Last), Some(_)) => {
                return Err(Error::invalid("with `filter` lines come from the first on: leave `from` out"));
            }
            (Some(From::First), _) | (None, Some(_)) => false,
            (Some(From::Last) | None, None) => true,
        };
        let found = jobs::find(cx, self.kind, &self.job).await?;
        let Some(group) = found.kind.log_group() else {
            return Err(Error::invalid(format!(
                "{} works through jobs of other kinds, which have the logs",
                found.name
            ))
            .with_next(format!("list_jobs with name {} shows them", found.name)));
        };
        let (name, host) = (found.name.as_str(), self.host.as_deref());
        let streams = jobs::streams(cx, found.kind, group, name, host).await?;
        if streams.is_empty() {
            let of = host.map(|host| format!(" of {host}")).unwrap_or_default();
            cx.note(format!("no log{of} yet: the job is {}; describe_job shows its stages", found.status()));
            return Ok(cx.page([], None));
        }
        let several = streams.len() > 1;
        let (lines, next) = if backwards {
            let from = cx.token().map(|token| serde_json::from_str::<Tail>(&token)).transpose();
            let from = from.map_err(|error| Error::invalid(format!("`cursor`: {error}")))?;
            let (lines, next) = jobs::tail(cx, group, name, streams, cx.limit() as usize, from).await?;
            (lines, next.and_then(|next| serde_json::to_string(&next).ok()))
        } else {
            jobs::walk(cx, &found, group, host, self.filter.as_deref(), cx.token()).await?
        };
        if lines.is_empty() && next.is_none() {
            let what = self.filter.as_deref().map(|filter| format!(" fits {filter}")).unwrap_or_default();
            cx.note(format!("no line{what} in {group}, streams {name}"));
        }
        Ok(cx.page(lines.into_iter().map(|line| Row::new(line, several)), next))
    }
}

impl Row {
    fn new(line: Line, several: bool) -> Row {
        Row { time: to_millisecond(line.time), host: several.then_some(line.host), message: line.message }
    }
}
