//! Which operation of which service a request asks for.

use std::sync::Arc;

use serde_json::Value;

use crate::model::{Model, required};
use crate::request::Request;

/// Finds out what is asked for. `models` answers those of a service by the name that requests are signed with.
pub(crate) fn recognise(request: &mut Request, models: impl Fn(&str) -> Vec<Arc<Model>>) {
    let models = models(request.service().unwrap_or_default());
    let named = request.named();
    let found = match &named {
        Some((prefix, operation)) => models
            .iter()
            .find(|model| model.target_prefix() == Some(prefix) && model.has(operation))
            .or_else(|| models.iter().find(|model| model.has(operation))),
        None => models.iter().find(|model| operation_at(model, request).is_some()),
    };
    request.model = found.or(models.first()).cloned();
    let at = || request.model.as_ref().and_then(|model| operation_at(model, request));
    request.operation = named.map(|(_, operation)| operation).or_else(at).unwrap_or_default();
}

/// The operation of a REST request: the one that says most about its path, query and headers.
fn operation_at(model: &Model, request: &Request) -> Option<String> {
    if let Some(named) = request.query("x-id").filter(|name| model.has(name)) {
        return Some(named.to_owned());
    }
    let operations = model.operations()?;
    let fits =
        operations.iter().filter_map(|(name, operation)| Some((fit(model, operation, request)?, name)));
    // The first of equals.
    fits.rev().max_by_key(|(fit, _)| *fit).map(|(_, name)| name.clone())
}

/// How much an operation says about the request; `None` where it is another.
fn fit(model: &Model, operation: &Value, request: &Request) -> Option<(usize, usize, bool)> {
    let http = operation.get("http")?;
    if http.get("method")?.as_str()? != request.method {
        return None;
    }
    let uri = http.get("requestUri")?.as_str()?;
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let literal = fits_path(path, request.path())?;
    let given = |name: &str, value: &str| {
        request.parameters().any(|(found, is)| found == name && (value.is_empty() || value == is))
    };
    let mut said = 0;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !given(name, value) {
            return None;
        }
        said += 1;
    }
    let shape = operation.pointer("/input/shape").and_then(Value::as_str).and_then(|name| model.shape(name));
    for (name, member) in shape.into_iter().flat_map(required) {
        let name = member.get("locationName").and_then(Value::as_str).unwrap_or(name);
        let there = match member.get("location").and_then(Value::as_str) {
            Some("header") => request.header(&name.to_ascii_lowercase()).is_some(),
            Some("querystring") => given(name, ""),
            _ => continue,
        };
        if !there {
            return None;
        }
        said += 1;
    }
    Some((said, literal, operation.get("deprecated").is_none()))
}

/// How many literal segments a path has in common with a template; `None` where it does not fit.
fn fits_path(template: &str, path: &str) -> Option<usize> {
    let mut segments = path.trim_matches('/').split('/').filter(|segment| !segment.is_empty());
    let mut literal = 0;
    for part in template.trim_matches('/').split('/').filter(|part| !part.is_empty()) {
        let segment = segments.next()?;
        if part.ends_with("+}") {
            return Some(literal);
        }
        match part.starts_with('{') {
            true => {}
            false if part == segment => literal += 1,
            false => return None,
        }
    }
    segments.next().is_none().then_some(literal)
}
