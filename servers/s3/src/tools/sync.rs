use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use aws_sdk_s3::types::Object;
use aws_sdk_s3_transfer_manager::{Client as Manager, operation::upload::UploadInput};
use awsmcp_mcp::{
    Call, Change, Error, One, Plan, Result, Risk, Spec,
    files::{Folder, Leaf, Opened, Seen, Sort},
    human_size,
};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use crate::{
    S3, arns,
    attributes::content_type_of,
    fetching,
    filters::KeyGlob,
    listing::{Place, Scan},
    names::{BucketName, FolderPrefix, Key, bare},
    removal::{self, Item},
    transfer::{self, Meter},
};

/// Makes a prefix like a local directory, or the directory like the prefix: only what differs in size or is newer is
/// transferred.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    direction: Direction,
    /// In an allowed directory.
    directory: String,
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
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    uploaded: Option<usize>,
    downloaded: Option<usize>,
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
        .on(arns::BUCKET, &["s3:ListBucket"])
        .on(arns::UNDER_PREFIX, &["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"])
        .when("delete")
        .on(arns::UNDER_PREFIX, &["s3:DeleteObject"])
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
            Direction::Upload => cx.files().folder(&self.directory).await?,
            Direction::Download => cx.files().make_folder(&self.directory).await?,
        };
        let (done, mut failures, first) = self.transfer(cx, &folder, &work).await?;
        if let (0, Some(error)) = (done.files, first) {
            return Err(error);
        }
        let mut deleted = None;
        if self.delete && failures.is_empty() {
            let (count, mut kept) = self.remove(cx, &folder, &work).await?;
            deleted = Some(count);
            failures.append(&mut kept);
        } else if !work.remove.is_empty() {
            cx.note("nothing was deleted, because not everything was transferred");
        }
        let failed = failures.len();
        failures.truncate(SHOWN);
        let way = |direction| (self.direction == direction).then_some(done.files);
        Ok(One(Report {
            uploaded: way(Direction::Upload),
            downloaded: way(Direction::Download),
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
    /// The object's entity tag, where there is an object.
    etag: Option<String>,
    /// The local file, where there is one.
    local: Option<Stamp>,
    /// Whether it replaces something.
    replaces: bool,
}

/// What tells whether a local file is still the one that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Stamp {
    size: u64,
    #[serde(serialize_with = "exactly")]
    modified: SystemTime,
}

/// Times before 1970 too.
fn exactly<S: Serializer>(time: &SystemTime, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:?}"))
}

impl From<&Opened> for Stamp {
    fn from(file: &Opened) -> Stamp {
        Stamp { size: file.size, modified: file.modified }
    }
}

impl From<&Leaf> for Stamp {
    fn from(leaf: &Leaf) -> Stamp {
        Stamp { size: leaf.size, modified: leaf.modified }
    }
}

impl Step {
    /// # Errors
    /// When the local file is another than the one that was looked at.
    fn holds(&self, now: Option<Stamp>) -> Result<()> {
        match now == self.local {
            true => Ok(()),
            false => Err(Error::conflict("the local file changed since the plan, and was left as it is")),
        }
    }

    /// The same of whatever lies there now.
    async fn holds_in(&self, folder: &Folder) -> Result<()> {
        let now = match folder.place(&self.path).await?.look()? {
            None => None,
            Some(Seen { sort: Sort::File, size, modified }) => Some(Stamp { size, modified }),
            // Of a link, what it leads to was looked at.
            Some(_) => Some(Stamp::from(&folder.open(&self.path).await?)),
        };
        self.holds(now)
    }
}

/// An object, as it is listed.
#[derive(Clone, Debug)]
struct Remote {
    size: u64,
    modified: Option<SystemTime>,
    etag: Option<String>,
}

impl Work {
    fn bytes(&self) -> u64 {
        self.transfer.iter().map(|step| step.size).sum()
    }

