//! Questions about all rows of a text, which is read once from its start and never held as a whole.

use std::{
    collections::BTreeSet,
    io::{self, Read},
};

use awsmcp_mcp::{Error, Result, neutral, thousands};
use encoding_rs::Encoding;
use tokio::sync::mpsc;

use crate::{
    body::{Contents, End},
    grouping::{Gathering, Question, place},
    table::{self, Column, Layout, Table},
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
    let (chunks, arriving) = mpsc::channel(AHEAD);
    let format = sample.format.clone();
    let asked = question.clone();
    // Dropped with this call: the thread then sees the end, and ends.
    let reading = tokio::task::spawn_blocking(move || {
        let arriving = Arriving::new(arriving);
        match sample.layout {
            Layout::Inside => inside(arriving, &asked, shown),
            _ => rows(arriving, sample, &asked, shown),
        }
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
    let read = reading.await.map_err(|error| Error::internal(format!("the rows were not read: {error}")))?;
    let Gathered { gathering, format: own, ended, strange } = read?;
    let read = gathering.read();
    let mut answer = gathering.table(own.unwrap_or(format));
    let only = cut.or_else(|| ended.err().map(|error| error.to_string()));
    let only = only.map(|why| format!("only the first {} rows were read: {why}", thousands(read)));
    let strange = (!strange.is_empty() && !question.groups()).then(|| {
        format!("fields of rows that the first rows of the object lack are not shown: {}", listed(&strange))
    });
    let but: Vec<String> = [only, strange, answer.but].into_iter().flatten().collect();
    answer.but = (!but.is_empty()).then(|| but.join("; "));
    Ok(answer)
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| neutral(name)).collect::<Vec<_>>().join(", ")
}

/// What the rows gave.
struct Gathered {
    gathering: Gathering,
    /// Where the table is another one than it seemed.
    format: Option<String>,
    ended: io::Result<()>,
    /// Fields that are in no column.
    strange: BTreeSet<String>,
}

fn inside(arriving: Arriving, question: &Question, shown: usize) -> Result<Gathered> {
    let table = table::inside(arriving).map_err(|error| {
        Error::invalid(format!("the rows cannot be read: {error}"))
            .with_next("without `where`, `group_by` and `sum` the first rows are shown")
    })?;
    let mut gathering = Gathering::new(question, &table.columns, shown)?;
    table.rows.into_iter().for_each(|row| gathering.row(row));
    Ok(Gathered { gathering, format: Some(table.format), ended: Ok(()), strange: BTreeSet::new() })
}

fn rows(arriving: Arriving, sample: Table, question: &Question, shown: usize) -> Result<Gathered> {
    const NAMED: usize = 20;
    let Table { mut columns, layout, total, .. } = sample;
    let known = columns.len();
    // A field of JSON may be in later rows only.
    if layout == Layout::Values && total.is_none() {
        let unseen = question.unseen(&columns).into_iter();
        columns.extend(unseen.map(|name| Column { name, kind: "rare".to_owned(), nulls: None }));
    }
    let mut gathering = Gathering::new(question, &columns, shown)?;
    let (mut seen, mut strange) = (vec![false; columns.len()], BTreeSet::new());
    let visit = |row: Vec<Option<String>>| {
        seen.iter_mut().zip(&row).skip(known).for_each(|(seen, cell)| *seen |= cell.is_some());
        gathering.row(row);
    };
    let note = |name| {
        if strange.len() < NAMED {
            strange.insert(name);
        }
    };
    let ended = table::each(arriving, layout, &columns, visit, note);
    let first = columns.get(..known).unwrap_or_default();
    for (column, _) in columns.iter().zip(seen).skip(known).filter(|(_, seen)| !seen) {
        if let Err(mut error) = place(&column.name, first) {
            error.message = format!("{}: none of {} rows has it", error.message, thousands(gathering.read()));
            if !strange.is_empty() {
                error.message = format!("{}; some have {}", error.message, listed(&strange));
            }
            return Err(error);
        }
    }
    Ok(Gathered { gathering, format: None, ended, strange })
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
