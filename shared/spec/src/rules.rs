//! What every server's manifest is held to: what a model reads stays small, and whatever it names exists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    manifest::{Manifest, ToolEntry},
    spec::{SCHEMA_KEYWORDS, fields_of},
};

/// The most bytes of the `tools/list` answer as started without a flag: every session pays for them.
const DEFAULT_LIST_BYTES: usize = 10_000;
/// The most bytes of the same with every tool allowed: 32,000 for a server's own, 5,000 for those that call any operation.
const FULL_LIST_BYTES: usize = 37_000;
/// The most characters of a tool's description.
const DESCRIPTION: usize = 300;
/// The most characters of what a server tells a model when it connects: hosts cut there.
const INSTRUCTIONS: usize = 2048;
/// The most characters of a tool's name: hosts put the server's name before it.
const NAME: usize = 30;

/// The rules of every server that a manifest breaks, each in a sentence.
pub fn broken(manifest: &Manifest) -> Vec<String> {
    let mut wrong = sizes(manifest);
    let toolsets: BTreeSet<&str> = manifest.toolsets.iter().map(|toolset| toolset.name.as_str()).collect();
    let mut names = BTreeSet::new();
    for tool in &manifest.tools {
        if !names.insert(tool.name.as_str()) {
            wrong.push(format!("{} is there twice", tool.name));
        }
        if !toolsets.contains(tool.toolset.as_str()) {
            wrong.push(format!("{} belongs to the toolset {:?}, which is none", tool.name, tool.toolset));
        }
        wrong.extend(of_tool(tool).into_iter().map(|why| format!("{}: {why}", tool.name)));
    }
    for tool in manifest.tools.iter().filter(|tool| tool.risk.changes() || tool.shown_by.is_some()) {
        // A tool that changes something shows it by its own plan at most.
        let shows = |name: &str| {
            let mut named = manifest.tools.iter().filter(|other| other.name == name);
            named.any(|other| other.name == tool.name || !other.risk.changes())
        };
        if !tool.shown_by.as_deref().is_some_and(shows) {
            let by = tool.shown_by.as_deref().unwrap_or("no tool");
            wrong.push(format!("{}: what it did is shown by {by}, which is none that looks", tool.name));
        }
    }
    for resource in &manifest.resources {
        if !names.contains(resource.tool.as_str()) {
            wrong.push(format!("{} is read by {}, which is no tool", resource.uri_template, resource.tool));
        }
    }
    wrong
}

fn sizes(manifest: &Manifest) -> Vec<String> {
    let of_tools = manifest.tools.iter().flat_map(|tool| {
        let length = |text: &str| text.chars().count();
        [
            (format!("the description of {}", tool.name), length(&tool.description), DESCRIPTION),
            (format!("the name {}", tool.name), length(&tool.name), NAME),
        ]
    });
    let of_all = [
        ("tools/list by default".to_owned(), manifest.default_list_bytes, DEFAULT_LIST_BYTES),
        ("tools/list with all tools".to_owned(), manifest.full_list_bytes, FULL_LIST_BYTES),
        ("the instructions".to_owned(), manifest.instructions.chars().count(), INSTRUCTIONS),
    ];
    of_all
        .into_iter()
        .chain(of_tools)
        .filter(|(_, size, most)| size > most)
        .map(|(what, size, most)| format!("{what}: {size} is more than {most}"))
        .collect()
}

fn of_tool(tool: &ToolEntry) -> Vec<String> {
    let mut wrong = Vec::new();
    let snake = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !tool.name.starts_with(|letter: char| letter.is_ascii_lowercase()) || !tool.name.chars().all(snake) {
        wrong.push("its name is not snake_case".to_owned());
    }
    if tool.title.is_empty() {
        wrong.push("it has no title".to_owned());
    }
    if !tool.description.ends_with('.') {
        wrong.push("its description does not end as a sentence does".to_owned());
    }
    let schema = &tool.input_schema;
    if schema["type"] != "object" {
        wrong.push("its input is not an object".to_owned());
    }
    if let Some(keyword) = unknown_keyword(schema) {
        wrong.push(format!("nothing checks {keyword:?} in its schema"));
    }
    let names = |field: &str| -> Vec<&str> {
        match &schema[field] {
            Value::Object(properties) => properties.keys().map(String::as_str).collect(),
            Value::Array(required) => required.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    };
    let properties = names("properties");
    for name in names("required").iter().filter(|name| !properties.contains(*name)) {
        wrong.push(format!("{name} is required, but its input has no such field"));
    }
    for need in &tool.needs {
        let action = need.action.split_once(':');
        if !action.is_some_and(|(service, action)| !service.is_empty() && !action.is_empty()) {
            wrong.push(format!("{:?} is no IAM action", need.action));
        }
    }
    // A condition on what no input has would never hold.
    let conditions: BTreeSet<&str> = tool.needs.iter().filter_map(|need| need.when.as_deref()).collect();
    for condition in conditions {
        for field in fields_of(condition) {
            let first = field.split(['.', '[']).next().unwrap_or(field);
            if !properties.contains(&first) {
                wrong.push(format!("{condition:?} speaks of {first}, and its input has no such field"));
            }
        }
    }
    wrong
}

/// A keyword of a schema that no call would be held to.
fn unknown_keyword(schema: &Value) -> Option<&str> {
    match schema {
        Value::Array(schemas) => schemas.iter().find_map(unknown_keyword),
        Value::Object(keywords) => keywords.iter().find_map(|(keyword, value)| match keyword.as_str() {
            "properties" | "$defs" => value.as_object()?.values().find_map(unknown_keyword),
            "enum" | "const" | "default" | "examples" => None,
            known if SCHEMA_KEYWORDS.contains(&known) => unknown_keyword(value),
            unknown => Some(unknown),
        }),
        _ => None,
    }
}
