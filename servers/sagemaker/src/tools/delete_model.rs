use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

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
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_model", "Delete model")
        .on(arns::MODEL, &["sagemaker:DescribeModel", "sagemaker:DeleteModel"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let name = self.model.as_str();
        let sent = cx.client().sagemaker.describe_model().model_name(name).send().await;
        let found = sent.map_err(|error| gone(Error::from(error)))?;
        let image = found.primary_container.as_ref().and_then(|container| container.image.clone());
        let of = image.map(|image| format!(" of {image}")).unwrap_or_default();
        let plan = Plan::new(format!("delete the model {name}{of}"))
            .warning("endpoints that run it go on, but can no longer be updated, scaled or repaired with it");
        Ok(plan.state(json!({"arn": found.model_arn})))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.model.as_str();
        cx.client().sagemaker.delete_model().model_name(name).send().await?;
        Ok(One(Deleted { deleted: name.to_owned() }))
    }
}
