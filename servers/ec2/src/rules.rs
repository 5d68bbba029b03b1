//! The rules of security groups, as people write them: `in tcp 22 from 10.0.0.0/8 # office`.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, SecurityGroupRule, UserIdGroupPair,
};
use ipnet::IpNet;
use serde::{Serialize, Serializer};

use crate::knowledge::ADMIN_PORTS;

/// One rule: what may come in or go out, and from or to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) egress: bool,
    pub(crate) protocol: Protocol,
    /// The ports; of ICMP the type and the code, -1 being any.
    pub(crate) ports: Option<(i32, i32)>,
    pub(crate) peer: Peer,
    pub(crate) description: Option<String>,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    All,
    Tcp,
    Udp,
    Icmp,
    Icmpv6,
    /// By its number at IANA.
    Other(u8),
}

/// Whom a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Net(IpNet),
    /// Whatever is in that security group.
    Group(String),
    /// Whatever is in that security group of another account: `123456789012/sg-0123456789abcdef0`.
    Foreign {
        account: String,
        id: String,
    },
    /// Whatever is on that prefix list.
    List(String),
}

impl Protocol {
    fn parse(text: &str) -> Option<Protocol> {
        Some(match text.to_ascii_lowercase().as_str() {
            "all" | "-1" => Protocol::All,
            "tcp" | "6" => Protocol::Tcp,
            "udp" | "17" => Protocol::Udp,
            "icmp" | "1" => Protocol::Icmp,
            "icmpv6" | "58" => Protocol::Icmpv6,
            other => Protocol::Other(other.strip_prefix("protocol-").unwrap_or(other).parse().ok()?),
        })
    }

    /// As AWS's inputs take it.
    fn aws(self) -> String {
        match self {
            Protocol::All => "-1".to_owned(),
            Protocol::Other(number) => number.to_string(),
            named => named.to_string(),
        }
    }

    fn has_ports(self) -> bool {
        matches!(self, Protocol::Tcp | Protocol::Udp)
    }

    fn is_icmp(self) -> bool {
        matches!(self, Protocol::Icmp | Protocol::Icmpv6)
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Protocol::All => f.write_str("all"),
            Protocol::Tcp => f.write_str("tcp"),
            Protocol::Udp => f.write_str("udp"),
            Protocol::Icmp => f.write_str("icmp"),
            Protocol::Icmpv6 => f.write_str("icmpv6"),
            Protocol::Other(number) => write!(f, "protocol-{number}"),
        }
    }
}

impl Peer {
    fn parse(text: &str) -> Option<Peer> {
        if text.starts_with("sg-") {
            return Some(Peer::Group(text.to_owned()));
        }
        if text.starts_with("pl-") {
            return Some(Peer::List(text.to_owned()));
        }
        if let Some((account, id)) = text.split_once('/')
            && id.starts_with("sg-")
        {
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            return is_account.then(|| Peer::Foreign { account: account.to_owned(), id: id.to_owned() });
        }
        if let Ok(net) = text.parse::<IpNet>() {
            // EC2 takes the network, not an address in it.
            return Some(Peer::Net(net.trunc()));
        }
        text.parse().ok().map(|address: std::net::IpAddr| Peer::Net(address.into()))
    }

    /// A security group, which may be another account's.
    fn group(id: &str, account: Option<&str>, own: Option<&str>) -> Peer {
        match account.filter(|account| !account.is_empty() && own.is_some_and(|own| own != *account)) {
            Some(account) => Peer::Foreign { account: account.to_owned(), id: id.to_owned() },
            None => Peer::Group(id.to_owned()),
        }
    }

    /// Whether it is everybody.
    pub(crate) fn is_world(&self) -> bool {
        matches!(self, Peer::Net(net) if net.prefix_len() == 0)
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Peer::Net(net) => write!(f, "{net}"),
            Peer::Group(id) | Peer::List(id) => f.write_str(id),
            Peer::Foreign { account, id } => write!(f, "{account}/{id}"),
        }
    }
}

impl Rule {
    /// Whether everybody may come in.
    pub(crate) fn is_open(&self) -> bool {
        !self.egress && self.peer.is_world()
    }

    /// What of a machine's administration or data it opens to the world: `SSH (22)`.
    pub(crate) fn exposes(&self) -> Vec<String> {
        if !self.is_open() || self.protocol.is_icmp() || matches!(self.protocol, Protocol::Other(_)) {
            return Vec::new();
        }
        let (from, to) = self.ports.unwrap_or((0, 65_535));
        let reached = ADMIN_PORTS.rows.iter().filter(|(port, _)| (from..=to).contains(port));
        reached.map(|(port, what)| format!("{what} ({port})")).collect()
    }

