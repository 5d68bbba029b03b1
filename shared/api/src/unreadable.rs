//! The one way in which a model or an index fails.

/// A model that cannot be read: the build was made wrongly.
#[derive(Debug, thiserror::Error)]
#[error("the model of {name} cannot be read: {reason}")]
pub struct Unreadable {
    name: String,
    reason: String,
}

impl Unreadable {
    pub(crate) fn new(name: &str, reason: impl std::fmt::Display) -> Unreadable {
        Unreadable { name: name.to_owned(), reason: reason.to_string() }
    }
}
