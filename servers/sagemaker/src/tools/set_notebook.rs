use aws_sdk_sagemaker::operation::describe_notebook_instance::DescribeNotebookInstanceOutput;
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    SageMaker, arns,
    jobs::gone,
    names::NotebookName,
    switch::{Done, State},
};

/// Starts or stops a notebook instance. Stopped it bills only for its disk.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetNotebook {
    notebook: NotebookName,
    state: State,
}

impl Change for SetNotebook {
    type Service = SageMaker;
    type Output = One<Done>;
    /// The status that was seen, and when it was last changed.
    type Items = (String, Option<i64>);
    const SPEC: Spec = Spec::write("set_notebook", "Set notebook")
        .shown_by("list_notebooks")
        .on(
            arns::NOTEBOOK,
            &[
                "sagemaker:DescribeNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
        )
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let now = describe(cx, self.notebook.as_str()).await?;
        let status = now.notebook_instance_status.as_ref().map(|status| status.as_str()).unwrap_or_default();
        let instance = now.instance_type.as_ref().map(|instance| instance.as_str()).unwrap_or_default();
        let name = &self.notebook;
        let plan = match self.state {
            State::Started if status == "InService" => {
                Plan::new(format!("nothing to do: {name} runs already"))
            }
            State::Stopped if status == "Stopped" => {
                Plan::new(format!("nothing to do: {name} is stopped already"))
            }
            State::Started => Plan::new(format!(
                "start the notebook {name} ({instance}), which is {status}; it bills while it runs"
            )),
            State::Stopped => Plan::new(format!("stop the notebook {name} ({instance}), which is {status}"))
                .warning("what runs in it ends, and files outside /home/ec2-user/SageMaker are lost")
                .ask(),
        };
        Ok(plan.items(seen(&now)))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.notebook.as_str();
        let client = &cx.client().sagemaker;
        if seen(&describe(cx, name).await?) != items {
            return Err(moved(&format!("the notebook {name}")));
        }
        match (self.state, items.0.as_str()) {
            (State::Started, "InService") | (State::Stopped, "Stopped") => {}
            (State::Started, _) => {
                drop(client.start_notebook_instance().notebook_instance_name(name).send().await?)
            }
            (State::Stopped, _) => {
                drop(client.stop_notebook_instance().notebook_instance_name(name).send().await?)
            }
        }
        let status = describe(cx, name).await?.notebook_instance_status.map(|status| status.to_string());
        Ok(One(Done { name: name.to_owned(), status }))
    }
}

fn seen(notebook: &DescribeNotebookInstanceOutput) -> (String, Option<i64>) {
    let status = notebook.notebook_instance_status.as_ref().map(ToString::to_string);
    (status.unwrap_or_default(), notebook.last_modified_time.as_ref().map(DateTime::secs))
}

async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribeNotebookInstanceOutput> {
    let sent = cx.client().sagemaker.describe_notebook_instance().notebook_instance_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}
