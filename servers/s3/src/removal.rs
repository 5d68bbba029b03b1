//! Removing many objects, versions or delete markers: in batches, in parallel, with what failed told apart.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use awsmcp_mcp::{Call, Error, Kind, Result};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{S3, names::BucketName};

/// What one request takes.
const BATCH: usize = 1000;
const AT_ONCE: usize = 4;

/// What to remove: an object, or one version of it for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
}

/// What was not removed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Failure {
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) count: u64,
    pub(crate) failures: Vec<Failure>,
}

/// Removes `items`.
///
/// # Errors
/// When nothing at all was removed.
pub(crate) async fn remove(
    cx: &Call<S3>,
    bucket: &BucketName,
    items: Vec<Item>,
    bypass: bool,
) -> Result<Removed> {
    let total = items.len() as u64;
    // XML cannot hold every character that a key can: those go one by one, in a URL.
    let (batched, single): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| !item.key.chars().any(char::is_control));
    let batches: Vec<Vec<Item>> = batched.chunks(BATCH).map(<[Item]>::to_vec).collect();
    let batches =
        stream::iter(batches).map(|items| batch(cx, bucket, items, bypass)).buffer_unordered(AT_ONCE);
    let singles =
        stream::iter(single).map(|item| one(cx, bucket, item, bypass)).buffer_unordered(4 * AT_ONCE);
    let mut outcomes = std::pin::pin!(batches.chain(singles));
    let mut all = Removed::default();
    let mut whole: Option<Error> = None;
    while let Some((removed, error)) = outcomes.next().await {
        all.count += removed.count;
        all.failures.extend(removed.failures);
        whole = whole.or(error);
        let done = all.count + all.failures.len() as u64;
        cx.progress(done, Some(total), format!("{} of {total} removed", all.count));
    }
    match whole {
        Some(error) if all.count == 0 => Err(explain(error)),
        _ => all.or_error(),
    }
}

/// One request, and again for what AWS was only too busy for; the error is of the request as a whole.
async fn batch(
    cx: &Call<S3>,
    bucket: &BucketName,
    items: Vec<Item>,
    bypass: bool,
) -> (Removed, Option<Error>) {
    const PAUSES: [u64; 3] = [200, 800, 2000];
    let mut all = Removed::default();
    let mut left = items;
    for pause in PAUSES.into_iter().map(Some).chain([None]) {
        let failed = match send(cx, bucket, &left, bypass).await {
            Ok(failed) => failed,
            Err(error) => {
                all.failures.extend(left.into_iter().map(|item| Failure::new(item, &error)));
                return (all, Some(error));
            }
        };
        all.count += left.len().saturating_sub(failed.len()) as u64;
        let (busy, refused): (Vec<Failure>, Vec<Failure>) =
            failed.into_iter().partition(|failure| pause.is_some() && failure.may_pass());
        all.failures.extend(refused);
        if busy.is_empty() {
            break;
        }
        left = busy
            .into_iter()
            .map(|failure| Item { key: failure.key, version_id: failure.version_id })
            .collect();
        tokio::time::sleep(Duration::from_millis(pause.unwrap_or(0))).await;
    }
    (all, None)
}

async fn send(cx: &Call<S3>, bucket: &BucketName, items: &[Item], bypass: bool) -> Result<Vec<Failure>> {
    let objects = items.iter().map(|item| {
        ObjectIdentifier::builder().key(&item.key).set_version_id(item.version_id.clone()).build()
    });
    let objects = objects.collect::<std::result::Result<Vec<_>, _>>();
    // Quiet: AWS names what failed, and nothing else.
    let delete = objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
    let delete = delete.map_err(|error| Error::internal(error.to_string()))?;
    let out = cx
        .client()
        .delete_objects()
        .bucket(bucket.as_str())
        .delete(delete)
        .set_bypass_governance_retention(bypass.then_some(true))
        .send()
        .await?;
    let failures = out.errors.unwrap_or_default().into_iter().map(|error| Failure {
        key: error.key.unwrap_or_default(),
        version_id: error.version_id.filter(|id| !id.is_empty()),
        code: error.code.unwrap_or_default(),
        message: error.message.unwrap_or_default(),
    });
    Ok(failures.collect())
}

