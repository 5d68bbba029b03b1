use std::collections::BTreeMap;

use aws_sdk_ec2::{
    operation::create_volume::builders::CreateVolumeFluentBuilder,
    types::{ResourceType, VolumeType},
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Ec2, arns, dry_run::would, names::SnapshotId, tags::specification};

/// Creates an encrypted volume, empty or from a snapshot; attach_volume then gives it to an instance of its zone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateVolume {
    /// `us-east-1a`
    zone: String,
    /// Default: the snapshot's.
    #[schemars(range(min = 1, max = 65536))]
    size_gib: Option<i32>,
    snapshot: Option<SnapshotId>,
    #[serde(default)]
    volume_type: Kind,
    iops: Option<i32>,
    throughput_mib: Option<i32>,
    name: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Gp3,
    Io2,
    St1,
    Sc1,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    volume: String,
    size_gib: Option<i32>,
    zone: Option<String>,
    encrypted: Option<bool>,
    state: Option<String>,
}

impl Change for CreateVolume {
    type Service = Ec2;
    type Output = One<Made>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_volume", "Create volume")
        .shown_by("list_volumes")
        .on(arns::ANY_VOLUME, &["ec2:CreateVolume"])
        .when("snapshot")
        .on(arns::SNAPSHOT, &["ec2:CreateVolume"])
        .on("*", &["ec2:DescribeSnapshots"])
        .when("name")
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .when("tags")
        .on(arns::ANY_VOLUME, &["ec2:CreateTags"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let mut plan = Plan::new(match (&self.snapshot, self.size_gib) {
            (None, None) => {
                return Err(Error::invalid("give `size_gib`, such as 20, or a `snapshot`"));
            }
            (Some(snapshot), size) => {
                let out = cx.client().ec2.describe_snapshots().snapshot_ids(snapshot.as_str()).send().await?;
                let own =
                    out.snapshots.unwrap_or_default().pop().and_then(|it| it.volume_size).unwrap_or_default();
                if size.is_some_and(|size| size < own) {
                    return Err(Error::invalid(format!("{snapshot} needs at least {own} GiB")));
                }
                format!("create a volume of {} GiB from {snapshot} in {}", size.unwrap_or(own), self.zone)
            }
            (None, Some(size)) => format!("create an empty volume of {size} GiB in {}", self.zone),
        });
        would(self.request(cx).dry_run(true).send()).await?;
        plan = plan.row(json!({"type": VolumeType::from(self.volume_type).as_str(), "encrypted": true, "name": self.name}));
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let out = self.request(cx).send().await?;
        Ok(One(Made {
            volume: out.volume_id.unwrap_or_default(),
            size_gib: out.size,
            zone: out.availability_zone,
            encrypted: out.encrypted,
            state: out.state.map(|state| state.to_string()),
        }))
    }
}

impl From<Kind> for VolumeType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Gp3 => VolumeType::Gp3,
            Kind::Io2 => VolumeType::Io2,
            Kind::St1 => VolumeType::St1,
            Kind::Sc1 => VolumeType::Sc1,
        }
    }
}

impl CreateVolume {
    fn request(&self, cx: &Call<Ec2>) -> CreateVolumeFluentBuilder {
        cx.client()
            .ec2
            .create_volume()
            .availability_zone(&self.zone)
            .set_size(self.size_gib)
            .set_snapshot_id(self.snapshot.clone().map(String::from))
            .volume_type(self.volume_type.into())
            .set_iops(self.iops)
            .set_throughput(self.throughput_mib)
            .encrypted(true)
            .set_tag_specifications(
                specification(ResourceType::Volume, self.name.as_deref(), &self.tags).map(|tags| vec![tags]),
            )
    }
}
