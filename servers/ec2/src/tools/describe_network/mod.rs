use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Route, RouteState, RuleAction, Subnet, VpcAttributeName, VpcCidrBlockState};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::join;

use crate::{
    Ec2, arns,
    names::VpcId,
    network,
    reachability::{covers_internet, touches_internet},
    tags::{Filters, name},
};

mod around;

use around::Around;

/// Shows a VPC as one map: subnets with their routes and ACLs, gateways, endpoints, peerings; without `vpc`, the VPCs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeNetwork {
    vpc: Option<VpcId>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Map {
    vpcs: Vec<Vpc>,
    subnets: Vec<Part>,
    route_tables: BTreeMap<String, Vec<String>>,
    /// Only those that differ from letting everything pass.
    acls: BTreeMap<String, Vec<String>>,
    gateways: Vec<String>,
    endpoints: Vec<String>,
    peerings: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Vpc {
    id: String,
    name: Option<String>,
    cidrs: Vec<String>,
    default: Option<bool>,
    state: Option<String>,
    dns_hostnames: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Part {
    id: String,
    name: Option<String>,
    zone: Option<String>,
    cidrs: Vec<String>,
    free_addresses: Option<i32>,
    /// Where 0.0.0.0/0 leads: public is an internet gateway.
    reaches: String,
    route_table: Option<String>,
    acl: Option<String>,
    public_ips: Option<bool>,
}

impl Tool for DescribeNetwork {
    type Service = Ec2;
    type Output = One<Map>;
    const SPEC: Spec = Spec::read("describe_network", "Describe network")
        .on("*", &["ec2:DescribeVpcs"])
        .when("vpc")
        .on(arns::VPC, &["ec2:DescribeVpcAttribute"])
        .on(
            "*",
            &[
                "ec2:DescribeSubnets",
                "ec2:DescribeRouteTables",
                "ec2:DescribeNetworkAcls",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeEgressOnlyInternetGateways",
                "ec2:DescribeNatGateways",
                "ec2:DescribeVpnGateways",
                "ec2:DescribeTransitGatewayVpcAttachments",
                "ec2:DescribeVpcEndpoints",
                "ec2:DescribeVpcPeeringConnections",
            ],
        )
        .names_no_resource()
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let client = &cx.client().ec2;
        let ids = self.vpc.as_ref().map(|vpc| vec![vpc.to_string()]);
        let request = client.describe_vpcs().set_vpc_ids(ids);
        let all: Vec<aws_sdk_ec2::types::Vpc> = request.into_paginator().items().send().try_collect().await?;
        let vpcs: Vec<Vpc> = all.into_iter().map(Vpc::new).collect();
        let Some(vpc) = self.vpc else { return Ok(One(Map { vpcs, ..Map::default() })) };
        if vpcs.is_empty() {
            return Err(Error::not_found(format!("there is no {vpc} in {}", cx.region()))
                .with_next("describe_network without `vpc` lists them"));
        }
        let map = Map { vpcs, ..Map::default() };
        Ok(One(map.filled(cx, vpc.as_str()).await?))
    }
}

impl Map {
    async fn filled(mut self, cx: &Call<Ec2>, vpc: &str) -> Result<Map> {
        let client = &cx.client().ec2;
        let set = BTreeSet::from([vpc.to_owned()]);
        let filters = Filters::default().any("vpc-id", [vpc]).build();
        let names = client.describe_vpc_attribute().vpc_id(vpc);
        let (names, subnets, tables, acls, around) = join!(
            names.attribute(VpcAttributeName::EnableDnsHostnames).send(),
            client.describe_subnets().set_filters(filters).into_paginator().items().send().try_collect(),
            network::route_tables(cx, &set),
            network::acls(cx, &set),
            Around::of(cx, vpc),
        );
        if let (Some(names), Some(own)) = (cx.part("DNS host names", names), self.vpcs.first_mut()) {
            own.dns_hostnames = names.enable_dns_hostnames.and_then(|flag| flag.value);
        }
        let tables = cx.part("route tables", tables).unwrap_or_default();
        let acls = cx.part("network ACLs", acls).unwrap_or_default();
        let subnets: Vec<Subnet> = subnets?;
        for subnet in subnets {
            let id = subnet.subnet_id.as_deref().unwrap_or_default();
            let table = network::table_of(id, vpc, &tables);
            let acl = network::acl_of(id, vpc, &acls).and_then(|acl| acl.network_acl_id.clone());
            let routes = table.and_then(|table| table.routes.as_deref()).unwrap_or_default();
            let table = table.and_then(|table| table.route_table_id.clone());
            self.subnets.push(Part::new(subnet, reaches(routes), table, acl));
        }
        self.subnets.sort_by(|left, right| (&left.zone, &left.id).cmp(&(&right.zone, &right.id)));
        for table in tables {
            let lines = table.routes.iter().flatten().map(line).collect();
            self.route_tables.insert(table.route_table_id.unwrap_or_default(), lines);
        }
        for acl in acls {
            let entries = entries(acl.entries.as_deref().unwrap_or_default());
            if !entries.is_empty() {
                self.acls.insert(acl.network_acl_id.unwrap_or_default(), entries);
            }
        }
        let Around { gateways, endpoints, peerings } = around;
        Ok(Map { gateways, endpoints, peerings, ..self })
    }
}

impl Vpc {
    fn new(vpc: aws_sdk_ec2::types::Vpc) -> Vpc {
        // What was taken away stays on the list for a while.
        let has = |state: Option<VpcCidrBlockState>| {
            let state = state.and_then(|state| state.state);
            state.is_none_or(|state| matches!(state.as_str(), "associated" | "associating"))
        };
        let more = vpc.cidr_block_association_set.into_iter().flatten();
        let more = more.filter(|it| has(it.cidr_block_state.clone())).filter_map(|it| it.cidr_block);
        let six = vpc.ipv6_cidr_block_association_set.into_iter().flatten();
        let six = six.filter(|it| has(it.ipv6_cidr_block_state.clone())).filter_map(|it| it.ipv6_cidr_block);
        let mut cidrs: Vec<String> = vpc.cidr_block.into_iter().chain(more).chain(six).collect();
        let mut seen = BTreeSet::new();
        cidrs.retain(|cidr| seen.insert(cidr.clone()));
        Vpc {
            id: vpc.vpc_id.unwrap_or_default(),
            name: name(vpc.tags.as_ref()),
            cidrs,
            default: vpc.is_default.filter(|default| *default),
            state: vpc.state.map(|state| state.to_string()).filter(|state| state != "available"),
            dns_hostnames: None,
        }
    }
}

impl Part {
    fn new(subnet: Subnet, reaches: String, route_table: Option<String>, acl: Option<String>) -> Part {
        let six =
            subnet.ipv6_cidr_block_association_set.into_iter().flatten().filter_map(|it| it.ipv6_cidr_block);
        Part {
            id: subnet.subnet_id.unwrap_or_default(),
            name: name(subnet.tags.as_ref()),
            zone: subnet.availability_zone,
            cidrs: subnet.cidr_block.into_iter().chain(six).collect(),
            free_addresses: subnet.available_ip_address_count,
            reaches,
            route_table,
            acl,
            public_ips: subnet.map_public_ip_on_launch.filter(|public| *public),
        }
    }
}

/// What a route leads to.
fn target(route: &Route) -> &str {
    [
        &route.nat_gateway_id,
        &route.vpc_peering_connection_id,
        &route.transit_gateway_id,
        &route.egress_only_internet_gateway_id,
        &route.network_interface_id,
        &route.instance_id,
        &route.gateway_id,
        &route.local_gateway_id,
        &route.carrier_gateway_id,
        &route.core_network_arn,
    ]
    .into_iter()
    .find_map(|id| id.as_deref().filter(|id| !id.is_empty()))
    .unwrap_or("nothing")
}

fn line(route: &Route) -> String {
    let to = [
        &route.destination_cidr_block,
        &route.destination_ipv6_cidr_block,
        &route.destination_prefix_list_id,
    ];
    let to = to.into_iter().find_map(|to| to.as_deref()).unwrap_or("?");
    let dead = if route.state == Some(RouteState::Blackhole) { " (blackhole)" } else { "" };
    format!("{to} to {}{dead}", target(route))
}

/// Where a subnet leads to the internet: by its default route, or by several routes that together are as good.
fn reaches(routes: &[Route]) -> String {
    let nets: Vec<(IpNet, &Route)> = routes
        .iter()
        .filter_map(|route| Some((route.destination_cidr_block.as_deref()?.parse().ok()?, route)))
        .filter(|(_, route)| target(route) != "local")
        .collect();
    let default = nets.iter().find(|(net, _)| net.prefix_len() == 0).map(|(_, route)| *route);
    let word = |route: &Route| match target(route) {
        _ if route.state == Some(RouteState::Blackhole) => "a blackhole".to_owned(),
        target if target.starts_with("igw-") => "public".to_owned(),
        target => target.to_owned(),
    };
    let all: Vec<IpNet> = nets.iter().map(|(net, _)| *net).collect();
    match default {
        Some(route) => word(route),
        None if covers_internet(&all) => {
            let parts: BTreeSet<String> =
                nets.iter().filter(|(net, _)| touches_internet(*net)).map(|(_, route)| word(route)).collect();
            parts.into_iter().collect::<Vec<_>>().join(" and ")
        }
        None => "nothing outside".to_owned(),
    }
}

/// The entries of an ACL; none where it lets everything pass, as every new network's does.
fn entries(entries: &[aws_sdk_ec2::types::NetworkAclEntry]) -> Vec<String> {
    const LAST: i32 = 32_767;
    let mut own: Vec<_> =
        entries.iter().filter(|entry| entry.rule_number.is_some_and(|number| number < LAST)).collect();
    let usual = |entry: &&aws_sdk_ec2::types::NetworkAclEntry| {
        let net = entry.cidr_block.as_deref().or(entry.ipv6_cidr_block.as_deref()).unwrap_or_default();
        entry.rule_action == Some(RuleAction::Allow)
            && entry.protocol.as_deref() == Some("-1")
            && matches!(net, "0.0.0.0/0" | "::/0")
    };
    let lets_all = |egress: bool| {
        let mut all = own.iter().filter(|entry| entry.egress.unwrap_or_default() == egress);
        all.any(|entry| entry.cidr_block.as_deref() == Some("0.0.0.0/0"))
    };
    if own.iter().all(usual) && lets_all(false) && lets_all(true) {
        return Vec::new();
    }
    own.sort_by_key(|entry| (entry.egress, entry.rule_number));
    own.into_iter()
        .map(|entry| {
            let (way, to) = if entry.egress == Some(true) { ("out", "to") } else { ("in", "from") };
            let protocol = match entry.protocol.as_deref().unwrap_or_default() {
                "-1" => "all",
                "6" => "tcp",
                "17" => "udp",
                "1" => "icmp",
                "58" => "icmpv6",
                other => other,
            };
            let ports = entry.port_range.as_ref().and_then(|range| range.from.zip(range.to));
            let kind = entry.icmp_type_code.as_ref().and_then(|it| it.r#type.zip(it.code));
            let kind = kind.filter(|(kind, _)| protocol.starts_with("icmp") && *kind >= 0);
            let ports = match ports.filter(|_| matches!(protocol, "tcp" | "udp")) {
                _ if kind.is_some_and(|(_, code)| code >= 0) => {
                    kind.map(|(kind, code)| format!(" {kind}/{code}")).unwrap_or_default()
                }
                _ if kind.is_some() => kind.map(|(kind, _)| format!(" {kind}")).unwrap_or_default(),
                Some((from, to)) if from == to => format!(" {from}"),
                Some((from, to)) => format!(" {from}-{to}"),
                None => String::new(),
            };
            let net = entry.cidr_block.as_deref().or(entry.ipv6_cidr_block.as_deref()).unwrap_or_default();
            let action = entry.rule_action.as_ref().map_or("?", |action| action.as_str());
            format!("{} {action} {way} {protocol}{ports} {to} {net}", entry.rule_number.unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acl_that_lets_everything_in_and_nothing_out_is_shown() {
        use aws_sdk_ec2::types::{IcmpTypeCode, NetworkAclEntry};
        let all = |number, egress, net: &str| {
            let entry = NetworkAclEntry::builder().rule_number(number).egress(egress).protocol("-1");
            entry.rule_action(RuleAction::Allow).cidr_block(net).build()
        };
        let (coming, going) = (all(100, false, "0.0.0.0/0"), all(100, true, "0.0.0.0/0"));
        assert!(entries(&[coming.clone(), going.clone()]).is_empty());
        let twice = entries(&[coming.clone(), all(110, false, "0.0.0.0/0")]);
        assert_eq!(twice, ["100 allow in all from 0.0.0.0/0", "110 allow in all from 0.0.0.0/0"]);
        let ping = NetworkAclEntry::builder().rule_number(90).protocol("1").rule_action(RuleAction::Deny);
        let ping =
            ping.cidr_block("0.0.0.0/0").icmp_type_code(IcmpTypeCode::builder().r#type(8).code(-1).build());
        assert_eq!(entries(&[ping.build(), coming, going])[0], "90 deny in icmp 8 from 0.0.0.0/0");
    }

    #[test]
    fn where_a_subnet_leads_is_its_default_route() {
        let route = |to: &str| Route::builder().destination_cidr_block(to);
        assert_eq!(reaches(&[]), "nothing outside");
        assert_eq!(reaches(&[route("0.0.0.0/0").gateway_id("igw-1").build()]), "public");
        assert_eq!(reaches(&[route("0.0.0.0/0").nat_gateway_id("nat-1").build()]), "nat-1");
        assert_eq!(reaches(&[route("10.0.0.0/8").gateway_id("igw-1").build()]), "nothing outside");
        let dead = route("0.0.0.0/0").nat_gateway_id("nat-1").state(RouteState::Blackhole).build();
        assert_eq!(reaches(std::slice::from_ref(&dead)), "a blackhole");
        let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(|net| route(net).gateway_id("igw-1").build());
        assert_eq!(reaches(&halves), "public");
        assert_eq!(reaches(&halves[..1]), "nothing outside");
        let [first, _] = halves;
        let both = [first, route("128.0.0.0/1").nat_gateway_id("nat-1").build()];
        assert_eq!(reaches(&both), "nat-1 and public");
        assert_eq!(line(&dead), "0.0.0.0/0 to nat-1 (blackhole)");
    }
}
