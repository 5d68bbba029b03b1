//! What a bucket policy opens and what it closes, as far as it can be told without AWS.

use serde_json::Value;

/// The statements that let anybody in, by their id or number.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
pub(crate) fn open_statements(policy: &Value) -> Vec<String> {
    let statements = statements(policy).enumerate();
    let open = statements.filter(|(_, statement)| text(statement, "Effect") == Some("Allow"));
    let open = open.filter(|(_, statement)| is_for_all(statement) && !is_held(statement));
    open.map(|(at, statement)| named(at, statement)).collect()
}

/// Somebody whom a statement lets in: an account, or a principal of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) account: String,
    principal: String,
    actions: Vec<String>,
    statement: String,
    /// All that the statement says but its name.
    terms: Value,
}

impl std::fmt::Display for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Guest { account, principal, actions, statement, .. } = self;
        let actions = match actions.as_slice() {
            [] => "all but what NotAction names".to_owned(),
            some if some.iter().any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*")) => {
                "everything".to_owned()
            }
            some => some.join(", "),
        };
        write!(f, "account {account} is let in by statement {statement}: {principal} may do {actions}")
    }
}

/// Everybody whom the policy lets in by account; who is let in with everybody is none of them.
pub(crate) fn guests(policy: &Value) -> Vec<Guest> {
    let allows = statements(policy).enumerate();
    let allows = allows.filter(|(_, statement)| text(statement, "Effect") == Some("Allow"));
    let each = allows.flat_map(|(at, statement)| {
        let principals = values(statement.get("Principal").and_then(|who| who.get("AWS")));
        principals.filter_map(move |principal| {
            let mut terms = statement.clone();
            if let Some(members) = terms.as_object_mut() {
                members.remove("Sid");
                members.remove("Principal");
            }
            Some(Guest {
                account: account(principal)?.to_owned(),
                principal: principal.to_owned(),
                actions: values(statement.get("Action")).map(str::to_owned).collect(),
                statement: named(at, statement),
                terms,
            })
        })
    });
    each.collect()
}

/// The account of a principal: `123456789012`, or the fifth part of an ARN. What names none is taken for an account itself:
/// a canonical id is one.
fn account(principal: &str) -> Option<&str> {
    if principal.contains('*') {
        return None;
    }
    match principal.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, _, _, account, _] => Some(account),
        _ => Some(principal),
    }
}

/// Whether requests without TLS are denied.
pub(crate) fn requires_tls(policy: &Value) -> bool {
    statements(policy).any(|statement| {
        let denies = text(statement, "Effect") == Some("Deny") && is_for_all(statement);
        let all = values(statement.get("Action"))
            .any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*"));
        let plain = conditions(statement).any(|(operator, key, value)| {
            operator.to_ascii_lowercase().starts_with("bool")
                && key.eq_ignore_ascii_case("aws:SecureTransport")
                && value == "false"
                || operator.eq_ignore_ascii_case("NumericLessThan")
                    && key.eq_ignore_ascii_case("s3:TlsVersion")
        });
        denies && all && plain
    })
}

/// The statements that deny, by their id or number.
pub(crate) fn denials(policy: &Value) -> Vec<String> {
    let denials =
        statements(policy).enumerate().filter(|(_, statement)| text(statement, "Effect") == Some("Deny"));
    denials.map(|(at, statement)| named(at, statement)).collect()
}

/// Whether a statement denies everybody everything without a condition: only the root user could undo it.
pub(crate) fn locks_out(policy: &Value) -> bool {
    statements(policy).any(|statement| {
        let all = values(statement.get("Action"))
            .any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*"));
        text(statement, "Effect") == Some("Deny")
            && all
            && is_for_all(statement)
            && statement.get("NotPrincipal").is_none()
            && conditions(statement).next().is_none()
    })
}

pub(crate) fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let found = policy.get("Statement");
    let many = found.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    many.iter().chain(found.filter(|one| one.is_object()))
}

fn named(at: usize, statement: &Value) -> String {
    text(statement, "Sid").filter(|sid| !sid.is_empty()).map_or_else(|| format!("#{}", at + 1), str::to_owned)
}

fn text<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get(field)?.as_str()
}

/// One text, or each of a list.
fn values(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let many = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    many.iter().chain(value).filter_map(Value::as_str)
}

fn is_for_all(statement: &Value) -> bool {
    if statement.get("NotPrincipal").is_some() {
        return true;
    }
    let principal = statement.get("Principal");
    values(principal).chain(values(principal.and_then(|who| who.get("AWS")))).any(|who| who.contains('*'))
}

fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, String)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().flat_map(move |(key, value)| {
            let many = value.as_array().map_or(&[][..], Vec::as_slice);
            let one = Some(value).filter(|value| !value.is_array());
            many.iter().chain(one).map(move |value| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (operator.as_str(), key.as_str(), value)
            })
        })
    })
}

/// Whether a condition ties everybody to somebody: fixed networks, accounts, organizations, principals.
fn is_held(statement: &Value) -> bool {
    const KEYS: [&str; 17] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalserviceorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    ];
    const OPERATORS: [&str; 6] =
        ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"];
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.into_iter().any(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        // `ForAllValues:` and `...IfExists` also hold where the key is absent, so they tie nobody.
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        OPERATORS.contains(&operator)
            && keys.as_object().into_iter().flatten().any(|(key, value)| {
                let fixed = |value: &str| {
                    if operator == "ipaddress" { is_narrow(value) } else { !value.contains(['*', '?']) }
                };
                let mut given = values(Some(value)).peekable();
                KEYS.contains(&key.to_ascii_lowercase().as_str())
                    && given.peek().is_some()
                    && given.all(fixed)
            })
    })
}

/// AWS takes a range wider than /8 (IPv6: /32) for everybody.
fn is_narrow(range: &str) -> bool {
    let Some((address, bits)) = range.split_once('/') else { return true };
    let least = if address.contains(':') { 32 } else { 8 };
    bits.parse::<u8>().is_ok_and(|bits| bits >= least)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn open(statement: Value) -> bool {
        !open_statements(&json!({"Statement": [statement]})).is_empty()
    }

    #[test]
    fn a_statement_for_all_is_open_unless_a_condition_holds_it() {
        let allow = |principal: Value, condition: Value| json!({"Effect": "Allow", "Action": "s3:GetObject", "Principal": principal, "Condition": condition});
        assert!(open(allow(json!("*"), json!(null))));
        assert!(open(allow(json!({"AWS": "*"}), json!({}))));
        assert!(open(allow(json!({"AWS": ["arn:aws:iam::123456789012:root", "*"]}), json!({}))));
        assert!(!open(allow(json!({"AWS": "arn:aws:iam::123456789012:root"}), json!({}))));
        assert!(!open(allow(json!({"Service": "cloudfront.amazonaws.com"}), json!({}))));
        assert!(!open(allow(json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))));
        assert!(open(allow(json!("*"), json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}))));
        assert!(open(allow(json!("*"), json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}))));
        assert!(!open(allow(json!("*"), json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}))));
        assert!(open(allow(json!("*"), json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}}))));
        assert!(open(allow(json!("*"), json!({"StringEquals": {"s3:prefix": "a"}}))));
        assert!(!open(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})));
        assert!(open(json!({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "s3:*"})));
        let one = json!({"Statement": {"Sid": "All", "Effect": "Allow", "Principal": "*"}});
        assert_eq!(open_statements(&one), ["All"]);
    }

    #[test]
    fn a_rule_for_tls_is_recognised() {
        let rule = |effect: &str, value: Value| {
            json!({"Statement": [{"Effect": effect, "Principal": "*", "Action": "s3:*",
                "Condition": {"Bool": {"aws:SecureTransport": value}}}]})
        };
        assert!(requires_tls(&rule("Deny", json!("false"))));
        assert!(requires_tls(&rule("Deny", json!(false))));
        assert!(!requires_tls(&rule("Deny", json!("true"))));
        assert!(!requires_tls(&rule("Allow", json!("false"))));
        assert!(!requires_tls(&json!({})));
        assert!(!locks_out(&rule("Deny", json!("false"))));
        assert!(locks_out(&json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]})));
    }

    #[test]
    fn guests_are_named_with_what_they_may_do() {
        let policy = json!({"Statement": [
            {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "s3:*"},
            {"Effect": "Allow", "Principal": {"AWS": ["123456789012", "*"]}, "Action": ["s3:GetObject"]},
            {"Effect": "Deny", "Principal": {"AWS": "111111111111"}, "Action": "*"},
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"},
        ]});
        let told: Vec<String> = guests(&policy).iter().map(Guest::to_string).collect();
        assert_eq!(
            told,
            [
                "account 999999999999 is let in by statement All: arn:aws:iam::999999999999:root may do everything",
                "account 123456789012 is let in by statement #2: 123456789012 may do s3:GetObject",
            ]
        );
    }
}
