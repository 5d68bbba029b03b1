mod endpoints;
mod machines;
mod others;
mod running_jobs;

use std::{cmp::Ordering, collections::BTreeMap};

use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_operations::prices::{self, Prices};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::running_jobs::running_jobs;
use crate::{
    SageMaker,
    costs::Use,
    jobs::Kind,
    known,
    times::{now, written},
};

/// Lists what bills now by the hour, dearest first: endpoints, notebooks, apps, MLflow servers, running jobs, warm pools, clusters, stores, plans.
///
/// With machines, instance hours so far and prices on demand. `stop_running` ends what has no tool of its own.
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
    /// Of all its instances.
    accelerators: Option<i64>,
    vcpus: Option<i64>,
    since: Option<String>,
    /// Instances times hours, if there were as many all the time.
    instance_hours: Option<f64>,
    /// Of all its instances, on demand.
    price_per_hour: Option<f64>,
    /// For those instance hours.
    price_so_far: Option<f64>,
    remark: Option<String>,
    /// For what its machines are paid.
    #[serde(skip)]
    paid_for: Option<Use>,
}

/// Nobody shall take the list for all that there is.
const NOT_LOOKED_AT: &str = "not looked at, though they may bill: MLflow apps, agent fine-tuning jobs, labeling (by the object), \
     what monitoring schedules and pipelines will start; tuning, AutoML and pipelines bill by the jobs listed here";

/// What the order of the rows is, and what it is not.
const ORDER: &str = "in order of accelerators, then vCPUs times hours: a measure of size and not of money, since no price is known here";

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
                "sagemaker:ListInferenceRecommendationsJobs",
                "sagemaker:ListOptimizationJobs",
                "sagemaker:ListAIBenchmarkJobs",
                "sagemaker:ListAIRecommendationJobs",
                "sagemaker:ListPartnerApps",
                "sagemaker:ListFeatureGroups",
                "sagemaker:DescribeFeatureGroup",
                "sagemaker:ListTrainingPlans",
            ],
        )
        .where_allowed("*", &[prices::ACTION])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        type Asked<'a> = BoxFuture<'a, Result<Vec<Row>>>;
        let sorts: [(&str, Asked<'_>); 16] = [
            ("endpoints", endpoints::running_endpoints(cx).boxed()),
            ("inference components", endpoints::components(cx).boxed()),
            ("notebooks", machines::notebooks(cx).boxed()),
            ("apps", machines::apps(cx).boxed()),
            ("MLflow servers", machines::trackers(cx).boxed()),
            ("training jobs", running_jobs(cx, Kind::Training).boxed()),
            ("processing jobs", running_jobs(cx, Kind::Processing).boxed()),
            ("transform jobs", running_jobs(cx, Kind::Transform).boxed()),
            ("clusters", machines::clusters(cx).boxed()),
            ("recommendation jobs", others::recommendation_jobs(cx).boxed()),
            ("optimization jobs", others::optimization_jobs(cx).boxed()),
            ("benchmark jobs", others::benchmark_jobs(cx).boxed()),
            ("AI recommendation jobs", others::ai_recommendation_jobs(cx).boxed()),
            ("partner apps", others::partner_apps(cx).boxed()),
            ("online feature stores", others::feature_stores(cx).boxed()),
            ("training plans", others::training_plans(cx).boxed()),
        ];
        let (names, asked): (Vec<&str>, Vec<Asked<'_>>) = sorts.into_iter().unzip();
        let mut rows = Vec::new();
        let mut failed: Option<Error> = None;
        let mut found_any = false;
        for (name, found) in names.iter().zip(join_all(asked).await) {
            match found {
                Ok(found) => {
                    found_any = true;
                    rows.extend(found);
                }
                Err(error) => {
                    cx.note(format!("{name} are missing: {error}"));
                    failed = failed.or(Some(error));
                }
            }
        }
        if let (false, Some(error)) = (found_any, failed) {
            return Err(error);
        }
        let prices = priced(cx, &mut rows).await;
        rows.sort_by(dearest_first);
        cx.note(NOT_LOOKED_AT);
        if let Some(prices) = prices {
            cx.note(prices);
        } else if rows.len() > 1 {
            cx.note(ORDER);
        }
        cx.note(match rows.is_empty() {
            true => "nothing bills by the hour now, of what was looked at".to_owned(),
            false => total(&rows),
        });
        Ok(cx.page(rows, None))
    }
}

