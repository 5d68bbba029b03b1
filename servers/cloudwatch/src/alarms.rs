//! Alarms of every kind: finding them, and saying in a line what they watch.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    operation::describe_alarms::DescribeAlarmsOutput,
    primitives::DateTime,
    types::{
        AlarmType, ComparisonOperator, CompositeAlarm, EvaluationCriteria, LogAlarm, MetricAlarm, StateValue,
    },
};
use awsmcp_mcp::{Call, Error, Result, nearest};

use crate::{
    CloudWatch, arns,
    groups::visible,
    metrics::{Metric, dimension_words},
    names::AlarmName,
    rule::children,
};

/// An alarm.
#[derive(Clone, Debug)]
pub(crate) enum Alarm {
    Metric(Box<MetricAlarm>),
    Composite(Box<CompositeAlarm>),
    /// Watches the results of a scheduled query.
    Log(Box<LogAlarm>),
}

/// AWS leaves out every kind that is not asked for by name.
pub(crate) const KINDS: [AlarmType; 3] =
    [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];

/// The alarm of that name.
pub(crate) async fn find(cx: &Call<CloudWatch>, name: &AlarmName) -> Result<Alarm> {
    match existing(cx, name).await? {
        Some(alarm) => Ok(alarm),
        None => {
            let error = Error::not_found(format!("there is no alarm {name} in {}", cx.region()));
            let start: String = name.as_str().chars().take(3).collect();
            let near = names(cx, Some(start)).await?;
            let near = match nearest(name.as_str(), near.iter().map(String::as_str)) {
                Some(near) => Some(near.to_owned()),
                None => nearest(name.as_str(), names(cx, None).await?.iter().map(String::as_str))
                    .map(str::to_owned),
            };
            Err(match near {
                Some(near) => error.with_next(format!("did you mean {near}? list_alarms shows them all")),
                None => error.with_next("list_alarms shows the alarms of this region"),
            })
        }
    }
}

/// The alarm of that name, if there is one.
pub(crate) async fn existing(cx: &Call<CloudWatch>, name: &AlarmName) -> Result<Option<Alarm>> {
    // An ARN of another account must not find the alarm of the same name in this one.
    let is_its = |alarm: &Alarm| {
        let account = alarm.arn().and_then(|arn| arn.split(':').nth(4));
        account.is_none_or(|account| name.account().is_none_or(|wanted| wanted == account))
    };
    Ok(named(cx, std::slice::from_ref(name)).await?.into_iter().find(is_its))
}

/// Those of these alarms that exist.
pub(crate) async fn named(cx: &Call<CloudWatch>, names: &[AlarmName]) -> Result<Vec<Alarm>> {
    // AWS takes up to 100 at a time.
    let mut found = Vec::new();
    for names in names.chunks(100) {
        let names = names.iter().map(|name| name.as_str().to_owned()).collect();
        let request = cx.client().metrics.describe_alarms().set_alarm_names(Some(names)).max_records(100);
        found.extend(all(request.set_alarm_types(Some(KINDS.to_vec())).send().await?));
    }
    Ok(found)
}

/// All of these, each once: one that is named twice, or by its name and its ARN, is one.
pub(crate) async fn find_all(cx: &Call<CloudWatch>, names: &[AlarmName]) -> Result<Vec<Alarm>> {
    let mut found: Vec<Alarm> = Vec::new();
    for name in names {
        let alarm = find(cx, name).await?;
        if !found.iter().any(|one| one.name() == alarm.name()) {
            found.push(alarm);
        }
    }
    Ok(found)
}

/// The names and the settings of those of these alarms that exist.
pub(crate) async fn settings(cx: &Call<CloudWatch>, names: &[AlarmName]) -> Result<Vec<(String, String)>> {
    Ok(named(cx, names).await?.iter().map(|alarm| (alarm.name().to_owned(), alarm.settings())).collect())
}

/// Names of up to 100 alarms that the operator's list holds.
async fn names(cx: &Call<CloudWatch>, prefix: Option<String>) -> Result<Vec<String>> {
    let request = cx.client().metrics.describe_alarms().set_alarm_name_prefix(prefix).max_records(100);
    let page = request.set_alarm_types(Some(KINDS.to_vec())).send().await?;
    let names = all(page).iter().map(|alarm| alarm.name().to_owned()).collect();
    visible(cx, "cloudwatch:DescribeAlarms", arns::EACH_ALARM, names).await
}

