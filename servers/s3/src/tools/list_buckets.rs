use aws_sdk_s3::types::Bucket;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    config::{
        findings::ACCOUNT_BLOCK,
        looking::{self, look},
    },
    names::day,
};

/// Lists the account's buckets with their regions and, on request, their findings.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListBuckets {
    /// Only names that start with this.
    prefix: Option<String>,
    /// Only buckets of this region.
    bucket_region: Option<String>,
    /// What to look at in each (public, unencrypted, no lifecycle, website, ...): some requests a bucket.
    #[serde(default)]
    findings: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    region: Option<String>,
    created: Option<String>,
    findings: Option<String>,
    /// What findings do not speak of, and the permission that is missing.
    unread: Option<String>,
}

/// Buckets of a page with findings, and those that are looked at together.
const LOOKED_AT: usize = 50;
const AT_ONCE: usize = 8;

impl Tool for ListBuckets {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_buckets", "List buckets")
        .on("*", &["s3:ListAllMyBuckets"])
        // Which buckets these are is known only from the list; each is held to the operator's list before it is asked.
        .when("findings")
        .on("*", &looking::ACTIONS)
        .rows(arns::EACH_BUCKET);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        const PAGES: usize = 20;
        let mut rows: Vec<Row> = Vec::new();
        let mut token = cx.token();
        let most = if self.findings { LOOKED_AT } else { usize::MAX }.min(cx.limit() as usize);
        let page = cx.page_size().min(i32::try_from(most).unwrap_or(i32::MAX));
        for _ in 0..PAGES {
            // Asking for what is missing keeps the token at the last row that is shown.
            let missing = page.saturating_sub(rows.len().try_into().unwrap_or(i32::MAX));
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
            if token.is_none() || rows.len() >= most {
                break;
            }
        }
        if self.findings {
            rows = stream::iter(rows).map(|row| row.looked_at(cx)).buffered(AT_ONCE).collect().await;
            cx.note(match rows.iter().all(|row| row.unread.is_none()) {
                true => format!("all that findings need was read; {ACCOUNT_BLOCK}"),
                false => format!("see unread for what findings do not speak of; {ACCOUNT_BLOCK}"),
            });
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
            findings: None,
            unread: None,
        }
    }

    /// The same with its findings; as it is, where the operator's list does not have it, and so it is not shown.
    async fn looked_at(mut self, cx: &Call<S3>) -> Row {
        if cx.may("s3:GetBucketPolicy", arns::BUCKET, &[("bucket", &self.name)]).await.is_err() {
            return self;
        }
        let client = match self.region.as_deref().filter(|region| *region != cx.region()) {
            Some(region) => cx.client_in(region).await,
            None => Ok(cx.client().clone()),
        };
        match client {
            Ok(client) => {
                let looked = look(cx, &client, &self.name, self.name.ends_with("--x-s3")).await;
                self.findings = (!looked.findings.is_empty()).then(|| looked.findings.join("; "));
                self.unread = (!looked.unread.is_empty()).then(|| looked.unread.join(", "));
            }
            Err(error) => self.unread = Some(format!("all of it: {}", error.message)),
        }
        self
    }
}
