//! Times as Lambda writes them.

/// Lambda's own way (`2026-11-22T10:00:00.123+0000`) as RFC 3339, to the second.
pub(crate) fn modified(text: &str) -> String {
    let (whole, zone) = text.split_at_checked(19).unwrap_or((text, ""));
    let zone = zone.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    if matches!(zone, "+0000" | "+00:00" | "Z") { format!("{whole}Z") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_times_are_read() {
        assert_eq!(modified("2026-11-22T10:00:00.123+0000"), "2026-11-22T10:00:00Z");
        assert_eq!(modified("2026-11-22T10:00:00+00:00"), "2026-11-22T10:00:00Z");
        assert_eq!(modified("yesterday"), "yesterday");
    }
}
