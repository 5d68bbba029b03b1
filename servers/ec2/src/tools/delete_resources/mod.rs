use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec, counted, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Ec2, arns,
    lists::once,
    names::{AllocationId, GroupId, ImageId, InterfaceId, KeyPairName, NatGatewayId, SnapshotId, VolumeId},
};

mod look;
mod order;
mod thing;

use look::look;
use thing::Thing;

/// Deletes volumes, snapshots, images, security groups, addresses, key pairs, NAT gateways and interfaces. The plan shows
/// what uses them.
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
    #[schemars(length(max = 50))]
    #[serde(default)]
    nat_gateways: Vec<NatGatewayId>,
    /// Network interfaces.
    #[schemars(length(max = 50))]
    #[serde(default)]
    interfaces: Vec<InterfaceId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    outcome: String,
}

/// A thing that is to go, and what it was like.
#[derive(Debug, Serialize)]
pub(crate) struct Doomed {
    thing: Thing,
    facts: Value,
}

impl Change for DeleteResources {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = Vec<Doomed>;
    const SPEC: Spec = Spec::destroy("delete_resources", "Delete resources")
        .shown_by("delete_resources")
        .when("volumes")
        .on("*", &["ec2:DescribeVolumes"])
        .on(arns::VOLUMES, &["ec2:DeleteVolume"])
        .when("snapshots")
        .on("*", &["ec2:DescribeSnapshots"])
        .on(arns::SNAPSHOTS, &["ec2:DescribeSnapshotAttribute", "ec2:DeleteSnapshot"])
        .when("images")
        .on("*", &["ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeLaunchTemplateVersions"])
        .on(arns::IMAGES, &["ec2:DescribeImageAttribute", "ec2:DeregisterImage"])
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
        .when("nat_gateways")
        .on("*", &["ec2:DescribeNatGateways", "ec2:DescribeRouteTables"])
        .on(arns::NAT_GATEWAYS, &["ec2:DeleteNatGateway"])
        .when("interfaces")
        .on("*", &["ec2:DescribeNetworkInterfaces"])
        .on(arns::INTERFACES, &["ec2:DeleteNetworkInterface"])
        .names_no_resource()
        .optional()
        .minutes(5);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Vec<Doomed>>> {
        let things = self.things();
        if things.is_empty() {
            return Err(Error::invalid("name what to delete, such as volumes: [\"vol-0123456789abcdef0\"]"));
        }
        if self.with_snapshots && self.images.is_empty() {
            return Err(Error::invalid("`with_snapshots` goes with `images`"));
        }
        let found = order::ordered(look(cx, &things).await?)?;
        for one in &found {
            if let Some(why) = one.kept() {
                return Err(why);
            }
        }
        for one in &found {
            one.thing.delete(cx, true).await?;
        }
        let mut plan = Plan::new(format!("delete {}, for good", counted(found.len(), "thing")));
        for warning in look::warnings(cx, &things).await? {
            plan = plan.warning(warning);
        }
        for one in &found {
            plan = plan.row(one.row());
        }
        let doomed = found.into_iter().map(|one| Doomed { thing: one.thing, facts: one.facts });
        Ok(plan.items(doomed.collect()))
    }

    async fn apply(self, doomed: Vec<Doomed>, cx: &Call<Ec2>) -> Result<Self::Output> {
        let total = u64::try_from(doomed.len()).ok();
        let only = doomed.len() == 1;
        let mut rows = Vec::new();
        for (done, one) in doomed.into_iter().enumerate() {
            let outcome = match one.delete(cx).await {
                Ok(outcome) => outcome,
                // With only one nothing was done, and the reason is the answer.
                Err(error) if only => return Err(error),
                Err(error) => format!("left: {}", error.message),
            };
            rows.push(Row { id: one.thing.id().to_owned(), outcome });
            cx.progress(done as u64 + 1, total, "deleting");
        }
        Ok(cx.page(rows, None))
    }
}

impl Doomed {
    /// Deletes it, if it is still what it was.
    async fn delete(&self, cx: &Call<Ec2>) -> Result<String> {
        let now = look(cx, std::slice::from_ref(&self.thing)).await?.pop();
        match now {
            None => Err(Error::not_found("it is gone already")),
            Some(now) if now.facts != self.facts => Err(now.kept().unwrap_or_else(|| moved(self.thing.id()))),
            Some(_) => self.thing.delete(cx, false).await,
        }
    }
}

impl DeleteResources {
    /// In the order in which they can go: an image holds its snapshots.
    fn things(&self) -> Vec<Thing> {
        let with_snapshots = self.with_snapshots;
        let images = once(&self.images).into_iter().map(|id| Thing::Image { id, with_snapshots });
        let volumes = once(&self.volumes).into_iter().map(|id| Thing::Volume { id });
        let snapshots = once(&self.snapshots).into_iter().map(|id| Thing::Snapshot { id });
        let groups = once(&self.security_groups).into_iter().map(|id| Thing::Group { id });
        let addresses = once(&self.addresses).into_iter().map(|id| Thing::Address { id });
        let pairs = once(&self.key_pairs).into_iter().map(|name| Thing::KeyPair { name });
        let gateways = once(&self.nat_gateways).into_iter().map(|id| Thing::NatGateway { id });
        let interfaces = once(&self.interfaces).into_iter().map(|id| Thing::Interface { id });
        // An interface is in security groups, which can go behind it.
        images
            .chain(volumes)
            .chain(snapshots)
            .chain(interfaces)
            .chain(groups)
            .chain(addresses)
            .chain(pairs)
            .chain(gateways)
            .collect()
    }
}
