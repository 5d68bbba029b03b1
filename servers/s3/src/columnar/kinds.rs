//! The types of columns, in words.

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical},
    schema::types::Type,
};

pub(super) fn kind(field: &Type) -> String {
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
        // Of a column that has nothing but nulls.
        LogicalType::Unknown => Some("null".to_owned()),
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
        (ConvertedType::NONE, Physical::INT96) => "timestamp(int96)".to_owned(),
        (ConvertedType::NONE, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY) => "binary".to_owned(),
        (ConvertedType::NONE, physical) => physical.to_string().to_lowercase(),
        (converted, _) => converted.to_string().to_lowercase().replace('_', ""),
    }
}
