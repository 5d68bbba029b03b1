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

/// Somebody whom a statement lets in: an account or a principal of one, or whoever meets its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    /// Whose it is to say who that is; not an account's number where none is known.
    pub(crate) account: String,
    /// `account 123456789012`
    who: String,
    principal: String,
    actions: Vec<String>,
    statement: String,
    /// All that the statement says but its name.
    terms: Value,
}

impl std::fmt::Display for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Guest { who, principal, actions, statement, .. } = self;
        let actions = match actions.as_slice() {
            [] => "all but what NotAction names".to_owned(),
            some if some.iter().any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*")) => {
                "everything".to_owned()
            }
            some => some.join(", "),
        };
        write!(f, "{who} is let in by statement {statement}: {principal} may do {actions}")
    }
}

/// Everybody whom the policy lets in by name or by condition; who is let in with everybody is none of them.
pub(crate) fn guests(policy: &Value) -> Vec<Guest> {
    let allows = statements(policy).enumerate();
    let allows = allows.filter(|(_, statement)| text(statement, "Effect") == Some("Allow"));
    let each = allows.flat_map(|(at, statement)| {
        let mut terms = statement.clone();
        if let Some(members) = terms.as_object_mut() {
            members.remove("Sid");
            members.remove("Principal");
        }
        let actions: Vec<String> = values(statement.get("Action")).map(str::to_owned).collect();
        called(statement).into_iter().map(move |Called { account, who, principal }| Guest {
            account,
            who,
            principal,
            actions: actions.clone(),
            statement: named(at, statement),
            terms: terms.clone(),
        })
    });
    each.collect()
}

/// Whom a statement calls, in the words of its guests.
struct Called {
    account: String,
    who: String,
    principal: String,
}

fn called(statement: &Value) -> Vec<Called> {
    let of = |kind: &str| values(statement.get("Principal").and_then(|who| who.get(kind)));
    let of_account = |account: &str, principal: &str| Called {
        account: account.to_owned(),
        who: format!("account {account}"),
        principal: principal.to_owned(),
    };
    let mut all: Vec<Called> =
        of("AWS").filter_map(|principal| Some(of_account(account(principal)?, principal))).collect();
    all.extend(of("CanonicalUser").map(|id| Called {
        account: id.to_owned(),
        who: format!("the account of the canonical id {id}"),
        principal: "it".to_owned(),
    }));
    all.extend(of("Federated").map(|provider| match account(provider) {
        Some(account) if account != provider => of_account(account, provider),
        _ => Called {
            account: provider.to_owned(),
            who: format!("whoever signs in with {provider}"),
            principal: "they".to_owned(),
        },
    }));
    // What AWS's services only bring here is no way out.
    if of("Service").next().is_some() && !only_brings(statement) {
        all.extend(of("Service").flat_map(|service| behind_service(statement, service)));
    }
    if is_for_all(statement) && statement.get("NotPrincipal").is_none() {
        all.extend(behind_conditions(statement));
    }
    all
}

/// Whether a statement lets nothing but writing, and what a writer looks at before.
fn only_brings(statement: &Value) -> bool {
    let brings = |action: &str| {
        let action = action.to_ascii_lowercase();
        action.starts_with("s3:putobject") || action == "s3:getbucketacl" || action == "s3:getbucketlocation"
    };
    let mut actions = values(statement.get("Action")).peekable();
    actions.peek().is_some() && actions.all(brings)
}

/// For whom a service of AWS comes: for any account, where no condition ties it to one.
fn behind_service(statement: &Value, service: &str) -> Vec<Called> {
    const SOURCES: [&str; 5] =
        ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"];
    let sources: Vec<String> = conditions(statement)
        .filter(|(operator, key, value)| {
            let operator = operator.to_ascii_lowercase();
            let ties = operator.starts_with("string") || operator.starts_with("arn");
            ties && !operator.contains("not")
                && !operator.ends_with("ifexists")
                && SOURCES.contains(&key.to_ascii_lowercase().as_str())
                && value != "*"
        })
        .map(|(_, _, value)| value)
        .collect();
    if sources.is_empty() {
        return vec![Called {
            account: service.to_owned(),
            who: format!("{service}, for whatever account it comes,"),
            principal: "it".to_owned(),
        }];
    }
    let is_number = |account: &&str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let accounts = sources.iter().filter_map(|source| account_of(source).filter(is_number));
    accounts
        .map(|account| Called {
            account: account.to_owned(),
            who: format!("account {account}"),
            principal: format!("{service} for it"),
        })
        .collect()
}

