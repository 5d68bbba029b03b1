use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3,
    names::{BucketName, Key},
};

/// Shows an object's metadata: size, type, dates, encryption.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadObject {
    bucket: BucketName,
    /// As `list_objects` returns it.
    key: Key,
    /// As `list_versions` returns it.
    version_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Head {
    size_bytes: Option<i64>,
    content_type: Option<String>,
    modified: Option<String>,
    etag: Option<String>,
    version_id: Option<String>,
}

impl Tool for HeadObject {
    type Service = S3;
    type Output = One<Head>;
    const SPEC: Spec = Spec::read("head_object", "Describe object")
        .needs("s3:GetObject", "arn:{partition}:s3:::{bucket}/{key}")
        .needs_when("version_id", "s3:GetObjectVersion", "arn:{partition}:s3:::{bucket}/{key}");

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let out = cx
            .client()
            .head_object()
            .bucket(self.bucket)
            .key(self.key)
            .set_version_id(self.version_id)
            .send()
            .await?;
        Ok(One(Head {
            size_bytes: out.content_length,
            content_type: out.content_type,
            modified: out.last_modified.map(crate::names::second),
            etag: out.e_tag,
            version_id: out.version_id,
        }))
    }
}
