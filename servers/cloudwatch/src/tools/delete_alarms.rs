use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    CloudWatch,
    alarms::{self, Alarm, all, find_all},
    arns,
    groups::visible,
    names::AlarmName,
    rule::children,
};

/// Deletes alarms, with their history.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteAlarms {
    #[schemars(length(min = 1, max = 100))]
    alarms: Vec<AlarmName>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    deleted: Vec<String>,
}

impl Change for DeleteAlarms {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// The alarms as they were looked at: name and settings of each.
    type Items = Vec<(String, String)>;
    const SPEC: Spec = Spec::destroy("delete_alarms", "Delete alarms")
        .shown_by("list_alarms")
        .on("*", &["cloudwatch:DescribeAlarms"])
        .on(arns::ALARMS, &["cloudwatch:DeleteAlarms"])
        .names_no_resource()
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<Vec<(String, String)>>> {
        let found = find_all(cx, &self.alarms).await?;
        let composites = found.iter().filter(|alarm| matches!(alarm, Alarm::Composite(_))).count();
        if composites > 0 && found.len() > 1 {
            return Err(Error::invalid("AWS deletes a composite alarm only by itself: name it alone"));
        }
        let count = found.len();
        let mut plan = Plan::new(format!("delete {}", counted(count, "alarm")));
        for alarm in &found {
            plan = plan.row(json!({
                "alarm": alarm.name(),
                "state": alarm.state().map(|state| state.as_str()),
                "condition": alarm.condition(),
                "actions": alarm.alarm_actions(),
            }));
            let others: Vec<String> = parents(cx, alarm.name())
                .await?
                .iter()
                .map(|parent| parent.name().to_owned())
                .filter(|parent| !self.alarms.iter().any(|name| name.as_str() == parent))
                .collect();
            let count = others.len();
            let others = visible(cx, "cloudwatch:DescribeAlarms", arns::EACH_ALARM, others).await?;
            if !others.is_empty() {
                plan = plan.warning(format!("{} is part of the rule of {}", alarm.name(), others.join(", ")));
            }
            if others.len() < count {
                plan = plan.warning(format!(
                    "{} is part of the rules of {} alarms that the operator's list does not hold",
                    alarm.name(),
                    count - others.len()
                ));
            }
        }
        Ok(plan.items(found.iter().map(|alarm| (alarm.name().to_owned(), alarm.settings())).collect()))
    }

    async fn apply(self, seen: Vec<(String, String)>, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let names = cx.still(seen, &alarms::settings(cx, &self.alarms).await?)?;
        cx.client().metrics.delete_alarms().set_alarm_names(Some(names.clone())).send().await?;
        Ok(One(Done { deleted: names }))
    }
}

/// The composite alarms whose rules name it.
async fn parents(cx: &Call<CloudWatch>, name: &str) -> Result<Vec<Alarm>> {
    let request = cx.client().metrics.describe_alarms().parents_of_alarm_name(name);
    let pages: Vec<DescribeAlarmsOutput> = request.into_paginator().send().try_collect().await?;
    let names_it = |alarm: &Alarm| match alarm {
        Alarm::Composite(alarm) => {
            children(alarm.alarm_rule().unwrap_or_default()).iter().any(|child| child == name)
        }
        _ => false,
    };
    Ok(pages.into_iter().flat_map(all).filter(names_it).collect())
}
