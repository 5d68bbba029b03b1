//! The configuration of a function: as AWS holds it, and as a merge patch changes it.

mod request;

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use awsmcp_mcp::{Call, Error, Result, patched};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Lambda;

/// What AWS holds of a function now.
///
/// # Errors
/// When there is no such function, or it may not be read.
pub(crate) async fn current(
    cx: &Call<Lambda>,
    function: &str,
    qualifier: Option<&str>,
) -> Result<GetFunctionConfigurationOutput> {
    let asked = cx.client().lambda.get_function_configuration().function_name(function);
    Ok(asked.set_qualifier(qualifier.map(str::to_owned)).send().await?)
}

/// What can be changed of a configuration, in AWS's names.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub(crate) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_size: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc_config: Option<VpcConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(rename = "KMSKeyArn", skip_serializing_if = "Option::is_none")]
    kms_key_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracing_config: Option<TracingConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage: Option<EphemeralStorage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snap_start: Option<SnapStart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging_config: Option<LoggingConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config: Option<ImageConfig>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct VpcConfig {
    subnet_ids: Vec<String>,
    security_group_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6_allowed_for_dual_stack: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeadLetterConfig {
    target_arn: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TracingConfig {
    mode: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EphemeralStorage {
    size: i32,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SnapStart {
    apply_on: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct LoggingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_log_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_log_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
struct ImageConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry_point: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_directory: Option<String>,
}

impl Config {
    pub(crate) fn of(out: &GetFunctionConfigurationOutput) -> Config {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        let variables = out.environment.as_ref().and_then(|environment| environment.variables.clone());
        let layers: Vec<String> = out.layers.iter().flatten().filter_map(|layer| layer.arn.clone()).collect();
        let image = out.image_config_response.as_ref().and_then(|image| image.image_config.as_ref());
        Config {
            description: text(&out.description),
            handler: text(&out.handler),
            runtime: out.runtime.as_ref().map(ToString::to_string),
            memory_size: out.memory_size,
            timeout: out.timeout,
            environment: variables
                .filter(|variables| !variables.is_empty())
                .map(|variables| Environment { variables: variables.into_iter().collect() }),
            layers: Some(layers).filter(|layers| !layers.is_empty()),
            vpc_config: out
                .vpc_config
                .as_ref()
                .map(|vpc| VpcConfig {
                    subnet_ids: list(&vpc.subnet_ids),
                    security_group_ids: list(&vpc.security_group_ids),
                    ipv6_allowed_for_dual_stack: vpc.ipv6_allowed_for_dual_stack.filter(|allowed| *allowed),
                })
                .filter(|vpc| !vpc.subnet_ids.is_empty()),
            dead_letter_config: out
                .dead_letter_config
                .as_ref()
                .and_then(|config| text(&config.target_arn))
                .map(|target_arn| DeadLetterConfig { target_arn }),
            kms_key_arn: text(&out.kms_key_arn),
            tracing_config: out
                .tracing_config
                .as_ref()
                .and_then(|tracing| tracing.mode.as_ref())
                .map(|mode| TracingConfig { mode: mode.to_string() }),
            ephemeral_storage: out
                .ephemeral_storage
                .as_ref()
                .map(|storage| EphemeralStorage { size: storage.size }),
            snap_start: out
                .snap_start
                .as_ref()
                .and_then(|snap| snap.apply_on.as_ref())
                .map(|apply| SnapStart { apply_on: apply.to_string() }),
            logging_config: out.logging_config.as_ref().map(|logging| LoggingConfig {
                log_format: logging.log_format.as_ref().map(ToString::to_string),
                application_log_level: logging.application_log_level.as_ref().map(ToString::to_string),
                system_log_level: logging.system_log_level.as_ref().map(ToString::to_string),
                log_group: text(&logging.log_group),
            }),
            image_config: image.map(|image| ImageConfig {
                entry_point: list(&image.entry_point),
                command: list(&image.command),
                working_directory: text(&image.working_directory),
            }),
        }
    }

    /// This configuration with a merge patch (RFC 7396) on it.
    ///
    /// # Errors
    /// When the patch names what cannot be set, or takes away what a function must have.
    pub(crate) fn patched(&self, patch: &Map<String, Value>) -> Result<Config> {
        let merged = patched(self.json(), &Value::Object(patch.clone()));
        let config: Config = serde_json::from_value(merged).map_err(|error| {
            Error::invalid(format!("`patch`: {error}")).with_next(
                "a good one is {\"MemorySize\":512,\"Environment\":{\"Variables\":{\"LEVEL\":\"info\",\"OLD\":null}}}",
            )
        })?;
        let must = [
            ("Handler", self.handler.is_some() && config.handler.is_none()),
            ("Runtime", self.runtime.is_some() && config.runtime.is_none()),
            ("MemorySize", config.memory_size.is_none()),
            ("Timeout", config.timeout.is_none()),
        ];
        if let Some((name, _)) = must.iter().find(|(_, lost)| *lost) {
            return Err(Error::invalid(format!("`patch`: a function must have {name}: it cannot be null")));
        }
        let size: usize = config.variables().map(|(name, value)| name.len() + value.len()).sum();
        if size > 4096 {
            return Err(Error::invalid(format!(
                "the environment would have {size} bytes; Lambda takes 4,096"
            ))
            .with_next("keep large values in Parameter Store, Secrets Manager or S3"));
        }
        Ok(config)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.environment.iter().flat_map(|environment| &environment.variables)
    }

    pub(crate) fn runtime(&self) -> Option<&str> {
        self.runtime.as_deref()
    }

    /// As JSON for a reader who may not see values. Those that a call gives are told as given, whatever they were: whether a
    /// guess is right is nobody's to find out.
    pub(crate) fn masked(&self, given: &[String]) -> Value {
        let mut shown = self.json();
        if let Some(variables) = shown.pointer_mut("/Environment/Variables").and_then(Value::as_object_mut) {
            for (name, value) in variables {
                *value = json!(if given.contains(name) { "(hidden, as given)" } else { "(hidden)" });
            }
        }
        shown
    }
}

/// The variables that a merge patch gives values of.
pub(crate) fn given(patch: &Map<String, Value>) -> Vec<String> {
    let variables = patch.get("Environment").and_then(|environment| environment.get("Variables"));
    let variables = variables.and_then(Value::as_object).into_iter().flatten();
    variables.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn config() -> Config {
        serde_json::from_value(json!({
            "Handler": "index.handler", "Runtime": "python3.12", "MemorySize": 128, "Timeout": 3, "Description": "d",
            "Environment": {"Variables": {"A": "1", "B": "secret"}}, "Layers": ["l:1"],
        }))
        .unwrap()
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let after = config()
            .patched(&patch(json!({"MemorySize": 256, "Environment": {"Variables": {"A": null, "C": "3"}}})))
            .unwrap();
        assert_eq!(after.memory_size, Some(256));
        let names: Vec<&String> = after.variables().map(|(name, _)| name).collect();
        assert_eq!(names, ["B", "C"]);
        assert_eq!(after.layers, config().layers);
        for (wrong, why) in [
            (json!({"Memory": 1}), "unknown field `Memory`"),
            (json!({"MemorySize": null}), "must have MemorySize"),
            (json!({"Handler": null}), "must have Handler"),
            (json!({"Environment": {"Variables": {"X": 1}}}), "patch"),
            (json!({"Environment": {"Variables": {"X": "x".repeat(5000)}}}), "4,096"),
        ] {
            let error = config().patched(&patch(wrong)).unwrap_err();
            assert!(error.message.contains(why), "{}", error.message);
        }
    }

    #[test]
    fn values_are_masked_but_a_change_shows() {
        let before = config();
        let patch = patch(json!({"Environment": {"Variables": {"B": "new", "C": "3", "D": null}}}));
        let after = before.patched(&patch).unwrap();
        assert_eq!(given(&patch), ["B", "C"]);
        let (old, new) = (before.masked(&[]).to_string(), after.masked(&given(&patch)).to_string());
        for secret in ["secret", "\"new\"", "\"3\""] {
            assert!(!old.contains(secret) && !new.contains(secret), "{new}");
        }
        assert!(new.contains(r#""B":"(hidden, as given)""#) && new.contains(r#""A":"(hidden)""#), "{new}");
    }
}
