//! A page of a search: the rows that fit, and what was not searched.

use awsmcp_mcp::{Call, neutral, thousands};

use super::{Inside, Row, matching::Found, scanning::Outcome};
use crate::S3;

/// The rows of a page, as many as fit.
pub(super) struct Gathered {
    pub(super) rows: Vec<Row>,
    limit: usize,
    /// How many characters are left.
    left: usize,
}

impl Gathered {
    pub(super) fn new(cx: &Call<S3>) -> Self {
        let limit = usize::try_from(cx.limit()).unwrap_or(usize::MAX).max(1);
        // The header of the table needs its place too.
        Gathered { rows: Vec::new(), limit, left: cx.budget().saturating_sub(40) }
    }

    /// Takes the rows that fit; says where the next page starts inside the object, if it does.
    pub(super) fn take(&mut self, outcome: Outcome) -> Option<Inside> {
        let mut behind = Inside::default();
        for Found { row, line, offset, after } in outcome.rows {
            if self.rows.len() >= self.limit || (size(&row) > self.left && !self.rows.is_empty()) {
                return Some(behind);
            }
            self.push(row);
            behind = Inside { line, offset, etag: outcome.etag.clone(), after };
        }
        outcome.stopped
    }

    pub(super) fn push(&mut self, row: Row) {
        self.left = self.left.saturating_sub(size(&row));
        self.rows.push(row);
    }

    /// Whether it is not sure that another row fits.
    pub(super) fn is_full(&self) -> bool {
        const LONGEST_KEY: usize = 1100;
        self.rows.len() >= self.limit || self.left < LONGEST_KEY
    }
}

/// The characters that a row takes, with the tabs between its cells and the end of its line.
fn size(row: &Row) -> usize {
    let text = |text: &Option<String>| text.as_deref().map_or(0, |text| neutral(text).chars().count() + 1);
    let number = |number: Option<u64>| number.map_or(0, |number| number.to_string().len() + 1);
    // Where one row has a byte, the others have an empty cell.
    let byte = number(row.byte).max(1);
    let matches = row.matches.map_or(0, |_| "false".len() + 1);
    text(&row.key) + number(row.line) + byte + matches + text(&row.text) + number(row.count)
}

/// What was not searched, by reason, with the first few names.
#[derive(Default)]
pub(super) struct Skipped(Vec<(String, usize, Vec<String>)>);

impl Skipped {
    pub(super) fn add(&mut self, why: &str, key: &str) {
        const NAMED: usize = 3;
        match self.0.iter_mut().find(|(reason, ..)| reason == why) {
            Some((_, count, keys)) => {
                *count += 1;
                if keys.len() < NAMED {
                    keys.push(key.to_owned());
                }
            }
            None => self.0.push((why.to_owned(), 1, vec![key.to_owned()])),
        }
    }

    pub(super) fn text(&self) -> String {
        let part = |(why, count, keys): &(String, usize, Vec<String>)| {
            let more = if *count > keys.len() { ", …" } else { "" };
            format!("{} {why}: {}{more}", thousands(*count as u64), keys.join(", "))
        };
        match self.0.as_slice() {
            [] => String::new(),
            some => format!(
                "; not or not wholly searched: {}",
                some.iter().map(part).collect::<Vec<_>>().join("; ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_searched_is_named() {
        let mut skipped = Skipped::default();
        assert_eq!(skipped.text(), "");
        for key in ["a", "b", "c", "d"] {
            skipped.add("archived", key);
        }
        skipped.add("binary", "e");
        assert_eq!(skipped.text(), "; not or not wholly searched: 4 archived: a, b, c, …; 1 binary: e");
    }

    #[test]
    fn a_row_is_as_long_as_it_is_shown() {
        let row = Row {
            key: Some("a\u{1}b".to_owned()),
            line: Some(12),
            text: Some("text".to_owned()),
            ..Row::default()
        };
        assert_eq!(size(&row), "a\\u0001b\t12\t\ttext\n".chars().count());
    }
}
