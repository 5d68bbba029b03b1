use aws_sdk_s3::operation::put_object::PutObjectOutput;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    attributes::{Metadata, Sse, StorageClass, Tags, content_type_of, encryption},
    existing::{Condition, UNCONDITIONAL, WRITTEN_BEFORE, look},
    fetching::holding,
    names::{BucketName, Etag, Key, KmsKey, bare},
};

/// Writes an object from text or base64. What exists is replaced only with `overwrite` or `if_match`.
///
/// For files use `upload_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutObject {
    bucket: BucketName,
    key: Key,
    text: Option<String>,
    /// Instead of text.
    base64: Option<String>,
    /// Else by the key's extension.
    content_type: Option<String>,
    cache_control: Option<String>,
    metadata: Option<Metadata>,
    tags: Option<Tags>,
    storage_class: Option<StorageClass>,
    sse: Option<Sse>,
    kms_key_id: Option<KmsKey>,
    #[serde(default)]
    overwrite: bool,
    /// Replaces only the object with this etag.
    if_match: Option<Etag>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Written {
    uri: String,
    size_bytes: u64,
    content_type: Option<String>,
    etag: Option<String>,
    version_id: Option<String>,
}

impl Change for PutObject {
    type Service = S3;
    type Output = One<Written>;
    type Items = Condition;
    const SPEC: Spec = Spec::write("put_object", "Put object")
        .shown_by("head_object")
        .on(arns::OBJECT, &["s3:PutObject", "s3:GetObject"])
        .when("tags")
        .on(arns::OBJECT, &["s3:PutObjectTagging"])
        .when("kms_key_id")
        .on(arns::KMS_KEY, &["kms:GenerateDataKey"])
        .idempotent();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Condition>> {
        let contents = self.contents()?;
        // An empty one is the marker of a folder.
        if !contents.is_empty() {
            self.key.is_no_folder("notes.txt")?;
        }
        self.encryption()?;
        let present = look(cx.client(), &self.bucket, &self.key).await?;
        let size = human_size(contents.len() as u64);
        let what = self.kind().map_or(size.clone(), |kind| format!("{size} of {kind}"));
        let condition = self.condition();
        let plan = condition.plan(&present, &self.uri(), "write", &what)?;
        let plan = present.carried_away().into_iter().fold(plan, Plan::warning);
        present.beside(cx, &self.bucket, &self.key).await;
        Ok(plan.items(condition.held_to(&present)))
    }

    async fn apply(self, condition: Condition, cx: &Call<S3>) -> Result<Self::Output> {
        let contents = self.contents()?;
        let mut sent = self.send(cx, &contents, &condition).await;
        if let Err(error) = &sent
            && self.overwrite
            && self.if_match.is_none()
            && condition.is_unknown_to_store(error)
        {
            cx.note(UNCONDITIONAL);
            sent = self.send(cx, &contents, &Condition::Replace).await;
        }
        let refused = sent.as_ref().err().is_some_and(|error| error.status == Some(412));
        if refused && let Ok(Some(etag)) = holding(cx, &self.bucket, &self.key, &contents).await {
            cx.note(WRITTEN_BEFORE);
            sent = Ok(PutObjectOutput::builder().e_tag(etag).build());
        }
        let (uri, size_bytes, content_type) = (self.uri(), contents.len() as u64, self.kind());
        let out = sent.map_err(|error| condition.explain(error, &uri))?;
        Ok(One(Written {
            uri,
            size_bytes,
            content_type,
            etag: out.e_tag.as_deref().map(|etag| bare(etag).to_owned()),
            version_id: out.version_id,
        }))
    }
}

impl PutObject {
    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    fn condition(&self) -> Condition {
        Condition::new(self.overwrite, self.if_match.clone())
    }

    async fn send(&self, cx: &Call<S3>, contents: &[u8], condition: &Condition) -> Result<PutObjectOutput> {
        let request = cx
            .client()
            .put_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .body(contents.to_vec().into())
            .set_content_type(self.kind())
            .set_cache_control(self.cache_control.clone())
            .set_metadata(self.metadata.clone().map(Into::into))
            .set_tagging(self.tags.as_ref().map(Tags::header))
            .set_storage_class(self.storage_class.map(Into::into))
            .set_server_side_encryption(self.encryption()?)
            .set_ssekms_key_id(self.kms_key_id.clone().map(String::from))
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match());
        request.send().await.map_err(Error::from)
    }

    fn encryption(&self) -> Result<Option<aws_sdk_s3::types::ServerSideEncryption>> {
        encryption(self.sse, self.kms_key_id.as_ref().map(KmsKey::as_str))
    }

    fn contents(&self) -> Result<Vec<u8>> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => {
                let packed: String = base64.split_ascii_whitespace().collect();
                BASE64_STANDARD.decode(packed).map_err(|error| {
                    Error::invalid(format!("`base64` is not base64: {error}"))
                        .with_next("a good one looks like aGVsbG8=; plain words go into `text`")
                })
            }
            (None, None) => Err(Error::invalid("the contents are missing: give `text` or `base64`")
                .with_next("text: \"\" writes an empty object")),
            (Some(_), Some(_)) => Err(Error::invalid("give `text` or `base64`, not both")),
        }
    }

    /// The media type; text is known to be UTF-8, and a browser that is not told may guess otherwise.
    fn kind(&self) -> Option<String> {
        if let Some(kind) = &self.content_type {
            return Some(kind.clone());
        }
        match (content_type_of(self.key.as_str()), &self.text) {
            (Some(kind), Some(_)) if kind.starts_with("text/") => Some(format!("{kind}; charset=utf-8")),
            (None, Some(_)) => Some("text/plain; charset=utf-8".to_owned()),
            (kind, _) => kind.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(more: serde_json::Value) -> PutObject {
        let mut input = serde_json::json!({"bucket": "bbb", "key": "a.html"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(input).unwrap()
    }

    #[test]
    fn contents_are_text_or_base64() {
        let contents = |more| put(more).contents().map_err(|error| error.to_string());
        assert_eq!(contents(serde_json::json!({"text": ""})).unwrap(), b"");
        assert_eq!(contents(serde_json::json!({"base64": "AAEC\n/w=="})).unwrap(), [0, 1, 2, 255]);
        assert!(contents(serde_json::json!({})).unwrap_err().contains("missing"));
        assert!(
            contents(serde_json::json!({"text": "a", "base64": "YQ=="})).unwrap_err().contains("not both")
        );
        assert!(contents(serde_json::json!({"base64": "hello!"})).unwrap_err().contains("aGVsbG8="));
    }

    #[test]
    fn the_type_is_what_is_said_or_what_the_key_says() {
        let kind = |more| put(more).kind().unwrap_or_default();
        assert_eq!(kind(serde_json::json!({"text": "x"})), "text/html; charset=utf-8");
        assert_eq!(kind(serde_json::json!({"base64": "AA=="})), "text/html");
        assert_eq!(kind(serde_json::json!({"text": "x", "content_type": "a/b"})), "a/b");
        assert_eq!(kind(serde_json::json!({"text": "x", "key": "noext"})), "text/plain; charset=utf-8");
        assert_eq!(kind(serde_json::json!({"base64": "AA==", "key": "noext"})), "");
    }
}
