//! Values as JSON, whole and as they are shown.
//!
//! The numbers that JSON lacks are words: serde_json makes them `null`, and a `null` of ours is left out of what is shown as
//! if there were none. What is left out is told by the types: a field of a struct is ours, and says nothing where it is empty;
//! the names in a map are data, as all of a [`Value`] is, and what they hold is shown whatever it is.

use std::cell::Cell;

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::{Error, Map, Value, json, value::Serializer as Plain};

use crate::brief::is_empty;

/// The name of the struct around what is shown even where it is empty.
pub(crate) const AS_IS: &str = "$awsmcp::as_is";

/// The value as JSON; `NaN`, `Infinity` and `-Infinity` are texts.
///
/// # Errors
/// When a name of a field is no text.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(Worded { brief: None })
}

/// The same without the fields of structs that say nothing: `null`, empty texts, empty lists and what has no field left.
///
/// # Errors
/// When a name of a field is no text.
pub(crate) fn to_brief<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    let is_data = Cell::new(false);
    value.serialize(Worded { brief: Some(&is_data) })
}

fn float(value: f64) -> Option<Value> {
    match value {
        value if value.is_nan() => Some(json!("NaN")),
        f64::INFINITY => Some(json!("Infinity")),
        f64::NEG_INFINITY => Some(json!("-Infinity")),
        _ => None,
    }
}

/// Writes as serde_json does, and looks at every number on the way.
#[derive(Clone, Copy)]
struct Worded<'a> {
    /// Where the fields of structs that say nothing are left out: whether what was written last is data.
    brief: Option<&'a Cell<bool>>,
}

/// Items of a list, or of a variant that holds one.
struct Items<'a> {
    writer: Worded<'a>,
    variant: Option<&'static str>,
    items: Vec<Value>,
}

/// Fields of an object, or of a variant that holds one.
struct Fields<'a> {
    writer: Worded<'a>,
    variant: Option<&'static str>,
    name: Option<String>,
    fields: Map<String, Value>,
}

/// A struct; exact numbers are structs of serde_json's own, which only it can read.
enum Struct<'a> {
    Fields(Fields<'a>),
    Number(<Plain as Serializer>::SerializeStruct),
}

fn within(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::Object(Map::from_iter([(name.to_owned(), value)])),
        None => value,
    }
}

impl<'a> Items<'a> {
    fn new(writer: Worded<'a>, variant: Option<&'static str>) -> Self {
        Items { writer, variant, items: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(value.serialize(self.writer)?);
        Ok(())
    }

    fn done(self) -> Value {
        within(self.variant, Value::Array(self.items))
    }
}

impl<'a> Fields<'a> {
    fn new(writer: Worded<'a>, variant: Option<&'static str>) -> Self {
        Fields { writer, variant, name: None, fields: Map::new() }
    }

    /// A field of a struct.
    fn push<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        let is_data = self.writer.brief;
        is_data.map(Cell::take);
        let value = value.serialize(self.writer)?;
        if is_data.is_none_or(Cell::take) || !is_empty(&value) {
            self.fields.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn done(self) -> Value {
        within(self.variant, Value::Object(self.fields))
    }
}

macro_rules! plainly {
    ($($method:ident $type:ty)*) => {$(
        fn $method(self, value: $type) -> Result<Value, Error> {
            Plain.$method(value)
        }
    )*};
}

impl<'a> Serializer for Worded<'a> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Struct<'a>;
    type SerializeStructVariant = Fields<'a>;

