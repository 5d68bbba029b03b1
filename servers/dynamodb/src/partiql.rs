//! PartiQL as DynamoDB speaks it: one statement, read by a parser, so that what it does is known before it is sent.
//!
//! What is sent is written anew from the tokens that were read, never the text as it was given: where another reader would
//! see other tokens (a comment inside a comment, a line that ends otherwise), it gets no chance to.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html>

mod parser;
mod tokens;

use std::{fmt, ops::Range};

use parser::Parser;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Select,
    Insert,
    Update,
    Delete,
    /// `EXISTS(SELECT ...)`: a condition of a transaction.
    Exists,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Select => "SELECT",
            Kind::Insert => "INSERT",
            Kind::Update => "UPDATE",
            Kind::Delete => "DELETE",
            Kind::Exists => "EXISTS",
        }
    }
}

/// A statement, as far as it must be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) kind: Kind,
    /// As it is sent: its tokens, without comments.
    pub(crate) text: String,
    pub(crate) table: String,
    pub(crate) index: Option<String>,
    /// Attributes that the WHERE clause holds to one value or a list of them, whatever else it says.
    pub(crate) fixed: Vec<String>,
    /// Whether it selects `*`.
    pub(crate) is_of_all: bool,
    /// The `?` in it.
    pub(crate) parameters: usize,
    /// What follows WHERE.
    pub(crate) condition: Option<Condition>,
}

/// The condition of a statement, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) text: String,
    /// Which of the statement's parameters it has.
    pub(crate) parameters: Range<usize>,
}

/// Why a text is not a statement of DynamoDB's PartiQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// In characters, from 1.
    position: usize,
    why: String,
    /// What takes the place of a word of other SQLs.
    instead: Option<&'static str>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.why, self.position)?;
        self.instead.map_or(Ok(()), |instead| write!(f, "; {instead}"))
    }
}

