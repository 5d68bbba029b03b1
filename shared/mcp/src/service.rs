//! What a server says once about the AWS service it serves.

use std::borrow::Cow;

use awsmcp_sdk::{Error, RequestView, SdkConfig, Tap};

use crate::{Extra, Look, Settings};

/// An AWS service, as its tools use it.
pub trait Service: Send + Sync + Sized + 'static {
    /// The server's id: crate and binary are `awsmcp-<id>`.
    const ID: &'static str;
    /// AWS's name of the service.
    const TITLE: &'static str;
    /// What the server is for, in a sentence.
    const SUMMARY: &'static str;
    /// The IAM prefix of each SDK service the client uses, by the SDK's service id (`("S3", "s3")`).
    const PREFIXES: &'static [(&'static str, &'static str)];
    /// The operations whose IAM action is not of the same name: `("ListObjectsV2", &["s3:ListBucket"])`.
    /// An operation with several actions is permitted by any of them.
    const ACTIONS: &'static [(&'static str, &'static [&'static str])];
    /// The operations that change something and do no more when they are sent twice, such as putting the same object: they
    /// are sent again where an answer was lost. What carries a client token or a condition is known by itself.
    const REPEATABLE: &'static [&'static str] = &[];
    /// What AWS's good answers always have, by operation: an answer without it is not AWS's. `header:etag`, or a member of
    /// the body.
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[];
    /// For how many minutes an operation may say nothing, where that is normal: a model that thinks, a function that runs.
    const PATIENCE: &'static [(&'static str, u64)] = &[];
    /// Forms of ARNs that [`arn`](Service::arn) gives, besides those that tools declare: `arn:*:s3:*:*:accesspoint/*`.
    const FORMS: &'static [&'static str] = &[];
    /// Where requests name resources, for the second look.
    const LOOKS: &'static [Look] = &[];
    /// The settings that only this server has.
    const EXTRAS: &'static [Extra] = &[];
    /// What names the things that this service has: where one is not found, the nearest name is offered.
    const NAMES: &'static [Named] = &[];

    /// The SDK's client, or a struct of them.
    type Client: Send + Sync + 'static;

    /// Makes the client of one call. It must carry `tap` as an interceptor: only so are a call's operations
    /// recorded, and undeclared ones refused.
    fn client(sdk: &SdkConfig, tap: Tap) -> Self::Client;

    /// The same, for a service whose requests depend on what the operator set.
    fn client_with(sdk: &SdkConfig, tap: Tap, _settings: &Settings) -> Self::Client {
        Self::client(sdk, tap)
    }

    /// AWS's own way to write an ARN that a tool's template gave, where the template cannot: such as of a name that stands
    /// for a resource of another kind. `None` where the template's ARN is right.
    ///
    /// # Errors
    /// Why it cannot be told which resource is meant, and what to name instead. Such a call is refused while calls are
    /// held to ARNs.
    fn arn(_arn: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Reads a place of a request that needs more than its name, such as the tables within a statement; none for any other.
    fn place(_place: &str, _request: &RequestView) -> Option<Vec<String>> {
        None
    }

    /// The service's own wisdom about an error: what to do next, where the general hint is too weak. Of a denial, what
    /// it may mean besides the missing permission, which is named in any case.
    fn hint(_error: &Error) -> Option<Cow<'static, str>> {
        None
    }
}

/// An argument that names a thing, and the list tool that knows all such names.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The argument, such as `bucket`.
    pub argument: &'static str,
    /// The list tool.
    pub tool: &'static str,
    /// The column of its rows that holds the names.
    pub column: &'static str,
}

/// The IAM actions that an operation may stand for.
pub(crate) fn actions<S: Service>(sdk_service: &str, operation: &str) -> Vec<Cow<'static, str>> {
    if sdk_service == "STS" && operation == "GetCallerIdentity" {
        return vec![Cow::Borrowed("sts:GetCallerIdentity")];
    }
    match S::ACTIONS.iter().find(|(name, _)| *name == operation) {
        Some((_, actions)) => actions.iter().map(|action| Cow::Borrowed(*action)).collect(),
        None => {
            let prefix = S::PREFIXES
                .iter()
                .find(|(id, _)| *id == sdk_service)
                .map_or_else(|| sdk_service.to_lowercase(), |(_, prefix)| (*prefix).to_owned());
            vec![Cow::Owned(format!("{prefix}:{operation}"))]
        }
    }
}
