use aws_sdk_s3::types::Bucket;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::S3;

/// Lists the account's buckets with their regions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListBuckets {
    /// Only names that start with this.
    prefix: Option<String>,
    /// Only buckets of this region.
    bucket_region: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    region: Option<String>,
    created: Option<String>,
}

impl Tool for ListBuckets {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_buckets", "List buckets")
        .needs("s3:ListAllMyBuckets", "*")
        .rows("arn:{partition}:s3:::{name}");

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let out = cx
            .client()
            .list_buckets()
            .set_prefix(self.prefix)
            .set_bucket_region(self.bucket_region)
            .set_continuation_token(cx.token())
            .max_buckets(cx.page_size())
            .send()
            .await?;
        let rows = out.buckets.unwrap_or_default().into_iter().map(Row::new);
        Ok(cx.page(rows, out.continuation_token))
    }
}

impl Row {
    fn new(bucket: Bucket) -> Self {
        Row {
            name: bucket.name.unwrap_or_default(),
            region: bucket.bucket_region,
            created: bucket.creation_date.map(crate::names::day),
        }
    }
}
