//! Which lines match, and what is shown of them.

use std::{borrow::Cow, collections::VecDeque, ops::BitOrAssign};

use regex::bytes::Regex;

use super::Row;
use crate::text::Line;

/// A row that was found, and where the search goes on behind it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) row: Row,
    pub(super) line: u64,
    pub(super) offset: u64,
    /// How many lines behind the last match are still to be shown.
    pub(super) after: usize,
}

/// What was not whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cuts {
    /// Lines as they are shown.
    pub(super) shown: bool,
    /// Lines as they are searched.
    pub(super) searched: bool,
}

impl BitOrAssign for Cuts {
    fn bitor_assign(&mut self, other: Cuts) {
        self.shown |= other.shown;
        self.searched |= other.searched;
    }
}

/// How matches are looked for, and what is shown of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) regex: &'a Regex,
    /// Lines before and after.
    pub(super) context: usize,
    /// Characters of a line that are shown.
    pub(super) width: usize,
    /// Whether lines are only counted.
    pub(super) counts: bool,
}

/// Finds matches line by line, with the lines around them.
pub(super) struct Matcher<'a> {
    rules: Rules<'a>,
    name: Option<&'a str>,
    /// Whether bytes of a line are bytes of the contents.
    places: bool,
    before: VecDeque<Found>,
    pub(super) after: usize,
    pub(super) rows: Vec<Found>,
    /// How many lines match.
    pub(super) count: u64,
    pub(super) cut: Cuts,
    /// The last line that was counted: one that comes in pieces counts once.
    counted: u64,
}

impl<'a> Matcher<'a> {
    /// Before a line; so many lines behind an earlier match are still to be shown.
    pub(super) fn new(rules: Rules<'a>, name: Option<&'a str>, places: bool, after: usize) -> Self {
        Matcher {
            rules,
            name,
            places,
            before: VecDeque::new(),
            after,
            rows: Vec::new(),
            count: 0,
            cut: Cuts::default(),
            counted: 0,
        }
    }

    pub(super) fn take(&mut self, line: &Line<'_>) {
        let Rules { regex, context, width, counts } = self.rules;
        let searched = searchable(line.bytes);
        self.cut.searched |= !line.ends;
        if counts {
            self.matched(line, regex.is_match(&searched));
            return;
        }
        let next = (line.number + u64::from(line.ends), line.next);
        let mut from = 0;
        let mut matched = false;
        while let Some(found) = regex.find_at(&searched, from) {
            let shown = Window::around(line.bytes, found.start(), found.end(), width);
            let whole = shown.start == 0 && shown.end == line.bytes.len();
            if !matched {
                self.rows.extend(self.before.drain(..));
                self.matched(line, true);
            }
            matched = true;
            self.cut.shown |= !whole;
            let byte = (!whole && self.places).then(|| line.offset + found.start() as u64);
            let (at, offset) = if whole { next } else { (line.number, line.offset + shown.end as u64) };
            let row = self.row(line.number, byte, true, shown.text);
            self.rows.push(Found { row, line: at, offset, after: 0 });
            if shown.end >= line.bytes.len() {
                break;
            }
            // Matches that this row shows too need no row of their own.
            from = shown.end;
        }
        if matched {
            // Behind the last match of the line the next line follows.
            if let Some(last) = self.rows.last_mut() {
                (last.line, last.offset, last.after) = (next.0, next.1, context);
            }
            self.after = context;
        } else if context > 0 {
            let shown = Window::around(line.bytes, 0, 0, width);
            self.cut.shown |= shown.end < line.bytes.len();
            let row = self.row(line.number, None, false, shown.text);
            let found = |after: usize| Found { row, line: next.0, offset: next.1, after };
            if self.after > 0 {
                self.after -= 1;
                self.rows.push(found(self.after));
            } else {
                self.before.push_back(found(0));
                if self.before.len() > context {
                    self.before.pop_front();
                }
            }
        }
    }

    fn matched(&mut self, line: &Line<'_>, matches: bool) {
        if matches && self.counted != line.number {
            self.count += 1;
            self.counted = line.number;
        }
    }

    fn row(&self, line: u64, byte: Option<u64>, matches: bool, text: String) -> Row {
        let matches = (self.rules.context > 0).then_some(matches);
        Row {
            key: self.name.map(str::to_owned),
            line: Some(line),
            byte,
            matches,
            text: Some(text),
            count: None,
        }
    }
}

/// The line as it is searched: `.` and classes stand for no byte that is not of a character, so one such byte would hide
/// the line. Each is a question mark here, which keeps every place where it is.
fn searchable(line: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(line).is_ok() {
        return Cow::Borrowed(line);
    }
    let mut plain = Vec::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        plain.extend_from_slice(chunk.valid().as_bytes());
        plain.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    Cow::Owned(plain)
}

