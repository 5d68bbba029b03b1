//! What a tap asks of the one who made it.

use std::fmt;
use std::time::Duration;

use crate::RequestView;

/// What holds for the operations of one call.
///
/// Each rule is asked with the SDK's id of the service and the operation's name. It runs for each operation, on the
/// SDK's path: it must be quick and must not block.
pub struct Rules {
    pub(super) permit: Box<Permit>,
    pub(super) repeatable: Box<Repeatable>,
    pub(super) look: Option<Box<Look>>,
    pub(super) required: Option<Box<Required>>,
    pub(super) patience: Option<Box<Patience>>,
}

type Permit = dyn Fn(&str, &str) -> Result<(), String> + Send + Sync;
type Repeatable = dyn Fn(&str, &str) -> bool + Send + Sync;
type Look = dyn Fn(&RequestView) -> Result<(), String> + Send + Sync;
type Required = dyn Fn(&str, &str) -> &'static [&'static str] + Send + Sync;
type Patience = dyn Fn(&str, &str) -> Option<Duration> + Send + Sync;

impl Rules {
    /// Asks `permit` before each operation. Its error is the reason that the caller reads.
    ///
    /// Only what [reads](awsmcp_spec::reads) is repeatable, no request is looked at, nothing is required of an answer,
    /// and no operation gets more time than the session gives.
    pub fn new(permit: impl Fn(&str, &str) -> Result<(), String> + Send + Sync + 'static) -> Rules {
        Rules {
            permit: Box::new(permit),
            repeatable: Box::new(|_, operation| awsmcp_spec::reads(operation)),
            look: None,
            required: None,
            patience: None,
        }
    }

    /// Says which operations do no more when they are sent twice. Any other is sent again only if it was certainly not
    /// done, or if its request carries a client token or a condition (`If-Match`, `If-None-Match`).
    pub fn repeatable(mut self, repeatable: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Rules {
        self.repeatable = Box::new(repeatable);
        self
    }

    /// Looks at each request before it is signed. An error keeps it from being signed and sent.
    pub fn look(
        mut self,
        look: impl Fn(&RequestView) -> Result<(), String> + Send + Sync + 'static,
    ) -> Rules {
        self.look = Some(Box::new(look));
        self
    }

    /// Names what a good answer always has: `header:etag`, or a member of the body as [`RequestView::texts`] writes it.
    /// A success without it is not the service's. Of an answer that is a stream only the headers can be required.
    pub fn required(
        mut self,
        required: impl Fn(&str, &str) -> &'static [&'static str] + Send + Sync + 'static,
    ) -> Rules {
        self.required = Some(Box::new(required));
        self
    }

    /// Gives operations more time to answer, and to pause within an answer, than the session does: a model that thinks,
    /// a function that runs for minutes.
    pub fn patience(
        mut self,
        patience: impl Fn(&str, &str) -> Option<Duration> + Send + Sync + 'static,
    ) -> Rules {
        self.patience = Some(Box::new(patience));
        self
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}
