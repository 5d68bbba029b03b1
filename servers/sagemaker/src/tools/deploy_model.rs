use std::collections::HashMap;

use aws_sdk_sagemaker::{
    operation::describe_endpoint::DescribeEndpointOutput,
    types::{
        Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, ContainerDefinition, DeploymentConfig,
        EndpointStatus, ProductionVariant, ProductionVariantInstanceType, ProductionVariantServerlessConfig,
        Tag, TrafficRoutingConfig, TrafficRoutingConfigType,
    },
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    SageMaker, arns, endpoints,
    jobs::gone,
    names::{EndpointName, ModelName, PackageArn, RoleArn},
    scope,
};

/// Puts a model behind an endpoint, new or existing, and waits until it answers. What fails is taken back.
///
/// The model exists (`model`), or is made from `image` with `data`, or from a `package`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeployModel {
    endpoint: EndpointName,
    model: Option<ModelName>,
    image: Option<String>,
    /// s3://bucket/model.tar.gz
    data: Option<String>,
    package: Option<PackageArn>,
    /// ARN; a new model needs it.
    role: Option<RoleArn>,
    #[serde(default)]
    environment: HashMap<String, String>,
    /// Such as ml.m5.large; or `serverless_memory_mb`.
    instance_type: Option<String>,
    /// Default 1.
    #[schemars(range(min = 1))]
    instances: Option<i32>,
    #[schemars(range(min = 1024, max = 6144))]
    serverless_memory_mb: Option<i32>,
    /// Default 5.
    #[schemars(range(min = 1))]
    serverless_concurrency: Option<i32>,
    /// Alarms that roll an update back.
    #[serde(default)]
    rollback_alarms: Vec<String>,
    #[serde(default)]
    tags: HashMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deployed {
    endpoint: String,
    outcome: &'static str,
    status: String,
    config: String,
    model: String,
    /// Of the configuration that was replaced.
    previous_config: Option<String>,
}

/// What this call made, in the order it was made.
#[derive(Default)]
struct Made {
    model: Option<String>,
    config: Option<String>,
    endpoint: Option<String>,
}

const VARIANT: &str = "AllTraffic";

impl Change for DeployModel {
    type Service = SageMaker;
    type Output = One<Deployed>;
    type Items = ();
    const SPEC: Spec = Spec::write("deploy_model", "Deploy model")
        .on(
            arns::ENDPOINT,
            &[
                "sagemaker:DescribeEndpoint",
                "sagemaker:CreateEndpoint",
                "sagemaker:UpdateEndpoint",
                "sagemaker:DeleteEndpoint",
            ],
        )
        .on(arns::ENDPOINT_CONFIGS, &["sagemaker:CreateEndpointConfig", "sagemaker:DeleteEndpointConfig"])
        .on(arns::ENDPOINT_LOGS, &["logs:DescribeLogStreams"])
        .on(arns::ENDPOINT_LOG_STREAMS, &["logs:GetLogEvents"])
        .when("model")
        .on(arns::MODEL, &["sagemaker:DescribeModel"])
        .when("package")
        .on(arns::MODEL_PACKAGE, &["sagemaker:DescribeModelPackage"])
        .when("role")
        .on(arns::ENDPOINT_MODELS, &["sagemaker:CreateModel", "sagemaker:DeleteModel"])
        .on(arns::ROLE, &["iam:PassRole"])
        .when("tags")
        .on(arns::ENDPOINT, &["sagemaker:AddTags"])
        .on(arns::ENDPOINT_CONFIGS, &["sagemaker:AddTags"])
        .when("tags and role")
        .on(arns::ENDPOINT_MODELS, &["sagemaker:AddTags"])
        .minutes(60);

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan> {
        let endpoint = self.endpoint.as_str();
        self.check()?;
        self.known(cx).await?;
        let before = endpoints::existing(cx, endpoint).await?;
        let on = self.machines();
        let what = match (&self.model, &self.package, &self.image) {
            (Some(model), ..) => format!("the model {model}"),
            (_, Some(package), _) => format!("a new model of package version {package}"),
            (.., image) => format!("a new model of {}", image.as_deref().unwrap_or_default()),
        };
        let mut plan = match &before {
            None => Plan::new(format!(
                "create the endpoint {endpoint} with {what} on {on}; it bills until it is deleted"
            )),
            Some(before) => {
                steady(endpoint, before)?;
                let config = before.endpoint_config_name.as_deref().unwrap_or_default();
                let plan = Plan::new(format!(
                    "replace what the endpoint {endpoint} runs (now {config}) by {what} on {on}"
                ))
                .warning(
                    "all its variants are replaced by one; the old machines bill until the new ones answer",
                );
                if self.rollback_alarms.is_empty() {
                    plan.warning("no alarm rolls it back: only a model that does not start does")
                } else {
                    plan
                }
            }
        };
        if before.is_none() && !self.rollback_alarms.is_empty() {
            plan = plan.warning("`rollback_alarms` say nothing of a new endpoint");
        }
        let config = before.and_then(|before| before.endpoint_config_name);
        Ok(plan.state(json!({"config": config})))
    }

