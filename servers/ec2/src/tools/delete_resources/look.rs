//! What there is of the things that are to go, and what uses them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    Image, LaunchTemplateVersion, NatGateway, NetworkInterface, Reservation, RouteTable, SecurityGroup,
    Volume,
};
use awsmcp_mcp::{Call, Error, Result};
use serde_json::{Value, json};

use super::thing::Thing;
use crate::{
    Ec2,
    rules::{Peer, of_group},
    sharing,
    tags::{Filters, name},
    times::age_days,
};

/// A thing as it is now.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) thing: Thing,
    pub(super) name: Option<String>,
    pub(super) about: String,
    /// What it is compared by, right before it goes.
    pub(super) facts: Value,
    /// What it names or holds: the snapshots of an image, the groups in a group's rules.
    pub(super) holds: Vec<String>,
    /// Who uses it, and how that ends.
    pub(super) user: Option<(String, &'static str)>,
}

impl Looked {
    /// Why it cannot go.
    pub(super) fn kept(&self) -> Option<Error> {
        let (user, next) = self.user.as_ref()?;
        Some(Error::conflict(user.clone()).with_next(*next))
    }

    /// The row of a plan.
    pub(super) fn row(&self) -> Value {
        json!({"kind": self.thing.kind(), "id": self.thing.id(), "name": self.name, "about": self.about})
    }
}

/// These things, in their order.
///
/// # Errors
/// When one does not exist.
pub(super) async fn look(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let mut found = Vec::new();
    found.extend(images(cx, things).await?);
    found.extend(volumes(cx, things).await?);
    found.extend(snapshots(cx, things).await?);
    found.extend(interfaces(cx, things).await?);
    found.extend(groups(cx, things).await?);
    found.extend(addresses(cx, things).await?);
    found.extend(key_pairs(cx, things).await?);
    found.extend(nat_gateways(cx, things).await?);
    Ok(found)
}

