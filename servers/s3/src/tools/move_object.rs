use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
};

use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, ResourceArgument, Result, Spec, human_size};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    copying::{self, Limits, Original, Source, Target, head, verified},
    existing::{Condition, Present, look},
    listing::{Place, Scan},
    names::{BucketName, Etag, Key, Prefix, bare, names_no_folder},
    removal::{Failure, Item},
    spelling,
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
    #[serde(skip)]
    is_encrypted_otherwise: bool,
}

impl Change for MoveObject {
    type Service = S3;
    type Output = One<Moved>;
    type Items = Vec<Step>;
    const SPEC: Spec = Spec::write("move_object", "Move object")
        .shown_by("list_objects")
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

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Vec<Step>>> {
        match self.what()? {
            What::One { source, key } => self.plan_one(cx, source, key).await,
            What::All { from, to } => self.plan_all(cx, from, to).await,
        }
    }

    async fn apply(self, steps: Vec<Step>, cx: &Call<S3>) -> Result<Self::Output> {
        let moved = match self.what()? {
            What::One { .. } => {
                let step = steps.into_iter().next();
                self.apply_one(cx, step.ok_or_else(|| Error::internal("a move has no object"))?).await?
            }
            What::All { to, .. } => self.apply_all(cx, steps, to).await?,
        };
        Ok(One(moved))
    }
}

/// What a call means.
enum What<'a> {
    One { source: Source, key: &'a Key },
    All { from: &'a str, to: &'a str },
}

/// An object as it was when it was looked at, and where it goes.
#[derive(Serialize)]
pub(crate) struct Step {
    source: Key,
    etag: Option<String>,
    size: u64,
    key: Key,
    /// What the copy may replace.
    condition: Condition,
}

/// The most objects that one call moves: each takes some requests.
const MOST: usize = 10_000;
const AT_ONCE: usize = 8;
const BY_NAME: &str =
    "an access point does not say which bucket lies behind it: give both buckets by their names";
/// Of a source of which it is not known whether it was deleted.
const UNKNOWN: &str = "OutcomeUnknown";

impl MoveObject {
    fn what(&self) -> Result<What<'_>> {
        let here = self.source_bucket == self.bucket;
        match (&self.source_key, &self.key, &self.source_prefix, &self.prefix) {
            (Some(from), Some(key), None, None) if here && from == key => {
                Err(Error::invalid("the source and the target are the same object"))
            }
            (Some(from), Some(key), None, None) => {
                names_no_folder(from, key)?;
                Ok(What::One { source: self.source(from.clone()), key })
            }
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

    async fn plan_one(&self, cx: &Call<S3>, source: Source, key: &Key) -> Result<Plan<Vec<Step>>> {
        let (original, present) =
            tokio::try_join!(Original::look(cx, source, None), look(cx.client(), &self.bucket, key))?;
        let what = format!("{} of {}", human_size(original.size), original.source.uri());
        let uri = format!("s3://{}/{key}", self.bucket);
        let may_be_here = self.source_bucket.may_be(&self.bucket) && original.source.key == *key;
        let is_other = match &present {
            Present::Nothing => true,
            Present::Object(there) => !there.is(&original.head),
            Present::Unknown => false,
        };
        if may_be_here && !is_other {
            return Err(Error::invalid(format!(
                "{} and {uri} may be the same object",
                original.source.uri()
            ))
            .with_next(BY_NAME));
        }
        let plan = self.condition().plan(&present, &uri, "move", &what)?;
        let fate = match original.head.version_id() {
            None => "the source is deleted for good once the copy is verified".to_owned(),
            Some(id) => {
                format!("the source gets a delete marker once the copy is verified; its version {id} stays")
            }
        };
        let condition = self.condition().held_to(&present);
        let target = Target::alike(&original, self.bucket.clone(), key.clone(), condition);
        let plan = target.leaves_behind(&original.head).into_iter().fold(plan, Plan::warning);
        let step = Step {
            etag: original.head.e_tag.clone(),
            size: original.size,
            source: original.source.key,
            key: target.key,
            condition: target.condition,
        };
        Ok(plan.warning(fate).items(vec![step]))
    }

    async fn apply_one(&self, cx: &Call<S3>, step: Step) -> Result<Moved> {
        let (size, told) = (step.size, |bytes| human_size(bytes));
        let progress = |bytes: u64| {
            cx.progress(bytes, Some(size), format!("{} of {} copied", told(bytes), told(size)));
        };
        let uri = format!("s3://{}/{}", self.bucket, step.key);
        let moved = self.step(cx, step, &progress).await?;
        Ok(Moved { uri, ..moved })
    }

    async fn plan_all(&self, cx: &Call<S3>, from: &str, to: &str) -> Result<Plan<Vec<Step>>> {
        const SHOWN: usize = 10;
        let mut steps = self.steps(cx, from, to).await?;
        self.apart(&steps)?;
        let (there, is_all) = self.there(cx, to).await?;
        for step in &mut steps {
            step.condition = match there.get(step.key.as_str()) {
                Some(etag) => {
                    etag.as_deref().map_or(Condition::Replace, |etag| Condition::Seen(Etag::seen(etag)))
                }
                None if is_all || !self.overwrite => Condition::Create,
                None => Condition::Replace,
            };
        }
        let taken: Vec<&str> =
            steps.iter().map(|step| step.key.as_str()).filter(|key| there.contains_key(*key)).collect();
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
            plan = plan
                .row(json!({"from": step.source.as_str(), "to": step.key.as_str(), "size_bytes": step.size}));
        }
        Ok(plan.ask().items(steps))
    }