/// Adds prices to the rows whose machines the price list knows, and says what they come to; none without any.
async fn priced(cx: &Call<SageMaker>, rows: &mut [Row]) -> Option<String> {
    let product = |row: &Row| Some(row.paid_for?.of(row.instance_type.as_deref()?));
    let prices = Prices::look_up(cx, rows.iter().filter_map(product)).await;
    let (mut sum, mut without) = (0.0, 0);
    for row in rows.iter_mut() {
        let price = product(row).and_then(|product| prices.get(&product).cloned());
        let Some(price) = price.filter(|price| price.unit.eq_ignore_ascii_case("hrs")) else {
            without += 1;
            continue;
        };
        // What waits for its machines does not bill yet.
        let count = row.instances.filter(|_| row.since.is_some()).unwrap_or_default() as f64;
        row.price_per_hour = Some(price.of(count));
        row.price_so_far = row.instance_hours.map(|hours| price.of(hours));
        sum += price.amount * count;
    }
    let source = prices.source()?;
    let without = match without {
        0 => String::new(),
        count => format!("; {count} rows have no price here and come last, the larger first"),
    };
    Some(format!("the rows with a price come to {sum:.2} an hour{without}; {source}"))
}

/// By the hour and then by what it cost so far; what has no price by its size behind them.
fn dearest_first(one: &Row, other: &Row) -> Ordering {
    let price = |row: &Row| {
        (row.price_per_hour.unwrap_or(f64::NEG_INFINITY), row.price_so_far.unwrap_or(f64::NEG_INFINITY))
    };
    let ((one_now, one_so_far), (other_now, other_so_far)) = (price(one), price(other));
    let by_price = other_now.total_cmp(&one_now).then(other_so_far.total_cmp(&one_so_far));
    by_price.then_with(|| size(other).cmp(&size(one)))
}

/// The larger the dearer: first the accelerators that are in use, which cost most, then vCPUs times seconds.
fn size(row: &Row) -> (i64, i64, i64) {
    let hours = row.instance_hours.unwrap_or_default();
    let each = row.vcpus.unwrap_or_default() / row.instances.unwrap_or(1).max(1);
    (row.accelerators.unwrap_or_default(), (each as f64 * hours * 10.0) as i64, (hours * 10.0) as i64)
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
    let all = if all.is_empty() { "no machine of a known type".to_owned() } else { all.join(", ") };
    format!("running now: {all}; storage and what bills per call are not counted")
}

fn row(what: &str, name: String, status: Option<String>, since: Option<i64>) -> Row {
    Row {
        what: what.to_owned(),
        name,
        status,
        instance_type: None,
        instances: None,
        accelerators: None,
        vcpus: None,
        since: since.map(written),
        instance_hours: None,
        price_per_hour: None,
        price_so_far: None,
        remark: None,
        paid_for: None,
    }
}

impl Row {
    fn on(mut self, instance: Option<String>, count: Option<i64>, since: Option<i64>) -> Row {
        self.instance_hours =
            count.zip(since).map(|(count, since)| hours(count, now().saturating_sub(since)));
        let of_all = |each: Option<u32>| Some(i64::from(each?) * count.unwrap_or(1)).filter(|all| *all > 0);
        if let Some(instance) = &instance {
            self.accelerators = of_all(known::accelerators(instance));
            self.vcpus = of_all(known::vcpus(instance));
        }
        (self.instance_type, self.instances) = (instance, count);
        self
    }

