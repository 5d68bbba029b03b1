//! An object's contents: got by ranges, opened where they are packed, never more than asked for.

use std::{
    io::{self, Cursor},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Instant,
};

use async_compression::tokio::bufread::ZstdDecoder;
use aws_sdk_s3::{
    config::http::HttpResponse, error::SdkError, operation::get_object::GetObjectOutput,
    primitives::ByteStream,
};
use awsmcp_mcp::{Call, Error, Kind, Result};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, ReadBuf};

use crate::{S3, gzip::Members, names::BucketName, spelling};

/// The most of one object that is read through in one call.
pub(crate) const MOST: u64 = 256 << 20;

/// An object, or one version of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) bucket: &'a BucketName,
    pub(crate) key: &'a str,
    pub(crate) version_id: Option<&'a str>,
}

/// What S3 says of an object when it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
}

impl About {
    fn new(out: &GetObjectOutput) -> Self {
        let total = out.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        About {
            size: total.or(out.content_length.and_then(|size| size.try_into().ok())).unwrap_or_default(),
            etag: out.e_tag.clone(),
            version_id: out.version_id.clone().filter(|id| id != "null"),
            content_type: out.content_type.clone().filter(|kind| !kind.is_empty()),
            content_encoding: out.content_encoding.clone().filter(|encoding| !encoding.is_empty()),
        }
    }
}

impl Source<'_> {
    pub(crate) fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// The contents from their start, packed ones opened, at most `most` bytes of the object and of what is in it.
    pub(crate) async fn open(&self, cx: &Call<S3>, most: u64) -> Result<(About, Contents)> {
        self.open_from(cx, 0, most, None).await
    }

    /// The contents from a byte of the object on, which must still be as its etag says. Only a start at 0 is opened.
    pub(crate) async fn open_from(
        &self,
        cx: &Call<S3>,
        from: u64,
        most: u64,
        etag: Option<&str>,
    ) -> Result<(About, Contents)> {
        let end = from.saturating_add(most.max(1)).saturating_sub(1);
        let out = match self.get(cx, Some((from, end)), etag).await {
            // No range fits an empty object.
            Err(error) if from == 0 && error.code.as_deref() == Some("InvalidRange") => {
                self.get(cx, None, etag).await?
            }
            out => out?,
        };
        let about = About::new(&out);
        let bounded = about.size > end.saturating_add(1);
        let contents = Contents::open(out.body, bounded, most, from == 0).await?;
        Ok((about, contents))
    }

    /// The object's own bytes from `first` to `last`, which must still be as its etag says.
    pub(crate) async fn bytes(
        &self,
        cx: &Call<S3>,
        first: u64,
        last: u64,
        etag: Option<&str>,
    ) -> Result<Vec<u8>> {
        let out = self.get(cx, Some((first, last)), etag).await?;
        let most = last.saturating_sub(first).saturating_add(1);
        let mut bytes = Vec::new();
        let mut body = out.body.into_async_read().take(most);
        body.read_to_end(&mut bytes).await.map_err(|error| broken(&error.to_string()))?;
        Ok(bytes)
    }

    async fn get(
        &self,
        cx: &Call<S3>,
        range: Option<(u64, u64)>,
        etag: Option<&str>,
    ) -> Result<GetObjectOutput> {
        let got = cx
            .client()
            .get_object()
            .bucket(self.bucket.as_str())
            .key(self.key)
            .set_version_id(self.version_id.map(str::to_owned))
            .set_range(range.map(|(first, last)| format!("bytes={first}-{last}")))
            .set_if_match(etag.map(str::to_owned))
            .send()
            .await
            .map_err(hidden);
        match got {
            Err(error) if self.version_id.is_none() => {
                Err(spelling::explained(error, cx, cx.client(), self.bucket, self.key).await)
            }
            got => got,
        }
    }
}

/// An error of reading an object, which tells a deleted object from one that never was.
pub(crate) fn hidden<E>(error: SdkError<E, HttpResponse>) -> Error
where
    Error: From<SdkError<E, HttpResponse>>,
{
    let marked =
        error.raw_response().and_then(|answer| answer.headers().get("x-amz-delete-marker")) == Some("true");
    let mut error = Error::from(error);
    if marked {
        error = error.with_next("list_versions shows the other versions of the key");
        error.message = match error.status {
            Some(405) => "this version is a delete marker, which has no contents",
            _ => "the object was deleted, but a delete marker only hides its versions: list_versions shows them",
        }
        .to_owned();
    }
    error
}

fn broken(why: &str) -> Error {
    Error::new(Kind::Network, format!("the connection broke while the object was read: {why}"))
}

