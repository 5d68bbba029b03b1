use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3,
    names::{BucketName, Key},
};

/// Writes a small object from text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutObject {
    bucket: BucketName,
    key: Key,
    /// The contents.
    text: String,
    content_type: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    uri: String,
    size_bytes: u64,
    etag: Option<String>,
    version_id: Option<String>,
}

impl Change for PutObject {
    type Service = S3;
    type Output = One<Written>;
    const SPEC: Spec = Spec::write("put_object", "Put object")
        .needs("s3:PutObject", "arn:{partition}:s3:::{bucket}/{key}")
        .idempotent();

    async fn plan(&self, _: &Call<S3>) -> Result<Plan> {
        let size = human_size(self.text.len() as u64);
        Ok(Plan::new(format!("write {size} to s3://{}/{}", self.bucket, self.key)))
    }

    async fn apply(self, cx: &Call<S3>) -> Result<Self::Output> {
        let uri = format!("s3://{}/{}", self.bucket, self.key);
        let size_bytes = self.text.len() as u64;
        let out = cx
            .client()
            .put_object()
            .bucket(self.bucket)
            .key(self.key)
            .body(self.text.into_bytes().into())
            .set_content_type(self.content_type)
            .send()
            .await?;
        Ok(One(Written { uri, size_bytes, etag: out.e_tag, version_id: out.version_id }))
    }
}
