//! What tells whether a local file is still the one that a plan saw.

use std::time::SystemTime;

use awsmcp_mcp::{
    Error, Result,
    files::{Leaf, Opened},
};
use serde::{Serialize, Serializer};

/// What tells whether a local file is still the one that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    #[serde(serialize_with = "exactly")]
    pub(crate) modified: SystemTime,
}

/// Times before 1970 too.
fn exactly<S: Serializer>(time: &SystemTime, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:?}"))
}

impl From<&Opened> for Stamp {
    fn from(file: &Opened) -> Stamp {
        Stamp { size: file.size, modified: file.modified }
    }
}

impl From<&Leaf> for Stamp {
    fn from(leaf: &Leaf) -> Stamp {
        Stamp { size: leaf.size, modified: leaf.modified }
    }
}

/// # Errors
/// When the local file is another than the one that was looked at.
pub(crate) fn unchanged(seen: Option<Stamp>, now: Option<Stamp>) -> Result<()> {
    match now == seen {
        true => Ok(()),
        false => Err(Error::conflict("the local file changed since the plan, and was left as it is")
            .with_next("call again: the plan is then of what is there now")),
    }
}
