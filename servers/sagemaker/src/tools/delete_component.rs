use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::ComponentName};

/// Deletes an inference component: its copies end, and calls to it fail. Its endpoint, other components and model stay.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteComponent {
    component: ComponentName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
    endpoint: String,
}

/// A component as it was seen.
#[derive(PartialEq, Serialize)]
pub(crate) struct Item {
    endpoint: String,
    copies: Option<i32>,
    created: Option<i64>,
    modified: Option<i64>,
}

impl Change for DeleteComponent {
    type Service = SageMaker;
    type Output = One<Deleted>;
    type Items = Item;
    const SPEC: Spec = Spec::destroy("delete_component", "Delete component")
        .shown_by("describe_endpoint")
        .on(
            arns::INFERENCE_COMPONENT,
            &["sagemaker:DescribeInferenceComponent", "sagemaker:DeleteInferenceComponent"],
        )
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Item>> {
        let item = self.seen(cx).await?;
        let copies = item.copies.unwrap_or_default();
        let plan = Plan::new(format!(
            "delete the component {} of the endpoint {}, of which {copies} copies run",
            self.component, item.endpoint
        ))
        .warning("the endpoint's machines go on and bill; adapters that are based on it fail");
        Ok(plan.items(item))
    }

    async fn apply(self, item: Item, cx: &Call<SageMaker>) -> Result<Self::Output> {
        if self.seen(cx).await? != item {
            return Err(moved(&format!("the component {}", self.component)));
        }
        let name = self.component.as_str();
        cx.client().sagemaker.delete_inference_component().inference_component_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned(), endpoint: item.endpoint }))
    }
}

impl DeleteComponent {
    async fn seen(&self, cx: &Call<SageMaker>) -> Result<Item> {
        let name = self.component.as_str();
        let sent =
            cx.client().sagemaker.describe_inference_component().inference_component_name(name).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        Ok(Item {
            endpoint: found.endpoint_name.unwrap_or_default(),
            copies: found.runtime_config.and_then(|config| config.current_copy_count),
            created: found.creation_time.as_ref().map(DateTime::secs),
            modified: found.last_modified_time.as_ref().map(DateTime::secs),
        })
    }
}
