//! Where requests name what EC2 and SSM have, for the second look at each request.
//!
//! EC2's requests are forms: `InstanceId.n` stands for `InstanceId.1`, `InstanceId.2` and so on. What a request makes has no
//! id yet, so it is held to all of its kind, as the declarations of the tools are.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

const fn look(operations: &'static [&'static str], arn: &'static str) -> Look {
    Look { operations, arn }
}

/// The ARN of a thing of the call's own account.
macro_rules! own {
    ($resource:literal) => {
        concat!("arn:{partition}:ec2:{region}:{account}:", $resource)
    };
}

/// The ARN of an image or a snapshot, which has no account.
macro_rules! shared {
    ($resource:literal) => {
        concat!("arn:{partition}:ec2:{region}::", $resource)
    };
}

pub(crate) const LOOKS: &[Look] = &[
    // Instances.
    look(
        &[
            "AssociateAddress",
            "AssociateIamInstanceProfile",
            "AttachVolume",
            "CreateImage",
            "DescribeInstanceAttribute",
            "DetachVolume",
            "GetConsoleOutput",
            "GetConsoleScreenshot",
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
        ],
        own!("instance/{InstanceId}"),
    ),
    look(
        &[
            "MonitorInstances",
            "RebootInstances",
            "StartInstances",
            "StopInstances",
            "TerminateInstances",
            "UnmonitorInstances",
        ],
        own!("instance/{InstanceId.n}"),
    ),
    look(&["CreateSnapshots"], own!("instance/{InstanceSpecification.InstanceId}")),
    look(&["ModifyInstanceAttribute"], own!("security-group/{GroupId.n}")),
    // It names no instance but an association, whose id only the description of an instance tells.
    look(&["ReplaceIamInstanceProfileAssociation"], "*"),
    // What is launched.
    look(&["RunInstances"], own!("instance/*")),
    look(&["RunInstances"], own!("volume/*")),
    look(&["RunInstances"], own!("network-interface/*")),
    look(&["RunInstances"], shared!("image/{ImageId}")),
    look(&["RunInstances"], shared!("snapshot/{BlockDeviceMapping.n.Ebs.SnapshotId}")),
    look(&["RunInstances"], own!("key-pair/{KeyName}")),
    look(&["RunInstances"], own!("launch-template/{LaunchTemplate.LaunchTemplateId}")),
    look(&["RunInstances"], own!("subnet/{SubnetId}")),
    look(&["RunInstances"], own!("subnet/{NetworkInterface.n.SubnetId}")),
    look(&["RunInstances"], own!("security-group/{SecurityGroupId.n}")),
    look(&["RunInstances"], own!("security-group/{NetworkInterface.n.SecurityGroupId.n}")),
    // Volumes, snapshots and images.
    look(&["AttachVolume", "CreateSnapshot", "DeleteVolume", "DetachVolume"], own!("volume/{VolumeId}")),
    look(&["CreateSnapshots", "CreateVolume"], own!("volume/*")),
    look(&["CreateVolume", "DeleteSnapshot"], shared!("snapshot/{SnapshotId}")),
    look(&["CreateImage", "CreateSnapshot", "CreateSnapshots"], shared!("snapshot/*")),
    look(&["CreateImage"], shared!("image/*")),
    look(&["DeregisterImage", "DescribeImageAttribute"], shared!("image/{ImageId}")),
    look(&["DescribeSnapshotAttribute"], shared!("snapshot/{SnapshotId}")),
    // Security groups and key pairs.
    look(
        &[
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "DeleteSecurityGroup",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ],
        own!("security-group/{GroupId}"),
    ),
    look(&["CreateSecurityGroup"], own!("security-group/*")),
    look(&["CreateVpcEndpoint"], own!("security-group/{SecurityGroupId.n}")),
    look(&["CreateKeyPair", "DeleteKeyPair"], own!("key-pair/{KeyName}")),
    // Networks.
    look(&["DeleteNatGateway"], own!("natgateway/{NatGatewayId}")),
    look(&["DeleteNetworkInterface"], own!("network-interface/{NetworkInterfaceId}")),
    look(&["DescribeVpcAttribute"], own!("vpc/{VpcId}")),
    look(
        &["GetIpamPoolAllocations", "GetIpamPoolCidrs"],
        "arn:{partition}:ec2::{account}:ipam-pool/{IpamPoolId}",
    ),
    look(&["CreateVpc"], own!("vpc/*")),
    look(
        &[
            "AttachInternetGateway",
            "CreateRouteTable",
            "CreateSecurityGroup",
            "CreateSubnet",
            "CreateVpcEndpoint",
            "CreateVpcPeeringConnection",
        ],
        own!("vpc/{VpcId}"),
    ),
    look(&["CreateVpcPeeringConnection"], own!("vpc/{PeerVpcId}")),
    look(&["CreateVpcPeeringConnection"], own!("vpc-peering-connection/*")),
    look(&["AcceptVpcPeeringConnection"], own!("vpc-peering-connection/{VpcPeeringConnectionId}")),
    look(&["CreateSubnet"], own!("subnet/*")),
    look(&["AssociateRouteTable", "CreateNatGateway", "ModifySubnetAttribute"], own!("subnet/{SubnetId}")),
    look(&["CreateVpcEndpoint"], own!("subnet/{SubnetId.n}")),
    look(&["CreateVpcEndpoint"], own!("vpc-endpoint/*")),
    look(&["CreateVpcEndpoint"], own!("route-table/{RouteTableId.n}")),
    look(&["CreateRouteTable"], own!("route-table/*")),
    look(&["AssociateRouteTable", "CreateRoute"], own!("route-table/{RouteTableId}")),
    look(&["CreateInternetGateway"], own!("internet-gateway/*")),
    look(&["AttachInternetGateway"], own!("internet-gateway/{InternetGatewayId}")),
    look(&["CreateNatGateway"], own!("natgateway/*")),
    look(&["AllocateAddress"], own!("elastic-ip/*")),
    look(&["AssociateAddress", "CreateNatGateway", "ReleaseAddress"], own!("elastic-ip/{AllocationId}")),
    // The prefix of an id tells its kind, which is written in place of the `*`.
    look(&["CreateTags", "DeleteTags"], own!("*/{ResourceId.n}")),
    // Auto Scaling, whose requests have the name of a group but not its id.
    look(
        &["UpdateAutoScalingGroup"],
        "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}",
    ),
    // SSM, whose requests are JSON.
    look(&["SendCommand"], own!("instance/{InstanceIds}")),
    look(&["SendCommand"], "arn:{partition}:ssm:{region}:*:document/{DocumentName}"),
    look(&["GetParameters"], "arn:{partition}:ssm:{region}::parameter{public parameters}"),
    look(&["GetParameters"], "arn:{partition}:ssm:{region}:{account}:parameter/{parameters of the account}"),
    look(&["GetParameters"], "{parameters of others}"),
];

