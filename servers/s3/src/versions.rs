//! Every version and delete marker under a prefix, for what removes them or brings them back.

use aws_sdk_s3::{primitives::DateTime, types::EncodingType};
use awsmcp_mcp::{Call, Result};

use crate::{S3, listing::decoded, names::BucketName};

/// A version of a key, or a delete marker.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) version_id: String,
    pub(crate) size: u64,
    pub(crate) modified: Option<DateTime>,
    pub(crate) etag: Option<String>,
    pub(crate) is_latest: bool,
    pub(crate) is_marker: bool,
}

/// The versions under `prefix`, at most about `most`, and whether there are more: by key, the newest first.
///
/// The last key is whole, unless it alone has more than `most`.
pub(crate) async fn under(
    cx: &Call<S3>,
    bucket: &BucketName,
    prefix: &str,
    most: usize,
) -> Result<(Vec<Version>, bool)> {
    let mut found = Vec::new();
    let more = pages(cx, bucket, prefix, |page, truncated| {
        found.extend(page);
        cx.progress(found.len() as u64, None, format!("{} versions looked at", found.len()));
        truncated && found.len() >= most
    })
    .await?;
    found.sort_by(order);
    if more {
        // What the last key has beyond this page is not known: leave it to the next call.
        let last = found.last().map(|version: &Version| version.key.clone());
        let before = found.iter().take_while(|version| Some(&version.key) != last.as_ref()).count();
        if before > 0 {
            found.truncate(before);
        }
    }
    Ok((found, more))
}

/// The versions of one key, the newest first.
pub(crate) async fn of(cx: &Call<S3>, bucket: &BucketName, key: &str) -> Result<Vec<Version>> {
    let mut found = Vec::new();
    pages(cx, bucket, key, |page, _| {
        let (all, before) = (page.len(), found.len());
        found.extend(page.into_iter().filter(|version| version.key == key));
        // A key comes before all that start with it.
        found.len() - before < all
    })
    .await?;
    found.sort_by(order);
    Ok(found)
}

/// Shows the pages to `visit`, which also hears whether more follow, until it has seen enough. Whether more follow.
async fn pages(
    cx: &Call<S3>,
    bucket: &BucketName,
    prefix: &str,
    mut visit: impl FnMut(Vec<Version>, bool) -> bool,
) -> Result<bool> {
    let (mut key, mut version) = (None, None);
    loop {
        let out = cx
            .client()
            .list_object_versions()
            .bucket(bucket.as_str())
            .prefix(prefix)
            .set_key_marker(key)
            .set_version_id_marker(version)
            .encoding_type(EncodingType::Url)
            .send()
            .await?;
        let encoding = out.encoding_type;
        let read = |name: Option<String>| decoded(name.unwrap_or_default(), encoding.as_ref());
        let versions = out.versions.unwrap_or_default().into_iter().map(|version| Version {
            key: read(version.key),
            version_id: version.version_id.unwrap_or_else(|| "null".to_owned()),
            size: version.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: version.last_modified,
            etag: version.e_tag,
            is_latest: version.is_latest == Some(true),
            is_marker: false,
        });
        let markers = out.delete_markers.unwrap_or_default().into_iter().map(|marker| Version {
            key: read(marker.key),
            version_id: marker.version_id.unwrap_or_else(|| "null".to_owned()),
            size: 0,
            modified: marker.last_modified,
            etag: None,
            is_latest: marker.is_latest == Some(true),
            is_marker: true,
        });
        let next = out.next_key_marker.filter(|_| out.is_truncated == Some(true));
        let enough = visit(versions.chain(markers).collect(), next.is_some());
        if enough || next.is_none() {
            return Ok(next.is_some());
        }
        key = next.map(|key| decoded(key, encoding.as_ref()));
        version = out.next_version_id_marker.filter(|id| !id.is_empty());
    }
}

/// By key; of one key the latest, then the newest; of the same second a marker first, as it covers what it deleted.
fn order(left: &Version, right: &Version) -> std::cmp::Ordering {
    let age = |version: &Version| (version.is_latest, version.modified, version.is_marker);
    left.key
        .cmp(&right.key)
        .then_with(|| age(right).partial_cmp(&age(left)).unwrap_or(std::cmp::Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(key: &str, id: &str, at: i64, is_latest: bool, is_marker: bool) -> Version {
        Version {
            key: key.into(),
            version_id: id.into(),
            size: 0,
            modified: Some(DateTime::from_secs(at)),
            etag: None,
            is_latest,
            is_marker,
        }
    }

    #[test]
    fn a_history_is_in_order_although_versions_and_markers_come_apart() {
        let mut all = [
            version("b", "5", 9, true, false),
            version("a", "1", 1, false, false),
            version("a", "2", 5, false, false),
            version("a", "3", 5, false, true),
            version("a", "4", 5, true, true),
        ];
        all.sort_by(order);
        let ids: Vec<&str> = all.iter().map(|version| version.version_id.as_str()).collect();
        assert_eq!(ids, ["4", "3", "2", "1", "5"]);
    }
}
