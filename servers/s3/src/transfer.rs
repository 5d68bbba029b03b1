//! Objects to and from files, through AWS's transfer manager.
//!
//! The manager gets the call's own client configuration, so that its requests carry the call's credentials, region and
//! endpoint, and pass the operation tap. It runs on the server's runtime and HTTP connections: no threads of its own.
//! Its buffers come from one pool for all calls, which is empty until the first transfer and again after the last.

mod receiving;
mod sending;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextRef,
        retry::RetryConfig,
    },
    error::{BoxError, ProvideErrorMetadata, SdkError},
    operation::{
        complete_multipart_upload::CompleteMultipartUploadError,
        create_multipart_upload::CreateMultipartUploadError,
        get_object::{GetObjectError, GetObjectInput},
        head_object::HeadObjectError,
        put_object::PutObjectError,
        upload_part::{UploadPartError, UploadPartInput},
    },
};
use aws_sdk_s3_transfer_manager::{
    Client as Manager, Config, S3ClientConfig,
    error::Error as TransferError,
    memory::{BufferPool, MemoryBudgetConfig, MemoryConfig},
    types::{ConcurrencyMode, PartSize, RuntimeMode},
};
use awsmcp_mcp::{Call, Error, Kind, Result, human_size};

pub(crate) use self::{
    receiving::{Remote, fetch},
    sending::{Sent, send},
};
use crate::S3;

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
    let s3 = s3.interceptor(Once);
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

/// The manager itself sends a part of an upload or of a download up to three times, and both may be sent again. Below it
/// the SDK would send each of these times as often again, so there it sends once. What only the SDK sends again, the
/// beginning and the end of an upload, stays with the call's own rules.
#[derive(Debug)]
struct Once;

impl Intercept for Once {
    fn name(&self) -> &'static str {
        "awsmcp attempts of a part"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let input = context.input();
        let is_part = input.downcast_ref::<UploadPartInput>().is_some()
            || input.downcast_ref::<GetObjectInput>().is_some();
        if is_part && let Some(retry) = cfg.load::<RetryConfig>().cloned() {
            cfg.interceptor_state().store_put(retry.with_max_attempts(1));
        }
        Ok(())
    }
}

/// Whether it is AWS itself that answers, and not a service that resembles S3.
pub(crate) fn is_aws(cx: &Call<S3>) -> bool {
    cx.host().is_some_and(|host| crate::client::is_aws(&host))
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
