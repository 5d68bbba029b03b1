//! Parquet, read in place: the footer, then only the pages that hold the first rows.

use awsmcp_mcp::counted;
use std::{
    collections::BTreeMap,
    io::Read,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc as reply,
    },
};

use jiff::{SignedDuration, civil::DateTime};
use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical},
    errors::{ParquetError, Result},
    file::{
        metadata::ParquetMetaData,
        reader::{ChunkReader, FileReader, Length, SerializedFileReader},
    },
    record::{Field, Row, reader::TreeBuilder},
    schema::types::{SchemaDescriptor, Type},
};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use crate::table::{Column, Table};

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
            return Err(ParquetError::General("its first rows need more than 64 MiB".to_owned()));
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
    let all = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
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
        codec.map(|codec| format!(", {codec}")).unwrap_or_default()
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
            table.but = Some("the rows are packed in a way that is not supported".to_owned());
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

fn first_rows(
    file: &SerializedFileReader<Remote>,
    columns: usize,
    rows: usize,
) -> Result<Vec<Vec<Option<String>>>> {
    let schema = file.metadata().file_metadata().schema();
    let fields = schema.get_fields().iter().take(columns).cloned().collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
    let descriptor = Arc::new(SchemaDescriptor::new(Arc::new(projection)));
    let mut found = Vec::new();
    for group in 0..file.num_row_groups() {
        if found.len() >= rows {
            break;
        }
        let group = file.get_row_group(group)?;
        let builder = TreeBuilder::new().with_batch_size(rows.max(1));
        for row in builder.as_iter(descriptor.clone(), &*group)?.take(rows - found.len()) {
            found.push(cells(row?, schema));
        }
    }
    Ok(found)
}

fn cells(row: Row, schema: &Type) -> Vec<Option<String>> {
    let cells = row.into_columns().into_iter().zip(schema.get_fields());
    cells.map(|((_, field), kind)| cell(field, kind)).collect()
}

fn cell(field: Field, kind: &Type) -> Option<String> {
    let stamp = match kind.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(stamp)) => Some(stamp),
        _ => None,
    };
    let text = match (field, stamp) {
        (Field::Null, _) => return None,
        (Field::Long(nanos), Some(stamp)) if stamp.unit == TimeUnit::NANOS => {
            instant(SignedDuration::from_nanos(nanos))
        }
        (field, _) => match value(&field) {
            Value::String(text) => text,
            other => other.to_string(),
        },
    };
    // What is not adjusted to UTC is the time of a clock somewhere.
    let local = stamp.is_some_and(|stamp| !stamp.is_adjusted_to_u_t_c);
    Some(text.strip_suffix('Z').filter(|_| local).map(str::to_owned).unwrap_or(text))
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Byte(value) => json!(value),
        Field::Short(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Long(value) => json!(value),
        Field::UByte(value) => json!(value),
        Field::UShort(value) => json!(value),
        Field::UInt(value) => json!(value),
        Field::ULong(value) => json!(value),
        // The shortest text that reads back as the same 32 bits.
        Field::Float(value) => float(value.to_string().parse().unwrap_or(f64::NAN)),
        Field::Double(value) => float(*value),
        Field::Str(text) => json!(text),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) if !text.contains(char::is_control) => json!(text),
            _ => json!(format!(
                "0x{}",
                bytes.data().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            )),
        },
        Field::TimestampMillis(time) => json!(instant(SignedDuration::from_millis(*time))),
        Field::TimestampMicros(time) => json!(instant(SignedDuration::from_micros(*time))),
        Field::Group(row) => {
            let fields = row.get_column_iter().map(|(name, field)| (name.clone(), value(field)));
            Value::Object(fields.collect())
        }
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(value).collect()),
        Field::MapInternal(map) => {
            let text = |key: &Field| match value(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(
                map.entries().iter().map(|(key, field)| (text(key), value(field))).collect::<Map<_, _>>(),
            )
        }
        other => json!(other.to_string()),
    }
}

/// JSON has no numbers for these, and would show them as nothing.
fn float(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    }
}

/// A time in UTC, to the last moment of the year 9999, which is often written for "open end".
fn instant(since_1970: SignedDuration) -> String {
    let time = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since_1970);
    time.map_or_else(|_| format!("{} ns since 1970", since_1970.as_nanos()), |time| format!("{time}Z"))
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

fn kind(field: &Type) -> String {
    let info = field.get_basic_info();
    let repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
    let name = if field.is_primitive() { primitive(field) } else { nested(field) };
    if repeated { format!("list<{name}>") } else { name }
}

