use std::ops::ControlFlow;

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    primitives::DateTime,
    types::{
        BucketVersioningStatus, MfaDeleteStatus, ObjectLockEnabled, ObjectLockLegalHoldStatus, ObjectLockMode,
    },
};
use awsmcp_aws::utc_second;
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, ResourceArgument, Result, Spec, human_size};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    existing::is_denied,
    listing::{Place, Scan},
    names::{BucketName, Key, Prefix},
    removal::{Failure, Item, needs_mfa, remove},
    versions::{self, Version},
};

/// Deletes objects: by key, under a prefix, or single versions for good.
///
/// With versioning on, keys only get delete markers unless `all_versions`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteObjects {
    bucket: BucketName,
    #[schemars(length(min = 1, max = 1000))]
    keys: Option<Vec<Key>>,
    /// All keys that start with this; "" is the whole bucket.
    prefix: Option<Prefix>,
    #[schemars(length(min = 1, max = 1000))]
    versions: Option<Vec<OneVersion>>,
    /// Removes every version and delete marker for good.
    #[serde(default)]
    all_versions: bool,
    /// Overrides governance retention.
    #[serde(default)]
    bypass_governance: bool,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneVersion {
    key: Key,
    version_id: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: u64,
    failed: Option<usize>,
    /// Not there to begin with.
    not_found: Option<usize>,
    outcome: &'static str,
    failures: Vec<Failure>,
}

impl Change for DeleteObjects {
    type Service = S3;
    type Output = One<Deleted>;
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("delete_objects", "Delete objects")
        .on(arns::BUCKET, &["s3:GetBucketVersioning"])
        .when("keys")
        .on(arns::OBJECTS, &["s3:GetObject", "s3:DeleteObject"])
        .when("keys and all_versions")
        .on(arns::OBJECTS, &["s3:DeleteObjectVersion", "s3:GetObjectVersion"])
        .when("prefix")
        .on(arns::BUCKET, &["s3:ListBucket"])
        // S3 compares the entity tag only for who may read the object.
        .on(arns::UNDER_PREFIX, &["s3:DeleteObject", "s3:GetObject"])
        .when("prefix and all_versions")
        .on(arns::UNDER_PREFIX, &["s3:DeleteObjectVersion", "s3:GetObjectVersion"])
        .when("versions")
        .on(arns::VERSIONED_OBJECTS, &["s3:GetObjectVersion", "s3:DeleteObjectVersion"])
        .when("all_versions")
        .on(arns::BUCKET, &["s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration"])
        .when("keys and bypass_governance")
        .on(arns::OBJECTS, &["s3:BypassGovernanceRetention"])
        .when("prefix and bypass_governance")
        .on(arns::UNDER_PREFIX, &["s3:BypassGovernanceRetention"])
        .when("versions and bypass_governance")
        .on(arns::VERSIONED_OBJECTS, &["s3:BypassGovernanceRetention"])
        .idempotent()
        .minutes(60);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Doomed>> {
        let survey = self.survey(cx).await?;
        let mut plan = Plan::new(self.headline(&survey));
        for warning in self.warnings(&survey) {
            plan = plan.warning(warning);
        }
        for found in survey.largest() {
            plan = plan.row(found.row());
        }
        Ok(plan.items(Doomed::of(survey)))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<S3>) -> Result<Self::Output> {
        let outcome = self.outcome(doomed.kept);
        let total = doomed.items.len();
        let removed = remove(cx, &self.bucket, doomed.items, self.bypass_governance).await?;
        let failed = removed.failures.len();
        if failed > 0 {
            cx.note(format!("{failed} of {total} were NOT deleted"));
        }
        if doomed.more {
            cx.note("more is left under the prefix: call again for the next part");
        }
        let not_found = doomed.missing + removed.gone;
        Ok(One(Deleted {
            deleted: removed.count,
            failed: (failed > 0).then_some(failed),
            not_found: (not_found > 0).then_some(not_found),
            outcome,
            failures: removed.failures,
        }))
    }
}

/// What was found to delete, and is confirmed: these and no others.
#[derive(Serialize)]
pub(crate) struct Doomed {
    items: Vec<Item>,
    kept: Kept,
    /// How many that were named are not there.
    missing: usize,
    more: bool,
}

