use aws_sdk_s3::types::MultipartUpload;
use awsmcp_mcp::{Call, Change, Error, Moment, One, Plan, Result, Spec, human_size};
use awsmcp_sdk::utc_second;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    S3, arns,
    names::{BucketName, Key},
    uploads::{self, Parts, Place, Unfinished},
};

/// Aborts multipart uploads and frees their parts: one, or all under a prefix that began before a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbortUploads {
    bucket: BucketName,
    /// With `upload_id`, as `list_uploads` returns them.
    key: Option<Key>,
    upload_id: Option<String>,
    prefix: Option<String>,
    /// Those begun before, such as -7d.
    older_than: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Aborted {
    aborted: u64,
    failed: Vec<Failure>,
}

#[derive(Serialize, JsonSchema)]
struct Failure {
    key: String,
    upload_id: String,
    message: String,
}

impl Change for AbortUploads {
    type Service = S3;
    type Output = One<Aborted>;
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("abort_uploads", "Abort multipart uploads")
        .shown_by("list_uploads")
        .on(arns::BUCKET, &["s3:ListBucketMultipartUploads"])
        .on(arns::OBJECT, &["s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"])
        .optional()
        .minutes(15);

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Doomed>> {
        let (uploads, more) = self.meant(cx).await?;
        let each = stream::iter(uploads).map(|upload| async {
            let parts = uploads::parts(cx, self.bucket.as_str(), &upload).await?;
            Ok::<_, Error>((upload, parts))
        });
        let uploads: Vec<(MultipartUpload, Parts)> = each.buffered(uploads::AT_ONCE).try_collect().await?;
        let bytes: u64 = uploads.iter().map(|(_, parts)| parts.bytes).sum();
        let (count, size) = (uploads.len(), human_size(bytes));
        let mut plan =
            Plan::new(format!("abort {count} uploads of {} and drop {size} of parts", self.bucket));
        if more {
            plan =
                plan.warning(format!("there are more: these are the first {count}; call again for the rest"));
        }
        for (upload, parts) in &uploads {
            plan = plan.row(json!({
                "key": upload.key,
                "initiated": upload.initiated.map(utc_second),
                "parts": parts.count,
                "size_bytes": parts.bytes,
                "upload_id": upload.upload_id,
            }));
        }
        let uploads = uploads.into_iter().map(|(upload, _)| Unfinished::of(upload)).collect();
        Ok(plan.items(Doomed { uploads, more }))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<S3>) -> Result<Self::Output> {
        let Doomed { uploads, more } = doomed;
        let total = uploads.len() as u64;
        let mut done = Aborted { aborted: 0, failed: Vec::new() };
        let mut denied = None;
        let aborts = stream::iter(uploads).map(|upload| async {
            let outcome = uploads::abort(cx, self.bucket.as_str(), &upload).await;
            (upload, outcome)
        });
        let mut aborts = std::pin::pin!(aborts.buffer_unordered(uploads::AT_ONCE));
        while let Some((upload, outcome)) = aborts.next().await {
            match outcome {
                Ok(()) => done.aborted += 1,
                Err(error) => {
                    done.failed.push(Failure {
                        key: upload.key,
                        upload_id: upload.upload_id,
                        message: error.message.clone(),
                    });
                    denied = Some(error);
                }
            }
            cx.progress(done.aborted, Some(total), format!("{} of {total} aborted", done.aborted));
        }
        if let Some(error) = denied
            && done.aborted == 0
        {
            return Err(error);
        }
        if more {
            cx.note("there are more: call again for the rest");
        }
        Ok(One(done))
    }
}

/// What is aborted: these uploads and no others.
#[derive(Serialize)]
pub(crate) struct Doomed {
    uploads: Vec<Unfinished>,
    more: bool,
}

impl AbortUploads {
    /// The uploads that are meant, at most so many, and whether there are more.
    async fn meant(&self, cx: &Call<S3>) -> Result<(Vec<MultipartUpload>, bool)> {
        const MOST: usize = 500;
        const PAGES: usize = 100;
        let one = match (&self.key, &self.upload_id, &self.prefix, &self.older_than) {
            (Some(key), Some(id), None, None) => Some((key.as_str(), id)),
            (None, None, _, Some(_)) => None,
            (None, None, _, None) => {
                return Err(Error::invalid(
                    "`older_than` is missing: give a time such as -7d, or now for all",
                ));
            }
            _ => {
                return Err(Error::invalid(
                    "give `key` and `upload_id`, or `older_than` with or without `prefix`",
                ));
            }
        };
        let is_meant = |upload: &MultipartUpload| match one {
            Some((key, id)) => upload.key() == Some(key) && upload.upload_id() == Some(id),
            None => {
                let begun = upload.initiated.map(|time| time.secs());
                self.older_than
                    .is_none_or(|Moment(limit)| begun.is_some_and(|begun| begun < limit.as_second()))
            }
        };
        let prefix = one.map(|(key, _)| key).or(self.prefix.as_deref());
        let mut found = Vec::new();
        let mut place = Place::default();
        for _ in 0..PAGES {
            let (page, next) = uploads::page(cx, self.bucket.as_str(), prefix, place, 1000).await?;
            found.extend(page.into_iter().filter(is_meant));
            let more = next.is_some();
            if found.len() > MOST || !more {
                let more = more || found.len() > MOST;
                found.truncate(MOST);
                return if found.is_empty() {
                    Err(self.nothing())
                } else {
                    Ok((found, more && one.is_none()))
                };
            }
            place = next.unwrap_or_default();
        }
        Ok((found, true))
    }

    fn nothing(&self) -> Error {
        Error::not_found(format!("no upload in progress of {} fits", self.bucket)).with_next(
            "list_uploads shows those in progress; they may have been completed or aborted already",
        )
    }
}
