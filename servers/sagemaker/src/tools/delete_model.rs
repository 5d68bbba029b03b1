use aws_sdk_sagemaker::operation::describe_model::DescribeModelOutput;
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::ModelName};

/// Deletes a model; its data in S3 stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteModel {
    model: ModelName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

impl Change for DeleteModel {
    type Service = SageMaker;
    type Output = One<Deleted>;
    /// When it was made.
    type Items = Option<i64>;
    const SPEC: Spec = Spec::destroy("delete_model", "Delete model")
        .shown_by("list_models")
        .on(arns::MODEL, &["sagemaker:DescribeModel", "sagemaker:DeleteModel"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let name = self.model.as_str();
        let found = describe(cx, name).await?;
        let image = found.primary_container.as_ref().and_then(|container| container.image.clone());
        let of = image.map(|image| format!(" of {image}")).unwrap_or_default();
        let plan = Plan::new(format!("delete the model {name}{of}"))
            .warning("endpoints that run it go on, but can no longer be updated, scaled or repaired with it");
        Ok(plan.items(found.creation_time.as_ref().map(DateTime::secs)))
    }

    async fn apply(self, made: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.model.as_str();
        // Its name may be another's by now.
        if describe(cx, name).await?.creation_time.as_ref().map(DateTime::secs) != made {
            return Err(moved(&format!("the model {name}")));
        }
        cx.client().sagemaker.delete_model().model_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}

async fn describe(cx: &Call<SageMaker>, name: &str) -> Result<DescribeModelOutput> {
    let sent = cx.client().sagemaker.describe_model().model_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}
