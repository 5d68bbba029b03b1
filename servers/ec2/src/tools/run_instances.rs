use std::collections::BTreeMap;

use aws_sdk_ec2::{
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification,
        Image as Described, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
        InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceStateName,
        InstanceType, LaunchTemplateSpecification, MarketType, ResourceType, VolumeType,
    },
};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, ResourceArgument, Result, Spec};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    images::{Architecture, Image, Need, resolve, smallest},
    instances::{MOST, settled, state},
    names::{GroupId, InstanceId, KeyPairName, LaunchTemplateId, SubnetId},
    tags::{name, specification},
};

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
    /// Of an alias and a type by need; default x86_64.
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

/// What is launched, with everything found out that the caller left open.
struct Order {
    image: Option<Described>,
    instance_type: Option<String>,
    chosen: bool,
}

impl Change for RunInstances {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = ();
    const SPEC: Spec = Spec::write("run_instances", "Run instances")
        .on(arns::ANY_INSTANCE, &["ec2:RunInstances"])
        .on(arns::ANY_VOLUME, &["ec2:RunInstances"])
        .on(arns::ANY_NETWORK_INTERFACE, &["ec2:RunInstances"])
        .on(arns::SUBNET, &["ec2:RunInstances"])
        .on(arns::SECURITY_GROUPS, &["ec2:RunInstances"])
        .on(arns::ANY_IMAGE, &["ec2:RunInstances"])
        .on("*", &["ec2:DescribeInstances", "ec2:DescribeImages"])
        .on(arns::ANY_PARAMETER, &["ssm:GetParameters"])
        .when("key_pair")
        .on(arns::KEY_PAIR, &["ec2:RunInstances"])
        .when("launch_template")
        .on(arns::LAUNCH_TEMPLATE, &["ec2:RunInstances"])
        .when("name")
        .on(arns::ANY_INSTANCE, &["ec2:CreateTags"])
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .when("tags")
        .on(arns::ANY_INSTANCE, &["ec2:CreateTags"])
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .when("instance_profile")
        .on(arns::ANY_ROLE, &["iam:PassRole"])
        .when("vcpus")
        .on("*", &["ec2:GetInstanceTypesFromInstanceRequirements", "ec2:DescribeInstanceTypes"])
        .when("memory_gib")
        .on("*", &["ec2:GetInstanceTypesFromInstanceRequirements", "ec2:DescribeInstanceTypes"])
        .names_no_resource()
        .minutes(15);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let order = self.order(cx).await?;
        would(self.request(cx, &order).dry_run(true).send()).await?;
        let kind = order.instance_type.as_deref().unwrap_or("the template's type");
        let mut plan = Plan::new(format!("launch {} × {kind}", self.count()));
        plan = plan.row(json!({
            "image": order.image.as_ref().and_then(|image| image.image_id.clone()),
            "image_name": order.image.as_ref().and_then(|image| image.name.clone()),
            "type": order.instance_type,
            "subnet": self.subnet.as_ref().map_or("of the default VPC", SubnetId::as_str),
            "security_groups": self.security_groups.iter().map(GroupId::as_str).collect::<Vec<_>>(),
            "key_pair": self.key_pair.as_ref().map(KeyPairName::as_str),
            "volumes": self.disks(order.image.as_ref()).len(),
            "imds": "v2 only",
        }));
        if order.chosen {
            plan = plan.warning(format!("{kind} was chosen as the smallest that fits"));
        }
        if self.security_groups.is_empty() && self.launch_template.is_none() {
            plan =
                plan.warning("it gets the VPC's default security group, which lets in only its own members");
        }
        if self.spot {
            plan = plan.warning("AWS may take a spot instance back at two minutes' notice");
        }
        if self.user_data.as_deref().is_some_and(holds_a_secret) {
            plan = plan
                .warning("the user data looks as if it held a secret: everybody on the instance can read it");
        }
        if self.launch_template.is_some() && self.image.is_none() {
            plan = plan.warning("the image is the template's: its volumes are encrypted only if the template or the account says so");
        }
        Ok(plan.state(json!([order.image.and_then(|image| image.image_id), order.instance_type])))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let order = self.order(cx).await?;
        let out = self.request(cx, &order).send().await?;
        let mut found = out.instances.unwrap_or_default();
        let ids: Vec<InstanceId> = found
            .iter()
            .filter_map(|instance| instance.instance_id.as_deref().and_then(|id| InstanceId::parse(id).ok()))
            .collect();
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

