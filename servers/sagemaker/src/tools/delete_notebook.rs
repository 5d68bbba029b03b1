use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

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
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_notebook", "Delete notebook")
        .on(arns::NOTEBOOK, &["sagemaker:DescribeNotebookInstance", "sagemaker:DeleteNotebookInstance"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let name = self.notebook.as_str();
        let sent =
            cx.client().sagemaker.describe_notebook_instance().notebook_instance_name(name).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let status = found.notebook_instance_status.map(|status| status.to_string()).unwrap_or_default();
        if !["Stopped", "Failed"].contains(&status.as_str()) {
            return Err(Error::conflict(format!(
                "the notebook {name} is {status}; only a stopped one can be deleted"
            ))
            .with_next("set_notebook with state=stopped stops it"));
        }
        let size = found.volume_size_in_gb.map(|size| format!(" of {size} GB")).unwrap_or_default();
        let plan = Plan::new(format!("delete the notebook {name} with its disk{size}"))
            .warning("all files on it are lost for good, notebooks included");
        Ok(plan.state(json!({"status": status})))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.notebook.as_str();
        cx.client().sagemaker.delete_notebook_instance().notebook_instance_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}
