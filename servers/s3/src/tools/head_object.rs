use std::collections::BTreeMap;

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    primitives::{DateTime, DateTimeFormat},
    types::ChecksumMode,
};
use awsmcp_mcp::{Call, Kind, One, Result, Spec, Tool, human_size};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    attributes::Tags,
    body::hidden,
    names::{BucketName, Key, bare},
    spelling,
};

/// Shows all about an object but its contents: size, type, dates, encryption, checksums, metadata, tags, lock, archive.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadObject {
    bucket: BucketName,
    /// As `list_objects` returns it.
    key: Key,
    /// As `list_versions` returns it.
    version_id: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Head {
    size_bytes: Option<i64>,
    size: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    content_disposition: Option<String>,
    cache_control: Option<String>,
    expires: Option<String>,
    modified: Option<String>,
    etag: Option<String>,
    /// Parts it was uploaded in.
    parts: Option<u32>,
    version_id: Option<String>,
    storage_class: Option<String>,
    archive_status: Option<String>,
    restore: Option<String>,
    /// When a lifecycle rule removes it.
    expiration: Option<String>,
    expiration_rule: Option<String>,
    encryption: Option<String>,
    kms_key_id: Option<String>,
    bucket_key: Option<bool>,
    checksums: BTreeMap<&'static str, String>,
    checksum_type: Option<String>,
    metadata: BTreeMap<String, String>,
    /// Metadata that cannot be written in a header.
    missing_metadata: Option<i32>,
    tags: BTreeMap<String, String>,
    lock_mode: Option<String>,
    retain_until: Option<String>,
    legal_hold: Option<String>,
    event_hold: Option<String>,
    replication_status: Option<String>,
    website_redirect: Option<String>,
}

impl Tool for HeadObject {
    type Service = S3;
    type Output = One<Head>;
    // Retention and legal hold come with the same answer, for who may see them.
    const SPEC: Spec = Spec::read("head_object", "Describe object")
        .on(
            arns::OBJECT,
            &["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"],
        )
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion", "s3:GetObjectVersionTagging"]);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let out = match self.head(cx, Some(ChecksumMode::Enabled)).await {
            // The checksums of an object under a KMS key are shown to those who may use the key.
            Err(error) if error.kind == Kind::AccessDenied => {
                let out = self.head(cx, None).await.map_err(|_| error)?;
                cx.note("checksums are left out: they need kms:Decrypt on the object's key");
                out
            }
            Err(error) if self.version_id.is_none() => {
                let (bucket, key) = (&self.bucket, self.key.as_str());
                return Err(spelling::explained(error, cx, cx.client(), bucket, key).await);
            }
            out => out?,
        };
        let tags = if out.tag_count.unwrap_or_default() > 0 { self.tags(cx).await } else { Tags::default() };
        let mut head = Head::new(out);
        head.tags = tags.map().clone();
        Ok(One(head))
    }
}

impl HeadObject {
    async fn head(&self, cx: &Call<S3>, checksums: Option<ChecksumMode>) -> Result<HeadObjectOutput> {
        cx.client()
            .head_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_version_id(self.version_id.clone())
            .set_checksum_mode(checksums)
            .send()
            .await
            .map_err(hidden)
    }

    async fn tags(&self, cx: &Call<S3>) -> Tags {
        let out = cx
            .client()
            .get_object_tagging()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_version_id(self.version_id.clone())
            .send()
            .await;
        match out {
            Ok(out) => Tags::of(out.tag_set),
            Err(error) => {
                let error = awsmcp_mcp::Error::from(error);
                cx.note(format!("it has tags, which could not be read: {}", error.message));
                Tags::default()
            }
        }
    }
}