    async fn apply(self, (): (), cx: &Call<SageMaker>) -> Result<Self::Output> {
        let endpoint = self.endpoint.as_str().to_owned();
        self.check()?;
        let before = endpoints::existing(cx, &endpoint).await?;
        if let Some(before) = &before {
            steady(&endpoint, before)?;
        }
        let mut made = Made::default();
        match self.deploy(cx, &endpoint, before.as_ref(), &mut made).await {
            Ok(done) => Ok(One(done)),
            Err(error) => Err(taken_back(cx, error, made).await),
        }
    }
}

impl DeployModel {
    /// What can be told without asking AWS.
    fn check(&self) -> Result<()> {
        let good = r#"good ones are {"endpoint":"e","model":"m","instance_type":"ml.m5.large"} and {"endpoint":"e","image":"...","data":"s3://b/model.tar.gz","role":"arn:aws:iam::123456789012:role/sagemaker","serverless_memory_mb":2048}"#;
        let wrong = |what: &str| Err(Error::invalid(what.to_owned()).with_next(good));
        let sources = [self.model.is_some(), self.image.is_some(), self.package.is_some()];
        if sources.iter().filter(|given| **given).count() != 1 {
            return wrong("give exactly one of `model`, `image` and `package`");
        }
        if self.model.is_some()
            && (self.data.is_some() || self.role.is_some() || !self.environment.is_empty())
        {
            return wrong("`data`, `role` and `environment` are of a new model: leave them out, or `model`");
        }
        if self.model.is_none() && self.role.is_none() {
            return wrong("a new model needs a `role`");
        }
        if self.package.is_some() && self.data.is_some() {
            return wrong("a package brings its own data: leave `data` out");
        }
        match (&self.instance_type, self.serverless_memory_mb) {
            (Some(_), None) | (None, Some(_)) => {}
            _ => return wrong("give either `instance_type` or `serverless_memory_mb`"),
        }
        if self.serverless_memory_mb.is_some() && self.instances.is_some() {
            return wrong("what is serverless has no `instances`");
        }
        Ok(())
    }

    /// Whether what is to be deployed exists.
    async fn known(&self, cx: &Call<SageMaker>) -> Result<()> {
        let client = &cx.client().sagemaker;
        if let Some(model) = &self.model {
            let sent = client.describe_model().model_name(model.as_str()).send().await;
            sent.map_err(|error| gone(Error::from(error)))?;
        }
        if let Some(package) = &self.package {
            let sent = client.describe_model_package().model_package_name(package.as_str()).send().await;
            let found = sent.map_err(|error| gone(Error::from(error)))?;
            if let Some(approval) = found.model_approval_status
                && approval.as_str() != "Approved"
            {
                return Err(Error::conflict(format!("the package is {approval}"))
                    .with_next("approve_model approves it; only what is approved can be deployed"));
            }
        }
        Ok(())
    }

