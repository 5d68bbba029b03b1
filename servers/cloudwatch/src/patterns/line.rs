//! A log line: its words, and where among them it says something.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A word, or what stands between two words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) is_word: bool,
    /// Has a digit, or is the name of a day or a month: such words differ from line to line and say nothing.
    pub(super) is_number: bool,
    /// Names what follows, as in JSON and in `key=value`.
    pub(super) is_key: bool,
}

/// Where a line says something; before it stand times, hosts and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Behind the level, or the colon that ends a process. From here to the message stand threads, loggers and ids of
    /// requests, of which one line may have more than another.
    pub(super) context: usize,
    /// The first token of the message.
    pub(super) message: usize,
}

/// Tokens within which a line's message begins.
const HEADER: usize = 30;

/// Where a line's message begins, and what stands before it.
pub(super) fn header(tokens: &[Token<'_>]) -> Header {
    let context = behind_level(tokens);
    let mut message = first_word(tokens, context).unwrap_or(context);
    while let Some(next) = behind_group(tokens, message).or_else(|| behind_logger(tokens, message)) {
        // A line that is nothing else says just that.
        match first_word(tokens, next) {
            Some(next) => message = next,
            None => break,
        }
    }
    Header { context, message }
}

/// The token after a line's level, or after the first `: ` that follows a number, such as the process's; else the first.
fn behind_level(tokens: &[Token<'_>]) -> usize {
    let mut before = None;
    for (at, token) in tokens.iter().take(HEADER).enumerate() {
        if token.is_word && !token.is_key && is_level(token.text) {
            return at + 1;
        }
        if token.is_word {
            before = Some(token);
        } else if token.text.contains(": ")
            && !token.text.contains('"')
            && before.is_some_and(|before| before.text.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return at + 1;
        }
    }
    0
}

fn first_word(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    (from..tokens.len())
        .find(|at| tokens.get(*at).is_some_and(|token| token.is_word && !token.text.is_empty()))
}

/// What follows the brackets that a word stands in, such as `[main] ` and `[req-1 - - -] `.
fn behind_group(tokens: &[Token<'_>], word: usize) -> Option<usize> {
    let before = tokens.get(word.checked_sub(1)?)?;
    if before.is_word || !before.text.ends_with('[') {
        return None;
    }
    let mut depth = 1;
    for (at, token) in tokens.iter().enumerate().skip(word).take(HEADER) {
        if token.is_word {
            continue;
        }
        for letter in token.text.chars() {
            match letter {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

/// What follows the name of a logger, such as `nova.compute.manager ` and `org.apache.hadoop.ipc.Client: `.
fn behind_logger(tokens: &[Token<'_>], word: usize) -> Option<usize> {
    let (name, gap) = (tokens.get(word)?, tokens.get(word + 1)?);
    let is_part = |part: &str| part.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let is_logger = name.text.split('.').count() > 2 && name.text.split('.').all(is_part);
    let is_apart = gap.text.starts_with(": ") || gap.text.starts_with(char::is_whitespace);
    (is_logger && is_apart && !gap.is_word).then_some(word + 2)
}

/// Lines of the same leaf have as much before their contexts, messages of as many tokens, and these begin with the same word.
pub(super) fn leaf(tokens: &[Token<'_>], header: Header) -> u64 {
    let mut hasher = DefaultHasher::new();
    (header.context, tokens.len() - header.message).hash(&mut hasher);
    let first = tokens.iter().skip(header.message).find(|token| token.is_word && !token.is_number);
    first.map(|token| token.text).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn tokens(line: &str) -> Vec<Token<'_>> {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_word = |at: usize, byte: u8| {
        byte.is_ascii_alphanumeric()
            || !byte.is_ascii()
            || b"_-./@+%#$*~".contains(&byte)
            // Times and addresses are one word.
            || (byte == b':' && at > 0 && digit(at - 1) && digit(at + 1))
    };
    let mut found: Vec<Token<'_>> = Vec::with_capacity(32);
    let mut start = 0;
    let mut kind = None;
    let mut has_digit = false;
    let mut close = |start: usize, end: usize, is_word: Option<bool>, has_digit: bool| {
        if let (Some(is_word), Some(text)) = (is_word, line.get(start..end)) {
            if !is_word
                && (text.starts_with("\":") || text.starts_with('='))
                && let Some(before) = found.last_mut()
            {
                before.is_key = true;
            }
            let is_number = has_digit || is_word && is_date(text);
            found.push(Token { text, is_word, is_number, is_key: false });
        }
    };
    for (at, byte) in bytes.iter().enumerate() {
        let word = is_word(at, *byte);
        // Between empty parentheses stands a word that is left out: it may be there in the next line.
        let is_left_out = *byte == b')' && at > 0 && bytes.get(at - 1) == Some(&b'(');
        if is_left_out {
            close(start, at, kind, has_digit);
            close(at, at, Some(true), true);
            (start, kind, has_digit) = (at, Some(word), false);
        } else if kind != Some(word) {
            close(start, at, kind, has_digit);
            (start, kind, has_digit) = (at, Some(word), false);
        }
        has_digit |= byte.is_ascii_digit();
    }
    close(start, bytes.len(), kind, has_digit);
    found
}

pub(super) fn is_level(word: &str) -> bool {
    const LEVELS: [&str; 15] = [
        "trace",
        "debug",
        "info",
        "notice",
        "warn",
        "warning",
        "error",
        "err",
        "critical",
        "crit",
        "fatal",
        "panic",
        "alert",
        "emergency",
        "severe",
    ];
    word.len() <= 9 && LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

pub(super) fn is_number(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit()) || is_date(word)
}

/// The name of a day or a month, or of the zone that times are of.
fn is_date(word: &str) -> bool {
    const NAMES: [&str; 20] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul",
        "aug", "sep", "oct", "nov", "dec", "utc",
    ];
    word.len() == 3 && NAMES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Whether the same stands between words, however many blanks there are: `Jul  1` is padded where `Jul 15` is not.
pub(super) fn is_same_gap(left: &str, right: &str) -> bool {
    let blank = |text: &str| (text.starts_with(char::is_whitespace), text.ends_with(char::is_whitespace));
    blank(left) == blank(right) && left.split_whitespace().eq(right.split_whitespace())
}

/// A word that may say what happened, such as a verb or a state: it is neither a number nor a path.
pub(super) fn is_plain(word: &str) -> bool {
    word.len() > 1 && !is_number(word) && !word.contains('/')
}

/// The first bytes of a text, up to whole characters.
pub(super) fn head(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
