//! JSON schemas as models and hosts want them: short, flat, without decoration.

use awsmcp_spec::{Risk, Spec};
use rmcp::model::JsonObject;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    Output,
    argument::{self, Readers},
};

/// A tool's own input: what the model reads, and the schema of its fields.
pub(crate) struct Input {
    pub(crate) description: String,
    pub(crate) schema: JsonObject,
    /// Who reads the arguments that name resources.
    pub(crate) readers: Readers,
}

/// The input schema of a tool, cleaned.
pub(crate) fn input<T: JsonSchema>() -> Input {
    let mut schema = generator().into_root_schema_for::<T>().to_value();
    let readers = argument::readers(&mut schema);
    clean(&mut schema);
    let mut schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    let description = match schema.remove("description") {
        Some(Value::String(text)) => join_lines(&text),
        _ => String::new(),
    };
    schema.entry("type").or_insert_with(|| json!("object"));
    Input { description, schema, readers }
}

/// The output schema of a tool: rooted at an object, nothing required, because `query` may reshape it.
pub(crate) fn output<T: Output>() -> JsonObject {
    let mut generator = generator();
    let mut properties = T::schema(&mut generator);
    if let Some(properties) = properties.as_object_mut() {
        properties.values_mut().for_each(clean);
        properties.insert("next".into(), json!({"type": "string"}));
        properties.insert("notes".into(), json!({"type": "array", "items": {"type": "string"}}));
        properties.insert("result".into(), json!({"description": "What `query` selected."}));
    }
    Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), properties)])
}

/// The parameters that the adapter adds to a tool, in the order a reader wants them.
pub(crate) struct Common {
    pub(crate) region: bool,
    pub(crate) profile: bool,
}

impl Common {
    /// The schema that a client is shown.
    pub(crate) fn add_to(&self, spec: &Spec, own: &JsonObject) -> JsonObject {
        let mut schema = own.clone();
        let fields = schema.entry("properties").or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            for (name, field) in self.fields(spec) {
                fields.insert(name.to_owned(), field);
            }
            if fields.is_empty() {
                schema.remove("properties");
            }
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    /// The names and schemas of the common parameters this tool takes.
    pub(crate) fn fields(&self, spec: &Spec) -> Vec<(&'static str, Value)> {
        let string = || json!({"type": "string"});
        let mut fields = Vec::new();
        if spec.list {
            fields.push(("limit", json!({"type": "integer", "minimum": 1, "maximum": 1000})));
        }
        if spec.list || is_kept(spec) {
            fields.push(("cursor", string()));
        }
        let (looks, changes) = (!spec.risk.changes(), spec.risk.changes() || spec.dispatches);
        if looks {
            fields.push(("query", string()));
            fields.push(("max_chars", json!({"type": "integer", "minimum": 200})));
        }
        if self.region {
            fields.push(("region", string()));
            if spec.regional && looks {
                fields.push(("regions", json!({"type": "array", "items": string(), "minItems": 1})));
            }
        }
        if self.profile {
            fields.push(("profile", string()));
        }
        if changes {
            fields.push(("dry_run", json!({"type": "boolean"})));
            fields.push(("confirm", string()));
        }
        fields
    }
}

/// Whether a long answer of a tool is kept, for its cursor to read on in: it was paid for, or what it tells is done. What
/// only looks is asked again.
pub(crate) fn is_kept(spec: &Spec) -> bool {
    !spec.list && !matches!(spec.risk, Risk::Read | Risk::Reveal)
}

fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    settings.inline_subschemas = true;
    settings.into_generator()
}

