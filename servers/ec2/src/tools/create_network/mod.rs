use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ResourceType, TagSpecification};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    names::{AllocationId, GroupId, InstanceId, RouteTableId, SubnetId, VpcId},
    tags::specification,
};

mod address;
mod endpoint;
mod gateway;
mod nat;
mod peering;
mod route;
mod subnet;
mod vpc;

use address::Address;
use endpoint::Endpoint;
use gateway::InternetGateway;
use nat::NatGateway;
use peering::Peering;
use route::{Route, RouteTable};
use subnet::Subnet;
use vpc::Vpc;

/// Creates one part of a network. describe_network shows what there is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateNetwork {
    part: Part,
    /// The VPC it belongs to.
    vpc: Option<VpcId>,
    /// Of a vpc or subnet: `10.0.1.0/24`.
    cidr: Option<String>,
    /// Of a subnet: `us-east-1a`.
    zone: Option<String>,
    /// Of a subnet: its instances get public addresses.
    #[serde(default)]
    public: bool,
    /// The one of a nat_gateway; those that a route_table or endpoint serves.
    #[schemars(length(max = 20))]
    #[serde(default)]
    subnets: Vec<SubnetId>,
    /// Where a route goes; of an endpoint of S3 or DynamoDB, that it is a route in.
    route_table: Option<RouteTableId>,
    /// Of a route: `0.0.0.0/0`.
    destination: Option<String>,
    /// Of a route: the id of a gateway, peering or interface.
    target: Option<String>,
    /// Of an elastic_ip: gets the address.
    instance: Option<InstanceId>,
    /// Of a nat_gateway; default a new one.
    address: Option<AllocationId>,
    /// Of an endpoint: `s3`, `com.amazonaws.us-east-1.ssm`.
    service: Option<String>,
    /// Of an endpoint.
    #[serde(default)]
    security_groups: Vec<GroupId>,
    /// Of a peering; in the same account and region.
    peer_vpc: Option<VpcId>,
    name: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Part {
    Vpc,
    Subnet,
    /// Attached to the VPC.
    InternetGateway,
    /// Waits until it is there.
    NatGateway,
    RouteTable,
    Route,
    ElasticIp,
    Endpoint,
    /// Accepted at once.
    Peering,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Made {
    id: String,
    state: Option<String>,
    public_ip: Option<String>,
    /// What else was made or joined on the way.
    also: Vec<String>,
}

impl Made {
    /// A failure after the first creation: names what exists by now, and what is left to do about it.
    fn left_by(&self, part: &str, rest: &str, mut error: Error) -> Error {
        let created = (!self.id.is_empty()).then(|| format!("{part} {} was created", self.id));
        let done: Vec<String> = created.into_iter().chain(self.also.iter().cloned()).collect();
        if done.is_empty() {
            return error;
        }
        error.message = format!("{}; by then: {}", error.message.trim_end_matches('.'), done.join(", "));
        error.with_next(rest)
    }
}

/// One of the things that the tool makes. It is read from the tool's input, which has fields for all of them.
trait Piece: Sized {
    /// What the input calls it.
    const PART: &'static str;

    /// Takes from the input what it is made of.
    ///
    /// # Errors
    /// When something is missing or cannot be.
    fn read(wanted: &CreateNetwork) -> Result<Self>;

    /// What would be made, and what a person should know of it.
    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan>;

    /// Asks AWS whether it would make it.
    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()>;

    /// Makes it. `made` learns of each thing as soon as it exists: a failure names what it holds.
    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()>;

    /// What to do next, after a failure that left what `made` holds.
    fn rest(&self, made: &Made) -> String;
}

async fn plan<P: Piece>(wanted: &CreateNetwork, cx: &Call<Ec2>) -> Result<Plan> {
    let piece = P::read(wanted)?;
    let plan = piece.plan(cx).await?;
    piece.rehearse(cx).await?;
    Ok(plan.state(json!(P::PART)))
}

async fn make<P: Piece>(wanted: &CreateNetwork, cx: &Call<Ec2>) -> Result<One<Made>> {
    let piece = P::read(wanted)?;
    let mut made = Made::default();
    match piece.make(cx, &mut made).await {
        Ok(()) => Ok(One(made)),
        Err(error) => Err(made.left_by(P::PART, &piece.rest(&made), error)),
    }
}

/// Calls a function of the piece that the input asks for.
macro_rules! of_piece {
    ($function:ident($wanted:expr, $cx:expr)) => {
        match $wanted.part {
            Part::Vpc => $function::<Vpc>($wanted, $cx).await,
            Part::Subnet => $function::<Subnet>($wanted, $cx).await,
            Part::InternetGateway => $function::<InternetGateway>($wanted, $cx).await,
            Part::NatGateway => $function::<NatGateway>($wanted, $cx).await,
            Part::RouteTable => $function::<RouteTable>($wanted, $cx).await,
            Part::Route => $function::<Route>($wanted, $cx).await,
            Part::ElasticIp => $function::<Address>($wanted, $cx).await,
            Part::Endpoint => $function::<Endpoint>($wanted, $cx).await,
            Part::Peering => $function::<Peering>($wanted, $cx).await,
        }
    };
}

impl Change for CreateNetwork {
    type Service = Ec2;
    type Output = One<Made>;
    type Items = ();
    // What is made is tagged as it is made: CreateTags is asked for on the same resources.
    const SPEC: Spec = Spec::write("create_network", "Create network part")
        .shown_by("describe_network")
        .when("part=vpc")
        .on(arns::ANY_VPC, &["ec2:CreateVpc", "ec2:CreateTags"])
        .on("*", &["ec2:DescribeVpcs"])
        .when("part=subnet")
        .on(arns::ANY_SUBNET, &["ec2:CreateSubnet", "ec2:CreateTags"])
        .on(arns::VPC, &["ec2:CreateSubnet"])
        .when("part=subnet and public")
        .on(arns::ANY_SUBNET, &["ec2:ModifySubnetAttribute"])
        .when("part=internet_gateway")
        .on(
            arns::ANY_INTERNET_GATEWAY,
            &["ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:CreateTags"],
        )
        .on(arns::VPC, &["ec2:AttachInternetGateway"])
        .when("part=nat_gateway")
        .on(arns::ANY_NAT_GATEWAY, &["ec2:CreateNatGateway", "ec2:CreateTags"])
        .on(arns::SUBNETS, &["ec2:CreateNatGateway"])
        .on(arns::ADDRESS, &["ec2:CreateNatGateway"])
        .on("*", &["ec2:DescribeNatGateways"])
        .when("part=nat_gateway and not address")
        .on(arns::ANY_ELASTIC_IP, &["ec2:AllocateAddress"])
        .when("part=route_table")
        .on(arns::ANY_ROUTE_TABLE, &["ec2:CreateRouteTable", "ec2:CreateTags"])
        .on(arns::VPC, &["ec2:CreateRouteTable"])
        .when("part=route_table and subnets")
        .on(arns::ANY_ROUTE_TABLE, &["ec2:AssociateRouteTable"])
        .on(arns::SUBNETS, &["ec2:AssociateRouteTable"])
        .when("part=route")
        .on("*", &["ec2:DescribeRouteTables"])
        .on(arns::ROUTE_TABLE, &["ec2:CreateRoute"])
        .when("part=elastic_ip")
        .on(arns::ANY_ELASTIC_IP, &["ec2:AllocateAddress", "ec2:CreateTags"])
        .when("part=elastic_ip and instance")
        .on(arns::ANY_ELASTIC_IP, &["ec2:AssociateAddress"])
        .on(arns::INSTANCE, &["ec2:AssociateAddress"])
        .when("part=endpoint")
        .on(arns::VPC, &["ec2:CreateVpcEndpoint"])
        .on(arns::ANY_VPC_ENDPOINT, &["ec2:CreateVpcEndpoint", "ec2:CreateTags"])
        .when("part=endpoint and route_table")
        .on(arns::ROUTE_TABLE, &["ec2:CreateVpcEndpoint"])
        .when("part=endpoint and subnets and not route_table")
        .on(arns::SUBNETS, &["ec2:CreateVpcEndpoint"])
        .when("part=endpoint and security_groups and not route_table")
        .on(arns::SECURITY_GROUPS, &["ec2:CreateVpcEndpoint"])
        .when("part=peering")
        .on(arns::VPC, &["ec2:CreateVpcPeeringConnection"])
        .on(arns::PEER_VPC, &["ec2:CreateVpcPeeringConnection", "ec2:AcceptVpcPeeringConnection"])
        .on(
            arns::ANY_VPC_PEERING_CONNECTION,
            &["ec2:CreateVpcPeeringConnection", "ec2:AcceptVpcPeeringConnection", "ec2:CreateTags"],
        )
        .names_no_resource()
        .optional()
        .minutes(10);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        of_piece!(plan(self, cx))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        of_piece!(make(&self, cx))
    }
}

