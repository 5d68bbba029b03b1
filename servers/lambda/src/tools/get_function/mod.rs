mod card;
mod findings;

use awsmcp_mcp::{Call, Error, Kind, One, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::join;

use self::{
    card::{Async, Card, Provisioned, Url, recursive_loop},
    findings::findings,
};
use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier},
    policy::policy,
};

/// Shows a function's configuration, policies, URLs, concurrency, destinations and layers, with findings.
///
/// Of environment variables only the names; `get_code` shows the code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetFunction {
    function: FunctionName,
    /// A version or an alias.
    qualifier: Option<Qualifier>,
}

/// What is asked of the function as a whole, also where a version or an alias is looked at.
const WHOLE: &[&str] = &[
    "lambda:ListFunctionUrlConfigs",
    "lambda:ListFunctionEventInvokeConfigs",
    "lambda:ListProvisionedConcurrencyConfigs",
    "lambda:ListTags",
    "lambda:ListAliases",
    "lambda:GetFunctionRecursionConfig",
];

impl Tool for GetFunction {
    type Service = Lambda;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("get_function", "Describe function")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetFunction", "lambda:GetPolicy"])
        .on(arns::FUNCTION, WHOLE)
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:GetFunction", "lambda:GetPolicy"]);

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let client = &cx.client().lambda;
        let whole = self.whole(cx, qualifier.as_deref()).await;
        let (about, own, urls, asyncs, provisioned, aliases, recursion) = join!(
            client.get_function().function_name(&function).set_qualifier(qualifier.clone()).send(),
            policy(cx.client(), &function, qualifier.as_deref()),
            asked(whole, client.list_function_url_configs().function_name(&function).send()),
            asked(whole, client.list_function_event_invoke_configs().function_name(&function).send()),
            asked(whole, client.list_provisioned_concurrency_configs().function_name(&function).send()),
            asked(whole, client.list_aliases().function_name(&function).send()),
            asked(whole, client.get_function_recursion_config().function_name(&function).send()),
        );
        let about = about?;
        if let Some(error) = &about.tags_error {
            cx.note(format!("tags could not be read (lambda:ListTags): {}", error.message));
        }
        let mut card = Card::new(about);
        match part(cx, "the policy", own) {
            Some(own) => card.policy = own.grants,
            None => card.unread_policies.push(qualifier.clone().unwrap_or_else(|| "$LATEST".to_owned())),
        }
        if let Some(urls) = urls.and_then(|urls| part(cx, "URLs", urls)) {
            card.urls = urls.function_url_configs.into_iter().map(Url::new).collect();
        }
        if let Some(asyncs) = asyncs.and_then(|asyncs| part(cx, "the settings of asynchronous calls", asyncs))
        {
            let configs = asyncs.function_event_invoke_configs.unwrap_or_default();
            card.async_settings = configs.into_iter().map(Async::new).collect();
        }
        if let Some(provisioned) =
            provisioned.and_then(|provisioned| part(cx, "provisioned concurrency", provisioned))
        {
            let configs = provisioned.provisioned_concurrency_configs.unwrap_or_default();
            card.provisioned_concurrency = configs.into_iter().map(Provisioned::new).collect();
        }
        let recursion =
            recursion.and_then(|recursion| part(cx, "what becomes of recursive calls", recursion));
        card.recursive_loop = recursion.and_then(recursive_loop);
        let aliases = aliases.and_then(|aliases| part(cx, "aliases", aliases));
        let mut others: Vec<String> = card.urls.iter().map(|url| url.qualifier.clone()).collect();
        if let Some(aliases) = aliases {
            if aliases.next_marker.is_some_and(|marker| !marker.is_empty()) {
                cx.note("there are more aliases, whose policies were not read: list_versions shows them");
            }
            others.extend(aliases.aliases.unwrap_or_default().into_iter().filter_map(|alias| alias.name));
        }
        others.retain(|other| Some(other) != qualifier.as_ref() && other != "$LATEST");
        others.sort();
        others.dedup();
        self.policies(cx, others, &mut card).await;
        card.findings = findings(&card);
        Ok(One(card))
    }
}

impl GetFunction {
    /// Reads the policies of other versions and aliases: AWS keeps what is granted on each apart.
    async fn policies(&self, cx: &Call<Lambda>, qualifiers: Vec<String>, card: &mut Card) {
        const AT_ONCE: usize = 8;
        let function = self.function.base();
        let read = |qualifier: String| {
            let function = function.as_str();
            async move {
                let read = match self.function.may(cx, "lambda:GetPolicy", Some(&qualifier)).await {
                    Ok(()) => policy(cx.client(), function, Some(&qualifier)).await,
                    Err(refused) => Err(refused),
                };
                (qualifier, read)
            }
        };
        let mut found = stream::iter(qualifiers.into_iter().map(read)).buffered(AT_ONCE);
        while let Some((qualifier, read)) = found.next().await {
            match part(cx, &format!("the policy of {qualifier}"), read) {
                Some(read) => card.policy.extend(read.grants),
                None => card.unread_policies.push(qualifier),
            }
        }
    }

    /// Whether the function as a whole may be looked at too; a note says why not.
    async fn whole(&self, cx: &Call<Lambda>, qualifier: Option<&str>) -> bool {
        if qualifier.is_none() {
            return true;
        }
        for action in WHOLE {
            if let Err(error) = self.function.may(cx, action, None).await {
                cx.note(format!(
                    "URLs, asynchronous and provisioned settings were not asked for: {}",
                    error.message
                ));
                return false;
            }
        }
        true
    }
}

/// What `work` gives, where it may be asked for.
async fn asked<T>(may: bool, work: impl Future<Output = T>) -> Option<T> {
    if may { Some(work.await) } else { None }
}

/// What may be missing: a part that cannot be read is a note, not the end of the answer.
fn part<T, E: Into<Error>>(cx: &Call<Lambda>, what: &str, asked: Result<T, E>) -> Option<T> {
    match asked.map_err(Into::into) {
        Ok(found) => Some(found),
        Err(error) if error.kind == Kind::NotFound => None,
        Err(error) => {
            cx.note(format!("{what} could not be read: {}", error.message));
            None
        }
    }
}
