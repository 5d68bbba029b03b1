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
    /// The version or alias whose policy it stands in; none of the function's own.
    pub(crate) qualifier: Option<String>,
    #[serde(skip)]
    pub(crate) is_public: bool,
    #[serde(skip)]
    pub(crate) hold: Hold,
}

/// A policy: of a function, or of one version or alias. AWS keeps them apart.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) grants: Vec<Grant>,
    /// Whoever changes the policy names it, so that nobody's change is lost.
    pub(crate) revision: Option<String>,
}

/// The policy of a function, or of a version or alias; one without statements where there is none.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn policy(client: &Client, function: &str, qualifier: Option<&str>) -> Result<Policy> {
    let asked = client
        .lambda
        .get_policy()
        .function_name(function)
        .set_qualifier(qualifier.map(str::to_owned))
        .send()
        .await
        .map_err(Error::from);
    match asked {
        Ok(out) => {
            let mut grants = read(out.policy.as_deref().unwrap_or_default());
            grants.iter_mut().for_each(|grant| grant.qualifier = qualifier.map(str::to_owned));
            Ok(Policy { grants, revision: out.revision_id })
        }
        // No policy and no function look the same; that there is a function is for others to say.
        Err(error) if error.kind == Kind::NotFound => Ok(Policy::default()),
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
    statements.iter().map(Grant::of).collect()
}

impl Grant {
    /// What a statement of a policy grants.
    pub(crate) fn of(statement: &Value) -> Grant {
        let principal = match statement.get("Principal") {
            Some(Value::String(everybody)) => everybody.clone(),
            Some(Value::Object(kinds)) => kinds.values().map(words).collect::<Vec<_>>().join(","),
            _ => String::new(),
        };
        let conditions = conditions(statement);
        let said: Vec<String> =
            conditions.iter().map(|(_, key, values)| format!("{key}={}", values.join(","))).collect();
        let holds = conditions.iter().map(|(operator, key, values)| hold(operator, key, values));
        let hold = holds.max().unwrap_or_default();
        Grant {
            statement_id: statement.get("Sid").map(words).unwrap_or_default(),
            is_public: principal.split(',').any(|who| who == "*")
                && statement.get("Effect").and_then(Value::as_str) != Some("Deny")
                && hold != Hold::Owner,
            hold,
            principal,
            action: statement.get("Action").map(words).unwrap_or_default(),
            condition: Some(said.join(" ")).filter(|text| !text.is_empty()),
            qualifier: None,
        }
    }

    /// Whether it is about calls that come by the function's URL: they need an action of their own, and another with a
    /// condition that says so.
    pub(crate) fn is_by_url(&self) -> bool {
        self.action.contains("InvokeFunctionUrl") || self.is_invoking_by_url()
    }

    /// Whether it is about URLs of this auth: `NONE` or `AWS_IAM`.
    pub(crate) fn is_for_auth(&self, auth: &str) -> bool {
        const KEY: &str = "functionurlauthtype=";
        let condition = self.condition.as_deref().unwrap_or_default().to_ascii_lowercase();
        let wanted = condition.split_once(KEY).map(|(_, rest)| rest.split(' ').next().unwrap_or(rest));
        wanted.is_none_or(|wanted| wanted.split(',').any(|one| one.eq_ignore_ascii_case(auth)))
    }

    /// Whether it is the second of the two.
    pub(crate) fn is_invoking_by_url(&self) -> bool {
        self.condition
            .as_deref()
            .is_some_and(|condition| condition.to_ascii_lowercase().contains("invokedviafunctionurl=true"))
    }
}

/// The conditions of a statement: operator, key and values.
fn conditions(statement: &Value) -> Vec<(String, String, Vec<String>)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().cloned().unwrap_or_default();
            keys.into_iter().map(|(key, value)| {
                let values = match value {
                    Value::Array(items) => items.iter().map(words).collect(),
                    one => vec![words(&one)],
                };
                (operator.clone(), key, values)
            })
        })
        .collect()
}

/// To what a statement holds those that it lets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    #[default]
    Nothing,
    /// A resource whose ARN names no account, such as a bucket: it may be anybody's tomorrow.
    Resource,
    /// An account, an organisation, a network, or a resource of one account.
    Owner,
}

