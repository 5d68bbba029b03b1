use aws_sdk_lambda::types::{EventSourceMappingConfiguration, FunctionUrlAuthType, FunctionUrlConfig};
use awsmcp_mcp::{Call, One, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns, lists,
    names::{FunctionName, arn_qualifier},
    policy::policy,
};

/// Shows in one answer who may call a function: the policies of itself and of each alias and version, URLs, event sources.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhoMayCall {
    function: FunctionName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Callers {
    function: String,
    /// Whether somebody outside of any account or organisation that is named may; nothing where a policy that could not be
    /// read may let them.
    public: Option<bool>,
    callers: Vec<Caller>,
    /// The versions and aliases whose policies were read.
    policies_read: Vec<String>,
    /// What could not be read, and why.
    unread: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Caller {
    who: String,
    /// policy, url or event_source
    by: &'static str,
    /// The version or alias; none of the function itself.
    qualifier: Option<String>,
    action: Option<String>,
    /// From where, where that is held to something.
    condition: Option<String>,
    /// A statement's id, a URL, a mapping's UUID.
    id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    public: bool,
}

impl Tool for WhoMayCall {
    type Service = Lambda;
    type Output = One<Callers>;
    const SPEC: Spec = Spec::read("who_may_call", "Who may call a function")
        .on(
            arns::FUNCTION,
            &[
                "lambda:GetFunctionConfiguration",
                "lambda:ListAliases",
                "lambda:ListVersionsByFunction",
                "lambda:GetPolicy",
                "lambda:ListFunctionUrlConfigs",
            ],
        )
        .on("*", &["lambda:ListEventSourceMappings"])
        // Only its own mappings are asked for, which AWS grants on everything or not at all.
        .rows(arns::FUNCTION)
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        self.function.unqualified()?;
        let function = self.function.base();
        // A function that does not exist has no policy, and would look well kept.
        crate::configuration::current(cx, &function, None).await?;
        let mut found = Found::default();
        let aliases = found.part("aliases", lists::aliases(cx, &function).await).unwrap_or_default();
        let versions = found.part("published versions", lists::versions(cx, &function).await);
        found.lacks_policies = !found.unread.is_empty();
        let mut qualifiers = lists::names(&aliases);
        qualifiers.extend(lists::numbers(&versions.unwrap_or_default()));
        self.policies(cx, qualifiers.iter(), &mut found).await;
        let urls = found.part("URLs", lists::urls(cx, &function).await).unwrap_or_default();
        found.callers.extend(found_urls(urls));
        let sources = lists::mappings(cx, &function, qualifiers).await;
        let sources = found.part("event sources", sources).unwrap_or_default();
        found.callers.extend(found_sources(sources));
        found.note(cx);
        Ok(One(Callers {
            function: self.function.to_string(),
            public: found.is_public(),
            callers: found.callers,
            policies_read: found.policies,
            unread: found.unread,
        }))
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    callers: Vec<Caller>,
    policies: Vec<String>,
    unread: Vec<String>,
    /// Whether a policy is missing, or it is not known of which versions and aliases there are some.
    lacks_policies: bool,
}

impl Found {
    fn is_public(&self) -> Option<bool> {
        let is_public = self.callers.iter().any(|caller| caller.public);
        (is_public || !self.lacks_policies).then_some(is_public)
    }

    fn part<T>(&mut self, what: &str, asked: Result<T>) -> Option<T> {
        asked.map_err(|error| self.unread.push(format!("{what}: {}", error.message))).ok()
    }

    fn note(&self, cx: &Call<Lambda>) {
        cx.note(
            "roles and users of the account whose own policies allow lambda:InvokeFunction may call it too, and stand in \
             no policy of the function",
        );
        if !self.unread.is_empty() {
            cx.note("this is not all: `unread` says what is missing");
        }
    }
}

/// A URL is open to whom its auth says; with NONE the policy decides, whose statements are told beside it.
fn found_urls(urls: Vec<FunctionUrlConfig>) -> impl Iterator<Item = Caller> {
    urls.into_iter().map(|url| Caller {
        who: match url.auth_type {
            FunctionUrlAuthType::None => "whoever the policy lets, without signing in".to_owned(),
            _ => "whoever signs with IAM and is allowed to".to_owned(),
        },
        by: "url",
        qualifier: arn_qualifier(&url.function_arn).map(str::to_owned),
        action: None,
        condition: None,
        id: url.function_url,
        public: false,
    })
}

impl WhoMayCall {
    /// The statements of every policy: AWS keeps what is granted on each version and alias apart.
    async fn policies(
        &self,
        cx: &Call<Lambda>,
        qualifiers: impl Iterator<Item = &String>,
        found: &mut Found,
    ) {
        const AT_ONCE: usize = 8;
        let function = self.function.base();
        let all: Vec<Option<String>> = std::iter::once(None).chain(qualifiers.cloned().map(Some)).collect();
        let read = |qualifier: Option<String>| {
            let function = function.as_str();
            async move {
                let read = match self.function.may(cx, "lambda:GetPolicy", qualifier.as_deref()).await {
                    Ok(()) => policy(cx.client(), function, qualifier.as_deref()).await,
                    Err(refused) => Err(refused),
                };
                (qualifier.unwrap_or_else(|| "$LATEST".to_owned()), read)
            }
        };
        let mut reading = stream::iter(all.into_iter().map(read)).buffered(AT_ONCE);
        while let Some((qualifier, read)) = reading.next().await {
            let Some(read) = found.part(&format!("the policy of {qualifier}"), read) else {
                found.lacks_policies = true;
                continue;
            };
            found.policies.push(qualifier);
            found.callers.extend(read.grants.into_iter().map(|grant| Caller {
                who: grant.principal,
                by: "policy",
                qualifier: grant.qualifier,
                action: Some(grant.action),
                condition: grant.condition,
                id: grant.statement_id,
                public: grant.is_public,
            }));
        }
    }
}

/// The mappings to the function, its aliases and its versions, by their UUIDs.
fn found_sources(mappings: Vec<EventSourceMappingConfiguration>) -> impl Iterator<Item = Caller> {
    mappings.into_iter().map(|mapping| Caller {
        who: mapping.event_source_arn.unwrap_or_else(|| "a Kafka cluster of one's own".to_owned()),
        by: "event_source",
        qualifier: mapping.function_arn.as_deref().and_then(arn_qualifier).map(str::to_owned),
        action: None,
        condition: mapping.state.map(|state| format!("state={state}")),
        id: mapping.uuid.unwrap_or_default(),
        public: false,
    })
}
