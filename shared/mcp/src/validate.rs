//! Arguments held to their schema: the first thing that is wrong, in words that say what a good one looks like.
//!
//! It knows the keywords that describe arguments ([`awsmcp_spec::SCHEMA_KEYWORDS`]; `cargo xtask tidy` holds the tools
//! to them) and passes over others, as JSON Schema wants. A tool's own types are checked again where they are parsed.

mod whole;

use rmcp::model::JsonObject;
use serde_json::{Number, Value};

pub(crate) use whole::whole_numbers;

use crate::{
    Error, Result,
    exact::{as_double, is_whole},
    text::nearest,
    text::quoted,
};

/// # Errors
/// Names the argument, what it was given and what it takes.
pub(crate) fn validate(schema: &JsonObject, arguments: &JsonObject) -> Result<()> {
    let mut checker = Checker { root: schema, path: Vec::new(), deepest: 0 };
    match checker.object(schema, arguments) {
        Some(wrong) => Err(Error::invalid(wrong)),
        None => Ok(()),
    }
}

/// A value in an error message, short and without what would hide in it.
pub(crate) fn shown(value: &Value) -> String {
    quoted(&value.to_string()).trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")
}

struct Checker<'a> {
    root: &'a JsonObject,
    /// Where the value stands: names of fields, positions in arrays.
    path: Vec<String>,
    /// How deep the last thing that was wrong lies.
    deepest: usize,
}

impl<'a> Checker<'a> {
    /// What is wrong with the value; nothing if it is as the schema says.
    fn value(&mut self, schema: &'a Value, value: &Value) -> Option<String> {
        match schema {
            Value::Bool(true) => None,
            Value::Bool(false) => self.wrong("nothing", value),
            Value::Object(schema) => self.keywords(schema, value),
            _ => None,
        }
    }

    fn keywords(&mut self, schema: &'a JsonObject, value: &Value) -> Option<String> {
        if let Some(found) = schema.get("$ref").and_then(Value::as_str).and_then(|to| self.referenced(to))
            && let Some(wrong) = self.value(found, value)
        {
            return Some(wrong);
        }
        if let Some(wanted) = schema.get("type") {
            let names: Vec<&str> = match wanted {
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                name => name.as_str().into_iter().collect(),
            };
            if !names.iter().any(|name| is(name, value)) {
                let words = |name: &str| match name {
                    "array" => format!("{}{}", called(name), self.elements(schema)),
                    name => called(name),
                };
                let names: Vec<String> = names.into_iter().map(words).collect();
                return self.wrong(&names.join(" or "), value);
            }
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array)
            && !options.iter().any(|option| equal(option, value))
        {
            return self.wrong(&format!("one of {}", listed(options)), value).map(|wrong| {
                let words = options.iter().filter_map(Value::as_str);
                let meant = value.as_str().and_then(|word| nearest(word, words));
                meant.map(|meant| format!("{wrong}; did you mean {meant:?}?")).unwrap_or(wrong)
            });
        }
        if let Some(constant) = schema.get("const")
            && !equal(constant, value)
        {
            return self.wrong(&listed(std::slice::from_ref(constant)), value);
        }
        let wrong = match value {
            Value::Number(number) => self.number(schema, number, value),
            Value::String(text) => {
                self.size(schema, text.chars().count(), ["minLength", "maxLength"], "characters", value)
            }
            Value::Array(items) => self.array(schema, items, value),
            Value::Object(fields) => self.object(schema, fields),
            Value::Null | Value::Bool(_) => None,
        };
        wrong.or_else(|| self.combined(schema, value))
    }

    fn number(&mut self, schema: &JsonObject, number: &Number, value: &Value) -> Option<String> {
        let given = as_double(number);
        let limit = |keyword: &str| schema.get(keyword).and_then(|limit| Some((limit, limit.as_f64()?)));
        let found = [
            ("at least", limit("minimum").filter(|(_, limit)| given < *limit)),
            ("at most", limit("maximum").filter(|(_, limit)| given > *limit)),
            ("more than", limit("exclusiveMinimum").filter(|(_, limit)| given <= *limit)),
            ("less than", limit("exclusiveMaximum").filter(|(_, limit)| given >= *limit)),
        ];
        let (words, limit) = found.into_iter().find_map(|(words, limit)| Some((words, limit?.0)))?;
        self.wrong(&format!("{words} {limit}"), value)
    }