    /// The rule without its description: two rules with the same are the same to EC2.
    pub(crate) fn key(&self) -> String {
        let (way, to) = if self.egress { ("out", "to") } else { ("in", "from") };
        let ports = match self.ports {
            None => String::new(),
            Some((kind, -1)) if self.protocol.is_icmp() => format!(" {kind}"),
            Some((kind, code)) if self.protocol.is_icmp() => format!(" {kind}/{code}"),
            Some((from, to)) if from == to => format!(" {from}"),
            Some((from, to)) => format!(" {from}-{to}"),
        };
        format!("{way} {}{ports} {to} {}", self.protocol, self.peer)
    }

    /// As EC2's requests take it.
    pub(crate) fn permission(&self) -> IpPermission {
        let (from, to) = match self.ports {
            Some((from, to)) => (Some(from), Some(to)),
            None if self.protocol.has_ports() => (Some(0), Some(65_535)),
            None if self.protocol.is_icmp() => (Some(-1), Some(-1)),
            None => (None, None),
        };
        let request =
            IpPermission::builder().ip_protocol(self.protocol.aws()).set_from_port(from).set_to_port(to);
        let about = self.description.clone();
        match &self.peer {
            Peer::Net(IpNet::V4(net)) => request
                .ip_ranges(IpRange::builder().cidr_ip(net.to_string()).set_description(about).build())
                .build(),
            Peer::Net(IpNet::V6(net)) => request
                .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(net.to_string()).set_description(about).build())
                .build(),
            Peer::Group(id) => request
                .user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_description(about).build())
                .build(),
            Peer::Foreign { account, id } => {
                let pair = UserIdGroupPair::builder().user_id(account).group_id(id).set_description(about);
                request.user_id_group_pairs(pair.build()).build()
            }
            Peer::List(id) => request
                .prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(about).build())
                .build(),
        }
    }

    fn parse(text: &str) -> Result<Rule, String> {
        let wrong = || {
            format!(
                "{text:?} is not a rule; good ones are \"in tcp 443 from 0.0.0.0/0\", \"in tcp 8000-8100 from sg-0123456789abcdef0\", \
                 \"out all to 10.0.0.0/8 # office\", \"in icmp 8 from 10.0.0.0/8\", \"in icmpv6 128 from ::/0\""
            )
        };
        let (rule, description) = match text.split_once('#') {
            Some((rule, description)) => (rule, Some(description.trim().to_owned())),
            None => (text, None),
        };
        let words: Vec<&str> = rule.split_whitespace().collect();
        let (way, protocol, ports, to, peer) = match words.as_slice() {
            [way, protocol, to, peer] => (*way, *protocol, None, *to, *peer),
            [way, protocol, ports, to, peer] => (*way, *protocol, Some(*ports), *to, *peer),
            _ => return Err(wrong()),
        };
        let egress = match (way, to) {
            ("in", "from") => false,
            ("out", "to") => true,
            _ => return Err(wrong()),
        };
        let protocol = Protocol::parse(protocol).ok_or_else(wrong)?;
        let peer = Peer::parse(peer).ok_or_else(wrong)?;
        let ports = match ports {
            None | Some("all") => None,
            // The type, and the code where it is not any: `3/4`.
            Some(kind) if protocol.is_icmp() => {
                let number = |text: &str| text.parse::<u8>().map(i32::from).map_err(|_| wrong());
                let (kind, code) =
                    kind.split_once(['/', '-']).map_or((kind, None), |(kind, code)| (kind, Some(code)));
                Some((number(kind)?, code.map(number).transpose()?.unwrap_or(-1)))
            }
            Some(_) if !protocol.has_ports() => return Err(format!("{text:?}: only tcp and udp have ports")),
            Some(ports) => {
                let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
                let port = |text: &str| text.parse::<u16>().map(i32::from).map_err(|_| wrong());
                Some((port(from)?, port(to)?))
            }
        };
        if ports.is_some_and(|(from, to)| protocol.has_ports() && from > to) {
            return Err(wrong());
        }
        let description = description.filter(|text| !text.is_empty());
        Ok(Rule { egress, protocol, ports: whole(protocol, ports), peer, description })
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key())?;
        match &self.description {
            Some(about) => write!(f, " # {about}"),
            None => Ok(()),
        }
    }
}

awsmcp_mcp::plain_string!(Rule);

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// All ports are told as none. From port 1 on is not all: to EC2 that is another rule.
fn whole(protocol: Protocol, ports: Option<(i32, i32)>) -> Option<(i32, i32)> {
    match (protocol, ports) {
        (Protocol::Tcp | Protocol::Udp, Some((0, 65_535))) | (_, Some((-1, _))) => None,
        (Protocol::All | Protocol::Other(_), _) => None,
        (_, ports) => ports,
    }
}

