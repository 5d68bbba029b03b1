//! The second look: a request is held to the operator's list by what it names itself, right before it is signed.
//!
//! The first look judges the arguments of a call. A tool that asks for something else than its arguments say, or that
//! forgets to ask about what an answer named, is stopped here. Both looks must agree: what this one refuses is a fault of the
//! server, never of the caller, and nothing is sent.

mod look;

use std::borrow::Cow;

use awsmcp_sdk::RequestView;
use awsmcp_spec::{Environment, Need};

pub use self::look::Look;
use crate::{Service, Settings, allowed, service};

/// # Errors
/// When the request names something outside the list, or it cannot be told what it names although the operation is
/// declared on a resource.
pub(crate) fn hold<S: Service>(
    request: &RequestView,
    needs: &[Need],
    environment: Environment<'_>,
    settings: &Settings,
) -> Result<(), String> {
    let operation = request.operation.as_str();
    let actions = service::actions::<S>(&request.service, operation);
    let of_this = |need: &&Need| actions.iter().any(|action: &Cow<'_, str>| *action == need.action);
    // AWS grants an action without a resource on everything or not at all; rows are held to the list instead.
    let free = |action: &str| needs.iter().any(|need| need.action == action && need.arn == "*");
    let mut needed = needs.iter().filter(of_this).map(|need| need.action);
    let Some(action) = needed.clone().find(|action| !free(action)) else { return Ok(()) };
    let texts = |place: &str| S::place(place, request).unwrap_or_else(|| request.texts(place));
    let own = if S::LOOKS.iter().any(|look| look.is_of(operation)) { operation } else { "*" };
    let looks = S::LOOKS.iter().filter(|look| look.is_of(own));
    let named: Vec<String> =
        looks.flat_map(|look| look.read(environment, texts)).map(allowed::canonical::<S>).collect();
    // Where one of its actions has no resource, it may name nothing.
    if named.is_empty() && !needed.any(free) {
        return Err(format!("{operation} was not sent: it cannot be told from the request what it is about"));
    }
    for arn in named.into_iter().filter(|arn| arn != "*") {
        if !settings.allow_arns.iter().any(|pattern| pattern.covers(&arn)) {
            return Err(format!(
                "{operation} was not sent: {action} on {arn} is outside what the operator allowed"
            ));
        }
    }
    Ok(())
}
