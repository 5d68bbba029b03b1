//! What network ACLs do. They do not remember connections: the answers must pass too.

use std::net::IpAddr;

use super::{
    Hop, Verdict, Way, hop,
    net::{Acl, Entry},
    shown,
    space::{Fit, Space, fit, split},
};
use crate::rules::Protocol;

/// The ports that answers go to, of any system and of NAT gateways.
const REPLIES: (u16, u16) = (1024, 65_535);
/// Those that Linux takes.
const LINUX_REPLIES: (u16, u16) = (32_768, 60_999);

/// Whether the packets open a connection or answer on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sense {
    Opens,
    Answers,
    /// Answers that go to a NAT gateway, which takes any port from 1024 on for its side of a connection.
    AnswersToNat,
}

impl Way<'_> {
    /// What a network ACL does: the first entry that fits decides, for each port.
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
        let ports = match (self.traffic.protocol, sense) {
            (Protocol::Icmp, _) => (0, 0),
            (_, Sense::Opens) => (self.traffic.port, self.traffic.port),
            (_, Sense::Answers | Sense::AnswersToNat) => REPLIES,
        };
        let direction = if egress { "outbound" } else { "inbound" };
        let what = match (sense, self.traffic.protocol) {
            (Sense::Opens, _) => self.traffic.to_string(),
            (_, Protocol::Icmp) => "the reply".to_owned(),
            (Sense::Answers, protocol) => format!("answers ({protocol} {}-{})", REPLIES.0, REPLIES.1),
            (Sense::AnswersToNat, protocol) => {
                format!("answers ({protocol} {}-{}, the ports of a NAT gateway)", REPLIES.0, REPLIES.1)
            }
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
        // What of the internet is not yet let through on all ports, by entries for parts of it.
        let mut outside = Space::internet(self.traffic.v6);
        let mut judged = Judged::default();
        for entry in entries.into_iter().filter(|entry| self.covers(entry, sense)) {
            if open.is_empty() {
                break;
            }
            let own = match self.traffic.protocol {
                Protocol::Icmp => (0, u16::MAX),
                _ => entry.ports.unwrap_or((0, u16::MAX)),
            };
            match fit(entry.net, address, self.traffic.v6) {
                Fit::None => continue,
                Fit::Part => {
                    if entry.allows {
                        judged.in_part.push(entry.number);
                        let is_whole = open == [ports] && own.0 <= ports.0 && ports.1 <= own.1;
                        if is_whole && outside.take(entry.net) && outside.is_empty() {
                            judged.allowed.append(&mut judged.in_part);
                            return judged;
                        }
                    }
                    continue;
                }
                Fit::All => {}
            }
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
            (false, _) => 0,
            (true, Sense::Opens) => 128,
            (true, _) => 129,
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
pub(super) const LAST: i32 = 32_767;

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

fn with(egress: bool, address: Option<IpAddr>) -> String {
    format!("{} {}", if egress { "to" } else { "from" }, shown(address))
}
