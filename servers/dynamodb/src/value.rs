//! Plain JSON and DynamoDB's values, either way without loss.
//!
//! Strings, numbers (as exact as they are written), booleans, null, lists and maps are what they are in JSON. What JSON
//! lacks is an object with one marked field: `{"$set": [...]}`, `{"$binary": "base64"}`, and `{"$number": "..."}` for what
//! many clients would round. A map that happens to look like one, or like DynamoDB's own typed JSON, is wrapped:
//! `{"$map": {...}}`.

mod number;
mod size;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use awsmcp_mcp::{Error, Result, exact};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value, json};

pub(crate) use size::{fits, item_size};

const SET: &str = "$set";
const BINARY: &str = "$binary";
const MAP: &str = "$map";
const NUMBER: &str = "$number";

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
        attributes(&self.0, "")
    }

    /// The names of its attributes, in the order in which they were written.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Whether an object is written as DynamoDB's typed JSON, `{"S": ...}`: as a map it could be stored too, and is hardly meant.
fn is_typed(fields: &Map<String, Value>) -> bool {
    fields.iter().next().filter(|_| fields.len() == 1).is_some_and(|(name, value)| match name.as_str() {
        "S" | "N" | "B" => value.is_string(),
        "SS" | "NS" | "BS" | "L" => value.is_array(),
        "M" => value.is_object(),
        "BOOL" | "NULL" => value.is_boolean(),
        _ => false,
    })
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
        Value::Number(number) if number::may_be_rounded(number) => {
            let doubt = exact::doubtful(if at.is_empty() { "value" } else { at }, value);
            return Err(
                doubt.map_or_else(|| wrong("it may have been rounded".to_owned()), |doubt| doubt.refusal())
            );
        }
        Value::Number(number) => AttributeValue::N(number::decimal(&number.to_string()).map_err(wrong)?),
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
            Some((NUMBER, _)) => match exact::read(value)? {
                Some(number) => AttributeValue::N(number::decimal(&number.to_string()).map_err(wrong)?),
                None => return Err(wrong("it is no number".to_owned())),
            },
            Some((_, Value::Object(inner))) => AttributeValue::M(attributes(inner, at)?),
            Some(_) => return Err(wrong(format!("{{{MAP:?}: ...}} holds an object"))),
            None if is_typed(fields) => {
                return Err(wrong(
                    "this is DynamoDB's typed JSON; write plain JSON, the types follow from it".to_owned(),
                )
                .with_next(
                    "write {\"id\": \"a\", \"count\": 5, \"tags\": {\"$set\": [\"x\"]}} for {\"id\": {\"S\": \"a\"}, \"count\": \
                     {\"N\": \"5\"}, \"tags\": {\"SS\": [\"x\"]}}; a map that is really like that is {\"$map\": {\"S\": \"a\"}}",
                ));
            }
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
    [SET, BINARY, MAP, NUMBER].into_iter().find(|mark| mark == name).map(|mark| (mark, value))
}

