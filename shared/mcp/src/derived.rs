//! Tools that only this account has: each is a call of another tool with some of its arguments fixed.
//!
//! A list tool of the server finds them, under its own permissions; its rows become tools. They are asked for when a
//! client first lists or calls tools, never at start, and kept for a while. Gate, ARN allow-list, deadline and audit
//! are those of the tool that they stand for.

use std::{collections::HashSet, sync::Arc, time::Duration};

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use crate::{
    Result, Settings,
    fence::{self, neutral},
    names::LONGEST_NAME,
    validate,
};

/// How a server's rows become tools.
#[derive(Clone, Copy, Debug)]
pub struct Derived {
    /// The list tool that finds them. Its rows have `name`, `title`, `description`, `schema` (of what a caller gives)
    /// and `with` (the arguments that are fixed).
    pub list: &'static str,
    /// The tool that they stand for.
    pub call: &'static str,
    /// Its argument that takes what a caller gives.
    pub into: &'static str,
    /// Whether an answer says that what such a tool stands for ran and failed: its caller is told of an error then.
    pub failed: fn(&Value) -> bool,
    /// How long they are kept, where the operator wants them at all.
    pub wanted: fn(&Settings) -> Option<Duration>,
}

/// One of them.
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) schema: Arc<JsonObject>,
    with: JsonObject,
}

/// The most of them: more would drown a model.
const MOST: usize = 100;

impl Made {
    /// Makes tools of rows; those whose name is no name of a tool, is `taken` or comes twice are left out.
    pub(crate) fn all(rows: &[Value], taken: &[&str]) -> Vec<Arc<Made>> {
        let mut names: HashSet<String> = taken.iter().map(|name| (*name).to_owned()).collect();
        let made = rows.iter().filter_map(Made::read).filter(|made| names.insert(made.name.clone()));
        made.take(MOST).map(Arc::new).collect()
    }

    fn read(row: &Value) -> Option<Made> {
        let text =
            |field: &str| row.get(field).and_then(Value::as_str).map(|text| neutral(text).into_owned());
        let name = text("name")?;
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(letters) {
            return None;
        }
        let mut schema = row.get("schema").and_then(Value::as_object).cloned().unwrap_or_default();
        if !is_shown_as_is(&schema) {
            // A name that can be seen only written out could not be given as it is: any arguments, then.
            schema = JsonObject::new();
        }
        fence_words(&mut schema);
        // Clients take no other kind of input.
        schema.insert("type".to_owned(), json!("object"));
        Some(Made {
            title: text("title").unwrap_or_else(|| name.clone()),
            name,
            description: text("description").unwrap_or_default(),
            schema: Arc::new(schema),
            with: row.get("with").and_then(Value::as_object).cloned().unwrap_or_default(),
        })
    }

    /// The arguments of the tool that it stands for.
    ///
    /// # Errors
    /// When what the caller gives does not fit the schema.
    pub(crate) fn arguments(&self, into: &str, given: JsonObject) -> Result<JsonObject> {
        validate::validate(&self.schema, &given)?;
        let mut given = given;
        validate::whole_numbers(&self.schema, &mut given);
        let mut arguments = self.with.clone();
        arguments.insert(into.to_owned(), Value::Object(given));
        Ok(arguments)
    }
}

/// The keywords of a schema that hold words for a reader.
const WORDS: [&str; 3] = ["title", "description", "$comment"];

/// Whether nothing is hidden in what a caller must write as it is: names of fields, choices, constants.
fn is_shown_as_is(schema: &JsonObject) -> bool {
    schema.iter().all(|(name, value)| {
        let words = WORDS.contains(&name.as_str()) && value.is_string();
        fence::written_out(name) == 0 && (words || has_nothing_hidden(value))
    })
}

fn has_nothing_hidden(value: &Value) -> bool {
    match value {
        Value::String(text) => fence::written_out(text) == 0,
        Value::Array(items) => items.iter().all(has_nothing_hidden),
        Value::Object(schema) => is_shown_as_is(schema),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Puts the words of a schema on one line each, with what is hidden in them written out.
fn fence_words(schema: &mut JsonObject) {
    for (name, value) in schema {
        match value {
            Value::String(text) if WORDS.contains(&name.as_str()) => *text = neutral(text).into_owned(),
            Value::Object(inner) => fence_words(inner),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(fence_words),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fence::tests::{HOSTILE, holds};
    use crate::{Risk, listing};

    #[test]
    fn no_word_of_a_tool_that_the_account_made_leaves_its_line() {
        for data in HOSTILE {
            let described = |name: &str| json!({"type": "object", "properties": {name: {"description": data, "title": data}}});
            let row = json!({"name": "fn_a", "title": data, "description": format!("its maker says {data}"), "schema": described("n")});
            let tool = listing::derived(&Made::read(&row).unwrap(), Risk::Invoke);
            let field = &tool.input_schema["properties"]["n"];
            let words = [
                tool.description.as_deref(),
                tool.title.as_deref(),
                field["description"].as_str(),
                field["title"].as_str(),
            ];
            for word in words {
                let word = word.unwrap();
                assert!(!word.contains('\n') && fence::written_out(word) == 0, "{word:?}");
            }
            holds(tool.description.as_deref().unwrap(), &[]);
            // A name that would have to be written out cannot be asked for.
            if fence::written_out(data) > 0 {
                let made = Made::read(&json!({"name": "fn_a", "schema": described(data)})).unwrap();
                assert_eq!(Value::Object(JsonObject::clone(&made.schema)), json!({"type": "object"}));
                let choice = json!({"name": "fn_a", "schema": {"properties": {"n": {"enum": [data]}}}});
                assert!(Made::read(&choice).unwrap().schema.get("properties").is_none());
            }
        }
    }

    #[test]
    fn rows_become_tools_with_names_of_their_own() {
        let row = |name: &str| json!({"name": name, "description": "d", "with": {"function": name}});
        let rows = [
            row("fn_a"),
            row("fn_a"),
            row("whoami"),
            row("no good"),
            row(""),
            row(&"x".repeat(65)),
            json!(1),
        ];
        let made = Made::all(&rows, &["whoami"]);
        assert_eq!(made.iter().map(|made| made.name.as_str()).collect::<Vec<_>>(), ["fn_a"]);
        let many: Vec<Value> = (0..200).map(|at| row(&format!("fn_{at}"))).collect();
        assert_eq!(Made::all(&many, &[]).len(), MOST);
    }

    #[test]
    fn what_is_given_is_checked_and_put_in_its_place() {
        let row = json!({"name": "fn_a", "schema": {"properties": {"n": {"type": "integer"}}, "required": ["n"]}, "with": {"function": "a"}});
        let made = Made::read(&row).unwrap();
        let given = |value: Value| made.arguments("payload", value.as_object().unwrap().clone());
        assert_eq!(
            Value::Object(given(json!({"n": 1})).unwrap()),
            json!({"function": "a", "payload": {"n": 1}})
        );
        assert!(given(json!({"n": "x"})).unwrap_err().message.starts_with("`n` takes "));
        assert!(given(json!({})).unwrap_err().message.contains("`n` is missing"));
        assert_eq!(made.schema["type"], json!("object"));
    }

    #[test]
    fn hidden_characters_of_a_description_are_written_out() {
        let made = Made::read(&json!({"name": "a", "description": "x\u{202e}y"})).unwrap();
        assert_eq!(made.description, "x\\u202ey");
    }
}
