//! The tokens of PartiQL, read from a text and written again.

use super::ParseError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A string, in single quotes.
    Text(String),
    Number(String),
    Sign(&'static str),
}

/// A token and its place.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) position: usize,
    /// Whether something stood between it and the one before: white space, a comment.
    apart: bool,
}

/// The tokens as text that every reader of PartiQL takes apart into the same ones.
pub(super) fn rendered(tokens: &[Placed]) -> String {
    let mut text = String::new();
    for (at, placed) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        if before.is_some_and(|before| placed.apart || run_together(&before.token, &placed.token)) {
            text.push(' ');
        }
        match &placed.token {
            Token::Word(word) | Token::Number(word) => text.push_str(word),
            Token::Name(name) => text.push_str(&in_quotes(name, '"')),
            Token::Text(inner) => text.push_str(&in_quotes(inner, '\'')),
            Token::Sign(sign) => text.push_str(sign),
        }
    }
    text
}

fn in_quotes(inner: &str, quote: char) -> String {
    let doubled = inner.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

/// Whether two tokens side by side could be read as another one.
fn run_together(left: &Token, right: &Token) -> bool {
    let alone = |sign: &str| matches!(sign, "(" | ")" | "[" | "]" | "{" | "}" | "," | "." | "?" | ";");
    match (left, right) {
        (Token::Sign(left), Token::Sign(right)) => !alone(left) && !alone(right),
        (Token::Sign(_), _) | (_, Token::Sign(_)) => false,
        _ => true,
    }
}

/// Longest first.
const SIGNS: [&str; 25] = [
    "<<", ">>", "<=", ">=", "<>", "!=", "||", "(", ")", "[", "]", "{", "}", ",", ".", ";", ":", "*", "?",
    "=", "<", ">", "+", "-", "/",
];

/// Takes a text apart.
///
/// # Errors
/// Says what is no token, and where.
pub(super) fn tokens(letters: &[char]) -> Result<Vec<Placed>, ParseError> {
    let mut tokens = Vec::new();
    let (mut at, mut apart) = (0, false);
    while let Some(&letter) = letters.get(at) {
        let position = at + 1;
        let fail = |why: &str| ParseError { position, why: why.to_owned(), instead: None };
        let next = letters.get(at + 1).copied();
        let token = match letter {
            letter if letter.is_whitespace() => {
                (at, apart) = (at + 1, true);
                continue;
            }
            '-' if next == Some('-') => {
                let ends = |letter: &char| matches!(letter, '\n' | '\r' | '\u{2028}' | '\u{2029}');
                while letters.get(at).is_some_and(|letter| !ends(letter)) {
                    at += 1;
                }
                apart = true;
                continue;
            }
            '/' if next == Some('*') => {
                (at, apart) = (comment(letters, at).map_err(fail)?, true);
                continue;
            }
            '\'' | '"' => {
                let (inner, end) =
                    quoted(letters, at, letter).ok_or_else(|| fail("the quotation does not end"))?;
                at = end;
                if letter == '"' { Token::Name(inner) } else { Token::Text(inner) }
            }
            letter if letter.is_ascii_digit() => {
                let start = at;
                while letters.get(at).is_some_and(|letter| letter.is_ascii_alphanumeric() || *letter == '.')
                    || matches!(
                        (letters.get(at), letters.get(at.wrapping_sub(1))),
                        (Some('+' | '-'), Some('e' | 'E'))
                    )
                {
                    at += 1;
                }
                let number: String = letters.get(start..at).unwrap_or_default().iter().collect();
                if number.parse::<f64>().is_err() {
                    return Err(fail("not a number"));
                }
                Token::Number(number)
            }
            letter if letter.is_ascii_alphabetic() || matches!(letter, '_' | '$' | '@') => {
                let start = at;
                while letters
                    .get(at)
                    .is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '$' | '@'))
                {
                    at += 1;
                }
                Token::Word(letters.get(start..at).unwrap_or_default().iter().collect())
            }
            letter if letter.is_alphabetic() => {
                return Err(fail("a name with such letters stands in double quotes"));
            }
            _ => {
                let rest: String =
                    letters.get(at..(at + 2).min(letters.len())).unwrap_or_default().iter().collect();
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| fail(&format!("{letter:?} has no meaning here")))?;
                at += sign.len();
                Token::Sign(sign)
            }
        };
        tokens.push(Placed { token, position, apart });
        apart = false;
    }
    Ok(tokens)
}

/// Behind the comment that begins at `at`.
///
/// A comment ends at the first `*/`: PartiQL's do not nest. Whoever writes one into another means them to.
fn comment(letters: &[char], at: usize) -> Result<usize, &'static str> {
    let mut at = at + 2;
    loop {
        match (letters.get(at).ok_or("the comment does not end")?, letters.get(at + 1)) {
            ('/', Some('*')) => return Err("the comment holds another, and they do not nest"),
            ('*', Some('/')) => return Ok(at + 2),
            _ => at += 1,
        }
    }
}

/// What stands between the quotes that begin at `at`, and the place behind them; a doubled quote is one of the text.
fn quoted(letters: &[char], at: usize, quote: char) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut at = at + 1;
    loop {
        let letter = *letters.get(at)?;
        at += 1;
        if letter != quote {
            inner.push(letter);
        } else if letters.get(at) == Some(&quote) {
            inner.push(quote);
            at += 1;
        } else {
            return Some((inner, at));
        }
    }
}

