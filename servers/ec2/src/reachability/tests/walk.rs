//! A walk of single packets through small networks, written apart from the judge, which must come to the same.

use std::net::IpAddr;

use proptest::prelude::*;

use super::super::*;
use crate::rules::{Peer, Protocol, Rule};

const PORT: u16 = 443;
/// The ports that a machine with Linux takes for its side of a connection, and those that a NAT gateway takes.
const LINUX: (u16, u16) = (32_768, 60_999);
const NAT: (u16, u16) = (1024, 65_535);

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Whether an ACL lets one packet pass: the entry with the lowest number that fits decides.
fn acl_lets(acl: &Acl, egress: bool, other: IpAddr, port: u16) -> bool {
    let fits = |entry: &&Entry| {
        entry.egress == egress
            && matches!(entry.protocol, -1 | 6)
            && entry.net.contains(&other)
            && entry.ports.is_none_or(|(from, to)| (from..=to).contains(&port))
    };
    acl.entries.iter().filter(fits).min_by_key(|entry| entry.number).is_some_and(|entry| entry.allows)
}

/// Whether any rule of a group lets a connection pass.
fn group_lets(node: &Node, egress: bool, other: IpAddr) -> bool {
    let port = i32::from(PORT);
    node.groups.iter().flat_map(|group| group.rules.iter().flatten()).any(|rule| {
        rule.egress == egress
            && matches!(rule.protocol, Protocol::All | Protocol::Tcp)
            && rule.ports.is_none_or(|(from, to)| from <= port && port <= to)
            && matches!(&rule.peer, Peer::Net(net) if net.contains(&other))
    })
}

/// Ports of a range that are enough to try: between those where an entry begins or ends, nothing differs.
fn tried(network: &Network, range: (u16, u16)) -> Vec<u16> {
    let edges = network.acls.values().flat_map(|acl| &acl.entries).filter_map(|entry| entry.ports);
    let mut ports: Vec<u16> =
        edges.flat_map(|(from, to)| [from.saturating_sub(1), from, to, to.saturating_add(1)]).collect();
    ports.extend([range.0, range.1]);
    ports.retain(|port| (range.0..=range.1).contains(port));
    ports
}

