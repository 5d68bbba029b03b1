use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Ec2, arns,
    dry_run::would,
    names::{AllocationId, GroupId, ImageId, KeyPairName, SnapshotId, VolumeId},
    parts::counted,
    tags::{Filters, name},
    times::age_days,
};

/// Deletes volumes, snapshots, images, security groups, addresses and key pairs. The plan shows what uses them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteResources {
    #[schemars(length(max = 50))]
    #[serde(default)]
    volumes: Vec<VolumeId>,
    #[schemars(length(max = 50))]
    #[serde(default)]
    snapshots: Vec<SnapshotId>,
    #[schemars(length(max = 50))]
    #[serde(default)]
    images: Vec<ImageId>,
    /// The images' own snapshots too.
    #[serde(default)]
    with_snapshots: bool,
    #[schemars(length(max = 50))]
    #[serde(default)]
    security_groups: Vec<GroupId>,
    /// Allocation ids.
    #[schemars(length(max = 50))]
    #[serde(default)]
    addresses: Vec<AllocationId>,
    /// Names.
    #[schemars(length(max = 50))]
    #[serde(default)]
    key_pairs: Vec<KeyPairName>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    outcome: String,
}

/// One thing that is to go.
enum Thing<'a> {
    Image(&'a str),
    Volume(&'a str),
    Snapshot(&'a str),
    Group(&'a str),
    Address(&'a str),
    KeyPair(&'a str),
}

impl Change for DeleteResources {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = ();
    const SPEC: Spec = Spec::destroy("delete_resources", "Delete resources")
        .when("volumes")
        .on("*", &["ec2:DescribeVolumes"])
        .on(arns::VOLUMES, &["ec2:DeleteVolume"])
        .when("snapshots")
        .on("*", &["ec2:DescribeSnapshots"])
        .on(arns::SNAPSHOTS, &["ec2:DeleteSnapshot"])
        .when("images")
        .on("*", &["ec2:DescribeImages", "ec2:DescribeInstances"])
        .on(arns::IMAGES, &["ec2:DeregisterImage"])
        .when("images and with_snapshots")
        .on(arns::ANY_SNAPSHOT, &["ec2:DeleteSnapshot"])
        .when("security_groups")
        .on("*", &["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"])
        .on(arns::SECURITY_GROUPS, &["ec2:DeleteSecurityGroup"])
        .when("addresses")
        .on("*", &["ec2:DescribeAddresses"])
        .on(arns::ADDRESSES, &["ec2:ReleaseAddress"])
        .when("key_pairs")
        .on("*", &["ec2:DescribeKeyPairs"])
        .on(arns::KEY_PAIRS, &["ec2:DeleteKeyPair"])
        .names_no_resource()
        .optional()
        .minutes(5);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let things = self.things();
        if things.is_empty() {
            return Err(Error::invalid("name what to delete, such as volumes: [\"vol-0123456789abcdef0\"]"));
        }
        if self.with_snapshots && self.images.is_empty() {
            return Err(Error::invalid("`with_snapshots` goes with `images`"));
        }
        let mut found = Found::default();
        self.look_at_storage(cx, &mut found).await?;
        self.look_at_network(cx, &mut found).await?;
        for thing in &things {
            thing.delete(cx, self.with_snapshots, true).await?;
        }
        let mut plan = Plan::new(format!("delete {}, for good", counted(found.rows.len(), "thing")));
        for warning in found.warnings {
            plan = plan.warning(warning);
        }
        let state = json!(found.rows);
        for row in found.rows {
            plan = plan.row(row);
        }
        Ok(plan.state(state))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let things = self.things();
        let total = u64::try_from(things.len()).ok();
        let mut rows = Vec::new();
        for (done, thing) in things.iter().enumerate() {
            let outcome = match thing.delete(cx, self.with_snapshots, false).await {
                Ok(()) => "deleted".to_owned(),
                // With only one nothing was done, and the reason is the answer.
                Err(error) if things.len() == 1 => return Err(error),
                Err(error) => format!("left: {}", error.message),
            };
            rows.push(Row { id: thing.id().to_owned(), outcome });
            cx.progress(done as u64 + 1, total, "deleting");
        }
        Ok(cx.page(rows, None))
    }
}

/// What there is, and what to say of it.
#[derive(Default)]
struct Found {
    rows: Vec<Value>,
    warnings: Vec<String>,
}

impl Found {
    fn add(&mut self, kind: &str, id: &str, name: Option<String>, about: String) {
        self.rows.push(json!({"kind": kind, "id": id, "name": name, "about": about}));
    }
}

impl DeleteResources {
    /// In the order in which they can go: an image holds its snapshots.
    fn things(&self) -> Vec<Thing<'_>> {
        let images = self.images.iter().map(|id| Thing::Image(id.as_str()));
        let volumes = self.volumes.iter().map(|id| Thing::Volume(id.as_str()));
        let snapshots = self.snapshots.iter().map(|id| Thing::Snapshot(id.as_str()));
        let groups = self.security_groups.iter().map(|id| Thing::Group(id.as_str()));
        let addresses = self.addresses.iter().map(|id| Thing::Address(id.as_str()));
        let pairs = self.key_pairs.iter().map(|name| Thing::KeyPair(name.as_str()));
        images.chain(volumes).chain(snapshots).chain(groups).chain(addresses).chain(pairs).collect()
    }

    async fn look_at_storage(&self, cx: &Call<Ec2>, found: &mut Found) -> Result<()> {
        let ec2 = &cx.client().ec2;
        if !self.images.is_empty() {
            let ids: Vec<String> = self.images.iter().map(ToString::to_string).collect();
            let filters =
                Filters::default().any("image-id", &ids).any("instance-state-name", crate::instances::ALIVE);
            let (images, users) = tokio::try_join!(
                async {
                    Result::<_>::Ok(ec2.describe_images().set_image_ids(Some(ids.clone())).send().await?)
                },
                async {
                    Result::<_>::Ok(ec2.describe_instances().set_filters(filters.build()).send().await?)
                },
            )?;
            for image in images.images.unwrap_or_default() {
                let snapshots = image
                    .block_device_mappings
                    .iter()
                    .flatten()
                    .filter(|disk| disk.ebs.as_ref().is_some_and(|ebs| ebs.snapshot_id.is_some()))
                    .count();
                let rest = if self.with_snapshots { "go too" } else { "stay, and cost" };
                let about = format!(
                    "created {}, {snapshots} snapshots {rest}",
                    image.creation_date.unwrap_or_default()
                );
                found.add("image", image.image_id.as_deref().unwrap_or_default(), image.name, about);
            }
            let users: Vec<String> = users
                .reservations
                .unwrap_or_default()
                .into_iter()
                .flat_map(|it| it.instances.unwrap_or_default())
                .filter_map(|instance| instance.instance_id)
                .take(10)
                .collect();
            if !users.is_empty() {
                found.warnings.push(format!(
                    "instances of these images run on, but none can be launched any more: {}",
                    users.join(", ")
                ));
            }
        }
        if !self.volumes.is_empty() {
            let ids = self.volumes.iter().map(ToString::to_string).collect();
            for volume in
                ec2.describe_volumes().set_volume_ids(Some(ids)).send().await?.volumes.unwrap_or_default()
            {
                let id = volume.volume_id.clone().unwrap_or_default();
                let user = volume.attachments.iter().flatten().find_map(|it| it.instance_id.clone());
                if let Some(user) = user {
                    return Err(Error::conflict(format!("{id} is attached to {user}"))
                        .with_next("attach_volume with detach first"));
                }
                let age = volume.create_time.as_ref().map(age_days).unwrap_or_default();
                let about = format!("{} GiB, {age} days old", volume.size.unwrap_or_default());
                found.add("volume", &id, name(volume.tags.as_ref()), about);
            }
            found.warnings.push("what is on the volumes is lost unless a snapshot of it exists".to_owned());
        }
        if !self.snapshots.is_empty() {
            let ids = self.snapshots.iter().map(ToString::to_string).collect();
            let out = ec2.describe_snapshots().set_snapshot_ids(Some(ids)).send().await?;
            for snapshot in out.snapshots.unwrap_or_default() {
                let age = snapshot.start_time.as_ref().map(age_days).unwrap_or_default();
                let about = format!(
                    "of {}, {} GiB, {age} days old",
                    snapshot.volume_id.unwrap_or_default(),
                    snapshot.volume_size.unwrap_or_default()
                );
                let id = snapshot.snapshot_id.unwrap_or_default();
                found.add("snapshot", &id, name(snapshot.tags.as_ref()), about);
            }
        }
        Ok(())
    }

    async fn look_at_network(&self, cx: &Call<Ec2>, found: &mut Found) -> Result<()> {
        let ec2 = &cx.client().ec2;
        if !self.security_groups.is_empty() {
            let ids: Vec<String> = self.security_groups.iter().map(ToString::to_string).collect();
            let filters = Filters::default().any("group-id", &ids).build();
            let (groups, users) = tokio::try_join!(
                async {
                    Result::<_>::Ok(
                        ec2.describe_security_groups().set_group_ids(Some(ids.clone())).send().await?,
                    )
                },
                async {
                    Result::<_>::Ok(ec2.describe_network_interfaces().set_filters(filters).send().await?)
                },
            )?;
            if let Some(user) = users.network_interfaces.unwrap_or_default().into_iter().next() {
                let id = user.network_interface_id.unwrap_or_default();
                return Err(Error::conflict(format!("{id} is in one of these security groups"))
                    .with_next("list_security_groups shows who uses them"));
            }
            for group in groups.security_groups.unwrap_or_default() {
                let rules = crate::rules::of_group(&group).len();
                let about = format!("{rules} rules, in {}", group.vpc_id.unwrap_or_default());
                found.add(
                    "security group",
                    group.group_id.as_deref().unwrap_or_default(),
                    group.group_name,
                    about,
                );
            }
        }
        if !self.addresses.is_empty() {
            let ids = self.addresses.iter().map(ToString::to_string).collect();
            let out = ec2.describe_addresses().set_allocation_ids(Some(ids)).send().await?;
            for address in out.addresses.unwrap_or_default() {
                let id = address.allocation_id.unwrap_or_default();
                if let Some(user) =
                    address.association_id.and(address.instance_id.or(address.network_interface_id))
                {
                    return Err(Error::conflict(format!("{id} belongs to {user}"))
                        .with_next("take it away there first; releasing it breaks whoever connects to it"));
                }
                let about = address.public_ip.unwrap_or_default();
                found.add("address", &id, name(address.tags.as_ref()), about);
            }
            found.warnings.push("AWS gives a released address to others: DNS records and allow-lists that name it must go first".to_owned());
        }
        if !self.key_pairs.is_empty() {
            let out = ec2
                .describe_key_pairs()
                .set_key_names(Some(self.key_pairs.iter().map(ToString::to_string).collect()))
                .send()
                .await?;
            for pair in out.key_pairs.unwrap_or_default() {
                let about = pair.key_fingerprint.unwrap_or_default();
                found.add("key pair", pair.key_name.as_deref().unwrap_or_default(), None, about);
            }
            found.warnings.push(
                "instances keep the public key of a deleted pair: whoever has the private key still gets in"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl Thing<'_> {
    fn id(&self) -> &str {
        match self {
            Thing::Image(id)
            | Thing::Volume(id)
            | Thing::Snapshot(id)
            | Thing::Group(id)
            | Thing::Address(id)
            | Thing::KeyPair(id) => id,
        }
    }

    /// Deletes it; `dry` only asks whether it would be done.
    async fn delete(&self, cx: &Call<Ec2>, with_snapshots: bool, dry: bool) -> Result<()> {
        let ec2 = &cx.client().ec2;
        let dry_run = dry.then_some(true);
        match self {
            Thing::Image(id) => {
                let request = ec2.deregister_image().image_id(*id).set_dry_run(dry_run);
                let sent = request.set_delete_associated_snapshots(with_snapshots.then_some(true)).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Thing::Volume(id) => {
                let sent = ec2.delete_volume().volume_id(*id).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Thing::Snapshot(id) => {
                let sent = ec2.delete_snapshot().snapshot_id(*id).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Thing::Group(id) => {
                let sent = ec2.delete_security_group().group_id(*id).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Thing::Address(id) => {
                let sent = ec2.release_address().allocation_id(*id).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
            Thing::KeyPair(name) => {
                let sent = ec2.delete_key_pair().key_name(*name).set_dry_run(dry_run).send();
                if dry { would(sent).await } else { Ok(sent.await.map(drop)?) }
            }
        }
    }
}