/// What other SQLs have and DynamoDB's PartiQL has not, and what takes its place.
pub(super) fn instead(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_uppercase().as_str() {
        "COUNT" => "DynamoDB's PartiQL counts nothing: query and scan do, with `count`",
        "SUM" | "AVG" | "MIN" | "MAX" | "GROUP" | "HAVING" | "DISTINCT" => {
            "DynamoDB's PartiQL sums nothing up; the argument `query` (JMESPath) does so with the rows of a page"
        }
        "LIMIT" => "the argument `limit` says how many rows",
        "OFFSET" => "the argument `cursor` goes on where the last page ended",
        "LIKE" => "begins_with(\"name\", 'x') and contains(\"name\", 'x') take its place",
        "JOIN" | "UNION" | "INNER" | "LEFT" | "CROSS" => {
            "it reads one table at a time; get_items reads others by their keys"
        }
        _ => return None,
    })
}

/// Functions over many items, which DynamoDB's PartiQL has none of.
pub(super) fn is_sum(word: &str) -> bool {
    ["COUNT", "SUM", "AVG", "MIN", "MAX"].iter().any(|sum| word.eq_ignore_ascii_case(sum))
}

/// Words that are values.
pub(super) fn is_literal(word: &str) -> bool {
    ["TRUE", "FALSE", "NULL", "MISSING"].iter().any(|literal| word.eq_ignore_ascii_case(literal))
}

/// Words that begin or join clauses: none of them is a value.
pub(super) fn is_reserved(word: &str) -> bool {
    [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "FROM",
        "WHERE",
        "SET",
        "REMOVE",
        "INTO",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "IS",
        "ORDER",
        "BY",
        "RETURNING",
        "VALUES",
        "UNION",
        "JOIN",
        "GROUP",
        "DROP",
        "CREATE",
    ]
    .iter()
    .any(|reserved| word.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(text: &str) -> Result<String, String> {
        let letters: Vec<char> = text.chars().collect();
        tokens(&letters).map(|tokens| rendered(&tokens)).map_err(|error| error.to_string())
    }

    /// Whether another reader of PartiQL would find a comment: it looks at quotes and at nothing else.
    fn has_comment(text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        let mut quote = None;
        letters.windows(2).any(|pair| {
            let &[letter, next] = pair else { return false };
            match quote {
                Some(open) => quote = (letter != open).then_some(open),
                None if letter == '"' || letter == '\'' => quote = Some(letter),
                None => return matches!((letter, next), ('-', '-') | ('/', '*')),
            }
            false
        })
    }

    #[test]
    fn what_is_sent_has_no_comments_and_the_same_tokens() {
        for (text, wanted) in [
            ("SELECT  *\tFROM \"t\"", "SELECT * FROM \"t\""),
            ("SELECT * -- all\nFROM t", "SELECT * FROM t"),
            ("SELECT/**/*/* it's all */FROM t", "SELECT * FROM t"),
            ("SELECT * -- ends\rFROM t", "SELECT * FROM t"),
            ("SELECT * -- ends\u{2028}FROM t", "SELECT * FROM t"),
            ("WHERE a='it''s' AND b=\"c\"\"d\"", "WHERE a='it''s' AND b=\"c\"\"d\""),
            ("a = -/**/-1", "a = - -1"),
            ("size(a.b[0])>=?", "size(a.b[0])>=?"),
            ("a\u{a0}=\u{2003}1", "a = 1"),
        ] {
            assert_eq!(sent(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        assert!(
            sent("/* /* */ DELETE FROM t --*/ SELECT 1").unwrap_err().contains("do not nest at character 1")
        );
        assert!(sent("SELECT * FROM gr\u{f6}\u{df}e").unwrap_err().contains("double quotes"));
        assert!(sent("\u{17f}elect").unwrap_err().contains("double quotes"));
        assert!(sent("SELECT `x`").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_sent_as_it_was_read(pieces in proptest::collection::vec(prop_oneof![
            Just("--".to_owned()), Just("-".to_owned()), Just("/*".to_owned()), Just("*/".to_owned()), Just("/".to_owned()),
            Just("*".to_owned()), Just("'".to_owned()), Just("\"".to_owned()), Just("\n".to_owned()), Just("\r".to_owned()),
            Just(" ".to_owned()), Just("<".to_owned()), Just(">".to_owned()), Just("SELECT".to_owned()), Just("1".to_owned()),
            any::<char>().prop_map(String::from)], 0..24)) {
            let text = pieces.concat();
            let letters: Vec<char> = text.chars().collect();
            let Ok(first) = tokens(&letters) else { return Ok(()) };
            let written = rendered(&first);
            prop_assert!(!has_comment(&written), "{} became {}", text, written);
            let again: Vec<char> = written.chars().collect();
            let second = tokens(&again).unwrap();
            let of = |tokens: &[Placed]| tokens.iter().map(|placed| placed.token.clone()).collect::<Vec<_>>();
            prop_assert_eq!(of(&first), of(&second));
            prop_assert_eq!(rendered(&second), written);
        }
    }
}
