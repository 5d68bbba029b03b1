//! Bytes as text: what they are, in which charset, line by line.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many bytes at the start tell what a body is.
pub(crate) const HEAD: usize = 8192;

/// What the first bytes of a body show it to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nature {
    /// Text in this charset.
    Text(&'static Encoding),
    /// An image that models can look at.
    Image(&'static str),
    /// Anything else, of this media type where it is known.
    Binary(Option<&'static str>),
}

/// Looks at the first bytes; the media type that the object was stored with only helps where they do not tell.
pub(crate) fn nature(head: &[u8], content_type: Option<&str>) -> Nature {
    let head = head.get(..HEAD).unwrap_or(head);
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        // UTF-32 starts like UTF-16 and then has zeros.
        if !head.starts_with(&[0xff, 0xfe, 0, 0]) {
            return Nature::Text(encoding);
        }
    }
    let known = infer::get(head).map(|kind| kind.mime_type()).filter(|mime| !mime.starts_with("text/"));
    let binary = match known {
        Some(mime @ ("image/png" | "image/jpeg" | "image/gif" | "image/webp")) => Nature::Image(mime),
        known => Nature::Binary(known),
    };
    let declared = content_type.and_then(charset);
    if head.contains(&0) {
        return match wide(head, declared) {
            Some(encoding) => Nature::Text(encoding),
            None if known.is_none() && has_holes(head, content_type) => Nature::Text(UTF_8),
            None => binary,
        };
    }
    let controls = head.iter().filter(|byte| is_control(**byte)).count();
    // Only a beginning can end in the middle of a character.
    let is_utf8 = if head.len() < HEAD { std::str::from_utf8(head).is_ok() } else { is_utf8_start(head) };
    if is_utf8 {
        // A few magic numbers are plain letters: BM, MZ, II. Text that has no control characters is text.
        let is_text = controls == 0 || (known.is_none() && controls * 50 <= head.len());
        return if is_text && !head.starts_with(b"%PDF-") { Nature::Text(UTF_8) } else { binary };
    }
    if known.is_some() || controls * 100 > head.len() {
        return binary;
    }
    let guessed = || {
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        detector.feed(head, true);
        detector.guess(None, chardetng::Utf8Detection::Deny)
    };
    Nature::Text(declared.filter(|encoding| *encoding != UTF_8 && !is_wide(encoding)).unwrap_or_else(guessed))
}

/// Whether it is text but for NULs: a log that was cut off while its writer went on begins with a hole, and what is called
/// text may hold some anywhere.
fn has_holes(head: &[u8], content_type: Option<&str>) -> bool {
    let holes = head.chunk_by(|one, next| (*one == 0) == (*next == 0)).filter(|run| run.first() == Some(&0));
    let named = content_type.is_some_and(|kind| kind.starts_with("text/"));
    let rest: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let controls = rest.iter().filter(|byte| is_control(**byte)).count();
    (named || holes.count() == 1) && rest.len() >= 8 && controls == 0 && is_utf8_start(&rest)
}

/// The charset of a media type such as `text/plain; charset=iso-8859-1`.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1);
    let named = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = named.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Encoding::for_label(value.trim().trim_matches('"').as_bytes())
}

pub(crate) fn is_wide(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// UTF-16 without a mark at its start: letters of most scripts have a zero or a small number in every other byte.
fn wide(head: &[u8], declared: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let pairs = head.chunks_exact(2);
    let count = pairs.len();
    if count == 0 {
        return None;
    }
    let zeros = |at: usize| pairs.clone().filter(|pair| pair.get(at) == Some(&0)).count();
    let (first, second) = (zeros(0), zeros(1));
    let encoding = match declared {
        Some(encoding) if is_wide(encoding) => encoding,
        _ if first == 0 && second * 10 >= count * 4 => UTF_16LE,
        _ if second == 0 && first * 10 >= count * 4 => UTF_16BE,
        _ => return None,
    };
    let (text, _, _) = encoding.decode(head.get(..count * 2)?);
    let odd = text
        .chars()
        .filter(|letter| (letter.is_control() && !letter.is_whitespace()) || *letter == '\u{fffd}');
    (odd.count() <= 1).then_some(encoding)
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x08) || byte == 0x7f
}

