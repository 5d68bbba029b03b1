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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comparison_operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold_metric_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evaluation_periods: Option<i32>,
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

/// What it watches: one metric, several and an expression, or what a call cannot name.
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
        #[serde(skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    #[serde(rename_all = "PascalCase")]
    Math { metrics: Vec<Query> },
    /// A query in PromQL: it stands in the alarm's evaluation criteria, which go back as they are.
    Criteria {},
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
            // A metric of another account goes into the list of several: only there AWS takes whose it is.
            ([metric], None) if metric.expression.is_none() && metric.account.is_none() => {
                let QueryStat { namespace, metric_name, dimensions, stat, unit } = QueryStat::new(metric);
                Ok(Source::One { namespace, metric_name, dimensions, stat, period, unit })
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

    /// Takes over what a call cannot name of a metric that was watched before, too: whose it is, and its unit.
    pub(crate) fn keep_from(&mut self, before: &Source) {
        if let Some(whole) = self.of_its_account(before) {
            *self = whole;
        }
        match (self, before) {
            (
                Source::One { namespace, metric_name, dimensions, unit, .. },
                Source::One {
                    namespace: old_namespace,
                    metric_name: old_name,
                    dimensions: old_dimensions,
                    unit: old,
                    ..
                },
            ) if (&*namespace, &*metric_name, &*dimensions) == (old_namespace, old_name, old_dimensions) => {
                unit.clone_from(old);
            }
            (Source::Math { metrics }, Source::Math { metrics: before }) => {
                for query in metrics {
                    let same = |old: &&Query| match (&query.stat, &old.stat) {
                        (Some(new), Some(old)) => new.is_of(old),
                        _ => query.expression.is_some() && query.expression == old.expression,
                    };
                    let Some(old) = before.iter().find(same) else { continue };
                    query.account_id = query.account_id.take().or_else(|| old.account_id.clone());
                    query.label = query.label.take().or_else(|| old.label.clone());
                    if let (Some(stat), Some(old)) = (&mut query.stat, &old.stat) {
                        stat.unit.clone_from(&old.unit);
                    }
                }
            }
            _ => {}
        }
    }

    /// One metric as it was one of several, where that said whose it is: a metric alone could not.
    fn of_its_account(&self, before: &Source) -> Option<Source> {
        let (
            Source::One { namespace, metric_name, dimensions, stat, period, unit },
            Source::Math { metrics },
        ) = (self, before)
        else {
            return None;
        };
        let stat = QueryStat {
            namespace: namespace.clone(),
            metric_name: metric_name.clone(),
            dimensions: dimensions.clone(),
            stat: stat.clone(),
            unit: unit.clone(),
        };
        let same = |old: &&Query| old.stat.as_ref().is_some_and(|old| stat.is_of(old));
        let old = metrics.iter().find(same).filter(|old| old.account_id.is_some())?;
        let query = Query { stat: Some(stat), period: Some(*period), return_data: true, ..old.clone() };
        Some(Source::Math { metrics: vec![query] })
    }

    /// The period of what it compares, where it has one of its own.
    pub(crate) fn period(&self) -> Option<i32> {
        match self {
            Source::One { period, .. } => Some(*period),
            Source::Math { metrics } => {
                let compared = metrics.iter().filter(|query| query.return_data);
                compared.chain(metrics).find_map(|query| query.period)
            }
            Source::Criteria {} => None,
        }
    }

    pub(crate) fn set_period(&mut self, seconds: i32) {
        match self {
            Source::One { period, .. } => *period = seconds,
            Source::Math { metrics } => metrics
                .iter_mut()
                .filter(|query| query.period.is_some())
                .for_each(|query| query.period = Some(seconds)),
            Source::Criteria {} => {}
        }
    }

    /// How many standard deviations wide the band of this id is.
    pub(crate) fn width(&self, id: &str) -> Option<f64> {
        let Source::Math { metrics } = self else { return None };
        let expression = metrics.iter().find(|query| query.id == id)?.expression.as_deref()?.trim();
        let inner = expression.strip_prefix("ANOMALY_DETECTION_BAND(")?.strip_suffix(')')?;
        // Without a number AWS takes two.
        inner.split_once(',').map_or(Some(2.0), |(_, width)| width.trim().parse().ok())
    }

    /// Takes out what a threshold takes the place of.
    pub(crate) fn without(&mut self, id: &str) {
        if let Source::Math { metrics } = self {
            metrics.retain(|query| query.id != id);
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
            account_id: metric.account.clone(),
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
    /// Whether both are of the same metric.
    fn is_of(&self, other: &QueryStat) -> bool {
        (&self.namespace, &self.metric_name, &self.dimensions)
            == (&other.namespace, &other.metric_name, &other.dimensions)
    }

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
        let source = if alarm.evaluation_criteria.is_some() {
            Source::Criteria {}
        } else if alarm.metrics().is_empty() {
            let stat = alarm.statistic.as_ref().map(|stat| stat.as_str()).or(alarm.extended_statistic());
            Source::One {
                namespace: alarm.namespace().unwrap_or_default().to_owned(),
                metric_name: alarm.metric_name().unwrap_or_default().to_owned(),
                dimensions: map(alarm.dimensions()),
                stat: stat.unwrap_or("Average").to_owned(),
                period: alarm.period.unwrap_or(60),
                unit: alarm.unit.as_ref().map(|unit| unit.as_str().to_owned()),
            }
        } else {
            Source::Math { metrics: alarm.metrics().iter().map(Query::read).collect() }
        };
        Definition {
            alarm_description: alarm.alarm_description.clone().filter(|text| !text.is_empty()),
            source,
            comparison_operator: alarm.comparison_operator.as_ref().map(|it| it.as_str().to_owned()),
            threshold: alarm.threshold,
            threshold_metric_id: alarm.threshold_metric_id.clone(),
            evaluation_periods: alarm.evaluation_periods,
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
            .set_comparison_operator(self.comparison_operator.as_deref().map(ComparisonOperator::from))
            .set_threshold(self.threshold)
            .set_threshold_metric_id(self.threshold_metric_id)
            .set_evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .set_treat_missing_data(self.treat_missing_data)
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(Some(self.alarm_actions))
            .set_ok_actions(Some(self.ok_actions))
            .set_insufficient_data_actions(Some(self.insufficient_data_actions));
        let request = match self.source {
            Source::Criteria {} => request,
            Source::Math { metrics } => {
                request.set_metrics(Some(metrics.into_iter().map(Query::sdk).collect()))
            }
            Source::One { namespace, metric_name, dimensions: given, stat, period, unit } => {
                let request = request
                    .set_unit(unit.as_deref().map(StandardUnit::from))
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
            .set_evaluate_low_sample_count_percentile(before.evaluate_low_sample_count_percentile.clone())
            .set_evaluation_window(before.evaluation_window.clone())
            .set_warm_up_configuration(before.warm_up_configuration.clone())
            .set_evaluation_criteria(before.evaluation_criteria.clone())
            .set_evaluation_interval(before.evaluation_interval)
            .set_action_configuration(before.action_configuration.clone())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::{
        primitives::DateTime,
        types::{
            ActionConfiguration, AlarmPromQlCriteria, EvaluationCriteria, EvaluationState, EvaluationWindow,
            StateValue, WallClockWindow, WarmUpConfiguration,
        },
    };

    use super::*;

    /// The members of a struct of the SDK and their values, as its own `Debug` writes them; those that are not set left out.
    fn members(of: &impl std::fmt::Debug) -> BTreeMap<String, String> {
        let text = format!("{of:#?}");
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut name = String::new();
        for line in text.lines().skip(1) {
            let own = line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}', ']', ')']));
            match own.and_then(|line| line.split_once(": ")) {
                Some((member, value)) => {
                    name = member.to_owned();
                    found.insert(name.clone(), value.to_owned());
                }
                None => found.entry(name.clone()).or_default().push_str(line),
            }
        }
        found.retain(|_, value| value != "None,");
        found
    }

    /// Members that only say how an alarm is, or that AWS keeps apart from it.
    const NOT_SET: [&str; 8] = [
        "alarm_arn",
        "alarm_configuration_updated_timestamp",
        "evaluation_state",
        "state_reason",
        "state_reason_data",
        "state_transitioned_timestamp",
        "state_updated_timestamp",
        "state_value",
    ];

    fn common() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        MetricAlarm::builder()
            .alarm_name("a")
            .alarm_arn("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")
            .alarm_description("d")
            .alarm_configuration_updated_timestamp(DateTime::from_secs(1))
            .actions_enabled(false)
            .ok_actions("ok")
            .alarm_actions("alarm")
            .insufficient_data_actions("lacks")
            .state_value(StateValue::Ok)
            .state_reason("r")
            .state_reason_data("{}")
            .state_updated_timestamp(DateTime::from_secs(2))
            .state_transitioned_timestamp(DateTime::from_secs(3))
            .evaluation_state(EvaluationState::PartialData)
            .evaluation_periods(5)
            .datapoints_to_alarm(4)
            .comparison_operator(ComparisonOperator::LessThanThreshold)
            .treat_missing_data("breaching")
            .evaluate_low_sample_count_percentile("ignore")
            .evaluation_window(EvaluationWindow::WallClockWindow(
                WallClockWindow::builder().timezone("Europe/Berlin").build(),
            ))
            .warm_up_configuration(
                WarmUpConfiguration::builder().warm_up_period_duration_in_minutes(3).build(),
            )
            .evaluation_interval(30)
            .action_configuration(ActionConfiguration::builder().build())
    }

    fn dimension() -> Dimension {
        Dimension::builder().name("Service").value("orders").build()
    }

    /// One for each thing that an alarm can watch, with everything else set.
    fn alarms() -> Vec<MetricAlarm> {
        let one = || {
            common()
                .namespace("N")
                .metric_name("M")
                .dimensions(dimension())
                .period(10)
                .unit(StandardUnit::Milliseconds)
                .threshold(1.5)
        };
        let metric = SdkMetric::builder().namespace("N").metric_name("M").dimensions(dimension()).build();
        let stat =
            MetricStat::builder().metric(metric).period(60).stat("p90").unit(StandardUnit::Bytes).build();
        let query = MetricDataQuery::builder()
            .id("m1")
            .metric_stat(stat)
            .label("l")
            .return_data(false)
            .account_id("999999999999")
            .build();
        let band = MetricDataQuery::builder()
            .id("e1")
            .expression("ANOMALY_DETECTION_BAND(m1, 2)")
            .label("band")
            .period(60)
            .return_data(true)
            .account_id("123456789012")
            .build();
        let promql = AlarmPromQlCriteria::builder().query("up == 0").build();
        vec![
            one().statistic(Statistic::Sum).build(),
            one().extended_statistic("p99.9").build(),
            common().metrics(query).metrics(band).threshold_metric_id("e1").build(),
            common().evaluation_criteria(EvaluationCriteria::PromQlCriteria(promql)).build(),
        ]
    }

    #[test]
    fn what_a_definition_does_not_change_is_put_as_it_was_described() {
        let config = aws_sdk_cloudwatch::Config::builder().behavior_version_latest().build();
        let client = aws_sdk_cloudwatch::Client::from_conf(config);
        for alarm in alarms() {
            let request = client.put_metric_alarm().alarm_name("a");
            let request = Definition::read(&alarm).request(request, Some(&alarm));
            let mut described = members(&alarm);
            described.retain(|name, _| !NOT_SET.contains(&name.as_str()));
            assert_eq!(members(request.as_input()), described);
        }
    }

    /// A member that AWS gives alarms later is neither read nor put here, and would be lost: then this fails.
    #[test]
    fn every_member_of_an_alarm_is_known_here() {
        let all = format!("{:?}", MetricAlarm::builder().build());
        let known: std::collections::BTreeSet<String> =
            alarms().iter().flat_map(|alarm| members(alarm).into_keys()).collect();
        let unknown: Vec<&str> = all
            .trim_start_matches("MetricAlarm { ")
            .split(", ")
            .filter_map(|member| member.split_once(": ").map(|(name, _)| name))
            .filter(|name| !known.contains(*name))
            .collect();
        assert_eq!(unknown, [""; 0]);
    }
}
