use awsmcp_mcp::{
    Call, Error, One, Result, Risk, Spec, Tool,
    files::{Place, Sort},
    quoted,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    fetching::{self, Head},
    names::{BucketName, Key, bare},
    transfer::{self, Meter},
};

/// Downloads an object of any size to a local file: in parallel, verified by its checksum. What was stopped goes on
/// where it stopped when called again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DownloadFile {
    bucket: BucketName,
    key: Key,
    version_id: Option<String>,
    /// A file or a directory, in an allowed directory.
    path: String,
    /// Otherwise an existing file is an error.
    #[serde(default)]
    overwrite: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Downloaded {
    path: String,
    size_bytes: u64,
    content_type: Option<String>,
    etag: String,
    version_id: Option<String>,
    /// The checksum that was verified.
    verified: Option<String>,
    resumed_at_bytes: Option<u64>,
}

impl Tool for DownloadFile {
    type Service = S3;
    type Output = One<Downloaded>;
    const SPEC: Spec = Spec::read("download_file", "Download file")
        .on(arns::OBJECT, &["s3:GetObject"])
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion"])
        .local_files()
        .minutes(60);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let (target, head) = tokio::join!(
            self.target(cx),
            fetching::head(cx, &self.bucket, &self.key, self.version_id.as_deref())
        );
        let head = head?;
        if self.overwrite && !cx.settings().allow.contains(&Risk::Write) {
            return Err(Error::refused("replacing a local file needs --allow write")
                .with_next("write to a new path; only the operator can allow it, by that flag"));
        }
        let place = target?.place(cx, self.overwrite).await?;
        let path = place.path().display().to_string();
        let manager = transfer::manager(cx, 0)?;
        let mut meter = Meter::new(cx, head.remote.size);
        let done = fetching::to_file(
            cx,
            &manager,
            &head,
            place,
            self.overwrite,
            std::future::ready(Ok(())),
            |done| meter.at(done),
        )
        .await?;
        let Head { remote, content_type, .. } = head;
        Ok(One(Downloaded {
            path,
            size_bytes: remote.size,
            content_type,
            etag: bare(&remote.etag).to_owned(),
            version_id: remote.version_id,
            verified: done.verified,
            resumed_at_bytes: done.resumed_at,
        }))
    }
}

/// The file's path, once it is known whether a directory was meant.
struct Target(String);

impl DownloadFile {
    async fn target(&self, cx: &Call<S3>) -> Result<Target> {
        let there = cx.files().look(&self.path).await?;
        let directory = self.path.ends_with('/') || there.is_some_and(|seen| seen.sort == Sort::Directory);
        if !directory {
            return Ok(Target(self.path.clone()));
        }
        let name = self.key.as_str().rsplit('/').next().unwrap_or_default();
        if matches!(name, "" | "." | "..")
            || name.contains(['\\', '\0'])
            || name.chars().any(char::is_control)
        {
            return Err(Error::invalid(format!("the key {} gives no file name", quoted(self.key.as_str())))
                .with_next("write the file's whole path"));
        }
        Ok(Target(format!("{}/{name}", self.path.trim_end_matches('/'))))
    }
}

impl Target {
    async fn place(self, cx: &Call<S3>, overwrite: bool) -> Result<Place> {
        let there = cx.files().look(&self.0).await?;
        match there {
            Some(seen) if seen.sort == Sort::Directory => {
                Err(Error::conflict(format!("{} is a directory", self.0))
                    .with_next("write the file's whole path"))
            }
            Some(_) if !overwrite => Err(fetching::taken(&self.0)),
            _ => cx.files().place(&self.0).await,
        }
    }
}
