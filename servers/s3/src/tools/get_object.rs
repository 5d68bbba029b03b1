mod lines;

use std::time::Instant;

use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool, human_size, thousands};
use encoding_rs::UTF_8;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    S3, arns,
    body::{About, Contents, End, MOST, Source},
    listing::patience,
    names::{BucketName, Key, escaped},
    span::Span,
    text::{self, HEAD, Nature, nature},
};

/// Reads an object: text, an image, or a hexdump of other bytes. gzip and zstd are opened.
///
/// Without a part it starts at the beginning and says how to go on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetObject {
    bucket: BucketName,
    /// As `list_objects` returns it.
    key: Key,
    version_id: Option<String>,
    /// 0-1023, 500- or -500 (the last 500); of the opened contents.
    bytes: Option<Span>,
    /// 100-200, counted from 1.
    lines: Option<Span>,
    #[schemars(range(min = 1))]
    head_lines: Option<u64>,
    #[schemars(range(min = 1))]
    tail_lines: Option<u64>,
}

impl Tool for GetObject {
    type Service = S3;
    type Output = Body;
    const SPEC: Spec = Spec::read("get_object", "Read object")
        .on(arns::OBJECT, &["s3:GetObject"])
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion"]);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let wanted = self.wanted()?;
        let source =
            Source { bucket: &self.bucket, key: self.key.as_str(), version_id: self.version_id.as_deref() };
        let reading = Reading { cx, source, budget: cx.budget() };
        match wanted {
            Wanted::Start => reading.start().await,
            Wanted::Bytes(span) => reading.bytes(span).await,
            Wanted::Lines(first, last) => reading.lines(first, last).await,
            Wanted::Tail(count) => reading.tail(count).await,
        }
    }
}

/// Which part of an object is asked for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Start,
    Bytes(Span),
    /// From this line to that, both included.
    Lines(u64, u64),
    Tail(u64),
}

impl GetObject {
    fn wanted(&self) -> Result<Wanted> {
        let zero = || Error::invalid("lines are counted from 1; a good range is \"1-50\"");
        let parts = [
            self.bytes.map(Wanted::Bytes),
            self.lines.map(|span| match span {
                Span::Between(first, last) => Wanted::Lines(first, last),
                Span::From(first) => Wanted::Lines(first, u64::MAX),
                Span::Last(count) => Wanted::Tail(count),
            }),
            self.head_lines.map(|count| Wanted::Lines(1, count)),
            self.tail_lines.map(Wanted::Tail),
        ];
        let mut given = parts.into_iter().flatten();
        match (given.next(), given.next()) {
            (None, _) => Ok(Wanted::Start),
            (Some(Wanted::Lines(0, _)), None) => Err(zero()),
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => {
                Err(Error::invalid("give one of bytes, lines, head_lines and tail_lines, not several"))
            }
        }
    }
}

/// The largest image that is shown: what hosts take, as base64.
const LARGEST_IMAGE: u64 = 3_750_000;
/// How much of other bytes is shown unasked.
const GLIMPSE: usize = 64;
/// Objects up to this size are read to their end, so that their lines are counted.
const COUNTED: u64 = 1 << 20;

struct Reading<'a> {
    cx: &'a Call<S3>,
    source: Source<'a>,
    budget: usize,
}

