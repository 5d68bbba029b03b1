use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{AlarmHistoryItem, HistoryItemType, MetricAlarm, ScanBy, StateValue},
};
use awsmcp_mcp::{Call, DAY, HOUR, One, Result, Spec, TimeRange, Tool};
use awsmcp_sdk::utc_second;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CloudWatch,
    absent::{missing, why_none},
    alarms::{Alarm, Below, below, find, watched},
    arns,
    figures::Figure,
    metrics::{add_units, fetch},
    names::AlarmName,
    rule::Rule,
};

/// Explains one alarm: what it watches, its state and why, its history, and the metric around its last change.
///
/// Of a composite alarm: its rule, and the state of each alarm that the rule names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainAlarm {
    alarm: AlarmName,
    /// Changes of state; default 10.
    #[schemars(range(min = 1, max = 100))]
    changes: Option<i32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Explained {
    name: String,
    kind: &'static str,
    description: Option<String>,
    state: String,
    since: Option<String>,
    reason: Option<String>,
    condition: String,
    treats_missing_data_as: Option<String>,
    actions: Actions,
    findings: Vec<String>,
    metrics: Vec<Watched>,
    /// Of a composite alarm.
    children: Vec<Child>,
    changes: Vec<Change>,
}

#[derive(Serialize, JsonSchema)]
struct Actions {
    enabled: bool,
    alarm: Vec<String>,
    ok: Vec<String>,
    insufficient_data: Vec<String>,
    suppressed_by: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Watched {
    metric: String,
    unit: Option<String>,
    from: String,
    to: String,
    period_seconds: i64,
    min: Option<Figure>,
    avg: Option<Figure>,
    max: Option<Figure>,
    last: Option<Figure>,
    sparkline: Option<String>,
    /// The values next to the change, and the latest: time and value.
    around_change: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Child {
    name: String,
    state: String,
    since: Option<String>,
    condition: String,
}

#[derive(Serialize, JsonSchema)]
struct Change {
    time: String,
    summary: String,
    reason: Option<String>,
}

impl Tool for ExplainAlarm {
    type Service = CloudWatch;
    type Output = One<Explained>;
    const SPEC: Spec = Spec::read("explain_alarm", "Explain alarm")
        // AWS shows composite alarms only to who may describe all.
        .on(
            "*",
            &[
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ],
        )
        .on(arns::ALARM, &["cloudwatch:DescribeAlarmHistory"])
        .names_no_resource();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let alarm = find(cx, &self.alarm).await?;
        let history = history(cx, &self.alarm, self.changes.unwrap_or(10)).await?;
        let ((metrics, missing), below) = match &alarm {
            Alarm::Metric(metric) => (metrics(cx, metric, alarm.since()).await?, Below::default()),
            Alarm::Composite(composite) => {
                ((Vec::new(), Vec::new()), below(cx, composite.alarm_rule().unwrap_or_default()).await?)
            }
            Alarm::Log(_) => ((Vec::new(), Vec::new()), Below::default()),
        };
        let mut findings = findings(&alarm, &metrics, &below);
        findings.extend(missing);
        if let Alarm::Metric(metric) = &alarm
            && metric.evaluation_criteria.is_none()
            && metrics.iter().all(|metric| metric.last.is_none())
        {
            findings.push(format!(
                "the metric has no value in that time: {}",
                why_none(cx, &watched(metric).0).await
            ));
        }
        Ok(One(Explained {
            name: alarm.name().to_owned(),
            kind: alarm.kind(),
            description: alarm.description().map(str::to_owned),
            state: state(&alarm),
            since: alarm.since().map(utc_second),
            reason: alarm.reason().map(str::to_owned),
            condition: alarm.condition(),
            treats_missing_data_as: match &alarm {
                Alarm::Metric(alarm) => alarm.treat_missing_data.clone(),
                Alarm::Log(alarm) => alarm.treat_missing_data.clone(),
                Alarm::Composite(_) => None,
            },
            actions: actions(&alarm),
            findings,
            metrics,
            children: below.found.iter().map(Child::new).collect(),
            changes: history.into_iter().map(Change::new).collect(),
        }))
    }
}

fn state(alarm: &Alarm) -> String {
    alarm.state().map(|state| state.as_str().to_owned()).unwrap_or_default()
}

async fn history(cx: &Call<CloudWatch>, name: &AlarmName, most: i32) -> Result<Vec<AlarmHistoryItem>> {
    let request = cx.client().metrics.describe_alarm_history().alarm_name(name.as_str()).max_records(most);
    let page = request
        .history_item_type(HistoryItemType::StateUpdate)
        .scan_by(ScanBy::TimestampDescending)
        .set_alarm_types(Some(crate::alarms::KINDS.to_vec()))
        .send()
        .await?;
    Ok(page.alarm_history_items.unwrap_or_default())
}

/// The metrics from well before the last change until some time after it, and why some have no value while others have.
async fn metrics(
    cx: &Call<CloudWatch>,
    alarm: &MetricAlarm,
    changed: Option<DateTime>,
) -> Result<(Vec<Watched>, Vec<String>)> {
    let (metrics, period) = watched(alarm);
    // What is read by a query in PromQL is no metric of this kind.
    if metrics.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let now = Timestamp::now();
    let changed = changed.and_then(|time| Timestamp::from_second(time.secs()).ok()).unwrap_or(now).min(now);
    let seconds = i64::from(period.unwrap_or(60));
    // What it evaluates several times over, and never less than what a person would look at.
    let window = (seconds * i64::from(alarm.evaluation_periods.unwrap_or(1)) * 5).clamp(HOUR, 14 * DAY);
    let shift = |time: Timestamp, by: i64| time.saturating_add(SignedDuration::from_secs(by)).unwrap_or(time);
    let recent = TimeRange { start: shift(now, -window), end: now };
    let mut range = TimeRange { start: shift(changed, -window), end: shift(changed, window / 2).min(now) };
    // What it says now is always shown: an alarm that has been quiet for long has a metric all the same.
    let is_far = recent.start > range.end;
    if !is_far {
        range.end = now;
    }
    let mut fetched = fetch(cx, &metrics, range, period).await?;
    let latest = if is_far { Some(fetch(cx, &metrics, recent, period).await?) } else { None };
    if fetched.series.iter().any(|series| !series.points.is_empty()) {
        add_units(cx, &metrics, &mut fetched).await;
    }
    let now_known = latest.as_ref().unwrap_or(&fetched);
    let has_values = now_known.series.iter().any(|series| !series.points.is_empty());
    let missing = if has_values { missing(cx, now_known, &metrics).await } else { Vec::new() };
    let change = changed.as_second();
    let each = fetched.series.iter().map(|series| {
        let summary = series.summary();
        let before = series.points.iter().rev().filter(|(at, _)| *at <= change).take(5);
        let mut near: Vec<&(i64, f64)> = before.collect();
        near.reverse();
        near.extend(series.points.iter().filter(|(at, _)| *at > change).take(3));
        let latest = latest.iter().flat_map(|latest| &latest.series).find(|now| now.is_of(series));
        let latest = latest.map_or(series.points.as_slice(), |latest| latest.points.as_slice());
        let shown = near.last().map_or(i64::MIN, |(at, _)| *at);
        near.extend(latest.iter().skip(latest.len().saturating_sub(3)).filter(|(at, _)| *at > shown));
        let value = |(at, value): &(i64, f64)| {
            let time = Timestamp::from_second(*at).map(|time| time.to_string()).unwrap_or_default();
            format!("{time} {}", Figure(*value))
        };
        Watched {
            metric: series.label.clone(),
            unit: series.unit.clone(),
            from: awsmcp_mcp::to_second(fetched.range.start),
            to: awsmcp_mcp::to_second(fetched.range.end),
            period_seconds: fetched.period,
            min: summary.map(|summary| Figure(summary.min)),
            avg: summary.map(|summary| Figure(summary.avg)),
            max: summary.map(|summary| Figure(summary.max)),
            last: latest
                .last()
                .map(|(_, value)| Figure(*value))
                .or(summary.map(|summary| Figure(summary.last))),
            sparkline: series.sparkline(fetched.range, fetched.period),
            around_change: near.into_iter().map(value).collect(),
        }
    });
    Ok((each.collect(), missing))
}

fn actions(alarm: &Alarm) -> Actions {
    Actions {
        enabled: alarm.actions_enabled(),
        alarm: alarm.alarm_actions().to_vec(),
        ok: alarm.ok_actions().to_vec(),
        insufficient_data: alarm.insufficient_data_actions().to_vec(),
        suppressed_by: match alarm {
            Alarm::Composite(composite) => {
                composite.actions_suppressed_reason.clone().or_else(|| composite.actions_suppressor.clone())
            }
            _ => None,
        },
    }
}

/// What a reader should notice.
fn findings(alarm: &Alarm, metrics: &[Watched], below: &Below) -> Vec<String> {
    let mut found = Vec::new();
    if !alarm.actions_enabled() {
        found.push("its actions are disabled: it tells nobody".to_owned());
    } else if alarm.alarm_actions().is_empty() {
        found.push("it has no action for ALARM: it tells nobody".to_owned());
    }
    let has_values = metrics.iter().any(|metric| metric.last.is_some());
    if alarm.state() == Some(&StateValue::InsufficientData) && has_values {
        found.push("too few values to decide: the metric comes late or rarely".to_owned());
    }
    if let Alarm::Composite(composite) = alarm
        && let Ok(rule) = Rule::read(composite.alarm_rule().unwrap_or_default())
    {
        let of = |name: &str| below.found.iter().find(|alarm| alarm.name() == name)?.state().cloned();
        found.extend(rule.counts(&of));
    }
    if !below.missing.is_empty() {
        found.push(format!("its rule names alarms that do not exist: {}", below.missing.join(", ")));
    }
    if below.hidden > 0 {
        found.push(format!(
            "{} of the alarms that its rule names are outside what the operator allowed",
            below.hidden
        ));
    }
    let is_firing = |alarm: &&Alarm| alarm.state() == Some(&StateValue::Alarm);
    let firing: Vec<&str> = below.found.iter().filter(is_firing).map(Alarm::name).collect();
    if !firing.is_empty() {
        found.push(format!("in ALARM below it: {}", firing.join(", ")));
    }
    found
}

impl Child {
    fn new(alarm: &Alarm) -> Self {
        Child {
            name: alarm.name().to_owned(),
            state: state(alarm),
            since: alarm.since().map(utc_second),
            condition: alarm.condition(),
        }
    }
}

impl Change {
    fn new(item: AlarmHistoryItem) -> Self {
        let data: Value =
            item.history_data().and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
        let reason = data.pointer("/newState/stateReason").and_then(Value::as_str).map(str::to_owned);
        Change {
            time: item.timestamp.map(utc_second).unwrap_or_default(),
            summary: item.history_summary.unwrap_or_default(),
            reason,
        }
    }
}
