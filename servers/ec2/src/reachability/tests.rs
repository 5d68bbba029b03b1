mod cases;
mod packets;
mod walk;

use std::net::IpAddr;

use proptest::prelude::*;

use super::{acl::LAST, space::split, *};
use crate::rules::{Protocol, Rule};

fn rule(text: &str) -> Rule {
    serde_json::from_value(serde_json::json!(text)).unwrap()
}

fn group(id: &str, rules: &[&str]) -> Group {
    Group { id: id.to_owned(), rules: Some(rules.iter().map(|text| rule(text)).collect()) }
}

const OUT: &str = "out all to 0.0.0.0/0";

fn node(address: &str, vpc: &str, subnet: &str, rules: &[&str]) -> Node {
    Node {
        label: address.to_owned(),
        address: address.parse().unwrap(),
        public: None,
        vpc: vpc.to_owned(),
        subnet: subnet.to_owned(),
        groups: vec![group(&format!("sg-{address}"), rules)],
    }
}

fn entry(
    number: i32,
    egress: bool,
    protocol: i32,
    ports: Option<(u16, u16)>,
    net: &str,
    allows: bool,
) -> Entry {
    Entry { number, egress, protocol, ports, icmp: None, net: net.parse().unwrap(), allows }
}

/// As every new network's: everything passes.
fn open_acl(id: &str) -> Acl {
    let mut entries = Vec::new();
    for egress in [false, true] {
        entries.push(entry(100, egress, -1, None, "0.0.0.0/0", true));
        entries.push(entry(101, egress, -1, None, "::/0", true));
        entries.push(entry(LAST, egress, -1, None, "0.0.0.0/0", false));
    }
    Acl { id: id.to_owned(), entries }
}

fn to(net: &str, target: Target) -> Route {
    Route { to: Destination::Net(net.parse().unwrap()), target, blackhole: false }
}

fn table(id: &str, routes: Vec<Route>) -> Table {
    Table { id: id.to_owned(), routes }
}

/// Subnets `a` and `b` of `vpc-1` (10.0.0.0/16) and `p` of `vpc-2` (10.1.0.0/16), nothing but local routes.
fn network() -> Network {
    let mut network = Network::default();
    for (subnet, net) in [("a", "10.0.0.0/16"), ("b", "10.0.0.0/16"), ("p", "10.1.0.0/16")] {
        network.acls.insert(subnet.to_owned(), open_acl(&format!("acl-{subnet}")));
        network
            .tables
            .insert(subnet.to_owned(), table(&format!("rtb-{subnet}"), vec![to(net, Target::Local)]));
    }
    network
}

fn route(network: &mut Network, subnet: &str, route: Route) {
    network.tables.get_mut(subnet).unwrap().routes.push(route);
}

fn deny(network: &mut Network, subnet: &str, entry: Entry) {
    network.acls.get_mut(subnet).unwrap().entries.push(entry);
}

fn tcp(port: u16) -> Traffic {
    Traffic { protocol: Protocol::Tcp, port, v6: false }
}

fn ask(network: &Network, from: &Place, to: &Place, traffic: Traffic) -> (Verdict, Vec<String>) {
    let hops = analyse(network, from, to, traffic).unwrap();
    let worst = verdict(&hops);
    let lines = hops
        .iter()
        .filter(|hop| hop.verdict == worst)
        .map(|hop| format!("{} {}: {}", hop.way, hop.at, hop.why));
    (worst, lines.collect())
}

#[track_caller]
fn passes(network: &Network, from: &Place, to: &Place, traffic: Traffic) {
    let (verdict, lines) = ask(network, from, to, traffic);
    assert_eq!(verdict, Verdict::Passes, "{lines:?}");
}

/// It ends with this verdict, at this point, for this reason.
#[track_caller]
fn ends(network: &Network, from: &Place, to: &Place, traffic: Traffic, expected: Verdict, line: &str) {
    let (verdict, lines) = ask(network, from, to, traffic);
    assert!(verdict == expected && lines.iter().any(|found| found.contains(line)), "{verdict:?} {lines:?}");
}

fn at(node: Node) -> Place {
    Place::Node(node)
}