/// Reads one statement.
///
/// # Errors
/// Says what was expected, and where.
pub(crate) fn parse(text: &str) -> Result<Statement, ParseError> {
    let letters: Vec<char> = text.chars().collect();
    let tokens = tokens::tokens(&letters)?;
    Parser::new(&tokens, letters.len() + 1).whole()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Kind, String, Vec<String>) {
        let statement = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (statement.kind, statement.table, statement.fixed)
    }

    fn kind(text: &str) -> Kind {
        read(text).0
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn statements_are_told_apart_by_what_they_are_not_by_words_in_them() {
        assert_eq!(kind("SELECT * FROM \"Music\" WHERE Artist = 'DELETE FROM x'"), Kind::Select);
        assert_eq!(kind("DELETE FROM \"Music\" WHERE a = 'select' AND b = 1"), Kind::Delete);
        assert_eq!(kind("-- SELECT\nDELETE FROM \"Music\" WHERE a = 1"), Kind::Delete);
        assert_eq!(kind("/* SELECT * FROM x; */ update \"Music\" set a=1 where b=2"), Kind::Update);
        assert_eq!(
            kind(
                "insert into \"select\" value {'pk': 'SELECT', \"n\": -1.5e+3, 's': <<1, 2>>, 'l': [{'a': true}]}"
            ),
            Kind::Insert
        );
        assert_eq!(kind("EXISTS(SELECT * FROM \"Music\" WHERE a = 1 AND b IS NOT MISSING)"), Kind::Exists);
        assert_eq!(
            kind("select a.b[0].\"c d\" AS x, size(y) from Music where begins_with(\"sk\", 'a''b') ;"),
            Kind::Select
        );
        assert_eq!(
            kind(
                "UPDATE \"Music\" SET a = list_append(a, [?]) , b = b + 1 REMOVE c, d[1] SET e=? WHERE k='x' RETURNING ALL OLD *"
            ),
            Kind::Update
        );
        assert_eq!(kind("DELETE FROM \"Music\" WHERE k='x' RETURNING ALL OLD *"), Kind::Delete);
        assert_eq!(
            kind(
                "SELECT * FROM \"t\" WHERE (a = 1 OR b IN [2, 3]) AND NOT (c BETWEEN 1 AND 2) ORDER BY sk DESC"
            ),
            Kind::Select
        );
    }

    #[test]
    fn the_table_the_index_and_what_is_fixed_are_read() {
        let statement = parse("SELECT * FROM \"my-table\".\"by-date\" WHERE \"pk\" = ? AND sk IN (1, ?) AND 5 = n AND a > 1 AND b = c").unwrap();
        assert_eq!((statement.table.as_str(), statement.index.as_deref()), ("my-table", Some("by-date")));
        assert_eq!(statement.fixed, ["pk", "sk", "n"]);
        assert_eq!(statement.parameters, 2);
        assert_eq!(read("SELECT * FROM t WHERE pk = 1 OR pk = 2").2, Vec::<String>::new());
        assert_eq!(read("SELECT * FROM t WHERE NOT pk = 1").2, Vec::<String>::new());
        assert_eq!(read("SELECT * FROM t WHERE (pk = 1 AND a = 2) AND b = NULL").2, ["pk", "a", "b"]);
        assert_eq!(read("SELECT * FROM t WHERE m.pk = 1").2, Vec::<String>::new());
        assert_eq!(
            read("SELECT * FROM \"arn:aws:dynamodb:us-east-1:1:table/t\"").1,
            "arn:aws:dynamodb:us-east-1:1:table/t"
        );
    }

    #[test]
    fn the_condition_is_known_with_its_parameters() {
        let condition = |text: &str| parse(text).unwrap().condition;
        let update =
            condition("UPDATE t SET a = ?, b = ? WHERE pk = ? AND x IN [?] RETURNING ALL NEW *;").unwrap();
        assert_eq!((update.text.as_str(), update.parameters), ("pk = ? AND x IN [?]", 2..4));
        assert_eq!(condition("DELETE FROM t WHERE pk = 'é;' ; ").unwrap().text, "pk = 'é;'");
        assert_eq!(condition("SELECT * FROM t"), None);
        // A parenthesis is read twice where it is no condition: its parameters count once.
        assert_eq!(parse("SELECT * FROM t WHERE (?) = a AND (b = ?)").unwrap().parameters, 2);
    }

    #[test]
    fn what_is_not_one_statement_is_refused_with_its_place() {
        for (text, words) in [
            ("", "expected SELECT, INSERT, UPDATE, DELETE or EXISTS, found the end at character 1"),
            (
                "SELECT * FROM \"a\"; DELETE FROM \"b\" WHERE k=1",
                "expected the end of the statement: one at a time, found DELETE at character 20",
            ),
            ("SELECT * FROM \"a\" WHERE x = 'open", "the quotation does not end at character 29"),
            ("SELECT * FROM \"a\" /* open", "the comment does not end at character 19"),
            ("SELECT * FROM \"a\" WHERE x = DELETE", "expected a value, found DELETE at character 29"),
            ("SELECT * FROM 'a'", "expected a table in double quotes, found a string"),
            ("DROP TABLE \"a\"", "found DROP"),
            ("SELEKT * FROM a", "found SELEKT"),
            ("SELECT FROM a", "expected a value, found FROM"),
            ("INSERT INTO \"a\" VALUES ('x')", "expected VALUE, found VALUES"),
            ("UPDATE \"a\" WHERE k = 1", "expected SET or REMOVE"),
            ("SELECT * FROM a WHERE x = 1 % 2", "'%' has no meaning here"),
            ("SELECT * FROM a WHERE x NOT LIKE 1", "expected BETWEEN or IN"),
            ("EXISTS(DELETE FROM a)", "expected SELECT"),
            ("SELECT * FROM a WHERE x = 1e", "not a number"),
            (
                "SELECT count(*) FROM a",
                "found count at character 8; DynamoDB's PartiQL counts nothing: query and scan",
            ),
            ("SELECT a, MAX(b) FROM a", "found MAX at character 11"),
            ("SELECT DISTINCT a FROM a", "found DISTINCT at character 8"),
            (
                "SELECT * FROM a LIMIT 5",
                "found LIMIT at character 17; the argument `limit` says how many rows",
            ),
            ("SELECT * FROM a WHERE b = 1 limit 5", "the argument `limit`"),
            ("SELECT * FROM a WHERE b = 1 ORDER BY c DESC OFFSET 5", "`cursor` goes on"),
            ("SELECT * FROM a WHERE b LIKE 'x%'", "begins_with(\"name\", 'x')"),
            ("SELECT * FROM a WHERE b NOT LIKE 'x%'", "contains(\"name\", 'x')"),
            ("SELECT * FROM a GROUP BY b", "found GROUP at character 17; "),
            ("SELECT * FROM a JOIN b ON c = d", "one table at a time"),
            ("SELECT * FROM a, b", "found , at character 16"),
        ] {
            assert!(error(text).contains(words), "{text}: {}", error(text));
        }
        let deep = format!("SELECT * FROM a WHERE x = {}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(error(&deep).contains("less nesting"));
        let deep = format!("SELECT * FROM a WHERE {}x = 1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).is_err());
    }

    /// What another reader makes of a statement, which knows quotes and words and nothing of the grammar: the first word, and
    /// what stands behind the first of the words that a table follows.
    fn plainly(text: &str) -> (String, String) {
        let mut words: Vec<(bool, String)> = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '"' || letter == '\'' {
                let mut inner = String::new();
                while let Some(next) = letters.next() {
                    if next != letter {
                        inner.push(next);
                    } else if letters.next_if_eq(&letter).is_some() {
                        inner.push(letter);
                    } else {
                        break;
                    }
                }
                words.push((true, inner));
            } else if letter.is_alphanumeric() || "_$@".contains(letter) {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || "_$@".contains(*next))
                {
                    word.push(next);
                }
                words.push((false, word));
            } else {
                assert!(
                    letter != ';' && (letter == ' ' || letter.is_ascii_graphic()),
                    "{letter:?} in {text}"
                );
                let next = letters.peek().copied().unwrap_or(' ');
                assert!(!matches!((letter, next), ('-', '-') | ('/', '*')), "a comment in {text}");
            }
        }
        let first = words[0].1.to_uppercase();
        let leads = |word: &str| match first.as_str() {
            "UPDATE" => word == "UPDATE",
            "INSERT" => word == "INTO",
            _ => word == "FROM",
        };
        let at = words.iter().position(|(is_quoted, word)| !is_quoted && leads(&word.to_uppercase()));
        (first, words[at.unwrap() + 1].1.clone())
    }

    /// What stands between words: blanks of all kinds and comments, as they are and as they only seem to be.
    fn gaps() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => Just(" ".to_owned()),
            1 => prop_oneof![
                "/\\* [a-z*/;'\"-]{0,9} \\*/", "--[a-z*/;'\"-]{0,9}\n", "--[a-z ]{0,5}\r", "--x\u{2028}", "--x\u{85}",
                "/\\*", "\\*/", "--", ";", "\u{a0}", "\u{feff}", "\u{3000}", "\u{b}", "\n", "\t", "\u{0}", "/\\*/\\*\\*/",
            ],
        ];
        proptest::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat())
    }

    fn pieces() -> impl Strategy<Value = Vec<String>> {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        prop_oneof![
            Just(words("SELECT * FROM \"t\" WHERE a = 'b'")),
            Just(words("SELECT a , \"from\" FROM \"t\".\"i\" WHERE a = ?")),
            Just(words("DELETE FROM \"other\" WHERE a = 'select' RETURNING ALL OLD *")),
            Just(words("UPDATE \"t\" SET a = 'FROM' REMOVE b WHERE pk = -1")),
            Just(words("INSERT INTO \"t;u\" VALUE { 'a' : 'DELETE' }")),
            Just(words("DELETE FROM \"t\" WHERE a = 1 /* SELECT * FROM \"s\" */")),
            Just(words("/* /* */ DELETE FROM \"t\" WHERE \"pk\"='a' -- */ SELECT * FROM \"t\"")),
            Just(words("SELECT * FROM \"t\" ; DELETE FROM \"t\" WHERE a = 1")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_sent_is_to_any_reader_what_was_judged(
            words in pieces(), gaps in proptest::collection::vec(gaps(), 16), turned in any::<(usize, usize)>(), mixed in any::<bool>(),
        ) {
            let mut words = words;
            let (left, right) = (turned.0 % words.len(), turned.1 % words.len());
            if mixed {
                words.swap(left, right);
            }
            let text: String = words.iter().zip(gaps.iter().cycle()).map(|(word, gap)| format!("{word}{gap}")).collect();
            if let Ok(statement) = parse(&text) {
                let (first, table) = plainly(&statement.text);
                prop_assert_eq!(first.as_str(), statement.kind.word(), "{} became {}", text, statement.text);
                prop_assert_eq!(&table, &statement.table, "{} became {}", text, statement.text);
                // Read once more, as the second look at a request does, it is the same.
                prop_assert_eq!(parse(&statement.text).unwrap(), statement);
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn a_string_is_only_a_string(text in ".{0,40}", comment in "[^*/]{0,20}") {
            let literal = text.replace('\'', "''");
            let statement = parse(&format!("SELECT * FROM \"t\" /*{comment}*/ WHERE pk = '{literal}'")).unwrap();
            prop_assert_eq!(statement.kind, Kind::Select);
            let statement = parse(&format!("DELETE FROM \"t\" WHERE pk = '{literal}' -- {}", text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " "))).unwrap();
            prop_assert_eq!(statement.kind, Kind::Delete);
        }

        #[test]
        fn words_in_any_order_never_make_a_select_of_something_else(words in proptest::collection::vec(
            prop_oneof!["SELECT", "DELETE", "FROM", "\"t\"", "WHERE", "a", "=", "1", ";", "'x'", "\\(", "\\)", "\\*", "--\n"], 1..14)) {
            let text = words.join(" ");
            if let Ok(statement) = parse(&text) {
                let first = words.iter().find(|word| !word.starts_with("--")).unwrap();
                prop_assert_eq!(statement.kind.word(), first.as_str());
            }
        }
    }
}
