//! Words as they are compared: lower case, without endings.

/// What says nothing.
const EMPTY: [&str; 44] = [
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for",
    "from", "have", "i", "in", "into", "is", "it", "its", "me", "my", "not", "of", "on", "or", "our", "s",
    "so", "some", "that", "the", "there", "this", "to", "want", "was", "we", "with", "you", "your",
];

/// The pieces of a text that are words: what is written in capitals and small letters is taken apart, so that
/// `CreateDBSnapshot` is `Create`, `DB`, `Snapshot`.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).flat_map(humps)
}

/// A word of letters and digits, taken apart at its capitals.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let letters = word.as_bytes();
    let mut start = 0;
    let mut ends = (1..=letters.len()).filter(move |at| {
        let is = |at: usize, is: fn(&u8) -> bool| letters.get(at).is_some_and(is);
        // `WebACLs` is web and acls: a small s behind capitals ends their word.
        let plural = is(at + 1, |it| *it == b's') && !is(at + 2, u8::is_ascii_lowercase);
        *at == letters.len()
            || is(*at, u8::is_ascii_uppercase)
                && (!is(at - 1, u8::is_ascii_uppercase) || is(at + 1, u8::is_ascii_lowercase) && !plural)
    });
    std::iter::from_fn(move || {
        let end = ends.next()?;
        let piece = word.get(start..end);
        start = end;
        piece
    })
}

/// The stem of a piece; none of what says nothing.
pub(super) fn of_piece(piece: &str) -> Option<String> {
    let word = piece.to_ascii_lowercase();
    (!word.is_empty() && !EMPTY.contains(&word.as_str())).then(|| stem(&word))
}

/// The stems of a text's words.
pub(super) fn of_text(text: &str) -> Vec<String> {
    pieces(text).filter_map(of_piece).collect()
}

/// A word without what only grammar asks for.
pub(super) fn stem(word: &str) -> String {
    let kept = |stem: &str| stem.len() >= 3;
    let single = |stem: &str| {
        let mut letters = stem.chars().rev();
        let (last, before) = (letters.next(), letters.next());
        let doubled = last == before && !matches!(last, Some('l' | 's' | 'z' | 'e') | None);
        if doubled { stem.get(..stem.len() - 1).unwrap_or(stem).to_owned() } else { stem.to_owned() }
    };
    let stem = if let Some(stem) = word.strip_suffix("ies").filter(|it| kept(it)) {
        format!("{stem}y")
    } else if let Some(stem) = word.strip_suffix("sses") {
        format!("{stem}ss")
    } else if let Some(stem) = word.strip_suffix("ing").filter(|it| kept(it)) {
        single(stem)
    } else if let Some(stem) = word.strip_suffix("ed").filter(|it| kept(it)) {
        single(stem)
    } else if ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        word.to_owned()
    } else {
        word.strip_suffix('s').filter(|it| it.len() >= 2).unwrap_or(word).to_owned()
    };
    stem.strip_suffix('e').filter(|it| kept(it)).map_or(stem.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_and_words_lose_their_endings() {
        assert_eq!(of_text("CreateDBSnapshot"), ["creat", "db", "snapshot"]);
        assert_eq!(of_text("ListWebACLs"), ["list", "web", "acl"]);
        assert_eq!(of_text("receive-message"), ["receiv", "messag"]);
        assert_eq!(of_text("Lists the queues, running or stopped."), ["list", "queu", "run", "stop"]);
        assert_eq!(stem("policies"), stem("policy"));
        assert_eq!(stem("addresses"), stem("address"));
        assert_eq!(stem("scheduled"), stem("schedule"));
        assert_eq!(stem("changed"), stem("change"));
    }
}
