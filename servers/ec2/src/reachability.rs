//! Whether traffic gets from one place to another, judged from groups, network ACLs and routes as AWS applies them.
//!
//! Security groups remember connections, so only what opens one is held to them. Network ACLs do not: the answers must
//! pass too, to whatever port the asking side chose. Routes go by the longest prefix, there and back.

mod acl;
mod group;
mod net;
mod outward;
mod route;
mod shut;
mod space;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use acl::Sense;
use group::{known, known_if, outside};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::{
    net::{
        Acl, Destination, Entry, Group, Nat, Network, Node, Peering, Place, Route, Shut, ShutFor, Table,
        Target, Traffic,
    },
    space::{covers_internet, is_private, touches_internet},
};
use shut::Over;
use space::is_of_every_host;

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
        (Place::Node(a) | Place::Public(a), Place::Outside(Some(address))) if is_of_every_host(*address) => {
            vec![hop(
                "there",
                &a.label,
                Verdict::Unknown,
                format!(
                    "{address} is AWS's own on every machine (metadata, DNS, time): no group, ACL or route stops it, and \
                     what answers there was not looked at"
                ),
            )]
        }
        (Place::Node(a) | Place::Public(a), Place::Outside(address)) => way.out(a, *address),
        (Place::Outside(address), Place::Node(b) | Place::Public(b)) => {
            way.inward(*address, b, Sense::Answers)
        }
        (Place::Node(a) | Place::Public(a), Place::Public(b)) => {
            let mut hops = way.out(a, b.public);
            hops.extend(way.inward_from(a, b));
            hops
        }
        (Place::Public(a), Place::Node(b)) => {
            return analyse(network, &Place::Node(a.clone()), &Place::Node(b.clone()), traffic);
        }
        (Place::Outside(_), Place::Outside(_)) => {
            return Err("neither end is an interface in a VPC of this account and region".to_owned());
        }
    })
}

/// What the hops come to: the worst of them.
pub(crate) fn verdict(hops: &[Hop]) -> Verdict {
    hops.iter().map(|hop| hop.verdict).max().unwrap_or(Verdict::Unknown)
}

/// Over what one VPC reaches another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Peering,
    Transit,
    Internet { only_out: bool },
    Else,
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
        let (there, by) = self.between("there", a, b);
        let mut hops = vec![
            self.groups_over(by, a, true, b),
            self.acl("there", &a.subnet, true, Some(b.address), Sense::Opens),
            there,
        ];
        if let By::Internet { only_out } = by {
            let out = Over { vpc: &a.vpc, inward: false, only_out };
            let coming = Over { vpc: &b.vpc, inward: true, only_out: false };
            hops.extend(self.shut(out, &[&a.subnet]).into_iter().chain(self.shut(coming, &[&b.subnet])));
        }
        hops.extend([
            self.acl("there", &b.subnet, false, Some(a.address), Sense::Opens),
            self.groups_over(by, b, false, a),
            self.acl("back", &b.subnet, true, Some(a.address), Sense::Answers),
            self.between("back", b, a).0,
            self.acl("back", &a.subnet, false, Some(b.address), Sense::Answers),
        ]);
        hops
    }

    /// What groups do to what comes from another network: its groups count over a peering, and over a transit gateway where
    /// that is set so.
    fn groups_over(&self, by: By, own: &Node, egress: bool, other: &Node) -> Hop {
        let alone = self.groups(own, egress, known_if(by == By::Peering, other));
        if by != By::Transit || alone.verdict != Verdict::Blocks {
            return alone;
        }
        let named = self.groups(own, egress, known(other));
        match named.verdict {
            Verdict::Passes => hop(
                "there",
                &named.at,
                Verdict::Unknown,
                format!(
                    "only {} lets it pass, and over a transit gateway that counts only where it refers to security \
                     groups, which was not looked at",
                    named.why
                ),
            ),
            _ => alone,
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
        if let Ok(Target::Internet(gateway)) = found
            && !private
        {
            hops.extend(self.shut(Over { vpc: &b.vpc, inward: true, only_out: false }, &[&b.subnet]));
            hops.extend(self.edge("there", gateway, b));
        }
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

    /// From one VPC to another, and over what.
    fn between(&self, way: &'static str, a: &Node, b: &Node) -> (Hop, By) {
        let (table, found) = self.route(&a.subnet, Some(b.address));
        let say = |verdict, why: String| hop(way, &table, verdict, why);
        match found {
            Err((verdict, why)) => (say(verdict, why), By::Else),
            Ok(Target::Peering(id)) => match self.network.peerings.get(id) {
                None => (say(Verdict::Unknown, format!("{id} could not be looked at")), By::Peering),
                Some(peering) if !peering.active => (
                    say(Verdict::Blocks, format!("its route leads to {id}, which is not active")),
                    By::Peering,
                ),
                Some(Peering { vpcs: (one, other), .. })
                    if (one, other) == (&a.vpc, &b.vpc) || (one, other) == (&b.vpc, &a.vpc) =>
                {
                    (
                        say(Verdict::Passes, format!("its route leads to {id}, which leads to {}", b.vpc)),
                        By::Peering,
                    )
                }
                Some(Peering { vpcs: (one, other), .. }) => (
                    say(
                        Verdict::Blocks,
                        format!("its route leads to {id}, which joins {one} and {other}, not {}", b.vpc),
                    ),
                    By::Peering,
                ),
            },
            Ok(Target::Internet(gateway) | Target::EgressOnly(gateway))
                if self.traffic.v6 && is_private(b.address) =>
            {
                let why = format!(
                    "its route leads to {gateway}, and the internet does not carry {}",
                    shown(Some(b.address))
                );
                (say(Verdict::Blocks, why), By::Else)
            }
            Ok(Target::Internet(gateway)) if self.traffic.v6 => {
                let why = format!("its route leads to {gateway}, over the internet");
                (say(Verdict::Passes, why), By::Internet { only_out: false })
            }
            Ok(Target::EgressOnly(gateway)) if self.traffic.v6 && way == "there" => {
                let why = format!("its route leads to {gateway}, over the internet");
                (say(Verdict::Passes, why), By::Internet { only_out: true })
            }
            Ok(Target::EgressOnly(gateway)) if self.traffic.v6 => {
                let why = format!("its route leads to {gateway}, through which nothing comes in");
                (say(Verdict::Blocks, why), By::Else)
            }
            Ok(Target::Other(target)) => (
                say(
                    Verdict::Unknown,
                    format!("its route leads to {target}, which decides on its own how it goes on"),
                ),
                if target.starts_with("tgw-") { By::Transit } else { By::Else },
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
                By::Else,
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
