mod comparing;
mod copying;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_s3_transfer_manager::{Client as Manager, operation::upload::UploadInput};
use awsmcp_mcp::{
    Call, Change, Error, One, Plan, Result, Spec, counted,
    files::{Folder, Seen, Sort},
    human_size,
};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    attributes::content_type_of,
    existing::Condition,
    fetching,
    filters::KeyGlob,
    names::{BucketName, Etag, FolderPrefix, Key, bare},
    removal::{self, Item},
    spelling,
    stamp::{Stamp, unchanged},
    transfer::{self, Meter},
};

/// Makes a prefix like a local directory, the directory like the prefix, or one prefix like another: only what differs in
/// size or is newer is transferred.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    direction: Direction,
    /// In an allowed directory; for upload and download.
    directory: Option<String>,
    /// For copy: where from.
    source_bucket: Option<BucketName>,
    source_prefix: Option<FolderPrefix>,
    bucket: BucketName,
    prefix: Option<FolderPrefix>,
    /// Globs such as `*.csv` or `a/**`.
    #[serde(default)]
    include: Vec<KeyGlob>,
    #[serde(default)]
    exclude: Vec<KeyGlob>,
    /// Compare checksums, not times.
    #[serde(default)]
    exact: bool,
    /// Delete what the other side does not have; needs --allow destroy.
    #[serde(default)]
    delete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Upload,
    Download,
    /// From one bucket or prefix to another.
    Copy,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    uploaded: Option<usize>,
    downloaded: Option<usize>,
    copied: Option<usize>,
    deleted: Option<usize>,
    transferred_bytes: u64,
    unchanged: usize,
    failed: Option<usize>,
    failures: Vec<Failure>,
    refused: Vec<Failure>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Failure {
    path: String,
    why: String,
}

/// The most files of either side.
const MOST: usize = 100_000;
/// Files on their way at the same time.
const AT_ONCE: usize = 8;
/// The most names of one sort in an answer or a plan.
const SHOWN: usize = 100;

impl Change for Sync {
    type Service = S3;
    type Output = One<Report>;
    type Items = Work;
    const SPEC: Spec = Spec::write("sync", "Sync directory")
        .shown_by("list_objects")
        .on(arns::BUCKET, &["s3:ListBucket"])
        .on(arns::UNDER_PREFIX, &["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"])
        .when("delete")
        .on(arns::UNDER_PREFIX, &["s3:DeleteObject"])
        .when("direction=copy")
        .on(arns::SOURCE_BUCKET, &["s3:ListBucket"])
        .on(arns::UNDER_SOURCE_PREFIX, &["s3:GetObject", "s3:GetObjectTagging"])
        .on(arns::UNDER_PREFIX, &["s3:PutObjectTagging"])
        .local_files()
        .optional()
        .idempotent()
        .minutes(60);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Work>> {
        let work = self.work(cx).await?;
        Ok(work.plan(self).items(work))
    }

    async fn apply(self, work: Work, cx: &Call<S3>) -> Result<Self::Output> {
        let folder = match self.direction {
            Direction::Upload => Some(cx.files().folder(self.directory()?).await?),
            Direction::Download => Some(cx.files().make_folder(self.directory()?).await?),
            Direction::Copy => None,
        };
        let folder = folder.as_ref();
        let (done, mut failures, first) = self.transfer(cx, folder, &work).await?;
        if let (0, Some(error)) = (done.files, first) {
            return Err(error);
        }
        let mut deleted = None;
        if self.delete && failures.is_empty() {
            match self.remove(cx, folder, &work).await {
                Ok((count, mut kept)) => {
                    deleted = Some(count);
                    failures.append(&mut kept);
                }
                // What was transferred is told all the same.
                Err(error) if done.files > 0 => {
                    cx.note(format!("what was to be deleted was not, or not all: {}", error.message));
                }
                Err(error) => return Err(error),
            }
        } else if !work.remove.is_empty() {
            cx.note("nothing was deleted, because not everything was transferred");
        }
        let failed = failures.len();
        failures.truncate(SHOWN);
        let way = |direction| (self.direction == direction).then_some(done.files);
        Ok(One(Report {
            uploaded: way(Direction::Upload),
            downloaded: way(Direction::Download),
            copied: way(Direction::Copy),
            deleted,
            transferred_bytes: done.bytes,
            unchanged: work.unchanged,
            failed: Some(failed).filter(|failed| *failed > 0),
            failures,
            refused: work.refused.into_iter().take(SHOWN).collect(),
        }))
    }
}

