//! Who else has a snapshot or an image: whoever it is shared with loses it, too.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{ImageAttributeName, PermissionGroup, SnapshotAttributeName};
use awsmcp_mcp::{Call, Result};
use futures::{StreamExt, stream};

use crate::Ec2;

const AT_ONCE: usize = 8;

/// With whom these snapshots are shared, of those that are: accounts, or `everybody`. What cannot be read is a note.
pub(crate) async fn of_snapshots(cx: &Call<Ec2>, ids: &[String]) -> BTreeMap<String, String> {
    let asked = stream::iter(ids.to_vec()).map(|id| async move {
        let whom = of_snapshot(cx, &id).await;
        (id, whom)
    });
    collected(cx, "with whom snapshots are shared", asked.buffered(AT_ONCE).collect().await)
}

/// One sentence for each of these snapshots that is shared.
pub(crate) async fn snapshots(cx: &Call<Ec2>, ids: &[String]) -> Vec<String> {
    said(of_snapshots(cx, ids).await)
}

/// One sentence for each of these images that is shared.
pub(crate) async fn images(cx: &Call<Ec2>, ids: &[String]) -> Vec<String> {
    let asked = stream::iter(ids.to_vec()).map(|id| async move {
        let whom = of_image(cx, &id).await;
        (id, whom)
    });
    said(collected(cx, "with whom images are shared", asked.buffered(AT_ONCE).collect().await))
}

fn said(shared: BTreeMap<String, String>) -> Vec<String> {
    shared.into_iter().map(|(id, whom)| format!("{id} is shared with {whom}, who lose it too")).collect()
}

/// Those that are shared; one note where some cannot be read, since the reason is the same for all.
fn collected(
    cx: &Call<Ec2>,
    what: &str,
    asked: Vec<(String, Result<Option<String>>)>,
) -> BTreeMap<String, String> {
    let mut shared = BTreeMap::new();
    let mut has_failed = false;
    for (id, whom) in asked {
        match whom {
            Ok(Some(whom)) => drop(shared.insert(id, whom)),
            Ok(None) => {}
            Err(_) if has_failed => {}
            Err(error) => {
                has_failed = true;
                cx.part::<(), _>(what, Err::<(), _>(error));
            }
        }
    }
    shared
}

async fn of_snapshot(cx: &Call<Ec2>, id: &str) -> Result<Option<String>> {
    let request = cx.client().ec2.describe_snapshot_attribute().snapshot_id(id);
    let out = request.attribute(SnapshotAttributeName::CreateVolumePermission).send().await?;
    let permissions = out.create_volume_permissions.unwrap_or_default();
    Ok(named(permissions.into_iter().map(|one| (one.group, one.user_id))))
}

async fn of_image(cx: &Call<Ec2>, id: &str) -> Result<Option<String>> {
    let request = cx.client().ec2.describe_image_attribute().image_id(id);
    let out = request.attribute(ImageAttributeName::LaunchPermission).send().await?;
    let permissions = out.launch_permissions.unwrap_or_default();
    Ok(named(
        permissions
            .into_iter()
            .map(|one| (one.group, one.user_id.or(one.organization_arn).or(one.organizational_unit_arn))),
    ))
}

fn named(permissions: impl Iterator<Item = (Option<PermissionGroup>, Option<String>)>) -> Option<String> {
    let whom: Vec<String> = permissions
        .filter_map(|(group, account)| match group {
            Some(_) => Some("everybody".to_owned()),
            None => account.filter(|account| !account.is_empty()),
        })
        .collect();
    (!whom.is_empty()).then(|| whom.join(", "))
}
