//! Removing many objects, versions or delete markers: in batches, in parallel, with what failed told apart.
//!
//! An object is removed only while it is what it was when it was looked at: its entity tag is a condition of the request.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use awsmcp_mcp::{Call, Error, Kind, Result};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    S3,
    names::{BucketName, bare},
};

/// What one request takes.
const BATCH: usize = 1000;
const AT_ONCE: usize = 4;

/// What to remove: an object, or one version of it for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
    /// The entity tag that the object must still have. A version never changes, and needs none.
    pub(crate) etag: Option<String>,
}

impl Item {
    /// An object as it was when it was looked at.
    pub(crate) fn object(key: impl Into<String>, etag: Option<String>) -> Item {
        Item { key: key.into(), version_id: None, etag }
    }

    pub(crate) fn version(key: impl Into<String>, version_id: impl Into<String>) -> Item {
        Item { key: key.into(), version_id: Some(version_id.into()), etag: None }
    }
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
    /// What somebody else had removed meanwhile.
    pub(crate) gone: usize,
    /// How many were not there any more when they were tried again, after an answer that was lost. They are counted as
    /// removed.
    again: usize,
    pub(crate) failures: Vec<Failure>,
}

/// How one call removes.
struct Remover<'a> {
    cx: &'a Call<S3>,
    bucket: &'a BucketName,
    /// Overrides governance retention.
    bypass: bool,
    /// Set once the store refuses conditions: not everything that speaks S3 knows them.
    unconditional: AtomicBool,
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
    let remover = Remover { cx, bucket, bypass, unconditional: AtomicBool::new(false) };
    // XML cannot hold every character that a key can: those go one by one, in a URL.
    let (batched, single): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| !item.key.chars().any(is_no_xml));
    let batches: Vec<Vec<Item>> = batched.chunks(BATCH).map(<[Item]>::to_vec).collect();
    let batches = stream::iter(batches).map(|items| remover.batch(items)).buffer_unordered(AT_ONCE);
    let singles = stream::iter(single).map(|item| remover.one(item)).buffer_unordered(4 * AT_ONCE);
    let mut outcomes = std::pin::pin!(batches.chain(singles));
    let mut all = Removed::default();
    let mut whole: Option<Error> = None;
    while let Some((removed, error)) = outcomes.next().await {
        all.add(removed);
        whole = whole.or(error);
        let done = all.count + (all.gone + all.failures.len()) as u64;
        cx.progress(done, Some(total), format!("{} of {total} removed", all.count));
    }
    if remover.unconditional.load(Ordering::Relaxed) {
        cx.note(
            "this store takes no conditions: what was written to these keys since the plan was removed too",
        );
    }
    if all.again > 0 {
        cx.note(format!(
            "the answer to one try was lost; {} of these were not there any more at the next, since the first had removed them \
             or somebody else has",
            all.again
        ));
    }
    let moved = all.failures.iter().filter(|failure| failure.code == MOVED).count();
    if moved > 0 {
        cx.note(format!("{moved} changed since the plan and were left as they are: see failures"));
    }
    match whole {
        Some(error) if all.count == 0 => Err(explain(error)),
        _ => all.or_error(),
    }
}