    fn machines(&self) -> String {
        match (&self.instance_type, self.serverless_memory_mb) {
            (Some(instance), _) => format!("{} x {instance}", self.instances.unwrap_or(1)),
            (None, memory) => format!("{} MB serverless", memory.unwrap_or_default()),
        }
    }

    async fn deploy(
        &self,
        cx: &Call<SageMaker>,
        endpoint: &str,
        before: Option<&DescribeEndpointOutput>,
        made: &mut Made,
    ) -> Result<Deployed> {
        let client = &cx.client().sagemaker;
        // Names must be new each time, and say what they belong to.
        let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let short: String = endpoint.chars().take(63 - 1 - stamp.len()).collect();
        let fresh = format!("{}-{stamp}", short.trim_end_matches('-'));
        // The name of a long endpoint is cut: what is made is asked for as it will be called.
        let named = [("answer.config", fresh.as_str()), ("answer.model", &fresh)];
        scope::may(cx, "sagemaker:CreateEndpointConfig", arns::CONFIG_OF_ENDPOINT, &named).await?;
        let model = match &self.model {
            Some(model) => model.as_str().to_owned(),
            None => {
                scope::may(cx, "sagemaker:CreateModel", arns::MODEL_OF_ENDPOINT, &named).await?;
                let container = ContainerDefinition::builder()
                    .set_image(self.image.clone())
                    .set_model_data_url(self.data.clone())
                    .set_model_package_name(self.package.as_ref().map(|package| package.as_str().to_owned()))
                    .set_environment(
                        Some(self.environment.clone()).filter(|environment| !environment.is_empty()),
                    )
                    .build();
                client
                    .create_model()
                    .model_name(&fresh)
                    .primary_container(container)
                    .set_execution_role_arn(self.role.as_ref().map(|role| role.as_str().to_owned()))
                    .set_tags(self.tags())
                    .send()
                    .await?;
                made.model = Some(fresh.clone());
                fresh.clone()
            }
        };
        client
            .create_endpoint_config()
            .endpoint_config_name(&fresh)
            .production_variants(self.variant(&model))
            .set_tags(self.tags())
            .send()
            .await?;
        made.config = Some(fresh.clone());
        match before {
            None => {
                client
                    .create_endpoint()
                    .endpoint_name(endpoint)
                    .endpoint_config_name(&fresh)
                    .set_tags(self.tags())
                    .send()
                    .await?;
                made.endpoint = Some(endpoint.to_owned());
            }
            Some(_) => {
                client
                    .update_endpoint()
                    .endpoint_name(endpoint)
                    .endpoint_config_name(&fresh)
                    .set_deployment_config(self.deployment())
                    .send()
                    .await?;
            }
        }
        let now = endpoints::settled(cx, endpoint).await?;
        let status = now.endpoint_status.as_ref().map(ToString::to_string).unwrap_or_default();
        if now.endpoint_status == Some(EndpointStatus::UpdateRollbackFailed) {
            // It still runs on both configurations.
            *made = Made::default();
        }
        let is_new = now.endpoint_config_name.as_deref() == Some(fresh.as_str());
        if now.endpoint_status != Some(EndpointStatus::InService) || !is_new {
            return Err(self.failure(cx, endpoint, &now, &status).await);
        }
        Ok(Deployed {
            endpoint: endpoint.to_owned(),
            outcome: if before.is_none() { "created" } else { "updated" },
            status,
            config: fresh,
            model,
            previous_config: before.and_then(|before| before.endpoint_config_name.clone()),
        })
    }

    /// Why it does not answer, with the last that its container wrote.
    async fn failure(
        &self,
        cx: &Call<SageMaker>,
        endpoint: &str,
        now: &DescribeEndpointOutput,
        status: &str,
    ) -> Error {
        const LINES: usize = 20;
        let why = now.failure_reason.as_deref().unwrap_or("AWS gave no reason");
        let what =
            if status == "InService" { "AWS rolled the update back" } else { "the endpoint does not start" };
        let mut text = format!("{what} ({status}): {why}");
        match endpoints::last_lines(cx, endpoint, LINES).await {
            Ok(lines) if !lines.is_empty() => {
                text.push_str(&format!("; its log ends: {}", lines.join(" | ")))
            }
            Ok(_) => {}
            Err(error) => text.push_str(&format!("; its log cannot be read: {error}")),
        }
        Error::conflict(text).with_next("mend what the log or the reason names, then deploy again")
    }

