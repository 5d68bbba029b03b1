//! What stands before the rows of a CSV and is none of them.

/// Excel's `sep=;`, and comments, as CloudFront's logs begin with.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Preamble<'a> {
    pub(super) lines: usize,
    pub(super) separator: Option<u8>,
    /// The columns' names, where a comment gives them.
    pub(super) names: Vec<&'a str>,
    pub(super) rest: &'a str,
}

pub(super) fn preamble(text: &str) -> Preamble<'_> {
    let mut found = Preamble { rest: text, ..Preamble::default() };
    if let Some((line, rest)) = text.split_once('\n')
        && let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] = *line.trim_end().as_bytes()
    {
        found = Preamble { lines: 1, separator: Some(separator), rest, ..found };
    }
    while let Some((line, rest)) = found.rest.split_once('\n').filter(|(line, _)| line.starts_with('#')) {
        let below = rest.lines().next().unwrap_or_default();
        let names: Vec<&str> = match line.strip_prefix("#Fields:") {
            Some(names) => names.split_whitespace().collect(),
            None => Vec::new(),
        };
        if below.is_empty() || names.is_empty() && is_like(line, below) {
            break;
        }
        found.names = if names.is_empty() { found.names } else { names };
        found.lines += 1;
        found.rest = rest;
    }
    found
}

/// Whether a line is as wide as the one below it: names may begin with # too.
fn is_like(line: &str, below: &str) -> bool {
    let count = |text: &str, separator| text.matches(separator).count();
    !below.starts_with('#')
        && [',', '\t', ';', '|']
            .into_iter()
            .any(|separator| count(line, separator) > 0 && count(line, separator) == count(below, separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_row_is_passed_over() {
        let read = |text| {
            let found = preamble(text);
            (found.lines, found.separator, found.names.join(" "), found.rest)
        };
        assert_eq!(read("sep=;\na;b\n"), (1, Some(b';'), String::new(), "a;b\n"));
        assert_eq!(read("# made by x, today\r\na,b,c\n"), (1, None, String::new(), "a,b,c\n"));
        assert_eq!(
            read("#Version: 1.0\n#Fields: date c-ip\n1\t2\n"),
            (2, None, "date c-ip".to_owned(), "1\t2\n")
        );
        for rows in
            ["#,name\n1,a\n", "#id\tname\n1\ta\n", "a,b\n#1,2\n", "# only\n", "# only\n\n", "sep=;", ""]
        {
            assert_eq!(read(rows), (0, None, String::new(), rows));
        }
    }
}