/// The rules of a group, those for coming in first.
pub(crate) fn of_group(group: &SecurityGroup) -> Vec<Rule> {
    let own = group.owner_id.as_deref();
    let coming = group.ip_permissions.iter().flatten().flat_map(|permission| of(permission, false, own));
    let going = group.ip_permissions_egress.iter().flatten().flat_map(|permission| of(permission, true, own));
    coming.chain(going).collect()
}

/// One rule for each peer of a permission. What cannot be read (which EC2 does not answer) is left out.
fn of(permission: &IpPermission, egress: bool, own: Option<&str>) -> Vec<Rule> {
    let Some(protocol) = permission.ip_protocol.as_deref().and_then(Protocol::parse) else {
        return Vec::new();
    };
    let ports = whole(protocol, permission.from_port.zip(permission.to_port));
    let v4 = permission.ip_ranges.iter().flatten().map(|it| (it.cidr_ip.as_deref(), &it.description));
    let v6 = permission.ipv6_ranges.iter().flatten().map(|it| (it.cidr_ipv6.as_deref(), &it.description));
    let lists = permission.prefix_list_ids.iter().flatten();
    let lists = lists.map(|list| (list.prefix_list_id.as_deref(), &list.description));
    let named = v4.chain(v6).chain(lists).map(|(peer, about)| (peer.and_then(Peer::parse), about));
    let groups = permission.user_id_group_pairs.iter().flatten();
    let groups = groups.map(|pair| {
        let peer = pair.group_id.as_deref().map(|id| Peer::group(id, pair.user_id.as_deref(), own));
        (peer, &pair.description)
    });
    named
        .chain(groups)
        .filter_map(|(peer, description)| {
            let description = description.clone().filter(|text| !text.is_empty());
            Some(Rule { egress, protocol, ports, peer: peer?, description })
        })
        .collect()
}

