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
    Lambda, arns, lists,
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
        // AWS keeps no policy of $LATEST but the function's own.
        let of = qualifier.clone().filter(|qualifier| qualifier != "$LATEST");
        let client = &cx.client().lambda;
        let whole = self.whole(cx, qualifier.as_deref()).await;
        let (about, urls, asyncs, provisioned, aliases, recursion) = join!(
            client.get_function().function_name(&function).set_qualifier(qualifier.clone()).send(),
            asked(whole, lists::urls(cx, &function)),
            asked(whole, lists::asyncs(cx, &function)),
            asked(whole, lists::provisioned(cx, &function)),
            asked(whole, lists::aliases(cx, &function)),
            asked(whole, client.get_function_recursion_config().function_name(&function).send()),
        );
        let about = about?;
        if let Some(error) = &about.tags_error {
            cx.note(format!("tags could not be read (lambda:ListTags): {}", error.message));
        }
        let mut card = Card::new(about);
        let urls = urls.and_then(|urls| part(cx, "URLs", urls)).unwrap_or_default();
        card.urls = urls.into_iter().map(Url::new).collect();
        let asyncs = asyncs.and_then(|asyncs| part(cx, "the settings of asynchronous calls", asyncs));
        card.async_settings = asyncs.unwrap_or_default().into_iter().map(Async::new).collect();
        let provisioned =
            provisioned.and_then(|provisioned| part(cx, "provisioned concurrency", provisioned));
        card.provisioned_concurrency =
            provisioned.unwrap_or_default().into_iter().map(Provisioned::new).collect();
        let recursion =
            recursion.and_then(|recursion| part(cx, "what becomes of recursive calls", recursion));
        card.recursive_loop = recursion.and_then(recursive_loop);
        let aliases = aliases.and_then(|aliases| part(cx, "aliases", aliases)).unwrap_or_default();
        let mut others: Vec<String> = card.urls.iter().map(|url| url.qualifier.clone()).collect();
        others.extend(lists::names(&aliases));
        others.retain(|other| Some(other) != of.as_ref() && other != "$LATEST");
        others.sort();
        others.dedup();
        if !aliases.is_empty() {
            cx.note("policies of published versions were not read but where a URL or `qualifier` names one");
        }
        // The function's own too, where a version or an alias is looked at: it opens URLs of the function.
        let own = std::iter::once(of.clone()).chain(of.map(|_| None));
        self.policies(cx, own.chain(others.into_iter().map(Some)).collect(), &mut card).await;
        card.findings = findings(&card);
        Ok(One(card))
    }
}

impl GetFunction {
    /// Reads the policies of the function, its versions and aliases: AWS keeps what is granted on each apart.
    async fn policies(&self, cx: &Call<Lambda>, qualifiers: Vec<Option<String>>, card: &mut Card) {
        const AT_ONCE: usize = 8;
        let function = self.function.base();
        let read = |qualifier: Option<String>| {
            let function = function.as_str();
            async move {
                let read = match self.function.may(cx, "lambda:GetPolicy", qualifier.as_deref()).await {
                    Ok(()) => policy(cx.client(), function, qualifier.as_deref()).await,
                    Err(refused) => Err(refused),
                };
                (qualifier, read)
            }
        };
        let mut found = stream::iter(qualifiers.into_iter().map(read)).buffered(AT_ONCE);
        while let Some((qualifier, read)) = found.next().await {
            let what = qualifier.as_ref().map(|name| format!("the policy of {name}"));
            match part(cx, what.as_deref().unwrap_or("the policy"), read) {
                Some(read) => card.policy.extend(read.grants),
                None => card.unread_policies.push(qualifier.unwrap_or_else(|| "$LATEST".to_owned())),
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
