//! What the operator allowed, and the words of what was not.

use awsmcp_spec::Risk;

use crate::{Error, Result, Service, Settings};

/// The refusal of what the operator did not allow.
pub(crate) fn turned_off(what: &str, reason: &str) -> Error {
    Error::refused(format!("{what} is turned off: {reason}")).with_next(
        "only the operator can turn it on, by starting the server with that flag; do not work around it",
    )
}

/// Which flag allows a risk.
pub(crate) fn flag(risk: Risk) -> String {
    format!("it needs --allow {risk}")
}

/// AWS's own way to write it, where the template's is another.
pub(crate) fn canonical<S: Service>(arn: String) -> String {
    S::arn(&arn).ok().flatten().unwrap_or(arn)
}

/// # Errors
/// When `arn` is outside the operator's ARN allow-list.
pub(crate) fn may<S: Service>(action: &str, arn: &str, settings: &Settings) -> Result<()> {
    let allowed = &settings.allow_arns;
    if allowed.is_empty() || !settings.looks.first {
        return Ok(());
    }
    // What is meant does not matter where everything is allowed.
    if let Err(why) = S::arn(arn)
        && !allowed.iter().any(|pattern| pattern.as_str() == "*")
    {
        return Err(Error::refused(why));
    }
    if allowed.iter().any(|pattern| pattern.covers(arn)) {
        return Ok(());
    }
    let allowed: Vec<&str> = allowed.iter().map(|pattern| pattern.as_str()).collect();
    Err(Error::refused(format!("{action} on {arn} is outside what the operator allowed")).with_next(format!(
        "stay within {}, or ask the operator to add it with --allow-arn",
        allowed.join(", ")
    )))
}