/// What a reader must not miss.
pub(super) async fn warnings(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<String>> {
    let has = |kind: &str| things.iter().any(|thing| thing.kind() == kind);
    let mut warnings = Vec::new();
    let images = ids(things, |thing| matches!(thing, Thing::Image { .. }));
    if !images.is_empty() {
        let templates = cx.part("launch templates of the images", templates_of(cx, &images).await);
        let templates: Vec<String> = templates.into_iter().flatten().collect();
        if !templates.is_empty() {
            warnings.push(format!(
                "these launch templates launch them in their default or latest version, and so whatever scales by them fails \
                 to: {}",
                templates.join(", ")
            ));
        }
        let users = users_of(cx, images).await?;
        if !users.is_empty() {
            warnings.push(format!(
                "instances of these images run on, but none can be launched any more: {}",
                users.join(", ")
            ));
        }
    }
    warnings.extend(sharing::images(cx, &ids(things, |thing| matches!(thing, Thing::Image { .. }))).await);
    warnings
        .extend(sharing::snapshots(cx, &ids(things, |thing| matches!(thing, Thing::Snapshot { .. }))).await);
    if has("volume") {
        warnings.push("what is on the volumes is lost unless a snapshot of it exists".to_owned());
    }
    if has("address") {
        warnings.push(
            "AWS gives a released address to others: DNS records and allow-lists that name it must go first"
                .to_owned(),
        );
    }
    if has("NAT gateway") {
        let gateways = ids(things, |thing| matches!(thing, Thing::NatGateway { .. }));
        let tables = tables_of(cx, gateways).await?;
        if !tables.is_empty() {
            warnings.push(format!("routes to them lead nowhere then: of {}", tables.join(", ")));
        }
        warnings
            .push("their addresses stay, and cost: `addresses` releases them when they are gone".to_owned());
    }
    if has("key pair") {
        warnings.push(
            "instances keep the public key of a deleted pair: whoever has the private key still gets in"
                .to_owned(),
        );
    }
    Ok(warnings)
}

fn ids(things: &[Thing], of_kind: impl Fn(&Thing) -> bool) -> Vec<String> {
    things.iter().filter(|thing| of_kind(thing)).map(|thing| thing.id().to_owned()).collect()
}

/// The launch templates whose default or latest version is of these images.
async fn templates_of(cx: &Call<Ec2>, images: &[String]) -> Result<BTreeSet<String>> {
    let request =
        cx.client().ec2.describe_launch_template_versions().versions("$Default").versions("$Latest");
    let request = request.set_filters(Filters::default().any("image-id", images).build());
    let found: Vec<LaunchTemplateVersion> = request.into_paginator().items().send().try_collect().await?;
    let is_of = |version: &LaunchTemplateVersion| {
        let data = version.launch_template_data.as_ref();
        data.and_then(|data| data.image_id.as_ref()).is_some_and(|image| images.contains(image))
    };
    let label = |version: LaunchTemplateVersion| {
        let id = version.launch_template_id.unwrap_or_default();
        version.launch_template_name.map_or_else(|| id.clone(), |name| format!("{name} ({id})"))
    };
    Ok(found.into_iter().filter(is_of).map(label).collect())
}

/// Instances that are of these images.
async fn users_of(cx: &Call<Ec2>, images: Vec<String>) -> Result<Vec<String>> {
    let filters =
        Filters::default().any("image-id", &images).any("instance-state-name", crate::instances::ALIVE);
    let request = cx.client().ec2.describe_instances().set_filters(filters.build());
    let found: Vec<Reservation> = request.into_paginator().items().send().try_collect().await?;
    let instances = found.into_iter().flat_map(|it| it.instances.unwrap_or_default());
    Ok(instances.filter_map(|instance| instance.instance_id).take(10).collect())
}

async fn images(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Image { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    // A disabled image is still one, and holds its snapshots.
    let request = cx.client().ec2.describe_images().set_image_ids(Some(wanted)).include_disabled(true);
    let found = request.send().await?.images.unwrap_or_default();
    Ok(found.into_iter().filter_map(|image| of_image(image, things)).collect())
}

fn of_image(image: Image, things: &[Thing]) -> Option<Looked> {
    let id = image.image_id?;
    let thing = things.iter().find(|thing| matches!(thing, Thing::Image { .. }) && thing.id() == id)?;
    let disks = image.block_device_mappings.unwrap_or_default().into_iter();
    let snapshots: Vec<String> = disks.filter_map(|disk| disk.ebs?.snapshot_id).collect();
    let created = image.creation_date.unwrap_or_default();
    let rest = match thing {
        Thing::Image { with_snapshots: true, .. } => "go too",
        _ => "stay, and cost",
    };
    let of = if snapshots.is_empty() { String::new() } else { format!(": {}", snapshots.join(" ")) };
    Some(Looked {
        about: format!("created {created}, {} snapshots {rest}{of}", snapshots.len()),
        facts: json!([created, image.name, image.state.map(|state| state.to_string()), snapshots]),
        thing: thing.clone(),
        name: image.name,
        holds: snapshots,
        user: None,
    })
}

async fn volumes(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Volume { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let out = cx.client().ec2.describe_volumes().set_volume_ids(Some(wanted)).send().await?;
    Ok(out.volumes.unwrap_or_default().into_iter().map(of_volume).collect())
}

fn of_volume(volume: Volume) -> Looked {
    let id = volume.volume_id.clone().unwrap_or_default();
    let user = volume.attachments.iter().flatten().find_map(|it| it.instance_id.clone());
    let age = volume.create_time.as_ref().map(age_days).unwrap_or_default();
    Looked {
        name: name(volume.tags.as_ref()),
        about: format!("{} GiB, {age} days old", volume.size.unwrap_or_default()),
        facts: json!([user, volume.size, volume.create_time.map(|time| time.secs())]),
        holds: Vec::new(),
        user: user.map(|user| (format!("{id} is attached to {user}"), "attach_volume with detach first")),
        thing: Thing::Volume { id },
    }
}

async fn snapshots(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Snapshot { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let out = cx.client().ec2.describe_snapshots().set_snapshot_ids(Some(wanted)).send().await?;
    let looked = out.snapshots.unwrap_or_default().into_iter().map(|snapshot| {
        let age = snapshot.start_time.as_ref().map(age_days).unwrap_or_default();
        let (volume, size) =
            (snapshot.volume_id.unwrap_or_default(), snapshot.volume_size.unwrap_or_default());
        Looked {
            name: name(snapshot.tags.as_ref()),
            about: format!("of {volume}, {size} GiB, {age} days old"),
            facts: json!([volume, size, snapshot.start_time.map(|time| time.secs())]),
            holds: Vec::new(),
            user: None,
            thing: Thing::Snapshot { id: snapshot.snapshot_id.unwrap_or_default() },
        }
    });
    Ok(looked.collect())
}

async fn groups(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Group { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ec2 = &cx.client().ec2;
    let filters = Filters::default().any("group-id", &wanted).build();
    let (groups, users) = tokio::try_join!(
        async {
            Result::<_>::Ok(ec2.describe_security_groups().set_group_ids(Some(wanted.clone())).send().await?)
        },
        async {
            let request = ec2.describe_network_interfaces().set_filters(filters);
            let users: Vec<NetworkInterface> = request.into_paginator().items().send().try_collect().await?;
            Result::<_>::Ok(users)
        },
    )?;
    // One that goes before is no user.
    let goes = |user: &NetworkInterface| {
        let id = user.network_interface_id.as_deref().unwrap_or_default();
        things.iter().any(|thing| matches!(thing, Thing::Interface { .. }) && thing.id() == id)
    };
    let users: Vec<NetworkInterface> = users.into_iter().filter(|user| !goes(user)).collect();
    Ok(groups
        .security_groups
        .unwrap_or_default()
        .into_iter()
        .map(|group| of_security_group(group, &users))
        .collect())
}

fn of_security_group(group: SecurityGroup, users: &[NetworkInterface]) -> Looked {
    let id = group.group_id.clone().unwrap_or_default();
    let is_in = |user: &&NetworkInterface| {
        user.groups.as_ref().is_none_or(|groups| groups.iter().any(|it| it.group_id.as_deref() == Some(&id)))
    };
    let user = users.iter().find(is_in).and_then(|user| user.network_interface_id.as_deref());
    let rules = of_group(&group);
    let mut texts: Vec<String> = rules.iter().map(ToString::to_string).collect();
    texts.sort();
    let named = rules.into_iter().filter_map(|rule| match rule.peer {
        Peer::Group(id) => Some(id),
        _ => None,
    });
    Looked {
        holds: named.collect(),
        about: format!("{} rules, in {}", texts.len(), group.vpc_id.unwrap_or_default()),
        facts: json!([group.group_name, texts]),
        name: group.group_name,
        user: user.map(|user| {
            (format!("{user} is in the security group {id}"), "list_security_groups shows who uses them")
        }),
        thing: Thing::Group { id: id.clone() },
    }
}

async fn addresses(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Address { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let out = cx.client().ec2.describe_addresses().set_allocation_ids(Some(wanted)).send().await?;
    let looked = out.addresses.unwrap_or_default().into_iter().map(|address| {
        let id = address.allocation_id.unwrap_or_default();
        let user = address.association_id.as_ref().and(address.instance_id.or(address.network_interface_id));
        Looked {
            name: name(address.tags.as_ref()),
            facts: json!([address.public_ip, address.association_id]),
            about: address.public_ip.unwrap_or_default(),
            holds: Vec::new(),
            user: user.map(|user| {
                let next = "take it away there first; releasing it breaks whoever connects to it";
                (format!("{id} belongs to {user}"), next)
            }),
            thing: Thing::Address { id },
        }
    });
    Ok(looked.collect())
}

async fn interfaces(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::Interface { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let request = cx.client().ec2.describe_network_interfaces().set_network_interface_ids(Some(wanted));
    let out = request.send().await?;
    let looked = out.network_interfaces.unwrap_or_default().into_iter().map(|interface| {
        let id = interface.network_interface_id.unwrap_or_default();
        let attachment = interface.attachment.as_ref();
        // Some belong to no instance but to a service of AWS.
        let user =
            attachment.map(|it| it.instance_id.clone().or(it.instance_owner_id.clone()).unwrap_or_default());
        Looked {
            name: name(interface.tag_set.as_ref()),
            about: [interface.private_ip_address, interface.subnet_id, interface.description]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", "),
            facts: json!([user, interface.interface_type.map(|kind| kind.to_string())]),
            holds: Vec::new(),
            user: user
                .map(|user| (format!("{id} is attached to {user}"), "it goes with what it is attached to")),
            thing: Thing::Interface { id },
        }
    });
    Ok(looked.collect())
}

async fn nat_gateways(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::NatGateway { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let out = cx.client().ec2.describe_nat_gateways().set_nat_gateway_ids(Some(wanted)).send().await?;
    Ok(out.nat_gateways.unwrap_or_default().into_iter().map(of_nat_gateway).collect())
}

fn of_nat_gateway(nat: NatGateway) -> Looked {
    let id = nat.nat_gateway_id.unwrap_or_default();
    let state = nat.state.map(|state| state.to_string()).unwrap_or_default();
    let addresses: Vec<String> =
        nat.nat_gateway_addresses.into_iter().flatten().filter_map(|it| it.public_ip).collect();
    let place = nat.subnet_id.or(nat.vpc_id).unwrap_or_default();
    Looked {
        name: name(nat.tags.as_ref()),
        about: format!("{state}, in {place}, {}", addresses.join(" ")),
        facts: json!([state, addresses]),
        holds: Vec::new(),
        user: matches!(state.as_str(), "deleting" | "deleted")
            .then(|| (format!("{id} is {state} already"), "describe_network shows what is left")),
        thing: Thing::NatGateway { id },
    }
}

/// The route tables that lead to these NAT gateways.
async fn tables_of(cx: &Call<Ec2>, gateways: Vec<String>) -> Result<Vec<String>> {
    let filters = Filters::default().any("route.nat-gateway-id", gateways).build();
    let request = cx.client().ec2.describe_route_tables().set_filters(filters);
    let tables: Vec<RouteTable> = request.into_paginator().items().send().try_collect().await?;
    Ok(tables.into_iter().filter_map(|table| table.route_table_id).collect())
}

async fn key_pairs(cx: &Call<Ec2>, things: &[Thing]) -> Result<Vec<Looked>> {
    let wanted = ids(things, |thing| matches!(thing, Thing::KeyPair { .. }));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let out = cx.client().ec2.describe_key_pairs().set_key_names(Some(wanted)).send().await?;
    let looked = out.key_pairs.unwrap_or_default().into_iter().map(|pair| Looked {
        name: None,
        // One that was made anew under the same name has another id.
        facts: json!([pair.key_pair_id, pair.key_fingerprint]),
        about: pair.key_fingerprint.unwrap_or_default(),
        holds: Vec::new(),
        user: None,
        thing: Thing::KeyPair { name: pair.key_name.unwrap_or_default() },
    });
    Ok(looked.collect())
}
