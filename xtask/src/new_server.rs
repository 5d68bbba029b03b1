//! `cargo xtask new-server`: the crate of a server, with one tool, ready to run.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use awsmcp_spec::Risk;

use crate::new_tool::{self, New};
use crate::{place, say};

mod template;

pub(crate) use template::PLACEHOLDERS;
use template::Server;

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
    let (sdk_crate, service) = (sdk_crate(sdk), new_tool::camel(id));
    let server = Server { id, title, sdk, sdk_crate: &sdk_crate, service: &service };
    for (path, text) in [
        ("Cargo.toml", template::cargo_toml(&server)),
        ("README.md", template::readme(&server)),
        ("src/main.rs", template::program(id)),
        ("src/lib.rs", template::library(&server)),
        ("src/tools/mod.rs", "//! One file a tool.\n".to_owned()),
        ("tests/permissions.rs", template::permissions(&server, tool)),
    ] {
        fs::write(home.join(path), text)?;
    }
    let risk = if tool.starts_with("delete_") { Risk::Destroy } else { Risk::Read };
    new_tool::create(root, id, New { name: tool, risk, toolset: None })?;
    Ok(())
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
        // Of another version, or its shared crates would be written over those of this build, which what is tested
        // after this links.
        let version = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(manifest.matches(&version).count(), 1, "{version} stands once in Cargo.toml");
        let manifest = manifest.replace(&version, "\nversion = \"0.0.0-scaffold\"\n");
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        fs::create_dir_all(root.join("servers")).unwrap();
        create(&root, "sts", "AWS STS", "STS", "list_sessions").unwrap();
        for (name, risk) in
            [("get_thing", Risk::Read), ("put_thing", Risk::Write), ("delete_thing", Risk::Destroy)]
        {
            new_tool::create(&root, "sts", New { name, risk, toolset: None }).unwrap();
        }
        let fails = |server: &str, name: &str| {
            new_tool::create(&root, server, New { name, risk: Risk::Read, toolset: None }).is_err()
        };
        assert!(fails("sts", "get_thing"));
        assert!(fails("sts", "nonsense"));
        assert!(fails("nowhere", "get_thing"));
        assert!(create(&root, "Not An Id", "X", "X", "list_things").is_err());
        // In the target directory of this very build, and built as tests build: nothing heavy is compiled again.
        let checked = crate::run::quiet(
            crate::run::cargo(&["build", "--offline", "--package", "awsmcp-sts", "--all-targets"])
                .env("CARGO_TARGET_DIR", place::target())
                .current_dir(&root),
        );
        fs::remove_dir_all(&root).unwrap();
        checked.unwrap();
    }
}
