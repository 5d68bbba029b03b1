//! What an alarm should be: read from one that exists, changed by what a call gives, and put.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder,
    types::{
        ComparisonOperator, Dimension, Metric as SdkMetric, MetricAlarm, MetricDataQuery, MetricStat,
        StandardUnit, Statistic,
    },
};
use awsmcp_mcp::{Error, Result};
use serde::Serialize;

use crate::metrics::{Metric, dimensions};

/// A metric alarm's definition, in AWS's words.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Definition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alarm_description: Option<String>,
    #[serde(flatten)]
    pub(crate) source: Source,
    pub(crate) comparison_operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold_metric_id: Option<String>,
    pub(crate) evaluation_periods: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) datapoints_to_alarm: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) treat_missing_data: Option<String>,
    pub(crate) actions_enabled: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) alarm_actions: Vec<String>,
    #[serde(rename = "OKActions", skip_serializing_if = "Vec::is_empty")]
    pub(crate) ok_actions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) insufficient_data_actions: Vec<String>,
}

/// What it watches: one metric, or several and an expression.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Source {
    #[serde(rename_all = "PascalCase")]
    One {
        namespace: String,
        metric_name: String,
        dimensions: BTreeMap<String, String>,
        stat: String,
        period: i32,
    },
    #[serde(rename_all = "PascalCase")]
    Math { metrics: Vec<Query> },
}

impl Default for Source {
    fn default() -> Self {
        Source::Math { metrics: Vec::new() }
    }
}

/// One metric or expression of several.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Query {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Whose metric it is, where it is another account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(flatten)]
    stat: Option<QueryStat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<i32>,
    return_data: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueryStat {
    namespace: String,
    metric_name: String,
    dimensions: BTreeMap<String, String>,
    stat: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

/// The id of the band that an alarm on anomalies compares with.
const BAND: &str = "band";

impl Source {
    /// A plain metric as it is; several, of which the last is compared; or a metric and the band around it.
    pub(crate) fn new(metrics: &[Metric], period: i32, band: Option<f64>) -> Result<Source> {
        for metric in metrics {
            metric.check()?;
        }
        match (metrics, band) {
            ([], _) => Err(Error::invalid("`metrics` is empty: name at least one")),
            ([metric], None) if metric.expression.is_none() => {
                let QueryStat { namespace, metric_name, dimensions, stat, .. } = QueryStat::new(metric);
                Ok(Source::One { namespace, metric_name, dimensions, stat, period })
            }
            (metrics, band) => {
                let last = metrics.len();
                let mut queries: Vec<Query> = metrics
                    .iter()
                    .enumerate()
                    .map(|(at, metric)| Query::new(metric, at + 1, period, at + 1 == last))
                    .collect();
                if let (Some(width), Some(compared)) = (band, queries.last().map(|query| query.id.clone())) {
                    queries.push(Query {
                        id: BAND.to_owned(),
                        expression: Some(format!("ANOMALY_DETECTION_BAND({compared}, {width})")),
                        label: None,
                        account_id: None,
                        stat: None,
                        period: None,
                        return_data: true,
                    });
                }
                Ok(Source::Math { metrics: queries })
            }
        }
    }

    pub(crate) fn set_period(&mut self, seconds: i32) {
        match self {
            Source::One { period, .. } => *period = seconds,
            Source::Math { metrics } => metrics
                .iter_mut()
                .filter(|query| query.period.is_some())
                .for_each(|query| query.period = Some(seconds)),
        }
    }

    /// The id of the band, if it has one.
    pub(crate) fn band(&self) -> Option<&'static str> {
        match self {
            Source::Math { metrics } if metrics.iter().any(|query| query.id == BAND) => Some(BAND),
            _ => None,
        }
    }
}

impl Query {
    fn new(metric: &Metric, number: usize, period: i32, return_data: bool) -> Query {
        Query {
            id: metric.id.clone().unwrap_or_else(|| format!("m{number}")),
            expression: metric.expression.clone(),
            label: metric.label.clone(),
            account_id: None,
            stat: metric.expression.is_none().then(|| QueryStat::new(metric)),
            period: Some(period),
            return_data,
        }
    }

    fn read(query: &MetricDataQuery) -> Query {
        let stat = query.metric_stat();
        Query {
            id: query.id().unwrap_or_default().to_owned(),
            expression: query.expression.clone(),
            label: query.label.clone(),
            account_id: query.account_id.clone(),
            stat: stat.map(|stat| {
                let metric = stat.metric();
                QueryStat {
                    namespace: metric.and_then(|metric| metric.namespace()).unwrap_or_default().to_owned(),
                    metric_name: metric
                        .and_then(|metric| metric.metric_name())
                        .unwrap_or_default()
                        .to_owned(),
                    dimensions: map(metric.map(|metric| metric.dimensions()).unwrap_or_default()),
                    stat: stat.stat().unwrap_or_default().to_owned(),
                    unit: stat.unit.as_ref().map(|unit| unit.as_str().to_owned()),
                }
            }),
            period: query.period.or_else(|| stat.and_then(|stat| stat.period)),
            return_data: query.return_data.unwrap_or(true),
        }
    }

