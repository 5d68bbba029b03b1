use awsmcp_mcp::{Call, Error, Moment, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    jobs::{self, Filter, Kind, Status, Summary},
    times,
};

/// Lists jobs, newest first; of all kinds where none is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListJobs {
    kind: Option<Kind>,
    status: Option<Status>,
    /// Anywhere in the name.
    name: Option<String>,
    /// When it was made, such as -1d.
    after: Option<Moment>,
    before: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    kind: &'static str,
    name: String,
    status: String,
    created: Option<String>,
    duration_seconds: Option<i64>,
    detail: Option<String>,
    failure_reason: Option<String>,
}

/// Where the next page of all kinds begins.
#[derive(Serialize, Deserialize)]
struct Onward {
    /// Milliseconds since 1970; jobs of this very time may still be left.
    until: i64,
    /// Those of that time that were shown.
    shown: Vec<(Kind, String)>,
}

impl Tool for ListJobs {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec =
        Spec::list("list_jobs", "List jobs").on("*", jobs::LIST).rows(arns::EACH_JOB).regional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let filter = Filter {
            name: self.name,
            status: self.status,
            after: self.after.map(|after| times::sdk(after.0)),
            before: self.before.map(|before| times::sdk(before.0)),
        };
        if let (Some(after), Some(before)) = (&filter.after, &filter.before)
            && times::millis(after) >= times::millis(before)
        {
            return Err(Error::invalid("`after` is not before `before`").with_next("swap them"));
        }
        match self.kind {
            Some(kind) => of_kind(cx, kind, &filter).await,
            None => of_all(cx, filter).await,
        }
    }
}

async fn of_kind(cx: &Call<SageMaker>, kind: Kind, filter: &Filter) -> Result<Page<Row>> {
    let limit = cx.limit() as usize;
    let (mut rows, mut token) = (Vec::new(), cx.token());
    loop {
        let left = i32::try_from(limit.saturating_sub(rows.len())).unwrap_or(100);
        let (found, next) = jobs::list(cx, kind, filter, left, token).await?;
        rows.extend(found.into_iter().map(Row::new));
        token = next;
        if rows.len() >= limit || token.is_none() {
            return Ok(cx.page(rows, token));
        }
    }
}

/// AWS lists each kind by itself: the newest of each are merged, and the next page begins at the time of the last row.
async fn of_all(cx: &Call<SageMaker>, mut filter: Filter) -> Result<Page<Row>> {
    let onward = cx.token().map(|token| serde_json::from_str::<Onward>(&token)).transpose();
    let onward = onward.map_err(|error| Error::invalid(format!("`cursor`: {error}")))?;
    let limit = cx.limit() as usize;
    let skip = onward.as_ref().map_or(0, |onward| onward.shown.len());
    if let Some(onward) = &onward {
        filter.before = Some(aws_smithy_types::DateTime::from_millis(onward.until.saturating_add(1)));
    }
    // One more tells whether there is more.
    let wanted = limit + skip + 1;
    let pages = try_join_all(Kind::ALL.map(|kind| some(cx, kind, &filter, wanted))).await?;
    let mut all: Vec<Summary> = pages.into_iter().flatten().collect();
    if let Some(onward) = &onward {
        all.retain(|job| {
            let made = made(job);
            made < onward.until
                || made == onward.until
                    && !onward.shown.iter().any(|(kind, name)| *kind == job.kind && *name == job.name)
        });
    }
    all.sort_by_key(|job| std::cmp::Reverse(made(job)));
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| {
        let until = made(last);
        let here = all.iter().filter(|job| made(job) == until).map(|job| (job.kind, job.name.clone()));
        let before =
            onward.iter().filter(|onward| onward.until == until).flat_map(|onward| onward.shown.clone());
        Onward { until, shown: before.chain(here).collect() }
    });
    let next = next.map(|next| serde_json::to_string(&next)).transpose();
    let next = next.map_err(|error| Error::internal(format!("the cursor cannot be written: {error}")))?;
    Ok(cx.page(all.into_iter().map(Row::new), next))
}

async fn some(cx: &Call<SageMaker>, kind: Kind, filter: &Filter, wanted: usize) -> Result<Vec<Summary>> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let left = i32::try_from(wanted.saturating_sub(found.len())).unwrap_or(100);
        let (page, next) = jobs::list(cx, kind, filter, left, token).await?;
        found.extend(page);
        token = next;
        if found.len() >= wanted || token.is_none() {
            return Ok(found);
        }
    }
}

/// When it was made, in milliseconds since 1970.
fn made(job: &Summary) -> i64 {
    job.created.as_ref().map(times::millis).unwrap_or_default()
}

impl Row {
    fn new(job: Summary) -> Row {
        Row {
            kind: job.kind.word(),
            name: job.name,
            created: job.created.as_ref().map(utc_second),
            duration_seconds: job.seconds,
            detail: job.detail.filter(|detail| *detail != job.status),
            failure_reason: job.failure,
            status: job.status,
        }
    }
}
