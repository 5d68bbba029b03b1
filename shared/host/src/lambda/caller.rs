//! Who makes a request, by the word of what stands before the function. No header says it here: whether one counts, as
//! behind a load balancer, is for the operator to say, and for the layer that checks every way to serve.

use awsmcp_mcp::Principal;
use serde_json::Value;

use super::event::Front;
use crate::auth::{self, Scopes};

/// The caller that the front has authorized and names; `None` where it has not, or names nobody. `own` are the scopes
/// that narrow here.
pub(super) fn caller(front: Front, context: &Value, own: &Scopes) -> Option<Principal> {
    let of = |path: &str| context.pointer(path).filter(|value| !value.is_null());
    match front {
        Front::LoadBalancer => None,
        Front::FunctionUrl | Front::HttpApi => {
            if let Some(iam) = of("/authorizer/iam") {
                let cognito = iam.pointer("/cognitoIdentity/identityId");
                return text(cognito).or(text(iam.get("userArn"))).and_then(auth::named);
            }
            of("/authorizer/jwt/claims")
                .and_then(|claims| claimed(claims, own))
                .or_else(|| of("/authorizer/lambda").and_then(|answer| claimed(answer, own)))
        }
        Front::RestApi => {
            if let Some(claims) = of("/authorizer/claims") {
                return claimed(claims, own);
            }
            if let Some(authorizer) =
                of("/authorizer").filter(|authorizer| text(authorizer.get("principalId")).is_some())
            {
                return claimed(authorizer, own);
            }
            let cognito = of("/identity/cognitoIdentityId");
            text(cognito).or(text(of("/identity/userArn"))).and_then(auth::named)
        }
    }
}

/// The caller of a set of claims, or of what an authorizer of the operator's own answered.
fn claimed(claims: &Value, own: &Scopes) -> Option<Principal> {
    let name = |claim: &str| text(claims.get(claim));
    let principal = match (name("sub"), name("principalId")) {
        (Some(subject), _) => auth::subject(subject),
        (None, Some(name)) => auth::named(name)?,
        (None, None) => auth::client(name("client_id")?),
    };
    let scopes =
        ["scope", "scp"].iter().find_map(|claim| claims.get(*claim).filter(|scope| !scope.is_null()));
    Some(match scopes {
        Some(scopes) => principal.only(own.risks(words(scopes))),
        None => principal,
    })
}

/// The words of a claim. API Gateway writes a list as `[a b]`.
fn words(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(text) => {
            text.trim_matches(['[', ']']).split([' ', ',']).filter(|word| !word.is_empty()).collect()
        }
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use awsmcp_mcp::Risk;
    use serde_json::json;

    use super::*;

    fn of(context: Value) -> Option<Principal> {
        let front = if context.get("elb").is_some() {
            Front::LoadBalancer
        } else if context.get("http").is_some() {
            Front::HttpApi
        } else {
            Front::RestApi
        };
        caller(front, &context, &Scopes::of(["https://mcp.example.com/mcp"]))
    }

    fn name(context: Value) -> Option<String> {
        of(context).map(|caller| caller.name)
    }

    #[test]
    fn each_authorizer_names_the_caller() {
        let v2 = |authorizer: Value| name(json!({"http": {}, "authorizer": authorizer}));
        let arn = "arn:aws:iam::123456789012:user/ada";
        assert_eq!(v2(json!({"iam": {"userArn": arn, "cognitoIdentity": null}})).as_deref(), Some(arn));
        // One role for all of an identity pool's users: the role's ARN would take them for one.
        let pool = json!({"iam": {"userArn": arn, "cognitoIdentity": {"identityId": "us-east-1:7"}}});
        assert_eq!(v2(pool).as_deref(), Some("us-east-1:7"));
        assert_eq!(v2(json!({"jwt": {"claims": {"sub": "ada"}}})).as_deref(), Some("sub=ada"));
        assert_eq!(v2(json!({"jwt": {"claims": {"client_id": "ci"}}})).as_deref(), Some("client_id=ci"));
        assert_eq!(v2(json!({"lambda": {"principalId": "ada"}})).as_deref(), Some("ada"));
        assert_eq!(v2(json!({"lambda": {"tier": "gold"}})), None);
        assert_eq!(v2(json!({"lambda": null})), None);
        assert_eq!(v2(json!({})), None);

        assert_eq!(name(json!({"authorizer": {"principalId": "ada"}})).as_deref(), Some("ada"));
        assert_eq!(name(json!({"authorizer": {"claims": {"sub": "ada"}}})).as_deref(), Some("sub=ada"));
        assert_eq!(v2(json!({"lambda": {"principalId": "sub=ada"}})), None, "it would be an issuer's caller");
        assert_eq!(name(json!({"identity": {"userArn": arn}})).as_deref(), Some(arn));
        // A key of an API says which plan pays, not who calls.
        assert_eq!(name(json!({"identity": {"userArn": null, "apiKey": "k", "apiKeyId": "i"}})), None);
        assert_eq!(name(json!({"identity": {}, "authorizer": {"sub": "not an authorizer's"}})), None);
    }

    #[test]
    fn claims_narrow() {
        let allow =
            |claims: Value| of(json!({"http": {}, "authorizer": {"jwt": {"claims": claims}}})).unwrap().allow;
        let read = Some(BTreeSet::from([Risk::Read]));
        assert_eq!(allow(json!({"sub": "a"})), None);
        assert_eq!(allow(json!({"sub": "a", "scope": "openid email"})), Some(BTreeSet::new()));
        assert_eq!(allow(json!({"sub": "a", "scope": "openid awsmcp:read"})), read);
        assert_eq!(allow(json!({"sub": "a", "scp": "[openid awsmcp:read]"})), read);
        assert_eq!(allow(json!({"sub": "a", "scp": ["awsmcp:read"]})), read);
        assert_eq!(allow(json!({"sub": "a", "scope": "https://mcp.example.com/mcp/awsmcp:read"})), read);
        assert_eq!(allow(json!({"sub": "a", "scope": "https://other/awsmcp:read"})), Some(BTreeSet::new()));
    }

    #[test]
    fn where_nothing_authorizes_there_is_nobody() {
        assert_eq!(of(json!({"elb": {"targetGroupArn": "arn"}})), None);
        assert_eq!(of(json!({"http": {}})), None);
        assert_eq!(of(json!({"identity": {}})), None);
    }
}
