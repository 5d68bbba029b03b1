//! What time it is, for what is good only for a while.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;

/// Tells the time of day: the system's, or one that a test moves.
///
/// What expires asks this clock and not the system, so that a test need not wait for it, and does not depend on how
/// fast the machine is. [`Settings`](crate::Settings) carries it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Seconds since 1970 of a clock that stands until it is moved; none for the system's.
    standing: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Clock::default()
    }

    /// A clock that shows `time` until [`Clock::advance`] moves it. Its clones show the same time.
    #[must_use]
    pub fn standing_at(time: Timestamp) -> Self {
        Clock { standing: Some(Arc::new(AtomicI64::new(time.as_second()))) }
    }

    /// Moves a standing clock, and all its clones. The system's clock cannot be moved.
    pub fn advance(&self, seconds: i64) {
        if let Some(standing) = &self.standing {
            standing.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn second(&self) -> i64 {
        match &self.standing {
            Some(standing) => standing.load(Ordering::SeqCst),
            None => Timestamp::now().as_second(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_when_it_is_moved_and_its_clones_with_it() {
        let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
        let same = clock.clone();
        clock.advance(5);
        same.advance(-2);
        assert_eq!((clock.second(), same.second()), (3, 3));
    }

    #[test]
    fn the_systems_clock_goes_by_itself() {
        let before = Timestamp::now().as_second();
        let clock = Clock::system();
        clock.advance(1_000_000);
        assert!((before..=Timestamp::now().as_second()).contains(&clock.second()));
    }
}
