//! What a package says of itself.

use anyhow::Result;

use super::Dist;
use super::fill::template;
use super::names::{Package, Served};

/// What a package says of itself, where its program is started with `command`.
pub(super) fn readme(dist: &Dist, package: &Package, command: &str) -> Result<String> {
    let mut values = vec![
        ("binary", package.binary.as_str()),
        ("title", &package.title),
        ("summary", &package.summary),
        ("command", command),
        ("homepage", &dist.names.homepage),
    ];
    let Some(served) = &package.served else {
        let servers = servers(dist);
        values.push(("servers", servers.trim_end()));
        return template("package/everything.template", &values);
    };
    let tools = tools(served);
    let (first, rest) = command.split_once(' ').unwrap_or((command, ""));
    let rest: Vec<String> = rest.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    let rest = rest.join(", ");
    values.extend([
        ("id", package.id.as_str()),
        ("command_first", first),
        ("command_rest", &rest),
        ("registry", &served.registry),
        ("tools", tools.trim_end()),
    ]);
    template("package/README.template", &values)
}

fn tools(served: &Served) -> String {
    let mut table = String::from("| tool | risk | what it does |\n| --- | --- | --- |\n");
    for tool in &served.manifest.tools {
        let about = tool.description.replace('|', "\\|").replace('\n', " ");
        table.push_str(&format!("| `{}` | {} | {about} |\n", tool.name, tool.risk.name()));
    }
    table
}

fn servers(dist: &Dist) -> String {
    let mut table =
        String::from("| server | for | alone on npm | alone on PyPI |\n| --- | --- | --- | --- |\n");
    for package in dist.packages.iter().filter(|package| package.served.is_some()) {
        let Package { id, title, npm, pypi, .. } = package;
        table.push_str(&format!("| `{id}` | {title} | `{npm}` | `{pypi}` |\n"));
    }
    table
}
