//! `cargo xtask gen`: prints documents from the servers' manifests, or checks that they are printed.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use awsmcp_spec::{
    COMMON_PARAMETERS, Environment, Manifest, NeedEntry, OptionEntry, Policy, Risk, ToolEntry,
};
use serde_json::Value;

use crate::contracts::{between, manifests};
use crate::{dist, figures, iam, place, say};

mod lambda;

/// Writes what is printed from the manifests: README tables, docs/reference, docs/iam, dist/lambda, links of docs/install,
/// and what AWS says of the IAM actions in them
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a file is not what would be written
    #[arg(long)]
    check: bool,
    /// Install the source of xtask/data/iam.json where it is not there, and write that file anew
    #[arg(long)]
    iam: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let root = place::workspace();
    let manifests = manifests(root)?;
    let mut stale = Vec::new();
    let mut files = documents(root, &manifests)?;
    files.extend(iam::documents(root, &manifests, args.iam)?);
    for (path, text) in files {
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if args.check {
            stale.push(shown);
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {shown}"))?;
        say::progress(format!("wrote {shown}"));
    }
    if !stale.is_empty() {
        bail!("not as printed from the manifests: {}; run `cargo xtask gen`", stale.join(", "));
    }
    Ok(())
}

fn documents(root: &Path, manifests: &[Manifest]) -> Result<Vec<(PathBuf, String)>> {
    let mut files =
        vec![between(&root.join("README.md"), "servers", &servers(manifests, &figures::read(root)?))?];
    files.extend(dist::install_links(root, manifests)?);
    for manifest in manifests {
        let id = &manifest.server;
        let readme = root.join("servers").join(id).join("README.md");
        files.push(between(&readme, "tools", &tools(manifest))?);
        files.push((root.join(format!("docs/reference/{id}.md")), reference(manifest)));
        let default = |tool: &&ToolEntry| tool.default && tool.risk == Risk::Read && !tool.local_files;
        let read = policy(manifest.tools.iter().filter(default));
        files.push(lambda::template(root, manifest, &read)?);
        files.push((root.join(format!("dist/lambda/terraform/policies/{id}.json")), printed(&read)?));
        files.push((root.join(format!("docs/iam/{id}-read.json")), printed(&read)?));
        let all = policy(manifest.tools.iter());
        files.push((root.join(format!("docs/iam/{id}-all.json")), printed(&all)?));
    }
    Ok(files)
}

fn servers(manifests: &[Manifest], measured: &figures::Measured) -> String {
    let mut out = String::from(
        "| server | for | tools | of them on by default | tokens of the default list | start-up | memory |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for manifest in manifests {
        let id = &manifest.server;
        let default =
            manifest.tools.iter().filter(|tool| tool.default && tool.risk == Risk::Read && !tool.local_files);
        let figures = measured.get(id);
        let cell = |figure: Option<f64>, unit: &str| {
            figure.map(|figure| format!("{figure} {unit}")).unwrap_or_default()
        };
        let _ = writeln!(
            out,
            "| [`awsmcp-{id}`](servers/{id}/README.md) | {} | {} | {} | {} | {} | {} |",
            manifest.summary,
            manifest.tools.len(),
            default.count(),
            manifest.default_list_bytes.div_ceil(4),
            cell(figures.map(|figures| figures.start_ms), "ms"),
            cell(figures.map(|figures| figures.memory_mib), "MiB"),
        );
    }
    out
}

fn tools(manifest: &Manifest) -> String {
    let mut out = String::new();
    for set in &manifest.toolsets {
        let _ = writeln!(
            out,
            "\n**{}**: {}\n\n| tool | risk | what it does |\n| --- | --- | --- |",
            set.name, set.summary
        );
        for tool in manifest.tools.iter().filter(|tool| tool.toolset == set.name) {
            let link = format!("../../docs/reference/{}.md#{}", manifest.server, tool.name);
            let optional = if tool.default { "" } else { " (optional)" };
            let _ = writeln!(
                out,
                "| [`{}`]({link}) | {}{optional} | {} |",
                tool.name,
                risk(tool),
                cell(&tool.description)
            );
        }
    }
    let bytes = |bytes: usize| format!("{bytes} bytes, about {} tokens", bytes.div_ceil(4));
    let _ = writeln!(
        out,
        "\n`tools/list` is {} by default, {} with every tool allowed.",
        bytes(manifest.default_list_bytes),
        bytes(manifest.full_list_bytes)
    );
    out
}

