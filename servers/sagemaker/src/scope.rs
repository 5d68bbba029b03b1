//! What the operator's ARN allow-list says of things that only AWS's answers name.

use awsmcp_mcp::Call;

use crate::{SageMaker, names};

/// Whether the thing may be shown.
pub(crate) fn allows(cx: &Call<SageMaker>, arn: Option<&str>) -> bool {
    let allowed = &cx.settings().allow_arns;
    let Some(arn) = arn else { return allowed.is_empty() };
    let written = names::arn(arn);
    let arn = written.as_deref().unwrap_or(arn);
    allowed.is_empty() || allowed.iter().any(|pattern| pattern.covers(arn))
}
