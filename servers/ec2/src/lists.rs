//! Lists of AWS's enums, and of ids.

/// The words of a list of AWS's enums.
pub(crate) fn words<T: ToString>(items: Option<Vec<T>>) -> Vec<String> {
    items.unwrap_or_default().iter().map(ToString::to_string).collect()
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