/// Whether XML 1.0 has no place for it, or its readers change it.
fn is_no_xml(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// What AWS says of an object that is not what it was.
const MOVED: &str = "PreconditionFailed";
/// Of an object of which it is not known whether it was removed.
const UNKNOWN: &str = "OutcomeUnknown";

impl Remover<'_> {
    /// One request, and again for what AWS was only too busy for; the error is of the request as a whole.
    async fn batch(&self, items: Vec<Item>) -> (Removed, Option<Error>) {
        const PAUSES: [u64; 3] = [200, 800, 2000];
        let mut all = Removed::default();
        let mut left = items;
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let failed = match self.send(&left).await {
                Ok(failed) => failed,
                Err(error) => {
                    all.failures.extend(left.into_iter().map(|item| Failure::sent(item, &error)));
                    return (all, Some(error));
                }
            };
            all.count += left.len().saturating_sub(failed.len()) as u64;
            let (busy, refused): (Vec<Failure>, Vec<Failure>) =
                failed.into_iter().partition(|failure| pause.is_some() && failure.may_pass());
            all.add(self.settled("DeleteObjects", &left, refused).await);
            if busy.is_empty() {
                break;
            }
            let busy: HashSet<_> =
                busy.into_iter().map(|failure| (failure.key, failure.version_id)).collect();
            left.retain(|item| busy.contains(&(item.key.clone(), item.version_id.clone())));
            tokio::time::sleep(Duration::from_millis(pause.unwrap_or(0))).await;
        }
        (all, None)
    }

    /// What AWS refused of one request.
    async fn send(&self, items: &[Item]) -> Result<Vec<Failure>> {
        let conditional = !self.unconditional.load(Ordering::Relaxed);
        match self.request(items, conditional).await {
            Err(error) if conditional && self.refuses_conditions(items, &error) => {
                self.request(items, false).await
            }
            sent => sent,
        }
    }

    async fn request(&self, items: &[Item], conditional: bool) -> Result<Vec<Failure>> {
        let objects = items.iter().map(|item| {
            ObjectIdentifier::builder()
                .key(&item.key)
                .set_version_id(item.version_id.clone())
                .set_e_tag(item.etag.clone().filter(|_| conditional))
                .build()
        });
        let objects = objects.collect::<std::result::Result<Vec<_>, _>>();
        // Quiet: AWS names what failed, and nothing else.
        let delete =
            objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
        let delete = delete.map_err(|error| Error::internal(error.to_string()))?;
        let out = self
            .cx
            .client()
            .delete_objects()
            .bucket(self.bucket.as_str())
            .delete(delete)
            .set_bypass_governance_retention(self.bypass.then_some(true))
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

    async fn one(&self, item: Item) -> (Removed, Option<Error>) {
        let conditional = !self.unconditional.load(Ordering::Relaxed);
        let mut out = self.request_one(&item, conditional).await;
        if let Err(error) = &out
            && conditional
            && self.refuses_conditions(std::slice::from_ref(&item), error)
        {
            out = self.request_one(&item, false).await;
        }
        match out {
            Ok(()) => (Removed { count: 1, ..Removed::default() }, None),
            Err(error) => {
                let of_the_world = matches!(error.code.as_deref(), Some(MOVED | "NoSuchKey"));
                let failures = vec![Failure::sent(item.clone(), &error)];
                let settled = self.settled("DeleteObject", &[item], failures).await;
                (settled, Some(error).filter(|_| !of_the_world))
            }
        }
    }

    async fn request_one(&self, item: &Item, conditional: bool) -> Result<()> {
        let request = self
            .cx
            .client()
            .delete_object()
            .bucket(self.bucket.as_str())
            .key(&item.key)
            .set_version_id(item.version_id.clone())
            .set_if_match(item.etag.clone().filter(|_| conditional))
            .set_bypass_governance_retention(self.bypass.then_some(true));
        request.send().await.map(drop).map_err(Error::from)
    }

    /// What refusals come to. Where the answer to a try was lost, the next may be refused for what that one did.
    async fn settled(&self, operation: &str, items: &[Item], refused: Vec<Failure>) -> Removed {
        const LOOKS: usize = 4 * AT_ONCE;
        let lost = self.cx.lost_a_try(operation);
        let (gone, refused): (Vec<Failure>, Vec<Failure>) =
            refused.into_iter().partition(|failure| failure.code == "NoSuchKey");
        let mut all = Removed::default();
        if lost {
            (all.count, all.again) = (gone.len() as u64, gone.len());
        } else {
            all.gone = gone.len();
        }
        let (moved, others): (Vec<Failure>, Vec<Failure>) =
            refused.into_iter().partition(|failure| failure.code == MOVED);
        all.failures = others;
        let looks = moved.into_iter().map(|failure| async move {
            let there = if lost { self.there(&failure.key).await } else { There::Unasked };
            (failure, there)
        });
        let mut looked = std::pin::pin!(stream::iter(looks).buffer_unordered(LOOKS));
        while let Some((failure, there)) = looked.next().await {
            let seen = items.iter().find(|item| item.key == failure.key);
            let seen = seen.and_then(|item| item.etag.as_deref()).map(bare);
            let why = match there {
                There::Nothing => {
                    (all.count, all.again) = (all.count + 1, all.again + 1);
                    continue;
                }
                There::Unknown => {
                    "whether it is removed is not known: the answer to one try was lost, and the next was refused"
                }
                There::Object(etag) if etag.as_deref().map(bare) == seen => "it is there, as it was",
                There::Object(_) | There::Unasked => "it changed since the plan, and was left as it is",
            };
            let code = if why.starts_with("whether") { UNKNOWN } else { &failure.code };
            all.failures.push(Failure { code: code.to_owned(), message: why.to_owned(), ..failure });
        }
        all
    }

    /// What lies at a key now.
    async fn there(&self, key: &str) -> There {
        let head = self.cx.client().head_object().bucket(self.bucket.as_str()).key(key).send().await;
        match head.map_err(Error::from) {
            Ok(head) => There::Object(head.e_tag),
            Err(error) if error.kind == Kind::NotFound => There::Nothing,
            Err(_) => There::Unknown,
        }
    }

    /// Whether the store does not know the conditions of these items; from then on they are left out.
    fn refuses_conditions(&self, items: &[Item], error: &Error) -> bool {
        let unknown = matches!(error.code.as_deref(), Some("MalformedXML" | "NotImplemented"));
        let refuses = unknown && items.iter().any(|item| item.etag.is_some());
        if refuses {
            self.unconditional.store(true, Ordering::Relaxed);
        }
        refuses
    }
}

