use aws_sdk_sagemaker::operation::describe_mlflow_tracking_server::DescribeMlflowTrackingServerOutput;
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    jobs::gone,
    names::TrackingServerName,
    switch::{Done, State},
};

/// Starts or stops an MLflow tracking server, which takes some 20 minutes. Stopped it bills only for what it stores.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetMlflow {
    server: TrackingServerName,
    state: State,
}

impl Change for SetMlflow {
    type Service = SageMaker;
    type Output = One<Done>;
    /// The status that was seen, and when it was made.
    type Items = (String, Option<i64>);
    const SPEC: Spec = Spec::write("set_mlflow", "Set MLflow server")
        .shown_by("running_costs")
        .on(
            arns::TRACKING_SERVER,
            &[
                "sagemaker:DescribeMlflowTrackingServer",
                "sagemaker:StartMlflowTrackingServer",
                "sagemaker:StopMlflowTrackingServer",
            ],
        )
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.server.as_str();
        let now = describe(cx, name).await?;
        let size = now.tracking_server_size.as_ref().map(|size| size.as_str()).unwrap_or_default();
        let seen = seen(&now);
        let status = seen.0.as_str();
        let plan = match self.state {
            State::Started if runs(status) => Plan::new(format!("nothing to do: {name} is {status}")),
            State::Stopped if rests(status) => Plan::new(format!("nothing to do: {name} is {status}")),
            State::Started => Plan::new(format!(
                "start the MLflow server {name} ({size}), which is {status}; it bills by the hour while it runs"
            )),
            State::Stopped => Plan::new(format!("stop the MLflow server {name} ({size}), which is {status}"))
                .warning("jobs that log to it fail to; what it holds stays")
                .ask(),
        };
        Ok(plan.items(seen))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.server.as_str();
        let client = &cx.client().sagemaker;
        if seen(&describe(cx, name).await?) != items {
            return Err(moved(&format!("the MLflow server {name}")));
        }
        match self.state {
            State::Started if runs(&items.0) => {}
            State::Stopped if rests(&items.0) => {}
            State::Started => {
                drop(client.start_mlflow_tracking_server().tracking_server_name(name).send().await?)
            }
            State::Stopped => {
                drop(client.stop_mlflow_tracking_server().tracking_server_name(name).send().await?)
            }
        }
        let (status, _) = seen(&describe(cx, name).await?);
        Ok(One(Done { name: name.to_owned(), status: Some(status).filter(|status| !status.is_empty()) }))
    }
}

/// Whether it runs, or will without more.
fn runs(status: &str) -> bool {
    ["Created", "Creating", "Started", "Starting", "Updated", "MaintenanceComplete"].contains(&status)
}

fn rests(status: &str) -> bool {
    ["Stopped", "Stopping"].contains(&status)
}

fn seen(server: &DescribeMlflowTrackingServerOutput) -> (String, Option<i64>) {
    let status = server.tracking_server_status.as_ref().map(ToString::to_string);
    (status.unwrap_or_default(), server.creation_time.as_ref().map(DateTime::secs))
}

async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribeMlflowTrackingServerOutput> {
    let request = cx.client().sagemaker.describe_mlflow_tracking_server();
    let sent = request.tracking_server_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}
