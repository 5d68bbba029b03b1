//! Searching one object, from where an earlier page stopped to its end or to where this page is full.

use std::time::Instant;

use awsmcp_mcp::{Result, quoted, thousands};

use super::{
    Inside, OPENED, Search,
    matching::{Cuts, Found, Matcher},
};
use crate::{
    body::{Contents, End, MOST, Source},
    names::bare,
    text::{HEAD, Nature, Splitter, Transcoder, nature},
};

/// UTF-8's own mark at the start of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What one object gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Found>,
    /// How many lines match.
    pub(super) count: u64,
    /// Whether it was searched from its start again, since it had changed.
    anew: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    /// Where it stopped, if not at the end.
    pub(super) stopped: Option<Inside>,
    pub(super) etag: Option<String>,
    pub(super) cut: Cuts,
    /// Why it was not searched, or not to its end.
    pub(super) but: Option<String>,
}

impl Outcome {
    /// How many lines match, with those of the pages before.
    pub(super) fn counted_with(&self, before: u64) -> u64 {
        if self.anew { self.count } else { before + self.count }
    }
}

impl Search<'_> {
    /// Searches one object, from where an earlier page stopped. A `name` is shown in the rows.
    pub(super) async fn object(
        &self,
        key: &str,
        start: Option<Inside>,
        name: Option<&str>,
        until: Instant,
    ) -> Result<Outcome> {
        let source = Source { bucket: self.bucket, key, version_id: None };
        let start = start.filter(|start| start.offset > 0).unwrap_or_default();
        let offset = start.offset;
        let resumed = self.scan(&source, start, name, until).await;
        match resumed {
            Err(error) if offset > 0 && error.code.as_deref() == Some("PreconditionFailed") => {
                self.cx
                    .note(format!("{} changed meanwhile; it was searched anew from its start", quoted(key)));
                let outcome = self.scan(&source, Inside::default(), name, until).await?;
                Ok(Outcome { anew: true, ..outcome })
            }
            resumed => resumed,
        }
    }

    async fn scan(
        &self,
        source: &Source<'_>,
        start: Inside,
        name: Option<&str>,
        until: Instant,
    ) -> Result<Outcome> {
        let Inside { line, offset, etag, after } = start;
        // Where a search goes on, its start is only looked at.
        let most = if offset > 0 { HEAD as u64 } else { MOST };
        let etag = etag.map(|etag| format!("\"{etag}\""));
        let (about, mut contents) = source.open_from(self.cx, 0, most, etag.as_deref()).await?;
        let mut outcome =
            Outcome { etag: about.etag.as_deref().map(|etag| bare(etag).to_owned()), ..Outcome::default() };
        let packed = contents.packing().is_some();
        let head = contents.peek(HEAD).await?.to_vec();
        let encoding = match nature(&head, contents.declared(&about)) {
            Nature::Text(encoding) => encoding,
            Nature::Image(mime) | Nature::Binary(Some(mime)) => {
                outcome.but = Some(format!("binary ({mime})"));
                return Ok(outcome);
            }
            Nature::Binary(None) => {
                outcome.but = Some("binary".to_owned());
                return Ok(outcome);
            }
        };
        let transcoder = Transcoder::new(encoding);
        let plain = !packed && transcoder.is_none();
        let matcher = Matcher::new(self.rules(), name, transcoder.is_none(), after);
        let mut pass = Pass {
            transcoder,
            splitter: Splitter::new(line.max(1), offset),
            matcher,
            over: if plain { 0 } else { offset },
            enough: usize::try_from(self.cx.limit()).unwrap_or(usize::MAX) + self.context,
            seen: (line.max(1), offset),
            stopped: false,
        };
        if offset > 0 {
            let (from, most) = if plain { (offset, MOST) } else { (0, offset.saturating_add(MOST)) };
            contents = source.open_from(self.cx, from, most, about.etag.as_deref()).await?.1;
        } else if plain && head.starts_with(MARK) {
            pass.over = MARK.len() as u64;
            pass.splitter = Splitter::new(1, pass.over);
        }
        let mut contents = contents.until(until);
        pass.run(&mut contents, &mut outcome).await?;
        pass.end(&contents, packed, offset, &mut outcome);
        Ok(outcome)
    }
}

/// The way through an object's contents, once.
struct Pass<'a> {
    transcoder: Option<Transcoder>,
    splitter: Splitter,
    matcher: Matcher<'a>,
    /// How much of what comes was searched before: of plain contents that is not even sent.
    over: u64,
    /// So many rows fill a page.
    enough: usize,
    /// The line and the byte that the search would go on with.
    seen: (u64, u64),
    /// Whether it stopped because the page is full.
    stopped: bool,
}

impl Pass<'_> {
    async fn run(&mut self, contents: &mut Contents, outcome: &mut Outcome) -> Result<()> {
        let mut text = Vec::new();
        loop {
            let chunk = contents.next().await?;
            text.clear();
            let bytes = match &mut self.transcoder {
                Some(transcoder) => {
                    transcoder.push(chunk.as_deref().unwrap_or_default(), chunk.is_none(), &mut text);
                    text.as_slice()
                }
                None => chunk.as_deref().unwrap_or_default(),
            };
            // Pass over what an earlier page searched.
            let passed = usize::try_from(self.over).unwrap_or(usize::MAX).min(bytes.len());
            self.over -= passed as u64;
            let bytes = bytes.get(passed..).unwrap_or_default();
            outcome.bytes += bytes.len() as u64;
            self.splitter.push(bytes);
            while let Some(line) = self.splitter.next(chunk.is_none()) {
                outcome.lines += u64::from(line.ends);
                self.seen = (line.number + u64::from(line.ends), line.next);
                self.matcher.take(&line);
                if self.matcher.rows.len() > self.enough {
                    self.stopped = true;
                    return Ok(());
                }
            }
            if chunk.is_none() {
                return Ok(());
            }
        }
    }

    /// Says what was found, and where the search stopped if that was not the end.
    fn end(self, contents: &Contents, packed: bool, offset: u64, outcome: &mut Outcome) {
        outcome.cut = self.matcher.cut;
        outcome.rows = self.matcher.rows;
        outcome.count = self.matcher.count;
        let seen = self.seen;
        let here =
            Inside { line: seen.0, offset: seen.1, etag: outcome.etag.clone(), after: self.matcher.after };
        match contents.end() {
            _ if self.stopped => outcome.stopped = Some(here),
            Some(End::Bound) if packed && (seen.1 >= OPENED || seen.1 <= offset) => {
                outcome.but = Some(format!("too large, searched only up to line {}", thousands(seen.0)));
            }
            Some(End::Bound) => outcome.stopped = Some(here),
            Some(End::Damaged(why)) => {
                outcome.but =
                    Some(format!("damaged behind line {} ({why})", thousands(seen.0.saturating_sub(1))));
            }
            _ => {}
        }
    }
}
