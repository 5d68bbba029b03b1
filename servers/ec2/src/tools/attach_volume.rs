use std::time::Duration;

use aws_sdk_ec2::types::{Instance, Volume, VolumeAttachment, VolumeAttachmentState, VolumeState};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, Waited};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{one, state},
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
    /// The device: that which it gets, or has.
    type Items = Option<String>;
    const SPEC: Spec = Spec::write("attach_volume", "Attach volume")
        .shown_by("list_volumes")
        .on("*", &["ec2:DescribeVolumes", "ec2:DescribeInstances"])
        .when("not detach")
        .on(arns::VOLUME, &["ec2:AttachVolume"])
        .on(arns::INSTANCE, &["ec2:AttachVolume"])
        .when("detach")
        .on(arns::VOLUME, &["ec2:DetachVolume"])
        .on(arns::INSTANCE, &["ec2:DetachVolume"])
        .names_no_resource()
        .optional()
        .minutes(5);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Option<String>>> {
        let volume = described(cx, &self.volume).await?;
        let instance = one(cx, &self.instance).await?;
        if self.detach {
            return self.detaching(cx, &volume, &instance).await;
        }
        // A volume that may be attached to several is free for each that does not have it yet.
        let is_shared = volume.multi_attach_enabled == Some(true);
        let has = if is_shared {
            of(&volume, self.instance.as_str()).map(|_| self.instance.as_str())
        } else {
            user(&volume)
        };
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
        let request = cx.client().ec2.attach_volume().volume_id(self.volume.as_str());
        let request = request.instance_id(self.instance.as_str()).device(&device);
        would(request.dry_run(true).send()).await?;
        Ok(Plan::new(format!("attach {} to {} as {device}", self.volume, self.instance))
            .state(json!(state(&instance)))
            .items(Some(device)))
    }

    async fn apply(self, device: Option<String>, cx: &Call<Ec2>) -> Result<Self::Output> {
        let ec2 = &cx.client().ec2;
        let (volume, id) = (self.volume.as_str(), self.instance.as_str());
        // AWS attaches only what is free, and detaches only from the instance and the device that are named.
        if self.detach {
            let request = ec2.detach_volume().volume_id(volume).instance_id(id).set_device(device);
            request.set_force(self.force.then_some(true)).send().await?;
        } else {
            ec2.attach_volume().volume_id(volume).instance_id(id).set_device(device).send().await?;
        }
        let done = self.settled(cx).await?;
        let attachment = of(&done, id).or_else(|| done.attachments.iter().flatten().next());
        Ok(One(Done {
            volume: self.volume.to_string(),
            instance: attachment.and_then(|it| it.instance_id.clone()),
            device: attachment.and_then(|it| it.device.clone()),
            state: done.state.map(|state| state.to_string()).unwrap_or_default(),
        }))
    }
}

impl AttachVolume {
    /// The plan of taking it away.
    async fn detaching(
        &self,
        cx: &Call<Ec2>,
        volume: &Volume,
        instance: &Instance,
    ) -> Result<Plan<Option<String>>> {
        let is_here = |it: &&VolumeAttachment| it.instance_id.as_deref() == Some(self.instance.as_str());
        let Some(attachment) = volume.attachments.iter().flatten().find(is_here) else {
            return Err(Error::conflict(format!("{} is not attached to {}", self.volume, self.instance))
                .with_next("list_volumes shows where it is"));
        };
        let device = attachment.device.clone();
        let request = cx.client().ec2.detach_volume().volume_id(self.volume.as_str());
        let request = request.instance_id(self.instance.as_str()).set_device(device.clone());
        would(request.set_force(self.force.then_some(true)).dry_run(true).send()).await?;
        let mut plan = Plan::new(format!("detach {} from {}", self.volume, self.instance));
        if device.is_some() && device == instance.root_device_name {
            plan = plan.warning("it is the volume that the instance starts from");
        }
        if state(instance) == "running" {
            plan = plan.warning("the instance runs: unmount it there first, or what is not written is lost");
        }
        if self.force {
            plan = plan.warning("by force: its file system may be damaged").ask();
        }
        Ok(plan.state(json!(state(instance))).items(device))
    }

    fn device(&self, instance: &Instance) -> Result<String> {
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

/// The instance that has it.
fn user(volume: &Volume) -> Option<&str> {
    volume.attachments.iter().flatten().find_map(|it| it.instance_id.as_deref())
}

/// What this instance has of it.
fn of<'a>(volume: &'a Volume, instance: &str) -> Option<&'a VolumeAttachment> {
    volume.attachments.iter().flatten().find(|it| it.instance_id.as_deref() == Some(instance))
}

impl AttachVolume {
    /// Whether the volume is where it is wanted. Others may have it too, so that its state alone does not tell.
    fn is_there(&self, volume: &Volume) -> bool {
        let own = of(volume, self.instance.as_str());
        let state = own.and_then(|it| it.state.as_ref());
        match self.detach {
            true => {
                let is_gone = own.is_none() || state == Some(&VolumeAttachmentState::Detached);
                is_gone && (volume.state == Some(VolumeState::Available) || user(volume).is_some())
            }
            false => {
                let is_attached = state.is_none_or(|state| *state == VolumeAttachmentState::Attached);
                own.is_some() && is_attached && volume.state == Some(VolumeState::InUse)
            }
        }
    }

    /// Waits until it is; a note says so where it is not yet.
    async fn settled(&self, cx: &Call<Ec2>) -> Result<Volume> {
        const PATIENCE: Duration = Duration::from_secs(3 * 60);
        let wanted = if self.detach { "detached" } else { "attached" };
        let look = || async {
            let volume = described(cx, &self.volume).await?;
            Ok(match self.is_there(&volume) {
                true => Waited::Ready(volume),
                false => Waited::Still(format!("waiting until it is {wanted}")),
            })
        };
        match cx.until(PATIENCE, look).await? {
            Waited::Ready(volume) => Ok(volume),
            Waited::Still(_) => {
                cx.note(format!(
                    "AWS took it, but it is not {wanted} yet: list_volumes shows when it is; a volume still mounted does \
                     not let go"
                ));
                described(cx, &self.volume).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_that_others_have_too_is_looked_at_by_its_own_attachment() {
        let call = |detach: bool| -> AttachVolume {
            let ask = json!({"volume": "vol-01234567", "instance": "i-01234567", "detach": detach});
            serde_json::from_value(ask).unwrap()
        };
        let by = |id: &str, state| VolumeAttachment::builder().instance_id(id).state(state).build();
        let volume = |attachments: &[VolumeAttachment]| {
            let state = if attachments.is_empty() { VolumeState::Available } else { VolumeState::InUse };
            Volume::builder().state(state).set_attachments(Some(attachments.to_vec())).build()
        };
        let other = by("i-76543210", VolumeAttachmentState::Attached);
        let (attaching, own) = (
            by("i-01234567", VolumeAttachmentState::Attaching),
            by("i-01234567", VolumeAttachmentState::Attached),
        );
        assert!(call(false).is_there(&volume(&[other.clone(), own.clone()])));
        assert!(!call(false).is_there(&volume(&[other.clone(), attaching])));
        assert!(!call(false).is_there(&volume(std::slice::from_ref(&other))));
        assert!(call(true).is_there(&volume(std::slice::from_ref(&other))));
        assert!(call(true).is_there(&volume(&[])));
        assert!(!call(true).is_there(&volume(&[other, own])));
    }
}
