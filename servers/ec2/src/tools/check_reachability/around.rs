//! What lies between two ends: groups, tables, ACLs, NAT gateways and peerings, as EC2 describes them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    NatGateway, NatGatewayState, NetworkAcl, Route as AwsRoute, RouteState, RouteTable, RuleAction,
    SecurityGroup, VpcPeeringConnection, VpcPeeringConnectionStateReasonCode,
};
use awsmcp_mcp::{Call, Result};
use ipnet::IpNet;
use tokio::try_join;

use super::{ends::Spot, shut};
use crate::{
    Ec2, network,
    reachability::{
        Acl, Destination, Entry, Group, Nat, Network, Node, Peering, Place, Route, Shut, Table, Target,
    },
    rules::of_group,
    tags::Filters,
};

/// Reads the groups of both ends, and what lies between.
pub(super) async fn surroundings(cx: &Call<Ec2>, from: &mut Spot, to: &mut Spot) -> Result<Network> {
    let groups: BTreeSet<String> = from.groups.iter().chain(&to.groups).cloned().collect();
    let vpcs: BTreeSet<String> = [&*from, &*to]
        .into_iter()
        .filter_map(|spot| node_of(&spot.place))
        .map(|node| node.vpc.clone())
        .collect();
    if vpcs.is_empty() {
        return Ok(Network::default());
    }
    let (groups, tables, acls) =
        try_join!(rules(cx, &groups), network::route_tables(cx, &vpcs), network::acls(cx, &vpcs))?;
    let targets: Vec<Target> =
        tables.iter().flat_map(|table| table.routes.iter().flatten()).filter_map(target).collect();
    let nats: Vec<String> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Nat(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    let peerings: Vec<String> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Peering(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    let (nats, peerings) = try_join!(nat_gateways(cx, nats), peering_connections(cx, peerings))?;
    let regional: Vec<(String, String)> =
        nats.iter().filter_map(|(id, (_, table))| Some((id.clone(), table.clone()?))).collect();
    let nats = nats.into_iter().map(|(id, (nat, _))| (id, nat)).collect();
    let ends = [&from.place, &to.place];
    // Between networks of AWS only IPv6 goes over the internet.
    let is_inside = |place: &&Place| node_of(place).is_some_and(|node| node.address.is_ipv4());
    let shut = match ends.iter().all(|place| matches!(place, Place::Node(_)) && is_inside(place)) {
        true => Shut::default(),
        false => shut::shut(cx).await,
    };
    let mut network = Network { nats, peerings, shut, ..Network::default() };
    for spot in [from, to] {
        if let Place::Node(node) | Place::Public(node) = &mut spot.place {
            let read = |id: &String| Group { id: id.clone(), rules: groups.get(id).cloned() };
            node.groups = spot.groups.iter().map(read).collect();
            place_subnet(&mut network, &node.subnet, &node.vpc, &tables, &acls);
        }
    }
    for (id, table) in regional {
        if let Some(table) = tables.iter().find(|it| it.route_table_id.as_ref() == Some(&table)) {
            network.tables.insert(id, table_from(table));
        }
    }
    for table in &tables {
        for gateway in table.associations.iter().flatten().filter_map(|it| it.gateway_id.clone()) {
            network.edges.insert(gateway, table_from(table));
        }
    }
    let own: Vec<(String, String)> = network
        .nats
        .values()
        .filter_map(|nat| nat.subnet.clone())
        .filter_map(|subnet| Some((vpc_of(&subnet, &tables, &acls)?, subnet)))
        .collect();
    for (vpc, subnet) in own {
        place_subnet(&mut network, &subnet, &vpc, &tables, &acls);
    }
    Ok(network)
}

fn node_of(place: &Place) -> Option<&Node> {
    match place {
        Place::Node(node) | Place::Public(node) => Some(node),
        Place::Outside(_) => None,
    }
}

async fn rules(
    cx: &Call<Ec2>,
    groups: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<crate::rules::Rule>>> {
    if groups.is_empty() {
        return Ok(BTreeMap::new());
    }
    // A filter, since a group of another account, in a subnet that it shares, would be an error by its id.
    let filters = Filters::default().any("group-id", groups).build();
    let request = cx.client().ec2.describe_security_groups().set_filters(filters);
    let all: Vec<SecurityGroup> = request.into_paginator().items().send().try_collect().await?;
    Ok(all.into_iter().filter_map(|group| Some((group.group_id.clone()?, of_group(&group)))).collect())
}

/// NAT gateways, each with the route table of its own that a regional one has.
async fn nat_gateways(cx: &Call<Ec2>, ids: Vec<String>) -> Result<BTreeMap<String, (Nat, Option<String>)>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = Filters::default().any("nat-gateway-id", ids).build();
    let request = cx.client().ec2.describe_nat_gateways().set_filter(filters);
    let all: Vec<NatGateway> = request.into_paginator().items().send().try_collect().await?;
    Ok(all
        .into_iter()
        .filter_map(|nat| {
            let public = nat.nat_gateway_addresses.into_iter().flatten().filter_map(|it| it.public_ip);
            let is_public = nat.connectivity_type.is_none_or(|kind| kind.as_str() == "public");
            let found = Nat {
                subnet: nat.subnet_id.filter(|subnet| !subnet.is_empty()),
                available: nat.state == Some(NatGatewayState::Available),
                public: public.filter_map(|ip| ip.parse().ok()).filter(|_| is_public).collect(),
            };
            Some((nat.nat_gateway_id?, (found, nat.route_table_id)))
        })
        .collect())
}

async fn peering_connections(cx: &Call<Ec2>, ids: Vec<String>) -> Result<BTreeMap<String, Peering>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = Filters::default().any("vpc-peering-connection-id", ids).build();
    let request = cx.client().ec2.describe_vpc_peering_connections().set_filters(filters);
    let all: Vec<VpcPeeringConnection> = request.into_paginator().items().send().try_collect().await?;
    Ok(all
        .into_iter()
        .filter_map(|peering| {
            let code = peering.status.and_then(|status| status.code);
            let one = peering.requester_vpc_info.and_then(|info| info.vpc_id);
            let other = peering.accepter_vpc_info.and_then(|info| info.vpc_id);
            Some((
                peering.vpc_peering_connection_id?,
                Peering {
                    active: code == Some(VpcPeeringConnectionStateReasonCode::Active),
                    vpcs: (one.unwrap_or_default(), other.unwrap_or_default()),
                },
            ))
        })
        .collect())
}

/// Gives a subnet the ACL and the route table that count for it: its own, or its network's main ones.
fn place_subnet(network: &mut Network, subnet: &str, vpc: &str, tables: &[RouteTable], acls: &[NetworkAcl]) {
    if let Some(table) = network::table_of(subnet, vpc, tables) {
        network.tables.insert(subnet.to_owned(), table_from(table));
    }
    if let Some(acl) = network::acl_of(subnet, vpc, acls) {
        let id = acl.network_acl_id.clone().unwrap_or_default();
        network.acls.insert(subnet.to_owned(), Acl { id, entries: entries(acl) });
    }
}

fn table_from(table: &RouteTable) -> Table {
    let routes = table.routes.iter().flatten().filter_map(route).collect();
    Table { id: table.route_table_id.clone().unwrap_or_default(), routes }
}

/// The network of a subnet, of which no more is known than its id.
fn vpc_of(subnet: &str, tables: &[RouteTable], acls: &[NetworkAcl]) -> Option<String> {
    let by_acl = acls
        .iter()
        .find(|acl| acl.associations.iter().flatten().any(|it| it.subnet_id.as_deref() == Some(subnet)));
    let by_table = tables
        .iter()
        .find(|table| table.associations.iter().flatten().any(|it| it.subnet_id.as_deref() == Some(subnet)));
    by_acl.and_then(|acl| acl.vpc_id.clone()).or_else(|| by_table.and_then(|table| table.vpc_id.clone()))
}

fn route(route: &AwsRoute) -> Option<Route> {
    let net = route.destination_cidr_block.as_deref().or(route.destination_ipv6_cidr_block.as_deref());
    let to = match (net, &route.destination_prefix_list_id) {
        (Some(net), _) => Destination::Net(net.parse().ok()?),
        (None, Some(list)) => Destination::List(list.clone()),
        (None, None) => return None,
    };
    // A route whose target this server does not know leads there all the same, and not to where a wider one does.
    let target = target(route).unwrap_or_else(|| Target::Other("a target of an unknown kind".to_owned()));
    Some(Route { to, target, blackhole: route.state == Some(RouteState::Blackhole) })
}

fn target(route: &AwsRoute) -> Option<Target> {
    let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
    if let Some(id) = given(&route.nat_gateway_id) {
        return Some(Target::Nat(id));
    }
    if let Some(id) = given(&route.vpc_peering_connection_id) {
        return Some(Target::Peering(id));
    }
    if let Some(id) = given(&route.egress_only_internet_gateway_id) {
        return Some(Target::EgressOnly(id));
    }
    if let Some(id) = given(&route.gateway_id) {
        return Some(match id.split('-').next() {
            Some("local") => Target::Local,
            Some("igw") => Target::Internet(id),
            Some("nat") => Target::Nat(id),
            Some("pcx") => Target::Peering(id),
            Some("eigw") => Target::EgressOnly(id),
            _ => Target::Other(id),
        });
    }
    [
        &route.transit_gateway_id,
        &route.network_interface_id,
        &route.instance_id,
        &route.local_gateway_id,
        &route.carrier_gateway_id,
        &route.core_network_arn,
    ]
    .into_iter()
    .find_map(given)
    .map(Target::Other)
}

fn entries(acl: &NetworkAcl) -> Vec<Entry> {
    acl.entries
        .iter()
        .flatten()
        .filter_map(|entry| {
            let net: IpNet =
                entry.cidr_block.as_deref().or(entry.ipv6_cidr_block.as_deref())?.parse().ok()?;
            let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
            let ports = entry.port_range.as_ref().and_then(|range| port(range.from).zip(port(range.to)));
            let protocol: i32 = entry.protocol.as_deref()?.parse().ok()?;
            Some(Entry {
                number: entry.rule_number?,
                egress: entry.egress.unwrap_or_default(),
                protocol,
                // Of protocols without ports some answer 0-0.
                ports: ports.filter(|_| matches!(protocol, 6 | 17)),
                icmp: entry.icmp_type_code.as_ref().and_then(|it| Some((it.r#type?, it.code.unwrap_or(-1)))),
                net,
                allows: entry.rule_action == Some(RuleAction::Allow),
            })
        })
        .collect()
}
