//! Places for connections: who holds how many, and who gives way when there are none left.
//!
//! A connection costs its client nothing, so a client may open as many as it likes and send nothing. Where places are
//! taken, the connection that has been idle for longest gives way to a new one, first of all one of the address that has
//! most. One address never has all places, so that there is always one for another.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long after its last answer a connection is not taken for idle: the end of the answer may still be on its way.
const AFTER_ANSWER: Duration = Duration::from_secs(1);

/// How long a connection that waits for a place waits for one to be freed, before it looks for an idle one again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The places, and the connections that hold them.
pub(super) struct Places {
    most: usize,
    most_of_an_address: usize,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Default)]
struct Held {
    next_id: u64,
    connections: HashMap<u64, Connection>,
    of_addresses: HashMap<IpAddr, usize>,
}

struct Connection {
    address: IpAddr,
    activity: Activity,
    gives_way: CancellationToken,
}

/// The place of one connection, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
    /// What the connection is doing.
    pub(super) activity: Activity,
    /// Cancelled when the connection must give way.
    pub(super) gives_way: CancellationToken,
}

impl Places {
    pub(super) fn new(most: usize) -> Arc<Places> {
        // An eighth is kept for other addresses than the one that has most, as far as there is more than one place.
        let kept = (most / 8).max(1);
        Arc::new(Places {
            most,
            most_of_an_address: most.saturating_sub(kept).max(1),
            held: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Takes a place for a connection from an address, if need be that of an idle one; waits while every connection of
    /// every address is busy. `None` if the address has all that it may have, and all of them are busy.
    pub(super) async fn take(self: &Arc<Places>, address: IpAddr) -> Option<Place> {
        loop {
            let freed = self.freed.notified();
            {
                let mut held = self.held();
                let is_free =
                    if held.of_addresses.get(&address).is_some_and(|own| *own >= self.most_of_an_address) {
                        if !held.give_way(Some(address)) {
                            return None;
                        }
                        true
                    } else {
                        held.connections.len() < self.most || held.give_way(None)
                    };
                if is_free {
                    return Some(self.place(&mut held, address));
                }
            }
            // One that becomes idle frees no place, but could give way.
            let _ = timeout(LOOK_AGAIN, freed).await;
        }
    }

    fn place(self: &Arc<Places>, held: &mut Held, address: IpAddr) -> Place {
        let (activity, gives_way) = (Activity::new(), CancellationToken::new());
        let id = held.next_id;
        held.next_id += 1;
        let connection = Connection { address, activity: activity.clone(), gives_way: gives_way.clone() };
        held.connections.insert(id, connection);
        *held.of_addresses.entry(address).or_default() += 1;
        Place { places: self.clone(), id, activity, gives_way }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Makes an idle connection give its place away: of this address, or of the one that has most. Whether there was one.
    fn give_way(&mut self, of: Option<IpAddr>) -> bool {
        let candidates =
            self.connections.iter().filter(|(_, connection)| of.is_none_or(|of| connection.address == of));
        let idle = candidates.filter_map(|(id, connection)| {
            let since = connection.activity.idle_since()?;
            let siblings = self.of_addresses.get(&connection.address).copied().unwrap_or_default();
            Some((siblings, std::cmp::Reverse(since), *id))
        });
        let Some((_, _, id)) = idle.max() else { return false };
        if let Some(connection) = self.connections.get(&id) {
            connection.gives_way.cancel();
        }
        self.remove(id);
        true
    }

    fn remove(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else { return };
        if let Some(count) = self.of_addresses.get_mut(&connection.address) {
            *count -= 1;
            if *count == 0 {
                self.of_addresses.remove(&connection.address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // One that gave way has gone before.
        self.places.held().remove(self.id);
        self.places.freed.notify_waiters();
    }
}

/// What a connection is doing.
#[derive(Clone, Debug)]
pub(super) struct Activity(Arc<Mutex<Doing>>);

#[derive(Debug)]
struct Doing {
    requests: usize,
    has_answered: bool,
    since: Instant,
}

impl Activity {
    fn new() -> Activity {
        Activity(Arc::new(Mutex::new(Doing { requests: 0, has_answered: false, since: Instant::now() })))
    }

    /// A request has come; it is being answered until what this gives is dropped.
    pub(super) fn begin(&self) -> Busy {
        self.doing().requests += 1;
        Busy(self.clone())
    }

    /// Since when it could give way; `None` while it could not.
    fn idle_since(&self) -> Option<Instant> {
        let doing = self.doing();
        let is_idle = doing.requests == 0 && (!doing.has_answered || doing.since.elapsed() >= AFTER_ANSWER);
        is_idle.then_some(doing.since)
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
pub(super) struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut doing = self.0.doing();
        doing.requests -= 1;
        doing.has_answered = true;
        doing.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    async fn taken(places: &Arc<Places>, address: IpAddr) -> Place {
        timeout(Duration::from_secs(1), places.take(address)).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn the_longest_idle_connection_of_the_greediest_address_gives_way() {
        let places = Places::new(4);
        let others = taken(&places, OTHER).await;
        let mut ones = Vec::new();
        for _ in 0..3 {
            ones.push(taken(&places, ONE).await);
        }
        let new = taken(&places, OTHER).await;
        let gone: Vec<bool> = ones.iter().map(|place| place.gives_way.is_cancelled()).collect();
        assert_eq!(gone, [true, false, false]);
        assert!(!others.gives_way.is_cancelled() && !new.gives_way.is_cancelled());
    }

    #[tokio::test]
    async fn a_busy_connection_never_gives_way_and_an_address_never_has_all() {
        let places = Places::new(8);
        let mut busy = Vec::new();
        for _ in 0..7 {
            let place = taken(&places, ONE).await;
            busy.push((place.activity.begin(), place));
        }
        assert!(places.take(ONE).await.is_none());
        let other = taken(&places, OTHER).await;
        let doing = other.activity.begin();
        // Every place is taken, and every connection busy: a third address waits until one is not.
        let third = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 3));
        assert!(timeout(Duration::from_millis(200), places.take(third)).await.is_err());
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.take(third).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop((doing, other));
        assert!(timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap());
        assert!(busy.iter().all(|(_, place)| !place.gives_way.is_cancelled()));
    }

    #[tokio::test]
    async fn an_answer_is_not_cut_off_at_its_end() {
        let places = Places::new(1);
        let place = taken(&places, ONE).await;
        drop(place.activity.begin());
        assert!(places.take(ONE).await.is_none());
        sleep(AFTER_ANSWER).await;
        let _next = taken(&places, ONE).await;
        assert!(place.gives_way.is_cancelled());
    }
}
