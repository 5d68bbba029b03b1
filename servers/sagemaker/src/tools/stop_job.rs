use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns, fields,
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

/// The job that was found.
#[derive(Serialize)]
pub(crate) struct Item {
    kind: Kind,
    name: String,
    /// A job of the same name may have been made since.
    created: Option<i64>,
    is_over: bool,
}

impl Change for StopJob {
    type Service = SageMaker;
    type Output = One<Stopped>;
    type Items = Item;
    const SPEC: Spec = Spec::write("stop_job", "Stop job")
        .shown_by("describe_job")
        .on(arns::JOB, jobs::FIND)
        .on(arns::JOB, jobs::STOP)
        .idempotent();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Item>> {
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
        let item = Item { kind, name: name.clone(), created: created(&found), is_over: found.is_over() };
        // Hours of work may end with it.
        Ok(if item.is_over { plan.items(item) } else { plan.ask().items(item) })
    }

    async fn apply(self, item: Item, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let described = jobs::describe(cx, item.kind, &item.name).await?;
        let found = jobs::Found { kind: item.kind, name: item.name, described };
        if created(&found) != item.created {
            return Err(moved(&format!("the {} job {}", found.kind, found.name)));
        }
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

fn created(found: &jobs::Found) -> Option<i64> {
    fields::time(&found.described, "/CreationTime")
}