/// Every alarm of an answer, in the order of their names.
pub(crate) fn all(page: DescribeAlarmsOutput) -> Vec<Alarm> {
    let metric =
        page.metric_alarms.unwrap_or_default().into_iter().map(|alarm| Alarm::Metric(Box::new(alarm)));
    let composite =
        page.composite_alarms.unwrap_or_default().into_iter().map(|alarm| Alarm::Composite(Box::new(alarm)));
    let log = page.log_alarms.unwrap_or_default().into_iter().map(|alarm| Alarm::Log(Box::new(alarm)));
    let mut alarms: Vec<Alarm> = metric.chain(composite).chain(log).collect();
    alarms.sort_by(|left, right| left.name().cmp(right.name()));
    alarms
}

/// Reads one field that every kind of alarm has.
macro_rules! of_any {
    ($alarm:expr, $field:ident) => {
        match $alarm {
            Alarm::Metric(alarm) => &alarm.$field,
            Alarm::Composite(alarm) => &alarm.$field,
            Alarm::Log(alarm) => &alarm.$field,
        }
    };
}

impl Alarm {
    pub(crate) fn name(&self) -> &str {
        of_any!(self, alarm_name).as_deref().unwrap_or_default()
    }

    fn arn(&self) -> Option<&str> {
        of_any!(self, alarm_arn).as_deref()
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Alarm::Metric(_) => "metric",
            Alarm::Composite(_) => "composite",
            Alarm::Log(_) => "log",
        }
    }

    pub(crate) fn description(&self) -> Option<&str> {
        of_any!(self, alarm_description).as_deref()
    }

    pub(crate) fn state(&self) -> Option<&StateValue> {
        of_any!(self, state_value).as_ref()
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        of_any!(self, state_reason).as_deref()
    }

    /// Since when it is in its state.
    pub(crate) fn since(&self) -> Option<DateTime> {
        of_any!(self, state_transitioned_timestamp).or(*of_any!(self, state_updated_timestamp))
    }

    pub(crate) fn actions_enabled(&self) -> bool {
        of_any!(self, actions_enabled).unwrap_or(true)
    }

    pub(crate) fn alarm_actions(&self) -> &[String] {
        of_any!(self, alarm_actions).as_deref().unwrap_or_default()
    }

    pub(crate) fn ok_actions(&self) -> &[String] {
        of_any!(self, ok_actions).as_deref().unwrap_or_default()
    }

    pub(crate) fn insufficient_data_actions(&self) -> &[String] {
        of_any!(self, insufficient_data_actions).as_deref().unwrap_or_default()
    }

    /// All that it is set to, whatever AWS knows of it and without its state: two alarms with the same settings are set alike.
    pub(crate) fn settings(&self) -> String {
        match self {
            Alarm::Metric(alarm) => {
                let mut alarm = (**alarm).clone();
                (alarm.state_value, alarm.state_reason, alarm.state_reason_data) = (None, None, None);
                (alarm.state_updated_timestamp, alarm.state_transitioned_timestamp) = (None, None);
                alarm.evaluation_state = None;
                format!("{alarm:?}")
            }
            Alarm::Composite(alarm) => {
                let mut alarm = (**alarm).clone();
                (alarm.state_value, alarm.state_reason, alarm.state_reason_data) = (None, None, None);
                (alarm.state_updated_timestamp, alarm.state_transitioned_timestamp) = (None, None);
                (alarm.actions_suppressed_by, alarm.actions_suppressed_reason) = (None, None);
                format!("{alarm:?}")
            }
            Alarm::Log(alarm) => {
                let mut alarm = (**alarm).clone();
                (alarm.state_value, alarm.state_reason, alarm.state_reason_data) = (None, None, None);
                (alarm.state_updated_timestamp, alarm.state_transitioned_timestamp) = (None, None);
                alarm.evaluation_state = None;
                format!("{alarm:?}")
            }
        }
    }

    /// What makes it go off, in a line.
    pub(crate) fn condition(&self) -> String {
        match self {
            Alarm::Metric(alarm) => condition(alarm),
            Alarm::Composite(alarm) => alarm.alarm_rule.clone().unwrap_or_default(),
            Alarm::Log(alarm) => {
                let threshold = alarm.threshold.map(|value| value.to_string()).unwrap_or_default();
                let (least, of) = (alarm.query_results_to_alarm, alarm.query_results_to_evaluate);
                format!(
                    "query result {} {threshold} for {} of {} results",
                    sign(alarm.comparison_operator.as_ref()),
                    least.or(of).unwrap_or(1),
                    of.unwrap_or(1)
                )
            }
        }
    }
}