/// The risk of a tool's calls, in a word.
fn risk(tool: &ToolEntry) -> &'static str {
    if tool.dispatches { "the operation's own" } else { tool.risk.name() }
}

fn reference(manifest: &Manifest) -> String {
    let mut out = format!(
        "# {}: reference\n\nPrinted by `cargo xtask gen` from servers/{}/manifest.json.\n\n{}\n",
        manifest.title, manifest.server, manifest.summary
    );
    let _ = writeln!(out, "\n## What a model is told\n\n{}", quoted(&manifest.instructions));
    if !manifest.options.is_empty() {
        out.push_str("\n## Its own options\n\nBesides those of [every server](options.md).\n\n");
        out.push_str("| flag | variable | |\n| --- | --- | --- |\n");
        for option in &manifest.options {
            let OptionEntry { name, value, variable, about } = option;
            let _ = writeln!(out, "| `--{name} {value}` | `{variable}` | {} |", cell(about));
        }
    }
    out.push_str("\n## Common parameters\n\n| parameter | |\n| --- | --- |\n");
    for (name, about) in COMMON_PARAMETERS {
        let _ = writeln!(out, "| `{name}` | {about} |");
    }
    out.push_str("\n## Tools\n");
    for tool in &manifest.tools {
        let set = if tool.default { tool.toolset.clone() } else { format!("{}, optional", tool.toolset) };
        let _ =
            writeln!(out, "\n### {}\n\n{} ({}, toolset {set})\n", tool.name, tool.description, risk(tool));
        if tool.local_files {
            out.push_str("Works with local files: needs `--allow-dir`.\n\n");
        }
        out.push_str(&parameters(tool));
        out.push_str(&needs(tool));
    }
    if !manifest.resources.is_empty() {
        out.push_str("\n## Resources\n\n");
        for resource in &manifest.resources {
            let _ = writeln!(
                out,
                "- `{}`: {} Read by [`{}`](#{}).",
                resource.uri_template, resource.description, resource.tool, resource.tool
            );
        }
    }
    if !manifest.prompts.is_empty() {
        out.push_str("\n## Prompts\n\n");
        for prompt in &manifest.prompts {
            let arguments = prompt.arguments.join(", ");
            let arguments = if arguments.is_empty() { String::new() } else { format!(" ({arguments})") };
            let _ = writeln!(out, "- `{}`{arguments}: {}", prompt.name, prompt.description);
        }
    }
    out
}

fn parameters(tool: &ToolEntry) -> String {
    let Some(fields) = tool.input_schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required: Vec<&str> = tool
        .input_schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let own = fields.iter().filter(|(name, _)| COMMON_PARAMETERS.iter().all(|(common, _)| common != name));
    let mut out = String::new();
    for (name, schema) in own {
        if out.is_empty() {
            out.push_str("| parameter | type | |\n| --- | --- | --- |\n");
        }
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(out, "| `{name}` | {}{must} | {} |", kind(schema), cell(about));
    }
    out
}

fn kind(schema: &Value) -> String {
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        let options: Vec<String> =
            options.iter().filter_map(Value::as_str).map(|o| format!("`{o}`")).collect();
        return options.join(", ");
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match (name.as_str(), schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind(items)),
        _ => name,
    }
}

fn needs(tool: &ToolEntry) -> String {
    if tool.needs.is_empty() {
        return "\nNeeds no permission.\n".to_owned();
    }
    let mut out = String::from("\nNeeds:\n\n");
    for need in &tool.needs {
        let when = need.when.as_ref().map(|field| format!(", when `{field}` is given")).unwrap_or_default();
        let _ = writeln!(out, "- `{}` on `{}`{when}", need.action, need.arn);
    }
    out
}

fn policy<'a>(tools: impl Iterator<Item = &'a ToolEntry>) -> Policy {
    let needs: Vec<NeedEntry> = tools.flat_map(|tool| tool.needs.clone()).collect();
    Policy::least(needs, &[], Environment::ANY)
}

fn printed(policy: &Policy) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(policy)?))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}
