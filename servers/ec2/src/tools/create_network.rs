use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, DomainType, NatGatewayState, ResourceType, TagSpecification, VpcEndpointType,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    names::{AllocationId, GroupId, InstanceId, RouteTableId, SubnetId, VpcId},
    tags::{Filters, specification},
};

/// Creates one part of a network. describe_network shows what there is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateNetwork {
    part: Part,
    /// The VPC it belongs to.
    vpc: Option<VpcId>,
    /// vpc, subnet.
    cidr: Option<String>,
    /// subnet.
    zone: Option<String>,
    /// subnet: gives its instances public addresses.
    #[serde(default)]
    public: bool,
    /// nat_gateway; route_table, endpoint: those it serves.
    #[schemars(length(max = 20))]
    #[serde(default)]
    subnets: Vec<SubnetId>,
    /// route; endpoint of a gateway kind (S3, DynamoDB).
    route_table: Option<RouteTableId>,
    /// route: `0.0.0.0/0`.
    destination: Option<String>,
    /// route: igw-, nat-, pcx-, tgw-, eigw-, vgw-, eni- id.
    target: Option<String>,
    /// elastic_ip: gives it the address.
    instance: Option<InstanceId>,
    /// nat_gateway: an address it shall have; default a new one.
    address: Option<AllocationId>,
    /// endpoint: `s3`, `com.amazonaws.us-east-1.ssm`.
    service: Option<String>,
    /// endpoint.
    #[serde(default)]
    security_groups: Vec<GroupId>,
    /// peering, of the same account and region.
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

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    id: String,
    state: Option<String>,
    public_ip: Option<String>,
    /// What else was made or joined on the way.
    also: Vec<String>,
}

