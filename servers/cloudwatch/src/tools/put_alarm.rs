use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm, StateValue};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    CloudWatch,
    alarms::{Alarm, below, existing},
    arns,
    definition::{Definition, Source},
    metrics::Metric,
    names::AlarmName,
    rule::{Rule, children},
};

/// Creates an alarm, or changes what is given of one; the plan shows the difference.
///
/// A metric alarm has `metrics`, `comparison` and `threshold` (or `band`), a composite one has a `rule`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutAlarm {
    alarm: AlarmName,
    description: Option<String>,
    /// Of several the last is compared, such as an expression.
    metrics: Option<Vec<Metric>>,
    comparison: Option<Comparison>,
    threshold: Option<f64>,
    /// Instead of `threshold`: standard deviations from what is usual at that time.
    band: Option<f64>,
    /// Default 60.
    period_seconds: Option<i32>,
    /// Default 1.
    #[schemars(range(min = 1))]
    periods: Option<i32>,
    /// Of `periods`; default all.
    #[schemars(range(min = 1))]
    datapoints: Option<i32>,
    missing_data: Option<Treatment>,
    /// `ALARM("a") AND NOT ALARM("b")`
    rule: Option<String>,
    /// ARNs, such as an SNS topic's.
    alarm_actions: Option<Vec<String>>,
    ok_actions: Option<Vec<String>>,
    insufficient_data_actions: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// Of a band.
    Outside,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Treatment {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    alarm: String,
    outcome: &'static str,
    condition: String,
}

/// The alarm as it was looked at, with every setting of it; none of one that is new.
#[derive(Serialize)]
pub(crate) struct Seen {
    settings: Option<String>,
    /// Whether the call changes anything.
    changes: bool,
}

impl Change for PutAlarm {
    type Service = CloudWatch;
    type Output = One<Done>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("put_alarm", "Put alarm")
        .shown_by("explain_alarm")
        .on("*", &["cloudwatch:DescribeAlarms"])
        .on(arns::ALARM, &["cloudwatch:PutMetricAlarm"])
        .when("rule")
        .on(arns::ALARM, &["cloudwatch:PutCompositeAlarm"])
        .names_no_resource()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Seen>> {
        if let Some(why) = self.rule.as_deref().and_then(|rule| Rule::read(rule).err()) {
            return Err(Error::invalid(format!("the `rule` is not one: {why}")).with_next(
                r#"a good one is ALARM("a") AND NOT OK("b"), or AT_LEAST(2, ALARM, ("a", "b", "c"))"#,
            ));
        }
        // Its state tells that of the alarms below it: who may not see those may not put them behind a name.
        for child in self.rule.as_deref().map(children).unwrap_or_default() {
            cx.may("cloudwatch:DescribeAlarms", arns::EACH_ALARM, &[("name", &child)]).await?;
        }
        let before = existing(cx, &self.alarm).await?;
        let wanted = self.wanted(before.as_ref())?;
        let (old, new) = (before.as_ref().map(described), wanted.described());
        let plan = Plan::new(match &old {
            None => format!("create the {} alarm {}", wanted.kind(), self.alarm),
            Some(old) if *old == new => format!("leave the alarm {} as it is: nothing changes", self.alarm),
            Some(_) => format!("change the alarm {}", self.alarm),
        });
        let changes = old.as_ref() != Some(&new);
        let mut plan = wanted
            .warnings(cx)
            .await?
            .into_iter()
            .fold(plan.difference(old.as_ref(), Some(&new)), Plan::warning);
        if changes && before.as_ref().and_then(Alarm::state) == Some(&StateValue::Alarm) {
            plan = plan.warning("it is in ALARM now: the change may end that");
        }
        let lost = before.as_ref().map(|before| wanted.loses(before)).unwrap_or_default();
        if !lost.is_empty() {
            plan = plan.warning(format!("no longer told of an ALARM: {}", lost.join(", "))).ask();
        }
        Ok(plan.items(Seen { settings: before.as_ref().map(Alarm::settings), changes }))
    }

