use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    names::BucketName,
    removal::{self, Item},
    uploads::{self, Unfinished},
    versions,
};

/// Deletes a bucket. Refuses one that is not empty, unless `empty` says to delete all that is in it first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteBucket {
    bucket: BucketName,
    /// Delete every object, version and upload first.
    #[serde(default)]
    empty: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    bucket: String,
    outcome: &'static str,
    versions_removed: Option<u64>,
    uploads_aborted: Option<u64>,
}

impl Change for DeleteBucket {
    type Service = S3;
    type Output = One<Deleted>;
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("delete_bucket", "Delete bucket")
        .shown_by("list_buckets")
        .on(
            arns::BUCKET,
            &["s3:DeleteBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:ListBucket"],
        )
        .when("empty")
        .on(arns::BUCKET, &["s3:GetBucketVersioning"])
        .on(arns::ANY_OBJECT, &["s3:DeleteObjectVersion", "s3:AbortMultipartUpload"])
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Doomed>> {
        let (inside, doomed) = Inside::look(cx, &self.bucket).await?;
        if inside.is_empty() {
            let plan = Plan::new(format!("delete the empty bucket {}", self.bucket));
            return Ok(plan.warning("its name can then be taken by anybody").items(doomed));
        }
        let counted = inside.words();
        if !self.empty {
            return Err(Error::conflict(format!(
                "the bucket {} is not empty: it holds {counted}",
                self.bucket
            ))
            .with_next(
                "look with list_objects and list_versions; `empty: true` deletes all of it with the bucket",
            ));
        }
        if self.needs_mfa(cx).await? {
            return Err(removal::needs_mfa(&self.bucket));
        }
        let mut plan = Plan::new(format!("delete {counted}, and then the bucket {}", self.bucket))
            .warning("nothing of it can be brought back, and its name can then be taken by anybody");
        for (kind, sum) in [
            ("current objects", inside.current),
            ("old versions", inside.old),
            ("delete markers", inside.markers),
            ("unfinished uploads", Sum { count: inside.uploads, bytes: 0 }),
        ] {
            if sum.count > 0 {
                plan = plan.row(json!({"kind": kind, "count": sum.count, "size_bytes": sum.bytes}));
            }
        }
        Ok(plan.items(doomed))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<S3>) -> Result<Self::Output> {
        let emptied = if self.empty { Some(empty(cx, &self.bucket, doomed).await?) } else { None };
        let deleted =
            cx.client().delete_bucket().bucket(self.bucket.as_str()).send().await.map_err(Error::from);
        if let Err(mut error) = deleted {
            if error.code.as_deref() == Some("BucketNotEmpty") {
                let gone = match emptied {
                    Some((versions, uploads)) => {
                        format!("; {versions} versions and {uploads} uploads that were there before are gone")
                    }
                    None => String::new(),
                };
                error.message = format!(
                    "something was written to {} meanwhile, so it was not deleted{gone}",
                    self.bucket
                );
                return Err(error.with_next("find out what still writes to it, stop that, and call again"));
            }
            return Err(error);
        }
        Ok(One(Deleted {
            bucket: self.bucket.to_string(),
            outcome: "deleted",
            versions_removed: emptied.map(|(versions, _)| versions),
            uploads_aborted: emptied.map(|(_, uploads)| uploads),
        }))
    }
}

impl DeleteBucket {
    async fn needs_mfa(&self, cx: &Call<S3>) -> Result<bool> {
        if self.bucket.is_directory() {
            return Ok(false);
        }
        let out = cx.client().get_bucket_versioning().bucket(self.bucket.as_str()).send().await?;
        Ok(out.mfa_delete.is_some_and(|mfa| mfa.as_str() == "Enabled"))
    }
}

/// What is removed before the bucket is: what the plan found, and no others.
#[derive(Default, Serialize)]
pub(crate) struct Doomed {
    versions: Vec<Item>,
    uploads: Vec<Unfinished>,
    /// Whether the bucket holds more than the plan lists: all that was there when it was made.
    more: bool,
}

/// What a bucket holds, counted up to a bound.
#[derive(Debug, Default)]
struct Inside {
    current: Sum,
    old: Sum,
    markers: Sum,
    uploads: u64,
    more: bool,
    more_uploads: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

impl Inside {
    /// So much is counted before a plan says "at least".
    const MOST: usize = 20_000;

    async fn look(cx: &Call<S3>, bucket: &BucketName) -> Result<(Inside, Doomed)> {
        let uploads = uploads::page(cx, bucket.as_str(), None, uploads::Place::default(), 1000);
        let (found, uploads) = tokio::join!(some(cx, bucket, Self::MOST), uploads);
        let ((found, more), (uploads, next)) = (found?, uploads?);
        let mut inside = Inside { more, more_uploads: next.is_some(), ..Inside::default() };
        inside.uploads = uploads.len() as u64;
        let mut doomed = Doomed { more: inside.more || inside.more_uploads, ..Doomed::default() };
        doomed.uploads = uploads.into_iter().map(Unfinished::of).collect();
        for version in found {
            let kind = match (version.is_marker, version.is_latest) {
                (true, _) => &mut inside.markers,
                (false, true) => &mut inside.current,
                (false, false) => &mut inside.old,
            };
            kind.add(version.size);
            doomed.versions.push(item(version));
        }
        Ok((inside, doomed))
    }

