//! What there is to delete: looked at before anything is, and what will stand in the way.

use std::ops::ControlFlow;

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    primitives::DateTime,
    types::{
        BucketVersioningStatus, MfaDeleteStatus, ObjectLockEnabled, ObjectLockLegalHoldStatus, ObjectLockMode,
    },
};
use awsmcp_mcp::{Call, Error, Kind, ResourceArgument, Result, human_size};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{DeleteObjects, MOST, OneVersion, SHOWN};
use crate::{
    S3,
    existing::is_denied,
    listing::{Place, Scan},
    names::{BucketName, Key},
    removal::needs_mfa,
    spelling,
    versions::{self, Version},
};

const AT_ONCE: usize = 16;

/// What is there to delete.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) found: Vec<Found>,
    pub(super) missing: Vec<String>,
    /// Whether more lies under the prefix than one call deletes.
    pub(super) more: bool,
    pub(super) history: History,
    pub(super) lock: Lock,
    /// Versions whose locks were not looked at.
    pub(super) unlooked: usize,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    /// None of a delete marker, and of what could not be looked at.
    pub(super) size: Option<u64>,
    pub(super) modified: Option<DateTime>,
    pub(super) etag: Option<String>,
    pub(super) is_marker: bool,
    /// Why AWS will refuse.
    pub(super) held: Option<String>,
    /// The IAM action without which it could not be looked at.
    pub(super) unseen: Option<&'static str>,
}

/// Whether object lock may hold versions of the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lock {
    #[default]
    Off,
    On,
    /// The caller may not look.
    Unknown,
}

/// What the bucket keeps of what is deleted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    pub(super) kept: Kept,
    pub(super) mfa: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) enum Kept {
    Nothing,
    Everything,
    /// Versioning was on once.
    OlderVersions,
    #[default]
    Unknown,
}

impl DeleteObjects {
    /// Looks at what there is, changing nothing.
    pub(super) async fn survey(&self, cx: &Call<S3>) -> Result<Survey> {
        const GOOD: &str =
            "keys [\"a.csv\"], prefix \"tmp/\", or versions [{\"key\": \"a.csv\", \"version_id\": \"…\"}]";
        let history = history(cx, &self.bucket).await?;
        let permanent = self.all_versions || self.versions.is_some();
        if permanent && history.mfa {
            return Err(needs_mfa(&self.bucket));
        }
        let survey = match (&self.keys, &self.prefix, &self.versions) {
            (Some(keys), None, None) if self.all_versions => self.histories(cx, &each_once(keys)).await?,
            (Some(keys), None, None) => self.named(cx, &each_once(keys)).await?,
            (None, Some(prefix), None) if self.all_versions => self.everything(cx, prefix.as_str()).await?,
            (None, Some(prefix), None) => self.under(cx, prefix.as_str()).await?,
            (None, None, Some(versions)) if !self.all_versions => {
                self.single(cx, &each_once(versions)).await?
            }
            (None, None, Some(_)) => {
                return Err(Error::invalid("all_versions goes with keys or prefix, not with versions")
                    .with_next(GOOD));
            }
            (None, None, None) => return Err(Error::invalid("nothing is named to delete").with_next(GOOD)),
            _ => return Err(Error::invalid("give only one of `keys`, `prefix`, `versions`").with_next(GOOD)),
        };
        if survey.found.is_empty() {
            let nothing = self.nothing(&survey.missing);
            let meant = match &self.prefix {
                Some(prefix) => spelling::prefix(cx, cx.client(), &self.bucket, prefix.as_str()).await,
                None => None,
            };
            return Err(match meant {
                Some(meant) => nothing.with_next(meant),
                None => nothing,
            });
        }
        let mut survey = Survey { history, ..survey };
        if self.all_versions {
            survey.lock = lock(cx, &self.bucket).await;
        }
        if survey.lock == Lock::On {
            self.find_held(cx, &mut survey).await?;
        }
        Ok(survey)
    }

