//! The configuration that an endpoint shall run on: what it has now, with the changes that were asked for.

use aws_sdk_sagemaker::{
    operation::create_endpoint_config::CreateEndpointConfigInput, types::ProductionVariantSummary,
};
use awsmcp_mcp::{Error, Result, patched};
use serde_json::{Map, Value, json};

use super::{DeployModel, wrong};
use crate::{
    fields::{list, text, whole},
    known, shape,
};

/// What a variant is called where nobody says so.
const VARIANT: &str = "AllTraffic";

/// What only machines have, and nothing that is serverless.
const OF_MACHINES: [&str; 15] = [
    "AcceleratorPartitionLayouts",
    "AcceleratorType",
    "CapacityReservationConfig",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "CoreDumpConfig",
    "EnableSSMAccess",
    "InferenceAmiVersion",
    "InitialInstanceCount",
    "InstancePools",
    "InstanceType",
    "ManagedInstanceScaling",
    "ModelDataDownloadTimeoutInSeconds",
    "RoutingConfig",
    "VariantInstanceProvisionTimeoutInSeconds",
    "VolumeSizeInGB",
];

/// A configuration as CreateEndpointConfig takes it, without a name.
pub(super) struct Configuration {
    /// What the endpoint runs on now, with as many machines as it has now; none of a new one.
    pub(super) before: Option<Value>,
    pub(super) after: Value,
    /// The variant that gets the model.
    pub(super) variant: String,
    /// What becomes less or is lost, each in a sentence.
    pub(super) losses: Vec<String>,
}

impl Configuration {
    /// The variant that gets the model, as it shall be.
    pub(super) fn changed(&self) -> Option<&Value> {
        variant_of(&self.after, &self.variant)
    }

    /// Whether the variant runs on machines before and after, so that their live number can be kept.
    pub(super) fn stays_on_machines(&self) -> bool {
        let is_on_machines = |variant: &Value| variant.get("ServerlessConfig").is_none();
        let before = self.before.as_ref().and_then(|before| variant_of(before, &self.variant));
        before.is_some_and(is_on_machines) && self.changed().is_some_and(is_on_machines)
    }

    /// `6 x ml.m5.large`, or `2048 MB serverless`.
    pub(super) fn machines(&self) -> String {
        let Some(variant) = self.changed() else { return String::new() };
        match whole(variant, "/ServerlessConfig/MemorySizeInMB") {
            Some(memory) => format!("{memory} MB serverless"),
            None => {
                let instance =
                    text(variant, "/InstanceType").unwrap_or_else(|| "its instance pools".to_owned());
                format!("{} x {instance}", whole(variant, "/InitialInstanceCount").unwrap_or(1))
            }
        }
    }

    /// The models of all variants but the one that gets another.
    pub(super) fn kept_models(&self) -> Vec<String> {
        let variants = list(&self.after, "/ProductionVariants").iter();
        let kept = variants.filter(|variant| text(variant, "/VariantName").as_ref() != Some(&self.variant));
        let shadows = list(&self.after, "/ShadowProductionVariants").iter();
        kept.chain(shadows).filter_map(|variant| text(variant, "/ModelName")).collect()
    }

    /// The variants that stay as they are.
    pub(super) fn kept_variants(&self) -> Vec<String> {
        let names = list(&self.after, "/ProductionVariants").iter().filter_map(|it| text(it, "/VariantName"));
        names.filter(|name| *name != self.variant).collect()
    }
}

impl DeployModel {
    /// The configuration of a new endpoint.
    ///
    /// # Errors
    /// When something is missing, or AWS knows no such setting.
    pub(super) fn configured_anew(&self, model: &str) -> Result<Configuration> {
        if self.instance_type.is_none() && self.serverless_memory_mb.is_none() {
            return Err(wrong("give either `instance_type` or `serverless_memory_mb`"));
        }
        let variant = self.variant.clone().unwrap_or_else(|| VARIANT.to_owned());
        let bare = json!({"VariantName": variant, "InitialVariantWeight": 1.0});
        let mut after = json!({"ProductionVariants": [self.changed_variant(bare, model)?]});
        // With models of their own variants need no role; components run as this one.
        if let Some(role) = self.role.as_ref().filter(|_| self.for_components) {
            after = patched(after, &json!({"ExecutionRoleArn": role.as_str()}));
        }
        after = patched(after, &Value::Object(self.settings.0.clone()));
        known(&after)?;
        Ok(Configuration { before: None, after, variant, losses: Vec::new() })
    }

