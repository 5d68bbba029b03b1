//! Whole numbers as the types of arguments take them.

use rmcp::model::JsonObject;
use serde_json::{Number, Value};

use super::Checker;
use crate::exact::plain;

/// Writes whole numbers without a fraction where the schema wants them whole: `5.0` is an integer to JSON Schema, and none
/// to the types that arguments are parsed into. `arguments` must fit the schema.
pub(crate) fn whole_numbers(schema: &JsonObject, arguments: &mut JsonObject) {
    let mut value = Value::Object(std::mem::take(arguments));
    whole_in(schema, schema, &mut value);
    if let Value::Object(fields) = value {
        *arguments = fields;
    }
}

fn whole_in(root: &JsonObject, schema: &JsonObject, value: &mut Value) {
    let forms = forms(root, schema, value);
    let of = |keyword: &'static str| forms.iter().filter_map(move |form| form.get(keyword));
    match value {
        Value::Number(number) => {
            let wants = |name: &str| of("type").any(|wanted| *wanted == name || has(wanted, name));
            if wants("integer")
                && !wants("number")
                && let Some(integer) = integer(number)
            {
                *number = integer;
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                let first = of("prefixItems").filter_map(|first| first.get(at)).chain(of("items"));
                for schema in first.filter_map(Value::as_object) {
                    whole_in(root, schema, item);
                }
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let known = of("properties").filter_map(|known| known.get(name));
                let others = of("additionalProperties");
                for schema in known.chain(others).filter_map(Value::as_object) {
                    whole_in(root, schema, value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn has(names: &Value, name: &str) -> bool {
    names.as_array().is_some_and(|names| names.iter().any(|other| other == name))
}

/// The schemas that a value is held to: the schema itself, what it refers to, and those of its choices that the value fits.
fn forms<'a>(root: &'a JsonObject, schema: &'a JsonObject, value: &Value) -> Vec<&'a JsonObject> {
    let mut found: Vec<&JsonObject> = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        // What refers to itself without a step between would have no end.
        if found.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push(schema);
        let mut checker = Checker { root, path: Vec::new(), deepest: 0 };
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|to| checker.referenced(to));
        let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        open.extend(referred.into_iter().chain(all).filter_map(Value::as_object));
        for choice in ["anyOf", "oneOf"].iter().filter_map(|name| schema.get(*name)?.as_array()).flatten() {
            if checker.value(choice, value).is_none() {
                open.extend(choice.as_object());
            }
        }
    }
    found
}

/// A number without its fraction, where it has none.
fn integer(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() { None } else { plain(number) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::validate::{
        equal,
        tests::{schemas, values},
        validate,
    };

    fn wholly(schema: Value, arguments: Value) -> Value {
        let (Value::Object(schema), Value::Object(mut arguments)) = (schema, arguments) else {
            unreachable!()
        };
        validate(&schema, &arguments).unwrap();
        whole_numbers(&schema, &mut arguments);
        Value::Object(arguments)
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
        let schema = json!({
            "$defs": {"tree": {"type": "object", "properties": {"n": {"type": "integer"}, "left": {"$ref": "#/$defs/tree"}}}},
            "properties": {
                "seconds": {"type": "integer"},
                "share": {"type": "number"},
                "any": true,
                "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "number": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
                "form": {"anyOf": [
                    {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
                    {"type": "object", "properties": {"m": {"type": "number"}}, "required": ["m"]}]},
                "list": {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "number"}},
                "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                "tree": {"$ref": "#/$defs/tree"}
            }
        });
        let given = r#"{"seconds":5.0,"share":5.0,"any":5.0,"either":-5.0,"number":5.0,"form":{"n":5.00,"m":5.0},
            "list":[5.0,5.0],"map":{"x":5e3},"tree":{"n":5.0,"left":{"n":18446744073709551615.0}}}"#;
        let whole = wholly(schema, serde_json::from_str(given).unwrap());
        assert_eq!(
            whole.to_string(),
            "{\"seconds\":5,\"share\":5.0,\"any\":5.0,\"either\":-5,\"number\":5.0,\"form\":{\"n\":5,\"m\":5.0},\
             \"list\":[5,5.0],\"map\":{\"x\":5000},\"tree\":{\"n\":5,\"left\":{\"n\":18446744073709551615}}}"
        );
    }

    #[test]
    fn a_number_is_whole_by_what_is_written_and_not_by_what_a_double_keeps() {
        let schema = json!({"properties": {"n": {"type": "integer", "maximum": 1e19}}});
        let read = |number: &str| -> Option<String> {
            let mut given: JsonObject = serde_json::from_str(&format!("{{\"n\":{number}}}")).unwrap();
            let schema = schema.as_object().unwrap();
            validate(schema, &given).ok()?;
            whole_numbers(schema, &mut given);
            Some(given["n"].to_string())
        };
        for (written, whole) in [
            ("1e0", "1"),
            ("10e-1", "1"),
            ("1.5E1", "15"),
            ("-0.0", "0"),
            ("9007199254740993.0", "9007199254740993"),
            ("9007199254740993e0", "9007199254740993"),
            ("1e19", "10000000000000000000"),
        ] {
            assert_eq!(read(written).as_deref(), Some(whole), "{written}");
        }
        for wrong in [
            "1.0000000000000000000001",
            "0.1e-999",
            "1e-99999999999999999999",
            "1E400",
            "9007199254740993.5",
            "1e20",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// What fits still fits, and is the same to JSON Schema.
        #[test]
        fn writing_numbers_whole_changes_no_value(schema in schemas(), value in values()) {
            let root = JsonObject::from_iter([("properties".to_owned(), json!({"x": schema}))]);
            let given = JsonObject::from_iter([("x".to_owned(), value)]);
            if validate(&root, &given).is_ok() {
                let mut whole = given.clone();
                whole_numbers(&root, &mut whole);
                prop_assert!(equal(&Value::Object(whole.clone()), &Value::Object(given)));
                prop_assert!(validate(&root, &whole).is_ok());
            }
        }

        /// Whatever a schema calls an integer can be parsed as one.
        #[test]
        fn what_is_an_integer_is_read_as_one(n in -9_007_199_254_740_991i64..9_007_199_254_740_991, zeros in 1usize..5) {
            let root = serde_json::from_value::<JsonObject>(json!({"properties": {"x": {"type": "integer"}}})).unwrap();
            let written = format!("{{\"x\":{n}.{}}}", "0".repeat(zeros));
            let mut given: JsonObject = serde_json::from_str(&written).unwrap();
            validate(&root, &given).unwrap();
            whole_numbers(&root, &mut given);
            prop_assert_eq!(serde_json::from_value::<i64>(given["x"].clone()).unwrap(), n);
        }
    }
}
