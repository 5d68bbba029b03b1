//! Questions about all rows of a text, which is read once from its start and never held as a whole.

use std::io::{self, Read};

use awsmcp_mcp::{Error, Result, thousands};
use encoding_rs::Encoding;
use tokio::sync::mpsc;

use crate::{
    body::{Contents, End},
    grouping::{Gathering, Question},
    table::{self, Table},
    text::Transcoder,
};

/// Answers `question` from contents of which nothing was taken yet; `sample` is the table that their start is.
pub(super) async fn text(
    contents: &mut Contents,
    encoding: &'static Encoding,
    sample: Table,
    question: &Question,
    shown: usize,
) -> Result<Table> {
    const AHEAD: usize = 8;
    let mut gathering = Gathering::new(question, &sample.columns, shown)?;
    let (chunks, arriving) = mpsc::channel(AHEAD);
    let Table { format, columns, layout, .. } = sample;
    // Dropped with this call: the thread then sees the end, and ends.
    let reading = tokio::task::spawn_blocking(move || {
        let ended = table::each(Arriving::new(arriving), layout, &columns, |row| gathering.row(row));
        (gathering, ended)
    });
    let mut transcoder = Transcoder::new(encoding);
    loop {
        let chunk = contents.next().await?;
        let is_last = chunk.is_none();
        let mut bytes = chunk.unwrap_or_default();
        if let Some(transcoder) = &mut transcoder {
            let mut text = Vec::new();
            transcoder.push(&bytes, is_last, &mut text);
            bytes = text;
        }
        // Nobody listens any more where the rows broke off.
        if (!bytes.is_empty() && chunks.send(Ok(bytes)).await.is_err()) || is_last {
            break;
        }
    }
    let cut = match contents.end() {
        None | Some(End::Whole) => None,
        Some(End::Bound) => Some("the rest is more than one call reads".to_owned()),
        Some(End::Damaged(why)) => Some(format!("the packed data cannot be opened further: {why}")),
    };
    if let Some(why) = &cut {
        // The last row is cut: it must not pass for a whole one.
        let _ = chunks.send(Err(io::Error::other(why.clone()))).await;
    }
    drop(chunks);
    let (gathering, ended) =
        reading.await.map_err(|error| Error::internal(format!("the rows were not read: {error}")))?;
    let read = gathering.read();
    let mut answer = gathering.table(format);
    if let Some(why) = cut.or_else(|| ended.err().map(|error| error.to_string())) {
        let only = format!("only the first {} rows were read: {why}", thousands(read));
        answer.but = Some(answer.but.map_or(only.clone(), |but| format!("{only}; {but}")));
    }
    Ok(answer)
}

/// Bytes as they arrive, for a thread that waits for them.
struct Arriving {
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
    ahead: io::Cursor<Vec<u8>>,
}

impl Arriving {
    fn new(chunks: mpsc::Receiver<io::Result<Vec<u8>>>) -> Self {
        Arriving { chunks, ahead: io::Cursor::default() }
    }
}

impl Read for Arriving {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ahead.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            match self.chunks.blocking_recv() {
                Some(chunk) => self.ahead = io::Cursor::new(chunk?),
                None => return Ok(0),
            }
        }
    }
}
