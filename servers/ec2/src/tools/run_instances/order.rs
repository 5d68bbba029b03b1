//! What is launched, with everything found out that the caller left open.

use aws_sdk_ec2::{
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification,
        Image as Described, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
        InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType,
        LaunchTemplateSpecification, MarketType, ResourceType, VolumeType,
    },
};
use awsmcp_mcp::{Call, Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::RunInstances;
use crate::{
    Ec2,
    images::{Architecture, Image, Need, architecture_of, resolve, smallest},
    instances::MOST,
    lists::once,
    names::LaunchTemplateId,
    tags::specification,
    templates,
};

/// What is launched.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    /// None is the template's.
    pub(super) image: Option<String>,
    pub(super) image_name: Option<String>,
    /// What the image is billed as.
    pub(super) operation: Option<String>,
    /// None is the template's.
    pub(super) instance_type: Option<String>,
    /// Whether the type was chosen by need.
    pub(super) chosen: bool,
    pub(super) disks: Vec<Disk>,
    pub(super) template: Option<Template>,
}

/// What a launch template says of what the call may leave open.
#[derive(Debug, Serialize)]
pub(super) struct Template {
    /// As it was when it was looked at: what is launched is of no later one.
    pub(super) version: i64,
    pub(super) instance_type: Option<String>,
    pub(super) image: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) key_pair: Option<String>,
}

/// A volume that an instance is launched with.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Disk {
    pub(super) name: String,
    kind: String,
    /// None is the image's.
    gib: Option<i32>,
    /// The image's, where its kind is.
    iops: Option<i32>,
    throughput: Option<i32>,
    /// Whether it goes when the instance is terminated.
    pub(super) goes_along: bool,
}

impl Order {
    /// # Errors
    /// When the call asks for too much, for two things at once, or for what is not there.
    pub(super) async fn of(wanted: &RunInstances, cx: &Call<Ec2>) -> Result<Order> {
        let by_need = wanted.vcpus.is_some() || wanted.memory_gib.is_some();
        check(wanted, cx, by_need)?;
        let template = match &wanted.launch_template {
            Some(id) => Some(Template::of(cx, id, wanted.template_version.as_deref()).await?),
            None => None,
        };
        let image = match (&wanted.image, &wanted.launch_template) {
            (Some(image), _) => Some(image.clone()),
            (None, None) => Some(Image::Alias("al2023")),
            (None, Some(_)) => None,
        };
        // An image by its id is of one architecture anyway.
        let by_alias = matches!(image, Some(Image::Alias(_)));
        let of_template = || template.as_ref().and_then(|template| template.instance_type.clone());
        let known_type = wanted.instance_type.clone().or_else(of_template).filter(|_| !by_need);
        let architecture = match (wanted.architecture, known_type) {
            (Some(given), _) => given,
            (None, Some(kind)) if by_alias => architecture_of(cx, &kind).await?,
            _ => Architecture::default(),
        };
        let image = match image {
            Some(image) => Some(described(cx, &resolve(cx, &image, architecture).await?).await?),
            None => None,
        };
        let instance_type = if by_need {
            let need = Need {
                vcpus: (wanted.vcpus, None),
                memory_gib: (wanted.memory_gib, None),
                gpus: None,
                architecture: Some(architecture),
            };
            smallest(cx, need).await?.instance_type.map(|kind| kind.to_string())
        } else {
            wanted.instance_type.clone()
        };
        Ok(Order {
            template,
            disks: image.as_ref().map(|image| disks(image, wanted.volume_gib)).unwrap_or_default(),
            operation: image.as_ref().and_then(|image| image.usage_operation.clone()),
            image_name: image.as_ref().and_then(|image| image.name.clone()),
            image: image.and_then(|image| image.image_id),
            instance_type,
            chosen: by_need,
        })
    }