/// `Average of AWS/EC2 CPUUtilization (InstanceId=i-1) > 80 for 2 of 3 periods of 60 s`
fn condition(alarm: &MetricAlarm) -> String {
    if let Some(criteria) = &alarm.evaluation_criteria {
        return by_query(criteria);
    }
    // What is compared with may stand before what is compared.
    let band = alarm.threshold_metric_id();
    let (what, period) = match alarm.metrics() {
        [] => (measured(alarm), alarm.period),
        metrics => {
            let is_compared = |query: &&aws_sdk_cloudwatch::types::MetricDataQuery| {
                query.return_data != Some(false) && (band.is_none() || query.id() != band)
            };
            let shown = metrics.iter().find(is_compared).or(metrics.first());
            let what = shown.map(|query| match (query.expression(), query.metric_stat()) {
                (Some(expression), _) => expression.to_owned(),
                (None, Some(stat)) => {
                    let metric = stat.metric();
                    format!(
                        "{} of {}",
                        stat.stat().unwrap_or_default(),
                        place(
                            metric.and_then(|metric| metric.namespace()),
                            metric.and_then(|metric| metric.metric_name()),
                            metric.map(|metric| metric.dimensions()).unwrap_or_default(),
                        )
                    )
                }
                (None, None) => String::new(),
            });
            let stated = |query: &aws_sdk_cloudwatch::types::MetricDataQuery| {
                query.period.or_else(|| query.metric_stat().and_then(|stat| stat.period))
            };
            (what.unwrap_or_default(), shown.and_then(stated).or_else(|| metrics.iter().find_map(stated)))
        }
    };
    let threshold = match (alarm.threshold, band) {
        (Some(threshold), _) => threshold.to_string(),
        (None, Some(id)) => {
            let query = alarm.metrics().iter().find(|query| query.id() == Some(id));
            query.and_then(|query| query.expression()).map_or_else(|| format!("the band {id}"), str::to_owned)
        }
        (None, None) => String::new(),
    };
    let periods = alarm.evaluation_periods.unwrap_or(1);
    let least = alarm.datapoints_to_alarm.unwrap_or(periods);
    let period = period.map(|seconds| format!(" of {seconds} s")).unwrap_or_default();
    let times = match (least, periods) {
        (1, 1) => format!("for 1 period{period}"),
        (least, periods) if least == periods => format!("for {periods} periods{period}"),
        (least, periods) => format!("for {least} of {periods} periods{period}"),
    };
    format!("{what} {} {threshold} {times}", sign(alarm.comparison_operator.as_ref()))
}

/// `PromQL up == 0 for 60 s`
fn by_query(criteria: &EvaluationCriteria) -> String {
    let EvaluationCriteria::PromQlCriteria(criteria) = criteria else {
        return "another kind of query".to_owned();
    };
    let times = criteria.pending_period.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
    format!("PromQL {}{times}", criteria.query().unwrap_or_default())
}

fn measured(alarm: &MetricAlarm) -> String {
    let stat = alarm.statistic.as_ref().map(|stat| stat.as_str()).or(alarm.extended_statistic());
    let metric = place(alarm.namespace(), alarm.metric_name(), alarm.dimensions());
    format!("{} of {metric}", stat.unwrap_or("Average"))
}

fn place(
    namespace: Option<&str>,
    name: Option<&str>,
    dimensions: &[aws_sdk_cloudwatch::types::Dimension],
) -> String {
    let dimensions = dimension_words(dimensions).map(|words| format!(" ({words})")).unwrap_or_default();
    format!("{} {}{dimensions}", namespace.unwrap_or_default(), name.unwrap_or_default())
}

fn sign(operator: Option<&ComparisonOperator>) -> &str {
    match operator {
        Some(ComparisonOperator::GreaterThanThreshold | ComparisonOperator::GreaterThanUpperThreshold) => ">",
        Some(ComparisonOperator::GreaterThanOrEqualToThreshold) => ">=",
        Some(ComparisonOperator::LessThanThreshold | ComparisonOperator::LessThanLowerThreshold) => "<",
        Some(ComparisonOperator::LessThanOrEqualToThreshold) => "<=",
        Some(ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold) => "outside",
        _ => "?",
    }
}

