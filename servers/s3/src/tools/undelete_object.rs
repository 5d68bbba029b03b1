use awsmcp_mcp::{Call, Change, Error, Moment, One, Plan, Result, Spec, counted, human_size};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    copying::{self, Limits, Original, Source, Target},
    existing::{Condition, Present, look},
    names::{BucketName, Key, Prefix, bare},
    removal::{Failure, Item, remove},
    spelling,
    versions::{self, Version},
};

/// Brings back deleted objects of a versioned bucket by removing their delete markers, or an older version of a key
/// by copying it on top.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndeleteObject {
    bucket: BucketName,
    #[schemars(length(min = 1, max = 1000))]
    keys: Option<Vec<Key>>,
    /// Instead of keys.
    prefix: Option<Prefix>,
    /// Only what was deleted since, such as -1h.
    deleted_after: Option<Moment>,
    /// Of the one key: brings back this version.
    version_id: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Undeleted {
    uri: Option<String>,
    restored: Option<usize>,
    failed: Option<usize>,
    etag: Option<String>,
    version_id: Option<String>,
    failures: Vec<Failure>,
}

impl Change for UndeleteObject {
    type Service = S3;
    type Output = One<Undeleted>;
    type Items = Back;
    const SPEC: Spec = Spec::write("undelete_object", "Undelete objects")
        .shown_by("list_versions")
        .on(arns::BUCKET, &["s3:ListBucketVersions"])
        .when("keys")
        .on(arns::OBJECTS, &["s3:DeleteObjectVersion"])
        .when("prefix")
        .on(arns::UNDER_PREFIX, &["s3:DeleteObjectVersion"])
        .when("version_id")
        .on(
            arns::OBJECTS,
            &[
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
                "s3:PutObject",
                "s3:PutObjectTagging",
                "s3:AbortMultipartUpload",
            ],
        )
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Back>> {
        match self.what()? {
            What::Version(key, version) => self.plan_version(cx, key, version).await,
            What::Deleted => self.plan_deleted(cx).await,
        }
    }

    async fn apply(self, back: Back, cx: &Call<S3>) -> Result<Self::Output> {
        let done = match (self.what()?, back) {
            (What::Version(key, version), Back::Version { etag, condition }) => {
                self.apply_version(cx, key, version, etag.as_deref(), condition).await?
            }
            (_, Back::Markers { markers, objects }) => self.apply_deleted(cx, markers, objects).await?,
            _ => return Err(Error::internal("the plan was of something else")),
        };
        Ok(One(done))
    }
}

/// What brings the objects back, as it was when it was looked at.
#[derive(Serialize)]
pub(crate) enum Back {
    /// The version with this entity tag is copied on top, over what was there.
    Version { etag: Option<String>, condition: Condition },
    /// These delete markers are removed: they lie on top of so many objects.
    Markers { markers: Vec<Item>, objects: usize },
}

enum What<'a> {
    Version(&'a Key, &'a str),
    Deleted,
}

/// What a key's history says about bringing it back.
#[derive(Debug)]
enum Fate {
    /// Without these markers, this version is there again.
    Back { markers: Vec<Version>, version: Version },
    /// It was never deleted.
    There,
    /// Nothing is left below the markers.
    Lost,
}

#[derive(Debug, Default)]
struct Found {
    back: Vec<(Vec<Version>, Version)>,
    /// Keys that cannot come back, each with the reason.
    not: Vec<String>,
    more: bool,
}

/// The most versions that one call looks at.
const MOST: usize = 50_000;
const AT_ONCE: usize = 16;