/// What there is to do.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Work {
    transfer: Vec<Step>,
    remove: Vec<Step>,
    unchanged: usize,
    /// What has no place on the other side, and why.
    refused: Vec<Failure>,
    /// Whether the side that is copied from is empty.
    from_nothing: bool,
    /// What looks the same and is not, in sentences.
    alike: Vec<String>,
}

/// What arrived.
#[derive(Debug, Default)]
struct Done {
    files: usize,
    bytes: u64,
}

/// One file that is transferred or removed, and what both sides were when they were compared.
#[derive(Clone, Debug, Serialize)]
struct Step {
    path: String,
    /// Of what is transferred or removed.
    size: u64,
    /// The object's entity tag, where there is an object; of the one that is replaced, where two are.
    etag: Option<String>,
    /// The entity tag of the object that is copied.
    source: Option<String>,
    /// The local file, where there is one.
    local: Option<Stamp>,
    /// Whether it replaces something.
    replaces: bool,
}

impl Step {
    /// What may be replaced: what was seen.
    fn condition(&self) -> Condition {
        match (&self.etag, self.replaces) {
            (_, false) => Condition::Create,
            (Some(etag), true) => Condition::Seen(Etag::seen(etag)),
            (None, true) => Condition::Replace,
        }
    }

    /// # Errors
    /// When what lies there now is another file than the one that was looked at.
    async fn holds_in(&self, folder: &Folder) -> Result<()> {
        let now = match folder.place(&self.path).await?.look()? {
            None => None,
            Some(Seen { sort: Sort::File, size, modified }) => Some(Stamp { size, modified }),
            // Of a link, what it leads to was looked at.
            Some(_) => Some(Stamp::from(&folder.open(&self.path).await?)),
        };
        unchanged(self.local, now)
    }
}

impl Work {
    fn bytes(&self) -> u64 {
        self.transfer.iter().map(|step| step.size).sum()
    }

    fn plan(&self, sync: &Sync) -> Plan {
        let over = self.transfer.iter().filter(|step| step.replaces).count();
        let removed: u64 = self.remove.iter().map(|step| step.size).sum();
        let directory = sync.directory.clone().unwrap_or_default();
        let (verb, from, to, where_to) = match sync.direction {
            Direction::Upload => ("upload", directory, sync.uri(), "objects"),
            Direction::Download => ("download", sync.uri(), directory, "local files"),
            Direction::Copy => ("copy", sync.source_uri(), sync.uri(), "objects"),
        };
        let things = if sync.direction == Direction::Copy { "objects" } else { "files" };
        let mut plan = if self.transfer.is_empty() && self.remove.is_empty() {
            let rest = match self.refused.len() {
                0 => String::new(),
                count => format!("; {count} are left out and were not compared"),
            };
            Plan::new(format!(
                "do nothing: {} {things} of {from} and {to} are the same{rest}",
                self.unchanged
            ))
        } else {
            let delete = match self.remove.len() {
                0 => String::new(),
                count => format!(", delete {count} {where_to} ({})", human_size(removed)),
            };
            let over_older =
                if over == 0 { String::new() } else { format!(", {over} of them over older contents") };
            Plan::new(format!(
                "{verb} {} {things} ({}) from {from} to {to}{over_older}{delete}; unchanged: {}",
                self.transfer.len(),
                human_size(self.bytes()),
                self.unchanged
            ))
        };
        if over > 0 && sync.direction == Direction::Upload {
            plan = plan.warning(
                "what the older objects carry besides contents (metadata, tags, storage class, cache-control) does not stay",
            );
        }
        if !self.remove.is_empty() {
            plan = plan.ask();
            if self.from_nothing {
                plan = plan.warning(format!("{from} is empty: everything in {to} would be deleted"));
            }
        }
        for alike in &self.alike {
            plan = plan.warning(alike);
        }
        for Failure { path, why } in self.refused.iter().take(SHOWN) {
            plan = plan.warning(format!("{path} is left out: {why}"));
        }
        if self.refused.len() > SHOWN {
            plan = plan.warning(format!("{} more are left out", self.refused.len() - SHOWN));
        }
        let rows = |steps: &[Step], name: &'static str| {
            let row = move |step: &Step| json!({"action": name, "path": step.path, "size_bytes": step.size});
            steps.iter().take(SHOWN).map(row).collect::<Vec<_>>()
        };
        let rows = rows(&self.remove, "delete").into_iter().chain(rows(&self.transfer, verb));
        rows.fold(plan, Plan::row)
    }

    /// Tells of names that only one side has, each of which looks the same as one of the other.
    fn look_alikes<'a>(
        &mut self,
        one: impl Iterator<Item = &'a String>,
        other: impl Iterator<Item = &'a String>,
    ) {
        let pairs = spelling::look_alikes(one, other);
        if let Some((here, there)) = pairs.first() {
            let written = spelling::written_out;
            self.alike.push(format!(
                "{} on both sides look the same, but Unicode spells them otherwise, so that they are two: \"{}\" and \
                 \"{}\", where each <U+...> is one character",
                counted(pairs.len(), "name"),
                written(here),
                written(there)
            ));
        }
    }

    fn refuse(&mut self, path: impl Into<String>, why: &str) {
        self.refused.push(Failure { path: path.into(), why: why.to_owned() });
    }
}