/// Whether these bytes are UTF-8, but for a last character that is cut.
fn is_utf8_start(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// The text of bytes that are complete; a mark at the start is left out, and what is no character becomes `�`.
pub(crate) fn decoded(bytes: &[u8], encoding: &'static Encoding) -> String {
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// How many of `bytes` to show where more follow: whole lines, or at least whole characters.
pub(crate) fn whole_lines(bytes: &[u8], encoding: &'static Encoding) -> usize {
    let line = if is_wide(encoding) {
        let newline: &[u8] = if encoding == UTF_16LE { b"\n\0" } else { b"\0\n" };
        let last = bytes.chunks_exact(2).rposition(|pair| pair == newline);
        last.map(|pair| (pair + 1) * 2)
    } else {
        bytes.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1)
    };
    line.unwrap_or_else(|| whole_characters(bytes, encoding))
}

/// How many of `bytes` are whole characters.
pub(crate) fn whole_characters(bytes: &[u8], encoding: &'static Encoding) -> usize {
    if is_wide(encoding) {
        let even = bytes.len() / 2 * 2;
        let high = if encoding == UTF_16LE { 1 } else { 2 };
        // The first half of a pair waits for the other.
        let cut = even
            .checked_sub(high)
            .and_then(|at| bytes.get(at))
            .is_some_and(|byte| (0xd8..0xdc).contains(byte));
        return if cut { even - 2 } else { even };
    }
    if encoding != UTF_8 {
        return bytes.len();
    }
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // Invalid bytes before the end hide whether the end is cut: look at the last character alone.
        Err(_) => {
            let tail = bytes.len().saturating_sub(3);
            let start = (tail..bytes.len()).rev().find(|at| bytes.get(*at).is_some_and(|byte| *byte >= 0xc0));
            let cut = start.filter(|at| {
                let last = std::str::from_utf8(bytes.get(*at..).unwrap_or_default());
                last.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
            });
            cut.unwrap_or(bytes.len())
        }
        Ok(_) => bytes.len(),
    }
}

/// How many bytes at the start belong to a character that began before.
pub(crate) fn cut_start(bytes: &[u8], encoding: &'static Encoding) -> usize {
    if encoding != UTF_8 {
        return 0;
    }
    let trail = bytes.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
    // Four of them are no cut character, but no text either.
    if bytes.get(3).is_some_and(|byte| trail == 3 && (0x80..0xc0).contains(byte)) { 0 } else { trail }
}

/// Turns a stream of one charset into UTF-8.
pub(crate) struct Transcoder(Decoder);

impl Transcoder {
    /// None for UTF-8, which needs no work.
    pub(crate) fn new(encoding: &'static Encoding) -> Option<Self> {
        (encoding != UTF_8).then(|| Transcoder(encoding.new_decoder_with_bom_removal()))
    }

    pub(crate) fn push(&mut self, bytes: &[u8], last: bool, to: &mut Vec<u8>) {
        let mut rest = bytes;
        let mut text = String::new();
        loop {
            let room =
                self.0.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len() * 3 + 16);
            text.reserve(room);
            let (result, read) = self.0.decode_to_string_without_replacement(rest, &mut text, last);
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => text.push('\u{fffd}'),
            }
        }
        to.extend_from_slice(text.as_bytes());
    }
}

/// The longest piece of a line that is handed out at once.
pub(crate) const LONGEST: usize = 1 << 20;

/// A line, or a piece of one that is longer than [`LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Where it starts, in bytes of what was pushed.
    pub(crate) offset: u64,
    /// Its bytes, without the end of the line.
    pub(crate) bytes: &'a [u8],
    /// Where the next one starts.
    pub(crate) next: u64,
    /// Whether the line ends here.
    pub(crate) ends: bool,
}

