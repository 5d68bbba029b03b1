//! What a model reads stays small, and is held to.

use std::collections::BTreeSet;

use awsmcp_spec::{Manifest, SCHEMA_KEYWORDS};
use serde_json::Value as Json;

pub(super) fn check(manifest: &Manifest) -> Vec<String> {
    const DEFAULT_LIST_BYTES: usize = 10_000;
    const FULL_LIST_BYTES: usize = 32_000;
    const DESCRIPTION: usize = 300;
    const INSTRUCTIONS: usize = 2048;
    let mut wrong = Vec::new();
    let id = &manifest.server;
    let mut sizes = vec![
        ("the default tools/list in bytes".to_owned(), manifest.default_list_bytes, DEFAULT_LIST_BYTES),
        ("the full tools/list in bytes".to_owned(), manifest.full_list_bytes, FULL_LIST_BYTES),
        ("the length of the instructions".to_owned(), manifest.instructions.chars().count(), INSTRUCTIONS),
    ];
    for tool in &manifest.tools {
        let length = tool.description.chars().count();
        sizes.push((format!("the length of {}'s description", tool.name), length, DESCRIPTION));
        if tool.description.is_empty() {
            wrong.push(format!("servers/{id}: {} has no description", tool.name));
        }
        if let Some(keyword) = unknown_keyword(&tool.input_schema) {
            wrong.push(format!("servers/{id}: nothing checks {keyword:?} in the schema of {}", tool.name));
        }
    }
    for (what, size, most) in sizes {
        if size > most {
            wrong.push(format!("servers/{id}: {what} is {size}, at most {most}"));
        }
    }
    let mut seen = BTreeSet::new();
    for tool in &manifest.tools {
        if !seen.insert(&tool.name) {
            wrong.push(format!("servers/{id}: {} is registered twice", tool.name));
        }
    }
    wrong
}

/// A keyword of a schema that no call would be held to.
fn unknown_keyword(schema: &Json) -> Option<String> {
    match schema {
        Json::Array(schemas) => schemas.iter().find_map(unknown_keyword),
        Json::Object(keywords) => keywords.iter().find_map(|(keyword, value)| match keyword.as_str() {
            "properties" | "$defs" => value.as_object()?.values().find_map(unknown_keyword),
            "enum" | "const" | "default" | "examples" => None,
            known if SCHEMA_KEYWORDS.contains(&known) => unknown_keyword(value),
            unknown => Some(unknown.to_owned()),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_that_nothing_checks_is_seen() {
        let schema = serde_json::json!({
            "properties": {"pattern": {"type": "string", "enum": [{"format": 1}]}},
            "anyOf": [{"items": {"minimum": 1}}]
        });
        assert_eq!(unknown_keyword(&schema), None);
        let schema = serde_json::json!({"properties": {"name": {"anyOf": [{"pattern": "a"}]}}});
        assert_eq!(unknown_keyword(&schema).as_deref(), Some("pattern"));
    }
}