    /// # Errors
    /// When a copy would be written where another object still waits to be moved: whichever goes first, one is lost.
    fn apart(&self, steps: &[Step]) -> Result<()> {
        if !self.source_bucket.may_be(&self.bucket) {
            return Ok(());
        }
        let sources: HashSet<&str> = steps.iter().map(|step| step.source.as_str()).collect();
        let Some(step) = steps.iter().find(|step| sources.contains(step.key.as_str())) else { return Ok(()) };
        if self.source_bucket != self.bucket {
            return Err(Error::invalid(format!(
                "the prefixes may overlap: {} would go to {}, which may itself be to be moved",
                step.source, step.key
            ))
            .with_next(BY_NAME));
        }
        Err(Error::invalid(format!(
            "the prefixes overlap: {} would go to {}, which is itself to be moved",
            step.source, step.key
        ))
        .with_next(
            "move to a prefix that takes no key of the source, and from there in a second call; or move them one by one \
             with source_key, the last first",
        ))
    }

    async fn apply_all(&self, cx: &Call<S3>, steps: Vec<Step>, to: &str) -> Result<Moved> {
        let total = steps.len();
        let mut moves = stream::iter(steps)
            .map(|step| async move {
                let item = Item::object(step.source.as_str(), None);
                self.step(cx, step, &|_| {}).await.map_err(|error| Failure::new(item, &error))
            })
            .buffer_unordered(AT_ONCE);
        let mut all = Moved { uri: format!("s3://{}/{to}", self.bucket), ..Moved::default() };
        let (mut count, mut otherwise) = (0, 0);
        while let Some(outcome) = moves.next().await {
            match outcome {
                Ok(moved) => {
                    count += 1;
                    all.size_bytes += moved.size_bytes;
                    otherwise += u64::from(moved.is_encrypted_otherwise);
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
        if otherwise > 0 {
            cx.note(format!(
                "{otherwise} copies are not encrypted with the KMS key of their source, but as their bucket encrypts by default"
            ));
        }
        let Some(first) = all.failures.first() else { return Ok(all) };
        let unknown = all.failures.iter().filter(|failure| failure.code == UNKNOWN).count();
        if count == 0 {
            let untouched = if unknown == 0 { "the sources are untouched; " } else { "" };
            return Err(Error::conflict(format!(
                "none of {total} was moved; the first, {}: {}",
                first.key, first.message
            ))
            .with_next(format!(
                "{untouched}move_object with source_key shows one object's trouble in full"
            )));
        }
        let stay = all.failures.len() - unknown;
        if stay > 0 {
            cx.note(format!("{stay} of {total} were not moved and are where they were"));
        }
        if unknown > 0 {
            cx.note(format!(
                "{unknown} of {total} are copied, and whether their sources are deleted is not known"
            ));
        }
        all.failed = Some(all.failures.len());
        Ok(all)
    }

    /// Moves one object, if it is still what was looked at.
    async fn step(&self, cx: &Call<S3>, step: Step, progress: &(dyn Fn(u64) + Sync)) -> Result<Moved> {
        let original = Original::look(cx, self.source(step.source), None).await?;
        original.unchanged(step.etag.as_deref())?;
        let mut target = Target::alike(&original, self.bucket.clone(), step.key, step.condition);
        moved(cx, &original, &mut target, progress).await
    }

    async fn steps(&self, cx: &Call<S3>, from: &str, to: &str) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let (mut wrong, mut marker) = (None, false);
        let scan = Scan { bucket: &self.source_bucket, prefix: Some(from), most: MOST as u64 };
        let scanned = scan.run(cx, Place::default(), |object| {
            let key = object.key.unwrap_or_default();
            if to.is_empty() && key == from && key.ends_with('/') {
                // The folder's own marker has no name without the folder.
                marker = true;
                return ControlFlow::Continue(());
            }
            match (Key::parse(&format!("{to}{}", key.strip_prefix(from).unwrap_or(&key))), Key::parse(&key)) {
                (Ok(new), Ok(old)) => steps.push(Step {
                    source: old,
                    key: new,
                    size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                    etag: object.e_tag,
                    condition: Condition::Create,
                }),
                (Err(why), _) | (_, Err(why)) => wrong = Some(format!("{key} cannot move: {why}")),
            }
            ControlFlow::Continue(())
        });
        let scanned = scanned.await?;
        if let Some(why) = wrong {
            return Err(Error::invalid(why));
        }
        if marker {
            cx.note(format!("{from} itself stays: it is a folder's marker, which has no name outside of it"));
        }
        if scanned.next.is_some() {
            return Err(Error::invalid(format!("more than {MOST} objects lie under {from}"))
                .with_next("move it in narrower prefixes; list_objects with summary shows the folders"));
        }
        if steps.is_empty() {
            let nothing = Error::not_found(format!("nothing lies under s3://{}/{from}", self.source_bucket))
                .with_next("list_objects shows the prefixes; they are matched exactly");
            let meant = spelling::prefix(cx, cx.client(), &self.source_bucket, from).await;
            return Err(match meant {
                Some(meant) => nothing.with_next(meant),
                None => nothing,
            });
        }
        Ok(steps)
    }

    /// The keys that are under the target's prefix already, with their entity tags, and whether these are all.
    async fn there(&self, cx: &Call<S3>, to: &str) -> Result<(HashMap<String, Option<String>>, bool)> {
        let mut keys = HashMap::new();
        // A copy never replaces what it was not told to, so more than this would only be refused later.
        let scan = Scan { bucket: &self.bucket, prefix: Some(to), most: 50_000 };
        let scanned = scan.run(cx, Place::default(), |object| {
            keys.extend(object.key.map(|key| (key, object.e_tag)));
            ControlFlow::Continue(())
        });
        match scanned.await {
            Err(error) if error.kind == Kind::WrongRegion => {
                Err(Error::invalid("the two buckets lie in different regions; prefixes are moved within one")
                    .with_next("move_object with source_key and copy_object go across regions"))
            }
            Err(error) => Err(error),
            Ok(scanned) => Ok((keys, scanned.next.is_none())),
        }
    }
}

/// Copies, verifies and deletes: the source goes only when its copy is known to be right.
async fn moved(
    cx: &Call<S3>,
    original: &Original,
    target: &mut Target,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Moved> {
    let copied = copying::copy_held(cx, original, target, Limits::AWS, progress).await?;
    let target = &*target;
    // The source goes only for a copy that this call made.
    if copied.was_there && !cx.lost_a_try("CopyObject") {
        return Err(Error::conflict(format!(
            "{} exists by now, with the same contents; nothing was written, and the source stays",
            target.uri()
        ))
        .with_next("head_object shows both; delete_objects removes one"));
    }
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
    let deleted = original
        .client
        .delete_object()
        .bucket(source.bucket.as_str())
        .key(source.key.as_str())
        // Only what was copied: not what was written there meanwhile.
        .set_if_match(original.head.e_tag.clone())
        .send()
        .await
        .map_err(Error::from);
    if let Err(error) = deleted {
        // Of a try whose answer was lost only what is there tells.
        let lost = cx.lost_a_try("DeleteObject");
        match if lost { Some(head(&original.client, source).await) } else { None } {
            Some(Err(gone)) if gone.kind == Kind::NotFound => {}
            None | Some(Ok(_)) => return Err(stays(error, "the source was not deleted, so both exist")),
            Some(Err(_)) => {
                let mut error = stays(error, "whether the source was deleted is not known");
                error.code = Some(UNKNOWN.to_owned());
                return Err(error);
            }
        }
    }
    let key = original.head.ssekms_key_id();
    Ok(Moved {
        is_encrypted_otherwise: key.is_some() && key != copy.ssekms_key_id(),
        size_bytes: original.size,
        etag: copied.etag.as_deref().map(|etag| bare(etag).to_owned()),
        version_id: copied.version_id,
        verified_by: Some(verified_by.to_owned()),
        ..Moved::default()
    })
}
