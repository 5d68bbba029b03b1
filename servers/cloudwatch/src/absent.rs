//! Why a metric has no value in some time: asked of AWS, so that a name is blamed only where AWS does not know it.

use aws_sdk_cloudwatch::types::{DimensionFilter, Metric as Listed};
use awsmcp_mcp::{Call, DAY, Error, HOUR, Kind, Result, TimeRange, to_second};
use jiff::{SignedDuration, Timestamp};

use crate::{
    CloudWatch,
    metrics::{Fetched, Metric, dimension_words, fetch},
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

/// Why some of several metrics have no value, while others have: of the first few.
pub(crate) async fn missing(cx: &Call<CloudWatch>, fetched: &Fetched, metrics: &[Metric]) -> Vec<String> {
    const MOST: usize = 3;
    let silent = fetched.silent(metrics);
    let mut found = Vec::new();
    for metric in silent.iter().take(MOST) {
        let why = why_none(cx, std::slice::from_ref(metric)).await;
        found.push(format!("no value of {} in that time; {why}", metric.words()));
    }
    if silent.len() > MOST {
        found.push(format!("nor of {} more", silent.len() - MOST));
    }
    found
}

const UNKNOWN: &str = "list_metrics shows which metrics there are: dimensions must be exact and complete";

async fn asked(cx: &Call<CloudWatch>, metric: &Metric) -> Result<String> {
    let exact = listed(cx, metric, true).await?;
    if exact.is_this {
        return last(cx, metric).await;
    }
    if exact.has_more {
        return Ok(format!(
            "{UNKNOWN}; more than {} have these dimensions and others besides, and whether one has just these was not \
             found out",
            PAGES * 500
        ));
    }
    let other = match exact.other {
        Some(other) => Some(other),
        None => listed(cx, metric, false).await?.other,
    };
    Ok(match other {
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

/// What AWS lists of a name.
#[derive(Default)]
struct Known {
    /// Whether just this metric is among them.
    is_this: bool,
    /// Another of that name.
    other: Option<Listed>,
    /// Whether there are more than were read.
    has_more: bool,
}

/// How many of AWS's pages are looked through for one metric, 500 on each.
const PAGES: usize = 10;

/// Metrics of that name as AWS lists them, until this one is found: with all of its dimensions, or with any.
async fn listed(cx: &Call<CloudWatch>, metric: &Metric, with_dimensions: bool) -> Result<Known> {
    let dimensions = metric.dimensions.iter().flatten().filter(|_| with_dimensions);
    let filters: Vec<DimensionFilter> =
        dimensions.map(|(name, value)| DimensionFilter::builder().name(name).value(value).build()).collect();
    let (mut known, mut token) = (Known::default(), None);
    for _ in 0..PAGES {
        let page = cx
            .client()
            .metrics
            .list_metrics()
            .set_namespace(metric.namespace.clone())
            .set_metric_name(metric.name.clone())
            .set_dimensions((!filters.is_empty()).then(|| filters.clone()))
            .set_include_linked_accounts(metric.account.as_ref().map(|_| true))
            .set_owning_account(metric.account.clone())
            .set_next_token(token)
            .send()
            .await
            .map_err(Error::from)?;
        let found = page.metrics.unwrap_or_default();
        known.is_this = found.iter().any(|one| metric.is_listed_as(one));
        known.other = known.other.or_else(|| found.into_iter().next());
        token = page.next_token.filter(|token| !token.is_empty());
        known.has_more = token.is_some();
        // Without its dimensions any other will do.
        if known.is_this || !known.has_more || !with_dimensions && known.other.is_some() {
            return Ok(known);
        }
    }
    Ok(known)
}