    pub(super) fn request(&self, wanted: &RunInstances, cx: &Call<Ec2>) -> RunInstancesFluentBuilder {
        let metadata = InstanceMetadataOptionsRequest::builder()
            .http_tokens(HttpTokensState::Required)
            .http_endpoint(InstanceMetadataEndpointState::Enabled)
            // Containers are one hop further.
            .http_put_response_hop_limit(2)
            .build();
        let disks: Vec<BlockDeviceMapping> = self.disks.iter().map(Disk::mapping).collect();
        let profile = |name: &String| IamInstanceProfileSpecification::builder().name(name).build();
        let spot = || InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).build();
        let version = self.template.as_ref().map(|template| template.version.to_string());
        let template = |id: &LaunchTemplateId| {
            let template = LaunchTemplateSpecification::builder().launch_template_id(id.as_str());
            template.set_version(version.clone()).build()
        };
        let mut request = cx
            .client()
            .ec2
            .run_instances()
            .min_count(wanted.count())
            .max_count(wanted.count())
            .metadata_options(metadata)
            .set_image_id(self.image.clone())
            .set_instance_type(self.instance_type.as_deref().map(InstanceType::from))
            .set_block_device_mappings((!disks.is_empty()).then_some(disks))
            .set_key_name(wanted.key_pair.clone().map(String::from))
            .set_user_data(wanted.user_data.as_ref().map(|text| BASE64_STANDARD.encode(text)))
            .set_iam_instance_profile(wanted.instance_profile.as_ref().map(profile))
            .set_launch_template(wanted.launch_template.as_ref().map(template))
            .set_instance_market_options(wanted.spot.then(spot));
        for kind in [ResourceType::Instance, ResourceType::Volume] {
            if let Some(tags) = specification(kind, wanted.name.as_deref(), &wanted.tags) {
                request = request.tag_specifications(tags);
            }
        }
        let groups = once(&wanted.security_groups);
        let groups = (!groups.is_empty()).then_some(groups);
        let subnet = wanted.subnet.clone().map(String::from);
        // Whether it gets a public address can only be said of an interface, and then all of the network must be.
        match wanted.public_ip {
            Some(public) => request.network_interfaces(
                InstanceNetworkInterfaceSpecification::builder()
                    .device_index(0)
                    .associate_public_ip_address(public)
                    .set_subnet_id(subnet)
                    .set_groups(groups)
                    .build(),
            ),
            None => request.set_subnet_id(subnet).set_security_group_ids(groups),
        }
    }
}

fn check(wanted: &RunInstances, cx: &Call<Ec2>, by_need: bool) -> Result<()> {
    let most = cx.extra(MOST.name).and_then(|text| text.parse().ok()).unwrap_or(5);
    let count = wanted.count();
    if count > most {
        return Err(Error::refused(format!("{count} instances are more than the {most} of one call"))
            .with_next("launch fewer, or ask the operator to raise --max-instances"));
    }
    if wanted.template_version.is_some() && wanted.launch_template.is_none() {
        return Err(Error::invalid("`template_version` is one of a `launch_template`, which is not given"));
    }
    if by_need && wanted.instance_type.is_some() {
        return Err(Error::invalid("give `instance_type`, or `vcpus` and `memory_gib`, not both"));
    }
    if !by_need && wanted.instance_type.is_none() && wanted.launch_template.is_none() {
        return Err(Error::invalid(
            "say which type: `instance_type` such as t3.micro, or `vcpus` and `memory_gib`",
        )
        .with_next("find_instance_types shows what there is"));
    }
    Ok(())
}

/// The image's volumes, each encrypted; `root_gib` is the size of the first.
fn disks(image: &Described, root_gib: Option<i32>) -> Vec<Disk> {
    let root = image.root_device_name.as_deref().unwrap_or("/dev/xvda");
    let own: Vec<(&str, &EbsBlockDevice)> = image
        .block_device_mappings
        .iter()
        .flatten()
        .filter_map(|disk| Some((disk.device_name.as_deref()?, disk.ebs.as_ref()?)))
        .collect();
    let mut names: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
    if !names.contains(&root) {
        names.insert(0, root);
    }
    let disk = |name: &str| {
        let had = own.iter().find(|(own, _)| *own == name).map(|(_, ebs)| *ebs);
        // An old default that costs more and does less.
        let kind = had
            .and_then(|ebs| ebs.volume_type.clone())
            .filter(|kind| !matches!(kind, VolumeType::Gp2 | VolumeType::Standard));
        let same = had.filter(|_| kind.is_some());
        Disk {
            name: name.to_owned(),
            iops: same.and_then(|ebs| ebs.iops),
            throughput: same.and_then(|ebs| ebs.throughput),
            kind: kind.unwrap_or(VolumeType::Gp3).as_str().to_owned(),
            gib: root_gib.filter(|_| name == root),
            // A disk of data that its image keeps is kept.
            goes_along: had.and_then(|ebs| ebs.delete_on_termination).unwrap_or(true),
        }
    };
    names.into_iter().map(disk).collect()
}

