//! Single packets through small random networks, hop by hop and apart from the judge, which must come to the same: what it
//! says of a question holds for every address, every port of an answer, and whatever that does which decides on its own.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use ipnet::IpNet;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::super::*;
use crate::rules::{Protocol, Rule};

const NETS: [&str; 12] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "203.0.113.0/24",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.1.0.0/16",
    "10.0.0.0/8",
    "192.168.0.0/16",
    "198.51.100.1/32",
    "198.51.100.101/32",
];
const RULES: [&str; 14] = [
    "out all to 0.0.0.0/0",
    "in all from 0.0.0.0/0",
    "in tcp 443 from 0.0.0.0/0",
    "in tcp 443 from 10.0.0.0/16",
    "in tcp 443 from 0.0.0.0/1",
    "in tcp 400-500 from 128.0.0.0/1",
    "in udp from 203.0.113.0/24",
    "in icmp 8 from 0.0.0.0/0",
    "in icmp 3/4 from 0.0.0.0/0",
    "in tcp 443 from 198.51.100.1/32",
    "in tcp 443 from sg-a",
    "out tcp 443 to sg-b",
    "out tcp 443 to 203.0.113.0/24",
    "out tcp 443 to 0.0.0.0/1",
];
const PORTS: [Option<(u16, u16)>; 6] = [
    None,
    Some((443, 443)),
    Some((80, 80)),
    Some((1024, 65_535)),
    Some((32_768, 60_999)),
    Some((1024, 40_000)),
];
/// The networks of the VPCs.
const OWN: [usize; 2] = [4, 7];
/// Ports of Linux and of NAT gateways: between those, no entry begins or ends.
const OF_LINUX: [u16; 4] = [32_768, 40_000, 40_001, 60_999];
const OF_NAT: [u16; 7] = [1024, 32_767, 32_768, 40_000, 40_001, 61_000, 65_535];
/// Addresses of the internet: between those, no network begins or ends.
const FAR: [Ipv4Addr; 3] =
    [Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(203, 0, 113, 9), Ipv4Addr::new(192, 0, 66, 1)];
/// Addresses of NAT gateways, which networks of one address name.
const OF_NATS: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(198, 51, 100, 101)];
const OFFICE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 9);
const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Icmp];

/// An entry of an ACL: outbound or not, protocol, and its places in `PORTS` and `NETS`.
type Line = (bool, i32, usize, usize, bool);

#[derive(Clone, Debug)]
struct Subnet {
    acl: Vec<Line>,
    /// Places in `NETS`, and where they lead.
    routes: Vec<(usize, Lead)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Gateway,
    Nat(usize),
    Peering,
    Transit,
    Nowhere,
}

#[derive(Clone, Debug)]
struct Machine {
    subnet: usize,
    public: bool,
    rules: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Small {
    /// The last two are of the second VPC.
    subnets: Vec<Subnet>,
    /// The subnet of each, 2 being none, whether it is up, and how many addresses it has.
    nats: Vec<(usize, bool, usize)>,
    /// Where a regional NAT gateway leads.
    regional: Lead,
    peered: bool,
    a: Machine,
    b: Machine,
    question: Question,
    protocol: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Inside,
    ByPublic,
    Out,
    OutTo(Ipv4Addr),
    In,
    InFrom(Ipv4Addr),
}

/// What a packet carries.
#[derive(Clone, Copy)]
struct Packet {
    from: Ipv4Addr,
    to: Ipv4Addr,
    port: u16,
}

/// What everything does that decides on its own: nothing, or hand on as from this address.
type Oracle = Option<Ipv4Addr>;

impl Small {
    fn address(machine: &Machine, last: u8) -> Ipv4Addr {
        let [vpc, subnet] = [machine.subnet / 2, machine.subnet].map(|at| u8::try_from(at).unwrap());
        Ipv4Addr::new(10, vpc, subnet, last)
    }

    fn at_a(&self) -> Ipv4Addr {
        Small::address(&self.a, 7)
    }

    fn at_b(&self) -> Ipv4Addr {
        Small::address(&self.b, 8)
    }

    fn public_a(&self) -> Option<Ipv4Addr> {
        self.a.public.then(|| Ipv4Addr::new(52, 0, 0, 7))
    }

    fn public_b(&self) -> Option<Ipv4Addr> {
        self.b.public.then(|| Ipv4Addr::new(52, 0, 0, 8))
    }

