use std::collections::BTreeMap;

use aws_sdk_sagemaker::types::{
    AppStatus, EndpointStatus, EndpointSummary, NotebookInstanceStatus, WarmPoolResourceStatus,
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Page, Result, Spec, Tool};
use futures::{
    FutureExt, StreamExt, TryStreamExt,
    future::{BoxFuture, join_all},
    stream,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns, endpoints,
    fields::{list, text, whole},
    jobs::{self, Filter, Found, Kind, Status},
    scope,
    times::{now, written},
};

/// Lists everything that bills now: endpoints and their components, notebooks, Studio apps, running jobs, warm pools, clusters.
///
/// With machines and instance hours so far; prices are not known here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunningCosts {}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    what: String,
    name: String,
    status: Option<String>,
    instance_type: Option<String>,
    instances: Option<i64>,
    since: Option<String>,
    /// Instances times hours, if there were as many all the time.
    instance_hours: Option<f64>,
    remark: Option<String>,
}

/// The most of one sort that are looked at.
const MOST: usize = 200;
const AT_ONCE: usize = 6;

impl Tool for RunningCosts {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("running_costs", "Running costs")
        .on(
            "*",
            &[
                "sagemaker:ListEndpoints",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:ListInferenceComponents",
                "sagemaker:ListNotebookInstances",
                "sagemaker:ListApps",
                "sagemaker:ListTrainingJobs",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:ListProcessingJobs",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:ListTransformJobs",
                "sagemaker:DescribeTransformJob",
                "sagemaker:ListClusters",
                "sagemaker:DescribeCluster",
            ],
        )
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        type Asked<'a> = BoxFuture<'a, Result<Vec<Row>>>;
        let sorts: [(&str, Asked<'_>); 8] = [
            ("endpoints", running_endpoints(cx).boxed()),
            ("inference components", components(cx).boxed()),
            ("notebooks", notebooks(cx).boxed()),
            ("apps", apps(cx).boxed()),
            ("training jobs", running_jobs(cx, Kind::Training).boxed()),
            ("processing jobs", running_jobs(cx, Kind::Processing).boxed()),
            ("transform jobs", running_jobs(cx, Kind::Transform).boxed()),
            ("clusters", clusters(cx).boxed()),
        ];
        let (names, asked): (Vec<&str>, Vec<Asked<'_>>) = sorts.into_iter().unzip();
        let mut rows = Vec::new();
        let mut failed: Option<Error> = None;
        let (mut missing, mut found_any) = (0, false);
        for (name, found) in names.iter().zip(join_all(asked).await) {
            match found {
                Ok(found) => {
                    found_any = true;
                    rows.extend(found);
                }
                Err(error) => {
                    missing += 1;
                    cx.note(format!("{name} are missing: {error}"));
                    failed = failed.or(Some(error));
                }
            }
        }
        if let (false, Some(error)) = (found_any, failed) {
            return Err(error);
        }
        rows.sort_by(|a, b| b.instance_hours.unwrap_or(0.0).total_cmp(&a.instance_hours.unwrap_or(0.0)));
        let nothing =
            if missing == 0 { "nothing bills by the hour now" } else { "nothing else bills by the hour now" };
        cx.note(if rows.is_empty() { nothing.to_owned() } else { total(&rows) });
        Ok(cx.page(rows, None))
    }
}

/// `running now: 2 x ml.g5.xlarge, 1 x ml.m5.large`
fn total(rows: &[Row]) -> String {
    let mut machines: BTreeMap<&str, i64> = BTreeMap::new();
    for row in rows {
        if let (Some(instance), Some(count)) = (&row.instance_type, row.instances) {
            *machines.entry(instance).or_default() += count;
        }
    }
    let all: Vec<String> = machines.iter().map(|(instance, count)| format!("{count} x {instance}")).collect();
    format!("running now: {}; storage and what bills per call are not counted", all.join(", "))
}

fn row(what: &str, name: String, status: Option<String>, since: Option<i64>) -> Row {
    Row {
        what: what.to_owned(),
        name,
        status,
        instance_type: None,
        instances: None,
        since: since.map(written),
        instance_hours: None,
        remark: None,
    }
}

impl Row {
    fn on(mut self, instance: Option<String>, count: Option<i64>, since: Option<i64>) -> Row {
        self.instance_hours =
            count.zip(since).map(|(count, since)| hours(count, now().saturating_sub(since)));
        (self.instance_type, self.instances) = (instance, count);
        self
    }
}

fn hours(count: i64, seconds: i64) -> f64 {
    (count as f64 * seconds.max(0) as f64 / 360.0).round() / 10.0
}

async fn running_endpoints(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut all, mut token) = (Vec::new(), None);
    while all.len() < MOST {
        let out =
            cx.client().sagemaker.list_endpoints().max_results(100).set_next_token(token).send().await?;
        all.extend(out.endpoints.unwrap_or_default().into_iter().filter(|endpoint| {
            let bills = !matches!(
                endpoint.endpoint_status,
                Some(EndpointStatus::Failed | EndpointStatus::Deleting | EndpointStatus::OutOfService)
            );
            bills && scope::allows(cx, "sagemaker:DescribeEndpoint", endpoint.endpoint_arn.as_deref())
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "endpoints", token.is_some());
    let rows: Vec<Vec<Row>> = stream::iter(all.into_iter().map(|endpoint| variants(cx, endpoint)))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(rows.concat())
}

/// A row for each variant: only the configuration tells its machines.
async fn variants(cx: &Call<SageMaker>, endpoint: EndpointSummary) -> Result<Vec<Row>> {
    let name = endpoint.endpoint_name.unwrap_or_default();
    let Some(found) = endpoints::existing(cx, &name).await? else { return Ok(Vec::new()) };
    let since = endpoint.creation_time.as_ref().map(DateTime::secs);
    let status = endpoint.endpoint_status.map(|status| status.to_string());
    let current = found.production_variants.unwrap_or_default();
    let shadows = found.shadow_production_variants.unwrap_or_default();
    let config = endpoints::config(cx, found.endpoint_config_name.as_deref().unwrap_or_default()).await;
    let config = match config {
        Ok(config) => config,
        // What runs goes on without it.
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Refused) => {
            let rows = current.iter().chain(&shadows).map(|variant| {
                let of = variant.variant_name.as_deref().unwrap_or_default();
                let mut row = row("endpoint", format!("{name}/{of}"), status.clone(), since);
                row = row.on(None, variant.current_instance_count.map(i64::from), since);
                row.remark = Some("its configuration was deleted, so its machines are not known".to_owned());
                row
            });
            return Ok(rows.collect());
        }
        Err(error) => return Err(error),
    };
    let configured = config.production_variants.unwrap_or_default().into_iter();
    let configured = configured.chain(config.shadow_production_variants.unwrap_or_default());
    Ok(configured
        .map(|variant| {
            let of = variant.variant_name.clone().unwrap_or_default();
            let now =
                current.iter().chain(&shadows).find(|now| now.variant_name.as_deref() == Some(of.as_str()));
            let count = now.and_then(|now| now.current_instance_count).or(variant.initial_instance_count);
            let mut row = row("endpoint", format!("{name}/{of}"), status.clone(), since);
            match &variant.serverless_config {
                Some(serverless) => {
                    let kept = serverless.provisioned_concurrency.map(|kept| format!("{kept} kept ready; "));
                    row.remark = Some(format!("{}serverless, bills per call", kept.unwrap_or_default()));
                }
                None => {
                    let instance =
                        variant.instance_type.as_ref().map(|instance| instance.as_str().to_owned());
                    row = row.on(instance, count.map(i64::from), since);
                }
            }
            row
        })
        .collect())
}

async fn components(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx
            .client()
            .sagemaker
            .list_inference_components()
            .max_results(100)
            .set_next_token(token)
            .send()
            .await?;
        for component in out.inference_components.unwrap_or_default() {
            if !scope::allows(
                cx,
                "sagemaker:ListInferenceComponents",
                component.inference_component_arn.as_deref(),
            ) {
                continue;
            }
            let since = component.creation_time.as_ref().map(DateTime::secs);
            let status = component.inference_component_status.map(|status| status.to_string());
            let mut row =
                row("component", component.inference_component_name.unwrap_or_default(), status, since);
            let endpoint = component.endpoint_name.unwrap_or_default();
            row.remark = Some(format!("runs on the machines of {endpoint}"));
            rows.push(row);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "inference components", token.is_some());
    Ok(rows)
}

async fn notebooks(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx
            .client()
            .sagemaker
            .list_notebook_instances()
            .status_equals(NotebookInstanceStatus::InService)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await?;
        for notebook in out.notebook_instances.unwrap_or_default() {
            let runs = notebook.notebook_instance_status == Some(NotebookInstanceStatus::InService);
            if !runs
                || !scope::allows(
                    cx,
                    "sagemaker:ListNotebookInstances",
                    notebook.notebook_instance_arn.as_deref(),
                )
            {
                continue;
            }
            // The last change is its last start.
            let since = notebook.last_modified_time.as_ref().map(DateTime::secs);
            let instance = notebook.instance_type.map(|instance| instance.to_string());
            let name = notebook.notebook_instance_name.unwrap_or_default();
            rows.push(row("notebook", name, Some("InService".to_owned()), since).on(
                instance,
                Some(1),
                since,
            ));
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "notebooks", token.is_some());
    Ok(rows)
}

async fn apps(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx.client().sagemaker.list_apps().max_results(100).set_next_token(token).send().await?;
        for app in out.apps.unwrap_or_default() {
            let instance =
                app.resource_spec.and_then(|spec| spec.instance_type).map(|instance| instance.to_string());
            // `system` is Studio's own, which costs nothing.
            let bills = app.status == Some(AppStatus::InService)
                && instance.as_deref().is_some_and(|instance| instance != "system");
            if !bills {
                continue;
            }
            let since = app.creation_time.as_ref().map(DateTime::secs);
            let kind = app.app_type.map(|kind| kind.to_string()).unwrap_or_default();
            let owner = app.user_profile_name.or(app.space_name).unwrap_or_default();
            let (domain, app) = (app.domain_id.unwrap_or_default(), app.app_name.unwrap_or_default());
            let named = [
                ("answer.domain", domain.as_str()),
                ("answer.owner", &owner),
                ("answer.kind", &kind),
                ("answer.app", &app),
            ];
            if scope::may(cx, "sagemaker:ListApps", arns::RUNNING_APP, &named).await.is_err() {
                continue;
            }
            let status = Some("InService".to_owned());
            let mut row = row("app", format!("{owner}/{app}"), status, since).on(instance, Some(1), since);
            row.remark = Some(format!("{kind} of {domain}"));
            rows.push(row);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "apps", token.is_some());
    Ok(rows)
}

async fn running_jobs(cx: &Call<SageMaker>, kind: Kind) -> Result<Vec<Row>> {
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

async fn clusters(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut names, mut token) = (Vec::new(), None);
    while names.len() < MOST {
        let out = cx.client().sagemaker.list_clusters().max_results(100).set_next_token(token).send().await?;
        let found = out.cluster_summaries.unwrap_or_default().into_iter();
        names.extend(
            found
                .filter(|cluster| {
                    scope::allows(cx, "sagemaker:DescribeCluster", cluster.cluster_arn.as_deref())
                })
                .filter_map(|cluster| Some((cluster.cluster_name?, cluster.creation_time))),
        );
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "clusters", token.is_some());
    let rows: Vec<Vec<Row>> = stream::iter(names.into_iter().map(|(name, created)| async move {
        let found = match cx
            .client()
            .sagemaker
            .describe_cluster()
            .cluster_name(&name)
            .send()
            .await
            .map_err(Error::from)
        {
            Ok(found) => found,
            // It went since it was listed.
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let status = found.cluster_status.map(|status| status.to_string());
        let since = created.as_ref().map(DateTime::secs);
        let groups = found.instance_groups.unwrap_or_default().into_iter();
        let rows = groups.filter(|group| group.current_count.unwrap_or_default() > 0).map(|group| {
            let instance = group.instance_type.map(|instance| instance.to_string());
            let of = group.instance_group_name.unwrap_or_default();
            row("cluster", format!("{name}/{of}"), status.clone(), since).on(
                instance,
                group.current_count.map(i64::from),
                since,
            )
        });
        Ok::<_, Error>(rows.collect())
    }))
    .buffered(AT_ONCE)
    .try_collect()
    .await?;
    Ok(rows.concat())
}

/// Nothing is left out unsaid.
fn cut(cx: &Call<SageMaker>, what: &str, is_cut: bool) {
    if is_cut {
        cx.note(format!("there are more {what} than the {MOST} looked at"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_count_every_machine() {
        assert_eq!(hours(2, 5400), 3.0);
        assert_eq!(hours(1, -5), 0.0);
    }

    #[test]
    fn machines_are_summed_up() {
        let of = |instance: &str, count| {
            row("endpoint", String::new(), None, None).on(Some(instance.to_owned()), Some(count), None)
        };
        let rows = [of("ml.m5.large", 1), of("ml.g5.xlarge", 2), of("ml.m5.large", 3)];
        assert!(
            total(&rows).starts_with("running now: 2 x ml.g5.xlarge, 4 x ml.m5.large;"),
            "{}",
            total(&rows)
        );
    }
}
