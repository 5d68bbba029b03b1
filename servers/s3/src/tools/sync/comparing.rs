//! Both sides held against each other: what is missing, what differs, and what has no place on the other side.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    time::SystemTime,
};

use aws_sdk_s3::types::Object;
use awsmcp_mcp::{Call, Error, Result, Risk, files::Leaf};
use futures::{StreamExt, stream};

use super::{AT_ONCE, Direction, MOST, Step, Sync, Work, key};
use crate::{
    S3, fetching,
    listing::{Place, Scan},
    names::BucketName,
    spelling,
    stamp::Stamp,
};

/// An object, as it is listed.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    pub(super) etag: Option<String>,
}

/// What lies below a prefix.
pub(super) struct Listed {
    /// The objects that are meant, by their path.
    pub(super) found: BTreeMap<String, Remote>,
    /// The keys that have no place on the other side, and why.
    strange: Vec<(String, &'static str)>,
    /// Whether nothing at all is below it.
    pub(super) is_empty: bool,
}

impl Sync {
    /// Looks at both sides and compares them.
    pub(super) async fn work(&self, cx: &Call<S3>) -> Result<Work> {
        if self.delete {
            cx.permit("`delete: true`", Risk::Destroy)?;
        }
        let mut work = Work::default();
        if self.direction == Direction::Copy {
            self.compare_prefixes(cx, &mut work).await?;
            return Ok(work);
        }
        let (local, remote) =
            tokio::join!(self.local(cx), self.remote(cx, &self.bucket, self.prefix(), as_path));
        let ((local, hidden), Listed { found: remote, strange, is_empty }) = (local?, remote?);
        if is_empty {
            self.meant(cx, &mut work, &self.bucket, self.prefix(), self.direction == Direction::Download)
                .await;
        }
        work.look_alikes(local.keys().filter(|path| !remote.contains_key(*path)), remote.keys());
        let differ = self.differ(cx, &local, &remote).await?;
        match self.direction {
            Direction::Copy => {}
            Direction::Upload => self.to_upload(&mut work, &local, hidden, &remote, &differ),
            Direction::Download => self.to_download(&mut work, &local, &remote, &differ),
        }
        strange.into_iter().for_each(|(key, why)| work.refuse(key, why));
        Ok(work)
    }

    /// Says what may have been meant where nothing starts with a prefix: of the side that is copied from, or to.
    pub(super) async fn meant(
        &self,
        cx: &Call<S3>,
        work: &mut Work,
        bucket: &BucketName,
        prefix: &str,
        is_source: bool,
    ) {
        let Some(meant) = spelling::prefix(cx, cx.client(), bucket, prefix).await else { return };
        let what = if is_source { "nothing is below" } else { "nothing is yet below" };
        work.alike.push(format!("{what} s3://{bucket}/{prefix}: {meant}"));
    }