impl Head {
    fn new(out: HeadObjectOutput) -> Self {
        let checksums = [
            ("crc32", &out.checksum_crc32),
            ("crc32c", &out.checksum_crc32_c),
            ("crc64nvme", &out.checksum_crc64_nvme),
            ("sha1", &out.checksum_sha1),
            ("sha256", &out.checksum_sha256),
            ("sha512", &out.checksum_sha512),
            ("md5", &out.checksum_md5),
            ("xxhash64", &out.checksum_xxhash64),
            ("xxhash3", &out.checksum_xxhash3),
            ("xxhash128", &out.checksum_xxhash128),
        ];
        let checksums =
            checksums.into_iter().filter_map(|(name, value)| value.clone().map(|value| (name, value)));
        let etag = out.e_tag.as_deref().map(bare);
        let customer = out.sse_customer_algorithm.as_ref().map(|algorithm| format!("SSE-C {algorithm}"));
        Head {
            size_bytes: out.content_length,
            // Small sizes are read without help.
            size: out
                .content_length
                .and_then(|size| size.try_into().ok())
                .filter(|size| *size >= 1024)
                .map(human_size),
            parts: etag.and_then(|etag| etag.rsplit_once('-')?.1.parse().ok()),
            etag: etag.map(str::to_owned),
            checksums: checksums.collect(),
            checksum_type: out.checksum_type.map(|kind| kind.as_str().to_owned()),
            content_type: out.content_type,
            content_encoding: out.content_encoding,
            content_language: out.content_language,
            content_disposition: out.content_disposition,
            cache_control: out.cache_control,
            expires: out.expires_string,
            modified: out.last_modified.map(utc_second),
            version_id: out.version_id,
            // AWS leaves the usual class out.
            storage_class: Some(
                out.storage_class.map_or("STANDARD".to_owned(), |class| class.as_str().to_owned()),
            ),
            archive_status: out.archive_status.map(|status| status.as_str().to_owned()),
            restore: out.restore.as_deref().map(restored),
            expiration: out.expiration.as_deref().and_then(|text| date(text, "expiry-date")),
            expiration_rule: out
                .expiration
                .as_deref()
                .and_then(|text| field(text, "rule-id"))
                .map(str::to_owned),
            encryption: customer.or(out.server_side_encryption.map(|kind| kind.as_str().to_owned())),
            kms_key_id: out.ssekms_key_id,
            bucket_key: out.bucket_key_enabled.filter(|enabled| *enabled),
            metadata: out.metadata.unwrap_or_default().into_iter().collect(),
            missing_metadata: out.missing_meta.filter(|count| *count > 0),
            tags: BTreeMap::new(),
            lock_mode: out.object_lock_mode.map(|mode| mode.as_str().to_owned()),
            retain_until: out.object_lock_retain_until_date.map(utc_second),
            legal_hold: out.object_lock_legal_hold_status.map(|status| status.as_str().to_owned()),
            event_hold: out.object_lock_event_hold.map(|status| status.as_str().to_owned()),
            replication_status: out.replication_status.map(|status| status.as_str().to_owned()),
            website_redirect: out.website_redirect_location,
        }
    }
}

/// `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"` in words.
fn restored(header: &str) -> String {
    match (field(header, "ongoing-request"), date(header, "expiry-date")) {
        (Some("true"), _) => "in progress".to_owned(),
        (_, Some(until)) => format!("readable until {until}"),
        _ => header.to_owned(),
    }
}

fn date(header: &str, name: &str) -> Option<String> {
    let text = field(header, name)?;
    let time = DateTime::from_str(text, DateTimeFormat::HttpDate);
    Some(time.map_or_else(|_| text.to_owned(), utc_second))
}

/// A quoted value of a header such as `expiry-date="...", rule-id="..."`.
fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_in_words() {
        assert_eq!(restored("ongoing-request=\"true\""), "in progress");
        let ready = "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"";
        assert_eq!(restored(ready), "readable until 2012-12-21T00:00:00Z");
        assert_eq!(restored("what?"), "what?");
        let rule = "expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\", rule-id=\"old logs\"";
        assert_eq!(date(rule, "expiry-date").as_deref(), Some("2012-12-21T00:00:00Z"));
        assert_eq!(field(rule, "rule-id"), Some("old logs"));
    }

    #[test]
    fn the_etag_tells_the_parts() {
        let head =
            |etag: &str| Head::new(HeadObjectOutput::builder().e_tag(etag).content_length(5000).build());
        assert_eq!(head("\"abc-12\"").parts, Some(12));
        assert_eq!(head("\"abc\"").parts, None);
        assert_eq!(head("\"abc\"").size.as_deref(), Some("4.9 KiB"));
    }
}
