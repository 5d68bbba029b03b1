//! Where a request goes: a service's endpoint rules, applied to a call.

use std::collections::BTreeMap;

use aws_smithy_types::endpoint::Endpoint as SdkEndpoint;
use serde_json::Value;

use crate::writing::document;

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

impl Endpoint {
    /// The same in the SDK's own type.
    pub(crate) fn of_sdk(&self) -> SdkEndpoint {
        let mut sdk = SdkEndpoint::builder().url(self.url.clone());
        for (name, values) in &self.headers {
            for value in values {
                sdk = sdk.header(name.clone(), value.clone());
            }
        }
        for (name, property) in &self.properties {
            sdk = sdk.property(name.clone(), document(property));
        }
        sdk.build()
    }

    /// Whether its host is an IP address, before which no name can stand.
    pub(crate) fn is_address(&self) -> bool {
        functions::url(&self.url).get("isIp") == Some(&Value::Bool(true))
    }
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
