use aws_sdk_s3::{
    primitives::DateTime,
    types::{DeleteMarkerEntry, EncodingType, ObjectVersion},
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    listing::{decoded, place, token},
    names::{BucketName, Key},
    spelling,
};

/// Lists versions and delete markers, newest first within a key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListVersions {
    bucket: BucketName,
    /// Only this key.
    key: Option<Key>,
    /// Only keys that start with this.
    prefix: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    key: String,
    version_id: Option<String>,
    is_latest: bool,
    kind: Kind,
    size_bytes: Option<i64>,
    modified: Option<String>,
    #[serde(skip)]
    at: Option<DateTime>,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Version,
    DeleteMarker,
}

/// Behind which version a page starts.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    key: Option<String>,
    version: Option<String>,
}

impl Tool for ListVersions {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec =
        Spec::list("list_versions", "List object versions").on(arns::BUCKET, &["s3:ListBucketVersions"]);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        if self.key.is_some() && self.prefix.is_some() {
            return Err(Error::invalid("give `key` or `prefix`, not both"));
        }
        let Place { key, version } = place(cx.token())?;
        let out = cx
            .client()
            .list_object_versions()
            .bucket(self.bucket.as_str())
            .set_prefix(self.key.clone().map(String::from).or(self.prefix.clone()))
            .set_key_marker(key)
            .set_version_id_marker(version)
            .max_keys(cx.page_size())
            .encoding_type(EncodingType::Url)
            .send()
            .await?;
        let read = |name: Option<String>| decoded(name.unwrap_or_default(), out.encoding_type.as_ref());
        let versions =
            out.versions.unwrap_or_default().into_iter().map(|version| Row::version(version, read));
        let markers =
            out.delete_markers.unwrap_or_default().into_iter().map(|marker| Row::marker(marker, read));
        let mut rows: Vec<Row> = merged(versions.collect(), markers.collect());
        let mut next = out.next_key_marker.map(|key| Place {
            key: Some(read(Some(key))),
            version: out.next_version_id_marker.filter(|id| !id.is_empty()),
        });
        if let Some(key) = &self.key {
            // AWS knows only prefixes; a key itself comes before all that start with it.
            let count = rows.len();
            rows.retain(|row| row.key == key.as_str());
            if rows.len() < count {
                next = None;
            }
        }
        let next = next.filter(|_| out.is_truncated == Some(true));
        if rows.is_empty() && cx.token().is_none() {
            self.say_what_was_meant(cx).await;
        }
        Ok(cx.page(rows, next.as_ref().map(token).transpose()?))
    }
}

impl ListVersions {
    /// Notes the key or the prefix that looks like the one that was given, where that one has no versions.
    async fn say_what_was_meant(&self, cx: &Call<S3>) {
        let (what, given) = match (&self.key, &self.prefix) {
            (Some(key), _) => ("a key", key.as_str()),
            (None, Some(prefix)) => ("a prefix", prefix.as_str()),
            (None, None) => return,
        };
        if let Some(meant) = spelling::without_address(given) {
            cx.note(meant);
            return;
        }
        for other in spelling::candidates(cx, &self.bucket, given) {
            let list = cx.client().list_object_versions().bucket(self.bucket.as_str()).prefix(&other);
            let Ok(out) = list.max_keys(1).send().await else { return };
            let names = out.versions().iter().filter_map(|version| version.key());
            let mut names = names.chain(out.delete_markers().iter().filter_map(|marker| marker.key()));
            if names.any(|name| self.key.is_none() || name == other) {
                cx.note(spelling::sentence(what, &other));
                return;
            }
        }
    }
}

/// Versions and markers come apart, each in order: by key, then the newest first.
fn merged(versions: Vec<Row>, markers: Vec<Row>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(versions.len() + markers.len());
    let (mut versions, mut markers) = (versions.into_iter().peekable(), markers.into_iter().peekable());
    loop {
        let marker_first = match (versions.peek(), markers.peek()) {
            (Some(version), Some(marker)) => marker.comes_before(version),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return rows,
        };
        rows.extend(if marker_first { markers.next() } else { versions.next() });
    }
}

impl Row {
    fn version(version: ObjectVersion, read: impl Fn(Option<String>) -> String) -> Self {
        Row {
            key: read(version.key),
            version_id: version.version_id,
            is_latest: version.is_latest == Some(true),
            kind: Kind::Version,
            size_bytes: version.size,
            modified: version.last_modified.map(utc_second),
            at: version.last_modified,
        }
    }

    fn marker(marker: DeleteMarkerEntry, read: impl Fn(Option<String>) -> String) -> Self {
        Row {
            key: read(marker.key),
            version_id: marker.version_id,
            is_latest: marker.is_latest == Some(true),
            kind: Kind::DeleteMarker,
            size_bytes: None,
            modified: marker.last_modified.map(utc_second),
            at: marker.last_modified,
        }
    }

    fn comes_before(&self, other: &Row) -> bool {
        match self.key.cmp(&other.key) {
            std::cmp::Ordering::Equal if self.is_latest != other.is_latest => self.is_latest,
            std::cmp::Ordering::Equal => self.at > other.at,
            order => order.is_lt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, id: &str, kind: Kind, is_latest: bool, at: i64) -> Row {
        Row {
            key: key.into(),
            version_id: Some(id.into()),
            is_latest,
            kind,
            size_bytes: None,
            modified: None,
            at: Some(DateTime::from_secs(at)),
        }
    }

    #[test]
    fn versions_and_markers_are_one_history() {
        let versions = vec![
            row("a", "2", Kind::Version, false, 5),
            row("a", "1", Kind::Version, false, 1),
            row("b", "4", Kind::Version, true, 9),
        ];
        let markers =
            vec![row("a", "3", Kind::DeleteMarker, true, 5), row("c", "5", Kind::DeleteMarker, true, 2)];
        let ids: Vec<_> = merged(versions, markers).into_iter().filter_map(|row| row.version_id).collect();
        assert_eq!(ids, ["3", "2", "1", "4", "5"]);
    }
}
