//! From one prefix to another, within S3: what is compared, and how one object is copied.

use awsmcp_mcp::{Call, Error, Kind, ResourceArgument, Result};

use super::{Step, Sync, Work, comparing::Remote, key};
use crate::{
    S3,
    copying::{self, Limits, Original, Source, Target},
    names::{BucketName, FolderPrefix, Key, bare},
};

impl Sync {
    /// # Errors
    /// When it is missing.
    fn source(&self) -> Result<(&BucketName, &str)> {
        let bucket = self.source_bucket.as_ref().ok_or_else(|| {
            Error::invalid("`source_bucket` is missing")
                .with_next("copy goes from source_bucket and source_prefix to bucket and prefix")
        })?;
        Ok((bucket, self.source_prefix.as_ref().map_or("", FolderPrefix::as_str)))
    }

    pub(super) fn source_uri(&self) -> String {
        self.source().map(|(bucket, prefix)| format!("s3://{bucket}/{prefix}")).unwrap_or_default()
    }

    /// Compares two prefixes.
    ///
    /// # Errors
    /// When one lies in the other: each call would copy the copies of the one before.
    pub(super) async fn compare_prefixes(&self, cx: &Call<S3>, work: &mut Work) -> Result<()> {
        let (bucket, prefix) = self.source()?;
        let target = self.prefix();
        let is_here = if self.delete { bucket.may_be(&self.bucket) } else { *bucket == self.bucket };
        if is_here && (target.starts_with(prefix) || prefix.starts_with(target)) {
            let certain = if *bucket == self.bucket { "" } else { "may " };
            return Err(Error::invalid(format!("{} and {} {certain}overlap", self.source_uri(), self.uri()))
                .with_next(match *bucket == self.bucket {
                    true => "copy to a prefix that neither holds the source nor lies in it",
                    false => "an access point does not say which bucket lies behind it: give both buckets by their names",
                }));
        }
        let (from, to) =
            tokio::join!(self.remote(cx, bucket, prefix, any), self.remote(cx, &self.bucket, target, any));
        let (from, to) = (from.map_err(across)?, to.map_err(across)?);
        if from.is_empty {
            self.meant(cx, work, bucket, prefix, true).await;
        }
        if to.is_empty {
            self.meant(cx, work, &self.bucket, target, false).await;
        }
        let (from, to) = (from.found, to.found);
        work.look_alikes(from.keys().filter(|path| !to.contains_key(*path)), to.keys());
        work.from_nothing = from.is_empty();
        for (path, object) in &from {
            let there = to.get(path);
            if Key::parse(&format!("{target}{path}")).is_err() {
                work.refuse(path, "its key would be longer than 1,024 bytes");
            } else if there.is_none_or(|there| self.is_other(object, there)) {
                work.transfer.push(Step {
                    path: path.clone(),
                    size: object.size,
                    etag: there.and_then(|there| there.etag.clone()),
                    source: object.etag.clone(),
                    local: None,
                    replaces: there.is_some(),
                });
            } else {
                work.unchanged += 1;
            }
        }
        for (path, there) in to.iter().filter(|(path, _)| self.delete && !from.contains_key(*path)) {
            work.remove.push(Step::removal(path.clone(), there.size, there.etag.clone(), None));
        }
        Ok(())
    }

    fn is_other(&self, object: &Remote, there: &Remote) -> bool {
        let tag = |remote: &Remote| remote.etag.as_deref().map(bare).map(str::to_owned);
        let differs = if self.exact { tag(object) != tag(there) } else { object.modified > there.modified };
        object.size != there.size || differs
    }

    /// Copies one object, if both places are still what was compared.
    pub(super) async fn copy(
        &self,
        cx: &Call<S3>,
        step: &Step,
        mut told: impl FnMut(u64) + Send,
    ) -> Result<()> {
        let (bucket, prefix) = self.source()?;
        let source =
            Source { bucket: bucket.clone(), key: key(&format!("{prefix}{}", step.path))?, version_id: None };
        let original = Original::look(cx, source, None).await?;
        original.unchanged(step.source.as_deref())?;
        let to = key(&format!("{}{}", self.prefix(), step.path))?;
        let mut target = Target::alike(&original, self.bucket.clone(), to, step.condition());
        copying::copy_held(cx, &original, &mut target, Limits::AWS, &|_| {}).await?;
        told(step.size);
        Ok(())
    }
}

/// Any key may stand under another prefix.
fn any(_: &str) -> std::result::Result<(), &'static str> {
    Ok(())
}

fn across(error: Error) -> Error {
    match error.kind {
        Kind::WrongRegion => {
            Error::invalid("the two buckets lie in different regions; prefixes are copied within one")
                .with_next("copy_object goes across regions")
        }
        _ => error,
    }
}