impl Doomed {
    fn of(survey: Survey) -> Doomed {
        let item = |found: Found| match found.version_id {
            Some(version_id) => Item::version(found.key, version_id),
            None => Item::object(found.key, found.etag),
        };
        Doomed {
            items: survey.found.into_iter().map(item).collect(),
            kept: survey.history.kept,
            missing: survey.missing.len(),
            more: survey.more,
        }
    }
}

/// What is there to delete.
#[derive(Debug, Default)]
struct Survey {
    found: Vec<Found>,
    missing: Vec<String>,
    /// Whether more lies under the prefix than one call deletes.
    more: bool,
    history: History,
    lock: Lock,
}

#[derive(Debug)]
struct Found {
    key: String,
    version_id: Option<String>,
    /// None of a delete marker, and of what could not be looked at.
    size: Option<u64>,
    modified: Option<DateTime>,
    etag: Option<String>,
    is_marker: bool,
    /// Why AWS will refuse.
    held: Option<String>,
    /// The IAM action without which it could not be looked at.
    unseen: Option<&'static str>,
}

/// Whether object lock may hold versions of the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lock {
    #[default]
    Off,
    On,
    /// The caller may not look.
    Unknown,
}

/// What the bucket keeps of what is deleted.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    kept: Kept,
    mfa: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
enum Kept {
    Nothing,
    Everything,
    /// Versioning was on once.
    OlderVersions,
    #[default]
    Unknown,
}

/// The most objects or versions that one call deletes: all of them were counted in its plan.
const MOST: usize = 50_000;
const SHOWN: usize = 20;
const AT_ONCE: usize = 16;

