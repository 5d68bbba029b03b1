//! Jobs that run, and machines that are kept warm for the next.

use aws_sdk_sagemaker::types::WarmPoolResourceStatus;
use awsmcp_mcp::{Call, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, MOST, Row, cut, row};
use crate::{
    SageMaker,
    fields::{list, text, whole},
    jobs::{self, Filter, Found, Kind, Status},
    scope,
};

pub(super) async fn running_jobs(cx: &Call<SageMaker>, kind: Kind) -> Result<Vec<Row>> {
    let filter = Filter { status: Some(Status::InProgress), ..Filter::default() };
    let (mut names, mut token) = (Vec::new(), None);
    while names.len() < MOST {
        let (found, next) = jobs::list(cx, kind, &filter, 100, token).await?;
        // Stopping jobs bill too, for a minute or two; they are left out.
        names.extend(found.into_iter().filter(|job| !jobs::is_over(&job.status)).map(|job| job.name));
        token = next;
        if token.is_none() {
            break;
        }
    }
    cut(cx, &format!("{kind} jobs"), token.is_some());
    if kind == Kind::Training {
        names.extend(warm(cx).await?);
    }
    let found: Vec<Option<Row>> = stream::iter(names.into_iter().map(|name| job(cx, kind, name)))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Training jobs that are over and keep their machines.
async fn warm(cx: &Call<SageMaker>) -> Result<Vec<String>> {
    let request = cx.client().sagemaker.list_training_jobs().max_results(100);
    let out = request.warm_pool_status_equals(WarmPoolResourceStatus::Available).send().await?;
    let jobs = out.training_job_summaries.unwrap_or_default().into_iter().filter(|job| {
        let status = job.warm_pool_status.as_ref().and_then(|pool| pool.status.as_ref());
        status == Some(&WarmPoolResourceStatus::Available)
    });
    Ok(jobs.filter_map(|job| job.training_job_name).collect())
}

async fn job(cx: &Call<SageMaker>, kind: Kind, name: String) -> Result<Option<Row>> {
    let described = jobs::describe(cx, kind, &name).await?;
    let found = Found { kind, name, described };
    if !scope::allows(cx, "sagemaker:DescribeTrainingJob", found.arn().as_deref()) {
        return Ok(None);
    }
    let config = match kind {
        Kind::Training => found.described.pointer("/ResourceConfig"),
        Kind::Processing => found.described.pointer("/ProcessingResources/ClusterConfig"),
        _ => found.described.pointer("/TransformResources"),
    };
    let (mut instance, mut count) = (None, None);
    if let Some(config) = config {
        let groups = list(config, "/InstanceGroups");
        instance = text(config, "/InstanceType")
            .or_else(|| groups.first().and_then(|group| text(group, "/InstanceType")));
        let many: i64 = groups.iter().filter_map(|group| whole(group, "/InstanceCount")).sum();
        count = whole(config, "/InstanceCount").or(Some(many).filter(|many| *many > 0));
    }
    let is_warm = found.is_over();
    // While it waits for machines it does not bill; a warm pool bills since the job's end.
    let since = if is_warm { found.ended() } else { found.started() };
    let what = if is_warm { "warm pool".to_owned() } else { format!("{kind} job") };
    let mut row = row(&what, found.name.clone(), Some(found.status()), since).on(instance, count, since);
    if !is_warm && since.is_none() {
        row.remark = Some("waits for its machines".to_owned());
    }
    Ok(Some(row))
}
