//! The resource policy of a function: who else may use it.

use awsmcp_mcp::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::Client;

/// One statement, as a reader wants it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Grant {
    pub(crate) statement_id: String,
    pub(crate) principal: String,
    pub(crate) action: String,
    /// From where, where that is held to something.
    pub(crate) condition: Option<String>,
    #[serde(skip)]
    pub(crate) is_public: bool,
}

/// The statements of a function's policy; none where it has no policy.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn grants(client: &Client, function: &str, qualifier: Option<&str>) -> Result<Vec<Grant>> {
    let asked = client
        .lambda
        .get_policy()
        .function_name(function)
        .set_qualifier(qualifier.map(str::to_owned))
        .send()
        .await
        .map_err(Error::from);
    match asked {
        Ok(out) => Ok(read(out.policy.as_deref().unwrap_or_default())),
        // No policy and no function look the same; that there is a function is for others to say.
        Err(error) if error.kind == Kind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn read(policy: &str) -> Vec<Grant> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    statements.iter().map(grant).collect()
}

fn grant(statement: &Value) -> Grant {
    let principal = match statement.get("Principal") {
        Some(Value::String(everybody)) => everybody.clone(),
        Some(Value::Object(kinds)) => kinds.values().map(words).collect::<Vec<_>>().join(","),
        _ => String::new(),
    };
    let condition = statement.get("Condition").filter(|condition| !condition.is_null());
    let conditions: Vec<String> = condition
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .flat_map(|(_, keys)| keys.as_object().cloned().unwrap_or_default())
        .map(|(key, value)| format!("{key}={}", words(&value)))
        .collect();
    // What holds everybody to an account, an organisation or a source is not public.
    let narrow =
        ["aws:sourcearn", "aws:sourceaccount", "aws:principalorgid", "aws:sourcevpc", "aws:sourceip"];
    let is_narrow = conditions
        .iter()
        .any(|condition| narrow.iter().any(|key| condition.to_ascii_lowercase().starts_with(key)));
    Grant {
        statement_id: statement.get("Sid").map(words).unwrap_or_default(),
        is_public: principal.split(',').any(|who| who == "*")
            && statement.get("Effect").and_then(Value::as_str) != Some("Deny")
            && !is_narrow,
        principal,
        action: statement.get("Action").map(words).unwrap_or_default(),
        condition: Some(conditions.join(" ")).filter(|text| !text.is_empty()),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements_say_who_may_what_from_where() {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
             "Resource": "r", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}},
            {"Sid": "all", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "r",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}},
            {"Sid": "org", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "lambda:InvokeFunction", "Resource": "r",
             "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        ]});
        let found = read(&policy.to_string());
        assert_eq!(found[0].principal, "s3.amazonaws.com");
        assert_eq!(found[0].condition.as_deref(), Some("AWS:SourceArn=arn:aws:s3:::b"));
        assert_eq!(found.iter().map(|grant| grant.is_public).collect::<Vec<_>>(), [false, true, false]);
        assert!(read("").is_empty() && read("[]").is_empty());
    }
}
