//! Parquet, read in place: the footer, then only the pages that hold the first rows.

mod bare;
mod kinds;
mod values;

use std::{
    collections::BTreeMap,
    io::Read,
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc as reply,
    },
};

use awsmcp_mcp::counted;
use parquet::{
    basic::Repetition,
    errors::{ParquetError, Result},
    file::{
        metadata::ParquetMetaData,
        reader::{ChunkReader, FileReader, Length, SerializedFileReader},
    },
    record::reader::TreeBuilder,
    schema::types::{SchemaDescriptor, Type},
};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use self::{kinds::kind, values::cells};
use crate::{
    grouping::{Gathering, Question},
    table::{Column, Table},
};

/// Bytes that are wanted, and where to answer.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) answer: reply::SyncSender<std::result::Result<Bytes, String>>,
}

/// A file somewhere else, of which parts are fetched when they are needed.
#[derive(Clone, Debug)]
pub(crate) struct Remote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    size: u64,
    asks: mpsc::UnboundedSender<Ask>,
    /// What was fetched, by where it starts.
    parts: Mutex<BTreeMap<u64, Bytes>>,
    fetched: AtomicU64,
    opened: AtomicU64,
}

/// How much is fetched at once.
const STEP: u64 = 1 << 20;
/// The most that is fetched of one file.
const FETCHED: u64 = 64 << 20;
/// The largest page, and the most of all pages, once opened.
const PAGE: u64 = 64 << 20;
const OPENED: u64 = 192 << 20;
/// What columns are expected to need for their first rows: a dictionary and a page.
const EXPECTED: i64 = 2 << 20;
const EXPECTED_IN_ALL: i64 = 48 << 20;

impl Remote {
    pub(crate) fn new(size: u64, asks: mpsc::UnboundedSender<Ask>) -> Self {
        let parts = Mutex::default();
        Remote(Arc::new(Inner { size, asks, parts, fetched: AtomicU64::new(0), opened: AtomicU64::new(0) }))
    }

    /// Keeps a part that is known already.
    pub(crate) fn keep(&self, first: u64, bytes: Bytes) {
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(first, bytes);
    }

    /// What is at hand from `at` on.
    fn at_hand(&self, at: u64) -> Option<Bytes> {
        let parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, bytes) = parts.range(..=at).next_back()?;
        let skip = usize::try_from(at - first).ok()?;
        (skip < bytes.len()).then(|| bytes.slice(skip..))
    }

    /// The bytes from `at` on: at least `count`, where the file has as many.
    fn get(&self, at: u64, count: u64) -> Result<Bytes> {
        let end = at.saturating_add(count.max(1)).min(self.0.size);
        if at >= end {
            return Ok(Bytes::new());
        }
        let near = self.at_hand(at);
        if let Some(bytes) = near.filter(|bytes| bytes.len() as u64 >= end - at) {
            return Ok(bytes);
        }
        // The footer is at the end: what is before it comes along.
        let step = end.max(at.saturating_add(STEP)).min(self.0.size);
        let first =
            if step == self.0.size && step - at < STEP { step.saturating_sub(STEP / 4).min(at) } else { at };
        if self.0.fetched.fetch_add(step - first, Ordering::Relaxed) > FETCHED {
            return Err(ParquetError::General("its rows need more than 64 MiB".to_owned()));
        }
        let gone = || ParquetError::General("the call is over".to_owned());
        let (answer, answered) = reply::sync_channel(1);
        self.0.asks.send(Ask { first, last: step - 1, answer }).map_err(|_| gone())?;
        let bytes = answered.recv().map_err(|_| gone())?.map_err(ParquetError::General)?;
        if (bytes.len() as u64) < end - first {
            return Err(ParquetError::EOF("fewer bytes came than were asked for".to_owned()));
        }
        self.keep(first, bytes.clone());
        Ok(bytes.slice(usize::try_from(at - first).unwrap_or(usize::MAX).min(bytes.len())..))
    }
}

impl Remote {
    /// Asks for these parts at once, before they are needed one by one.
    fn prefetch(&self, parts: impl IntoIterator<Item = (u64, u64)>) {
        let asked = parts.into_iter().filter_map(|(first, last)| {
            let size = last + 1 - first;
            let known = self.at_hand(first).is_some_and(|bytes| bytes.len() as u64 >= size);
            if known || self.0.fetched.fetch_add(size, Ordering::Relaxed) > FETCHED {
                return None;
            }
            let (answer, answered) = reply::sync_channel(1);
            self.0.asks.send(Ask { first, last, answer }).ok()?;
            Some((first, answered))
        });
        // All are asked for before the first is waited for. What fails is asked for again when it is needed.
        for (first, answered) in asked.collect::<Vec<_>>() {
            if let Ok(Ok(bytes)) = answered.recv() {
                self.keep(first, bytes);
            }
        }
    }
}

