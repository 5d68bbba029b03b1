use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    names::{BucketName, Key},
    signing::{self, Expiry},
    spelling,
};

/// Makes a link with which anybody can download an object for a while, without credentials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresignDownload {
    bucket: BucketName,
    key: Key,
    version_id: Option<String>,
    /// Up to 7d; 1h without.
    #[serde(default)]
    expires_in: Expiry,
    /// For the answer's header, such as `attachment; filename="a.csv"`.
    content_disposition: Option<String>,
    /// For the answer's header.
    content_type: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Link {
    url: String,
    expires: String,
    size_bytes: Option<i64>,
    content_type: Option<String>,
}

impl Tool for PresignDownload {
    type Service = S3;
    type Output = One<Link>;
    const SPEC: Spec = Spec::reveal("presign_download", "Presign download")
        .on(arns::OBJECT, &["s3:GetObject"])
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion"])
        .optional();

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        // What whoever follows the link will do: a link to nothing, to the archive, or signed for the wrong region is no
        // answer. HEAD would not say why it fails.
        let first = cx
            .client()
            .get_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_version_id(self.version_id.clone())
            .range("bytes=0-0")
            .send()
            .await
            .map_err(Error::from);
        let (size_bytes, content_type) = match first {
            Ok(out) => {
                let whole =
                    out.content_range.as_deref().and_then(|range| range.rsplit('/').next()?.parse().ok());
                (whole.or(out.content_length), out.content_type)
            }
            // An empty object has no first byte.
            Err(error) if error.code.as_deref() == Some("InvalidRange") => (Some(0), None),
            Err(error) if self.version_id.is_some() => return Err(error),
            Err(error) => {
                let (bucket, key) = (&self.bucket, self.key.as_str());
                return Err(spelling::explained(error, cx, cx.client(), bucket, key).await);
            }
        };
        let expires = signing::end(cx, self.expires_in).await?;
        let request = cx
            .client()
            .get_object()
            .bucket(self.bucket)
            .key(self.key)
            .set_version_id(self.version_id)
            .set_response_content_disposition(self.content_disposition)
            .set_response_content_type(self.content_type.clone())
            .presigned(signing::config(self.expires_in)?)
            .await?;
        Ok(One(Link {
            url: request.uri().to_owned(),
            expires,
            size_bytes,
            content_type: self.content_type.or(content_type),
        }))
    }
}
