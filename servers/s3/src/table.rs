//! Text as a table: CSV and its kin, JSON lines, arrays in JSON.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, BufRead, BufReader, Read},
};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use serde_json::{Map, Value};

use json::{each_value, of_json};
use preamble::preamble;

mod json;
mod preamble;

/// What a table looks like, and its first rows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// `CSV with a header, separated by ;`
    pub(crate) format: String,
    pub(crate) columns: Vec<Column>,
    /// The first rows, a cell for each column; none is null.
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// How many rows the types were learned from; none where the file itself tells them.
    pub(crate) sampled: Option<u64>,
    /// How many rows there are, where that is known.
    pub(crate) total: Option<u64>,
    /// What is missing, and why.
    pub(crate) but: Option<String>,
    /// How its rows lie in the text.
    pub(crate) layout: Layout,
}

/// How rows lie in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Layout {
    Separated {
        separator: u8,
        header: bool,
        /// Lines before the first row, or the header, that are no rows.
        before: usize,
    },
    /// Values of JSON, one behind the other, or of one array.
    Values,
    /// Somewhere inside.
    #[default]
    Inside,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) nulls: Option<u64>,
}

/// The table that a text is, or that its beginning is the beginning of.
pub(crate) fn of_text(text: &str, whole: bool, rows: usize, hint: Hint) -> Option<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        let json = of_json(&worded(start), whole, rows);
        // Only a name that says so makes a CSV of what begins like JSON.
        return json.or_else(|| delimited(text, whole, rows, hint).filter(|_| hint != Hint::Nothing));
    }
    delimited(text, whole, rows, hint)
}

/// JSON with the words in it that Python and JavaScript write for numbers that JSON lacks, as texts.
fn worded(text: &str) -> Cow<'_, str> {
    const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut rest, mut inside) = (text, false);
    while let Some(letter) = rest.chars().next() {
        let word = WORDS.iter().find(|word| !inside && rest.starts_with(**word));
        let taken = match (word, letter) {
            (Some(word), _) => {
                out.push_str(&format!("\"{word}\""));
                word.len()
            }
            (None, '\\') if inside => {
                let pair: String = rest.chars().take(2).collect();
                out.push_str(&pair);
                pair.len()
            }
            (None, letter) => {
                inside ^= letter == '"';
                out.push(letter);
                letter.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// What a key or a media type say of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Hint {
    /// It has this separator, and one column is a table too.
    Separated(u8),
    Nothing,
}

impl Hint {
    pub(crate) fn of(key: &str, content_type: Option<&str>) -> Hint {
        let name = key.to_ascii_lowercase();
        let name =
            [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let kind = content_type.unwrap_or_default();
        if name.ends_with(".csv") || kind.starts_with("text/csv") {
            Hint::Separated(b',')
        } else if name.ends_with(".tsv")
            || name.ends_with(".tab")
            || kind.starts_with("text/tab-separated-values")
        {
            Hint::Separated(b'\t')
        } else {
            Hint::Nothing
        }
    }
}

/// How many records tell the separator.
const TOLD_BY: usize = 100;

fn delimited(text: &str, whole: bool, rows: usize, hint: Hint) -> Option<Table> {
    let before = preamble(text);
    let text = before.rest;
    let found = [b',', b'\t', b';', b'|']
        .into_iter()
        .filter(|separator| before.separator.is_none_or(|named| named == *separator))
        .filter_map(|separator| {
            let mut counts: HashMap<usize, usize> = HashMap::new();
            let records = records(text, whole, separator, TOLD_BY);
            records.iter().for_each(|record| *counts.entry(record.len()).or_default() += 1);
            let (width, like) = counts.into_iter().max_by_key(|(width, count)| (*count, *width))?;
            // Most rows of a table have the same width.
            (width > 1 && like * 10 >= records.len() * 8).then_some((
                like * 100 / records.len(),
                width,
                separator,
            ))
        })
        .max_by_key(|(like, width, separator)| (*like, *width, hint == Hint::Separated(*separator)));
    let separator = match (found, hint) {
        (Some((_, _, separator)), _) => separator,
        (None, Hint::Separated(separator)) => separator,
        (None, Hint::Nothing) => return None,
    };
    let mut all = records(text, whole, separator, usize::MAX);
    let width = all.iter().map(Vec::len).max()?;
    let first = all.first()?;
    // One line of prose with a comma in it is no table.
    if hint == Hint::Nothing && all.len() < 2 {
        return None;
    }
    let named = before.names.len() == width;
    let header = !named && all.len() > 1 && is_header(first, all.get(1..).unwrap_or_default(), hint);
    let names: Vec<String> = match header {
        true => all.remove(0),
        false if named => before.names.iter().map(|name| (*name).to_owned()).collect(),
        false => Vec::new(),
    };
    let mut columns = Vec::with_capacity(width);
    for at in 0..width {
        let cells = all.iter().map(|row| row.get(at).map(String::as_str).unwrap_or_default());
        let (kind, nulls) = text_kind(cells);
        let name = names.get(at).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("column_{}", at + 1));
        columns.push(Column { name: unlike(&columns, name), kind: kind.to_owned(), nulls: Some(nulls) });
    }
    let count = all.len() as u64;
    let word = match separator {
        b',' => "commas",
        b'\t' => "tabs",
        b';' => "semicolons",
        _ => "bars",
    };
    let heading = if header || named { "" } else { " and no header" };
    let shown = all.into_iter().take(rows).map(|row| {
        let cell = |at: usize| row.get(at).filter(|cell| !cell.is_empty()).cloned();
        (0..width).map(cell).collect()
    });
    Some(Table {
        format: format!("CSV with {word}{heading}"),
        columns,
        rows: shown.collect(),
        sampled: Some(count),
        total: whole.then_some(count),
        but: unclosed(text, whole, separator, before.lines + 1),
        layout: Layout::Separated { separator, header, before: before.lines },
    })
}

/// Where a quote is opened that nothing closes, and so all that follows it is one cell.
fn unclosed(text: &str, whole: bool, separator: u8, first: usize) -> Option<String> {
    if !whole {
        return None;
    }
    let (mut line, mut opened, mut starts) = (first, None, true);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, opened) {
            (b'"', None) if starts => opened = Some(line),
            (b'"', Some(_)) if bytes.peek() == Some(&b'"') => drop(bytes.next()),
            (b'"', Some(_)) => opened = None,
            _ => {}
        }
        line += usize::from(byte == b'\n');
        starts = opened.is_none() && (byte == separator || byte == b'\n' || byte == b'\r');
    }
    opened.map(|line| format!("a quote on line {line} is never closed: all behind it is one value"))
}

