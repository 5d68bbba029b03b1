//! What the builders of the SDK answer.

use aws_smithy_types::error::operation::BuildError;
use awsmcp_mcp::Error;

/// What a builder of the SDK misses: nothing that a caller could have left out.
pub(crate) fn missing(error: BuildError) -> Error {
    Error::internal(error.to_string())
}
