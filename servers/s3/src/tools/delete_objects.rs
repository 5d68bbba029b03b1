use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use awsmcp_mcp::{Call, Change, Error, Page, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3,
    names::{BucketName, Key},
};

/// Deletes objects.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteObjects {
    bucket: BucketName,
    #[schemars(length(min = 1, max = 1000))]
    keys: Vec<Key>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    key: String,
    outcome: String,
}

impl Change for DeleteObjects {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::destroy("delete_objects", "Delete objects")
        .needs("s3:DeleteObject", "arn:{partition}:s3:::{bucket}/{keys}");

    async fn plan(&self, _: &Call<S3>) -> Result<Plan> {
        let plan = Plan::new(format!("delete {} objects of {}", self.keys.len(), self.bucket));
        Ok(self.keys.iter().fold(plan, |plan, key| plan.row(serde_json::json!({"key": key.as_str()}))))
    }

    async fn apply(self, cx: &Call<S3>) -> Result<Self::Output> {
        let keys = self
            .keys
            .into_iter()
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<std::result::Result<Vec<_>, _>>();
        let keys = keys.map_err(|error| Error::internal(error.to_string()))?;
        let delete = Delete::builder().set_objects(Some(keys)).build();
        let delete = delete.map_err(|error| Error::internal(error.to_string()))?;
        let out = cx.client().delete_objects().bucket(self.bucket).delete(delete).send().await?;
        let deleted = out.deleted.unwrap_or_default().into_iter().map(|done| Row {
            key: done.key.unwrap_or_default(),
            outcome: "deleted".to_owned(),
        });
        let failed = out.errors.unwrap_or_default().into_iter().map(|error| Row {
            key: error.key.unwrap_or_default(),
            outcome: error.message.or(error.code).unwrap_or_default(),
        });
        Ok(cx.page(deleted.chain(failed), None))
    }
}