    /// A length or a count, held to the two keywords.
    fn size(
        &mut self,
        schema: &JsonObject,
        size: usize,
        [least, most]: [&str; 2],
        unit: &str,
        value: &Value,
    ) -> Option<String> {
        let limit = |keyword| schema.get(keyword).and_then(Value::as_u64);
        if let Some(least) = limit(least).filter(|least| (size as u64) < *least) {
            return self.wrong(&format!("at least {least} {unit}"), value);
        }
        let most = limit(most).filter(|most| size as u64 > *most)?;
        self.wrong(&format!("at most {most} {unit}"), value)
    }

    fn array(&mut self, schema: &'a JsonObject, items: &[Value], value: &Value) -> Option<String> {
        if let Some(wrong) = self.size(schema, items.len(), ["minItems", "maxItems"], "items", value) {
            return Some(wrong);
        }
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let rest = schema.get("items");
        for (at, item) in items.iter().enumerate() {
            let Some(schema) = first.and_then(|first| first.get(at)).or(rest) else { continue };
            if let Some(wrong) = self.inside(at.to_string(), schema, item) {
                return Some(wrong);
            }
        }
        let is_unique = schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or(false);
        let twice = items
            .iter()
            .enumerate()
            .find(|(at, item)| is_unique && items.iter().take(*at).any(|other| equal(other, item)));
        twice.and_then(|_| self.wrong("items that differ", value))
    }

    fn object(&mut self, schema: &'a JsonObject, fields: &JsonObject) -> Option<String> {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        if let Some(missing) = required.filter_map(Value::as_str).find(|name| !fields.contains_key(*name)) {
            self.deepest = self.path.len();
            let whole = self.path.iter().map(String::as_str).chain([missing]).collect::<Vec<_>>().join(".");
            let about = self.described(schema, missing);
            return Some(format!("the argument `{whole}` is missing{about}"));
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (name, value) in fields {
            match known.and_then(|known| known.get(name)).or(others) {
                Some(Value::Bool(false)) => {
                    self.deepest = self.path.len();
                    let known = known.into_iter().flat_map(|known| known.keys().map(String::as_str));
                    let known: Vec<&str> = known.collect();
                    return Some(format!(
                        "`{}` has no field {}; it has {}",
                        self.path.join("."),
                        quoted(name),
                        known.join(", ")
                    ));
                }
                Some(schema) => {
                    if let Some(wrong) = self.inside(name.clone(), schema, value) {
                        return Some(wrong);
                    }
                }
                None => {}
            }
        }
        None
    }

