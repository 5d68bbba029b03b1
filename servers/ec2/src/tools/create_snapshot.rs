use std::collections::BTreeMap;

use aws_sdk_ec2::types::{InstanceSpecification, ResourceType};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    names::{InstanceId, VolumeId},
    tags::{Filters, specification},
};

/// Takes a snapshot of a volume, or of all volumes of an instance at one moment. It is made in the background.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSnapshot {
    volume: Option<VolumeId>,
    instance: Option<InstanceId>,
    description: Option<String>,
    name: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    snapshot: String,
    volume: Option<String>,
    volume_gib: Option<i32>,
    state: Option<String>,
}

impl Change for CreateSnapshot {
    type Service = Ec2;
    type Output = Page<Row>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_snapshot", "Create snapshot")
        .shown_by("list_snapshots")
        .on("*", &["ec2:DescribeVolumes"])
        .when("volume")
        .on(arns::VOLUME, &["ec2:CreateSnapshot"])
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateSnapshot"])
        .when("instance")
        .on(arns::INSTANCE, &["ec2:CreateSnapshots"])
        .on(arns::ANY_VOLUME, &["ec2:CreateSnapshots"])
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateSnapshots"])
        .when("name")
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateTags"])
        .when("tags")
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateTags"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let request = cx.client().ec2.describe_volumes();
        let request = match (&self.volume, &self.instance) {
            (Some(volume), None) => request.volume_ids(volume.as_str()),
            (None, Some(instance)) => request
                .set_filters(Filters::default().any("attachment.instance-id", [instance.as_str()]).build()),
            _ => return Err(Error::invalid("give `volume` or `instance`, one of them")),
        };
        let volumes = request.send().await?.volumes.unwrap_or_default();
        if volumes.is_empty() {
            return Err(Error::not_found("there is no volume to take a snapshot of")
                .with_next("list_volumes shows them"));
        }
        self.take(cx, true).await?;
        let mut plan = Plan::new(format!("take a snapshot of {}", counted(volumes.len(), "volume")));
        for volume in &volumes {
            plan = plan.row(
                json!({"volume": volume.volume_id, "size_gib": volume.size, "encrypted": volume.encrypted}),
            );
        }
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let rows = self.take(cx, false).await?;
        cx.note("AWS makes them in the background: list_snapshots shows how far");
        Ok(cx.page(rows, None))
    }
}

impl CreateSnapshot {
    async fn take(&self, cx: &Call<Ec2>, dry: bool) -> Result<Vec<Row>> {
        let ec2 = &cx.client().ec2;
        let tags =
            specification(ResourceType::Snapshot, self.name.as_deref(), &self.tags).map(|tags| vec![tags]);
        let row = |id: Option<String>, volume, volume_gib, state: Option<String>| Row {
            snapshot: id.unwrap_or_default(),
            volume,
            volume_gib,
            state,
        };
        if let Some(volume) = &self.volume {
            let request = ec2
                .create_snapshot()
                .volume_id(volume.as_str())
                .set_description(self.description.clone())
                .set_tag_specifications(tags);
            if dry {
                return would(request.dry_run(true).send()).await.map(|()| Vec::new());
            }
            let out = request.send().await?;
            return Ok(vec![row(
                out.snapshot_id,
                out.volume_id,
                out.volume_size,
                out.state.map(|it| it.to_string()),
            )]);
        }
        let instance = self.instance.clone().map(String::from).unwrap_or_default();
        let request = ec2
            .create_snapshots()
            .instance_specification(InstanceSpecification::builder().instance_id(instance).build())
            .set_description(self.description.clone())
            .set_tag_specifications(tags);
        if dry {
            return would(request.dry_run(true).send()).await.map(|()| Vec::new());
        }
        let out = request.send().await?;
        Ok(out
            .snapshots
            .unwrap_or_default()
            .into_iter()
            .map(|it| {
                row(it.snapshot_id, it.volume_id, it.volume_size, it.state.map(|state| state.to_string()))
            })
            .collect())
    }
}
