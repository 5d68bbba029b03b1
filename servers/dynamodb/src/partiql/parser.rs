//! The grammar of one statement.

use super::{
    Condition, Kind, ParseError, Statement,
    tokens::{Placed, Token, instead, is_literal, is_reserved, is_sum, rendered},
};

/// Reads a statement out of its tokens, each once and in order.
pub(super) struct Parser<'a> {
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

impl<'a> Parser<'a> {
    /// `end` is the place behind the last character of the text.
    pub(super) fn new(tokens: &'a [Placed], end: usize) -> Parser<'a> {
        Parser { tokens, end, at: 0, parameters: 0, depth: 0 }
    }

    /// The one statement that the tokens are.
    pub(super) fn whole(mut self) -> Parsed<Statement> {
        let statement = self.statement()?;
        let text = rendered(self.tokens.get(..self.at).unwrap_or_default());
        self.sign(";");
        match self.peek() {
            None => Ok(Statement { text, ..statement }),
            Some(_) => Err(self.expected("the end of the statement: one at a time")),
        }
    }
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
        let other = match self.peek() {
            Some(Token::Word(word)) => instead(word),
            _ => None,
        };
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => word.clone(),
            Some(Token::Name(name)) => format!("\"{name}\""),
            Some(Token::Text(_)) => "a string".to_owned(),
            Some(Token::Number(number)) => number.clone(),
            Some(Token::Sign(sign)) => (*sign).to_owned(),
        };
        ParseError { position, why: format!("expected {what}, found {found}"), instead: other }
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
            is_of_all: false,
            parameters: self.parameters,
            condition: facts.condition,
        }
    }

    fn select(&mut self) -> Parsed<Statement> {
        self.must_word("SELECT")?;
        if self.is_word("DISTINCT") {
            return Err(self.expected("* or attributes"));
        }
        let is_of_all = self.sign("*");
        if !is_of_all {
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
        Ok(Statement { is_of_all, ..self.made(Kind::Select, place, facts) })
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
        if negated || self.is_word("LIKE") {
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
            Some(Token::Word(word))
                if matches!(self.tokens.get(self.at + 1).map(|it| &it.token), Some(Token::Sign("("))) =>
            {
                if is_sum(&word) {
                    return Err(self.expected("a value"));
                }
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
