//! Why a metric has no value in some time: asked of AWS, so that a name is blamed only where AWS does not know it.

use aws_sdk_cloudwatch::types::{DimensionFilter, Metric as Listed};
use awsmcp_mcp::{Call, DAY, Error, HOUR, Kind, Result, TimeRange, to_second};
use jiff::{SignedDuration, Timestamp};

use crate::{
    CloudWatch,
    metrics::{Metric, dimension_words, fetch},
};

/// How far back AWS lists a metric that gets no more values, in seconds.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>
const LISTED: i64 = 14 * DAY;

/// Why there may be no value, and what to do about it.
pub(crate) async fn why_none(cx: &Call<CloudWatch>, metrics: &[Metric]) -> String {
    let daily = metrics.iter().find(|metric| metric.is_daily()).and_then(|metric| metric.name.as_deref());
    if let Some(name) = daily {
        return format!("{name} comes once a day, and the latest a day late: look at `start` -3d");
    }
    let Some(metric) = metrics.iter().find(|metric| metric.expression.is_none()) else {
        return "list_metrics shows which metrics the expression could be of".to_owned();
    };
    match asked(cx, metric).await {
        Ok(why) => why,
        Err(error) => {
            let need = match error.kind {
                Kind::AccessDenied => "AccessDenied: it needs cloudwatch:ListMetrics".to_owned(),
                _ => error.message.clone(),
            };
            format!("{UNKNOWN}; whether AWS knows it could not be found out ({need})")
        }
    }
}

const UNKNOWN: &str = "list_metrics shows which metrics there are: dimensions must be exact and complete";

async fn asked(cx: &Call<CloudWatch>, metric: &Metric) -> Result<String> {
    let exact = listed(cx, metric, true).await?;
    if exact.iter().any(|known| metric.is_listed_as(known)) {
        return last(cx, metric).await;
    }
    let others = if exact.is_empty() { listed(cx, metric, false).await? } else { exact };
    Ok(match others.first() {
        None => format!(
            "{UNKNOWN}; AWS knows none of that name {}that had a value in the last two weeks",
            metric.account.as_ref().map(|account| format!("in {account} ")).unwrap_or_default()
        ),
        Some(other) => {
            let has = dimension_words(other.dimensions()).unwrap_or_else(|| "none".to_owned());
            format!("{UNKNOWN}; it is there with others, such as {has}")
        }
    })
}

/// When a metric that AWS lists had its last value.
async fn last(cx: &Call<CloudWatch>, metric: &Metric) -> Result<String> {
    let end = Timestamp::now();
    let start = end.saturating_sub(SignedDuration::from_secs(LISTED)).unwrap_or(end);
    let hourly = u32::try_from(HOUR).unwrap_or(3600);
    let fetched = fetch(cx, std::slice::from_ref(metric), TimeRange { start, end }, Some(hourly)).await?;
    let last = fetched.series.iter().flat_map(|series| &series.points).map(|(at, _)| *at).max();
    Ok(match last.and_then(|at| Timestamp::from_second(at).ok()) {
        Some(at) => {
            let days = (end.as_second() - at.as_second()) / DAY + 1;
            format!("its last value is of the hour from {}: look at `start` -{days}d", to_second(at))
        }
        None => "AWS knows the metric, but has no value of the last two weeks".to_owned(),
    })
}

/// Metrics of that name as AWS lists them, one page: with all of its dimensions, or with any.
async fn listed(cx: &Call<CloudWatch>, metric: &Metric, with_dimensions: bool) -> Result<Vec<Listed>> {
    let dimensions = metric.dimensions.iter().flatten().filter(|_| with_dimensions);
    let filters: Vec<DimensionFilter> =
        dimensions.map(|(name, value)| DimensionFilter::builder().name(name).value(value).build()).collect();
    let page = cx
        .client()
        .metrics
        .list_metrics()
        .set_namespace(metric.namespace.clone())
        .set_metric_name(metric.name.clone())
        .set_dimensions((!filters.is_empty()).then_some(filters))
        .set_include_linked_accounts(metric.account.as_ref().map(|_| true))
        .set_owning_account(metric.account.clone())
        .send()
        .await
        .map_err(Error::from)?;
    Ok(page.metrics.unwrap_or_default())
}
