use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    names::ScheduleName,
    schedules::{describe, seen, words},
    switch::{Done, State},
};

/// Starts or stops a monitoring schedule. A run that is under way goes on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMonitor {
    schedule: ScheduleName,
    state: State,
}

impl Change for SetMonitor {
    type Service = SageMaker;
    type Output = One<Done>;
    /// The status that was seen, and when it was last changed.
    type Items = (String, Option<i64>);
    const SPEC: Spec = Spec::write("set_monitor", "Set monitor")
        .shown_by("list_monitors")
        .on(
            arns::SCHEDULE,
            &[
                "sagemaker:DescribeMonitoringSchedule",
                "sagemaker:StartMonitoringSchedule",
                "sagemaker:StopMonitoringSchedule",
            ],
        )
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.schedule.as_str();
        let now = describe(cx, name).await?;
        let (seen, about) = (seen(&now), words(&now));
        let status = seen.0.as_str();
        let plan = match self.state {
            State::Started if runs(status) => Plan::new(format!("nothing to do: {name} is {status}")),
            State::Stopped if status == "Stopped" => {
                Plan::new(format!("nothing to do: {name} is stopped already"))
            }
            State::Started => {
                Plan::new(format!("start the monitoring schedule {name}{about}, which is {status}"))
                    .warning("each of its runs is a processing job, whose machines bill")
            }
            State::Stopped => {
                Plan::new(format!("stop the monitoring schedule {name}{about}, which is {status}"))
                    .warning("what happens until it is started again is not looked at, nor is it later")
                    .ask()
            }
        };
        Ok(plan.items(seen))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.schedule.as_str();
        let client = &cx.client().sagemaker;
        if seen(&describe(cx, name).await?) != items {
            return Err(moved(&format!("the monitoring schedule {name}")));
        }
        match self.state {
            State::Started if runs(&items.0) => {}
            State::Stopped if items.0 == "Stopped" => {}
            State::Started => {
                drop(client.start_monitoring_schedule().monitoring_schedule_name(name).send().await?);
            }
            State::Stopped => {
                drop(client.stop_monitoring_schedule().monitoring_schedule_name(name).send().await?);
            }
        }
        let (status, _) = seen(&describe(cx, name).await?);
        Ok(One(Done { name: name.to_owned(), status: Some(status).filter(|status| !status.is_empty()) }))
    }
}

/// Whether it runs at its times, or will without more.
fn runs(status: &str) -> bool {
    ["Scheduled", "Pending"].contains(&status)
}
