//! Objects into files: what goes on where it stopped, is verified, and appears only when it is whole.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{operation::head_object::HeadObjectOutput, types::ChecksumMode};
use aws_sdk_s3_transfer_manager::Client as Manager;
use awsmcp_mcp::{
    Call, Error, Kind, Result,
    files::{Draft, Opened, Place},
    human_size,
};
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use crate::{
    S3,
    integrity::{Expected, Layout},
    names::{BucketName, Key},
    spelling,
    transfer::{self, Remote, blocking},
};

/// An object as it is before it is fetched.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) remote: Remote,
    pub(crate) content_type: Option<String>,
    pub(crate) expected: Option<Expected>,
    modified: Option<SystemTime>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The checksum that was verified.
    pub(crate) verified: Option<String>,
    /// How much an earlier call had fetched.
    pub(crate) resumed_at: Option<u64>,
}

/// Looks at an object.
///
/// # Errors
/// When it does not exist, or S3 does not say how large it is.
pub(crate) async fn head(
    cx: &Call<S3>,
    bucket: &BucketName,
    key: &Key,
    version_id: Option<&str>,
) -> Result<Head> {
    let request = cx.client().head_object().bucket(bucket.as_str()).key(key.as_str());
    let request = request.set_version_id(version_id.map(str::to_owned)).checksum_mode(ChecksumMode::Enabled);
    let out = match request.send().await.map_err(Error::from) {
        Ok(out) => out,
        // Nor does it say why it is denied.
        Err(error) if matches!(error.kind, Kind::NotFound | Kind::AccessDenied) => {
            let error = missing(cx, bucket, key, version_id, error).await;
            return Err(match version_id {
                None => spelling::explained(error, cx, cx.client(), bucket, key.as_str()).await,
                Some(_) => error,
            });
        }
        Err(error) => return Err(error),
    };
    let (Some(size), Some(etag)) = (length(out.content_length()), out.e_tag().map(str::to_owned)) else {
        return Err(Error::new(
            Kind::Service,
            format!("S3 does not say the size and etag of s3://{bucket}/{key}"),
        ));
    };
    Ok(Head {
        expected: expected(bucket, &out),
        content_type: out.content_type().map(str::to_owned),
        modified: out.last_modified().and_then(system_time),
        remote: Remote {
            bucket: bucket.as_str().to_owned(),
            key: key.as_str().to_owned(),
            // Parts of the same version, even when a newer one comes.
            version_id: out.version_id().map(str::to_owned).filter(|_| version_id.is_some()),
            etag,
            size,
        },
    })
}

/// A HEAD has no body: only a GET says what is missing.
async fn missing(
    cx: &Call<S3>,
    bucket: &BucketName,
    key: &Key,
    version_id: Option<&str>,
    error: Error,
) -> Error {
    let get = cx.client().get_object().bucket(bucket.as_str()).key(key.as_str());
    let get = get.set_version_id(version_id.map(str::to_owned)).range("bytes=0-0").send().await;
    get.map_err(Error::from).err().unwrap_or(error)
}

fn expected(bucket: &BucketName, out: &HeadObjectOutput) -> Option<Expected> {
    // A directory bucket's entity tags are not hashes.
    Expected::of(out).filter(|expected| !expected.from_etag || !bucket.is_directory())
}