    /// Looks at the locks of the first versions; of all of them would take too many requests.
    async fn find_held(&self, cx: &Call<S3>, survey: &mut Survey) -> Result<()> {
        const LOOKED_AT: usize = 1000;
        let lockable = || survey.found.iter().enumerate().filter(|(_, found)| !found.is_marker);
        let unlooked = lockable().count().saturating_sub(LOOKED_AT);
        let versions: Vec<_> = lockable()
            .take(LOOKED_AT)
            .map(|(at, found)| (at, found.key.clone(), found.version_id.clone()))
            .collect();
        let looked: Vec<(usize, Option<Found>)> = stream::iter(versions)
            .map(|(at, key, version)| async move {
                let Ok(key) = Key::parse(&key) else { return Ok((at, None)) };
                Ok::<_, Error>((at, self.look(cx, &key, version.as_deref()).await?))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        survey.unlooked = unlooked;
        for (at, looked) in looked {
            if let (Some(found), Some(looked)) = (survey.found.get_mut(at), looked) {
                (found.held, found.unseen) = (looked.held, looked.unseen);
            }
        }
        Ok(())
    }

    fn nothing(&self, missing: &[String]) -> Error {
        let what = match (missing, &self.prefix) {
            ([], Some(prefix)) => format!("nothing lies under s3://{}/{prefix}", self.bucket),
            ([only], _) => format!("s3://{}/{only} does not exist", self.bucket),
            _ => format!("none of these {} exists in {}", missing.len(), self.bucket),
        };
        let error = Error::not_found(format!("{what}; nothing to delete"));
        error.with_next(
            "list_objects shows the keys, list_versions what versioning keeps; both are matched exactly",
        )
    }

    async fn named(&self, cx: &Call<S3>, keys: &[Key]) -> Result<Survey> {
        let looked: Vec<(String, Option<Found>)> = stream::iter(keys.to_vec())
            .map(|key| async move {
                let found = self.look(cx, &key, None).await?;
                let meant = match &found {
                    None => spelling::object(cx, cx.client(), &self.bucket, key.as_str()).await,
                    Some(_) => None,
                };
                Ok::<_, Error>((named(&key, meant), found))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Survey::of(looked))
    }

    async fn single(&self, cx: &Call<S3>, versions: &[OneVersion]) -> Result<Survey> {
        let name = |one: &OneVersion| format!("{} version {}", one.key, one.version_id);
        let looked: Vec<(String, Option<Found>)> = stream::iter(versions.to_vec())
            .map(|one| async move {
                Ok::<_, Error>((name(&one), self.look(cx, &one.key, Some(&one.version_id)).await?))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Survey::of(looked))
    }

    async fn under(&self, cx: &Call<S3>, prefix: &str) -> Result<Survey> {
        let mut survey = Survey::default();
        let scan = Scan { bucket: &self.bucket, prefix: Some(prefix), most: MOST as u64 };
        let scanned = scan.run(cx, Place::default(), |object| {
            survey.found.push(Found {
                key: object.key.unwrap_or_default(),
                version_id: None,
                size: object.size.and_then(|size| u64::try_from(size).ok()),
                modified: object.last_modified,
                etag: object.e_tag,
                is_marker: false,
                held: None,
                unseen: None,
            });
            ControlFlow::Continue(())
        });
        survey.more = scanned.await?.next.is_some();
        Ok(survey)
    }

    async fn histories(&self, cx: &Call<S3>, keys: &[Key]) -> Result<Survey> {
        let all: Vec<(String, Vec<Version>)> = stream::iter(keys.to_vec())
            .map(|key| async move {
                let history = versions::of(cx, &self.bucket, key.as_str()).await?;
                let meant = match history.is_empty() {
                    true => spelling::history(cx, &self.bucket, key.as_str()).await?,
                    false => None,
                };
                Ok::<_, Error>((named(&key, meant), history))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut survey = Survey::default();
        for (key, history) in all {
            if history.is_empty() {
                survey.missing.push(key);
            }
            survey.found.extend(history.into_iter().map(Found::version));
        }
        Ok(survey)
    }

    async fn everything(&self, cx: &Call<S3>, prefix: &str) -> Result<Survey> {
        let (all, more) = versions::under(cx, &self.bucket, prefix, MOST).await?;
        Ok(Survey { found: all.into_iter().map(Found::version).collect(), more, ..Survey::default() })
    }

    /// An object or one of its versions; none where it is not there.
    async fn look(&self, cx: &Call<S3>, key: &Key, version_id: Option<&str>) -> Result<Option<Found>> {
        let out = cx
            .client()
            .head_object()
            .bucket(self.bucket.as_str())
            .key(key.as_str())
            .set_version_id(version_id.map(str::to_owned))
            .send()
            .await
            .map_err(Error::from);
        let unknown = |is_marker| Found {
            key: key.to_string(),
            version_id: version_id.map(str::to_owned),
            size: None,
            modified: None,
            etag: None,
            is_marker,
            held: None,
            unseen: None,
        };
        match out {
            Ok(head) => Ok(Some(Found {
                size: head.content_length().and_then(|size| u64::try_from(size).ok()),
                modified: head.last_modified,
                etag: head.e_tag.clone(),
                // A lock holds a version; a delete marker over it is always possible.
                held: version_id.and_then(|_| held(&head, self.bypass_governance)),
                ..unknown(false)
            })),
            // S3 answers so to a HEAD of a version that is a delete marker.
            Err(error) if error.status == Some(405) => Ok(Some(unknown(true))),
            // A version id that is none is refused so.
            Err(error)
                if error.kind == Kind::NotFound || (version_id.is_some() && error.status == Some(400)) =>
            {
                Ok(None)
            }
            // Who may delete need not be allowed to look.
            Err(error) if is_denied(&error) => {
                let action = if version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
                Ok(Some(Found { unseen: Some(action), ..unknown(false) }))
            }
            Err(error) => Err(error),
        }
    }
}

/// What is named twice is deleted once.
fn each_once<T: Clone + PartialEq>(named: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(named.len());
    for one in named {
        if !once.contains(one) {
            once.push(one.clone());
        }
    }
    once
}

/// A key that is not there, and beside it what may have been meant.
fn named(key: &Key, meant: Option<String>) -> String {
    meant.map_or_else(|| key.to_string(), |meant| format!("{key} ({meant})"))
}

impl Survey {
    fn of(looked: Vec<(String, Option<Found>)>) -> Self {
        let mut survey = Survey::default();
        for (name, found) in looked {
            match found {
                Some(found) => survey.found.push(found),
                None => survey.missing.push(name),
            }
        }
        survey
    }

    /// Of all but the delete markers, which have none.
    pub(super) fn size(&self) -> String {
        let sizes = || self.found.iter().filter(|found| !found.is_marker).map(|found| found.size);
        let known = human_size(sizes().flatten().sum());
        match (sizes().flatten().count(), sizes().filter(Option::is_none).count()) {
            (_, 0) => known,
            (0, _) => "size not known".to_owned(),
            (_, unknown) => format!("{known} and {unknown} of unknown size"),
        }
    }

    pub(super) fn largest(&self) -> Vec<&Found> {
        let mut all: Vec<&Found> = self.found.iter().collect();
        // What will be refused first: it is what a reader must know.
        all.sort_by_key(|found| (found.held.is_none(), std::cmp::Reverse(found.size), &found.key));
        all.truncate(SHOWN);
        all
    }
}

impl Found {
    fn version(version: Version) -> Self {
        Found {
            key: version.key,
            version_id: Some(version.version_id),
            size: (!version.is_marker).then_some(version.size),
            modified: version.modified,
            etag: version.etag,
            is_marker: version.is_marker,
            held: None,
            unseen: None,
        }
    }

    pub(super) fn row(&self) -> serde_json::Value {
        json!({
            "key": self.key,
            "version_id": self.version_id,
            "kind": self.is_marker.then_some("delete_marker"),
            "size_bytes": self.size,
            "modified": self.modified.map(utc_second),
            "held": self.held,
        })
    }
}

/// Why AWS will not remove this version.
pub(super) fn held(head: &HeadObjectOutput, bypass: bool) -> Option<String> {
    if head.object_lock_legal_hold_status() == Some(&ObjectLockLegalHoldStatus::On) {
        return Some("legal hold".to_owned());
    }
    let until = *head.object_lock_retain_until_date()?;
    let over = until.secs() <= Timestamp::now().as_second();
    let mode = head.object_lock_mode()?;
    if over || (bypass && *mode == ObjectLockMode::Governance) {
        return None;
    }
    Some(format!("{mode} until {}", utc_second(until)))
}

async fn history(cx: &Call<S3>, bucket: &BucketName) -> Result<History> {
    if bucket.is_directory() {
        return Ok(History { kept: Kept::Nothing, mfa: false });
    }
    match cx.client().get_bucket_versioning().bucket(bucket.as_str()).send().await.map_err(Error::from) {
        Ok(out) => Ok(History {
            kept: match out.status() {
                Some(BucketVersioningStatus::Enabled) => Kept::Everything,
                Some(BucketVersioningStatus::Suspended) => Kept::OlderVersions,
                _ => Kept::Nothing,
            },
            mfa: out.mfa_delete() == Some(&MfaDeleteStatus::Enabled),
        }),
        // Access points and some other endpoints do not have the operation; some callers may not use it.
        Err(error) if is_denied(&error) || matches!(error.status, Some(405 | 501)) => Ok(History::default()),
        Err(error) => Err(error),
    }
}

/// Only for a warning: whoever may not look goes without it.
async fn lock(cx: &Call<S3>, bucket: &BucketName) -> Lock {
    let out = cx.client().get_object_lock_configuration().bucket(bucket.as_str()).send().await;
    match out.map_err(Error::from) {
        Ok(out) => match out.object_lock_configuration.and_then(|lock| lock.object_lock_enabled) {
            Some(ObjectLockEnabled::Enabled) => Lock::On,
            _ => Lock::Off,
        },
        Err(error) if is_denied(&error) => Lock::Unknown,
        // There is none, or there cannot be one.
        Err(_) => Lock::Off,
    }
}
