mod rollout;
mod settings;
mod steps;

use std::collections::BTreeMap;

use aws_sdk_sagemaker::{
    operation::describe_endpoint::DescribeEndpointOutput,
    types::{EndpointStatus, Tag},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, Waited, moved, patched};
use awsmcp_operations::prices;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::{rollout::alarms, settings::Configuration, steps::Made};
use crate::{
    SageMaker, arns,
    costs::{self, Use},
    endpoints,
    fields::{text, whole},
    jobs::{Object, gone},
    names::{EndpointName, ModelName, PackageArn, RoleArn},
    scope, shape,
};

/// Puts a model behind an endpoint, new or existing (what is not named stays), and waits until it answers. What fails is taken back; what a cancelled call began goes on: `describe_endpoint` shows it.
///
/// The model is `model`, or made from `image` with `data`, or of a `package`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeployModel {
    endpoint: EndpointName,
    model: Option<ModelName>,
    image: Option<String>,
    /// s3://bucket/model.tar.gz, or s3://bucket/folder/ of files that are not packed.
    data: Option<String>,
    package: Option<PackageArn>,
    /// ARN; a new model needs it.
    role: Option<RoleArn>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// AWS's CreateModel fields of a new model, such as VpcConfig.
    #[serde(default)]
    model_settings: Object,
    /// A new endpoint without a model: `set_component` puts models on it.
    #[serde(default)]
    for_components: bool,
    /// That gets the model; of an existing endpoint with several.
    variant: Option<String>,
    /// Such as ml.m5.large; or `serverless_memory_mb`. What exists keeps what it has.
    instance_type: Option<String>,
    /// Default 1, or as many as run now.
    #[schemars(range(min = 1))]
    instances: Option<i32>,
    #[schemars(range(min = 1024, max = 6144))]
    serverless_memory_mb: Option<i32>,
    /// Default 5.
    #[schemars(range(min = 1))]
    serverless_concurrency: Option<i32>,
    /// AWS's CreateEndpointConfig fields that differ, such as AsyncInferenceConfig; null takes one away.
    #[serde(default)]
    settings: Object,
    /// The same of its ProductionVariant, such as VolumeSizeInGB.
    #[serde(default)]
    variant_settings: Object,
    /// Alarms that roll an update back.
    #[serde(default)]
    rollback_alarms: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deployed {
    endpoint: String,
    outcome: &'static str,
    status: String,
    config: String,
    model: Option<String>,
    /// Of the configuration that was replaced.
    previous_config: Option<String>,
}

/// What is sent, and the endpoint that it was planned for.
#[derive(Serialize)]
pub(crate) struct Items {
    /// None of a new endpoint.
    before: Option<Seen>,
    /// CreateModel's request, without a name.
    new_model: Option<Value>,
    /// CreateEndpointConfig's, without its name and that of a new model.
    config: Value,
    /// The variant that gets the model.
    variant: String,
    /// Whether the update may keep the live numbers of machines.
    retains: bool,
    /// How the update is rolled out, where that is said anew.
    deployment: Option<Value>,
    /// Whether it is rolled out as the last one was, which AWS forgets otherwise.
    retains_deployment: bool,
}

/// An endpoint as it was seen.
#[derive(PartialEq, Serialize)]
struct Seen {
    config: Option<String>,
    /// An endpoint of the same name may have been made since.
    created: Option<i64>,
}

impl Seen {
    fn of(endpoint: &DescribeEndpointOutput) -> Seen {
        Seen {
            config: endpoint.endpoint_config_name.clone(),
            created: endpoint.creation_time.as_ref().map(aws_smithy_types::DateTime::secs),
        }
    }
}

impl Items {
    /// The configuration as it is sent.
    fn with_names(&self, fresh: &str, model: &str) -> Value {
        let mut config = patched(self.config.clone(), &json!({"EndpointConfigName": fresh}));
        for variant in
            config.get_mut("ProductionVariants").and_then(Value::as_array_mut).into_iter().flatten()
        {
            let is_it = variant.get("VariantName").and_then(Value::as_str) == Some(self.variant.as_str());
            if is_it && !model.is_empty() {
                *variant = patched(variant.take(), &json!({"ModelName": model}));
            }
        }
        config
    }
}

