//! What a call really does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::date_time::{DateTime, Format};
use aws_types::request_id::RequestId;

use crate::codes::is_throttle;
use crate::{Error, Target};

/// Records the operations a call really makes, and refuses those it did not declare.
///
/// One tap belongs to one call. A clone is the same tap: put one into the call's client and keep one to read.
#[derive(Clone, Debug)]
pub struct Tap(Arc<Inner>);

struct Inner {
    permit: Box<Permit>,
    /// Who shares one retry quota and one sending rate; for each service apart.
    account: Option<String>,
    made: Mutex<Vec<Made>>,
}

type Permit = dyn Fn(&str, &str) -> Result<(), String> + Send + Sync;

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("made", &self.made).finish_non_exhaustive()
    }
}

/// One operation that was asked for and permitted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Made {
    /// The SDK's id of the service, such as `STS`.
    pub service: String,
    /// The operation, such as `GetCallerIdentity`.
    pub operation: String,
    /// How often the request was sent.
    pub attempts: u32,
    /// How often AWS answered that calls come too fast.
    pub throttled: u32,
    /// AWS's id of the last attempt.
    pub request_id: Option<String>,
    /// The host of the last attempt, with the port if it has one.
    pub host: Option<String>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// AWS's clock less the local one at the last answer, in whole seconds.
    pub clock_skew: Option<i64>,
    /// Whether the operation ended in an error.
    pub failed: bool,
}

impl Tap {
    /// Asks `permit` before each operation, with the service's id and the operation's name. Its error is the reason
    /// that the caller reads. It runs for each operation, on the SDK's path: it must be quick and must not block.
    pub fn new(permit: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static) -> Tap {
        Tap(Arc::new(Inner { permit: Box::new(permit), account: None, made: Mutex::default() }))
    }

    /// A tap for calls to `target`: when AWS throttles it, only calls to the same service of the same target slow
    /// down, where the SDK would slow every account of the process.
    pub fn for_target(
        target: &Target,
        permit: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Tap {
        let account = Some(format!("{target:?}"));
        Tap(Arc::new(Inner { permit: Box::new(permit), account, made: Mutex::default() }))
    }

    /// Permits everything.
    pub fn open() -> Tap {
        Tap::new(|_, _| Ok(()))
    }

    /// The operations so far, in the order they began.
    pub fn made(&self) -> Vec<Made> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests were sent, over all operations.
    pub fn attempts(&self) -> u32 {
        self.made().iter().map(|made| made.attempts).sum()
    }

    /// How often AWS answered that calls come too fast, over all operations.
    pub fn throttled(&self) -> u32 {
        self.made().iter().map(|made| made.throttled).sum()
    }

    fn begin(&self, made: Made) -> Place {
        let mut all = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(made);
        Place(all.len() - 1)
    }

    fn update(&self, cfg: &ConfigBag, change: impl FnOnce(&mut Made)) {
        let mut all = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = cfg.load::<Place>().and_then(|place| all.get_mut(place.0)) {
            change(made);
        }
    }
}

/// Which entry of the tap an operation writes to.
///
/// It lies in the operation's own bag of settings, so that operations under way at the same time stay apart.
#[derive(Clone, Copy, Debug)]
struct Place(usize);

impl Storable for Place {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "awsmcp tap"
    }

    // Before anything is written, signed or sent: a refused operation reaches neither credentials nor network.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = match cfg.load::<Metadata>() {
            Some(metadata) => (metadata.service().to_owned(), metadata.name().to_owned()),
            None => return Err(Error::refused("an operation without a name was refused").into()),
        };
        if let Err(reason) = (self.0.permit)(&service, &operation) {
            let mut error = Error::refused(reason);
            error.operation = Some(operation);
            return Err(error.into());
        }
        if let Some(account) = &self.0.account {
            cfg.interceptor_state().store_put(RetryPartition::new(format!("{service} {account}")));
        }
        let place = self.begin(Made { service, operation, ..Made::default() });
        cfg.interceptor_state().store_put(place);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let host = host(context.request().uri());
        self.update(cfg, |made| {
            made.attempts += 1;
            made.host = host;
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        let now = components.time_source().and_then(|time| time.now().duration_since(UNIX_EPOCH).ok());
        let skew = response
            .headers()
            .get("date")
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok())
            .zip(now.and_then(|now| i64::try_from(now.as_secs()).ok()))
            .map(|(theirs, ours)| theirs.secs() - ours);
        self.update(cfg, |made| {
            made.status = Some(response.status().as_u16());
            made.request_id = response.headers().request_id().map(str::to_owned);
            made.clock_skew = skew;
            made.throttled += u32::from(is_throttled(response));
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = matches!(context.output_or_error(), Some(Err(_)));
        self.update(cfg, |made| made.failed = failed);
        Ok(())
    }
}

/// `https://host:port/path` without all that is not the host.
fn host(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end).map(str::to_owned)
}

/// The SDK keeps the code in each operation's own error type, so it is read from the raw answer here.
fn is_throttled(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    if status == 429 {
        return true;
    }
    if status < 400 {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype").and_then(|code| code.split(':').next());
    if let Some(code) = header {
        return is_throttle(code);
    }
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let xml =
        body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let json = body
        .split_once("\"__type\"")
        .or_else(|| body.split_once("\"code\""))
        .and_then(|(_, rest)| rest.split('"').nth(1))
        .and_then(|code| code.rsplit('#').next());
    xml.or(json).is_some_and(is_throttle)
}

#[cfg(test)]
mod tests;
