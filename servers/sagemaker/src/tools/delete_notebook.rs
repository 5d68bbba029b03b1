use aws_sdk_sagemaker::operation::describe_notebook_instance::DescribeNotebookInstanceOutput;
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::NotebookName};

/// Deletes a stopped notebook instance with its disk and all files on it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteNotebook {
    notebook: NotebookName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

impl Change for DeleteNotebook {
    type Service = SageMaker;
    type Output = One<Deleted>;
    /// When it was made, and its status.
    type Items = (Option<i64>, String);
    const SPEC: Spec = Spec::destroy("delete_notebook", "Delete notebook")
        .shown_by("list_notebooks")
        .on(arns::NOTEBOOK, &["sagemaker:DescribeNotebookInstance", "sagemaker:DeleteNotebookInstance"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.notebook.as_str();
        let found = describe(cx, name).await?;
        let (created, status) = seen(&found);
        if !["Stopped", "Failed"].contains(&status.as_str()) {
            return Err(Error::conflict(format!(
                "the notebook {name} is {status}; only a stopped one can be deleted"
            ))
            .with_next("set_notebook with state=stopped stops it"));
        }
        let size = found.volume_size_in_gb.map(|size| format!(" of {size} GB")).unwrap_or_default();
        let plan = Plan::new(format!("delete the notebook {name} with its disk{size}"))
            .warning("all files on it are lost for good, notebooks included");
        Ok(plan.items((created, status)))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.notebook.as_str();
        // Its name may be another's by now, or it may run.
        if seen(&describe(cx, name).await?) != items {
            return Err(moved(&format!("the notebook {name}")));
        }
        cx.client().sagemaker.delete_notebook_instance().notebook_instance_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}

fn seen(notebook: &DescribeNotebookInstanceOutput) -> (Option<i64>, String) {
    let status = notebook.notebook_instance_status.as_ref().map(ToString::to_string);
    (notebook.creation_time.as_ref().map(DateTime::secs), status.unwrap_or_default())
}

async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribeNotebookInstanceOutput> {
    let sent = cx.client().sagemaker.describe_notebook_instance().notebook_instance_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}