    async fn order(&self, cx: &Call<Ec2>) -> Result<Order> {
        let most = cx.extra(MOST.name).and_then(|text| text.parse().ok()).unwrap_or(5);
        if self.count() > most {
            return Err(Error::refused(format!(
                "{} instances are more than the {most} of one call",
                self.count()
            ))
            .with_next("launch fewer, or ask the operator to raise --max-instances"));
        }
        let by_need = self.vcpus.is_some() || self.memory_gib.is_some();
        if by_need && self.instance_type.is_some() {
            return Err(Error::invalid("give `instance_type`, or `vcpus` and `memory_gib`, not both"));
        }
        if !by_need && self.instance_type.is_none() && self.launch_template.is_none() {
            return Err(Error::invalid(
                "say which type: `instance_type` such as t3.micro, or `vcpus` and `memory_gib`",
            )
            .with_next("find_instance_types shows what there is"));
        }
        let architecture = self.architecture.unwrap_or_default();
        let wanted = match (&self.image, &self.launch_template) {
            (Some(image), _) => Some(image.clone()),
            (None, None) => Some(Image::Alias("al2023")),
            (None, Some(_)) => None,
        };
        let image = match wanted {
            Some(image) => Some(described(cx, &resolve(cx, &image, architecture).await?).await?),
            None => None,
        };
        let instance_type = if by_need {
            let need = Need {
                vcpus: (self.vcpus, None),
                memory_gib: (self.memory_gib, None),
                gpus: None,
                architecture: Some(architecture),
            };
            smallest(cx, need).await?.instance_type.map(|kind| kind.to_string())
        } else {
            self.instance_type.clone()
        };
        Ok(Order { image, instance_type, chosen: by_need })
    }

    fn request(&self, cx: &Call<Ec2>, order: &Order) -> RunInstancesFluentBuilder {
        let metadata = InstanceMetadataOptionsRequest::builder()
            .http_tokens(HttpTokensState::Required)
            .http_endpoint(InstanceMetadataEndpointState::Enabled)
            // Containers are one hop further.
            .http_put_response_hop_limit(2)
            .build();
        let disks = self.disks(order.image.as_ref());
        let groups: Vec<String> = self.security_groups.iter().map(ToString::to_string).collect();
        let mut request = cx
            .client()
            .ec2
            .run_instances()
            .min_count(self.count())
            .max_count(self.count())
            .metadata_options(metadata)
            .set_image_id(order.image.as_ref().and_then(|image| image.image_id.clone()))
            .set_instance_type(order.instance_type.as_deref().map(InstanceType::from))
            .set_block_device_mappings((!disks.is_empty()).then_some(disks))
            .set_key_name(self.key_pair.clone().map(String::from))
            .set_user_data(self.user_data.as_ref().map(|text| BASE64_STANDARD.encode(text)))
            .set_iam_instance_profile(
                self.instance_profile
                    .as_ref()
                    .map(|name| IamInstanceProfileSpecification::builder().name(name).build()),
            )
            .set_launch_template(
                self.launch_template
                    .as_ref()
                    .map(|id| LaunchTemplateSpecification::builder().launch_template_id(id.as_str()).build()),
            )
            .set_instance_market_options(
                self.spot
                    .then(|| InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).build()),
            );
        for kind in [ResourceType::Instance, ResourceType::Volume] {
            if let Some(tags) = specification(kind, self.name.as_deref(), &self.tags) {
                request = request.tag_specifications(tags);
            }
        }
        // Whether it gets a public address can only be said of an interface, and then all of the network must be.
        match self.public_ip {
            Some(public) => request.network_interfaces(
                InstanceNetworkInterfaceSpecification::builder()
                    .device_index(0)
                    .associate_public_ip_address(public)
                    .set_subnet_id(self.subnet.clone().map(String::from))
                    .set_groups((!groups.is_empty()).then_some(groups))
                    .build(),
            ),
            None => request
                .set_subnet_id(self.subnet.clone().map(String::from))
                .set_security_group_ids((!groups.is_empty()).then_some(groups)),
        }
    }

    /// The image's volumes, each encrypted.
    fn disks(&self, image: Option<&Described>) -> Vec<BlockDeviceMapping> {
        let Some(image) = image else { return Vec::new() };
        let root = image.root_device_name.as_deref().unwrap_or("/dev/xvda");
        let own = image.block_device_mappings.as_deref().unwrap_or_default();
        let mut names: Vec<&str> = own
            .iter()
            .filter(|disk| disk.ebs.is_some())
            .filter_map(|disk| disk.device_name.as_deref())
            .collect();
        if !names.contains(&root) {
            names.insert(0, root);
        }
        names
            .into_iter()
            .map(|name| {
                let had = own
                    .iter()
                    .find(|disk| disk.device_name.as_deref() == Some(name))
                    .and_then(|disk| disk.ebs.as_ref());
                // An old default that costs more and does less.
                let kind = had
                    .and_then(|ebs| ebs.volume_type.clone())
                    .filter(|kind| !matches!(kind, VolumeType::Gp2 | VolumeType::Standard));
                let size = if name == root { self.volume_gib } else { None };
                let disk = EbsBlockDevice::builder()
                    .encrypted(true)
                    .delete_on_termination(true)
                    .volume_type(kind.unwrap_or(VolumeType::Gp3))
                    .set_volume_size(size);
                BlockDeviceMapping::builder().device_name(name).ebs(disk.build()).build()
            })
            .collect()
    }
}

