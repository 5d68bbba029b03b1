//! Parts that are counted in lines.

use awsmcp_mcp::{Body, Error, Result, thousands};
use encoding_rs::{Encoding, UTF_8};

use super::{COUNTED, Reading, damaged, too_far};
use crate::{
    body::{End, MOST},
    text::{self, HEAD, Nature, Splitter, Transcoder},
};

impl Reading<'_> {
    pub(super) async fn lines(&self, first: u64, last: u64) -> Result<Body> {
        let (about, contents) = self.source.open(self.cx, MOST).await?;
        let mut contents = contents.until(self.deadline());
        let nature = self.look(&about, &mut contents).await?;
        let encoding = has_lines(nature)?;
        let mut found = Found::default();
        let mut transcoder = Transcoder::new(encoding);
        let mut splitter = Splitter::new(1, 0);
        let mut done = false;
        while !done {
            let chunk = contents.next().await?;
            feed(&mut splitter, transcoder.as_mut(), chunk.as_deref());
            while let Some(line) = splitter.next(chunk.is_none()) {
                done = found.take(&line, first, last, self.budget) && about.size > COUNTED;
                if done {
                    break;
                }
            }
            done |= chunk.is_none();
        }
        let whole = contents.end() == Some(&End::Whole);
        let counted = format!("the object has only {} lines", thousands(found.seen));
        if found.shown.is_none() {
            return Err(match contents.end() {
                _ if about.size == 0 => Error::invalid("the object is empty"),
                Some(End::Bound) => too_far(&format!("line {}", thousands(first))),
                Some(End::Damaged(why)) => Error::invalid(damaged(&contents, why)),
                _ => Error::invalid(counted).with_next("ask for lines that there are, or for tail_lines"),
            });
        }
        let (start, end) = found.shown.unwrap_or_default();
        let total = if whole { format!(" of {}", thousands(found.seen)) } else { String::new() };
        let part = Some(match start == end {
            true => format!("line {start}{total}"),
            false => format!("lines {start}-{end}{total}"),
        });
        let rest = if let Some(at) = found.cut_at {
            let plain = contents.packing().is_none() && encoding == UTF_8;
            let rest = format!("more of this line: bytes \"{at}-{}\"", at + self.budget as u64 - 1);
            Some(if plain { rest } else { "this line is longer than max_chars".to_owned() })
        } else if found.full {
            let last = if last == u64::MAX { String::new() } else { last.to_string() };
            Some(format!("more: lines \"{}-{last}\"", end + 1))
        } else {
            match contents.end() {
                Some(End::Damaged(why)) => Some(damaged(&contents, why)),
                Some(End::Bound) if found.seen < last => Some("not read further than this".to_owned()),
                _ => None,
            }
        };
        let mut body = self.body(&about, &contents, nature, part, found.text);
        body.rest = rest;
        Ok(body)
    }

    pub(super) async fn tail(&self, count: u64) -> Result<Body> {
        let (about, mut contents) = self.source.open(self.cx, HEAD as u64).await?;
        let nature = self.look(&about, &mut contents).await?;
        let encoding = has_lines(nature)?;
        let plain = contents.packing().is_none();
        let (bytes, first) = if plain {
            let first = about.size.saturating_sub(self.budget as u64).next_multiple_of(2).min(about.size);
            let bytes = match about.size {
                0 => Vec::new(),
                size if size <= HEAD as u64 && first == 0 => contents.take(HEAD).await?,
                size => self.source.bytes(self.cx, first, size - 1, about.etag.as_deref()).await?,
            };
            (bytes, first)
        } else {
            contents = self.source.open(self.cx, MOST).await?.1.until(self.deadline());
            let (bytes, first) = self.end_of(&mut contents, self.budget / 2 * 2).await?;
            // Wide characters start at even places.
            let odd = usize::from(text::is_wide(encoding) && first % 2 == 1);
            (bytes.get(odd..).unwrap_or_default().to_vec(), first + odd as u64)
        };
        let bytes =
            bytes.get(if first > 0 { text::cut_start(&bytes, encoding) } else { 0 }..).unwrap_or_default();
        let whole = text::decoded(bytes, encoding);
        let (mut shown, mut lines) = text::last_lines(&whole, count);
        let mut rest = None;
        if lines < count && first > 0 {
            // The first of them began before what was read.
            match shown.split_once('\n').filter(|_| lines > 1) {
                Some((_, behind)) => (shown, lines) = (behind, lines - 1),
                None => rest = Some("the end of one long line; `bytes` shows more of it".to_owned()),
            }
            rest.get_or_insert_with(|| {
                format!("more lines do not fit: bytes \"-{}\" with a larger max_chars", self.budget * 2)
            });
        }
        if let Some(End::Damaged(why)) = contents.end().filter(|_| !plain) {
            rest = Some(damaged(&contents, why));
        }
        let part = Some(if lines == 1 {
            "last line".to_owned()
        } else {
            format!("last {} lines", thousands(lines))
        });
        let mut body = self.body(&about, &contents, nature, part.filter(|_| lines > 0), shown.to_owned());
        body.rest = rest;
        Ok(body)
    }
}