#[test]
fn in_one_subnet_only_the_groups_count() {
    let mut network = network();
    deny(&mut network, "a", entry(1, false, -1, None, "0.0.0.0/0", false));
    network.tables.clear();
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let to = at(node("10.0.0.5", "vpc-1", "a", &["in tcp 80 from 10.0.0.4/32"]));
    passes(&network, &from, &to, tcp(80));
    ends(
        &network,
        &from,
        &to,
        tcp(81),
        Verdict::Blocks,
        "there sg-10.0.0.5: no rule lets tcp 81 in from 10.0.0.4",
    );
}

#[test]
fn a_group_without_a_way_out_blocks() {
    let from = at(node("10.0.0.4", "vpc-1", "a", &["out tcp 443 to 0.0.0.0/0"]));
    let to = at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 0.0.0.0/0"]));
    passes(&network(), &from, &to, tcp(443));
    ends(
        &network(),
        &from,
        &to,
        tcp(80),
        Verdict::Blocks,
        "sg-10.0.0.4: no rule lets tcp 80 out to 10.0.1.5",
    );
}

#[test]
fn a_group_lets_in_what_is_in_a_group() {
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    passes(&network(), &from, &at(node("10.0.1.5", "vpc-1", "b", &["in tcp 22 from sg-10.0.0.4"])), tcp(22));
    let other = at(node("10.0.1.5", "vpc-1", "b", &["in tcp 22 from sg-0123456789abcdef0"]));
    ends(&network(), &from, &other, tcp(22), Verdict::Blocks, "no rule lets tcp 22 in");
}

#[test]
fn a_prefix_list_is_told_as_unknown() {
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let to = at(node("10.0.1.5", "vpc-1", "b", &["in tcp 22 from pl-12345678"]));
    ends(
        &network(),
        &from,
        &to,
        tcp(22),
        Verdict::Unknown,
        "only `in tcp 22 from pl-12345678` may let it in",
    );
    let both =
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp 22 from pl-12345678", "in tcp 22 from 10.0.0.0/8"]));
    passes(&network(), &from, &both, tcp(22));
}

#[test]
fn between_subnets_the_lowest_entry_of_an_acl_decides() {
    let (from, to) = (
        at(node("10.0.0.4", "vpc-1", "a", &[OUT])),
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"])),
    );
    passes(&network(), &from, &to, tcp(80));
    let mut denied = network();
    deny(&mut denied, "b", entry(90, false, 6, Some((80, 80)), "10.0.0.0/24", false));
    ends(
        &denied,
        &from,
        &to,
        tcp(80),
        Verdict::Blocks,
        "there acl-b: inbound rule 90 denies tcp 80 from 10.0.0.4",
    );
    passes(&denied, &from, &to, tcp(81));
    let mut late = network();
    deny(&mut late, "b", entry(110, false, 6, Some((80, 80)), "10.0.0.0/24", false));
    passes(&late, &from, &to, tcp(80));
    let mut elsewhere = network();
    deny(&mut elsewhere, "b", entry(90, false, 6, Some((80, 80)), "10.9.0.0/16", false));
    passes(&elsewhere, &from, &to, tcp(80));
    let mut udp = network();
    deny(&mut udp, "b", entry(90, false, 17, None, "0.0.0.0/0", false));
    passes(&udp, &from, &to, tcp(80));
    let mut out = network();
    deny(&mut out, "a", entry(5, true, -1, None, "10.0.1.0/24", false));
    ends(&out, &from, &to, tcp(80), Verdict::Blocks, "there acl-a: outbound rule 5 denies");
}

#[test]
fn what_no_entry_allows_is_denied() {
    let mut network = network();
    network.acls.insert("b".to_owned(), Acl { id: "acl-empty".to_owned(), entries: vec![] });
    let (from, to) = (
        at(node("10.0.0.4", "vpc-1", "a", &[OUT])),
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"])),
    );
    ends(
        &network,
        &from,
        &to,
        tcp(80),
        Verdict::Blocks,
        "acl-empty: no inbound rule allows tcp 80 from 10.0.0.4",
    );
}

