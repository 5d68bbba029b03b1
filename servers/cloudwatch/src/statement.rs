//! Statements of Logs Insights, held to the operator's list of resources: they can name log groups themselves.
//!
//! What a statement names is found without trusting a reading of the whole language. A clause that names groups is either
//! of the plain form that is read here, and is written anew from what was read, or the statement cannot be held to a list:
//! then it needs leave for every log group. Field names, texts and patterns between the clauses stay as they are.

mod tables;

use std::ops::Range;

use aws_sdk_cloudwatchlogs::types::QueryLanguage;
use awsmcp_mcp::{Call, Error, Kind, ResourceArgument, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    CloudWatch, arns, groups,
    names::{LogGroup, is_group},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    #[default]
    Cwli,
    Ppl,
    Sql,
}

impl Language {
    /// The language of a query that is saved. One that is not known here is read as Logs Insights' own, like one that is not
    /// given.
    pub(crate) fn of(language: Option<&QueryLanguage>) -> Language {
        match language {
            Some(QueryLanguage::Ppl) => Language::Ppl,
            Some(QueryLanguage::Sql) => Language::Sql,
            _ => Language::Cwli,
        }
    }

    pub(crate) fn sdk(self) -> QueryLanguage {
        match self {
            Language::Cwli => QueryLanguage::Cwli,
            Language::Ppl => QueryLanguage::Ppl,
            Language::Sql => QueryLanguage::Sql,
        }
    }
}

/// Log groups that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Group(LogGroup),
    /// All whose names begin so, of one account or of every linked one.
    Prefix {
        prefix: String,
        account: Option<String>,
    },
}

/// A statement whose every mention of log groups is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The statement, with each such mention as it was understood.
    pub(crate) text: String,
    pub(crate) sources: Vec<Source>,
    /// Whether these are all of them.
    pub(crate) is_understood: bool,
}

impl Statement {
    /// Whether it needs no log groups beside it.
    pub(crate) fn names_groups(&self, language: Language) -> bool {
        let may = || language == Language::Sql || self.text.trim_start().to_lowercase().starts_with("source");
        !self.sources.is_empty() || !self.is_understood && may()
    }
}

/// The statement as it may be sent.
///
/// # Errors
/// When it names what the operator's list does not hold, or names groups in a way that cannot be held to a list.
pub(crate) async fn held(cx: &Call<CloudWatch>, language: Language, text: &str) -> Result<Statement> {
    const ACTION: &str = "logs:StartQuery";
    let statement = match read(language, text) {
        Ok(statement) => statement,
        Err(why) => {
            // It may name any group of any linked account.
            cx.may(ACTION, arns::LINKED_LOG_GROUP, &[]).await.map_err(|refused| match refused.kind {
                Kind::Refused => Error::refused(format!(
                    "the operator's list cannot be held against this statement: {why}"
                ))
                .with_next(
                    "name the log groups in `log_groups`, and write the statement without what stands there",
                ),
                _ => refused,
            })?;
            return Ok(Statement { text: text.to_owned(), sources: Vec::new(), is_understood: false });
        }
    };
    for source in &statement.sources {
        match source {
            Source::Group(group) => groups::may(cx, ACTION, group).await?,
            Source::Prefix { prefix, account } => {
                let owner = account.as_deref().unwrap_or("*");
                let every = format!("{prefix}*");
                cx.may(ACTION, arns::LINKED_LOG_GROUP, &[("owner", owner), ("name", &every)]).await?;
            }
        }
    }
    Ok(statement)
}

/// Finds what a statement names.
///
/// # Errors
/// Says what about it is not understood.
pub(crate) fn read(language: Language, text: &str) -> Result<Statement, String> {
    if text.contains(|letter: char| letter.is_control() && !letter.is_whitespace()) {
        return Err("it holds control characters".to_owned());
    }
    let clauses = match language {
        Language::Cwli => insights(text)?,
        Language::Ppl => tables::ppl(text)?,
        Language::Sql => tables::sql(text)?,
    };
    let (mut rendered, mut at) = (String::new(), 0);
    let mut sources = Vec::new();
    for clause in clauses {
        rendered.push_str(text.get(at..clause.place.start).unwrap_or_default());
        rendered.push_str(&clause.rendered);
        at = clause.place.end;
        sources.extend(clause.sources);
    }
    rendered.push_str(text.get(at..).unwrap_or_default());
    Ok(Statement { text: rendered, sources, is_understood: true })
}

