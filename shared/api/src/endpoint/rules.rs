//! Rules in order: the first whose conditions hold decides, or what stands below it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Arguments, Endpoint, NoEndpoint, functions};

/// What the first of the rules says whose conditions hold. Nothing, where none does.
pub(super) fn first(rules: &[Value], scope: &Arguments) -> Result<Option<Endpoint>, NoEndpoint> {
    for rule in rules {
        let Some(scope) = holds(rule, scope)? else { continue };
        match rule.get("type").and_then(Value::as_str) {
            Some("tree") => {
                let below = rule.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                // A tree whose conditions hold is not left again.
                let found = first(below, &scope)?;
                return found
                    .map(Some)
                    .ok_or_else(|| NoEndpoint("the rules end without an endpoint".to_owned()));
            }
            Some("endpoint") => {
                return endpoint(rule.get("endpoint").unwrap_or(&Value::Null), &scope).map(Some);
            }
            Some("error") => {
                let text = value(rule.get("error").unwrap_or(&Value::Null), &scope)?;
                return Err(NoEndpoint(text.as_str().unwrap_or("the rules refuse this").to_owned()));
            }
            other => return Err(NoEndpoint(format!("a rule of an unknown type {other:?}"))),
        }
    }
    Ok(None)
}

/// The scope below a rule, with what its conditions assign; nothing, where one of them does not hold.
fn holds(rule: &Value, scope: &Arguments) -> Result<Option<Arguments>, NoEndpoint> {
    let mut scope = scope.clone();
    for condition in rule.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let found = call(condition, &scope)?;
        if found.is_null() || found == Value::Bool(false) {
            return Ok(None);
        }
        if let Some(name) = condition.get("assign").and_then(Value::as_str) {
            scope.insert(name.to_owned(), found);
        }
    }
    Ok(Some(scope))
}

fn endpoint(of: &Value, scope: &Arguments) -> Result<Endpoint, NoEndpoint> {
    let url = value(of.get("url").unwrap_or(&Value::Null), scope)?;
    let url = url.as_str().ok_or_else(|| NoEndpoint("an endpoint without a URL".to_owned()))?.to_owned();
    let mut headers = BTreeMap::new();
    for (name, values) in of.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let mut all = Vec::new();
        for one in values.as_array().into_iter().flatten() {
            all.extend(value(one, scope)?.as_str().map(str::to_owned));
        }
        headers.insert(name.clone(), all);
    }
    let mut properties = BTreeMap::new();
    for (name, property) in of.get("properties").and_then(Value::as_object).into_iter().flatten() {
        properties.insert(name.clone(), filled(property, scope)?);
    }
    Ok(Endpoint { url, headers, properties })
}

/// A value with every text in it filled in; objects are data here, and no calls.
fn filled(of: &Value, scope: &Arguments) -> Result<Value, NoEndpoint> {
    Ok(match of {
        Value::String(text) => Value::String(template(text, scope)?),
        Value::Array(all) => all.iter().map(|it| filled(it, scope)).collect::<Result<_, _>>()?,
        Value::Object(all) => {
            let all = all.iter().map(|(name, it)| Ok((name.clone(), filled(it, scope)?)));
            Value::Object(all.collect::<Result<_, NoEndpoint>>()?)
        }
        other => other.clone(),
    })
}

/// What an argument is: a text with parts to fill in, a name, a call, or itself.
fn value(of: &Value, scope: &Arguments) -> Result<Value, NoEndpoint> {
    match of {
        Value::String(text) => template(text, scope).map(Value::String),
        Value::Object(object) => match object.get("ref").and_then(Value::as_str) {
            Some(name) => Ok(scope.get(name).cloned().unwrap_or_default()),
            None => call(of, scope),
        },
        other => Ok(other.clone()),
    }
}

fn call(of: &Value, scope: &Arguments) -> Result<Value, NoEndpoint> {
    let name =
        of.get("fn").and_then(Value::as_str).ok_or_else(|| NoEndpoint("a call of nothing".to_owned()))?;
    let arguments = of.get("argv").and_then(Value::as_array).into_iter().flatten();
    let arguments: Vec<Value> = arguments.map(|it| value(it, scope)).collect::<Result<_, _>>()?;
    functions::call(name, &arguments)
        .ok_or_else(|| NoEndpoint(format!("the rules call {name}, which is not known here")))
}

/// `https://{Region}.example.{PartitionResult#dnsSuffix}` with its parts; `{{` and `}}` are the braces themselves.
fn template(text: &str, scope: &Arguments) -> Result<String, NoEndpoint> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let inner = from.strip_prefix('{').and_then(|it| it.split_once('}'));
            let (name, after) = inner.ok_or_else(|| NoEndpoint(format!("{text:?} is no template")))?;
            let (name, path) = name.split_once('#').map_or((name, None), |(name, path)| (name, Some(path)));
            let found = scope.get(name).cloned().unwrap_or_default();
            let found = path.map_or(found.clone(), |path| functions::attribute(&found, path));
            match found {
                Value::String(found) => out.push_str(&found),
                _ => return Err(NoEndpoint(format!("{text:?} needs {name}"))),
            }
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}
