use aws_sdk_cloudwatch::types::{MuteTargets, Rule, Schedule, StateValue};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    CloudWatch,
    alarms::{Alarm, find},
    arns,
    names::{AlarmName, MuteRule},
};

/// Turns alarms' actions on or off, mutes them for a while, ends a mute, or sets their state until the next evaluation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAlarm {
    #[schemars(length(min = 1, max = 100))]
    alarms: Vec<AlarmName>,
    actions: Option<Actions>,
    state: Option<State>,
    /// Why, with `state`.
    reason: Option<String>,
    /// A mute rule's name; with `minutes` it begins now, without it ends.
    mute: Option<MuteRule>,
    #[schemars(range(min = 1, max = 21600))]
    minutes: Option<i64>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Actions {
    Enable,
    Disable,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Alarm,
    Ok,
    InsufficientData,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    alarms: Vec<String>,
    outcome: String,
}

/// The one thing that a call asks for.
enum Wanted<'a> {
    Actions(Actions),
    State(State, &'a str),
    Mute(&'a str, i64),
    Unmute(&'a str),
}

impl Change for SetAlarm {
    type Service = CloudWatch;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("set_alarm", "Set alarm")
        .on("*", &["cloudwatch:DescribeAlarms"])
        .when("actions")
        .on(arns::ALARMS, &["cloudwatch:EnableAlarmActions", "cloudwatch:DisableAlarmActions"])
        .when("state")
        .on(arns::ALARMS, &["cloudwatch:SetAlarmState"])
        .when("mute")
        .on(arns::MUTE_RULE, &["cloudwatch:PutAlarmMuteRule", "cloudwatch:DeleteAlarmMuteRule"])
        .on(arns::ALARMS, &["cloudwatch:PutAlarmMuteRule"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan> {
        let wanted = self.wanted()?;
        let alarms = self.found(cx).await?;
        let count = alarms.len();
        let plural = if count == 1 { "" } else { "s" };
        let mut plan = Plan::new(match &wanted {
            Wanted::Actions(Actions::Enable) => format!("let {count} alarm{plural} act again"),
            Wanted::Actions(Actions::Disable) => format!("turn off the actions of {count} alarm{plural}"),
            Wanted::State(state, _) => format!(
                "set {count} alarm{plural} to {}, which runs its actions and holds until the next evaluation",
                state.sdk().as_str()
            ),
            Wanted::Mute(rule, minutes) => {
                format!("mute {count} alarm{plural} for {minutes} min by the rule {rule}")
            }
            Wanted::Unmute(rule) => format!("delete the mute rule {rule}: what it muted acts again"),
        });
        for alarm in &alarms {
            plan = plan.row(json!({
                "alarm": alarm.name(),
                "state": alarm.state().map(StateValue::as_str),
                "actions_enabled": alarm.actions_enabled(),
                "actions": alarm.alarm_actions(),
            }));
        }
        if matches!(wanted, Wanted::Actions(Actions::Disable)) {
            plan = plan
                .warning("nobody is told of an ALARM until they are enabled again; a mute ends by itself");
        }
        if matches!(wanted, Wanted::State(..)) && alarms.iter().any(|alarm| !alarm.alarm_actions().is_empty())
        {
            plan = plan.warning("the actions really run: people may be called").ask();
        }
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let names: Vec<String> = self.alarms.iter().map(ToString::to_string).collect();
        let metrics = &cx.client().metrics;
        let outcome = match self.wanted()? {
            Wanted::Actions(Actions::Enable) => {
                metrics.enable_alarm_actions().set_alarm_names(Some(names.clone())).send().await?;
                "actions enabled".to_owned()
            }
            Wanted::Actions(Actions::Disable) => {
                metrics.disable_alarm_actions().set_alarm_names(Some(names.clone())).send().await?;
                "actions disabled".to_owned()
            }
            Wanted::State(state, reason) => {
                for name in &names {
                    let request = metrics.set_alarm_state().alarm_name(name).state_value(state.sdk());
                    request.state_reason(reason).send().await?;
                }
                format!("set to {} until the next evaluation", state.sdk().as_str())
            }
            Wanted::Mute(rule, minutes) => {
                let now = Timestamp::now();
                let schedule = Schedule::builder()
                    .expression(format!("at({})", now.strftime("%Y-%m-%dT%H:%M")))
                    .duration(format!("PT{minutes}M"))
                    .timezone("UTC")
                    .build();
                metrics
                    .put_alarm_mute_rule()
                    .name(rule)
                    .rule(Rule::builder().schedule(schedule).build())
                    .mute_targets(MuteTargets::builder().set_alarm_names(Some(names.clone())).build())
                    .send()
                    .await?;
                let end = now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(now);
                format!("muted until about {}", awsmcp_mcp::to_second(end))
            }
            Wanted::Unmute(rule) => {
                metrics.delete_alarm_mute_rule().alarm_mute_rule_name(rule).send().await?;
                format!("the mute rule {rule} is gone")
            }
        };
        Ok(One(Done { alarms: names, outcome }))
    }
}

impl SetAlarm {
    async fn found(&self, cx: &Call<CloudWatch>) -> Result<Vec<Alarm>> {
        let mut alarms = Vec::new();
        for name in &self.alarms {
            alarms.push(find(cx, name).await?);
        }
        Ok(alarms)
    }

    fn wanted(&self) -> Result<Wanted<'_>> {
        match (self.actions, self.state, &self.mute, self.minutes) {
            (Some(actions), None, None, None) => Ok(Wanted::Actions(actions)),
            (None, Some(state), None, None) => match &self.reason {
                Some(reason) => Ok(Wanted::State(state, reason)),
                None => Err(Error::invalid("`state` needs a `reason`: it stays in the alarm's history")),
            },
            (None, None, Some(rule), Some(minutes)) => Ok(Wanted::Mute(rule.as_str(), minutes)),
            (None, None, Some(rule), None) => Ok(Wanted::Unmute(rule.as_str())),
            (None, None, None, Some(_)) => {
                Err(Error::invalid("`minutes` is of a `mute`: give the rule a name"))
            }
            _ => Err(Error::invalid("give one of `actions`, `state` and `mute`").with_next(
                r#"to silence for an hour: {"alarms": ["a"], "mute": "maintenance", "minutes": 60}"#,
            )),
        }
    }
}

impl State {
    fn sdk(self) -> StateValue {
        match self {
            State::Alarm => StateValue::Alarm,
            State::Ok => StateValue::Ok,
            State::InsufficientData => StateValue::InsufficientData,
        }
    }
}
