use aws_sdk_sagemaker::{
    operation::describe_model::DescribeModelOutput,
    types::{ModelSortKey, ModelSummary, OrderKey},
};
use awsmcp_mcp::{Call, Error, Kind, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::last_part};

/// Lists models, newest first. Packages of the registry: `list_model_packages`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListModels {
    /// Anywhere in the name.
    name: Option<String>,
    /// Also image, data and role, with a request for each row.
    #[serde(default)]
    details: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    created: Option<String>,
    image: Option<String>,
    data: Option<String>,
    package: Option<String>,
    role: Option<String>,
    /// Where there are several, of which the first is shown.
    containers: Option<usize>,
}

impl Tool for ListModels {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_models", "List models")
        .on("*", &["sagemaker:ListModels"])
        .when("details")
        .on("*", &["sagemaker:DescribeModel"])
        .rows(arns::EACH_MODEL)
        .regional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        const AT_ONCE: usize = 5;
        let out = cx
            .client()
            .sagemaker
            .list_models()
            .set_name_contains(self.name)
            .sort_by(ModelSortKey::CreationTime)
            .sort_order(OrderKey::Descending)
            .max_results(cx.page_size().min(100))
            .set_next_token(cx.token())
            .send()
            .await?;
        let rows = out.models.unwrap_or_default().into_iter().map(Row::new);
        if !self.details {
            return Ok(cx.page(rows, out.next_token));
        }
        let rows: Vec<Option<Row>> = stream::iter(rows.map(|row| async move {
            let sent = cx.client().sagemaker.describe_model().model_name(&row.name).send().await;
            match sent.map_err(|error| gone(Error::from(error))) {
                Ok(found) => Ok(Some(row.with(&found))),
                // It went since it was listed.
                Err(error) if error.kind == Kind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
        Ok(cx.page(rows.into_iter().flatten(), out.next_token))
    }
}

impl Row {
    fn new(model: ModelSummary) -> Row {
        Row {
            name: model.model_name.unwrap_or_default(),
            created: model.creation_time.as_ref().map(utc_second),
            image: None,
            data: None,
            package: None,
            role: None,
            containers: None,
        }
    }

    /// Of several containers the first; how many there are is told.
    fn with(mut self, model: &DescribeModelOutput) -> Row {
        self.containers = model.containers.as_ref().map(Vec::len).filter(|count| *count > 1);
        let container = model.primary_container.as_ref().or_else(|| model.containers.as_ref()?.first());
        if let Some(container) = container {
            self.image = container.image.clone();
            self.data = container
                .model_data_url
                .clone()
                .or_else(|| container.model_data_source.as_ref()?.s3_data_source.as_ref()?.s3_uri.clone());
            self.package = container.model_package_name.clone();
        }
        self.role = model.execution_role_arn.as_deref().map(|arn| last_part(arn).to_owned());
        self
    }
}
