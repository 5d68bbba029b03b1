//! MCP server for Amazon EC2: instances and what they cost, the network between them and why it does not let something
//! through, volumes, images, security groups, and commands on instances.

mod actions;
mod arns;
mod asked;
mod commands;
mod costs;
mod documents;
mod dry_run;
mod images;
mod instances;
mod knowledge;
mod lists;
mod looks;
mod names;
mod network;
mod operations;
mod paging;
mod prompts;
mod reachability;
mod rules;
mod scaling;
mod sharing;
mod tags;
mod templates;
mod times;
mod tools;
mod wire;

use std::{borrow::Cow, sync::Arc};

use aws_sdk_cloudwatch as cloudwatch;
use aws_sdk_ssm as ssm;
use awsmcp_mcp::{Completion, Extra, Look, Named, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Lazy, RequestView, SdkConfig, Tap, lazily};
use tools::*;

/// Amazon EC2, as the tools use it.
#[derive(Debug)]
pub struct Ec2;

/// What AWS's good answers always have: the ids of what was made, and the lists that decide what is destroyed or said to be
/// unreachable. An empty list is an empty element, never none.
const ALWAYS: &[(&str, &[&str])] = &[
    ("AllocateAddress", &["allocationId"]),
    ("CreateImage", &["imageId"]),
    ("CreateInternetGateway", &["internetGateway"]),
    ("CreateKeyPair", &["keyName"]),
    ("CreateNatGateway", &["natGateway"]),
    ("CreateRouteTable", &["routeTable"]),
    ("CreateSecurityGroup", &["groupId"]),
    ("CreateSnapshot", &["snapshotId"]),
    ("CreateSnapshots", &["snapshotSet"]),
    ("CreateSubnet", &["subnet"]),
    ("CreateVolume", &["volumeId"]),
    ("CreateVpc", &["vpc"]),
    ("CreateVpcEndpoint", &["vpcEndpoint"]),
    ("CreateVpcPeeringConnection", &["vpcPeeringConnection"]),
    ("DescribeInstances", &["reservationSet"]),
    ("DescribeNetworkAcls", &["networkAclSet"]),
    ("DescribeNetworkInterfaces", &["networkInterfaceSet"]),
    ("DescribeRouteTables", &["routeTableSet"]),
    ("DescribeSecurityGroupRules", &["securityGroupRuleSet"]),
    ("DescribeSecurityGroups", &["securityGroupInfo"]),
    ("DescribeTags", &["tagSet"]),
    ("DescribeVolumes", &["volumeSet"]),
    ("RunInstances", &["instancesSet"]),
    ("SendCommand", &["Command"]),
];

/// The clients of one call.
#[derive(Debug)]
pub struct Client {
    pub(crate) ec2: Lazy<aws_sdk_ec2::Client>,
    pub(crate) ssm: Lazy<ssm::Client>,
    pub(crate) metrics: Lazy<cloudwatch::Client>,
}

