//! Whether traffic gets from one place to another, judged from groups, network ACLs and routes as AWS applies them.
//!
//! Security groups remember connections, so only what opens one is held to them. Network ACLs do not: the answers must
//! pass too, to whatever port the asking side chose. Routes go by the longest prefix, there and back.

mod acl;
mod group;
mod net;
mod route;
mod space;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

use std::net::IpAddr;

use acl::Sense;
use group::{known, known_if, outside};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::{
    net::{
        Acl, Destination, Entry, Group, Nat, Network, Node, Peering, Place, Route, Table, Target, Traffic,
    },
    space::is_private,
};

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

impl Hop {
    /// An end that is not up: nothing leaves it and nothing answers there.
    pub(crate) fn down(label: &str, state: &str) -> Hop {
        hop(
            "there",
            label,
            Verdict::Blocks,
            format!("it is {state}: nothing answers there, and nothing leaves it"),
        )
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
        (Place::Outside(address), Place::Node(b) | Place::Public(b)) => {
            way.inward(*address, b, Sense::Answers)
        }
        (Place::Node(a) | Place::Public(a), Place::Public(b)) => {
            let mut hops = way.out(a, b.public);
            let (seen, answers) = way.seen_as(a, b.public);
            hops.extend(way.inward(seen, b, answers));
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

struct Way<'a> {
    network: &'a Network,
    traffic: Traffic,
}

fn hop(way: &'static str, at: &str, verdict: Verdict, why: impl Into<String>) -> Hop {
    Hop { way, at: at.to_owned(), verdict, why: why.into() }
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
        let Some(subnet) = &nat.subnet else {
            return vec![self.behind_nat(id, id, address)];
        };
        let mut hops = Vec::new();
        let crosses = *subnet != a.subnet;
        if crosses {
            hops.push(self.acl("there", subnet, false, Some(a.address), Sense::Opens));
        }
        hops.push(self.behind_nat(id, subnet, address));
        hops.push(self.acl("there", subnet, true, address, Sense::Opens));
        hops.push(self.acl("back", subnet, false, address, Sense::AnswersToNat));
        if crosses {
            hops.push(self.acl("back", subnet, true, Some(a.address), Sense::Answers));
        }
        hops
    }

    /// From a NAT gateway on; `place` is what its route table is known by.
    fn behind_nat(&self, id: &str, place: &str, address: Option<IpAddr>) -> Hop {
        let (table, found) = self.route(place, address);
        match found {
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
        }
    }

    fn inward(&self, address: Option<IpAddr>, b: &Node, answers: Sense) -> Vec<Hop> {
        let private = address.is_some_and(is_private);
        let mut hops = Vec::new();
        if !self.traffic.v6 && !private && b.public.is_none() {
            hops.push(hop("there", &b.label, Verdict::Blocks, "it has no public address"));
        }
        hops.push(self.acl("there", &b.subnet, false, address, Sense::Opens));
        hops.push(self.groups(b, false, outside(address)));
        hops.push(self.acl("back", &b.subnet, true, address, answers));
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

    /// The address that a node has on the internet on its way to `address`, and whose ports answers then go to.
    fn seen_as(&self, a: &Node, address: Option<IpAddr>) -> (Option<IpAddr>, Sense) {
        if self.traffic.v6 {
            return (Some(a.address), Sense::Answers);
        }
        match self.route(&a.subnet, address).1 {
            Ok(Target::Nat(id)) => {
                (self.network.nats.get(id).and_then(|nat| nat.public), Sense::AnswersToNat)
            }
            _ => (a.public, Sense::Answers),
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
}

fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "the internet".to_owned(), |address| address.to_string())
}
