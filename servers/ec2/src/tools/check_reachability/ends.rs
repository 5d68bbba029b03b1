//! The ends of a way, as they are found by what a caller knows of them.

use std::net::IpAddr;

use aws_sdk_ec2::types::{Instance as Described, NetworkInterface, NetworkInterfaceStatus};
use awsmcp_mcp::{Call, Error, Kind, Result};

use super::named;
use crate::{
    Ec2,
    instances::{all, find, state},
    names::{End, Instance},
    reachability::{Node, Place, is_private},
    tags::{self, Filters},
};

/// An end as it was found.
pub(super) struct Spot {
    pub(super) label: String,
    pub(super) place: Place,
    /// The groups whose rules are still to be read.
    pub(super) groups: Vec<String>,
    /// Of an instance that does not run.
    pub(super) state: Option<String>,
    /// What was chosen where the question leaves it open.
    pub(super) note: Option<String>,
}

pub(super) async fn place(cx: &Call<Ec2>, end: &End, v6: bool) -> Result<Spot> {
    let outside = |address: Option<IpAddr>, label: String| Spot {
        label,
        place: Place::Outside(address),
        groups: Vec::new(),
        state: None,
        note: None,
    };
    match end {
        End::Internet => Ok(outside(None, "the internet".to_owned())),
        End::Instance(instance) => match (find(cx, instance).await, instance) {
            (Err(missing), Instance::Name(name)) if missing.kind == Kind::NotFound => {
                of_service(cx, name, v6).await
            }
            (found, _) => of_instance(found?, v6),
        },
        End::Interface(id) => {
            let out = cx
                .client()
                .ec2
                .describe_network_interfaces()
                .network_interface_ids(id.as_str())
                .send()
                .await?;
            match out.network_interfaces.unwrap_or_default().pop() {
                Some(interface) => of_interface(cx, interface, v6, None).await,
                None => {
                    Err(Error::not_found(format!("there is no interface {} in {}", id.as_str(), cx.region())))
                }
            }
        }
        End::Address(address) => {
            let text = address.to_string();
            let filter = match (v6, is_private(*address)) {
                (true, _) => "ipv6-addresses.ipv6-address",
                (false, true) => PRIVATE,
                (false, false) => PUBLIC,
            };
            let mut found = with(cx, filter, &text).await?;
            // A VPC may have addresses of its own that are private nowhere else.
            if found.is_empty() && filter == PUBLIC {
                found = with(cx, PRIVATE, &text).await?;
            }
            match (found.len(), found.pop()) {
                (1, Some(interface)) => of_interface(cx, interface, v6, Some(*address)).await,
                (0, _) | (_, None) => Ok(outside(Some(*address), text)),
                (count, Some(last)) => {
                    found.push(last);
                    let ids: Vec<&str> =
                        found.iter().filter_map(|one| one.network_interface_id.as_deref()).collect();
                    Err(Error::invalid(format!("{count} interfaces have {text}, in different VPCs"))
                        .with_next(format!("give one of {} instead", ids.join(", "))))
                }
            }
        }
    }
}

/// Filters by the addresses that interfaces have.
const PRIVATE: &str = "addresses.private-ip-address";
const PUBLIC: &str = "addresses.association.public-ip";

async fn with(cx: &Call<Ec2>, filter: &str, address: &str) -> Result<Vec<NetworkInterface>> {
    let filters = Filters::default().any(filter, [address]).build();
    let request = cx.client().ec2.describe_network_interfaces().set_filters(filters);
    Ok(request.into_paginator().items().send().try_collect().await?)
}

/// What is no instance, by its name: the first of its interfaces.
async fn of_service(cx: &Call<Ec2>, name: &str, v6: bool) -> Result<Spot> {
    let Some((what, interfaces)) = named::interfaces(cx, name).await? else {
        return Err(named::unknown(cx, name));
    };
    let ids: Vec<String> = interfaces.iter().filter_map(|one| one.network_interface_id.clone()).collect();
    let Some(first) = interfaces.into_iter().next() else {
        return Err(named::unknown(cx, name));
    };
    let spot = of_interface(cx, first, v6, None).await?;
    let label = format!("{name} ({what}, {})", spot.label);
    let note = ids.split_first().filter(|(_, others)| !others.is_empty()).map(|(own, others)| {
        format!("{name} was taken by its interface {own}; ask about {} by its id", others.join(" or "))
    });
    let place = match spot.place {
        Place::Node(node) => Place::Node(Node { label: label.clone(), ..node }),
        other => other,
    };
    Ok(Spot { label, place, note, ..spot })
}

