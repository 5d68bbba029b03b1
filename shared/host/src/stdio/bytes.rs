//! Bytes in and out: lines of a bounded length, and answers that wait for the client up to a bound.

use std::{
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Buf as _, Bytes};
use rmcp::model::RequestId;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{Notify, mpsc},
};

use super::{
    message::{self, Incoming},
    salvage::{self, Salvaged},
};

/// How many bytes of answers wait for the client.
pub(super) struct Unread {
    limit: usize,
    bytes: AtomicUsize,
    room: Notify,
}

impl Unread {
    pub(super) fn up_to(limit: usize) -> Self {
        Self { limit, bytes: AtomicUsize::new(0), room: Notify::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.room.notify_one();
    }

    async fn room(&self) {
        while self.bytes() > self.limit {
            self.room.notified().await;
        }
    }
}

/// Writes lines until there are no more senders, or nobody reads.
pub(super) async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut lines: mpsc::UnboundedReceiver<Bytes>,
    unread: Arc<Unread>,
) -> io::Result<()> {
    while let Some(first) = lines.recv().await {
        let mut next = Some(first);
        while let Some(mut line) = next {
            while line.has_remaining() {
                match writer.write_buf(&mut line).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => unread.remove(written),
                }
            }
            next = lines.try_recv().ok();
        }
        writer.flush().await?;
    }
    writer.shutdown().await
}

/// Reads lines until the input ends; what follows the last newline is a line too.
pub(super) async fn read(
    reader: impl AsyncRead + Unpin,
    max_line_bytes: usize,
    incoming: mpsc::Sender<Incoming>,
    unread: Arc<Unread>,
) {
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let mut line = Line { max: max_line_bytes, bytes: Vec::new(), oversized: None };
    loop {
        unread.room().await;
        let chunk = reader.fill_buf().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read the input any further");
            &[]
        });
        if chunk.is_empty() {
            break;
        }
        let part = chunk.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let ended = part.len() < chunk.len();
        let used = part.len() + usize::from(ended);
        line.push(part);
        reader.consume(used);
        if ended
            && let Some(message) = line.finish()
            && incoming.send(message).await.is_err()
        {
            return;
        }
    }
    if let Some(message) = line.finish() {
        // Without a receiver the server is ending anyway.
        let _ = incoming.send(message).await;
    }
}

/// The line that is being read.
struct Line {
    max: usize,
    bytes: Vec<u8>,
    /// Once the line is too long.
    oversized: Option<Oversized>,
}

impl Line {
    /// The memory that is kept from one line to the next.
    const KEPT: usize = 64 * 1024;

    fn push(&mut self, part: &[u8]) {
        if self.oversized.is_none() && self.bytes.len() + part.len() <= self.max {
            return self.bytes.extend_from_slice(part);
        }
        let start = mem::take(&mut self.bytes);
        let oversized = self.oversized.get_or_insert_default();
        oversized.push(&start);
        oversized.push(part);
    }

    fn finish(&mut self) -> Option<Incoming> {
        if let Some(oversized) = self.oversized.take() {
            let reason = format!("the message is longer than the limit of {} bytes", self.max);
            return Some(message::invalid_request(oversized.id(), reason));
        }
        let incoming = message::parse(&self.bytes);
        self.bytes.clear();
        self.bytes.shrink_to(Self::KEPT);
        incoming
    }
}

/// The two ends of a line that is too long to keep, where its id may be.
#[derive(Default)]
struct Oversized {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Oversized {
    const HEAD: usize = 4096;
    const TAIL: usize = 256;

    fn push(&mut self, part: &[u8]) {
        let room = Self::HEAD.saturating_sub(self.head.len());
        self.head.extend(part.iter().take(room));
        let end = part.len().saturating_sub(Self::TAIL);
        self.tail.extend(part.iter().skip(end));
        let excess = self.tail.len().saturating_sub(Self::TAIL);
        self.tail.drain(..excess);
    }

    /// The id of the request, if one of the ends has it.
    fn id(&self) -> Option<RequestId> {
        match Salvaged::read(&self.head) {
            // The id of a response is one that this server gave.
            Salvaged { is_response: true, .. } => None,
            head => head.id.or_else(|| salvage::last_id(&self.tail)),
        }
    }
}
