//! Copying an object inside S3: at once up to 5 GB, by parts above; across regions; with what it carries.

use aws_sdk_s3::{
    Client,
    operation::{
        copy_object::builders::CopyObjectFluentBuilder,
        create_multipart_upload::builders::CreateMultipartUploadFluentBuilder, head_object::HeadObjectOutput,
    },
    types::{
        ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
        MetadataDirective, ServerSideEncryption, StorageClass, TaggingDirective,
    },
};
use awsmcp_mcp::{Call, Error, Kind, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    S3,
    attributes::{Metadata, Tags},
    existing::Condition,
    names::{BucketName, Etag, Key, bare, escaped},
};

/// When to copy by parts, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest object that one request copies.
    pub(crate) whole: u64,
    /// The least size of a part.
    pub(crate) part: u64,
    /// The most parts.
    pub(crate) parts: u64,
    /// Parts on their way at the same time.
    pub(crate) at_once: usize,
}

impl Limits {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
    pub(crate) const AWS: Limits = Limits { whole: 5 << 30, part: 256 << 20, parts: 10_000, at_once: 8 };

    fn part_size(&self, size: u64) -> u64 {
        self.part.max(size.div_ceil(self.parts))
    }

    /// The first and the last byte of each part.
    fn ranges(&self, size: u64) -> Vec<(u64, u64)> {
        let part = self.part_size(size).max(1);
        (0..size.div_ceil(part)).map(|n| (n * part, ((n + 1) * part).min(size) - 1)).collect()
    }
}

/// Where a copy comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) bucket: BucketName,
    pub(crate) key: Key,
    pub(crate) version_id: Option<String>,
}

impl Source {
    /// As the header `x-amz-copy-source` takes it.
    fn header(&self) -> String {
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
        let head = found.map_err(|error| explain(error, &source))?;
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
    fn etag(&self) -> Option<String> {
        self.head.e_tag.clone()
    }

    async fn has_changed(&self) -> bool {
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

/// What the copy is to be.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) bucket: BucketName,
    pub(crate) key: Key,
    pub(crate) content_type: Option<String>,
    /// In place of the source's.
    pub(crate) metadata: Option<Metadata>,
    /// In place of the source's.
    pub(crate) tags: Option<Tags>,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) encryption: Option<ServerSideEncryption>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) condition: Condition,
}

impl Target {
    /// The same as the source, at another place.
    pub(crate) fn alike(original: &Original, bucket: BucketName, key: Key, condition: Condition) -> Self {
        // A directory bucket has one class of its own, which no other bucket takes.
        let common = !bucket.is_directory() && !original.source.bucket.is_directory();
        Target {
            bucket,
            key,
            content_type: None,
            metadata: None,
            tags: None,
            storage_class: common.then(|| original.class()),
            encryption: None,
            kms_key_id: None,
            condition,
        }
    }

    pub(crate) fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    fn replaces_metadata(&self) -> bool {
        self.metadata.is_some() || self.content_type.is_some()
    }

    fn metadata(&self, head: &HeadObjectOutput) -> Option<std::collections::HashMap<String, String>> {
        self.metadata.clone().map(Into::into).or_else(|| head.metadata.clone())
    }

    fn content_type(&self, head: &HeadObjectOutput) -> Option<String> {
        self.content_type.clone().or_else(|| head.content_type.clone())
    }
}

/// The copy.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// How many parts it was made of, where it was made of parts.
    pub(crate) parts: Option<usize>,
}