    /// The public addresses of a NAT gateway.
    fn behind(&self, nat: usize) -> Vec<Ipv4Addr> {
        let count = self.nats[nat].2;
        (0..count)
            .map(|at| Ipv4Addr::new(198, 51, 100, u8::try_from(1 + nat * 50 + at * 100).unwrap()))
            .collect()
    }

    fn acl(&self, subnet: usize, egress: bool, packet: Packet) -> bool {
        let other = if egress { packet.to } else { packet.from };
        let is_ping = PROTOCOLS[self.protocol] == Protocol::Icmp;
        let wanted = [6, 17, 1][self.protocol];
        self.subnets[subnet]
            .acl
            .iter()
            .find(|(out, protocol, ports, net, _)| {
                *out == egress
                    && (*protocol == -1 || *protocol == wanted)
                    && (is_ping
                        || *protocol == -1
                        || PORTS[*ports].is_none_or(|(from, to)| (from..=to).contains(&packet.port)))
                    && has(*net, other)
            })
            .is_some_and(|line| line.4)
    }

    fn group(&self, machine: &Machine, egress: bool, other: Ipv4Addr, group: Option<&str>) -> bool {
        machine.rules.iter().any(|at| {
            let Words { way, protocol, ports, peer, net } = WORDS[*at];
            let fits = match (protocol, PROTOCOLS[self.protocol]) {
                ("all", _) => true,
                ("tcp", Protocol::Tcp) => matches!(ports, "443" | "400-500"),
                ("udp", Protocol::Udp) => true,
                ("icmp", Protocol::Icmp) => ports == "8",
                _ => false,
            };
            let is_meant = match net {
                Some((base, mask)) => u32::from(other) & mask == base,
                None => group == Some(peer),
            };
            (way == "out") == egress && fits && is_meant
        })
    }

    /// Where a subnet leads: `None` is local, an error is nowhere.
    fn leads(&self, routes: &[(usize, Lead)], vpc: usize, to: Ipv4Addr) -> Result<Option<Lead>, ()> {
        let local = (16, None);
        let own = has(OWN[vpc], to).then_some(local);
        let more =
            routes.iter().filter(|(net, _)| has(*net, to)).map(|(net, lead)| (length(*net), Some(*lead)));
        let best = own.into_iter().chain(more).max_by_key(|(length, lead)| (*length, lead.is_none()));
        match best {
            None | Some((_, Some(Lead::Nowhere))) => Err(()),
            Some((_, lead)) => Ok(lead),
        }
    }

    /// From a machine to a place outside or to the public address of the other: what arrives there, and how it left.
    fn out(
        &self,
        packet: Packet,
        nat_port: u16,
        nat_address: usize,
        oracle: Oracle,
    ) -> Option<(Packet, Left)> {
        let subnet = self.a.subnet;
        if !self.acl(subnet, true, packet) {
            return None;
        }
        let is_private = packet.to.is_private();
        match self.leads(&self.subnets[subnet].routes, subnet / 2, packet.to).ok()? {
            None => None,
            Some(Lead::Gateway) => {
                let from = self.public_a().filter(|_| !is_private)?;
                Some((Packet { from, ..packet }, Left::Gateway))
            }
            Some(Lead::Nat(nat)) => {
                let (place, is_up, count) = self.nats[nat];
                if !is_up {
                    return None;
                }
                // A private one leads to networks: what then happens nobody says.
                let Some(from) = self.behind(nat).get(nat_address % count.max(1)).copied() else {
                    return oracle.map(|from| (Packet { from, ..packet }, Left::Elsewhere));
                };
                if place == 2 {
                    let lead = self.leads(&[(0, self.regional)], 0, packet.to).ok()??;
                    return Small::beyond(lead, Packet { from, ..packet }, Left::Nat(nat, nat_port), oracle);
                }
                if place != subnet && !self.acl(place, false, packet) {
                    return None;
                }
                let packet = Packet { from, ..packet };
                let lead = self.leads(&self.subnets[place].routes, 0, packet.to).ok()??;
                let (packet, left) = Small::beyond(lead, packet, Left::Nat(nat, nat_port), oracle)?;
                self.acl(place, true, packet).then_some((packet, left))
            }
            Some(Lead::Peering) => {
                oracle.filter(|_| is_private).map(|from| (Packet { from, ..packet }, Left::Elsewhere))
            }
            Some(Lead::Transit) => oracle.map(|from| (Packet { from, ..packet }, Left::Elsewhere)),
            Some(Lead::Nowhere) => None,
        }
    }