/// Stands for the name of a model that is still to be made.
const NEW_MODEL: &str = "(the new model)";

impl Change for DeployModel {
    type Service = SageMaker;
    type Output = One<Deployed>;
    type Items = Items;
    const SPEC: Spec = Spec::write("deploy_model", "Deploy model")
        .shown_by("describe_endpoint")
        .on(
            arns::ENDPOINT,
            &[
                "sagemaker:DescribeEndpoint",
                "sagemaker:CreateEndpoint",
                "sagemaker:UpdateEndpoint",
                "sagemaker:DeleteEndpoint",
            ],
        )
        // AWS asks for both of whoever puts a configuration behind an endpoint.
        .on(
            arns::ENDPOINT_CONFIGS,
            &[
                "sagemaker:CreateEndpointConfig",
                "sagemaker:CreateEndpoint",
                "sagemaker:UpdateEndpoint",
                "sagemaker:DeleteEndpointConfig",
            ],
        )
        .on(arns::CONFIG_OF_ENDPOINT, &["sagemaker:DescribeEndpointConfig"])
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
        .always()
        .where_allowed("*", &[prices::ACTION])
        .minutes(60);

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Items>> {
        let endpoint = self.endpoint.as_str();
        self.check()?;
        let new_model = steps::new_model(self)?;
        self.known(cx).await?;
        let found = endpoints::existing(cx, endpoint).await?;
        let model = self.model.as_ref().map_or(NEW_MODEL, ModelName::as_str);
        let what = match (&self.model, &self.package, &self.image) {
            _ if self.for_components => "room for inference components".to_owned(),
            (Some(model), ..) => format!("the model {model}"),
            (_, Some(package), _) => format!("a new model of package version {package}"),
            (.., image) => format!("a new model of {}", image.as_deref().unwrap_or_default()),
        };
        let configuration = match &found {
            None => self.configured_anew(model)?,
            Some(_) if self.for_components => {
                return Err(Error::conflict(format!("there is an endpoint {endpoint} already"))
                    .with_next("set_component puts models on it; another name makes another"));
            }
            Some(found) => self.replacing(cx, found, model).await?,
        };
        for kept in configuration.kept_models() {
            let named = [("answer.model", kept.as_str())];
            scope::may(cx, "sagemaker:CreateEndpointConfig", arns::MODEL_OF_ENDPOINT, &named).await?;
        }
        let plan = self.told(&what, found.as_ref(), &configuration);
        self.priced(cx, &configuration).await;
        let retains = configuration.stays_on_machines();
        let last = found.as_ref().and_then(|found| found.last_deployment_config.as_ref());
        let deployment = self.deployment(last).filter(|_| found.is_some());
        let tags = match self.tags.is_empty() {
            true => json!({}),
            false => json!({"Tags": self.tags_json()}),
        };
        Ok(plan.items(Items {
            before: found.as_ref().map(Seen::of),
            new_model,
            config: patched(configuration.after, &tags),
            variant: configuration.variant,
            retains,
            retains_deployment: deployment.is_none() && last.is_some(),
            deployment: deployment.as_ref().map(shape::json).transpose()?,
        }))
    }