impl Disk {
    fn mapping(&self) -> BlockDeviceMapping {
        let ebs = EbsBlockDevice::builder()
            .encrypted(true)
            .delete_on_termination(self.goes_along)
            .volume_type(VolumeType::from(self.kind.as_str()))
            .set_iops(self.iops)
            .set_throughput(self.throughput)
            .set_volume_size(self.gib);
        BlockDeviceMapping::builder().device_name(&self.name).ebs(ebs.build()).build()
    }
}

impl Template {
    /// The version that is named, else the default one.
    async fn of(cx: &Call<Ec2>, id: &LaunchTemplateId, version: Option<&str>) -> Result<Template> {
        let found = templates::version(cx, id, &templates::selector(version)?).await?.version;
        let number = found
            .version_number
            .ok_or_else(|| Error::internal(format!("AWS does not say which version of {id} it describes")))?;
        let data = found.launch_template_data;
        Ok(Template {
            version: number,
            groups: data.as_ref().map(templates::groups).unwrap_or_default(),
            key_pair: data.as_ref().and_then(|data| data.key_name.clone()),
            instance_type: data
                .as_ref()
                .and_then(|data| data.instance_type.as_ref().map(ToString::to_string)),
            image: data.and_then(|data| data.image_id),
        })
    }
}

async fn described(cx: &Call<Ec2>, id: &str) -> Result<Described> {
    let out = cx.client().ec2.describe_images().image_ids(id).send().await?;
    out.images.unwrap_or_default().pop().ok_or_else(|| {
        Error::not_found(format!("there is no image {id} in {}", cx.region()))
            .with_next("list_images shows your own, with of=aliases the newest public ones")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(disks: Vec<(&str, EbsBlockDevice)>) -> Described {
        let mut image = Described::builder().root_device_name("/dev/sda1");
        for (name, ebs) in disks {
            image =
                image.block_device_mappings(BlockDeviceMapping::builder().device_name(name).ebs(ebs).build());
        }
        let local = BlockDeviceMapping::builder().device_name("/dev/sdc").virtual_name("ephemeral0");
        image.block_device_mappings(local.build()).build()
    }

    #[test]
    fn every_volume_of_an_image_is_encrypted() {
        let old = EbsBlockDevice::builder()
            .snapshot_id("snap-1")
            .volume_type(VolumeType::Gp2)
            .encrypted(false)
            .build();
        let fast = EbsBlockDevice::builder().volume_type(VolumeType::Io2).iops(4000).build();
        let disks = super::disks(&image(vec![("/dev/sda1", old), ("/dev/sdb", fast)]), Some(20));
        let shown: Vec<_> = disks
            .iter()
            .map(|disk| {
                let mapping = disk.mapping();
                let ebs = mapping.ebs.unwrap();
                let size = (ebs.volume_size, ebs.iops);
                (mapping.device_name.unwrap(), ebs.encrypted.unwrap(), ebs.volume_type.unwrap(), size)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("/dev/sda1".to_owned(), true, VolumeType::Gp3, (Some(20), None)),
                ("/dev/sdb".to_owned(), true, VolumeType::Io2, (None, Some(4000)))
            ]
        );
        let bare = super::disks(&Described::builder().build(), None);
        assert_eq!((bare.len(), bare[0].name.as_str()), (1, "/dev/xvda"));
    }

    #[test]
    fn a_volume_that_the_image_keeps_is_kept() {
        let of = |goes: bool| EbsBlockDevice::builder().delete_on_termination(goes).build();
        let disks = super::disks(&image(vec![("/dev/sda1", of(true)), ("/dev/sdb", of(false))]), None);
        let shown: Vec<_> =
            disks.iter().map(|disk| disk.mapping().ebs.unwrap().delete_on_termination.unwrap()).collect();
        assert_eq!(shown, [true, false]);
    }
}
