use aws_sdk_lambda::types::FunctionUrlAuthType;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier},
    policy::{Grant, Hold, is_service, policy},
};

/// Lets a service, an account or everybody (`*`) use a function, or takes such a permission back.
///
/// What opens it to others asks first. A public URL needs two: InvokeFunctionUrl with `url_auth`, and InvokeFunction with
/// `via_url`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPermission {
    function: FunctionName,
    qualifier: Option<Qualifier>,
    /// As get_function shows it, or a new one.
    statement_id: String,
    /// `s3.amazonaws.com`, an account, an ARN or `*`.
    principal: Option<String>,
    /// Else lambda:InvokeFunction.
    action: Option<String>,
    /// Who the service acts for: a bucket, a topic, a rule.
    source_arn: Option<String>,
    source_account: Option<String>,
    /// For lambda:InvokeFunctionUrl: only URLs with this auth.
    url_auth: Option<UrlAuth>,
    /// For lambda:InvokeFunction: only calls that come by its URL.
    via_url: Option<bool>,
    #[serde(default)]
    remove: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum UrlAuth {
    Iam,
    None,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    function: String,
    statement_id: String,
    outcome: &'static str,
}

impl Change for SetPermission {
    type Service = Lambda;
    type Output = One<Done>;
    /// The revision of the policy that was looked at; none where there is no policy yet.
    type Items = Option<String>;
    const SPEC: Spec = Spec::write("set_permission", "Set permission")
        .shown_by("get_function")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetPolicy", "lambda:AddPermission", "lambda:RemovePermission"])
        .when("qualifier")
        .on(
            arns::QUALIFIED_FUNCTION,
            &["lambda:GetPolicy", "lambda:AddPermission", "lambda:RemovePermission"],
        )
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Option<String>>> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let present = policy(cx.client(), &function, qualifier.as_deref()).await?;
        let same = present.grants.iter().find(|grant| grant.statement_id == self.statement_id);
        let (id, name) = (&self.statement_id, &self.function);
        if self.remove {
            let grant = same.ok_or_else(|| {
                let known: Vec<&str> =
                    present.grants.iter().map(|grant| grant.statement_id.as_str()).collect();
                Error::not_found(format!("{name} has no statement {id}")).with_next(format!(
                    "its statements are: {}",
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                ))
            })?;
            return Ok(Plan::new(format!("take statement {id} from {name}: {}", said(grant)))
                .warning(format!("{} can no longer use it that way", grant.principal))
                .items(present.revision));
        }
        let principal = self.principal()?;
        if let Some(grant) = same {
            return Err(Error::conflict(format!("{name} has a statement {id} already: {}", said(grant)))
                .with_next("remove it first, or choose another statement_id"));
        }
        let source = self.source_arn.as_ref().map(|arn| format!(" for {arn}")).unwrap_or_default();
        let plan = Plan::new(format!("let {principal} call {} on {name}{source}", self.action()));
        Ok(self.opening(cx, plan).await?.items(present.revision))
    }

    async fn apply(self, revision: Option<String>, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let client = &cx.client().lambda;
        let outcome = if self.remove {
            let request = client.remove_permission().function_name(function).set_qualifier(qualifier);
            request.statement_id(&self.statement_id).set_revision_id(revision).send().await?;
            "removed"
        } else {
            client
                .add_permission()
                .function_name(function)
                .set_qualifier(qualifier)
                .statement_id(&self.statement_id)
                .principal(self.principal()?)
                .action(self.action())
                .set_source_arn(self.source_arn.clone())
                .set_source_account(self.source_account.clone())
                .set_function_url_auth_type(self.url_auth.map(FunctionUrlAuthType::from))
                .set_invoked_via_function_url(self.via_url)
                .set_revision_id(revision)
                .send()
                .await?;
            "added"
        };
        Ok(One(Done { function: self.function.to_string(), statement_id: self.statement_id, outcome }))
    }
}

impl From<UrlAuth> for FunctionUrlAuthType {
    fn from(auth: UrlAuth) -> Self {
        match auth {
            UrlAuth::Iam => FunctionUrlAuthType::AwsIam,
            UrlAuth::None => FunctionUrlAuthType::None,
        }
    }
}

