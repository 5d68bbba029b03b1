//! What a plan saw, looked at once more right before the deed: for changes that AWS takes under no condition of its own.

use crate::{Call, Error, Result, Service};

/// Lets a change go on only while its object is what the plan saw.
///
/// # Errors
/// When it is another by now. Nothing was done then.
pub fn unchanged<T: PartialEq>(what: &str, seen: &T, now: &T) -> Result<()> {
    if seen == now { Ok(()) } else { Err(moved(what)) }
}

/// The refusal of a change whose object is no longer what the plan saw.
pub fn moved(what: &str) -> Error {
    Error::conflict(format!("{what} changed since the plan; nothing was done"))
        .with_next("call again to see what it is now")
}

impl<S: Service> Call<S> {
    /// Those of several things, each under its name, that are still what the plan saw. A note names the others, which are
    /// left alone.
    ///
    /// # Errors
    /// When none is. Nothing was done then.
    pub fn still<T: PartialEq>(&self, seen: Vec<(String, T)>, now: &[(String, T)]) -> Result<Vec<String>> {
        let (same, others): (Vec<_>, Vec<_>) = seen.into_iter().partition(|known| now.contains(known));
        let names = |known: Vec<(String, T)>| known.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (same, others) = (names(same), names(others));
        if others.is_empty() {
            return Ok(same);
        }
        if same.is_empty() {
            return Err(moved(&others.join(", ")));
        }
        self.note(format!("changed since the plan, and left as they were: {}", others.join(", ")));
        Ok(same)
    }
}
