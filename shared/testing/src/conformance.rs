//! What holds for every server, as its manifest says it.

use std::collections::BTreeSet;

use awsmcp_spec::{Manifest, broken};
use serde_json::Value;

use crate::{fail, golden};

/// The one test of what a server promises, in its crate:
///
/// ```ignore
/// #[test]
/// fn the_manifest_conforms() {
///     awsmcp_testing::conformance(&super::server().manifest(), &[]);
/// }
/// ```
///
/// `fields` are those of answers that its texts name: a manifest says what tools take, and not what they answer.
///
/// It holds the manifest to the rules of every server (sizes, names, schemas; every tool that the instructions, a
/// description, a runbook or a resource names exists) and then to the package's `manifest.json`, which
/// `AWSMCP_UPDATE=1 cargo test -p <crate> manifest` rewrites.
#[track_caller]
pub fn conformance(manifest: &Manifest, fields: &[&str]) {
    let wrong = wrong(manifest, fields);
    if !wrong.is_empty() {
        fail(format!("{} breaks the rules of every server:\n- {}", manifest.server, wrong.join("\n- ")));
    }
    golden::manifest(".", manifest);
}

/// The rules that are broken, each in a sentence.
fn wrong(manifest: &Manifest, fields: &[&str]) -> Vec<String> {
    let mut wrong = broken(manifest);
    wrong.extend(names_nothing(manifest, fields));
    wrong
}

/// Words like `list_things` in what a model reads that are no tool, no field, no choice and no argument of the server.
fn names_nothing(manifest: &Manifest, fields: &[&str]) -> Vec<String> {
    let mut known = BTreeSet::new();
    for tool in &manifest.tools {
        known.insert(tool.name.as_str());
        words_of(&tool.input_schema, &mut known);
    }
    known.extend(manifest.toolsets.iter().map(|toolset| toolset.name.as_str()));
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    let mut look = |place: String, text: &str, arguments: &[String]| {
        for word in snake_words(text) {
            if let Some(field) = fields.iter().find(|field| **field == word) {
                used.insert(*field);
            } else if !known.contains(word) && !arguments.iter().any(|argument| argument == word) {
                wrong.push(format!("{place} names {word}: there is none"));
            }
        }
    };
    look("what the server says when it is connected to".to_owned(), &manifest.instructions, &[]);
    for tool in &manifest.tools {
        look(format!("the description of {}", tool.name), &tool.description, &[]);
    }
    for prompt in &manifest.prompts {
        look(format!("the runbook {}", prompt.name), &prompt.text, &prompt.arguments);
    }
    let unused = fields.iter().filter(|field| !used.contains(*field));
    wrong.extend(unused.map(|field| format!("no text names the field {field}")));
    wrong
}

/// The names of a schema's fields, and its choices.
fn words_of<'a>(schema: &'a Value, known: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Array(schemas) => schemas.iter().for_each(|schema| words_of(schema, known)),
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                match (keyword.as_str(), value) {
                    ("properties" | "$defs", Value::Object(fields)) => {
                        known.extend(fields.keys().map(String::as_str));
                    }
                    ("enum", Value::Array(choices)) => known.extend(choices.iter().filter_map(Value::as_str)),
                    ("const", Value::String(choice)) => {
                        known.insert(choice);
                    }
                    _ => {}
                }
                words_of(value, known);
            }
        }
        _ => {}
    }
}