/// Takes away what costs tokens and says nothing: `$schema`, `title`, `format` of numbers, `null` of optional
/// fields, defaults that are `null`; folds one-of-constants into an enum.
fn clean(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(object) => {
            // A property may itself be called `title`: only keywords are removed, never property names.
            for (keyword, value) in object.iter_mut() {
                match keyword.as_str() {
                    "properties" | "$defs" | "patternProperties" => {
                        if let Some(named) = value.as_object_mut() {
                            named.iter_mut().for_each(|(_, schema)| clean(schema));
                        }
                    }
                    "items" | "anyOf" | "oneOf" | "allOf" | "additionalProperties" | "prefixItems" => {
                        clean(value)
                    }
                    _ => {}
                }
            }
            object.remove("$schema");
            if object.get("title").is_some_and(Value::is_string) {
                object.remove("title");
            }
            object.remove("format");
            if object.get("default").is_some_and(|default| default.is_null() || *default == json!(false)) {
                object.remove("default");
            }
            if let Some(text) = object.get("description").and_then(Value::as_str) {
                let text = join_lines(text);
                object.insert("description".to_owned(), Value::String(text));
            }
            drop_null(object);
            fold_constants(object);
        }
        _ => {}
    }
}

fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = object.get_mut("enum") {
        options.retain(|option| !option.is_null());
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = object.get_mut(keyword) else { continue };
        branches.retain(|branch| branch != &json!({"type": "null"}));
        if let [Value::Object(only)] = branches.as_slice() {
            let only = only.clone();
            object.remove(keyword);
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

fn fold_constants(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("oneOf") else { return };
    let constants: Option<Vec<Value>> = branches
        .iter()
        .map(|branch| match branch.get("const") {
            Some(constant) => Some(vec![constant.clone()]),
            None => branch.get("enum").and_then(Value::as_array).cloned(),
        })
        .collect::<Option<Vec<_>>>()
        .map(|lists| lists.concat());
    if let Some(constants) = constants {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), Value::Array(constants));
    }
}

/// A doc comment's lines are one paragraph.
fn join_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Lists things.
    ///
    /// Use another tool
    /// for others.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Sample {
        /// The name,
        /// on two lines.
        name: String,
        #[schemars(range(min = 1, max = 9))]
        count: Option<u32>,
        kind: Option<Kind>,
        #[serde(default)]
        deep: bool,
        title: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        /// The first.
        FirstOne,
        Second,
    }

    #[test]
    fn a_schema_is_short_and_flat() {
        let input = input::<Sample>();
        assert_eq!(input.description, "Lists things. Use another tool for others.");
        assert_eq!(
            Value::Object(input.schema),
            json!({
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "The name, on two lines."},
                    "count": {"type": "integer", "minimum": 1, "maximum": 9},
                    // schemars puts the variants without words of their own first.
                    "kind": {"type": "string", "enum": ["second", "first_one"]},
                    "deep": {"type": "boolean"},
                    "title": {"type": "string"},
                },
                "required": ["name"],
                "additionalProperties": false,
            })
        );
    }

    #[derive(serde::Serialize, JsonSchema)]
    struct Row {
        name: String,
        size: Option<u64>,
    }

    #[test]
    fn an_output_schema_knows_no_null() {
        let schema = Value::Object(output::<crate::One<Row>>());
        assert_eq!(
            schema["properties"]["item"],
            json!({
                "type": "object",
                "properties": {"name": {"type": "string"}, "size": {"type": "integer", "minimum": 0}},
                "required": ["name"],
            })
        );
    }

    /// Takes nothing.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[test]
    fn a_tool_without_input_has_the_smallest_schema() {
        let own = input::<Nothing>().schema;
        assert_eq!(Value::Object(own), json!({"type": "object", "additionalProperties": false}));
    }

    #[test]
    fn every_common_parameter_is_documented() {
        let all = Common { region: true, profile: true };
        let specs = [Spec::list("a", "A").regional(), Spec::destroy("b", "B")];
        let mut names: Vec<&str> =
            specs.iter().flat_map(|spec| all.fields(spec)).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let mut documented: Vec<&str> =
            awsmcp_spec::COMMON_PARAMETERS.iter().map(|(name, _)| *name).collect();
        documented.sort_unstable();
        assert_eq!(names, documented);
    }
}
