//! `cargo xtask tidy`: the rules of the house that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use awsmcp_spec::SCHEMA_KEYWORDS;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::{contracts, place, run, say};

mod one_build;

/// Checks the directions of dependencies, versions, builds of SDKs, sizes of what models read, links, and stray paths
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args) -> Result<()> {
    let root = place::workspace();
    let mut wrong = Vec::new();
    let crates = crates(root)?;
    for member in &crates {
        wrong.extend(directions(member));
        wrong.extend(versions(member));
    }
    let with_sdks = ["servers/", "docs/examples/", "dist/"];
    let packages: Vec<&str> = crates
        .iter()
        .filter(|member| with_sdks.iter().any(|group| member.place.starts_with(group)))
        .filter_map(|member| member.manifest.get("package")?.get("name")?.as_str())
        .collect();
    wrong.extend(one_build::check(&packages)?);
    wrong.extend(manifests(root)?);
    let files = tracked(root)?;
    wrong.extend(texts(root, &files));
    wrong.extend(links(root, &files));
    for line in &wrong {
        say::progress(line);
    }
    if !wrong.is_empty() {
        bail!("{} rules are broken", wrong.len());
    }
    Ok(())
}

/// A member of the workspace.
struct Member {
    /// Where it is, from the root: `shared/mcp`.
    place: String,
    manifest: Table,
}

fn crates(root: &Path) -> Result<Vec<Member>> {
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
fn directions(member: &Member) -> Vec<String> {
    let own: &[&str] = match member.place.as_str() {
        "shared/spec" => &[],
        "shared/aws" | "xtask" => &["awsmcp-spec"],
        "shared/mcp" => &["awsmcp-spec", "awsmcp-aws"],
        "shared/host" => &["awsmcp-spec", "awsmcp-aws", "awsmcp-mcp"],
        "shared/testing" => &["awsmcp-spec", "awsmcp-aws"],
        "tests" => &["awsmcp-testing"],
        // What people copy stands alone.
        example if example.starts_with("docs/examples/") => &[],
        _ => &["awsmcp-spec", "awsmcp-aws", "awsmcp-mcp", "awsmcp-host"],
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
            server || example || (member.place == "shared/aws" && shared)
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
fn versions(member: &Member) -> Vec<String> {
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

/// What a model reads stays small.
fn manifests(root: &Path) -> Result<Vec<String>> {
    const DEFAULT_LIST_BYTES: usize = 10_000;
    const FULL_LIST_BYTES: usize = 32_000;
    const DESCRIPTION: usize = 300;
    const INSTRUCTIONS: usize = 2048;
    let mut wrong = Vec::new();
    for manifest in contracts::manifests(root)? {
        let id = &manifest.server;
        let mut sizes = vec![
            ("the default tools/list in bytes".to_owned(), manifest.default_list_bytes, DEFAULT_LIST_BYTES),
            ("the full tools/list in bytes".to_owned(), manifest.full_list_bytes, FULL_LIST_BYTES),
            (
                "the length of the instructions".to_owned(),
                manifest.instructions.chars().count(),
                INSTRUCTIONS,
            ),
        ];
        for tool in &manifest.tools {
            let length = tool.description.chars().count();
            sizes.push((format!("the length of {}'s description", tool.name), length, DESCRIPTION));
            if tool.description.is_empty() {
                wrong.push(format!("servers/{id}: {} has no description", tool.name));
            }
            if let Some(keyword) = unknown_keyword(&tool.input_schema) {
                wrong
                    .push(format!("servers/{id}: nothing checks {keyword:?} in the schema of {}", tool.name));
            }
        }
        for (what, size, most) in sizes {
            if size > most {
                wrong.push(format!("servers/{id}: {what} is {size}, at most {most}"));
            }
        }
        let mut seen = BTreeSet::new();
        for tool in &manifest.tools {
            if !seen.insert(&tool.name) {
                wrong.push(format!("servers/{id}: {} is registered twice", tool.name));
            }
        }
    }
    Ok(wrong)
}

/// A keyword of a schema that no call would be held to.
fn unknown_keyword(schema: &Json) -> Option<String> {
    match schema {
        Json::Array(schemas) => schemas.iter().find_map(unknown_keyword),
        Json::Object(keywords) => keywords.iter().find_map(|(keyword, value)| match keyword.as_str() {
            "properties" | "$defs" => value.as_object()?.values().find_map(unknown_keyword),
            "enum" | "const" | "default" | "examples" => None,
            known if SCHEMA_KEYWORDS.contains(&known) => unknown_keyword(value),
            unknown => Some(unknown.to_owned()),
        }),
        _ => None,
    }
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let listed = run::output(
        std::process::Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root),
    )?;
    Ok(listed.lines().map(PathBuf::from).filter(|path| root.join(path).is_file()).collect())
}

/// No file holds a path of one machine, and no test is left out without a reason.
fn texts(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in files {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        let rust = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            if ["work", "root"].iter().any(|dir| names_directory(line, dir)) {
                wrong.push(format!("{at}: a path of one machine"));
            }
            if rust && line.trim() == concat!("#[", "ignore]") {
                wrong.push(format!("{at}: a test that is left out says why"));
            }
            if rust
                && [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME")]
                    .iter()
                    .any(|word| line.contains(word))
            {
                wrong.push(format!("{at}: unfinished"));
            }
        }
    }
    wrong
}

/// Whether a line names `/dir/` at the start of a path.
fn names_directory(line: &str, dir: &str) -> bool {
    let needle = format!("/{dir}/");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().last());
        before.is_none_or(|letter| {
            !letter.is_ascii_alphanumeric()
                && !matches!(letter, '-' | '_' | '.' | '}' | '>' | ')' | '*' | ':' | '/')
        })
    })
}

