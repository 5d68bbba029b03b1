//! Addresses and ports by ranges: what of them is covered, and what is left.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::knowledge::NOT_CARRIED;

/// A whole number of a range.
pub(super) trait Number: Copy + Ord {
    /// The number before, of one that has one.
    fn before(self) -> Self;
    /// The number behind, of one that has one.
    fn after(self) -> Self;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Number for $number {
            fn before(self) -> Self {
                self.saturating_sub(1)
            }

            fn after(self) -> Self {
                self.saturating_add(1)
            }
        }
    )*};
}

numbers!(u16, u128);

/// Takes `own` out of the open ranges: whether anything was taken, and what is left.
pub(super) fn split<N: Number>(open: &[(N, N)], own: (N, N)) -> (bool, Vec<(N, N)>) {
    let (mut taken, mut left) = (false, Vec::new());
    for &(from, to) in open {
        let (first, last) = (from.max(own.0), to.min(own.1));
        if first > last {
            left.push((from, to));
            continue;
        }
        taken = true;
        if from < first {
            left.push((from, first.before()));
        }
        if last < to {
            left.push((last.after(), to));
        }
    }
    (taken, left)
}

/// Addresses of one family, by their ranges.
#[derive(Clone, Debug)]
pub(super) struct Space {
    v6: bool,
    left: Vec<(u128, u128)>,
}

impl Space {
    /// Every address that the internet carries.
    pub(super) fn internet(v6: bool) -> Space {
        if v6 {
            // All that is given out of IPv6 so far.
            let net = Ipv6Net::new_assert([0x2000, 0, 0, 0, 0, 0, 0, 0].into(), 3);
            return Space { v6, left: vec![range(IpNet::V6(net))] };
        }
        let mut space =
            Space { v6, left: vec![range(IpNet::V4(Ipv4Net::new_assert([0, 0, 0, 0].into(), 0)))] };
        for (address, length) in NOT_CARRIED.rows {
            let (address, length) = (*address, *length);
            space.take(IpNet::V4(Ipv4Net::new_assert(address.into(), length)));
        }
        space
    }

    /// Takes out a network; whether anything of it was left.
    pub(super) fn take(&mut self, net: IpNet) -> bool {
        if matches!(net, IpNet::V6(_)) != self.v6 {
            return false;
        }
        let (taken, left) = split(&self.left, range(net));
        self.left = left;
        taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

/// Some addresses, and some ports with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) addresses: (u128, u128),
    pub(super) ports: (u16, u16),
}

/// One address by its range; none is every address that the internet carries.
pub(super) fn addresses(address: Option<IpAddr>, v6: bool) -> Vec<(u128, u128)> {
    match address {
        Some(address) => vec![range(IpNet::from(address))],
        None => Space::internet(v6).left,
    }
}

/// Takes a network with these ports out of what is open: what was taken, and what is left.
pub(super) fn cut(open: &[Area], net: IpNet, v6: bool, ports: (u16, u16)) -> (Vec<Area>, Vec<Area>) {
    if matches!(net, IpNet::V6(_)) != v6 {
        return (Vec::new(), open.to_vec());
    }
    let own = range(net);
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for area in open {
        let (first, last) = (area.addresses.0.max(own.0), area.addresses.1.min(own.1));
        let (low, high) = (area.ports.0.max(ports.0), area.ports.1.min(ports.1));
        if first > last || low > high {
            left.push(*area);
            continue;
        }
        let (_, beside) = split(&[area.addresses], own);
        left.extend(beside.into_iter().map(|addresses| Area { addresses, ..*area }));
        let addresses = (first, last);
        let (_, beside) = split(&[area.ports], ports);
        left.extend(beside.into_iter().map(|ports| Area { addresses, ports }));
        taken.push(Area { addresses, ports: (low, high) });
    }
    (taken, left)
}

/// The first and the last address of a network.
fn range(net: IpNet) -> (u128, u128) {
    match net {
        IpNet::V4(net) => (u128::from(u32::from(net.network())), u128::from(u32::from(net.broadcast()))),
        IpNet::V6(net) => (u128::from(net.network()), u128::from(net.broadcast())),
    }
}

/// Whether these networks of IPv4 together are all of the internet.
pub(crate) fn covers_internet(nets: &[IpNet]) -> bool {
    let mut rest = Space::internet(false);
    nets.iter().for_each(|net| {
        rest.take(*net);
    });
    rest.is_empty()
}

/// Whether a network of IPv4 has addresses of the internet.
pub(crate) fn touches_internet(net: IpNet) -> bool {
    Space::internet(false).take(net)
}

/// How much of the other end a network covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fit {
    All,
    /// A part of the internet.
    Part,
    None,
}

pub(super) fn fit(net: IpNet, address: Option<IpAddr>, v6: bool) -> Fit {
    match address {
        Some(address) if net.contains(&address) => Fit::All,
        Some(_) => Fit::None,
        None if matches!(net, IpNet::V6(_)) != v6 => Fit::None,
        None => {
            let mut rest = Space::internet(v6);
            match (rest.take(net), rest.is_empty()) {
                (false, _) => Fit::None,
                (true, true) => Fit::All,
                (true, false) => Fit::Part,
            }
        }
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

/// Whether AWS itself answers there on every machine: metadata, DNS, time, credentials of containers. No group, ACL or
/// route counts for these.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html>
pub(super) fn is_of_every_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [169, 254, 169, 123 | 253 | 254] | [169, 254, 170, 2 | 23]),
        IpAddr::V6(v6) => {
            matches!(v6.segments(), [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23 | 0x123 | 0x253 | 0x254])
        }
    }
}
