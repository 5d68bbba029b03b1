//! What is no longer as it was when a change was planned.

use awsmcp_mcp::Error;

/// The refusal of a change of something that is not any more what was looked at.
pub(crate) fn moved(what: &str) -> Error {
    Error::conflict(format!("{what} changed while this was planned; nothing was done"))
        .with_next("call again: it looks anew and shows what would happen now")
}