fn nested(field: &Type) -> String {
    let info = field.get_basic_info();
    let is = |logical: &LogicalType, converted: ConvertedType| {
        info.logical_type_ref() == Some(logical) || info.converted_type() == converted
    };
    let inner = field.get_fields().first();
    let fields = inner.filter(|inner| inner.is_group()).map(|inner| inner.get_fields()).unwrap_or_default();
    if is(&LogicalType::List, ConvertedType::LIST) {
        return match (fields, inner) {
            ([element], _) => format!("list<{}>", kind(element)),
            (_, Some(inner)) => kind(inner),
            _ => "list".to_owned(),
        };
    }
    if (is(&LogicalType::Map, ConvertedType::MAP) || info.converted_type() == ConvertedType::MAP_KEY_VALUE)
        && let [key, value] = fields
    {
        return format!("map<{}, {}>", kind(key), kind(value));
    }
    let fields: Vec<String> =
        field.get_fields().iter().map(|field| format!("{} {}", field.name(), kind(field))).collect();
    format!("struct<{}>", fields.join(", "))
}

fn primitive(field: &Type) -> String {
    let info = field.get_basic_info();
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "us",
        TimeUnit::NANOS => "ns",
    };
    let by_logical = info.logical_type_ref().and_then(|logical| match logical {
        LogicalType::Timestamp(time) => {
            let zone = if time.is_adjusted_to_u_t_c { ", UTC" } else { "" };
            Some(format!("timestamp({}{zone})", unit(&time.unit)))
        }
        LogicalType::Time(time) => Some(format!("time({})", unit(&time.unit))),
        LogicalType::Integer(int) => {
            Some(format!("{}int{}", if int.is_signed { "" } else { "u" }, int.bit_width))
        }
        LogicalType::Uuid => Some("uuid".to_owned()),
        LogicalType::Float16 => Some("float16".to_owned()),
        LogicalType::Bson => Some("bson".to_owned()),
        LogicalType::Geometry(_) => Some("geometry".to_owned()),
        LogicalType::Geography(_) => Some("geography".to_owned()),
        _ => None,
    });
    if let Some(kind) = by_logical {
        return kind;
    }
    match (info.converted_type(), field.get_physical_type()) {
        (ConvertedType::UTF8, _) => "text".to_owned(),
        (ConvertedType::ENUM, _) => "enum".to_owned(),
        (ConvertedType::JSON, _) => "json".to_owned(),
        (ConvertedType::DATE, _) => "date".to_owned(),
        (ConvertedType::DECIMAL, _) => format!("decimal({},{})", field.get_precision(), field.get_scale()),
        (ConvertedType::TIMESTAMP_MILLIS, _) => "timestamp(ms, UTC)".to_owned(),
        (ConvertedType::TIMESTAMP_MICROS, _) => "timestamp(us, UTC)".to_owned(),
        (ConvertedType::TIME_MILLIS, _) => "time(ms)".to_owned(),
        (ConvertedType::TIME_MICROS, _) => "time(us)".to_owned(),
        (ConvertedType::NONE, Physical::INT96) => "timestamp(int96, cut to ms)".to_owned(),
        (ConvertedType::NONE, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY) => "binary".to_owned(),
        (ConvertedType::NONE, physical) => physical.to_string().to_lowercase(),
        (converted, _) => converted.to_string().to_lowercase().replace('_', ""),
    }
}

#[cfg(test)]
mod tests {
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
    fn values_are_shown_as_they_are() {
        let shown = |field: Field| value(&field);
        assert_eq!(shown(Field::Double(f64::NAN)), json!("NaN"));
        assert_eq!(shown(Field::Double(f64::INFINITY)), json!("Infinity"));
        assert_eq!(shown(Field::Float(f32::NEG_INFINITY)), json!("-Infinity"));
        assert_eq!(shown(Field::Float(0.1)), json!(0.1));
        assert_eq!(shown(Field::TimestampMicros(253_402_214_400_000_000)), json!("9999-12-31T00:00:00Z"));
        assert_eq!(shown(Field::TimestampMillis(1_500)), json!("1970-01-01T00:00:01.5Z"));
        assert_eq!(shown(Field::TimestampMillis(-1)), json!("1969-12-31T23:59:59.999Z"));
    }

    #[test]
    fn a_time_of_no_zone_has_none() {
        let schema = |adjusted: bool, unit: &str| {
            let text = format!("message m {{ required int64 t (TIMESTAMP({unit},{adjusted})); }}");
            parquet::schema::parser::parse_message_type(&text).unwrap().get_fields()[0].clone()
        };
        let nanos = Field::Long(1_000_000_001);
        assert_eq!(cell(nanos.clone(), &schema(true, "NANOS")).unwrap(), "1970-01-01T00:00:01.000000001Z");
        assert_eq!(cell(nanos, &schema(false, "NANOS")).unwrap(), "1970-01-01T00:00:01.000000001");
        let micros = Field::TimestampMicros(1);
        assert_eq!(cell(micros, &schema(false, "MICROS")).unwrap(), "1970-01-01T00:00:00.000001");
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