/// A place of a statement that names groups.
struct Clause {
    place: Range<usize>,
    /// What is sent instead: the same, written from what was read.
    rendered: String,
    sources: Vec<Source>,
}

/// Whether a word is this keyword to a reader that does not tell cases apart, in any alphabet.
fn is(word: &str, keyword: &str) -> bool {
    word.to_uppercase() == keyword || word.to_lowercase() == keyword.to_lowercase()
}

fn part_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Logs Insights' own language. Its regular expressions stand between slashes that may also divide, so that texts and
/// comments cannot be told apart for sure: every `source` is looked at, wherever it stands.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Source.html>
fn insights(text: &str) -> Result<Vec<Clause>, String> {
    if has_comment(text) {
        return Err("it has a comment".to_owned());
    }
    let mut clauses: Vec<Clause> = Vec::new();
    for (start, word) in words(text) {
        let end = start + word.len();
        let (before, after) = (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
        if before.ends_with('`') && after.starts_with('`') {
            continue;
        }
        if is(word, "LOOKUP") && !is_field(before, after) {
            return Err("`lookup` reads a table that is no log group; a field of that name is written `lookup` between backticks".to_owned());
        }
        // Inside of a clause that was read: part of a group's name.
        let is_read = clauses.last().is_some_and(|clause| start < clause.place.end);
        if !is(word, "SOURCE") || is_read || is_field(before, after) {
            continue;
        }
        let mut reader = Reader { text, at: end };
        let (rendered, sources) = reader.source().ok_or_else(|| {
            "a `source` that is not followed by log groups in quotes or logGroups(..) of plain lists; a field of that name \
             is written `source` between backticks"
                .to_owned()
        })?;
        clauses.push(Clause { place: start..reader.at, rendered: format!("SOURCE {rendered}"), sources });
    }
    Ok(clauses)
}

/// Whether a `#` stands outside of quotes.
fn has_comment(text: &str) -> bool {
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (None, '#') => return true,
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            _ => {}
        }
    }
    false
}

/// The words of a text, and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(part_of_word)?;
        let rest = text.get(start..)?;
        let end = start + rest.find(|letter| !part_of_word(letter)).unwrap_or(rest.len());
        at = end;
        Some((start, text.get(start..end)?))
    })
}

/// Whether a word between these is the name of a field: what follows cannot follow a command.
fn is_field(before: &str, after: &str) -> bool {
    const WORDS: [&str; 10] = ["LIKE", "IN", "NOT", "AND", "OR", "AS", "ASC", "DESC", "BY", "IS"];
    let after = after.trim_start();
    let begins = before.trim_end().ends_with(['|', '(']) || before.trim().is_empty();
    match after.chars().next() {
        None | Some('!' | '<' | '>' | ',' | '|' | ')' | ']' | '.') => true,
        Some('=') => !begins,
        Some(_) => {
            words(after).next().is_some_and(|(at, word)| at == 0 && WORDS.iter().any(|known| is(word, known)))
        }
    }
}

