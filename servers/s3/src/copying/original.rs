//! What is copied: where it lies, and what it was when it was looked at.

use aws_sdk_s3::{
    Client,
    operation::head_object::HeadObjectOutput,
    types::{ChecksumMode, StorageClass},
};
use awsmcp_mcp::{Call, Error, Kind, Result};

use crate::{
    S3,
    names::{BucketName, Etag, Key, bare, escaped},
    spelling,
};

/// Where a copy comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) bucket: BucketName,
    pub(crate) key: Key,
    pub(crate) version_id: Option<String>,
}

impl Source {
    /// As the header `x-amz-copy-source` takes it.
    pub(super) fn header(&self) -> String {
        let object = if self.bucket.as_str().starts_with("arn:") { "/object/" } else { "/" };
        let path = escaped(&format!("{}{object}{}", self.bucket, self.key), "/");
        match &self.version_id {
            Some(version) => format!("{path}?versionId={}", escaped(version, "")),
            None => path,
        }
    }

    pub(crate) fn uri(&self) -> String {
        let version =
            self.version_id.as_ref().map(|version| format!(" version {version}")).unwrap_or_default();
        format!("s3://{}/{}{version}", self.bucket, self.key)
    }
}

/// What is to be copied, as it was when it was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    pub(crate) source: Source,
    /// A client of the region that the source lies in.
    pub(crate) client: Client,
    pub(crate) head: HeadObjectOutput,
    pub(crate) size: u64,
}

impl Original {
    /// Looks at the source, wherever it lies.
    ///
    /// # Errors
    /// When it is not there, is archived, or has another entity tag than `wanted`.
    pub(crate) async fn look(cx: &Call<S3>, source: Source, wanted: Option<&Etag>) -> Result<Self> {
        let mut client = cx.client().clone();
        let mut found = head(&client, &source).await;
        if let Err(error) = &found
            && error.kind == Kind::WrongRegion
            && let Some(region) = error.region.clone()
        {
            client = cx.client_in(&region).await.map_err(|mut error| {
                error.message =
                    format!("the source bucket {} lies in {region}: {}", source.bucket, error.message);
                error
            })?;
            found = head(&client, &source).await;
        }
        let head = match found.map_err(|error| explain(error, &source)) {
            Err(error) if source.version_id.is_none() => {
                let (bucket, key) = (&source.bucket, source.key.as_str());
                return Err(spelling::explained(error, cx, &client, bucket, key).await);
            }
            found => found?,
        };
        if let Some(wanted) = wanted
            && !wanted.is(head.e_tag())
        {
            let now = head.e_tag().map(bare).unwrap_or_default();
            return Err(Error::conflict(format!("{} has etag {now}, not {wanted}", source.uri()))
                .with_next("look at what it is now, then pass its present etag as source_if_match"));
        }
        archived(&head, &source)?;
        let size = head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        Ok(Original { source, client, head, size })
    }

    pub(crate) fn class(&self) -> StorageClass {
        self.head.storage_class().cloned().unwrap_or(StorageClass::Standard)
    }

    /// The source's entity tag, so that what is copied is what was looked at.
    pub(super) fn etag(&self) -> Option<String> {
        self.head.e_tag.clone()
    }

    /// # Errors
    /// When it is not what a plan saw by this entity tag.
    pub(crate) fn unchanged(&self, seen: Option<&str>) -> Result<()> {
        if self.head.e_tag().map(bare) == seen.map(bare) {
            return Ok(());
        }
        Err(Error::conflict(format!("{} changed since the plan, and was left as it is", self.source.uri()))
            .with_next("call again: the plan is then of what is there now"))
    }

    pub(super) async fn has_changed(&self) -> bool {
        head(&self.client, &self.source).await.is_ok_and(|now| now.e_tag != self.head.e_tag)
    }
}

pub(crate) async fn head(client: &Client, source: &Source) -> Result<HeadObjectOutput> {
    let out = client
        .head_object()
        .bucket(source.bucket.as_str())
        .key(source.key.as_str())
        .set_version_id(source.version_id.clone())
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await?;
    Ok(out)
}

/// Says that it is the source that is missing: the call names two objects.
fn explain(error: Error, source: &Source) -> Error {
    match (error.kind, error.status) {
        (Kind::NotFound, Some(404)) => {
            Error::not_found(format!("the source {} does not exist", source.uri())).with_next(
                "list_objects shows the keys, list_versions the versions; names are matched exactly",
            )
        }
        // A version that is a delete marker has no contents.
        (_, Some(405)) => Error::conflict(format!("the source {} is a delete marker", source.uri()))
            .with_next("list_versions shows the versions that have contents"),
        _ => error,
    }
}

/// S3 copies nothing that would first have to be restored.
fn archived(head: &HeadObjectOutput, source: &Source) -> Result<()> {
    let class = head.storage_class().map(StorageClass::as_str).unwrap_or_default();
    let archived = matches!(class, "GLACIER" | "DEEP_ARCHIVE") || head.archive_status().is_some();
    let readable = head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"false\""));
    if !archived || readable {
        return Ok(());
    }
    let class = head.archive_status().map_or(class, |status| status.as_str());
    let ongoing = head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"true\""));
    Err(Error::conflict(format!("the source {} is archived ({class})", source.uri())).with_next(if ongoing {
        "its restore is under way: wait for it (head_object shows the state), then copy"
    } else {
        "restore_object makes it readable for some days; then copy"
    }))
}
