//! What the tap saw of a failed operation.

use super::Tap;
use crate::{Error, Kind, State};

impl Error {
    /// Adds what the tap saw of the failed operation: its name, its attempts, its host, the clock.
    ///
    /// An error that did not come from a request stays as it is.
    pub fn noted(mut self, tap: &Tap) -> Self {
        let from_a_request =
            self.status.is_some() || matches!(self.kind, Kind::Network | Kind::Endpoint | Kind::Timeout);
        if !from_a_request {
            return self;
        }
        let made = tap.made();
        let failed = made.iter().rev().find(|made| match &self.request_id {
            Some(id) => made.request_id.as_ref() == Some(id),
            None => made.failed,
        });
        let Some(made) = failed else { return self };
        self.operation.get_or_insert_with(|| made.operation.clone());
        self.state = Some(made.state());
        self.host = self.host.take().or_else(|| made.host.clone());
        if matches!(self.kind, Kind::Network | Kind::Endpoint | Kind::Timeout)
            && let Some(host) = &self.host
            && !self.message.contains(host.as_str())
        {
            self.message = format!("{} ({host})", self.message.trim_end_matches('.'));
        }
        if self.kind == Kind::ClockSkew
            && let Some(skew) = made.clock_skew
            && !self.message.contains("the local clock")
        {
            let (size, side) = (skew.unsigned_abs(), if skew < 0 { "ahead of" } else { "behind" });
            self.message =
                format!("{} (the local clock is {size} s {side} AWS's)", self.message.trim_end_matches('.'));
        }
        if made.attempts > 0 {
            self = self.with_attempts(made.attempts);
        }
        if made.state() == State::Lost && !made.repeatable {
            // Calling again is what every other word here would suggest, and could do it twice.
            self.next = Some(format!(
                "It is not known whether {} was done: see what is there before calling again.",
                made.operation
            ));
            self.advised = true;
        }
        self
    }
}