impl Reading<'_> {
    async fn start(&self) -> Result<Body> {
        let most = self.budget.max(HEAD);
        let (about, mut contents) = self.source.open(self.cx, most as u64).await?;
        let nature = self.look(&about, &mut contents).await?;
        match nature {
            Nature::Text(encoding) => {
                let mut bytes = contents.take(self.budget).await?;
                let more = !contents.peek(1).await?.is_empty() || contents.end() == Some(&End::Bound);
                if more {
                    bytes.truncate(text::whole_lines(&bytes, encoding));
                }
                let count = bytes.len() as u64;
                let part = (more && count > 0).then(|| extent(0, count, &about, &contents));
                let mut body = self.body(&about, &contents, nature, part, text::decoded(&bytes, encoding));
                body.rest = match contents.end() {
                    Some(End::Damaged(why)) if !more => Some(damaged(&contents, why)),
                    _ => more.then(|| format!("more: bytes \"{count}-\"")),
                };
                Ok(body)
            }
            Nature::Image(mime) if contents.packing().is_none() && about.size <= LARGEST_IMAGE => {
                let mut data = contents.take(most).await?;
                let count = data.len() as u64;
                if count < about.size {
                    data.extend(
                        self.source.bytes(self.cx, count, about.size - 1, about.etag.as_deref()).await?,
                    );
                }
                let mut body = self.body(&about, &contents, nature, None, String::new());
                body.parts = vec![Part::Image { data, mime: mime.to_owned() }];
                Ok(body)
            }
            _ => {
                let bytes = contents.take(GLIMPSE).await?;
                let more = !contents.peek(1).await?.is_empty() || contents.end() == Some(&End::Bound);
                let part = more.then(|| extent(0, bytes.len() as u64, &about, &contents));
                let mut body = self.body(&about, &contents, nature, part, text::hexdump(&bytes, 0));
                let how = if bytes.starts_with(b"PAR1") {
                    "preview_table shows its schema and rows"
                } else if matches!(nature, Nature::Image(_)) {
                    "it is too large to be shown as an image; download_file saves it"
                } else {
                    "download_file saves it; `bytes` shows more"
                };
                body.rest = more.then(|| how.to_owned());
                Ok(body)
            }
        }
    }

    async fn bytes(&self, span: Span) -> Result<Body> {
        let (about, mut contents) = self.source.open(self.cx, HEAD as u64).await?;
        let nature = self.look(&about, &mut contents).await?;
        if contents.packing().is_some() {
            return self.opened_bytes(span).await;
        }
        let Some((first, last)) = span.within(about.size) else {
            return Err(match about.size {
                0 => Error::invalid("the object is empty"),
                size => Error::invalid(format!("the object has only bytes 0-{}", size - 1)),
            });
        };
        let (first, most) = match nature {
            Nature::Text(encoding) if text::is_wide(encoding) => (first / 2 * 2, self.budget),
            Nature::Text(_) => (first, self.budget),
            _ => (first, self.dumped()),
        };
        let end = last.min(first.saturating_add(most as u64 - 1));
        let ahead = contents.peek(HEAD).await?;
        let known = usize::try_from(first).ok().zip(usize::try_from(end).ok());
        let bytes = match known.and_then(|(first, end)| ahead.get(first..=end)) {
            Some(known) => known.to_vec(),
            None => self.source.bytes(self.cx, first, end, about.etag.as_deref()).await?,
        };
        let at = Extent { first, clipped: end < last, ends: end + 1 == about.size, last: Some(last) };
        Ok(self.part(&about, &contents, nature, bytes, &at))
    }

    /// Bytes of what is in a packed object: everything before them must be opened.
    async fn opened_bytes(&self, span: Span) -> Result<Body> {
        let (about, mut contents) = self.source.open(self.cx, MOST).await?;
        contents = contents.until(self.deadline());
        let nature = self.look(&about, &mut contents).await?;
        let most = if matches!(nature, Nature::Text(_)) { self.budget } else { self.dumped() };
        let (first, last) = match span {
            Span::Between(first, last) => (first, Some(last)),
            Span::From(first) => (first, None),
            Span::Last(count) => {
                let (bytes, first) =
                    self.end_of(&mut contents, usize::try_from(count).unwrap_or(most).min(most)).await?;
                let at = Extent { first, clipped: false, ends: true, last: None };
                return Ok(self.part(&about, &contents, nature, bytes, &at));
            }
        };
        // Wide characters start at even places.
        let wide = matches!(nature, Nature::Text(encoding) if text::is_wide(encoding));
        let first = if wide { first / 2 * 2 } else { first };
        let passed = contents.skip(first).await?;
        let wanted = last.map_or(u64::MAX, |last| last - first + 1);
        let bytes = contents.take(usize::try_from(wanted).unwrap_or(most).min(most)).await?;
        if bytes.is_empty() {
            return Err(match contents.end() {
                Some(End::Bound) => too_far(&format!("byte {}", thousands(first))),
                _ => Error::invalid(format!("the opened contents have only {} bytes", thousands(passed))),
            });
        }
        let more = !contents.peek(1).await?.is_empty() || contents.end() == Some(&End::Bound);
        let clipped = more && (bytes.len() as u64) < wanted;
        let at = Extent { first, clipped, ends: !more, last };
        Ok(self.part(&about, &contents, nature, bytes, &at))
    }

    /// The last `count` bytes of a stream, and where they start.
    async fn end_of(&self, contents: &mut Contents, count: usize) -> Result<(Vec<u8>, u64)> {
        let mut kept: Vec<u8> = Vec::new();
        let mut first = 0;
        while let Some(bytes) = contents.next().await? {
            kept.extend(bytes);
            // Not at each step: moving bytes costs too.
            if kept.len() > 2 * count + HEAD {
                let over = kept.len() - count;
                kept.drain(..over);
                first += over as u64;
            }
        }
        if contents.end() == Some(&End::Bound) {
            return Err(too_far("its end"));
        }
        let over = kept.len().saturating_sub(count);
        kept.drain(..over);
        Ok((kept, first + over as u64))
    }

    async fn look(&self, about: &About, contents: &mut Contents) -> Result<Nature> {
        let declared = contents.declared(about);
        Ok(nature(contents.peek(HEAD).await?, declared))
    }

    /// A part by bytes, as text or as a dump.
    fn part(&self, about: &About, contents: &Contents, nature: Nature, bytes: Vec<u8>, at: &Extent) -> Body {
        let (shown, first, text) = match nature {
            Nature::Text(encoding) => {
                let start = if at.first > 0 { text::cut_start(&bytes, encoding) } else { 0 };
                let end = match (at.clipped, at.ends) {
                    (true, _) => text::whole_lines(&bytes, encoding),
                    (_, true) => bytes.len(),
                    _ => text::whole_characters(&bytes, encoding),
                };
                // A part of one character shows at least that it is none.
                let shown = bytes.get(start..end).filter(|shown| !shown.is_empty()).unwrap_or(&bytes);
                let first = if shown.len() == bytes.len() { at.first } else { at.first + start as u64 };
                (shown.len() as u64, first, text::decoded(shown, encoding))
            }
            _ => (bytes.len() as u64, at.first, text::hexdump(&bytes, at.first)),
        };
        let part = Some(extent(first, shown, about, contents)).filter(|_| shown > 0);
        let mut body = self.body(about, contents, nature, part, text);
        let next = first + shown;
        let last = at.last.map(|last| last.to_string()).unwrap_or_default();
        body.rest = match contents.end() {
            _ if at.clipped => Some(format!("more: bytes \"{next}-{last}\"")),
            Some(End::Damaged(why)) => Some(damaged(contents, why)),
            _ => None,
        };
        body
    }

    fn body(
        &self,
        about: &About,
        contents: &Contents,
        nature: Nature,
        part: Option<String>,
        text: String,
    ) -> Body {
        let mut label = vec![self.source.uri(), kind(about, contents, nature)];
        label.push(match contents.packing() {
            Some(packing) => format!("{} of {}, opened", packing.name(), human_size(about.size)),
            None => human_size(about.size),
        });
        label.extend(about.version_id.as_ref().map(|id| format!("version {id}")));
        label.extend(part);
        let uri = format!("s3://{}/{}", self.source.bucket, escaped(self.source.key, "/"));
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] };
        Body { label: label.join(", "), parts, rest: None, uri: Some(uri) }
    }

    /// How many bytes fit as a dump: a row of 16 takes up to 68 characters.
    fn dumped(&self) -> usize {
        (self.budget / 68 * 16).clamp(16, 4096)
    }

    fn deadline(&self) -> Instant {
        Instant::now() + patience(self.cx)
    }
}

