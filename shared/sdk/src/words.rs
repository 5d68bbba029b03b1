//! Foreign text in one line, without markup.

use std::error::Error as StdError;
use std::io;

/// The chain of causes, with what an `io::Error` carries: its own `source` skips that.
pub(crate) fn links<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => link.source(),
    })
}

/// The chain of causes as one line, without the SDK's own headings and without saying anything twice.
pub(crate) fn text(error: &(dyn StdError + 'static)) -> String {
    const HEADINGS: [&str; 12] = [
        "dispatch failure",
        "failed to construct request",
        "request has timed out",
        "service error",
        "response error",
        "other",
        "unhandled error",
        "no providers in chain provided credentials",
        "the credential provider was not enabled",
        "the credentials provider was not properly configured",
        "an error occurred while loading credentials",
        "an error occurred while loading an access token",
    ];
    let mut parts: Vec<String> = Vec::new();
    for link in links(error) {
        let part = plain(&link.to_string());
        if HEADINGS.contains(&part.as_str())
            || part.is_empty()
            || parts.iter().any(|seen| seen.contains(&part))
        {
            continue;
        }
        parts.push(part);
    }
    if parts.is_empty() { plain(&error.to_string()) } else { parts.join(": ") }
}

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
pub(crate) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}... (cut)", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.@/+:".contains(letter);
    if name.chars().all(safe) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
