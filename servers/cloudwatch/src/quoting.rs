//! Filter patterns that AWS does not understand: mostly a term that has to stand in quotes.

use awsmcp_mcp::{Error, Kind};

/// The error, with the caller's own pattern in quotes where it says that the pattern is none.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
pub(crate) fn explain(error: Error, pattern: Option<&str>) -> Error {
    let is_about_it = error.kind == Kind::Invalid && error.message.to_ascii_lowercase().contains("pattern");
    let Some(pattern) = pattern.filter(|_| is_about_it) else { return error };
    let rule = "terms with anything but letters, digits and _ stand in double quotes";
    match quoted(pattern) {
        Some(good) => error.with_next(format!("{rule}: {good}")),
        None => error.with_next(format!("{rule}, as in \"ORDER-1\" or {{ $.level = \"error\" }}")),
    }
}

/// The same terms, in quotes where they need them; none where that changes nothing or the pattern is of another form.
fn quoted(pattern: &str) -> Option<String> {
    if pattern.trim_start().starts_with(['{', '[', '%']) || pattern.contains('"') {
        return None;
    }
    let term = |term: &str| {
        let (sign, word) = match term.strip_prefix(['-', '?']) {
            Some(word) => (term.get(..1).unwrap_or_default(), word),
            None => ("", term),
        };
        let is_plain = word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        if is_plain { format!("{sign}{word}") } else { format!("{sign}\"{word}\"") }
    };
    let good = pattern.split_whitespace().map(term).collect::<Vec<_>>().join(" ");
    (good != pattern).then_some(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_quoted_where_they_need_it() {
        assert_eq!(quoted("ORDER-ITEM-1").as_deref(), Some("\"ORDER-ITEM-1\""));
        assert_eq!(quoted("ERROR -exit=0 ?a.b").as_deref(), Some("ERROR -\"exit=0\" ?\"a.b\""));
        assert_eq!(quoted("ERROR"), None);
        assert_eq!(quoted("{ $.a = b- }"), None);
        assert_eq!(quoted("\"a-b\" c-d"), None);
    }
}
