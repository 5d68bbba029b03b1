//! What belongs to a group, each in a line.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Something that a group did.
#[derive(Serialize, JsonSchema)]
pub(super) struct Activity {
    pub(super) time: String,
    pub(super) what: String,
    /// `Successful`, `Failed`, `InProgress`, ...
    pub(super) status: String,
    /// AWS's error, where there is one.
    pub(super) error: Option<String>,
    pub(super) cause: String,
}

pub(super) fn text<'v>(of: &'v Value, key: &str) -> &'v str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(of: &Value, key: &str) -> Option<String> {
    of.get(key).filter(|value| value.is_number()).map(Value::to_string)
}

impl Activity {
    pub(super) fn new(of: &Value) -> Activity {
        Activity {
            time: text(of, "StartTime").to_owned(),
            what: text(of, "Description").to_owned(),
            status: text(of, "StatusCode").to_owned(),
            error: Some(text(of, "StatusMessage").to_owned()).filter(|error| !error.is_empty()),
            cause: text(of, "Cause").trim().to_owned(),
        }
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self.status.as_str(), "Failed" | "Cancelled")
    }
}

/// Whether a policy scales; AWS says nothing of those that do.
pub(super) fn is_on(policy: &Value) -> bool {
    policy.get("Enabled").and_then(Value::as_bool) != Some(false)
}

/// `cpu: keeps ASGAverageCPUUtilization at 60`
pub(super) fn policy(of: &Value) -> String {
    let name = text(of, "PolicyName");
    let how = match (of.get("TargetTrackingConfiguration"), of.get("PredictiveScalingConfiguration")) {
        (Some(tracking), _) => tracked(tracking),
        (_, Some(predictive)) => match text(predictive, "Mode") {
            "ForecastAndScale" => "scales by a forecast".to_owned(),
            _ => "only forecasts".to_owned(),
        },
        _ => stepped(of),
    };
    let alarms: Vec<&str> = of
        .get("Alarms")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|alarm| text(alarm, "AlarmName"))
        .collect();
    let by = if alarms.is_empty() { String::new() } else { format!(", by alarm {}", alarms.join(", ")) };
    let off = if is_on(of) { "" } else { " (off)" };
    format!("{name}: {how}{by}{off}")
}

fn tracked(tracking: &Value) -> String {
    let of = |pointer: &str| tracking.pointer(pointer).and_then(Value::as_str);
    let metric = of("/PredefinedMetricSpecification/PredefinedMetricType")
        .or_else(|| of("/CustomizedMetricSpecification/MetricName"))
        .unwrap_or("an expression");
    let only_out = tracking.get("DisableScaleIn").and_then(Value::as_bool) == Some(true);
    let value = number(tracking, "TargetValue").unwrap_or_default();
    let value = value.strip_suffix(".0").unwrap_or(&value);
    format!("keeps {metric} at {value}{}", if only_out { ", never takes instances away" } else { "" })
}

fn stepped(of: &Value) -> String {
    let kind = text(of, "AdjustmentType");
    let steps = of.get("StepAdjustments").and_then(Value::as_array).filter(|steps| !steps.is_empty());
    let Some(steps) = steps else {
        return format!("{kind} {}", number(of, "ScalingAdjustment").unwrap_or_default());
    };
    let line = |step: &Value| {
        let bound = |key: &str| number(step, key).unwrap_or_else(|| "any".to_owned());
        format!(
            "{} from {} to {} past the threshold",
            number(step, "ScalingAdjustment").unwrap_or_default(),
            bound("MetricIntervalLowerBound"),
            bound("MetricIntervalUpperBound")
        )
    };
    format!("{kind} {}", steps.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// `nights: min 0, desired 0, next 2026-12-01T20:00:00Z, 0 20 * * * Europe/Berlin`
pub(super) fn scheduled(of: &Value) -> String {
    let sizes = [("min", "MinSize"), ("desired", "DesiredCapacity"), ("max", "MaxSize")];
    let sizes = sizes.into_iter().filter_map(|(word, key)| Some(format!("{word} {}", number(of, key)?)));
    let next = [text(of, "StartTime"), text(of, "Time")].into_iter().find(|time| !time.is_empty());
    let rule = [text(of, "Recurrence"), text(of, "TimeZone")].join(" ").trim().to_owned();
    let parts = sizes
        .chain(next.map(|next| format!("next {next}")))
        .chain(Some(rule).filter(|rule| !rule.is_empty()))
        .chain(Some(text(of, "EndTime")).filter(|end| !end.is_empty()).map(|end| format!("until {end}")));
    format!("{}: {}", text(of, "ScheduledActionName"), parts.collect::<Vec<_>>().join(", "))
}

/// `InProgress, 40 %, 3 instances left, since 2026-12-01T10:00:00Z: waiting`
pub(super) fn refresh(of: &Value) -> String {
    let share = number(of, "PercentageComplete").map(|share| format!("{share} %"));
    let left = number(of, "InstancesToUpdate").map(|left| format!("{left} instances left"));
    let time = |word: &str, key: &str| {
        Some(text(of, key)).filter(|time| !time.is_empty()).map(|time| format!("{word} {time}"))
    };
    let parts = [
        Some(text(of, "Status").to_owned()),
        share,
        left,
        time("since", "StartTime"),
        time("ended", "EndTime"),
    ];
    let line = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    match text(of, "StatusReason") {
        "" => line,
        why => format!("{line}: {why}"),
    }
}

/// `boot: at autoscaling:EC2_INSTANCE_LAUNCHING, waits up to 3600 s, then ABANDON`
pub(super) fn hook(of: &Value) -> String {
    format!(
        "{}: at {}, waits up to {} s, then {}",
        text(of, "LifecycleHookName"),
        text(of, "LifecycleTransition"),
        number(of, "HeartbeatTimeout").unwrap_or_else(|| "3600".to_owned()),
        text(of, "DefaultResult")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_policy_is_a_line() {
        let tracking = json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "Alarms": [{"AlarmName": "high"}],
            "TargetTrackingConfiguration": {"PredefinedMetricSpecification":
                {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 60.0, "DisableScaleIn": true}});
        assert_eq!(
            policy(&tracking),
            "cpu: keeps ASGAverageCPUUtilization at 60, never takes instances away, by alarm high"
        );
        let simple = json!({"PolicyName": "add", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 2, "Enabled": false});
        assert_eq!(policy(&simple), "add: ChangeInCapacity 2 (off)");
        let steps = json!({"PolicyName": "steps", "AdjustmentType": "PercentChangeInCapacity", "StepAdjustments": [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 20.0, "ScalingAdjustment": 10},
            {"MetricIntervalLowerBound": 20.0, "ScalingAdjustment": 30},
        ]});
        assert_eq!(
            policy(&steps),
            "steps: PercentChangeInCapacity 10 from 0.0 to 20.0 past the threshold; 30 from 20.0 to any past the threshold"
        );
        let forecast = json!({"PolicyName": "f", "PredictiveScalingConfiguration": {"Mode": "ForecastOnly"}});
        assert_eq!(policy(&forecast), "f: only forecasts");
    }

    #[test]
    fn zero_is_a_size_of_a_scheduled_action() {
        let nights = json!({"ScheduledActionName": "nights", "MinSize": 0, "DesiredCapacity": 0, "Recurrence": "0 20 * * *",
            "TimeZone": "Europe/Berlin", "StartTime": "2026-12-01T19:00:00Z"});
        assert_eq!(
            scheduled(&nights),
            "nights: min 0, desired 0, next 2026-12-01T19:00:00Z, 0 20 * * * Europe/Berlin"
        );
    }
}
