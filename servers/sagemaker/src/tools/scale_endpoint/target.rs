//! What is scaled: a variant of an endpoint, or a component on it.

use std::fmt;

use aws_sdk_applicationautoscaling::types::{MetricType, ScalableDimension};
use aws_sdk_sagemaker::types::{ManagedInstanceScalingStatus, ProductionVariantSummary};
use serde::Serialize;

/// What is scaled.
#[derive(PartialEq, Serialize)]
pub(super) enum Target {
    Variant {
        name: String,
        instances: Option<i32>,
        weight: Option<f32>,
        /// Between what AWS scales its machines itself, for the components on them.
        managed: Option<(i32, i32)>,
    },
    Component {
        name: String,
        copies: Option<i32>,
    },
}

/// Between what AWS scales the machines of a variant itself, if it does.
pub(super) fn managed(now: &ProductionVariantSummary) -> Option<(i32, i32)> {
    let scaling = now.managed_instance_scaling.as_ref()?;
    let is_on = scaling.status == Some(ManagedInstanceScalingStatus::Enabled);
    is_on.then(|| {
        (scaling.min_instance_count.unwrap_or_default(), scaling.max_instance_count.unwrap_or_default())
    })
}

impl Target {
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Target::Variant { .. } => "instances",
            Target::Component { .. } => "copies",
        }
    }

    /// As Application Auto Scaling names it.
    pub(super) fn scalable(&self, endpoint: &str) -> (String, ScalableDimension, MetricType) {
        match self {
            Target::Variant { name, .. } => (
                format!("endpoint/{endpoint}/variant/{name}"),
                ScalableDimension::SageMakerVariantDesiredInstanceCount,
                MetricType::SageMakerVariantInvocationsPerInstance,
            ),
            Target::Component { name, .. } => (
                format!("inference-component/{name}"),
                ScalableDimension::SageMakerInferenceComponentDesiredCopyCount,
                MetricType::SageMakerInferenceComponentInvocationsPerCopy,
            ),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Variant { name, .. } => write!(f, "the variant {name}"),
            Target::Component { name, .. } => write!(f, "the component {name}"),
        }
    }
}
