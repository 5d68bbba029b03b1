mod target;

use aws_sdk_applicationautoscaling::types::{
    PolicyType, PredefinedMetricSpecification, ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_sagemaker::types::{
    DesiredWeightAndCapacity, InferenceComponentRuntimeConfig, ProductionVariantSummary,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::target::Target;
use crate::{
    SageMaker, arns, endpoints,
    jobs::gone,
    names::{ComponentName, EndpointName},
};

/// Sets the machines or the weight of an endpoint's variant, the copies of a component, or automatic scaling between `min` and `max`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScaleEndpoint {
    endpoint: EndpointName,
    /// The only one where left out.
    variant: Option<String>,
    /// Instead of a variant.
    component: Option<ComponentName>,
    /// Or copies of a component.
    #[schemars(range(min = 0))]
    instances: Option<i32>,
    /// Its share of the traffic.
    #[schemars(range(min = 0))]
    weight: Option<f32>,
    #[schemars(range(min = 0))]
    min: Option<i32>,
    #[schemars(range(min = 1))]
    max: Option<i32>,
    /// Invocations a minute for each instance or copy, that scaling aims at; default 70.
    target: Option<f64>,
    /// Takes automatic scaling away.
    #[serde(default)]
    fixed: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Scaled {
    endpoint: String,
    scaled: String,
    outcome: String,
}

/// What is scaled, as it was seen, and the policy that it shall scale by.
#[derive(Serialize)]
pub(crate) struct Items {
    target: Target,
    policy: Option<Policy>,
    /// Whether it scales by itself now, as far as that was asked.
    scales: bool,
}

/// The policy that tracks the invocations.
#[derive(PartialEq, Serialize)]
struct Policy {
    name: String,
    target: f64,
    scale_in_cooldown: Option<i32>,
    scale_out_cooldown: Option<i32>,
    disable_scale_in: Option<bool>,
}

/// Invocations a minute for each instance or copy.
const USUAL: f64 = 70.0;

impl Change for ScaleEndpoint {
    type Service = SageMaker;
    type Output = One<Scaled>;
    type Items = Items;
    const SPEC: Spec = Spec::write("scale_endpoint", "Scale endpoint")
        .shown_by("describe_endpoint")
        .on(arns::ENDPOINT, &["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"])
        .when("instances")
        .on("*", &["application-autoscaling:DescribeScalableTargets"])
        .when("component")
        .on(
            arns::INFERENCE_COMPONENT,
            &["sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig"],
        )
        .when("max")
        .on(
            arns::SCALABLE_TARGET,
            &["application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"],
        )
        .on("*", &["application-autoscaling:DescribeScalingPolicies"])
        .when("fixed")
        .on(arns::SCALABLE_TARGET, &["application-autoscaling:DeregisterScalableTarget"])
        .on(
            "*",
            &[
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:DescribeScalingPolicies",
            ],
        )
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Items>> {
        self.check()?;
        let target = self.target(cx).await?;
        let now = match &target {
            Target::Variant { instances, .. } => *instances,
            Target::Component { copies, .. } => *copies,
        };
        let (policy, others) = match self.max {
            Some(_) => {
                let (policy, others) = self.policy(cx, &target).await?;
                (Some(policy), others)
            }
            None => (None, Vec::new()),
        };
        let mut parts = Vec::new();
        if let Some(wanted) = self.instances {
            let before = now.map(|now| format!(" from {now}")).unwrap_or_default();
            parts.push(format!("to {wanted} {}{before}", target.unit()));
        }
        if let Some(weight) = self.weight {
            parts.push(format!("to weight {weight}"));
        }
        if let (Some(min), Some(max)) = (self.min, self.max) {
            parts.push(format!(
                "automatically between {min} and {max} {}, at {}",
                target.unit(),
                policy.as_ref().map_or(USUAL, |policy| policy.target)
            ));
        }
        if self.fixed {
            parts.push("no longer automatically".to_owned());
        }
        let plan = Plan::new(format!("scale {target} of {} {}", self.endpoint, parts.join(", ")));
        // What scales by itself ends what is above its bound.
        let most = self.instances.or(self.max);
        let plan = match (most, now) {
            (Some(0), _) => plan.warning("with none it answers nobody").ask(),
            (Some(most), Some(now)) if most < now => {
                plan.warning(format!("{} of the {now} {} end", now - most, target.unit())).ask()
            }
            (Some(most), Some(now)) if most > now => {
                plan.warning("each more of them bills from when it runs")
            }
            _ => plan,
        };
        let (plan, scales) = self.by_itself(cx, &target, plan).await?;
        let plan = match &target {
            Target::Variant { managed: Some((min, max)), .. } if self.instances.is_some() => plan.warning(format!(
                "AWS scales its machines itself between {min} and {max}, as its components need them, which may undo it"
            )),
            _ => plan,
        };
        let plan = match others.is_empty() {
            true => plan,
            false => {
                plan.warning(format!("it scales by other policies too, which go on: {}", others.join(", ")))
            }
        };
        let plan = match self.weight {
            Some(0.0) => plan.warning("with a weight of 0 it gets no calls").ask(),
            _ => plan,
        };
        Ok(plan.items(Items { target, policy, scales }))
    }

    async fn apply(self, items: Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let endpoint = self.endpoint.as_str();
        let target = self.target(cx).await?;
        if target != items.target {
            return Err(moved(&format!("{target} of {endpoint}")));
        }
        let mut outcome = Vec::new();
        let done = self.scale(cx, items, &mut outcome).await;
        done.map_err(|mut error| {
            if !outcome.is_empty() {
                error.message = format!("{}; done before: {}", error.message, outcome.join("; "));
            }
            error
        })?;
        Ok(One(Scaled {
            endpoint: endpoint.to_owned(),
            scaled: target.to_string(),
            outcome: outcome.join("; "),
        }))
    }
}

impl ScaleEndpoint {
    /// One step after the other; `outcome` tells which were done.
    async fn scale(&self, cx: &Call<SageMaker>, items: Items, outcome: &mut Vec<String>) -> Result<()> {
        let target = &items.target;
        let endpoint = self.endpoint.as_str();
        let (id, dimension, metric) = target.scalable(endpoint);
        let scaling = &cx.client().scaling;
        // First, or it would scale back what is set below.
        if self.fixed && items.scales {
            scaling
                .deregister_scalable_target()
                .service_namespace(ServiceNamespace::Sagemaker)
                .resource_id(&id)
                .scalable_dimension(dimension.clone())
                .send()
                .await?;
            outcome.push("scaling is no longer automatic".to_owned());
        } else if self.fixed {
            outcome.push("it did not scale by itself".to_owned());
        }
        if self.instances.is_some() || self.weight.is_some() {
            self.set(cx, endpoint, target).await?;
            outcome.push("the change is under way; describe_endpoint shows when it is through".to_owned());
        }
        if let (Some(min), Some(max), Some(own)) = (self.min, self.max, items.policy) {
            scaling
                .register_scalable_target()
                .service_namespace(ServiceNamespace::Sagemaker)
                .resource_id(&id)
                .scalable_dimension(dimension.clone())
                .min_capacity(min)
                .max_capacity(max)
                .send()
                .await?;
            outcome.push(format!("it scales between {min} and {max}"));
            let metric = PredefinedMetricSpecification::builder()
                .predefined_metric_type(metric)
                .build()
                .map_err(|error| Error::internal(error.to_string()))?;
            let policy = TargetTrackingScalingPolicyConfiguration::builder()
                .target_value(own.target)
                .set_scale_in_cooldown(own.scale_in_cooldown)
                .set_scale_out_cooldown(own.scale_out_cooldown)
                .set_disable_scale_in(own.disable_scale_in)
                .predefined_metric_specification(metric)
                .build()
                .map_err(|error| Error::internal(error.to_string()))?;
            scaling
                .put_scaling_policy()
                .policy_name(own.name)
                .policy_type(PolicyType::TargetTrackingScaling)
                .service_namespace(ServiceNamespace::Sagemaker)
                .resource_id(&id)
                .scalable_dimension(dimension)
                .target_tracking_scaling_policy_configuration(policy)
                .send()
                .await?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: &str| {
            Err(Error::invalid(what.to_owned()).with_next(
                r#"good ones are {"endpoint":"e","instances":2} and {"endpoint":"e","min":1,"max":4,"target":100}"#,
            ))
        };
        let sets = self.instances.is_some() || self.weight.is_some() || self.max.is_some() || self.fixed;
        if !sets {
            return wrong("give `instances`, `weight`, `min` with `max`, or `fixed`");
        }
        if self.min.is_some() != self.max.is_some() || self.min > self.max {
            return wrong("`min` and `max` go together, and `min` is not more than `max`");
        }
        if self.min == Some(0) {
            return Err(Error::invalid("from none it would not come back: what tracks invocations counts them for each that runs")
                .with_next("give `min` 1; to scale from none AWS needs a step policy on an alarm of NoCapacityInvocationFailures or HasBacklogWithoutCapacity"));
        }
        if self.target.is_some() && self.max.is_none() {
            return wrong("`target` is of automatic scaling: give `min` and `max` too");
        }
        if self.fixed && self.max.is_some() {
            return wrong("`fixed` takes automatic scaling away: leave `min` and `max` out");
        }
        if self.component.is_some() && (self.variant.is_some() || self.weight.is_some()) {
            return wrong("a component has neither `variant` nor `weight`");
        }
        Ok(())
    }

    /// The plan with what scales it by itself now, and whether anything does: that may undo what is set by hand, and goes with
    /// `fixed`.
    async fn by_itself(&self, cx: &Call<SageMaker>, target: &Target, plan: Plan) -> Result<(Plan, bool)> {
        if !self.fixed && self.instances.is_none() {
            return Ok((plan, false));
        }
        let bounds = self.bounds(cx, target).await?;
        let plan = match bounds {
            None if self.fixed => plan.warning("it does not scale by itself: there is nothing to take away"),
            None => plan,
            Some((min, max)) if !self.fixed => plan.warning(format!(
                "it scales by itself between {min} and {max}, which may undo it: `fixed` ends that"
            )),
            Some((min, max)) => {
                let (_, others) = self.policy(cx, target).await?;
                let plan = plan.warning(format!(
                    "it scales by itself between {min} and {max}: that goes, with what is scheduled for it"
                ));
                match others.is_empty() {
                    true => plan,
                    // This tool makes none like them.
                    false => plan.warning(format!("these policies are lost: {}", others.join(", "))).ask(),
                }
            }
        };
        Ok((plan, bounds.is_some()))
    }

    /// Between what it scales by itself, if it does.
    async fn bounds(&self, cx: &Call<SageMaker>, target: &Target) -> Result<Option<(i32, i32)>> {
        let (id, dimension, _) = target.scalable(self.endpoint.as_str());
        let asked = cx.client().scaling.describe_scalable_targets();
        let asked = asked.service_namespace(ServiceNamespace::Sagemaker).scalable_dimension(dimension);
        let found = asked.resource_ids(id).send().await?.scalable_targets.unwrap_or_default();
        Ok(found.first().map(|target| (target.min_capacity, target.max_capacity)))
    }

    /// # Errors
    /// When AWS does not scale a variant so.
    fn fits(&self, name: &str, now: &ProductionVariantSummary) -> Result<()> {
        let is_serverless = now.current_serverless_config.is_some();
        if is_serverless && (self.instances.is_some() || self.max.is_some()) {
            return Err(Error::conflict(format!("the variant {name} is serverless and has no machines"))
                .with_next(
                    "deploy_model with `serverless_concurrency` says how many calls it takes at once",
                ));
        }
        if endpoints::managed(now).is_some() && self.max.is_some() {
            return Err(Error::conflict(format!(
                "AWS scales the machines of the variant {name} itself, as the components on it need them"
            ))
            .with_next("give `component` to scale one; deploy_model with ManagedInstanceScaling in `variant_settings` sets the bounds"));
        }
        Ok(())
    }

    /// The policy as it shall be, and the names of others: one that tracks the invocations already keeps its name and all that is
    /// not given.
    async fn policy(&self, cx: &Call<SageMaker>, target: &Target) -> Result<(Policy, Vec<String>)> {
        let (id, dimension, metric) = target.scalable(self.endpoint.as_str());
        let found = cx
            .client()
            .scaling
            .describe_scaling_policies()
            .service_namespace(ServiceNamespace::Sagemaker)
            .resource_id(&id)
            .scalable_dimension(dimension)
            .send()
            .await?;
        let (mut tracking, mut others) = (None, Vec::new());
        for policy in found.scaling_policies.unwrap_or_default() {
            let own = policy.target_tracking_scaling_policy_configuration;
            let tracked = |own: &TargetTrackingScalingPolicyConfiguration| {
                own.predefined_metric_specification
                    .as_ref()
                    .is_some_and(|it| it.predefined_metric_type == metric)
            };
            match own.filter(tracked) {
                Some(own) if tracking.is_none() => tracking = Some((policy.policy_name, own)),
                _ => others.push(policy.policy_name),
            }
        }
        let policy = match tracking {
            Some((name, own)) => Policy {
                name,
                target: self.target.unwrap_or(own.target_value),
                scale_in_cooldown: own.scale_in_cooldown,
                scale_out_cooldown: own.scale_out_cooldown,
                disable_scale_in: own.disable_scale_in,
            },
            None => Policy {
                name: format!("{}-invocations", id.replace('/', "-")),
                target: self.target.unwrap_or(USUAL),
                scale_in_cooldown: None,
                scale_out_cooldown: None,
                disable_scale_in: None,
            },
        };
        Ok((policy, others))
    }

    async fn target(&self, cx: &Call<SageMaker>) -> Result<Target> {
        let endpoint = self.endpoint.as_str();
        if let Some(component) = &self.component {
            let name = component.as_str();
            let sent = cx
                .client()
                .sagemaker
                .describe_inference_component()
                .inference_component_name(name)
                .send()
                .await;
            let found = sent.map_err(|error| gone(Error::from(error)))?;
            if found.endpoint_name.as_deref().is_some_and(|own| own != endpoint) {
                let own = found.endpoint_name.unwrap_or_default();
                return Err(Error::invalid(format!("the component {name} belongs to the endpoint {own}")));
            }
            let copies = found.runtime_config.and_then(|config| config.current_copy_count);
            return Ok(Target::Component { name: name.to_owned(), copies });
        }
        let found = endpoints::describe(cx, endpoint).await?;
        let variants = found.production_variants.unwrap_or_default();
        let names: Vec<&str> =
            variants.iter().filter_map(|variant| variant.variant_name.as_deref()).collect();
        let name = match (&self.variant, names.as_slice()) {
            (Some(name), names) if names.contains(&name.as_str()) => name.as_str(),
            (Some(name), names) => {
                return Err(Error::not_found(format!(
                    "{endpoint} has no variant {name}; it has {}",
                    names.join(", ")
                )));
            }
            (None, [only]) => only,
            (None, []) => {
                return Err(Error::conflict(format!("no variant of {endpoint} runs yet"))
                    .with_next("describe_endpoint shows where it stands"));
            }
            (None, names) => {
                return Err(Error::invalid(format!(
                    "{endpoint} has the variants {}: name one",
                    names.join(", ")
                )));
            }
        };
        let now = variants.iter().find(|variant| variant.variant_name.as_deref() == Some(name));
        if let Some(now) = now {
            self.fits(name, now)?;
        }
        Ok(Target::Variant {
            name: name.to_owned(),
            managed: now.and_then(endpoints::managed),
            instances: now.and_then(|now| now.current_instance_count),
            weight: now.and_then(|now| now.current_weight),
        })
    }

    async fn set(&self, cx: &Call<SageMaker>, endpoint: &str, target: &Target) -> Result<()> {
        let client = &cx.client().sagemaker;
        match target {
            Target::Variant { name, .. } => {
                let wanted = DesiredWeightAndCapacity::builder()
                    .variant_name(name)
                    .set_desired_instance_count(self.instances)
                    .set_desired_weight(self.weight)
                    .build();
                let sent = client.update_endpoint_weights_and_capacities().endpoint_name(endpoint);
                sent.desired_weights_and_capacities(wanted).send().await?;
            }
            Target::Component { name, .. } => {
                let wanted =
                    InferenceComponentRuntimeConfig::builder().set_copy_count(self.instances).build();
                let sent = client.update_inference_component_runtime_config().inference_component_name(name);
                sent.desired_runtime_config(wanted).send().await?;
            }
        }
        Ok(())
    }
}