impl Change for CreateNetwork {
    type Service = Ec2;
    type Output = One<Made>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_network", "Create network part")
        .on(arns::ANY_INTERNET_GATEWAY, &["ec2:CreateInternetGateway", "ec2:AttachInternetGateway"])
        .on(arns::VPC, &["ec2:AttachInternetGateway", "ec2:CreateRouteTable"])
        .on(arns::ANY_ELASTIC_IP, &["ec2:AllocateAddress"])
        .on(arns::ANY_ROUTE_TABLE, &["ec2:CreateRouteTable"])
        .on("*", &["ec2:DescribeVpcs"])
        .when("cidr")
        .on(arns::ANY_VPC, &["ec2:CreateVpc"])
        .on(arns::ANY_SUBNET, &["ec2:CreateSubnet"])
        .on(arns::VPC, &["ec2:CreateSubnet"])
        .when("public")
        .on(arns::ANY_SUBNET, &["ec2:ModifySubnetAttribute"])
        .when("subnets")
        .on(arns::ANY_NAT_GATEWAY, &["ec2:CreateNatGateway"])
        .on(arns::SUBNETS, &["ec2:CreateNatGateway", "ec2:AssociateRouteTable"])
        .on(arns::ADDRESS, &["ec2:CreateNatGateway"])
        .on("*", &["ec2:DescribeNatGateways"])
        .on(arns::ANY_ROUTE_TABLE, &["ec2:AssociateRouteTable"])
        .when("instance")
        .on(arns::ANY_ELASTIC_IP, &["ec2:AssociateAddress"])
        .on(arns::INSTANCE, &["ec2:AssociateAddress"])
        .when("route_table")
        .on("*", &["ec2:DescribeRouteTables"])
        .on(arns::ROUTE_TABLE, &["ec2:CreateRoute"])
        .when("service")
        .on(arns::ANYTHING, &["ec2:CreateVpcEndpoint"])
        .when("peer_vpc")
        .on(arns::VPC, &["ec2:CreateVpcPeeringConnection"])
        .on(arns::PEER_VPC, &["ec2:CreateVpcPeeringConnection", "ec2:AcceptVpcPeeringConnection"])
        .on(
            arns::ANY_VPC_PEERING_CONNECTION,
            &["ec2:CreateVpcPeeringConnection", "ec2:AcceptVpcPeeringConnection"],
        )
        .when("name")
        .on(arns::ANYTHING, &["ec2:CreateTags"])
        .when("tags")
        .on(arns::ANYTHING, &["ec2:CreateTags"])
        .names_no_resource()
        .optional()
        .minutes(10);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let plan = self.described(cx).await?;
        self.dry_run(cx).await?;
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let ec2 = &cx.client().ec2;
        let made = |id: Option<String>| Made {
            id: id.unwrap_or_default(),
            state: None,
            public_ip: None,
            also: Vec::new(),
        };
        Ok(One(match self.part {
            Part::Vpc => made(self.vpc_request(cx)?.send().await?.vpc.and_then(|vpc| vpc.vpc_id)),
            Part::Subnet => {
                let id = self.subnet_request(cx)?.send().await?.subnet.and_then(|subnet| subnet.subnet_id);
                if self.public {
                    let yes = AttributeBooleanValue::builder().value(true).build();
                    let request = ec2.modify_subnet_attribute().set_subnet_id(id.clone());
                    request.map_public_ip_on_launch(yes).send().await?;
                }
                made(id)
            }
            Part::InternetGateway => {
                let request = ec2
                    .create_internet_gateway()
                    .set_tag_specifications(self.tagged(ResourceType::InternetGateway));
                let id = request.send().await?.internet_gateway.and_then(|it| it.internet_gateway_id);
                let vpc = self.vpc("internet_gateway")?;
                ec2.attach_internet_gateway()
                    .set_internet_gateway_id(id.clone())
                    .vpc_id(vpc)
                    .send()
                    .await
                    .map_err(|error| {
                        Error::from(error).with_next(format!(
                            "{} was created but is not attached",
                            id.clone().unwrap_or_default()
                        ))
                    })?;
                Made { also: vec![format!("attached to {vpc}")], ..made(id) }
            }
            Part::NatGateway => self.nat_gateway(cx).await?,
            Part::RouteTable => {
                let request = ec2.create_route_table().vpc_id(self.vpc("route_table")?);
                let request = request.set_tag_specifications(self.tagged(ResourceType::RouteTable));
                let id = request.send().await?.route_table.and_then(|it| it.route_table_id);
                let mut also = Vec::new();
                for subnet in &self.subnets {
                    let request = ec2.associate_route_table().set_route_table_id(id.clone());
                    request.subnet_id(subnet.as_str()).send().await?;
                    also.push(format!("serves {subnet}"));
                }
                Made { also, ..made(id) }
            }
            Part::Route => {
                self.route_request(cx)?.send().await?;
                made(self.route_table.clone().map(String::from))
            }
            Part::ElasticIp => {
                let request = ec2.allocate_address().domain(DomainType::Vpc);
                let out = request.set_tag_specifications(self.tagged(ResourceType::ElasticIp)).send().await?;
                let mut also = Vec::new();
                if let Some(instance) = &self.instance {
                    let request = ec2.associate_address().set_allocation_id(out.allocation_id.clone());
                    request.instance_id(instance.as_str()).send().await.map_err(|error| {
                        let id = out.allocation_id.clone().unwrap_or_default();
                        Error::from(error).with_next(format!(
                            "{id} was allocated and costs: delete_resources gives it back"
                        ))
                    })?;
                    also.push(format!("given to {instance}"));
                }
                Made { public_ip: out.public_ip, also, ..made(out.allocation_id) }
            }
            Part::Endpoint => {
                let endpoint = self.endpoint_request(cx)?.send().await?.vpc_endpoint;
                let state = endpoint.as_ref().and_then(|it| it.state.as_ref()).map(ToString::to_string);
                Made { state, ..made(endpoint.and_then(|it| it.vpc_endpoint_id)) }
            }
            Part::Peering => {
                let out = self.peering_request(cx)?.send().await?;
                let id = out.vpc_peering_connection.and_then(|it| it.vpc_peering_connection_id);
                let out = ec2
                    .accept_vpc_peering_connection()
                    .set_vpc_peering_connection_id(id.clone())
                    .send()
                    .await?;
                let code = out.vpc_peering_connection.and_then(|it| it.status?.code);
                cx.note(
                    "each side needs a route to the other's addresses: part=route with this id as target",
                );
                Made { state: code.map(|code| code.to_string()), ..made(id) }
            }
        }))
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

