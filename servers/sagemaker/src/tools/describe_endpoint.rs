mod scaling;

use std::collections::BTreeSet;

use aws_sdk_sagemaker::{
    operation::describe_endpoint_config::DescribeEndpointConfigOutput,
    types::{
        InferenceComponentRuntimeConfigSummary, InferenceComponentStatus, InferenceComponentSummary,
        PendingDeploymentSummary, ProductionVariant, ProductionVariantStatus, ProductionVariantSummary,
    },
};
use awsmcp_mcp::{Call, Error, HOUR, Moment, One, Result, Spec, TimeRange, Tool};
use awsmcp_sdk::utc_second;
use futures::future::{join, join4};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    endpoints::{self, Health},
    metrics::rounded,
    names::EndpointName,
    scope,
};

/// Shows an endpoint: variants with models, machines and scaling, and how each did lately; components; failure; its last log lines.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeEndpoint {
    endpoint: EndpointName,
    /// Of the figures; default -1h.
    since: Option<Moment>,
    /// Also the last lines that its containers wrote.
    #[schemars(range(min = 1, max = 200))]
    log_lines: Option<usize>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    name: String,
    status: Option<String>,
    failure_reason: Option<String>,
    config: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    /// Under way.
    pending_config: Option<String>,
    /// Of the configuration that it is moving to.
    pending: Vec<Pending>,
    variants: Vec<Variant>,
    components: Vec<Component>,
    async_output: Option<String>,
    data_capture_percent: Option<i32>,
    log: Vec<String>,
}

