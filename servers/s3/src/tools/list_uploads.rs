use aws_sdk_s3::types::MultipartUpload;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    listing::{place, token},
    names::BucketName,
    uploads::{self, Parts, Place},
};

/// Lists multipart uploads that were begun and neither completed nor aborted: their parts are billed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListUploads {
    bucket: BucketName,
    prefix: Option<String>,
    /// Count each one's parts and bytes.
    #[serde(default)]
    parts: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    key: String,
    upload_id: String,
    initiated: Option<String>,
    storage_class: Option<String>,
    parts: Option<u64>,
    size_bytes: Option<u64>,
}

impl Tool for ListUploads {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_uploads", "List multipart uploads")
        .on(arns::BUCKET, &["s3:ListBucketMultipartUploads"])
        .when("parts")
        .on(arns::ANY_OBJECT, &["s3:ListMultipartUploadParts"])
        .optional();

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let from: Place = place(cx.token())?;
        let (uploads, next) =
            uploads::page(cx, self.bucket.as_str(), self.prefix.as_deref(), from, cx.page_size()).await?;
        let rows: Vec<Row> = stream::iter(uploads)
            .map(|upload| async {
                let parts = if self.parts {
                    Some(uploads::parts(cx, self.bucket.as_str(), &upload).await?)
                } else {
                    None
                };
                Ok::<_, awsmcp_mcp::Error>(Row::new(upload, parts))
            })
            .buffered(uploads::AT_ONCE)
            .try_collect()
            .await?;
        Ok(cx.page(rows, next.as_ref().map(token).transpose()?))
    }
}

impl Row {
    fn new(upload: MultipartUpload, parts: Option<Parts>) -> Self {
        Row {
            key: upload.key.unwrap_or_default(),
            upload_id: upload.upload_id.unwrap_or_default(),
            initiated: upload.initiated.map(utc_second),
            storage_class: upload
                .storage_class
                .map(|class| class.as_str().to_owned())
                .filter(|class| class != "STANDARD"),
            parts: parts.map(|parts| parts.count),
            size_bytes: parts.map(|parts| parts.bytes),
        }
    }
}