    /// `allOf`, `anyOf` and `oneOf`. Of several that fail, the one that was understood furthest says what is wrong.
    fn combined(&mut self, schema: &'a JsonObject, value: &Value) -> Option<String> {
        for schema in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(wrong) = self.value(schema, value) {
                return Some(wrong);
            }
        }
        for (keyword, only_one) in [("anyOf", false), ("oneOf", true)] {
            let Some(choices) = schema.get(keyword).and_then(Value::as_array) else { continue };
            let (mut fits, mut furthest) = (0, None);
            for choice in choices {
                match self.value(choice, value) {
                    None => fits += 1,
                    Some(wrong) if furthest.as_ref().is_none_or(|(depth, _)| *depth < self.deepest) => {
                        furthest = Some((self.deepest, wrong));
                    }
                    Some(_) => {}
                }
            }
            if only_one && fits > 1 {
                return self.wrong("only one of its forms", value);
            }
            if fits == 0
                && let Some((depth, wrong)) = furthest
            {
                let of_several = depth == self.path.len() && choices.len() > 1;
                let forms: Option<Vec<String>> = choices.iter().map(form).collect();
                return match forms.filter(|_| of_several) {
                    Some(forms) => self.wrong(&forms.join(", or "), value),
                    None => Some(wrong),
                };
            }
        }
        None
    }

    fn inside(&mut self, step: String, schema: &'a Value, value: &Value) -> Option<String> {
        self.path.push(step);
        let wrong = self.value(schema, value);
        self.path.pop();
        wrong
    }

    fn referenced(&self, to: &str) -> Option<&'a Value> {
        let mut steps = to.strip_prefix("#/")?.split('/');
        let first = self.root.get(steps.next()?)?;
        steps.try_fold(first, |found, step| found.get(step))
    }

    /// What an array holds, where that is objects with fields of their own.
    fn elements(&self, schema: &JsonObject) -> String {
        let items = schema.get("items").and_then(Value::as_object);
        let to = items.and_then(|items| items.get("$ref")).and_then(Value::as_str);
        let items = to.and_then(|to| self.referenced(to)).and_then(Value::as_object).or(items);
        let fields = items.and_then(|items| items.get("properties")).and_then(Value::as_object);
        let names = |fields: &JsonObject| fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        fields.map(|fields| format!(" of objects with {}", names(fields))).unwrap_or_default()
    }

    fn wrong(&mut self, wanted: &str, value: &Value) -> Option<String> {
        self.deepest = self.path.len();
        Some(format!("`{}` takes {wanted}, not {}", self.path.join("."), shown(value)))
    }

    /// What the schema says of a field, for an error that asks for it.
    fn described(&self, schema: &JsonObject, name: &str) -> String {
        let field = schema.get("properties").and_then(|fields| fields.get(name));
        let text = field.and_then(|field| field.get("description")).and_then(Value::as_str);
        text.map(|text| format!(": {text}")).unwrap_or_default()
    }
}

/// A choice in a few words, where it can be said so.
fn form(schema: &Value) -> Option<String> {
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return Some(format!("one of {}", listed(options)));
    }
    match schema.get("type").and_then(Value::as_str)? {
        "object" => {
            let names = schema.get("required").and_then(Value::as_array)?;
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            Some(format!("an object with {}", names.join(" and ")))
        }
        name => Some(called(name)),
    }
}