    async fn apply(self, seen: Seen, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let before = existing(cx, &self.alarm).await?;
        unchanged(
            &format!("the alarm {}", self.alarm),
            &seen.settings,
            &before.as_ref().map(Alarm::settings),
        )?;
        if !seen.changes {
            let condition = before.map(|alarm| alarm.condition()).unwrap_or_default();
            return Ok(One(Done { alarm: self.alarm.to_string(), outcome: "left as it is", condition }));
        }
        let is_new = before.is_none();
        let metrics = &cx.client().metrics;
        match self.wanted(before.as_ref())? {
            Wanted::Metric(definition) => {
                let before = match &before {
                    Some(Alarm::Metric(alarm)) => Some(&**alarm),
                    _ => None,
                };
                definition
                    .request(metrics.put_metric_alarm().alarm_name(self.alarm.as_str()), before)
                    .send()
                    .await?;
            }
            Wanted::Composite(alarm) => {
                metrics
                    .put_composite_alarm()
                    .alarm_name(self.alarm.as_str())
                    .set_alarm_rule(alarm.alarm_rule)
                    .set_alarm_description(alarm.alarm_description)
                    .set_actions_enabled(alarm.actions_enabled)
                    .set_alarm_actions(alarm.alarm_actions)
                    .set_ok_actions(alarm.ok_actions)
                    .set_insufficient_data_actions(alarm.insufficient_data_actions)
                    .set_actions_suppressor(alarm.actions_suppressor)
                    .set_actions_suppressor_wait_period(alarm.actions_suppressor_wait_period)
                    .set_actions_suppressor_extension_period(alarm.actions_suppressor_extension_period)
                    .set_action_configuration(alarm.action_configuration)
                    .send()
                    .await?;
            }
        }
        let condition = existing(cx, &self.alarm).await?.map(|alarm| alarm.condition()).unwrap_or_default();
        let outcome = if is_new { "created" } else { "changed" };
        Ok(One(Done { alarm: self.alarm.to_string(), outcome, condition }))
    }
}

/// What is to be put.
enum Wanted {
    Metric(Box<Definition>),
    Composite(Box<CompositeAlarm>),
}

impl PutAlarm {
    fn wanted(&self, before: Option<&Alarm>) -> Result<Wanted> {
        let about_metrics = self.is_about_metrics();
        match (before, &self.rule) {
            (Some(Alarm::Metric(alarm)), _) if alarm.evaluation_criteria.is_some() && about_metrics => {
                Err(Error::conflict(format!(
                    "{} watches a query in PromQL; put_alarm changes its description and its actions only",
                    self.alarm
                )))
            }
            (Some(Alarm::Log(_)), _) => Err(Error::conflict(format!(
                "{} watches a scheduled query; put_alarm does not change such alarms",
                self.alarm
            ))),
            (_, Some(_)) if about_metrics => Err(Error::invalid(
                "a composite alarm has a `rule` and nothing about metrics; give one or the other",
            )),
            (Some(Alarm::Metric(_)), Some(_)) => Err(Error::conflict(format!(
                "{} is a metric alarm; a composite one needs another name",
                self.alarm
            ))),
            (Some(Alarm::Composite(_)), None) if about_metrics => Err(Error::conflict(format!(
                "{} is a composite alarm; a metric alarm needs another name",
                self.alarm
            ))),
            (Some(Alarm::Composite(alarm)), _) => {
                Ok(Wanted::Composite(Box::new(self.composite((**alarm).clone()))))
            }
            (None, Some(_)) => {
                Ok(Wanted::Composite(Box::new(self.composite(CompositeAlarm::builder().build()))))
            }
            (Some(Alarm::Metric(alarm)), None) => Ok(Wanted::Metric(Box::new(self.changed(alarm)?))),
            (None, None) => Ok(Wanted::Metric(Box::new(self.created()?))),
        }
    }

    /// Whether the call names what only metric alarms have.
    fn is_about_metrics(&self) -> bool {
        self.metrics.is_some()
            || self.comparison.is_some()
            || self.threshold.is_some()
            || self.band.is_some()
            || self.period_seconds.is_some()
            || self.periods.is_some()
            || self.datapoints.is_some()
            || self.missing_data.is_some()
    }