    /// From a NAT gateway on.
    fn beyond(lead: Lead, packet: Packet, left: Left, oracle: Oracle) -> Option<(Packet, Left)> {
        match lead {
            Lead::Gateway if !packet.to.is_private() => Some((packet, left)),
            Lead::Transit => oracle.map(|from| (Packet { from, ..packet }, left)),
            _ => None,
        }
    }

    /// An answer from outside back to the machine that asked.
    fn back(&self, from: Ipv4Addr, port: u16, left: Left) -> bool {
        let own = self.a.subnet;
        let home = Packet { from, to: self.at_a(), port };
        if let Left::Nat(nat, nat_port) = left {
            let (place, _, _) = self.nats[nat];
            if place != 2 {
                if !self.acl(place, false, Packet { port: nat_port, ..home }) {
                    return false;
                }
                if place != own && !self.acl(place, true, home) {
                    return false;
                }
            }
        }
        self.acl(own, false, home)
    }

    /// From outside to the other machine.
    fn arrives(&self, packet: Packet) -> bool {
        let is_private = packet.from.is_private();
        (is_private || self.b.public)
            && self.acl(self.b.subnet, false, packet)
            && self.group(&self.b, false, packet.from, None)
    }

    /// The answer of the other machine to that.
    fn answers(&self, to: Ipv4Addr, port: u16, oracle: Oracle) -> bool {
        let subnet = self.b.subnet;
        let packet = Packet { from: self.at_b(), to, port };
        self.acl(subnet, true, packet)
            && match self.leads(&self.subnets[subnet].routes, subnet / 2, to) {
                Ok(Some(Lead::Gateway)) => !to.is_private(),
                Ok(Some(Lead::Transit | Lead::Peering)) => oracle.is_some(),
                Ok(None) => oracle.is_some(),
                _ => false,
            }
    }

    /// Between the machines by their private addresses.
    fn crosses(&self, there: bool, port: u16, oracle: Oracle) -> bool {
        let (from, to) = if there { (&self.a, &self.b) } else { (&self.b, &self.a) };
        let (source, target) = if there { (self.at_a(), self.at_b()) } else { (self.at_b(), self.at_a()) };
        if from.subnet == to.subnet {
            return true;
        }
        let packet = Packet { from: source, to: target, port };
        if !self.acl(from.subnet, true, packet) || !self.acl(to.subnet, false, packet) {
            return false;
        }
        match self.leads(&self.subnets[from.subnet].routes, from.subnet / 2, target) {
            Ok(None) => true,
            Ok(Some(Lead::Transit)) => oracle.is_some(),
            Ok(Some(_)) if from.subnet / 2 == to.subnet / 2 => oracle.is_some(),
            Ok(Some(Lead::Peering)) => self.peered,
            _ => false,
        }
    }

    /// Whether a group of the other machine counts.
    fn groups_are_known(&self) -> bool {
        let routes = &self.subnets[self.a.subnet].routes;
        self.a.subnet / 2 == self.b.subnet / 2
            || self.leads(routes, self.a.subnet / 2, self.at_b()) == Ok(Some(Lead::Peering))
    }

    /// Whether a connection comes to be, with these ports and this address.
    fn connects(&self, port: u16, nat_port: u16, nat_address: usize, far: Ipv4Addr, oracle: Oracle) -> bool {
        let opens = |from, to| Packet { from, to, port: 443 };
        match self.question {
            Question::Inside => {
                let known = self.groups_are_known();
                self.group(&self.a, true, self.at_b(), known.then_some("sg-b"))
                    && self.crosses(true, 443, oracle)
                    && self.group(&self.b, false, self.at_a(), known.then_some("sg-a"))
                    && self.crosses(false, port, oracle)
            }
            Question::Out | Question::OutTo(_) => {
                self.group(&self.a, true, far, None)
                    && self
                        .out(opens(self.at_a(), far), nat_port, nat_address, oracle)
                        .is_some_and(|(_, left)| self.back(far, port, left))
            }
            Question::In | Question::InFrom(_) => {
                self.arrives(opens(far, self.at_b())) && self.answers(far, port, oracle)
            }
            Question::ByPublic => {
                let Some(public) = self.public_b() else { return false };
                self.group(&self.a, true, public, None)
                    && self.out(opens(self.at_a(), public), nat_port, nat_address, oracle).is_some_and(
                        |(packet, left)| {
                            let seen = match left {
                                Left::Gateway => port,
                                Left::Nat(..) | Left::Elsewhere => nat_port,
                            };
                            self.arrives(packet)
                                && self.answers(packet.from, seen, oracle)
                                && self.back(public, port, left)
                        },
                    )
            }
        }
    }

