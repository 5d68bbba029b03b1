//! What the body of a raw request asks for, by whatever names a model has for it.

use serde_json::Value;

/// How many output tokens the body of a request asks for, by any of the names that models have for it; of a list of
/// requests, all of them together.
pub(crate) fn asked_for(body: &Value) -> Option<u64> {
    const NAMES: [&str; 12] = [
        "max_tokens",
        "maxTokens",
        "max_new_tokens",
        "maxNewTokens",
        "maxTokenCount",
        "max_gen_len",
        "max_completion_tokens",
        "max_tokens_to_sample",
        "max_length",
        "maxLength",
        "max_output_tokens",
        "maxOutputTokens",
    ];
    match body {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| match value {
                // A number without end is no number of tokens.
                Value::Number(number) if NAMES.contains(&name.as_str()) => {
                    Some(number.as_u64().unwrap_or(u64::MAX))
                }
                Value::String(text) if NAMES.contains(&name.as_str()) => {
                    Some(text.trim().parse().unwrap_or(u64::MAX))
                }
                Value::Object(_) | Value::Array(_) => asked_for(value),
                _ => None,
            })
            .max(),
        Value::Array(items) => items.iter().filter_map(asked_for).reduce(u64::saturating_add),
        _ => None,
    }
}

/// How many answers the body of a request asks for: each may have as many tokens.
pub(crate) fn choices(body: &Value) -> u64 {
    const NAMES: [&str; 5] = ["n", "best_of", "num_generations", "numGenerations", "numResults"];
    let fields = body.as_object().into_iter().flatten();
    let named = fields.filter(|(name, _)| NAMES.contains(&name.as_str()));
    named.filter_map(|(_, value)| value.as_u64()).max().unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_body_asks_for_is_found_by_any_name() {
        let of = |body: Value| asked_for(&body);
        assert_eq!(of(json!({"max_tokens": 5})), Some(5));
        assert_eq!(of(json!({"textGenerationConfig": {"maxTokenCount": 7}, "max_tokens": 3})), Some(7));
        assert_eq!(of(json!({"inferenceConfig": {"maxTokens": -1}})), Some(u64::MAX));
        assert_eq!(of(json!({"inputText": "max_tokens"})), None);
    }

    #[test]
    fn what_a_body_asks_for_is_added_up_and_multiplied() {
        let of = |body: Value| asked_for(&body);
        assert_eq!(of(json!({"requests": [{"max_tokens": 100}, {"max_length": 50}]})), Some(150));
        assert_eq!(of(json!({"max_tokens": "100000"})), Some(100_000));
        assert_eq!(of(json!({"max_tokens": "plenty"})), Some(u64::MAX));
        assert_eq!(of(json!({"messages": [{"content": "max_tokens"}]})), None);
        assert_eq!(choices(&json!({"n": 4, "max_tokens": 10})), 4);
        assert_eq!(choices(&json!({"n": 0})), 1);
    }
}
