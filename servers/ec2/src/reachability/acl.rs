//! What network ACLs do. They do not remember connections: the answers must pass too.

use std::net::IpAddr;

use super::{
    Hop, Verdict, Way,
    group::is_echo,
    hop,
    net::{Acl, Entry},
    shown,
    space::{Area, addresses, cut},
};
use crate::{knowledge::REPLY_PORTS, rules::Protocol};

/// The ports that answers go to, of any system and of NAT gateways.
const REPLIES: (u16, u16) = REPLY_PORTS.rows.0;
/// Those that Linux takes.
const LINUX_REPLIES: (u16, u16) = REPLY_PORTS.rows.1;

/// Whether the packets open a connection or answer on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sense {
    Opens,
    Answers,
    /// Answers that go to a NAT gateway, which takes any port from 1024 on for its side of a connection.
    AnswersToNat,
}

impl Way<'_> {
    /// What a network ACL does: the first entry that fits decides, for each address and port.
    pub(super) fn acl(
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
        let is_ping = self.traffic.protocol == Protocol::Icmp;
        let ports = match sense {
            _ if is_ping => (0, 0),
            Sense::Opens => (self.traffic.port, self.traffic.port),
            Sense::Answers | Sense::AnswersToNat => REPLIES,
        };
        let mut judged = self.judge(acl, egress, address, sense, ports);
        let mut only = String::new();
        if sense == Sense::Answers && judged.is_mixed() && !is_ping {
            let linux = self.judge(acl, egress, address, sense, LINUX_REPLIES);
            if !linux.is_mixed() {
                only = format!(", of the ports that Linux uses ({}-{})", LINUX_REPLIES.0, LINUX_REPLIES.1);
                judged = linux;
            }
        }
        let (verdict, why) = judged.told(&self.what(sense), egress, address, &only);
        hop(way, &acl.id, verdict, why)
    }

    /// What is to pass, in words.
    fn what(&self, sense: Sense) -> String {
        match (sense, self.traffic.protocol) {
            (Sense::Opens, _) => self.traffic.to_string(),
            (_, Protocol::Icmp) => "the reply".to_owned(),
            (Sense::Answers, protocol) => format!("answers ({protocol} {}-{})", REPLIES.0, REPLIES.1),
            (Sense::AnswersToNat, protocol) => {
                format!("answers ({protocol} {}-{}, the ports of a NAT gateway)", REPLIES.0, REPLIES.1)
            }
        }
    }

    fn judge<'a>(
        &self,
        acl: &'a Acl,
        egress: bool,
        address: Option<IpAddr>,
        sense: Sense,
        ports: (u16, u16),
    ) -> Judged<'a> {
        let mut entries: Vec<&Entry> = acl.entries.iter().filter(|entry| entry.egress == egress).collect();
        entries.sort_by_key(|entry| entry.number);
        let mut open: Vec<Area> = addresses(address, self.traffic.v6)
            .into_iter()
            .map(|addresses| Area { addresses, ports })
            .collect();
        let mut judged = Judged::default();
        for entry in entries.into_iter().filter(|entry| self.covers(entry, sense)) {
            let own = match self.traffic.protocol {
                Protocol::Icmp => (0, u16::MAX),
                _ => entry.ports.unwrap_or((0, u16::MAX)),
            };
            let (taken, left) = cut(&open, entry.net, self.traffic.v6, own);
            open = left;
            if !taken.is_empty() {
                let (entries, areas) = match entry.allows {
                    true => (&mut judged.allowing, &mut judged.allowed),
                    false => (&mut judged.denying, &mut judged.denied),
                };
                entries.push(entry);
                areas.extend(taken);
            }
        }
        // What no entry decides is denied, as by the last one.
        judged.is_left = !open.is_empty();
        judged.denied.extend(open);
        judged
    }

    fn covers(&self, entry: &Entry, sense: Sense) -> bool {
        let echo = match (self.traffic.v6, sense) {
            (false, Sense::Opens) => 8,
            (false, _) => 0,
            (true, Sense::Opens) => 128,
            (true, _) => 129,
        };
        match (entry.protocol, self.traffic.protocol) {
            (-1, _) | (6, Protocol::Tcp) | (17, Protocol::Udp) => true,
            (1, Protocol::Icmp) if !self.traffic.v6 => entry.icmp.is_none_or(|it| is_echo(it, echo)),
            (58, Protocol::Icmp) if self.traffic.v6 => entry.icmp.is_none_or(|it| is_echo(it, echo)),
            _ => false,
        }
    }
}

/// The number of the entry that every ACL ends with.
pub(super) const LAST: i32 = 32_767;

/// What entries of an ACL decided.
#[derive(Debug, Default)]
struct Judged<'a> {
    allowing: Vec<&'a Entry>,
    allowed: Vec<Area>,
    denying: Vec<&'a Entry>,
    denied: Vec<Area>,
    /// Whether something was left that no entry decided.
    is_left: bool,
}

impl Judged<'_> {
    fn is_mixed(&self) -> bool {
        !self.allowed.is_empty() && !self.denied.is_empty()
    }

    /// Whether some addresses may do on a port what others may not.
    fn is_by_address(&self) -> bool {
        let meet = |one: &Area, other: &Area| one.ports.0 <= other.ports.1 && other.ports.0 <= one.ports.1;
        self.allowed.iter().any(|one| self.denied.iter().any(|other| meet(one, other)))
    }

    /// The verdict, and why.
    fn told(&self, what: &str, egress: bool, address: Option<IpAddr>, only: &str) -> (Verdict, String) {
        let (direction, with) = if egress { ("outbound", "to") } else { ("inbound", "from") };
        let by = |entries: &[&Entry]| {
            let numbers: Vec<String> = entries.iter().map(|entry| entry.number.to_string()).collect();
            format!("{direction} rule {}", numbers.join(", "))
        };
        let explicit: Vec<&Entry> =
            self.denying.iter().filter(|entry| entry.number != LAST).copied().collect();
        let is_by_default = self.is_left || explicit.len() < self.denying.len();
        let other = shown(address);
        let refused = match explicit.as_slice() {
            _ if is_by_default && address.is_none() => {
                format!("no {direction} rule allows {what} {with} {other}")
            }
            [] => format!("no {direction} rule allows {what} {with} {other}"),
            explicit => format!("{} denies {what} {with} {other}", by(explicit)),
        };
        let allowing = by(&self.allowing);
        if self.denied.is_empty() {
            return (Verdict::Passes, format!("{allowing} allows {what}{only}"));
        }
        if self.allowed.is_empty() {
            return (Verdict::Blocks, format!("{refused}{only}"));
        }
        let why = match (address.is_none() && self.is_by_address(), is_by_default) {
            (true, true) => format!("{refused}, except {with} a part of the internet ({allowing})"),
            (true, false) => {
                let nets: Vec<String> = explicit.iter().map(|entry| entry.net.to_string()).collect();
                format!(
                    "{allowing} allows {what}, but {} denies a part of the internet: {}; ask about one address",
                    by(&explicit),
                    nets.join(", ")
                )
            }
            (false, _) => format!("{allowing} allows some of {what}, but {refused}"),
        };
        (Verdict::Unknown, why)
    }
}
