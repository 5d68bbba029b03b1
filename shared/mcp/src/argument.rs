//! Arguments that name resources.
//!
//! A name, an id or an ARN in an argument is read once, strictly, by its own type. The gate judges what that type read,
//! never the text, and the request is made from a value that the same type reads of the same text.

use std::{cell::RefCell, collections::BTreeMap};

use awsmcp_spec::{ResourceRef, texts};
use rmcp::model::JsonObject;
use schemars::{Schema, json_schema};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A type of argument that names a resource: a name, an id or an ARN.
pub trait ResourceArgument: Sized {
    /// Whether it names a region, which is then held to the allowed regions.
    const IS_REGION: bool = false;

    /// Reads it as it was given: nothing is trimmed, unescaped or guessed.
    ///
    /// # Errors
    /// Says what a good one looks like.
    fn parse(text: &str) -> std::result::Result<Self, String>;

    /// What it names.
    fn resource(&self) -> ResourceRef;
}

/// Reads an argument of a type that is no longer known.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    read: fn(&str) -> std::result::Result<ResourceRef, String>,
    pub(crate) is_region: bool,
}

/// The readers of a tool's arguments, by path: `items.key` is `key` of each element of `items`.
pub(crate) type Readers = BTreeMap<String, Reader>;

/// What a call's arguments name, by path.
pub(crate) type Named = BTreeMap<String, Vec<ResourceRef>>;

thread_local! {
    /// The types whose schemas were made by the generator that runs on this thread, by their names.
    static MET: RefCell<BTreeMap<&'static str, Reader>> = const { RefCell::new(BTreeMap::new()) };
}

/// The keyword that marks the schema of such an argument, until the schema is cleaned.
const MARK: &str = "x-resource";

/// The schema of an argument that names a resource. For [`crate::resource_string!`].
#[doc(hidden)]
pub fn resource_schema<T: ResourceArgument>() -> Schema {
    let name = std::any::type_name::<T>();
    let reader =
        Reader { read: |text| T::parse(text).map(|argument| argument.resource()), is_region: T::IS_REGION };
    MET.with_borrow_mut(|met| met.insert(name, reader));
    json_schema!({"type": "string", "x-resource": name})
}

/// The readers of the types whose schemas are part of `schema`, which was made on this thread; takes their marks away.
pub(crate) fn readers(schema: &mut Value) -> Readers {
    let met = MET.take();
    let mut readers = Readers::new();
    collect(schema, "", &met, &mut readers);
    readers
}

fn collect(schema: &mut Value, path: &str, met: &BTreeMap<&'static str, Reader>, readers: &mut Readers) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::String(name)) = object.remove(MARK)
        && let Some(reader) = met.get(name.as_str())
    {
        readers.insert(path.to_owned(), *reader);
    }
    for (keyword, value) in object.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                for (name, field) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    collect(field, &path, met, readers);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(branches)) => {
                branches.iter_mut().for_each(|branch| collect(branch, path, met, readers));
            }
            ("items" | "additionalProperties", value) => collect(value, path, met, readers),
            _ => {}
        }
    }
}

/// What the arguments name, each read by its own type.
///
/// # Errors
/// When a text is no name of its type; says what a good one looks like.
pub(crate) fn named(readers: &Readers, arguments: &JsonObject) -> Result<Named> {
    readers
        .iter()
        .map(|(path, reader)| {
            let read = texts(path, arguments)
                .iter()
                .map(|text| (reader.read)(text))
                .collect::<std::result::Result<_, _>>();
            read.map(|read| (path.clone(), read)).map_err(Error::invalid)
        })
        .collect()
}

/// What the argument at `path` names. An argument of another type is a name as it stands.
pub(crate) fn at(path: &str, named: &Named, arguments: &Map<String, Value>) -> Vec<ResourceRef> {
    let plain = || texts(path, arguments).into_iter().map(ResourceRef::Name).collect();
    named.get(path).cloned().unwrap_or_else(plain)
}

/// What a type is to serde and to the schema that names a resource and is given as a string: it implements
/// [`crate::ResourceArgument`].
#[macro_export]
macro_rules! resource_string {
    ($($name:ident),*) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                <$name as $crate::ResourceArgument>::parse(&text).map_err(::serde::de::Error::custom)
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                $crate::resource_schema::<$name>()
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use awsmcp_spec::Arn;
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::schema;

    #[derive(Clone, Debug)]
    struct Table(ResourceRef);

    impl ResourceArgument for Table {
        fn parse(text: &str) -> std::result::Result<Self, String> {
            if let Ok(arn) = Arn::parse(text) {
                let name = arn.name("dynamodb", "table/").ok_or("not a table")?.to_owned();
                return Ok(Table(ResourceRef::Arn { arn, name }));
            }
            match text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                true => Ok(Table(ResourceRef::Name(text.to_owned()))),
                false => Err(format!("{text:?} is not a table; a good one is orders")),
            }
        }

        fn resource(&self) -> ResourceRef {
            self.0.clone()
        }
    }

    resource_string!(Table);

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Sample {
        table: Option<Table>,
        tables: Vec<Table>,
        writes: Option<Vec<Write>>,
        note: String,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Write {
        /// Where to.
        table: Table,
    }

    #[test]
    fn a_tools_schema_knows_who_reads_its_names() {
        let input = schema::input::<Sample>();
        assert_eq!(input.readers.keys().collect::<Vec<_>>(), ["table", "tables", "writes.table"]);
        assert!(!Value::Object(input.schema).to_string().contains(MARK));
    }

    #[test]
    fn what_is_named_is_read_by_its_type() {
        let readers = schema::input::<Sample>().readers;
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t";
        let given = json!({"table": arn, "writes": [{"table": "a"}, {"table": "b"}], "note": arn});
        let given = given.as_object().unwrap();
        let named = named(&readers, given).unwrap();
        assert!(
            matches!(at("table", &named, given).as_slice(), [ResourceRef::Arn { name, .. }] if name == "t")
        );
        let name = |text: &str| ResourceRef::Name(text.to_owned());
        assert_eq!(at("writes.table", &named, given), [name("a"), name("b")]);
        assert_eq!(at("tables", &named, given), []);
        assert_eq!(at("note", &named, given), [name(arn)]);
    }

    #[test]
    fn what_is_no_name_is_refused_before_it_is_judged() {
        let readers = schema::input::<Sample>().readers;
        for wrong in [" t", "arn:aws:kms:us-east-1:123456789012:key/x:table/t", "t\u{0}"] {
            let given = json!({"tables": [wrong]});
            assert!(super::named(&readers, given.as_object().unwrap()).is_err(), "{wrong}");
        }
    }
}