    fn plan(&self, sync: &Sync) -> Plan {
        let over = self.transfer.iter().filter(|step| step.replaces).count();
        let removed: u64 = self.remove.iter().map(|step| step.size).sum();
        let (verb, from, to, where_to) = match sync.direction {
            Direction::Upload => ("upload", sync.directory.clone(), sync.uri(), "objects"),
            Direction::Download => ("download", sync.uri(), sync.directory.clone(), "local files"),
        };
        let mut plan = if self.transfer.is_empty() && self.remove.is_empty() {
            Plan::new(format!("do nothing: {} files of {from} and {to} are the same", self.unchanged))
        } else {
            let delete = match self.remove.len() {
                0 => String::new(),
                count => format!(", delete {count} {where_to} ({})", human_size(removed)),
            };
            let over =
                if over == 0 { String::new() } else { format!(", {over} of them over older contents") };
            Plan::new(format!(
                "{verb} {} files ({}) from {from} to {to}{over}{delete}; unchanged: {}",
                self.transfer.len(),
                human_size(self.bytes()),
                self.unchanged
            ))
        };
        if !self.remove.is_empty() {
            plan = plan.ask();
            if self.from_nothing {
                plan = plan.warning(format!("{from} is empty: everything in {to} would be deleted"));
            }
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

    fn is_meant(&self, path: &str) -> bool {
        let any = |globs: &[KeyGlob]| globs.iter().any(|glob| glob.fits(path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Looks at both sides and compares them.
    async fn work(&self, cx: &Call<S3>) -> Result<Work> {
        if self.delete {
            cx.permit("`delete: true`", Risk::Destroy)?;
        }
        let mut work = Work::default();
        let (local, remote) = tokio::join!(self.local(cx), self.remote(cx));
        let ((local, hidden), (remote, strange)) = (local?, remote?);
        let differ = self.differ(cx, &local, &remote).await?;
        match self.direction {
            Direction::Upload => {
                work.from_nothing = local.is_empty();
                for (path, leaf) in &local {
                    let there = remote.get(path);
                    if let Err(why) = as_key(self.prefix(), path) {
                        work.refuse(path, why);
                    } else if there.is_none() || differ.contains(path) {
                        let etag = there.and_then(|there| there.etag.clone());
                        let replaces = there.is_some();
                        let (path, local) = (path.clone(), Some(Stamp::from(leaf)));
                        work.transfer.push(Step { path, size: leaf.size, etag, local, replaces });
                    } else {
                        work.unchanged += 1;
                    }
                }
                // What could not be read here may well be there: it is not missing.
                let known = |path: &str| {
                    local.contains_key(path)
                        || hidden.iter().any(|(hidden, _)| {
                            path.strip_prefix(hidden.as_str())
                                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                        })
                };
                for (path, there) in remote.iter().filter(|(path, _)| self.delete && !known(path)) {
                    let (path, etag) = (path.clone(), there.etag.clone());
                    work.remove.push(Step { path, size: there.size, etag, local: None, replaces: false });
                }
                hidden.into_iter().for_each(|(path, why)| work.refuse(path, why));
            }
            Direction::Download => {
                work.from_nothing = remote.is_empty();
                for (path, there) in &remote {
                    let here = local.get(path);
                    if here.is_none() || differ.contains(path) {
                        let etag = there.etag.clone();
                        work.transfer.push(Step {
                            path: path.clone(),
                            size: there.size,
                            etag,
                            local: here.map(Stamp::from),
                            replaces: here.is_some(),
                        });
                    } else {
                        work.unchanged += 1;
                    }
                }
                for (path, leaf) in
                    local.iter().filter(|(path, _)| self.delete && !remote.contains_key(*path))
                {
                    work.remove.push(Step {
                        path: path.clone(),
                        size: leaf.size,
                        etag: None,
                        local: Some(Stamp::from(leaf)),
                        replaces: false,
                    });
                }
                strange.into_iter().for_each(|(key, why)| work.refuse(key, why));
            }
        }
        Ok(work)
    }

    async fn local(&self, cx: &Call<S3>) -> Result<(BTreeMap<String, Leaf>, Vec<(String, &'static str)>)> {
        if self.direction == Direction::Download && cx.files().look(&self.directory).await?.is_none() {
            return Ok(Default::default());
        }
        let listing = cx.files().folder(&self.directory).await?.list(MOST).await?;
        let files = listing.files.into_iter().filter(|leaf| self.is_meant(&leaf.path));
        let hidden = listing.left_out.into_iter().filter(|(path, _)| self.is_meant(path));
        Ok((files.map(|leaf| (leaf.path.clone(), leaf)).collect(), hidden.collect()))
    }

    /// The objects by the path they have below the prefix, and the keys that are no path.
    async fn remote(&self, cx: &Call<S3>) -> Result<(BTreeMap<String, Remote>, Vec<(String, &'static str)>)> {
        let prefix = self.prefix();
        let scan = Scan {
            bucket: &self.bucket,
            prefix: Some(prefix).filter(|prefix| !prefix.is_empty()),
            most: u64::MAX,
        };
        let (mut found, mut strange) = (BTreeMap::new(), Vec::new());
        let mut place = Place::default();
        loop {
            let visit = |object: Object| {
                let key = object.key.as_deref().unwrap_or_default();
                let path = key.strip_prefix(prefix).unwrap_or(key).to_owned();
                // A folder's own object has no contents to speak of.
                if path.is_empty() || path.ends_with('/') || !self.is_meant(&path) {
                    return ControlFlow::Continue(());
                }
                match as_path(&path) {
                    Ok(()) => drop(found.insert(path, Remote::new(object))),
                    Err(why) => strange.push((key.to_owned(), why)),
                }
                if found.len() + strange.len() > MOST {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            match scan.run(cx, place, visit).await?.next {
                Some(_) if found.len() + strange.len() > MOST => {
                    return Err(Error::invalid(format!("{} holds more than {MOST} objects", self.uri()))
                        .with_next("take a narrower prefix"));
                }
                Some(next) => place = next,
                None => return Ok((found, strange)),
            }
        }
    }

    /// The paths of files that both sides have and that differ.
    async fn differ(
        &self,
        cx: &Call<S3>,
        local: &BTreeMap<String, Leaf>,
        remote: &BTreeMap<String, Remote>,
    ) -> Result<std::collections::BTreeSet<String>> {
        let mut differ = std::collections::BTreeSet::new();
        let mut alike = Vec::new();
        for (leaf, there) in local.values().filter_map(|leaf| Some((leaf, remote.get(&leaf.path)?))) {
            let newer = match self.direction {
                Direction::Upload => whole_seconds(Some(leaf.modified)) > whole_seconds(there.modified),
                Direction::Download => whole_seconds(there.modified) > whole_seconds(Some(leaf.modified)),
            };
            if leaf.size != there.size || (newer && !self.exact) {
                differ.insert(leaf.path.clone());
            } else if self.exact {
                alike.push(leaf.path.clone());
            }
        }
        if alike.is_empty() {
            return Ok(differ);
        }
        let folder = cx.files().folder(&self.directory).await?;
        let compared = stream::iter(alike).map(|path| {
            let folder = &folder;
            async move {
                let key = key(&format!("{}{path}", self.prefix()))?;
                let head = fetching::head(cx, &self.bucket, &key, None).await?;
                let same = fetching::is_same(cx, &head, folder.open(&path).await?).await?;
                Ok::<_, Error>((path, same))
            }
        });
        let mut compared = std::pin::pin!(compared.buffer_unordered(AT_ONCE));
        while let Some(result) = compared.next().await {
            let (path, same) = result?;
            if !same {
                differ.insert(path);
            }
        }
        Ok(differ)
    }

    /// Transfers what there is to transfer: how many arrived, what did not, and the first error of those.
    async fn transfer(
        &self,
        cx: &Call<S3>,
        folder: &Folder,
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
                let done = match self.direction {
                    Direction::Upload => self.send(cx, manager, folder, &step, told).await,
                    Direction::Download => self.fetch(cx, manager, folder, &step, told).await,
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
        manager: &Manager,
        folder: &Folder,
        step: &Step,
        told: impl FnMut(u64) + Send,
    ) -> Result<()> {
        let file = folder.open(&step.path).await?;
        step.holds(Some(Stamp::from(&file)))?;
        // Only over what was seen: somebody may have written there since.
        let request = UploadInput::builder()
            .bucket(self.bucket.as_str())
            .key(format!("{}{}", self.prefix(), step.path))
            .set_content_type(content_type_of(&step.path).map(str::to_owned))
            .set_if_match(step.etag.clone())
            .set_if_none_match((!step.replaces).then(|| "*".to_owned()));
        match transfer::send(cx, manager, file, request, told).await {
            Err(error) if error.status == Some(412) => {
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

    async fn remove(&self, cx: &Call<S3>, folder: &Folder, work: &Work) -> Result<(usize, Vec<Failure>)> {
        if self.direction == Direction::Upload {
            let item =
                |step: &Step| Item::object(format!("{}{}", self.prefix(), step.path), step.etag.clone());
            let removed =
                removal::remove(cx, &self.bucket, work.remove.iter().map(item).collect(), false).await?;
            let failures = removed
                .failures
                .into_iter()
                .map(|failure| Failure { path: failure.key, why: failure.message });
            return Ok((usize::try_from(removed.count).unwrap_or(usize::MAX), failures.collect()));
        }
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

impl Remote {
    fn new(object: Object) -> Self {
        Remote {
            size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: object.last_modified.as_ref().and_then(fetching::system_time),
            etag: object.e_tag,
        }
    }
}

fn whole_seconds(time: Option<SystemTime>) -> Option<u64> {
    Some(time?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

fn key(text: &str) -> Result<Key> {
    serde_json::from_value(json!(text)).map_err(|error| Error::invalid(error.to_string()))
}

/// Whether the rest of a key can be a path in a directory, and no other.
fn as_path(path: &str) -> std::result::Result<(), &'static str> {
    if path.chars().any(char::is_control) {
        return Err("its key holds a control character");
    }
    if path.contains('\\') {
        return Err("its key holds a backslash");
    }
    for part in path.split('/') {
        match part {
            "" => return Err("its key has an empty part"),
            "." | ".." => return Err("its key would lead elsewhere"),
            long if long.len() > 255 => return Err("a part of its key is too long for a file name"),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a local path makes a good key.
fn as_key(prefix: &str, path: &str) -> std::result::Result<(), &'static str> {
    if path.chars().any(char::is_control) {
        return Err("its name holds a control character");
    }
    if prefix.len() + path.len() > 1024 {
        return Err("its key would be longer than 1,024 bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(value: serde_json::Value) -> Sync {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn keys_that_would_lead_elsewhere_are_no_paths() {
        for good in ["a", "a/b.txt", "a b/ü", "..a", "a..", ".hidden/x"] {
            assert_eq!(as_path(good), Ok(()), "{good}");
        }
        for bad in ["../a", "a/../b", "a/..", "/etc/passwd", "a//b", "./a", "a/.", "a\0b", "a\nb", "a\\..\\b"]
        {
            assert!(as_path(bad).is_err(), "{bad}");
        }
        assert!(as_path(&"x".repeat(256)).is_err());
        assert!(as_key("", "a\tb").is_err() && as_key("p/", &"x".repeat(1023)).is_err());
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
    }

    #[test]
    fn a_plan_that_deletes_asks_and_is_bound_to_all_of_it() {
        let sync = sync(json!({"direction": "upload", "directory": "d", "bucket": "bbb", "delete": true}));
        let step =
            |path: &str| Step { path: path.to_owned(), size: 1, etag: None, local: None, replaces: false };
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