    /// What an endpoint is configured with, with what was asked for in its place. `described` is its configuration as AWS
    /// describes it, `live` what runs.
    ///
    /// # Errors
    /// When it does not say which variant is meant, or the variant cannot be changed so.
    pub(super) fn configured_from(
        &self,
        model: &str,
        described: &Value,
        live: &[ProductionVariantSummary],
    ) -> Result<Configuration> {
        let mut before = shape::taken(described, CreateEndpointConfigInput::deserialize)?;
        if let Some(fields) = before.as_object_mut() {
            fields.shift_remove("EndpointConfigName");
        }
        for variants in ["ProductionVariants", "ShadowProductionVariants"] {
            for variant in before.get_mut(variants).and_then(Value::as_array_mut).into_iter().flatten() {
                as_it_runs(variant, live)?;
            }
        }
        let variant = self.chosen(&before)?;
        let mut after = before.clone();
        for one in after.get_mut("ProductionVariants").and_then(Value::as_array_mut).into_iter().flatten() {
            if text(one, "/VariantName").as_deref() == Some(variant.as_str()) {
                if text(one, "/ModelName").is_none() {
                    return Err(Error::conflict(format!(
                        "the variant {variant} holds inference components and has no model of its own"
                    )));
                }
                *one = self.changed_variant(one.take(), model)?;
            }
        }
        after = patched(after, &Value::Object(self.settings.0.clone()));
        known(&after)?;
        let losses = losses(&before, &after, &variant);
        Ok(Configuration { before: Some(before), after, variant, losses })
    }

    /// # Errors
    /// When it is not clear which variant is meant.
    fn chosen(&self, config: &Value) -> Result<String> {
        let variants = list(config, "/ProductionVariants");
        let names: Vec<String> =
            variants.iter().filter_map(|variant| text(variant, "/VariantName")).collect();
        let all = names.join(", ");
        match (&self.variant, names.as_slice()) {
            (Some(name), _) if names.contains(name) => Ok(name.clone()),
            (Some(name), _) => {
                Err(Error::not_found(format!("the endpoint has no variant {name}; it has {all}")))
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => {
                Err(Error::invalid(format!("the endpoint has the variants {all}: name one with `variant`")))
            }
        }
    }

    /// A variant with another model, and on other machines where that was asked for.
    fn changed_variant(&self, mut variant: Value, model: &str) -> Result<Value> {
        let Some(fields) = variant.as_object_mut() else { return Ok(variant) };
        if !self.for_components {
            fields.insert("ModelName".to_owned(), json!(model));
        }
        if let Some(memory) = self.serverless_memory_mb {
            fields.retain(|name, _| !OF_MACHINES.contains(&name.as_str()));
            let before =
                fields.shift_remove("ServerlessConfig").unwrap_or_else(|| json!({"MaxConcurrency": 5}));
            fields.insert("ServerlessConfig".to_owned(), patched(before, &json!({"MemorySizeInMB": memory})));
        }
        if let Some(instance) = &self.instance_type {
            fields.shift_remove("ServerlessConfig");
            fields.shift_remove("InstancePools");
            fields.insert("InstanceType".to_owned(), json!(instance));
            fields.entry("InitialInstanceCount").or_insert_with(|| json!(1));
        }
        let is_serverless = fields.contains_key("ServerlessConfig");
        if let Some(count) = self.instances {
            if is_serverless {
                return Err(wrong("what is serverless has no `instances`"));
            }
            fields.insert("InitialInstanceCount".to_owned(), json!(count));
        }
        if let Some(most) = self.serverless_concurrency {
            let Some(serverless) = fields.get_mut("ServerlessConfig").and_then(Value::as_object_mut) else {
                return Err(wrong("`serverless_concurrency` is of what is serverless"));
            };
            serverless.insert("MaxConcurrency".to_owned(), json!(most));
        }
        Ok(patched(variant, &Value::Object(self.variant_settings.0.clone())))
    }
}

/// # Errors
/// When AWS's request has no such field.
fn known(config: &Value) -> Result<()> {
    let named = patched(config.clone(), &json!({"EndpointConfigName": "c"}));
    shape::strict(&named, CreateEndpointConfigInput::deserialize).map(drop)
}

/// With as many machines and as much of the traffic as a variant has now, which may have been changed since it was
/// configured.
fn as_it_runs(variant: &mut Value, live: &[ProductionVariantSummary]) -> Result<()> {
    let name = text(variant, "/VariantName");
    let Some(now) = live.iter().find(|now| now.variant_name == name) else { return Ok(()) };
    let Some(fields) = variant.as_object_mut() else { return Ok(()) };
    let serverless = now.desired_serverless_config.as_ref().or(now.current_serverless_config.as_ref());
    let count = now.desired_instance_count.or(now.current_instance_count);
    if let Some(serverless) = serverless.filter(|_| fields.contains_key("ServerlessConfig")) {
        fields.insert("ServerlessConfig".to_owned(), shape::json(serverless)?);
    }
    if let Some(count) = count.filter(|_| !fields.contains_key("ServerlessConfig")) {
        fields.insert("InitialInstanceCount".to_owned(), json!(count));
    }
    if let Some(weight) = now.desired_weight.or(now.current_weight) {
        fields.insert("InitialVariantWeight".to_owned(), json!(written(weight)));
    }
    Ok(())
}

/// A weight with the digits that AWS gave, which a plain conversion would not keep.
fn written(weight: f32) -> f64 {
    weight.to_string().parse().unwrap_or_else(|_| f64::from(weight))
}

fn variant_of<'a>(config: &'a Value, name: &str) -> Option<&'a Value> {
    list(config, "/ProductionVariants").iter().find(|it| text(it, "/VariantName").as_deref() == Some(name))
}