    fn subnet(&self) -> Result<&str> {
        match self.subnets.as_slice() {
            [one] => Ok(one.as_str()),
            _ => Err(Error::invalid("a nat_gateway needs one subnet in `subnets`, a public one")),
        }
    }

    /// What would be made, and what a person should know of it.
    async fn described(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let place = || format!("in {}", self.vpc.as_ref().map_or("?", VpcId::as_str));
        Ok(match self.part {
            Part::Vpc => {
                let cidr = self.cidr()?;
                let net: Option<IpNet> = cidr.parse().ok();
                let out = cx.client().ec2.describe_vpcs().send().await?;
                let twins: Vec<String> = out
                    .vpcs
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|vpc| {
                        let own: Option<IpNet> = vpc.cidr_block.as_deref().and_then(|cidr| cidr.parse().ok());
                        own.zip(net).is_some_and(|(own, net)| own.contains(&net) || net.contains(&own))
                    })
                    .filter_map(|vpc| vpc.vpc_id)
                    .collect();
                let plan = Plan::new(format!("create a VPC with {cidr}"));
                match twins.is_empty() {
                    true => plan,
                    false => plan.warning(format!(
                        "its addresses are also those of {}: the two can never be peered",
                        twins.join(", ")
                    )),
                }
            }
            Part::Subnet => {
                let public = if self.public { ", whose instances get public addresses" } else { "" };
                Plan::new(format!("create a subnet {} {}{public}", self.cidr()?, place()))
            }
            Part::InternetGateway => Plan::new(format!(
                "create an internet gateway and attach it to {}",
                self.vpc("internet_gateway")?
            )),
            Part::NatGateway => {
                let plan = Plan::new(format!("create a NAT gateway in {}", self.subnet()?));
                let plan = plan.warning("it costs by the hour and by the byte, from now on");
                match self.address {
                    Some(_) => plan,
                    None => plan.warning("an Elastic IP is allocated for it"),
                }
            }
            Part::RouteTable => {
                Plan::new(format!("create a route table {} for {} subnets", place(), self.subnets.len()))
            }
            Part::Route => {
                let (table, to, target) = self.route()?;
                let out = cx.client().ec2.describe_route_tables().route_table_ids(table).send().await?;
                let table = out.route_tables.unwrap_or_default().pop();
                let taken = table.as_ref().and_then(|table| {
                    table.routes.iter().flatten().find(|route| {
                        [&route.destination_cidr_block, &route.destination_ipv6_cidr_block]
                            .into_iter()
                            .flatten()
                            .any(|own| own == to)
                    })
                });
                if taken.is_some() {
                    return Err(Error::conflict(format!("it has a route to {to} already"))
                        .with_next("describe_network shows it"));
                }
                let own = table.and_then(|table| table.route_table_id).unwrap_or_default();
                let plan = Plan::new(format!("add to {own} the route {to} to {target}"));
                match target.starts_with("igw-") && matches!(to, "0.0.0.0/0" | "::/0") {
                    true => plan.warning(
                        "its subnets become public: what has a public address in them can be reached",
                    ),
                    false => plan,
                }
            }
            Part::ElasticIp => {
                let to = self.instance.as_ref().map(|id| format!(" and give it to {id}")).unwrap_or_default();
                let plan = Plan::new(format!("allocate an Elastic IP{to}"));
                match self.instance {
                    Some(_) => plan.warning("the instance loses the public address that it has"),
                    None => plan.warning("it costs by the hour, used or not"),
                }
            }
            Part::Endpoint => Plan::new(format!("create an endpoint of {} {}", self.service(cx)?, place())),
            Part::Peering => {
                let (one, other) = (self.vpc("peering")?, self.peer()?);
                Plan::new(format!("peer {one} with {other}"))
            }
        }
        .state(json!(format!("{:?}", self.part))))
    }

    /// Asks AWS whether it would make it.
    async fn dry_run(&self, cx: &Call<Ec2>) -> Result<()> {
        let ec2 = &cx.client().ec2;
        match self.part {
            Part::Vpc => would(self.vpc_request(cx)?.dry_run(true).send()).await,
            Part::Subnet => would(self.subnet_request(cx)?.dry_run(true).send()).await,
            Part::InternetGateway => would(ec2.create_internet_gateway().dry_run(true).send()).await,
            Part::NatGateway if self.address.is_none() => {
                would(ec2.allocate_address().domain(DomainType::Vpc).dry_run(true).send()).await
            }
            Part::NatGateway => would(self.nat_request(cx)?.dry_run(true).send()).await,
            Part::RouteTable => {
                would(ec2.create_route_table().vpc_id(self.vpc("route_table")?).dry_run(true).send()).await
            }
            Part::Route => would(self.route_request(cx)?.dry_run(true).send()).await,
            Part::ElasticIp => {
                would(ec2.allocate_address().domain(DomainType::Vpc).dry_run(true).send()).await
            }
            Part::Endpoint => would(self.endpoint_request(cx)?.dry_run(true).send()).await,
            Part::Peering => would(self.peering_request(cx)?.dry_run(true).send()).await,
        }
    }

    fn vpc_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_vpc::builders::CreateVpcFluentBuilder> {
        let request = cx.client().ec2.create_vpc().cidr_block(self.cidr()?);
        Ok(request.set_tag_specifications(self.tagged(ResourceType::Vpc)))
    }

    fn subnet_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_subnet::builders::CreateSubnetFluentBuilder> {
        let request = cx.client().ec2.create_subnet().vpc_id(self.vpc("subnet")?).cidr_block(self.cidr()?);
        Ok(request
            .set_availability_zone(self.zone.clone())
            .set_tag_specifications(self.tagged(ResourceType::Subnet)))
    }

    fn nat_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_nat_gateway::builders::CreateNatGatewayFluentBuilder> {
        let request = cx.client().ec2.create_nat_gateway().subnet_id(self.subnet()?);
        Ok(request
            .set_allocation_id(self.address.clone().map(String::from))
            .set_tag_specifications(self.tagged(ResourceType::Natgateway)))
    }

    async fn nat_gateway(&self, cx: &Call<Ec2>) -> Result<Made> {
        const TRIES: u64 = 100;
        let ec2 = &cx.client().ec2;
        let mut also = Vec::new();
        let mut request = self.nat_request(cx)?;
        if self.address.is_none() {
            let allocated = ec2.allocate_address().domain(DomainType::Vpc).send().await?;
            let id = allocated.allocation_id.unwrap_or_default();
            also.push(format!("allocated {id}"));
            request = request.allocation_id(id);
        }
        let out = request.send().await.map_err(|error| {
            let error = Error::from(error);
            match also.first() {
                Some(allocated) => error.with_next(format!(
                    "correct that and call again with it as `address`: {allocated}, which costs until delete_resources \
                     gives it back"
                )),
                None => error,
            }
        })?;
        let id = out.nat_gateway.and_then(|nat| nat.nat_gateway_id).unwrap_or_default();
        for tried in 0..TRIES {
            let filters = Filters::default().any("nat-gateway-id", [&id]).build();
            let found = ec2.describe_nat_gateways().set_filter(filters).send().await?;
            let nat = found.nat_gateways.unwrap_or_default().pop();
            match nat.as_ref().and_then(|nat| nat.state.as_ref()) {
                Some(NatGatewayState::Available) => {
                    let public_ip = nat
                        .and_then(|nat| nat.nat_gateway_addresses?.into_iter().find_map(|it| it.public_ip));
                    return Ok(Made { id, state: Some("available".to_owned()), public_ip, also });
                }
                Some(NatGatewayState::Failed) => {
                    let why = nat.and_then(|nat| nat.failure_message).unwrap_or_default();
                    return Err(Error::conflict(format!("AWS could not make {id}: {why}")));
                }
                _ => cx.progress(tried, Some(TRIES), format!("waiting for {id}")),
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Err(Error::timeout(format!("{id} is not available yet"))
            .with_next("describe_network shows when it is"))
    }

    /// Table, destination, target.
    fn route(&self) -> Result<(&str, &str, &str)> {
        let table = self
            .route_table
            .as_ref()
            .ok_or_else(|| lacks("route", "route_table", "rtb-0123456789abcdef0"))?;
        let to = self.destination.as_deref().ok_or_else(|| lacks("route", "destination", "0.0.0.0/0"))?;
        if to.parse::<IpNet>().is_err() {
            return Err(Error::invalid(format!(
                "{to:?} is not a network; good ones are 0.0.0.0/0, 10.1.0.0/16 and ::/0"
            )));
        }
        let target =
            self.target.as_deref().ok_or_else(|| lacks("route", "target", "igw-0123456789abcdef0"))?;
        Ok((table.as_str(), to, target))
    }

    fn route_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_route::builders::CreateRouteFluentBuilder> {
        let (table, to, target) = self.route()?;
        let request = cx.client().ec2.create_route().route_table_id(table);
        let request = if to.contains(':') {
            request.destination_ipv6_cidr_block(to)
        } else {
            request.destination_cidr_block(to)
        };
        Ok(match target.split('-').next().unwrap_or_default() {
            "igw" | "vgw" => request.gateway_id(target),
            "nat" => request.nat_gateway_id(target),
            "pcx" => request.vpc_peering_connection_id(target),
            "tgw" => request.transit_gateway_id(target),
            "eigw" => request.egress_only_internet_gateway_id(target),
            "eni" => request.network_interface_id(target),
            "vpce" => request.vpc_endpoint_id(target),
            _ => {
                return Err(Error::invalid(format!(
                    "{target:?} is no target; good ones begin with igw-, nat-, pcx-, tgw-, eigw-, vgw-, eni-"
                )));
            }
        })
    }

    fn service(&self, cx: &Call<Ec2>) -> Result<String> {
        let given = self.service.as_deref().ok_or_else(|| lacks("endpoint", "service", "s3"))?;
        Ok(if given.contains('.') {
            given.to_owned()
        } else {
            format!("com.amazonaws.{}.{given}", cx.region())
        })
    }

    fn endpoint_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder> {
        let request = cx
            .client()
            .ec2
            .create_vpc_endpoint()
            .vpc_id(self.vpc("endpoint")?)
            .service_name(self.service(cx)?);
        let request = request.set_tag_specifications(self.tagged(ResourceType::VpcEndpoint));
        Ok(match &self.route_table {
            Some(table) => {
                request.vpc_endpoint_type(VpcEndpointType::Gateway).route_table_ids(table.as_str())
            }
            None if self.subnets.is_empty() => {
                return Err(Error::invalid(
                    "an endpoint needs `subnets`, or for S3 and DynamoDB a `route_table`",
                ));
            }
            None => {
                let groups: Vec<String> = self.security_groups.iter().map(ToString::to_string).collect();
                request
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .private_dns_enabled(true)
                    .set_subnet_ids(Some(self.subnets.iter().map(ToString::to_string).collect()))
                    .set_security_group_ids((!groups.is_empty()).then_some(groups))
            }
        })
    }

    fn peer(&self) -> Result<&str> {
        self.peer_vpc
            .as_ref()
            .map(VpcId::as_str)
            .ok_or_else(|| lacks("peering", "peer_vpc", "vpc-0123456789abcdef0"))
    }

    fn peering_request(
        &self,
        cx: &Call<Ec2>,
    ) -> Result<aws_sdk_ec2::operation::create_vpc_peering_connection::builders::CreateVpcPeeringConnectionFluentBuilder>
    {
        let request = cx
            .client()
            .ec2
            .create_vpc_peering_connection()
            .vpc_id(self.vpc("peering")?)
            .peer_vpc_id(self.peer()?);
        Ok(request.set_tag_specifications(self.tagged(ResourceType::VpcPeeringConnection)))
    }
}

fn lacks(part: &str, field: &str, example: &str) -> Error {
    Error::invalid(format!("a {part} needs `{field}`, such as {example}"))
}
