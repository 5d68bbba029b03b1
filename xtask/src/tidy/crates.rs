//! What crates may depend on, and where versions stand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// A member of the workspace.
pub(super) struct Member {
    /// Where it is, from the root: `shared/mcp`.
    pub(super) place: String,
    pub(super) manifest: Table,
}

pub(super) fn crates(root: &Path) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    for group in ["servers", "shared", "docs/examples"] {
        for entry in fs::read_dir(root.join(group))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            found.push(format!("{group}/{name}"));
        }
    }
    found.extend(["dist/awsmcp", "xtask", "xtask/bench", "xtask/common", "tests"].map(str::to_owned));
    found.sort();
    found
        .into_iter()
        .map(|place| {
            let path = root.join(&place).join("Cargo.toml");
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Member { place, manifest: text.parse()? })
        })
        .collect()
}

/// What a crate may depend on of ours, and which libraries only some may name.
pub(super) fn directions(member: &Member) -> Vec<String> {
    let own: &[&str] = match member.place.as_str() {
        "shared/spec" => &[],
        "shared/sdk" | "xtask" => &["awsmcp-spec"],
        "shared/api" => &["awsmcp-spec", "awsmcp-sdk"],
        "shared/mcp" => &["awsmcp-spec", "awsmcp-sdk"],
        "shared/host" => &["awsmcp-spec", "awsmcp-sdk", "awsmcp-mcp"],
        "shared/operations" => &["awsmcp-spec", "awsmcp-sdk", "awsmcp-mcp", "awsmcp-api"],
        "shared/testing" => &["awsmcp-spec", "awsmcp-sdk"],
        "tests" => &["awsmcp-testing"],
        // What people copy stands alone.
        example if example.starts_with("docs/examples/") => &[],
        _ => &["awsmcp-spec", "awsmcp-sdk", "awsmcp-mcp", "awsmcp-host", "awsmcp-api", "awsmcp-operations"],
    };
    let server = member.place.starts_with("servers/");
    let example = member.place.starts_with("docs/examples/");
    let mut wrong = Vec::new();
    for (name, developing) in dependencies(&member.manifest) {
        let allowed = if name.starts_with("awsmcp-") {
            // The program that holds every server is above them all.
            let above = member.place == "dist/awsmcp";
            above || own.contains(&name.as_str()) || (developing && name == "awsmcp-testing")
        } else if name == "rmcp" {
            // The tests' support never calls it, and asks for its features only: `one_build`.
            example || matches!(member.place.as_str(), "shared/mcp" | "shared/host" | "shared/testing")
        } else if name.starts_with("aws-") {
            // Who calls and what they may do is asked for every service alike.
            let shared =
                !name.starts_with("aws-sdk-") || matches!(name.as_str(), "aws-sdk-sts" | "aws-sdk-iam");
            let runtime = !name.starts_with("aws-sdk-");
            server
                || example
                || (member.place == "shared/sdk" && shared)
                || (member.place == "shared/api" && runtime)
        } else {
            true
        };
        if !allowed {
            wrong.push(format!("{}: must not depend on {name}: dependencies point down only", member.place));
        }
    }
    wrong
}

fn dependencies(manifest: &Table) -> Vec<(String, bool)> {
    ["dependencies", "build-dependencies", "dev-dependencies"]
        .into_iter()
        .filter_map(|kind| manifest.get(kind).and_then(Value::as_table).map(|table| (kind, table)))
        .flat_map(|(kind, table)| table.keys().map(move |name| (name.clone(), kind == "dev-dependencies")))
        .collect()
}

/// Every version stands once, in the root; every crate takes the root's lints.
pub(super) fn versions(member: &Member) -> Vec<String> {
    let mut wrong = Vec::new();
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let Some(table) = member.manifest.get(kind).and_then(Value::as_table) else { continue };
        for (name, value) in table {
            if value.get("workspace") != Some(&Value::Boolean(true)) {
                wrong.push(format!("{}: {name}: its version belongs into the root Cargo.toml", member.place));
            }
        }
    }
    let lints = member.manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if lints != Some(&Value::Boolean(true)) {
        wrong.push(format!("{}: takes no lints from the workspace", member.place));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(place: &str, manifest: &str) -> Member {
        Member { place: place.to_owned(), manifest: manifest.parse().unwrap() }
    }

    #[test]
    fn dependencies_point_down_only() {
        let of = |place, manifest: &str| directions(&member(place, manifest));
        assert!(
            of("shared/mcp", "[dependencies]\nawsmcp-sdk.workspace = true\nrmcp.workspace = true").is_empty()
        );
        assert_eq!(of("shared/mcp", "[dependencies]\nawsmcp-host.workspace = true").len(), 1);
        assert_eq!(of("shared/spec", "[dependencies]\nrmcp.workspace = true").len(), 1);
        assert_eq!(of("shared/sdk", "[dependencies]\naws-sdk-s3.workspace = true").len(), 1);
        assert_eq!(of("shared/api", "[dependencies]\naws-sdk-sts.workspace = true").len(), 1);
        assert!(of("shared/api", "[dependencies]\naws-smithy-schema.workspace = true").is_empty());
        assert_eq!(of("xtask", "[dependencies]\naws-sdk-sts.workspace = true").len(), 1);
        assert_eq!(of("servers/s3", "[dependencies]\nawsmcp-lambda.workspace = true").len(), 1);
        assert!(of("servers/s3", "[dev-dependencies]\nawsmcp-testing.workspace = true").is_empty());
        assert_eq!(of("servers/s3", "[dependencies]\nawsmcp-testing.workspace = true").len(), 1);
        let example = "[dependencies]\nrmcp.workspace = true\naws-sdk-s3.workspace = true";
        assert!(of("docs/examples/agent", example).is_empty());
        assert_eq!(of("docs/examples/agent", "[dependencies]\nawsmcp-sdk.workspace = true").len(), 1);
    }

    #[test]
    fn versions_stand_once() {
        let lints = "[lints]\nworkspace = true\n";
        assert!(versions(&member("x", &format!("{lints}[dependencies]\nserde.workspace = true"))).is_empty());
        assert_eq!(versions(&member("x", &format!("{lints}[dependencies]\nserde = \"1\""))).len(), 1);
        assert_eq!(versions(&member("x", "[dependencies]")).len(), 1);
    }
}
