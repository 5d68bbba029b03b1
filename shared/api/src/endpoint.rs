//! Where a request goes: a service's endpoint rules, applied to a call.

use std::collections::BTreeMap;

use serde_json::Value;

mod functions;
mod partitions;
mod rules;

/// The arguments of a service's rules, by their names.
pub(crate) type Arguments = BTreeMap<String, Value>;

/// Where a request goes, and how it is signed there where the rules say so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    /// `authSchemes` and whatever else the rules give.
    pub(crate) properties: BTreeMap<String, Value>,
}

/// Why there is no endpoint for these arguments, in the words of the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoEndpoint(pub(crate) String);

/// Applies the rules. Arguments that the rules do not know are left out, and those that are not given have their defaults.
pub(crate) fn resolve(rules: &Value, given: &Arguments) -> Result<Endpoint, NoEndpoint> {
    let mut arguments = Arguments::new();
    for (name, parameter) in rules.get("parameters").and_then(Value::as_object).into_iter().flatten() {
        let value = given.get(name).filter(|value| !value.is_null()).or(parameter.get("default"));
        match value {
            Some(value) => {
                arguments.insert(name.clone(), value.clone());
            }
            None if parameter.get("required") == Some(&Value::Bool(true)) => {
                return Err(NoEndpoint(format!("the endpoint needs {name}")));
            }
            None => {}
        }
    }
    let rules = rules.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    rules::first(rules, &arguments)?
        .ok_or_else(|| NoEndpoint("no rule of the service gives an endpoint".to_owned()))
}

#[cfg(test)]
mod tests;
