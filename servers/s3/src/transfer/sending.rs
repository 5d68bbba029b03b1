//! Files to objects: in one piece or in parts, stored only if the file stayed as it was.

use std::{
    io::{self, Read},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready as ready_or_return},
    time::Duration,
};

use aws_sdk_s3::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::FinalizerInterceptorContextRef},
    error::BoxError,
    operation::create_multipart_upload::CreateMultipartUploadOutput,
};
use aws_sdk_s3_transfer_manager::{
    io::{InputStream, PartBuffer, PartData, PartStream, SizeHint, StreamContext},
    memory::SegmentedBytes,
    operation::upload::{UploadHandle, UploadInputBuilder},
};
use awsmcp_mcp::{Call, Cleanup, Error, Kind, Result, files::Opened};
use bytes::BufMut;
use tokio::task::JoinHandle;

use super::{PART, blocking, explain, is_aws, manager_with};
use crate::{
    S3,
    integrity::{Algorithm, Hash},
};

/// What S3 says of an object that was stored.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
}

/// Sends a file. `request` says where to and with what; its body is set here.
///
/// # Errors
/// `Conflict` when the file changed while it was read: nothing is stored then.
pub(crate) async fn send(
    cx: &Call<S3>,
    file: Opened,
    request: UploadInputBuilder,
    mut told: impl FnMut(u64) + Send,
) -> Result<Sent> {
    if file.size > PART {
        return send_parts(cx, file, request, told).await;
    }
    let size = file.size;
    let done = send_whole(cx, file, &request).await?;
    told(size);
    Ok(done)
}

/// Sends a small file in one request of the call's own client: the manager would send it again by rules of its own.
async fn send_whole(cx: &Call<S3>, file: Opened, request: &UploadInputBuilder) -> Result<Sent> {
    let bytes = blocking(move || {
        let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0));
        (&file.file).take(file.size + 1).read_to_end(&mut bytes).map_err(|error| file.error(error))?;
        let whole =
            bytes.len() as u64 == file.size && file.is_unchanged().map_err(|error| file.error(error))?;
        if whole { Ok(bytes) } else { Err(changed(&file)) }
    })
    .await?;
    let text = |text: Option<&str>| text.map(str::to_owned);
    let put = cx
        .client()
        .put_object()
        .set_bucket(text(request.get_bucket()))
        .set_key(text(request.get_key()))
        .set_content_type(text(request.get_content_type()))
        .set_metadata(request.get_metadata().clone())
        .set_tagging(text(request.get_tagging()))
        .set_storage_class(request.get_storage_class().clone())
        .set_server_side_encryption(request.get_server_side_encryption().clone())
        .set_ssekms_key_id(text(request.get_sse_kms_key_id()))
        .set_if_match(text(request.get_if_match()))
        .set_if_none_match(text(request.get_if_none_match()));
    let out = put.body(bytes.into()).send().await?;
    Ok(Sent { etag: out.e_tag, version_id: out.version_id })
}

async fn send_parts(
    cx: &Call<S3>,
    file: Opened,
    request: UploadInputBuilder,
    mut told: impl FnMut(u64) + Send,
) -> Result<Sent> {
    let watch = Arc::new(Watch::default());
    let s3 = cx.client().config().to_builder().interceptor(Watching(watch.clone()));
    let (manager, size) = (manager_with(s3, file.size)?, file.size);
    let (bucket, key) = (request.get_bucket().map(str::to_owned), request.get_key().map(str::to_owned));
    let parts = InputStream::from_part_stream(Parts::new(file, watch.clone(), is_aws(cx)));
    let handle = request.body(parts).initiate_with(&manager).map_err(explain)?;
    let mut running = Running { handle: Some(handle), watch: watch.clone(), cleanup: cx.cleanup() };
    let mut pause = Duration::from_millis(10);
    while let Some(handle) = &running.handle
        && !handle.status().is_terminal()
    {
        told(handle.metrics().network_tx);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
    let ended = match running.handle.take() {
        Some(handle) => handle.join().await,
        None => return Err(Error::internal("an upload was lost")),
    };
    let error = match ended {
        Ok(done) => {
            told(size);
            let text = |text: Option<&str>| text.map(str::to_owned);
            return Ok(Sent { etag: text(done.e_tag()), version_id: text(done.version_id()) });
        }
        Err(error) => error,
    };
    // The manager leaves the parts of a failed upload where they are, and they would be billed.
    if let Some(upload) = watch.upload.get() {
        let abort = cx.client().abort_multipart_upload().set_bucket(bucket).set_key(key).upload_id(upload);
        if let Err(error) = abort.send().await.map_err(Error::from)
            && error.kind != Kind::NotFound
        {
            cx.note(format!("the failed upload could not be aborted: {}; abort_uploads can", error.message));
        }
    }
    Err(watch.trouble.get().cloned().unwrap_or_else(|| explain(error)))
}

fn changed(file: &Opened) -> Error {
    Error::conflict(format!("{} changed while it was read; nothing was stored", file.path.display()))
        .with_next("call again when nothing writes to it")
}

/// What is seen of an upload from outside the manager.
#[derive(Debug, Default)]
struct Watch {
    /// S3's id of the upload, once it is begun.
    upload: OnceLock<String>,
    /// Whether the call was dropped.
    dropped: AtomicBool,
    /// Whether the upload was begun.
    begun: AtomicBool,
    /// Why the file could not be read.
    trouble: OnceLock<Error>,
}

#[derive(Debug)]
struct Watching(Arc<Watch>);

impl Intercept for Watching {
    fn name(&self) -> &'static str {
        "awsmcp upload watch"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Ok(output)) = context.output_or_error()
            && let Some(created) = output.downcast_ref::<CreateMultipartUploadOutput>()
            && let Some(id) = created.upload_id()
        {
            // There is one upload for each watch, and so one id.
            let _ = self.0.upload.set(id.to_owned());
        }
        Ok(())
    }
}

