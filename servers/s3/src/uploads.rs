//! Multipart uploads in progress, as listing, aborting and emptying see them.

use aws_sdk_s3::types::{EncodingType, MultipartUpload};
use awsmcp_mcp::{Call, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::{S3, listing::decoded};

/// How many uploads are looked at or aborted at the same time.
pub(crate) const AT_ONCE: usize = 8;

/// Behind which upload a page starts.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Place {
    key: Option<String>,
    upload: Option<String>,
}

/// One page of uploads, and where the next one starts.
pub(crate) async fn page(
    cx: &Call<S3>,
    bucket: &str,
    prefix: Option<&str>,
    from: Place,
    most: i32,
) -> Result<(Vec<MultipartUpload>, Option<Place>)> {
    let out = cx
        .client()
        .list_multipart_uploads()
        .bucket(bucket)
        .set_prefix(prefix.map(str::to_owned))
        .set_key_marker(from.key)
        .set_upload_id_marker(from.upload)
        .max_uploads(most)
        .encoding_type(EncodingType::Url)
        .send()
        .await?;
    let read = |name: String| decoded(name, out.encoding_type.as_ref());
    let uploads = out.uploads.unwrap_or_default().into_iter().map(|mut upload| {
        upload.key = upload.key.map(read);
        upload
    });
    let uploads = uploads.collect();
    let more = out.is_truncated == Some(true);
    let next = out.next_key_marker.filter(|_| more).map(|key| Place {
        key: Some(read(key)),
        upload: out.next_upload_id_marker.filter(|id| !id.is_empty()),
    });
    Ok((uploads, next))
}

/// What an upload holds so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

/// Counts an upload's parts; nothing where it was completed or aborted meanwhile.
pub(crate) async fn parts(cx: &Call<S3>, bucket: &str, upload: &MultipartUpload) -> Result<Parts> {
    let (mut found, mut marker) = (Parts::default(), None);
    loop {
        let out = cx
            .client()
            .list_parts()
            .bucket(bucket)
            .set_key(upload.key.clone())
            .set_upload_id(upload.upload_id.clone())
            .set_part_number_marker(marker)
            .send()
            .await
            .map_err(awsmcp_mcp::Error::from);
        let out = match out {
            Err(error) if error.kind == Kind::NotFound && error.code.as_deref() == Some("NoSuchUpload") => {
                return Ok(Parts::default());
            }
            out => out?,
        };
        for part in out.parts() {
            found.count += 1;
            found.bytes += part.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        }
        marker = out.next_part_number_marker.filter(|_| out.is_truncated == Some(true));
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// An upload that was neither completed nor aborted: its id never names another.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unfinished {
    pub(crate) key: String,
    pub(crate) upload_id: String,
}

impl Unfinished {
    pub(crate) fn of(upload: MultipartUpload) -> Unfinished {
        Unfinished { key: upload.key.unwrap_or_default(), upload_id: upload.upload_id.unwrap_or_default() }
    }
}

/// Ends an upload and frees its parts; one that ended meanwhile is as good.
pub(crate) async fn abort(cx: &Call<S3>, bucket: &str, upload: &Unfinished) -> Result<()> {
    let out = cx
        .client()
        .abort_multipart_upload()
        .bucket(bucket)
        .key(&upload.key)
        .upload_id(&upload.upload_id)
        .send()
        .await
        .map_err(awsmcp_mcp::Error::from);
    match out {
        Err(error) if error.code.as_deref() == Some("NoSuchUpload") => Ok(()),
        out => out.map(drop),
    }
}