/// Splits what is pushed into lines.
#[derive(Debug)]
pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Where in the buffer the next line starts.
    start: usize,
    /// Up to where in the buffer there is no newline.
    searched: usize,
    offset: u64,
    number: u64,
    longest: usize,
}

impl Splitter {
    /// Counts from this line and this byte.
    pub(crate) fn new(number: u64, offset: u64) -> Self {
        Splitter { buffer: Vec::new(), start: 0, searched: 0, offset, number, longest: LONGEST }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Where text to come may be written directly.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        self.push(&[]);
        &mut self.buffer
    }

    /// The next line; none until more is pushed. `last`: nothing more comes.
    pub(crate) fn next(&mut self, last: bool) -> Option<Line<'_>> {
        let rest = self.buffer.get(self.searched..)?;
        let newline = memchr::memchr(b'\n', rest).map(|at| self.searched + at);
        let start = self.start;
        let (end, after, ends) = match newline {
            Some(at) if at - start <= self.longest => (at, at + 1, true),
            _ if self.buffer.len() - start > self.longest => {
                let at = start + self.longest;
                let piece = self.buffer.get(start..at)?;
                let at = start + whole_characters(piece, UTF_8).max(1);
                (at, at, false)
            }
            _ if last && self.buffer.len() > start => (self.buffer.len(), self.buffer.len(), true),
            _ => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        let (number, offset) = (self.number, self.offset);
        self.start = after;
        self.searched = after;
        self.offset += (after - start) as u64;
        self.number += u64::from(ends);
        let bytes = self.buffer.get(start..end)?;
        let bytes = if ends && after > end { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes };
        Some(Line { number, offset, bytes, next: self.offset, ends })
    }
}

/// The last `count` lines of `text`, and how many those are. An end of line at the very end starts no line.
pub(crate) fn last_lines(text: &str, count: u64) -> (&str, u64) {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let mut found = 0;
    for (at, _) in body.rmatch_indices('\n') {
        found += 1;
        if found == count {
            return (text.get(at + 1..).unwrap_or_default(), count);
        }
    }
    (text, if text.is_empty() { 0 } else { found + 1 })
}

