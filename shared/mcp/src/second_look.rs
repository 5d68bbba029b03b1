//! The second look: a request is held to the operator's list by what it names itself, right before it is signed.
//!
//! The first look judges the arguments of a call. A tool that asks for something else than its arguments say, or that
//! forgets to ask about what an answer named, is stopped here. Both looks must agree: what this one refuses is a fault of the
//! server, never of the caller, and nothing is sent.

use std::borrow::Cow;

use awsmcp_aws::RequestView;
use awsmcp_spec::{Environment, Need, in_row, resources};

use crate::{Service, Settings, gate, service};

/// Where a request names a resource.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The operations, by the SDK's name; `*` alone stands for every operation that no other look names.
    pub operations: &'static [&'static str],
    /// The ARN, with the places of the request in braces: `{TableName}` is a member of the body, `{path:2}` a segment of the
    /// path, `{bucket}` and `{key}` are S3's; see [`RequestView::texts`]. `*` alone is for operations whose request carries
    /// only a token that AWS gave.
    pub arn: &'static str,
}

impl Look {
    fn is_of(&self, operation: &str) -> bool {
        self.operations.contains(&operation)
    }

    /// The ARNs that a request names here; none where one of the places is empty.
    fn read<S: Service>(&self, request: &RequestView, environment: Environment<'_>) -> Vec<String> {
        const OF_THE_CALL: [&str; 3] = ["partition", "region", "account"];
        let texts = |place: &str| S::place(place, request).unwrap_or_else(|| request.texts(place));
        let places =
            self.arn.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place);
        if places.filter(|place| !OF_THE_CALL.contains(place)).any(|place| texts(place).is_empty()) {
            return Vec::new();
        }
        resources(self.arn, environment, |place| {
            texts(place).into_iter().map(|text| in_row(self.arn, place, text)).collect()
        })
    }
}

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
    let mut needed = needs.iter().filter(of_this).peekable();
    // AWS grants such an action on everything or not at all; rows are held to the list instead.
    if needed.peek().is_none() || needed.clone().any(|need| need.arn == "*") {
        return Ok(());
    }
    let action = needed.next().map_or(operation, |need| need.action);
    let own = if S::LOOKS.iter().any(|look| look.is_of(operation)) { operation } else { "*" };
    let looks = S::LOOKS.iter().filter(|look| look.is_of(own));
    let named: Vec<String> =
        looks.flat_map(|look| look.read::<S>(request, environment)).map(gate::canonical::<S>).collect();
    if named.is_empty() {
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
