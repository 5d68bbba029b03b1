use std::collections::BTreeMap;

use aws_sdk_ec2::types::InstanceStateName;
use awsmcp_mcp::{Call, Change, Page, Plan, Result, Spec};
use awsmcp_operations::prices::{self, Prices};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    costs::{self, HOURS},
    dry_run::would,
    images::{Architecture, Image},
    instances::{settled, state},
    names::{GroupId, KeyPairName, LaunchTemplateId, SubnetId},
    tags::name,
};

mod order;

use order::Order;

/// Launches instances and waits until they run. Always IMDSv2 only and with encrypted volumes.
///
/// By `instance_type`, or the smallest with `vcpus` and `memory_gib`; the plan shows what it takes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunInstances {
    /// Id, `ssm:PATH`, or al2023 (the default), ubuntu, debian-12, windows-2022, ecs.
    image: Option<Image>,
    instance_type: Option<String>,
    #[schemars(range(min = 1))]
    vcpus: Option<i32>,
    memory_gib: Option<f64>,
    /// Of an alias and a type by need; default: the type's, else x86_64.
    architecture: Option<Architecture>,
    /// Default 1.
    #[schemars(range(min = 1))]
    count: Option<i32>,
    name: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    subnet: Option<SubnetId>,
    #[schemars(length(max = 5))]
    #[serde(default)]
    security_groups: Vec<GroupId>,
    /// Default: as the subnet says.
    public_ip: Option<bool>,
    key_pair: Option<KeyPairName>,
    instance_profile: Option<String>,
    /// A script or cloud-config; no secrets.
    user_data: Option<String>,
    /// Of the first volume.
    #[schemars(range(min = 1))]
    volume_gib: Option<i32>,
    #[serde(default)]
    spot: bool,
    /// Id; what is given here goes before it.
    launch_template: Option<LaunchTemplateId>,
    /// `3`, `latest` or `default`, which it is without.
    template_version: Option<String>,
    #[serde(default)]
    no_wait: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    state: String,
    r#type: Option<String>,
    private_ip: Option<String>,
    public_ip: Option<String>,
    subnet: Option<String>,
}

impl Change for RunInstances {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = Order;
    const SPEC: Spec = Spec::write("run_instances", "Run instances")
        .shown_by("list_instances")
        .on(arns::ANY_INSTANCE, &["ec2:RunInstances"])
        .on(arns::ANY_VOLUME, &["ec2:RunInstances"])
        .on(arns::ANY_NETWORK_INTERFACE, &["ec2:RunInstances"])
        .on(arns::SUBNET, &["ec2:RunInstances"])
        .on(arns::SECURITY_GROUPS, &["ec2:RunInstances"])
        .on(arns::IMAGE, &["ec2:RunInstances"])
        .on("*", &["ec2:DescribeInstances", "ec2:DescribeImages"])
        .on(arns::ANY_PARAMETER, &["ssm:GetParameters"])
        .where_allowed("*", &[prices::ACTION])
        .when("key_pair")
        .on(arns::KEY_PAIR, &["ec2:RunInstances"])
        .when("launch_template")
        .on("*", &["ec2:DescribeLaunchTemplateVersions", "ec2:DescribeInstanceTypes"])
        .on(arns::LAUNCH_TEMPLATE, &["ec2:RunInstances"])
        .when("name")
        .on(arns::ANY_INSTANCE, &["ec2:CreateTags"])
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .when("tags")
        .on(arns::ANY_INSTANCE, &["ec2:CreateTags"])
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .when("instance_profile")
        .on(arns::ANY_ROLE, &["iam:PassRole"])
        .when("instance_type")
        .on("*", &["ec2:DescribeInstanceTypes"])
        .when("vcpus")
        .on("*", &["ec2:GetInstanceTypesFromInstanceRequirements", "ec2:DescribeInstanceTypes"])
        .when("memory_gib")
        .on("*", &["ec2:GetInstanceTypesFromInstanceRequirements", "ec2:DescribeInstanceTypes"])
        .names_no_resource()
        .minutes(15);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Order>> {
        let order = Order::of(self, cx).await?;
        would(order.request(self, cx).dry_run(true).send()).await?;
        let template = order.template.as_ref();
        let kind = order.instance_type.as_deref().or(template.and_then(|it| it.instance_type.as_deref()));
        let image = order.image.as_deref().or(template.and_then(|it| it.image.as_deref()));
        let groups: Vec<&str> = match (self.security_groups.as_slice(), template) {
            ([], Some(template)) => template.groups.iter().map(String::as_str).collect(),
            (own, _) => own.iter().map(GroupId::as_str).collect(),
        };
        let key_pair = self.key_pair.as_ref().map(KeyPairName::as_str);
        let elsewhere = if template.is_some() { "as the template says" } else { "of the default VPC" };
        let shown = kind.unwrap_or("the template's type");
        self.tell_price(cx, &order, kind).await;
        let plan = Plan::new(format!("launch {} × {shown}", self.count())).row(json!({
            "image": image,
            "image_name": order.image_name,
            "type": kind,
            "subnet": self.subnet.as_ref().map_or(elsewhere, SubnetId::as_str),
            "security_groups": groups,
            "key_pair": key_pair.or(template.and_then(|it| it.key_pair.as_deref())),
            "template_version": template.map(|it| it.version),
            "volumes": order.disks.len(),
            "imds": "v2 only",
        }));
        Ok(self.warned(plan, &order).items(order))
    }

