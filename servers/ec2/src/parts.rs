//! Parts of an answer that may be missing.

use awsmcp_mcp::{Call, Error, Result};

use crate::Ec2;

/// A part that cannot be read is a note, not the end of the answer.
pub(crate) fn part<T, E: Into<Error>>(cx: &Call<Ec2>, what: &str, asked: Result<T, E>) -> Option<T> {
    match asked.map_err(Into::into) {
        Ok(found) => Some(found),
        Err(error) => {
            cx.note(format!("{what} could not be read: {}", error.message));
            None
        }
    }
}

/// The words of a list of AWS's enums.
pub(crate) fn words<T: ToString>(items: Option<Vec<T>>) -> Vec<String> {
    items.unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// `1 volume`, `2 volumes`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The ids, each once, in their order: what is named twice is one thing.
pub(crate) fn once<T: ToString>(ids: &[T]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for id in ids.iter().map(ToString::to_string) {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    found
}