async fn one(cx: &Call<S3>, bucket: &BucketName, item: Item, bypass: bool) -> (Removed, Option<Error>) {
    let out = cx
        .client()
        .delete_object()
        .bucket(bucket.as_str())
        .key(&item.key)
        .set_version_id(item.version_id.clone())
        .set_bypass_governance_retention(bypass.then_some(true))
        .send()
        .await
        .map_err(Error::from);
    match out {
        Ok(_) => (Removed { count: 1, failures: Vec::new() }, None),
        Err(error) => (Removed { count: 0, failures: vec![Failure::new(item, &error)] }, Some(error)),
    }
}

impl Failure {
    pub(crate) fn new(item: Item, error: &Error) -> Self {
        Failure {
            key: item.key,
            version_id: item.version_id,
            code: error.code.clone().unwrap_or_else(|| error.kind.name().to_owned()),
            message: error.message.clone(),
        }
    }

    fn may_pass(&self) -> bool {
        matches!(self.code.as_str(), "InternalError" | "SlowDown" | "ServiceUnavailable" | "OperationAborted")
    }
}

impl Removed {
    /// What was done; the error where there was something to do and AWS did none of it.
    fn or_error(self) -> Result<Removed> {
        match self.failures.first() {
            Some(first) if self.count == 0 => {
                let words = first.message.trim_end_matches('.');
                let message = match self.failures.len() {
                    1 => format!("{} was not removed: {words}", first.key),
                    several => format!("none of {several} was removed; the first, {}: {words}", first.key),
                };
                let mut error = Error::new(kind(&first.code), message);
                error.code = Some(first.code.clone());
                Err(explain(error))
            }
            _ => Ok(self),
        }
    }
}

fn kind(code: &str) -> Kind {
    match code {
        "AccessDenied" => Kind::AccessDenied,
        "NoSuchVersion" | "NoSuchKey" => Kind::NotFound,
        "SlowDown" => Kind::Throttled,
        "InternalError" | "ServiceUnavailable" => Kind::Service,
        _ => Kind::Conflict,
    }
}

const MFA: &str = "the bucket has MFA delete on: only its account's root user can remove versions, with an MFA code, \
    which this server cannot show; deleting keys instead of versions only adds delete markers and needs none";
const LOCK: &str = "object lock protects it: retention must run out, or the legal hold be taken off; governance \
    retention yields to bypass_governance";

/// The refusal of a bucket with MFA delete, known before anything is asked of it.
pub(crate) fn needs_mfa(bucket: &BucketName) -> Error {
    Error::conflict(format!("bucket {bucket} removes versions only with an MFA code")).with_next(MFA)
}

/// AWS calls these `AccessDenied` too, but no permission helps against them.
fn explain(mut error: Error) -> Error {
    let message = error.message.to_ascii_lowercase();
    let next = if message.contains("mfa authentication") {
        MFA
    } else if message.contains("object lock") || message.contains("worm") {
        LOCK
    } else {
        return error;
    };
    error.kind = Kind::Conflict;
    error.with_next(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: &str, message: &str) -> Removed {
        let failure =
            Failure { key: "k".into(), version_id: None, code: code.into(), message: message.into() };
        Removed { count: 0, failures: vec![failure] }
    }

    #[test]
    fn what_no_permission_helps_against_is_told_apart() {
        let error = failed("AccessDenied", "Mfa Authentication must be used for this request")
            .or_error()
            .unwrap_err();
        assert_eq!(error.kind, Kind::Conflict);
        assert!(error.next.as_deref().unwrap().contains("root user"), "{error}");
        let lock =
            failed("AccessDenied", "Access Denied because object protected by object lock.").or_error();
        let lock = lock.unwrap_err();
        assert!(lock.next.as_deref().unwrap().contains("bypass_governance"), "{lock}");
        assert_eq!(failed("AccessDenied", "Access Denied").or_error().unwrap_err().kind, Kind::AccessDenied);
    }

    #[test]
    fn a_part_that_failed_is_no_error_of_the_whole() {
        let mut some = failed("AccessDenied", "Access Denied");
        some.count = 1;
        assert_eq!(some.or_error().unwrap().failures.len(), 1);
        assert_eq!(Removed::default().or_error().unwrap().count, 0);
    }
}
