use std::time::Duration;

use aws_sdk_ec2::types::{Volume, VolumeState};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{all, state},
    names::{InstanceId, VolumeId},
};

/// Attaches a volume to an instance of the same zone, or with `detach` takes it away, and waits.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachVolume {
    volume: VolumeId,
    /// Where it goes; to detach, where it is.
    instance: InstanceId,
    /// Default: the next free of /dev/sdf to /dev/sdp.
    device: Option<String>,
    #[serde(default)]
    detach: bool,
    /// To detach although the system does not let go.
    #[serde(default)]
    force: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    volume: String,
    state: String,
    instance: Option<String>,
    device: Option<String>,
}

impl Change for AttachVolume {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("attach_volume", "Attach volume")
        .on("*", &["ec2:DescribeVolumes", "ec2:DescribeInstances"])
        .when("not detach")
        .on(arns::VOLUME, &["ec2:AttachVolume"])
        .on(arns::INSTANCE, &["ec2:AttachVolume"])
        .when("detach")
        .on(arns::VOLUME, &["ec2:DetachVolume"])
        .on(arns::INSTANCE, &["ec2:DetachVolume"])
        .names_no_resource()
        .idempotent()
        .optional()
        .minutes(5);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let volume = described(cx, &self.volume).await?;
        let instance = instance(cx, &self.instance).await?;
        let has = volume.attachments.iter().flatten().find_map(|it| it.instance_id.as_deref());
        let ec2 = &cx.client().ec2;
        if self.detach {
            if has != Some(self.instance.as_str()) {
                return Err(Error::conflict(format!("{} is not attached to {}", self.volume, self.instance))
                    .with_next("list_volumes shows where it is"));
            }
            let request =
                ec2.detach_volume().volume_id(self.volume.as_str()).instance_id(self.instance.as_str());
            would(request.set_force(self.force.then_some(true)).dry_run(true).send()).await?;
            let device = volume.attachments.iter().flatten().find_map(|it| it.device.as_deref());
            let mut plan = Plan::new(format!("detach {} from {}", self.volume, self.instance));
            if device.is_some() && device == instance.root_device_name.as_deref() {
                plan = plan.warning("it is the volume that the instance starts from");
            }
            if state(&instance) == "running" {
                plan =
                    plan.warning("the instance runs: unmount it there first, or what is not written is lost");
            }
            if self.force {
                plan = plan.warning("by force: its file system may be damaged").ask();
            }
            return Ok(plan.state(json!([has, state(&instance)])));
        }
        if let Some(has) = has {
            return Err(Error::conflict(format!("{} is attached to {has}", self.volume))
                .with_next("attach_volume with detach first"));
        }
        let (zone, own) = (
            &volume.availability_zone,
            instance.placement.as_ref().and_then(|it| it.availability_zone.as_ref()),
        );
        if own.is_some() && zone.as_ref() != own {
            return Err(Error::invalid(format!(
                "{} is in {}, {} in {}",
                self.volume,
                zone.as_deref().unwrap_or("?"),
                self.instance,
                own.map_or("?", |zone| zone.as_str())
            ))
            .with_next("create_snapshot of it, and create_volume from that in the instance's zone"));
        }
        let device = self.device(&instance)?;
        would(
            ec2.attach_volume()
                .volume_id(self.volume.as_str())
                .instance_id(self.instance.as_str())
                .device(&device)
                .dry_run(true)
                .send(),
        )
        .await?;
        Ok(Plan::new(format!("attach {} to {} as {device}", self.volume, self.instance))
            .state(json!(state(&instance))))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let ec2 = &cx.client().ec2;
        let (volume, id) = (self.volume.as_str(), self.instance.as_str());
        let wanted = if self.detach {
            let request = ec2.detach_volume().volume_id(volume).instance_id(id);
            request.set_force(self.force.then_some(true)).send().await?;
            VolumeState::Available
        } else {
            let device = self.device(&instance(cx, &self.instance).await?)?;
            ec2.attach_volume().volume_id(volume).instance_id(id).device(device).send().await?;
            VolumeState::InUse
        };
        let done = settled(cx, &self.volume, &wanted).await?;
        let attachment = done.attachments.unwrap_or_default().into_iter().next();
        Ok(One(Done {
            volume: self.volume.to_string(),
            state: done.state.map(|state| state.to_string()).unwrap_or_default(),
            instance: attachment.as_ref().and_then(|it| it.instance_id.clone()),
            device: attachment.and_then(|it| it.device),
        }))
    }
}

impl AttachVolume {
    fn device(&self, instance: &aws_sdk_ec2::types::Instance) -> Result<String> {
        if let Some(device) = &self.device {
            return Ok(device.clone());
        }
        let taken: Vec<&str> = instance
            .block_device_mappings
            .iter()
            .flatten()
            .filter_map(|disk| disk.device_name.as_deref())
            .collect();
        ('f'..='p')
            .map(|letter| format!("/dev/sd{letter}"))
            .find(|device| {
                !taken.contains(&device.as_str()) && !taken.contains(&device.replace("/sd", "/xvd").as_str())
            })
            .ok_or_else(|| {
                Error::conflict("all of /dev/sdf to /dev/sdp are taken").with_next("give `device`")
            })
    }
}

async fn described(cx: &Call<Ec2>, id: &VolumeId) -> Result<Volume> {
    let out = cx.client().ec2.describe_volumes().volume_ids(id.as_str()).send().await?;
    out.volumes.unwrap_or_default().pop().ok_or_else(|| Error::not_found(format!("there is no volume {id}")))
}

async fn instance(cx: &Call<Ec2>, id: &InstanceId) -> Result<aws_sdk_ec2::types::Instance> {
    let found = all(cx, std::slice::from_ref(id)).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found(format!("there is no instance {id}")))
}

async fn settled(cx: &Call<Ec2>, id: &VolumeId, wanted: &VolumeState) -> Result<Volume> {
    const TRIES: u64 = 90;
    for tried in 0..TRIES {
        let volume = described(cx, id).await?;
        if volume.state.as_ref() == Some(wanted) {
            return Ok(volume);
        }
        cx.progress(tried, Some(TRIES), format!("waiting for {wanted}"));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Err(Error::timeout(format!("AWS took it, but {id} is not {wanted} yet"))
        .with_next("list_volumes shows when it is; a volume still mounted does not let go"))
}