/// Bytes for the eye: where, in hexadecimal, and as letters. Rows like the one before are one `*`.
pub(crate) fn hexdump(bytes: &[u8], from: u64) -> String {
    let mut out = String::with_capacity(bytes.len() * 5);
    let mut before = None;
    for (row, sixteen) in (0_u64..).zip(bytes.chunks(16)) {
        if before == Some(sixteen) {
            if !out.ends_with("*\n") {
                out.push_str("*\n");
            }
            continue;
        }
        before = Some(sixteen);
        let hex: Vec<String> =
            sixteen.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        let letter = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        let letters: String = sixteen.iter().map(letter).collect();
        out.push_str(&format!("{:08x}  {:<39}  {letters}\n", from + row * 16, hex.join(" ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn text_is_told_from_bytes() {
        let plain = Nature::Text(UTF_8);
        assert_eq!(nature(b"", None), plain);
        assert_eq!(nature(b"x", None), plain);
        assert_eq!(nature("grüße, 文字".as_bytes(), None), plain);
        assert_eq!(nature(b"BM is no bitmap, MZ no program", None), plain);
        assert_eq!(nature(b"\x1b[31mred\x1b[0m\n", None), plain);
        assert_eq!(nature(b"{\"a\":1}", Some("application/octet-stream")), plain);
        assert_eq!(nature(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("text/plain")), Nature::Image("image/png"));
        assert_eq!(nature(b"PK\x03\x04\x14\0\0\0\x08\0", None), Nature::Binary(Some("application/zip")));
        assert_eq!(nature(b"%PDF-1.7\n%abc", None), Nature::Binary(Some("application/pdf")));
        assert_eq!(nature(&[0; 64], None), Nature::Binary(None));
        assert_eq!(nature(&(0..=255).collect::<Vec<u8>>(), Some("text/plain")), Nature::Binary(None));
        // A log that was cut off while its writer went on begins with a hole.
        let holed = [vec![0; 4096], b"2026-11-03 ERROR disk full\n".to_vec()].concat();
        assert_eq!(nature(&holed, None), plain);
        assert_eq!(nature(b"one\0two\0three\n", Some("text/plain")), plain);
        assert_eq!(nature(b"one\0two\0three\n", None), Nature::Binary(None));
        // A character that is cut at the end is no sign of another charset, where more follows.
        assert_eq!(
            nature(&"ü".repeat(HEAD).as_bytes()[1..], Some("a/b; charset=latin1")),
            Nature::Text(WINDOWS_1252)
        );
        assert_eq!(nature(format!("x{}", "ü".repeat(HEAD)).as_bytes(), None), plain);
    }

    #[test]
    fn charsets_are_found() {
        assert_eq!(nature(&utf16("hello, world", false), None), Nature::Text(UTF_16LE));
        assert_eq!(nature(&utf16("hello, world", true), None), Nature::Text(UTF_16BE));
        assert_eq!(
            nature(&[b"\xff\xfe", utf16("文字", false).as_slice()].concat(), None),
            Nature::Text(UTF_16LE)
        );
        assert_eq!(nature(b"\xef\xbb\xbfhello", None), Nature::Text(UTF_8));
        assert_eq!(
            nature(b"Stra\xdfe nach K\xf6ln, sch\xf6ne Gr\xfc\xdfe", None),
            Nature::Text(WINDOWS_1252)
        );
        let (japanese, _, _) = SHIFT_JIS.encode("これは日本語のテキストです。");
        assert_eq!(nature(&japanese, None), Nature::Text(SHIFT_JIS));
        assert_eq!(nature(b"\xe4", Some("text/plain; charset=\"ISO-8859-1\"")), Nature::Text(WINDOWS_1252));
        assert_eq!(nature(b"\xff\xfe\0\0a\0\0\0", None), Nature::Binary(None));
    }

    #[test]
    fn parts_are_cut_between_lines_or_characters() {
        assert_eq!(whole_lines(b"one\ntwo\nthr", UTF_8), 8);
        assert_eq!(whole_lines("gr\u{fc}".as_bytes(), UTF_8), 4);
        assert_eq!(whole_lines(&"gr\u{fc}".as_bytes()[..3], UTF_8), 2);
        assert_eq!(whole_lines(b"\xffgr\xc3", UTF_8), 3);
        assert_eq!(whole_lines(&utf16("a\nb", false), UTF_16LE), 4);
        assert_eq!(whole_lines(&utf16("a\nb", true), UTF_16BE), 4);
        assert_eq!(whole_lines(&utf16("ab𝄞", false)[..7], UTF_16LE), 4);
        assert_eq!(whole_lines(&utf16("ab𝄞", true)[..6], UTF_16BE), 4);
        assert_eq!(cut_start(&"ü!".as_bytes()[1..], UTF_8), 1);
        assert_eq!(cut_start(b"plain", UTF_8), 0);
        assert_eq!(cut_start(&[0x80; 9], UTF_8), 0);
    }

    #[test]
    fn lines_know_their_number_and_place() {
        let mut lines = Splitter::new(1, 0);
        lines.push(b"one\r\ntw");
        let line = lines.next(false).unwrap();
        assert_eq!(
            (line.number, line.offset, line.bytes, line.next, line.ends),
            (1, 0, &b"one"[..], 5, true)
        );
        assert!(lines.next(false).is_none());
        lines.push(b"o\n\nfour");
        assert_eq!(lines.next(false).unwrap().bytes, b"two");
        assert_eq!(lines.next(false).unwrap().bytes, b"");
        assert!(lines.next(false).is_none());
        let line = lines.next(true).unwrap();
        assert_eq!(
            (line.number, line.offset, line.bytes, line.next, line.ends),
            (4, 10, &b"four"[..], 14, true)
        );
        assert!(lines.next(true).is_none());
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let mut lines = Splitter::new(7, 0);
        lines.longest = 4;
        lines.push(b"abc\xc3\xbcdefgh\ni");
        let mut seen = Vec::new();
        while let Some(line) = lines.next(true) {
            seen.push((line.number, line.bytes.to_vec(), line.ends));
        }
        let piece = |number, bytes: &[u8], ends| (number, bytes.to_vec(), ends);
        assert_eq!(
            seen,
            [
                piece(7, b"abc", false),
                piece(7, b"\xc3\xbcde", false),
                piece(7, b"fgh", true),
                piece(8, b"i", true)
            ]
        );
    }

    #[test]
    fn the_last_lines_are_the_last_lines() {
        assert_eq!(last_lines("a\nb\nc\n", 2), ("b\nc\n", 2));
        assert_eq!(last_lines("a\nb\nc", 2), ("b\nc", 2));
        assert_eq!(last_lines("a\nb", 5), ("a\nb", 2));
        assert_eq!(last_lines("", 5), ("", 0));
        assert_eq!(last_lines("\n", 5), ("\n", 1));
    }

    #[test]
    fn a_dump_shows_place_numbers_and_letters() {
        assert_eq!(
            hexdump(b"PK\x03\x04 and so on it goes", 32),
            "00000020  504b 0304 2061 6e64 2073 6f20 6f6e 2069  PK.. and so on i\n\
             00000030  7420 676f 6573                           t goes\n"
        );
        assert_eq!(hexdump(&[0; 80], 0).lines().count(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in proptest::option::of(".{0,40}")) {
            if let Nature::Text(encoding) = nature(&bytes, kind.as_deref()) {
                let end = whole_lines(&bytes, encoding);
                prop_assert!(end <= bytes.len());
                let start = cut_start(&bytes, encoding);
                prop_assert!(start <= bytes.len());
                let text = decoded(&bytes, encoding);
                prop_assert!(last_lines(&text, 3).0.len() <= text.len());
            }
            hexdump(&bytes, u64::MAX / 2);
        }

        #[test]
        fn a_stream_is_decoded_like_the_whole(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..300, which in 0usize..4) {
            let encoding = [UTF_16LE, UTF_16BE, SHIFT_JIS, WINDOWS_1252][which];
            let at = at.min(bytes.len());
            let mut out = Vec::new();
            let mut transcoder = Transcoder::new(encoding).unwrap();
            transcoder.push(&bytes[..at], false, &mut out);
            transcoder.push(&bytes[at..], true, &mut out);
            let (whole, _) = encoding.decode_with_bom_removal(&bytes);
            prop_assert_eq!(String::from_utf8(out).unwrap(), whole);
        }

        #[test]
        fn lines_put_together_are_what_was_pushed(text in "[a\n\r]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..4), longest in 1usize..9) {
            let mut lines = Splitter::new(1, 0);
            lines.longest = longest;
            let (mut seen, mut number, mut at, mut next) = (Vec::new(), 1, 0, 0);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let all = cuts.len();
            for (index, cut) in cuts.into_iter().enumerate() {
                lines.push(&text.as_bytes()[at..cut]);
                at = cut;
                while let Some(line) = lines.next(index + 1 == all) {
                    prop_assert_eq!(line.number, number);
                    prop_assert_eq!(line.offset, next);
                    number += u64::from(line.ends);
                    next = line.next;
                    seen.extend_from_slice(&text.as_bytes()[line.offset as usize..line.next as usize]);
                    prop_assert!(line.bytes.len() <= longest);
                }
            }
            prop_assert_eq!(seen, text.as_bytes());
            prop_assert_eq!(number - 1, text.lines().count() as u64);
        }
    }
}
