//! Figures of CloudWatch, asked for in one request.

use std::collections::HashMap;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy},
};
use awsmcp_mcp::{Result, TimeRange};

use crate::Client;

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
    pub(crate) period: i32,
}

/// The points of a series, oldest first: seconds since 1970, and the value.
pub(crate) type Points = Vec<(i64, f64)>;

/// Asks for all series at once.
///
/// # Errors
/// When CloudWatch does not answer.
pub(crate) async fn ask(
    client: &Client,
    range: TimeRange,
    series: Vec<Series>,
) -> Result<HashMap<String, Points>> {
    const MOST_PAGES: usize = 20;
    let queries: Vec<MetricDataQuery> = series.into_iter().map(query).collect();
    let mut found: HashMap<String, Points> = HashMap::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let out = client
            .metrics
            .get_metric_data()
            .start_time(DateTime::from_secs(range.start.as_second()))
            // Of a minute that has begun all that there is.
            .end_time(DateTime::from_secs(range.end.as_second().div_euclid(60) * 60 + 60))
            .scan_by(ScanBy::TimestampAscending)
            .set_metric_data_queries(Some(queries.clone()))
            .set_next_token(token)
            .send()
            .await?;
        for result in out.metric_data_results.unwrap_or_default() {
            let times = result.timestamps.unwrap_or_default();
            let points = times.iter().map(DateTime::secs).zip(result.values.unwrap_or_default());
            found.entry(result.id.unwrap_or_default()).or_default().extend(points);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

fn query(series: Series) -> MetricDataQuery {
    let dimensions = series
        .dimensions
        .into_iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(series.namespace)
        .metric_name(series.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).period(series.period).stat(series.stat).build();
    MetricDataQuery::builder().id(series.id).metric_stat(stat).return_data(true).build()
}

pub(crate) fn sum(points: Option<&Points>) -> f64 {
    points.into_iter().flatten().map(|(_, value)| value).sum()
}

pub(crate) fn most(points: Option<&Points>) -> Option<f64> {
    points.into_iter().flatten().map(|(_, value)| *value).reduce(f64::max)
}

/// A figure with as many digits as anybody reads.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_summed_up() {
        let points = vec![(0, 1.5), (60, 4.0), (120, 2.0)];
        assert_eq!((sum(Some(&points)), most(Some(&points))), (7.5, Some(4.0)));
        assert_eq!((sum(None), most(None)), (0.0, None));
        assert_eq!(rounded(12.3456), 12.35);
    }
}
