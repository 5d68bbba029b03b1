use aws_sdk_sagemaker::types::{EndpointSortKey, EndpointStatus, EndpointSummary, OrderKey};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns};

/// Lists endpoints, newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEndpoints {
    /// Anywhere in the name.
    name: Option<String>,
    status: Option<Status>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    InService,
    Creating,
    Updating,
    RollingBack,
    Failed,
    OutOfService,
    UpdateRollbackFailed,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    status: Option<String>,
    created: Option<String>,
    modified: Option<String>,
}

impl Tool for ListEndpoints {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_endpoints", "List endpoints")
        .on("*", &["sagemaker:ListEndpoints"])
        .rows(arns::EACH_ENDPOINT)
        .regional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let out = cx
            .client()
            .sagemaker
            .list_endpoints()
            .set_name_contains(self.name)
            .set_status_equals(self.status.map(Status::sdk))
            .sort_by(EndpointSortKey::CreationTime)
            .sort_order(OrderKey::Descending)
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await?;
        Ok(cx.page(out.endpoints.unwrap_or_default().into_iter().map(Row::new), out.next_token))
    }
}

impl Row {
    fn new(endpoint: EndpointSummary) -> Row {
        Row {
            name: endpoint.endpoint_name.unwrap_or_default(),
            status: endpoint.endpoint_status.map(|status| status.to_string()),
            created: endpoint.creation_time.as_ref().map(utc_second),
            modified: endpoint.last_modified_time.as_ref().map(utc_second),
        }
    }
}

impl Status {
    fn sdk(self) -> EndpointStatus {
        match self {
            Status::InService => EndpointStatus::InService,
            Status::Creating => EndpointStatus::Creating,
            Status::Updating => EndpointStatus::Updating,
            Status::RollingBack => EndpointStatus::RollingBack,
            Status::Failed => EndpointStatus::Failed,
            Status::OutOfService => EndpointStatus::OutOfService,
            Status::UpdateRollbackFailed => EndpointStatus::UpdateRollbackFailed,
        }
    }
}
