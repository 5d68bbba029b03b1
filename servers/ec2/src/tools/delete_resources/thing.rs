use awsmcp_mcp::{Call, Result};
use serde::Serialize;

use crate::{Ec2, dry_run::would};

/// One thing that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Thing {
    Image { id: String, with_snapshots: bool },
    Volume { id: String },
    Snapshot { id: String },
    Group { id: String },
    Address { id: String },
    KeyPair { name: String },
    NatGateway { id: String },
    Interface { id: String },
}

impl Thing {
    pub(super) fn id(&self) -> &str {
        match self {
            Thing::Image { id, .. }
            | Thing::Volume { id }
            | Thing::Snapshot { id }
            | Thing::Group { id }
            | Thing::Address { id }
            | Thing::NatGateway { id }
            | Thing::Interface { id }
            | Thing::KeyPair { name: id } => id,
        }
    }

    /// What a plan calls its kind.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Thing::Image { .. } => "image",
            Thing::Volume { .. } => "volume",
            Thing::Snapshot { .. } => "snapshot",
            Thing::Group { .. } => "security group",
            Thing::Address { .. } => "address",
            Thing::KeyPair { .. } => "key pair",
            Thing::NatGateway { .. } => "NAT gateway",
            Thing::Interface { .. } => "interface",
        }
    }

    /// Deletes it, and says what came of it; `dry` only asks whether it would be done.
    pub(super) async fn delete(&self, cx: &Call<Ec2>, dry: bool) -> Result<String> {
        let ec2 = &cx.client().ec2;
        let dry_run = dry.then_some(true);
        macro_rules! outcome {
            ($request:expr) => {{
                let sent = $request.set_dry_run(dry_run).send();
                if dry { would(sent).await? } else { sent.await.map(drop)? }
            }};
        }
        match self {
            Thing::Image { id, with_snapshots } => {
                let request = ec2.deregister_image().image_id(id).set_dry_run(dry_run);
                let sent = request.set_delete_associated_snapshots(with_snapshots.then_some(true)).send();
                if dry {
                    would(sent).await?;
                } else {
                    return Ok(of_snapshots(
                        sent.await?.delete_snapshot_results.unwrap_or_default().iter().map(|it| {
                            let code = it.return_code.as_ref().map_or("unknown", |code| code.as_str());
                            (it.snapshot_id.as_deref().unwrap_or_default(), code)
                        }),
                    ));
                }
            }
            Thing::Volume { id } => outcome!(ec2.delete_volume().volume_id(id)),
            Thing::Snapshot { id } => outcome!(ec2.delete_snapshot().snapshot_id(id)),
            Thing::Group { id } => outcome!(ec2.delete_security_group().group_id(id)),
            Thing::Address { id } => outcome!(ec2.release_address().allocation_id(id)),
            Thing::KeyPair { name } => outcome!(ec2.delete_key_pair().key_name(name)),
            Thing::Interface { id } => outcome!(ec2.delete_network_interface().network_interface_id(id)),
            Thing::NatGateway { id } => {
                outcome!(ec2.delete_nat_gateway().nat_gateway_id(id));
                return Ok("is being deleted, which takes some minutes".to_owned());
            }
        }
        Ok("deleted".to_owned())
    }
}

/// What became of an image whose snapshots were to go too: AWS deletes it and keeps those that it cannot delete.
fn of_snapshots<'a>(results: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let kept: Vec<String> =
        results.filter(|(_, code)| *code != "success").map(|(id, code)| format!("{id} ({code})")).collect();
    match kept.is_empty() {
        true => "deleted".to_owned(),
        false => format!("deleted; of its snapshots these stay, and cost: {}", kept.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_aws_kept_is_named() {
        assert_eq!(of_snapshots([("snap-1", "success")].into_iter()), "deleted");
        assert_eq!(
            of_snapshots([("snap-1", "success"), ("snap-2", "skipped")].into_iter()),
            "deleted; of its snapshots these stay, and cost: snap-2 (skipped)"
        );
    }
}
