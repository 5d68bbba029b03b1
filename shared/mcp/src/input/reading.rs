//! Reads a call's arguments by the tool's own schema and the common parameters.

use rmcp::model::JsonObject;
use serde_json::Value;

use super::Input;
use crate::{
    Error, Result, Service, Settings, argument, exact, query, schema,
    text::{nearest, quoted},
    tool::Entry,
    validate::{self, shown},
};

/// Takes the common parameters out and checks the rest against the tool's schema.
///
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
            "query" => {
                let expression = text(name, &value)?;
                // Before anything is sent: what was paid for must not be lost to a slip.
                query::check(&expression)?;
                input.query = Some(expression);
            }
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
    validate::validate(&entry.input().schema, &own)?;
    validate::whole_numbers(&entry.input().schema, &mut own);
    input.named = argument::named(&entry.input().readers, &own)?;
    input.own = own;
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
    let whole = value.as_number().and_then(exact::plain).and_then(|number| number.as_u64());
    whole
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong_type(name, &format!("a whole number from {least} to {most}"), value))
}

fn wrong_type(name: &str, wanted: &str, value: &Value) -> Error {
    Error::invalid(format!("`{name}` takes {wanted}, not {}", shown(value)))
}
