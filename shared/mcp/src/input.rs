//! The arguments of a call: the common parameters taken out, the rest checked against the tool's schema.

mod reading;

use rmcp::model::JsonObject;

pub(crate) use self::reading::read;
use crate::argument::Named;

/// The parameters that every tool shares, and the tool's own.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) own: JsonObject,
    /// What the tool's own arguments name, as it was parsed.
    pub(crate) named: Named,
    pub(crate) region: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) profile: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) cursor: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) max_chars: Option<usize>,
    pub(crate) dry_run: bool,
    pub(crate) confirm: Option<String>,
}