/// Copies. `client` is of the target's region; `progress` is told how many bytes are there.
///
/// # Errors
/// When the source is no longer what was looked at, or the target's condition does not hold. What was copied by
/// then is removed, also when the future is dropped.
pub(crate) async fn copy(
    client: &Client,
    original: &Original,
    target: &Target,
    limits: Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Copied> {
    let copied = if original.size > limits.whole {
        by_parts(client, original, target, limits, progress).await
    } else {
        at_once(client, original, target).await
    };
    match copied {
        // The target's condition and the source's are refused with the same code.
        Err(error) if error.status == Some(412) && original.has_changed().await => {
            Err(changed(&original.source).with_next("try again: the copy is then of what is there now"))
        }
        Err(error) => Err(target.condition.explain(error, &target.uri())),
        copied => copied,
    }
}

fn changed(source: &Source) -> Error {
    Error::conflict(format!("{} was changed while it was copied; nothing was written", source.uri()))
}

async fn at_once(client: &Client, original: &Original, target: &Target) -> Result<Copied> {
    let request = client
        .copy_object()
        .bucket(target.bucket.as_str())
        .key(target.key.as_str())
        .copy_source(original.source.header())
        .set_copy_source_if_match(original.etag())
        .set_storage_class(target.storage_class.clone())
        .set_server_side_encryption(target.encryption.clone())
        .set_ssekms_key_id(target.kms_key_id.clone())
        .set_if_match(target.condition.if_match())
        .set_if_none_match(target.condition.if_none_match());
    let out = tags(replaced(request, original, target), target).send().await?;
    Ok(Copied {
        etag: out.copy_object_result.and_then(|result| result.e_tag),
        version_id: out.version_id,
        parts: None,
    })
}

/// S3 replaces all of the metadata or nothing of it: what is not replaced is given again.
fn replaced(
    request: CopyObjectFluentBuilder,
    original: &Original,
    target: &Target,
) -> CopyObjectFluentBuilder {
    if !target.replaces_metadata() {
        return request;
    }
    let head = &original.head;
    let request = request
        .metadata_directive(MetadataDirective::Replace)
        .set_metadata(target.metadata(head))
        .set_content_type(target.content_type(head))
        .set_cache_control(head.cache_control.clone())
        .set_content_disposition(head.content_disposition.clone())
        .set_content_encoding(head.content_encoding.clone())
        .set_content_language(head.content_language.clone());
    match head.expires_string() {
        Some(expires) => request.set_expires(parsed(expires)),
        None => request,
    }
}

fn parsed(date: &str) -> Option<aws_sdk_s3::primitives::DateTime> {
    use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
    DateTime::from_str(date, DateTimeFormat::HttpDate).ok()
}

fn tags(request: CopyObjectFluentBuilder, target: &Target) -> CopyObjectFluentBuilder {
    match &target.tags {
        Some(tags) => request.tagging_directive(TaggingDirective::Replace).tagging(tags.header()),
        None => request,
    }
}

async fn by_parts(
    client: &Client,
    original: &Original,
    target: &Target,
    limits: Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Copied> {
    let algorithm = algorithm(&original.head);
    let out = started(client, original, target)
        .await?
        .checksum_algorithm(algorithm)
        .checksum_type(ChecksumType::FullObject)
        .send()
        .await?;
    let id = out.upload_id.ok_or_else(|| Error::internal("S3 began an upload without an id"))?;
    let upload =
        Upload { client: client.clone(), bucket: target.bucket.to_string(), key: target.key.to_string(), id };
    let mut guard = Abandon(Some(upload.clone()));
    let done = upload.fill(original, target, limits, progress).await;
    // From here on the outcome is known: either it is complete, or it is removed here and now.
    guard.0 = None;
    match done {
        Ok(copied) => Ok(copied),
        Err(error) => Err(match upload.abort().await {
            Ok(()) => error,
            Err(second) => {
                let mut error = error;
                error.message = format!(
                    "{}; the parts copied so far could not be removed ({}): abort_uploads removes them",
                    error.message.trim_end_matches('.'),
                    second.message
                );
                error
            }
        }),
    }
}

/// The start of the upload, with all that a single copy would have carried over by itself.
async fn started(
    client: &Client,
    original: &Original,
    target: &Target,
) -> Result<CreateMultipartUploadFluentBuilder> {
    let head = &original.head;
    let tags = match &target.tags {
        Some(tags) => Some(tags.clone()),
        None if original.source.bucket.is_directory() => None,
        // A HEAD counts tags only for who may read them: without asking, they would be lost in silence.
        None => Some(tags_of(original).await?),
    };
    let request = client
        .create_multipart_upload()
        .bucket(target.bucket.as_str())
        .key(target.key.as_str())
        .set_metadata(target.metadata(head))
        .set_content_type(target.content_type(head))
        .set_cache_control(head.cache_control.clone())
        .set_content_disposition(head.content_disposition.clone())
        .set_content_encoding(head.content_encoding.clone())
        .set_content_language(head.content_language.clone())
        .set_expires(head.expires_string().and_then(parsed))
        .set_tagging(tags.map(|tags| tags.header()).filter(|header| !header.is_empty()))
        .set_storage_class(target.storage_class.clone())
        .set_server_side_encryption(target.encryption.clone())
        .set_ssekms_key_id(target.kms_key_id.clone());
    Ok(request)
}

async fn tags_of(original: &Original) -> Result<Tags> {
    let source = &original.source;
    let out = original
        .client
        .get_object_tagging()
        .bucket(source.bucket.as_str())
        .key(source.key.as_str())
        .set_version_id(source.version_id.clone())
        .send()
        .await?;
    Ok(Tags::of(out.tag_set))
}

/// The source's own algorithm where it has a checksum of the whole, so that the two can be compared.
fn algorithm(head: &HeadObjectOutput) -> ChecksumAlgorithm {
    let whole = head.checksum_type() == Some(&ChecksumType::FullObject);
    if whole && head.checksum_crc32().is_some() {
        ChecksumAlgorithm::Crc32
    } else if whole && head.checksum_crc32_c().is_some() {
        ChecksumAlgorithm::Crc32C
    } else {
        ChecksumAlgorithm::Crc64Nvme
    }
}

#[derive(Clone, Debug)]
struct Upload {
    client: Client,
    bucket: String,
    key: String,
    id: String,
}

impl Upload {
    async fn fill(
        &self,
        original: &Original,
        target: &Target,
        limits: Limits,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Copied> {
        let ranges = limits.ranges(original.size);
        let count = ranges.len();
        let mut parts = Vec::with_capacity(count);
        let mut there = 0;
        let mut copies = stream::iter((1..).zip(ranges))
            .map(|(number, range)| async move {
                let part = self.part(original, number, range).await?;
                Ok::<_, Error>((part, range.1 - range.0 + 1))
            })
            .buffer_unordered(limits.at_once);
        while let Some((part, bytes)) = copies.try_next().await? {
            parts.push(part);
            there += bytes;
            progress(there);
        }
        parts.sort_by_key(|part| part.part_number);
        let out = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .set_if_match(target.condition.if_match())
            .set_if_none_match(target.condition.if_none_match())
            .send()
            .await?;
        Ok(Copied { etag: out.e_tag, version_id: out.version_id, parts: Some(count) })
    }

    async fn part(
        &self,
        original: &Original,
        number: i32,
        (first, last): (u64, u64),
    ) -> Result<CompletedPart> {
        let out = self
            .client
            .upload_part_copy()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .part_number(number)
            .copy_source(original.source.header())
            .copy_source_range(format!("bytes={first}-{last}"))
            .set_copy_source_if_match(original.etag())
            .send()
            .await?;
        let result =
            out.copy_part_result.unwrap_or_else(|| aws_sdk_s3::types::CopyPartResult::builder().build());
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(result.e_tag)
            .set_checksum_crc32(result.checksum_crc32)
            .set_checksum_crc32_c(result.checksum_crc32_c)
            .set_checksum_crc64_nvme(result.checksum_crc64_nvme)
            .build())
    }

    async fn abort(&self) -> Result<()> {
        let aborted = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .send()
            .await;
        match aborted.map_err(Error::from) {
            Err(error) if error.kind != Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Removes an upload whose call was dropped before its end was known: nobody is left to await the request, so it is
/// given to the runtime.
struct Abandon(Option<Upload>);

impl Drop for Abandon {
    fn drop(&mut self) {
        let Some(upload) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            // A part that S3 was still copying may arrive after the first abort and would stay.
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
            for pause in [0, 5] {
                tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
                // No one is there to be told; abort_uploads and lifecycle rules find what stays.
                let _ = upload.abort().await;
            }
        });
    }
}

/// Holds a copy against its original: the name of what was compared.
///
/// # Errors
/// When they differ.
pub(crate) fn verified(original: &HeadObjectOutput, copy: &HeadObjectOutput) -> Result<&'static str> {
    let differs = |what: &str| {
        Err(Error::conflict(format!("the copy's {what} is not the original's"))
            .with_next("the source was kept; look at both with head_object"))
    };
    if original.content_length() != copy.content_length() {
        return differs("size");
    }
    // A checksum of checksums depends on how an object was cut into parts.
    if original.checksum_type() == copy.checksum_type() {
        let pairs = [
            ("CRC64NVME", original.checksum_crc64_nvme(), copy.checksum_crc64_nvme()),
            ("SHA256", original.checksum_sha256(), copy.checksum_sha256()),
            ("SHA1", original.checksum_sha1(), copy.checksum_sha1()),
            ("CRC32C", original.checksum_crc32_c(), copy.checksum_crc32_c()),
            ("CRC32", original.checksum_crc32(), copy.checksum_crc32()),
        ];
        for (name, original, copy) in pairs {
            if let (Some(original), Some(copy)) = (original, copy) {
                return if original == copy { Ok(name) } else { differs(name) };
            }
        }
    }
    match (digest(original), digest(copy)) {
        (Some(original), Some(copy)) if original == copy => Ok("MD5"),
        (Some(_), Some(_)) => differs("MD5"),
        _ => Ok("size"),
    }
}

/// The entity tag where it is the MD5 of the contents: one part, not encrypted with a key of KMS or the customer.
fn digest(head: &HeadObjectOutput) -> Option<&str> {
    let plain = matches!(head.server_side_encryption(), None | Some(ServerSideEncryption::Aes256))
        && head.sse_customer_algorithm().is_none();
    head.e_tag().map(bare).filter(|etag| plain && etag.len() == 32 && !etag.contains('-'))
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
    use awsmcp_testing::LocalAws;

    use super::*;

    const SMALL: Limits = Limits { whole: 10, part: 10, parts: 10_000, at_once: 3 };

    fn client() -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(LocalAws::REGION))
            .endpoint_url(LocalAws::shared().endpoint())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"));
        Client::from_conf(config.build())
    }

    fn named<T: serde::de::DeserializeOwned>(name: &str) -> T {
        serde_json::from_value(serde_json::json!(name)).unwrap()
    }

    async fn original(client: &Client, bucket: &str, key: &str) -> Original {
        let source = Source { bucket: named(bucket), key: named(key), version_id: None };
        let head = head(client, &source).await.unwrap();
        let size = head.content_length().unwrap().try_into().unwrap();
        Original { source, client: client.clone(), head, size }
    }

    fn target(original: &Original, key: &str, condition: Condition) -> Target {
        Target::alike(original, original.source.bucket.clone(), named(key), condition)
    }

    async fn uploads(client: &Client, bucket: &str) -> usize {
        client.list_multipart_uploads().bucket(bucket).send().await.unwrap().uploads().len()
    }

    #[test]
    fn a_copy_has_at_most_so_many_parts() {
        let limits = Limits { whole: 10, part: 10, parts: 3, at_once: 1 };
        assert_eq!(limits.ranges(25), [(0, 9), (10, 19), (20, 24)]);
        assert_eq!(limits.ranges(31), [(0, 10), (11, 21), (22, 30)]);
        assert_eq!(SMALL.ranges(20), [(0, 9), (10, 19)]);
        let most = Limits::AWS.ranges(50 << 40);
        assert!(most.len() <= 10_000);
        assert!(most.iter().all(|(first, last)| last - first < 6 << 30));
    }

    #[test]
    fn a_source_is_written_for_a_header() {
        let source = |bucket: &str, version: Option<&str>| Source {
            bucket: named(bucket),
            key: named("a b/ü?+.csv"),
            version_id: version.map(str::to_owned),
        };
        assert_eq!(source("bbb", None).header(), "bbb/a%20b/%C3%BC%3F%2B.csv");
        assert_eq!(source("bbb", Some("v/1")).header(), "bbb/a%20b/%C3%BC%3F%2B.csv?versionId=v%2F1");
        assert_eq!(
            source("arn:aws:s3:us-east-1:123456789012:accesspoint/p", None).header(),
            "arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccesspoint/p/object/a%20b/%C3%BC%3F%2B.csv"
        );
    }

    #[test]
    fn a_copy_is_held_against_its_original() {
        let head = |size, etag: &str, crc: Option<&str>| {
            HeadObjectOutput::builder()
                .content_length(size)
                .e_tag(format!("\"{etag}\""))
                .set_checksum_crc64_nvme(crc.map(str::to_owned))
                .build()
        };
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let same = |original: &HeadObjectOutput, copy: &HeadObjectOutput| {
            verified(original, copy).map_err(|error| error.message.clone())
        };
        assert_eq!(same(&head(1, md5, Some("x")), &head(1, "p-2", Some("x"))).unwrap(), "CRC64NVME");
        assert!(same(&head(1, md5, Some("x")), &head(1, md5, Some("y"))).unwrap_err().contains("CRC64NVME"));
        assert!(same(&head(1, md5, None), &head(2, md5, None)).unwrap_err().contains("size"));
        assert_eq!(same(&head(1, md5, None), &head(1, md5, None)).unwrap(), "MD5");
        assert!(
            same(&head(1, md5, None), &head(1, &md5.replace('d', "e"), None)).unwrap_err().contains("MD5")
        );
        assert_eq!(same(&head(1, "p-2", None), &head(1, md5, None)).unwrap(), "size");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_object_is_copied_by_parts_with_all_it_carries() {
        let aws = LocalAws::shared();
        aws.create_bucket("parts-whole");
        let body: Vec<u8> = (0..95_u8).collect();
        let headers =
            [("content-type", "text/csv"), ("x-amz-meta-batch", "17"), ("x-amz-tagging", "team=data")];
        aws.put_object("parts-whole", "source", &headers, &body);
        let client = client();
        let original = original(&client, "parts-whole", "source").await;
        let told = Mutex::new(Vec::new());
        let progress = |bytes| told.lock().unwrap().push(bytes);
        let target = target(&original, "copy", Condition::Create);
        let copied = copy(&client, &original, &target, SMALL, &progress).await.unwrap();
        assert_eq!(copied.parts, Some(10));
        assert_eq!(told.into_inner().unwrap().last(), Some(&95));
        let out = client.get_object().bucket("parts-whole").key("copy").send().await.unwrap();
        assert_eq!(out.content_type(), Some("text/csv"));
        assert_eq!(out.metadata().unwrap().get("batch").map(String::as_str), Some("17"));
        assert_eq!(out.body.collect().await.unwrap().to_vec(), body);
        // The local AWS drops the tags of multipart uploads, so only what is sent can be looked at.
        let request = started(&client, &original, &target).await.unwrap();
        assert_eq!(request.get_tagging().as_deref(), Some("team=data"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_not_finished_is_removed() {
        let aws = LocalAws::shared();
        aws.create_bucket("parts-changed");
        aws.put_object("parts-changed", "source", &[], "x".repeat(50));
        aws.put_object("parts-changed", "taken", &[], "mine");
        let client = client();
        let looked_at = original(&client, "parts-changed", "source").await;
        // Taken meanwhile: refused at the very end.
        let there = target(&looked_at, "taken", Condition::Create);
        let error = copy(&client, &looked_at, &there, SMALL, &|_| {}).await.unwrap_err();
        assert!(error.message.contains("exists by now"), "{error}");
        assert_eq!(uploads(&client, "parts-changed").await, 0);
        // Changed meanwhile: refused at the first part.
        aws.put_object("parts-changed", "source", &[], "y".repeat(50));
        let new = target(&looked_at, "new", Condition::Create);
        let error = copy(&client, &looked_at, &new, SMALL, &|_| {}).await.unwrap_err();
        assert!(error.message.contains("was changed while it was copied"), "{error}");
        assert_eq!(uploads(&client, "parts-changed").await, 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_dropped_copy_leaves_no_parts_behind() {
        let aws = LocalAws::shared();
        aws.create_bucket("parts-dropped");
        aws.put_object("parts-dropped", "source", &[], "x".repeat(5000));
        let client = client();
        let original = original(&client, "parts-dropped", "source").await;
        let target = target(&original, "copy", Condition::Create);
        let begun = tokio::sync::Notify::new();
        let progress = |_| begun.notify_one();
        let slow = Limits { at_once: 1, ..SMALL };
        tokio::select! {
            _ = copy(&client, &original, &target, slow, &progress) => panic!("it was to be dropped before its end"),
            () = begun.notified() => {}
        }
        for _ in 0..100 {
            if uploads(&client, "parts-dropped").await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the upload is still there");
    }
}
