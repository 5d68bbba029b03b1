//! What a call really does.

mod answer;
mod foreign;
mod made;
mod noted;
mod rules;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_types::retry::RetryConfig;
use aws_types::endpoint_config::EndpointUrl;
use aws_types::region::Region;
use aws_types::request_id::RequestId;

pub use made::{Attempt, Made};
pub use rules::Rules;

use crate::view::Protocol;
use crate::{Error, RequestView, State, Target};
use made::{Entry, Flight};

/// Records the operations a call really makes, and refuses those it may not make.
///
/// One tap belongs to one call. A clone is the same tap: put one into the call's client and keep one to read.
#[derive(Clone, Debug)]
pub struct Tap(Arc<Inner>);

struct Inner {
    rules: Rules,
    /// Who shares one retry quota and one sending rate; for each service apart.
    account: Option<String>,
    made: Mutex<Vec<Entry>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("made", &self.made).finish_non_exhaustive()
    }
}

impl Tap {
    /// A tap for calls to `target` under these rules: when AWS throttles it, only calls to the same service of the same
    /// target slow down, where the SDK would slow every account of the process.
    pub fn with_rules(target: &Target, rules: Rules) -> Tap {
        Tap(Arc::new(Inner { rules, account: Some(format!("{target:?}")), made: Mutex::default() }))
    }

    /// A tap for calls to anywhere, with [`Rules::new`].
    pub fn new(permit: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static) -> Tap {
        Tap(Arc::new(Inner { rules: Rules::new(permit), account: None, made: Mutex::default() }))
    }

    /// Permits everything.
    pub fn open() -> Tap {
        Tap::new(|_, _| Ok(()))
    }

    /// The operations so far, in the order they began.
    pub fn made(&self) -> Vec<Made> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Entry::seen).collect()
    }

    /// The operations of which it is not known whether they were done, in the order they began. Those that are under
    /// way are among them, so ask when the call has ended or was dropped.
    pub fn lost(&self) -> impl Iterator<Item = Made> {
        self.made().into_iter().filter(|made| made.state() == State::Lost)
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
        all.push(Entry { made, flight: None });
        Place(all.len() - 1)
    }

    fn update<T>(&self, cfg: &ConfigBag, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut all = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        cfg.load::<Place>().and_then(|place| all.get_mut(place.0)).map(change)
    }

    /// Refuses a request that names what the call may not touch, and notes whether it may be sent twice.
    fn inspect(&self, view: &RequestView, cfg: &mut ConfigBag) -> Result<(), Error> {
        if let Some(look) = &self.0.rules.look {
            look(view).map_err(|reason| {
                let mut error = Error::internal(format!(
                    "{} was not sent: its request names something outside what this call may touch: {reason}",
                    view.operation
                ));
                error.operation = Some(view.operation.clone());
                error
            })?;
        }
        cfg.interceptor_state().store_put(Spoken(view.protocol()));
        let repeatable = (self.0.rules.repeatable)(&view.service, &view.operation) || view.repeats_safely();
        self.update(cfg, |entry| entry.made.repeatable = repeatable);
        Ok(())
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

/// How the request was written, and so the answer should be.
#[derive(Clone, Copy, Debug)]
struct Spoken(Protocol);

impl Storable for Spoken {
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
        let (service, operation) = named(cfg)?;
        if let Err(reason) = (self.0.rules.permit)(&service, &operation) {
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

    // The last word before the attempts begin, each of which gets its time then.
    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(cfg)?;
        let patience = self.0.rules.patience.as_ref().and_then(|patience| patience(&service, &operation));
        time::allow(patience, context.request().body(), cfg);
        Ok(())
    }

    // The request is as it will be sent, but for the signature.
    fn read_before_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(cfg)?;
        let endpoint = cfg.load::<EndpointUrl>().map(|endpoint| endpoint.0.as_str());
        let region = cfg.load::<Region>().map_or("", AsRef::as_ref);
        let view = RequestView::of(&service, &operation, context.request(), endpoint, region)
            .map_err(Error::internal)?;
        Ok(self.inspect(&view, cfg)?)
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let host = host(context.request().uri());
        // Only of this client is it known that it tells which connection takes a request.
        let tells = components
            .http_client()
            .and_then(|client| client.connector_metadata())
            .is_some_and(|client| client.name() == "hyper");
        let flight = Flight::new(cfg.load::<CaptureSmithyConnection>().filter(|_| tells).cloned());
        self.update(cfg, |entry| {
            entry.made.attempts += 1;
            entry.made.host = host;
            entry.flight = Some(flight);
        });
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(cfg)?;
        let required =
            self.0.rules.required.as_ref().map_or(&[][..], |required| required(&service, &operation));
        let spoken = cfg.load::<Spoken>().map_or(Protocol::Opaque, |spoken| spoken.0);
        Ok(foreign::refuse(context.response(), &operation, spoken, required)?)
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let blind = self.update(cfg, |entry| {
            let flight = entry.flight.take()?;
            let Some(ended) = answer::ended(context, flight.left()) else {
                // It was made to be sent by somebody else.
                entry.made.attempts -= 1;
                return None;
            };
            entry.made.tries.push(ended);
            Some(ended.state == State::Lost && !entry.made.repeatable)
        });
        if blind.flatten() == Some(true)
            && let Some(retry) = cfg.load::<RetryConfig>().cloned()
        {
            // Whatever it was, sending it once more could do it twice.
            cfg.interceptor_state().store_put(retry.with_max_attempts(1));
        }
        let Some(response) = context.response() else { return Ok(()) };
        let now = components.time_source().and_then(|time| time.now().duration_since(UNIX_EPOCH).ok());
        let skew = response
            .headers()
            .get("date")
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok())
            .zip(now.and_then(|now| i64::try_from(now.as_secs()).ok()))
            .map(|(theirs, ours)| theirs.secs() - ours);
        self.update(cfg, |Entry { made, .. }| {
            made.status = Some(response.status().as_u16());
            made.request_id = response.headers().request_id().map(str::to_owned);
            made.clock_skew = skew;
            made.throttled += u32::from(answer::is_throttled(response));
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
        self.update(cfg, |entry| entry.made.failed = failed);
        Ok(())
    }
}

/// The service's id and the operation's name.
fn named(cfg: &ConfigBag) -> Result<(String, String), Error> {
    match cfg.load::<Metadata>() {
        Some(metadata) => Ok((metadata.service().to_owned(), metadata.name().to_owned())),
        None => Err(Error::refused("an operation without a name was refused")),
    }
}

/// `https://host:port/path` without all that is not the host.
fn host(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end).map(str::to_owned)
}