    async fn apply(self, items: Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let endpoint = self.endpoint.as_str();
        let fresh = fresh_name(endpoint);
        // The name of a long endpoint is cut: what is made is asked for as it will be called.
        let named = [("answer.config", fresh.as_str()), ("answer.model", &fresh)];
        scope::may(cx, "sagemaker:CreateEndpointConfig", arns::CONFIG_OF_ENDPOINT, &named).await?;
        if items.new_model.is_some() {
            scope::may(cx, "sagemaker:CreateModel", arns::MODEL_OF_ENDPOINT, &named).await?;
        }
        let now = endpoints::existing(cx, endpoint).await?;
        if now.as_ref().map(Seen::of) != items.before {
            return Err(moved(&format!("the endpoint {endpoint}")));
        }
        if let Some(now) = &now {
            steady(endpoint, now)?;
        }
        let mut made = Made::default();
        let model = match self.begin(cx, &items, &fresh, &mut made).await {
            Ok(model) => model,
            Err(error) => return Err(made.after(cx, endpoint, error).await),
        };
        let is_new = items.before.is_none();
        let previous = items.before.and_then(|before| before.config);
        let done = |outcome, status: String| Deployed {
            endpoint: endpoint.to_owned(),
            outcome,
            status,
            config: fresh.clone(),
            model: Some(model).filter(|model| !model.is_empty()),
            previous_config: previous.clone(),
        };
        let settled = match endpoints::settled(cx, endpoint, &made.words(), previous.as_deref()).await {
            Ok(Waited::Ready(settled)) => settled,
            Ok(Waited::Still(how)) => {
                cx.note(format!("{how}: it goes on in AWS, and describe_endpoint shows when it is through"));
                return Ok(One(done("under way", how)));
            }
            Err(mut error) => {
                error.message =
                    format!("the state of the endpoint {endpoint} is not known: {}", error.message);
                return Err(made.left(endpoint, error));
            }
        };
        let now = &settled.now;
        let status = now.endpoint_status.as_ref().map(ToString::to_string).unwrap_or_default();
        let is_on_it = now.endpoint_config_name.as_deref() == Some(fresh.as_str());
        if now.endpoint_status == Some(EndpointStatus::InService) && is_on_it {
            return Ok(One(done(if is_new { "created" } else { "updated" }, status)));
        }
        let error = self.failure(cx, endpoint, &settled, &status).await;
        Err(if steps::has_failed(&settled, &fresh, is_new) {
            made.taken_back(cx, error).await
        } else {
            made.left(endpoint, error)
        })
    }
}

