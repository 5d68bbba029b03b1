//! Plain JSON and DynamoDB's values, either way without loss.
//!
//! Strings, numbers (as exact as they are written), booleans, null, lists and maps are what they are in JSON. What JSON
//! lacks is an object with one marked field: `{"$set": [...]}` and `{"$binary": "base64"}`. A map that happens to look
//! like one is wrapped: `{"$map": {...}}`.

use std::{borrow::Cow, collections::HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use awsmcp_mcp::{Error, Result, human_size, quoted};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value, json};

const SET: &str = "$set";
const BINARY: &str = "$binary";
const MAP: &str = "$map";

/// The attributes of an item or a key, as DynamoDB takes them.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An item or a key, as a caller writes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Item(pub(crate) Map<String, Value>);

impl JsonSchema for Item {
    fn schema_name() -> Cow<'static, str> {
        "Item".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// Any value, null included.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Any(pub(crate) Value);

impl JsonSchema for Any {
    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// Reads a field that may be null: given as null is not the same as not given.
pub(crate) fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Any>, D::Error> {
    Any::deserialize(deserializer).map(Some)
}

impl Item {
    /// # Errors
    /// Names the attribute that DynamoDB cannot hold.
    pub(crate) fn attributes(&self) -> Result<Attributes> {
        if is_typed(&self.0) {
            return Err(Error::invalid(
                "this is DynamoDB's typed JSON; write plain JSON, the types follow from it",
            )
            .with_next("write {\"id\": \"a\", \"count\": 5, \"tags\": {\"$set\": [\"x\"]}} for {\"id\": {\"S\": \"a\"}, \"count\": {\"N\": \"5\"}, \"tags\": {\"SS\": [\"x\"]}}"));
        }
        attributes(&self.0, "")
    }
}

/// Whether every attribute is written as `{"S": ...}`: its key attributes could not be maps, so it is no plain item.
fn is_typed(fields: &Map<String, Value>) -> bool {
    let typed = |value: &Value| {
        value.as_object().filter(|inner| inner.len() == 1).and_then(|inner| inner.iter().next()).is_some_and(
            |(name, value)| match name.as_str() {
                "S" | "N" | "B" => value.is_string(),
                "SS" | "NS" | "BS" | "L" => value.is_array(),
                "M" => value.is_object(),
                "BOOL" | "NULL" => value.is_boolean(),
                _ => false,
            },
        )
    };
    !fields.is_empty() && fields.values().all(typed)
}

fn attributes(fields: &Map<String, Value>, at: &str) -> Result<Attributes> {
    fields
        .iter()
        .map(|(name, value)| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            Ok((name.clone(), attribute(value, &at)?))
        })
        .collect()
}

/// A JSON value as DynamoDB takes it; `at` is its path, for the error.
///
/// # Errors
/// Says what DynamoDB cannot hold, and where.
pub(crate) fn attribute(value: &Value, at: &str) -> Result<AttributeValue> {
    // Each level adds to the path.
    const DEEPEST: usize = 32;
    let wrong = |why: String| Error::invalid(format!("{}: {why}", if at.is_empty() { "value" } else { at }));
    if at.matches(['.', '[']).count() > DEEPEST && depth(value) + at.matches(['.', '[']).count() > DEEPEST {
        return Err(wrong(format!("DynamoDB nests at most {DEEPEST} levels")));
    }
    Ok(match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Number(number) => AttributeValue::N(decimal(&number.to_string()).map_err(wrong)?),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => AttributeValue::L(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| attribute(item, &format!("{at}[{index}]")))
                .collect::<Result<_>>()?,
        ),
        Value::Object(fields) => match marked(fields) {
            Some((SET, inner)) => set(inner).map_err(wrong)?,
            Some((BINARY, inner)) => AttributeValue::B(binary(inner).map_err(wrong)?),
            Some((_, Value::Object(inner))) => AttributeValue::M(attributes(inner, at)?),
            Some(_) => return Err(wrong(format!("{{{MAP:?}: ...}} holds an object"))),
            None => AttributeValue::M(attributes(fields, at)?),
        },
    })
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The mark and what it marks, of an object that has nothing else.
fn marked(fields: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    [SET, BINARY, MAP].into_iter().find(|mark| mark == name).map(|mark| (mark, value))
}

