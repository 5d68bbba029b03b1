//! Values as JSON, in which the numbers that JSON lacks are words: serde_json makes them `null`, and what is `null` is left
//! out of an answer as if there were none.

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::{Error, Map, Value, json, value::Serializer as Plain};

/// The value as JSON; `NaN`, `Infinity` and `-Infinity` are texts.
///
/// # Errors
/// When a name of a field is no text.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(Worded)
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
struct Worded;

/// Items of a list, or of a variant that holds one.
struct Items {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

/// Fields of an object, or of a variant that holds one.
struct Fields {
    variant: Option<&'static str>,
    name: Option<String>,
    fields: Map<String, Value>,
}

/// A struct; exact numbers are structs of serde_json's own, which only it can read.
enum Struct {
    Fields(Fields),
    Number(<Plain as Serializer>::SerializeStruct),
}

fn within(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::Object(Map::from_iter([(name.to_owned(), value)])),
        None => value,
    }
}

impl Items {
    fn new(variant: Option<&'static str>) -> Self {
        Items { variant, items: Vec::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(to_value(value)?);
        Ok(())
    }

    fn done(self) -> Value {
        within(self.variant, Value::Array(self.items))
    }
}

impl Fields {
    fn new(variant: Option<&'static str>) -> Self {
        Fields { variant, name: None, fields: Map::new() }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.fields.insert(name.to_owned(), to_value(value)?);
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

impl Serializer for Worded {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Fields;
    type SerializeStruct = Struct;
    type SerializeStructVariant = Fields;

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
        to_value(value)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(json!(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        to_value(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(within(Some(variant), to_value(value)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Error> {
        Ok(Items::new(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items, Error> {
        Ok(Items::new(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Error> {
        Ok(Fields::new(None))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Struct, Error> {
        if name.starts_with("$serde_json::private::") {
            return Plain.serialize_struct(name, length).map(Struct::Number);
        }
        Ok(Struct::Fields(Fields::new(None)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, Error> {
        Ok(Fields::new(Some(variant)))
    }
}

macro_rules! items {
    ($($of:ident $method:ident)*) => {$(
        impl $of for Items {
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

impl SerializeMap for Fields {
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
        self.push(&name, value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(self.done())
    }
}

impl SerializeStruct for Struct {
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

impl SerializeStructVariant for Fields {
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
    fn the_words_are_those_of_javascript() {
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.5];
        assert_eq!(to_value(&numbers).unwrap(), json!(["NaN", "Infinity", "-Infinity", -0.5]));
        assert_eq!(to_value(&f32::NAN).unwrap(), json!("NaN"));
    }
}
