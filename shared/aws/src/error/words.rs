//! Foreign text in one line, without markup.

/// One line without markup: emulators and proxies answer in HTML.
pub(crate) fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let markup = ["<html", "<!doctype", "<?xml"].iter().any(|sign| lower.contains(sign));
    let text = if markup { without_code(text, &lower) } else { text.to_owned() };
    let mut words = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' if markup => inside = true,
            '>' if markup && inside => {
                inside = false;
                words.push(' ');
            }
            _ if inside => {}
            _ => words.push(letter),
        }
    }
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if markup { cut(&line, 200) } else { cut(&line, 4_000) }
}

/// A page without its style sheets and scripts. `lower` is the same in lower case.
fn without_code(text: &str, lower: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let rest = |from: usize| lower.get(from..).unwrap_or_default();
    while let Some((start, name)) = ["style", "script"]
        .iter()
        .filter_map(|name| Some((rest(from).find(&format!("<{name}"))?, name)))
        .min()
    {
        out.push_str(text.get(from..from + start).unwrap_or_default());
        from += start;
        from += rest(from).find(&format!("</{name}")).unwrap_or(rest(from).len());
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// At most `limit` characters, and says so.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}... (cut)", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A name as a shell takes it.
pub(super) fn quoted(name: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.@/+:".contains(letter);
    if name.chars().all(safe) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
