//! Figures of CloudWatch, asked for in one request.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use awsmcp_mcp::{Call, DAY, Result, TimeRange, shortest_period};

use crate::{SageMaker, times};

/// One series: a metric and how it is summed up.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// A lower-case word.
    pub(crate) id: String,
    pub(crate) namespace: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) dimensions: Vec<(&'static str, String)>,
    /// `Sum`, `Maximum`, `p99`, ...
    pub(crate) stat: &'static str,
}

/// The values of each series, in one point for the whole time where CloudWatch can.
pub(crate) type Values = HashMap<String, Vec<f64>>;

/// Asks for all series at once.
///
/// # Errors
/// When CloudWatch does not answer.
pub(crate) async fn ask(cx: &Call<SageMaker>, range: TimeRange, series: Vec<Series>) -> Result<Values> {
    const MOST_PAGES: usize = 10;
    let period = period(range.seconds(), times::now().saturating_sub(range.start.as_second()));
    let queries: Vec<MetricDataQuery> = series.into_iter().map(|series| query(series, period)).collect();
    let mut found = Values::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let out = cx
            .client()
            .metrics
            .get_metric_data()
            .start_time(times::sdk(range.start))
            .end_time(times::sdk(range.end))
            .scan_by(ScanBy::TimestampAscending)
            .set_metric_data_queries(Some(queries.clone()))
            .set_next_token(token)
            .send()
            .await?;
        for result in out.metric_data_results.unwrap_or_default() {
            found.entry(result.id.unwrap_or_default()).or_default().extend(result.values.unwrap_or_default());
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Points are as wide as the whole time, as far as CloudWatch lets them: of values that are old it answers those of periods
/// only that it still keeps.
fn period(seconds: i64, age_seconds: i64) -> i32 {
    let least = shortest_period(age_seconds).max(60);
    i32::try_from(((seconds + least - 1) / least * least).clamp(least, DAY)).unwrap_or(3600)
}

fn query(series: Series, period: i32) -> MetricDataQuery {
    let dimensions = series
        .dimensions
        .into_iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let metric = Metric::builder()
        .namespace(series.namespace)
        .metric_name(series.metric)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let stat = MetricStat::builder().metric(metric).period(period).stat(series.stat).build();
    MetricDataQuery::builder().id(series.id).metric_stat(stat).return_data(true).build()
}

pub(crate) fn sum(values: Option<&Vec<f64>>) -> Option<f64> {
    values.filter(|values| !values.is_empty()).map(|values| values.iter().sum())
}

pub(crate) fn most(values: Option<&Vec<f64>>) -> Option<f64> {
    values.into_iter().flatten().copied().reduce(f64::max)
}

pub(crate) fn mean(values: Option<&Vec<f64>>) -> Option<f64> {
    let values = values.filter(|values| !values.is_empty())?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// A figure with as many digits as anybody reads.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_summed_up() {
        let values = vec![1.0, 4.0, 2.5];
        assert_eq!(
            (sum(Some(&values)), most(Some(&values)), mean(Some(&values))),
            (Some(7.5), Some(4.0), Some(2.5))
        );
        assert_eq!((sum(None), most(None), mean(Some(&Vec::new()))), (None, None, None));
        assert_eq!(rounded(12.345), 12.3);
    }

    #[test]
    fn a_point_is_as_wide_as_the_time() {
        let of_now = |seconds| period(seconds, seconds);
        assert_eq!((of_now(1), of_now(61), of_now(3600)), (60, 120, 3600));
        assert_eq!(of_now(9_999_999), 86_400);
        // Of a job of some weeks ago nothing is kept by the minute.
        assert_eq!((period(61, 20 * 86_400), period(3660, 20 * 86_400)), (300, 3900));
        assert_eq!((period(61, 70 * 86_400), period(3660, 70 * 86_400)), (3600, 7200));
    }
}
