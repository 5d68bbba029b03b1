//! Copying an object inside S3: at once up to 5 GB, by parts above; across regions; with what it carries.

mod original;
mod parts;

use aws_sdk_s3::{
    Client,
    operation::{copy_object::builders::CopyObjectFluentBuilder, head_object::HeadObjectOutput},
    types::{
        MetadataDirective, ObjectLockLegalHoldStatus, ServerSideEncryption, StorageClass, TaggingDirective,
    },
};
use awsmcp_mcp::{Call, Error, Result, quoted};
use awsmcp_sdk::utc_second;

pub(crate) use self::original::{Original, Source, head};
use self::parts::by_parts;
use crate::{
    S3,
    attributes::{Metadata, Tags},
    existing::{Condition, WRITTEN_BEFORE},
    names::{BucketName, Key, bare},
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

    /// Where a website sends who asks for the object: S3 copies it with nothing else, so it is given again. Directory
    /// buckets serve no websites.
    fn redirect(&self, head: &HeadObjectOutput) -> Option<String> {
        head.website_redirect_location.clone().filter(|_| !self.bucket.is_directory())
    }

    /// What of the source does not come along with a copy, in sentences.
    pub(crate) fn leaves_behind(&self, head: &HeadObjectOutput) -> Vec<String> {
        let mut left = Vec::new();
        if let (Some(mode), Some(until)) = (head.object_lock_mode(), head.object_lock_retain_until_date()) {
            left.push(format!(
                "the source's retention ({mode} until {}) does not come along: the copy has what its bucket gives by default",
                utc_second(*until)
            ));
        }
        if head.object_lock_legal_hold_status() == Some(&ObjectLockLegalHoldStatus::On) {
            left.push("the source's legal hold does not come along".to_owned());
        }
        if let Some(key) =
            head.ssekms_key_id().filter(|_| self.encryption.is_none() && self.kms_key_id.is_none())
        {
            left.push(format!(
                "the source is encrypted with the KMS key {key}, the copy as its bucket encrypts by default"
            ));
        }
        let strange = head.expires_string().filter(|text| parsed(text).is_none());
        if let Some(text) = strange.filter(|_| self.replaces_metadata()) {
            left.push(format!(
                "the source's Expires header, {}, is no date and does not come along",
                quoted(text)
            ));
        }
        left
    }
}

/// The copy.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// How many parts it was made of, where it was made of parts.
    pub(crate) parts: Option<usize>,
    /// Whether S3 refused its condition, since the contents were there by then.
    pub(crate) was_there: bool,
}

impl Copied {
    /// Notes where S3 refused the copy and its contents were there all the same.
    pub(crate) fn told(self, cx: &Call<S3>) -> Self {
        if self.was_there {
            cx.note(WRITTEN_BEFORE);
        }
        self
    }
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
        Err(error) if error.status == Some(412) => match there(client, original, target).await {
            Some(copied) => Ok(copied),
            None => Err(target.condition.explain(error, &target.uri())),
        },
        Err(error) => Err(target.condition.explain(error, &target.uri())),
        copied => copied,
    }
}

/// Copies; where the store takes no conditions, a look takes the place of the target's.
///
/// # Errors
/// As [`copy`].
pub(crate) async fn copy_held(
    cx: &Call<S3>,
    original: &Original,
    target: &mut Target,
    limits: Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Copied> {
    match copy(cx.client(), original, target, limits, progress).await {
        Err(error) if target.condition.is_unknown_to_store(&error) => {
            target.condition.held_by_a_look(cx, &target.bucket, &target.key).await?;
            target.condition = Condition::Replace;
            copy(cx.client(), original, target, limits, progress).await
        }
        copied => copied,
    }
}

/// What lies at the target, where it has the source's contents, by a hash and not by their size alone.
async fn there(client: &Client, original: &Original, target: &Target) -> Option<Copied> {
    let place = Source { bucket: target.bucket.clone(), key: target.key.clone(), version_id: None };
    let copy = head(client, &place).await.ok()?;
    let is_same = verified(&original.head, &copy).is_ok_and(|by| by != "size");
    is_same.then_some(Copied { etag: copy.e_tag, version_id: copy.version_id, parts: None, was_there: true })
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
        .set_website_redirect_location(target.redirect(&original.head))
        .set_server_side_encryption(target.encryption.clone())
        .set_ssekms_key_id(target.kms_key_id.clone())
        .set_if_match(target.condition.if_match())
        .set_if_none_match(target.condition.if_none_match());
    let out = tags(replaced(request, original, target), target).send().await?;
    Ok(Copied {
        etag: out.copy_object_result.and_then(|result| result.e_tag),
        version_id: out.version_id,
        parts: None,
        was_there: false,
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

    use super::{parts::started, *};

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