/// What a judge may say: the way there is open or not, and of the ports that answers go to all, none or some are open.
fn expected(there: bool, answers: &[bool]) -> Verdict {
    match (there, answers.iter().all(|open| *open), answers.iter().any(|open| *open)) {
        (false, _, _) | (true, false, false) => Verdict::Blocks,
        (true, true, _) => Verdict::Passes,
        (true, false, true) => Verdict::Unknown,
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let net = prop_oneof![
        Just("0.0.0.0/0"),
        Just("10.0.0.0/16"),
        Just("10.0.0.0/24"),
        Just("10.0.1.0/24"),
        Just("203.0.113.0/24")
    ];
    let ports = prop_oneof![
        Just(None),
        Just(Some((443, 443))),
        Just(Some((80, 80))),
        Just(Some((0, 65_535))),
        Just(Some((1024, 65_535))),
        Just(Some((1024, 40_000))),
        Just(Some((32_768, 60_999))),
        Just(Some((50_000, 65_535)))
    ];
    let entry = (any::<bool>(), prop_oneof![Just(-1), Just(6), Just(17)], ports, net, any::<bool>());
    (prop::collection::vec(entry, 0..6), any::<bool>()).prop_map(|(entries, is_open)| {
        let own = entries.into_iter().enumerate().map(|(at, (egress, protocol, ports, net, allows))| Entry {
            number: i32::try_from(at).unwrap() + 1,
            egress,
            protocol,
            ports: if protocol == -1 { None } else { ports },
            icmp: None,
            net: net.parse().unwrap(),
            allows,
        });
        let last = [false, true].into_iter().filter(|_| is_open).map(|egress| Entry {
            number: 100,
            egress,
            protocol: -1,
            ports: None,
            icmp: None,
            net: "0.0.0.0/0".parse().unwrap(),
            allows: true,
        });
        own.chain(last).collect()
    })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let texts = prop_oneof![
        Just("in tcp 443 from 10.0.0.0/16"),
        Just("in tcp from 10.0.0.7/32"),
        Just("in all from 0.0.0.0/0"),
        Just("in udp from 0.0.0.0/0"),
        Just("out all to 0.0.0.0/0"),
        Just("out tcp 443 to 10.0.1.0/24"),
        Just("out tcp 80-500 to 203.0.113.0/24")
    ];
    let rule = texts.prop_map(|text| serde_json::from_value(serde_json::json!(text)).unwrap());
    prop::collection::vec(rule, 1..4)
}

fn node(text: &str, subnet: &str, rules: Vec<Rule>) -> Node {
    Node {
        label: text.to_owned(),
        address: address(text),
        public: None,
        vpc: "vpc-1".to_owned(),
        subnet: subnet.to_owned(),
        groups: vec![Group { id: "sg-1".to_owned(), rules: Some(rules) }],
    }
}

fn network(acls: [Vec<Entry>; 2]) -> Network {
    let mut network = Network::default();
    for (subnet, entries) in ["a", "b"].into_iter().zip(acls) {
        network.acls.insert(subnet.to_owned(), Acl { id: format!("acl-{subnet}"), entries });
        let local = Route {
            to: Destination::Net("10.0.0.0/16".parse().unwrap()),
            target: Target::Local,
            blackhole: false,
        };
        network.tables.insert(subnet.to_owned(), Table { id: format!("rtb-{subnet}"), routes: vec![local] });
    }
    network
}

fn leads(network: &mut Network, subnet: &str, target: Target) {
    let to = Destination::Net("0.0.0.0/0".parse().unwrap());
    network.tables.get_mut(subnet).unwrap().routes.push(Route { to, target, blackhole: false });
}

fn judged(network: &Network, from: Node, to: Place) -> (Verdict, Vec<String>) {
    let traffic = Traffic { protocol: Protocol::Tcp, port: PORT, v6: false };
    let hops = analyse(network, &Place::Node(from), &to, traffic).unwrap();
    (verdict(&hops), hops.iter().map(Hop::said).collect())
}

/// Whether the judge may say that: what it cannot decide it says to be unknown, and it never says yes or no wrongly. Where
/// some answers get through and others do not, several ACLs may shut different ones, which is no or unknown.
fn is_fair(said: Verdict, there: bool, answers: &[bool]) -> bool {
    let right = expected(there, answers);
    said == right || (right == Verdict::Blocks && there && said == Verdict::Unknown)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn between_subnets_the_judge_agrees_with_the_walk(
        acl_a in entries(), acl_b in entries(), rules_a in rules(), rules_b in rules(),
    ) {
        let network = network([acl_a, acl_b]);
        let (a, b) = (node("10.0.0.7", "a", rules_a), node("10.0.1.8", "b", rules_b));
        let (acl_a, acl_b) = (&network.acls["a"], &network.acls["b"]);
        let there = group_lets(&a, true, b.address)
            && acl_lets(acl_a, true, b.address, PORT)
            && acl_lets(acl_b, false, a.address, PORT)
            && group_lets(&b, false, a.address);
        let answers: Vec<bool> = tried(&network, LINUX)
            .into_iter()
            .map(|port| acl_lets(acl_b, true, a.address, port) && acl_lets(acl_a, false, b.address, port))
            .collect();
        let (said, why) = judged(&network, a.clone(), Place::Node(b.clone()));
        prop_assert!(is_fair(said, there, &answers), "{:?} {:?} {:?} {:?}", said, there, answers, why);
    }

    #[test]
    fn through_a_nat_gateway_the_judge_agrees_with_the_walk(
        acl_a in entries(), acl_b in entries(), rules_a in rules(),
    ) {
        let mut network = network([acl_a, acl_b]);
        leads(&mut network, "a", Target::Nat("nat-1".to_owned()));
        leads(&mut network, "b", Target::Internet("igw-1".to_owned()));
        let nat =
            Nat { subnet: Some("b".to_owned()), available: true, public: vec![address("198.51.100.1")] };
        network.nats.insert("nat-1".to_owned(), nat);
        let (a, far) = (node("10.0.0.7", "a", rules_a), address("203.0.113.9"));
        let (acl_a, acl_b) = (&network.acls["a"], &network.acls["b"]);
        let there = group_lets(&a, true, far)
            && acl_lets(acl_a, true, far, PORT)
            && acl_lets(acl_b, false, a.address, PORT)
            && acl_lets(acl_b, true, far, PORT);
        let to_nat: Vec<bool> =
            tried(&network, NAT).into_iter().map(|port| acl_lets(acl_b, false, far, port)).collect();
        let home: Vec<bool> = tried(&network, LINUX)
            .into_iter()
            .map(|port| acl_lets(acl_b, true, a.address, port) && acl_lets(acl_a, false, far, port))
            .collect();
        let (said, why) = judged(&network, a.clone(), Place::Outside(Some(far)));
        let right = expected(there, &to_nat).max(expected(there, &home));
        let is_fair = said == right || (right == Verdict::Blocks && there && said == Verdict::Unknown);
        prop_assert!(is_fair, "{:?} {:?} {:?} {:?} {:?}", said, there, to_nat, home, why);
    }
}