    fn is_empty(&self) -> bool {
        self.current.count + self.old.count + self.markers.count + self.uploads == 0
    }

    /// `at least 3 objects, 1 old version (7 B), 2 unfinished uploads`
    fn words(&self) -> String {
        let mut words = Vec::new();
        for (count, noun) in [
            (self.current.count, "object"),
            (self.old.count, "old version"),
            (self.markers.count, "delete marker"),
            (self.uploads, "unfinished upload"),
        ] {
            match count {
                0 => {}
                1 => words.push(format!("1 {noun}")),
                count => words.push(format!("{count} {noun}s")),
            }
        }
        let least = if self.more || self.more_uploads { "at least " } else { "" };
        format!("{least}{} ({})", words.join(", "), human_size(self.current.bytes + self.old.bytes))
    }
}

/// What there is to remove, at most about `most`, and whether there is more.
async fn some(cx: &Call<S3>, bucket: &BucketName, most: usize) -> Result<(Vec<versions::Version>, bool)> {
    if bucket.is_directory() {
        // It has no versions.
        let out = cx.client().list_objects_v2().bucket(bucket.as_str()).send().await?;
        let more = out.is_truncated == Some(true);
        let objects = out.contents.unwrap_or_default().into_iter().map(|object| versions::Version {
            key: object.key.unwrap_or_default(),
            version_id: String::new(),
            size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: object.last_modified,
            etag: object.e_tag,
            is_latest: true,
            is_marker: false,
        });
        return Ok((objects.collect(), more));
    }
    versions::under(cx, bucket, "", most).await
}

fn item(version: versions::Version) -> Item {
    match version.version_id.is_empty() {
        true => Item::object(version.key, version.etag),
        false => Item::version(version.key, version.version_id),
    }
}

/// Removes what the plan found, and where that was not all, the rest page by page, so that the memory stays small. What was
/// written since then stays, and the bucket with it. Answers how many versions and uploads were removed.
async fn empty(cx: &Call<S3>, bucket: &BucketName, doomed: Doomed) -> Result<(u64, u64)> {
    const PAGE: usize = 10_000;
    let began = Timestamp::now().as_second();
    let mut removed = wiped(cx, bucket, doomed.versions, 0).await?;
    let mut more = doomed.more;
    while more {
        let (found, _) = some(cx, bucket, PAGE).await.map_err(|error| after(removed, error))?;
        let old = found.into_iter().filter(|version| version.modified.is_none_or(|at| at.secs() <= began));
        let old: Vec<Item> = old.map(item).collect();
        more = !old.is_empty();
        removed = wiped(cx, bucket, old, removed).await?;
    }
    let mut aborted = aborted(cx, bucket, doomed.uploads).await.map_err(|error| after(removed, error))?;
    more = doomed.more;
    while more {
        let page = uploads::page(cx, bucket.as_str(), None, uploads::Place::default(), 1000).await;
        let (found, _) = page.map_err(|error| after(removed, error))?;
        let old = found.into_iter().filter(|upload| upload.initiated.is_none_or(|at| at.secs() <= began));
        let old: Vec<Unfinished> = old.map(Unfinished::of).collect();
        more = !old.is_empty();
        aborted += self::aborted(cx, bucket, old).await.map_err(|error| after(removed, error))?;
    }
    Ok((removed, aborted))
}

/// An error that came when so many versions were gone for good.
fn after(removed: u64, mut error: Error) -> Error {
    if removed > 0 {
        error.message =
            format!("{removed} versions were removed, and then: {}", error.message.trim_end_matches('.'));
    }
    error
}

/// Removes versions; answers how many are gone by now, `before` included.
async fn wiped(cx: &Call<S3>, bucket: &BucketName, items: Vec<Item>, before: u64) -> Result<u64> {
    if items.is_empty() {
        return Ok(before);
    }
    let done = removal::remove(cx, bucket, items, false).await.map_err(|error| after(before, error))?;
    let removed = before + done.count;
    let Some(first) = done.failures.first() else { return Ok(removed) };
    Err(Error::conflict(format!(
        "{removed} versions were removed, {} were not, so the bucket stays; the first, {}: {}",
        done.failures.len(),
        first.key,
        first.message
    ))
    .with_next("delete_objects shows each; object lock and denying policies stand in the way most often"))
}

async fn aborted(cx: &Call<S3>, bucket: &BucketName, uploads: Vec<Unfinished>) -> Result<u64> {
    let aborts =
        stream::iter(uploads).map(|upload| async move { uploads::abort(cx, bucket.as_str(), &upload).await });
    let done: Vec<Result<()>> = aborts.buffer_unordered(uploads::AT_ONCE).collect().await;
    let mut aborted = 0;
    for one in done {
        one?;
        aborted += 1;
    }
    Ok(aborted)
}
