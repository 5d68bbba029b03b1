use std::{collections::HashSet, ops::ControlFlow};

use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, ResourceArgument, Result, Spec, human_size};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    copying::{self, Limits, Original, Source, Target, head, verified},
    existing::{Condition, look},
    listing::{Place, Scan},
    names::{BucketName, Key, Prefix, bare},
    removal::{Failure, Item},
};

/// Moves or renames an object, or every object under a prefix: copies, verifies the copy, deletes the source.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveObject {
    source_bucket: BucketName,
    source_key: Option<Key>,
    /// Instead of source_key; goes with prefix.
    source_prefix: Option<Key>,
    bucket: BucketName,
    key: Option<Key>,
    /// Takes the place of source_prefix in each key.
    prefix: Option<Prefix>,
    #[serde(default)]
    overwrite: bool,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Moved {
    uri: String,
    moved: Option<u64>,
    failed: Option<usize>,
    size_bytes: u64,
    etag: Option<String>,
    version_id: Option<String>,
    /// What of the copy was held against the source.
    verified_by: Option<String>,
    failures: Vec<Failure>,
}

impl Change for MoveObject {
    type Service = S3;
    type Output = One<Moved>;
    type Items = ();
    const SPEC: Spec = Spec::write("move_object", "Move object")
        .when("source_key")
        .on(arns::SOURCE_OBJECT, &["s3:GetObject", "s3:GetObjectTagging", "s3:DeleteObject"])
        .when("source_prefix")
        .on(arns::SOURCE_BUCKET, &["s3:ListBucket"])
        .on(arns::UNDER_SOURCE_PREFIX, &["s3:GetObject", "s3:GetObjectTagging", "s3:DeleteObject"])
        .when("key")
        .on(arns::OBJECT, &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"])
        .when("prefix")
        .on(arns::BUCKET, &["s3:ListBucket"])
        .on(
            arns::UNDER_PREFIX,
            &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"],
        )
        .optional()
        .minutes(120);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan> {
        match self.what()? {
            What::One { source, key } => self.plan_one(cx, source, key).await,
            What::All { from, to } => self.plan_all(cx, from, to).await,
        }
    }

    async fn apply(self, (): (), cx: &Call<S3>) -> Result<Self::Output> {
        let moved = match self.what()? {
            What::One { source, key } => self.apply_one(cx, source, key).await?,
            What::All { from, to } => self.apply_all(cx, from, to).await?,
        };
        Ok(One(moved))
    }
}

/// What a call means.
enum What<'a> {
    One { source: Source, key: &'a Key },
    All { from: &'a str, to: &'a str },
}

/// An object under a prefix, and where it goes.
struct Step {
    source: Source,
    key: Key,
    size: u64,
    etag: Option<String>,
}

/// The most objects that one call moves: each takes some requests.
const MOST: usize = 10_000;
const AT_ONCE: usize = 8;

impl MoveObject {
    fn what(&self) -> Result<What<'_>> {
        let here = self.source_bucket == self.bucket;
        match (&self.source_key, &self.key, &self.source_prefix, &self.prefix) {
            (Some(from), Some(key), None, None) if here && from == key => {
                Err(Error::invalid("the source and the target are the same object"))
            }
            (Some(from), Some(key), None, None) => Ok(What::One { source: self.source(from.clone()), key }),
            (None, None, Some(from), Some(to)) if here && from.as_str() == to.as_str() => {
                Err(Error::invalid("the source and the target are the same prefix"))
            }
            (None, None, Some(from), Some(to)) => Ok(What::All { from: from.as_str(), to: to.as_str() }),
            _ => Err(Error::invalid("give source_key and key, or source_prefix and prefix")
                .with_next("source_prefix \"old/\" with prefix \"new/\" makes old/a/b.csv new/a/b.csv")),
        }
    }

    fn source(&self, key: Key) -> Source {
        Source { bucket: self.source_bucket.clone(), key, version_id: None }
    }

    fn condition(&self) -> Condition {
        Condition::new(self.overwrite, None)
    }

