//! Jobs that run, and machines that are kept warm for the next.

use aws_sdk_sagemaker::types::WarmPoolResourceStatus;
use awsmcp_mcp::{Call, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{AT_ONCE, MOST, Row, cut, every, row};
use crate::{
    SageMaker,
    costs::Use,
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
    let found: Vec<Vec<Row>> = stream::iter(names.into_iter().map(|name| job(cx, kind, name)))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.concat())
}

/// Training jobs that are over and keep their machines.
async fn warm(cx: &Call<SageMaker>) -> Result<Vec<String>> {
    let page = |token| async move {
        let request = cx.client().sagemaker.list_training_jobs().max_results(100);
        let request = request.warm_pool_status_equals(WarmPoolResourceStatus::Available);
        let out = request.set_next_token(token).send().await?;
        Ok((out.training_job_summaries, out.next_token))
    };
    let jobs = every(cx, "warm pools", page, |job| {
        let status = job.warm_pool_status.as_ref().and_then(|pool| pool.status.as_ref());
        status == Some(&WarmPoolResourceStatus::Available)
    });
    Ok(jobs.await?.into_iter().filter_map(|job| job.training_job_name).collect())
}

/// A row for each sort of machine that a job runs on.
async fn job(cx: &Call<SageMaker>, kind: Kind, name: String) -> Result<Vec<Row>> {
    let described = jobs::describe(cx, kind, &name).await?;
    let found = Found { kind, name, described };
    let action = format!("sagemaker:Describe{}", kind.noun());
    if !scope::allows(cx, &action, found.arn().as_deref()) {
        return Ok(Vec::new());
    }
    let config = match kind {
        Kind::Training => found.described.pointer("/ResourceConfig"),
        Kind::Processing => found.described.pointer("/ProcessingResources/ClusterConfig"),
        _ => found.described.pointer("/TransformResources"),
    };
    let groups = config.map(|config| list(config, "/InstanceGroups")).unwrap_or_default();
    let is_warm = found.is_over();
    // While it waits for machines it does not bill; a warm pool bills since the job's end.
    let since = if is_warm { found.ended() } else { found.started() };
    let what = if is_warm { "warm pool".to_owned() } else { format!("{kind} job") };
    // The price list has warm pools under no name that is known here.
    let paid = match kind {
        _ if is_warm => None,
        Kind::Training => Some(Use::Training),
        Kind::Processing => Some(Use::Processing),
        _ => Some(Use::Transform),
    };
    let on = |name: String, machines: Option<&Value>| {
        let instance = machines.and_then(|machines| text(machines, "/InstanceType"));
        let count = machines.and_then(|machines| whole(machines, "/InstanceCount"));
        let row = row(&what, name, Some(found.status()), since).on(instance, count, since).paid(paid);
        match (is_warm, since) {
            (false, None) => row.remarked("waits for its machines"),
            _ => row,
        }
    };
    if groups.is_empty() {
        return Ok(vec![on(found.name.clone(), config)]);
    }
    let of_group = |group: &Value| {
        let name = text(group, "/InstanceGroupName").unwrap_or_default();
        on(format!("{}/{name}", found.name), Some(group))
    };
    Ok(groups.iter().map(of_group).collect())
}