/// How contents are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// By the first bytes: what the object says of itself is often wrong.
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 0x08, ..] => Some(Packing::Gzip),
            // zstd may begin with a frame that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        }
    }
}

/// Why contents ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// They were read to their end.
    Whole,
    /// A bound of bytes or time was reached; there may be more.
    Bound,
    /// What follows cannot be opened.
    Damaged(String),
}

/// A stream of contents, opened, within bounds.
pub(crate) struct Contents {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    packing: Option<Packing>,
    broke: Broke,
    /// Read, but not yet given out.
    ahead: Vec<u8>,
    /// How many more bytes may be read.
    left: u64,
    /// Whether the object goes on behind what was asked for.
    bounded: bool,
    until: Option<Instant>,
    end: Option<End>,
}

impl Contents {
    /// How much is read at once.
    const STEP: usize = 64 << 10;

    async fn open(body: ByteStream, bounded: bool, most: u64, unpack: bool) -> Result<Self> {
        let broke = Broke::default();
        let mut wire = Wire { inner: Box::pin(body.into_async_read()), broke: broke.clone() };
        let mut start = Vec::with_capacity(4);
        while start.len() < 4 {
            let read = wire.read_buf(&mut start).await;
            if read.map_err(|error| broken(&error.to_string()))? == 0 {
                break;
            }
        }
        let packing = if unpack { Packing::of(&start) } else { None };
        let raw = Cursor::new(start).chain(wire);
        let reader: Pin<Box<dyn AsyncRead + Send>> = match packing {
            Some(Packing::Gzip) => Box::pin(Members::new(raw)),
            Some(Packing::Zstd) => {
                let mut decoder = ZstdDecoder::new(raw);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            None => Box::pin(raw),
        };
        Ok(Contents {
            reader,
            packing,
            broke,
            ahead: Vec::new(),
            left: most,
            bounded,
            until: None,
            end: None,
        })
    }

    pub(crate) fn packing(&self) -> Option<Packing> {
        self.packing
    }

    /// The media type that the object declares for these contents: one without an encoding declares its packing.
    pub(crate) fn declared<'a>(&self, about: &'a About) -> Option<&'a str> {
        let packed = self.packing.is_some() && about.content_encoding.is_none();
        about.content_type.as_deref().filter(|_| !packed)
    }

    /// Stops reading at that time.
    pub(crate) fn until(mut self, time: Instant) -> Self {
        self.until = Some(time);
        self
    }

    /// Why there is no more; none while there may be.
    pub(crate) fn end(&self) -> Option<&End> {
        if self.ahead.is_empty() { self.end.as_ref() } else { None }
    }

    /// The next bytes, without taking them: `count` of them, or all there are.
    pub(crate) async fn peek(&mut self, count: usize) -> Result<&[u8]> {
        while self.ahead.len() < count && self.end.is_none() {
            self.read().await?;
        }
        Ok(self.ahead.get(..count).unwrap_or(&self.ahead))
    }

    /// The next bytes, as many as come at once; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        while self.ahead.is_empty() && self.end.is_none() {
            self.read().await?;
        }
        let next = std::mem::take(&mut self.ahead);
        Ok((!next.is_empty()).then_some(next))
    }

    /// The next `count` bytes, or all there are.
    pub(crate) async fn take(&mut self, count: usize) -> Result<Vec<u8>> {
        self.peek(count).await?;
        let rest = self.ahead.split_off(count.min(self.ahead.len()));
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Passes over `count` bytes, or all there are; says how many those were.
    pub(crate) async fn skip(&mut self, count: u64) -> Result<u64> {
        let mut left = count;
        while left > 0 {
            let Some(mut bytes) = self.next().await? else { break };
            let over = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            self.ahead = bytes.split_off(over);
            left -= over as u64;
        }
        Ok(count - left)
    }

    async fn read(&mut self) -> Result<()> {
        if self.left == 0 || self.until.is_some_and(|time| Instant::now() > time) {
            self.end = Some(End::Bound);
            return Ok(());
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(Self::STEP);
        let mut step = (&mut self.reader).take(room as u64);
        match step.read_buf(&mut self.ahead).await {
            Ok(0) if self.bounded => self.end = Some(End::Bound),
            Ok(0) => self.end = Some(End::Whole),
            Ok(count) => self.left -= count as u64,
            Err(error) => match self.broke.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(why) => return Err(broken(&why)),
                None if self.bounded && error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.end = Some(End::Bound)
                }
                None if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.end = Some(End::Damaged("it ends too early".to_owned()));
                }
                None => self.end = Some(End::Damaged(error.to_string())),
            },
        }
        // Opening needs no waiting: others must have their turn, and a cancelled call its end.
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// What went wrong on the way from S3, to be told from what is wrong with the contents.
type Broke = Arc<Mutex<Option<String>>>;

