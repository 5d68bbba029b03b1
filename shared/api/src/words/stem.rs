//! Words as they are compared: lower case, without endings.

/// What says nothing.
const EMPTY: [&str; 44] = [
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "have",
    "i", "in", "into", "is", "it", "its", "me", "my", "not", "of", "on", "or", "our", "s", "so", "some", "that", "the",
    "there", "this", "to", "want", "was", "we", "with", "you", "your",
];

/// The words of an operation's name: `CreateDBSnapshot` is create, db, snapshot.
pub(super) fn of_name(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        // `WebACLs` is web and acls: a small s behind capitals ends their word.
        let plural = after == Some(&'s') && letters.get(at + 2).is_none_or(char::is_ascii_uppercase);
        let starts = letter.is_ascii_uppercase()
            && before.is_some_and(|it| {
                !it.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase) && !plural
            });
        if starts || !letter.is_ascii_alphanumeric() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_ascii_alphanumeric() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()));
    words.iter().map(|word| stem(word)).collect()
}

/// The words of a sentence; what is written in capitals and small letters is taken apart.
pub(super) fn of_text(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).flat_map(of_name).collect()
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
        assert_eq!(of_name("CreateDBSnapshot"), ["creat", "db", "snapshot"]);
        assert_eq!(of_name("ListWebACLs"), ["list", "web", "acl"]);
        assert_eq!(of_name("receive-message"), ["receiv", "messag"]);
        assert_eq!(of_text("Lists the queues, running or stopped."), ["list", "queu", "run", "stop"]);
        assert_eq!(stem("policies"), stem("policy"));
        assert_eq!(stem("addresses"), stem("address"));
        assert_eq!(stem("scheduled"), stem("schedule"));
        assert_eq!(stem("changed"), stem("change"));
    }
}
