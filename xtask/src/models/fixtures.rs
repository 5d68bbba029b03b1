//! botocore's own tests of its protocols and of its endpoint rules, in the form of our models.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::compact;
use super::source::Files;

/// The two directories with protocol tests: what a request looks like, and what an answer means.
const WAYS: [&str; 2] = ["input", "output"];

/// Every case of the protocol tests, each with the model that it is about.
pub(super) fn protocols(tests: &Path) -> Result<Value> {
    let mut all = Vec::new();
    for way in WAYS {
        for path in sorted(&tests.join("unit/protocols").join(way))? {
            let suites: Vec<Value> = serde_json::from_slice(&fs::read(&path)?)?;
            for suite in &suites {
                let cases = suite.get("cases").and_then(Value::as_array).context("a suite has no cases")?;
                for one in cases {
                    all.push(case(suite, one).with_context(|| path.display().to_string())?);
                }
            }
        }
    }
    Ok(all.into())
}

fn case(suite: &Value, case: &Value) -> Result<Value> {
    let given = case.get("given").context("a case has no operation")?;
    let name = given.get("name").and_then(Value::as_str).unwrap_or("OperationName");
    let mut service = suite.as_object().context("a suite is an object")?.clone();
    service.remove("cases");
    let metadata =
        service.get_mut("metadata").and_then(Value::as_object_mut).context("a suite has no metadata")?;
    for (key, value) in [("serviceFullName", "Tested"), ("serviceId", "Tested"), ("endpointPrefix", "tested")]
    {
        metadata.entry(key).or_insert_with(|| value.into());
    }
    service.insert("operations".to_owned(), json!({ name: given }));
    service.entry("shapes").or_insert_with(|| json!({}));
    let files =
        Files { service: service.into(), endpoint_rules: json!({"rules": []}), pages: None, waiters: None };
    let mut out = Map::new();
    out.insert("model".to_owned(), compact::model("tested", &files)?);
    out.insert("operation".to_owned(), name.into());
    for key in [
        "id",
        "description",
        "params",
        "serialized",
        "response",
        "result",
        "error",
        "errorCode",
        "errorMessage",
    ] {
        if let Some(value) = case.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(endpoint) = suite.get("clientEndpoint") {
        out.insert("endpoint".to_owned(), endpoint.clone());
    }
    Ok(out.into())
}

/// The cases of every service's endpoint rules: arguments, and the endpoint or the error that they give.
pub(super) fn endpoints(tests: &Path) -> Result<Value> {
    let mut all = Map::new();
    for directory in sorted(&tests.join("functional/endpoint-rules"))? {
        let path = directory.join("endpoint-tests-1.json");
        let Ok(text) = fs::read(&path) else { continue };
        let file: Value = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        let cases = file.get("testCases").and_then(Value::as_array).context("there are no cases")?;
        let kept = cases.iter().map(|it| json!({"params": it.get("params"), "expect": it.get("expect")}));
        let name = directory.file_name().context("a service has a name")?.to_string_lossy().into_owned();
        all.insert(name, kept.collect::<Vec<_>>().into());
    }
    Ok(all.into())
}

fn sorted(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut all: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    all.sort();
    Ok(all)
}