/// To what a condition holds everybody.
fn hold(operator: &str, key: &str, values: &[String]) -> Hold {
    let (operator, key) = (operator.to_ascii_lowercase(), key.to_ascii_lowercase());
    // What denies, or holds also where the key is missing, keeps nobody out.
    let keeps_out = !operator.contains("not")
        && !operator.ends_with("ifexists")
        && !operator.starts_with("forallvalues:")
        && operator != "null";
    if !keeps_out {
        return Hold::Nothing;
    }
    let whole = |value: &str| !value.is_empty() && !value.contains(['*', '?']);
    let owner = |is_owned: bool| if is_owned { Hold::Owner } else { Hold::Nothing };
    let of_value = |value: &String| match key.as_str() {
        "aws:sourcearn" | "aws:principalarn" => match value.split(':').nth(4) {
            Some("") if whole(value) => Hold::Resource,
            account => owner(account.is_some_and(whole)),
        },
        "aws:sourceaccount"
        | "aws:sourceorgid"
        | "aws:principalaccount"
        | "aws:principalorgid"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        // That of one skill of Alexa.
        | "lambda:eventsourcetoken" => owner(whole(value)),
        "aws:principalorgpaths" | "aws:sourceorgpaths" => {
            owner(value.split('/').next().is_some_and(whole))
        }
        "aws:sourceip" => owner(is_network(value)),
        _ => Hold::Nothing,
    };
    values.iter().map(of_value).min().unwrap_or_default()
}

/// Whether a range of addresses is somebody's: the largest that anybody was given have 8 bits of IPv4 or 16 of IPv6 in
/// common, and halves of everything are everything again.
fn is_network(range: &str) -> bool {
    let (address, bits) = range.split_once('/').unwrap_or((range, "128"));
    let least = if address.contains(':') { 16 } else { 8 };
    bits.parse::<u8>().is_ok_and(|bits| bits >= least)
}

/// Whether a principal is a service of AWS's, in any partition, or one of Amazon's.
pub(crate) fn is_service(principal: &str) -> bool {
    !principal.starts_with("arn:") && principal.contains('.')
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

    #[test]
    fn only_a_condition_that_names_an_owner_is_narrow() {
        let public = |condition: Value| {
            Grant::of(&json!({"Effect": "Allow", "Principal": "*", "Action": "a", "Condition": condition}))
                .is_public
        };
        for wide in [
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::*"}}),
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}}),
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:*:topic"}}),
            json!({"ArnLike": {"AWS:SourceArn": ["arn:aws:sns:us-east-1:123456789012:t", "arn:aws:sns:us-east-1:*:t"]}}),
            json!({"StringLike": {"aws:SourceAccount": "*"}}),
            json!({"StringNotEquals": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            json!({"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}),
            json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::/0"]}}),
            json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
            json!({}),
        ] {
            assert!(public(wide.clone()), "{wide}");
        }
        for narrow in [
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:123456789012:*"}}),
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::*"}, "StringEquals": {"AWS:SourceAccount": "123456789012"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            json!({"IpAddress": {"aws:SourceIp": ["2001:db8::/32", "192.0.2.7"]}}),
        ] {
            assert!(!public(narrow.clone()), "{narrow}");
        }
    }

    #[test]
    fn a_service_acts_for_any_account_unless_its_statement_names_one() {
        let held = |condition: Value| {
            Grant::of(
                &json!({"Principal": {"Service": "s3.amazonaws.com"}, "Action": "a", "Condition": condition}),
            )
            .hold
        };
        assert_eq!(held(json!({})), Hold::Nothing);
        for nothing in ["arn:aws:s3:::*", "arn:aws:s3:::team-?", "arn:aws:sns:us-east-1:*:t"] {
            assert_eq!(held(json!({"ArnLike": {"AWS:SourceArn": nothing}})), Hold::Nothing, "{nothing}");
        }
        let bucket = json!({"AWS:SourceArn": "arn:aws:s3:::b"});
        assert_eq!(held(json!({"ArnLike": bucket})), Hold::Resource);
        let account = json!({"AWS:SourceAccount": "123456789012"});
        assert_eq!(held(json!({"ArnLike": bucket, "StringEquals": account})), Hold::Owner);
        assert!(
            is_service("s3.amazonaws.com")
                && is_service("sns.amazonaws.com.cn")
                && is_service("alexa-appkit.amazon.com")
        );
        assert!(
            !is_service("123456789012")
                && !is_service("arn:aws:iam::123456789012:role/a.b")
                && !is_service("*")
        );
    }

    #[test]
    fn a_statement_is_for_the_auth_that_it_names() {
        let of = |condition: Option<&str>| Grant {
            condition: condition.map(str::to_owned),
            ..Grant::of(&json!({"Principal": "*", "Action": "lambda:InvokeFunctionUrl"}))
        };
        let none = of(Some("aws:PrincipalOrgID=o-1 lambda:FunctionUrlAuthType=NONE"));
        assert!(none.is_for_auth("NONE") && !none.is_for_auth("AWS_IAM"));
        assert!(
            of(None).is_for_auth("NONE")
                && of(Some("lambda:FunctionUrlAuthType=NONE,AWS_IAM")).is_for_auth("AWS_IAM")
        );
    }
}
