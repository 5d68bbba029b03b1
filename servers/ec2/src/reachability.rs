//! Whether traffic gets from one place to another, judged from groups, network ACLs and routes as AWS applies them.
//!
//! Security groups remember connections, so only what opens one is held to them. Network ACLs do not: the answers must
//! pass too, to whatever port the asking side chose. Routes go by the longest prefix, there and back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;

use crate::rules::{Peer, Protocol, Rule};

/// The ports that answers go to, of any system and of NAT gateways.
const REPLIES: (u16, u16) = (1024, 65_535);
/// Those that Linux takes.
const LINUX_REPLIES: (u16, u16) = (32_768, 60_999);

/// What is to get through: TCP or UDP to a port, or a ping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    pub(crate) v6: bool,
}

/// A network interface.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What answers call it.
    pub(crate) label: String,
    pub(crate) address: IpAddr,
    pub(crate) public: Option<IpAddr>,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    pub(crate) groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) rules: Vec<Rule>,
}

/// Either end.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Node(Node),
    /// A network interface, spoken to by its public address.
    Public(Node),
    /// Something that is not AWS's, or not this account's; none is anywhere on the internet.
    Outside(Option<IpAddr>),
}

/// What lies between.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// By subnet.
    pub(crate) acls: BTreeMap<String, Acl>,
    /// By subnet.
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) nats: BTreeMap<String, Nat>,
    pub(crate) peerings: BTreeMap<String, Peering>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Acl {
    pub(crate) id: String,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) number: i32,
    pub(crate) egress: bool,
    /// By its number; -1 is all.
    pub(crate) protocol: i32,
    pub(crate) ports: Option<(u16, u16)>,
    /// The type; -1 is all.
    pub(crate) icmp: Option<i32>,
    pub(crate) net: IpNet,
    pub(crate) allows: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) routes: Vec<Route>,
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) to: Destination,
    pub(crate) target: Target,
    pub(crate) blackhole: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Net(IpNet),
    List(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Local,
    Internet(String),
    EgressOnly(String),
    Nat(String),
    Peering(String),
    /// Whatever decides on its own where it goes on: transit gateways, appliances, VPNs.
    Other(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Nat {
    pub(crate) subnet: String,
    pub(crate) available: bool,
    /// None of a private one.
    pub(crate) public: Option<IpAddr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Peering {
    pub(crate) active: bool,
    pub(crate) vpcs: (String, String),
}

/// What one point on the way does with the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Passes,
    Unknown,
    Blocks,
}

/// One point on the way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Hop {
    /// `there` or `back`.
    way: &'static str,
    /// The group, ACL or route table.
    at: String,
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
}

impl Hop {
    /// As a sentence.
    pub(crate) fn said(&self) -> String {
        let way = if self.way == "back" { " on the way back" } else { "" };
        format!("{}{way}: {}", self.at, self.why)
    }
}

/// Every point on the way from one place to the other and back, in order.
///
/// # Errors
/// When neither end is in a network of AWS.
pub(crate) fn analyse(
    network: &Network,
    from: &Place,
    to: &Place,
    traffic: Traffic,
) -> Result<Vec<Hop>, String> {
    let way = Way { network, traffic };
    Ok(match (from, to) {
        (Place::Node(a), Place::Node(b)) if a.address == b.address && a.vpc == b.vpc => {
            vec![hop(
                "there",
                &a.label,
                Verdict::Passes,
                "it is the same interface: the way does not leave it",
            )]
        }
        (Place::Node(a), Place::Node(b)) if a.vpc == b.vpc => way.inside(a, b),
        (Place::Node(a), Place::Node(b)) => way.across(a, b),
        (Place::Node(a), Place::Outside(address)) => way.out(a, *address),
        (Place::Outside(address), Place::Node(b) | Place::Public(b)) => way.inward(*address, b),
        (Place::Node(a) | Place::Public(a), Place::Public(b)) => {
            let mut hops = way.out(a, b.public);
            hops.extend(way.inward(way.seen_as(a, b.public), b));
            hops
        }
        (Place::Public(a), Place::Node(b)) => {
            return analyse(network, &Place::Node(a.clone()), &Place::Node(b.clone()), traffic);
        }
        (Place::Public(a), Place::Outside(address)) => way.out(a, *address),
        (Place::Outside(_), Place::Outside(_)) => {
            return Err("neither end is an interface in a VPC of this account and region".to_owned());
        }
    })
}

/// What the hops come to: the worst of them.
pub(crate) fn verdict(hops: &[Hop]) -> Verdict {
    hops.iter().map(|hop| hop.verdict).max().unwrap_or(Verdict::Unknown)
}

/// The other end, as rules see it.
#[derive(Clone, Copy)]
struct Party<'a> {
    /// None is anywhere on the internet.
    address: Option<IpAddr>,
    groups: &'a [Group],
}