/// The records of a text; the last one is left out where it may be cut.
fn records(text: &str, whole: bool, separator: u8, most: usize) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut record = csv::StringRecord::new();
    while found.len() < most {
        match reader.read_record(&mut record) {
            Ok(true) => found.push(record.iter().map(str::to_owned).collect()),
            _ => {
                if !whole && found.len() > 1 {
                    found.pop();
                }
                break;
            }
        }
    }
    found
}

/// A name that no column before has: the second `name` is `name_2`.
fn unlike(columns: &[Column], name: String) -> String {
    let is_taken = |name: &str| columns.iter().any(|column| column.name == name);
    if !is_taken(&name) {
        return name;
    }
    let free = (2..).map(|number| format!("{name}_{number}")).find(|name| !is_taken(name));
    free.unwrap_or(name)
}

/// Whether the first row names the columns: it does where each name is a word of its own, where a word stands over values
/// that are none, and, in a file that is called a table, where only years stand beside words.
fn is_header(row: &[String], others: &[Vec<String>], hint: Hint) -> bool {
    let mut seen = std::collections::HashSet::new();
    let is_word = |cell: &str| matches!(kind_of(cell), "text") && cell.chars().count() <= 100;
    let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).collect();
    if cells.iter().all(|cell| !cell.is_empty() && is_word(cell) && seen.insert(cell.to_lowercase())) {
        return true;
    }
    if cells.iter().all(|cell| is_word(cell)) {
        let over_values = |(at, cell): (usize, &&str)| {
            let below = others.iter().map(|row| row.get(at).map(String::as_str).unwrap_or_default());
            !cell.is_empty() && !matches!(text_kind(below).0, "text" | "empty")
        };
        return cells.iter().enumerate().any(over_values);
    }
    let is_year = |cell: &str| cell.len() == 4 && (cell.starts_with("19") || cell.starts_with("20"));
    let named = |cell: &&str| !cell.is_empty() && (is_word(cell) || is_year(cell));
    let distinct: std::collections::HashSet<&&str> = cells.iter().collect();
    hint != Hint::Nothing
        && cells.first().is_some_and(|first| !first.is_empty() && is_word(first))
        && cells.iter().all(named)
        && distinct.len() == cells.len()
}

