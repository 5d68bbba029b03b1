//! A network, as far as it decides what gets through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::rules::{Protocol, Rule};

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
    /// None where AWS does not show them, as those of another account in a subnet that it shares.
    pub(crate) rules: Option<Vec<Rule>>,
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
    /// By subnet; that of a regional NAT gateway by its id.
    pub(crate) tables: BTreeMap<String, Table>,
    /// By internet gateway: where it hands on what comes in, of those that have a route table of their own.
    pub(crate) edges: BTreeMap<String, Table>,
    pub(crate) nats: BTreeMap<String, Nat>,
    pub(crate) peerings: BTreeMap<String, Peering>,
    pub(crate) shut: Shut,
}

/// The block of public access: what of the internet is kept out of all networks of a region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shut {
    pub(crate) ways: ShutFor,
    /// The networks and subnets that are left out of it, and whether they can also be reached.
    pub(crate) exclusions: BTreeMap<String, bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShutFor {
    #[default]
    Nothing,
    /// What comes in, and what goes out by an internet gateway itself; NAT gateways and egress-only gateways still lead out.
    ComingIn,
    BothWays,
    /// Why it is not known.
    Unread(String),
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
    /// The type and the code; -1 is all.
    pub(crate) icmp: Option<(i32, i32)>,
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
    /// None of a regional one, which serves every zone and has a route table of its own.
    pub(crate) subnet: Option<String>,
    pub(crate) available: bool,
    /// It may have several, and takes any of them; none of a private one.
    pub(crate) public: Vec<IpAddr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Peering {
    pub(crate) active: bool,
    pub(crate) vpcs: (String, String),
}

impl Target {
    pub(super) fn name(&self) -> &str {
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