/// Where a part stands.
struct Extent {
    first: u64,
    /// Whether less is shown than was asked for.
    clipped: bool,
    /// Whether nothing follows.
    ends: bool,
    /// The last byte that was asked for.
    last: Option<u64>,
}

fn too_far(what: &str) -> Error {
    let most = human_size(MOST);
    Error::invalid(format!("{what} was not reached within the first {most}, or in time"))
        .with_next("ask for `bytes` of an object that is not packed; download_file gets one that is")
}

fn damaged(contents: &Contents, why: &str) -> String {
    let packing = contents.packing().map_or("packed", |packing| packing.name());
    format!("the {packing} data cannot be opened further: {why}")
}

/// `bytes 0-39999 of 5,242,880`; the total of opened contents is not known.
fn extent(first: u64, count: u64, about: &About, contents: &Contents) -> String {
    let last = (first + count).saturating_sub(1);
    match contents.packing() {
        Some(_) => format!("bytes {first}-{last}"),
        None => format!("bytes {first}-{last} of {}", thousands(about.size)),
    }
}

/// The media type to show: what the bytes are, or what the object says where that fits.
fn kind(about: &About, contents: &Contents, nature: Nature) -> String {
    let declared = contents.declared(about).and_then(|kind| kind.split(';').next()).map(str::trim);
    match nature {
        Nature::Image(mime) | Nature::Binary(Some(mime)) => mime.to_owned(),
        Nature::Binary(None) => declared.unwrap_or("binary").to_owned(),
        Nature::Text(encoding) => {
            let other = ["application/octet-stream", "binary/octet-stream", "image/", "audio/", "video/"];
            let fits =
                |kind: &&str| !other.iter().any(|other| kind.starts_with(other)) || kind.ends_with("+xml");
            let kind = declared.filter(fits).unwrap_or("text");
            if encoding == UTF_8 {
                kind.to_owned()
            } else {
                format!("{kind} ({})", encoding.name().to_lowercase())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(json: serde_json::Value) -> Result<Wanted> {
        let mut input = serde_json::json!({"bucket": "abc", "key": "k"});
        input.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value::<GetObject>(input).unwrap().wanted()
    }

    #[test]
    fn one_part_is_asked_for() {
        assert_eq!(wanted(serde_json::json!({})).unwrap(), Wanted::Start);
        assert_eq!(wanted(serde_json::json!({"lines": "3-9"})).unwrap(), Wanted::Lines(3, 9));
        assert_eq!(wanted(serde_json::json!({"lines": "-9"})).unwrap(), Wanted::Tail(9));
        assert_eq!(wanted(serde_json::json!({"head_lines": 9})).unwrap(), Wanted::Lines(1, 9));
        assert!(wanted(serde_json::json!({"lines": "0-9"})).unwrap_err().message.contains("from 1"));
        let both = wanted(serde_json::json!({"lines": "1-9", "bytes": "0-9"}));
        assert!(both.unwrap_err().message.contains("one of"));
    }
}
