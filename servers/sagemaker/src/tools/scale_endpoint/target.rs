//! What is scaled: a variant of an endpoint, or a component on it.

use std::fmt;

use aws_sdk_applicationautoscaling::types::{MetricType, ScalableDimension};
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
