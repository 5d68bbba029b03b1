//! A tool as AgentCore Gateway takes it for a Lambda target: its schemas have five keywords, and every one has a type.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_SchemaDefinition.html>

use serde_json::{Map, Value, json};

/// The keywords of a schema there.
pub const GATEWAY_KEYWORDS: [&str; 5] = ["type", "description", "items", "properties", "required"];

/// A tool definition. What its schema cannot say stands in the descriptions, in a few words.
pub fn gateway_tool(name: &str, description: &str, input_schema: &Value) -> Value {
    json!({"name": name, "description": description, "inputSchema": slim(input_schema)})
}

/// Arguments as the tool takes them, from those that fit the slim schema: what may be anything is JSON in a text there.
/// A text that is no JSON stays as it is.
pub fn from_gateway(input_schema: &Value, argument: Value) -> Value {
    let of = |keyword: &str| input_schema.get(keyword);
    match argument {
        Value::String(text) if is_anything(input_schema) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Value::Object(fields) => {
            let inner = |name: &str| {
                of("properties").and_then(|fields| fields.get(name)).or(of("additionalProperties"))
            };
            let fields = fields.into_iter().map(|(name, value)| match inner(&name) {
                Some(schema) => (name, from_gateway(schema, value)),
                None => (name, value),
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => match of("items") {
            Some(schema) => items.into_iter().map(|item| from_gateway(schema, item)).collect(),
            None => Value::Array(items),
        },
        other => other,
    }
}

fn is_anything(schema: &Value) -> bool {
    schema.is_object() && schema.get("type").is_none()
}

fn slim(schema: &Value) -> Value {
    let of = |keyword: &str| schema.get(keyword);
    let mut out = Map::new();
    out.insert("type".to_owned(), kind(schema).into());
    let about = of("description").and_then(Value::as_str).map(sentence);
    let about: Vec<String> = about.into_iter().chain(notes(schema)).collect();
    if !about.is_empty() {
        out.insert("description".to_owned(), about.join(" ").into());
    }
    if let Some(items) = of("items") {
        out.insert("items".to_owned(), slim(items));
    }
    if let Some(fields) = of("properties").and_then(Value::as_object) {
        let fields = fields.iter().map(|(name, field)| (name.clone(), slim(field)));
        out.insert("properties".to_owned(), Value::Object(fields.collect()));
    }
    if let Some(required) = of("required") {
        out.insert("required".to_owned(), required.clone());
    }
    Value::Object(out)
}

/// The one type that a schema has there.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        // Of several, a text can say them all.
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            let first = names.clone().next();
            names.find(|name| *name == "string").or(first).unwrap_or("string")
        }
        _ => "string",
    }
}

/// What a schema says in keywords that are not known there.
fn notes(schema: &Value) -> impl Iterator<Item = String> {
    let of = |keyword: &str| schema.get(keyword);
    let anything = is_anything(schema).then(|| "JSON as text: `\"a\"`, `5` or `{\"k\":[1]}`.".to_owned());
    let choices = of("enum").and_then(Value::as_array).map(|choices| format!("One of {}.", list(choices)));
    let constant = of("const").map(|value| format!("Always {}.", word(value)));
    let size = range(of("minimum"), of("maximum"), "");
    let items = range(of("minItems"), of("maxItems"), " items");
    let length = range(of("minLength"), of("maxLength"), " characters");
    let named =
        of("additionalProperties").filter(|inner| inner.is_object()).map(|inner| match inner.get("items") {
            Some(items) => format!("Names of your own, each with a list of {}s.", kind(items)),
            None => format!("Names of your own, each with a {}.", kind(inner)),
        });
    let usual =
        of("default").filter(|value| !is_empty(value)).map(|value| format!("Default {}.", word(value)));
    [anything, choices, constant, size, items, length, named, usual].into_iter().flatten()
}

fn range(least: Option<&Value>, most: Option<&Value>, unit: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}.")),
        (Some(least), None) => Some(format!("At least {least}{unit}.")),
        (None, Some(most)) => Some(format!("At most {most}{unit}.")),
        (None, None) => None,
    }
}