/// A rule as EC2 lists it, by its id; none of what cannot be read, which EC2 does not answer.
pub(crate) fn listed(rule: &SecurityGroupRule) -> Option<Rule> {
    let protocol = Protocol::parse(rule.ip_protocol.as_deref()?)?;
    let named = [rule.cidr_ipv4.as_deref(), rule.cidr_ipv6.as_deref(), rule.prefix_list_id.as_deref()];
    let named = named.into_iter().flatten().find(|peer| !peer.is_empty());
    let group = rule.referenced_group_info.as_ref().and_then(|group| {
        let own = rule.group_owner_id.as_deref();
        Some(Peer::group(group.group_id.as_deref()?, group.user_id.as_deref(), own))
    });
    Some(Rule {
        egress: rule.is_egress.unwrap_or_default(),
        protocol,
        ports: whole(protocol, rule.from_port.zip(rule.to_port)),
        peer: named.and_then(Peer::parse).or(group)?,
        description: rule.description.clone().filter(|text| !text.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;
    use proptest::prelude::*;

    use super::*;

    fn rule(text: &str) -> Rule {
        Rule::parse(text).unwrap()
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        for text in [
            "in tcp 22 from 10.0.0.0/8",
            "in tcp 8000-8100 from sg-0123456789abcdef0 # web",
            "out all to 0.0.0.0/0",
            "in icmp from 10.0.0.0/8",
            "in icmpv6 from ::/0",
            "in icmp 8 from 10.0.0.0/8",
            "in icmp 3/4 from 10.0.0.0/8",
            "in tcp 1-65535 from 10.0.0.0/8",
            "in udp from pl-12345678",
            "out protocol-47 to 10.0.0.1/32",
        ] {
            assert_eq!(rule(text).to_string(), text);
        }
        assert_eq!(rule("in tcp 0-65535 from 10.1.2.3/8").to_string(), "in tcp from 10.0.0.0/8");
        assert_eq!(rule("in tcp all from 10.1.2.3").to_string(), "in tcp from 10.1.2.3/32");
    }

    #[test]
    fn what_is_no_rule_shows_good_ones() {
        for wrong in [
            "",
            "tcp 22 from 10.0.0.0/8",
            "in tcp 22 to 10.0.0.0/8",
            "in tcp 99999 from 10.0.0.0/8",
            "in tcp 30-20 from 10.0.0.0/8",
            "in nonsense from 10.0.0.0/8",
            "in tcp 22 from somewhere",
        ] {
            assert!(Rule::parse(wrong).unwrap_err().contains("in tcp 443 from 0.0.0.0/0"), "{wrong}");
        }
        assert!(Rule::parse("in all 22 from 10.0.0.0/8").unwrap_err().contains("only tcp and udp"));
    }

    #[test]
    fn admin_ports_open_to_the_world_are_told() {
        assert_eq!(rule("in tcp 22 from 0.0.0.0/0").exposes(), ["SSH (22)"]);
        assert_eq!(rule("in tcp 3300-3400 from ::/0").exposes(), ["MySQL (3306)", "RDP (3389)"]);
        assert_eq!(rule("in all from 0.0.0.0/0").exposes().len(), ADMIN_PORTS.rows.len());
        for harmless in [
            "in tcp 443 from 0.0.0.0/0",
            "in tcp 22 from 10.0.0.0/8",
            "out tcp 22 to 0.0.0.0/0",
            "in icmp from 0.0.0.0/0",
        ] {
            assert!(rule(harmless).exposes().is_empty(), "{harmless}");
        }
    }

    #[test]
    fn permissions_come_back_as_the_rules_they_were_made_of() {
        for text in [
            "in tcp 22 from 10.0.0.0/8 # office",
            "in all from sg-0123456789abcdef0",
            "in udp from ::/0",
            "in icmp from pl-12345678",
            "in icmp 8 from 10.0.0.0/8",
            "in icmp 3/4 from 10.0.0.0/8",
            "in tcp 1-65535 from 10.0.0.0/8",
            "in protocol-50 from 10.0.0.0/8",
            "in tcp 443 from 123456789012/sg-0123456789abcdef0",
        ] {
            let read: Vec<String> = of(&rule(text).permission(), false, Some("111122223333"))
                .iter()
                .map(Rule::to_string)
                .collect();
            assert_eq!(read, [text]);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_taken_back(
            egress: bool,
            protocol in prop_oneof![Just(-1), 0..=255_i32],
            ports in prop_oneof![
                Just(None),
                Just(Some((-1, -1))),
                Just(Some((0, 65_535))),
                (0..=65_535_i32, 0..=65_535_i32).prop_map(|(one, other)| Some((one.min(other), one.max(other)))),
            ],
            icmp in (-1..=255_i32, -1..=255_i32),
            peer in prop_oneof![
                Just("10.0.0.0/8"), Just("0.0.0.0/0"), Just("::/0"), Just("2600:1f18::/56"),
                Just("sg-0123456789abcdef0"), Just("pl-12345678"),
            ],
            owner in prop_oneof![Just(None), Just(Some("111122223333")), Just(Some("123456789012"))],
            // All that EC2 takes in a description.
            about in prop::option::of("[a-zA-Z0-9 ._:/()#,@+=&;{}!$*\\[\\]-]{0,40}"),
        ) {
            let (from, to) = match (protocol, ports) {
                (1 | 58, _) => if icmp.0 < 0 { (Some(-1), Some(-1)) } else { (Some(icmp.0), Some(icmp.1)) },
                (6 | 17, Some((-1, _)) | None) => (Some(0), Some(65_535)),
                (6 | 17, Some((from, to))) => (Some(from), Some(to)),
                _ => (Some(-1), Some(-1)),
            };
            let is = |prefix: &str| peer.starts_with(prefix).then(|| peer.to_owned());
            let owner = owner.map(str::to_owned);
            let group =
                is("sg-").map(|id| ReferencedSecurityGroup::builder().group_id(id).set_user_id(owner).build());
            let net = is("sg-").or(is("pl-")).is_none().then(|| peer.to_owned());
            let named = [(1, "icmp"), (6, "tcp"), (17, "udp"), (58, "icmpv6")];
            let name = named.iter().find(|(number, _)| *number == protocol);
            let own = SecurityGroupRule::builder()
                .is_egress(egress)
                .ip_protocol(name.map_or(protocol.to_string(), |(_, name)| (*name).to_owned()))
                .set_from_port(from)
                .set_to_port(to)
                .set_cidr_ipv4(net.clone().filter(|net| !net.contains(':')))
                .set_cidr_ipv6(net.filter(|net| net.contains(':')))
                .set_prefix_list_id(is("pl-"))
                .set_referenced_group_info(group)
                .group_owner_id("111122223333")
                .set_description(about)
                .build();
            let shown = listed(&own).unwrap();
            let again = Rule::parse(&shown.to_string()).unwrap();
            prop_assert_eq!(again.key(), shown.key());
            let about = shown.description.unwrap_or_default();
            prop_assert_eq!(again.description.unwrap_or_default(), about.trim());
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = Rule::parse(&text);
        }
    }
}