/// What there is less of, and which settings are gone.
fn losses(before: &Value, after: &Value, variant: &str) -> Vec<String> {
    let mut losses = Vec::new();
    let (old, new) = (variant_of(before, variant), variant_of(after, variant));
    if let (Some(old), Some(new)) = (old, new) {
        for (pointer, what) in [
            ("/InitialInstanceCount", "instances"),
            ("/ServerlessConfig/MemorySizeInMB", "MB of memory"),
            ("/ServerlessConfig/MaxConcurrency", "calls at once"),
            ("/ServerlessConfig/ProvisionedConcurrency", "calls kept ready"),
            ("/ManagedInstanceScaling/MinInstanceCount", "instances at least"),
            ("/ManagedInstanceScaling/MaxInstanceCount", "instances at most"),
        ] {
            if let (Some(was), Some(will)) = (whole(old, pointer), whole(new, pointer))
                && will < was
            {
                losses.push(format!("{will} {what} in place of {was}"));
            }
        }
        losses.extend(smaller(old, new));
        let weight = |variant: &Value| variant.get("InitialVariantWeight").and_then(Value::as_f64);
        if weight(new) == Some(0.0) && weight(old) != Some(0.0) {
            losses.push("with a weight of 0 it gets no calls".to_owned());
        }
    }
    let lost = shape::absent(before, after);
    if !lost.is_empty() {
        losses.push(format!("these settings are lost: {}", lost.join(", ")));
    }
    losses
}

/// That machines of another type are smaller, all of them together; the number alone is told beside it.
fn smaller(old: &Value, new: &Value) -> Option<String> {
    let (was, will) = (text(old, "/InstanceType")?, text(new, "/InstanceType")?);
    if was == will {
        return None;
    }
    let of_all = |variant: &Value, each: Option<u32>| {
        Some(i64::from(each?) * whole(variant, "/InitialInstanceCount").unwrap_or(1))
    };
    let sizes = [
        ("accelerators", known::accelerators(&was), known::accelerators(&will)),
        ("vCPUs", known::vcpus(&was), known::vcpus(&will)),
    ];
    sizes.into_iter().find_map(|(what, before, after)| match (of_all(old, before), of_all(new, after)) {
        (Some(before), Some(after)) if after < before => {
            Some(format!("{will} in place of {was}: {after} {what} in place of {before}"))
        }
        (Some(_), Some(_)) => None,
        _ => Some(format!("{will} in place of {was}: whether it has less {what} is not known here")),
    })
}

/// Fields that a patch may not carry, since arguments of their own say them: of the configuration, of a variant, of a model.
pub(super) const OF_CONFIG: &[&str] =
    &["EndpointConfigName", "ExecutionRoleArn", "ProductionVariants", "ShadowProductionVariants", "Tags"];
pub(super) const OF_VARIANT: &[&str] = &["ModelName", "VariantName"];
pub(super) const OF_MODEL: &[&str] = &["ModelName", "ExecutionRoleArn", "Tags"];

pub(super) fn reserved<'a>(patch: &'a Map<String, Value>, fields: &[&str]) -> Option<&'a str> {
    patch.keys().map(String::as_str).find(|name| fields.contains(name))
}