fn listed(options: &[Value]) -> String {
    let text = |option: &Value| option.as_str().map_or_else(|| option.to_string(), str::to_owned);
    options.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "integer" => match value {
            Value::Number(number) => is_whole(number),
            _ => false,
        },
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// A type, as a person says it.
fn called(name: &str) -> String {
    match name {
        "integer" => "a whole number".to_owned(),
        "object" | "array" => format!("an {name}"),
        "boolean" => "true or false".to_owned(),
        other => format!("a {other}"),
    }
}

/// `1` and `1.0` are one number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn wrong(schema: Value, arguments: Value) -> String {
        let (Value::Object(schema), Value::Object(arguments)) = (schema, arguments) else { unreachable!() };
        validate(&schema, &arguments).unwrap_err().message.clone()
    }

    #[test]
    fn an_error_names_the_argument_and_shows_a_good_one() {
        let schema = json!({
            "type": "object",
            "properties": {
                "bucket": {"type": "string", "minLength": 3, "description": "Its name."},
                "days": {"type": "integer", "minimum": 1, "maximum": 30},
                "tier": {"enum": ["Standard", "Bulk"]},
                "keys": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                "tag": {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"],
                        "additionalProperties": false},
                "key": {"anyOf": [{"type": "string"},
                                  {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}]}
            },
            "required": ["bucket"]
        });
        for (arguments, message) in [
            (json!({}), "the argument `bucket` is missing: Its name."),
            (json!({"bucket": "b"}), "`bucket` takes at least 3 characters, not b"),
            (json!({"bucket": 3}), "`bucket` takes a string, not 3"),
            (json!({"bucket": "abc", "days": 0}), "`days` takes at least 1, not 0"),
            (json!({"bucket": "abc", "days": 1.5}), "`days` takes a whole number, not 1.5"),
            (
                json!({"bucket": "abc", "tier": "standard"}),
                "`tier` takes one of Standard, Bulk, not standard; did you mean \"Standard\"?",
            ),
            (json!({"bucket": "abc", "keys": ["a", 2]}), "`keys.1` takes a string, not 2"),
            (json!({"bucket": "abc", "keys": ["a", "b", "c"]}), "`keys` takes at most 2 items, not"),
            (json!({"bucket": "abc", "tag": {}}), "the argument `tag.key` is missing"),
            (
                json!({"bucket": "abc", "tag": {"key": "a", "kee": 1}}),
                "`tag` has no field \"kee\"; it has key",
            ),
            (json!({"bucket": "abc", "key": 4}), "`key` takes a string, or an object with n, not 4"),
            (json!({"bucket": "abc", "key": {"n": "4"}}), "`key.n` takes a number, not 4"),
        ] {
            let said = wrong(schema.clone(), arguments);
            assert!(said.starts_with(message), "{said}");
        }
    }

    #[test]
    fn a_schema_may_refer_to_itself() {
        let schema = json!({
            "$defs": {"tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}, "leaf": {"type": "integer"}}}},
            "properties": {"tree": {"$ref": "#/$defs/tree"}}
        });
        let said = wrong(schema, json!({"tree": {"left": {"left": {"leaf": "x"}}}}));
        assert_eq!(said, "`tree.left.left.leaf` takes a whole number, not x");
        let schema = json!({
            "$defs": {"test": {"type": "object", "properties": {"attribute": {"type": "string"}, "op": {"type": "string"}}}},
            "properties": {"all": {"type": ["array", "null"], "items": {"$ref": "#/$defs/test"}}}
        });
        let said = wrong(schema, json!({"all": {"pk": "a"}}));
        assert_eq!(said, "`all` takes an array of objects with attribute, op or a null, not {\"pk\":\"a\"}");
    }

    /// Schemas of the keywords that tools use, and values near what they describe.
    pub(super) fn schemas() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(true)),
            Just(json!({"type": "string"})),
            Just(json!({"type": ["string", "null"]})),
            Just(json!({"type": "boolean"})),
            Just(json!({"enum": ["a", "b", 1]})),
            Just(json!({"const": 2})),
            (0..3u32).prop_map(|least| json!({"type": "string", "minLength": least, "maxLength": least + 1})),
            (-2..3i32).prop_map(
                |least| json!({"type": "integer", "minimum": least, "exclusiveMaximum": least + 2})
            ),
            (-2..3i32)
                .prop_map(|most| json!({"type": "number", "exclusiveMinimum": most - 2, "maximum": most})),
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            let choices = proptest::collection::vec(inner.clone(), 1..3);
            prop_oneof![
                (inner.clone(), 0..3u32, any::<bool>()).prop_map(|(items, least, unique)| json!({
                    "type": "array", "items": items, "minItems": least, "maxItems": 2, "uniqueItems": unique
                })),
                (inner.clone(), inner.clone()).prop_map(|(first, rest)| json!({"prefixItems": [first], "items": rest})),
                (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(a, b, open)| json!({
                    "type": "object", "properties": {"a": a, "b": b}, "required": ["a"], "additionalProperties": open
                })),
                inner.clone().prop_map(|rest| json!({"type": "object", "additionalProperties": rest})),
                choices.clone().prop_map(|choices| json!({"anyOf": choices})),
                choices.clone().prop_map(|choices| json!({"oneOf": choices})),
                choices.prop_map(|choices| json!({"allOf": choices})),
            ]
        })
    }

    pub(super) fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3..4i32).prop_map(Value::from),
            (-3..4i32).prop_map(|number| json!(f64::from(number) / 2.0)),
            "[abé]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[abc]", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A kept implementation of JSON Schema, too large to ship, is the judge.
        #[test]
        fn it_takes_what_json_schema_takes(schema in schemas(), value in values()) {
            let judge = jsonschema::validator_for(&schema).unwrap().is_valid(&value);
            let root = JsonObject::from_iter([("properties".to_owned(), json!({"x": schema}))]);
            let ours = validate(&root, &JsonObject::from_iter([("x".to_owned(), value.clone())]));
            prop_assert_eq!(ours.is_ok(), judge, "{:#} {:#} {:?}", root.get("properties").unwrap(), value, ours);
        }
    }
}