    async fn plan_one(&self, cx: &Call<S3>, source: Source, key: &Key) -> Result<Plan> {
        let (original, present) =
            tokio::try_join!(Original::look(cx, source, None), look(cx.client(), &self.bucket, key))?;
        let what = format!("{} of {}", human_size(original.size), original.source.uri());
        let uri = format!("s3://{}/{key}", self.bucket);
        let plan = self.condition().plan(&present, &uri, "move", &what)?;
        let fate = match original.head.version_id() {
            None => "the source is deleted for good once the copy is verified".to_owned(),
            Some(id) => {
                format!("the source gets a delete marker once the copy is verified; its version {id} stays")
            }
        };
        Ok(plan
            .warning(fate)
            .state(json!({"source": original.head.e_tag(), "target": format!("{present:?}")})))
    }

    async fn apply_one(&self, cx: &Call<S3>, source: Source, key: &Key) -> Result<Moved> {
        let original = Original::look(cx, source, None).await?;
        let target = Target::alike(&original, self.bucket.clone(), key.clone(), self.condition());
        let progress = |bytes: u64| {
            let sizes = format!("{} of {} copied", human_size(bytes), human_size(original.size));
            cx.progress(bytes, Some(original.size), sizes);
        };
        let mut moved = moved(cx, &original, &target, &progress).await?;
        moved.uri = target.uri();
        Ok(moved)
    }

    async fn plan_all(&self, cx: &Call<S3>, from: &str, to: &str) -> Result<Plan> {
        const SHOWN: usize = 10;
        let steps = self.steps(cx, from, to).await?;
        let there = self.there(cx, to).await?;
        let taken: Vec<&str> =
            steps.iter().map(|step| step.key.as_str()).filter(|key| there.contains(*key)).collect();
        if !taken.is_empty() && !self.overwrite {
            let some: Vec<&str> = taken.iter().take(3).copied().collect();
            return Err(Error::conflict(format!(
                "{} of the {} keys exist already in {}, such as {}",
                taken.len(),
                steps.len(),
                self.bucket,
                some.join(", ")
            ))
            .with_next("another prefix keeps both; overwrite: true replaces them, if that is wanted"));
        }
        let bytes = steps.iter().map(|step| step.size).sum();
        let mut plan = Plan::new(format!(
            "move {} objects ({}) from s3://{}/{from} to s3://{}/{to}",
            steps.len(),
            human_size(bytes),
            self.source_bucket,
            self.bucket
        ))
        .warning("each source is deleted once its copy is verified");
        if !taken.is_empty() {
            plan = plan.warning(format!("{} objects are overwritten", taken.len()));
        }
        if steps.len() > SHOWN {
            plan = plan.warning(format!("the first {SHOWN} of {} follow", steps.len()));
        }
        for step in steps.iter().take(SHOWN) {
            plan = plan.row(
                json!({"from": step.source.key.as_str(), "to": step.key.as_str(), "size_bytes": step.size}),
            );
        }
        let state: Vec<_> = steps.iter().map(|step| (step.source.key.as_str(), &step.etag)).collect();
        Ok(plan.state(json!({"steps": state, "taken": taken})).ask())
    }

    async fn apply_all(&self, cx: &Call<S3>, from: &str, to: &str) -> Result<Moved> {
        let steps = self.steps(cx, from, to).await?;
        let total = steps.len();
        let mut moves = stream::iter(steps)
            .map(|step| async move {
                let item = Item { key: step.source.key.to_string(), version_id: None };
                self.step(cx, step).await.map_err(|error| Failure::new(item, &error))
            })
            .buffer_unordered(AT_ONCE);
        let mut all = Moved { uri: format!("s3://{}/{to}", self.bucket), ..Moved::default() };
        let mut count = 0;
        while let Some(outcome) = moves.next().await {
            match outcome {
                Ok(moved) => {
                    count += 1;
                    all.size_bytes += moved.size_bytes;
                }
                Err(failure) => all.failures.push(failure),
            }
            cx.progress(
                count + all.failures.len() as u64,
                Some(total as u64),
                format!("{count} of {total} moved"),
            );
        }
        all.moved = Some(count);
        if let Some(first) = all.failures.first() {
            if count == 0 {
                return Err(Error::conflict(format!("none of {total} was moved; the first, {}: {}", first.key, first.message))
                    .with_next("the sources are untouched; move_object with source_key shows one object's trouble in full"));
            }
            all.failed = Some(all.failures.len());
            cx.note(format!("{} of {total} were not moved and are where they were", all.failures.len()));
        }
        Ok(all)
    }