/// The part of a line that is shown.
struct Window {
    start: usize,
    end: usize,
    text: String,
}

impl Window {
    /// At most `width` bytes, and more of what is behind a match than of what is before it.
    fn around(line: &[u8], start: usize, end: usize, width: usize) -> Window {
        let width = width.max(20);
        if line.len() <= width {
            return Window { start: 0, end: line.len(), text: String::from_utf8_lossy(line).into_owned() };
        }
        let room = width.saturating_sub(end - start);
        let from = start.saturating_sub(room / 3).min(line.len() - width);
        let is_inside = |at: usize| line.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte));
        let from = (from..from + 4).find(|at| !is_inside(*at)).unwrap_or(from).min(start.max(from));
        let to = (from + width).min(line.len());
        let to = (to.saturating_sub(3)..=to).rev().find(|at| !is_inside(*at)).unwrap_or(to).max(from + 1);
        let text = String::from_utf8_lossy(line.get(from..to).unwrap_or_default()).into_owned();
        let left = if from > 0 { "…" } else { "" };
        let right = if to < line.len() { "…" } else { "" };
        Window { start: from, end: to, text: format!("{left}{text}{right}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::Splitter;

    fn rows(pattern: &str, content: &str, context: usize, width: usize) -> Vec<(u64, Option<bool>, String)> {
        let regex = Regex::new(pattern).unwrap();
        let mut matcher = Matcher::new(Rules { regex: &regex, context, width, counts: false }, None, true, 0);
        let mut splitter = Splitter::new(1, 0);
        splitter.push(content.as_bytes());
        while let Some(line) = splitter.next(true) {
            matcher.take(&line);
        }
        let shown = |Found { row, .. }| (row.line.unwrap(), row.matches, row.text.unwrap());
        matcher.rows.into_iter().map(shown).collect()
    }

    #[test]
    fn matching_lines_are_found_with_the_lines_around() {
        let content = "a\nb\nhit 1\nc\nhit 2\nd\ne\nf\n";
        let plain: Vec<u64> = rows("hit", content, 0, 300).iter().map(|row| row.0).collect();
        assert_eq!(plain, [3, 5]);
        let around: Vec<(u64, Option<bool>)> =
            rows("hit", content, 1, 300).into_iter().map(|row| (row.0, row.1)).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(around, [(2, no), (3, yes), (4, no), (5, yes), (6, no)]);
    }

    #[test]
    fn a_byte_that_is_no_text_does_not_hide_its_line() {
        let regex = Regex::new("ERROR.*timeout").unwrap();
        let rules = Rules { regex: &regex, context: 0, width: 300, counts: false };
        let mut matcher = Matcher::new(rules, None, true, 0);
        let mut splitter = Splitter::new(1, 0);
        splitter.push(b"fine\nERROR user=J\xf6rg request timeout\n");
        while let Some(line) = splitter.next(true) {
            matcher.take(&line);
        }
        let found: Vec<&str> = matcher.rows.iter().filter_map(|found| found.row.text.as_deref()).collect();
        assert_eq!(found, ["ERROR user=J\u{fffd}rg request timeout"]);
        assert_eq!(searchable(b"\xf6a\xff"), b"?a?".as_slice());
    }

    #[test]
    fn a_long_line_is_cut_around_each_match() {
        let content = format!("{}needle{}needle{}", "x".repeat(500), "y".repeat(500), "z".repeat(500));
        let found = rows("needle", &content, 0, 60);
        assert_eq!(found.len(), 2);
        for (line, _, text) in found {
            assert_eq!(line, 1);
            assert!(text.starts_with('…') && text.ends_with('…') && text.contains("needle"), "{text}");
        }
        assert_eq!(rows("needle", "needle needle needle", 0, 60).len(), 1);
    }

    proptest! {
        #[test]
        fn no_line_makes_cutting_panic(line in proptest::collection::vec(any::<u8>(), 0..200), start in 0usize..200, length in 0usize..50, width in 0usize..90) {
            let start = start.min(line.len());
            let end = (start + length).min(line.len());
            let window = Window::around(&line, start, end, width);
            prop_assert!(window.start <= start, "{} {}", window.start, start);
            prop_assert!(window.end <= line.len());
            prop_assert!(window.end > start || start == line.len());
        }

        #[test]
        fn every_matching_line_is_found(lines in proptest::collection::vec("[abx]{0,80}", 0..20), width in 20usize..60) {
            let found: std::collections::BTreeSet<u64> = rows("x", &lines.join("\n"), 0, width).iter().map(|row| row.0).collect();
            let wanted = (1..).zip(&lines).filter(|(_, line)| line.contains('x')).map(|(number, _)| number).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
