//! Values of environment variables, which may be secrets: they are shown to whoever may see secrets only.

use awsmcp_mcp::{Call, Risk};
use serde_json::{Map, Value, json};

use crate::SageMaker;

/// What AWS or the call says, for the reader of the call. `given` is what the call itself gives of it.
pub(crate) fn shown(cx: &Call<SageMaker>, value: &Value, given: Option<&Value>) -> Value {
    match cx.settings().allow.contains(&Risk::Reveal) {
        true => value.clone(),
        false => hidden(value, given),
    }
}

/// The same for a reader who may not see values. Those that the call gives are told as given, whatever they were before:
/// whether a guess is right is nobody's to find out.
pub(crate) fn hidden(value: &Value, given: Option<&Value>) -> Value {
    match value {
        Value::Object(fields) => {
            let shown = fields.iter().map(|(name, value)| {
                let given = given.and_then(|given| given.get(name));
                let value = match (name.as_str(), value) {
                    ("Environment", Value::Object(variables)) => masked(variables, given),
                    _ => hidden(value, given),
                };
                (name.clone(), value)
            });
            Value::Object(shown.collect())
        }
        Value::Array(items) => {
            let hide = |(index, item)| hidden(item, given.and_then(|given| given.get(index)));
            Value::Array(items.iter().enumerate().map(hide).collect())
        }
        plain => plain.clone(),
    }
}

fn masked(variables: &Map<String, Value>, given: Option<&Value>) -> Value {
    let mask = |name: &String| {
        let is_given = given.is_some_and(|given| given.get(name).is_some());
        (name.clone(), json!(if is_given { "(hidden, as given)" } else { "(hidden)" }))
    };
    Value::Object(variables.keys().map(mask).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_variables_are_hidden_and_a_guess_is_not_told_right_from_wrong() {
        let job = json!({"RoleArn": "r", "Environment": {"KEY": "secret", "B": "2"}});
        assert_eq!(hidden(&job, None)["Environment"], json!({"KEY": "(hidden)", "B": "(hidden)"}));
        let told = json!({"KEY": "(hidden, as given)", "B": "(hidden)"});
        for guess in ["secret", "other"] {
            let mut after = job.clone();
            after["Environment"]["KEY"] = json!(guess);
            let given = json!({"Environment": {"KEY": guess}});
            assert_eq!(hidden(&after, Some(&given))["Environment"], told, "{guess}");
        }
        assert_eq!(hidden(&job, None)["RoleArn"], json!("r"));
        let deep = json!({"Steps": [{"Arguments": {"Environment": {"KEY": "secret"}}}]});
        assert!(!hidden(&deep, None).to_string().contains("secret"));
    }
}
