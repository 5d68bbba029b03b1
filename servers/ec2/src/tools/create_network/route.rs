use aws_sdk_ec2::{
    operation::create_route::builders::CreateRouteFluentBuilder,
    types::{ResourceType, TagSpecification},
};
use awsmcp_mcp::{Call, Error, Plan, Result, counted};
use ipnet::IpNet;

use super::{CreateNetwork, Made, Piece, lacks};
use crate::{Ec2, dry_run::would, lists::once};

/// A route table of a VPC, for some of its subnets.
pub(super) struct RouteTable {
    tags: Option<Vec<TagSpecification>>,
    vpc: String,
    subnets: Vec<String>,
}

impl Piece for RouteTable {
    const PART: &'static str = "route_table";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        Ok(RouteTable {
            tags: wanted.tagged(ResourceType::RouteTable),
            vpc: wanted.vpc(Self::PART)?.to_owned(),
            subnets: once(&wanted.subnets),
        })
    }

    async fn plan(&self, _: &Call<Ec2>) -> Result<Plan> {
        let count = self.subnets.len();
        Ok(Plan::new(format!("create a route table in {} for {}", self.vpc, counted(count, "subnet"))))
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(cx.client().ec2.create_route_table().vpc_id(&self.vpc).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let ec2 = &cx.client().ec2;
        let request = ec2.create_route_table().vpc_id(&self.vpc);
        let request = request.set_tag_specifications(self.tags.clone());
        let created = request.send().await?.route_table;
        made.id = created.and_then(|table| table.route_table_id).unwrap_or_default();
        for subnet in &self.subnets {
            let request = ec2.associate_route_table().route_table_id(&made.id);
            request.subnet_id(subnet).send().await?;
            made.also.push(format!("serves {subnet}"));
        }
        Ok(())
    }

    fn rest(&self, made: &Made) -> String {
        let left = self.subnets.iter().skip(made.also.len()).cloned();
        format!(
            "do not create another: {} does not serve {} yet, which AWS's console or AssociateRouteTable gives it",
            made.id,
            left.collect::<Vec<_>>().join(" and ")
        )
    }
}

/// A route in a table that is there.
pub(super) struct Route {
    table: String,
    destination: String,
    target: String,
}

impl Route {
    fn request(&self, cx: &Call<Ec2>) -> Result<CreateRouteFluentBuilder> {
        let Route { table, destination, target } = self;
        let request = cx.client().ec2.create_route().route_table_id(table);
        let request = match destination.contains(':') {
            true => request.destination_ipv6_cidr_block(destination),
            false => request.destination_cidr_block(destination),
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
}

impl Piece for Route {
    const PART: &'static str = "route";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        let table = wanted.route_table.as_ref().map(ToString::to_string);
        let table = table.ok_or_else(|| lacks(Self::PART, "route_table", "rtb-0123456789abcdef0"))?;
        let destination = wanted.destination.clone();
        let destination = destination.ok_or_else(|| lacks(Self::PART, "destination", "0.0.0.0/0"))?;
        if destination.parse::<IpNet>().is_err() {
            return Err(Error::invalid(format!(
                "{destination:?} is not a network; good ones are 0.0.0.0/0, 10.1.0.0/16 and ::/0"
            )));
        }
        let target = wanted.target.clone();
        let target = target.ok_or_else(|| lacks(Self::PART, "target", "igw-0123456789abcdef0"))?;
        Ok(Route { table, destination, target })
    }

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let Route { table, destination, target } = self;
        let out = cx.client().ec2.describe_route_tables().route_table_ids(table).send().await?;
        let described = out.route_tables.unwrap_or_default().pop();
        let taken = described.as_ref().is_some_and(|table| {
            table.routes.iter().flatten().any(|route| {
                let own = [&route.destination_cidr_block, &route.destination_ipv6_cidr_block];
                own.into_iter().flatten().any(|own| own == destination)
            })
        });
        if taken {
            return Err(Error::conflict(format!("it has a route to {destination} already"))
                .with_next("describe_network shows it"));
        }
        let plan = Plan::new(format!("add to {table} the route {destination} to {target}"));
        Ok(match target.starts_with("igw-") && matches!(destination.as_str(), "0.0.0.0/0" | "::/0") {
            true => {
                plan.warning("its subnets become public: what has a public address in them can be reached")
            }
            false => plan,
        })
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(self.request(cx)?.dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        self.request(cx)?.send().await?;
        made.id = self.table.clone();
        Ok(())
    }

    fn rest(&self, _: &Made) -> String {
        "describe_network shows its routes".to_owned()
    }
}
