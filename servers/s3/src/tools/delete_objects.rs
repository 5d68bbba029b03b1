mod survey;

use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::survey::{Found, Kept, Lock, Survey};
use crate::{
    S3, arns,
    names::{BucketName, Key, Prefix},
    removal::{Failure, Item, remove},
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

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
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
        .shown_by("list_objects")
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
        let (failed, unknown) = (removed.failures.len(), removed.unknown());
        if failed > unknown {
            cx.note(format!("{} of {total} were NOT deleted", failed - unknown));
        }
        if unknown > 0 {
            cx.note(format!(
                "whether {unknown} of {total} were deleted is not known: list_objects shows them"
            ));
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

/// The most objects or versions that one call deletes: all of them were counted in its plan.
const MOST: usize = 50_000;
const SHOWN: usize = 20;
const BACK: &str = "list_versions shows them, and a copy of one onto its key brings it back";

impl DeleteObjects {
    fn headline(&self, survey: &Survey) -> String {
        let markers = survey.found.iter().filter(|found| found.is_marker).count();
        let others = survey.found.len() - markers;
        let size = survey.size();
        let place = match &self.prefix {
            Some(prefix) if prefix.as_str().is_empty() => format!("of the WHOLE bucket {}", self.bucket),
            Some(prefix) => format!("under s3://{}/{prefix}", self.bucket),
            None => format!("of bucket {}", self.bucket),
        };
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
                warnings.push(format!("the contents stay as versions and still cost; {BACK}"));
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
        if survey.lock == Lock::On && survey.unlooked > 0 {
            warnings.push(format!("the locks of {} versions were not looked at", survey.unlooked));
        } else if survey.lock == Lock::On && held == 0 {
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
            Kept::Everything => "under delete markers, with the contents as older versions below them",
            Kept::OlderVersions => "deleted; only versions from before versioning was suspended are left",
            Kept::Unknown => "deleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::{
        operation::head_object::HeadObjectOutput,
        primitives::DateTime,
        types::{ObjectLockLegalHoldStatus, ObjectLockMode},
    };
    use serde_json::json;

    use super::{
        survey::{History, held},
        *,
    };

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