#[derive(Default, Serialize, JsonSchema)]
struct Variant {
    name: String,
    model: Option<String>,
    instance_type: Option<String>,
    instances: Option<i32>,
    /// Where it differs.
    desired_instances: Option<i32>,
    weight: Option<f64>,
    serverless: Option<String>,
    shadow: Option<bool>,
    status: Option<String>,
    /// Automatic: `1-4 instances, 70 invocations each`.
    scaling: Option<String>,
    invocations: Option<f64>,
    errors_4xx: Option<f64>,
    errors_5xx: Option<f64>,
    latency_ms: Option<f64>,
    p95_ms: Option<f64>,
    max_cpu_percent: Option<f64>,
    max_memory_percent: Option<f64>,
    max_gpu_percent: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Pending {
    variant: String,
    instance_type: Option<String>,
    instances: Option<i32>,
    desired_instances: Option<i32>,
    status: Option<String>,
    since: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Component {
    name: String,
    variant: Option<String>,
    status: Option<String>,
    failure_reason: Option<String>,
    copies: Option<i32>,
    /// Where it differs.
    desired_copies: Option<i32>,
    /// Automatic: `1-4 copies`.
    scaling: Option<String>,
    log: Vec<String>,
    /// Whether it could be described.
    #[serde(skip)]
    is_known: bool,
}

impl Tool for DescribeEndpoint {
    type Service = SageMaker;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_endpoint", "Describe endpoint")
        .on(arns::ENDPOINT, &["sagemaker:DescribeEndpoint"])
        .on(arns::CONFIG_OF_ENDPOINT, &["sagemaker:DescribeEndpointConfig"])
        .on(
            "*",
            &[
                "sagemaker:ListInferenceComponents",
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
                "cloudwatch:GetMetricData",
            ],
        )
        .on(arns::COMPONENT_OF_ENDPOINT, &["sagemaker:DescribeInferenceComponent"])
        .when("log_lines")
        .on(arns::ENDPOINT_LOGS, &["logs:DescribeLogStreams"])
        .on(arns::ENDPOINT_LOG_STREAMS, &["logs:GetLogEvents"])
        .on(arns::COMPONENT_LOGS, &["logs:DescribeLogStreams"])
        .on(arns::COMPONENT_LOG_STREAMS, &["logs:GetLogEvents"])
        .names_no_resource();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let name = self.endpoint.as_str();
        let range = TimeRange::new(self.since, None, HOUR)?;
        let found = endpoints::describe(cx, name).await?;
        let current = found.production_variants.clone().unwrap_or_default();
        let shadows = found.shadow_production_variants.clone().unwrap_or_default();
        let config_name = found.endpoint_config_name.clone().unwrap_or_default();
        let named: Vec<String> =
            current.iter().chain(&shadows).filter_map(|variant| variant.variant_name.clone()).collect();
        let ids: Vec<String> = named.iter().map(|variant| of_variant(name, variant)).collect();
        let (config, components, scaling, (health, log)) = join4(
            endpoints::config(cx, &config_name),
            self.components(cx, name),
            scaling::scaling(cx, &ids, ""),
            join(endpoints::health(cx, name, &named, range), self.log(cx, name)),
        )
        .await;
        let config = lacking(cx, "the configuration", config);
        let reason = found.failure_reason.clone().unwrap_or_default();
        let waits = found.pending_deployment_summary.as_ref().map(pending).unwrap_or_default();
        let mut variants: Vec<Variant> = current
            .iter()
            .map(|variant| Variant::new(variant, config.as_ref(), false))
            .chain(shadows.iter().map(|variant| Variant::new(variant, config.as_ref(), true)))
            .collect();
        if variants.is_empty() {
            // Until it runs only the configuration knows them.
            let configured = config.as_ref().and_then(|config| config.production_variants.as_ref());
            variants.extend(configured.into_iter().flatten().map(|variant| {
                let summary =
                    ProductionVariantSummary::builder().set_variant_name(variant.variant_name.clone());
                let summary = summary.set_desired_instance_count(variant.initial_instance_count).build();
                Variant::new(&summary, config.as_ref(), false)
            }));
        }
        for variant in &mut variants {
            // Or as AWS scales it by itself.
            let own = scaling.of(&of_variant(name, &variant.name));
            variant.scaling = own.or(variant.scaling.take());
        }
        for (variant, health) in
            variants.iter_mut().zip(lacking(cx, "the figures", health).unwrap_or_default())
        {
            variant.add(health);
        }
        let components = lacking(cx, "the components", components).unwrap_or_default();
        let reasons = (waits.iter().map(|variant| variant.status.as_deref()))
            .chain(variants.iter().map(|variant| variant.status.as_deref()))
            .chain(components.iter().map(|component| component.failure_reason.as_deref()));
        advise(cx, reasons.flatten().chain([reason.as_str()]));
        Ok(One(Card {
            name: name.to_owned(),
            status: found.endpoint_status.map(|status| status.to_string()),
            failure_reason: found.failure_reason,
            created: found.creation_time.as_ref().map(utc_second),
            modified: found.last_modified_time.as_ref().map(utc_second),
            pending: waits,
            pending_config: found.pending_deployment_summary.and_then(|pending| pending.endpoint_config_name),
            variants,
            components,
            async_output: found
                .async_inference_config
                .and_then(|config| config.output_config)
                .and_then(|output| output.s3_output_path),
            data_capture_percent: found
                .data_capture_config
                .filter(|capture| capture.enable_capture == Some(true))
                .and_then(|capture| capture.current_sampling_percentage),
            log: lacking(cx, "the log", log).unwrap_or_default(),
            config: Some(config_name).filter(|name| !name.is_empty()),
        }))
    }
}

impl DescribeEndpoint {
    async fn log(&self, cx: &Call<SageMaker>, name: &str) -> Result<Vec<String>> {
        match self.log_lines {
            Some(most) => {
                let lines = endpoints::last_lines(cx, &endpoints::log_group(name), most).await?;
                if lines.is_empty() {
                    cx.note("its containers have written no log; those of components have logs of their own");
                }
                Ok(lines)
            }
            None => Ok(Vec::new()),
        }
    }