/// The parameters that a request names, apart by whose they are: the public ones are AWS's and have no account, those of
/// another account are named by their ARNs.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    let is_public = |name: &str| name.starts_with("/aws/service/");
    let is_arn = |name: &str| name.starts_with("arn:");
    let names = request.texts("Names").into_iter();
    Some(match place {
        "public parameters" => names.filter(|name| is_public(name)).collect(),
        "parameters of others" => names.filter(|name| is_arn(name)).collect(),
        "parameters of the account" => names
            .filter(|name| !is_public(name) && !is_arn(name))
            .map(|name| name.strip_prefix('/').map(str::to_owned).unwrap_or(name))
            .collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn parameters_are_apart_by_whose_they_are() {
        let shared = "arn:aws:ssm:us-east-1:210987654321:parameter/theirs";
        let body = serde_json::json!({"Names": ["/aws/service/x", "/own/one", "plain", shared]}).to_string();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri("https://ssm.us-east-1.amazonaws.com/").unwrap();
        request.headers_mut().insert("content-type", "application/x-amz-json-1.1");
        let view = RequestView::of("SSM", "GetParameters", &request, None, "us-east-1").unwrap();
        let read = |name| place(name, &view).unwrap();
        assert_eq!(read("public parameters"), ["/aws/service/x"]);
        assert_eq!(read("parameters of the account"), ["own/one", "plain"]);
        assert_eq!(read("parameters of others"), [shared]);
        assert_eq!(place("InstanceId", &view), None);
    }

    /// `ec2` and `instance` of an instance's ARN.
    fn kind(arn: &str) -> (String, String) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts.as_slice() else { panic!("{arn}") };
        let kind = resource.split(['/', '{']).next().unwrap_or_default();
        ((*service).to_owned(), kind.to_owned())
    }

    /// Whether a look at `operation` reads things of the kind of this ARN.
    fn is_read(operation: &str, arn: &str) -> bool {
        let mut looks = LOOKS.iter().filter(|look| look.operations.contains(&operation));
        looks.any(|look| {
            look.arn == "*" || look.arn.starts_with('{') || {
                let (own, declared) = (kind(look.arn), kind(arn));
                own.0 == declared.0 && (own.1 == declared.1 || own.1 == "*" || declared.1 == "*")
            }
        })
    }

    #[test]
    fn every_operation_on_a_resource_is_looked_at() {
        // A role is passed with another operation, whose request names an instance profile; only IAM knows its role.
        let no_operation = |action: &str| action == "iam:PassRole";
        // Which VPC is on the other side, only the answer to CreateVpcPeeringConnection tells, whose request named it.
        let known =
            |operation: &str, arn: &str| operation == "AcceptVpcPeeringConnection" && kind(arn).1 == "vpc";
        let manifest = crate::server().manifest();
        let mut declared = BTreeSet::new();
        for need in manifest.tools.iter().flat_map(|tool| &tool.needs) {
            if need.arn == "*" || no_operation(&need.action) {
                continue;
            }
            let (_, operation) = need.action.split_once(':').unwrap();
            declared.insert(operation.to_owned());
            assert!(
                is_read(operation, &need.arn) || known(operation, &need.arn),
                "no look at {operation} reads {}",
                need.arn
            );
        }
        assert!(declared.len() > 40, "{declared:?}");
        for operation in LOOKS.iter().flat_map(|look| look.operations) {
            assert!(declared.contains(*operation), "no tool declares {operation} on a resource");
        }
    }
}