impl UndeleteObject {
    fn what(&self) -> Result<What<'_>> {
        const GOOD: &str = "keys [\"a.csv\"] or prefix \"logs/\" remove delete markers; one key with version_id brings \
            back that version";
        match (&self.keys, &self.prefix, &self.version_id) {
            (Some(keys), None, Some(version)) => match keys.as_slice() {
                [key] => Ok(What::Version(key, version)),
                _ => Err(Error::invalid("version_id goes with exactly one key").with_next(GOOD)),
            },
            (Some(_), None, None) | (None, Some(_), None) => Ok(What::Deleted),
            _ => Err(Error::invalid("give `keys` or `prefix`").with_next(GOOD)),
        }
    }

    fn uri(&self, key: impl std::fmt::Display) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    async fn original(&self, cx: &Call<S3>, key: &Key, version: &str) -> Result<(Original, Present)> {
        let source =
            Source { bucket: self.bucket.clone(), key: key.clone(), version_id: Some(version.to_owned()) };
        let (original, present) =
            tokio::try_join!(Original::look(cx, source, None), look(cx.client(), &self.bucket, key))?;
        if let Present::Object(there) = &present
            && there.version_id.as_deref() == Some(version)
        {
            return Err(Error::conflict(format!("version {version} is what is at {} now", self.uri(key)))
                .with_next("list_versions shows the older ones"));
        }
        Ok((original, present))
    }

    async fn plan_version(&self, cx: &Call<S3>, key: &Key, version: &str) -> Result<Plan<Back>> {
        let (original, present) = self.original(cx, key, version).await?;
        let modified =
            original.head.last_modified().map(|at| format!(" of {}", utc_second(*at))).unwrap_or_default();
        let what = format!("version {version} ({}{modified})", human_size(original.size));
        let plan = Condition::Replace.plan(&present, &self.uri(key), "copy", &what)?;
        let target = Target::alike(&original, self.bucket.clone(), key.clone(), Condition::Replace);
        let plan = target.leaves_behind(&original.head).into_iter().fold(plan, Plan::warning);
        let etag = original.head.e_tag.clone();
        Ok(plan.items(Back::Version { etag, condition: Condition::Replace.held_to(&present) }))
    }

    async fn apply_version(
        &self,
        cx: &Call<S3>,
        key: &Key,
        version: &str,
        etag: Option<&str>,
        condition: Condition,
    ) -> Result<Undeleted> {
        let (original, _) = self.original(cx, key, version).await?;
        original.unchanged(etag)?;
        let target = Target::alike(&original, self.bucket.clone(), key.clone(), condition);
        let progress =
            |bytes: u64| cx.progress(bytes, Some(original.size), format!("{} copied", human_size(bytes)));
        let copied = copying::copy(cx.client(), &original, &target, Limits::AWS, &progress).await?.told(cx);
        Ok(Undeleted {
            uri: Some(target.uri()),
            etag: copied.etag.as_deref().map(|etag| bare(etag).to_owned()),
            version_id: copied.version_id,
            ..Undeleted::default()
        })
    }

    async fn plan_deleted(&self, cx: &Call<S3>) -> Result<Plan<Back>> {
        const SHOWN: usize = 20;
        let found = self.found(cx).await?;
        let markers: usize = found.back.iter().map(|(markers, _)| markers.len()).sum();
        let bytes = found.back.iter().map(|(_, version)| version.size).sum();
        let mut plan = Plan::new(format!(
            "bring back {} ({}) of {} by removing {}",
            counted(found.back.len(), "object"),
            human_size(bytes),
            self.bucket,
            counted(markers, "delete marker")
        ));
        if !found.not.is_empty() {
            let some: Vec<&str> = found.not.iter().take(5).map(String::as_str).collect();
            plan = plan.warning(format!("{} keys do not come back: {}", found.not.len(), some.join("; ")));
        }
        if found.more {
            plan = plan.warning(format!(
                "only the first {MOST} versions were looked at; narrower prefixes show the rest"
            ));
        }
        if found.back.len() > SHOWN {
            plan = plan.warning(format!("the first {SHOWN} of {} follow", found.back.len()));
        }
        for (markers, version) in found.back.iter().take(SHOWN) {
            let deleted = markers.first().and_then(|marker| marker.modified).map(utc_second);
            plan = plan.row(json!({
                "key": version.key,
                "deleted": deleted,
                "size_bytes": version.size,
                "modified": version.modified.map(utc_second),
                "version_id": version.version_id,
            }));
        }
        let objects = found.back.len();
        let markers = found.back.into_iter().flat_map(|(markers, _)| markers);
        let markers = markers.map(|marker| Item::version(marker.key, marker.version_id)).collect();
        Ok(plan.items(Back::Markers { markers, objects }))
    }

    async fn apply_deleted(&self, cx: &Call<S3>, markers: Vec<Item>, objects: usize) -> Result<Undeleted> {
        let only = markers.first().filter(|_| objects == 1).map(|marker| self.uri(&marker.key));
        let removed = remove(cx, &self.bucket, markers, false).await?;
        let failed: std::collections::HashSet<&str> =
            removed.failures.iter().map(|one| one.key.as_str()).collect();
        let (failed, unknown) = (failed.len(), removed.unknown());
        if failed > 0 && unknown > 0 {
            cx.note(format!(
                "{failed} of {objects} objects may still be deleted: see failures, and list_versions for what is not known"
            ));
        } else if failed > 0 {
            cx.note(format!("{failed} of {objects} objects are still deleted"));
        }
        Ok(Undeleted {
            uri: only,
            restored: Some(objects.saturating_sub(failed)),
            failed: (failed > 0).then_some(failed),
            failures: removed.failures,
            ..Undeleted::default()
        })
    }

    async fn found(&self, cx: &Call<S3>) -> Result<Found> {
        let found = match (&self.keys, &self.prefix) {
            (Some(keys), _) => self.named(cx, keys).await?,
            (None, prefix) => self.under(cx, prefix.as_ref().map_or("", Prefix::as_str)).await?,
        };
        if !found.back.is_empty() {
            return Ok(found);
        }
        Err(match found.not.as_slice() {
            [] => Error::not_found(format!("nothing deleted was found in {}", self.bucket)).with_next(
                "list_versions shows every version and delete marker; without versioning what is deleted is gone",
            ),
            [only] => Error::conflict(only.clone()).with_next("list_versions shows the key's history"),
            [first, ..] => Error::conflict(format!("none of {} keys comes back; {first}", found.not.len()))
                .with_next("list_versions shows their history"),
        })
    }

    async fn named(&self, cx: &Call<S3>, keys: &[Key]) -> Result<Found> {
        let mut once = keys.to_vec();
        once.sort();
        once.dedup();
        let histories: Vec<(Key, Vec<Version>)> = stream::iter(once)
            .map(|key| async move {
                let history = versions::of(cx, &self.bucket, key.as_str()).await?;
                Ok::<_, Error>((key, history))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut found = Found::default();
        for (key, history) in histories {
            match fate(history) {
                Some(Fate::Back { markers, version }) if self.recent(&markers) => {
                    found.back.push((markers, version))
                }
                Some(Fate::Back { .. }) => found.not.push(format!("{key} was deleted before that")),
                Some(Fate::There) => {
                    found.not.push(format!("{key} is not deleted; version_id brings back an older version"))
                }
                Some(Fate::Lost) => found.not.push(format!("{key} has no version left")),
                None => {
                    let meant = spelling::history(cx, &self.bucket, key.as_str()).await?;
                    let meant = meant.map(|meant| format!(" ({meant})")).unwrap_or_default();
                    found.not.push(format!("{key} has no versions and no delete marker{meant}"));
                }
            }
        }
        Ok(found)
    }

    async fn under(&self, cx: &Call<S3>, prefix: &str) -> Result<Found> {
        let (all, more) = versions::under(cx, &self.bucket, prefix, MOST).await?;
        let mut found = Found { more, ..Found::default() };
        for history in all.chunk_by(|one, next| one.key == next.key) {
            if let Some(Fate::Back { markers, version }) = fate(history.to_vec())
                && self.recent(&markers)
            {
                found.back.push((markers, version));
            }
        }
        Ok(found)
    }

    fn recent(&self, markers: &[Version]) -> bool {
        let Some(after) = self.deleted_after else { return true };
        let deleted = markers.first().and_then(|marker| marker.modified);
        deleted.is_some_and(|at| at.secs() >= after.0.as_second())
    }
}

/// What one key's history, the newest first, says; none where it has none.
fn fate(history: Vec<Version>) -> Option<Fate> {
    let mut markers = Vec::new();
    let first = history.first()?.is_marker;
    if !first {
        return Some(Fate::There);
    }
    for version in history {
        if !version.is_marker {
            return Some(Fate::Back { markers, version });
        }
        markers.push(version);
    }
    Some(Fate::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(kinds: &str) -> Vec<Version> {
        kinds
            .chars()
            .enumerate()
            .map(|(at, kind)| Version {
                key: "k".into(),
                version_id: at.to_string(),
                size: 1,
                modified: None,
                etag: None,
                is_latest: at == 0,
                is_marker: kind == 'm',
            })
            .collect()
    }

    #[test]
    fn every_marker_on_top_goes_and_the_first_version_comes_back() {
        match fate(history("mmvmv")) {
            Some(Fate::Back { markers, version }) => {
                assert_eq!(markers.len(), 2);
                assert_eq!(version.version_id, "2");
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(fate(history("vmv")), Some(Fate::There)));
        assert!(matches!(fate(history("mm")), Some(Fate::Lost)));
        assert!(fate(Vec::new()).is_none());
    }
}