/// The type that all cells have, and how many are empty.
fn text_kind<'a>(cells: impl Iterator<Item = &'a str>) -> (&'static str, u64) {
    let mut kind = "";
    let mut nulls = 0;
    for cell in cells {
        let cell = cell.trim();
        if cell.is_empty() || cell == "\\N" {
            nulls += 1;
            continue;
        }
        if kind == "text" {
            continue;
        }
        kind = match (kind, kind_of(cell)) {
            ("", new) => new,
            (old, new) if old == new => old,
            ("integer", "number") | ("number", "integer") => "number",
            ("date", "timestamp") | ("timestamp", "date") => "timestamp",
            _ => "text",
        };
    }
    (if kind.is_empty() { "empty" } else { kind }, nulls)
}

fn kind_of(cell: &str) -> &'static str {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if is_number && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // 007 is a code, no number.
        return if digits.len() > 1 && digits.starts_with('0') { "text" } else { "integer" };
    }
    if is_number && digits.parse::<f64>().is_ok() {
        return "number";
    }
    if ["true", "false"].iter().any(|word| cell.eq_ignore_ascii_case(word)) {
        return "boolean";
    }
    if !is_number || cell.len() < 8 {
        return "text";
    }
    if cell.len() <= 10 && cell.parse::<Date>().is_ok() {
        return "date";
    }
    if cell.parse::<Timestamp>().is_ok() || cell.parse::<DateTime>().is_ok() { "timestamp" } else { "text" }
}

/// Shows every row of a text to `visit`, from its start, and to `strange` the names of what is in none of the columns.
///
/// # Errors
/// Where it breaks off: what was cut is no row.
pub(crate) fn each(
    text: impl Read,
    layout: Layout,
    columns: &[Column],
    mut visit: impl FnMut(Vec<Option<String>>),
    mut strange: impl FnMut(String),
) -> io::Result<()> {
    match layout {
        Layout::Separated { separator, header, before } => {
            // A mark at the very start is no character of the first cell.
            let mut text = BufReader::new(text);
            if text.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
                text.consume("\u{feff}".len());
            }
            for _ in 0..before {
                text.skip_until(b'\n')?;
            }
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(header)
                .flexible(true)
                .delimiter(separator)
                .from_reader(text);
            let mut record = csv::ByteRecord::new();
            while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
                let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
                visit(record.iter().map(|cell| (!cell.is_empty()).then(|| text(cell))).collect());
            }
            Ok(())
        }
        Layout::Values => each_value(BufReader::new(text), |value| {
            let mut object = match value {
                Value::Object(object) => object,
                other => Map::from_iter([("value".to_owned(), other)]),
            };
            let row = columns.iter().map(|column| object.swap_remove(&column.name).and_then(cell)).collect();
            object.into_iter().for_each(|(name, _)| strange(name));
            visit(row);
        }),
        Layout::Inside => {
            inside(text)?.rows.into_iter().for_each(visit);
            Ok(())
        }
    }
}

/// All of the table that lies inside of JSON: which list it is, and its columns, tells only the whole.
///
/// # Errors
/// Where it breaks off, or is too large.
pub(crate) fn inside(text: impl Read) -> io::Result<Table> {
    let mut all = String::new();
    text.take(INSIDE + 1).read_to_string(&mut all)?;
    if all.len() as u64 > INSIDE {
        return Err(io::Error::other("its rows lie inside of JSON that is larger than 32 MiB"));
    }
    Ok(of_text(&all, true, usize::MAX, Hint::Nothing).unwrap_or_default())
}

/// The most of JSON that is read as a whole, and of one value.
const INSIDE: u64 = 32 << 20;

