//! `whoami`: a tool that every server has.

use awsmcp_spec::Spec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Call, One, Result, Service, tool::Entry};

/// Shows the account, principal, region and credentials that calls use.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {}

/// Who is calling, and with what.
#[derive(Serialize, JsonSchema)]
struct WhoAmI {
    account: String,
    arn: String,
    region: String,
    partition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    credential_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials_expire: Option<String>,
}

/// The name of a tool that every server has.
pub const WHOAMI: &str = "whoami";

const SPEC: Spec = Spec::read(WHOAMI, "Who am I").on("*", &["sts:GetCallerIdentity"]).names_no_resource();

pub(crate) fn entry<S: Service>() -> Entry<S> {
    Entry::builtin::<Input, One<WhoAmI>, _>(SPEC, "session", |_: Input, cx| {
        Box::pin(async move { whoami(&cx).await })
    })
}

async fn whoami<S: Service>(cx: &Call<S>) -> Result<One<WhoAmI>> {
    let identity = cx.identity().await?;
    let credentials = cx.session.credentials(&cx.target).await?;
    let target = cx.target.clone();
    Ok(One(WhoAmI {
        account: identity.account,
        arn: identity.arn,
        partition: awsmcp_sdk::partition(&target.region).to_owned(),
        region: target.region,
        profile: target.profile,
        role: target.role,
        endpoint: target.endpoint,
        credential_source: credentials.source,
        credentials_expire: credentials.expires.map(|at| at.to_string()),
    }))
}
