//! `query`: a JMESPath expression over an answer, as AWS CLI users know it.

use serde_json::{Map, Value};

use crate::{Error, Result};

/// Applies `expression` to rows or to one thing.
pub(crate) fn apply(expression: &str, data: &Value) -> Result<Value> {
    let compiled = jmespath::compile(expression).map_err(|error| {
        Error::invalid(format!("`query` is not a JMESPath expression: {error}"))
            .with_next("a good one looks like [?size_bytes > `1000`].key, or name, or [0]")
    })?;
    let found = compiled
        .search(data)
        .map_err(|error| Error::invalid(format!("`query` cannot be applied to this answer: {error}")))?;
    let found = serde_json::to_value(&*found).map_err(|error| Error::internal(error.to_string()))?;
    Ok(in_order_of(found, data))
}

/// JMESPath sorts the fields of an object; whole rows get their own order back.
fn in_order_of(found: Value, data: &Value) -> Value {
    let model = match data {
        Value::Array(rows) => rows.first().and_then(Value::as_object),
        Value::Object(object) => Some(object),
        _ => None,
    };
    let Some(model) = model else { return found };
    let reorder = |object: Map<String, Value>| {
        let mut rest = object;
        let mut ordered = Map::new();
        for key in model.keys() {
            if let Some(value) = rest.remove(key) {
                ordered.insert(key.clone(), value);
            }
        }
        ordered.extend(rest);
        Value::Object(ordered)
    };
    match found {
        Value::Array(rows) => Value::Array(
            rows.into_iter()
                .map(|row| match row {
                    Value::Object(object) => reorder(object),
                    other => other,
                })
                .collect(),
        ),
        Value::Object(object) => reorder(object),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_filtered_and_keep_their_order() {
        let rows = json!([{"key": "b", "age": 2, "big": true}, {"key": "a", "age": 1, "big": false}]);
        let found = apply("[?age > `1`]", &rows).unwrap();
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"[{"key":"b","age":2,"big":true}]"#);
        assert_eq!(apply("[].key", &rows).unwrap(), json!(["b", "a"]));
        assert_eq!(apply("length(@)", &rows).unwrap(), json!(2));
    }

    #[test]
    fn a_bad_expression_says_what_a_good_one_looks_like() {
        let error = apply("[?", &json!([])).unwrap_err();
        assert!(error.message.contains("JMESPath"), "{error}");
        assert!(error.next.is_some());
    }
}