/// Reads a clause's groups from a place on.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, letter: char) -> bool {
        self.blanks();
        let is_there = self.rest().starts_with(letter);
        self.at += if is_there { letter.len_utf8() } else { 0 };
        is_there
    }

    fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        let (at, word) = words(self.rest()).next()?;
        (at == 0).then(|| self.at += word.len())?;
        Some(word)
    }

    /// What stands between quotes; it holds no quote and nothing that escapes one.
    fn quoted(&mut self) -> Option<&'a str> {
        self.blanks();
        let quote = self.rest().chars().next().filter(|letter| "'\"`".contains(*letter))?;
        let (inside, _) = self.rest().get(1..)?.split_once(quote)?;
        (!inside.contains(['\'', '"', '`', '\\'])).then(|| self.at += inside.len() + 2)?;
        Some(inside)
    }

    /// The groups of a `SOURCE`, up to the end of the command.
    fn source(&mut self) -> Option<(String, Vec<Source>)> {
        let start = self.at;
        let found = match self.word() {
            Some("logGroups") => self.log_groups()?,
            Some(_) => return None,
            None => {
                self.at = start;
                let mut groups = Vec::new();
                loop {
                    groups.push(LogGroup::parse(self.quoted()?).ok()?);
                    let end = self.at;
                    if !self.takes(',') {
                        self.at = end;
                        break;
                    }
                }
                let names: Vec<String> =
                    groups.iter().map(|group| format!("'{}'", group.identifier())).collect();
                (names.join(", "), groups.into_iter().map(Source::Group).collect())
            }
        };
        let rest = self.rest().trim_start();
        (rest.is_empty() || rest.starts_with(['|', ')'])).then_some(found)
    }

    /// What follows the word `logGroups`: `(namePrefix: ['/a'], accountIdentifiers: ['123456789012'])`.
    fn log_groups(&mut self) -> Option<(String, Vec<Source>)> {
        let (mut prefixes, mut accounts, mut groups) = (None, None, None);
        let mut written = Vec::new();
        if !self.takes('(') {
            return None;
        }
        while !self.takes(')') {
            if !written.is_empty() && !self.takes(',') {
                return None;
            }
            let key = self.word()?;
            if !(self.takes(':') && self.takes('[')) {
                return None;
            }
            let mut values = Vec::new();
            while !self.takes(']') {
                if !values.is_empty() && !self.takes(',') {
                    return None;
                }
                values.push(self.quoted()?);
            }
            if values.is_empty() {
                return None;
            }
            let place = match key {
                "namePrefix" if values.iter().all(|value| is_group(value)) => &mut prefixes,
                "accountIdentifier" | "accountIdentifiers"
                    if values.iter().all(|value| is_account(value)) =>
                {
                    &mut accounts
                }
                "logGroupIdentifier" | "logGroupIdentifiers" => &mut groups,
                // Of which class they are opens no other group.
                "class" | "logGroupClass"
                    if values.iter().all(|value| ["STANDARD", "INFREQUENT_ACCESS"].contains(value)) =>
                {
                    &mut None
                }
                _ => return None,
            };
            if place.is_some() {
                return None;
            }
            let list: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
            written.push(format!("{key}: [{}]", list.join(", ")));
            *place = Some(values);
        }
        let sources = match (groups, prefixes, accounts) {
            (Some(groups), None, None) => {
                let groups = groups.into_iter().map(|group| LogGroup::parse(group).ok().map(Source::Group));
                groups.collect::<Option<Vec<Source>>>()?
            }
            (Some(_), ..) => return None,
            (None, prefixes, accounts) => {
                let prefixes = prefixes.unwrap_or_else(|| vec![""]);
                let accounts = accounts.map_or(vec![None], |list| list.into_iter().map(Some).collect());
                let pair = |prefix: &'a str, account: Option<&str>| Source::Prefix {
                    prefix: prefix.to_owned(),
                    account: account.map(str::to_owned),
                };
                prefixes
                    .iter()
                    .flat_map(|prefix| accounts.iter().map(|account| pair(prefix, *account)))
                    .collect()
            }
        };
        Some((format!("logGroups({})", written.join(", ")), sources))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(language: Language, text: &str) -> Result<Vec<String>, String> {
        let word = |source: Source| match source {
            Source::Group(group) => group.identifier(),
            Source::Prefix { prefix, account } => {
                format!("{}/{prefix}*", account.unwrap_or("any".to_owned()))
            }
        };
        read(language, text).map(|statement| statement.sources.into_iter().map(word).collect())
    }

    #[test]
    fn what_names_no_group_is_left_alone() {
        for text in [
            "fields @timestamp, @message | filter level = \"ERROR\" | sort @timestamp desc",
            "filter source = \"web\" and eventSource like /x'y/ | stats count(*) by source",
            "fields source, lookup | sort source desc | filter source in ['a'] and lookup = 1",
            "parse `source` 'user=*' as user | filter @message like 'a # b'",
            "filter @message like /a\\/b/ | fields a / 2",
        ] {
            let statement = read(Language::Cwli, text).unwrap();
            assert_eq!((statement.text.as_str(), statement.sources.len()), (text, 0));
        }
        assert_eq!(
            names(Language::Ppl, "fields source | where a = 'x' | stats count() by index").unwrap(),
            [""; 0]
        );
    }

    #[test]
    fn every_way_to_name_a_group_is_found() {
        let cwli = |text: &str| names(Language::Cwli, text);
        assert_eq!(cwli("SOURCE '/a' | fields x").unwrap(), ["/a"]);
        assert_eq!(cwli("source \"/a\" , '/b'").unwrap(), ["/a", "/b"]);
        assert_eq!(cwli("SOURCE logGroups()").unwrap(), ["any/*"]);
        assert_eq!(
            cwli("\n SOURCE logGroups(namePrefix: ['/a', '/b'], accountIdentifiers:['123456789012'], class: ['STANDARD']) | x").unwrap(),
            ["123456789012//a*", "123456789012//b*"]
        );
        assert_eq!(cwli("filter a in (SOURCE '/b' | fields a) | join type=inner left=l right=r where l.i=r.i (SOURCE '/c')").unwrap(), ["/b", "/c"]);
        let arn = "arn:aws:logs:us-east-1:999999999999:log-group:/x";
        assert_eq!(cwli(&format!("SOURCE '{arn}:*'")).unwrap(), [arn]);
        let ppl = |text: &str| names(Language::Ppl, text);
        assert_eq!(
            ppl("source = `/a`, b | where x in [ source = [`/c`, `/d`] | fields x ]").unwrap(),
            ["/a", "b", "/c", "/d"]
        );
        let sql = |text: &str| names(Language::Sql, text);
        assert_eq!(
            sql("SELECT a.x, b.y FROM `/a` AS a INNER JOIN `/b` AS b ON a.i = b.i, `/c` WHERE a.x IN (SELECT x FROM g)").unwrap(),
            ["/a", "/b", "/c", "g"]
        );
        assert_eq!(
            sql("SELECT * FROM `logGroups(logGroupIdentifier: ['/a', '/b'])` LIMIT 3;").unwrap(),
            ["/a", "/b"]
        );
    }

    #[test]
    fn what_is_sent_is_written_from_what_was_read() {
        let sent = |language, text: &str| read(language, text).unwrap().text;
        assert_eq!(sent(Language::Cwli, "source\n\"/a\"\n,`b` | fields x"), "SOURCE '/a', 'b' | fields x");
        assert_eq!(
            sent(Language::Cwli, "SOURCE  logGroups( namePrefix :[\"/a\"] )|x"),
            "SOURCE logGroups(namePrefix: ['/a'])|x"
        );
        assert_eq!(sent(Language::Sql, "select x from g where y='from'"), "select x from `g` where y='from'");
    }

    #[test]
    fn what_is_not_understood_is_not_let_through() {
        for (language, text) in [
            (Language::Cwli, "SOURCE /secret"),
            (Language::Cwli, "SOURCE secret"),
            (Language::Cwli, "SOURCE = ['/secret']"),
            (Language::Cwli, "\u{17f}ource /secret"),
            (Language::Cwli, "SOURCE # x\n '/secret'"),
            (Language::Cwli, "fields x # y\n| SOURCE '/secret'"),
            (Language::Cwli, "SOURCE '/a' '/secret'"),
            (Language::Cwli, "SOURCE '/a' START=-1h"),
            (Language::Cwli, "SOURCE '/a\\', '/secret'"),
            (Language::Cwli, "SOURCE dataSource('aws_vpc')"),
            (Language::Cwli, "SOURCE logGroups(namePrefix: ['/a'], other: ['b'])"),
            (Language::Cwli, "SOURCE logGroups(namePrefix: ['/a'], namePrefix: ['/b'])"),
            (Language::Cwli, "fields x | lookup secrets id"),
            (Language::Cwli, "fields x\u{0}"),
            (Language::Ppl, "source = `/a` | join left=l right=r on l.i = r.i `/secret`"),
            (Language::Ppl, "source = aws:fieldIndex"),
            (Language::Ppl, "source /* */ = `/secret`"),
            (Language::Ppl, "source = `/a`/secret"),
            (Language::Ppl, "describe secret"),
            (Language::Sql, "SELECT * FROM (SELECT * FROM `/a`) t, `/b`"),
            (Language::Sql, "SELECT * FROM `/a` JOIN `/b` ON a.x = b.x, (secret)"),
            (Language::Sql, "SELECT * FROM `/a`.`b`"),
            (Language::Sql, "SELECT * FROM `filterIndex('r' = 'x')`"),
            (Language::Sql, "SELECT * FROM `/a` -- x\n, secret()"),
            (Language::Sql, "SELECT 'a\\' FROM `/a` WHERE x = ' FROM secret"),
            (Language::Sql, "SELECT 1 UNION TABLE secret"),
            (Language::Sql, "WITH a AS (SELECT 1) SELECT * FROM a"),
            (Language::Sql, "SELECT 1 ) FROM `/a`"),
        ] {
            assert!(read(language, text).is_err(), "{text}");
        }
    }

    /// Every group that some reader of the language may find: one that knows texts or not, escapes or not, regular
    /// expressions or not, comments or not.
    fn found_by_some_reader(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for bits in 0..16_u8 {
            let knows = |bit: u8| bits & (1 << bit) != 0;
            let letters: Vec<char> = text.chars().collect();
            let (mut at, mut begins, mut visible) = (0, true, String::new());
            while at < letters.len() {
                let letter = letters[at];
                let until = |end: char, mut at: usize| {
                    at += 1;
                    while at < letters.len() && letters[at] != end {
                        at += if knows(1) && letters[at] == '\\' { 2 } else { 1 };
                    }
                    at + 1
                };
                let rest: String = letters[at..].iter().collect();
                if begins && rest.to_uppercase().starts_with("SOURCE") {
                    let named = rest[6..].trim_start();
                    if let Some(named) = named.strip_prefix(['\'', '"', '`']) {
                        found.push(named.chars().take_while(|letter| !"'\"`".contains(*letter)).collect());
                    }
                }
                match letter {
                    '\'' | '"' | '`' if knows(0) => (at, begins) = (until(letter, at), false),
                    '/' if knows(2) => (at, begins) = (until('/', at), false),
                    '#' if knows(3) => at = until('\n', at),
                    _ => {
                        begins = letter == '|' || letter == '(' || begins && letter.is_whitespace();
                        visible.push(letter);
                        at += 1;
                    }
                }
            }
        }
        found
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "SOURCE ",
            "source",
            "\u{17f}ource ",
            "SoUrCe\n",
            "'/secret'",
            "\"/secret\"",
            "`/secret`",
            "'/team/a'",
            "'",
            "\"",
            "`",
            "/",
            "\\",
            "#",
            "\n",
            " ",
            "|",
            " | ",
            "(",
            ")",
            ",",
            "fields x",
            "filter @message like ",
            "logGroups(",
            "namePrefix: ['/secret']",
            "join type=inner left=a right=b where a.i=b.i ",
            " = ",
            "source,",
            "/x/",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Whatever a reader of AWS may find in what is sent was found here.
        #[test]
        fn no_group_is_sent_that_was_not_judged(pieces in prop::collection::vec(piece(), 1..12)) {
            let text = pieces.concat();
            if let Ok(statement) = read(Language::Cwli, &text) {
                for name in found_by_some_reader(&statement.text) {
                    let judged = statement.sources.iter().any(|source| matches!(source, Source::Group(group) if group.name() == name));
                    prop_assert!(judged, "{name:?} of {:?}", statement.text);
                }
            }
        }

        /// Statements whose groups are known are read as such, and so is what is sent of them.
        #[test]
        fn the_groups_of_generated_statements_are_found(
            groups in prop::collection::vec("/[a-z]{1,4}(/[a-zA-Z0-9._#-]{1,5})?", 1..5),
            language in prop::sample::select(vec![Language::Cwli, Language::Ppl, Language::Sql]),
            blanks in "[ \n\t]{1,3}",
            upper in any::<bool>(),
        ) {
            let (first, rest) = groups.split_first().unwrap();
            let mut text = match language {
                Language::Cwli => format!("source{blanks}'{first}'{blanks}|{blanks}fields a, b"),
                Language::Ppl => format!("source{blanks}={blanks}`{first}`{blanks}|{blanks}fields a, b"),
                Language::Sql => format!("select{blanks}a, b from{blanks}`{first}`"),
            };
            for (at, group) in rest.iter().enumerate() {
                text += &match language {
                    Language::Cwli if at % 2 == 0 => format!(" | filter a in{blanks}(source \"{group}\" | fields a)"),
                    Language::Cwli => format!(" | join left=l right=r where l.a=r.a (source{blanks}'{group}')"),
                    Language::Ppl => format!(" | where a in{blanks}[ source=[`{group}`] | fields a ]"),
                    Language::Sql if at % 2 == 0 => format!(" left join{blanks}`{group}` on a = f(b, c)"),
                    Language::Sql => format!("{blanks}, `{group}`{blanks}x"),
                };
            }
            if upper {
                text = text.replace("source", "SOURCE").replace("from", "FROM").replace("join", "JOIN");
            }
            let statement = read(language, &text).map_err(TestCaseError::fail)?;
            let found: Vec<String> = statement.sources.iter().map(|source| match source {
                Source::Group(group) => group.name().to_owned(),
                other => format!("{other:?}"),
            }).collect();
            prop_assert_eq!(&found, &groups);
            prop_assert_eq!(read(language, &statement.text), Ok(statement.clone()));
        }

        #[test]
        fn no_statement_makes_reading_panic(text in "\\PC{0,60}", language in 0..3_u8) {
            let language = [Language::Cwli, Language::Ppl, Language::Sql][usize::from(language)];
            let _ = read(language, &text);
        }
    }
}
