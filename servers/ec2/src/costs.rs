//! Which products of AWS's price list things of EC2 are.

use aws_sdk_ec2::types::{Address, Instance, NatGateway, Tenancy, Volume};
use awsmcp_operations::prices::Product;

/// The hours of a month, as AWS's own calculator counts them.
pub(crate) const HOURS: f64 = 730.0;

/// Some units of a product, each month.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) product: Product,
    pub(crate) units: f64,
}

/// An hour of an instance on shared hardware, by its type and by what its image is billed as (`RunInstances:0002`).
pub(crate) fn of_type(kind: &str, operation: &str) -> Product {
    Product::new("AmazonEC2", format!("BoxUsage:{kind}"))
        .with("instanceType", kind)
        .with("operation", operation)
}

/// An instance that runs on demand; none of a spot instance, and of one on hardware of its own.
pub(crate) fn of_instance(instance: &Instance) -> Option<Cost> {
    let tenancy = instance.placement.as_ref().and_then(|placement| placement.tenancy.clone());
    let is_shared = tenancy.is_none_or(|tenancy| tenancy == Tenancy::Default);
    let product = of_type(instance.instance_type.as_ref()?.as_str(), instance.usage_operation.as_deref()?);
    (is_shared && instance.instance_lifecycle.is_none()).then_some(Cost { product, units: HOURS })
}

/// The size of a volume; what it may do beyond that, such as provisioned operations, is not in it.
pub(crate) fn of_volume(volume: &Volume) -> Option<Cost> {
    let kind = volume.volume_type.as_ref()?.as_str();
    let usage = match kind {
        "standard" => "EBS:VolumeUsage".to_owned(),
        "io1" => "EBS:VolumeUsage.piops".to_owned(),
        kind => format!("EBS:VolumeUsage.{kind}"),
    };
    let product =
        Product::new("AmazonEC2", usage).with("productFamily", "Storage").with("volumeApiName", kind);
    Some(Cost { product, units: f64::from(volume.size?) })
}

/// An address that nothing uses; those that an account brought along cost nothing.
pub(crate) fn of_address(address: &Address) -> Option<Cost> {
    let is_amazons = address.public_ipv4_pool.as_deref().is_none_or(|pool| pool == "amazon");
    let product = Product::new("AmazonVPC", "PublicIPv4:IdleAddress").with("group", "VPCPublicIPv4Address");
    is_amazons.then_some(Cost { product, units: HOURS })
}

/// A NAT gateway of one zone; a regional one costs by how many zones it is in.
pub(crate) fn of_nat(nat: &NatGateway) -> Option<Cost> {
    nat.subnet_id.as_ref().filter(|subnet| !subnet.is_empty())?;
    let product = Product::new("AmazonEC2", "NatGateway-Hours").with("productFamily", "NAT Gateway");
    Some(Cost { product, units: HOURS })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceLifecycleType, InstanceType, VolumeType};

    use super::*;

    #[test]
    fn only_what_is_billed_on_demand_has_a_price() {
        let instance =
            Instance::builder().instance_type(InstanceType::T3Micro).usage_operation("RunInstances:0002");
        let windows = of_instance(&instance.clone().build()).unwrap();
        assert_eq!((windows.product, windows.units), (of_type("t3.micro", "RunInstances:0002"), HOURS));
        assert_eq!(of_instance(&instance.instance_lifecycle(InstanceLifecycleType::Spot).build()), None);
        assert_eq!(of_instance(&Instance::builder().instance_type(InstanceType::T3Micro).build()), None);
        let volume = |kind| of_volume(&Volume::builder().volume_type(kind).size(8).build()).unwrap();
        assert_eq!(volume(VolumeType::Gp3).units, 8.0);
        assert_ne!(volume(VolumeType::Io1).product, volume(VolumeType::Standard).product);
        assert_eq!(of_address(&Address::builder().public_ipv4_pool("ipv4pool-ec2-0123").build()), None);
        assert_eq!(of_nat(&NatGateway::builder().build()), None);
    }
}