    /// The components with why they fail, how many copies run, and their own logs: those that do not run first.
    async fn components(&self, cx: &Call<SageMaker>, endpoint: &str) -> Result<Vec<Component>> {
        let mut found = components(cx, endpoint).await?;
        found.sort_by_key(|component| {
            component.inference_component_status == Some(InferenceComponentStatus::InService)
        });
        if found.len() > MOST_COMPONENTS {
            cx.note(format!("only {MOST_COMPONENTS} of its {} components are looked into", found.len()));
        }
        let (looked_into, listed) = found.split_at(found.len().min(MOST_COMPONENTS));
        let asked = looked_into.iter().map(|component| self.component(cx, component));
        let mut rows: Vec<Component> = futures::future::join_all(asked).await;
        let id = |row: &Component| format!("inference-component/{}", row.name);
        let ids: Vec<String> = rows.iter().filter(|row| row.is_known).map(id).collect();
        let scaling = scaling::scaling(cx, &ids, " of components").await;
        for row in &mut rows {
            row.scaling = scaling.of(&id(row));
        }
        rows.extend(listed.iter().map(Component::new));
        Ok(rows)
    }

    async fn component(&self, cx: &Call<SageMaker>, listed: &InferenceComponentSummary) -> Component {
        let mut row = Component::new(listed);
        let name = row.name.clone();
        let named = [("answer.component", name.as_str())];
        let described = async {
            scope::may(cx, "sagemaker:DescribeInferenceComponent", arns::COMPONENT_OF_ENDPOINT, &named)
                .await?;
            let asked = cx.client().sagemaker.describe_inference_component();
            asked.inference_component_name(&name).send().await.map_err(Error::from)
        };
        if let Some(found) = lacking(cx, &format!("the component {name}"), described.await) {
            row.failure_reason = found.failure_reason;
            let running = found
                .runtime_config
                .unwrap_or_else(|| InferenceComponentRuntimeConfigSummary::builder().build());
            row.copies = running.current_copy_count;
            row.desired_copies =
                running.desired_copy_count.filter(|wanted| Some(*wanted) != running.current_copy_count);
            row.is_known = true;
        }
        if let Some(most) = self.log_lines {
            let log = async {
                cx.may("logs:DescribeLogStreams", arns::COMPONENT_LOGS, &named).await?;
                cx.may("logs:GetLogEvents", arns::COMPONENT_LOG_STREAMS, &named).await?;
                endpoints::last_lines(cx, &format!("/aws/sagemaker/InferenceComponents/{name}"), most).await
            };
            row.log = lacking(cx, &format!("the log of {name}"), log.await).unwrap_or_default();
        }
        row
    }
}

/// As Application Auto Scaling names a variant.
fn of_variant(endpoint: &str, variant: &str) -> String {
    format!("endpoint/{endpoint}/variant/{variant}")
}

/// Each costs a few requests.
const MOST_COMPONENTS: usize = 10;

/// Why an endpoint that is being changed is not done yet.
fn pending(summary: &PendingDeploymentSummary) -> Vec<Pending> {
    let variants = summary.production_variants.iter().flatten();
    let variants = variants.chain(summary.shadow_production_variants.iter().flatten()).map(|variant| {
        let status = variant.variant_status.as_ref().and_then(|all| all.first());
        Pending {
            variant: variant.variant_name.clone().unwrap_or_default(),
            instance_type: variant.instance_type.as_ref().map(|instance| instance.as_str().to_owned()),
            instances: variant.current_instance_count,
            desired_instances: variant.desired_instance_count,
            status: all_words(variant.variant_status.as_ref()),
            since: status
                .and_then(|status| status.start_time.as_ref())
                .or(summary.start_time.as_ref())
                .map(utc_second),
        }
    });
    variants.collect()
}

/// What helps where machines are lacking: once, however often AWS says so.
fn advise<'a>(cx: &Call<SageMaker>, reasons: impl Iterator<Item = &'a str>) {
    let is_lack = |why: &&str| {
        let why = why.to_lowercase();
        ["capacity", "service limit", "resourcelimitexceeded"].iter().any(|word| why.contains(word))
    };
    let cures: BTreeSet<&str> = reasons.filter(is_lack).map(endpoints::cure).collect();
    cures.into_iter().for_each(|cure| cx.note(cure));
}