fn set(value: &Value) -> Result<AttributeValue, String> {
    let good = "a set is {\"$set\": [...]} with at least one element, all strings, all numbers or all {\"$binary\": ...}";
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or(good)?;
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = items.iter().find(|item| !seen.insert(item.to_string())) {
        return Err(format!("the set holds {} twice", quoted(&twice.to_string())));
    }
    if let Some(texts) = items.iter().map(|item| item.as_str().map(str::to_owned)).collect() {
        return Ok(AttributeValue::Ss(texts));
    }
    if items.iter().all(Value::is_number) {
        let numbers: Result<_, String> = items.iter().map(|item| decimal(&item.to_string())).collect();
        return numbers.map(AttributeValue::Ns);
    }
    let blobs: Option<Vec<_>> = items
        .iter()
        .map(|item| {
            item.as_object().and_then(marked).filter(|(mark, _)| *mark == BINARY).map(|(_, inner)| inner)
        })
        .collect();
    let blobs: Result<_, String> = blobs.ok_or(good)?.into_iter().map(binary).collect();
    blobs.map(AttributeValue::Bs)
}

fn binary(value: &Value) -> Result<Blob, String> {
    const EITHER: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = value.as_str().ok_or("binary is {\"$binary\": \"base64\"}")?;
    GeneralPurpose::new(&STANDARD, EITHER)
        .decode(text)
        .map(Blob::new)
        .map_err(|error| format!("not base64: {error}; a good one looks like {{\"$binary\": \"aGVsbG8=\"}}"))
}

/// A number as DynamoDB holds it, without change.
///
/// # Errors
/// When it has more than 38 digits, or is too large or too small.
fn decimal(text: &str) -> Result<String, String> {
    const DIGITS: usize = 38;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().unwrap_or(i64::MAX)),
        None => (text, 0),
    };
    let mantissa = mantissa.trim_start_matches(['-', '+']);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let Some(first) = digits.find(|digit| digit != '0') else { return Ok("0".to_owned()) };
    let significant = digits.get(first..).unwrap_or_default().trim_end_matches('0');
    if significant.len() > DIGITS {
        return Err(format!(
            "{} has {} significant digits, and DynamoDB's numbers have at most {DIGITS}; keep it as a string",
            quoted(text).trim_matches('"'),
            significant.len()
        ));
    }
    // The power of ten of the first digit.
    let power = exponent.saturating_add(whole.len() as i64 - 1 - first as i64);
    if !(-130..=125).contains(&power) {
        return Err(format!(
            "{} is out of the range of DynamoDB's numbers: 1e-130 to 9.99e125, and their negatives",
            quoted(text).trim_matches('"')
        ));
    }
    Ok(text.to_owned())
}

/// The most bytes that DynamoDB keeps in one item.
const LARGEST: u64 = 400 * 1024;

/// # Errors
/// When the item is too large for DynamoDB; names what takes the space.
pub(crate) fn fits(item: &Attributes) -> Result<()> {
    let size = item_size(item);
    if size <= LARGEST {
        return Ok(());
    }
    let largest = item.iter().max_by_key(|(_, value)| size_of(value));
    let largest =
        largest.map(|(name, value)| format!("; {} alone has {}", quoted(name), human_size(size_of(value))));
    Err(Error::invalid(format!(
        "the item has {}, and DynamoDB keeps at most 400 KiB{}",
        human_size(size),
        largest.unwrap_or_default()
    ))
    .with_next("split it, compress it, or keep the large part in S3 and its address in the item"))
}

/// What DynamoDB counts: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub(crate) fn item_size(item: &Attributes) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + size_of(value)).sum()
}

fn size_of(value: &AttributeValue) -> u64 {
    let number = |text: &str| {
        let digits = text.split(['e', 'E']).next().unwrap_or_default();
        let digits = digits.chars().filter(char::is_ascii_digit).collect::<String>();
        digits.trim_matches('0').len().div_ceil(2) as u64 + 1
    };
    match value {
        AttributeValue::S(text) => text.len() as u64,
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => blob.as_ref().len() as u64,
        AttributeValue::Ss(texts) => texts.iter().map(|text| text.len() as u64).sum(),
        AttributeValue::Ns(texts) => texts.iter().map(|text| number(text)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len() as u64).sum(),
        AttributeValue::L(items) => 3 + items.iter().map(|item| 1 + size_of(item)).sum::<u64>(),
        AttributeValue::M(fields) => 3 + fields.len() as u64 + item_size(fields),
        _ => 1,
    }
}