    fn composite(&self, mut alarm: CompositeAlarm) -> CompositeAlarm {
        let set = |to: &mut Option<Vec<String>>, given: &Option<Vec<String>>| {
            if given.is_some() {
                to.clone_from(given);
            }
        };
        alarm.alarm_rule = self.rule.clone().or(alarm.alarm_rule);
        alarm.alarm_description = self.description.clone().or(alarm.alarm_description);
        set(&mut alarm.alarm_actions, &self.alarm_actions);
        set(&mut alarm.ok_actions, &self.ok_actions);
        set(&mut alarm.insufficient_data_actions, &self.insufficient_data_actions);
        alarm
    }

    fn created(&self) -> Result<Definition> {
        let good = r#"a good one is {"alarm": "orders-errors", "metrics": [{"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "orders"}, "stat": "Sum"}], "comparison": "greater", "threshold": 0, "missing_data": "not_breaching"}"#;
        let lacks = |what: &str| Error::invalid(format!("a new metric alarm needs {what}")).with_next(good);
        let metrics = self.metrics.as_ref().ok_or_else(|| lacks("`metrics`"))?;
        if self.comparison.is_none() {
            return Err(lacks("`comparison`"));
        }
        if self.threshold.is_none() && self.band.is_none() {
            return Err(lacks("`threshold` or `band`"));
        }
        let fresh = Definition {
            source: Source::new(metrics, self.period_seconds.unwrap_or(60), self.band)?,
            evaluation_periods: Some(1),
            actions_enabled: true,
            ..Definition::default()
        };
        self.over(fresh)
    }

    fn changed(&self, alarm: &MetricAlarm) -> Result<Definition> {
        let mut definition = Definition::read(alarm);
        let compared = definition.threshold_metric_id.clone();
        if let Some(metrics) = &self.metrics {
            let period = self.period_seconds.or_else(|| definition.source.period()).unwrap_or(60);
            let band = match (self.band, self.threshold, &compared) {
                // The band that it had goes around the metric that is named instead.
                (None, None, Some(id)) => Some(definition.source.width(id).ok_or_else(|| {
                    Error::invalid(format!(
                        "it compares with {id}, which is not carried over to other `metrics`"
                    ))
                    .with_next("give `threshold` or `band` too")
                })?),
                (given, ..) => given,
            };
            let before = std::mem::replace(&mut definition.source, Source::new(metrics, period, band)?);
            definition.source.keep_from(&before);
        } else if self.band.is_some() {
            return Err(Error::invalid("give `metrics` too where the `band` changes"));
        } else if let Some(seconds) = self.period_seconds {
            definition.source.set_period(seconds);
        }
        if let Some(id) = compared.filter(|_| self.threshold.is_some()) {
            definition.source.without(&id);
        }
        self.over(definition)
    }

    /// The definition with all that the call gives.
    fn over(&self, mut definition: Definition) -> Result<Definition> {
        if self.threshold.is_some() && self.band.is_some() {
            return Err(Error::invalid("give `threshold` or `band`, not both"));
        }
        if let Some(band) = definition.source.band() {
            (definition.threshold, definition.threshold_metric_id) = (None, Some(band.to_owned()));
        } else if let Some(threshold) = self.threshold {
            (definition.threshold, definition.threshold_metric_id) = (Some(threshold), None);
        }
        if let Some(comparison) = self.comparison {
            definition.comparison_operator =
                Some(comparison.operator(definition.threshold_metric_id.is_some())?.to_owned());
        } else if let Some(operator) = &definition.comparison_operator
            // What the alarm itself is like is for AWS to judge.
            && (self.threshold.is_some() || self.band.is_some())
            && OF_BANDS.contains(&operator.as_str()) != definition.threshold_metric_id.is_some()
        {
            return Err(Error::invalid(format!(
                "{operator} is {} of a band: give `comparison` too",
                if definition.threshold_metric_id.is_some() { "not" } else { "only" }
            )));
        }
        definition.alarm_description = self.description.clone().or(definition.alarm_description);
        definition.evaluation_periods = self.periods.or(definition.evaluation_periods);
        definition.datapoints_to_alarm = self.datapoints.or(definition.datapoints_to_alarm);
        if let (Some(datapoints), Some(periods)) =
            (definition.datapoints_to_alarm, definition.evaluation_periods)
            && datapoints > periods
        {
            return Err(Error::invalid(format!(
                "`datapoints` {datapoints} is more than the {periods} `periods` they are of"
            )));
        }
        if let Some(missing) = self.missing_data {
            definition.treat_missing_data = Some(missing.name().to_owned());
        }
        for (to, given) in [
            (&mut definition.alarm_actions, &self.alarm_actions),
            (&mut definition.ok_actions, &self.ok_actions),
            (&mut definition.insufficient_data_actions, &self.insufficient_data_actions),
        ] {
            if let Some(given) = given {
                to.clone_from(given);
            }
        }
        Ok(definition)
    }
}

