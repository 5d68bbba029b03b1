use std::path::Path;

use aws_sdk_s3_transfer_manager::operation::upload::{UploadInput, UploadInputBuilder};
use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    attributes::{Metadata, Sse, StorageClass, Tags, content_type_of, encryption},
    existing::{Condition, UNCONDITIONAL, WRITTEN_BEFORE, look},
    fetching,
    names::{BucketName, Etag, Key, KmsKey, bare},
    stamp::{Stamp, unchanged},
    transfer::{self, Meter, Sent},
};

/// Uploads a local file of any size: in parallel parts, with a checksum that S3 verifies. A cancelled upload leaves
/// nothing behind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadFile {
    /// In an allowed directory; absolute, or relative to it.
    path: String,
    bucket: BucketName,
    key: Key,
    /// Otherwise an existing key is an error.
    #[serde(default)]
    overwrite: bool,
    /// Replace only the object with this etag.
    if_match: Option<Etag>,
    /// By the extension unless given.
    content_type: Option<String>,
    metadata: Option<Metadata>,
    tags: Option<Tags>,
    storage_class: Option<StorageClass>,
    sse: Option<Sse>,
    kms_key_id: Option<KmsKey>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Uploaded {
    uri: String,
    size_bytes: u64,
    etag: Option<String>,
    version_id: Option<String>,
}

impl Change for UploadFile {
    type Service = S3;
    type Output = One<Uploaded>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("upload_file", "Upload file")
        .shown_by("head_object")
        .on(arns::OBJECT, &["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"])
        .when("tags")
        .on(arns::OBJECT, &["s3:PutObjectTagging"])
        .when("kms_key_id")
        .on(arns::KMS_KEY, &["kms:GenerateDataKey", "kms:Decrypt"])
        .local_files()
        .minutes(60);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Seen>> {
        encryption(self.sse, self.kms_key_id.as_ref().map(KmsKey::as_str))?;
        self.checked_key()?;
        let files = cx.files();
        let (file, present) =
            tokio::join!(files.open(&self.path), look(cx.client(), &self.bucket, &self.key));
        let file = file?;
        let what = format!("{} ({})", file.path.display(), human_size(file.size));
        let (condition, present) = (self.condition(), present?);
        let plan = condition.plan(&present, &self.uri(), "upload", &what)?;
        let plan = present.carried_away().into_iter().fold(plan, Plan::warning);
        present.beside(cx, &self.bucket, &self.key).await;
        let plan = match self.content_type() {
            Some(given) => plan.row(serde_json::json!({"content_type": given})),
            None => plan,
        };
        Ok(plan.items(Seen { file: Stamp::from(&file), condition: condition.held_to(&present) }))
    }

    async fn apply(self, seen: Seen, cx: &Call<S3>) -> Result<Self::Output> {
        let Seen { file: stamp, condition } = seen;
        let mut sent = self.send(cx, stamp, &condition).await;
        if let Err(error) = &sent
            && self.overwrite
            && self.if_match.is_none()
            && condition.is_unknown_to_store(error)
        {
            cx.note(UNCONDITIONAL);
            sent = self.send(cx, stamp, &Condition::Replace).await;
        }
        let refused = sent.as_ref().err().is_some_and(|error| error.status == Some(412));
        if refused
            && stamp.size <= transfer::PART
            && let Ok(Some(etag)) = self.there(cx).await
        {
            cx.note(WRITTEN_BEFORE);
            sent = Ok(Sent { etag: Some(etag), version_id: None });
        }
        let uri = self.uri();
        let Sent { etag, version_id } = sent.map_err(|error| condition.explain(error, &uri))?;
        let etag = etag.as_deref().map(|etag| bare(etag).to_owned());
        Ok(One(Uploaded { uri, size_bytes: stamp.size, etag, version_id }))
    }
}

/// What the plan saw on both sides.
#[derive(Serialize)]
pub(crate) struct Seen {
    file: Stamp,
    condition: Condition,
}

impl UploadFile {
    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    fn condition(&self) -> Condition {
        Condition::new(self.overwrite, self.if_match.clone())
    }

    /// A key is what the operator's allow-list was held against, so nothing may be added to it here.
    fn checked_key(&self) -> Result<()> {
        let name = Path::new(&self.path).file_name().and_then(|name| name.to_str()).unwrap_or("file");
        self.key.is_no_folder(name)
    }

    fn content_type(&self) -> Option<String> {
        let guess = || content_type_of(self.key.as_str()).or_else(|| content_type_of(&self.path));
        self.content_type.clone().or_else(|| guess().map(str::to_owned))
    }

    async fn send(&self, cx: &Call<S3>, stamp: Stamp, condition: &Condition) -> Result<Sent> {
        let file = cx.files().open(&self.path).await?;
        unchanged(Some(stamp), Some(Stamp::from(&file)))?;
        let mut meter = Meter::new(cx, file.size);
        transfer::send(cx, file, self.request(condition)?, |done| meter.at(done)).await
    }

    /// The entity tag of what lies at the key, where that is the file's contents.
    async fn there(&self, cx: &Call<S3>) -> Result<Option<String>> {
        let head = fetching::head(cx, &self.bucket, &self.key, None).await?;
        let is_same = fetching::is_same(cx, &head, cx.files().open(&self.path).await?).await?;
        Ok(is_same.then_some(head.remote.etag))
    }

    fn request(&self, condition: &Condition) -> Result<UploadInputBuilder> {
        let sse = encryption(self.sse, self.kms_key_id.as_ref().map(KmsKey::as_str))?;
        Ok(UploadInput::builder()
            .set_content_type(self.content_type())
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match())
            .set_metadata(self.metadata.clone().map(Into::into))
            .set_tagging(self.tags.as_ref().map(Tags::header))
            .set_storage_class(self.storage_class.map(Into::into))
            .set_server_side_encryption(sse)
            .set_sse_kms_key_id(self.kms_key_id.clone().map(String::from)))
    }
}
