//! `cargo xtask bench`: what the servers cost, beside what people would use instead, measured in one run.

#![expect(clippy::disallowed_methods, reason = "what is measured is found by PATH; it is no server")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use xtask_common::{figures, place, run, say, tools};

mod before;
mod client;
mod clusters;
mod dynamodb;
mod function;
mod head;
mod http;
mod listing;
mod local_aws;
mod machine;
mod operations;
mod packages;
mod process;
mod report;
mod s3;
mod source;
mod start;
mod together;
mod transfer;
mod web;

/// Measures the servers beside their peers and writes docs/benchmarks.md and docs/benchmarks.json.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Args {
    /// Only these parts; docs/benchmarks.md keeps the sections of the others
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Only the starts of these servers
    #[arg(long, value_delimiter = ',', value_name = "SERVER")]
    server: Vec<String>,
    /// Small sizes and few runs, without writing docs/benchmarks.md: to try it out
    #[arg(long)]
    quick: bool,
    /// Measure the debug build, without writing docs/benchmarks.md: to work on the bench itself
    #[arg(long, hide = true)]
    debug_build: bool,
    /// Measure the releases that are there, without building them anew
    #[arg(long, conflicts_with = "debug_build")]
    as_built: bool,
    /// Where the releases of another version are, for the part `before`; its checkout, if any, is `source` in there
    #[arg(long, value_name = "DIRECTORY")]
    before: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
#[value(rename_all = "lower")]
enum Part {
    /// Time to the first answer, memory, size of the program and of its list of tools
    Start,
    /// What a call costs beyond the request that it makes
    Head,
    /// The program that holds every server, beside one process each
    Together,
    /// A large file up and down
    Transfer,
    /// Many keys, page by page
    Listing,
    /// Items queried, a table scanned
    DynamoDb,
    /// Log lines, clustered
    Clusters,
    /// Calls of any operation of AWS
    Operations,
    /// Calls over HTTP
    Web,
    /// The server as a Lambda function
    Function,
    /// What npx and uvx add
    Packages,
    /// Another version beside this one; part of every run where --before says where it is
    Before,
}

/// What a part is measured with.
struct Needs {
    /// Programs that are installed.
    tools: Vec<&'static str>,
    /// Servers that are built.
    servers: Vec<&'static str>,
    /// Whether the program that holds all of them is built.
    all: bool,
    /// An example that is built, of one of these servers.
    example: Option<&'static str>,
}

impl Part {
    fn needs(self, chosen: &[String]) -> Needs {
        let needs = |tools: &[&'static str], servers: &[&'static str]| Needs {
            tools: tools.to_vec(),
            servers: servers.to_vec(),
            all: false,
            example: None,
        };
        match self {
            Part::Start => {
                let pairs = || start::pairs(chosen);
                let peers = pairs().filter_map(|pair| Some(pair.peer.as_ref()?.tool));
                Needs {
                    tools: ["ministack"].into_iter().chain(peers).collect(),
                    ..needs(&[], &pairs().map(|pair| pair.server).collect::<Vec<_>>())
                }
            }
            Part::Together => Needs { all: true, ..needs(&[], &start::servers()) },
            Part::Head => Needs { example: Some("bare_head"), ..needs(&[], &["s3"]) },
            Part::Transfer | Part::Listing => needs(&["s3s-fs", "awscli"], &["s3"]),
            Part::DynamoDb => needs(&["ministack", "awscli"], &["dynamodb"]),
            Part::Clusters => Needs { example: Some("cluster_lines"), ..needs(&[], &["cloudwatch"]) },
            Part::Operations => needs(&["ministack", web::PEER], &["aws"]),
            Part::Web => needs(&["ministack", web::PEER], &["s3"]),
            Part::Function => needs(&[function::PEER, function::RUN_BY_PEER], &["s3"]),
            Part::Packages => needs(&["node", "verdaccio", "uv"], &[packages::SERVER]),
            Part::Before => needs(&[], &start::servers()),
        }
    }
}

/// What every part works with.
struct Bench {
    quick: bool,
    /// Where the measured programs are.
    binaries: PathBuf,
    /// A directory in memory, removed at the end.
    memory: process::Scratch,
}

impl Bench {
    fn server(&self) -> PathBuf {
        self.program("s3")
    }

    fn program(&self, server: &str) -> PathBuf {
        self.binaries.join(format!("awsmcp-{server}"))
    }