fn cell(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Table {
        of_text(text, true, 10, Hint::Nothing).unwrap()
    }

    fn schema(table: &Table) -> String {
        let column =
            |column: &Column| format!("{} {} {}", column.name, column.kind, column.nulls.unwrap_or_default());
        table.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn separators_and_headers_are_found() {
        let table = read("id,name,price\n1,\"a, b\",2.5\n2,,3\n");
        assert_eq!(table.format, "CSV with commas");
        assert_eq!(schema(&table), "id integer 0, name text 1, price number 0");
        assert_eq!(table.rows.first().unwrap(), &[Some("1".into()), Some("a, b".into()), Some("2.5".into())]);
        assert_eq!((table.sampled, table.total), (Some(2), Some(2)));
        assert_eq!(read("a;b\n1,5;2\n1,6;3\n").format, "CSV with semicolons");
        assert_eq!(read("a\tb\n1\t2\n").format, "CSV with tabs");
        assert_eq!(read("a|b\n1|2\n").format, "CSV with bars");
        let bare = read("1,2026-01-01,x\n2,2026-01-02,y\n");
        assert_eq!(bare.format, "CSV with commas and no header");
        assert_eq!(schema(&bare), "column_1 integer 0, column_2 date 0, column_3 text 0");
    }

    #[test]
    fn headers_of_every_day_are_headers() {
        let names = |text: &str| {
            let table = of_text(text, true, 5, Hint::Separated(b',')).unwrap();
            table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(",name,qty\n0,apple,3\n1,pear,4\n"), "column_1 name qty");
        assert_eq!(names("id,name,name,value\n1,a,b,2.5\n2,c,d,3\n"), "id name name_2 value");
        assert_eq!(names("country,2019,2020\nDE,1.5,2\nFR,3,4\n"), "country 2019 2020");
        assert_eq!(names("x,1\ny,2\n"), "column_1 column_2", "a number is no name");
        assert_eq!(read("n/a,5,x\n1,6,x\n2,7,y\n").format, "CSV with commas and no header");
    }

    #[test]
    fn numbers_that_json_lacks_are_read() {
        let lines = read(
            "{\"id\": 0, \"loss\": NaN, \"t\": \"say \\\"NaN\\\"\"}\n{\"id\": 1, \"loss\": -Infinity}\n",
        );
        assert_eq!(lines.format, "JSON lines");
        assert_eq!(lines.rows[0], [Some("0".into()), Some("NaN".into()), Some("say \"NaN\"".into())]);
        assert_eq!(lines.rows[1][1], Some("-Infinity".into()));
        assert_eq!(read("[{\"a\": Infinity}]").rows[0], [Some("Infinity".into())]);
        // What begins like JSON and is none is no CSV either.
        assert_eq!(of_text("{a, b}\n{c, d}\n", true, 5, Hint::Nothing), None);
    }

    #[test]
    fn types_are_learned_from_the_cells() {
        let table =
            read("a,b,c,d,e,f\n1,true,2026-01-01T00:00:00Z,007,1e3,\n2.5,FALSE,2026-01-01 10:00:00,008,2,\n");
        assert_eq!(schema(&table), "a number 0, b boolean 0, c timestamp 0, d text 0, e number 0, f empty 2");
    }

    #[test]
    fn prose_is_no_table() {
        assert_eq!(
            of_text(
                "Dear all,\nthis is a letter.\nIt says, among other things, nothing.\n",
                true,
                5,
                Hint::Nothing
            ),
            None
        );
        assert_eq!(of_text("hello", true, 5, Hint::Nothing), None);
        assert_eq!(of_text("", true, 5, Hint::Nothing), None);
        assert_eq!(of_text("{\"a\":", true, 5, Hint::Nothing), None);
        let one = of_text("name\nann\nbob\n", true, 5, Hint::Separated(b',')).unwrap();
        assert_eq!(schema(&one), "name text 0");
    }

    #[test]
    fn the_last_row_of_a_beginning_may_be_cut() {
        let table = of_text("a,b\n1,2\n3,4\n5,", false, 9, Hint::Nothing).unwrap();
        assert_eq!((table.rows.len(), table.total), (2, None));
        let lines = of_text("{\"a\":1}\n{\"a\":2}\n{\"a\":", false, 9, Hint::Nothing).unwrap();
        assert_eq!((lines.rows.len(), lines.total, lines.but), (2, None, None));
    }

    #[test]
    fn every_row_of_a_text_is_shown_in_order() {
        let all = |text: &str| {
            let table = read(text);
            let (mut rows, mut columns) = (Vec::new(), table.columns.clone());
            let ended = each(text.as_bytes(), table.layout, &columns, |row| rows.push(row), drop);
            columns.clear();
            assert!(ended.is_ok(), "{ended:?}");
            assert_eq!(rows, table.rows, "{text}");
            rows.len()
        };
        assert_eq!(all("id,name\n1,\"a\nb\"\n2,\n"), 2);
        assert_eq!(all("1;2.5\n2;3\n"), 2);
        assert_eq!(all("{\"a\":1}\n{\"a\":NaN,\"b\":[1]}\n"), 2);
        assert_eq!(all("[\n {\"a\":1,\n  \"b\": 2},\n {\"a\":\"x\"}\n]\n"), 2);
        assert_eq!(all("{\"v\":1,\"Records\":[{\"e\":1},{\"e\":2}]}"), 2);
        assert_eq!(all("[1,2]"), 2);
        let cut = each("{\"a\":1}\n{\"a\"".as_bytes(), Layout::Values, &[], |_| (), drop);
        assert!(cut.is_err());
    }

    #[test]
    fn what_stands_before_the_rows_is_none_of_them() {
        let all = |text: &str| {
            let table = read(text);
            let mut rows = Vec::new();
            each(text.as_bytes(), table.layout, &table.columns, |row| rows.push(row), drop).unwrap();
            assert_eq!(rows, table.rows, "{text}");
            (schema(&table), rows.len())
        };
        assert_eq!(all("sep=;\na;b\n1;2\n3;4\n"), ("a integer 0, b integer 0".to_owned(), 2));
        assert_eq!(all("# made by x\na,b\n1,2\n"), ("a integer 0, b integer 0".to_owned(), 1));
        let log = "#Version: 1.0\n#Fields: date sc-bytes\n2026-01-01\t17\n2026-01-02\t4\n";
        assert_eq!(all(log), ("date date 0, sc-bytes integer 0".to_owned(), 2));
        assert_eq!(all("#,name\n1,a\n").1, 1);
    }

    #[test]
    fn a_quote_that_nothing_closes_is_named() {
        let open = of_text("a,b\n1,\"x\n2,y\n3,z\n", true, 5, Hint::Separated(b',')).unwrap();
        assert!(open.but.unwrap().contains("a quote on line 2 is never closed"));
        assert_eq!(read("a,b\n1,\"x \"\"y\"\" z\"\n2,5\" pipe\n").but, None);
    }

    #[test]
    fn json_is_a_table_in_many_shapes() {
        let lines = read("{\"a\":1,\"b\":null}\n{\"a\":2.5,\"c\":{\"x\":[1]}}\n");
        assert_eq!(lines.format, "JSON lines");
        assert_eq!(schema(&lines), "a number 0, b null 2, c object 1");
        assert_eq!(lines.rows[1], [Some("2.5".into()), None, Some("{\"x\":[1]}".into())]);
        let array = read("[\n {\"a\":1},\n {\"a\":\"x\"}\n]");
        assert_eq!(
            (array.format.as_str(), schema(&array).as_str(), array.total),
            ("JSON array", "a integer|text 0", Some(2))
        );
        let trail = read("{\"v\":1,\"Records\":[{\"e\":1},{\"e\":2}]}");
        assert_eq!((trail.format.as_str(), trail.rows.len()), ("JSON array at Records", 2));
        let cut =
            of_text("{\"v\":{\"x\":1},\"Records\":[{\"e\":1},{\"e\":2},{\"e\"", false, 9, Hint::Nothing)
                .unwrap();
        assert_eq!((cut.format.as_str(), cut.rows.len(), cut.total), ("JSON array at Records", 2, None));
        assert_eq!(read("{\"a\":1}").format, "one JSON object");
        assert_eq!(schema(&read("[1,2]")), "value integer 0");
        assert_eq!(read("[]").total, Some(0));
        let broken = read("{\"a\":1}\n{\"a\":2}\n{\"a\"\n");
        assert!(broken.but.unwrap().contains("row 2"));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "[\\[\\]{}\",:;|a1\\t\\n .-]{0,80}", whole: bool, hinted: bool) {
            let hint = if hinted { Hint::Separated(b',') } else { Hint::Nothing };
            if let Some(table) = of_text(&text, whole, 3, hint) {
                prop_assert!(table.rows.len() <= 3);
                prop_assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
            }
        }

        #[test]
        fn any_text_is_read(text in ".{0,200}") {
            let _ = of_text(&text, true, 3, Hint::Separated(b','));
        }
    }
}