    async fn apply(self, order: Order, cx: &Call<Ec2>) -> Result<Self::Output> {
        let out = order.request(&self, cx).send().await?;
        let mut found = out.instances.unwrap_or_default();
        let ids: Vec<String> = found.iter().filter_map(|instance| instance.instance_id.clone()).collect();
        if !self.no_wait {
            match settled(cx, &ids, &InstanceStateName::Running).await {
                Ok(running) => found = running,
                // They exist and cost by now, so the ids must come through.
                Err(error) => {
                    cx.note(format!("launched, but not all run: {}", error.message));
                    found = crate::instances::all(cx, &ids).await.unwrap_or(found);
                }
            }
        }
        let rows = found.into_iter().map(|instance| Row {
            state: state(&instance).to_owned(),
            name: name(instance.tags.as_ref()),
            r#type: instance.instance_type.map(|kind| kind.to_string()),
            private_ip: instance.private_ip_address,
            public_ip: instance.public_ip_address,
            subnet: instance.subnet_id,
            id: instance.instance_id.unwrap_or_default(),
        });
        Ok(cx.page(rows, None))
    }
}

impl RunInstances {
    fn count(&self) -> i32 {
        self.count.unwrap_or(1)
    }

    /// Says what they cost together, without their volumes; nothing of spot instances, whose price moves. It stands beside the
    /// plan and is no part of it: a price that cannot be read makes no other plan.
    async fn tell_price(&self, cx: &Call<Ec2>, order: &Order, kind: Option<&str>) {
        let operation = order.operation.as_deref().filter(|_| !self.spot);
        let Some((kind, operation)) = kind.zip(operation) else { return };
        let product = costs::of_type(kind, operation);
        let prices = Prices::look_up(cx, [product.clone()]).await;
        let Some((price, source)) = prices.get(&product).zip(prices.source()) else { return };
        let (count, currency) = (f64::from(self.count()), &price.currency);
        let (hour, month) = (price.of(count), price.of(count * HOURS));
        cx.note(format!(
            "{hour} {currency} an hour, {month} {currency} a month, without the volumes; {source}"
        ));
    }

    /// What a reader must not miss.
    fn warned(&self, mut plan: Plan, order: &Order) -> Plan {
        if order.chosen {
            let kind = order.instance_type.as_deref().unwrap_or_default();
            plan = plan.warning(format!("{kind} was chosen as the smallest that fits"));
        }
        let of_template = order.template.as_ref().is_some_and(|template| !template.groups.is_empty());
        if self.security_groups.is_empty() && !of_template {
            plan =
                plan.warning("it gets the VPC's default security group, which lets in only its own members");
        }
        let kept: Vec<&str> =
            order.disks.iter().filter(|disk| !disk.goes_along).map(|disk| disk.name.as_str()).collect();
        if !kept.is_empty() {
            plan = plan.warning(format!(
                "as the image says, these volumes stay, and cost, when the instance is terminated: {}",
                kept.join(", ")
            ));
        }
        if self.spot {
            plan = plan.warning("AWS may take a spot instance back at two minutes' notice");
        }
        if self.user_data.as_deref().is_some_and(holds_a_secret) {
            plan = plan
                .warning("the user data looks as if it held a secret: everybody on the instance can read it");
        }
        if self.launch_template.is_some() && self.image.is_none() {
            plan = plan.warning(
                "the image is the template's: its volumes are encrypted only if the template or the account says so",
            );
        }
        plan
    }
}

/// Words that stand before a secret, and AWS's own keys.
fn holds_a_secret(text: &str) -> bool {
    const SIGNS: [&str; 6] =
        ["password=", "passwd=", "secret=", "token=", "aws_secret_access_key", "private key-----"];
    let lower = text.to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign)) || text.contains("AKIA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_user_data_are_noticed() {
        assert!(holds_a_secret("export DB_PASSWORD=hunter2"));
        assert!(holds_a_secret("AKIAIOSFODNN7EXAMPLE"));
        assert!(!holds_a_secret("#!/bin/sh\ndnf install -y nginx"));
    }
}
