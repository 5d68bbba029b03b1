//! Who calls, where the transport knows.

use std::collections::BTreeSet;

use awsmcp_spec::Risk;

use crate::{Error, Result};

/// The OAuth scope that a risk needs.
pub fn scope(risk: Risk) -> String {
    format!("{SCOPES}{risk}")
}

/// The risk that an OAuth scope stands for, if it is one of ours.
pub fn risk_of(scope: &str) -> Option<Risk> {
    let name = scope.strip_prefix(SCOPES)?;
    Risk::ALL.into_iter().find(|risk| risk.name() == name)
}

const SCOPES: &str = "awsmcp:";

/// A caller that the transport knows by name. It goes into the audit line, into the name of a role's session, and into
/// whatever is kept between calls, so that nothing of one caller is ever shown to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name: of a token, a subject, an ARN.
    pub name: String,
    /// The risks that this caller may take of those that the operator allowed; all of them if none are said.
    pub allow: Option<BTreeSet<Risk>>,
}

impl Principal {
    /// A caller with all that the operator allowed.
    pub fn new(name: impl Into<String>) -> Self {
        Principal { name: name.into(), allow: None }
    }

    /// Narrows what this caller may do to these risks.
    #[must_use]
    pub fn only(self, risks: impl IntoIterator<Item = Risk>) -> Self {
        Principal { allow: Some(risks.into_iter().collect()), ..self }
    }

    /// Whether this caller may take a risk, if the operator allowed it.
    pub fn may(&self, risk: Risk) -> bool {
        self.allow.as_ref().is_none_or(|allow| allow.contains(&risk))
    }

    /// # Errors
    /// When the caller may not take the risk that `what` is of; it names the scope that is missing.
    pub(crate) fn permit(&self, what: &str, risk: Risk) -> Result<()> {
        if self.may(risk) {
            return Ok(());
        }
        Err(Error::refused(format!(
            "{what} needs the scope {}, which {} does not have",
            scope(risk),
            self.name
        ))
        .with_next("sign in with that scope, or ask whoever issues the tokens for it"))
    }
}