impl Length for Remote {
    fn len(&self) -> u64 {
        self.0.size
    }
}

impl ChunkReader for Remote {
    type T = Reader;

    /// Is asked for the header of a page.
    fn get_read(&self, start: u64) -> Result<Reader> {
        let head = self.get(start, 64)?;
        let size = page_size(&head).unwrap_or_default();
        if size > PAGE || self.0.opened.fetch_add(size, Ordering::Relaxed) > OPENED {
            return Err(ParquetError::General("its pages are too large".to_owned()));
        }
        Ok(Reader { file: self.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.get(start, length as u64)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} are not there")));
        }
        Ok(bytes.slice(..length))
    }
}

/// The opened size that a page's header claims: the second field of a Thrift struct in compact form.
fn page_size(header: &[u8]) -> Option<u64> {
    let mut bytes = header.iter().copied();
    let mut number = || {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = bytes.next()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    // Each field: one byte for its number and type, then the number itself, folded so that small ones are short.
    let (_, _, field) = (number()?, number()?, number()?);
    let size = number()?;
    (field == 0x15).then_some(size / 2)
}

/// A part of the file as a stream.
#[derive(Debug)]
pub(crate) struct Reader {
    file: Remote,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.file.get(self.at, 1).map_err(std::io::Error::other)?;
        let count = bytes.len().min(to.len());
        to.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
        self.at += count as u64;
        Ok(count)
    }
}

/// The schema of a file, and its first rows. Blocks: run it where that is allowed.
pub(crate) fn read(remote: Remote, rows: usize) -> Result<Table> {
    let file = SerializedFileReader::new(remote.clone())?;
    let metadata = file.metadata();
    let fields = metadata.file_metadata().schema().get_fields();
    // Some files count their rows only in their groups.
    let of_groups = metadata.row_groups().iter().map(|group| group.num_rows()).sum::<i64>();
    let all = u64::try_from(metadata.file_metadata().num_rows().max(of_groups)).unwrap_or_default();
    let columns: Vec<Column> = fields
        .iter()
        .map(|field| Column {
            name: field.name().to_owned(),
            kind: kind(field),
            nulls: nulls(metadata, field),
        })
        .collect();
    let codec = metadata
        .row_groups()
        .first()
        .and_then(|group| group.columns().first())
        .map(|column| column.compression());
    let codec = codec.map(|codec| codec.to_string().split('(').next().unwrap_or_default().to_lowercase());
    let groups = metadata.num_row_groups();
    let format = format!(
        "Parquet, {}{}",
        counted(groups, "row group"),
        codec.as_ref().map(|codec| format!(", {codec}")).unwrap_or_default()
    );
    let mut table = Table { format, columns, total: Some(all), ..Table::default() };
    let wanted = fitting(metadata);
    // What cannot be shown must not hide the schema. The crate panics where it has no rule for a type.
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        remote.prefetch(starts(metadata, wanted));
        first_rows(&file, wanted, rows)
    }));
    match found {
        Ok(Ok(found)) => table.rows = found,
        Ok(Err(error)) if error.to_string().contains("Disabled feature") => {
            let codec = codec.unwrap_or_default();
            table.but = Some(format!("the rows are packed with {codec}, which cannot be opened here"));
        }
        Ok(Err(error)) => table.but = Some(format!("the rows cannot be read: {error}")),
        Err(_) => table.but = Some("the rows have a type that cannot be shown".to_owned()),
    }
    if wanted < table.columns.len() && table.but.is_none() {
        table.but = Some(format!("only the first {wanted} columns were read: all are too large"));
        table.rows.iter_mut().for_each(|row| row.resize(table.columns.len(), None));
    }
    Ok(table)
}

/// How many columns can be read within the bounds.
fn fitting(metadata: &ParquetMetaData) -> usize {
    let fields = metadata.file_metadata().schema().get_fields();
    let Some(group) = metadata.row_groups().first() else { return fields.len() };
    let mut left = EXPECTED_IN_ALL;
    let mut fits = 0;
    for field in fields {
        let own = group.columns().iter().filter(|column| belongs(column.column_path().parts(), field));
        let need: i64 = own.map(|column| column.uncompressed_size().clamp(0, EXPECTED)).sum();
        left -= need;
        if left < 0 && fits > 0 {
            break;
        }
        fits += 1;
    }
    fits
}

