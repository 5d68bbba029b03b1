use aws_sdk_cloudwatch::{
    operation::get_alarm_mute_rule::GetAlarmMuteRuleOutput,
    primitives::DateTime,
    types::{MuteTargets, Rule, Schedule, StateValue},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, counted, unchanged};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    CloudWatch,
    alarms::{self, find_all},
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

/// What was looked at.
#[derive(Serialize)]
pub(crate) struct Seen {
    /// Name and settings of each alarm.
    alarms: Vec<(String, String)>,
    /// The mute rule, with every setting of it; none where it is not about one, or where there is none yet.
    rule: Option<String>,
}

impl Change for SetAlarm {
    type Service = CloudWatch;
    type Output = One<Done>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("set_alarm", "Set alarm")
        .shown_by("explain_alarm")
        .on("*", &["cloudwatch:DescribeAlarms"])
        .when("actions")
        .on(arns::ALARMS, &["cloudwatch:EnableAlarmActions", "cloudwatch:DisableAlarmActions"])
        .when("state")
        .on(arns::ALARMS, &["cloudwatch:SetAlarmState"])
        .when("mute")
        .on(
            arns::MUTE_RULE,
            &["cloudwatch:GetAlarmMuteRule", "cloudwatch:PutAlarmMuteRule", "cloudwatch:DeleteAlarmMuteRule"],
        )
        .on(arns::ALARMS, &["cloudwatch:PutAlarmMuteRule"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Seen>> {
        let wanted = self.wanted()?;
        let alarms = find_all(cx, &self.alarms).await?;
        let rule = self.rule(cx).await?;
        let count = alarms.len();
        let many = counted(count, "alarm");
        let mut plan = Plan::new(match &wanted {
            Wanted::Actions(Actions::Enable) => format!("let {many} act again"),
            Wanted::Actions(Actions::Disable) => format!("turn off the actions of {many}"),
            Wanted::State(state, _) => format!(
                "set {many} to {}, which runs its actions and holds until the next evaluation",
                state.sdk().as_str()
            ),
            Wanted::Mute(rule, minutes) => {
                format!("mute {many} for {minutes} min by the rule {rule}")
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
                .warning("nobody is told of an ALARM until they are enabled again; a mute ends by itself")
                .ask();
        }
        match (&wanted, &rule) {
            (Wanted::Mute(_, minutes), Some(rule)) => {
                plan = plan.warning(format!("it replaces the mute rule of that name: {}", said(rule))).ask();
                if Bounds::of(rule, Timestamp::now(), *minutes).drops {
                    plan = plan.warning("the rule's start or end date goes: with it nothing would be muted");
                }
            }
            (Wanted::Unmute(_), Some(rule)) => plan = plan.warning(format!("it is {}", said(rule))),
            (Wanted::Unmute(name), None) => {
                return Err(Error::not_found(format!("there is no mute rule {name}")));
            }
            _ => {}
        }
        if matches!(wanted, Wanted::State(..)) && alarms.iter().any(|alarm| !alarm.alarm_actions().is_empty())
        {
            plan = plan.warning("the actions really run: people may be called").ask();
        }
        let alarms = alarms.iter().map(|alarm| (alarm.name().to_owned(), alarm.settings())).collect();
        Ok(plan.items(Seen { alarms, rule: rule.as_ref().map(fingerprint) }))
    }

    async fn apply(self, seen: Seen, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let before = self.rule(cx).await?;
        if let Some(name) = &self.mute {
            let now = before.as_ref().map(fingerprint);
            unchanged(&format!("the mute rule {}", name.as_str()), &seen.rule, &now)?;
        }
        let names = cx.still(seen.alarms, &alarms::settings(cx, &self.alarms).await?)?;
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
                for (at, name) in names.iter().enumerate() {
                    let request = metrics.set_alarm_state().alarm_name(name).state_value(state.sdk());
                    let set = request.state_reason(reason).send().await;
                    set.map_err(|error| partly(error.into(), &names, at))?;
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
                let bounds =
                    before.as_ref().map(|before| Bounds::of(before, now, minutes)).unwrap_or_default();
                metrics
                    .put_alarm_mute_rule()
                    .name(rule)
                    .set_description(before.and_then(|before| before.description))
                    .set_start_date(bounds.start)
                    .set_expire_date(bounds.end)
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
    /// The mute rule that the call names, if there is one.
    async fn rule(&self, cx: &Call<CloudWatch>) -> Result<Option<GetAlarmMuteRuleOutput>> {
        let Some(name) = &self.mute else { return Ok(None) };
        let asked = cx.client().metrics.get_alarm_mute_rule().alarm_mute_rule_name(name.as_str()).send();
        match asked.await.map_err(Error::from) {
            Ok(rule) => Ok(Some(rule)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
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

/// The dates between which a mute rule holds at all, as a mute from now on keeps them.
#[derive(Default)]
struct Bounds {
    start: Option<DateTime>,
    end: Option<DateTime>,
    /// Whether one of them had to go, since the mute would not hold with it.
    drops: bool,
}

impl Bounds {
    fn of(rule: &GetAlarmMuteRuleOutput, now: Timestamp, minutes: i64) -> Bounds {
        let now = now.as_second();
        let start = rule.start_date.filter(|start| start.secs() <= now);
        let end = rule.expire_date.filter(|end| end.secs() >= now + minutes * 60);
        Bounds { start, end, drops: start != rule.start_date || end != rule.expire_date }
    }
}

/// A mute rule in a few words: what it mutes, and when.
fn said(rule: &GetAlarmMuteRuleOutput) -> String {
    let schedule = rule.rule().and_then(Rule::schedule);
    let word = |text: Option<&str>| text.unwrap_or("?").to_owned();
    let names = rule.mute_targets().map(MuteTargets::alarm_names).unwrap_or_default();
    format!(
        "of {}, for {} from {}",
        if names.is_empty() { "no alarm".to_owned() } else { names.join(", ") },
        word(schedule.and_then(Schedule::duration)),
        word(schedule.and_then(Schedule::expression)),
    )
}

/// All that it is set to; whether it is active now is not part of it.
fn fingerprint(rule: &GetAlarmMuteRuleOutput) -> String {
    format!(
        "{:?}",
        (
            &rule.description,
            &rule.rule,
            &rule.mute_targets,
            &rule.start_date,
            &rule.expire_date,
            &rule.last_updated_timestamp
        )
    )
}

/// The error of the alarm at this place, with what was set before it and what was not.
fn partly(mut error: Error, names: &[String], at: usize) -> Error {
    let (done, left) = names.split_at(at.min(names.len()));
    if !done.is_empty() {
        error.message =
            format!("{} (set before: {}; not set: {})", error.message, done.join(", "), left.join(", "));
    }
    error
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
