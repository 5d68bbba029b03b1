mod endpoints;
mod machines;
mod running_jobs;

use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::running_jobs::running_jobs;
use crate::{
    SageMaker,
    jobs::Kind,
    times::{now, written},
};

/// Lists what bills now by the hour: endpoints and their components, notebooks, apps, MLflow servers, running jobs, warm pools, clusters.
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

/// Nobody shall take the list for all that there is.
const NOT_LOOKED_AT: &str = "not looked at, though they may bill: inference recommendation, optimization and benchmark jobs, \
     AutoML and labeling work, partner and MLflow apps, online feature stores, training plans, monitoring schedules' next runs";

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
                "sagemaker:ListMlflowTrackingServers",
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
        let sorts: [(&str, Asked<'_>); 9] = [
            ("endpoints", endpoints::running_endpoints(cx).boxed()),
            ("inference components", endpoints::components(cx).boxed()),
            ("notebooks", machines::notebooks(cx).boxed()),
            ("apps", machines::apps(cx).boxed()),
            ("MLflow servers", machines::trackers(cx).boxed()),
            ("training jobs", running_jobs(cx, Kind::Training).boxed()),
            ("processing jobs", running_jobs(cx, Kind::Processing).boxed()),
            ("transform jobs", running_jobs(cx, Kind::Transform).boxed()),
            ("clusters", machines::clusters(cx).boxed()),
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
        cx.note(NOT_LOOKED_AT);
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