    fn sdk(self) -> MetricDataQuery {
        let query = MetricDataQuery::builder()
            .id(self.id)
            .set_expression(self.expression)
            .set_label(self.label)
            .set_account_id(self.account_id)
            .return_data(self.return_data);
        match self.stat {
            None => query.set_period(self.period).build(),
            Some(stat) => {
                let metric = SdkMetric::builder()
                    .namespace(stat.namespace)
                    .metric_name(stat.metric_name)
                    .set_dimensions(Some(dimensions(&stat.dimensions)));
                let stat = MetricStat::builder()
                    .metric(metric.build())
                    .stat(stat.stat)
                    .set_unit(stat.unit.as_deref().map(StandardUnit::from))
                    .set_period(self.period);
                query.metric_stat(stat.build()).build()
            }
        }
    }
}

impl QueryStat {
    fn new(metric: &Metric) -> QueryStat {
        QueryStat {
            namespace: metric.namespace.clone().unwrap_or_default(),
            metric_name: metric.name.clone().unwrap_or_default(),
            dimensions: metric.dimensions.clone().unwrap_or_default(),
            stat: metric.stat.clone().unwrap_or_else(|| "Average".to_owned()),
            unit: None,
        }
    }
}

fn map(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let pair = |dimension: &Dimension| Some((dimension.name.clone()?, dimension.value.clone()?));
    dimensions.iter().filter_map(pair).collect()
}

impl Definition {
    pub(crate) fn read(alarm: &MetricAlarm) -> Definition {
        let source = if alarm.metrics().is_empty() {
            let stat = alarm.statistic.as_ref().map(|stat| stat.as_str()).or(alarm.extended_statistic());
            Source::One {
                namespace: alarm.namespace().unwrap_or_default().to_owned(),
                metric_name: alarm.metric_name().unwrap_or_default().to_owned(),
                dimensions: map(alarm.dimensions()),
                stat: stat.unwrap_or("Average").to_owned(),
                period: alarm.period.unwrap_or(60),
            }
        } else {
            Source::Math { metrics: alarm.metrics().iter().map(Query::read).collect() }
        };
        Definition {
            alarm_description: alarm.alarm_description.clone().filter(|text| !text.is_empty()),
            source,
            comparison_operator: alarm
                .comparison_operator
                .as_ref()
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            threshold: alarm.threshold,
            threshold_metric_id: alarm.threshold_metric_id.clone(),
            evaluation_periods: alarm.evaluation_periods.unwrap_or(1),
            datapoints_to_alarm: alarm.datapoints_to_alarm,
            treat_missing_data: alarm.treat_missing_data.clone(),
            actions_enabled: alarm.actions_enabled.unwrap_or(true),
            alarm_actions: alarm.alarm_actions().to_vec(),
            ok_actions: alarm.ok_actions().to_vec(),
            insufficient_data_actions: alarm.insufficient_data_actions().to_vec(),
        }
    }

    /// The request that puts it. What a definition does not speak of stays as the alarm has it.
    pub(crate) fn request(
        self,
        request: PutMetricAlarmFluentBuilder,
        before: Option<&MetricAlarm>,
    ) -> PutMetricAlarmFluentBuilder {
        let request = request
            .set_alarm_description(self.alarm_description)
            .comparison_operator(ComparisonOperator::from(self.comparison_operator.as_str()))
            .set_threshold(self.threshold)
            .set_threshold_metric_id(self.threshold_metric_id)
            .evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .set_treat_missing_data(self.treat_missing_data)
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(Some(self.alarm_actions))
            .set_ok_actions(Some(self.ok_actions))
            .set_insufficient_data_actions(Some(self.insufficient_data_actions));
        let request = match self.source {
            Source::Math { metrics } => {
                request.set_metrics(Some(metrics.into_iter().map(Query::sdk).collect()))
            }
            Source::One { namespace, metric_name, dimensions: given, stat, period } => {
                let request = request
                    .namespace(namespace)
                    .metric_name(metric_name)
                    .set_dimensions(Some(dimensions(&given)))
                    .period(period);
                // A percentile is not one of the five.
                match Statistic::try_parse(&stat) {
                    Ok(stat) => request.statistic(stat),
                    Err(_) => request.extended_statistic(stat),
                }
            }
        };
        let Some(before) = before else { return request };
        request
            .set_unit(before.unit.clone())
            .set_evaluate_low_sample_count_percentile(before.evaluate_low_sample_count_percentile.clone())
            .set_evaluation_window(before.evaluation_window.clone())
            .set_warm_up_configuration(before.warm_up_configuration.clone())
            .set_evaluation_criteria(before.evaluation_criteria.clone())
            .set_evaluation_interval(before.evaluation_interval)
            .set_action_configuration(before.action_configuration.clone())
    }
}