async fn described(cx: &Call<Ec2>, id: &str) -> Result<Described> {
    let out = cx.client().ec2.describe_images().image_ids(id).send().await?;
    out.images.unwrap_or_default().pop().ok_or_else(|| {
        Error::not_found(format!("there is no image {id} in {}", cx.region()))
            .with_next("list_images shows your own, with of=aliases the newest public ones")
    })
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

    fn order(more: serde_json::Value) -> RunInstances {
        serde_json::from_value(more).unwrap()
    }

    #[test]
    fn every_volume_of_an_image_is_encrypted() {
        let old = EbsBlockDevice::builder()
            .snapshot_id("snap-1")
            .volume_type(VolumeType::Gp2)
            .encrypted(false)
            .build();
        let fast = EbsBlockDevice::builder().volume_type(VolumeType::Io2).iops(4000).build();
        let image = Described::builder()
            .root_device_name("/dev/sda1")
            .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(old).build())
            .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/sdb").ebs(fast).build())
            .block_device_mappings(
                BlockDeviceMapping::builder().device_name("/dev/sdc").virtual_name("ephemeral0").build(),
            )
            .build();
        let disks = order(json!({"volume_gib": 20})).disks(Some(&image));
        let shown: Vec<_> = disks
            .iter()
            .map(|disk| {
                let ebs = disk.ebs.as_ref().unwrap();
                (
                    disk.device_name.as_deref().unwrap(),
                    ebs.encrypted.unwrap(),
                    ebs.volume_type.clone().unwrap(),
                    ebs.volume_size,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [("/dev/sda1", true, VolumeType::Gp3, Some(20)), ("/dev/sdb", true, VolumeType::Io2, None)]
        );
        let bare = order(json!({})).disks(Some(&Described::builder().build()));
        assert_eq!((bare.len(), bare[0].device_name.as_deref()), (1, Some("/dev/xvda")));
    }

    #[test]
    fn secrets_in_user_data_are_noticed() {
        assert!(holds_a_secret("export DB_PASSWORD=hunter2"));
        assert!(holds_a_secret("AKIAIOSFODNN7EXAMPLE"));
        assert!(!holds_a_secret("#!/bin/sh\ndnf install -y nginx"));
    }
}
