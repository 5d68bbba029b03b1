//! EC2 in the local AWS, as root.

use awsmcp_testing::{LocalAws, Reply};

/// The image that every instance here is of.
pub(crate) const IMAGE: &str = "ami-0a1b2c3d4e5f60002";

/// Calls an operation with these parameters, which must succeed.
#[track_caller]
pub(crate) fn ec2(aws: &LocalAws, action: &str, parameters: &[(&str, &str)]) -> Reply {
    form(aws, ("ec2", "2016-11-15"), action, parameters)
}

/// The same of Auto Scaling.
#[track_caller]
pub(crate) fn autoscaling(aws: &LocalAws, action: &str, parameters: &[(&str, &str)]) -> Reply {
    form(aws, ("autoscaling", "2011-01-01"), action, parameters)
}

/// The same of Elastic Load Balancing.
#[track_caller]
pub(crate) fn balancing(aws: &LocalAws, action: &str, parameters: &[(&str, &str)]) -> Reply {
    form(aws, ("elasticloadbalancing", "2015-12-01"), action, parameters)
}

#[track_caller]
fn form(aws: &LocalAws, service: (&str, &str), action: &str, parameters: &[(&str, &str)]) -> Reply {
    let (service, version) = service;
    let pairs = [("Action", action), ("Version", version)];
    let body: Vec<String> =
        pairs.iter().chain(parameters).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let reply = aws.request(service, "POST", "/", &[], &form, body.join("&").as_bytes());
    assert!(reply.status < 300, "{action}: {}", reply.text());
    reply
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The first element of that name.
#[track_caller]
pub(crate) fn id(reply: &Reply, element: &str) -> String {
    reply.element(element).unwrap_or_else(|| panic!("no {element}: {}", reply.text()))
}

/// A running instance with a name.
#[track_caller]
pub(crate) fn instance(aws: &LocalAws, name: &str, more: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("ImageId", IMAGE),
        ("InstanceType", "t3.micro"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", name),
    ];
    parameters.extend(more);
    id(&ec2(aws, "RunInstances", &parameters), "instanceId")
}

/// A volume that nothing has.
#[track_caller]
pub(crate) fn volume(aws: &LocalAws) -> String {
    let parameters = [("AvailabilityZone", "us-east-1a"), ("Size", "5"), ("VolumeType", "gp3")];
    id(&ec2(aws, "CreateVolume", &parameters), "volumeId")
}

/// A VPC with these addresses.
#[track_caller]
pub(crate) fn vpc(aws: &LocalAws, cidr: &str) -> String {
    id(&ec2(aws, "CreateVpc", &[("CidrBlock", cidr)]), "vpcId")
}

/// A subnet of a VPC.
#[track_caller]
pub(crate) fn subnet(aws: &LocalAws, vpc: &str, cidr: &str) -> String {
    let parameters = [("VpcId", vpc), ("CidrBlock", cidr), ("AvailabilityZone", "us-east-1a")];
    id(&ec2(aws, "CreateSubnet", &parameters), "subnetId")
}

/// A security group, with nothing but its way out.
#[track_caller]
pub(crate) fn group(aws: &LocalAws, vpc: &str, name: &str) -> String {
    let parameters = [("GroupName", name), ("GroupDescription", name), ("VpcId", vpc)];
    id(&ec2(aws, "CreateSecurityGroup", &parameters), "groupId")
}

/// An Auto Scaling group of so many instances, of 1 to 4.
#[track_caller]
pub(crate) fn scaling_group(aws: &LocalAws, name: &str, desired: &str, more: &[(&str, &str)]) {
    let launch = [("LaunchConfigurationName", name), ("ImageId", IMAGE), ("InstanceType", "t3.micro")];
    autoscaling(aws, "CreateLaunchConfiguration", &launch);
    let mut parameters = vec![
        ("AutoScalingGroupName", name),
        ("LaunchConfigurationName", name),
        ("MinSize", "1"),
        ("MaxSize", "4"),
        ("DesiredCapacity", desired),
        ("AvailabilityZones.member.1", "us-east-1a"),
    ];
    parameters.extend(more);
    autoscaling(aws, "CreateAutoScalingGroup", &parameters);
}

/// The ARN of a new target group of instances.
#[track_caller]
pub(crate) fn target_group(aws: &LocalAws, name: &str, vpc: &str) -> String {
    let parameters =
        [("Name", name), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", vpc), ("TargetType", "instance")];
    id(&balancing(aws, "CreateTargetGroup", &parameters), "TargetGroupArn")
}
