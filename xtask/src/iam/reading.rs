//! Whether an operation reads, as its name says.

/// The words that the name of an operation begins with where it leaves everything as it was.
const WORDS: &[&str] = &[
    "BatchGet", "Check", "Converse", "Count", "Describe", "Estimate", "Filter", "Get", "Head", "List",
    "Lookup", "Preview", "Query", "Retrieve", "Scan", "Search", "Select", "Simulate", "Test",
];

/// Whether an operation such as `ListBuckets` reads.
pub(super) fn reads(operation: &str) -> bool {
    WORDS.iter().any(|word| {
        // A whole word: `Settle` does not begin with `Set`.
        operation
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_with_a_word_of_looking_reads() {
        for operation in
            ["ListBuckets", "GetObject", "HeadObject", "Query", "Scan", "BatchGetItem", "Converse"]
        {
            assert!(reads(operation), "{operation}");
        }
        for operation in
            ["PutObject", "DeleteObject", "Listen", "Getaway", "BatchWriteItem", "UpdateQuery", ""]
        {
            assert!(!reads(operation), "{operation}");
        }
    }
}
