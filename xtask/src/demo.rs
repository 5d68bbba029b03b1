//! `cargo xtask demo`

use std::process::Command;

use anyhow::Result;

use crate::{place, run, say, tools};

/// Shows the S3 server at work: a local AWS with sample data, a real client, every call explained.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave the local AWS running, and say how Claude Code uses it
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    tools::require_cargo()?;
    tools::install(&["ministack", "python-client"])?;
    say::progress("building the S3 server and the demo; the first time this takes some minutes");
    let packages = ["build", "-p", "awsmcp-s3", "-p", "awsmcp-tests", "--bin", "awsmcp-s3", "--bin", "demo"];
    run::shown(&mut run::cargo(&packages))?;
    let mut demo = Command::new(place::binaries().join("demo"));
    demo.env("AWSMCP_TOOLS_DIR", place::tools()).env("AWSMCP_BIN_DIR", place::binaries());
    if args.keep {
        demo.arg("--keep");
    }
    run::shown(&mut demo)
}
