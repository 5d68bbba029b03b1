//! `cargo xtask new-server`: the crate of a server, with one tool, ready to run.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use awsmcp_spec::Risk;

use crate::{new_tool, place, say};

/// Writes the crate of a new server
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server's id: crate and binary are awsmcp-<id>
    id: String,
    /// AWS's name of the service: "Amazon SQS"
    #[arg(long)]
    title: String,
    /// The SDK's service id, which is also how its crate is called: SQS for aws-sdk-sqs
    #[arg(long)]
    sdk: String,
    /// The first tool
    #[arg(long, default_value = "list_things")]
    tool: String,
}

pub(crate) fn run(args: Args) -> Result<()> {
    create(place::workspace(), &args.id, &args.title, &args.sdk, &args.tool)?;
    let sdk = sdk_crate(&args.sdk);
    say::answer(format!(
        "wrote servers/{id}. Next: see that {sdk} stands in the root Cargo.toml (`cargo add` shows today's version; keep \
         default-features = false), write its tools, then `AWSMCP_UPDATE=1 cargo test -p awsmcp-{id} manifest` and \
         `cargo xtask gen`; docs/adding-a-server.md says more.",
        id = args.id
    ));
    Ok(())
}

fn sdk_crate(sdk: &str) -> String {
    format!("aws-sdk-{}", sdk.to_lowercase().replace(' ', ""))
}

pub(crate) fn create(root: &Path, id: &str, title: &str, sdk: &str, tool: &str) -> Result<()> {
    if id.is_empty() || !id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()) {
        bail!("{id:?} is not an id: lower-case letters and digits, such as sqs");
    }
    let home = root.join("servers").join(id);
    if home.exists() {
        bail!("servers/{id} exists");
    }
    fs::create_dir_all(home.join("src/tools"))?;
    fs::create_dir_all(home.join("tests"))?;
    let service = new_tool::camel(id);
    let (sdk_crate, prefix) = (sdk_crate(sdk), sdk.to_lowercase().replace(' ', ""));
    let module = sdk_crate.replace('-', "_");
    let write = |path: &str, text: String| fs::write(home.join(path), text);
    write(
        "Cargo.toml",
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
awsmcp-aws.workspace = true
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
        ),
    )?;
    write(
        "src/main.rs",
        format!(
            "//! The server's binary.

fn main() -> std::process::ExitCode {{
    awsmcp_host::run(awsmcp_{id}::server, env!(\"CARGO_PKG_VERSION\"))
}}
"
        ),
    )?;
    write(
        "src/lib.rs",
        format!(
            "//! MCP server for {title}.

mod tools;

use {module}::{{Client, config::Config}};
use awsmcp_aws::{{SdkConfig, Tap}};
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
    Server::new(\"What a model should know before its first call.\")
        .toolset(\"main\", \"what these tools are for\")
}}

#[cfg(test)]
mod tests {{
    #[test]
    fn manifest() {{
        awsmcp_testing::manifest(env!(\"CARGO_MANIFEST_DIR\"), &super::server().manifest());
    }}
}}
"
        ),
    )?;
    write("src/tools/mod.rs", "//! One file a tool.\n".to_owned())?;
    write(
        "README.md",
        format!(
            "# awsmcp-{id}

MCP server for {title}.

## Tools
<!-- tools: printed by `cargo xtask gen` -->
<!-- /tools -->
"
        ),
    )?;
    write("tests/permissions.rs", permissions(id, &service, sdk, tool))?;
    let risk = if tool.starts_with("delete_") { Risk::Destroy } else { Risk::Read };
    new_tool::create(root, id, tool, risk)?;
    Ok(())
}

/// The proof that the tools need what they declare, with a row for the first of them.
fn permissions(id: &str, service: &str, sdk: &str, tool: &str) -> String {
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What is written must be a crate that compiles, as it stands.
    #[test]
    #[ignore = "compiles a new server"]
    fn a_new_server_and_new_tools_compile() {
        let root = std::env::temp_dir().join(format!("awsmcp-scaffold-{}", std::process::id()));
        let files = crate::run::output(
            Command::new("git")
                .args(["ls-files", "-co", "--exclude-standard"])
                .current_dir(place::workspace()),
        )
        .unwrap();
        // Without the servers and what is of them.
        let left_out =
            |file: &&str| ["tests/", "servers/", "dist/awsmcp/"].iter().any(|of| file.starts_with(of));
        for file in files.lines().filter(|file| !left_out(file)) {
            let (from, to) = (place::workspace().join(file), root.join(file));
            if from.is_file() {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let manifest = manifest.replace(", \"dist/awsmcp\"", "").replace(", \"tests\"]", "]");
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::create_dir_all(root.join("servers")).unwrap();
        create(&root, "sts", "AWS STS", "STS", "list_sessions").unwrap();
        for (name, risk) in
            [("get_thing", Risk::Read), ("put_thing", Risk::Write), ("delete_thing", Risk::Destroy)]
        {
            new_tool::create(&root, "sts", name, risk).unwrap();
        }
        assert!(new_tool::create(&root, "sts", "get_thing", Risk::Read).is_err());
        assert!(new_tool::create(&root, "sts", "nonsense", Risk::Read).is_err());
        assert!(new_tool::create(&root, "nowhere", "get_thing", Risk::Read).is_err());
        assert!(create(&root, "Not An Id", "X", "X", "list_things").is_err());
        // The target directory of this very build: nothing heavy is compiled again.
        let checked = crate::run::quiet(
            Command::new(env!("CARGO"))
                .args(["check", "--offline", "--package", "awsmcp-sts", "--all-targets"])
                .env("CARGO_TARGET_DIR", place::target())
                .current_dir(&root),
        );
        fs::remove_dir_all(&root).unwrap();
        checked.unwrap();
    }
}