/// Where a route leads, or why nothing can be said of it.
type Lead<'a> = Result<&'a Target, (Verdict, String)>;

/// Whether the packets open a connection or answer on it.
#[derive(Clone, Copy, PartialEq)]
enum Sense {
    Opens,
    Answers,
}

struct Way<'a> {
    network: &'a Network,
    traffic: Traffic,
}

fn hop(way: &'static str, at: &str, verdict: Verdict, why: impl Into<String>) -> Hop {
    Hop { way, at: at.to_owned(), verdict, why: why.into() }
}

fn known(node: &Node) -> Party<'_> {
    Party { address: Some(node.address), groups: &node.groups }
}

fn outside(address: Option<IpAddr>) -> Party<'static> {
    Party { address, groups: &[] }
}

fn known_if(known_groups: bool, node: &Node) -> Party<'_> {
    if known_groups { known(node) } else { outside(Some(node.address)) }
}

impl Way<'_> {
    fn inside(&self, a: &Node, b: &Node) -> Vec<Hop> {
        let mut hops = vec![self.groups(a, true, known(b))];
        let crosses = a.subnet != b.subnet;
        if crosses {
            hops.push(self.acl("there", &a.subnet, true, Some(b.address), Sense::Opens));
            hops.push(self.local("there", &a.subnet, b.address));
            hops.push(self.acl("there", &b.subnet, false, Some(a.address), Sense::Opens));
        }
        hops.push(self.groups(b, false, known(a)));
        if crosses {
            hops.push(self.acl("back", &b.subnet, true, Some(a.address), Sense::Answers));
            hops.push(self.local("back", &b.subnet, a.address));
            hops.push(self.acl("back", &a.subnet, false, Some(b.address), Sense::Answers));
        }
        hops
    }

    fn across(&self, a: &Node, b: &Node) -> Vec<Hop> {
        let there = self.between("there", a, b);
        // A group of another network counts only over a peering.
        let peered = there.1;
        vec![
            self.groups(a, true, known_if(peered, b)),
            self.acl("there", &a.subnet, true, Some(b.address), Sense::Opens),
            there.0,
            self.acl("there", &b.subnet, false, Some(a.address), Sense::Opens),
            self.groups(b, false, known_if(peered, a)),
            self.acl("back", &b.subnet, true, Some(a.address), Sense::Answers),
            self.between("back", b, a).0,
            self.acl("back", &a.subnet, false, Some(b.address), Sense::Answers),
        ]
    }

    fn out(&self, a: &Node, address: Option<IpAddr>) -> Vec<Hop> {
        let mut hops = vec![
            self.groups(a, true, outside(address)),
            self.acl("there", &a.subnet, true, address, Sense::Opens),
        ];
        let (table, found) = self.route(&a.subnet, address);
        let say = |verdict, why: String| hop("there", &table, verdict, why);
        let private = address.is_some_and(is_private);
        match found {
            Err((verdict, why)) => hops.push(say(verdict, why)),
            Ok(Target::Local) => hops.push(say(
                Verdict::Blocks,
                format!("{} is in this VPC, but no interface has it", shown(address)),
            )),
            Ok(Target::Internet(gateway)) if private => hops.push(say(
                Verdict::Blocks,
                format!("its route leads to {gateway}, and the internet does not carry {}", shown(address)),
            )),
            Ok(Target::Internet(gateway)) if !self.traffic.v6 && a.public.is_none() => hops.push(say(
                Verdict::Blocks,
                format!(
                    "its route leads to {gateway}, but {} has no public address: it needs one, or a route to a NAT \
                     gateway",
                    a.label
                ),
            )),
            Ok(Target::Internet(gateway) | Target::EgressOnly(gateway)) => {
                hops.push(say(Verdict::Passes, format!("its route leads to {gateway}")));
            }
            Ok(Target::Nat(nat)) => {
                hops.push(say(Verdict::Passes, format!("its route leads to {nat}")));
                hops.extend(self.through(nat, a, address));
            }
            Ok(Target::Peering(id)) => hops.push(say(
                if private { Verdict::Unknown } else { Verdict::Blocks },
                match private {
                    true => format!("its route leads to {id}; what is behind it is not of this account and region"),
                    false => format!("its route leads to {id}, and a peering gives no way to the internet"),
                },
            )),
            Ok(Target::Other(target)) => hops.push(say(
                Verdict::Unknown,
                format!("its route leads to {target}, which decides on its own how it goes on"),
            )),
        }
        hops.push(self.acl("back", &a.subnet, false, address, Sense::Answers));
        hops
    }

    /// Through a NAT gateway.
    fn through(&self, id: &str, a: &Node, address: Option<IpAddr>) -> Vec<Hop> {
        let Some(nat) = self.network.nats.get(id) else {
            return vec![hop("there", id, Verdict::Unknown, "the NAT gateway could not be looked at")];
        };
        if !nat.available {
            return vec![hop("there", id, Verdict::Blocks, "the NAT gateway is not available")];
        }
        if nat.public.is_none() {
            return vec![hop(
                "there",
                id,
                Verdict::Unknown,
                "it is a private NAT gateway: it leads to networks, not to the internet",
            )];
        }
        let mut hops = Vec::new();
        let crosses = nat.subnet != a.subnet;
        if crosses {
            hops.push(self.acl("there", &nat.subnet, false, Some(a.address), Sense::Opens));
        }
        let (table, found) = self.route(&nat.subnet, address);
        hops.push(match found {
            Err((verdict, why)) => hop("there", &table, verdict, why),
            Ok(Target::Internet(gateway)) => {
                hop("there", &table, Verdict::Passes, format!("the route of {id} leads to {gateway}"))
            }
            Ok(target) => hop(
                "there",
                &table,
                Verdict::Blocks,
                format!(
                    "{id} is in a subnet whose route leads to {}, not to an internet gateway",
                    target.name()
                ),
            ),
        });
        hops.push(self.acl("there", &nat.subnet, true, address, Sense::Opens));
        hops.push(self.acl("back", &nat.subnet, false, address, Sense::Answers));
        if crosses {
            hops.push(self.acl("back", &nat.subnet, true, Some(a.address), Sense::Answers));
        }
        hops
    }

    fn inward(&self, address: Option<IpAddr>, b: &Node) -> Vec<Hop> {
        let private = address.is_some_and(is_private);
        let mut hops = Vec::new();
        if !self.traffic.v6 && !private && b.public.is_none() {
            hops.push(hop("there", &b.label, Verdict::Blocks, "it has no public address"));
        }
        hops.push(self.acl("there", &b.subnet, false, address, Sense::Opens));
        hops.push(self.groups(b, false, outside(address)));
        hops.push(self.acl("back", &b.subnet, true, address, Sense::Answers));
        let (table, found) = self.route(&b.subnet, address);
        hops.push(match found {
            Err((verdict, why)) => hop("back", &table, verdict, why),
            Ok(Target::Internet(gateway)) if private => hop(
                "back",
                &table,
                Verdict::Blocks,
                format!(
                    "answers would leave by {gateway}, and the internet does not carry {}",
                    shown(address)
                ),
            ),
            Ok(Target::Internet(gateway)) => {
                hop("back", &table, Verdict::Passes, format!("its route leads to {gateway}"))
            }
            Ok(Target::Local) => hop(
                "back",
                &table,
                Verdict::Unknown,
                format!("{} is in this VPC, but no interface has it", shown(address)),
            ),
            Ok(target @ (Target::Nat(_) | Target::EgressOnly(_))) => hop(
                "back",
                &table,
                Verdict::Blocks,
                format!("its route leads to {}, through which nothing comes in", target.name()),
            ),
            Ok(target) => hop(
                "back",
                &table,
                Verdict::Unknown,
                format!("its route leads to {}; what is behind that was not looked at", target.name()),
            ),
        });
        hops
    }

    /// The address that a node has on the internet on its way to `address`.
    fn seen_as(&self, a: &Node, address: Option<IpAddr>) -> Option<IpAddr> {
        if self.traffic.v6 {
            return Some(a.address);
        }
        match self.route(&a.subnet, address).1 {
            Ok(Target::Nat(id)) => self.network.nats.get(id).and_then(|nat| nat.public),
            _ => a.public,
        }
    }

    /// From one VPC to another, and whether that is over a peering.
    fn between(&self, way: &'static str, a: &Node, b: &Node) -> (Hop, bool) {
        let (table, found) = self.route(&a.subnet, Some(b.address));
        let say = |verdict, why: String| hop(way, &table, verdict, why);
        match found {
            Err((verdict, why)) => (say(verdict, why), false),
            Ok(Target::Peering(id)) => match self.network.peerings.get(id) {
                None => (say(Verdict::Unknown, format!("{id} could not be looked at")), true),
                Some(peering) if !peering.active => {
                    (say(Verdict::Blocks, format!("its route leads to {id}, which is not active")), true)
                }
                Some(Peering { vpcs: (one, other), .. })
                    if (one, other) == (&a.vpc, &b.vpc) || (one, other) == (&b.vpc, &a.vpc) =>
                {
                    (say(Verdict::Passes, format!("its route leads to {id}, which leads to {}", b.vpc)), true)
                }
                Some(Peering { vpcs: (one, other), .. }) => (
                    say(
                        Verdict::Blocks,
                        format!("its route leads to {id}, which joins {one} and {other}, not {}", b.vpc),
                    ),
                    true,
                ),
            },
            Ok(Target::Internet(gateway)) if self.traffic.v6 => {
                (say(Verdict::Passes, format!("its route leads to {gateway}, over the internet")), false)
            }
            Ok(Target::Other(target)) => (
                say(
                    Verdict::Unknown,
                    format!("its route leads to {target}, which decides on its own how it goes on"),
                ),
                false,
            ),
            Ok(target) => (
                say(
                    Verdict::Blocks,
                    format!(
                        "its route for {} leads to {}; a private address of {} is reached by a peering or a transit \
                         gateway",
                        b.address,
                        target.name(),
                        b.vpc
                    ),
                ),
                false,
            ),
        }
    }

    fn local(&self, way: &'static str, subnet: &str, address: IpAddr) -> Hop {
        let (table, found) = self.route(subnet, Some(address));
        match found {
            Err((verdict, why)) => hop(way, &table, verdict, why),
            Ok(Target::Local) => hop(way, &table, Verdict::Passes, "its route is local"),
            Ok(target) => hop(
                way,
                &table,
                Verdict::Unknown,
                format!("a route of its own leads to {}, which decides how it goes on", target.name()),
            ),
        }
    }

    /// The route table of a subnet, and where it leads; else what there is to say of that.
    fn route(&self, subnet: &str, address: Option<IpAddr>) -> (String, Lead<'_>) {
        let Some(table) = self.network.tables.get(subnet) else {
            let why = "its route table could not be looked at".to_owned();
            return (subnet.to_owned(), Err((Verdict::Unknown, why)));
        };
        let fitting = table.routes.iter().filter_map(|route| match &route.to {
            Destination::Net(net) if fit(*net, address, self.traffic.v6) == Fit::All => {
                Some((net.prefix_len(), route))
            }
            _ => None,
        });
        // Of two as long, the local one counts.
        let best = fitting.max_by_key(|(length, route)| (*length, route.target == Target::Local));
        let lists: Vec<&str> = table
            .routes
            .iter()
            .filter_map(|route| match (&route.to, &route.target) {
                // A gateway endpoint serves its own service alone.
                (Destination::List(_), Target::Other(id)) if id.starts_with("vpce-") => None,
                (Destination::List(id), _) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let wanted = shown(address);
        let is_local = best.is_some_and(|(_, route)| route.target == Target::Local);
        let lead = match best {
            _ if !lists.is_empty() && !is_local => Err((
                Verdict::Unknown,
                format!(
                    "it routes by {}, whose entries were not looked at: {wanted} may be on it",
                    lists.join(", ")
                ),
            )),
            None => Err((Verdict::Blocks, format!("no route leads to {wanted}"))),
            Some((_, route)) if route.blackhole => Err((
                Verdict::Blocks,
                format!("its route for {wanted} is a blackhole: {} is gone or detached", route.target.name()),
            )),
            Some((_, route)) => Ok(&route.target),
        };
        (table.id.clone(), lead)
    }

    /// What the groups of an interface do: any rule that fits lets it pass.
    fn groups(&self, node: &Node, egress: bool, party: Party<'_>) -> Hop {
        let ids: Vec<&str> = node.groups.iter().map(|group| group.id.as_str()).collect();
        let at = ids.join(", ");
        if ids.is_empty() {
            return hop("there", &node.label, Verdict::Unknown, "its security groups are not known");
        }
        let mut maybe = None;
        for group in &node.groups {
            for rule in group.rules.iter().filter(|rule| rule.egress == egress && self.concerns(rule)) {
                let passes = match &rule.peer {
                    Peer::Net(net) => fit(*net, party.address, self.traffic.v6),
                    Peer::Group(id) => match party.groups.iter().any(|group| group.id == *id) {
                        true => Fit::All,
                        false => Fit::None,
                    },
                    Peer::List(_) => Fit::Part,
                };
                match passes {
                    Fit::All => return hop("there", &group.id, Verdict::Passes, format!("`{}`", rule.key())),
                    Fit::Part => maybe = maybe.or(Some((group, rule))),
                    Fit::None => {}
                }
            }
        }
        let (way, from) = if egress { ("out", "to") } else { ("in", "from") };
        match maybe {
            Some((group, rule)) if matches!(rule.peer, Peer::List(_)) => hop(
                "there",
                &group.id,
                Verdict::Unknown,
                format!("only `{}` may let it {way}: the list's entries were not looked at", rule.key()),
            ),
            Some((group, rule)) => hop(
                "there",
                &group.id,
                Verdict::Unknown,
                format!("only a part of the internet is let {way}: `{}`", rule.key()),
            ),
            None => hop(
                "there",
                &at,
                Verdict::Blocks,
                format!("no rule lets {} {way} {from} {}", self.traffic, shown(party.address)),
            ),
        }
    }

    /// Whether a rule is about this traffic at all.
    fn concerns(&self, rule: &Rule) -> bool {
        let port = i32::from(self.traffic.port);
        match (rule.protocol, self.traffic.protocol) {
            (Protocol::All, _) => true,
            (Protocol::Icmp, Protocol::Icmp) if !self.traffic.v6 => {
                rule.ports.is_none_or(|(kind, _)| kind == 8)
            }
            (Protocol::Icmpv6, Protocol::Icmp) if self.traffic.v6 => {
                rule.ports.is_none_or(|(kind, _)| kind == 128)
            }
            (Protocol::Icmp | Protocol::Icmpv6, _) | (_, Protocol::Icmp) => false,
            (own, wanted) => own == wanted && rule.ports.is_none_or(|(from, to)| (from..=to).contains(&port)),
        }
    }

    /// What a network ACL does: the first entry that fits decides, for each port.
    fn acl(
        &self,
        way: &'static str,
        subnet: &str,
        egress: bool,
        address: Option<IpAddr>,
        sense: Sense,
    ) -> Hop {
        let Some(acl) = self.network.acls.get(subnet) else {
            return hop(way, subnet, Verdict::Unknown, "its network ACL could not be looked at");
        };
        let ports = match (self.traffic.protocol, sense) {
            (Protocol::Icmp, _) => (0, 0),
            (_, Sense::Opens) => (self.traffic.port, self.traffic.port),
            (_, Sense::Answers) => REPLIES,
        };
        let direction = if egress { "outbound" } else { "inbound" };
        let what = match (sense, self.traffic.protocol) {
            (Sense::Opens, _) => self.traffic.to_string(),
            (Sense::Answers, Protocol::Icmp) => "the reply".to_owned(),
            (Sense::Answers, protocol) => format!("answers ({protocol} {}-{})", REPLIES.0, REPLIES.1),
        };
        let mut judged = self.judge(acl, egress, address, sense, ports);
        let mut only = String::new();
        if sense == Sense::Answers && judged.is_mixed() && self.traffic.protocol != Protocol::Icmp {
            let linux = self.judge(acl, egress, address, sense, LINUX_REPLIES);
            if !linux.is_mixed() {
                only = format!(", of the ports that Linux uses ({}-{})", LINUX_REPLIES.0, LINUX_REPLIES.1);
                judged = linux;
            }
        }
        let by = |numbers: &[i32]| {
            let names: Vec<String> = numbers.iter().map(|number| number.to_string()).collect();
            format!("{direction} rule {}", names.join(", "))
        };
        let refused = |numbers: &[i32]| match numbers {
            [LAST] | [] => format!("no {direction} rule allows {what} {}", with(egress, address)),
            numbers => format!("{} denies {what} {}", by(numbers), with(egress, address)),
        };
        let (verdict, why) = match (judged.allowed.as_slice(), judged.denied.as_slice()) {
            (allowed, []) => (Verdict::Passes, format!("{} allows {what}{only}", by(allowed))),
            ([], denied) if judged.in_part.is_empty() => {
                (Verdict::Blocks, format!("{}{only}", refused(denied)))
            }
            ([], denied) => (
                Verdict::Unknown,
                format!("{}, except from a part of the internet ({})", refused(denied), by(&judged.in_part)),
            ),
            (allowed, denied) => {
                (Verdict::Unknown, format!("{} allows some of {what}, but {}", by(allowed), refused(denied)))
            }
        };
        hop(way, &acl.id, verdict, why)
    }

    fn judge(
        &self,
        acl: &Acl,
        egress: bool,
        address: Option<IpAddr>,
        sense: Sense,
        ports: (u16, u16),
    ) -> Judged {
        let mut entries: Vec<&Entry> = acl.entries.iter().filter(|entry| entry.egress == egress).collect();
        entries.sort_by_key(|entry| entry.number);
        let mut open = vec![ports];
        let mut judged = Judged::default();
        for entry in entries {
            if open.is_empty() {
                break;
            }
            if !self.covers(entry, sense) {
                continue;
            }
            match fit(entry.net, address, self.traffic.v6) {
                Fit::None => continue,
                Fit::Part => {
                    if entry.allows {
                        judged.in_part.push(entry.number);
                    }
                    continue;
                }
                Fit::All => {}
            }
            let own = match self.traffic.protocol {
                Protocol::Icmp => (0, u16::MAX),
                _ => entry.ports.unwrap_or((0, u16::MAX)),
            };
            let (taken, left) = split(&open, own);
            if taken {
                if entry.allows {
                    judged.allowed.push(entry.number)
                } else {
                    judged.denied.push(entry.number)
                }
            }
            open = left;
        }
        // What no entry decides is denied, as by the last one.
        if !open.is_empty() {
            judged.denied.push(LAST);
        }
        judged
    }

    fn covers(&self, entry: &Entry, sense: Sense) -> bool {
        let icmp = match (self.traffic.v6, sense) {
            (false, Sense::Opens) => 8,
            (false, Sense::Answers) => 0,
            (true, Sense::Opens) => 128,
            (true, Sense::Answers) => 129,
        };
        match (entry.protocol, self.traffic.protocol) {
            (-1, _) => true,
            (6, Protocol::Tcp) | (17, Protocol::Udp) => true,
            (1, Protocol::Icmp) if !self.traffic.v6 => {
                entry.icmp.is_none_or(|kind| kind == -1 || kind == icmp)
            }
            (58, Protocol::Icmp) if self.traffic.v6 => {
                entry.icmp.is_none_or(|kind| kind == -1 || kind == icmp)
            }
            _ => false,
        }
    }
}

/// The number of the entry that every ACL ends with.
const LAST: i32 = 32_767;

/// Which entries of an ACL decided.
#[derive(Debug, Default)]
struct Judged {
    allowed: Vec<i32>,
    denied: Vec<i32>,
    /// Those that allow a part of the internet only.
    in_part: Vec<i32>,
}

impl Judged {
    fn is_mixed(&self) -> bool {
        !self.allowed.is_empty() && !self.denied.is_empty()
    }
}

/// Takes `own` out of the open ranges: whether anything was taken, and what is left.
fn split(open: &[(u16, u16)], own: (u16, u16)) -> (bool, Vec<(u16, u16)>) {
    let (mut taken, mut left) = (false, Vec::new());
    for &(from, to) in open {
        let (first, last) = (from.max(own.0), to.min(own.1));
        if first > last {
            left.push((from, to));
            continue;
        }
        taken = true;
        if from < first {
            left.push((from, first - 1));
        }
        if last < to {
            left.push((last + 1, to));
        }
    }
    (taken, left)
}

/// How much of the other end a network covers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    All,
    /// A part of the internet.
    Part,
    None,
}

fn fit(net: IpNet, address: Option<IpAddr>, v6: bool) -> Fit {
    match address {
        Some(address) if net.contains(&address) => Fit::All,
        Some(_) => Fit::None,
        None if matches!(net, IpNet::V6(_)) != v6 => Fit::None,
        None if net.prefix_len() == 0 => Fit::All,
        None if is_private(net.addr()) => Fit::None,
        None => Fit::Part,
    }
}

/// Whether an address is of a private network, which the internet does not carry.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        // 100.64.0.0/10 is what carriers and some VPCs use.
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || first == 100 && (64..128).contains(&second)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Target::Local => "local",
            Target::Internet(id)
            | Target::EgressOnly(id)
            | Target::Nat(id)
            | Target::Peering(id)
            | Target::Other(id) => id,
        }
    }
}

impl std::fmt::Display for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.protocol {
            Protocol::Icmp => f.write_str("ping"),
            protocol => write!(f, "{protocol} {}", self.port),
        }
    }
}

fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "the internet".to_owned(), |address| address.to_string())
}

fn with(egress: bool, address: Option<IpAddr>) -> String {
    format!("{} {}", if egress { "to" } else { "from" }, shown(address))
}

#[cfg(test)]
mod tests;
