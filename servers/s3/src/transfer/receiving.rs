//! Objects to files: the missing end of a draft, in order, so that a later call can go on.

use std::io::{self, Seek, SeekFrom, Write};

use aws_sdk_s3::Client;
use aws_sdk_s3_transfer_manager::{Client as Manager, memory::SegmentedBytes};
use awsmcp_mcp::{Error, Kind, Result, files::Draft, human_size};
use bytes::Buf;

use super::{PART, blocking, explain};
use crate::integrity::Hashing;

/// The object that is fetched, as it was when it was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
    pub(crate) etag: String,
    pub(crate) size: u64,
}

/// Fetches what is missing at the end of a draft, and hashes all of it.
///
/// The manager fetches ranges side by side and hands them over in order, so a draft is whole up to its end at any
/// moment: that is all that a later call must know to go on. (Its own downloads to files begin anew each time.)
///
/// # Errors
/// `Conflict` when the object was replaced meanwhile.
pub(crate) async fn fetch(
    client: &Client,
    manager: &Manager,
    remote: &Remote,
    draft: &Draft,
    hashing: Option<Hashing>,
    mut told: impl FnMut(u64) + Send,
) -> Result<Option<Hashing>> {
    let file = draft.file().try_clone().map_err(|error| draft.error(error))?;
    let path = draft.path().to_owned();
    let size = remote.size;
    let mut sink = blocking(move || {
        let mut sink = Sink { file, hashing, at: 0 };
        sink.resume(size).map_err(|error| awsmcp_mcp::files::explain(error, &path))?;
        Ok(sink)
    })
    .await?;
    told(sink.at);
    if sink.at >= size {
        return Ok(sink.hashing);
    }
    if sink.at == 0 && size <= PART {
        let bytes = fetch_whole(client, remote).await?;
        let path = draft.path().to_owned();
        let sink = blocking(move || {
            sink.write(bytes).map_err(|error| awsmcp_mcp::files::explain(error, &path))?;
            Ok(sink)
        });
        let sink = sink.await?;
        told(sink.at);
        return sink.finish(size);
    }
    let mut handle = manager
        .download()
        .bucket(&remote.bucket)
        .key(&remote.key)
        .set_version_id(remote.version_id.clone())
        .if_match(&remote.etag)
        .range(format!("bytes={}-{}", sink.at, size - 1))
        .initiate()
        .map_err(explain)?;
    while let Some(chunk) = handle.body_mut().next().await {
        // What really happened is told by `join`.
        let Ok(chunk) = chunk else { break };
        let path = draft.path().to_owned();
        sink = blocking(move || {
            sink.write(chunk.data).map_err(|error| awsmcp_mcp::files::explain(error, &path))?;
            Ok(sink)
        })
        .await?;
        told(sink.at);
    }
    handle.join().await.map_err(|error| explain_fetch(explain(error), remote))?;
    sink.finish(size)
}

/// Fetches a small object in one piece: one request, and none with a range, which not every service that resembles S3
/// knows.
async fn fetch_whole(client: &Client, remote: &Remote) -> Result<SegmentedBytes> {
    let request = client.get_object().bucket(&remote.bucket).key(&remote.key).if_match(&remote.etag);
    let out = request.set_version_id(remote.version_id.clone()).send().await;
    let out = out.map_err(|error| explain_fetch(error.into(), remote))?;
    let body = out.body.collect().await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Error::new(Kind::Network, format!("the contents did not arrive as they were sent{cause}"))
            .with_next("call again")
    })?;
    Ok(SegmentedBytes::from(body.into_bytes()))
}

/// Where fetched bytes go.
struct Sink {
    file: std::fs::File,
    hashing: Option<Hashing>,
    at: u64,
}

impl Sink {
    /// Takes what an earlier call left as the beginning.
    fn resume(&mut self, size: u64) -> io::Result<()> {
        let mut have = self.file.metadata()?.len();
        if have > size {
            self.file.set_len(0)?;
            have = 0;
        }
        if let Some(hashing) = &mut self.hashing {
            hashing.update_from(&self.file, have)?;
        }
        self.file.seek(SeekFrom::Start(have))?;
        self.at = have;
        Ok(())
    }

    fn finish(self, size: u64) -> Result<Option<Hashing>> {
        if self.at == size {
            return Ok(self.hashing);
        }
        Err(Error::new(Kind::Network, format!("{} of {} arrived", human_size(self.at), human_size(size))))
    }

    fn write(&mut self, mut data: SegmentedBytes) -> io::Result<()> {
        while data.has_remaining() {
            let piece = data.chunk();
            self.file.write_all(piece)?;
            if let Some(hashing) = &mut self.hashing {
                hashing.update(piece);
            }
            let count = piece.len();
            self.at += count as u64;
            data.advance(count);
        }
        Ok(())
    }
}

/// Says what to do about an object that is no longer the one that was looked at.
fn explain_fetch(error: Error, remote: &Remote) -> Error {
    match error.status {
        Some(412) => Error::conflict(format!(
            "s3://{}/{} was replaced while it was fetched; the file was not written",
            remote.bucket, remote.key
        ))
        .with_next("call again for the new contents"),
        _ => error,
    }
}
