//! What scales by itself: variants, and components on them.

use aws_sdk_applicationautoscaling::types::{ScalableTarget, ScalingPolicy, ServiceNamespace};
use awsmcp_mcp::{Call, Result};
use futures::future::{join, join_all};

use super::lacking;
use crate::SageMaker;

/// What scales some variants or components, as far as it could be read.
pub(super) struct Scaling {
    targets: Vec<ScalableTarget>,
    policies: Vec<ScalingPolicy>,
}

/// Of these, by the ids that Application Auto Scaling gives them. What cannot be read is told by a note, which says `of` what.
pub(super) async fn scaling(cx: &Call<SageMaker>, ids: &[String], of: &str) -> Scaling {
    let (targets, policies) = join(targets(cx, ids), policies(cx, ids)).await;
    Scaling {
        targets: lacking(cx, &format!("scaling targets{of}"), targets).unwrap_or_default(),
        policies: lacking(cx, &format!("scaling policies{of}"), policies).unwrap_or_default(),
    }
}

async fn targets(cx: &Call<SageMaker>, ids: &[String]) -> Result<Vec<ScalableTarget>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let asked = cx.client().scaling.describe_scalable_targets();
    let asked = asked.service_namespace(ServiceNamespace::Sagemaker).set_resource_ids(Some(ids.to_vec()));
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

async fn policies(cx: &Call<SageMaker>, ids: &[String]) -> Result<Vec<ScalingPolicy>> {
    let asked = ids.iter().map(|id| async move {
        let asked = cx.client().scaling.describe_scaling_policies();
        let asked = asked.service_namespace(ServiceNamespace::Sagemaker).resource_id(id);
        let all: Vec<ScalingPolicy> = asked.into_paginator().items().send().try_collect().await?;
        Ok::<_, awsmcp_mcp::Error>(all)
    });
    let pages: Result<Vec<Vec<ScalingPolicy>>> = join_all(asked).await.into_iter().collect();
    Ok(pages?.concat())
}

impl Scaling {
    /// `1-4, 70 SageMakerVariantInvocationsPerInstance`
    pub(super) fn of(&self, id: &str) -> Option<String> {
        let target = self.targets.iter().find(|target| target.resource_id == id)?;
        let mut words = vec![format!("{}-{}", target.min_capacity, target.max_capacity)];
        for policy in self.policies.iter().filter(|policy| policy.resource_id == id) {
            let tracking = policy.target_tracking_scaling_policy_configuration.as_ref();
            let tracked = tracking.and_then(|tracking| {
                let metric =
                    tracking.predefined_metric_specification.as_ref()?.predefined_metric_type.as_str();
                Some(format!("{} {metric}", tracking.target_value))
            });
            words.push(tracked.unwrap_or_else(|| policy.policy_name.clone()));
        }
        let stopped = target.suspended_state.as_ref().map(|state| {
            let parts = [
                ("in", state.dynamic_scaling_in_suspended),
                ("out", state.dynamic_scaling_out_suspended),
                ("by schedule", state.scheduled_scaling_suspended),
            ];
            parts.into_iter().filter(|(_, is)| *is == Some(true)).map(|(part, _)| part).collect::<Vec<_>>()
        });
        let stopped = stopped.unwrap_or_default();
        if !stopped.is_empty() {
            words.push(format!("suspended: {}", stopped.join(", ")));
        }
        Some(words.join(", "))
    }
}
