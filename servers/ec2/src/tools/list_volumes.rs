use aws_sdk_ec2::types::Volume;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    names::{InstanceId, VolumeId},
    paging::Paging,
    tags::{Filters, name},
    times::age_seconds,
};

/// Lists volumes with size, type, encryption and the instance that has them; `unattached` finds those that nothing uses.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListVolumes {
    /// Tag Name: its start, or `*-data`.
    name: Option<String>,
    tag: Option<String>,
    instance: Option<InstanceId>,
    #[serde(default)]
    unattached: bool,
    encrypted: Option<bool>,
    /// `gp2`
    volume_type: Option<String>,
    #[schemars(length(max = 200))]
    #[serde(default)]
    volumes: Vec<VolumeId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: Option<String>,
    id: String,
    state: Option<String>,
    size_gib: Option<i32>,
    r#type: Option<String>,
    iops: Option<i32>,
    encrypted: Option<bool>,
    instance: Option<String>,
    device: Option<String>,
    zone: Option<String>,
    age_seconds: Option<i64>,
}

impl Tool for ListVolumes {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_volumes", "List volumes")
        .on("*", &["ec2:DescribeVolumes"])
        .rows(arns::EACH_VOLUME)
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let filters = Filters::default()
            .named("tag:Name", self.name.as_deref())
            .tag(self.tag.as_deref())
            .any("attachment.instance-id", self.instance.as_ref().map(InstanceId::as_str))
            .any("status", self.unattached.then_some("available"))
            .any("encrypted", self.encrypted.map(|encrypted| encrypted.to_string()))
            .any("volume-type", self.volume_type);
        let mut request = cx.client().ec2.describe_volumes().set_filters(filters.build());
        if self.volumes.is_empty() {
            request = request.max_results(paging.size(1000)).set_next_token(paging.token());
        } else {
            request = request.set_volume_ids(Some(self.volumes.into_iter().map(String::from).collect()));
        }
        let out = request.send().await?;
        let rows = out.volumes.unwrap_or_default().into_iter().map(Row::new).collect();
        Ok(paging.page(cx, rows, out.next_token))
    }
}

impl Row {
    fn new(volume: Volume) -> Row {
        let attachment = volume.attachments.unwrap_or_default().into_iter().next();
        Row {
            name: name(volume.tags.as_ref()),
            id: volume.volume_id.unwrap_or_default(),
            state: volume.state.map(|state| state.to_string()),
            size_gib: volume.size,
            r#type: volume.volume_type.map(|kind| kind.to_string()),
            iops: volume.iops,
            encrypted: volume.encrypted,
            instance: attachment.as_ref().and_then(|it| it.instance_id.clone()),
            device: attachment.and_then(|it| it.device),
            zone: volume.availability_zone,
            age_seconds: volume.create_time.as_ref().map(age_seconds),
        }
    }
}
