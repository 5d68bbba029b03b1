//! Numbers as a reader wants them.

use std::time::Duration;

/// One part of the report.
pub(super) struct Section {
    pub(super) title: String,
    /// Markdown.
    pub(super) text: String,
    /// What is over its limit.
    pub(super) missed: Vec<String>,
}

/// The whole document.
pub(super) fn text(facts: &str, sections: &[Section]) -> String {
    let mut text = format!(
        "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit.\nWhat stands side by side was measured in one \
         run, in turns. A limit is what the project demands of itself.\n\n{facts}"
    );
    for section in sections {
        text.push_str(&format!("\n## {}\n\n{}", section.title, section.text));
    }
    text
}

/// The document with these sections in place of their old ones, or behind the others; `moment` says when they were
/// measured and on what, which the head of the document says of the others.
pub(super) fn replaced(old: &str, moment: &str, sections: &[Section]) -> String {
    let mut parts: Vec<String> = old.split("\n## ").map(str::to_owned).collect();
    for section in sections {
        let text = format!("{}\n\n{}\n{moment}\n", section.title, section.text);
        let is_old = |part: &&mut String| part.lines().next() == Some(section.title.as_str());
        match parts.iter_mut().skip(1).find(is_old) {
            Some(part) => *part = text,
            None => parts.push(text),
        }
    }
    parts.join("\n## ")
}

/// Measured values, sorted.
pub(super) struct Sample(Vec<f64>);

impl Sample {
    pub(super) fn new(values: impl IntoIterator<Item = f64>) -> Sample {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Sample(values)
    }

    pub(super) fn milliseconds(times: &[Duration]) -> Sample {
        Sample::new(times.iter().map(|time| time.as_secs_f64() * 1e3))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub(super) fn least(&self) -> f64 {
        self.at(0.0)
    }

    pub(super) fn most(&self) -> f64 {
        self.at(1.0)
    }

    /// The value that this share of all is not above: 0.95 for p95.
    pub(super) fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let index = ((last as f64) * share).ceil() as usize;
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// A table of Markdown.
pub(super) struct Table {
    rows: Vec<String>,
    missed: Vec<String>,
}

impl Table {
    pub(super) fn new(header: &[&str]) -> Table {
        let rules: Vec<&str> =
            header.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }).collect();
        Table { rows: vec![line(header), line(&rules)], missed: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: &[&str]) {
        self.rows.push(line(cells));
    }

    /// The cell of a limit, and the note if it is missed.
    pub(super) fn limit(&mut self, what: &str, value: f64, most: f64, unit: &str) -> String {
        limit(&mut self.missed, what, value, most, unit)
    }

    pub(super) fn text(&self) -> String {
        self.rows.concat()
    }

    pub(super) fn section(self, title: impl Into<String>, notes: &str) -> Section {
        let mut text = self.text();
        if !notes.is_empty() {
            text.push_str(&format!("\n{notes}\n"));
        }
        Section { title: title.into(), text, missed: self.missed }
    }
}

/// The cell of a limit. One that is missed is noted.
pub(super) fn limit(missed: &mut Vec<String>, what: &str, value: f64, most: f64, unit: &str) -> String {
    if value <= most {
        return format!("{} {unit}: met", number(most));
    }
    missed.push(format!("{what}: {} {unit}, at most {} {unit}", number(value), number(most)));
    format!("{} {unit}: **missed**", number(most))
}

fn line(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// A number with three digits that count, and commas in long ones.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
    let rest = rest.trim_end_matches('0');
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{rest}") }
}

/// How many times as much the second is.
pub(super) fn times(ours: f64, theirs: f64) -> String {
    format!("{} ×", number(theirs / ours))
}

/// Bytes as MiB.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0126, 1.5, 12.34, 1234.5, 20_000_000.0, -3.0].map(number);
        assert_eq!(shown, ["0.013", "1.5", "12.3", "1,234", "20,000,000", "-3"]);
    }

    #[test]
    fn a_sample_knows_its_shares() {
        let sample = Sample::new((1..=101).rev().map(f64::from));
        assert_eq!(
            (sample.least(), sample.median(), sample.at(0.95), sample.most()),
            (1.0, 51.0, 96.0, 101.0)
        );
    }

    #[test]
    fn a_section_that_was_measured_alone_takes_its_own_place() {
        let section = |title: &str, text: &str| Section {
            title: title.to_owned(),
            text: text.to_owned(),
            missed: Vec::new(),
        };
        let whole = text("|  |\n", &[section("A", "| 1 |\n"), section("B", "| 2 |\n")]);
        let again = replaced(&whole, "Later.", &[section("A", "| 3 |\n"), section("C", "| 4 |\n")]);
        let head = whole.split("\n## ").next().unwrap();
        assert_eq!(
            again,
            format!("{head}\n## A\n\n| 3 |\n\nLater.\n\n## B\n\n| 2 |\n\n## C\n\n| 4 |\n\nLater.\n")
        );
    }

    #[test]
    fn a_missed_limit_is_named() {
        let mut table = Table::new(&["what", "ours"]);
        assert_eq!(table.limit("start", 9.0, 10.0, "ms"), "10 ms: met");
        assert_eq!(table.limit("size", 20_001.0, 20_000.0, "B"), "20,000 B: **missed**");
        let section = table.section("S", "Note.");
        assert_eq!(section.missed, ["size: 20,001 B, at most 20,000 B"]);
        assert_eq!(section.text, "| what | ours |\n| --- | ---: |\n\nNote.\n");
    }
}
