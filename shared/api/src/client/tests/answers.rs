//! Answers of a local AWS, read by us and by botocore.

use std::collections::BTreeSet;
use std::process::Command;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use awsmcp_testing::{LocalAws, tool};
use serde_json::Value;

use super::There;

/// Whether two answers say the same; what says when it was asked moves on between them.
fn alike(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, own)| theirs.get(name).is_some_and(|other| alike(own, other)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(own, other)| alike(own, other))
        }
        (Value::String(ours), Value::String(theirs)) => {
            let time = |text: &str| DateTime::from_str(text, Format::DateTime).ok();
            ours == theirs
                || time(ours)
                    .zip(time(theirs))
                    .is_some_and(|(own, other)| (own.secs() - other.secs()).abs() < 600)
        }
        // botocore reads IAM's policies, which are texts.
        (Value::String(ours), theirs @ Value::Object(_)) => {
            serde_json::from_str::<Value>(ours).is_ok_and(|ours| alike(&full(&ours), theirs))
        }
        (ours, theirs) => ours == theirs,
    }
}

/// A value without what says nothing: botocore makes lists of what is not there.
fn full(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let full = fields.iter().map(|(name, value)| (name.clone(), full(value)));
            Value::Object(full.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => items.iter().map(full).collect(),
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[tokio::test]
#[ignore = "runs ministack"]
async fn answers_are_those_of_botocore() {
    let aws = LocalAws::shared();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers.py");
    let output = Command::new(tool("ministack", "bin/python"))
        .arg(script)
        .env_clear()
        .envs(aws.env().iter().cloned())
        .output()
        .expect("there is a Python");
    let printed = String::from_utf8(output.stdout).expect("it is text");
    let there = There::of(&aws.env());
    let (mut same, mut services, mut other) = (0, BTreeSet::new(), Vec::new());
    for line in printed.lines() {
        let (service, operation, theirs): (String, String, Value) =
            serde_json::from_str(line).expect("a line is of three parts");
        match there.call(&service, &operation, Value::Object(serde_json::Map::new())).await {
            Ok(ours) if alike(&full(&ours), &full(&theirs)) => {
                same += 1;
                services.insert(service);
            }
            Ok(ours) => other.push(format!(
                "{service} {operation}\n  ours   {}\n  theirs {}",
                full(&ours),
                full(&theirs)
            )),
            Err(error) => other.push(format!("{service} {operation}: {error}")),
        }
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(other.is_empty(), "{} differ, {same} are the same:\n{}\n{said}", other.len(), other.join("\n"));
    assert!(same >= 300 && services.len() >= 40, "{same} operations of {} services\n{said}", services.len());
}