    fn to_upload(
        &self,
        work: &mut Work,
        local: &BTreeMap<String, Leaf>,
        hidden: Vec<(String, &'static str)>,
        remote: &BTreeMap<String, Remote>,
        differ: &BTreeSet<String>,
    ) {
        work.from_nothing = local.is_empty();
        for (path, leaf) in local {
            let there = remote.get(path);
            if let Err(why) = as_key(self.prefix(), path) {
                work.refuse(path, why);
            } else if there.is_none() || differ.contains(path) {
                let etag = there.and_then(|there| there.etag.clone());
                let replaces = there.is_some();
                let (path, local) = (path.clone(), Some(Stamp::from(leaf)));
                work.transfer.push(Step { path, size: leaf.size, etag, source: None, local, replaces });
            } else {
                work.unchanged += 1;
            }
        }
        // What could not be read here may well be there: it is not missing.
        let known = |path: &str| {
            local.contains_key(path)
                || hidden.iter().any(|(hidden, _)| path == hidden || lies_in(path, hidden))
        };
        for (path, there) in remote.iter().filter(|(path, _)| self.delete && !known(path)) {
            let (path, etag) = (path.clone(), there.etag.clone());
            work.remove.push(Step::removal(path, there.size, etag, None));
        }
        let is_meant = |path: &str| self.is_meant(path) || remote.keys().any(|key| lies_in(key, path));
        let hidden = hidden.into_iter().filter(|(path, _)| is_meant(path));
        hidden.for_each(|(path, why)| work.refuse(path, why));
    }

    fn to_download(
        &self,
        work: &mut Work,
        local: &BTreeMap<String, Leaf>,
        remote: &BTreeMap<String, Remote>,
        differ: &BTreeSet<String>,
    ) {
        work.from_nothing = remote.is_empty();
        for (path, there) in remote {
            if is_folder(remote, path) {
                work.refuse(path, "other keys make a folder of it");
                continue;
            }
            let here = local.get(path);
            if here.is_none() || differ.contains(path) {
                let etag = there.etag.clone();
                work.transfer.push(Step {
                    path: path.clone(),
                    size: there.size,
                    etag,
                    source: None,
                    local: here.map(Stamp::from),
                    replaces: here.is_some(),
                });
            } else {
                work.unchanged += 1;
            }
        }
        for (path, leaf) in local.iter().filter(|(path, _)| self.delete && !remote.contains_key(*path)) {
            work.remove.push(Step::removal(path.clone(), leaf.size, None, Some(Stamp::from(leaf))));
        }
    }

    async fn local(&self, cx: &Call<S3>) -> Result<(BTreeMap<String, Leaf>, Vec<(String, &'static str)>)> {
        if self.direction == Direction::Download && cx.files().look(self.directory()?).await?.is_none() {
            return Ok(Default::default());
        }
        let listing = cx.files().folder(self.directory()?).await?.list(MOST).await?;
        let files = listing.files.into_iter().filter(|leaf| self.is_meant(&leaf.path));
        // A folder that was not looked into may hold anything, whatever the globs say of its own name.
        Ok((files.map(|leaf| (leaf.path.clone(), leaf)).collect(), listing.left_out))
    }

    /// The objects by the path they have below the prefix, and the keys that are no path.
    pub(super) async fn remote(
        &self,
        cx: &Call<S3>,
        bucket: &BucketName,
        prefix: &str,
        fits: fn(&str) -> std::result::Result<(), &'static str>,
    ) -> Result<Listed> {
        let scan = Scan { bucket, prefix: Some(prefix).filter(|prefix| !prefix.is_empty()), most: u64::MAX };
        let (mut found, mut strange, mut is_empty) = (BTreeMap::new(), Vec::new(), true);
        let mut place = Place::default();
        loop {
            let visit = |object: Object| {
                is_empty = false;
                let key = object.key.as_deref().unwrap_or_default();
                let path = key.strip_prefix(prefix).unwrap_or(key).to_owned();
                let empty = object.size.is_none_or(|size| size == 0);
                // A folder's own object has no contents to speak of.
                if path.is_empty() || (path.ends_with('/') && empty) || !self.is_meant(&path) {
                    return ControlFlow::Continue(());
                }
                match fits(&path) {
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
                    return Err(Error::invalid(format!(
                        "s3://{bucket}/{prefix} holds more than {MOST} objects"
                    ))
                    .with_next("take a narrower prefix"));
                }
                Some(next) => place = next,
                None => return Ok(Listed { found, strange, is_empty }),
            }
        }
    }

    /// The paths of files that both sides have and that differ.
    async fn differ(
        &self,
        cx: &Call<S3>,
        local: &BTreeMap<String, Leaf>,
        remote: &BTreeMap<String, Remote>,
    ) -> Result<BTreeSet<String>> {
        let mut differ = BTreeSet::new();
        let mut alike = Vec::new();
        for (leaf, there) in local.values().filter_map(|leaf| Some((leaf, remote.get(&leaf.path)?))) {
            let newer = match self.direction {
                Direction::Upload => whole_seconds(Some(leaf.modified)) > whole_seconds(there.modified),
                Direction::Download | Direction::Copy => {
                    whole_seconds(there.modified) > whole_seconds(Some(leaf.modified))
                }
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
        let folder = cx.files().folder(self.directory()?).await?;
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
}

impl Step {
    pub(super) fn removal(path: String, size: u64, etag: Option<String>, local: Option<Stamp>) -> Step {
        Step { path, size, etag, source: None, local, replaces: false }
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

fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether there is something below a path: it cannot be a file and a folder at once.
fn is_folder(all: &BTreeMap<String, Remote>, path: &str) -> bool {
    let below = format!("{path}/");
    all.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below))
}

fn whole_seconds(time: Option<SystemTime>) -> Option<u64> {
    Some(time?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
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
}
