//! What says nothing in an answer, and what is the same without it.

use serde_json::{Map, Value};

/// Whether a value says nothing.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// What is absent is left out: the output schemas know no `null`. What the brief form of it has, is there.
pub(crate) fn without_nulls(value: &Value, brief: Option<&Value>) -> Value {
    match value {
        Value::Object(fields) => {
            let present = |(name, value): (&String, &Value)| {
                let brief = brief.and_then(|brief| brief.get(name));
                let is_there = !value.is_null() || brief.is_some();
                is_there.then(|| (name.clone(), without_nulls(value, brief)))
            };
            fields.iter().filter_map(present).collect()
        }
        Value::Array(items) => {
            let brief = |at: usize| brief.and_then(|brief| brief.get(at));
            items.iter().enumerate().map(|(at, item)| without_nulls(item, brief(at))).collect()
        }
        other => other.clone(),
    }
}

/// Whether two values differ in nothing but what says nothing.
pub(crate) fn says_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.keys().chain(other.keys()).all(|name| says_the_same(field(one, name), field(other, name)))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).all(|(one, other)| says_the_same(one, other))
        }
        (one, other) => one == other || says_nothing(one) && says_nothing(other),
    }
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().all(says_nothing),
        other => is_empty(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_of_ours_are_absent_and_those_of_others_are_there() {
        let whole = json!({"none": null, "text": "", "inner": {"none": null}, "theirs": [{"a": null}], "rows": [{"n": null}]});
        let brief = json!({"theirs": [{"a": null}], "rows": [{}]});
        let left = json!({"text": "", "inner": {}, "theirs": [{"a": null}], "rows": [{}]});
        assert_eq!(without_nulls(&whole, Some(&brief)), left);
        assert_eq!(without_nulls(&json!({"a": {"b": null}}), None), json!({"a": {}}));
    }

    #[test]
    fn values_say_the_same_whatever_says_nothing_in_them() {
        let same = |one: Value, other: Value| says_the_same(&one, &other);
        assert!(same(json!({"a": null, "b": [{"c": ""}], "d": {"e": []}}), json!({"b": [{}]})));
        assert!(same(json!({"b": [{}]}), json!({"a": "", "b": [{"c": null}]})));
        for (one, other) in [
            (json!({"a": 0}), json!({})),
            (json!([1, null]), json!([1])),
            (json!(true), json!(false)),
            (json!({"a": {"b": false}}), json!({"a": {}})),
        ] {
            assert!(!same(one.clone(), other.clone()), "{one} {other}");
        }
    }
}