/// What lies at a key, where a removal was refused.
enum There {
    Object(Option<String>),
    Nothing,
    Unknown,
    /// All answers came, so that the refusal is true.
    Unasked,
}

impl Removed {
    fn add(&mut self, other: Removed) {
        self.count += other.count;
        self.gone += other.gone;
        self.again += other.again;
        self.failures.extend(other.failures);
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

    /// Of a request that was sent: where no answer came, nobody knows what became of it.
    fn sent(item: Item, error: &Error) -> Self {
        let failure = Failure::new(item, error);
        match error.kind {
            Kind::Network | Kind::Timeout if error.status.is_none() => Failure {
                code: UNKNOWN.to_owned(),
                message: format!("whether it is removed is not known: {}", failure.message),
                ..failure
            },
            _ => failure,
        }
    }

    fn may_pass(&self) -> bool {
        matches!(self.code.as_str(), "InternalError" | "SlowDown" | "ServiceUnavailable" | "OperationAborted")
    }
}

impl Removed {
    /// Of how many it is not known whether they were removed.
    pub(crate) fn unknown(&self) -> usize {
        self.failures.iter().filter(|failure| failure.code == UNKNOWN).count()
    }

    /// What was done; the error where there was something to do and AWS did none of it.
    fn or_error(self) -> Result<Removed> {
        match self.failures.first() {
            Some(first) if self.count == 0 => {
                let words = first.message.trim_end_matches('.');
                let is_doubtful = self.failures.iter().any(|failure| failure.code == UNKNOWN);
                let message = match (self.failures.len(), is_doubtful) {
                    (1, true) => format!("{}: {words}", first.key),
                    (1, false) => format!("{} was not removed: {words}", first.key),
                    (several, true) => {
                        format!("none of {several} is known to be removed; the first, {}: {words}", first.key)
                    }
                    (several, false) => {
                        format!("none of {several} was removed; the first, {}: {words}", first.key)
                    }
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
        Removed { failures: vec![failure], ..Removed::default() }
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
