//! Auto Scaling groups, as their service describes them.

use std::collections::BTreeMap;

use awsmcp_api::AUTOSCALING;
use awsmcp_mcp::{Call, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Ec2, arns,
    asked::{List, all},
    names::ScalingGroup,
};

/// Where the groups are listed.
pub(crate) const GROUPS: List = List {
    operation: "DescribeAutoScalingGroups",
    rows: "AutoScalingGroups",
    token: "NextToken",
    next: "NextToken",
};

/// A group. What AWS always says of it is no option: an answer without it is none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Group {
    #[serde(rename = "AutoScalingGroupName")]
    pub(crate) name: String,
    #[serde(rename = "AutoScalingGroupARN", default)]
    pub(crate) arn: String,
    pub(crate) min_size: i64,
    pub(crate) max_size: i64,
    pub(crate) desired_capacity: i64,
    /// In what capacity is counted, where not in instances: `vcpu`, `memory-mib`.
    pub(crate) desired_capacity_type: Option<String>,
    pub(crate) launch_configuration_name: Option<String>,
    pub(crate) launch_template: Option<Template>,
    pub(crate) mixed_instances_policy: Option<Value>,
    #[serde(default)]
    pub(crate) availability_zones: Vec<String>,
    #[serde(rename = "VPCZoneIdentifier", default)]
    pub(crate) subnets: String,
    #[serde(default)]
    pub(crate) load_balancer_names: Vec<String>,
    #[serde(rename = "TargetGroupARNs", default)]
    pub(crate) target_group_arns: Vec<String>,
    #[serde(default)]
    pub(crate) health_check_type: String,
    pub(crate) health_check_grace_period: Option<i64>,
    #[serde(default)]
    pub(crate) instances: Vec<Member>,
    #[serde(default)]
    pub(crate) suspended_processes: Vec<Suspended>,
    #[serde(default)]
    pub(crate) termination_policies: Vec<String>,
    pub(crate) new_instances_protected_from_scale_in: Option<bool>,
    pub(crate) max_instance_lifetime: Option<i64>,
    pub(crate) warm_pool_size: Option<i64>,
    /// What is done to the whole of it: `Delete in progress`.
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

/// A version of a launch template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Template {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    version: Option<String>,
}

/// An instance of a group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Member {
    pub(crate) instance_id: String,
    pub(crate) instance_type: Option<String>,
    #[serde(default)]
    pub(crate) availability_zone: String,
    pub(crate) lifecycle_state: String,
    pub(crate) health_status: String,
    pub(crate) launch_configuration_name: Option<String>,
    pub(crate) launch_template: Option<Template>,
    pub(crate) protected_from_scale_in: Option<bool>,
    pub(crate) weighted_capacity: Option<String>,
}

/// A process that somebody, or AWS, has stopped.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Suspended {
    pub(crate) process_name: String,
    pub(crate) suspension_reason: Option<String>,
}

/// A tag of a group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl Template {
    /// `web (lt-0123456789abcdef0) version $Latest`
    fn words(&self) -> String {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (name, id) = (some(&self.launch_template_name), some(&self.launch_template_id));
        let what = match (name, id) {
            (Some(name), Some(id)) if name != id => format!("{name} ({id})"),
            (name, id) => name.or(id).unwrap_or_default(),
        };
        match some(&self.version) {
            Some(version) => format!("{what} version {version}"),
            None => what,
        }
    }
}

impl Member {
    /// Whether it takes part: it runs for the group, or is about to.
    pub(crate) fn counts(&self) -> bool {
        self.lifecycle_state == "InService" || self.lifecycle_state.starts_with("Pending")
    }

    pub(crate) fn is_in_service(&self) -> bool {
        self.lifecycle_state == "InService" && self.is_healthy()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.health_status.eq_ignore_ascii_case("healthy")
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.protected_from_scale_in == Some(true)
    }

    /// What it was launched by.
    pub(crate) fn launched_by(&self) -> Option<String> {
        self.launch_template.as_ref().map(Template::words).or_else(|| self.launch_configuration_name.clone())
    }
}

impl Group {
    /// How many instances serve.
    pub(crate) fn in_service(&self) -> usize {
        self.instances.iter().filter(|one| one.is_in_service()).count()
    }

    pub(crate) fn unhealthy(&self) -> usize {
        self.instances.iter().filter(|one| !one.is_healthy()).count()
    }

