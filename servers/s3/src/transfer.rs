//! Objects to and from files, through AWS's transfer manager.
//!
//! The manager gets the call's own client configuration, so that its requests carry the call's credentials, region and
//! endpoint, and pass the operation tap. It runs on the server's runtime and HTTP connections: no threads of its own.
//! Its buffers come from one pool for all calls, which is empty until the first transfer and again after the last.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    pin::Pin,
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready as ready_or_return},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::FinalizerInterceptorContextRef},
    error::{BoxError, ProvideErrorMetadata, SdkError},
    operation::{
        complete_multipart_upload::CompleteMultipartUploadError,
        create_multipart_upload::{CreateMultipartUploadError, CreateMultipartUploadOutput},
        get_object::GetObjectError,
        head_object::HeadObjectError,
        put_object::PutObjectError,
        upload_part::UploadPartError,
    },
};
use aws_sdk_s3_transfer_manager::{
    Client as Manager, Config, S3ClientConfig,
    error::Error as TransferError,
    io::{InputStream, PartBuffer, PartData, PartStream, SizeHint, StreamContext},
    memory::{BufferPool, MemoryBudgetConfig, MemoryConfig, SegmentedBytes},
    operation::upload::{UploadHandle, UploadInputBuilder, UploadOutput},
    types::{ConcurrencyMode, PartSize, RuntimeMode},
};
use awsmcp_mcp::{
    Call, Cleanup, Error, Kind, Result,
    files::{Draft, Opened},
    human_size,
};
use bytes::{Buf, BufMut};
use tokio::task::JoinHandle;

use crate::{
    S3,
    integrity::{Algorithm, Hash, Hashing},
};

/// The size of a part, and the most that is sent or fetched in one piece.
pub(crate) const PART: u64 = 8 << 20;
/// Parts on their way at the same time.
const AT_ONCE: usize = 8;
/// The most parts that S3 takes.
const PARTS: u64 = 10_000;
/// The most memory that parts take, over all calls.
const BUDGET: usize = 80 << 20;

static MEMORY: LazyLock<Option<BufferPool>> = LazyLock::new(|| pool(BUDGET));

fn pool(bytes: usize) -> Option<BufferPool> {
    BufferPool::builder().memory_budget(MemoryBudgetConfig::Limit(bytes)).build().ok()
}

/// A transfer manager for objects of up to `largest` bytes.
pub(crate) fn manager(cx: &Call<S3>, largest: u64) -> Result<Manager> {
    manager_with(cx.client().config().to_builder(), largest)
}

fn manager_with(s3: aws_sdk_s3::config::Builder, largest: u64) -> Result<Manager> {
    // Above 80 GB, 10,000 parts are larger than usual: the pool must hold a few of them.
    let part = usize::try_from(largest.div_ceil(PARTS)).unwrap_or(usize::MAX);
    let memory = match part.checked_mul(4).filter(|need| *need > BUDGET) {
        Some(need) => pool(need),
        None => MEMORY.clone(),
    };
    let memory = memory.ok_or_else(|| Error::internal("there is no memory for transfers"))?;
    let config = Config::builder()
        .s3_config(S3ClientConfig::new(s3).enable_runtime_http(false))
        .runtime_mode(RuntimeMode::MultiThreadTokio)
        .concurrency(ConcurrencyMode::Explicit(AT_ONCE))
        .memory(MemoryConfig::Explicit(memory))
        .multipart_threshold(PartSize::Target(PART + 1))
        .part_size(PartSize::Target(PART))
        .build();
    Ok(Manager::new(config))
}

/// Whether it is AWS itself that answers, and not a service that resembles S3.
pub(crate) fn is_aws(cx: &Call<S3>) -> bool {
    cx.host().is_some_and(|host| host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
}

/// Tells the caller how far a transfer has come, but not at every step.
pub(crate) struct Meter<'a> {
    cx: &'a Call<S3>,
    total: u64,
    last: Option<Instant>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(cx: &'a Call<S3>, total: u64) -> Self {
        Meter { cx, total, last: None }
    }

    pub(crate) fn at(&mut self, done: u64) {
        const PAUSE: Duration = Duration::from_millis(500);
        if done < self.total && self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        self.last = Some(Instant::now());
        let text = format!("{} of {}", human_size(done), human_size(self.total));
        self.cx.progress(done, Some(self.total), text);
    }
}

/// Sends a file. `request` says where to and with what; its body is set here.
///
/// # Errors
/// `Conflict` when the file changed while it was read: nothing is stored then.
pub(crate) async fn send(
    cx: &Call<S3>,
    manager: &Manager,
    file: Opened,
    request: UploadInputBuilder,
    mut told: impl FnMut(u64) + Send,
) -> Result<UploadOutput> {
    if file.size > PART {
        return send_parts(cx, file, request, told).await;
    }
    let size = file.size;
    let done = send_whole(manager, file, request).await?;
    told(size);
    Ok(done)
}

async fn send_whole(manager: &Manager, file: Opened, request: UploadInputBuilder) -> Result<UploadOutput> {
    let bytes = blocking(move || {
        let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0));
        (&file.file).take(file.size + 1).read_to_end(&mut bytes).map_err(|error| file.error(error))?;
        let whole =
            bytes.len() as u64 == file.size && file.is_unchanged().map_err(|error| file.error(error))?;
        if whole { Ok(bytes) } else { Err(changed(&file)) }
    })
    .await?;
    let handle = request.body(InputStream::from(bytes)).initiate_with(manager).map_err(explain)?;
    handle.join().await.map_err(explain)
}

async fn send_parts(
    cx: &Call<S3>,
    file: Opened,
    request: UploadInputBuilder,
    mut told: impl FnMut(u64) + Send,
) -> Result<UploadOutput> {
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
            return Ok(done);
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

/// The SDK's error inside the manager's, in words.
pub(crate) fn explain(error: TransferError) -> Error {
    fn of<E>(error: &(dyn std::error::Error + 'static)) -> Option<Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        error.downcast_ref::<SdkError<E>>().map(Error::read)
    }
    let mut link = std::error::Error::source(&error);
    let mut deepest = None;
    while let Some(cause) = link {
        let found = of::<PutObjectError>(cause)
            .or_else(|| of::<CreateMultipartUploadError>(cause))
            .or_else(|| of::<UploadPartError>(cause))
            .or_else(|| of::<CompleteMultipartUploadError>(cause))
            .or_else(|| of::<GetObjectError>(cause))
            .or_else(|| of::<HeadObjectError>(cause));
        if let Some(found) = found {
            return found;
        }
        deepest = Some(cause.to_string());
        link = cause.source();
    }
    let why = deepest.map(|why| format!(": {why}")).unwrap_or_default();
    let kind = match error.kind() {
        aws_sdk_s3_transfer_manager::error::ErrorKind::IOError => Kind::Network,
        aws_sdk_s3_transfer_manager::error::ErrorKind::IntegrityError(_) => Kind::Service,
        aws_sdk_s3_transfer_manager::error::ErrorKind::InputInvalid => Kind::Invalid,
        _ => Kind::Internal,
    };
    Error::new(kind, format!("the transfer failed: {error}{why}"))
}

/// Runs what waits for the disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::internal(format!("a file operation did not end: {error}"))),
    }
}