/// All that a variant is at.
fn all_words(status: Option<&Vec<ProductionVariantStatus>>) -> Option<String> {
    let all: Vec<String> = status.into_iter().flatten().map(words).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// `Creating: Unable to provision requested ML compute capacity`
fn words(status: &ProductionVariantStatus) -> String {
    let message = status.status_message.as_deref().map(|message| format!(": {message}"));
    let word = status.status.as_ref().map_or("", |status| status.as_str());
    format!("{word}{}", message.unwrap_or_default())
}

/// A part without which the rest is still worth showing.
fn lacking<T>(cx: &Call<SageMaker>, what: &str, found: Result<T>) -> Option<T> {
    found.map_err(|error| cx.note(format!("{what} cannot be shown: {error}"))).ok()
}

async fn components(cx: &Call<SageMaker>, endpoint: &str) -> Result<Vec<InferenceComponentSummary>> {
    let out = cx
        .client()
        .sagemaker
        .list_inference_components()
        .endpoint_name_equals(endpoint)
        .max_results(100)
        .send()
        .await?;
    if out.next_token.is_some() {
        cx.note("it has more than 100 components; the newest are shown");
    }
    Ok(out.inference_components.unwrap_or_default())
}

impl Variant {
    fn new(
        now: &ProductionVariantSummary,
        config: Option<&DescribeEndpointConfigOutput>,
        shadow: bool,
    ) -> Variant {
        let name = now.variant_name.clone().unwrap_or_default();
        let configured: Option<&ProductionVariant> = config
            .and_then(|config| {
                if shadow {
                    config.shadow_production_variants.as_ref()
                } else {
                    config.production_variants.as_ref()
                }
            })
            .and_then(|variants| {
                variants.iter().find(|variant| variant.variant_name.as_deref() == Some(name.as_str()))
            });
        let serverless = now
            .current_serverless_config
            .as_ref()
            .or_else(|| configured.and_then(|configured| configured.serverless_config.as_ref()));
        Variant {
            model: configured.and_then(|configured| configured.model_name.clone()),
            instance_type: configured
                .and_then(|configured| configured.instance_type.as_ref())
                .map(|instance| instance.as_str().to_owned()),
            instances: now.current_instance_count,
            desired_instances: now
                .desired_instance_count
                .filter(|wanted| Some(*wanted) != now.current_instance_count),
            weight: now.current_weight.map(|weight| rounded(weight.into())),
            serverless: serverless.map(|config| {
                format!(
                    "{} MB, at most {} at once",
                    config.memory_size_in_mb.unwrap_or_default(),
                    config.max_concurrency.unwrap_or_default()
                )
            }),
            shadow: shadow.then_some(true),
            status: all_words(now.variant_status.as_ref()),
            scaling: endpoints::managed(now)
                .map(|(min, max)| format!("{min}-{max}, by AWS as its components need them")),
            name,
            ..Variant::default()
        }
    }

    fn add(&mut self, health: Health) {
        self.invocations = health.invocations;
        self.errors_4xx = health.errors_4xx;
        self.errors_5xx = health.errors_5xx;
        self.latency_ms = health.latency_ms;
        self.p95_ms = health.p95_ms;
        self.max_cpu_percent = health.cpu_percent;
        self.max_memory_percent = health.memory_percent;
        self.max_gpu_percent = health.gpu_percent;
    }
}

impl Component {
    fn new(component: &InferenceComponentSummary) -> Component {
        Component {
            name: component.inference_component_name.clone().unwrap_or_default(),
            variant: component.variant_name.clone(),
            status: component.inference_component_status.as_ref().map(ToString::to_string),
            failure_reason: None,
            copies: None,
            desired_copies: None,
            scaling: None,
            log: Vec::new(),
            is_known: false,
        }
    }
}
