//! Operations by what they do.

use std::marker::PhantomData;

use awsmcp_mcp::{Call, Error, Page, Result, Risk, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Operations, chosen, known};

/// Finds AWS operations by what they do ("who changed a security group") or by their name; best first. Then
/// describe_operation shows what one takes, and call_operation calls it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "S: Operations")]
pub(crate) struct FindOperations<S> {
    /// What it should do, in a few words, or a part of its name.
    words: String,
    /// Only of this service, as the AWS CLI names it, such as `sqs`.
    service: Option<String>,
    #[serde(skip)]
    #[schemars(skip)]
    server: PhantomData<fn() -> S>,
}

/// An operation that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Found {
    service: &'static str,
    operation: String,
    risk: &'static str,
    about: String,
}

/// How many are shown: the right one is among the first, or other words find it.
const MOST: usize = 10;

impl<S: Operations> Tool for FindOperations<S> {
    type Service = S;
    type Output = Page<Found>;
    const SPEC: Spec = chosen::<S>(Spec::read("find_operations", "Find operations").names_no_resource());

    async fn call(self, cx: &Call<S>) -> Result<Page<Found>> {
        let service = self.service.as_deref().map(known::service::<S>).transpose()?;
        let services = service.as_ref().map_or(S::services(), std::slice::from_ref);
        let found = awsmcp_api::find(services, &self.words, usize::MAX)
            .map_err(|error| Error::internal(error.to_string()))?;
        let settings = cx.settings();
        let mut on = known::LeftOn::by(settings);
        let mut left = Vec::new();
        for row in found {
            let Some(of) = services.iter().find(|service| service.name == row.service) else { continue };
            if on.has(of, &row.operation)? {
                left.push(row);
            }
            if left.len() == MOST {
                break;
            }
        }
        let mut off: Vec<Risk> =
            left.iter().map(|row| row.risk).filter(|risk| !settings.allows(*risk)).collect();
        off.sort_unstable();
        off.dedup();
        let rows = left
            .into_iter()
            .map(|row| Found {
                service: row.service,
                operation: row.operation,
                risk: row.risk.name(),
                about: if row.deprecated { format!("(deprecated) {}", row.about) } else { row.about },
            })
            .collect();
        if !off.is_empty() {
            let names: Vec<&str> = off.iter().map(|risk| risk.name()).collect();
            cx.note(format!("off until the operator starts the server with --allow: {}", names.join(", ")));
        }
        Ok(Page { rows, next: None, total: None })
    }
}
