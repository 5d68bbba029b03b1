//! `cargo xtask new-tool`: a tool's file, registered.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use awsmcp_spec::Risk;

use crate::{place, say};

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
}

pub(crate) fn run(args: Args) -> Result<()> {
    let file = create(place::workspace(), &args.server, &args.name, args.risk)?;
    say::answer(format!(
        "wrote {file} and registered it in servers/{}/src/lib.rs. Next: write the tool, its test in servers/{}/tests, \
         then `AWSMCP_UPDATE=1 cargo test -p awsmcp-{} manifest` and `cargo xtask gen`; docs/adding-a-tool.md says more.",
        args.server, args.server, args.server
    ));
    Ok(())
}

/// Writes the tool's file, and its lines in tools/mod.rs and lib.rs; answers the file's path.
pub(crate) fn create(root: &Path, server: &str, name: &str, risk: Risk) -> Result<String> {
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
    let kind_of_call = if risk.changes() { "change" } else { "tool" };
    // The table of contents ends where its function does; a person moves the line to its group.
    let (head, body) = table.split_once("pub fn server()").context("lib.rs has no `pub fn server()`")?;
    let end = body.find("\n}").context("lib.rs has no end of `server()`")?;
    let (body, tail) = body.split_at(end);
    fs::write(&library, format!("{head}pub fn server(){body}\n        .{kind_of_call}::<{kind}>(){tail}"))?;
    register(&home.join("tools").join("mod.rs"), name, &kind)?;
    fs::write(&file, text(service, name, &kind, risk))?;
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

fn title(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn text(service: &str, name: &str, kind: &str, risk: Risk) -> String {
    let title = title(name);
    let constructor = if risk == Risk::Read && name.starts_with("list_") { "list" } else { risk.name() };
    let head = |traits: &str| {
        format!(
            "use awsmcp_mcp::{{{traits}}};
use schemars::JsonSchema;
use serde::{{Deserialize, Serialize}};

use crate::{service};

/// {title}: one sentence for the model, then when to use which tool instead.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct {kind} {{
    /// What to pass, and which tool returns it.
    name: String,
}}

/// What it answers: the fields a person would read aloud.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {{
    name: String,
}}
"
        )
    };
    let spec = format!(
        "const SPEC: Spec = Spec::{constructor}(\"{name}\", \"{title}\")
        .needs(\"service:Action\", \"arn:{{partition}}:service:{{region}}:{{account}}:kind/{{name}}\");"
    );
    if risk.changes() {
        return format!(
            "{}
impl Change for {kind} {{
    type Service = {service};
    type Output = One<Row>;
    {spec}

    async fn plan(&self, _: &Call<{service}>) -> Result<Plan> {{
        Ok(Plan::new(format!(\"change {{}}\", self.name)))
    }}

    async fn apply(self, _: &Call<{service}>) -> Result<Self::Output> {{
        Ok(One(Row {{ name: self.name }}))
    }}
}}
",
            head("Call, Change, One, Plan, Result, Spec")
        );
    }
    let (output, answer) = match constructor {
        "list" => ("Page", "Ok(cx.page([Row { name: self.name }], None))"),
        _ => ("One", "Ok(One(Row { name: self.name }))"),
    };
    let cx = if constructor == "list" { "cx" } else { "_" };
    format!(
        "{}
impl Tool for {kind} {{
    type Service = {service};
    type Output = {output}<Row>;
    {spec}

    async fn call(self, {cx}: &Call<{service}>) -> Result<Self::Output> {{
        {answer}
    }}
}}
",
        head(&format!("Call, {output}, Result, Spec, Tool"))
    )
}
