use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aws_sdk_ec2::types::{
    Instance as Described, NatGatewayState, NetworkAcl, NetworkInterface, Route as AwsRoute, RouteState,
    RouteTable, RuleAction, SecurityGroup, VpcPeeringConnectionStateReasonCode,
};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::try_join;

use crate::{
    Ec2,
    instances::{find, state},
    names::End,
    network,
    reachability::{
        Acl, Destination, Entry, Group, Hop, Nat, Network, Node, Peering, Place, Route, Table, Target,
        Traffic, Verdict, analyse, is_private, verdict,
    },
    rules::{Protocol, of_group},
    tags::{self, Filters},
};

/// Says whether traffic gets from one place to another and back, and which rule, network ACL or route blocks it.
///
/// Judged from the configuration; nothing is sent. Firewalls on the machines are not seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckReachability {
    /// Instance (id or name), eni, IP address, or `internet`.
    from: End,
    /// As `from`.
    to: End,
    #[serde(default)]
    protocol: Kind,
    /// Default 443; a ping has none.
    #[schemars(range(min = 1, max = 65535))]
    port: Option<u16>,
    /// By the IPv6 addresses of both.
    #[serde(default)]
    ipv6: bool,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Tcp,
    Udp,
    Ping,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    reachable: &'static str,
    traffic: String,
    from: String,
    to: String,
    /// What blocks, or is not known, the first on the way first.
    because: Vec<String>,
    path: Vec<Hop>,
}

impl Tool for CheckReachability {
    type Service = Ec2;
    type Output = One<Found>;
    const SPEC: Spec = Spec::read("check_reachability", "Check reachability").on(
        "*",
        &[
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeRouteTables",
            "ec2:DescribeNatGateways",
            "ec2:DescribeVpcPeeringConnections",
        ],
    );

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        if self.protocol == Kind::Ping && self.port.is_some() {
            return Err(Error::invalid("a ping has no port: leave `port` out, or ask for tcp or udp"));
        }
        let is_v6 = |end: &End| matches!(end, End::Address(IpAddr::V6(_)));
        let v6 = self.ipv6 || is_v6(&self.from) || is_v6(&self.to);
        let v4 = |end: &End| matches!(end, End::Address(IpAddr::V4(_)));
        if v6 && (v4(&self.from) || v4(&self.to)) {
            return Err(Error::invalid("one end is IPv4 and the other IPv6: give both of one kind"));
        }
        let traffic = Traffic {
            protocol: match self.protocol {
                Kind::Tcp => Protocol::Tcp,
                Kind::Udp => Protocol::Udp,
                Kind::Ping => Protocol::Icmp,
            },
            port: self.port.unwrap_or(443),
            v6,
        };
        let (from, to) = try_join!(place(cx, &self.from, v6), place(cx, &self.to, v6))?;
        let (mut from, mut to) = (from, to);
        let network = surroundings(cx, &mut from, &mut to).await?;
        let hops = analyse(&network, &from.place, &to.place, traffic).map_err(|why| {
            Error::invalid(why)
                .with_next("give an instance or a network interface (eni-...) as at least one of them")
        })?;
        for end in [&from, &to] {
            if let Some(state) = &end.state {
                cx.note(format!("{} is {state}: nothing answers there now", end.label));
            }
        }
        let worst = verdict(&hops);
        let because: Vec<String> = hops
            .iter()
            .filter(|hop| hop.verdict != Verdict::Passes && hop.verdict == worst)
            .map(Hop::said)
            .collect();
        Ok(One(Found {
            reachable: match worst {
                Verdict::Passes => "yes",
                Verdict::Unknown => "unknown",
                Verdict::Blocks => "no",
            },
            traffic: traffic.to_string(),
            from: from.label,
            to: to.label,
            because,
            path: hops,
        }))
    }
}

/// An end as it was found.
struct Spot {
    label: String,
    place: Place,
    /// The groups whose rules are still to be read.
    groups: Vec<String>,
    /// Of an instance that does not run.
    state: Option<String>,
}

