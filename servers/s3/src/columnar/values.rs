//! Values as they are: each is shown by the type that the file declares for it, however deep it lies.

use std::{collections::HashSet, sync::Arc};

use jiff::{
    SignedDuration, Span,
    civil::{Date, DateTime},
};
use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical},
    record::{Field, Map as Entries, Row},
    schema::types::Type,
};
use serde_json::{Map, Value, json};

pub(super) fn cells(row: Row, kinds: &[Arc<Type>]) -> Vec<Option<String>> {
    let cells = row.into_columns().into_iter().zip(kinds);
    cells.map(|((_, field), kind)| cell(&field, kind)).collect()
}

fn cell(field: &Field, kind: &Type) -> Option<String> {
    match value(field, kind) {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn value(field: &Field, kind: &Type) -> Value {
    match field {
        Field::Group(row) => {
            let of = |name: &str| member(kind, |field| field.name() == name);
            let fields = row
                .get_column_iter()
                .map(|(name, field)| (name.clone(), value(field, of(name).unwrap_or(kind))));
            Value::Object(fields.collect())
        }
        Field::ListInternal(list) => {
            let element = element(kind);
            Value::Array(list.elements().iter().map(|field| value(field, element)).collect())
        }
        Field::MapInternal(map) => entries(map, kind),
        field => single(field, kind),
    }
}

fn member(kind: &Type, is_it: impl Fn(&Type) -> bool) -> Option<&Type> {
    let fields = if kind.is_primitive() { &[] } else { kind.get_fields() };
    fields.iter().map(AsRef::as_ref).find(|field| is_it(field))
}

fn nth(kind: &Type, at: usize) -> Option<&Type> {
    let fields = if kind.is_primitive() { &[] } else { kind.get_fields() };
    fields.get(at).map(AsRef::as_ref)
}

/// The type of a list's elements: that of the field itself, where it is only repeated.
///
/// <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>
fn element(kind: &Type) -> &Type {
    let converted = kind.get_basic_info().converted_type();
    let Some(repeated) = nth(kind, 0) else { return kind };
    match converted {
        ConvertedType::LIST => match nth(repeated, 1) {
            // A group of one field only stands around the element.
            None if repeated.get_basic_info().converted_type() != ConvertedType::LIST => {
                nth(repeated, 0).unwrap_or(repeated)
            }
            _ => repeated,
        },
        // A map without values is a list of its keys.
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => nth(repeated, 0).unwrap_or(repeated),
        _ => kind,
    }
}

/// A map as an object, where its keys can be names: where one comes twice, its entries stay in a list.
fn entries(map: &Entries, kind: &Type) -> Value {
    let both = nth(kind, 0);
    let (key_kind, value_kind) = (both.and_then(|both| nth(both, 0)), both.and_then(|both| nth(both, 1)));
    let pairs = map
        .entries()
        .iter()
        .map(|(key, field)| (value(key, key_kind.unwrap_or(kind)), value(field, value_kind.unwrap_or(kind))));
    let pairs: Vec<(Value, Value)> = pairs.collect();
    let name = |key: &Value| match key {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names: HashSet<String> = pairs.iter().map(|(key, _)| name(key)).collect();
    if names.len() < pairs.len() {
        return pairs.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    }
    Value::Object(pairs.into_iter().map(|(key, value)| (name(&key), value)).collect::<Map<_, _>>())
}

fn single(field: &Field, kind: &Type) -> Value {
    let info = kind.get_basic_info();
    let logical = info.logical_type_ref();
    // What is not adjusted to UTC is the time of a clock somewhere.
    let zone = match logical {
        Some(LogicalType::Timestamp(stamp)) if !stamp.is_adjusted_to_u_t_c => "",
        _ => "Z",
    };
    match (field, logical) {
        (Field::Null, _) => Value::Null,
        (Field::Bool(value), _) => json!(value),
        (Field::Byte(value), _) => json!(value),
        (Field::Short(value), _) => json!(value),
        (Field::Int(value), _) => json!(value),
        (Field::Long(nanos), Some(LogicalType::Timestamp(stamp))) if stamp.unit == TimeUnit::NANOS => {
            json!(instant(SignedDuration::from_nanos(*nanos), zone))
        }
        (Field::Long(nanos), Some(LogicalType::Time(time))) if time.unit == TimeUnit::NANOS => {
            json!(clock(SignedDuration::from_nanos(*nanos)))
        }
        (Field::Long(value), _) => json!(value),
        (Field::UByte(value), _) => json!(value),
        (Field::UShort(value), _) => json!(value),
        (Field::UInt(value), _) => json!(value),
        (Field::ULong(value), _) => json!(value),
        // The shortest text that reads back as the same bits.
        (Field::Float16(value), _) => float(value.to_string().parse().unwrap_or(f64::NAN)),
        (Field::Float(value), _) => float(value.to_string().parse().unwrap_or(f64::NAN)),
        (Field::Double(value), _) => float(*value),
        (Field::Str(text), _) => json!(text),
        (Field::Date(days), _) => json!(date(*days)),
        (Field::TimeMillis(time), _) => json!(clock(SignedDuration::from_millis((*time).into()))),
        (Field::TimeMicros(time), _) => json!(clock(SignedDuration::from_micros(*time))),
        (Field::TimestampMillis(time), _) => json!(instant(SignedDuration::from_millis(*time), zone)),
        (Field::TimestampMicros(time), _) => json!(instant(SignedDuration::from_micros(*time), zone)),
        (Field::Bytes(bytes), logical) => json!(of_bytes(bytes.data(), kind, logical)),
        (other, _) => json!(other.to_string()),
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

fn of_bytes(bytes: &[u8], kind: &Type, logical: Option<&LogicalType>) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let physical = kind.is_primitive().then(|| kind.get_physical_type());
    if physical == Some(Physical::INT96)
        && let Ok(bytes) = bytes.try_into()
    {
        return int96(bytes);
    }
    if kind.get_basic_info().converted_type() == ConvertedType::INTERVAL
        && let ([months, days, millis], []) = bytes.as_chunks::<4>()
    {
        let [months, days, millis] = [months, days, millis].map(|part| u32::from_le_bytes(*part));
        return format!("{months} months {days} days {millis} ms");
    }
    if logical == Some(&LogicalType::Uuid) && bytes.len() == 16 {
        let hex = hex(bytes);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
        return parts.join("-");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => format!("0x{}", hex(bytes)),
    }
}

/// A moment as Impala and Spark write it: nanoseconds of a day, and the day by Julius Caesar's count.
fn int96(bytes: [u8; 12]) -> String {
    const UNIX_EPOCH: i64 = 2_440_588;
    let [n0, n1, n2, n3, n4, n5, n6, n7, d0, d1, d2, d3] = bytes;
    let nanos = i64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
    let days = i64::from(i32::from_le_bytes([d0, d1, d2, d3])) - UNIX_EPOCH;
    instant(SignedDuration::from_hours(days * 24) + SignedDuration::from_nanos(nanos), "Z")
}

/// A time, to the last moment of the year 9999, which is often written for "open end".
fn instant(since_1970: SignedDuration, zone: &str) -> String {
    let time = DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since_1970);
    time.map_or_else(|_| format!("{} ns since 1970", since_1970.as_nanos()), |time| format!("{time}{zone}"))
}

/// The time of a day.
fn clock(since_midnight: SignedDuration) -> String {
    let time = jiff::civil::Time::midnight().checked_add(since_midnight);
    time.map_or_else(|_| format!("{} ns since midnight", since_midnight.as_nanos()), |time| time.to_string())
}

fn date(days: i32) -> String {
    let date = Span::new().try_days(days).and_then(|span| Date::constant(1970, 1, 1).checked_add(span));
    date.map_or_else(|_| format!("{days} days since 1970"), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use parquet::data_type::ByteArray;

    use super::*;

    /// The one field of a schema.
    fn kind(field: &str) -> Type {
        let schema =
            parquet::schema::parser::parse_message_type(&format!("message m {{ {field} }}")).unwrap();
        schema.get_fields()[0].as_ref().clone()
    }

    #[test]
    fn values_are_shown_as_they_are() {
        let any = kind("required int64 x;");
        let shown = |field: Field| value(&field, &any);
        assert_eq!(shown(Field::Double(f64::NAN)), json!("NaN"));
        assert_eq!(shown(Field::Double(f64::INFINITY)), json!("Infinity"));
        assert_eq!(shown(Field::Float(f32::NEG_INFINITY)), json!("-Infinity"));
        assert_eq!(shown(Field::Float(0.1)), json!(0.1));
        assert_eq!(shown(Field::TimestampMicros(253_402_214_400_000_000)), json!("9999-12-31T00:00:00Z"));
        assert_eq!(shown(Field::TimestampMillis(1_500)), json!("1970-01-01T00:00:01.5Z"));
        assert_eq!(shown(Field::TimestampMillis(-1)), json!("1969-12-31T23:59:59.999Z"));
        assert_eq!(shown(Field::Date(2_932_896)), json!("9999-12-31"));
        assert_eq!(shown(Field::Date(-719_528)), json!("0000-01-01"));
        assert_eq!(shown(Field::Date(i32::MAX)), json!("2147483647 days since 1970"));
        assert_eq!(shown(Field::TimeMicros(1)), json!("00:00:00.000001"));
    }

    #[test]
    fn a_time_of_no_zone_has_none() {
        let schema =
            |adjusted: bool, unit: &str| kind(&format!("required int64 t (TIMESTAMP({unit},{adjusted}));"));
        let nanos = Field::Long(1_000_000_001);
        assert_eq!(cell(&nanos, &schema(true, "NANOS")).unwrap(), "1970-01-01T00:00:01.000000001Z");
        assert_eq!(cell(&nanos, &schema(false, "NANOS")).unwrap(), "1970-01-01T00:00:01.000000001");
        let micros = Field::TimestampMicros(1);
        assert_eq!(cell(&micros, &schema(false, "MICROS")).unwrap(), "1970-01-01T00:00:00.000001");
        let time = kind("required int64 t (TIME(NANOS,true));");
        assert_eq!(cell(&Field::Long(3_600_000_000_007), &time).unwrap(), "01:00:00.000000007");
    }

    #[test]
    fn bytes_are_shown_by_their_type() {
        let bytes = |bytes: &[u8]| Field::Bytes(ByteArray::from(bytes.to_vec()));
        let uuid = kind("required fixed_len_byte_array(16) u (UUID);");
        let sixteen: Vec<u8> = (0..16).collect();
        assert_eq!(cell(&bytes(&sixteen), &uuid).unwrap(), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        let plain = kind("required binary b;");
        assert_eq!(cell(&bytes(b"text"), &plain).unwrap(), "text");
        assert_eq!(cell(&bytes(&[0, 255]), &plain).unwrap(), "0x00ff");
        let moment = [43_200_123_456_789_i64.to_le_bytes().as_slice(), &2_440_589_i32.to_le_bytes()].concat();
        assert_eq!(
            cell(&bytes(&moment), &kind("required int96 t;")).unwrap(),
            "1970-01-02T12:00:00.123456789Z"
        );
        let far = [0_i64.to_le_bytes().as_slice(), &i32::MAX.to_le_bytes()].concat();
        assert!(cell(&bytes(&far), &kind("required int96 t;")).unwrap().ends_with(" ns since 1970"));
        let interval = [1_u32, 2, 3].map(u32::to_le_bytes).concat();
        let kind = kind("required fixed_len_byte_array(12) i (INTERVAL);");
        assert_eq!(cell(&bytes(&interval), &kind).unwrap(), "1 months 2 days 3 ms");
    }
}