    async fn step(&self, cx: &Call<S3>, step: Step) -> Result<Moved> {
        let original = Original::look(cx, step.source, None).await?;
        let target = Target::alike(&original, self.bucket.clone(), step.key, self.condition());
        moved(cx, &original, &target, &|_| {}).await
    }

    async fn steps(&self, cx: &Call<S3>, from: &str, to: &str) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let mut wrong = None;
        let scan = Scan { bucket: &self.source_bucket, prefix: Some(from), most: MOST as u64 };
        let scanned = scan.run(cx, Place::default(), |object| {
            let key = object.key.unwrap_or_default();
            match (
                Key::parse(&format!("{to}{}", key.strip_prefix(from).unwrap_or(&key))),
                Key::parse(&key),
            ) {
                (Ok(new), Ok(old)) => steps.push(Step {
                    source: self.source(old),
                    key: new,
                    size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                    etag: object.e_tag,
                }),
                (Err(why), _) | (_, Err(why)) => wrong = Some(format!("{key} cannot move: {why}")),
            }
            ControlFlow::Continue(())
        });
        let scanned = scanned.await?;
        if let Some(why) = wrong {
            return Err(Error::invalid(why));
        }
        if scanned.next.is_some() {
            return Err(Error::invalid(format!("more than {MOST} objects lie under {from}"))
                .with_next("move it in narrower prefixes; list_objects with summary shows the folders"));
        }
        if steps.is_empty() {
            return Err(Error::not_found(format!("nothing lies under s3://{}/{from}", self.source_bucket))
                .with_next("list_objects shows the prefixes; they are matched exactly"));
        }
        Ok(steps)
    }

    /// The keys that are under the target's prefix already.
    async fn there(&self, cx: &Call<S3>, to: &str) -> Result<HashSet<String>> {
        let mut keys = HashSet::new();
        // A copy never replaces what it was not told to, so more than this would only be refused later.
        let scan = Scan { bucket: &self.bucket, prefix: Some(to), most: 50_000 };
        let scanned = scan.run(cx, Place::default(), |object| {
            keys.extend(object.key);
            ControlFlow::Continue(())
        });
        match scanned.await {
            Err(error) if error.kind == Kind::WrongRegion => {
                Err(Error::invalid("the two buckets lie in different regions; prefixes are moved within one")
                    .with_next("move_object with source_key and copy_object go across regions"))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(keys),
        }
    }
}

/// Copies, verifies and deletes: the source goes only when its copy is known to be right.
async fn moved(
    cx: &Call<S3>,
    original: &Original,
    target: &Target,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Moved> {
    let copied = copying::copy(cx.client(), original, target, Limits::AWS, progress).await?;
    let place = Source { bucket: target.bucket.clone(), key: target.key.clone(), version_id: None };
    let stays = |mut error: Error, why: &str| {
        error.message =
            format!("{} was copied to {}, but {why}: {}", original.source.uri(), target.uri(), error.message);
        error
    };
    let copy = head(cx.client(), &place)
        .await
        .map_err(|error| stays(error, "the copy could not be read back, so the source stays"))?;
    if copied.etag.is_some() && copied.etag != copy.e_tag {
        return Err(stays(
            Error::conflict("somebody wrote there at the same time"),
            "the copy is already another, so the source stays",
        ));
    }
    let verified_by = verified(&original.head, &copy).map_err(|error| stays(error, "the source stays"))?;
    let source = &original.source;
    original
        .client
        .delete_object()
        .bucket(source.bucket.as_str())
        .key(source.key.as_str())
        // Only what was copied: not what was written there meanwhile.
        .set_if_match(original.head.e_tag.clone())
        .send()
        .await
        .map_err(|error| stays(error.into(), "the source was not deleted, so both exist"))?;
    Ok(Moved {
        size_bytes: original.size,
        etag: copied.etag.as_deref().map(|etag| bare(etag).to_owned()),
        version_id: copied.version_id,
        verified_by: Some(verified_by.to_owned()),
        ..Moved::default()
    })
}