async fn place(cx: &Call<Ec2>, end: &End, v6: bool) -> Result<Spot> {
    let outside = |address: Option<IpAddr>, label: String| Spot {
        label,
        place: Place::Outside(address),
        groups: Vec::new(),
        state: None,
    };
    match end {
        End::Internet => Ok(outside(None, "the internet".to_owned())),
        End::Instance(instance) => of_instance(find(cx, instance).await?, v6),
        End::Interface(id) => {
            let out = cx
                .client()
                .ec2
                .describe_network_interfaces()
                .network_interface_ids(id.as_str())
                .send()
                .await?;
            match out.network_interfaces.unwrap_or_default().pop() {
                Some(interface) => of_interface(interface, v6, None),
                None => {
                    Err(Error::not_found(format!("there is no interface {} in {}", id.as_str(), cx.region())))
                }
            }
        }
        End::Address(address) => {
            let text = address.to_string();
            let filter = match (v6, is_private(*address)) {
                (true, _) => "ipv6-addresses.ipv6-address",
                (false, true) => "addresses.private-ip-address",
                (false, false) => "addresses.association.public-ip",
            };
            let filters = Filters::default().any(filter, [&text]).build();
            let out = cx.client().ec2.describe_network_interfaces().set_filters(filters).send().await?;
            let mut found = out.network_interfaces.unwrap_or_default();
            match (found.len(), found.pop()) {
                (1, Some(interface)) => of_interface(interface, v6, Some(*address)),
                (0, _) | (_, None) => Ok(outside(Some(*address), text)),
                (count, Some(last)) => {
                    found.push(last);
                    let ids: Vec<&str> =
                        found.iter().filter_map(|one| one.network_interface_id.as_deref()).collect();
                    Err(Error::invalid(format!("{count} interfaces have {text}, in different VPCs"))
                        .with_next(format!("give one of {} instead", ids.join(", "))))
                }
            }
        }
    }
}

fn of_instance(instance: Described, v6: bool) -> Result<Spot> {
    let id = instance.instance_id.clone().unwrap_or_default();
    let name = tags::name(instance.tags.as_ref());
    let label = name.map_or_else(|| id.clone(), |name| format!("{id} ({name})"));
    let address = if v6 { instance.ipv6_address.as_deref() } else { instance.private_ip_address.as_deref() };
    let node = Node {
        address: parsed(address, &label, v6)?,
        public: instance.public_ip_address.as_deref().and_then(|ip| ip.parse().ok()),
        vpc: instance.vpc_id.clone().unwrap_or_default(),
        subnet: instance.subnet_id.clone().unwrap_or_default(),
        groups: Vec::new(),
        label: label.clone(),
    };
    let state = Some(state(&instance).to_owned()).filter(|state| state != "running");
    let groups = instance.security_groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id);
    Ok(Spot { label, place: Place::Node(node), groups: groups.collect(), state })
}

fn of_interface(interface: NetworkInterface, v6: bool, by: Option<IpAddr>) -> Result<Spot> {
    let id = interface.network_interface_id.clone().unwrap_or_default();
    let instance = interface.attachment.as_ref().and_then(|attachment| attachment.instance_id.clone());
    let label = match (&by, instance) {
        (Some(address), Some(instance)) => format!("{address} ({instance}, {id})"),
        (Some(address), None) => format!("{address} ({id})"),
        (None, Some(instance)) => format!("{id} ({instance})"),
        (None, None) => id,
    };
    let public: Option<IpAddr> =
        interface.association.as_ref().and_then(|it| it.public_ip.as_deref()).and_then(|ip| ip.parse().ok());
    let own = match v6 {
        true => interface.ipv6_addresses.iter().flatten().find_map(|it| it.ipv6_address.as_deref()),
        false => interface.private_ip_address.as_deref(),
    };
    let address = match by.filter(|address| v6 || is_private(*address)) {
        Some(address) => address,
        None => parsed(own, &label, v6)?,
    };
    let node = Node {
        address,
        public: by.filter(|address| !v6 && !is_private(*address)).or(public),
        vpc: interface.vpc_id.unwrap_or_default(),
        subnet: interface.subnet_id.unwrap_or_default(),
        groups: Vec::new(),
        label: label.clone(),
    };
    let by_public = by.is_some_and(|address| !v6 && !is_private(address));
    let groups = interface.groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id);
    Ok(Spot {
        label,
        place: if by_public { Place::Public(node) } else { Place::Node(node) },
        groups: groups.collect(),
        state: None,
    })
}