    fn paid(mut self, of: impl Into<Option<Use>>) -> Row {
        self.paid_for = of.into();
        self
    }

    fn remarked(mut self, remark: impl Into<String>) -> Row {
        self.remark = Some(remark.into());
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

/// What a list has to be shown, of every page until there are [`MOST`]; `page` asks for the one of a token. What is not
/// shown does not count: AWS lists what is over too, which may be the most of it.
async fn every<T, Asked>(
    cx: &Call<SageMaker>,
    what: &str,
    page: impl Fn(Option<String>) -> Asked,
    is_shown: impl Fn(&T) -> bool,
) -> Result<Vec<T>>
where
    Asked: Future<Output = Result<(Option<Vec<T>>, Option<String>)>>,
{
    let (mut all, mut token) = (Vec::new(), None);
    while all.len() < MOST {
        let (found, next) = page(token).await?;
        all.extend(found.unwrap_or_default().into_iter().filter(&is_shown));
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, what, token.is_some() || all.len() > MOST);
    all.truncate(MOST);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(instance: &str, count: i64, hours_ago: i64) -> Row {
        let since = now() - hours_ago * 3600;
        row("endpoint", String::new(), None, None).on(Some(instance.to_owned()), Some(count), Some(since))
    }

    #[test]
    fn hours_count_every_machine() {
        assert_eq!(hours(2, 5400), 3.0);
        assert_eq!(hours(1, -5), 0.0);
    }

    #[test]
    fn machines_are_summed_up() {
        let rows = [of("ml.m5.large", 1, 1), of("ml.g5.xlarge", 2, 1), of("ml.m5.large", 3, 1)];
        assert!(
            total(&rows).starts_with("running now: 2 x ml.g5.xlarge, 4 x ml.m5.large;"),
            "{}",
            total(&rows)
        );
        assert!(
            total(&[row("MLflow server", String::new(), None, None)]).contains("no machine of a known type")
        );
    }

    #[test]
    fn what_is_larger_comes_first_however_long_the_smaller_runs() {
        let mut rows = [
            row("MLflow server", String::new(), None, None),
            of("ml.t3.medium", 1, 4000),
            of("ml.c5.2xlarge", 1, 4325),
            of("ml.p5.48xlarge", 1, 1),
            of("ml.c5.2xlarge", 3, 4325),
            of("ml.g5.xlarge", 2, 9000),
        ];
        rows.sort_by(dearest_first);
        let order: Vec<_> = rows.iter().map(|row| (row.instance_type.as_deref(), row.instances)).collect();
        let expected = [
            (Some("ml.p5.48xlarge"), Some(1)),
            (Some("ml.g5.xlarge"), Some(2)),
            (Some("ml.c5.2xlarge"), Some(3)),
            (Some("ml.c5.2xlarge"), Some(1)),
            (Some("ml.t3.medium"), Some(1)),
            (None, None),
        ];
        assert_eq!(order, expected);
        assert_eq!((rows[0].accelerators, rows[0].vcpus), (Some(8), Some(192)));
        assert_eq!((rows[2].accelerators, rows[2].vcpus), (None, Some(24)));
    }

    #[test]
    fn what_has_a_price_comes_by_its_price_before_what_has_none() {
        let at = |instance: &str, now: Option<f64>, so_far: f64| Row {
            price_per_hour: now,
            price_so_far: now.map(|_| so_far),
            ..of(instance, 1, 1)
        };
        let mut rows = [
            at("ml.p5.48xlarge", None, 0.0),
            at("ml.c5.2xlarge", Some(0.408), 1764.0),
            at("ml.g5.xlarge", Some(1.408), 3.0),
            at("ml.c5.large", Some(0.408), 1765.0),
        ];
        rows.sort_by(dearest_first);
        let order: Vec<_> = rows.iter().filter_map(|row| row.instance_type.as_deref()).collect();
        assert_eq!(order, ["ml.g5.xlarge", "ml.c5.large", "ml.c5.2xlarge", "ml.p5.48xlarge"]);
    }
}