impl Sync {
    fn prefix(&self) -> &str {
        self.prefix.as_ref().map_or("", FolderPrefix::as_str)
    }

    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix())
    }

    /// # Errors
    /// When none is given.
    fn directory(&self) -> Result<&str> {
        self.directory.as_deref().ok_or_else(|| {
            Error::invalid("`directory` is missing")
                .with_next("a local one, for upload and download; copy takes source_bucket instead")
        })
    }

    fn is_meant(&self, path: &str) -> bool {
        let any = |globs: &[KeyGlob]| globs.iter().any(|glob| glob.fits(path));
        (self.include.is_empty() || any(&self.include)) && !self.is_excluded(path)
    }

    /// What is excluded takes all below it along.
    fn is_excluded(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        let excludes = |path: &str| self.exclude.iter().any(|glob| glob.fits(path));
        excludes(path) || folders.any(excludes)
    }

    /// Transfers what there is to transfer: how many arrived, what did not, and the first error of those.
    async fn transfer(
        &self,
        cx: &Call<S3>,
        folder: Option<&Folder>,
        work: &Work,
    ) -> Result<(Done, Vec<Failure>, Option<Error>)> {
        let manager = transfer::manager(cx, 0)?;
        let meter = Mutex::new(Meter::new(cx, work.bytes()));
        let moved = AtomicU64::new(0);
        let steps = stream::iter(work.transfer.clone()).map(|step| {
            let (manager, meter, moved) = (&manager, &meter, &moved);
            let mut before = 0;
            let told = move |done: u64| {
                let all = moved.fetch_add(done.saturating_sub(before), Ordering::Relaxed)
                    + done.saturating_sub(before);
                before = before.max(done);
                meter.lock().unwrap_or_else(PoisonError::into_inner).at(all);
            };
            async move {
                let done = match (self.direction, folder) {
                    (Direction::Upload, Some(folder)) => self.send(cx, folder, &step, told).await,
                    (Direction::Download, Some(folder)) => self.fetch(cx, manager, folder, &step, told).await,
                    _ => self.copy(cx, &step, told).await,
                };
                (step, done)
            }
        });
        let mut steps = std::pin::pin!(steps.buffer_unordered(AT_ONCE));
        let (mut done, mut failures, mut first) = (Done::default(), Vec::new(), None);
        while let Some((step, outcome)) = steps.next().await {
            match outcome {
                Ok(()) => {
                    done.files += 1;
                    done.bytes += step.size;
                }
                Err(error) => {
                    failures.push(Failure { path: step.path, why: error.message.clone() });
                    first.get_or_insert(error);
                }
            }
        }
        failures.sort_by(|left, right| left.path.cmp(&right.path));
        Ok((done, failures, first))
    }

    async fn send(
        &self,
        cx: &Call<S3>,
        folder: &Folder,
        step: &Step,
        mut told: impl FnMut(u64) + Send,
    ) -> Result<()> {
        let file = folder.open(&step.path).await?;
        unchanged(step.local, Some(Stamp::from(&file)))?;
        let key = key(&format!("{}{}", self.prefix(), step.path))?;
        let condition = step.condition();
        let request = |condition: &Condition| {
            UploadInput::builder()
                .bucket(self.bucket.as_str())
                .key(key.as_str())
                .set_content_type(content_type_of(&step.path).map(str::to_owned))
                .set_if_match(condition.if_match())
                .set_if_none_match(condition.if_none_match())
        };
        // Only over what was seen: somebody may have written there since.
        let mut sent = transfer::send(cx, file, request(&condition), &mut told).await;
        if let Err(error) = &sent
            && condition.is_unknown_to_store(error)
        {
            condition.held_by_a_look(cx, &self.bucket, &key).await?;
            let file = folder.open(&step.path).await?;
            unchanged(step.local, Some(Stamp::from(&file)))?;
            sent = transfer::send(cx, file, request(&Condition::Replace), told).await;
        }
        match sent {
            Err(error) if error.status == Some(412) => {
                let head = fetching::head(cx, &self.bucket, &key, None).await?;
                // An attempt whose answer was lost may have written it.
                if fetching::is_same(cx, &head, folder.open(&step.path).await?).await? {
                    return Ok(());
                }
                Err(Error::conflict("somebody else wrote to this key meanwhile"))
            }
            sent => sent.map(drop),
        }
    }

    async fn fetch(
        &self,
        cx: &Call<S3>,
        manager: &Manager,
        folder: &Folder,
        step: &Step,
        told: impl FnMut(u64) + Send,
    ) -> Result<()> {
        let key = key(&format!("{}{}", self.prefix(), step.path))?;
        let head = fetching::head(cx, &self.bucket, &key, None).await?;
        if step.etag.as_deref().is_some_and(|etag| bare(etag) != bare(&head.remote.etag)) {
            return Err(Error::conflict("the object changed since the plan, and was not fetched"));
        }
        let place = folder.place(&step.path).await?;
        step.holds_in(folder).await?;
        // The transfer may take long: what is replaced is looked at once more before it is.
        let last_look = step.holds_in(folder);
        fetching::to_file(cx, manager, &head, place, step.replaces, last_look, told).await.map(drop)
    }

    async fn remove(
        &self,
        cx: &Call<S3>,
        folder: Option<&Folder>,
        work: &Work,
    ) -> Result<(usize, Vec<Failure>)> {
        let Some(folder) = folder.filter(|_| self.direction == Direction::Download) else {
            let item =
                |step: &Step| Item::object(format!("{}{}", self.prefix(), step.path), step.etag.clone());
            let removed =
                removal::remove(cx, &self.bucket, work.remove.iter().map(item).collect(), false).await?;
            let failures = removed
                .failures
                .into_iter()
                .map(|failure| Failure { path: failure.key, why: failure.message });
            return Ok((usize::try_from(removed.count).unwrap_or(usize::MAX), failures.collect()));
        };
        let (mut count, mut failures) = (0, Vec::new());
        for step in &work.remove {
            let removed = async {
                step.holds_in(folder).await?;
                folder.remove(&step.path).await
            };
            match removed.await {
                Ok(()) => count += 1,
                Err(error) => failures.push(Failure { path: step.path.clone(), why: error.message.clone() }),
            }
        }
        Ok((count, failures))
    }
}