    fn variant(&self, model: &str) -> ProductionVariant {
        let variant =
            ProductionVariant::builder().variant_name(VARIANT).model_name(model).initial_variant_weight(1.0);
        match (&self.instance_type, self.serverless_memory_mb) {
            (Some(instance), _) => variant
                .instance_type(ProductionVariantInstanceType::from(instance.as_str()))
                .initial_instance_count(self.instances.unwrap_or(1)),
            (None, memory) => variant.serverless_config(
                ProductionVariantServerlessConfig::builder()
                    .set_memory_size_in_mb(memory)
                    .max_concurrency(self.serverless_concurrency.unwrap_or(5))
                    .build(),
            ),
        }
        .build()
    }

    fn deployment(&self) -> Option<DeploymentConfig> {
        if self.rollback_alarms.is_empty() {
            return None;
        }
        let alarms =
            self.rollback_alarms.iter().map(|name| Alarm::builder().alarm_name(name).build()).collect();
        let traffic = TrafficRoutingConfig::builder()
            .r#type(TrafficRoutingConfigType::AllAtOnce)
            .wait_interval_in_seconds(300);
        let policy = BlueGreenUpdatePolicy::builder().traffic_routing_configuration(traffic.build());
        Some(
            DeploymentConfig::builder()
                .blue_green_update_policy(policy.build())
                .auto_rollback_configuration(AutoRollbackConfig::builder().set_alarms(Some(alarms)).build())
                .build(),
        )
    }

    fn tags(&self) -> Option<Vec<Tag>> {
        let tags: Vec<Tag> =
            self.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        Some(tags).filter(|tags| !tags.is_empty())
    }
}

/// # Errors
/// When another change is under way.
fn steady(endpoint: &str, now: &DescribeEndpointOutput) -> Result<()> {
    match &now.endpoint_status {
        Some(EndpointStatus::InService) => Ok(()),
        Some(EndpointStatus::Failed) => {
            Err(Error::conflict(format!("the endpoint {endpoint} has failed: it cannot be updated"))
                .with_next("delete_endpoint removes it; then deploy again"))
        }
        other => {
            let status = other.as_ref().map_or("being changed", EndpointStatus::as_str);
            Err(Error::conflict(format!("the endpoint {endpoint} is {status}"))
                .with_next("wait until it is InService"))
        }
    }
}

/// Deletes what was made, last first, and says what is left.
async fn taken_back(cx: &Call<SageMaker>, mut error: Error, made: Made) -> Error {
    let client = &cx.client().sagemaker;
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    if let Some(name) = &made.endpoint {
        let done = client.delete_endpoint().endpoint_name(name).send().await.map_err(Error::from);
        note(&mut gone, &mut left, "endpoint", name, done.map(drop));
    }
    if let Some(name) = &made.config {
        let done =
            client.delete_endpoint_config().endpoint_config_name(name).send().await.map_err(Error::from);
        note(&mut gone, &mut left, "configuration", name, done.map(drop));
    }
    if let Some(name) = &made.model {
        let done = client.delete_model().model_name(name).send().await.map_err(Error::from);
        note(&mut gone, &mut left, "model", name, done.map(drop));
    }
    if !gone.is_empty() {
        error.message = format!("{} (taken back: {})", error.message, gone.join(", "));
    }
    if !left.is_empty() {
        error.message = format!("{} (left behind: {})", error.message, left.join("; "));
    }
    error
}

fn note(gone: &mut Vec<String>, left: &mut Vec<String>, what: &str, name: &str, done: Result<()>) {
    match done {
        Ok(()) => gone.push(format!("{what} {name}")),
        Err(error) if error.kind == Kind::NotFound => {}
        Err(error) => left.push(format!("{what} {name}, since {error}")),
    }
}
