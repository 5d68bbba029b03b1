//! Why a caller may do something, or may not.

use std::marker::PhantomData;

use awsmcp_api::{Client, IAM};
use awsmcp_mcp::{Call, EXPLAINS_ACCESS, Error, Kind, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Operations;

/// Explains whether a user or role may do something, and which policy decides, by IAM's own simulation. A resource's policy
/// counts only where it is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "S: Operations")]
pub(crate) struct ExplainAccess<S> {
    /// IAM actions, such as `s3:GetObject`.
    #[schemars(length(min = 1, max = 20))]
    actions: Vec<String>,
    /// ARNs; default `*`.
    #[serde(default)]
    #[schemars(length(max = 20))]
    resources: Vec<String>,
    /// ARN of a user or role; default who calls.
    principal: Option<String>,
    /// The policy of the one resource, as JSON.
    resource_policy: Option<String>,
    /// Such as `{"aws:SourceIp": "203.0.113.5"}`.
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(skip)]
    #[schemars(skip)]
    server: PhantomData<fn() -> S>,
}

/// What IAM says of the principal.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    principal: String,
    decisions: Vec<Decision>,
}

/// What IAM says of one action on one resource.
#[derive(Debug, Serialize, JsonSchema)]
struct Decision {
    action: String,
    resource: String,
    /// `allowed`, `explicitDeny` (a policy forbids it) or `implicitDeny` (no policy allows it).
    decision: String,
    /// The policies whose statements decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by: Vec<String>,
    /// Whether the permissions boundary lets it pass, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary_allows: Option<bool>,
    /// Whether the organization's policies let it pass, where IAM tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_allows: Option<bool>,
    /// Condition keys that a policy asks for and that were not given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_context: Vec<String>,
}

impl<S: Operations> Tool for ExplainAccess<S> {
    type Service = S;
    type Output = One<Explained>;
    const SPEC: Spec = crate::chosen::<S>(
        Spec::read(EXPLAINS_ACCESS, "Explain access").on("*", &["iam:SimulatePrincipalPolicy"]),
    );

    async fn call(self, cx: &Call<S>) -> Result<One<Explained>> {
        let principal = match &self.principal {
            Some(arn) => arn.clone(),
            None => cx.identity().await?.arn,
        };
        let source = awsmcp_sdk::principal(&principal).ok_or_else(|| {
            Error::invalid(format!("{principal} is neither a user nor a role, and IAM simulates only these"))
                .with_next("name one, such as arn:aws:iam::123456789012:role/app, as `principal`")
        })?;
        let client = Client::new(cx.sdk(), cx.tap().clone());
        let mut decisions = Vec::new();
        let mut marker = None;
        loop {
            let answer = client.call(&IAM, "SimulatePrincipalPolicy", self.input(&source, marker)).await;
            let answer = answer.map_err(|error| match error.kind {
                Kind::NotFound => {
                    error.with_next("a role below a path is named by its whole ARN, as `principal`")
                }
                _ => error,
            })?;
            let results = answer.get("EvaluationResults").and_then(Value::as_array);
            decisions.extend(results.into_iter().flatten().map(decision));
            marker = answer.get("Marker").and_then(Value::as_str).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        if self.resource_policy.is_none() && decisions.iter().any(|it| it.decision == "implicitDeny") {
            cx.note("a resource's own policy may allow what no policy of the principal does: give it as `resource_policy`");
        }
        Ok(One(Explained { principal: source, decisions }))
    }
}

impl<S> ExplainAccess<S> {
    fn input(&self, source: &str, marker: Option<String>) -> Map<String, Value> {
        let resources = if self.resources.is_empty() { vec!["*".to_owned()] } else { self.resources.clone() };
        let mut input = Map::from_iter([
            ("PolicySourceArn".to_owned(), json!(source)),
            ("ActionNames".to_owned(), json!(self.actions)),
            ("ResourceArns".to_owned(), json!(resources)),
        ]);
        if let Some(policy) = &self.resource_policy {
            input.insert("ResourcePolicy".to_owned(), json!(policy));
            if source.contains(":user/") {
                input.insert("CallerArn".to_owned(), json!(source));
            }
        }
        let entries: Vec<Value> = self.context.iter().map(|(key, value)| entry(key, value)).collect();
        if !entries.is_empty() {
            input.insert("ContextEntries".to_owned(), json!(entries));
        }
        input.extend(marker.map(|marker| ("Marker".to_owned(), json!(marker))));
        input
    }
}

/// A condition key with its values, each as text, and of which type they are.
fn entry(key: &str, value: &Value) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (values, list) = match value {
        Value::Array(all) => (all.iter().map(text).collect(), "List"),
        one => (vec![text(one)], ""),
    };
    let kind = match value.as_array().and_then(|all| all.first()).unwrap_or(value) {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "numeric",
        Value::String(text) if text.parse::<std::net::IpAddr>().is_ok() => "ip",
        _ => "string",
    };
    json!({"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": format!("{kind}{list}")})
}

fn decision(of: &Value) -> Decision {
    let text = |key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let flag = |pointer: &str| of.pointer(pointer).and_then(Value::as_bool);
    let mut by: Vec<String> = of
        .get("MatchedStatements")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|it| {
            let id = it.get("SourcePolicyId").and_then(Value::as_str)?;
            let kind = it.get("SourcePolicyType").and_then(Value::as_str).unwrap_or_default();
            Some(if kind.is_empty() { id.to_owned() } else { format!("{id} ({kind})") })
        })
        .collect();
    by.dedup();
    let missing = of.get("MissingContextValues").and_then(Value::as_array).into_iter().flatten();
    Decision {
        action: text("EvalActionName"),
        resource: text("EvalResourceName"),
        decision: text("EvalDecision"),
        by,
        boundary_allows: flag("/PermissionsBoundaryDecisionDetail/AllowedByPermissionsBoundary"),
        organization_allows: flag("/OrganizationsDecisionDetail/AllowedByOrganizations"),
        missing_context: missing.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
