use aws_sdk_s3::types::Bucket;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{S3, arns, names::day};

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
    const SPEC: Spec =
        Spec::list("list_buckets", "List buckets").on("*", &["s3:ListAllMyBuckets"]).rows(arns::EACH_BUCKET);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        const PAGES: usize = 20;
        let mut rows: Vec<Row> = Vec::new();
        let mut token = cx.token();
        for _ in 0..PAGES {
            // Asking for what is missing keeps the token at the last row that is shown.
            let missing = cx.page_size().saturating_sub(rows.len().try_into().unwrap_or(i32::MAX));
            let out = cx
                .client()
                .list_buckets()
                .set_prefix(self.prefix.clone())
                .set_continuation_token(token)
                .max_buckets(missing)
                .send()
                .await?;
            // AWS filters by region only at that region's own endpoint, which may not be allowed here.
            let here = |row: &Row| self.bucket_region.is_none() || row.region == self.bucket_region;
            rows.extend(out.buckets.unwrap_or_default().into_iter().map(Row::new).filter(here));
            token = out.continuation_token.filter(|token| !token.is_empty());
            if token.is_none() || rows.len() >= cx.limit() as usize {
                break;
            }
        }
        Ok(cx.page(rows, token))
    }
}

impl Row {
    fn new(bucket: Bucket) -> Self {
        Row {
            name: bucket.name.unwrap_or_default(),
            region: bucket.bucket_region,
            created: bucket.creation_date.map(day),
        }
    }
}
