//! What security groups do. They remember connections: only what opens one is held to them.

use std::net::IpAddr;

use super::{
    Hop, Verdict, Way, hop,
    net::{Group, Node},
    shown,
    space::{Fit, Space, fit},
};
use crate::rules::{Peer, Protocol, Rule};

/// The other end, as rules see it.
#[derive(Clone, Copy)]
pub(super) struct Party<'a> {
    /// None is anywhere on the internet.
    pub(super) address: Option<IpAddr>,
    pub(super) groups: &'a [Group],
}

pub(super) fn known(node: &Node) -> Party<'_> {
    Party { address: Some(node.address), groups: &node.groups }
}

pub(super) fn outside(address: Option<IpAddr>) -> Party<'static> {
    Party { address, groups: &[] }
}

pub(super) fn known_if(known_groups: bool, node: &Node) -> Party<'_> {
    if known_groups { known(node) } else { outside(Some(node.address)) }
}

impl Way<'_> {
    /// What the groups of an interface do: any rule that fits lets it pass, and so do several that together cover the
    /// internet, where all of that is asked about.
    pub(super) fn groups(&self, node: &Node, egress: bool, party: Party<'_>) -> Hop {
        let ids: Vec<&str> = node.groups.iter().map(|group| group.id.as_str()).collect();
        let at = ids.join(", ");
        if ids.is_empty() {
            return hop("there", &node.label, Verdict::Unknown, "its security groups are not known");
        }
        let mut parts: Vec<(&Group, &Rule)> = Vec::new();
        let mut rest = Space::internet(self.traffic.v6);
        for group in &node.groups {
            let rules = group.rules.iter().flatten();
            for rule in rules.filter(|rule| rule.egress == egress && self.concerns(rule)) {
                match self.fits(rule, party) {
                    Fit::All => return hop("there", &group.id, Verdict::Passes, format!("`{}`", rule.key())),
                    Fit::Part => parts.push((group, rule)),
                    Fit::None => {}
                }
            }
        }
        for (_, rule) in &parts {
            if let Peer::Net(net) = &rule.peer
                && rest.take(*net)
                && rest.is_empty()
            {
                let rules = parts.iter().filter(|(_, rule)| matches!(rule.peer, Peer::Net(_)));
                let rules: Vec<String> = rules.map(|(_, rule)| format!("`{}`", rule.key())).collect();
                return hop("there", &at, Verdict::Passes, format!("{} together", rules.join(", ")));
            }
        }
        let unread: Vec<&str> =
            node.groups.iter().filter(|group| group.rules.is_none()).map(|group| group.id.as_str()).collect();
        if !unread.is_empty() {
            let why = "no other rule lets it pass, and AWS does not show the rules of this group here, such as those of \
                       another account";
            return hop("there", &unread.join(", "), Verdict::Unknown, why);
        }
        self.in_part(&at, egress, party, &parts)
    }

    /// Where no rule lets all of it pass.
    fn in_part(&self, at: &str, egress: bool, party: Party<'_>, parts: &[(&Group, &Rule)]) -> Hop {
        let (way, from) = if egress { ("out", "to") } else { ("in", "from") };
        match parts.first() {
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
                at,
                Verdict::Blocks,
                format!("no rule lets {} {way} {from} {}", self.traffic, shown(party.address)),
            ),
        }
    }

    fn fits(&self, rule: &Rule, party: Party<'_>) -> Fit {
        match &rule.peer {
            Peer::Net(net) => fit(*net, party.address, self.traffic.v6),
            Peer::Group(id) | Peer::Foreign { id, .. }
                if party.groups.iter().any(|group| group.id == *id) =>
            {
                Fit::All
            }
            Peer::Group(_) | Peer::Foreign { .. } => Fit::None,
            Peer::List(_) => Fit::Part,
        }
    }

    /// Whether a rule is about this traffic at all.
    fn concerns(&self, rule: &Rule) -> bool {
        let port = i32::from(self.traffic.port);
        match (rule.protocol, self.traffic.protocol) {
            (Protocol::All, _) => true,
            (Protocol::Icmp, Protocol::Icmp) if !self.traffic.v6 => {
                rule.ports.is_none_or(|it| is_echo(it, 8))
            }
            (Protocol::Icmpv6, Protocol::Icmp) if self.traffic.v6 => {
                rule.ports.is_none_or(|it| is_echo(it, 128))
            }
            (Protocol::Icmp | Protocol::Icmpv6, _) | (_, Protocol::Icmp) => false,
            (own, wanted) => own == wanted && rule.ports.is_none_or(|(from, to)| (from..=to).contains(&port)),
        }
    }
}

/// Whether a type and a code take in this type as pings have it, whose code is 0.
pub(super) fn is_echo((kind, code): (i32, i32), wanted: i32) -> bool {
    (kind == -1 || kind == wanted) && matches!(code, -1 | 0)
}
