use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    SageMaker, arns,
    jobs::{self, Kind},
    names::JobName,
};

/// Stops a running job. What it wrote so far stays; a training job has 120 seconds to save its model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopJob {
    job: JobName,
    kind: Option<Kind>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Stopped {
    kind: &'static str,
    name: String,
    status: String,
}

impl Change for StopJob {
    type Service = SageMaker;
    type Output = One<Stopped>;
    type Items = ();
    const SPEC: Spec =
        Spec::write("stop_job", "Stop job").on(arns::JOB, jobs::FIND).on(arns::JOB, jobs::STOP).idempotent();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let found = jobs::find(cx, self.kind, &self.job).await?;
        let (kind, name, status) = (found.kind, &found.name, found.status());
        let plan = if found.is_over() {
            Plan::new(format!("nothing to stop: the {kind} job {name} is {status}"))
        } else {
            let minutes = found.seconds().unwrap_or_default() / 60;
            Plan::new(format!("stop the {kind} job {name}, which is {status} since {minutes} min"))
        };
        let plan = match kind {
            Kind::Tuning if !found.is_over() => {
                plan.warning("the training jobs that it started are stopped with it")
            }
            Kind::Processing if !found.is_over() => {
                plan.warning("outputs that it uploads only at its end are lost")
            }
            _ => plan,
        };
        Ok(plan.state(json!({"kind": kind, "over": found.is_over()})))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let found = jobs::find(cx, self.kind, &self.job).await?;
        if found.is_over() {
            return Err(Error::conflict(format!(
                "the {} job {} is {} already",
                found.kind,
                found.name,
                found.status()
            )));
        }
        jobs::stop(cx, found.kind, &found.name).await?;
        let described = jobs::describe(cx, found.kind, &found.name).await?;
        let now = jobs::Found { described, ..found };
        Ok(One(Stopped { kind: now.kind.word(), status: now.status(), name: now.name }))
    }
}