fn set(value: &Value) -> Result<AttributeValue, String> {
    let good = "a set is {\"$set\": [...]} with at least one element, all strings, all numbers or all {\"$binary\": ...}";
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or(good)?;
    let numbers = items.iter().map(number_in_set).collect::<Result<Option<Vec<Number>>, String>>()?;
    let mut seen = HashSet::new();
    let is_new = |text: String| seen.insert(text);
    let same: Vec<String> = match &numbers {
        Some(numbers) => numbers.iter().map(|number| number::canonical(&number.to_string())).collect(),
        None => items.iter().map(ToString::to_string).collect(),
    };
    if let Some(at) = same.into_iter().map(is_new).position(|is_new| !is_new) {
        let twice = items.get(at).map(ToString::to_string).unwrap_or_default();
        return Err(format!("the set holds {} twice", twice.trim_matches('"')));
    }
    if let Some(texts) = items.iter().map(|item| item.as_str().map(str::to_owned)).collect() {
        return Ok(AttributeValue::Ss(texts));
    }
    if let Some(numbers) = numbers {
        let numbers: Result<_, String> =
            numbers.iter().map(|number| number::decimal(&number.to_string())).collect();
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

/// An element of a set that is a number, in either form.
fn number_in_set(item: &Value) -> Result<Option<Number>, String> {
    match item {
        Value::Number(number) if number::may_be_rounded(number) => {
            let doubt = exact::doubtful("an element", item);
            Err(doubt
                .map_or_else(|| "a number may have been rounded".to_owned(), |doubt| doubt.why().to_owned()))
        }
        Value::Number(number) => Ok(Some(number.clone())),
        other => exact::read(other).map_err(|error| error.message.clone()),
    }
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
        AttributeValue::N(text) => number::shown(text),
        AttributeValue::B(blob) => encoded(&blob),
        AttributeValue::Bool(flag) => Value::Bool(flag),
        AttributeValue::Ss(texts) => json!({SET: texts}),
        AttributeValue::Ns(texts) => json!({SET: texts.into_iter().map(number::shown).collect::<Vec<_>>()}),
        AttributeValue::Bs(blobs) => json!({SET: blobs.iter().map(encoded).collect::<Vec<_>>()}),
        AttributeValue::L(items) => Value::Array(items.into_iter().map(plain).collect()),
        AttributeValue::M(inner) => {
            let inner = fields(inner, &[]);
            if marked(&inner).is_some() || is_typed(&inner) {
                json!({MAP: inner})
            } else {
                Value::Object(inner)
            }
        }
        // Null, and what a newer DynamoDB may add.
        _ => Value::Null,
    }
}

fn encoded(blob: &Blob) -> Value {
    json!({BINARY: BASE64_STANDARD.encode(blob)})
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

/// Attributes as text that two equal ones share: neither the order of fields or of a set's elements nor how a number is
/// written makes a difference.
pub(crate) fn identity(attributes: &Attributes) -> String {
    same_fields(attributes).to_string()
}

/// Whether two values are equal, however they are written.
pub(crate) fn equal(one: &AttributeValue, other: &AttributeValue) -> bool {
    same(one) == same(other)
}

/// The sum of two numbers, as far as it is reckoned exactly.
pub(crate) fn sum(one: &str, other: &str) -> Option<String> {
    number::sum(one, other)
}

/// A short text that differs where items do.
pub(crate) fn fingerprint(attributes: &Attributes) -> String {
    let mut hasher = DefaultHasher::new();
    identity(attributes).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn same_fields(attributes: &Attributes) -> Value {
    let sorted: BTreeMap<&String, Value> =
        attributes.iter().map(|(name, value)| (name, same(value))).collect();
    json!(sorted)
}

/// A value with its type, written in one way only.
fn same(value: &AttributeValue) -> Value {
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    let inner = match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(text) => json!(number::canonical(text)),
        AttributeValue::B(blob) => json!(BASE64_STANDARD.encode(blob)),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::Ss(texts) => json!(sorted(texts.clone())),
        AttributeValue::Ns(texts) => {
            json!(sorted(texts.iter().map(|text| number::canonical(text)).collect()))
        }
        AttributeValue::Bs(blobs) => {
            json!(sorted(blobs.iter().map(|blob| BASE64_STANDARD.encode(blob)).collect()))
        }
        AttributeValue::L(items) => items.iter().map(same).collect(),
        AttributeValue::M(inner) => same_fields(inner),
        _ => Value::Null,
    };
    json!([type_name(value), inner])
}

/// A key's value of type `N` that was given as text, as clients do that keep long numbers so.
pub(crate) fn number_of_text(text: &str) -> Option<AttributeValue> {
    let number = text.parse::<Number>().ok()?;
    number::decimal(&number.to_string()).ok().map(AttributeValue::N)
}

/// A value in words: a text without quotes, a long number as its digits.
pub(crate) fn words(value: &Value) -> String {
    match (value, exact::read(value)) {
        (Value::String(text), _) => text.clone(),
        (_, Ok(Some(number))) => number.to_string(),
        (other, _) => other.to_string(),
    }
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
            written.starts_with(
                r#"{"n":{"$number":"12345678901234567890123456789012345678"},"b":{"$binary":"AAH/"},"bs":"#
            ),
            "{written}"
        );
        let again: Value = serde_json::from_str(&written).unwrap();
        let before: Value = serde_json::from_str(text).unwrap();
        assert_eq!(exact::read_all(again).unwrap(), before);
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
            (r#"{"pk": "x", "n": {"N": "5"}}"#, "n: this is DynamoDB's typed JSON"),
            (r#"{"pk": "x", "l": [{"BOOL": true}]}"#, "l[0]: this is DynamoDB's typed JSON"),
            (r#"{"a": {"$set": [1, 1.0]}}"#, "the set holds 1.0 twice"),
            (r#"{"a": {"$number": "12x"}}"#, "takes a number as text"),
            (r#"{"a": 92838584930183250000}"#, r#"write it as text: {"$number":"92838584930183250000"}"#),
            (r#"{"a": {"$set": [1, 92838584930183250000]}}"#, "write it as text"),
        ] {
            assert!(error(text).contains(words), "{text}: {}", error(text));
        }
        // A map that only looks a little like it is a map, and so is one that says so.
        assert!(
            read(r#"{"pk": "x", "n": {"N": 5}, "s": {"S": "a", "x": 1}, "m": {"$map": {"S": "a"}}}"#).is_ok()
        );
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

    #[test]
    fn a_number_that_a_client_would_round_goes_in_and_out_as_text() {
        let long = "92838584930183242888";
        let item = read(&format!(
            r#"{{"a": {{"$number": "{long}"}}, "s": {{"$set": [{{"$number": "{long}"}}, 1]}}, "p": {long}}}"#
        ))
        .unwrap();
        assert_eq!(item["a"], AttributeValue::N(long.into()));
        assert_eq!(item["p"], AttributeValue::N(long.into()));
        assert_eq!(item["s"], AttributeValue::Ns(vec![long.into(), "1".into()]));
        assert_eq!(plain(item["a"].clone()), json!({"$number": long}));
        assert_eq!(words(&plain(item["a"].clone())), long);
        let looks = read(r#"{"m": {"$map": {"$number": "1"}}}"#).unwrap();
        assert_eq!(plain(looks["m"].clone()), json!({"$map": {"$number": "1"}}));
    }

    #[test]
    fn items_are_the_same_by_value() {
        let one = read(r#"{"id": 1.0, "l": [1e3, {"x": -0}], "s": {"$set": [2, 1]}}"#).unwrap();
        let other = read(r#"{"s": {"$set": [1.00, 2e0]}, "l": [1000, {"x": 0}], "id": 1}"#).unwrap();
        assert_eq!(identity(&one), identity(&other));
        assert_eq!(fingerprint(&one), fingerprint(&other));
        for different in [r#"{"id": "1"}"#, r#"{"id": [1]}"#, r#"{"id": {"$set": [1]}}"#, r#"{"id": 2}"#] {
            assert_ne!(identity(&read(different).unwrap()), identity(&read(r#"{"id": 1}"#).unwrap()));
        }
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
            let name = prop_oneof![
                ".{0,5}",
                Just(SET.to_owned()),
                Just(BINARY.to_owned()),
                Just(MAP.to_owned()),
                Just(NUMBER.to_owned()),
                Just("S".to_owned()),
                Just("L".to_owned())
            ];
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
            // A number may be written in another way: DynamoDB itself keeps none.
            prop_assert_eq!(same(&attribute(&read, "").unwrap()), same(&value));
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