/// Whom the conditions of a statement for all let through: those of the condition that says it most exactly.
fn behind_conditions(statement: &Value) -> Vec<Called> {
    let ties = ties(statement);
    let by_account = |key: &str| ["account", "arn"].iter().any(|end| key.ends_with(end));
    let tie = ties.iter().find(|(key, _)| by_account(key)).or(ties.first());
    let Some((key, given)) = tie else { return Vec::new() };
    let called = given.iter().map(|value| {
        let account = account_of(value).filter(|_| by_account(key));
        let who = match (account, key.as_str()) {
            (Some(account), _) => format!("account {account}"),
            (
                None,
                "aws:principalorgid" | "aws:principalorgpaths" | "aws:sourceorgid" | "aws:sourceorgpaths",
            ) => {
                format!("organization {value}")
            }
            (None, "aws:sourceip" | "aws:vpcsourceip") => format!("whoever comes from {value}"),
            (None, _) => format!("whoever has {key} {value}"),
        };
        let account = account.unwrap_or(value).to_owned();
        Called { account, who, principal: "anybody there".to_owned() }
    });
    called.collect()
}

/// The account that a text is, or that its ARN names.
fn account_of(text: &str) -> Option<&str> {
    match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, _, _, account, _] => Some(*account).filter(|account| !account.is_empty()),
        [plain] => Some(plain),
        _ => None,
    }
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
    !ties(statement).is_empty()
}

/// The conditions that tie everybody to somebody, each with its key in lower case and its values.
fn ties(statement: &Value) -> Vec<(String, Vec<String>)> {
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
    let mut ties = Vec::new();
    for (operator, keys) in operators {
        let operator = operator.to_ascii_lowercase();
        // `ForAllValues:` and `...IfExists` also hold where the key is absent, so they tie nobody.
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        if !OPERATORS.contains(&operator) {
            continue;
        }
        for (key, value) in keys.as_object().into_iter().flatten() {
            let fixed = |value: &String| {
                if operator == "ipaddress" { is_narrow(value) } else { !value.contains(['*', '?']) }
            };
            let (key, given) = (key.to_ascii_lowercase(), values(Some(value)).map(str::to_owned));
            let given: Vec<String> = given.collect();
            if KEYS.contains(&key.as_str()) && !given.is_empty() && given.iter().all(fixed) {
                ties.push((key, given));
            }
        }
    }
    ties
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

    #[test]
    fn guests_are_whoever_is_let_in_however_they_are_called() {
        let told = |principal: Value, condition: Value| {
            let policy = json!({"Statement": [{"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject",
                "Principal": principal, "Condition": condition}]});
            let told = guests(&policy).into_iter();
            told.map(|guest| format!("{}: {}", guest.account, guest.who)).collect::<Vec<_>>().join("; ")
        };
        let other = "999999999999: account 999999999999";
        assert_eq!(
            told(json!({"CanonicalUser": "79a59df9"}), json!({})),
            "79a59df9: the account of the canonical id 79a59df9"
        );
        assert_eq!(told(json!({"Federated": "arn:aws:iam::999999999999:saml-provider/x"}), json!({})), other);
        assert_eq!(
            told(json!({"Federated": "accounts.google.com"}), json!({})),
            "accounts.google.com: whoever signs in with accounts.google.com"
        );
        let service = || json!({"Service": "cloudfront.amazonaws.com"});
        assert_eq!(
            told(service(), json!({})),
            "cloudfront.amazonaws.com: cloudfront.amazonaws.com, for whatever account it comes,"
        );
        let distribution = "arn:aws:cloudfront::999999999999:distribution/*";
        assert_eq!(told(service(), json!({"ArnLike": {"AWS:SourceArn": distribution}})), other);
        assert_eq!(told(service(), json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}})), "");
        let all = |condition: Value| told(json!("*"), condition);
        assert_eq!(all(json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})), other);
        let role = "arn:aws:iam::999999999999:role/r";
        assert_eq!(all(json!({"ArnEquals": {"aws:PrincipalArn": role}})), other);
        assert_eq!(all(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), "o-1: organization o-1");
        // The account says it more exactly than its organization.
        let both =
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": "999999999999"}});
        assert_eq!(all(both), other);
        assert_eq!(
            all(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
            "203.0.113.0/24: whoever comes from 203.0.113.0/24"
        );
        assert_eq!(all(json!({})), "");
    }
}
