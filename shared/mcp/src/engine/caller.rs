//! Who calls.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{Principal, Result, Risk, call::Progress};

/// Who calls, and what it can be asked while the call runs.
#[derive(Clone, Default)]
pub struct Caller {
    /// Who it is, where the transport knows.
    pub principal: Option<Principal>,
    /// Cancelled when the caller loses interest.
    pub cancel: CancellationToken,
    /// Told how far a long call has come.
    pub progress: Option<Progress>,
    /// How the caller confirms a plan.
    pub consent: Consent,
}

impl Caller {
    pub(crate) fn name(&self) -> Option<&str> {
        self.principal.as_ref().map(|principal| principal.name.as_str())
    }

    /// # Errors
    /// When the caller lacks the scope of that risk.
    pub(crate) fn permit(&self, what: &str, risk: Risk) -> Result<()> {
        self.principal.as_ref().map_or(Ok(()), |principal| principal.permit(what, risk))
    }
}

/// How a caller confirms a plan.
#[derive(Clone, Default)]
pub enum Consent {
    /// By repeating the call with the plan's token.
    #[default]
    Token,
    /// In some other way, which this says: no token outlives the process of one call.
    Told(&'static str),
    /// By answering the input that a result asks for: `state` comes back with the answer.
    Round {
        /// What the caller answered, on the second round.
        answer: Option<bool>,
        /// What the first round sealed.
        state: Option<String>,
    },
    /// By answering a question while the call waits; `None` where it cannot be asked.
    Ask(Arc<dyn Fn(String) -> BoxFuture<'static, Option<bool>> + Send + Sync>),
}
