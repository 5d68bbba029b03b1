use aws_sdk_sagemaker::{operation::describe_endpoint::DescribeEndpointOutput, types::ProductionVariant};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, DAY, Error, Kind, One, Plan, Result, Spec, TimeRange, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SageMaker, arns, endpoints, names::EndpointName, scope};

/// Deletes an endpoint, which ends its bill; its configuration and models too, if asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteEndpoint {
    endpoint: EndpointName,
    #[serde(default)]
    config: bool,
    #[serde(default)]
    models: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: Vec<String>,
    /// And why.
    left: Vec<String>,
}

/// What goes, and the endpoint as it was seen.
#[derive(Serialize)]
pub(crate) struct Items {
    created: Option<i64>,
    config: String,
    models: Vec<String>,
}

/// What belongs to an endpoint.
struct Parts {
    created: Option<i64>,
    status: String,
    config: String,
    models: Vec<String>,
    variants: Vec<String>,
    machines: Vec<String>,
    /// Whether its configuration is there to be read.
    is_configured: bool,
    holds_components: bool,
}

impl Change for DeleteEndpoint {
    type Service = SageMaker;
    type Output = One<Deleted>;
    type Items = Items;
    const SPEC: Spec = Spec::destroy("delete_endpoint", "Delete endpoint")
        .shown_by("list_endpoints")
        .on(arns::ENDPOINT, &["sagemaker:DescribeEndpoint", "sagemaker:DeleteEndpoint"])
        .on(arns::CONFIG_OF_ENDPOINT, &["sagemaker:DescribeEndpointConfig"])
        .on("*", &["cloudwatch:GetMetricData"])
        .when("config")
        .on(arns::CONFIG_OF_ENDPOINT, &["sagemaker:DeleteEndpointConfig"])
        .when("models")
        .on(arns::MODEL_OF_ENDPOINT, &["sagemaker:DeleteModel"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Items>> {
        let name = self.endpoint.as_str();
        let parts = self.parts(cx, name).await?;
        let machines = parts.machines.join(", ");
        let mut plan = Plan::new(format!("delete the endpoint {name} ({}; {machines})", parts.status));
        plan = plan.row(json!({"what": "endpoint", "name": name, "fate": "deleted"}));
        let fate = |goes: bool| if goes { "deleted" } else { "kept" };
        plan = plan.row(json!({"what": "configuration", "name": parts.config, "fate": fate(self.config)}));
        for model in &parts.models {
            plan = plan.row(json!({"what": "model", "name": model, "fate": fate(self.models)}));
        }
        let range = TimeRange::new(None, None, DAY)?;
        match endpoints::health(cx, name, &parts.variants, range).await {
            Ok(health) => {
                let calls: f64 = health.iter().filter_map(|health| health.invocations).sum();
                if calls > 0.0 {
                    plan = plan.warning(format!("it was called {calls} times in the last day"));
                }
            }
            Err(error) => plan = plan.warning(format!("whether it is in use is not known: {error}")),
        }
        if self.models && !parts.is_configured {
            plan = plan.warning(
                "its configuration is gone: which models it runs is not known, and all of them stay",
            );
        }
        if parts.holds_components {
            plan = plan.warning("it holds inference components, whose calls were not looked at");
        }
        if self.config || self.models {
            plan = plan.warning("other endpoints may use the same configuration or models: AWS does not say");
        }
        Ok(plan.items(Items { created: parts.created, config: parts.config, models: parts.models }))
    }

    async fn apply(self, items: Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.endpoint.as_str();
        let now = endpoints::describe(cx, name).await?;
        if created(&now) != items.created || now.endpoint_config_name.unwrap_or_default() != items.config {
            return Err(moved(&format!("the endpoint {name}")));
        }
        let client = &cx.client().sagemaker;
        client.delete_endpoint().endpoint_name(name).send().await?;
        let mut done = Deleted { deleted: vec![format!("endpoint {name}")], left: Vec::new() };
        if self.config {
            let sent = client.delete_endpoint_config().endpoint_config_name(&items.config).send().await;
            done.add("configuration", &items.config, sent.map(drop).map_err(Error::from))?;
        }
        if self.models {
            for model in &items.models {
                let sent = client.delete_model().model_name(model).send().await;
                done.add("model", model, sent.map(drop).map_err(Error::from))?;
            }
        }
        Ok(One(done))
    }
}

impl DeleteEndpoint {
    /// What is told of the endpoint, and what of it is deleted with it: only what the operator's list has.
    async fn parts(&self, cx: &Call<SageMaker>, name: &str) -> Result<Parts> {
        let parts = parts(cx, name, self.models).await?;
        if self.config {
            let named = [("answer.config", parts.config.as_str())];
            scope::may(cx, "sagemaker:DeleteEndpointConfig", arns::CONFIG_OF_ENDPOINT, &named).await?;
        }
        if self.models {
            for model in &parts.models {
                let named = [("answer.model", model.as_str())];
                scope::may(cx, "sagemaker:DeleteModel", arns::MODEL_OF_ENDPOINT, &named).await?;
            }
        }
        Ok(parts)
    }
}

impl Deleted {
    /// The endpoint is gone already: what is left behind is said, not a reason to stop. A denial is one.
    fn add(&mut self, what: &str, name: &str, done: Result<()>) -> Result<()> {
        match done {
            Ok(()) => self.deleted.push(format!("{what} {name}")),
            Err(error) if error.kind == Kind::AccessDenied => {
                let next = error.next.clone().unwrap_or_default();
                let mut error =
                    error.with_next(format!("{next} Deleted so far: {}.", self.deleted.join(", ")));
                error.message = format!("the {what} {name} is left: {}", error.message);
                return Err(error);
            }
            Err(error) => self.left.push(format!("{what} {name}: {error}")),
        }
        Ok(())
    }
}

/// `models` says that the models are needed, which only the configuration names.
async fn parts(cx: &Call<SageMaker>, name: &str, models: bool) -> Result<Parts> {
    let found = endpoints::describe(cx, name).await?;
    let created = created(&found);
    let config_name = found.endpoint_config_name.clone().unwrap_or_default();
    let config = endpoints::config(cx, &config_name).await;
    let is_configured = config.is_ok();
    let variants: Vec<ProductionVariant> = match config {
        Ok(config) => {
            let shadows = config.shadow_production_variants.unwrap_or_default();
            config.production_variants.unwrap_or_default().into_iter().chain(shadows).collect()
        }
        // The configuration of a running endpoint may be deleted.
        Err(error) if error.kind == Kind::NotFound => Vec::new(),
        Err(error) if error.kind == Kind::Refused && !models => {
            cx.note(format!("its machines and models are not shown: {}", error.message));
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let running = found.production_variants.iter().flatten();
    let running: Vec<_> = running.chain(found.shadow_production_variants.iter().flatten()).collect();
    let machines = variants.iter().map(|variant: &ProductionVariant| {
        // As many as run now, which scaling may have changed since it was configured.
        let now = running.iter().find(|now| now.variant_name == variant.variant_name);
        let count = now.and_then(|now| now.current_instance_count).or(variant.initial_instance_count);
        match (&variant.instance_type, &variant.serverless_config) {
            (Some(instance), _) => format!("{} x {}", count.unwrap_or(1), instance.as_str()),
            (None, Some(_)) => "serverless".to_owned(),
            (None, None) => format!("{} of its instance pools", count.unwrap_or(1)),
        }
    });
    // Variants may share a model.
    let mut models: Vec<String> = Vec::new();
    for model in variants.iter().filter_map(|variant| variant.model_name.clone()) {
        if !models.contains(&model) {
            models.push(model);
        }
    }
    let mut names: Vec<String> = variants.iter().filter_map(|variant| variant.variant_name.clone()).collect();
    let mut machines: Vec<String> = machines.collect();
    // What runs goes on without its configuration, and may be called.
    for variant in running.iter().filter(|_| variants.is_empty()) {
        names.extend(variant.variant_name.clone());
        let count = variant.current_instance_count.unwrap_or(1);
        machines.push(format!("{count} of a type that only its configuration tells"));
    }
    Ok(Parts {
        created,
        is_configured,
        holds_components: variants.iter().any(|variant| variant.model_name.is_none()),
        status: found.endpoint_status.map(|status| status.to_string()).unwrap_or_default(),
        config: config_name,
        machines,
        models,
        variants: names,
    })
}

fn created(endpoint: &DescribeEndpointOutput) -> Option<i64> {
    endpoint.creation_time.as_ref().map(DateTime::secs)
}