impl SetPermission {
    /// The plan, with what it opens and to whom: others than this account are let in only after a question, and so is whoever
    /// may do more than call and look.
    async fn opening(&self, cx: &Call<Lambda>, plan: Plan) -> Result<Plan> {
        let (principal, action) = (self.principal()?, self.action());
        let grant = Grant::of(&self.statement()?);
        let mut plan = plan;
        if grant.is_public {
            let to = if self.via_url == Some(true) || self.url_auth == Some(UrlAuth::None) {
                "anybody on the internet may call it by its URL"
            } else {
                "everybody may call it"
            };
            let narrow = match (&self.source_arn, &self.source_account) {
                (Some(_), None) => "; that source may be of any account: set source_account",
                _ => "",
            };
            plan = plan.warning(format!("public: {to}{narrow}")).ask();
        } else if is_service(principal) {
            plan = match grant.hold {
                Hold::Nothing => plan
                    .warning("any account can make that service call it: set source_arn or source_account")
                    .ask(),
                Hold::Resource => {
                    plan.warning("that source may be of another account one day: set source_account")
                }
                Hold::Owner => plan,
            };
        } else if principal != "*" && account(principal).is_none() {
            plan = plan.warning(format!("whose {principal} is, is not known here")).ask();
        }
        for other in self.others(cx).await {
            plan = plan.warning(format!("{other} is another account")).ask();
        }
        if !is_plain(action) {
            plan = plan.warning(format!("{action} is more than calling it and looking at it")).ask();
        }
        Ok(plan)
    }

    /// The accounts that are let in and are not the caller's: as the principal, or as those that a service acts for.
    async fn others(&self, cx: &Call<Lambda>) -> Vec<String> {
        let of_source = self.source_arn.as_deref().and_then(account);
        let named = [self.principal.as_deref().and_then(account), of_source, self.source_account.as_deref()];
        let mut named: Vec<&str> = named.into_iter().flatten().collect();
        named.sort_unstable();
        named.dedup();
        if named.is_empty() {
            return Vec::new();
        }
        // Who asks is told by STS; where that is not known, every account counts as another.
        let own = cx.identity().await.map(|identity| identity.account).ok();
        named.retain(|account| own.as_deref() != Some(*account));
        named.into_iter().map(str::to_owned).collect()
    }

    /// The statement that AWS makes of the call.
    fn statement(&self) -> Result<Value> {
        let mut condition = Map::new();
        for (operator, key, value) in [
            ("ArnLike", "aws:SourceArn", &self.source_arn),
            ("StringEquals", "aws:SourceAccount", &self.source_account),
        ] {
            if let Some(value) = value {
                condition.insert(operator.to_owned(), json!({key: value}));
            }
        }
        Ok(
            json!({"Effect": "Allow", "Principal": self.principal()?, "Action": self.action(), "Condition": condition}),
        )
    }

    fn principal(&self) -> Result<&str> {
        self.principal.as_deref().ok_or_else(|| {
            Error::invalid("the argument `principal` is missing")
                .with_next("good ones are s3.amazonaws.com, 123456789012 and an IAM ARN")
        })
    }

    fn action(&self) -> &str {
        self.action.as_deref().unwrap_or("lambda:InvokeFunction")
    }
}

/// The account that a principal is or belongs to.
fn account(principal: &str) -> Option<&str> {
    let account = match principal.strip_prefix("arn:") {
        Some(rest) => rest.split(':').nth(3)?,
        None => principal,
    };
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// Whether an action only calls a function or looks at it.
fn is_plain(action: &str) -> bool {
    let name = action.strip_prefix("lambda:").unwrap_or_default();
    !name.contains(['*', '?']) && ["Invoke", "Get", "List"].iter().any(|start| name.starts_with(start))
}

fn said(grant: &Grant) -> String {
    let condition =
        grant.condition.as_ref().map(|condition| format!(" where {condition}")).unwrap_or_default();
    format!("{} may {}{condition}", grant.principal, grant.action)
}
