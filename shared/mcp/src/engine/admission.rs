//! How many calls run at once, and whose.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::Instant,
};

use crate::{Error, Result, Settings, engine::Caller};

/// The places among the calls in flight.
///
/// A client that floods gets an error, not a crash. Where callers are known apart, one of them takes at most half of the
/// places, so that nobody waits for somebody else's long calls.
pub(crate) struct Admission {
    places: Semaphore,
    most: usize,
    /// What each caller that is known by name may take, for as long as one of its calls runs or waits.
    own: Mutex<HashMap<String, Arc<Semaphore>>>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// A place among the calls in flight, until dropped.
pub(crate) struct Place<'a> {
    _of_all: SemaphorePermit<'a>,
    _of_caller: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(crate) fn new(settings: &Settings) -> Self {
        let most = settings.max_calls.max(1);
        Admission {
            places: Semaphore::new(most),
            most,
            own: Mutex::default(),
            waiting: AtomicUsize::new(0),
            most_waiting: settings.max_waiting,
        }
    }

    /// Waits for a place until `ends`.
    ///
    /// # Errors
    /// When too many wait already, when no place is free in time, and when the caller cancels.
    pub(crate) async fn enter(&self, caller: &Caller, ends: Instant) -> Result<Place<'_>> {
        let own = caller.name().map(|name| self.of(name));
        let free = || {
            let of_caller = own.clone().map(Semaphore::try_acquire_owned).transpose().ok()?;
            Some(Place { _of_all: self.places.try_acquire().ok()?, _of_caller: of_caller })
        };
        if let Some(place) = free() {
            return Ok(place);
        }
        let waiting = Waiting::enter(&self.waiting);
        if waiting.ahead >= self.most_waiting {
            return Err(
                self.too_many(format!("{} are running and {} are waiting", self.most, self.most_waiting))
            );
        }
        let next = async {
            // The caller's own place first: who waits for it stands in nobody else's way.
            let of_caller = match own.clone() {
                Some(own) => {
                    Some(own.acquire_owned().await.map_err(|_| Error::internal("the server is stopping"))?)
                }
                None => None,
            };
            let of_all =
                self.places.acquire().await.map_err(|_| Error::internal("the server is stopping"))?;
            Ok(Place { _of_all: of_all, _of_caller: of_caller })
        };
        tokio::select! {
            place = tokio::time::timeout_at(ends, next) => place.unwrap_or_else(|_| {
                Err(self.too_many("no place became free within the time of this call; it did not begin".to_owned()))
            }),
            () = caller.cancel.cancelled() => Err(Error::cancelled("the caller cancelled the call")),
        }
    }

    /// Waits until no call runs.
    pub(crate) async fn idle(&self) {
        // The places are never closed.
        let _places = self.places.acquire_many(self.most.try_into().unwrap_or(u32::MAX)).await;
    }

    fn of(&self, name: &str) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, places| Arc::strong_count(places) > 1);
        own.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.most.div_ceil(2)))).clone()
    }

    fn too_many(&self, why: String) -> Error {
        Error::refused(format!("too many calls at once: {why}"))
            .with_next("wait for answers before calling again")
    }
}

/// One more waiting, until dropped.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        Waiting { count, ahead: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Principal;

    fn caller(name: Option<&str>) -> Caller {
        Caller { principal: name.map(Principal::new), ..Caller::default() }
    }

    fn admission(max_calls: usize) -> Admission {
        Admission::new(&Settings { max_calls, ..Settings::default() })
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(60)
    }

    #[tokio::test]
    async fn one_caller_takes_at_most_half_of_the_places() {
        let admission = admission(4);
        let (alice, bob) = (caller(Some("alice")), caller(Some("bob")));
        let mut held = vec![
            admission.enter(&alice, soon()).await.unwrap(),
            admission.enter(&alice, soon()).await.unwrap(),
        ];
        let refused = admission.enter(&alice, soon()).await.err().unwrap();
        assert!(refused.message.contains("no place became free"), "{refused}");
        held.push(admission.enter(&bob, soon()).await.unwrap());
        held.push(admission.enter(&bob, soon()).await.unwrap());
    }

    #[tokio::test]
    async fn who_waits_for_a_place_of_its_own_stands_in_nobodys_way() {
        let admission = admission(2);
        let (alice, bob) = (caller(Some("alice")), caller(Some("bob")));
        let running = admission.enter(&alice, soon()).await.unwrap();
        let (waited, served) = tokio::join!(admission.enter(&alice, soon()), async {
            tokio::task::yield_now().await;
            let served = admission.enter(&bob, soon()).await.is_ok();
            drop(running);
            served
        });
        assert!(served);
        assert!(waited.is_ok());
    }

    #[tokio::test]
    async fn a_caller_without_a_name_has_every_place() {
        let admission = admission(2);
        let nobody = caller(None);
        let _held = [
            admission.enter(&nobody, soon()).await.unwrap(),
            admission.enter(&nobody, soon()).await.unwrap(),
        ];
        assert!(admission.enter(&nobody, soon()).await.is_err());
    }

    #[tokio::test]
    async fn callers_that_are_gone_leave_nothing_behind() {
        let admission = admission(2);
        for at in 0..100 {
            admission.enter(&caller(Some(&at.to_string())), soon()).await.unwrap();
        }
        assert!(admission.own.lock().unwrap().len() <= 1);
    }
}
