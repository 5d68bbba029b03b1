use aws_sdk_ec2::types::Snapshot;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    names::VolumeId,
    paging::Paging,
    tags::{Filters, name},
    times::age_seconds,
};

/// Lists your own snapshots with the volume they are of, size, state and age.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListSnapshots {
    name: Option<String>,
    tag: Option<String>,
    volume: Option<VolumeId>,
    encrypted: Option<bool>,
    state: Option<State>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Pending,
    Completed,
    Error,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: Option<String>,
    id: String,
    volume: Option<String>,
    /// Of the volume, not of what is stored.
    volume_gib: Option<i32>,
    state: Option<String>,
    progress: Option<String>,
    encrypted: Option<bool>,
    tier: Option<String>,
    age_seconds: Option<i64>,
    description: Option<String>,
}

impl Tool for ListSnapshots {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_snapshots", "List snapshots")
        .on("*", &["ec2:DescribeSnapshots"])
        .rows(arns::EACH_SNAPSHOT)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let state = self.state.map(|state| match state {
            State::Pending => "pending",
            State::Completed => "completed",
            State::Error => "error",
        });
        let filters = Filters::default()
            .named("tag:Name", self.name.as_deref())
            .tag(self.tag.as_deref())
            .any("volume-id", self.volume.as_ref().map(VolumeId::as_str))
            .any("encrypted", self.encrypted.map(|encrypted| encrypted.to_string()))
            .any("status", state);
        let out = cx
            .client()
            .ec2
            .describe_snapshots()
            .owner_ids("self")
            .set_filters(filters.build())
            .max_results(paging.size(1000))
            .set_next_token(paging.token())
            .send()
            .await?;
        let rows = out.snapshots.unwrap_or_default().into_iter().map(Row::new).collect();
        Ok(paging.page(cx, rows, out.next_token))
    }
}

impl Row {
    fn new(snapshot: Snapshot) -> Row {
        let state = snapshot.state.map(|state| state.to_string());
        let is_done = state.as_deref() == Some("completed");
        Row {
            name: name(snapshot.tags.as_ref()),
            id: snapshot.snapshot_id.unwrap_or_default(),
            volume: snapshot.volume_id,
            volume_gib: snapshot.volume_size,
            state,
            progress: snapshot.progress.filter(|_| !is_done),
            encrypted: snapshot.encrypted,
            tier: snapshot.storage_tier.map(|tier| tier.to_string()).filter(|tier| tier != "standard"),
            age_seconds: snapshot.start_time.as_ref().map(age_seconds),
            description: snapshot.description,
        }
    }
}