fn key(text: &str) -> Result<Key> {
    serde_json::from_value(json!(text)).map_err(|error| Error::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(value: serde_json::Value) -> Sync {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_prefix_is_a_folder() {
        let of = |prefix: Option<&str>| {
            let sync =
                sync(json!({"direction": "upload", "directory": "d", "bucket": "bbb", "prefix": prefix}));
            sync.prefix().to_owned()
        };
        assert_eq!([of(None), of(Some("")), of(Some("a")), of(Some("a/"))], ["", "", "a/", "a/"]);
    }

    #[test]
    fn globs_choose() {
        let sync = sync(json!({
            "direction": "download", "directory": "d", "bucket": "bbb", "include": ["*.csv", "a/**"], "exclude": ["tmp/**"]
        }));
        let meant = |path| sync.is_meant(path);
        assert!(meant("x.csv") && meant("deep/x.csv") && meant("a/b/c"));
        assert!(!meant("x.txt") && !meant("tmp/x.csv"));
        let sync = self::sync(json!({
            "direction": "upload", "directory": "d", "bucket": "bbb", "exclude": ["folder", "*.log"]
        }));
        assert!(!sync.is_meant("folder/x") && !sync.is_meant("a/folder/b/x") && !sync.is_meant("a/x.log"));
        assert!(sync.is_meant("folders/x") && sync.is_meant("a/folder.txt"));
    }

    #[test]
    fn a_plan_that_deletes_asks_and_is_bound_to_all_of_it() {
        let sync = sync(json!({"direction": "upload", "directory": "d", "bucket": "bbb", "delete": true}));
        let step = |path: &str| Step {
            path: path.to_owned(),
            size: 1,
            etag: None,
            source: None,
            local: None,
            replaces: false,
        };
        let mut work = Work { remove: (0..300).map(|n| step(&n.to_string())).collect(), ..Work::default() };
        // The plan as it is shown, and what it is made of.
        let told = |work: &Work| format!("{:?} {}", work.plan(&sync), json!(work));
        let before = told(&work);
        assert!(before.contains("ask: true") && before.contains("delete 300 objects (300 B)"), "{before}");
        work.remove[299].path = "other".to_owned();
        assert_ne!(told(&work), before);
        assert!(format!("{:?}", Work::default().plan(&sync)).contains("ask: false"));
    }
}
