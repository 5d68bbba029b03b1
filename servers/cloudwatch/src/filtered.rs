//! Which fields a statement of Logs Insights filters by in a way that an index helps: for values that are equal, or in a list.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Field-Indexing.html>

use std::collections::BTreeSet;

/// The fields, each once. Those that AWS gives every event (`@message`, `@logStream`) are left out: they are indexed by
/// themselves, or cannot be.
pub(crate) fn fields(statement: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for command in commands(statement) {
        let (word, rest) = command.split_at(command.find(char::is_whitespace).unwrap_or(command.len()));
        let is_filter =
            ["filter", "filterindex", "where"].iter().any(|known| word.eq_ignore_ascii_case(known));
        if is_filter {
            compared(rest, &mut found);
        }
    }
    found.retain(|field| !field.starts_with('@'));
    found
}

/// The commands between the pipes; a pipe within quotes is part of a text.
fn commands(statement: &str) -> Vec<&str> {
    let (mut found, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, letter) in statement.char_indices() {
        match (quote, letter) {
            (None, '|') => {
                found.push(statement.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            _ => {}
        }
    }
    found.push(statement.get(start..).unwrap_or_default().trim());
    found
}

/// Finds `field = value` and `field in [..]`.
fn compared(condition: &str, found: &mut BTreeSet<String>) {
    let tokens = tokens(condition);
    for pair in tokens.windows(2) {
        let [Token::Name(field), next] = pair else { continue };
        let is_equal = match next {
            Token::Sign(sign) => matches!(*sign, "=" | "=="),
            Token::Name(word) => word.eq_ignore_ascii_case("in"),
            Token::Text => false,
        };
        let is_word = ["and", "or", "not", "in", "like"].iter().any(|word| field.eq_ignore_ascii_case(word));
        if is_equal && !is_word {
            found.insert((*field).to_owned());
        }
    }
}

enum Token<'a> {
    /// A field or a word.
    Name(&'a str),
    Sign(&'a str),
    /// A text in quotes.
    Text,
}

fn tokens(condition: &str) -> Vec<Token<'_>> {
    let is_name = |letter: char| letter.is_alphanumeric() || "_.@-".contains(letter);
    let is_sign = |letter: char| "=!<>~".contains(letter);
    let mut found = Vec::new();
    let mut rest = condition.trim_start();
    while let Some(letter) = rest.chars().next() {
        let (token, end) = match letter {
            '"' | '\'' | '`' => {
                let inside = rest.get(1..).unwrap_or_default();
                let end = inside.find(letter).unwrap_or(inside.len());
                let name = inside.get(..end).unwrap_or_default();
                // A name in backticks is a field.
                (Some(if letter == '`' { Token::Name(name) } else { Token::Text }), (end + 2).min(rest.len()))
            }
            letter if is_name(letter) => {
                let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
                (rest.get(..end).map(Token::Name), end)
            }
            letter if is_sign(letter) => {
                let end = rest.find(|letter| !is_sign(letter)).unwrap_or(rest.len());
                (rest.get(..end).map(Token::Sign), end)
            }
            // A parenthesis or a comma parts what stands around it.
            letter => (Some(Token::Text), letter.len_utf8()),
        };
        found.extend(token);
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(statement: &str) -> Vec<String> {
        fields(statement).into_iter().collect()
    }

    #[test]
    fn fields_that_are_equal_to_something_are_found() {
        assert_eq!(
            read("fields a | filter requestId = 'x' and level in ['ERROR', 'WARN']"),
            ["level", "requestId"]
        );
        assert_eq!(read("FILTER `user id`=\"a|b = c\" | stats count(*) by host"), ["user id"]);
        assert_eq!(read("filterIndex a.b = 1 | filter (c = 2 or d==3)"), ["a.b", "c", "d"]);
        // No index helps these.
        for statement in [
            "filter @message like /x = 1/",
            "filter a != 1 and b > 2 and c like 'x'",
            "filter @logStream = 's'",
            "stats count(*) as n by a | sort n desc",
            "filter ispresent(a) and not (b in)",
        ] {
            assert!(
                read(statement).iter().all(|field| field == "b" || field == "x"),
                "{statement}: {:?}",
                read(statement)
            );
        }
    }

    proptest! {
        #[test]
        fn no_statement_makes_it_panic(statement in "(filter |[a-z@`'\"|=!<\\[\\](), é]){0,40}") {
            fields(&statement);
        }
    }
}
