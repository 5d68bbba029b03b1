//! The programs that tests use: each pinned here, installed once, checked in milliseconds after that.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{place, run, say};

mod installers;
mod pins;

use pins::TOOLS;

/// Installs the programs that tests use.
#[derive(clap::Args)]
pub struct Args {
    /// Only these; without a name, all that `cargo xtask test` needs
    names: Vec<String>,
    /// Say what there is, and what is installed
    #[arg(long)]
    list: bool,
}

/// When a tool is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// By `cargo xtask test --quick`.
    Quick,
    /// By `cargo xtask test`.
    Test,
    /// By `cargo xtask bench`, or when it is named.
    Bench,
}

struct Tool {
    name: &'static str,
    about: &'static str,
    need: Need,
    from: From,
}

#[derive(Debug)]
enum From {
    /// Packages in a Python environment of their own.
    Python(&'static [&'static str]),
    /// Packages in a `node_modules` of their own.
    Npm(&'static [&'static str]),
    /// The same, with versions for what others ask for by a tag, which mirrors may not have: `"name": "version"`.
    NpmHeld(&'static [&'static str], &'static str),
    /// Node itself, which some npm packages want newer than what is installed.
    Node(&'static str),
    /// Terraform's provider for AWS at this version, for the Terraform that is installed.
    TerraformAws(&'static str),
    /// A program built by cargo.
    Cargo { name: &'static str, version: &'static str, features: &'static str },
    /// A large program built by cargo, as fast as it can be built.
    CargoUnoptimised { name: &'static str, version: &'static str },
}

/// `cargo xtask tools`.
pub fn run(args: Args) -> Result<()> {
    if args.list {
        for tool in TOOLS {
            let state = if tool.is_installed() { "installed" } else { "-" };
            say::answer(format!("{:14} {state:10} {}", tool.name, tool.about));
        }
        return Ok(());
    }
    if args.names.is_empty() {
        return provide(Need::Test);
    }
    let names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    install(&names)
}

/// Sees to it that everything for this need is installed.
pub fn provide(need: Need) -> Result<()> {
    let names: Vec<&str> = TOOLS.iter().filter(|tool| tool.need <= need).map(|tool| tool.name).collect();
    install(&names)
}

/// Sees to it that these are installed.
pub fn install(names: &[&str]) -> Result<()> {
    let tools = names.iter().map(|name| find(name)).collect::<Result<Vec<_>>>()?;
    if tools.iter().all(|tool| tool.is_installed()) {
        return Ok(());
    }
    fs::create_dir_all(place::tools())
        .with_context(|| format!("cannot create {}", place::tools().display()))?;
    // Two of us at the same time would undo each other's work.
    let lock = File::create(place::tools().join(".lock"))?;
    lock.lock()?;
    for tool in tools {
        tool.provide()?;
    }
    Ok(())
}

/// What a tool is, and its version: `awscli 1.46.3`.
pub fn version(name: &str) -> String {
    match find(name).map(|tool| &tool.from) {
        Ok(From::Python(packages)) => packages.first().unwrap_or(&"").replace("==", " "),
        Ok(From::Npm(packages) | From::NpmHeld(packages, _)) => packages.first().unwrap_or(&"").to_string(),
        Ok(From::Node(version)) => format!("node {version}"),
        Ok(From::TerraformAws(version)) => format!("terraform-provider-aws {version}"),
        Ok(From::Cargo { name, version, .. } | From::CargoUnoptimised { name, version }) => {
            format!("{name} {version}")
        }
        Err(_) => name.to_owned(),
    }
}

/// Where a tool is, if this very version of it is installed.
pub fn directory(name: &str) -> Option<PathBuf> {
    find(name).ok().filter(|tool| tool.is_installed()).map(Tool::directory)
}

fn find(name: &str) -> Result<&'static Tool> {
    let known = || TOOLS.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ");
    TOOLS
        .iter()
        .find(|tool| tool.name == name)
        .with_context(|| format!("no tool {name:?}; there are {}", known()))
}

impl Tool {
    fn directory(&self) -> PathBuf {
        place::tools().join(self.name)
    }

    fn stamp(&self) -> PathBuf {
        self.directory().join("installed.txt")
    }

    /// What the stamp says when this very pin is installed.
    fn pin(&self) -> String {
        format!("{:?}\n", self.from)
    }

    fn is_installed(&self) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|found| found == self.pin())
    }

    fn provide(&self) -> Result<()> {
        if self.is_installed() {
            return Ok(());
        }
        if matches!(self.from, From::Npm(_) | From::NpmHeld(..)) {
            // It installs with the machine's own Node, and runs with ours.
            find("node")?.provide()?;
        }
        say::progress(format!("installing {} ({})", self.name, self.about));
        let start = Instant::now();
        let directory = self.directory();
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        match &self.from {
            From::Python(packages) => installers::python(&directory, packages),
            From::Npm(packages) => installers::npm(&directory, packages, ""),
            From::NpmHeld(packages, held) => installers::npm(&directory, packages, held),
            From::Node(version) => {
                let package = installers::node_package()?;
                installers::npm(&directory, &[&format!("{package}@{version}")], "")?;
                installers::link(&Path::new("node_modules").join(package).join("bin"), &directory.join("bin"))
            }
            From::TerraformAws(version) => installers::terraform_aws(&directory, version),
            From::Cargo { name, version, features } => run::quiet(
                installers::cargo_install(&directory, name, version).args(["--features", features]),
            ),
            From::CargoUnoptimised { name, version } => run::quiet(
                installers::cargo_install(&directory, name, version)
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
                    .env("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
            ),
        }
        .with_context(|| format!("cannot install {}", self.name))?;
        // Gigabytes that nothing needs any more.
        let _ = fs::remove_dir_all(installers::building());
        fs::write(self.stamp(), self.pin())?;
        say::progress(format!("installed {} in {:.0} s", self.name, start.elapsed().as_secs_f32()));
        Ok(())
    }
}

/// Cargo runs us as a rule; somebody may have started us without it.
pub fn require_cargo() -> Result<()> {
    let remedy = "apt-get install -y build-essential, then install Rust as https://rustup.rs says";
    match run::cargo(&["--version"]).stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("Rust is missing; on Debian 12: {remedy}"),
    }
}