/// The bytes from S3, which remember their own error.
struct Wire {
    inner: Pin<Box<dyn AsyncBufRead + Send>>,
    broke: Broke,
}

impl Wire {
    fn note(broke: &Broke, error: &io::Error) {
        *broke.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let read = ready!(wire.inner.as_mut().poll_read(cx, to));
        Poll::Ready(read.inspect_err(|error| Wire::note(&wire.broke, error)))
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let wire = self.get_mut();
        let read = ready!(wire.inner.as_mut().poll_fill_buf(cx));
        Poll::Ready(read.inspect_err(|error| Wire::note(&wire.broke, error)))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().inner.as_mut().consume(count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn opened(bytes: &[u8], bounded: bool, most: u64) -> (Vec<u8>, End) {
        let mut contents =
            Contents::open(ByteStream::from(bytes.to_vec()), bounded, most, true).await.unwrap();
        let mut all = Vec::new();
        while let Some(bytes) = contents.next().await.unwrap() {
            all.extend(bytes);
        }
        (all, contents.end().unwrap().clone())
    }

    async fn packed(bytes: &[u8], packing: Packing) -> Vec<u8> {
        use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
        let mut out = Vec::new();
        match packing {
            Packing::Gzip => GzipEncoder::new(bytes).read_to_end(&mut out).await.unwrap(),
            Packing::Zstd => ZstdEncoder::new(bytes).read_to_end(&mut out).await.unwrap(),
        };
        out
    }

    #[tokio::test]
    async fn packed_contents_are_opened() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let bytes = packed(b"hello ", packing).await;
            assert_eq!(opened(&bytes, false, 99).await, (b"hello ".to_vec(), End::Whole));
            let two = [bytes.clone(), packed(b"again", packing).await].concat();
            assert_eq!(opened(&two, false, 99).await, (b"hello again".to_vec(), End::Whole));
            let cut = &bytes[..bytes.len() - 3];
            assert!(matches!(opened(cut, false, 99).await.1, End::Damaged(_)), "{packing:?}");
            assert_eq!(opened(cut, true, 99).await.1, End::Bound, "{packing:?}");
        }
    }

    #[tokio::test]
    async fn zeros_behind_gzip_are_no_damage() {
        let padded = [packed(b"hello", Packing::Gzip).await, vec![0; 10_000]].concat();
        assert_eq!(opened(&padded, false, 99).await, (b"hello".to_vec(), End::Whole));
        // Nobody knows what follows the zeros of a part.
        assert_eq!(opened(&padded, true, 99).await.1, End::Bound);
        let damaged = [padded, b"more".to_vec()].concat();
        let (bytes, end) = opened(&damaged, false, 99).await;
        assert!(bytes == b"hello" && matches!(end, End::Damaged(_)), "{end:?}");
    }

    #[tokio::test]
    async fn zstd_may_begin_with_a_frame_to_skip() {
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let bytes = [skipped, packed(b"hello", Packing::Zstd).await].concat();
        assert_eq!(opened(&bytes, false, 99).await, (b"hello".to_vec(), End::Whole));
    }

    #[tokio::test]
    async fn no_more_is_opened_than_asked_for() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let bomb = packed(&vec![0; 20 << 20], packing).await;
            let (bytes, end) = opened(&bomb, false, 100_000).await;
            assert_eq!((bytes.len(), end), (100_000, End::Bound));
        }
    }

    #[tokio::test]
    async fn bytes_are_peeked_taken_and_skipped() {
        let mut contents =
            Contents::open(ByteStream::from_static(b"0123456789"), false, 99, true).await.unwrap();
        assert_eq!(contents.peek(3).await.unwrap(), b"012");
        assert_eq!(contents.take(2).await.unwrap(), b"01");
        assert_eq!(contents.skip(3).await.unwrap(), 3);
        assert_eq!(contents.end(), None);
        assert_eq!(contents.take(99).await.unwrap(), b"56789");
        assert_eq!(contents.skip(3).await.unwrap(), 0);
        assert_eq!(contents.end(), Some(&End::Whole));
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in 0usize..3) {
            let magic: &[u8] = [&b""[..], &[0x1f, 0x8b, 8, 0], &[0x28, 0xb5, 0x2f, 0xfd]][magic];
            bytes.splice(..0, magic.iter().copied());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (opened, _) = runtime.block_on(opened(&bytes, false, 100_000));
            prop_assert!(opened.len() <= 100_000);
        }
    }
}
