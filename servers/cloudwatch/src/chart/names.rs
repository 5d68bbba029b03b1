//! Names of lines that a reader can tell apart, in little room.

/// The names without what all of them begin and end with, up to whole words. Nothing is left out where little would be.
pub(super) fn told_apart(names: &[&str]) -> Vec<String> {
    const WORTH_IT: usize = 8;
    let whole = || names.iter().map(|name| (*name).to_owned()).collect();
    let [first, rest @ ..] = names else { return whole() };
    if rest.is_empty() {
        return whole();
    }
    let start = rest.iter().fold(*first, |start, name| common(start, name));
    let start = words_of_start(start);
    let behind: Vec<&str> = names.iter().map(|name| name.get(start.len()..).unwrap_or_default()).collect();
    let end = behind
        .iter()
        .skip(1)
        .fold(behind.first().copied().unwrap_or_default(), |end, name| common_end(end, name));
    let end = words_of_end(end);
    let (start, end) = (worth(start, WORTH_IT), worth(end, WORTH_IT));
    let dots = |left_out: &str| if left_out.is_empty() { "" } else { "…" };
    names
        .iter()
        .map(|name| {
            let differs = name.get(start.len()..name.len() - end.len()).unwrap_or(name);
            format!("{}{differs}{}", dots(start), dots(end))
        })
        .collect()
}

/// A text of at most so many letters: its middle is left out, since names often differ at their ends.
pub(super) fn without_middle(text: &str, longest: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= longest {
        return text.to_owned();
    }
    let kept = longest.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let start: String = letters.iter().take(head).collect();
    let end: String = letters.iter().skip(letters.len() - tail).collect();
    format!("{start}…{end}")
}

fn worth(text: &str, least: usize) -> &str {
    if text.chars().count() < least { "" } else { text }
}

/// What both begin with.
fn common<'a>(left: &'a str, right: &str) -> &'a str {
    let same = left.char_indices().zip(right.chars()).find(|((_, one), other)| one != other);
    match same {
        Some(((at, _), _)) => left.get(..at).unwrap_or_default(),
        None => left.get(..left.len().min(right.len())).unwrap_or_default(),
    }
}

/// What both end with.
fn common_end<'a>(left: &'a str, right: &str) -> &'a str {
    let same =
        left.char_indices().rev().zip(right.chars().rev()).take_while(|((_, one), other)| one == other);
    same.last().and_then(|((at, _), _)| left.get(at..)).unwrap_or_default()
}

/// Up to and with the last letter that is in no word: a number that all begin with belongs to what differs.
fn words_of_start(start: &str) -> &str {
    let ends = start.char_indices().rev().find(|(_, letter)| !letter.is_alphanumeric());
    ends.and_then(|(at, letter)| start.get(..at + letter.len_utf8())).unwrap_or_default()
}

fn words_of_end(end: &str) -> &str {
    end.find(|letter: char| !letter.is_alphanumeric()).and_then(|at| end.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_all_have_in_common_is_left_out() {
        let names: Vec<String> = (1..=8)
            .map(|n| format!("Many Average web-server-with-a-very-long-host-name-{n:02}.prod.eu-central-1.example.internal"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(told_apart(&names)[..2], ["…01…", "…02…"]);
        assert_eq!(told_apart(&["Errors Sum f", "Errors Sum g"]), ["…f", "…g"]);
        assert_eq!(told_apart(&["Errors", "Calls"]), ["Errors", "Calls"]);
        assert_eq!(told_apart(&["one alone"]), ["one alone"]);
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        assert_eq!(without_middle("abcdefghij", 7), "abc…hij");
        assert_eq!(without_middle("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn names_that_differ_still_do(names in proptest::collection::btree_set("[a-zé -]{0,20}", 2..6)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let apart: std::collections::BTreeSet<String> = told_apart(&names).into_iter().collect();
            prop_assert_eq!(apart.len(), names.len());
        }
    }
}
