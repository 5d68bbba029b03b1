use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    names::ScheduleName,
    schedules::{describe, seen, words},
};

/// Deletes a monitoring schedule; what its runs found stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteMonitor {
    schedule: ScheduleName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

impl Change for DeleteMonitor {
    type Service = SageMaker;
    type Output = One<Deleted>;
    /// The status that was seen, and when it was last changed.
    type Items = (String, Option<i64>);
    const SPEC: Spec = Spec::destroy("delete_monitor", "Delete monitor")
        .shown_by("list_monitors")
        .on(arns::SCHEDULE, &["sagemaker:DescribeMonitoringSchedule", "sagemaker:DeleteMonitoringSchedule"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.schedule.as_str();
        let now = describe(cx, name).await?;
        let seen = seen(&now);
        let plan =
            Plan::new(format!("delete the monitoring schedule {name}{}, which is {}", words(&now), seen.0));
        let config = now.monitoring_schedule_config.as_ref();
        let definition = config.and_then(|config| config.monitoring_job_definition_name.as_deref());
        let plan = match definition {
            Some(definition) => plan.warning(format!("it runs no more; its definition {definition} stays")),
            None => plan.warning("it runs no more, and what its runs are made of is lost for good"),
        };
        Ok(plan.items(seen))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.schedule.as_str();
        if seen(&describe(cx, name).await?) != items {
            return Err(moved(&format!("the monitoring schedule {name}")));
        }
        cx.client().sagemaker.delete_monitoring_schedule().monitoring_schedule_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}