impl DeleteObjects {
    /// Looks at what there is, changing nothing.
    async fn survey(&self, cx: &Call<S3>) -> Result<Survey> {
        const GOOD: &str =
            "keys [\"a.csv\"], prefix \"tmp/\", or versions [{\"key\": \"a.csv\", \"version_id\": \"…\"}]";
        let history = history(cx, &self.bucket).await?;
        let permanent = self.all_versions || self.versions.is_some();
        if permanent && history.mfa {
            return Err(needs_mfa(&self.bucket));
        }
        let survey = match (&self.keys, &self.prefix, &self.versions) {
            (Some(keys), None, None) if self.all_versions => self.histories(cx, keys).await?,
            (Some(keys), None, None) => self.named(cx, keys).await?,
            (None, Some(prefix), None) if self.all_versions => self.everything(cx, prefix.as_str()).await?,
            (None, Some(prefix), None) => self.under(cx, prefix.as_str()).await?,
            (None, None, Some(versions)) if !self.all_versions => self.single(cx, versions).await?,
            (None, None, Some(_)) => {
                return Err(Error::invalid("all_versions goes with keys or prefix, not with versions")
                    .with_next(GOOD));
            }
            (None, None, None) => return Err(Error::invalid("nothing is named to delete").with_next(GOOD)),
            _ => return Err(Error::invalid("give only one of `keys`, `prefix`, `versions`").with_next(GOOD)),
        };
        if survey.found.is_empty() {
            return Err(self.nothing(&survey.missing));
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
        let versions = survey.found.iter().enumerate().filter(|(_, found)| !found.is_marker).take(LOOKED_AT);
        let versions: Vec<_> =
            versions.map(|(at, found)| (at, found.key.clone(), found.version_id.clone())).collect();
        let looked: Vec<(usize, Option<Found>)> = stream::iter(versions)
            .map(|(at, key, version)| async move {
                let Ok(key) = Key::parse(&key) else { return Ok((at, None)) };
                Ok::<_, Error>((at, self.look(cx, &key, version.as_deref()).await?))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
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
            .map(|key| async move { Ok::<_, Error>((key.to_string(), self.look(cx, &key, None).await?)) })
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
        let all: Vec<(Key, Vec<Version>)> = stream::iter(keys.to_vec())
            .map(|key| async move {
                let history = versions::of(cx, &self.bucket, key.as_str()).await?;
                Ok::<_, Error>((key, history))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut survey = Survey::default();
        for (key, history) in all {
            if history.is_empty() {
                survey.missing.push(key.to_string());
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

    fn headline(&self, survey: &Survey) -> String {
        let markers = survey.found.iter().filter(|found| found.is_marker).count();
        let others = survey.found.len() - markers;
        let size = survey.size();
        let place = match &self.prefix {
            Some(prefix) if prefix.as_str().is_empty() => format!("of the WHOLE bucket {}", self.bucket),
            Some(prefix) => format!("under s3://{}/{prefix}", self.bucket),
            None => format!("of bucket {}", self.bucket),
        };
        let counted =
            |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        if self.all_versions || self.versions.is_some() {
            let mut what = Vec::new();
            if others > 0 {
                what.push(format!("{} ({size})", counted(others, "version")));
            }
            if markers > 0 {
                what.push(counted(markers, "delete marker"));
            }
            return format!("permanently delete {} {place}", what.join(" and "));
        }
        let what = format!("{} ({size}) {place}", counted(others, "object"));
        match survey.history.kept {
            Kept::Nothing => format!("permanently delete {what}"),
            Kept::Everything => format!("put delete markers over {what}"),
            Kept::OlderVersions | Kept::Unknown => format!("delete {what}"),
        }
    }

    fn warnings(&self, survey: &Survey) -> Vec<String> {
        let mut warnings = Vec::new();
        let by_version = self.all_versions || self.versions.is_some();
        match survey.history.kept {
            _ if by_version => {}
            Kept::Everything => {
                warnings.push("the contents stay as versions and still cost; undelete_object brings them back".to_owned());
            }
            Kept::Nothing => {}
            Kept::OlderVersions => warnings
                .push("versioning is suspended: what was written since then is gone for good, older versions stay".to_owned()),
            Kept::Unknown => warnings
                .push("whether the bucket keeps versions is not known (s3:GetBucketVersioning): take it for permanent".to_owned()),
        }
        let held = survey.found.iter().filter(|found| found.held.is_some()).count();
        if held > 0 {
            warnings.push(format!("AWS will refuse {held}: object lock holds them (see held)"));
        }
        let mut unseen = survey.found.iter().filter_map(|found| found.unseen);
        if let Some(action) = unseen.next() {
            let count = 1 + unseen.count();
            warnings.push(if self.all_versions {
                format!("whether object lock holds {count} of them is not known ({action})")
            } else {
                format!(
                    "these credentials may not look at {count} of them ({action}, and s3:ListBucket for a missing key): \
                     neither size nor existence is known"
                )
            });
        }
        if survey.lock == Lock::Unknown {
            warnings.push(
                "whether object lock holds versions is not known (s3:GetBucketObjectLockConfiguration)"
                    .to_owned(),
            );
        }
        if survey.lock == Lock::On && held == 0 {
            let bypass = if self.bypass_governance { " other than governance mode" } else { "" };
            warnings.push(format!(
                "object lock is on: versions under retention{bypass} or legal hold will be refused"
            ));
        }
        if self.versions.is_some() && survey.found.iter().any(|found| found.is_marker) {
            warnings.push("without its delete marker the version below comes back".to_owned());
        }
        if survey.more {
            warnings.push(format!(
                "this is only the first part, there is more; call again for the rest, or let a lifecycle rule expire it \
                 (over {MOST})"
            ));
        }
        if !survey.missing.is_empty() {
            let some: Vec<&str> = survey.missing.iter().take(5).map(String::as_str).collect();
            let more = if survey.missing.len() > 5 { ", …" } else { "" };
            warnings.push(format!("not there: {} ({}{more})", survey.missing.len(), some.join(", ")));
        }
        if survey.found.len() > SHOWN {
            warnings.push(format!("the {SHOWN} largest of {} follow", survey.found.len()));
        }
        warnings
    }

    fn outcome(&self, kept: Kept) -> &'static str {
        match kept {
            _ if self.all_versions || self.versions.is_some() => "gone for good",
            Kept::Nothing => "gone for good",
            Kept::Everything => "under delete markers; undelete_object brings them back",
            Kept::OlderVersions => "deleted; only versions from before versioning was suspended are left",
            Kept::Unknown => "deleted",
        }
    }
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
    fn size(&self) -> String {
        let sizes = || self.found.iter().filter(|found| !found.is_marker).map(|found| found.size);
        let known = human_size(sizes().flatten().sum());
        match (sizes().flatten().count(), sizes().filter(Option::is_none).count()) {
            (_, 0) => known,
            (0, _) => "size not known".to_owned(),
            (_, unknown) => format!("{known} and {unknown} of unknown size"),
        }
    }

    fn largest(&self) -> Vec<&Found> {
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

    fn row(&self) -> serde_json::Value {
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
fn held(head: &HeadObjectOutput, bypass: bool) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn input(value: serde_json::Value) -> DeleteObjects {
        serde_json::from_value(value).unwrap()
    }

    fn found(key: &str, size: u64, etag: &str) -> Found {
        Found {
            key: key.into(),
            version_id: None,
            size: Some(size),
            modified: None,
            etag: Some(etag.into()),
            is_marker: false,
            held: None,
            unseen: None,
        }
    }

    fn survey(kept: Kept) -> Survey {
        let history = History { kept, mfa: false };
        Survey { found: vec![found("a", 1, "x"), found("b", 1023, "y")], history, ..Survey::default() }
    }

    #[test]
    fn the_headline_says_whether_it_is_for_good() {
        let keys = input(json!({"bucket": "bbb", "keys": ["a", "b"]}));
        assert_eq!(
            keys.headline(&survey(Kept::Nothing)),
            "permanently delete 2 objects (1.0 KiB) of bucket bbb"
        );
        assert_eq!(
            keys.headline(&survey(Kept::Everything)),
            "put delete markers over 2 objects (1.0 KiB) of bucket bbb"
        );
        assert!(keys.warnings(&survey(Kept::Unknown))[0].contains("take it for permanent"));
        let whole = input(json!({"bucket": "bbb", "prefix": "", "all_versions": true}));
        let mut all = survey(Kept::Everything);
        all.found.push(Found { is_marker: true, size: None, ..found("c", 0, "") });
        assert_eq!(
            whole.headline(&all),
            "permanently delete 2 versions (1.0 KiB) and 1 delete marker of the WHOLE bucket bbb"
        );
    }

    #[test]
    fn what_could_not_be_looked_at_is_no_zero() {
        let keys = input(json!({"bucket": "bbb", "keys": ["a", "b"]}));
        let mut some = survey(Kept::Nothing);
        (some.found[0].size, some.found[0].unseen) = (None, Some("s3:GetObject"));
        let headline = keys.headline(&some);
        assert!(headline.contains("2 objects (1023 B and 1 of unknown size)"), "{headline}");
        let warning = &keys.warnings(&some)[0];
        assert!(warning.contains("may not look at 1 of them (s3:GetObject,"), "{warning}");
        some.found.remove(1);
        assert!(keys.headline(&some).contains("1 object (size not known)"));
        let all = input(json!({"bucket": "bbb", "keys": ["a"], "all_versions": true}));
        some.lock = Lock::Unknown;
        let warnings = all.warnings(&some).join("\n");
        assert!(warnings.contains("holds 1 of them is not known (s3:GetObject)"), "{warnings}");
        assert!(warnings.contains("(s3:GetBucketObjectLockConfiguration)"), "{warnings}");
    }

    #[test]
    fn a_confirmation_is_bound_to_every_object() {
        let items = |survey| json!(Doomed::of(survey));
        let one = items(survey(Kept::Nothing));
        let mut other = survey(Kept::Nothing);
        other.found[1].etag = Some("z".into());
        assert_ne!(one, items(other));
        let mut shifted = survey(Kept::Nothing);
        (shifted.found[0].key, shifted.found[0].etag) = ("ax".into(), None);
        assert_ne!(one, items(shifted));
        assert_eq!(one, items(survey(Kept::Nothing)));
    }

    #[test]
    fn locks_are_seen() {
        let until = |secs| {
            HeadObjectOutput::builder()
                .object_lock_mode(ObjectLockMode::Governance)
                .object_lock_retain_until_date(DateTime::from_secs(secs))
                .build()
        };
        assert_eq!(held(&until(4_102_444_800), false).unwrap(), "GOVERNANCE until 2100-01-01T00:00:00Z");
        assert_eq!(held(&until(4_102_444_800), true), None);
        assert_eq!(held(&until(1), false), None);
        let hold =
            HeadObjectOutput::builder().object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).build();
        assert_eq!(held(&hold, true).unwrap(), "legal hold");
    }
}