/// An item as JSON: the attributes of `first` come first, the others by name.
pub(crate) fn item(attributes: Attributes, first: &[String]) -> Value {
    Value::Object(fields(attributes, first))
}

fn fields(attributes: Attributes, first: &[String]) -> Map<String, Value> {
    let place = |name: &String| first.iter().position(|other| other == name).unwrap_or(first.len());
    let mut all: Vec<_> = attributes.into_iter().collect();
    all.sort_by(|(left, _), (right, _)| (place(left), left).cmp(&(place(right), right)));
    all.into_iter().map(|(name, value)| (name, plain(value))).collect()
}

/// A value of DynamoDB as JSON.
pub(crate) fn plain(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => encoded(&blob),
        AttributeValue::Bool(flag) => Value::Bool(flag),
        AttributeValue::Ss(texts) => json!({SET: texts}),
        AttributeValue::Ns(texts) => json!({SET: texts.into_iter().map(number).collect::<Vec<_>>()}),
        AttributeValue::Bs(blobs) => json!({SET: blobs.iter().map(encoded).collect::<Vec<_>>()}),
        AttributeValue::L(items) => Value::Array(items.into_iter().map(plain).collect()),
        AttributeValue::M(inner) => {
            let inner = fields(inner, &[]);
            if marked(&inner).is_some() { json!({MAP: inner}) } else { Value::Object(inner) }
        }
        // Null, and what a newer DynamoDB may add.
        _ => Value::Null,
    }
}

fn encoded(blob: &Blob) -> Value {
    json!({BINARY: BASE64_STANDARD.encode(blob)})
}

fn number(text: String) -> Value {
    text.parse::<Number>().map_or(Value::String(text), Value::Number)
}

/// What DynamoDB calls the type of a value.
pub(crate) fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Ss(_) => "SS",
        AttributeValue::Ns(_) => "NS",
        AttributeValue::Bs(_) => "BS",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        _ => "NULL",
    }
}

/// Those attributes of an item that have these names.
pub(crate) fn only(item: &Attributes, names: &[String]) -> Attributes {
    names.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
}

