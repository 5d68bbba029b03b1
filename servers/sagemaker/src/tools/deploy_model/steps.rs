//! What a deployment makes, in order, and what becomes of it when a later step fails.

use aws_sdk_sagemaker::{
    operation::{create_endpoint_config::CreateEndpointConfigInput, create_model::CreateModelInput},
    types::{DeploymentConfig, EndpointStatus, VariantProperty, VariantPropertyType},
};
use awsmcp_mcp::{Call, Error, Kind, Result, patched};
use serde_json::{Value, json};

use super::{DeployModel, Items};
use crate::{
    SageMaker,
    endpoints::{self, Settled},
    shape,
};

/// What this call made, in the order it was made.
#[derive(Debug, Default)]
pub(super) struct Made {
    model: Option<String>,
    config: Option<String>,
    /// Only one that is new.
    endpoint: Option<String>,
    /// What was asked for and may be there, since AWS's answer was lost.
    unknown: Option<String>,
}

/// Whether AWS, or this server, said no, so that nothing came of the request.
fn is_refusal(error: &Error) -> bool {
    error.kind == Kind::Refused || error.status.is_some_and(|status| (400..500).contains(&status))
}

impl Made {
    fn asked<T>(&mut self, what: &str, name: &str, done: Result<T>) -> Result<T> {
        if let Err(error) = &done
            && !is_refusal(error)
        {
            self.unknown = Some(format!("{what} {name}"));
        }
        done
    }

    /// What there is, in words.
    pub(super) fn words(&self) -> String {
        let parts = [("model", &self.model), ("configuration", &self.config), ("endpoint", &self.endpoint)];
        let parts = parts.iter().filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?)));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The error with what is there now: what is left alone, and whose state is not known.
    pub(super) fn left(self, endpoint: &str, mut error: Error) -> Error {
        let words = self.words();
        if !words.is_empty() {
            error.message = format!("{}; made and left alone: {words}", error.message);
        }
        if let Some(unknown) = &self.unknown {
            error.message = format!("{}; whether there is now the {unknown} is not known", error.message);
        }
        error.with_next(format!("describe_endpoint {endpoint} shows what it runs and where it stands"))
    }

    /// Deletes what was made, last first, and says what is left. Only for what nothing uses: after a refusal, or once AWS
    /// said that the endpoint does not run on it.
    pub(super) async fn taken_back(self, cx: &Call<SageMaker>, mut error: Error) -> Error {
        let client = &cx.client().sagemaker;
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        if let Some(name) = &self.endpoint {
            let done = client.delete_endpoint().endpoint_name(name).send().await.map_err(Error::from);
            if note(&mut gone, &mut left, "endpoint", name, done.map(drop)) {
                error.undone.extend(["CreateEndpoint", "DeleteEndpoint"].map(str::to_owned));
            }
        }
        if let Some(name) = &self.config {
            let done = client.delete_endpoint_config().endpoint_config_name(name).send().await;
            if note(&mut gone, &mut left, "configuration", name, done.map(drop).map_err(Error::from)) {
                error.undone.extend(["CreateEndpointConfig", "DeleteEndpointConfig"].map(str::to_owned));
            }
        }
        if let Some(name) = &self.model {
            let done = client.delete_model().model_name(name).send().await.map_err(Error::from);
            if note(&mut gone, &mut left, "model", name, done.map(drop)) {
                error.undone.extend(["CreateModel", "DeleteModel"].map(str::to_owned));
            }
        }
        if !gone.is_empty() {
            error.message = format!("{} (taken back: {})", error.message, gone.join(", "));
        }
        if !left.is_empty() {
            error.message = format!("{} (left behind: {})", error.message, left.join("; "));
        }
        error
    }

    /// After an error of one of the steps: what was made goes where AWS refused the next step, and stays where it is not
    /// known what became of that.
    pub(super) async fn after(self, cx: &Call<SageMaker>, endpoint: &str, error: Error) -> Error {
        if self.unknown.is_some() {
            return self.left(endpoint, error);
        }
        self.taken_back(cx, error).await
    }
}

/// Notes what became of a deletion, and answers whether the thing is gone.
fn note(gone: &mut Vec<String>, left: &mut Vec<String>, what: &str, name: &str, done: Result<()>) -> bool {
    match done {
        Ok(()) => gone.push(format!("{what} {name}")),
        Err(error) if crate::jobs::gone(error.clone()).kind == Kind::NotFound => {}
        Err(error) => {
            left.push(format!("{what} {name}, since {error}"));
            return false;
        }
    }
    true
}

impl DeployModel {
    /// What was asked for anew, so that it is not kept as it is.
    fn excluded(&self) -> Option<Vec<VariantProperty>> {
        let own = |field: &str| self.variant_settings.0.contains_key(field);
        let excluded = [
            (
                VariantPropertyType::DesiredInstanceCount,
                self.instances.is_some() || own("InitialInstanceCount"),
            ),
            (VariantPropertyType::DesiredWeight, own("InitialVariantWeight")),
            (VariantPropertyType::DataCaptureConfig, self.settings.0.contains_key("DataCaptureConfig")),
        ];
        let excluded: Vec<VariantProperty> = excluded
            .into_iter()
            .filter(|(_, is_new)| *is_new)
            .map(|(property, _)| VariantProperty::builder().variant_property_type(property).build())
            .collect();
        Some(excluded).filter(|excluded| !excluded.is_empty())
    }

