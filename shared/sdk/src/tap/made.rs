//! What an operation left behind.

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;

use crate::State;

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
    /// Whether sending the same request again can do no more than sending it once.
    pub repeatable: bool,
    /// The attempts one by one, the first one first.
    pub tries: Vec<Attempt>,
}

/// One attempt at an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Whether the request was handed to a connection.
    pub left: bool,
    /// Whether the head of an answer came.
    pub head: bool,
    /// Whether the answer was read to its end. What a caller reads as a stream counts as read once its head came.
    pub whole: bool,
    /// Whether the answer was understood as the service's own.
    pub understood: bool,
    /// What follows from all that.
    pub state: State,
}

impl Attempt {
    /// An attempt without an answer.
    pub(super) const fn unanswered(left: bool) -> Attempt {
        let state = if left { State::Lost } else { State::NotSent };
        Attempt { left, head: false, whole: false, understood: false, state }
    }
}

impl Made {
    /// How the operation stands, over all its attempts. One that is still under way, or was dropped on its way, is
    /// [`Lost`](State::Lost) as soon as its request may have left.
    ///
    /// An error that follows an attempt that was lost does not tell what became of that attempt: it may have been the
    /// very thing that the error complains about.
    pub fn state(&self) -> State {
        let any = |wanted: State| self.tries.iter().any(|attempt| attempt.state == wanted);
        if any(State::Answered { ok: true }) {
            State::Answered { ok: true }
        } else if any(State::Lost) {
            State::Lost
        } else if any(State::Answered { ok: false }) {
            State::Answered { ok: false }
        } else {
            State::NotSent
        }
    }

    /// Whether the service refused it after an answer to an earlier attempt was lost: what it complains about may be what
    /// that attempt did.
    pub fn refused_after_loss(&self) -> bool {
        matches!(self.tries.split_last(), Some((last, before))
            if last.state == State::Answered { ok: false }
                && before.iter().any(|attempt| attempt.state == State::Lost))
    }
}

/// What the tap knows of an operation while it is under way.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) made: Made,
    /// The attempt that has not ended. Nothing of the SDK's runs when a call is dropped, so this stays then.
    pub(super) flight: Option<Flight>,
}

impl Entry {
    /// The operation as it stands now.
    pub(super) fn seen(&self) -> Made {
        let mut made = self.made.clone();
        made.tries.extend(self.flight.as_ref().map(|flight| Attempt::unanswered(flight.left())));
        made
    }
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Flight {
    /// Learns of the connection that the request is handed to, if the HTTP client tells.
    connection: Option<CaptureSmithyConnection>,
}

impl Flight {
    /// `connection` is none if the HTTP client does not tell which connection a request is handed to.
    pub(super) fn new(connection: Option<CaptureSmithyConnection>) -> Flight {
        Flight { connection }
    }

    /// Whether the request may have been handed to a connection.
    pub(super) fn left(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.get().is_some())
    }
}