fn parsed(address: Option<&str>, label: &str, v6: bool) -> Result<IpAddr> {
    address.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let kind = if v6 { "IPv6" } else { "private IPv4" };
        Error::invalid(format!("{label} has no {kind} address")).with_next(if v6 {
            "leave `ipv6` out"
        } else {
            "ask with `ipv6`"
        })
    })
}

/// Reads the groups of both ends, and what lies between.
async fn surroundings(cx: &Call<Ec2>, from: &mut Spot, to: &mut Spot) -> Result<Network> {
    let groups: BTreeSet<String> = from.groups.iter().chain(&to.groups).cloned().collect();
    let vpcs: BTreeSet<String> = [&*from, &*to]
        .into_iter()
        .filter_map(|spot| node(&spot.place))
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
    let mut network = Network { nats, peerings, ..Network::default() };
    for spot in [from, to] {
        if let Place::Node(node) | Place::Public(node) = &mut spot.place {
            let known = |id: &String| Some(Group { id: id.clone(), rules: groups.get(id)?.clone() });
            node.groups = spot.groups.iter().filter_map(known).collect();
            place_subnet(&mut network, &node.subnet, &node.vpc, &tables, &acls);
        }
    }
    let own: Vec<(String, String)> = network
        .nats
        .values()
        .map(|nat| nat.subnet.clone())
        .filter_map(|subnet| Some((vpc_of(&subnet, &tables, &acls)?, subnet)))
        .collect();
    for (vpc, subnet) in own {
        place_subnet(&mut network, &subnet, &vpc, &tables, &acls);
    }
    Ok(network)
}

fn node(place: &Place) -> Option<&Node> {
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
    let ids = groups.iter().cloned().collect();
    let out = cx.client().ec2.describe_security_groups().set_group_ids(Some(ids)).send().await?;
    let read = |group: SecurityGroup| Some((group.group_id.clone()?, of_group(&group)));
    Ok(out.security_groups.unwrap_or_default().into_iter().filter_map(read).collect())
}

async fn nat_gateways(cx: &Call<Ec2>, ids: Vec<String>) -> Result<BTreeMap<String, Nat>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = Filters::default().any("nat-gateway-id", ids).build();
    let out = cx.client().ec2.describe_nat_gateways().set_filter(filters).send().await?;
    Ok(out
        .nat_gateways
        .unwrap_or_default()
        .into_iter()
        .filter_map(|nat| {
            let public = nat.nat_gateway_addresses.into_iter().flatten().find_map(|it| it.public_ip);
            let is_public = nat.connectivity_type.is_none_or(|kind| kind.as_str() == "public");
            Some((
                nat.nat_gateway_id?,
                Nat {
                    subnet: nat.subnet_id.unwrap_or_default(),
                    available: nat.state == Some(NatGatewayState::Available),
                    public: public.and_then(|ip| ip.parse().ok()).filter(|_| is_public),
                },
            ))
        })
        .collect())
}

async fn peering_connections(cx: &Call<Ec2>, ids: Vec<String>) -> Result<BTreeMap<String, Peering>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = Filters::default().any("vpc-peering-connection-id", ids).build();
    let out = cx.client().ec2.describe_vpc_peering_connections().set_filters(filters).send().await?;
    Ok(out
        .vpc_peering_connections
        .unwrap_or_default()
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
        let routes = table.routes.iter().flatten().filter_map(route).collect();
        let id = table.route_table_id.clone().unwrap_or_default();
        network.tables.insert(subnet.to_owned(), Table { id, routes });
    }
    if let Some(acl) = network::acl_of(subnet, vpc, acls) {
        let id = acl.network_acl_id.clone().unwrap_or_default();
        network.acls.insert(subnet.to_owned(), Acl { id, entries: entries(acl) });
    }
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
    Some(Route { to, target: target(route)?, blackhole: route.state == Some(RouteState::Blackhole) })
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
                icmp: entry.icmp_type_code.as_ref().and_then(|it| it.r#type),
                net,
                allows: entry.rule_action == Some(RuleAction::Allow),
            })
        })
        .collect()
}