#[test]
fn answers_need_the_ports_that_they_go_to() {
    let (from, to) = (
        at(node("10.0.0.4", "vpc-1", "a", &[OUT])),
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"])),
    );
    let only = |ports| Acl {
        id: "acl-tight".to_owned(),
        entries: vec![
            entry(100, false, 6, Some((80, 80)), "10.0.0.0/16", true),
            entry(100, true, 6, ports, "10.0.0.0/16", true),
        ],
    };
    let with = |ports| {
        let mut network = network();
        network.acls.insert("b".to_owned(), only(ports));
        network
    };
    passes(&with(Some((1024, 65_535))), &from, &to, tcp(80));
    passes(&with(Some((32_768, 60_999))), &from, &to, tcp(80));
    ends(
        &with(Some((80, 80))),
        &from,
        &to,
        tcp(80),
        Verdict::Blocks,
        "back acl-tight: no outbound rule allows answers (tcp 1024-65535) to 10.0.0.4",
    );
    ends(&with(Some((49_152, 65_535))), &from, &to, tcp(80), Verdict::Unknown, "allows some of answers");
    let mut at_home = network();
    deny(&mut at_home, "a", entry(50, false, 6, Some((1024, 65_535)), "10.0.1.0/24", false));
    ends(&at_home, &from, &to, tcp(80), Verdict::Blocks, "back acl-a: inbound rule 50 denies answers");
}

#[test]
fn a_ping_is_a_request_and_a_reply() {
    let ping = Traffic { protocol: Protocol::Icmp, port: 0, v6: false };
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    passes(&network(), &from, &at(node("10.0.1.5", "vpc-1", "b", &["in icmp 8 from 10.0.0.0/8"])), ping);
    let reply_only = at(node("10.0.1.5", "vpc-1", "b", &["in icmp 0 from 10.0.0.0/8"]));
    ends(&network(), &from, &reply_only, ping, Verdict::Blocks, "no rule lets ping in");
    let tcp_only = at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"]));
    ends(&network(), &from, &tcp_only, ping, Verdict::Blocks, "no rule lets ping in");
    let mut no_reply = network();
    let mut entry = entry(10, true, 1, None, "0.0.0.0/0", false);
    entry.icmp = Some((0, -1));
    deny(&mut no_reply, "b", entry);
    let to = at(node("10.0.1.5", "vpc-1", "b", &["in icmp from 10.0.0.0/8"]));
    ends(&no_reply, &from, &to, ping, Verdict::Blocks, "back acl-b: outbound rule 10 denies the reply");
}

#[test]
fn the_internet_is_reached_by_a_gateway_with_a_public_address() {
    let mut network = network();
    let inside = node("10.0.0.4", "vpc-1", "a", &[OUT]);
    let internet = Place::Outside(None);
    ends(
        &network,
        &at(inside.clone()),
        &internet,
        tcp(443),
        Verdict::Blocks,
        "there rtb-a: no route leads to the internet",
    );
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    ends(
        &network,
        &at(inside.clone()),
        &internet,
        tcp(443),
        Verdict::Blocks,
        "leads to igw-1, but 10.0.0.4 has no public address",
    );
    let public = Node { public: Some("52.0.0.4".parse().unwrap()), ..inside };
    passes(&network, &at(public.clone()), &internet, tcp(443));
    passes(&network, &at(public.clone()), &Place::Outside(Some("1.1.1.1".parse().unwrap())), tcp(443));
    let private = Place::Outside(Some("192.168.0.1".parse().unwrap()));
    ends(
        &network,
        &at(public),
        &private,
        tcp(443),
        Verdict::Blocks,
        "the internet does not carry 192.168.0.1",
    );
}

