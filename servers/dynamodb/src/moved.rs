//! What is no longer as it was when a change was planned.

use awsmcp_mcp::Error;
use serde::{Serialize, Serializer};

use crate::value::{Attributes, fingerprint, identity};

/// An item as a plan saw it: its key, and what was there; nothing where there was none.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: Attributes,
    pub(crate) state: Option<String>,
}

impl Seen {
    pub(crate) fn of(key: Attributes, item: Option<&Attributes>) -> Seen {
        Seen { key, state: item.map(fingerprint) }
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (identity(&self.key), &self.state).serialize(serializer)
    }
}

/// Why an item was left alone.
pub(crate) const LEFT: &str = "it changed while this was planned, and was left as it is";

/// The refusal of a change of something that is not any more what was looked at.
pub(crate) fn moved(what: &str) -> Error {
    Error::conflict(format!("{what} changed while this was planned; nothing was done"))
        .with_next("call again: it looks anew and shows what would happen now")
}
