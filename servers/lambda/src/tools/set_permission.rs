use aws_sdk_lambda::types::FunctionUrlAuthType;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier},
    policy::{Grant, grants},
};

/// Lets a service, an account or everybody (`*`, asks first) use a function, or takes such a permission back.
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
    #[serde(default)]
    remove: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
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
    type Items = ();
    const SPEC: Spec = Spec::write("set_permission", "Set permission")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetPolicy", "lambda:AddPermission", "lambda:RemovePermission"])
        .when("qualifier")
        .on(
            arns::QUALIFIED_FUNCTION,
            &["lambda:GetPolicy", "lambda:AddPermission", "lambda:RemovePermission"],
        )
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let present = grants(cx.client(), &function, qualifier.as_deref()).await?;
        let same = present.iter().find(|grant| grant.statement_id == self.statement_id);
        let (id, name) = (&self.statement_id, &self.function);
        if self.remove {
            let grant = same.ok_or_else(|| {
                let known: Vec<&str> = present.iter().map(|grant| grant.statement_id.as_str()).collect();
                Error::not_found(format!("{name} has no statement {id}")).with_next(format!(
                    "its statements are: {}",
                    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
                ))
            })?;
            return Ok(Plan::new(format!("take statement {id} from {name}: {}", said(grant)))
                .warning(format!("{} can no longer use it that way", grant.principal))
                .state(json!(present)));
        }
        let principal = self.principal()?;
        if let Some(grant) = same {
            return Err(Error::conflict(format!("{name} has a statement {id} already: {}", said(grant)))
                .with_next("remove it first, or choose another statement_id"));
        }
        let source = self.source_arn.as_ref().map(|arn| format!(" for {arn}")).unwrap_or_default();
        let mut plan = Plan::new(format!("let {principal} call {} on {name}{source}", self.action()));
        if principal == "*" && self.source_arn.is_none() && self.source_account.is_none() {
            plan = plan.warning("public: everybody may call it").ask();
        } else if principal.ends_with(".amazonaws.com")
            && self.source_arn.is_none()
            && self.source_account.is_none()
        {
            plan =
                plan.warning("any account can make that service call it: set source_arn or source_account");
        }
        Ok(plan.state(json!(present)))
    }

    async fn apply(self, (): (), cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let client = &cx.client().lambda;
        let outcome = if self.remove {
            let request = client.remove_permission().function_name(function).set_qualifier(qualifier);
            request.statement_id(&self.statement_id).send().await?;
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
                .set_function_url_auth_type(self.url_auth.map(|auth| match auth {
                    UrlAuth::Iam => FunctionUrlAuthType::AwsIam,
                    UrlAuth::None => FunctionUrlAuthType::None,
                }))
                .send()
                .await?;
            "added"
        };
        Ok(One(Done { function: self.function.to_string(), statement_id: self.statement_id, outcome }))
    }
}

impl SetPermission {
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

fn said(grant: &Grant) -> String {
    let condition =
        grant.condition.as_ref().map(|condition| format!(" where {condition}")).unwrap_or_default();
    format!("{} may {}{condition}", grant.principal, grant.action)
}