/// Where the first pages of the first columns are; neighbours are one part.
fn starts(metadata: &ParquetMetaData, columns: usize) -> Vec<(u64, u64)> {
    const APART: u64 = 64 << 10;
    let fields = metadata.file_metadata().schema().get_fields().iter().take(columns);
    let Some(group) = metadata.row_groups().first() else { return Vec::new() };
    let of = |field: &'_ Arc<Type>| {
        let own = group.columns().iter().filter(|column| belongs(column.column_path().parts(), field));
        own.map(|column| column.byte_range()).collect::<Vec<_>>()
    };
    let mut ranges: Vec<(u64, u64)> = fields.flat_map(of).filter(|(_, size)| *size > 0).collect();
    ranges.sort_unstable();
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for (first, size) in ranges {
        let last = first.saturating_add(size.min(STEP) - 1);
        match parts.last_mut() {
            Some((start, end))
                if first <= end.saturating_add(APART) && last.saturating_sub(*start) < 4 * STEP =>
            {
                *end = last.max(*end);
            }
            _ => parts.push((first, last)),
        }
    }
    parts
}

fn belongs(path: &[String], field: &Type) -> bool {
    path.first().is_some_and(|first| first == field.name())
}

/// The first rows of the first columns.
fn first_rows(
    file: &SerializedFileReader<Remote>,
    columns: usize,
    rows: usize,
) -> Result<Vec<Vec<Option<String>>>> {
    let mut found = Vec::new();
    if rows > 0 {
        each(
            file,
            |at| at < columns,
            rows,
            |row| {
                found.push(row);
                if found.len() < rows { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        )?;
    }
    Ok(found)
}

/// Shows every row's cells of the wanted columns to `visit`, until it breaks.
fn each(
    file: &SerializedFileReader<Remote>,
    is_wanted: impl Fn(usize) -> bool,
    batch: usize,
    mut visit: impl FnMut(Vec<Option<String>>) -> ControlFlow<()>,
) -> Result<()> {
    let schema = file.metadata().file_metadata().schema();
    let bare = bare::schema(schema)?;
    let read_by = bare.as_ref().unwrap_or(schema);
    let wanted = |fields: &[Arc<Type>]| -> Vec<Arc<Type>> {
        fields.iter().enumerate().filter(|(at, _)| is_wanted(*at)).map(|(_, field)| field.clone()).collect()
    };
    let kinds = wanted(schema.get_fields());
    let fields = wanted(read_by.get_fields());
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
    let descriptor = Arc::new(SchemaDescriptor::new(Arc::new(projection)));
    let whole = Arc::new(SchemaDescriptor::new(Arc::new(read_by.clone())));
    for number in 0..file.num_row_groups() {
        let group = bare::Group::new(file.get_row_group(number)?, &whole)?;
        let builder = TreeBuilder::new().with_batch_size(batch);
        for row in builder.as_iter(descriptor.clone(), &group)? {
            if visit(cells(row?, &kinds)).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Answers a question about all rows: only the columns that it needs are fetched. Blocks.
pub(crate) fn answer(
    remote: Remote,
    question: &Question,
    shown: usize,
) -> Result<std::result::Result<Table, awsmcp_mcp::Error>> {
    const BATCH: usize = 1024;
    let table = read(remote.clone(), 0)?;
    let width = table.columns.len();
    let mut gathering = match Gathering::new(question, &table.columns, shown) {
        Ok(gathering) => gathering,
        Err(error) => return Ok(Err(error)),
    };
    let needed = gathering.needs(width);
    let file = SerializedFileReader::new(remote)?;
    let all = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        each(
            &file,
            |at| needed.contains(&at),
            BATCH,
            |cells| {
                let mut row = vec![None; width];
                for (at, cell) in needed.iter().zip(cells) {
                    if let Some(place) = row.get_mut(*at) {
                        *place = cell;
                    }
                }
                gathering.row(row);
                ControlFlow::Continue(())
            },
        )
    }));
    let but = match all {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("they have a type that cannot be shown".to_owned()),
    };
    let read = gathering.read();
    let mut answer = gathering.table(table.format);
    if let Some(why) = but {
        answer.but = Some(format!("only the first {read} rows were read: {why}"));
    }
    Ok(Ok(answer))
}

/// How many nulls the file says a column has; none where it does not say.
fn nulls(metadata: &ParquetMetaData, field: &Type) -> Option<u64> {
    let info = field.get_basic_info();
    if !field.is_primitive() || (info.has_repetition() && info.repetition() == Repetition::REPEATED) {
        return None;
    }
    let mut sum = 0;
    for group in metadata.row_groups() {
        let column = group.columns().iter().find(|column| belongs(column.column_path().parts(), field))?;
        sum += column.statistics()?.null_count_opt()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use parquet::{
        data_type::{DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type},
        file::writer::SerializedFileWriter,
        schema::parser::parse_message_type,
    };
    use proptest::prelude::*;

    use super::*;

    /// A file at hand as a whole.
    fn local(bytes: Vec<u8>) -> Remote {
        let (asks, _) = mpsc::unbounded_channel();
        let file = Remote::new(bytes.len() as u64, asks);
        file.keep(0, bytes.into());
        file
    }

    #[test]
    fn a_page_says_its_size() {
        // type 0, 300 bytes opened, 200 packed
        assert_eq!(page_size(&[0x15, 0x00, 0x15, 0xd8, 0x04, 0x15, 0x90, 0x03]), Some(300));
        assert_eq!(page_size(&[0x15]), None);
        assert_eq!(page_size(&[0xff; 40]), None);
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        assert!(read(local(b"PAR1 and nothing more PAR1".to_vec()), 5).is_err());
        assert!(read(local(b"PAR1".to_vec()), 5).is_err());
    }

    #[test]
    fn moments_keep_their_nanoseconds_wherever_they_lie() {
        let schema = "message m { optional int96 t; optional fixed_len_byte_array(12) i (INTERVAL);
            optional group l (LIST) { repeated group list { optional int96 element; } } required double d; }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let moment = |nanos: u64, day: u32| {
            let mut moment = Int96::new();
            moment.set_data((nanos & 0xffff_ffff) as u32, (nanos >> 32) as u32, day);
            moment
        };
        let noon = moment(43_200_123_456_789, 2_440_588);
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        // The same twice, so that it comes from a dictionary.
        column.typed::<Int96Type>().write_batch(&[noon, noon], Some(&[1, 0, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let interval = FixedLenByteArray::from([1_u32, 2, 3].map(u32::to_le_bytes).concat());
        column.typed::<FixedLenByteArrayType>().write_batch(&[interval], Some(&[0, 1, 0]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values = [noon, moment(1, 2_440_589)];
        column
            .typed::<Int96Type>()
            .write_batch(&values, Some(&[3, 3, 2, 0, 1]), Some(&[0, 1, 1, 0, 0]))
            .unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[f64::NAN, f64::INFINITY, 1.5], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let table = read(local(bytes), 9).unwrap();
        assert_eq!(table.but, None);
        let kinds: Vec<&str> = table.columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(kinds, ["timestamp(int96)", "interval", "list<timestamp(int96)>", "double"]);
        let cells = |row: usize| -> Vec<&str> {
            table.rows[row].iter().map(|cell| cell.as_deref().unwrap_or("null")).collect()
        };
        let (noon, after) = ("1970-01-01T12:00:00.123456789Z", "1970-01-02T00:00:00.000000001Z");
        assert_eq!(cells(0), [noon, "null", &format!("[\"{noon}\",\"{after}\",null]"), "NaN"]);
        assert_eq!(cells(1), ["null", "1 months 2 days 3 ms", "null", "Infinity"]);
        assert_eq!(cells(2), [noon, "null", "[]", "1.5"]);
    }

    /// All cells of the format's own test files, by a digest that was taken when each cell was held against pyarrow 26.0.1.
    /// Two of its 320,031 differ, where a moment is too far away for pyarrow's 64 bits of nanoseconds.
    #[test]
    #[ignore = "reads the folder `data` of github.com/apache/parquet-testing, which PARQUET_TESTING names"]
    #[expect(clippy::disallowed_methods, reason = "a test is told where those files are; it is no server")]
    fn every_cell_is_what_another_reader_says() {
        use sha2::{Digest, Sha256};
        let Ok(directory) = std::env::var("PARQUET_TESTING") else { return };
        let mut lines = Vec::new();
        for line in include_str!("../tests/parquet-testing.txt").lines() {
            let name = line.split('\t').next().unwrap();
            let Ok(bytes) = std::fs::read(std::path::Path::new(&directory).join(name)) else {
                lines.push(line.to_owned());
                continue;
            };
            let said = match read(local(bytes), 100_000) {
                Ok(Table { but: Some(but), .. }) => but,
                Ok(table) => {
                    let digest = Sha256::digest(format!("{:?}", table.rows));
                    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                    let kinds: Vec<&str> = table.columns.iter().map(|column| column.kind.as_str()).collect();
                    format!("{} rows\t{digest}\t{}", table.rows.len(), kinds.join(", "))
                }
                Err(error) => error.to_string(),
            };
            lines.push(format!("{name}\t{said}"));
        }
        awsmcp_testing::golden("tests/parquet-testing.txt", &(lines.join("\n") + "\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let length = (bytes.len() as u32).to_le_bytes();
            let file = [b"PAR1", bytes.as_slice(), &length, b"PAR1"].concat();
            let _ = read(local(file), 5);
            page_size(&bytes);
        }
    }
}
