use std::collections::HashSet;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch,
    alarms::{Alarm, KINDS, all, below},
    arns,
    names::AlarmName,
};

/// Lists alarms: state, since when, and what they watch.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAlarms {
    state: Option<State>,
    prefix: Option<String>,
    /// A composite alarm: shows it with all below it.
    tree: Option<AlarmName>,
    kind: Option<Kind>,
    /// Part of an action's ARN's start.
    action_prefix: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Alarm,
    Ok,
    InsufficientData,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Metric,
    Composite,
    Log,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    /// Depth below the composite alarm.
    depth: Option<usize>,
    state: String,
    since: Option<String>,
    kind: Option<&'static str>,
    condition: String,
    /// Only where it is not.
    actions_enabled: Option<bool>,
}

impl Tool for ListAlarms {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_alarms", "List alarms")
        .on("*", &["cloudwatch:DescribeAlarms"])
        .rows(arns::EACH_ALARM)
        .regional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        if let Some(root) = &self.tree {
            if self.state.is_some()
                || self.prefix.is_some()
                || self.kind.is_some()
                || self.action_prefix.is_some()
            {
                return Err(Error::invalid("`tree` goes alone: it shows every alarm below that one"));
            }
            return Ok(cx.page(tree(cx, root).await?, None));
        }
        let kinds = self.kind.map_or_else(|| KINDS.to_vec(), |kind| vec![kind.sdk()]);
        let limit = cx.limit() as usize;
        let mut rows: Vec<Row> = Vec::new();
        let mut token = cx.token();
        loop {
            let left = limit.saturating_sub(rows.len()).clamp(1, 100);
            let page = cx
                .client()
                .metrics
                .describe_alarms()
                .set_alarm_types(Some(kinds.clone()))
                .set_state_value(self.state.map(State::sdk))
                .set_alarm_name_prefix(self.prefix.clone())
                .set_action_prefix(self.action_prefix.clone())
                .max_records(i32::try_from(left).unwrap_or(100))
                .set_next_token(token)
                .send()
                .await?;
            token = page.next_token.clone().filter(|token| !token.is_empty());
            rows.extend(all(page).iter().map(|alarm| Row::new(alarm, None)));
            if rows.len() >= limit || token.is_none() {
                return Ok(cx.page(rows, token));
            }
        }
    }
}

/// An alarm with all that its rule names, and theirs.
async fn tree(cx: &Call<CloudWatch>, root: &AlarmName) -> Result<Vec<Row>> {
    // AWS allows far less; a circle ends by the names seen.
    const DEEPEST: usize = 10;
    const MOST: usize = 1000;
    let first = crate::alarms::find(cx, root).await?;
    let mut rows = Vec::new();
    let mut seen: HashSet<String> = HashSet::from([first.name().to_owned()]);
    let mut open = vec![(first, 0)];
    while let Some((alarm, depth)) = open.pop() {
        rows.push(Row::new(&alarm, Some(depth)));
        let Alarm::Composite(composite) = &alarm else { continue };
        if depth >= DEEPEST || rows.len() >= MOST {
            cx.note("there is more below: ask for the tree of a lower alarm");
            continue;
        }
        let mut below = below(cx, composite.alarm_rule().unwrap_or_default()).await?;
        if !below.missing.is_empty() {
            cx.note(format!("{} names alarms that do not exist: {}", alarm.name(), below.missing.join(", ")));
        }
        if below.hidden > 0 {
            cx.note(format!(
                "{} names {} alarms outside what the operator allowed",
                alarm.name(),
                below.hidden
            ));
        }
        let again: Vec<&str> =
            below.found.iter().map(Alarm::name).filter(|name| seen.contains(*name)).collect();
        if !again.is_empty() {
            cx.note(format!("{} also names what is shown elsewhere: {}", alarm.name(), again.join(", ")));
        }
        // Popped from the end: in the order of the rule.
        below.found.reverse();
        open.extend(
            below
                .found
                .into_iter()
                .filter(|alarm| seen.insert(alarm.name().to_owned()))
                .map(|alarm| (alarm, depth + 1)),
        );
    }
    Ok(rows)
}

impl Row {
    fn new(alarm: &Alarm, depth: Option<usize>) -> Self {
        Row {
            name: alarm.name().to_owned(),
            depth,
            state: alarm.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
            since: alarm.since().map(utc_second),
            // The usual one says nothing.
            kind: Some(alarm.kind()).filter(|kind| *kind != "metric"),
            condition: alarm.condition(),
            actions_enabled: Some(alarm.actions_enabled()).filter(|enabled| !enabled),
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

impl Kind {
    fn sdk(self) -> AlarmType {
        match self {
            Kind::Metric => AlarmType::MetricAlarm,
            Kind::Composite => AlarmType::CompositeAlarm,
            Kind::Log => AlarmType::LogAlarm,
        }
    }
}
