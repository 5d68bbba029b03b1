//! One thing made to fit: its longest texts and lists lose their ends, never their beginnings.
//!
//! What was cut is known by its place in the thing, whole, so that it can be said and read on.

use serde_json::Value;

use crate::fence::{self, is_hidden, neutral, neutral_json};

/// A thing that fits.
#[derive(Debug)]
pub(crate) struct Short {
    /// The thing, with marks where something is left out; a text where nothing else fits.
    pub(crate) value: Value,
    /// What was cut.
    pub(crate) cuts: Vec<Cut>,
}

/// A text or list that lost its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Where it stands: `choices.0.text`; empty for the whole.
    pub(crate) path: String,
    /// The whole of a text, or what is left out of a list as JSON, as they may be shown.
    pub(crate) text: String,
    /// The bytes of `text` that are shown.
    pub(crate) from: usize,
    /// How many characters or items are shown, and of how many.
    pub(crate) shown: usize,
    pub(crate) total: usize,
    /// `characters` or `items`.
    pub(crate) unit: &'static str,
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let thousands = crate::thousands;
        if !self.path.is_empty() {
            write!(f, "`{}` ", self.path)?;
        }
        write!(f, "{} of {} {}", thousands(self.shown as u64), thousands(self.total as u64), self.unit)
    }
}

/// The value, cut where its JSON is longer than `budget` characters.
pub(crate) fn to_fit(value: Value, budget: usize) -> Short {
    if size(&value) <= budget {
        return Short { value, cuts: Vec::new() };
    }
    let mut short = value.clone();
    for _ in 0..STEPS {
        let marked = with_marks(&value, &short);
        let excess = size(&marked).saturating_sub(budget);
        if excess == 0 {
            let mut cuts = Vec::new();
            compare(&value, &short, &mut Vec::new(), &mut cuts);
            return Short { value: marked, cuts };
        }
        if !shrink(&mut short, excess) {
            break;
        }
    }
    beginning(&value, budget)
}

/// The beginning of a value's JSON, where it has too many small parts to cut any of them.
fn beginning(value: &Value, budget: usize) -> Short {
    let text = neutral_json(value.to_string());
    let total = text.chars().count();
    let head = head(&text, budget.saturating_sub(MARK)).to_owned();
    let shown = head.chars().count();
    Short {
        value: Value::String(format!("{head}{}", left_out(total - shown))),
        cuts: vec![Cut { path: String::new(), from: head.len(), text, shown, total, unit: "characters" }],
    }
}

/// The room that a mark takes at most.
pub(crate) const MARK: usize = 40;
/// How often something is cut before only the beginning of the whole is shown: what needs more has many small parts.
const STEPS: usize = 100;
/// A text that takes no more room than this is not cut, and no text is cut to less.
const SHORTEST: usize = 80;

/// The mark behind the beginning of what was cut.
pub(crate) fn left_out(count: usize) -> String {
    format!("…<{} characters left out>", crate::thousands(count as u64))
}

/// How many characters a value's JSON has where it is shown.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 2 + text.chars().map(width).sum::<usize>(),
        Value::Array(items) => 1 + items.len().max(1) + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => {
            let named =
                |(name, value): (&String, &Value)| 3 + name.chars().map(width).sum::<usize>() + size(value);
            1 + fields.len().max(1) + fields.iter().map(named).sum::<usize>()
        }
        other => other.to_string().len(),
    }
}

/// How many characters JSON shows for one.
fn width(letter: char) -> usize {
    match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        hidden if is_hidden(hidden) => 6 * hidden.len_utf16(),
        _ => 1,
    }
}