impl Service for Ec2 {
    const ID: &'static str = "ec2";
    const TITLE: &'static str = "Amazon EC2";
    const SUMMARY: &'static str = "Find, understand, run and change EC2 instances, their volumes, images, networks and security groups.";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[
        ("EC2", "ec2"),
        ("SSM", "ssm"),
        ("CloudWatch", "cloudwatch"),
        ("Auto Scaling", "autoscaling"),
        ("Elastic Load Balancing v2", "elasticloadbalancing"),
    ];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = actions::TABLE;
    const LOOKS: &'static [Look] = looks::LOOKS;
    // IAM knows no resource of what reads them, so that no tool declares them; check_target_health is held to them all the same.
    const FORMS: &'static [&'static str] = &[arns::ANY_LOAD_BALANCER, arns::ANY_TARGET_GROUP];
    // What AWS says twice without doing it twice: a state or a value that is there already stays as it is.
    const REPEATABLE: &'static [&'static str] = &[
        "CreateTags",
        "DeleteTags",
        "ModifyInstanceAttribute",
        "ModifyInstanceMetadataOptions",
        "ModifySubnetAttribute",
        "MonitorInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "UnmonitorInstances",
        "UpdateAutoScalingGroup",
    ];
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = ALWAYS;
    const EXTRAS: &'static [Extra] = &[instances::MOST, documents::ALLOWED];
    const NAMES: &'static [Named] = &[Named { argument: "instance", tool: "list_instances", column: "name" }];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        let sdk = Arc::new(sdk.clone());
        Client {
            ec2: lazily!(aws_sdk_ec2, &sdk, &tap),
            ssm: lazily!(ssm, &sdk, &tap),
            metrics: lazily!(cloudwatch, &sdk, &tap),
        }
    }

    fn arn(arn: &str) -> Result<Option<String>, String> {
        names::arn(arn)
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        let operation = error.operation.as_deref().unwrap_or_default();
        Some(Cow::Borrowed(match error.code.as_deref()? {
            "InvalidInstanceID.NotFound" => {
                "list_instances shows those of this region; a terminated one is gone after an hour"
            }
            "InvalidAMIID.NotFound" | "InvalidAMIID.Malformed" => {
                "images differ by region: list_images shows them, an alias such as al2023 is always right"
            }
            "InvalidVolume.NotFound" => "list_volumes shows those of this region",
            "InvalidSnapshot.NotFound" => "list_snapshots shows those of this region",
            "InvalidSnapshot.InUse" => "an image is made of it: delete_resources with `images` first",
            "InvalidGroup.NotFound" | "InvalidGroupId.Malformed" => {
                "list_security_groups shows those of this region"
            }
            "InvalidGroup.InUse" => "list_security_groups shows who uses it",
            "InvalidVpcID.NotFound" | "InvalidSubnetID.NotFound" => {
                "describe_network without arguments lists the VPCs, with one its subnets"
            }
            "InvalidKeyPair.NotFound" => "list_key_pairs shows those of this region",
            "InvalidKeyPair.Duplicate" => "choose another name, or delete_resources with `key_pairs` first",
            "InsufficientInstanceCapacity" => {
                "AWS has none left there now: another zone (`subnet`), another type (find_instance_types), or later"
            }
            "VcpuLimitExceeded" | "InstanceLimitExceeded" | "MaxSpotInstanceCountExceeded" => {
                "the account's quota is reached: ask for more in Service Quotas, or take a smaller or another family"
            }
            "Unsupported" if operation == "RunInstances" => {
                "that type is not offered in that zone, or the image is of another architecture: find_instance_types"
            }
            "IncorrectInstanceState" | "IncorrectState" => {
                "describe_instance shows its state; set_instances changes it, and modify_instance wants it stopped for a \
                 new type"
            }
            "OperationNotPermitted" => {
                "it is protected: modify_instance with termination_protection or stop_protection false, if that is meant"
            }
            "DependencyViolation" => {
                "something still uses it: describe_network and list_security_groups show what"
            }
            "InvalidInstanceId" if operation == "SendCommand" => {
                "it is not running, or its SSM agent does not report: describe_instance shows that as `ssm`"
            }
            "ScalingActivityInProgress" => {
                "the group is still at something: describe_scaling_group shows what; try again when it is over"
            }
            "LoadBalancerNotFound" => {
                "application, network and gateway load balancers of this region only; a classic one has no target groups"
            }
            "TargetGroupNotFound" => "with `instance` or `load_balancer` its groups are found",
            "InvalidDocument" => "there is no such document in this region",
            "UnsupportedHibernationConfiguration" => {
                "it was not launched for hibernation: set_instances with action stop instead"
            }
            _ => return None,
        }))
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<Ec2> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<Ec2> {
    Server::new(
        "Start with list_instances, then describe_instance. An instance is given by id, ARN or name (tag Name) to what \
         looks, by id to what changes. When something does not connect: check_reachability.",
    )
    .toolset("instances", "find and understand instances")
    .tool::<ListInstances>()
    .tool::<DescribeInstance>()
    .tool::<ConsoleOutput>()
    .tool::<ConsoleScreenshot>()
    .tool::<GetUserData>()
    .tool::<FindInstanceTypes>()
    .tool::<SpotPrices>()
    .toolset("network", "security groups, networks and what gets through them")
    .tool::<CheckReachability>()
    .tool::<ListSecurityGroups>()
    .tool::<DescribeNetwork>()
    .tool::<ListAddresses>()
    .tool::<ListFlowLogs>()
    .tool::<ListIpamPools>()
    .change::<SetSecurityGroup>()
    .change::<CreateNetwork>()
    .toolset("storage", "volumes, snapshots and images")
    .tool::<ListVolumes>()
    .tool::<ListImages>()
    .tool::<ListSnapshots>()
    .change::<CreateVolume>()
    .change::<AttachVolume>()
    .change::<CreateSnapshot>()
    .change::<CreateImage>()
    .toolset("run", "launch, start, stop and change instances")
    .change::<RunInstances>()
    .change::<SetInstances>()
    .change::<ModifyInstance>()
    .tool::<ListLaunchTemplates>()
    .tool::<DescribeLaunchTemplate>()
    .tool::<ListCapacityReservations>()
    .tool::<ListKeyPairs>()
    .change::<CreateKeyPair>()
    .tool::<RunCommand>()
    .tool::<GetCommand>()
    .toolset("scaling", "Auto Scaling groups, and the targets of load balancers")
    .tool::<ListScalingGroups>()
    .tool::<DescribeScalingGroup>()
    .tool::<CheckTargetHealth>()
    .change::<ScaleGroup>()
    .toolset("upkeep", "tags, waste, and removing what is no longer needed")
    .tool::<FindWaste>()
    .change::<TagResources>()
    .change::<TerminateInstances>()
    .change::<DeleteResources>()
    .prompt(prompts::UNREACHABLE_INSTANCE)
    .prompt(prompts::SICK_INSTANCE)
    .prompt(prompts::OPEN_TO_THE_WORLD)
    .prompt(prompts::CUT_COST)
    .resource(Resource {
        template: "ec2://{instance}",
        name: "instance",
        description: "An instance's card: state, checks, volumes, groups, network, role, SSM and CPU.",
        tool: "describe_instance",
        complete: &[Completion {
            variable: "instance",
            tool: "list_instances",
            prefix: "name",
            given: &[],
            column: "name",
        }],
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &["used_by"]);
    }
}