fn list(values: &[Value]) -> String {
    values.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

/// With a full stop, so that another sentence can follow.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', ':', ';']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{Manifest, SCHEMA_KEYWORDS};

    const TYPES: [&str; 6] = ["string", "number", "object", "array", "boolean", "integer"];
    /// What says something that neither a slim schema nor its description would.
    const LOST: [&str; 8] =
        ["$defs", "$ref", "allOf", "anyOf", "exclusiveMaximum", "exclusiveMinimum", "oneOf", "prefixItems"];

    fn manifests() -> Vec<Manifest> {
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../servers");
        let read = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("manifest.json")).unwrap();
        let texts = fs::read_dir(servers).unwrap().map(|entry| read(entry.unwrap()));
        texts.map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    /// Checks a schema and all in it.
    fn check(schema: &Value, at: &str) {
        let schema = schema.as_object().unwrap();
        for (keyword, value) in schema {
            assert!(GATEWAY_KEYWORDS.contains(&keyword.as_str()), "{at}: {keyword}");
            match keyword.as_str() {
                "properties" => {
                    for (name, field) in value.as_object().unwrap() {
                        check(field, &format!("{at}.{name}"));
                    }
                }
                "items" => check(value, &format!("{at}[]")),
                "required" => assert!(value.as_array().unwrap().iter().all(Value::is_string), "{at}"),
                "type" => assert!(TYPES.contains(&value.as_str().unwrap()), "{at}: {value}"),
                _ => assert!(value.is_string(), "{at}: {keyword}"),
            }
        }
        assert!(schema.contains_key("type"), "{at}");
    }

    #[test]
    fn every_tool_of_every_server_fits() {
        let manifests = manifests();
        assert!(manifests.len() >= 7, "{}", manifests.len());
        for manifest in manifests {
            for tool in manifest.tools {
                let made = gateway_tool(&tool.name, &tool.description, &tool.input_schema);
                let at = format!("{}.{}", manifest.server, tool.name);
                assert_eq!(
                    made.as_object().unwrap().keys().collect::<Vec<_>>(),
                    ["name", "description", "inputSchema"]
                );
                assert_eq!(made["inputSchema"]["type"], "object", "{at}");
                check(&made["inputSchema"], &at);
            }
        }
    }

    #[test]
    fn nothing_that_a_schema_says_is_lost() {
        fn walk(schema: &Value, at: &str) {
            for (keyword, value) in schema.as_object().into_iter().flatten() {
                assert!(
                    SCHEMA_KEYWORDS.contains(&keyword.as_str()) && !LOST.contains(&keyword.as_str()),
                    "{at}: {keyword}"
                );
                match keyword.as_str() {
                    "properties" => value
                        .as_object()
                        .unwrap()
                        .iter()
                        .for_each(|(name, field)| walk(field, &format!("{at}.{name}"))),
                    "items" | "additionalProperties" => walk(value, at),
                    _ => {}
                }
            }
        }
        for manifest in manifests() {
            for tool in manifest.tools {
                walk(&tool.input_schema, &format!("{}.{}", manifest.server, tool.name));
            }
        }
    }

    #[test]
    fn what_the_keywords_cannot_say_is_said_in_words() {
        let of = |schema: Value| slim(&schema)["description"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            of(json!({"type": "string", "enum": ["a", "b"], "description": "Which"})),
            "Which. One of a, b."
        );
        assert_eq!(
            of(json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 7})),
            "1 to 1000. Default 7."
        );
        assert_eq!(
            of(json!({"type": "array", "items": {"type": "string"}, "maxItems": 3})),
            "At most 3 items."
        );
        assert_eq!(of(json!({"type": "array", "items": {"type": "string"}, "default": []})), "");
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        assert_eq!(of(map), "Names of your own, each with a string.");
        assert_eq!(of(json!({"type": "object", "additionalProperties": false})), "");
        assert_eq!(slim(&json!({"type": ["integer", "string"]})), json!({"type": "string"}));
    }

    #[test]
    fn what_may_be_anything_is_json_in_a_text() {
        let schema = json!({"type": "object", "properties": {
            "value": {"description": "Of a filter."},
            "name": {"type": "string"},
            "several": {"type": "array", "items": {}},
            "named": {"type": "object", "additionalProperties": {}}
        }});
        assert_eq!(slim(&schema)["properties"]["value"]["type"], "string");
        let given = json!({"value": "5", "name": "5", "several": ["[1]", "plain", 2], "named": {"a": "true"}, "new": "1"});
        let expected =
            json!({"value": 5, "name": "5", "several": [[1], "plain", 2], "named": {"a": true}, "new": "1"});
        assert_eq!(from_gateway(&schema, given), expected);
    }
}
