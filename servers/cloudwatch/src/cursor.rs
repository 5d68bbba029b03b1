//! A place in a list as the text of a page token.

use awsmcp_mcp::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) fn token(place: &impl Serialize) -> Result<String> {
    serde_json::to_string(place).map_err(|error| Error::internal(error.to_string()))
}

/// The place that a page token names; none at the beginning.
pub(crate) fn place<T: DeserializeOwned>(token: Option<String>) -> Result<Option<T>> {
    let Some(token) = token else { return Ok(None) };
    serde_json::from_str(&token)
        .map(Some)
        .map_err(|_| Error::invalid("`cursor` is damaged; pass the text after `next:` as it is"))
}
