//! Opens gzip as it lies in stores: member after member, with zeros between and behind them.
//!
//! Tapes and block devices pad with zeros, which gzip and Python's reader pass over; the decoder alone takes them for a member
//! that is none.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// The contents of all members.
pub(crate) struct Members<R> {
    /// None only when a member could not be begun.
    member: Option<GzipDecoder<R>>,
    /// Whether the member has ended, and another may follow.
    between: bool,
}

impl<R: AsyncBufRead + Unpin> Members<R> {
    pub(crate) fn new(raw: R) -> Self {
        Members { member: Some(GzipDecoder::new(raw)), between: false }
    }

    /// Passes over zeros, and says whether there is something behind them.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Some(member) = &mut self.member else { return Poll::Ready(Ok(false)) };
        loop {
            let raw = member.get_mut();
            let bytes = ready!(Pin::new(&mut *raw).poll_fill_buf(cx))?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let (is_end, follows) = (bytes.is_empty(), zeros < bytes.len());
            Pin::new(raw).consume(zeros);
            if is_end || follows {
                return Poll::Ready(Ok(follows));
            }
        }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Members<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let members = self.get_mut();
        loop {
            if members.between {
                if !ready!(members.poll_next(cx))? {
                    return Poll::Ready(Ok(()));
                }
                let ended = members.member.take();
                members.member = ended.map(|ended| GzipDecoder::new(ended.into_inner()));
                members.between = false;
            }
            let Some(member) = &mut members.member else { return Poll::Ready(Ok(())) };
            let before = to.filled().len();
            ready!(Pin::new(member).poll_read(cx, to))?;
            if to.filled().len() > before || to.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            members.between = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::bufread::GzipEncoder;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, BufReader};

    use super::*;

    async fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        GzipEncoder::new(bytes).read_to_end(&mut out).await.unwrap();
        out
    }

    /// Opened with so many bytes at once.
    async fn opened(bytes: &[u8], room: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Members::new(BufReader::with_capacity(room, bytes)).read_to_end(&mut out).await.map(|_| out)
    }

    #[tokio::test]
    async fn zeros_between_and_behind_members_are_passed_over() {
        let (one, two, empty) = (packed(b"hello ").await, packed(b"again").await, packed(b"").await);
        for room in [1, 7, 8192] {
            for padding in [0, 1, 511, 100_000] {
                let zeros = vec![0; padding];
                let behind = [&one[..], &zeros].concat();
                assert_eq!(opened(&behind, room).await.unwrap(), b"hello ", "{padding} at {room}");
                let between = [&one[..], &zeros, &empty, &zeros, &two, &zeros].concat();
                assert_eq!(opened(&between, room).await.unwrap(), b"hello again", "{padding} at {room}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_member_and_what_is_cut_short_is_an_error() {
        let one = packed(b"hello").await;
        for more in [&b"x"[..], b"\0\0nothing", &one[..9]] {
            let bytes = [&one[..], more].concat();
            assert!(opened(&bytes, 64).await.is_err(), "{more:?}");
        }
        let cut = opened(&one[..one.len() - 1], 64).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn members_come_out_as_they_went_in(
            members in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..4),
            padding in 0usize..40,
            room in 1usize..50,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut bytes = Vec::new();
            for member in &members {
                bytes.extend(runtime.block_on(packed(member)));
                bytes.resize(bytes.len() + padding, 0);
            }
            prop_assert_eq!(runtime.block_on(opened(&bytes, room)).unwrap(), members.concat());
        }
    }
}
