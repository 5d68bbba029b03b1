//! Copying by parts: begun with all that the object carries, and removed when it does not come to its end.

use aws_sdk_s3::{
    Client,
    operation::{
        create_multipart_upload::builders::CreateMultipartUploadFluentBuilder, head_object::HeadObjectOutput,
    },
    types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart},
};
use awsmcp_mcp::{Error, Kind, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Copied, Limits, Original, Target, parsed};
use crate::attributes::Tags;

/// Copies in parts that are on their way side by side.
pub(super) async fn by_parts(
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
pub(super) async fn started(
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
        .set_website_redirect_location(target.redirect(head))
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
        Ok(Copied { etag: out.e_tag, version_id: out.version_id, parts: Some(count), was_there: false })
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
