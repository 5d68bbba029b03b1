//! The index policy of a log group: which fields of its events are found without scanning.

use aws_sdk_cloudwatchlogs::types::IndexSource;
use awsmcp_mcp::{Call, Result};
use serde_json::{Value, json};

use super::steps::{Setting, Steps};
use crate::CloudWatch;

/// The policy of the group itself, as AWS keeps it. A policy of the whole account is none of the group's.
pub(super) async fn existing(cx: &Call<CloudWatch>, group: &str) -> Result<Option<Value>> {
    let page = cx.client().logs.describe_index_policies().log_group_identifiers(group).send().await?;
    let own = |source: Option<&IndexSource>| source.is_none_or(|source| *source != IndexSource::Account);
    let policies = page.index_policies.unwrap_or_default().into_iter();
    let document =
        policies.filter(|policy| own(policy.source.as_ref())).find_map(|policy| policy.policy_document);
    Ok(document.and_then(|document| serde_json::from_str(&document).ok()))
}

/// What becomes of it: nothing where it is so already.
pub(super) fn step(fields: &[String], now: Option<&Value>, steps: &mut Steps) {
    let before = now.map(words).unwrap_or_default();
    let after = if fields.is_empty() { "removed".to_owned() } else { words(&over(fields, now)) };
    if before == after || (now.is_none() && fields.is_empty()) {
        return;
    }
    let known = now.and_then(|policy| policy.get("Fields")).and_then(Value::as_array);
    let lost: Vec<&str> = known
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|field| !fields.iter().any(|kept| kept == field))
        .collect();
    if !lost.is_empty() || fields.is_empty() {
        let what = if lost.is_empty() { before.clone() } else { lost.join(", ") };
        steps.ask(format!("queries by {what} scan everything again"));
    }
    steps.add(Setting::IndexFields, before, after);
}

pub(super) async fn put(
    cx: &Call<CloudWatch>,
    group: &str,
    fields: &[String],
    now: Option<&Value>,
) -> Result<()> {
    let logs = &cx.client().logs;
    if fields.is_empty() {
        logs.delete_index_policy().log_group_identifier(group).send().await?;
    } else {
        let policy = over(fields, now).to_string();
        logs.put_index_policy().log_group_identifier(group).policy_document(policy).send().await?;
    }
    Ok(())
}

/// The policy with these fields. AWS replaces all of it: what else it holds goes back as it was.
fn over(fields: &[String], now: Option<&Value>) -> Value {
    let mut policy = now.cloned().unwrap_or_else(|| json!({}));
    match policy.as_object_mut() {
        Some(members) => {
            members.insert("Fields".to_owned(), json!(fields));
            policy
        }
        None => json!({"Fields": fields}),
    }
}

/// The fields; where the policy says more, all of it.
fn words(policy: &Value) -> String {
    match (policy.as_object().map(serde_json::Map::len), policy.get("Fields")) {
        (Some(1), Some(fields)) => fields.to_string(),
        _ => policy.to_string(),
    }
}