    /// Every outcome that there may be.
    fn outcomes(&self) -> BTreeSet<bool> {
        let far: Vec<Ipv4Addr> = match self.question {
            Question::Out | Question::In => FAR.into_iter().chain(OF_NATS).collect(),
            Question::OutTo(one) | Question::InFrom(one) => vec![one],
            Question::Inside | Question::ByPublic => vec![OFFICE],
        };
        // Where nothing decides on its own, and no NAT gateway takes a port, there is nothing to try of these.
        let leads = |wanted: fn(&Lead) -> bool| {
            let all = self.subnets.iter().flat_map(|subnet| &subnet.routes).map(|(_, lead)| lead);
            all.chain([&self.regional]).any(wanted)
        };
        let has_nat = leads(|lead| matches!(lead, Lead::Nat(_) | Lead::Transit));
        let is_private = self.nats.iter().any(|nat| nat.2 == 0);
        let decides = leads(|lead| matches!(lead, Lead::Transit | Lead::Peering)) || is_private;
        let (nat_ports, nat_addresses) =
            if has_nat { (&OF_NAT[..], &[0, 1][..]) } else { (&OF_NAT[..1], &[0][..]) };
        let oracles = [None, Some(FAR[0]), Some(FAR[1])];
        let oracles = if decides { &oracles[..] } else { &oracles[..1] };
        let mut found = BTreeSet::new();
        for (address, port) in far.iter().flat_map(|far| OF_LINUX.map(|port| (*far, port))) {
            for nat_port in nat_ports {
                for nat_address in nat_addresses {
                    for oracle in oracles {
                        found.insert(self.connects(port, *nat_port, *nat_address, address, *oracle));
                        if found.len() == 2 {
                            return found;
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether some subnet leads to some of the internet otherwise than to the rest: then the judge asks for an address.
    fn is_routed_in_parts(&self) -> bool {
        let in_parts = |(at, subnet): (usize, &Subnet)| {
            let mut leads = FAR.iter().chain(&OF_NATS).map(|far| self.leads(&subnet.routes, at / 2, *far));
            let first = leads.next();
            leads.any(|lead| Some(lead) != first)
        };
        matches!(self.question, Question::Out | Question::In) && self.subnets.iter().enumerate().any(in_parts)
    }

    /// What the judge says, and why.
    fn judged(&self) -> (Verdict, Vec<String>) {
        let mut network = Network::default();
        let target = |lead: &Lead| match lead {
            Lead::Gateway => Target::Internet("igw-1".to_owned()),
            Lead::Nat(nat) => Target::Nat(format!("nat-{nat}")),
            Lead::Peering | Lead::Nowhere => Target::Peering("pcx-1".to_owned()),
            Lead::Transit => Target::Other("tgw-1".to_owned()),
        };
        let route = |(net, lead): &(usize, Lead)| Route {
            to: Destination::Net(PARSED[*net]),
            target: target(lead),
            blackhole: *lead == Lead::Nowhere,
        };
        let table = |routes: &[(usize, Lead)], vpc: usize| {
            let to = Destination::Net(PARSED[OWN[vpc]]);
            let local = Route { to, target: Target::Local, blackhole: false };
            Table {
                id: "rtb-1".to_owned(),
                routes: std::iter::once(local).chain(routes.iter().map(route)).collect(),
            }
        };
        for (at, subnet) in self.subnets.iter().enumerate() {
            let entries =
                subnet.acl.iter().enumerate().map(|(at, (egress, protocol, ports, net, allows))| Entry {
                    number: i32::try_from(at).unwrap() + 1,
                    egress: *egress,
                    protocol: *protocol,
                    ports: PORTS[*ports].filter(|_| matches!(protocol, 6 | 17)),
                    icmp: None,
                    net: PARSED[*net],
                    allows: *allows,
                });
            let acl = Acl { id: format!("acl-{at}"), entries: entries.collect() };
            network.acls.insert(at.to_string(), acl);
            network.tables.insert(at.to_string(), table(&subnet.routes, at / 2));
        }
        for (at, (place, available, _)) in self.nats.iter().enumerate() {
            let subnet = (*place != 2).then(|| place.to_string());
            let public = self.behind(at).into_iter().map(IpAddr::V4).collect();
            network.nats.insert(format!("nat-{at}"), Nat { subnet, available: *available, public });
            network.tables.insert(format!("nat-{at}"), table(&[(0, self.regional)], 0));
        }
        let vpcs = ("vpc-0".to_owned(), "vpc-1".to_owned());
        network.peerings.insert("pcx-1".to_owned(), Peering { active: self.peered, vpcs });
        let node = |machine: &Machine, name: &str, address: Ipv4Addr, public: Option<Ipv4Addr>| Node {
            label: name.to_owned(),
            address: address.into(),
            public: public.map(IpAddr::V4),
            vpc: format!("vpc-{}", machine.subnet / 2),
            subnet: machine.subnet.to_string(),
            groups: vec![Group {
                id: format!("sg-{name}"),
                rules: Some(machine.rules.iter().map(|at| READ[*at].clone()).collect()),
            }],
        };
        let a = node(&self.a, "a", self.at_a(), self.public_a());
        let b = node(&self.b, "b", self.at_b(), self.public_b());
        let outside = |address: Ipv4Addr| Place::Outside(Some(address.into()));
        let (from, to) = match self.question {
            Question::Inside => (Place::Node(a), Place::Node(b)),
            Question::ByPublic => (Place::Node(a), Place::Public(b)),
            Question::Out => (Place::Node(a), Place::Outside(None)),
            Question::OutTo(far) => (Place::Node(a), outside(far)),
            Question::In => (Place::Outside(None), Place::Node(b)),
            Question::InFrom(far) => (outside(far), Place::Node(b)),
        };
        let traffic = Traffic { protocol: PROTOCOLS[self.protocol], port: 443, v6: false };
        let hops = analyse(&network, &from, &to, traffic).unwrap();
        (verdict(&hops), hops.iter().map(|hop| format!("{:?} {}", hop.verdict, hop.said())).collect())
    }
}

/// How a packet left the VPC.
#[derive(Clone, Copy)]
enum Left {
    Gateway,
    Nat(usize, u16),
    Elsewhere,
}

static READ: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    RULES.iter().map(|text| serde_json::from_value(serde_json::json!(text)).unwrap()).collect()
});

static PARSED: LazyLock<Vec<IpNet>> = LazyLock::new(|| NETS.iter().map(|net| net.parse().unwrap()).collect());

/// The first address of a network, and the mask of its length.
fn base(net: &str) -> (u32, u32) {
    let (base, length) = net.split_once('/').unwrap();
    let (base, length): (Ipv4Addr, u32) = (base.parse().unwrap(), length.parse().unwrap());
    (base.into(), u32::MAX.checked_shl(32 - length).unwrap_or(0))
}

/// A rule, word by word.
struct Words {
    way: &'static str,
    protocol: &'static str,
    ports: &'static str,
    peer: &'static str,
    net: Option<(u32, u32)>,
}

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| {
    let read = |text: &&'static str| {
        let words: Vec<&'static str> = text.split_whitespace().collect();
        let peer = words[words.len() - 1];
        let ports = if words.len() == 5 { words[2] } else { "" };
        let net = (!peer.starts_with("sg-")).then(|| base(peer));
        Words { way: words[0], protocol: words[1], ports, peer, net }
    };
    RULES.iter().map(read).collect()
});

static BASES: LazyLock<Vec<(u32, u32)>> = LazyLock::new(|| NETS.iter().map(|net| base(net)).collect());

/// Whether a network of `NETS` has this address.
fn has(net: usize, address: Ipv4Addr) -> bool {
    u32::from(address) & BASES[net].1 == BASES[net].0
}

fn length(net: usize) -> u32 {
    BASES[net].1.count_ones()
}

fn lead() -> impl Strategy<Value = Lead> {
    prop_oneof![
        4 => Just(Lead::Gateway),
        3 => (0..2_usize).prop_map(Lead::Nat),
        2 => Just(Lead::Peering),
        1 => Just(Lead::Transit),
        1 => Just(Lead::Nowhere),
    ]
}

fn some_subnet() -> impl Strategy<Value = Subnet> {
    let protocol = prop_oneof![Just(-1), Just(6), Just(17), Just(1)];
    let line = (any::<bool>(), protocol, 0..PORTS.len(), 0..NETS.len(), prop::bool::weighted(0.6));
    let open =
        (prop::bool::weighted(0.95), prop::collection::vec(line, 0..3)).prop_map(|(is_open, mut lines)| {
            if is_open {
                lines.extend([false, true].map(|egress| (egress, -1, 0, 0, true)));
            }
            lines
        });
    let routes = (prop::option::weighted(0.95, lead()), prop::collection::vec((0..NETS.len(), lead()), 0..3));
    (open, routes).prop_map(|(acl, (default, more))| {
        // EC2 has one route for each network.
        let mut seen = BTreeSet::new();
        let all = default.map(|lead| (0, lead)).into_iter().chain(more);
        let routes = all.filter(|(net, _)| seen.insert(*net)).map(|(net, lead)| match (net, lead) {
            // Inside the VPC routes lead to appliances only.
            (5 | 6, _) => (net, Lead::Transit),
            other => other,
        });
        Subnet { acl, routes: routes.collect() }
    })
}

fn machine(subnets: std::ops::Range<usize>) -> impl Strategy<Value = Machine> {
    let rules = prop::collection::vec(0..RULES.len(), 0..3);
    (subnets, prop::bool::weighted(0.8), prop::bool::weighted(0.95), prop::bool::weighted(0.7), rules)
        .prop_map(|(subnet, public, out, open, mut rules)| {
            rules.extend(out.then_some(0));
            rules.extend(open.then_some(1));
            Machine { subnet, public, rules }
        })
}

fn small() -> impl Strategy<Value = Small> {
    let question = prop_oneof![
        3 => Just(Question::Inside),
        2 => Just(Question::ByPublic),
        3 => Just(Question::Out),
        2 => prop::sample::select(&FAR[..]).prop_map(Question::OutTo),
        1 => Just(Question::OutTo(OFFICE)),
        3 => Just(Question::In),
        1 => prop::sample::select(&FAR[..]).prop_map(Question::InFrom),
        1 => Just(Question::InFrom(OFFICE)),
    ];
    let nat =
        (0..3_usize, prop::bool::weighted(0.9), prop_oneof![5 => Just(1_usize), 1 => Just(0), 1 => Just(2)]);
    (
        prop::collection::vec(some_subnet(), 4),
        prop::collection::vec(nat, 2),
        lead(),
        prop::bool::weighted(0.8),
        machine(0..2),
        machine(0..4),
        question,
        prop_oneof![4 => Just(0_usize), 1 => Just(1), 1 => Just(2)],
    )
        .prop_map(|(mut subnets, nats, regional, peered, a, b, question, protocol)| {
            // A VPC's own network has the local route.
            for (at, subnet) in subnets.iter_mut().enumerate() {
                subnet.routes.retain(|(net, _)| *net != OWN[at / 2]);
            }
            let regional = if matches!(regional, Lead::Nat(_)) { Lead::Gateway } else { regional };
            Small { subnets, nats, regional, peered, a, b, question, protocol }
        })
}

/// Whether the judge may say that. It may not know where several points shut different ports or addresses, but it never
/// says yes or no wrongly, and it never calls unknown what cannot fail.
fn is_fair(said: Verdict, outcomes: &BTreeSet<bool>) -> bool {
    match said {
        Verdict::Passes => !outcomes.contains(&false),
        Verdict::Blocks => !outcomes.contains(&true),
        Verdict::Unknown => outcomes.contains(&false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn in_small_networks_the_judge_agrees_with_the_packets(world in small()) {
        let ((said, why), outcomes) = (world.judged(), world.outcomes());
        let in_parts = said == Verdict::Unknown && world.is_routed_in_parts();
        prop_assert!(in_parts || is_fair(said, &outcomes), "{:?} {:?} {:#?}", said, outcomes, why);
    }
}

#[test]
fn the_small_networks_have_every_answer() {
    let mut runner = TestRunner::deterministic();
    let (mut count, mut needless) = ([0; 3], 0);
    for _ in 0..2000 {
        let world = small().new_tree(&mut runner).unwrap().current();
        let (said, _) = world.judged();
        count[said as usize] += 1;
        needless += usize::from(said == Verdict::Unknown && world.outcomes().len() == 1);
    }
    assert!(count.iter().all(|count| *count >= 150), "{count:?}");
    assert!(needless * 2 < count[Verdict::Unknown as usize], "{needless} of {count:?} are known");
}