impl DeployModel {
    /// What can be told without asking AWS.
    fn check(&self) -> Result<()> {
        let sources =
            [self.model.is_some(), self.image.is_some(), self.package.is_some(), self.for_components];
        if sources.iter().filter(|given| **given).count() != 1 {
            return Err(wrong("give exactly one of `model`, `image`, `package` and `for_components`"));
        }
        let of_new = self.data.is_some() || !self.environment.is_empty() || !self.model_settings.0.is_empty();
        if self.model.is_some() && (of_new || self.role.is_some()) {
            return Err(wrong(
                "`data`, `role`, `environment` and `model_settings` are of a new model: leave them out, or `model`",
            ));
        }
        if self.for_components && (of_new || self.serverless_memory_mb.is_some()) {
            return Err(wrong("what is for components has machines, and models come by set_component"));
        }
        if self.for_components && self.role.is_none() {
            return Err(wrong("an endpoint for components needs a `role`"));
        }
        if self.model.is_none() && self.role.is_none() {
            return Err(wrong("a new model needs a `role`"));
        }
        if self.package.is_some() && self.data.is_some() {
            return Err(wrong("a package brings its own data: leave `data` out"));
        }
        if self.instance_type.is_some() && self.serverless_memory_mb.is_some() {
            return Err(wrong("give either `instance_type` or `serverless_memory_mb`"));
        }
        if self.serverless_memory_mb.is_some() && self.instances.is_some() {
            return Err(wrong("what is serverless has no `instances`"));
        }
        for (argument, patch, fields) in [
            ("settings", &self.settings.0, settings::OF_CONFIG),
            ("variant_settings", &self.variant_settings.0, settings::OF_VARIANT),
            ("model_settings", &self.model_settings.0, settings::OF_MODEL),
        ] {
            if let Some(field) = settings::reserved(patch, fields) {
                return Err(wrong(&format!("`{argument}` cannot change {field}")));
            }
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

    /// The configuration of an endpoint that exists, with the model in place of what its variant runs.
    async fn replacing(
        &self,
        cx: &Call<SageMaker>,
        found: &DescribeEndpointOutput,
        model: &str,
    ) -> Result<Configuration> {
        steady(self.endpoint.as_str(), found)?;
        let name = found.endpoint_config_name.as_deref().unwrap_or_default();
        let described = match endpoints::config(cx, name).await {
            Ok(described) => shape::json(&described)?,
            Err(error) if error.kind == Kind::NotFound => {
                let mut anew = self.configured_anew(model)?;
                anew.losses.push(format!(
                    "its configuration {name} was deleted: what it was set to (encryption, capture, network) is not known, and lost"
                ));
                return Ok(anew);
            }
            Err(error) => return Err(error),
        };
        let current = found.production_variants.iter().flatten();
        let live: Vec<_> =
            current.chain(found.shadow_production_variants.iter().flatten()).cloned().collect();
        self.configured_from(model, &described, &live)
    }

    /// What the machines cost by the hour, beside the plan.
    async fn priced(&self, cx: &Call<SageMaker>, configuration: &Configuration) {
        let variant = configuration.changed();
        let Some((variant, instance)) = variant.and_then(|it| Some((it, text(it, "/InstanceType")?))) else {
            return;
        };
        let is_async =
            configuration.after.get("AsyncInferenceConfig").is_some_and(|config| !config.is_null());
        let of = if is_async { Use::AsyncEndpoint } else { Use::Endpoint };
        costs::note(cx, of, &instance, whole(variant, "/InitialInstanceCount").unwrap_or(1)).await;
    }

    /// The plan in words.
    fn told(
        &self,
        what: &str,
        found: Option<&DescribeEndpointOutput>,
        configuration: &Configuration,
    ) -> Plan {
        let (endpoint, on) = (&self.endpoint, configuration.machines());
        let Some(found) = found else {
            let plan = Plan::new(format!(
                "create the endpoint {endpoint} with {what} on {on}; it bills until it is deleted"
            ));
            return match self.rollback_alarms.is_empty() {
                true => plan,
                false => plan.warning("`rollback_alarms` say nothing of a new endpoint"),
            };
        };
        let config = found.endpoint_config_name.as_deref().unwrap_or_default();
        let mut plan =
            Plan::new(format!("replace what the endpoint {endpoint} runs (now {config}) by {what} on {on}"))
                .difference(configuration.before.as_ref(), Some(&configuration.after))
                .warning("the old machines bill until the new ones answer");
        let kept = configuration.kept_variants();
        if !kept.is_empty() {
            plan = plan.warning(format!("its other variants stay as they are: {}", kept.join(", ")));
        }
        let alarms = alarms(found.last_deployment_config.as_ref());
        if self.rollback_alarms.is_empty() {
            plan = plan.warning(match alarms.is_empty() {
                true => "no alarm rolls it back: only a model that does not start does".to_owned(),
                false => {
                    format!(
                        "it is rolled out as the last update was, and back where these go off: {}",
                        alarms.join(", ")
                    )
                }
            });
        }
        if !self.tags.is_empty() {
            plan = plan.warning(
                "`tags` are of what is made new: the endpoint keeps those it has, and gets no others",
            );
        }
        if self.instances.is_some() {
            plan = plan.warning("where the variant scales by itself, that may change `instances` again");
        }
        if self.instance_type.is_some() {
            plan = plan.warning(
                "AWS refuses other machines while the variant scales by itself: scale_endpoint with `fixed` ends that",
            );
        }
        let asks = !configuration.losses.is_empty();
        plan = configuration.losses.iter().fold(plan, |plan, loss| plan.warning(loss.clone()));
        if asks { plan.ask() } else { plan }
    }

    fn tags(&self) -> Option<Vec<Tag>> {
        let tags: Vec<Tag> =
            self.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        Some(tags).filter(|tags| !tags.is_empty())
    }

    fn tags_json(&self) -> Vec<Value> {
        self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    }
}

fn wrong(what: &str) -> Error {
    Error::invalid(what.to_owned()).with_next(
        r#"good ones are {"endpoint":"e","model":"m","instance_type":"ml.m5.large"} and {"endpoint":"e","image":"...","data":"s3://b/model.tar.gz","role":"arn:aws:iam::123456789012:role/sagemaker","serverless_memory_mb":2048}"#,
    )
}

/// A name that is new each time and says what it belongs to.
fn fresh_name(endpoint: &str) -> String {
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let short: String = endpoint.chars().take(63 - 1 - stamp.len()).collect();
    format!("{}-{stamp}", short.trim_end_matches('-'))
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
