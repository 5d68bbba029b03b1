//! The way out of a VPC: by internet gateways and NAT gateways.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    Hop, Verdict, Way,
    acl::Sense,
    group::outside,
    hop,
    net::{Destination, Node, Target},
    shown,
    shut::Over,
    space::{Fit, fit, is_private},
    verdict,
};

impl Way<'_> {
    pub(super) fn out(&self, a: &Node, address: Option<IpAddr>) -> Vec<Hop> {
        let mut hops = vec![
            self.groups(a, true, outside(address)),
            self.acl("there", &a.subnet, true, address, Sense::Opens),
        ];
        let (table, found) = self.route(&a.subnet, address);
        let say = |verdict, why: String| hop("there", &table, verdict, why);
        let private = address.is_some_and(is_private);
        let decided = hops.len();
        match found {
            Err((verdict, why)) => hops.push(say(verdict, why)),
            Ok(Target::Local) if self.is_resolver(&a.subnet, address) => hops.push(say(
                Verdict::Unknown,
                format!(
                    "{} is where AWS's DNS server of a VPC is: no group or ACL stops it, and whether it is on was not \
                     looked at",
                    shown(address)
                ),
            )),
            Ok(Target::Local) => hops.push(say(
                Verdict::Blocks,
                format!("{} is in this VPC, but no interface has it", shown(address)),
            )),
            Ok(Target::Internet(gateway) | Target::EgressOnly(gateway)) if private => hops.push(say(
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
            Ok(target @ (Target::Internet(gateway) | Target::EgressOnly(gateway))) => {
                hops.push(say(Verdict::Passes, format!("its route leads to {gateway}")));
                let only_out = matches!(target, Target::EgressOnly(_));
                hops.extend(self.shut(Over { vpc: &a.vpc, inward: false, only_out }, &[&a.subnet]));
                hops.extend(self.edge("back", gateway, a));
            }
            Ok(Target::Nat(nat)) if self.traffic.v6 => hops.push(say(
                Verdict::Unknown,
                format!("its route leads to {nat}, which turns IPv6 into IPv4: ask by the IPv4 addresses"),
            )),
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
        if let Some(way) = hops.get_mut(decided..)
            && address.is_some_and(|address| !is_private(address))
            && verdict(way) == Verdict::Blocks
        {
            self.unless_endpoint(&a.subnet, way);
        }
        hops.push(self.acl("back", &a.subnet, false, address, Sense::Answers));
        hops
    }

    /// What blocks the way to an address does not, where a gateway endpoint leads to it: its addresses are on a prefix list.
    fn unless_endpoint(&self, subnet: &str, way: &mut [Hop]) {
        let routes = self.network.tables.get(subnet).into_iter().flat_map(|table| &table.routes);
        let lists: Vec<&str> = routes
            .filter_map(|route| match (&route.to, &route.target) {
                (Destination::List(list), Target::Other(id)) if id.starts_with("vpce-") => {
                    Some(list.as_str())
                }
                _ => None,
            })
            .collect();
        if lists.is_empty() {
            return;
        }
        for hop in way.iter_mut().filter(|hop| hop.verdict == Verdict::Blocks) {
            hop.verdict = Verdict::Unknown;
            hop.why = format!(
                "{}; but a gateway endpoint leads to what is on {}, whose entries were not looked at",
                hop.why,
                lists.join(", ")
            );
        }
    }

    /// Whether an address is the third of a network of this VPC, where AWS's DNS server is.
    fn is_resolver(&self, subnet: &str, address: Option<IpAddr>) -> bool {
        let Some(IpAddr::V4(address)) = address else { return false };
        let routes = self.network.tables.get(subnet).into_iter().flat_map(|table| &table.routes);
        routes.filter(|route| route.target == Target::Local).any(|route| match &route.to {
            Destination::Net(IpNet::V4(net)) => {
                u32::from(net.network()).checked_add(2) == Some(address.into())
            }
            _ => false,
        })
    }

    /// Where an internet gateway hands on what comes in, if it has a route table of its own that does not give it to the
    /// interface itself.
    pub(super) fn edge(&self, way: &'static str, gateway: &str, node: &Node) -> Option<Hop> {
        let table = self.network.edges.get(gateway)?;
        let address = Some(node.address);
        let fitting = table.routes.iter().filter_map(|route| match &route.to {
            Destination::Net(net) if fit(*net, address, self.traffic.v6) == Fit::All => {
                Some((net.prefix_len(), &route.target))
            }
            _ => None,
        });
        match fitting.max_by_key(|(length, _)| *length) {
            None | Some((_, Target::Local)) => None,
            Some((_, target)) => {
                let why = format!(
                    "{gateway} hands what comes in on to {}, which decides on its own how it goes on",
                    target.name()
                );
                Some(hop(way, &table.id, Verdict::Unknown, why))
            }
        }
    }

    /// From a node to the public address of another, as that one sees it: by the address that the way out gives.
    pub(super) fn inward_from(&self, a: &Node, b: &Node) -> Vec<Hop> {
        let (seen, answers) = self.seen_as(a, b.public);
        let mut ways: Vec<(String, Vec<Hop>)> =
            seen.into_iter().map(|address| (shown(address), self.inward(address, b, answers))).collect();
        ways.sort_by_key(|(_, hops)| verdict(hops));
        let (best, worst) = (ways.first(), ways.last());
        if best.map(|(_, hops)| verdict(hops)) == worst.map(|(_, hops)| verdict(hops)) {
            return ways.into_iter().next().map(|(_, hops)| hops).unwrap_or_default();
        }
        let told: Vec<String> = ways
            .iter()
            .map(|(address, hops)| {
                let word = if verdict(hops) == Verdict::Passes { "let in" } else { "not let in" };
                format!("{address} is {word}")
            })
            .collect();
        let why = format!("it comes from any address of the NAT gateway: {}", told.join(", "));
        let mut hops = ways.into_iter().next().map(|(_, hops)| hops).unwrap_or_default();
        hops.push(hop("there", &b.label, Verdict::Unknown, why));
        hops
    }

    /// The addresses that a node may have on the internet on its way to `address`, and whose ports answers then go to. None
    /// is one that is not known.
    fn seen_as(&self, a: &Node, address: Option<IpAddr>) -> (Vec<Option<IpAddr>>, Sense) {
        if self.traffic.v6 {
            return (vec![Some(a.address)], Sense::Answers);
        }
        match self.route(&a.subnet, address).1 {
            Ok(Target::Nat(id)) => {
                let nat = self.network.nats.get(id);
                let place = nat.and_then(|nat| nat.subnet.as_deref()).unwrap_or(id);
                let leads_out = matches!(self.route(place, address).1, Ok(Target::Internet(_)));
                let public = nat.filter(|_| leads_out).map(|nat| nat.public.as_slice()).unwrap_or_default();
                let known: Vec<Option<IpAddr>> = public.iter().copied().map(Some).collect();
                (if known.is_empty() { vec![None] } else { known }, Sense::AnswersToNat)
            }
            Ok(Target::Internet(_)) => (vec![a.public], Sense::Answers),
            _ => (vec![None], Sense::AnswersToNat),
        }
    }

    /// Through a NAT gateway.
    fn through(&self, id: &str, a: &Node, address: Option<IpAddr>) -> Vec<Hop> {
        let Some(nat) = self.network.nats.get(id) else {
            return vec![hop("there", id, Verdict::Unknown, "the NAT gateway could not be looked at")];
        };
        if !nat.available {
            return vec![hop("there", id, Verdict::Blocks, "the NAT gateway is not available")];
        }
        if nat.public.is_empty() {
            return vec![hop(
                "there",
                id,
                Verdict::Unknown,
                "it is a private NAT gateway: it leads to networks, not to the internet",
            )];
        }
        let over = Over { vpc: &a.vpc, inward: false, only_out: true };
        let Some(subnet) = &nat.subnet else {
            let behind = self.behind_nat(id, id, address);
            return std::iter::once(behind).chain(self.shut(over, &[&a.subnet])).collect();
        };
        let mut hops = Vec::new();
        hops.extend(self.shut(over, &[&a.subnet, subnet]));
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
            Ok(Target::Internet(gateway)) if address.is_some_and(is_private) => {
                let why = format!(
                    "the route of {id} leads to {gateway}, and the internet does not carry {}",
                    shown(address)
                );
                hop("there", &table, Verdict::Blocks, why)
            }
            // A route table of its own at the gateway may give the answers to an appliance.
            Ok(Target::Internet(gateway)) if self.network.edges.contains_key(gateway) => hop(
                "there",
                &table,
                Verdict::Unknown,
                format!(
                    "the route of {id} leads to {gateway}, which has a route table of its own for what comes in"
                ),
            ),
            Ok(Target::Internet(gateway)) => {
                hop("there", &table, Verdict::Passes, format!("the route of {id} leads to {gateway}"))
            }
            // NAT gateways lead on through firewalls, transit gateways and VPNs, too.
            Ok(Target::Other(target)) => hop(
                "there",
                &table,
                Verdict::Unknown,
                format!(
                    "the route of {id} leads to {target}, not to an internet gateway; {target} decides on its own how it goes on"
                ),
            ),
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
}
