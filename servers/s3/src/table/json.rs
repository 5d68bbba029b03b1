//! Values of JSON as rows.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use serde_json::{Deserializer, Map, Value};

use super::{Column, INSIDE, Layout, Table, cell, worded};

/// Values one behind the other, with nothing or a comma between them.
struct Values<'a> {
    text: &'a str,
    /// Whether a value was cut or is none.
    broke: bool,
    /// Whether the array ended.
    closed: bool,
}

impl Iterator for Values<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.text = self.text.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{1e}']);
        if self.text.is_empty() || self.closed || self.broke {
            return None;
        }
        if let Some(rest) = self.text.strip_prefix(']') {
            self.text = rest;
            self.closed = true;
            return None;
        }
        let mut parser = Deserializer::from_str(self.text).into_iter::<Value>();
        match parser.next() {
            Some(Ok(value)) => {
                let end = parser.byte_offset();
                self.text = self.text.get(end..).unwrap_or_default();
                Some(value)
            }
            _ => {
                self.broke = true;
                None
            }
        }
    }
}

fn values(text: &str) -> Values<'_> {
    Values { text, broke: false, closed: false }
}

pub(super) fn of_json(text: &str, whole: bool, rows: usize) -> Option<Table> {
    if let Some(inside) = text.strip_prefix('[') {
        return array("JSON array".to_owned(), values(inside), whole, rows);
    }
    let mut lines = values(text);
    let first = lines.next();
    if let Some(Value::Object(object)) = first {
        let rest = lines.text.trim_start();
        if rest.is_empty() && whole {
            return Some(one_object(object, rows));
        }
        if rest.starts_with('{') || rest.is_empty() {
            return array("JSON lines".to_owned(), values(text), whole, rows);
        }
        return None;
    }
    cut_object(text, rows)
}

/// One object that goes on behind the end. Its rows may be in one of its fields: in the one that is cut, or in the
/// longest of those before.
fn cut_object(text: &str, rows: usize) -> Option<Table> {
    let list = |name: &str, inside| array(format!("JSON array at {name}"), values(inside), false, rows);
    let mut longest: Option<(usize, String, &str)> = None;
    let mut rest = text.strip_prefix('{')?;
    loop {
        let mut field = values(rest);
        let Some(Value::String(name)) = field.next() else { break };
        let Some(behind) = field.text.trim_start().strip_prefix(':') else { break };
        rest = behind.trim_start();
        let inside =
            rest.strip_prefix('[').filter(|inside| matches!(values(inside).next(), Some(Value::Object(_))));
        let mut value = values(rest);
        match (inside, value.next()) {
            (Some(inside), None) => return list(&name, inside),
            (Some(inside), Some(Value::Array(items)))
                if longest.as_ref().is_none_or(|(count, ..)| items.len() > *count) =>
            {
                longest = Some((items.len(), name, inside));
            }
            (_, None) => break,
            _ => {}
        }
        rest = value.text;
    }
    let (_, name, inside) = longest?;
    let goes_on = "the object goes on behind what was read: a longer list may follow".to_owned();
    list(&name, inside).map(|table| Table { but: Some(table.but.unwrap_or(goes_on)), ..table })
}

/// An object that holds a list of objects is a table of those; else it is a row itself.
fn one_object(object: Map<String, Value>, rows: usize) -> Table {
    let is_rows = |value: &Value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    let longest = object
        .iter()
        .filter(|(_, value)| is_rows(value))
        .max_by_key(|(_, value)| value.as_array().map_or(0, Vec::len));
    match longest {
        Some((name, Value::Array(items))) => {
            let total = Some(items.len() as u64);
            Table { total, ..of_values(format!("JSON array at {name}"), items.clone().into_iter(), rows) }
        }
        _ => Table {
            total: Some(1),
            ..of_values("one JSON object".to_owned(), std::iter::once(Value::Object(object)), rows)
        },
    }
}

fn array(format: String, mut items: Values<'_>, whole: bool, rows: usize) -> Option<Table> {
    let table = of_values(format, &mut items, rows);
    let sampled = table.sampled.unwrap_or_default();
    if sampled == 0 && !items.closed {
        return None;
    }
    let complete = !items.broke && (whole || items.closed);
    let but = (items.broke && whole).then(|| format!("what follows row {sampled} is no JSON"));
    let layout = if table.format.contains(" at ") { Layout::Inside } else { Layout::Values };
    Some(Table { total: complete.then_some(sampled), but, layout, ..table })
}

fn of_values(format: String, items: impl Iterator<Item = Value>, rows: usize) -> Table {
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut filled: Vec<u64> = Vec::new();
    let mut shown = Vec::new();
    let mut count = 0;
    for item in items {
        count += 1;
        let object = match item {
            Value::Object(object) => object,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        for (name, value) in &object {
            let at = *places.entry(name.clone()).or_insert_with(|| {
                columns.push(Column { name: name.clone(), ..Column::default() });
                filled.push(0);
                columns.len() - 1
            });
            if value.is_null() {
                continue;
            }
            if let (Some(column), Some(filled)) = (columns.get_mut(at), filled.get_mut(at)) {
                *filled += 1;
                widen(&mut column.kind, json_kind(value));
            }
        }
        if shown.len() < rows {
            shown.push(object);
        }
    }
    for (column, filled) in columns.iter_mut().zip(filled) {
        column.nulls = Some(count - filled);
        if column.kind.is_empty() {
            column.kind = "null".to_owned();
        }
    }
    let row = |mut object: Map<String, Value>| {
        columns.iter().map(|column| object.remove(&column.name).and_then(cell)).collect()
    };
    let rows = shown.into_iter().map(row).collect();
    Table { format, columns, rows, sampled: Some(count), ..Table::default() }
}

pub(super) fn each_value(mut text: impl BufRead, mut visit: impl FnMut(Value)) -> io::Result<()> {
    let (mut pending, mut is_start) = (Vec::new(), true);
    loop {
        let count = (&mut text).take(INSIDE).read_until(b'\n', &mut pending)?;
        if count == 0 {
            break;
        }
        let written = String::from_utf8_lossy(&pending);
        let written = if is_start { written.trim_start_matches('\u{feff}').trim_start() } else { &written };
        if is_start && written.is_empty() {
            continue;
        }
        let written = if is_start { written.strip_prefix('[').unwrap_or(written) } else { written };
        is_start = false;
        let plain = worded(written);
        let mut values = values(&plain);
        values.by_ref().for_each(&mut visit);
        if values.closed {
            return Ok(());
        }
        // What is cut goes on in the next line.
        pending = if values.broke { values.text.as_bytes().to_vec() } else { Vec::new() };
        if pending.len() as u64 > INSIDE {
            break;
        }
    }
    match pending.iter().all(u8::is_ascii_whitespace) {
        true => Ok(()),
        false => Err(io::Error::other("what follows is no JSON")),
    }
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
fn widen(kind: &mut String, new: &str) {
    match (kind.as_str(), new) {
        ("", new) => new.clone_into(kind),
        ("integer", "number") => "number".clone_into(kind),
        ("number", "integer") => {}
        (old, new) if old.split('|').any(|old| old == new) => {}
        (old, new) => *kind = format!("{old}|{new}"),
    }
}
