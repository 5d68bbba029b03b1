//! Statements in PPL and SQL, which name log groups where these languages name tables.

use std::ops::Range;

use awsmcp_mcp::ResourceArgument;

use super::{Clause, Reader, Source, is, part_of_word};
use crate::names::{LogGroup, is_group};

/// A piece of a statement in PPL or SQL.
#[derive(Debug)]
struct Token<'a> {
    place: Range<usize>,
    kind: Piece<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    /// The quote, and what stands between.
    Quoted(char, &'a str),
    Sign(char),
}

/// Takes a statement apart, where there is one way to do so: quotes that may or may not be escaped, and comments, whose
/// forms differ, are refused.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (length, kind) = match letter {
            letter if letter.is_whitespace() => {
                at += letter.len_utf8();
                continue;
            }
            '\'' | '"' | '`' => {
                let inside =
                    rest.get(1..).and_then(|inside| inside.split_once(letter)).map(|(inside, _)| inside);
                let inside = inside.ok_or("a quote is not closed")?;
                if inside.contains(r#"\'"#)
                    || inside.contains(r#"\""#)
                    || inside.contains("\\`")
                    || inside.ends_with('\\')
                {
                    return Err("a backslash stands before a quote".to_owned());
                }
                (inside.len() + 2, Piece::Quoted(letter, inside))
            }
            letter if part_of_word(letter) => {
                let end = rest.find(|letter| !part_of_word(letter)).unwrap_or(rest.len());
                (end, Piece::Word(rest.get(..end).unwrap_or_default()))
            }
            _ if ["--", "/*", "//", "#"].iter().any(|comment| rest.starts_with(comment)) => {
                return Err("it has a comment".to_owned());
            }
            sign => (sign.len_utf8(), Piece::Sign(sign)),
        };
        found.push(Token { place: at..at + length, kind });
        at += length;
    }
    Ok(found)
}

fn kind<'a>(tokens: &'a [Token<'a>], at: usize) -> Option<Piece<'a>> {
    tokens.get(at).map(|token| token.kind)
}

fn is_word(piece: Option<Piece<'_>>, keywords: &[&str]) -> bool {
    matches!(piece, Some(Piece::Word(word)) if keywords.iter().any(|keyword| is(word, keyword)))
}

/// The group, or the groups, that one token names where a statement names its groups.
fn table(tokens: &[Token<'_>], at: usize) -> Option<Clause> {
    let token = tokens.get(at)?;
    // Two quotes in a row may be one that is escaped.
    let adjoins = tokens.get(at + 1).is_some_and(|next| match next.kind {
        Piece::Sign(',' | ')' | ']' | '|' | ';') => false,
        // A name of several parts, or a function.
        Piece::Sign('.' | '(') => true,
        _ => next.place.start == token.place.end,
    });
    let (rendered, sources) = match token.kind {
        _ if adjoins => return None,
        Piece::Quoted('`', inside) | Piece::Word(inside)
            if is_group(inside) || inside.starts_with("arn:") =>
        {
            let group = LogGroup::parse(inside).ok()?;
            (group.identifier(), vec![Source::Group(group)])
        }
        Piece::Quoted('`', inside) => {
            let mut reader = Reader { text: inside, at: 0 };
            reader.word().filter(|word| *word == "logGroups")?;
            let (rendered, sources) = reader.log_groups()?;
            (reader.rest().trim().is_empty()).then_some((rendered, sources))?
        }
        _ => return None,
    };
    Some(Clause { place: token.place.clone(), rendered: format!("`{rendered}`"), sources })
}

/// OpenSearch PPL: `source = a, b` and `source = [a, b]` name groups.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_PPL.html>
pub(super) fn ppl(text: &str) -> Result<Vec<Clause>, String> {
    const OTHERS: [&str; 10] = [
        "JOIN",
        "LOOKUP",
        "DESCRIBE",
        "SHOW",
        "APPEND",
        "APPENDCOL",
        "APPENDCOLS",
        "APPENDPIPE",
        "MULTISEARCH",
        "UNION",
    ];
    let tokens = tokens(text)?;
    let tokens = tokens.as_slice();
    let mut clauses = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Piece::Word(word) = token.kind else { continue };
        if let Some(other) = OTHERS.iter().find(|other| is(word, other)) {
            return Err(format!("`{}` can name log groups", other.to_lowercase()));
        }
        if !is(word, "SOURCE") && !is(word, "INDEX") {
            continue;
        }
        let unread = || {
            format!(
                "`{word} =` is not followed by log groups in backticks; a field of that name is written `{word}` between backticks"
            )
        };
        match kind(tokens, at + 1) {
            Some(Piece::Sign('=')) => {}
            None | Some(Piece::Sign('!' | '<' | '>' | ',' | '|' | ')' | ']')) => continue,
            next if is_word(next, &["LIKE", "IN", "NOT", "AND", "OR", "AS", "BY", "IS"]) => continue,
            _ => return Err(unread()),
        }
        let is_list = kind(tokens, at + 2) == Some(Piece::Sign('['));
        let mut place = at + 2 + usize::from(is_list);
        loop {
            clauses.push(table(tokens, place).ok_or_else(unread)?);
            place += 1;
            match kind(tokens, place) {
                Some(Piece::Sign(',')) => place += 1,
                Some(Piece::Sign(']')) if is_list => break,
                None | Some(Piece::Sign('|' | ']' | ')')) if !is_list => break,
                _ => return Err(unread()),
            }
        }
    }
    Ok(clauses)
}

/// OpenSearch SQL: what follows FROM, JOIN and the commas between them names groups.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_SQL.html>
pub(super) fn sql(text: &str) -> Result<Vec<Clause>, String> {
    const ENDS: [&str; 14] = [
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "MINUS",
        "WINDOW",
        "SORT",
        "CLUSTER",
        "DISTRIBUTE",
        "SELECT",
    ];
    let tokens = tokens(text)?;
    let tokens = tokens.as_slice();
    if !is_word(kind(tokens, 0), &["SELECT"]) {
        return Err("it does not begin with SELECT".to_owned());
    }
    let mut clauses = Vec::new();
    // For each open parenthesis, whether its FROM goes on.
    let mut open = vec![false];
    for (at, token) in tokens.iter().enumerate() {
        let is_named = match token.kind {
            Piece::Word(word) if is(word, "FROM") || is(word, "JOIN") => {
                open.last_mut().iter_mut().for_each(|from| **from = true);
                true
            }
            Piece::Word(word) if is(word, "TABLE") || is(word, "WITH") => {
                return Err(format!("`{word}` can name log groups"));
            }
            Piece::Word(word) if ENDS.iter().any(|end| is(word, end)) => {
                open.last_mut().iter_mut().for_each(|from| **from = false);
                false
            }
            Piece::Sign(',') => open.last() == Some(&true),
            Piece::Sign('(') => {
                open.push(false);
                false
            }
            Piece::Sign(')') => {
                open.pop();
                false
            }
            Piece::Sign(';') if at + 1 < tokens.len() => return Err("it is several statements".to_owned()),
            _ => false,
        };
        if open.is_empty() {
            return Err("a parenthesis is not opened".to_owned());
        }
        if is_named {
            let clause = table(tokens, at + 1);
            clauses.push(
                clause.ok_or(
                    "what follows FROM, JOIN or a comma between them is not a log group in backticks",
                )?,
            );
        }
    }
    Ok(clauses)
}
