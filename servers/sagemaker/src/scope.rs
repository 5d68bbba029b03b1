//! What only AWS's answers name, held to the operator's list.

use awsmcp_mcp::{Call, Result};

use crate::{SageMaker, names};

/// Whether the thing that an answer names by its ARN may be shown, which `action` would look at. What has no ARN may be
/// shown only where everything may.
pub(crate) fn allows(cx: &Call<SageMaker>, action: &str, arn: Option<&str>) -> bool {
    let arn = arn.unwrap_or("*");
    let written = names::arn(arn);
    cx.may_on(action, written.as_deref().unwrap_or(arn)).is_ok()
}

/// Asks for things of SageMaker's that an answer names: their ARNs are written in small letters.
///
/// # Errors
/// When one is outside the operator's list.
pub(crate) async fn may(
    cx: &Call<SageMaker>,
    action: &str,
    template: &str,
    values: &[(&str, &str)],
) -> Result<()> {
    let small: Vec<(&str, String)> =
        values.iter().map(|(place, value)| (*place, value.to_ascii_lowercase())).collect();
    let small: Vec<(&str, &str)> = small.iter().map(|(place, value)| (*place, value.as_str())).collect();
    cx.may(action, template, &small).await
}
