//! The files of a new server.

const INSTRUCTIONS: &str = "What a model should know before its first call.";
const TOOLSET: &str = "what these tools are for";

/// What a person replaces. `cargo xtask tidy` finds what was left.
pub(crate) const PLACEHOLDERS: [&str; 2] = [INSTRUCTIONS, TOOLSET];

/// What the files are made of.
pub(super) struct Server<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// The SDK's service id, and its crate.
    pub(super) sdk: &'a str,
    pub(super) sdk_crate: &'a str,
    /// The type that stands for the service.
    pub(super) service: &'a str,
}

/// Cargo.toml
pub(super) fn cargo_toml(server: &Server<'_>) -> String {
    let Server { id, title, sdk_crate, .. } = server;
    format!(
        "[package]
name = \"awsmcp-{id}\"
description = \"MCP server for {title}\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
repository.workspace = true
publish.workspace = true
build = \"../../dist/link.rs\"

[dependencies]
{sdk_crate}.workspace = true
awsmcp-sdk.workspace = true
awsmcp-host.workspace = true
awsmcp-mcp.workspace = true
schemars.workspace = true
serde.workspace = true

[dev-dependencies]
awsmcp-testing.workspace = true
serde_json.workspace = true

[lints]
workspace = true
"
    )
}

/// src/main.rs
pub(super) fn program(id: &str) -> String {
    format!(
        "//! The server's binary.

fn main() -> std::process::ExitCode {{
    awsmcp_host::run(awsmcp_{id}::server, env!(\"CARGO_PKG_VERSION\"))
}}
"
    )
}

/// src/lib.rs
pub(super) fn library(server: &Server<'_>) -> String {
    let Server { id, title, sdk, sdk_crate, service } = server;
    let (module, prefix) = (sdk_crate.replace('-', "_"), sdk.to_lowercase().replace(' ', ""));
    format!(
        "//! MCP server for {title}.

mod tools;

use {module}::{{Client, config::Config}};
use awsmcp_sdk::{{SdkConfig, Tap}};
use awsmcp_mcp::{{Server, Service}};
use tools::*;

/// {title}, as the tools use it.
#[derive(Debug)]
pub struct {service};

impl Service for {service} {{
    const ID: &'static str = \"{id}\";
    const TITLE: &'static str = \"{title}\";
    const SUMMARY: &'static str = \"Look at and look after {title}.\";
    const PREFIXES: &'static [(&'static str, &'static str)] = &[(\"{sdk}\", \"{prefix}\")];
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {{
        Client::from_conf(Config::from(sdk).to_builder().interceptor(tap).build())
    }}
}}

/// The table of contents.
#[must_use]
pub fn server() -> Server<{service}> {{
    Server::new(\"{INSTRUCTIONS}\")
        .toolset(\"main\", \"{TOOLSET}\")
}}

#[cfg(test)]
mod tests {{
    #[test]
    fn the_manifest_conforms() {{
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }}
}}
"
    )
}

/// README.md
pub(super) fn readme(server: &Server<'_>) -> String {
    let Server { id, title, .. } = server;
    format!(
        "# awsmcp-{id}

MCP server for {title}.

## Tools
<!-- tools: printed by `cargo xtask gen` -->
<!-- /tools -->
"
    )
}

/// The proof that the tools need what they declare, with a row for the first of them.
pub(super) fn permissions(server: &Server<'_>, tool: &str) -> String {
    let Server { id, service, sdk, .. } = server;
    format!(
        "//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_{id}::{service};
use awsmcp_mcp::Server;
use awsmcp_testing::{{Exception, LocalAws, Permissions, Row}};
use serde_json::json;

fn permissions() -> Permissions {{
    Permissions {{
        binary: env!(\"CARGO_BIN_EXE_awsmcp-{id}\"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_{id}::server().manifest(),
        actions: |operation| Server::<{service}>::actions(\"{sdk}\", operation),
        arns: |name| vec![format!(\"arn:aws:service:*:*:kind/{{name}}*\")],
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }}
}}

awsmcp_testing::permission_proofs!(permissions);

const ROWS: &[Row] = &[
    Row::new(\"whoami\", |run| run.call(json!({{}}), \"arn:aws:iam::123456789012:\").map(drop)),
    Row::new(\"{tool}\", |run| {{
        let name = run.name(\"thing\");
        // run.aws().call(\"service\", \"CreateThing\", json!({{\"Name\": name}})) makes what the call needs.
        run.call(json!({{\"name\": name}}), &name).map(drop)
    }}),
];

const EXCEPTIONS: &[Exception] = &[Exception::of(
    &[\"whoami\"],
    \"sts:GetCallerIdentity\",
    \"AWS answers it to everybody; it is asked for by the session\",
)
.unmade()
.unnoticed()];
"
    )
}
