//! Bounds on requests: how many at once, how many bodies on their way, and how many of one caller in a minute.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use awsmcp_mcp::Principal;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _};
use http::{Extensions, HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{connections::Peer, log::BodyHolding};
use crate::answer::error_answer;

/// Requests at once, of all callers together.
#[derive(Clone)]
pub(super) struct Requests {
    most: usize,
    /// How many there are, and how many of each caller that is known by name.
    places: Counts<Option<String>>,
}

impl Requests {
    pub(super) fn new(most: usize) -> Self {
        Requests { most, places: Counts::default() }
    }

    /// A caller that is known by name takes a place while it has less than twice as many as are left, so that whatever it does, there is
    /// one for another caller.
    fn take(&self, caller: Option<String>) -> Option<Counted<Option<String>>> {
        self.places.take(caller, |caller, own, all| {
            let left = self.most.saturating_sub(all);
            left > 0 && (caller.is_none() || own < 2 * left)
        })
    }
}

/// Turns requests away while too many are being answered; one counts until the last byte of its answer.
pub(super) async fn bounded(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Principal>().map(|principal| principal.name.clone());
    let Some(place) = requests.take(caller) else {
        return later(Duration::from_secs(1), "too many requests at once");
    };
    let response = next.run(request).await;
    response.map(|body| Body::new(BodyHolding::new(body, place)))
}

/// Bodies that are on their way: so many of one caller, so many from one address, and so many in all. One that comes at
/// once is never among them.
#[derive(Clone)]
pub(super) struct Unfinished {
    most: usize,
    of_callers: Counts<String>,
    of_addresses: Counts<Option<IpAddr>>,
}

/// A body that is on its way, until it is dropped.
pub(super) struct OnItsWay {
    _of_caller: Option<Counted<String>>,
    _of_address: Counted<Option<IpAddr>>,
}

impl Unfinished {
    /// At most as many bodies as requests.
    pub(super) fn new(requests: usize) -> Self {
        Unfinished { most: requests.max(8), of_callers: Counts::default(), of_addresses: Counts::default() }
    }

    /// A place for the body of a request, unless its caller or its address has its share.
    pub(super) fn take(&self, of: &Extensions) -> Option<OnItsWay> {
        let of_caller = match of.get::<Principal>() {
            Some(principal) => {
                Some(self.of_callers.take(principal.name.clone(), |_, own, _| own < (self.most / 8).max(4))?)
            }
            None => None,
        };
        let address = of.get::<Peer>().map(|peer| peer.address.ip());
        let of_address =
            self.of_addresses.take(address, |_, own, all| all < self.most && own < self.most / 2)?;
        Some(OnItsWay { _of_caller: of_caller, _of_address: of_address })
    }
}

/// How many there are of each kind.
struct Counts<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K: Clone + Eq + Hash> Counts<K> {
    /// Counts one more of a kind, if it may be: told the kind, how many there are of it, and how many in all.
    fn take(&self, kind: K, may: impl FnOnce(&K, usize, usize) -> bool) -> Option<Counted<K>> {
        let mut counts = self.counts();
        let all = counts.values().sum();
        if !may(&kind, counts.get(&kind).copied().unwrap_or_default(), all) {
            return None;
        }
        *counts.entry(kind.clone()).or_default() += 1;
        Some(Counted { counts: self.clone(), kind })
    }
}

impl<K> Counts<K> {
    fn counts(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Counts<K> {
    fn clone(&self) -> Self {
        Counts(self.0.clone())
    }
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Counts(Arc::default())
    }
}

/// One that is counted until it is dropped.
struct Counted<K: Eq + Hash> {
    counts: Counts<K>,
    kind: K,
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.counts();
        if let Some(count) = counts.get_mut(&self.kind) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.kind);
            }
        }
    }
}

/// Requests of one caller in a minute. A caller is who it says it is, or else where it comes from.
#[derive(Clone)]
pub(super) struct Rate(Option<Arc<DefaultKeyedRateLimiter<String>>>);

/// How many callers are remembered before those are forgotten that were quiet.
const CALLERS: usize = 10_000;

impl Rate {
    pub(super) fn new(per_minute: Option<NonZeroU32>) -> Self {
        Rate(per_minute.map(|most| Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_minute(most)))))
    }
}

/// Turns the requests of a caller away that sends more than its share.
pub(super) async fn paced(State(rate): State<Rate>, request: Request, next: Next) -> Response {
    let Some(limiter) = rate.0 else { return next.run(request).await };
    let caller = match (request.extensions().get::<Principal>(), request.extensions().get::<Peer>()) {
        (Some(principal), _) => format!("name {}", principal.name),
        (None, Some(peer)) => format!("address {}", peer.address.ip()),
        (None, None) => String::new(),
    };
    if limiter.len() > CALLERS {
        limiter.retain_recent();
    }
    match limiter.check_key(&caller) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let wait = wait.wait_time_from(governor::clock::DefaultClock::default().now());
            later(wait, "too many requests of this caller")
        }
    }
}

/// The answer to a request that may come again after a while.
pub(super) fn later(wait: Duration, why: &str) -> Response {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    let mut response =
        error_answer(StatusCode::TOO_MANY_REQUESTS, &format!("{why}: call again in {seconds} s"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_never_has_all_places() {
        for most in 1..300 {
            let requests = Requests::new(most);
            let mut of_alice = Vec::new();
            while let Some(place) = requests.take(Some("alice".to_owned())) {
                of_alice.push(place);
            }
            assert!(most < 3 || of_alice.len() < most, "{} of {most}", of_alice.len());
            assert!(most < 3 || requests.take(Some("bob".to_owned())).is_some(), "{most}");
            drop(of_alice);
            let all: Vec<_> = std::iter::from_fn(|| requests.take(None)).collect();
            assert_eq!(all.len(), most);
        }
    }
}