/// Takes away about `excess` characters from the end of the largest part; says whether it could.
fn shrink(value: &mut Value, excess: usize) -> bool {
    let whole = size(value);
    match value {
        Value::Object(fields) => shrink_largest(fields.values_mut(), excess),
        Value::Array(items) => {
            let most = items.iter().map(size).max().unwrap_or(0);
            // A list of many loses its tail; what dominates a list is cut itself.
            if items.len() > 1 && most * 2 < whole {
                let room = whole.saturating_sub(excess + MARK);
                let mut used = 1;
                let fits = items.iter().take_while(|item| {
                    used += size(item) + 1;
                    used <= room
                });
                let fits = fits.count().clamp(1, items.len() - 1);
                items.truncate(fits);
                return true;
            }
            if shrink_largest(items.iter_mut(), excess) {
                return true;
            }
            let several = items.len() > 1;
            if several {
                items.truncate(items.len() / 2);
            }
            several
        }
        Value::String(text) => {
            if whole <= SHORTEST {
                return false;
            }
            let room = whole.saturating_sub(excess + MARK);
            let mut used = 2;
            let mut end = text
                .char_indices()
                .find(|(_, letter)| {
                    used += width(*letter);
                    used > room.max(SHORTEST)
                })
                .map_or(text.len(), |(at, _)| at);
            // A line's end is not torn apart.
            if text.get(..end).is_some_and(|head| head.ends_with('\r')) {
                end -= 1;
            }
            let is_shorter = end < text.len();
            text.truncate(end);
            is_shorter
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Shrinks the largest part that can be shrunk, but not much below the next: two large ones are cut alike.
fn shrink_largest<'a>(parts: impl Iterator<Item = &'a mut Value>, excess: usize) -> bool {
    const TRIED: usize = 4;
    let mut parts: Vec<(usize, &mut Value)> = parts.map(|part| (size(part), part)).collect();
    parts.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let next: Vec<usize> = parts.iter().skip(1).map(|(size, _)| *size).chain([0]).collect();
    let mut tried = parts.into_iter().zip(next).take(TRIED);
    tried.any(|((own, part), next)| {
        let fair = (own - next.min(own)).max(own / 3).max(1);
        shrink(part, excess.min(fair))
    })
}

/// The short form with a mark behind each text that was cut.
fn with_marks(whole: &Value, short: &Value) -> Value {
    match (whole, short) {
        (Value::String(whole), Value::String(short)) if short.len() < whole.len() => {
            let count = whole.chars().count() - short.chars().count();
            Value::String(format!("{short}{}", left_out(count)))
        }
        (Value::Array(whole), Value::Array(short)) => {
            whole.iter().zip(short).map(|(whole, short)| with_marks(whole, short)).collect()
        }
        (Value::Object(whole), Value::Object(short)) => Value::Object(
            short
                .iter()
                .map(|(name, short)| (name.clone(), with_marks(whole.get(name).unwrap_or(short), short)))
                .collect(),
        ),
        _ => short.clone(),
    }
}

/// What the whole has and the short form has not.
fn compare(whole: &Value, short: &Value, path: &mut Vec<String>, cuts: &mut Vec<Cut>) {
    match (whole, short) {
        (Value::String(whole), Value::String(short)) if short.len() < whole.len() => {
            cuts.push(Cut {
                path: named(path),
                text: fence::text(whole).into_owned(),
                from: fence::text(short).len(),
                shown: short.chars().count(),
                total: whole.chars().count(),
                unit: "characters",
            });
        }
        (Value::Array(whole), Value::Array(short)) => {
            for (at, (whole, short)) in whole.iter().zip(short).enumerate() {
                path.push(at.to_string());
                compare(whole, short, path, cuts);
                path.pop();
            }
            if let Some(rest) = whole.get(short.len()..).filter(|rest| !rest.is_empty()) {
                cuts.push(Cut {
                    path: named(path),
                    text: neutral_json(Value::from(rest).to_string()),
                    from: 0,
                    shown: short.len(),
                    total: whole.len(),
                    unit: "items",
                });
            }
        }
        (Value::Object(whole), Value::Object(short)) => {
            for (name, short) in short {
                path.push(neutral(name).into_owned());
                compare(whole.get(name).unwrap_or(short), short, path, cuts);
                path.pop();
            }
        }
        _ => {}
    }
}

fn named(path: &[String]) -> String {
    path.join(".")
}

/// At most so many characters of a text in which what is hidden is written out; no escape is torn apart.
pub(crate) fn head(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    let head = text.get(..end).unwrap_or_default();
    let Some(at) = head.rfind('\\').filter(|at| head.len() - at < 6) else { return head };
    // Of a row of backslashes, the last one begins an escape if their count is odd.
    let before = head.get(..=at).unwrap_or_default();
    let is_open = before.chars().rev().take_while(|letter| *letter == '\\').count() % 2 == 1;
    let tail = head.get(at + 1..).unwrap_or_default();
    let is_torn = tail.is_empty() || tail.starts_with('u') && tail.len() < 5;
    if is_open && is_torn { head.get(..at).unwrap_or(head) } else { head }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(value: &Value) -> String {
        neutral_json(value.to_string())
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_the_others_stay_whole() {
        let text: String = (0..10_000).map(|at| format!("{at} ")).collect();
        let short = to_fit(json!({"stop": "end", "text": text, "tokens": {"out": 5}}), 2_000);
        let head = short.value["text"].as_str().unwrap().split('…').next().unwrap();
        assert!(head.chars().count() > 1_800 && text.starts_with(head), "{head}");
        assert_eq!(short.value["tokens"], json!({"out": 5}));
        assert_eq!(short.cuts.len(), 1);
        let cut = &short.cuts[0];
        assert_eq!((cut.path.as_str(), cut.from, cut.text.as_str()), ("text", head.len(), text.as_str()));
        assert_eq!(
            cut.to_string(),
            format!("`text` {} of 48,890 characters", crate::thousands(cut.shown as u64))
        );
    }

    #[test]
    fn two_long_texts_are_cut_alike() {
        let short = to_fit(json!({"a": "x".repeat(5000), "b": "y".repeat(4000), "c": "short"}), 1000);
        let lengths: Vec<usize> = short.cuts.iter().map(|cut| cut.shown).collect();
        assert!(lengths.len() == 2 && lengths.iter().all(|length| *length > 250), "{lengths:?}");
    }

    #[test]
    fn a_long_list_keeps_its_first_items_whole() {
        let rows: Vec<Value> = (0..1000).map(|n| json!({"name": format!("row-{n}")})).collect();
        let short = to_fit(json!({"rows": rows, "more": true}), 2_000);
        let kept = short.value["rows"].as_array().unwrap().len();
        assert!(kept > 80, "{kept}");
        assert_eq!(short.cuts[0].to_string(), format!("`rows` {kept} of 1,000 items"));
        let rest: Vec<Value> = serde_json::from_str(&short.cuts[0].text).unwrap();
        assert_eq!(rest, rows[kept..]);
    }

    #[test]
    fn what_has_only_small_parts_shows_its_beginning() {
        let fields: serde_json::Map<_, _> = (0..500).map(|n| (format!("f{n}"), json!(n))).collect();
        let short = to_fit(Value::Object(fields), 300);
        assert!(short.value.as_str().unwrap().starts_with("{\"f0\":0,\"f1\":1,"), "{:?}", short.value);
        assert_eq!(short.cuts.len(), 1);
        assert!(short.cuts[0].text.ends_with("\"f499\":499}"));
    }

    #[test]
    fn no_escape_is_torn_apart() {
        for most in 0..20 {
            let head = head("ab\\u202e\\\\c\\nd", most);
            assert!(
                [
                    "",
                    "a",
                    "ab",
                    "ab\\u202e",
                    "ab\\u202e\\\\",
                    "ab\\u202e\\\\c",
                    "ab\\u202e\\\\c\\n",
                    "ab\\u202e\\\\c\\nd"
                ]
                .contains(&head),
                "{head}"
            );
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(1.5)),
            ".{0,400}".prop_map(Value::from),
            "[a\\\\\"\n\u{200b}]{0,400}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 40, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                proptest::collection::btree_map(".{0,20}", inner, 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever is cut is known whole, and what is shown is where it begins.
        #[test]
        fn nothing_is_lost(value in values(), budget in 200usize..2000) {
            prop_assert_eq!(size(&value), shown(&value).chars().count());
            let short = to_fit(value.clone(), budget);
            if let [Cut { path, text, from, .. }] = short.cuts.as_slice() && path.is_empty() && short.value.is_string() && !value.is_string() {
                let whole = shown(&value);
                prop_assert_eq!(text, &whole);
                prop_assert!(short.value.as_str().unwrap().starts_with(&whole[..*from]));
                prop_assert!(short.value.as_str().unwrap().chars().count() <= budget);
            } else {
                prop_assert!(shown(&short.value).chars().count() <= budget);
                prop_assert_eq!(short.cuts.is_empty(), short.value == value);
                for cut in &short.cuts {
                    prop_assert!(cut.text.is_char_boundary(cut.from));
                    prop_assert!(cut.from <= cut.text.len() && cut.shown < cut.total);
                }
            }
        }
    }
}
