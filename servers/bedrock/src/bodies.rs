//! What the body of a raw request asks for, by whatever names a model has for it.

use serde_json::Value;

/// What is said to a model, and no setting of its answer: what a JSON schema calls `maxLength` bounds a text.
const SAID: [&str; 8] =
    ["messages", "outputconfig", "prompt", "responseformat", "system", "toolchoice", "toolconfig", "tools"];

/// A name as all models mean it: `maxTokens`, `max_tokens` and `max-tokens` are one.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

/// The count that a setting gives. What is none is without end.
fn count(value: &Value) -> Option<u64> {
    let whole =
        |number: f64| (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as u64);
    match value {
        Value::Number(number) => {
            Some(number.as_u64().or_else(|| whole(number.as_f64()?)).unwrap_or(u64::MAX))
        }
        Value::String(text) => Some(text.trim().parse().unwrap_or(u64::MAX)),
        _ => None,
    }
}

/// How many output tokens the body of a request asks for, by any of the names that models have for it; of a list of
/// requests, all of them together.
pub(crate) fn asked_for(body: &Value) -> Option<u64> {
    const NAMES: [&str; 11] = [
        "maxcompletiontokens",
        "maxdecodetokens",
        "maxgeneratedtokens",
        "maxgenlen",
        "maxlength",
        "maxnewtokens",
        "maxoutputtokens",
        "maxtokencount",
        "maxtokens",
        "maxtokenstogenerate",
        "maxtokenstosample",
    ];
    match body {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| match plain(name) {
                name if NAMES.contains(&name.as_str()) => count(value),
                name if SAID.contains(&name.as_str()) => None,
                _ => asked_for(value),
            })
            .max(),
        Value::Array(items) => items.iter().filter_map(asked_for).reduce(u64::saturating_add),
        _ => None,
    }
}

/// How many answers the body of a request asks for, in its own settings or in groups of them: each may have as many tokens.
pub(crate) fn choices(body: &Value) -> u64 {
    const NAMES: [&str; 8] = [
        "bestof",
        "candidatecount",
        "n",
        "numgenerations",
        "numoutputs",
        "numresults",
        "numreturnsequences",
        "numsamples",
    ];
    let fields = body.as_object().into_iter().flatten();
    let counts = fields.filter_map(|(name, value)| match plain(name) {
        name if NAMES.contains(&name.as_str()) => count(value),
        name if SAID.contains(&name.as_str()) => None,
        _ => Some(choices(value)),
    });
    counts.max().unwrap_or(1).max(1)
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
        assert_eq!(choices(&json!({"generation_config": {"candidateCount": 3}})), 3);
        assert_eq!(choices(&json!({"parameters": {"num_return_sequences": "5"}})), 5);
        assert_eq!(choices(&json!({"n": 2.0, "messages": {"n": 9}})), 2);
        assert_eq!(choices(&json!({"n": -1})), u64::MAX);
    }

    #[test]
    fn names_are_read_however_they_are_written() {
        for name in ["maxTokens", "MAX_TOKENS", "max-tokens", "MaxOutputTokens", "maxCompletionTokens"] {
            assert_eq!(asked_for(&json!({name: 9000.0})), Some(9000), "{name}");
        }
        assert_eq!(asked_for(&json!({"maxTokens": 1.5})), Some(u64::MAX));
    }

    #[test]
    fn what_is_said_to_a_model_is_no_setting() {
        let schema =
            json!({"type": "object", "properties": {"text": {"type": "string", "maxLength": 100_000}}});
        let body = json!({
            "max_tokens": 5,
            "tools": [{"name": "save", "input_schema": schema}],
            "messages": [{"role": "user", "content": [{"max_tokens": 7}]}],
            "response_format": {"json_schema": {"schema": schema}},
        });
        assert_eq!((asked_for(&body), choices(&body)), (Some(5), 1));
    }
}
