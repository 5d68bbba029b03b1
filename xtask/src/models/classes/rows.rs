//! The tables of xtask/data/operations: a row a line, `key: left = right`, and behind `#` the reason.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// One line of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) left: Vec<String>,
    pub(super) right: Vec<String>,
}

/// Reads a table.
pub(super) fn read(directory: &Path, name: &str) -> Result<Vec<Row>> {
    let path = directory.join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    rows(&text).with_context(|| path.display().to_string())
}

fn rows(text: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if line.is_empty() {
            continue;
        }
        let (key, rest) =
            line.split_once(": ").with_context(|| format!("{line:?} has no key before a colon"))?;
        let (left, right) = rest.split_once(" = ").unwrap_or((rest, ""));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let row = Row { key: key.to_owned(), left: words(left), right: words(right) };
        ensure!(!row.left.is_empty(), "{line:?} says nothing");
        rows.push(row);
    }
    Ok(rows)
}

/// Whether a name is what a pattern says; its `*` is any text.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, rest)) => name.strip_prefix(before).is_some_and(|name| {
            let mut ends = (0..=name.len()).filter_map(|at| name.get(at..));
            ends.any(|name| fits(rest, name))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_key_and_two_sides_and_a_reason() {
        let rows =
            rows("# A table.\n\ns3: ListObjects ListObjectsV2 = s3:ListBucket # lists\nlook: Get\n").unwrap();
        let shown: Vec<_> =
            rows.iter().map(|row| (row.key.as_str(), row.left.len(), row.right.len())).collect();
        assert_eq!(shown, [("s3", 2, 1), ("look", 1, 0)]);
        assert!(super::rows("nothing").is_err());
    }

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name, wanted) in [
            ("Get*", "GetItem", true),
            ("*", "", true),
            ("Start*Job", "StartBigJob", true),
            ("Start*Job", "StartJobs", false),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