    /// Makes the model, where it is new, and the configuration, and puts it behind the endpoint. Answers the model's name.
    ///
    /// # Errors
    /// The first that AWS refused, or whose answer was lost; `made` tells what is there then.
    pub(super) async fn begin(
        &self,
        cx: &Call<SageMaker>,
        items: &Items,
        fresh: &str,
        made: &mut Made,
    ) -> Result<String> {
        let client = &cx.client().sagemaker;
        let model = match &items.new_model {
            None => self.model.as_ref().map(ToString::to_string).unwrap_or_default(),
            Some(request) => {
                let request = patched(request.clone(), &json!({"ModelName": fresh}));
                let input = shape::strict(&request, CreateModelInput::deserialize)?;
                let sent = client.create_model().customize().interceptor(shape::Filled(input)).send().await;
                made.asked("model", fresh, sent.map_err(Error::from))?;
                made.model = Some(fresh.to_owned());
                fresh.to_owned()
            }
        };
        let config = items.with_names(fresh, &model);
        let input = shape::strict(&config, CreateEndpointConfigInput::deserialize)?;
        let sent = client.create_endpoint_config().customize().interceptor(shape::Filled(input)).send().await;
        made.asked("configuration", fresh, sent.map_err(Error::from))?;
        made.config = Some(fresh.to_owned());
        let endpoint = self.endpoint.as_str();
        if items.before.is_none() {
            let request = client.create_endpoint().endpoint_name(endpoint).endpoint_config_name(fresh);
            let sent = request.set_tags(self.tags()).send().await;
            made.asked("endpoint", endpoint, sent.map_err(Error::from))?;
            made.endpoint = Some(endpoint.to_owned());
        } else {
            let deployment = items.deployment.as_ref();
            let deployment = deployment.map(|way| shape::strict(way, DeploymentConfig::deserialize));
            let sent = client
                .update_endpoint()
                .endpoint_name(endpoint)
                .endpoint_config_name(fresh)
                .set_deployment_config(deployment.transpose()?)
                .set_retain_deployment_config(items.retains_deployment.then_some(true))
                // What scales by itself may have other numbers by now.
                .set_retain_all_variant_properties(items.retains.then_some(true))
                .set_exclude_retained_variant_properties(self.excluded().filter(|_| items.retains))
                .send()
                .await;
            made.asked("update of the endpoint", endpoint, sent.map_err(Error::from))?;
        }
        Ok(model)
    }

    /// Why it does not answer, with the last that its container wrote.
    pub(super) async fn failure(
        &self,
        cx: &Call<SageMaker>,
        endpoint: &str,
        settled: &Settled,
        status: &str,
    ) -> Error {
        const LINES: usize = 20;
        let why = settled.now.failure_reason.as_deref().unwrap_or("AWS gave no reason");
        let what = match status {
            "InService" if !settled.has_moved => "AWS took the update, and the endpoint does not show it",
            "InService" => "AWS rolled the update back",
            "Failed" => "the endpoint does not start",
            _ => "the endpoint is neither on the old configuration nor on the new one",
        };
        let mut text = format!("{what} ({status}): {why}");
        match endpoints::last_lines(cx, &endpoints::log_group(endpoint), LINES).await {
            Ok(lines) if !lines.is_empty() => {
                text.push_str(&format!("; its log ends: {}", lines.join(" | ")))
            }
            Ok(_) => {}
            Err(error) => text.push_str(&format!("; its log cannot be read: {error}")),
        }
        Error::conflict(text).with_next(endpoints::cure(why))
    }
}

/// Whether AWS told that the endpoint does not run on the new configuration and will not.
pub(super) fn has_failed(settled: &Settled, fresh: &str, is_new: bool) -> bool {
    let now = &settled.now;
    let is_on_it = now.endpoint_config_name.as_deref() == Some(fresh);
    match &now.endpoint_status {
        Some(EndpointStatus::Failed) => is_new || !is_on_it,
        Some(EndpointStatus::InService) => !is_on_it && settled.has_moved,
        _ => false,
    }
}

/// The request of a new model, without its name.
///
/// # Errors
/// When AWS knows no such field of a model.
pub(super) fn new_model(tool: &DeployModel) -> Result<Option<Value>> {
    if tool.model.is_some() || tool.for_components {
        return Ok(None);
    }
    let mut container = json!({});
    for (field, value) in [
        ("Image", tool.image.clone()),
        ("ModelPackageName", tool.package.as_ref().map(|package| package.as_str().to_owned())),
    ] {
        if let Some(value) = value {
            container = patched(container, &json!({field: value}));
        }
    }
    if let Some(data) = &tool.data {
        container = patched(container, &from_s3(data));
    }
    if !tool.environment.is_empty() {
        container = patched(container, &json!({"Environment": tool.environment}));
    }
    let mut request = json!({"PrimaryContainer": container});
    if let Some(role) = &tool.role {
        request = patched(request, &json!({"ExecutionRoleArn": role.as_str()}));
    }
    if !tool.tags.is_empty() {
        request = patched(request, &json!({"Tags": tool.tags_json()}));
    }
    let request = patched(request, &Value::Object(tool.model_settings.0.clone()));
    let named = patched(request.clone(), &json!({"ModelName": "m"}));
    shape::strict(&named, CreateModelInput::deserialize)?;
    Ok(Some(request))
}

/// Where a container has its model from: an archive, or a folder of files as they are.
fn from_s3(data: &str) -> Value {
    if !data.ends_with('/') {
        return json!({"ModelDataUrl": data});
    }
    let source = json!({"S3Uri": data, "S3DataType": "S3Prefix", "CompressionType": "None"});
    json!({"ModelDataSource": {"S3DataSource": source}})
}