    /// A count of things, or its small stand-in.
    fn count(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

/// The program of an installed tool.
fn tool(name: &str, file: &str) -> PathBuf {
    place::tools().join(name).join(file)
}

fn main() -> ExitCode {
    match measure(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::progress(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(args: Args) -> Result<()> {
    let mut parts = if args.only.is_empty() { Part::value_variants().to_vec() } else { args.only.clone() };
    match (&args.before, parts.contains(&Part::Before)) {
        (Some(_), false) => parts.push(Part::Before),
        (None, true) if args.only.is_empty() => parts.retain(|part| *part != Part::Before),
        _ => {}
    }
    if let Some(unknown) = args.server.iter().find(|server| !start::servers().contains(&server.as_str())) {
        anyhow::bail!("--server {unknown}: the servers are {}", start::servers().join(", "));
    }
    let needs: Vec<Needs> = parts.iter().map(|part| part.needs(&args.server)).collect();
    let needed: Vec<&str> = needs.iter().flat_map(|needs| needs.tools.clone()).collect();
    tools::install(&needed)?;
    let binaries = if args.as_built { releases() } else { build(&needs, args.debug_build)? };
    let bench = Bench { quick: args.quick, binaries, memory: process::Scratch::in_memory()? };

    let (mut sections, mut measured) = (Vec::new(), figures::Measured::new());
    for part in parts {
        match part {
            Part::Start => {
                for pair in start::pairs(&args.server) {
                    let (section, figures) = start::measure(&bench, pair)?;
                    sections.push(section);
                    measured.insert(pair.server.to_owned(), figures);
                }
            }
            Part::Head => sections.push(head::measure(&bench)?),
            Part::Together => sections.push(together::measure(&bench)?),
            Part::Transfer => sections.push(transfer::measure(&bench)?),
            Part::Listing => sections.push(listing::measure(&bench)?),
            Part::DynamoDb => sections.push(dynamodb::measure(&bench)?),
            Part::Clusters => sections.push(clusters::measure(&bench)?),
            Part::Operations => sections.push(operations::measure(&bench)?),
            Part::Web => sections.push(web::measure(&bench)?),
            Part::Function => sections.push(function::measure(&bench)?),
            Part::Packages => sections.push(packages::measure(&bench)?),
            Part::Before => {
                let directory =
                    args.before.as_deref().context("the part `before` needs --before DIRECTORY")?;
                sections.push(before::measure(&bench, directory)?);
            }
        }
    }

    write(&args, &bench, &sections, measured)?;
    for missed in sections.iter().flat_map(|section| &section.missed) {
        say::progress(format!("over its limit: {missed}"));
    }
    Ok(())
}

/// Shows what was measured, and writes it into docs/benchmarks.md and docs/benchmarks.json where it was measured in earnest.
fn write(
    args: &Args,
    bench: &Bench,
    sections: &[report::Section],
    measured: figures::Measured,
) -> Result<()> {
    let path = place::workspace().join("docs/benchmarks.md");
    let text = if args.only.is_empty() {
        report::text(&machine::facts(bench)?, sections)
    } else {
        let old = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        report::replaced(&old, &machine::moment(bench), sections)
    };
    if args.quick || args.debug_build {
        say::answer(&text);
        say::progress("docs/benchmarks.md is as it was: neither small sizes nor a debug build are figures");
        return Ok(());
    }
    fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    let mut all =
        if args.only.is_empty() { figures::Measured::new() } else { figures::read(place::workspace())? };
    all.extend(measured);
    figures::write(place::workspace(), &all)?;
    for section in sections {
        say::answer(format!("## {}\n\n{}", section.title, section.text));
    }
    say::progress(
        "written to docs/benchmarks.md and docs/benchmarks.json; `cargo xtask gen` puts them into the README",
    );
    Ok(())
}

/// The transfer manager turns a second TLS stack on in crates that all servers share: built together, each would carry it,
/// and releases are built one by one.
const APART: [&str; 1] = ["s3"];

/// Builds what is measured; where it is.
fn build(needs: &[Needs], debug: bool) -> Result<PathBuf> {
    let servers: BTreeSet<&str> = needs.iter().flat_map(|needs| needs.servers.clone()).collect();
    let examples: Vec<String> =
        needs.iter().filter_map(|needs| Some(format!("--example={}", needs.example?))).collect();
    let kind = if debug { "--profile=dev" } else { "--profile=release" };
    let build = |packages: &[&&str], targets: &[String]| {
        let packages = packages.iter().map(|server| format!("--package=awsmcp-{server}"));
        run::shown(run::cargo(&["build", kind]).args(targets).args(packages))
    };
    say::progress("building what is measured; the first release takes many minutes");
    let (apart, others): (Vec<&&str>, Vec<&&str>) =
        servers.iter().partition(|server| APART.contains(*server) && !debug);
    // The servers by themselves: what only examples and tests need would be in them otherwise.
    for packages in [&apart, &others].into_iter().filter(|packages| !packages.is_empty()) {
        build(packages, &["--bins".to_owned()])?;
    }
    if !examples.is_empty() {
        build(&servers.iter().collect::<Vec<_>>(), &examples)?;
    }
    if needs.iter().any(|needs| needs.all) {
        run::shown(&mut run::cargo(&["build", kind, "--package=awsmcp"]))?;
    }
    Ok(if debug { place::binaries() } else { releases() })
}

/// Where `cargo build --release` leaves the programs.
fn releases() -> PathBuf {
    place::target().join("release")
}

/// Lets a program see this environment and nothing else.
fn alone<'a>(command: &'a mut Command, home: &Path, env: &[(&str, String)]) -> &'a mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .envs(env.iter().map(|(name, value)| (name, value)))
}

/// The environment of somebody who uses an S3 at `endpoint`.
fn aws(endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        // As the Python SDK calls it.
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", s3::KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", s3::SECRET.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}