/// An upload under way. When the call is dropped, it is aborted, parts and all.
struct Running {
    handle: Option<UploadHandle>,
    watch: Arc<Watch>,
    cleanup: Cleanup,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        self.watch.dropped.store(true, Ordering::Release);
        let watch = self.watch.clone();
        self.cleanup.start(async move {
            // While S3 is asked to begin, there is no id yet that could be aborted.
            while !watch.begun.load(Ordering::Acquire) && !handle.status().is_terminal() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if let Err(error) = handle.abort().await {
                tracing::warn!(%error, "a cancelled upload could not be aborted");
            }
        });
    }
}

/// A file's parts, read one after the other. They are hashed on the way where S3 holds the whole against its checksum
/// before it stores it; not every service that resembles S3 can.
struct Parts {
    file: Arc<Opened>,
    watch: Arc<Watch>,
    offset: u64,
    number: u64,
    buffer: Option<PartBuffer>,
    reading: Option<JoinHandle<(io::Result<SegmentedBytes>, Option<Hash>)>>,
    hash: Option<Hash>,
    checksum: Option<String>,
}

impl Parts {
    fn new(file: Opened, watch: Arc<Watch>, checked_whole: bool) -> Self {
        Parts {
            file: Arc::new(file),
            watch,
            offset: 0,
            number: 0,
            buffer: None,
            reading: None,
            hash: checked_whole.then(|| Hash::new(Algorithm::Crc64Nvme)),
            checksum: None,
        }
    }

    fn fail(&self, error: Error) -> Poll<Option<io::Result<PartData>>> {
        let told = io::Error::other(error.message.clone());
        // The first reason is the one that counts.
        let _ = self.watch.trouble.set(error);
        Poll::Ready(Some(Err(told)))
    }

    fn end(&mut self) -> Poll<Option<io::Result<PartData>>> {
        match self.file.is_unchanged() {
            Ok(true) => {
                self.checksum = self.hash.take().map(Hash::base64);
                Poll::Ready(None)
            }
            Ok(false) => self.fail(changed(&self.file)),
            Err(error) => self.fail(self.file.error(error)),
        }
    }
}

impl PartStream for Parts {
    fn poll_part(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        stream: &StreamContext,
    ) -> Poll<Option<io::Result<PartData>>> {
        let this = self.get_mut();
        this.watch.begun.store(true, Ordering::Release);
        if this.watch.dropped.load(Ordering::Acquire) {
            return this.fail(Error::cancelled("the caller cancelled the call"));
        }
        loop {
            if let Some(reading) = &mut this.reading {
                let read = ready_or_return!(Pin::new(reading).poll(cx));
                this.reading = None;
                let data = match read {
                    Ok((data, hash)) => {
                        this.hash = hash;
                        data
                    }
                    Err(error) => Err(io::Error::other(error)),
                };
                return match data {
                    Ok(data) => {
                        this.offset += data.len() as u64;
                        this.number += 1;
                        Poll::Ready(Some(Ok(PartData::from_segmented(this.number, data))))
                    }
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        this.fail(changed(&this.file))
                    }
                    Err(error) => this.fail(this.file.error(error)),
                };
            }
            let left = this.file.size - this.offset;
            if left == 0 {
                return this.end();
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(stream.part_size());
            let buffer = this.buffer.get_or_insert_with(|| stream.part_buffer());
            if let Err(error) = ready_or_return!(buffer.poll_acquire(cx, most)) {
                return this.fail(Error::internal(format!("there is no memory for a part: {error}")));
            }
            let Some(buffer) = this.buffer.take() else {
                return this.fail(Error::internal("a part was lost"));
            };
            let (file, hash) = (this.file.clone(), this.hash.take());
            this.reading = Some(tokio::task::spawn_blocking(move || read_part(&file, buffer, most, hash)));
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::exact(self.file.size)
    }

    fn full_object_checksum(&self) -> Option<String> {
        self.checksum.clone()
    }
}

fn read_part(
    file: &Opened,
    mut buffer: PartBuffer,
    bytes: usize,
    mut hash: Option<Hash>,
) -> (io::Result<SegmentedBytes>, Option<Hash>) {
    let mut piece = vec![0; bytes.min(1 << 18)];
    let mut left = bytes;
    while left > 0 {
        let most = left.min(piece.len());
        let Some(piece) = piece.get_mut(..most) else { break };
        if let Err(error) = (&file.file).read_exact(piece) {
            return (Err(error), hash);
        }
        if let Some(hash) = &mut hash {
            hash.update(piece);
        }
        buffer.put_slice(piece);
        left -= piece.len();
    }
    (Ok(buffer.freeze()), hash)
}
