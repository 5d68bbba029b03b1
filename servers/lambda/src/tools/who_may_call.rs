use std::collections::BTreeSet;

use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
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
    /// Whether somebody outside of any account or organisation that is named may.
    public: bool,
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
        // A function that does not exist has no policy, and would look well kept.
        crate::configuration::current(cx, &self.function.base(), None).await?;
        let mut found = Found::default();
        let aliases = found.part("aliases", self.aliases(cx).await).unwrap_or_default();
        let versions = found.part("published versions", self.versions(cx).await).unwrap_or_default();
        self.policies(cx, aliases.iter().chain(&versions), &mut found).await;
        let urls = self.urls(cx).await;
        let urls = found.part("URLs", urls).unwrap_or_default();
        found.callers.extend(found_urls(urls));
        let sources = self.sources(cx, &aliases).await;
        let sources = found.part("event sources", sources).unwrap_or_default();
        found.callers.extend(sources);
        found.note(cx);
        Ok(One(Callers {
            function: self.function.to_string(),
            public: found.callers.iter().any(|caller| caller.public),
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
}

impl Found {
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
fn found_urls(urls: Vec<(Option<String>, String, String)>) -> Vec<Caller> {
    let caller = |(qualifier, url, auth): (Option<String>, String, String)| Caller {
        who: match auth.as_str() {
            "NONE" => "whoever the policy lets, without signing in".to_owned(),
            _ => "whoever signs with IAM and is allowed to".to_owned(),
        },
        by: "url",
        qualifier,
        action: None,
        condition: None,
        id: url,
        public: false,
    };
    urls.into_iter().map(caller).collect()
}

impl WhoMayCall {
    async fn aliases(&self, cx: &Call<Lambda>) -> Result<Vec<String>> {
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let asked = cx.client().lambda.list_aliases().function_name(self.function.base());
            let out = asked.set_marker(marker).send().await?;
            names.extend(out.aliases.unwrap_or_default().into_iter().filter_map(|alias| alias.name));
            marker = out.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    async fn versions(&self, cx: &Call<Lambda>) -> Result<Vec<String>> {
        let (mut numbers, mut marker) = (Vec::new(), None);
        loop {
            let asked = cx.client().lambda.list_versions_by_function().function_name(self.function.base());
            let out = asked.set_marker(marker).send().await?;
            let found = out.versions.unwrap_or_default().into_iter().filter_map(|version| version.version);
            numbers.extend(found.filter(|number| number != "$LATEST"));
            marker = out.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(numbers);
            }
        }
    }

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
            let Some(read) = found.part(&format!("the policy of {qualifier}"), read) else { continue };
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

    /// The qualifier, the address and the auth of each URL.
    async fn urls(&self, cx: &Call<Lambda>) -> Result<Vec<(Option<String>, String, String)>> {
        let (mut urls, mut marker) = (Vec::new(), None);
        loop {
            let asked = cx.client().lambda.list_function_url_configs().function_name(self.function.base());
            let out = asked.set_marker(marker).send().await?;
            urls.extend(out.function_url_configs.into_iter().map(|url| {
                let qualifier = arn_qualifier(&url.function_arn).map(str::to_owned);
                (qualifier, url.function_url, url.auth_type.to_string())
            }));
            marker = out.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(urls);
            }
        }
    }

    /// The mappings to the function, and to each of its aliases, by their UUIDs.
    async fn sources(&self, cx: &Call<Lambda>, aliases: &[String]) -> Result<Vec<Caller>> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let base = self.function.base();
        let names =
            std::iter::once(base.clone()).chain(aliases.iter().map(|alias| format!("{base}:{alias}")));
        for name in names {
            let mut marker = None;
            loop {
                let asked = cx.client().lambda.list_event_source_mappings().function_name(&name);
                let out = asked.set_marker(marker).send().await.map_err(Error::from)?;
                for mapping in out.event_source_mappings.unwrap_or_default() {
                    let id = mapping.uuid.unwrap_or_default();
                    if !seen.insert(id.clone()) {
                        continue;
                    }
                    found.push(Caller {
                        who: mapping
                            .event_source_arn
                            .unwrap_or_else(|| "a Kafka cluster of one's own".to_owned()),
                        by: "event_source",
                        qualifier: mapping.function_arn.as_deref().and_then(arn_qualifier).map(str::to_owned),
                        action: None,
                        condition: mapping.state.map(|state| format!("state={state}")),
                        id,
                        public: false,
                    });
                }
                marker = out.next_marker.filter(|marker| !marker.is_empty());
                if marker.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}