    /// What it launches instances by.
    pub(crate) fn launches(&self) -> Option<String> {
        if let Some(template) = &self.launch_template {
            return Some(template.words());
        }
        let mixed = self.mixed_instances_policy.as_ref().and_then(|policy| {
            let own = policy.pointer("/LaunchTemplate/LaunchTemplateSpecification")?;
            Template::deserialize(own).ok().map(|template| format!("mixed instances of {}", template.words()))
        });
        mixed.or_else(|| {
            self.launch_configuration_name.as_ref().map(|name| format!("launch configuration {name}"))
        })
    }

    /// The names of its target groups.
    pub(crate) fn target_groups(&self) -> Vec<String> {
        self.target_group_arns.iter().map(|arn| target_group_name(arn).to_owned()).collect()
    }

    pub(crate) fn is_suspended(&self, process: &str) -> bool {
        self.suspended_processes.iter().any(|one| one.process_name == process)
    }

    /// Whether the whole of it is on its way out.
    pub(crate) fn is_going(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.starts_with("Delete"))
    }

    /// Its tags, without those of AWS.
    pub(crate) fn own_tags(&self) -> BTreeMap<String, String> {
        let own = self.tags.iter().filter(|tag| !tag.key.starts_with("aws:"));
        own.map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    }

    /// The value of one tag.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }
}

/// `web` of `arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067`
pub(crate) fn target_group_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// The group that is meant.
///
/// # Errors
/// When there is none, it is outside the operator's list, or the ARN is that of a group before it.
pub(crate) async fn find(cx: &Call<Ec2>, wanted: &ScalingGroup) -> Result<Group> {
    const ACTION: &str = "autoscaling:DescribeAutoScalingGroups";
    let name = wanted.as_str();
    cx.may(ACTION, arns::SCALING_GROUP, &[("group", name)]).await?;
    let input = json!({"AutoScalingGroupNames": [name]});
    let found = all::<Group>(cx, &AUTOSCALING, GROUPS, input, 1).await?;
    let missing = || {
        Error::not_found(format!("there is no Auto Scaling group {name} in {}", cx.region()))
            .with_next("list_scaling_groups shows those of this region")
    };
    let group = found.rows.into_iter().find(|group| group.name == name).ok_or_else(missing)?;
    match wanted.arn() {
        Some(arn) if !group.arn.is_empty() && arn != group.arn => Err(Error::not_found(format!(
            "the group of that ARN is gone; another one is called {name} now: {}",
            group.arn
        ))),
        _ => Ok(group),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A group of AWS's JSON, of what it always has and this.
    pub(crate) fn group(more: Value) -> Group {
        let mut whole =
            json!({"AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2});
        whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn what_a_group_launches_by_is_told_whichever_way_it_is_given() {
        let launches = |more: Value| group(more).launches();
        assert_eq!(launches(json!({})), None);
        assert_eq!(
            launches(json!({"LaunchConfigurationName": "old"})).as_deref(),
            Some("launch configuration old")
        );
        let template =
            json!({"LaunchTemplateId": "lt-01234567", "LaunchTemplateName": "web", "Version": "$Latest"});
        assert_eq!(
            launches(json!({"LaunchTemplate": template})).as_deref(),
            Some("web (lt-01234567) version $Latest")
        );
        let mixed = json!({"LaunchTemplate": {"LaunchTemplateSpecification": template, "Overrides": []}});
        assert_eq!(
            launches(json!({"MixedInstancesPolicy": mixed})).as_deref(),
            Some("mixed instances of web (lt-01234567) version $Latest")
        );
    }

    #[test]
    fn an_instance_serves_when_it_is_in_service_and_healthy() {
        let one = |id: &str, state: &str, health: &str| json!({"InstanceId": id, "AvailabilityZone": "a", "LifecycleState": state, "HealthStatus": health});
        let all = group(json!({"Instances": [
            one("i-1", "InService", "Healthy"), one("i-2", "InService", "Unhealthy"), one("i-3", "Standby", "Healthy"),
            one("i-4", "Pending:Wait", "HEALTHY"), one("i-5", "Terminating", "Unhealthy"),
        ]}));
        assert_eq!((all.in_service(), all.unhealthy()), (1, 2));
        assert_eq!(all.instances.iter().filter(|one| one.counts()).count(), 3);
    }
}