fn of_instance(instance: Described, v6: bool) -> Result<Spot> {
    let id = instance.instance_id.clone().unwrap_or_default();
    let name = tags::name(instance.tags.as_ref());
    let label = name.map_or_else(|| id.clone(), |name| format!("{id} ({name})"));
    let (four, six) = (instance.private_ip_address.as_deref(), instance.ipv6_address.as_deref());
    let (address, other) = if v6 { (six, four) } else { (four, six) };
    let ended = state(&instance);
    if address.is_none() && matches!(ended, "shutting-down" | "terminated") {
        return Err(Error::invalid(format!(
            "{label} is {ended}: it has no address any more, and nothing reaches it"
        )));
    }
    let node = Node {
        address: parsed(address, other, &label, v6)?,
        public: instance.public_ip_address.as_deref().and_then(|ip| ip.parse().ok()),
        vpc: instance.vpc_id.clone().unwrap_or_default(),
        subnet: instance.subnet_id.clone().unwrap_or_default(),
        groups: Vec::new(),
        label: label.clone(),
    };
    let state = Some(state(&instance).to_owned()).filter(|state| state != "running");
    let others: Vec<&str> = instance
        .network_interfaces
        .iter()
        .flatten()
        .filter(|own| own.attachment.as_ref().and_then(|it| it.device_index).is_some_and(|index| index > 0))
        .filter_map(|own| own.network_interface_id.as_deref())
        .collect();
    let note = (!others.is_empty()).then(|| {
        format!("{label} was taken by its first interface; ask about {} by its id", others.join(" or "))
    });
    let groups = instance.security_groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id);
    Ok(Spot { label, place: Place::Node(node), groups: groups.collect(), state, note })
}

/// The state of the instance that has an interface, where it does not run.
async fn state_of(cx: &Call<Ec2>, instance: Option<&str>) -> Result<Option<String>> {
    let Some(id) = instance else { return Ok(None) };
    let found = match all(cx, &[id.to_owned()]).await {
        // It is another account's, in a subnet that is shared.
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        found => found?,
    };
    Ok(found.first().map(|one| state(one).to_owned()).filter(|state| state != "running"))
}

async fn of_interface(
    cx: &Call<Ec2>,
    interface: NetworkInterface,
    v6: bool,
    by: Option<IpAddr>,
) -> Result<Spot> {
    let id = interface.network_interface_id.clone().unwrap_or_default();
    let instance = interface.attachment.as_ref().and_then(|attachment| attachment.instance_id.clone());
    let state = state_of(cx, instance.as_deref()).await?;
    let label = match (&by, instance) {
        (Some(address), Some(instance)) => format!("{address} ({instance}, {id})"),
        (Some(address), None) => format!("{address} ({id})"),
        (None, Some(instance)) => format!("{id} ({instance})"),
        (None, None) => id,
    };
    let state = state.or_else(|| {
        let is_free = interface.status == Some(NetworkInterfaceStatus::Available);
        is_free.then(|| "attached to nothing".to_owned())
    });
    // Each private address of an interface may have a public one of its own.
    let pairs = interface.private_ip_addresses.iter().flatten();
    let asked = by.map(|address| address.to_string());
    let pair = pairs.clone().find(|pair| {
        let public = pair.association.as_ref().and_then(|it| it.public_ip.as_ref());
        asked.is_some() && (asked == pair.private_ip_address || asked.as_ref() == public)
    });
    let association = match pair {
        Some(pair) => pair.association.as_ref(),
        None => interface.association.as_ref(),
    };
    let public: Option<IpAddr> =
        association.and_then(|it| it.public_ip.as_deref()).and_then(|ip| ip.parse().ok());
    let six = interface.ipv6_addresses.iter().flatten().find_map(|it| it.ipv6_address.as_deref());
    let four = interface.private_ip_address.as_deref();
    let (own, other) = match (v6, pair) {
        (true, _) => (six, four),
        (false, Some(pair)) => (pair.private_ip_address.as_deref(), six),
        (false, None) => (four, six),
    };
    let is_public = by.is_some() && !v6 && by == public && asked.as_deref() != own;
    let address = match by.filter(|_| !is_public) {
        Some(address) => address,
        None => parsed(own, other, &label, v6)?,
    };
    let node = Node {
        address,
        public,
        vpc: interface.vpc_id.unwrap_or_default(),
        subnet: interface.subnet_id.unwrap_or_default(),
        groups: Vec::new(),
        label: label.clone(),
    };
    let groups = interface.groups.unwrap_or_default().into_iter().filter_map(|group| group.group_id);
    Ok(Spot {
        label,
        place: if is_public { Place::Public(node) } else { Place::Node(node) },
        groups: groups.collect(),
        state,
        note: None,
    })
}

/// The address that is asked about; `other` is that of the other kind.
fn parsed(address: Option<&str>, other: Option<&str>, label: &str, v6: bool) -> Result<IpAddr> {
    address.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let (kind, next) =
            if v6 { ("IPv6", "leave `ipv6` out") } else { ("private IPv4", "ask with `ipv6`") };
        let error = Error::invalid(format!("{label} has no {kind} address"));
        if other.is_some() { error.with_next(next) } else { error }
    })
}
