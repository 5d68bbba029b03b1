use aws_sdk_s3::types::Object;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{S3, names::BucketName};

/// Lists the objects of a bucket, folder by folder.
///
/// Use `search_objects` to look inside them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListObjects {
    /// The bucket's name, as `list_buckets` returns it.
    bucket: BucketName,
    /// Only keys that start with this; a folder ends with /.
    prefix: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    key: String,
    size_bytes: Option<i64>,
    modified: Option<String>,
    storage_class: Option<String>,
}

impl Tool for ListObjects {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec =
        Spec::list("list_objects", "List objects").needs("s3:ListBucket", "arn:{partition}:s3:::{bucket}");

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let out = cx
            .client()
            .list_objects_v2()
            .bucket(self.bucket)
            .set_prefix(self.prefix)
            .delimiter("/")
            .set_continuation_token(cx.token())
            .max_keys(cx.page_size())
            .send()
            .await?;
        let folders = out.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix);
        let objects = out.contents.unwrap_or_default().into_iter().map(Row::object);
        let rows: Vec<Row> = folders.map(Row::folder).chain(objects).collect();
        Ok(cx.page(rows, out.next_continuation_token))
    }
}

impl Row {
    fn folder(key: String) -> Self {
        Row { key, size_bytes: None, modified: None, storage_class: None }
    }

    fn object(object: Object) -> Self {
        Row {
            key: object.key.unwrap_or_default(),
            size_bytes: object.size,
            modified: object.last_modified.map(crate::names::second),
            // The usual class says nothing.
            storage_class: object
                .storage_class
                .filter(|class| class.as_str() != "STANDARD")
                .map(|class| class.as_str().to_owned()),
        }
    }
}