/// A document's links to files of the repository lead somewhere.
fn links(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        let here = path.parent().unwrap_or(Path::new(""));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !root.join(here).join(file).exists() {
                wrong.push(format!("{}: the link {target} leads nowhere", path.display()));
            }
        }
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
            of("shared/mcp", "[dependencies]\nawsmcp-aws.workspace = true\nrmcp.workspace = true").is_empty()
        );
        assert_eq!(of("shared/mcp", "[dependencies]\nawsmcp-host.workspace = true").len(), 1);
        assert_eq!(of("shared/spec", "[dependencies]\nrmcp.workspace = true").len(), 1);
        assert_eq!(of("shared/aws", "[dependencies]\naws-sdk-s3.workspace = true").len(), 1);
        assert_eq!(of("xtask", "[dependencies]\naws-sdk-sts.workspace = true").len(), 1);
        assert_eq!(of("servers/s3", "[dependencies]\nawsmcp-lambda.workspace = true").len(), 1);
        assert!(of("servers/s3", "[dev-dependencies]\nawsmcp-testing.workspace = true").is_empty());
        assert_eq!(of("servers/s3", "[dependencies]\nawsmcp-testing.workspace = true").len(), 1);
        let example = "[dependencies]\nrmcp.workspace = true\naws-sdk-s3.workspace = true";
        assert!(of("docs/examples/agent", example).is_empty());
        assert_eq!(of("docs/examples/agent", "[dependencies]\nawsmcp-aws.workspace = true").len(), 1);
    }

    #[test]
    fn a_keyword_that_nothing_checks_is_seen() {
        let schema = serde_json::json!({
            "properties": {"pattern": {"type": "string", "enum": [{"format": 1}]}},
            "anyOf": [{"items": {"minimum": 1}}]
        });
        assert_eq!(unknown_keyword(&schema), None);
        let schema = serde_json::json!({"properties": {"name": {"anyOf": [{"pattern": "a"}]}}});
        assert_eq!(unknown_keyword(&schema).as_deref(), Some("pattern"));
    }

    #[test]
    fn versions_stand_once() {
        let lints = "[lints]\nworkspace = true\n";
        assert!(versions(&member("x", &format!("{lints}[dependencies]\nserde.workspace = true"))).is_empty());
        assert_eq!(versions(&member("x", &format!("{lints}[dependencies]\nserde = \"1\""))).len(), 1);
        assert_eq!(versions(&member("x", "[dependencies]")).len(), 1);
    }

    #[test]
    fn a_path_of_one_machine_is_seen() {
        let (work, root) = (concat!("/wo", "rk/x"), concat!("/ro", "ot/.cargo"));
        assert!(names_directory(&format!("see {work}"), "work"));
        assert!(names_directory(&format!("\"{root}\""), "root"));
        assert!(!names_directory("docs/work/notes", "work"));
    }
}