pub(crate) fn system_time(time: &aws_sdk_s3::primitives::DateTime) -> Option<SystemTime> {
    let seconds = u64::try_from(time.secs()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Fetches an object into its place. Where it replaces something, `last_look` says right before whether it still may.
///
/// # Errors
/// `Conflict` when the place is taken and `overwrite` is not set, or the object is replaced meanwhile; `Service` when
/// the bytes are not the object's. What was fetched is kept for the next call, except in the last case.
pub(crate) async fn to_file(
    cx: &Call<S3>,
    manager: &Manager,
    head: &Head,
    place: Place,
    overwrite: bool,
    last_look: impl Future<Output = Result<()>>,
    told: impl FnMut(u64) + Send,
) -> Result<Fetched> {
    let mut draft = place.partial(&tag(&head.remote)).await?;
    draft.keep();
    let have = on_disk(&draft);
    let resumed_at = Some(have).filter(|have| (1..=head.remote.size).contains(have));
    let check = head.check(cx).await;
    let hashing = check.as_ref().map(|(expected, layout)| expected.hashing(layout.clone()));
    let fetched = transfer::fetch(cx.client(), manager, &head.remote, &draft, hashing, told).await;
    let hashing = fetched.map_err(|error| goes_on(error, &draft, head.remote.size))?;
    let verified = match (check, hashing) {
        (Some((expected, layout)), Some(hashing)) => {
            let met =
                expected.is_met(hashing) || is_met_unevenly(cx, head, expected, &layout, &draft).await?;
            match met {
                true => Some(expected.name().to_owned()),
                // Elsewhere than on AWS an entity tag may be anything.
                false if expected.from_etag && !transfer::is_aws(cx) => None,
                false => return Err(corrupt(draft, expected, &head.remote)),
            }
        }
        _ => None,
    };
    if verified.is_none() {
        cx.note("it was not verified: S3 tells no checksum that fits");
    }
    if let Some(modified) = head.modified {
        // A file system without times still has the contents.
        let _ = draft.file().set_modified(modified);
    }
    let path = draft.path().display().to_string();
    match overwrite {
        true => {
            last_look.await?;
            draft.replace().await?;
        }
        false => draft
            .finish()
            .await
            .map_err(|error| if error.kind == Kind::Conflict { taken(&path) } else { error })?,
    }
    Ok(Fetched { verified, resumed_at })
}

fn on_disk(draft: &Draft) -> u64 {
    draft.file().metadata().map_or(0, |found| found.len())
}

/// Names the contents, so that only the same ones are gone on with.
fn tag(remote: &Remote) -> String {
    let Remote { bucket, key, version_id, etag, size } = remote;
    let digest = Sha256::digest(format!("{bucket}\n{key}\n{version_id:?}\n{etag}\n{size}"));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Head {
    /// What the bytes are checked by. Parts are first taken to be all as large as the first one.
    async fn check(&self, cx: &Call<S3>) -> Option<(&Expected, Layout)> {
        let expected = self.expected.as_ref()?;
        if expected.parts.is_none() {
            return Some((expected, Layout::Whole));
        }
        if expected.parts == Some(1) {
            return Some((expected, Layout::Even(self.remote.size)));
        }
        let first = part_size(cx, &self.remote, 1).await.ok()?;
        Some((expected, Layout::Even(first)))
    }
}

/// Whether a file of the same size holds the object's bytes; not, where S3 says nothing to tell by.
///
/// # Errors
/// When the file cannot be read.
pub(crate) async fn is_same(cx: &Call<S3>, head: &Head, file: Opened) -> Result<bool> {
    if file.size != head.remote.size {
        return Ok(false);
    }
    let Some((expected, layout)) = head.check(cx).await else { return Ok(false) };
    let mut hashing = expected.hashing(layout);
    let hashing = blocking(move || {
        hashing.update_from(&file.file, file.size).map_err(|error| file.error(error))?;
        Ok(hashing)
    });
    Ok(expected.is_met(hashing.await?))
}

/// The entity tag of what lies at a key, where that is exactly these bytes, as far as S3 tells.
pub(crate) async fn holding(
    cx: &Call<S3>,
    bucket: &BucketName,
    key: &Key,
    bytes: &[u8],
) -> Result<Option<String>> {
    let head = head(cx, bucket, key, None).await?;
    let Some(expected) = head.expected.filter(|expected| expected.parts.is_none()) else { return Ok(None) };
    let mut hashing = expected.hashing(Layout::Whole);
    hashing.update(bytes);
    let is_same = head.remote.size == bytes.len() as u64 && expected.is_met(hashing);
    Ok(is_same.then_some(head.remote.etag))
}

async fn part_size(cx: &Call<S3>, remote: &Remote, number: i32) -> Result<u64> {
    let request = cx.client().head_object().bucket(&remote.bucket).key(&remote.key).if_match(&remote.etag);
    let out = request.set_version_id(remote.version_id.clone()).part_number(number).send().await?;
    match length(out.content_length()) {
        Some(size) if size < remote.size => Ok(size),
        // Some services that resemble S3 answer a HEAD for the whole object. The body of the GET is never read.
        _ => {
            let request =
                cx.client().get_object().bucket(&remote.bucket).key(&remote.key).if_match(&remote.etag);
            let out = request.set_version_id(remote.version_id.clone()).part_number(number).send().await?;
            length(out.content_length())
                .filter(|size| *size < remote.size)
                .ok_or_else(|| Error::new(Kind::Service, "S3 does not say how large the object's parts are"))
        }
    }
}

fn length(told: Option<i64>) -> Option<u64> {
    told.and_then(|size| u64::try_from(size).ok())
}

/// Parts need not be of the same size: asks for all of them before bytes are called wrong.
async fn is_met_unevenly(
    cx: &Call<S3>,
    head: &Head,
    expected: &Expected,
    layout: &Layout,
    draft: &Draft,
) -> Result<bool> {
    let (Layout::Even(_), Some(parts)) = (layout, expected.parts) else { return Ok(false) };
    let numbers = 1..=i32::try_from(parts).unwrap_or(10_000).min(10_000);
    let sizes = stream::iter(numbers).map(|number| part_size(cx, &head.remote, number)).buffered(16);
    let sizes: Vec<u64> = sizes.try_collect().await?;
    if sizes.iter().sum::<u64>() != head.remote.size {
        return Ok(false);
    }
    let mut hashing = expected.hashing(Layout::Sizes(sizes));
    let (file, size) = (draft.file().try_clone().map_err(|error| draft.error(error))?, head.remote.size);
    let path = draft.path().to_owned();
    let hashing = blocking(move || {
        hashing.update_from(&file, size).map_err(|error| awsmcp_mcp::files::explain(error, &path))?;
        Ok(hashing)
    });
    Ok(expected.is_met(hashing.await?))
}

fn corrupt(draft: Draft, expected: &Expected, remote: &Remote) -> Error {
    let name = expected.name();
    draft.discard();
    Error::new(
        Kind::Service,
        format!(
            "the bytes that arrived do not have the object's {name} checksum (s3://{}/{}); they were removed",
            remote.bucket, remote.key
        ),
    )
    .with_next("call again to fetch it anew; if that fails too, the object itself may be damaged")
}

/// Says that what arrived is not lost.
fn goes_on(error: Error, draft: &Draft, size: u64) -> Error {
    let have = on_disk(draft);
    let arrived = format!("{} of {}", human_size(have), human_size(size));
    match have {
        0 => error,
        _ if error.retryable() => error.with_next(format!("call again: it goes on after {arrived}")),
        // On a full disk it is what takes the room.
        _ => error.with_next(format!(
            "{arrived} arrived and are kept for the next call in a hidden file beside {}, whose name ends with \
             .awsmcp-part: remove it where its room is needed",
            draft.path().display()
        )),
    }
}

/// The place holds a file that may not be replaced.
pub(crate) fn taken(path: impl AsRef<Path>) -> Error {
    Error::conflict(format!("{} exists already and was left as it is", path.as_ref().display()))
        .with_next("overwrite: true replaces it, if that is wanted; another path keeps both")
}
