//! Bounds on requests: how many at once, and how many of one caller in a minute.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use awsmcp_mcp::Principal;
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use tokio::sync::Semaphore;

use super::{connections::Peer, log::Held};
use crate::answer::told;

/// Requests at once, of all callers together.
#[derive(Clone)]
pub(super) struct Requests(Arc<Semaphore>);

impl Requests {
    pub(super) fn new(most: usize) -> Self {
        Requests(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }
}

/// Turns requests away while too many are being answered; one counts until the last byte of its answer.
pub(super) async fn bounded(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let Ok(place) = requests.0.try_acquire_owned() else {
        return later(Duration::from_secs(1), "too many requests at once");
    };
    let response = next.run(request).await;
    response.map(|body| Body::new(Held::new(body, place)))
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
        (None, Some(peer)) => format!("address {}", peer.0.ip()),
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

fn later(wait: Duration, why: &str) -> Response {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    let mut response = told(StatusCode::TOO_MANY_REQUESTS, &format!("{why}: call again in {seconds} s"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
