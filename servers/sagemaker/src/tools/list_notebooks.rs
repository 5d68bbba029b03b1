use aws_sdk_sagemaker::types::{
    NotebookInstanceSortKey, NotebookInstanceSortOrder, NotebookInstanceStatus, NotebookInstanceSummary,
};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns};

/// Lists notebook instances, newest first. Studio's apps are in `running_costs`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListNotebooks {
    /// Anywhere in the name.
    name: Option<String>,
    status: Option<Status>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    InService,
    Stopped,
    Pending,
    Failed,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    status: Option<String>,
    instance_type: Option<String>,
    created: Option<String>,
    modified: Option<String>,
}

impl Tool for ListNotebooks {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_notebooks", "List notebooks")
        .on("*", &["sagemaker:ListNotebookInstances"])
        .rows(arns::EACH_NOTEBOOK_INSTANCE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let out = cx
            .client()
            .sagemaker
            .list_notebook_instances()
            .set_name_contains(self.name)
            .set_status_equals(self.status.map(Status::sdk))
            .sort_by(NotebookInstanceSortKey::CreationTime)
            .sort_order(NotebookInstanceSortOrder::Descending)
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await?;
        Ok(cx.page(out.notebook_instances.unwrap_or_default().into_iter().map(Row::new), out.next_token))
    }
}

impl Row {
    fn new(notebook: NotebookInstanceSummary) -> Row {
        Row {
            name: notebook.notebook_instance_name.unwrap_or_default(),
            status: notebook.notebook_instance_status.map(|status| status.to_string()),
            instance_type: notebook.instance_type.map(|instance| instance.to_string()),
            created: notebook.creation_time.as_ref().map(utc_second),
            modified: notebook.last_modified_time.as_ref().map(utc_second),
        }
    }
}

impl Status {
    fn sdk(self) -> NotebookInstanceStatus {
        match self {
            Status::InService => NotebookInstanceStatus::InService,
            Status::Stopped => NotebookInstanceStatus::Stopped,
            Status::Pending => NotebookInstanceStatus::Pending,
            Status::Failed => NotebookInstanceStatus::Failed,
        }
    }
}