fn described(alarm: &Alarm) -> Value {
    match alarm {
        Alarm::Metric(alarm) => json!(Definition::read(alarm)),
        Alarm::Composite(alarm) => composite(alarm),
        Alarm::Log(_) => Value::Null,
    }
}

fn composite(alarm: &CompositeAlarm) -> Value {
    let some = |list: &[String]| Some(list.to_vec()).filter(|list| !list.is_empty());
    json!({
        "AlarmRule": alarm.alarm_rule,
        "AlarmDescription": alarm.alarm_description,
        "AlarmActions": some(alarm.alarm_actions()),
        "OKActions": some(alarm.ok_actions()),
        "InsufficientDataActions": some(alarm.insufficient_data_actions()),
    })
}

impl Wanted {
    fn kind(&self) -> &'static str {
        match self {
            Wanted::Metric(_) => "metric",
            Wanted::Composite(_) => "composite",
        }
    }

    fn described(&self) -> Value {
        match self {
            Wanted::Metric(definition) => json!(definition),
            Wanted::Composite(alarm) => composite(alarm),
        }
    }

    /// The actions for ALARM that the alarm had and has no longer.
    fn loses(&self, before: &Alarm) -> Vec<String> {
        let kept = match self {
            Wanted::Metric(definition) => &definition.alarm_actions[..],
            Wanted::Composite(alarm) => alarm.alarm_actions(),
        };
        before.alarm_actions().iter().filter(|action| !kept.contains(action)).cloned().collect()
    }

    async fn warnings(&self, cx: &Call<CloudWatch>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let tells = match self {
            Wanted::Metric(definition) => !definition.alarm_actions.is_empty() && definition.actions_enabled,
            Wanted::Composite(alarm) => {
                !alarm.alarm_actions().is_empty() && alarm.actions_enabled.unwrap_or(true)
            }
        };
        if !tells {
            found.push("it has no action for ALARM: it tells nobody".to_owned());
        }
        if let Wanted::Composite(alarm) = self {
            let below = below(cx, alarm.alarm_rule().unwrap_or_default()).await?;
            if !below.missing.is_empty() {
                found.push(format!("the rule names alarms that do not exist: {}", below.missing.join(", ")));
            }
        }
        Ok(found)
    }
}

/// The comparisons with a band.
const OF_BANDS: [&str; 3] =
    ["GreaterThanUpperThreshold", "LessThanLowerThreshold", "LessThanLowerOrGreaterThanUpperThreshold"];

impl Comparison {
    fn operator(self, is_band: bool) -> Result<&'static str> {
        Ok(match (self, is_band) {
            (Comparison::Greater, false) => "GreaterThanThreshold",
            (Comparison::GreaterOrEqual, false) => "GreaterThanOrEqualToThreshold",
            (Comparison::Less, false) => "LessThanThreshold",
            (Comparison::LessOrEqual, false) => "LessThanOrEqualToThreshold",
            (Comparison::Greater, true) => "GreaterThanUpperThreshold",
            (Comparison::Less, true) => "LessThanLowerThreshold",
            (Comparison::Outside, true) => "LessThanLowerOrGreaterThanUpperThreshold",
            (Comparison::Outside, false) => {
                return Err(Error::invalid("outside is of a `band`; a threshold has greater or less"));
            }
            (Comparison::GreaterOrEqual | Comparison::LessOrEqual, true) => {
                return Err(Error::invalid("a band has greater, less or outside"));
            }
        })
    }
}

impl Treatment {
    fn name(self) -> &'static str {
        match self {
            Treatment::Missing => "missing",
            Treatment::Ignore => "ignore",
            Treatment::Breaching => "breaching",
            Treatment::NotBreaching => "notBreaching",
        }
    }
}
