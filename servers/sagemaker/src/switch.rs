//! Machines that are started and stopped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Started,
    Stopped,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    pub(crate) name: String,
    pub(crate) status: Option<String>,
}