/// `list_tables` and `dry_run` of "list_tables, then dry_run", and nothing of `SOME_CONSTANT` and `a-b`.
fn snake_words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| {
        word.contains('_')
            && word.starts_with(|letter: char| letter.is_ascii_lowercase())
            && !word.ends_with('_')
            && !word.contains(|letter: char| letter.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use awsmcp_spec::{NeedEntry, PromptEntry, ResourceEntry, Risk, ToolEntry, ToolsetEntry};
    use serde_json::json;

    use super::*;

    fn good() -> Manifest {
        let tool = ToolEntry {
            name: "list_things".to_owned(),
            title: "List things".to_owned(),
            description: "Lists things; max_size leaves out the large ones.".to_owned(),
            risk: Risk::Read,
            toolset: "things".to_owned(),
            default: true,
            local_files: false,
            dispatches: false,
            shown_by: None,
            needs: vec![NeedEntry { action: "s:List".to_owned(), arn: "*".to_owned(), when: None }],
            input_schema: json!({"type": "object", "properties": {
                "max_size": {"type": "integer"},
                "kind": {"type": "string", "enum": ["very_large", "small"]},
            }, "required": ["kind"]}),
        };
        Manifest {
            server: "thing".to_owned(),
            title: "Thing".to_owned(),
            summary: "Lists.".to_owned(),
            instructions: "Start with list_things.".to_owned(),
            options: Vec::new(),
            toolsets: vec![ToolsetEntry { name: "things".to_owned(), summary: "things".to_owned() }],
            tools: vec![tool],
            resources: vec![ResourceEntry {
                uri_template: "thing://{id}".to_owned(),
                name: "thing".to_owned(),
                description: "A thing.".to_owned(),
                tool: "list_things".to_owned(),
            }],
            prompts: vec![PromptEntry {
                name: "find".to_owned(),
                description: "Finds.".to_owned(),
                arguments: vec!["thing_id".to_owned()],
                text: "list_things with kind=very_large near {thing_id}.".to_owned(),
            }],
            default_list_bytes: 10,
            full_list_bytes: 10,
        }
    }

    /// What is wrong with a good manifest after one change.
    fn after(change: impl FnOnce(&mut Manifest)) -> Vec<String> {
        let mut manifest = good();
        change(&mut manifest);
        wrong(&manifest, &[])
    }

    #[test]
    fn a_good_manifest_is_good_and_every_rule_can_be_broken() {
        assert_eq!(after(|_| {}), Vec::<String>::new());
        type Change = fn(&mut Manifest);
        let changes: [(Change, &str); 18] = [
            (|it| it.default_list_bytes = 10_001, "tools/list by default: 10001 is more than 10000"),
            (|it| it.full_list_bytes = 37_001, "tools/list with all tools: 37001 is more than 37000"),
            (|it| it.instructions = "x".repeat(2049), "the instructions: 2049 is more than 2048"),
            (|it| it.tools[0].description = "x".repeat(300) + ".", "the description of list_things: 301"),
            (|it| it.tools.push(it.tools[0].clone()), "list_things is there twice"),
            (|it| it.tools[0].toolset = "other".to_owned(), "toolset \"other\", which is none"),
            (|it| it.tools[0].title.clear(), "it has no title"),
            (|it| it.tools[0].description.push('x'), "does not end as a sentence"),
            (|it| it.tools[0].input_schema["type"] = json!("array"), "its input is not an object"),
            (
                |it| it.tools[0].input_schema["properties"]["kind"]["oops"] = json!(1),
                "nothing checks \"oops\"",
            ),
            (|it| it.tools[0].input_schema["required"] = json!(["size"]), "size is required"),
            (|it| it.tools[0].needs[0].action = "List".to_owned(), "\"List\" is no IAM action"),
            (
                |it| it.tools[0].needs[0].when = Some("small".to_owned()),
                "\"small\" speaks of small, and its input has no such field",
            ),
            (|it| it.tools[0].risk = Risk::Write, "shown by no tool, which is none that looks"),
            (|it| it.tools[0].shown_by = Some("get_thing".to_owned()), "shown by get_thing, which is none"),
            (|it| it.resources[0].tool = "get_thing".to_owned(), "get_thing, which is no tool"),
            (|it| it.prompts[0].text = "get_thing first".to_owned(), "the runbook find names get_thing"),
            (|it| it.instructions = "Start with list_thing.".to_owned(), "names list_thing: there is none"),
        ];
        for (change, why) in changes {
            let wrong = after(change);
            assert!(wrong.len() == 1 && wrong[0].contains(why), "{why}: {wrong:?}");
        }
        let mut manifest = good();
        manifest.instructions = "Look at hot_things.".to_owned();
        assert_eq!(wrong(&manifest, &["hot_things"]), Vec::<String>::new());
        assert_eq!(wrong(&good(), &["hot_things"]), ["no text names the field hot_things"]);
        let renamed = after(|it| it.tools[0].name = "ListThings".to_owned());
        assert!(renamed.iter().any(|why| why == "ListThings: its name is not snake_case"), "{renamed:?}");
        let long = after(|it| it.tools[0].name = "a_name_that_is_longer_than_names_are".to_owned());
        assert!(long.iter().any(|why| why.contains("36 is more than 30")), "{long:?}");
    }
}