impl CreateNetwork {
    fn tagged(&self, kind: ResourceType) -> Option<Vec<TagSpecification>> {
        specification(kind, self.name.as_deref(), &self.tags).map(|tags| vec![tags])
    }

    fn vpc(&self, part: &str) -> Result<&str> {
        self.vpc.as_ref().map(VpcId::as_str).ok_or_else(|| lacks(part, "vpc", "vpc-0123456789abcdef0"))
    }

    fn cidr(&self) -> Result<&str> {
        let text = self.cidr.as_deref().ok_or_else(|| lacks("vpc or subnet", "cidr", "10.0.0.0/16"))?;
        match text.parse::<IpNet>() {
            Ok(net) if net.trunc() == net => Ok(text),
            Ok(net) => Err(Error::invalid(format!(
                "{text} names an address in a network; the network is {}",
                net.trunc()
            ))),
            Err(_) => Err(Error::invalid(format!("{text:?} is not a network; a good one is 10.0.0.0/16"))),
        }
    }
}

fn lacks(part: &str, field: &str, example: &str) -> Error {
    Error::invalid(format!("a {part} needs `{field}`, such as {example}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_what_exists() {
        let lost = || Error::conflict("AWS said no.");
        let nothing = Made::default().left_by("subnet", "look", lost());
        assert_eq!(
            (nothing.message.as_str(), nothing.next.as_deref()),
            ("AWS said no.", lost().next.as_deref())
        );
        let made =
            Made { id: "rtb-1".to_owned(), also: vec!["serves subnet-1".to_owned()], ..Made::default() };
        let error = made.left_by("route_table", "look", lost());
        assert_eq!(error.message, "AWS said no; by then: route_table rtb-1 was created, serves subnet-1");
        assert_eq!(error.next.as_deref(), Some("look"));
    }
}
