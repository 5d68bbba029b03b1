use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    attributes::{Metadata, Sse, StorageClass, Tags, encryption},
    copying::{self, Limits, Original, Source, Target},
    existing::{Condition, UNCONDITIONAL, look},
    names::{BucketName, Etag, Key, KmsKey, bare, names_no_folder},
};

/// Copies an object within S3, any size, across buckets and regions, with its metadata and tags.
///
/// What exists is replaced only with `overwrite` or `if_match`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyObject {
    source_bucket: BucketName,
    source_key: Key,
    source_version_id: Option<String>,
    source_if_match: Option<Etag>,
    bucket: BucketName,
    key: Key,
    content_type: Option<String>,
    /// Replaces the source's.
    metadata: Option<Metadata>,
    /// Replaces the source's.
    tags: Option<Tags>,
    /// Else STANDARD.
    storage_class: Option<StorageClass>,
    sse: Option<Sse>,
    kms_key_id: Option<KmsKey>,
    #[serde(default)]
    overwrite: bool,
    /// Replaces only the object with this etag.
    if_match: Option<Etag>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Copy {
    uri: String,
    size_bytes: u64,
    etag: Option<String>,
    version_id: Option<String>,
    parts: Option<usize>,
}

impl Change for CopyObject {
    type Service = S3;
    type Output = One<Copy>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("copy_object", "Copy object")
        .shown_by("head_object")
        .on(arns::SOURCE_OBJECT, &["s3:GetObject", "s3:GetObjectTagging"])
        .on(arns::OBJECT, &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"])
        .when("source_version_id")
        .on(arns::SOURCE_OBJECT, &["s3:GetObjectVersion", "s3:GetObjectVersionTagging"])
        .when("kms_key_id")
        .on(arns::KMS_KEY, &["kms:GenerateDataKey", "kms:Decrypt"])
        .idempotent()
        .minutes(120);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Seen>> {
        self.check()?;
        let target = self.target()?;
        let (original, present) = tokio::try_join!(
            Original::look(cx, self.source(), self.source_if_match.as_ref()),
            look(cx.client(), &self.bucket, &self.key),
        )?;
        let what = format!("{} of {}", human_size(original.size), original.source.uri());
        let mut plan = target.condition.plan(&present, &target.uri(), "copy", &what)?;
        if original.size > Limits::AWS.whole {
            plan = plan.warning("over 5 GB: it is copied by parts, which takes some time");
        }
        let class = original.class();
        if self.storage_class.is_none() && class.as_str() != "STANDARD" {
            plan = plan.warning(format!(
                "the source is stored as {class}, the copy as STANDARD; storage_class changes that"
            ));
        }
        plan = target.leaves_behind(&original.head).into_iter().fold(plan, Plan::warning);
        present.beside(cx, &self.bucket, &self.key).await;
        let etag = original.head.e_tag.clone();
        Ok(plan.items(Seen { etag, condition: target.condition.held_to(&present) }))
    }

    async fn apply(self, seen: Seen, cx: &Call<S3>) -> Result<Self::Output> {
        let mut target = Target { condition: seen.condition, ..self.target()? };
        let original = Original::look(cx, self.source(), self.source_if_match.as_ref()).await?;
        original.unchanged(seen.etag.as_deref())?;
        let progress = |bytes: u64| {
            let sizes = format!("{} of {} copied", human_size(bytes), human_size(original.size));
            cx.progress(bytes, Some(original.size), sizes);
        };
        let mut copied = copying::copy(cx.client(), &original, &target, Limits::AWS, &progress).await;
        if let Err(error) = &copied
            && self.overwrite
            && self.if_match.is_none()
            && target.condition.is_unknown_to_store(error)
        {
            cx.note(UNCONDITIONAL);
            target.condition = Condition::Replace;
            copied = copying::copy(cx.client(), &original, &target, Limits::AWS, &progress).await;
        }
        let copied = copied?.told(cx);
        Ok(One(Copy {
            uri: target.uri(),
            size_bytes: original.size,
            etag: copied.etag.as_deref().map(|etag| bare(etag).to_owned()),
            version_id: copied.version_id,
            parts: copied.parts,
        }))
    }
}

/// What the plan saw of the source, and what may be replaced.
#[derive(Serialize)]
pub(crate) struct Seen {
    etag: Option<String>,
    condition: Condition,
}

impl CopyObject {
    fn source(&self) -> Source {
        Source {
            bucket: self.source_bucket.clone(),
            key: self.source_key.clone(),
            version_id: self.source_version_id.clone(),
        }
    }

    fn target(&self) -> Result<Target> {
        Ok(Target {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            content_type: self.content_type.clone(),
            metadata: self.metadata.clone(),
            tags: self.tags.clone(),
            storage_class: self.storage_class.map(Into::into),
            encryption: encryption(self.sse, self.kms_key_id.as_ref().map(KmsKey::as_str))?,
            kms_key_id: self.kms_key_id.clone().map(String::from),
            condition: Condition::new(self.overwrite, self.if_match.clone()),
        })
    }

    /// A key names an object, and S3 copies one onto itself only where something changes.
    fn check(&self) -> Result<()> {
        names_no_folder(&self.source_key, &self.key)?;
        let itself = self.source_bucket == self.bucket
            && self.source_key == self.key
            && self.source_version_id.is_none();
        let changes = self.content_type.is_some()
            || self.metadata.is_some()
            || self.storage_class.is_some()
            || self.sse.is_some()
            || self.kms_key_id.is_some();
        if itself && !changes {
            return Err(Error::invalid("the source and the target are the same object, and nothing about it changes")
                .with_next("give another key, or what is to change: metadata, content_type, storage_class, sse; tag_object changes tags"));
        }
        Ok(())
    }
}