/// Lines as they are found.
#[derive(Default)]
struct Found {
    text: String,
    characters: usize,
    /// The first and the last line in `text`.
    shown: Option<(u64, u64)>,
    /// How many lines went by.
    seen: u64,
    /// Whether a wanted line did not fit.
    full: bool,
    /// Where a line was cut that alone is too long.
    cut_at: Option<u64>,
}

impl Found {
    /// Keeps a line if it is wanted and fits; says whether it was the last that matters.
    fn take(&mut self, line: &text::Line<'_>, first: u64, last: u64, budget: usize) -> bool {
        self.seen = line.number;
        if line.number < first || line.number > last || self.full {
            return line.number > last || self.full;
        }
        let text = String::from_utf8_lossy(line.bytes);
        // A mark at the very start is no character of the line.
        let text = if line.offset == 0 { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
        let count = text.chars().count() + 1;
        if self.characters + count > budget {
            self.full = true;
            let longest = self.shown.is_none_or(|(start, end)| start == line.number && end == line.number);
            if longest {
                let room = budget.saturating_sub(self.characters);
                let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
                self.text.push_str(text.get(..end).unwrap_or_default());
                self.shown = Some((line.number, line.number));
                self.cut_at = Some(line.offset + end as u64);
            }
            return true;
        }
        self.text.push_str(text);
        self.characters += count;
        if line.ends {
            self.text.push('\n');
        }
        self.shown = Some((self.shown.map_or(line.number, |(start, _)| start), line.number));
        line.ends && line.number == last
    }
}

fn feed(splitter: &mut Splitter, transcoder: Option<&mut Transcoder>, chunk: Option<&[u8]>) {
    match transcoder {
        Some(transcoder) => transcoder.push(chunk.unwrap_or_default(), chunk.is_none(), splitter.room()),
        None => splitter.push(chunk.unwrap_or_default()),
    }
}

fn has_lines(nature: Nature) -> Result<&'static Encoding> {
    match nature {
        Nature::Text(encoding) => Ok(encoding),
        Nature::Image(mime) | Nature::Binary(Some(mime)) => Err(no_lines(&format!("binary ({mime})"))),
        Nature::Binary(None) => Err(no_lines("binary")),
    }
}

fn no_lines(what: &str) -> Error {
    Error::invalid(format!("the object is {what}: it has no lines"))
        .with_next("leave the lines out to see what it is, or ask for bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &str, first: u64, last: u64, budget: usize) -> Found {
        let mut found = Found::default();
        let mut splitter = Splitter::new(1, 0);
        splitter.push(content.as_bytes());
        while let Some(line) = splitter.next(true) {
            found.take(&line, first, last, budget);
        }
        found
    }

    #[test]
    fn lines_that_do_not_fit_are_left_for_the_next_call() {
        let few = found("a\nb\nc\nd\n", 2, 3, 100);
        assert_eq!((few.text.as_str(), few.shown, few.seen, few.full), ("b\nc\n", Some((2, 3)), 4, false));
        let full = found("aaaa\nbbbb\ncccc\n", 1, u64::MAX, 10);
        assert_eq!((full.text.as_str(), full.shown, full.full), ("aaaa\nbbbb\n", Some((1, 2)), true));
        let long = found("aaaa\nbbbbbbbbbbbb\n", 2, 2, 5);
        assert_eq!((long.text.as_str(), long.shown, long.cut_at), ("bbbbb", Some((2, 2)), Some(10)));
        assert_eq!(found("a\n", 5, 9, 100).shown, None);
    }
}