#[test]
fn a_nat_gateway_needs_its_own_way_out() {
    let mut network = network();
    let inside = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let internet = Place::Outside(None);
    route(&mut network, "a", to("0.0.0.0/0", Target::Nat("nat-1".to_owned())));
    ends(
        &network,
        &inside,
        &internet,
        tcp(443),
        Verdict::Unknown,
        "nat-1: the NAT gateway could not be looked at",
    );
    let nat = |available, public: Option<&str>| Nat {
        subnet: Some("b".to_owned()),
        available,
        public: public.iter().map(|ip| ip.parse().unwrap()).collect(),
    };
    network.nats.insert("nat-1".to_owned(), nat(true, Some("52.1.1.1")));
    ends(
        &network,
        &inside,
        &internet,
        tcp(443),
        Verdict::Blocks,
        "there rtb-b: no route leads to the internet",
    );
    route(&mut network, "b", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    passes(&network, &inside, &internet, tcp(443));
    let mut shut = network.clone();
    deny(&mut shut, "b", entry(7, false, 6, Some((1024, 65_535)), "0.0.0.0/0", false));
    ends(&shut, &inside, &internet, tcp(443), Verdict::Blocks, "back acl-b: inbound rule 7 denies answers");
    network.nats.insert("nat-1".to_owned(), nat(false, Some("52.1.1.1")));
    ends(&network, &inside, &internet, tcp(443), Verdict::Blocks, "nat-1: the NAT gateway is not available");
    network.nats.insert("nat-1".to_owned(), nat(true, None));
    ends(&network, &inside, &internet, tcp(443), Verdict::Unknown, "a private NAT gateway");
    // A loop: the NAT gateway's own subnet leads back to it.
    let mut lost = network.clone();
    lost.nats.insert("nat-1".to_owned(), Nat { subnet: Some("a".to_owned()), ..nat(true, Some("52.1.1.1")) });
    ends(&lost, &inside, &internet, tcp(443), Verdict::Blocks, "leads to nat-1, not to an internet gateway");
}

#[test]
fn from_the_internet_a_public_address_and_a_route_back_are_needed() {
    let mut network = network();
    let inside = node("10.0.0.4", "vpc-1", "a", &["in tcp 22 from 0.0.0.0/0"]);
    let internet = Place::Outside(None);
    let public = Node { public: Some("52.0.0.4".parse().unwrap()), ..inside.clone() };
    ends(
        &network,
        &internet,
        &at(public.clone()),
        tcp(22),
        Verdict::Blocks,
        "back rtb-a: no route leads to the internet",
    );
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    passes(&network, &internet, &at(public.clone()), tcp(22));
    ends(&network, &internet, &at(inside), tcp(22), Verdict::Blocks, "it has no public address");
    let mut by_nat = super::tests::network();
    route(&mut by_nat, "a", to("0.0.0.0/0", Target::Nat("nat-1".to_owned())));
    ends(
        &by_nat,
        &internet,
        &at(public.clone()),
        tcp(22),
        Verdict::Blocks,
        "leads to nat-1, through which nothing comes in",
    );
    let office = Node { groups: vec![group("sg-office", &["in tcp 22 from 203.0.113.0/24"])], ..public };
    ends(
        &network,
        &internet,
        &at(office.clone()),
        tcp(22),
        Verdict::Unknown,
        "only a part of the internet is let in",
    );
    passes(&network, &Place::Outside(Some("203.0.113.9".parse().unwrap())), &at(office.clone()), tcp(22));
    ends(
        &network,
        &Place::Outside(Some("198.51.100.1".parse().unwrap())),
        &at(office),
        tcp(22),
        Verdict::Blocks,
        "in from 198.51.100.1",
    );
}

#[test]
fn an_acl_for_a_part_of_the_internet_is_neither_yes_nor_no() {
    let mut network = network();
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    let public = at(Node {
        public: Some("52.0.0.4".parse().unwrap()),
        ..node("10.0.0.4", "vpc-1", "a", &["in tcp 22 from 0.0.0.0/0"])
    });
    let mut shut = network.clone();
    deny(&mut shut, "a", entry(5, false, -1, None, "203.0.113.0/24", false));
    let part =
        "inbound rule 100 allows tcp 22, but inbound rule 5 denies a part of the internet: 203.0.113.0/24";
    ends(&shut, &Place::Outside(None), &public, tcp(22), Verdict::Unknown, part);
    passes(&shut, &Place::Outside(Some("198.51.100.9".parse().unwrap())), &public, tcp(22));
    let only = |allows| Acl {
        id: "acl-part".to_owned(),
        entries: vec![
            entry(100, false, 6, None, "203.0.113.0/24", allows),
            entry(100, true, -1, None, "0.0.0.0/0", true),
        ],
    };
    network.acls.insert("a".to_owned(), only(true));
    ends(
        &network,
        &Place::Outside(None),
        &public,
        tcp(22),
        Verdict::Unknown,
        "except from a part of the internet",
    );
    network.acls.insert("a".to_owned(), only(false));
    ends(&network, &Place::Outside(None), &public, tcp(22), Verdict::Blocks, "no inbound rule allows tcp 22");
}

#[test]
fn a_peering_needs_routes_on_both_sides() {
    let mut network = network();
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let there = at(node("10.1.0.5", "vpc-2", "p", &["in tcp 80 from 10.0.0.0/16"]));
    ends(&network, &from, &there, tcp(80), Verdict::Blocks, "there rtb-a: no route leads to 10.1.0.5");
    route(&mut network, "a", to("10.1.0.0/16", Target::Peering("pcx-1".to_owned())));
    ends(&network, &from, &there, tcp(80), Verdict::Blocks, "back rtb-p: no route leads to 10.0.0.4");
    route(&mut network, "p", to("10.0.0.0/16", Target::Peering("pcx-1".to_owned())));
    ends(&network, &from, &there, tcp(80), Verdict::Unknown, "pcx-1 could not be looked at");
    let peering = |active, two: &str| Peering { active, vpcs: ("vpc-1".to_owned(), two.to_owned()) };
    network.peerings.insert("pcx-1".to_owned(), peering(true, "vpc-2"));
    passes(&network, &from, &there, tcp(80));
    passes(&network, &from, &at(node("10.1.0.5", "vpc-2", "p", &["in tcp 80 from sg-10.0.0.4"])), tcp(80));
    network.peerings.insert("pcx-1".to_owned(), peering(false, "vpc-2"));
    ends(&network, &from, &there, tcp(80), Verdict::Blocks, "pcx-1, which is not active");
    network.peerings.insert("pcx-1".to_owned(), peering(true, "vpc-3"));
    ends(&network, &from, &there, tcp(80), Verdict::Blocks, "joins vpc-1 and vpc-3, not vpc-2");
}

#[test]
fn a_private_address_elsewhere_is_not_reached_over_the_internet() {
    let mut network = network();
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let there = at(node("10.1.0.5", "vpc-2", "p", &["in tcp 80 from 10.0.0.0/16"]));
    ends(&network, &from, &there, tcp(80), Verdict::Blocks, "its route for 10.1.0.5 leads to igw-1");
}

#[test]
fn what_lies_behind_a_transit_gateway_is_unknown() {
    let mut network = network();
    route(&mut network, "a", to("10.0.0.0/8", Target::Other("tgw-1".to_owned())));
    route(&mut network, "p", to("10.0.0.0/8", Target::Other("tgw-1".to_owned())));
    let from = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let there = at(node("10.1.0.5", "vpc-2", "p", &["in tcp 80 from 10.0.0.0/16"]));
    ends(&network, &from, &there, tcp(80), Verdict::Unknown, "leads to tgw-1, which decides on its own");
    ends(
        &network,
        &from,
        &Place::Outside(Some("10.9.0.1".parse().unwrap())),
        tcp(80),
        Verdict::Unknown,
        "tgw-1",
    );
}

#[test]
fn the_longest_prefix_counts_and_a_blackhole_swallows() {
    let mut network = network();
    let public = Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", &[OUT]) };
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    route(&mut network, "a", Route { blackhole: true, ..to("1.1.0.0/16", Target::Nat("nat-9".to_owned())) });
    ends(
        &network,
        &at(public.clone()),
        &Place::Outside(Some("1.1.1.1".parse().unwrap())),
        tcp(53),
        Verdict::Blocks,
        "is a blackhole: nat-9 is gone",
    );
    passes(&network, &at(public), &Place::Outside(Some("8.8.8.8".parse().unwrap())), tcp(53));
    // A route more specific than the VPC's own leads through an appliance.
    route(&mut network, "a", to("10.0.1.0/24", Target::Other("eni-1".to_owned())));
    let (from, there) = (
        at(node("10.0.0.4", "vpc-1", "a", &[OUT])),
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"])),
    );
    ends(&network, &from, &there, tcp(80), Verdict::Unknown, "a route of its own leads to eni-1");
}

#[test]
fn routes_by_prefix_list_are_told_as_unknown_but_for_endpoints() {
    let list = |id: &str, target: &str| Route {
        to: Destination::List(id.to_owned()),
        target: Target::Other(target.to_owned()),
        blackhole: false,
    };
    let mut network = network();
    let public =
        at(Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", &[OUT]) });
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    route(&mut network, "a", list("pl-s3", "vpce-1"));
    passes(&network, &public, &Place::Outside(None), tcp(443));
    route(&mut network, "a", list("pl-own", "tgw-1"));
    ends(&network, &public, &Place::Outside(None), tcp(443), Verdict::Unknown, "it routes by pl-own");
    let near = at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"]));
    passes(&network, &public, &near, tcp(443));
}

#[test]
fn ipv6_has_rules_and_gateways_of_its_own() {
    let mut network = network();
    let traffic = Traffic { v6: true, ..tcp(443) };
    let v4_only = at(node("2600:1f18::4", "vpc-1", "a", &[OUT]));
    route(&mut network, "a", to("::/0", Target::EgressOnly("eigw-1".to_owned())));
    let internet = Place::Outside(None);
    ends(&network, &v4_only, &internet, traffic, Verdict::Blocks, "no rule lets tcp 443 out to the internet");
    let inside = node("2600:1f18::4", "vpc-1", "a", &["out all to ::/0", "in tcp from ::/0"]);
    passes(&network, &at(inside.clone()), &internet, traffic);
    ends(
        &network,
        &internet,
        &at(inside.clone()),
        traffic,
        Verdict::Blocks,
        "leads to eigw-1, through which nothing comes in",
    );
    network.tables.get_mut("a").unwrap().routes.pop();
    route(&mut network, "a", to("::/0", Target::Internet("igw-1".to_owned())));
    passes(&network, &internet, &at(inside.clone()), traffic);
    let mut shut = network.clone();
    shut.acls.get_mut("a").unwrap().entries.retain(|entry| entry.number != 101);
    ends(&shut, &internet, &at(inside.clone()), traffic, Verdict::Blocks, "no inbound rule allows tcp 443");
    let ping = Traffic { protocol: Protocol::Icmp, port: 0, v6: true };
    ends(&network, &internet, &at(inside.clone()), ping, Verdict::Blocks, "no rule lets ping in");
    let pinged = Node { groups: vec![group("sg-6", &["in icmpv6 128 from ::/0"])], ..inside };
    passes(&network, &internet, &at(pinged), ping);
}

#[test]
fn a_public_address_is_reached_from_inside_as_from_the_internet() {
    let mut network = network();
    for subnet in ["a", "b"] {
        route(&mut network, subnet, to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    }
    let a = Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", &[OUT]) };
    let b = |rule: &str| Node {
        public: Some("52.0.0.5".parse().unwrap()),
        ..node("10.0.1.5", "vpc-1", "b", &[rule])
    };
    // By its public address a neighbour is a stranger: the group's own addresses do not count.
    ends(
        &network,
        &at(a.clone()),
        &Place::Public(b("in tcp 80 from 10.0.0.0/16")),
        tcp(80),
        Verdict::Blocks,
        "in from 52.0.0.4",
    );
    passes(&network, &at(a), &Place::Public(b("in tcp 80 from 52.0.0.4/32")), tcp(80));
}

#[test]
fn the_same_interface_is_no_way_and_two_strangers_are_no_question() {
    let a = at(node("10.0.0.4", "vpc-1", "a", &[]));
    passes(&network(), &a, &a, tcp(80));
    assert!(analyse(&network(), &Place::Outside(None), &Place::Outside(None), tcp(80)).is_err());
}

#[test]
fn what_could_not_be_looked_at_is_unknown() {
    let (from, to) = (
        at(node("10.0.0.4", "vpc-1", "a", &[OUT])),
        at(node("10.0.1.5", "vpc-1", "b", &["in tcp from 10.0.0.0/8"])),
    );
    ends(&Network::default(), &from, &to, tcp(80), Verdict::Unknown, "could not be looked at");
    let unknown = at(Node { groups: vec![], ..node("10.0.1.5", "vpc-1", "b", &[]) });
    ends(&network(), &from, &unknown, tcp(80), Verdict::Unknown, "security groups are not known");
}

#[test]
fn private_networks_are_told_apart() {
    for private in ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "fd00::1"] {
        assert!(is_private(private.parse::<IpAddr>().unwrap()), "{private}");
    }
    for public in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2600:1f18::1"] {
        assert!(!is_private(public.parse::<IpAddr>().unwrap()), "{public}");
    }
}

/// `a` leads to a NAT gateway in `b`, which leads to the internet.
fn behind_nat() -> Network {
    let mut network = network();
    let nat =
        Nat { subnet: Some("b".to_owned()), available: true, public: vec!["52.1.1.1".parse().unwrap()] };
    network.nats.insert("nat-1".to_owned(), nat);
    route(&mut network, "a", to("0.0.0.0/0", Target::Nat("nat-1".to_owned())));
    route(&mut network, "b", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    network
}

#[test]
fn answers_to_a_nat_gateway_need_all_its_ports() {
    let inside = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let let_in = |ports| Acl {
        id: "acl-nat".to_owned(),
        entries: vec![
            entry(100, false, -1, None, "10.0.0.0/16", true),
            entry(200, false, 6, Some(ports), "0.0.0.0/0", true),
            entry(100, true, -1, None, "0.0.0.0/0", true),
        ],
    };
    let with = |ports| {
        let mut network = behind_nat();
        network.acls.insert("b".to_owned(), let_in(ports));
        network
    };
    passes(&with((1024, 65_535)), &inside, &Place::Outside(None), tcp(443));
    // What Linux takes is no guess for a NAT gateway, which takes any port from 1024 on.
    ends(
        &with((32_768, 60_999)),
        &inside,
        &Place::Outside(None),
        tcp(443),
        Verdict::Unknown,
        "back acl-nat: inbound rule 200 allows some of answers (tcp 1024-65535, the ports of a NAT gateway)",
    );
    // On the way from there to the instance it still is.
    let mut own = behind_nat();
    own.acls.insert("a".to_owned(), let_in((32_768, 60_999)));
    passes(&own, &inside, &Place::Outside(None), tcp(443));
}

#[test]
fn a_regional_nat_gateway_is_judged_by_its_own_route_table() {
    let inside = at(node("10.0.0.4", "vpc-1", "a", &[OUT]));
    let mut network = behind_nat();
    network.nats.get_mut("nat-1").unwrap().subnet = None;
    let unknown = "nat-1: its route table could not be looked at";
    ends(&network, &inside, &Place::Outside(None), tcp(443), Verdict::Unknown, unknown);
    let own = |target| table("rtb-nat", vec![to("10.0.0.0/16", Target::Local), to("0.0.0.0/0", target)]);
    network.tables.insert("nat-1".to_owned(), own(Target::Internet("igw-1".to_owned())));
    passes(&network, &inside, &Place::Outside(None), tcp(443));
    network.tables.insert("nat-1".to_owned(), own(Target::Other("tgw-1".to_owned())));
    ends(
        &network,
        &inside,
        &Place::Outside(None),
        tcp(443),
        Verdict::Unknown,
        "leads to tgw-1, not to an internet",
    );
}

#[test]
fn halves_of_the_internet_are_all_of_it() {
    let mut network = network();
    let halves = |rules: &[&str]| {
        at(Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", rules) })
    };
    let out = halves(&[OUT]);
    route(&mut network, "a", to("0.0.0.0/1", Target::Internet("igw-1".to_owned())));
    ends(
        &network,
        &out,
        &Place::Outside(None),
        tcp(443),
        Verdict::Unknown,
        "routed in parts: 0.0.0.0/1 leads to igw-1, and no route leads to the rest",
    );
    route(&mut network, "a", to("128.0.0.0/1", Target::Internet("igw-1".to_owned())));
    passes(&network, &out, &Place::Outside(None), tcp(443));
    let both = halves(&["in tcp 443 from 0.0.0.0/1", "in tcp 443 from 128.0.0.0/1"]);
    passes(&network, &Place::Outside(None), &both, tcp(443));
    let one = halves(&["in tcp 443 from 0.0.0.0/1", "in tcp 80 from 128.0.0.0/1"]);
    let part = "only a part of the internet is let in";
    ends(&network, &Place::Outside(None), &one, tcp(443), Verdict::Unknown, part);
    let entries = |ports| {
        let halves = [(100, "0.0.0.0/1", None), (110, "128.0.0.0/1", ports)];
        let coming = halves.map(|(number, net, ports)| entry(number, false, 6, ports, net, true));
        let going = [entry(100, true, -1, None, "0.0.0.0/0", true)];
        Acl { id: "acl-halves".to_owned(), entries: coming.into_iter().chain(going).collect() }
    };
    network.acls.insert("a".to_owned(), entries(Some((443, 443))));
    passes(&network, &Place::Outside(None), &both, tcp(443));
    network.acls.insert("a".to_owned(), entries(Some((80, 80))));
    let part = "except from a part of the internet";
    ends(&network, &Place::Outside(None), &both, tcp(443), Verdict::Unknown, part);
}

#[test]
fn parts_of_the_internet_that_lead_elsewhere_are_named() {
    let mut network = network();
    route(&mut network, "a", to("0.0.0.0/0", Target::Internet("igw-1".to_owned())));
    route(&mut network, "a", to("203.0.113.0/24", Target::Other("vgw-1".to_owned())));
    let public =
        at(Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", &[OUT]) });
    let parts = "203.0.113.0/24 leads to vgw-1, 0.0.0.0/0 leads to igw-1; ask about one address";
    ends(&network, &public, &Place::Outside(None), tcp(443), Verdict::Unknown, parts);
    // A private network that leads elsewhere is no part of the internet.
    network.tables.get_mut("a").unwrap().routes.pop();
    route(&mut network, "a", to("192.168.0.0/16", Target::Other("vgw-1".to_owned())));
    passes(&network, &public, &Place::Outside(None), tcp(443));
}

#[test]
fn an_end_that_is_down_blocks() {
    let hop = Hop::down("i-1 (web)", "stopped");
    assert_eq!(hop.said(), "i-1 (web): it is stopped: nothing answers there, and nothing leaves it");
    assert_eq!(verdict(&[hop]), Verdict::Blocks);
}

/// Networks of the internet and of none, that meet each other.
fn some_net() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("0.0.0.0/0"),
        Just("0.0.0.0/1"),
        Just("128.0.0.0/1"),
        Just("128.0.0.0/2"),
        Just("192.0.0.0/2"),
        Just("10.0.0.0/8"),
        Just("203.0.113.0/24"),
    ]
}

proptest! {
    /// What is said of the internet holds for every address of it.
    #[test]
    fn the_internet_is_every_address_of_it(
        routes in prop::collection::vec((some_net(), 0..2usize), 0..6),
        rules in prop::collection::vec(some_net(), 0..5),
        octets in prop::collection::vec(any::<[u8; 4]>(), 20),
    ) {
        let mut network = network();
        for (net, target) in &routes {
            let target = [Target::Internet("igw-1".to_owned()), Target::Other("tgw-1".to_owned())][*target].clone();
            // EC2 has one route for each network.
            if !network.tables["a"].routes.iter().any(|route| matches!(&route.to, Destination::Net(own) if own.to_string() == *net)) {
                route(&mut network, "a", to(net, target));
            }
        }
        let rules: Vec<String> = rules.iter().map(|net| format!("in tcp 443 from {net}")).collect();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let place = at(Node { public: Some("52.0.0.4".parse().unwrap()), ..node("10.0.0.4", "vpc-1", "a", &rules) });
        let (all, _) = ask(&network, &Place::Outside(None), &place, tcp(443));
        let edges = [[1, 0, 0, 1], [127, 255, 255, 255], [128, 0, 0, 0], [191, 255, 255, 255], [192, 0, 0, 1], [203, 0, 113, 9], [223, 255, 255, 255]];
        for octets in octets.into_iter().chain(edges) {
            let address = IpAddr::from(octets);
            let carried = !is_private(address) && octets[0] != 0 && octets[0] < 224;
            if !carried {
                continue;
            }
            let (one, lines) = ask(&network, &Place::Outside(Some(address)), &place, tcp(443));
            if all != Verdict::Unknown {
                prop_assert_eq!(one, all, "{} {:?}", address, lines);
            }
        }
    }

    /// What is taken out and what is left together are what was open, and do not meet.
    #[test]
    fn splitting_loses_no_port(from in 0u16..=65_535, length in 0u16..=2000, first in 0u16..=65_535, span in 0u16..=2000) {
        let open = (from, from.saturating_add(length));
        let own = (first, first.saturating_add(span));
        let (taken, left) = split(&[open], own);
        let inside = |port: u16, range: (u16, u16)| (range.0..=range.1).contains(&port);
        for port in open.0..=open.1 {
            let kept = left.iter().filter(|range| inside(port, **range)).count();
            prop_assert_eq!(kept, usize::from(!inside(port, own)));
        }
        prop_assert_eq!(taken, (open.0..=open.1).any(|port| inside(port, own)));
    }
}
