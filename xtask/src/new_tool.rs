//! `cargo xtask new-tool`: a tool's file, registered.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use awsmcp_spec::Risk;

use crate::{place, say};

mod contents;
mod template;

pub(crate) use template::PLACEHOLDERS;

/// Writes the file of a new tool and registers it
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The server: s3, ...
    server: String,
    /// The tool's name, verb first: list_queues
    name: String,
    /// What a call may do: read, reveal, invoke, write or destroy
    #[arg(long, default_value = "read")]
    risk: Risk,
    /// The group that it belongs to, as lib.rs names it [default: the last one]
    #[arg(long)]
    toolset: Option<String>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let tool = New { name: &args.name, risk: args.risk, toolset: args.toolset.as_deref() };
    let file = create(place::workspace(), &args.server, tool)?;
    say::answer(format!(
        "wrote {file} and registered it in servers/{}/src/lib.rs. Next: write the tool, its test in servers/{}/tests, \
         its row in tests/permissions.rs, then `AWSMCP_UPDATE=1 cargo test -p awsmcp-{} manifest` and `cargo xtask gen`; docs/adding-a-tool.md says more.",
        args.server, args.server, args.server
    ));
    Ok(())
}

/// A tool to be written.
#[derive(Clone, Copy)]
pub(crate) struct New<'a> {
    pub(crate) name: &'a str,
    pub(crate) risk: Risk,
    pub(crate) toolset: Option<&'a str>,
}

/// Writes the tool's file, and its lines in tools/mod.rs and lib.rs; answers the file's path.
pub(crate) fn create(root: &Path, server: &str, tool: New<'_>) -> Result<String> {
    let name = tool.name;
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !name.chars().all(letters) || !name.contains('_') || name.len() >= 30 {
        bail!(
            "{name:?} is not a tool's name: a verb and AWS's noun, under 30 characters, such as list_queues"
        );
    }
    let home = root.join("servers").join(server).join("src");
    if !home.is_dir() {
        bail!("there is no server {server:?}; `cargo xtask new-server` makes one");
    }
    let file = home.join("tools").join(format!("{name}.rs"));
    if file.exists() {
        bail!("{} exists", file.display());
    }
    let library = home.join("lib.rs");
    let table = fs::read_to_string(&library)?;
    let service = table
        .lines()
        .find_map(|line| line.strip_prefix("impl Service for ").and_then(|rest| rest.strip_suffix(" {")))
        .with_context(|| format!("{} has no `impl Service for`", library.display()))?;
    let kind = camel(name);
    let table = contents::with_tool(&table, &kind, tool.risk, tool.toolset)
        .with_context(|| format!("in {}", library.display()))?;
    let text = template::tool(service, name, &kind, tool.risk);
    fs::write(&library, table)?;
    register(&home.join("tools").join("mod.rs"), name, &kind)?;
    fs::write(&file, text)?;
    Ok(file.strip_prefix(root).unwrap_or(&file).display().to_string())
}

fn register(path: &Path, name: &str, kind: &str) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (mut modules, mut uses, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for line in old.lines() {
        match line {
            line if line.starts_with("mod ") => modules.push(line.to_owned()),
            line if line.starts_with("pub(crate) use ") => uses.push(line.to_owned()),
            line => rest.push(line.to_owned()),
        }
    }
    modules.push(format!("mod {name};"));
    uses.push(format!("pub(crate) use {name}::{kind};"));
    modules.sort();
    uses.sort();
    let head: Vec<String> = rest.into_iter().filter(|line| !line.is_empty()).collect();
    let text = format!("{}\n\n{}\n\n{}\n", head.join("\n"), modules.join("\n"), uses.join("\n"));
    fs::write(path, text)?;
    Ok(())
}

pub(crate) fn camel(name: &str) -> String {
    name.split(['_', '-'])
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                .unwrap_or_default()
        })
        .collect()
}
