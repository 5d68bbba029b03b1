//! What a plan saw, looked at once more right before the deed: for changes that AWS takes under no condition of its own.

use awsmcp_mcp::{Error, Result};

/// Lets a change go on only while its object is what the plan saw.
///
/// # Errors
/// When it is another by now. Nothing was done then.
pub(crate) fn unchanged<T: PartialEq>(what: &str, seen: &T, now: &T) -> Result<()> {
    if seen == now {
        return Ok(());
    }
    Err(Error::conflict(format!("{what} changed since it was looked at; nothing was done"))
        .with_next("call again to see what it is now"))
}
