//! PartiQL as DynamoDB speaks it: one statement, read by a parser, so that what it does is known before it is sent.
//!
//! What is sent is written anew from the tokens that were read, never the text as it was given: where another reader would
//! see other tokens (a comment inside a comment, a line that ends otherwise), it gets no chance to.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html>

mod tokens;

use std::{fmt, ops::Range};

use tokens::{Placed, Token, rendered, tokens};

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
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.why, self.position)
    }
}

/// Reads one statement.
///
/// # Errors
/// Says what was expected, and where.
pub(crate) fn parse(text: &str) -> Result<Statement, ParseError> {
    let letters: Vec<char> = text.chars().collect();
    let tokens = tokens(&letters)?;
    let mut parser = Parser { tokens: &tokens, end: letters.len() + 1, at: 0, parameters: 0, depth: 0 };
    let statement = parser.statement()?;
    let text = rendered(tokens.get(..parser.at).unwrap_or_default());
    parser.sign(";");
    match parser.peek() {
        None => Ok(Statement { text, ..statement }),
        Some(_) => Err(parser.expected("the end of the statement: one at a time")),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    /// The place behind the last character.
    end: usize,
    at: usize,
    parameters: usize,
    depth: usize,
}

type Parsed<T> = Result<T, ParseError>;

/// What part of a WHERE clause says of attributes.
#[derive(Default)]
struct Facts {
    fixed: Vec<String>,
    condition: Option<Condition>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    fn position(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |placed| placed.position)
    }

    fn expected(&self, what: &str) -> ParseError {
        let position = self.position();
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => word.clone(),
            Some(Token::Name(name)) => format!("\"{name}\""),
            Some(Token::Text(_)) => "a string".to_owned(),
            Some(Token::Number(number)) => number.clone(),
            Some(Token::Sign(sign)) => (*sign).to_owned(),
        };
        ParseError { position, why: format!("expected {what}, found {found}") }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    fn must_word(&mut self, word: &str) -> Parsed<()> {
        if self.word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    fn must_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.sign(sign) { Ok(()) } else { Err(self.expected(sign)) }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if self.is_word("SELECT") {
            return self.select();
        }
        if self.word("INSERT") {
            return self.insert();
        }
        if self.word("UPDATE") {
            return self.update();
        }
        if self.word("DELETE") {
            return self.delete();
        }
        if self.word("EXISTS") {
            self.must_sign("(")?;
            let inner = self.select()?;
            self.must_sign(")")?;
            return Ok(Statement { kind: Kind::Exists, parameters: self.parameters, ..inner });
        }
        Err(self.expected("SELECT, INSERT, UPDATE, DELETE or EXISTS"))
    }

    fn made(&self, kind: Kind, place: (String, Option<String>), facts: Facts) -> Statement {
        Statement {
            kind,
            // Known when all of it is read.
            text: String::new(),
            table: place.0,
            index: place.1,
            fixed: facts.fixed,
            parameters: self.parameters,
            condition: facts.condition,
        }
    }

    fn select(&mut self) -> Parsed<Statement> {
        self.must_word("SELECT")?;
        if !self.sign("*") {
            loop {
                self.expression()?;
                if self.word("AS") {
                    self.name("an alias")?;
                }
                if !self.sign(",") {
                    break;
                }
            }
        }
        self.must_word("FROM")?;
        let place = self.place()?;
        let facts = self.condition()?;
        if self.word("ORDER") {
            self.must_word("BY")?;
            loop {
                self.expression()?;
                if !self.word("ASC") {
                    self.word("DESC");
                }
                if !self.sign(",") {
                    break;
                }
            }
        }
        Ok(self.made(Kind::Select, place, facts))
    }

    fn insert(&mut self) -> Parsed<Statement> {
        self.must_word("INTO")?;
        let place = self.place()?;
        self.must_word("VALUE")?;
        if !self.is_sign("{") {
            return Err(self.expected("{ and the item"));
        }
        self.expression()?;
        Ok(self.made(Kind::Insert, place, Facts::default()))
    }

    fn update(&mut self) -> Parsed<Statement> {
        let place = self.place()?;
        let mut changes = 0;
        loop {
            if self.word("SET") {
                loop {
                    self.path()?;
                    self.must_sign("=")?;
                    self.expression()?;
                    if !self.sign(",") {
                        break;
                    }
                }
            } else if self.word("REMOVE") {
                loop {
                    self.path()?;
                    if !self.sign(",") {
                        break;
                    }
                }
            } else if changes == 0 {
                return Err(self.expected("SET or REMOVE"));
            } else {
                break;
            }
            changes += 1;
        }
        let facts = self.condition()?;
        self.returning()?;
        Ok(self.made(Kind::Update, place, facts))
    }

    fn delete(&mut self) -> Parsed<Statement> {
        self.must_word("FROM")?;
        let place = self.place()?;
        let facts = self.condition()?;
        self.returning()?;
        Ok(self.made(Kind::Delete, place, facts))
    }

    fn returning(&mut self) -> Parsed<()> {
        if !self.word("RETURNING") {
            return Ok(());
        }
        if !self.word("ALL") && !self.word("MODIFIED") {
            return Err(self.expected("ALL or MODIFIED"));
        }
        if !self.word("OLD") && !self.word("NEW") {
            return Err(self.expected("OLD or NEW"));
        }
        self.must_sign("*")
    }

    /// A table, or an index of one.
    fn place(&mut self) -> Parsed<(String, Option<String>)> {
        let table = self.name("a table in double quotes")?;
        let index = if self.sign(".") { Some(self.name("an index in double quotes")?) } else { None };
        Ok((table, index))
    }

    fn name(&mut self, what: &str) -> Parsed<String> {
        match self.peek().cloned() {
            Some(Token::Word(name) | Token::Name(name)) => {
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    fn condition(&mut self) -> Parsed<Facts> {
        if !self.word("WHERE") {
            return Ok(Facts::default());
        }
        let (start, first) = (self.at, self.parameters);
        let facts = self.or()?;
        let text = rendered(self.tokens.get(start..self.at).unwrap_or_default());
        let condition = Condition { text, parameters: first..self.parameters };
        Ok(Facts { condition: Some(condition), ..facts })
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        const DEEPEST: usize = 100;
        if self.depth >= DEEPEST {
            return Err(self.expected("less nesting"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn or(&mut self) -> Parsed<Facts> {
        let mut facts = self.and()?;
        while self.word("OR") {
            self.and()?;
            // Either side may hold: nothing is certain.
            facts = Facts::default();
        }
        Ok(facts)
    }

    fn and(&mut self) -> Parsed<Facts> {
        let mut facts = self.not()?;
        while self.word("AND") {
            facts.fixed.extend(self.not()?.fixed);
        }
        Ok(facts)
    }

    fn not(&mut self) -> Parsed<Facts> {
        if self.word("NOT") {
            self.deeper(Self::not)?;
            return Ok(Facts::default());
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Facts> {
        let (start, parameters) = (self.at, self.parameters);
        // A parenthesis may hold conditions or be part of a value.
        if self.is_sign("(") {
            self.at += 1;
            let inner = self.deeper(Self::or);
            if let Ok(facts) = inner
                && self.sign(")")
                && self.ends_here()
            {
                return Ok(facts);
            }
            (self.at, self.parameters) = (start, parameters);
        }
        let attribute = self.operand()?;
        let fixes =
            |attribute: Option<String>| Facts { fixed: attribute.into_iter().collect(), condition: None };
        for sign in ["=", "<>", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                let other = self.operand()?;
                let named = if attribute.is_some() && other.is_some() { None } else { attribute.or(other) };
                return Ok(if sign == "=" { fixes(named) } else { Facts::default() });
            }
        }
        if self.word("IS") {
            self.word("NOT");
            self.name("NULL, MISSING or a type")?;
            return Ok(Facts::default());
        }
        let negated = self.word("NOT");
        if self.word("BETWEEN") {
            self.operand()?;
            self.must_word("AND")?;
            self.operand()?;
            return Ok(Facts::default());
        }
        if self.word("IN") {
            self.operand()?;
            return Ok(if negated { Facts::default() } else { fixes(attribute) });
        }
        if negated {
            return Err(self.expected("BETWEEN or IN"));
        }
        // A function that answers yes or no.
        Ok(Facts::default())
    }

    /// Whether what was read can be a whole condition.
    fn ends_here(&self) -> bool {
        match self.peek() {
            None => true,
            Some(Token::Word(word)) => {
                ["AND", "OR", "ORDER", "RETURNING"].iter().any(|end| word.eq_ignore_ascii_case(end))
            }
            Some(Token::Sign(sign)) => matches!(*sign, ")" | ";"),
            _ => false,
        }
    }

    /// Any value; the attribute, where it is nothing but one.
    fn operand(&mut self) -> Parsed<Option<String>> {
        let start = self.at;
        self.expression()?;
        let plain = self.at == start + 1;
        Ok(match self.tokens.get(start).map(|placed| &placed.token) {
            Some(Token::Word(name)) if plain && !is_literal(name) => Some(name.clone()),
            Some(Token::Name(name)) if plain => Some(name.clone()),
            _ => None,
        })
    }

    fn expression(&mut self) -> Parsed<()> {
        self.deeper(|parser| {
            parser.term()?;
            while ["+", "-", "||"].into_iter().any(|sign| parser.sign(sign)) {
                parser.term()?;
            }
            Ok(())
        })
    }

    fn term(&mut self) -> Parsed<()> {
        match self.peek().cloned() {
            Some(Token::Text(_) | Token::Number(_)) => {
                self.at += 1;
                Ok(())
            }
            Some(Token::Sign("?")) => {
                self.at += 1;
                self.parameters += 1;
                Ok(())
            }
            Some(Token::Sign("-" | "+")) => {
                self.at += 1;
                match self.peek() {
                    Some(Token::Number(_)) => {
                        self.at += 1;
                        Ok(())
                    }
                    _ => Err(self.expected("a number")),
                }
            }
            Some(Token::Sign("[")) => self.list("[", "]"),
            Some(Token::Sign("<<")) => self.list("<<", ">>"),
            Some(Token::Sign("(")) => self.list("(", ")"),
            Some(Token::Sign("{")) => self.map(),
            Some(Token::Word(word)) if is_reserved(&word) => Err(self.expected("a value")),
            Some(Token::Word(_))
                if matches!(self.tokens.get(self.at + 1).map(|it| &it.token), Some(Token::Sign("("))) =>
            {
                self.at += 1;
                self.list("(", ")")
            }
            Some(Token::Word(_) | Token::Name(_)) => self.path(),
            _ => Err(self.expected("a value")),
        }
    }

    fn list(&mut self, open: &str, close: &str) -> Parsed<()> {
        self.must_sign(open)?;
        if self.sign(close) {
            return Ok(());
        }
        loop {
            self.expression()?;
            if !self.sign(",") {
                return self.must_sign(close);
            }
        }
    }

    fn map(&mut self) -> Parsed<()> {
        self.must_sign("{")?;
        if self.sign("}") {
            return Ok(());
        }
        loop {
            match self.peek() {
                Some(Token::Text(_) | Token::Name(_)) => self.at += 1,
                _ => return Err(self.expected("a name in quotes")),
            }
            self.must_sign(":")?;
            self.expression()?;
            if !self.sign(",") {
                return self.must_sign("}");
            }
        }
    }

    fn path(&mut self) -> Parsed<()> {
        self.name("an attribute")?;
        loop {
            if self.sign(".") {
                self.name("an attribute")?;
            } else if self.sign("[") {
                match self.peek() {
                    Some(Token::Number(_) | Token::Text(_)) => self.at += 1,
                    _ => return Err(self.expected("an index")),
                }
                self.must_sign("]")?;
            } else {
                return Ok(());
            }
        }
    }
}

fn is_literal(word: &str) -> bool {
    ["TRUE", "FALSE", "NULL", "MISSING"].iter().any(|literal| word.eq_ignore_ascii_case(literal))
}

/// Words that begin or join clauses: none of them is a value.
fn is_reserved(word: &str) -> bool {
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
        ] {
            assert!(error(text).contains(words), "{text}: {}", error(text));
        }
        let deep = format!("SELECT * FROM a WHERE x = {}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(error(&deep).contains("less nesting"));
        let deep = format!("SELECT * FROM a WHERE {}x = 1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).is_err());
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
