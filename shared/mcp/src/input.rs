//! The arguments of a call: the common parameters taken out, the rest checked against the tool's schema.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::{Error, Result, Service, Settings, schema, text::nearest, text::quoted, tool::Entry};

/// The parameters that every tool shares, and the tool's own.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) own: JsonObject,
    pub(crate) region: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) profile: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) cursor: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) max_chars: Option<usize>,
    pub(crate) dry_run: bool,
    pub(crate) confirm: Option<String>,
}

/// # Errors
/// Names the argument, what is wrong with it and what a good one looks like.
pub(crate) fn read<S: Service>(
    entry: &Entry<S>,
    arguments: JsonObject,
    settings: &Settings,
) -> Result<Input> {
    // A model writes `null` for an argument it has no value for.
    let mut own: JsonObject = arguments.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let common = schema::Common { region: true, profile: true }.fields(&entry.spec);
    unknown(entry, &own, &common)?;
    let mut input = Input::default();
    for (name, _) in &common {
        let Some(value) = own.shift_remove(*name) else { continue };
        match *name {
            "region" => input.region = Some(text(name, &value)?),
            "profile" => input.profile = Some(text(name, &value)?),
            "cursor" => input.cursor = Some(text(name, &value)?),
            "query" => input.query = Some(text(name, &value)?),
            "confirm" => input.confirm = Some(text(name, &value)?),
            "dry_run" => input.dry_run = flag(name, &value)?,
            "limit" => input.limit = Some(number(name, &value, 1, 1000)?.try_into().unwrap_or(1000)),
            "max_chars" => {
                let most = settings.max_chars as u64;
                input.max_chars =
                    Some(number(name, &value, 200, most)?.try_into().unwrap_or(settings.max_chars));
            }
            "regions" => {
                input.regions = match &value {
                    Value::Array(names) => {
                        names.iter().map(|region| text(name, region)).collect::<Result<_>>()?
                    }
                    other => vec![text(name, other)?],
                }
            }
            _ => {}
        }
    }
    if input.region.is_some() && !input.regions.is_empty() {
        return Err(Error::invalid("give `region` or `regions`, not both"));
    }
    let whole = Value::Object(own);
    if let Some(validator) = &entry.input().validator
        && let Err(error) = validator.validate(&whole)
    {
        return Err(explain(&error, &entry.input().schema));
    }
    if let Value::Object(own) = whole {
        input.own = own;
    }
    Ok(input)
}

fn unknown<S: Service>(entry: &Entry<S>, own: &JsonObject, common: &[(&'static str, Value)]) -> Result<()> {
    let properties = entry.input().schema.get("properties").and_then(Value::as_object);
    let known: Vec<&str> = properties
        .into_iter()
        .flat_map(|fields| fields.keys().map(String::as_str))
        .chain(common.iter().map(|(name, _)| *name))
        .collect();
    let Some(stray) = own.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let meant = nearest(stray, known.iter().copied());
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    Err(Error::invalid(format!("unknown argument {}{meant}", quoted(stray))).with_next(format!(
        "{} takes: {}",
        entry.spec.name,
        known.join(", ")
    )))
}

fn text(name: &str, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong_type(name, "a string", value))
}

fn flag(name: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong_type(name, "true or false", value))
}

fn number(name: &str, value: &Value, least: u64, most: u64) -> Result<u64> {
    value
        .as_u64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong_type(name, &format!("a whole number from {least} to {most}"), value))
}

fn wrong_type(name: &str, wanted: &str, value: &Value) -> Error {
    Error::invalid(format!("`{name}` takes {wanted}, not {}", shown(value)))
}

fn shown(value: &Value) -> String {
    quoted(&value.to_string()).trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\")
}

fn explain(error: &jsonschema::ValidationError<'_>, schema: &JsonObject) -> Error {
    let path = error.instance_path().to_string();
    let name = path.trim_start_matches('/').replace('/', ".");
    let given = shown(error.instance());
    let named = |wanted: String| format!("`{name}` takes {wanted}, not {given}");
    let message = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let missing = property.as_str().unwrap_or_default();
            let whole = if name.is_empty() { missing.to_owned() } else { format!("{name}.{missing}") };
            let about = describe(schema, &whole);
            format!("the argument `{whole}` is missing{about}")
        }
        ValidationErrorKind::Type { kind } => named(match kind {
            TypeKind::Single(kind) => a(&kind.to_string()),
            TypeKind::Multiple(kinds) => {
                kinds.iter().map(|kind| a(&kind.to_string())).collect::<Vec<_>>().join(" or ")
            }
        }),
        ValidationErrorKind::Enum { options } => {
            let options: Vec<&str> =
                options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let meant = error.instance().as_str().and_then(|word| nearest(word, options.iter().copied()));
            let meant = meant.map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
            format!("{}{meant}", named(format!("one of {}", options.join(", "))))
        }
        ValidationErrorKind::Minimum { limit } => named(format!("at least {limit}")),
        ValidationErrorKind::Maximum { limit } => named(format!("at most {limit}")),
        ValidationErrorKind::MinLength { limit } => named(format!("at least {limit} characters")),
        ValidationErrorKind::MaxLength { limit } => named(format!("at most {limit} characters")),
        ValidationErrorKind::MinItems { limit } => named(format!("at least {limit} items")),
        ValidationErrorKind::MaxItems { limit } => named(format!("at most {limit} items")),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("`{name}` has no field {}", unexpected.join(", "))
        }
        _ => format!("`{name}`: {error}"),
    };
    Error::invalid(message)
}

fn a(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".to_owned(),
        "object" | "array" => format!("an {kind}"),
        "boolean" => "true or false".to_owned(),
        other => format!("a {other}"),
    }
}

/// What the schema says of a top-level field, for an error that names it.
fn describe(schema: &JsonObject, name: &str) -> String {
    schema
        .get("properties")
        .and_then(|fields| fields.get(name))
        .and_then(|field| field.get("description"))
        .and_then(Value::as_str)
        .map(|text| format!(": {text}"))
        .unwrap_or_default()
}