/// Attributes as text that two equal ones share: the order of fields, and of a set's elements, makes no difference.
pub(crate) fn identity(attributes: &Attributes) -> String {
    item(attributes.clone(), &[]).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Attributes> {
        Item(serde_json::from_str(text).unwrap()).attributes()
    }

    fn error(text: &str) -> String {
        read(text).unwrap_err().message.clone()
    }

    #[test]
    fn plain_json_is_what_it_looks_like() {
        let text = r#"{"b":{"$binary":"AAH/"},"e":"","l":[1,"1",null,true,[],{}],"m":{"x":null},"n":12345678901234567890123456789012345678,
            "ns":{"$set":[1,2.50]},"ss":{"$set":["a",""]},"bs":{"$set":[{"$binary":"aA=="}]},"w":{"$map":{"$set":["a"]}}}"#;
        let read = read(text).unwrap();
        assert_eq!(read["n"], AttributeValue::N("12345678901234567890123456789012345678".into()));
        assert_eq!(read["b"], AttributeValue::B(Blob::new([0, 1, 255])));
        assert_eq!(read["e"], AttributeValue::S(String::new()));
        assert_eq!(read["ns"], AttributeValue::Ns(vec!["1".into(), "2.50".into()]));
        let inner = AttributeValue::L(vec![AttributeValue::S("a".into())]);
        assert_eq!(read["w"], AttributeValue::M(HashMap::from([("$set".to_owned(), inner)])));
        let written = item(read, &["n".to_owned()]).to_string();
        assert!(
            written
                .starts_with(r#"{"n":12345678901234567890123456789012345678,"b":{"$binary":"AAH/"},"bs":"#),
            "{written}"
        );
        let again: Value = serde_json::from_str(&written).unwrap();
        let before: Value = serde_json::from_str(text).unwrap();
        assert_eq!(again, before);
    }

    #[test]
    fn what_dynamodb_cannot_hold_is_told_with_its_place() {
        let digits = "1".repeat(39);
        let long = error(&format!(r#"{{"a": {{"b": [0, {digits}]}}}}"#));
        assert!(long.starts_with("a.b[1]: 1111") && long.contains("39 significant digits"), "{long}");
        assert!(read(&format!(r#"{{"a": {}00000}}"#, "1".repeat(38))).is_ok());
        for (number, good) in
            [("1e126", false), ("1e125", true), ("1e-130", true), ("1e-131", false), ("0.0e999", true)]
        {
            assert_eq!(read(&format!(r#"{{"a": {number}}}"#)).is_ok(), good, "{number}");
        }
        for (text, words) in [
            (r#"{"a": {"$set": []}}"#, "at least one element"),
            (r#"{"a": {"$set": ["x", 1]}}"#, "all strings"),
            (r#"{"a": {"$set": ["x", "x"]}}"#, "twice"),
            (r#"{"a": {"$binary": "%"}}"#, "aGVsbG8="),
            (r#"{"a": {"$map": 1}}"#, "holds an object"),
            (r#"{"pk": {"S": "x"}, "n": {"N": "5"}}"#, "typed JSON"),
        ] {
            assert!(error(text).contains(words), "{text}: {}", error(text));
        }
        // A map that only looks a little like it is a map.
        assert!(read(r#"{"pk": "x", "n": {"N": "5"}}"#).is_ok());
        let deep = format!(r#"{{"a": {}1{}}}"#, "[".repeat(40), "]".repeat(40));
        assert!(error(&deep).contains("32 levels"));
    }

    #[test]
    fn an_item_over_400_kib_is_told() {
        let item = Attributes::from([
            ("k".into(), AttributeValue::S("x".into())),
            ("big".into(), AttributeValue::S("y".repeat(410_000))),
        ]);
        let error = fits(&item).unwrap_err();
        assert!(error.message.contains("400.4 KiB") && error.message.contains("\"big\""), "{error}");
        let item = Attributes::from([("k".into(), AttributeValue::S("y".repeat(409_599)))]);
        assert!(fits(&item).is_ok());
    }

    fn decimals() -> impl Strategy<Value = String> {
        ("-?", "[1-9][0-9]{0,18}", "([.][0-9]{0,17}[1-9])?", "(e[+-][1-9]{1,2})?")
            .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
    }

    fn values() -> impl Strategy<Value = AttributeValue> {
        let blob = || proptest::collection::vec(any::<u8>(), 0..9).prop_map(Blob::new);
        let leaf = prop_oneof![
            ".{0,9}".prop_map(AttributeValue::S),
            decimals().prop_map(AttributeValue::N),
            blob().prop_map(AttributeValue::B),
            any::<bool>().prop_map(AttributeValue::Bool),
            Just(AttributeValue::Null(true)),
            proptest::collection::btree_set(".{0,5}", 1..4)
                .prop_map(|set| AttributeValue::Ss(set.into_iter().collect())),
            proptest::collection::btree_set(decimals(), 1..4)
                .prop_map(|set| AttributeValue::Ns(set.into_iter().collect())),
            proptest::collection::btree_set(any::<[u8; 3]>(), 1..4)
                .prop_map(|set| AttributeValue::Bs(set.into_iter().map(Blob::new).collect())),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name =
                prop_oneof![".{0,5}", Just(SET.to_owned()), Just(BINARY.to_owned()), Just(MAP.to_owned())];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
                proptest::collection::hash_map(name, inner, 0..4).prop_map(AttributeValue::M),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_survives_the_way_through_json_text(value in values()) {
            let text = plain(value.clone()).to_string();
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(attribute(&read, "").unwrap(), value);
        }

        #[test]
        fn every_json_survives_the_way_through_attributes(value in values()) {
            // As arguments of a tool are read.
            let json = plain(value);
            let Any(read) = serde_json::from_str(&json.to_string()).unwrap();
            prop_assert_eq!(plain(attribute(&read, "").unwrap()), json);
        }
    }
}
