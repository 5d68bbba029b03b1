//! What is known of an operation.

/// How an operation, or one attempt at it, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No byte of it left: it was refused here, or there was no connection to send it on.
    NotSent,
    /// The service answered, whole and understandably.
    Answered {
        /// Whether it was done; if not, it was certainly not done.
        ok: bool,
    },
    /// It left, and whether the service did it is not known: the answer is missing, broken, not the service's own, or a
    /// failure of the service that says nothing about it.
    Lost,
}