/// What a metric alarm watches, as the reading of metrics takes it, and its period.
pub(crate) fn watched(alarm: &MetricAlarm) -> (Vec<Metric>, Option<u32>) {
    let of = |dimensions: &[aws_sdk_cloudwatch::types::Dimension]| -> BTreeMap<String, String> {
        let pair = |dimension: &aws_sdk_cloudwatch::types::Dimension| {
            Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()))
        };
        dimensions.iter().filter_map(pair).collect()
    };
    if alarm.evaluation_criteria.is_some() {
        return (Vec::new(), None);
    }
    let period = |seconds: Option<i32>| seconds.and_then(|seconds| u32::try_from(seconds).ok());
    if alarm.metrics().is_empty() {
        let stat = alarm.statistic.as_ref().map(|stat| stat.as_str()).or(alarm.extended_statistic());
        let (namespace, name) =
            (alarm.namespace().unwrap_or_default(), alarm.metric_name().unwrap_or_default());
        let metric = Metric::plain(namespace, name, of(alarm.dimensions()), stat.unwrap_or("Average"));
        return (vec![metric], period(alarm.period));
    }
    let metrics = alarm.metrics().iter().filter_map(|query| {
        let metric = match (query.expression(), query.metric_stat()) {
            (Some(expression), _) => Metric::expression(expression),
            (None, Some(stat)) => {
                let metric = stat.metric()?;
                let (namespace, name) = (metric.namespace()?, metric.metric_name()?);
                Metric::plain(namespace, name, of(metric.dimensions()), stat.stat().unwrap_or("Average"))
            }
            (None, None) => return None,
        };
        Some(metric.labelled(query.label.clone(), query.id.clone()).of_account(query.account_id.clone()))
    });
    let stated = alarm
        .metrics()
        .iter()
        .find_map(|query| query.period.or_else(|| query.metric_stat().and_then(|stat| stat.period)));
    (metrics.collect(), period(stated))
}

/// The alarms that a composite alarm's rule names.
#[derive(Debug, Default)]
pub(crate) struct Below {
    pub(crate) found: Vec<Alarm>,
    /// Those that do not exist.
    pub(crate) missing: Vec<String>,
    /// How many the operator's list does not hold: they are not looked at.
    pub(crate) hidden: usize,
}

/// Finds the alarms that a rule names.
///
/// AWS answers DescribeAlarms for every alarm or for none, and a rule may name any: each is held to the operator's list here.
pub(crate) async fn below(cx: &Call<CloudWatch>, rule: &str) -> Result<Below> {
    let names = children(rule);
    let count = names.len();
    let names = visible(cx, "cloudwatch:DescribeAlarms", arns::EACH_ALARM, names).await?;
    let hidden = count - names.len();
    let names: Vec<AlarmName> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let mut found = named(cx, &names).await?;
    // AWS gives them in an order of its own.
    found.sort_by_key(|alarm| names.iter().position(|name| name.as_str() == alarm.name()));
    let is_missing = |name: &&AlarmName| !found.iter().any(|alarm| alarm.name() == name.as_str());
    let missing = names.iter().filter(is_missing).map(ToString::to_string).collect();
    Ok(Below { found, missing, hidden })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, Statistic};

    use super::*;

    #[test]
    fn a_condition_is_a_sentence() {
        let alarm = MetricAlarm::builder()
            .namespace("AWS/EC2")
            .metric_name("CPUUtilization")
            .dimensions(Dimension::builder().name("InstanceId").value("i-1").build())
            .statistic(Statistic::Average)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .threshold(80.0)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .period(60);
        assert_eq!(
            condition(&alarm.clone().build()),
            "Average of AWS/EC2 CPUUtilization (InstanceId=i-1) > 80 for 2 of 3 periods of 60 s"
        );
        assert!(condition(&alarm.datapoints_to_alarm(3).build()).ends_with("for 3 periods of 60 s"));
        // A band may stand before what is compared with it.
        let query = |id: &str| MetricDataQuery::builder().id(id).return_data(true);
        let stat = MetricStat::builder().stat("p99").period(300);
        let metric = stat.metric(Metric::builder().namespace("N").metric_name("Latency").build()).build();
        let band = MetricAlarm::builder()
            .metrics(query("ad1").expression("ANOMALY_DETECTION_BAND(m1, 2)").build())
            .metrics(query("m1").metric_stat(metric).build())
            .threshold_metric_id("ad1")
            .comparison_operator(ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold);
        assert_eq!(
            condition(&band.build()),
            "p99 of N Latency outside ANOMALY_DETECTION_BAND(m1, 2) for 1 period of 300 s"
        );
    }
}