    plainly! {
        serialize_bool bool serialize_char char serialize_str &str serialize_bytes &[u8]
        serialize_i8 i8 serialize_i16 i16 serialize_i32 i32 serialize_i64 i64 serialize_i128 i128
        serialize_u8 u8 serialize_u16 u16 serialize_u32 u32 serialize_u64 u64 serialize_u128 u128
        serialize_unit_struct &'static str
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        float(f64::from(value)).map_or_else(|| Plain.serialize_f32(value), Ok)
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        float(value).map_or_else(|| Plain.serialize_f64(value), Ok)
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(json!(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        let written = value.serialize(self)?;
        if let (Some(is_data), AS_IS) = (self.brief, name) {
            is_data.set(true);
        }
        Ok(written)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(within(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Error> {
        Ok(Items::new(self, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Error> {
        Ok(Items::new(self, None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Error> {
        Ok(Items::new(self, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Error> {
        Ok(Items::new(self, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, Error> {
        Ok(Fields::new(self, None))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Struct<'a>, Error> {
        if name.starts_with("$serde_json::private::") {
            return Plain.serialize_struct(name, length).map(Struct::Number);
        }
        Ok(Struct::Fields(Fields::new(self, None)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Error> {
        Ok(Fields::new(self, Some(variant)))
    }
}

macro_rules! items {
    ($($of:ident $method:ident)*) => {$(
        impl $of for Items<'_> {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.push(value)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.done())
            }
        }
    )*};
}

items! {
    SerializeSeq serialize_element SerializeTuple serialize_element
    SerializeTupleStruct serialize_field SerializeTupleVariant serialize_field
}

impl SerializeMap for Fields<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        // serde_json knows which names a field may have: numbers and letters become texts.
        let mut one = Plain.serialize_map(Some(1))?;
        one.serialize_entry(name, &())?;
        self.name = match SerializeMap::end(one)? {
            Value::Object(fields) => fields.into_iter().next().map(|(name, _)| name),
            _ => None,
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = self.name.take().unwrap_or_default();
        self.fields.insert(name, value.serialize(self.writer)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(self.done())
    }
}

impl SerializeStruct for Struct<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        match self {
            Struct::Fields(fields) => fields.push(name, value),
            Struct::Number(number) => number.serialize_field(name, value),
        }
    }

    fn end(self) -> Result<Value, Error> {
        match self {
            Struct::Fields(fields) => Ok(fields.done()),
            Struct::Number(number) => SerializeStruct::end(number),
        }
    }
}

impl SerializeStructVariant for Fields<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.push(name, value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(self.done())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::AsIs;

    #[derive(Serialize, Clone, Debug)]
    enum Shape {
        Unit,
        New(f64),
        Pair(i64, Option<f64>),
        Named { a: f64, b: Vec<f32> },
    }

    #[derive(Serialize, Clone, Debug)]
    struct Row {
        shape: Shape,
        #[serde(skip_serializing_if = "Option::is_none")]
        rest: Option<(u8, char)>,
        named: BTreeMap<i32, f64>,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
        exact: serde_json::Number,
        unit: (),
    }

    fn rows(floats: impl Strategy<Value = f64> + Clone + 'static) -> impl Strategy<Value = Row> {
        let shape = prop_oneof![
            Just(Shape::Unit),
            floats.clone().prop_map(Shape::New),
            (any::<i64>(), proptest::option::of(floats.clone())).prop_map(|(n, x)| Shape::Pair(n, x)),
            (floats.clone(), proptest::collection::vec(-9f32..9.0, 0..3))
                .prop_map(|(a, b)| Shape::Named { a, b }),
        ];
        let named = proptest::collection::btree_map(any::<i32>(), floats, 0..3);
        let more = proptest::collection::btree_map("x[a-z]{0,3}", any::<u64>().prop_map(Value::from), 0..3);
        let rest = proptest::option::of((any::<u8>(), any::<char>()));
        (shape, rest, named, more, "[1-9][0-9]{0,30}\\.[0-9]{1,30}").prop_map(
            |(shape, rest, named, more, exact)| Row {
                shape,
                rest,
                named,
                more,
                exact: exact.parse().unwrap(),
                unit: (),
            },
        )
    }

    proptest! {
        #[test]
        fn what_json_has_is_written_as_serde_json_writes_it(row in rows(-1e300f64..1e300)) {
            prop_assert_eq!(to_value(&row).unwrap().to_string(), serde_json::to_value(&row).unwrap().to_string());
        }

        /// No number becomes nothing.
        #[test]
        fn what_json_lacks_is_a_word(row in rows(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)])) {
            let text = to_value(&row).unwrap().to_string();
            let absent = matches!(row.shape, Shape::Pair(_, None));
            prop_assert_eq!(text.matches("null").count(), 1 + usize::from(absent), "{}", text);
        }
    }

    #[test]
    fn only_what_is_ours_is_left_out_where_it_says_nothing() {
        #[derive(Serialize)]
        struct Ours {
            none: Option<u8>,
            text: &'static str,
            inner: Option<Box<Ours>>,
            tags: BTreeMap<&'static str, &'static str>,
            theirs: Value,
            answered: Option<AsIs>,
            list: Vec<Ours>,
        }
        let ours = |theirs: Value, inner, list| Ours {
            none: None,
            text: "",
            inner,
            tags: BTreeMap::from([("kept", "")]),
            theirs,
            answered: Some(AsIs(Value::Null)),
            list,
        };
        let theirs = json!({"a": null, "b": "", "c": [], "d": {}, "e": [{"f": null}]});
        let bare = || Ours { tags: BTreeMap::new(), answered: None, ..ours(Value::Null, None, Vec::new()) };
        let value = ours(theirs.clone(), Some(Box::new(bare())), vec![bare()]);
        assert_eq!(
            to_brief(&value).unwrap(),
            json!({"tags": {"kept": ""}, "theirs": theirs, "answered": null, "list": [{}]})
        );
        assert_eq!(to_value(&value).unwrap(), serde_json::to_value(&value).unwrap());
    }

    #[test]
    fn the_words_are_those_of_javascript() {
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5];
        assert_eq!(to_value(&numbers).unwrap(), json!(["NaN", "Infinity", "-Infinity", -0.5]));
        assert_eq!(to_value(&f32::NAN).unwrap(), json!("NaN"));
    }
}
