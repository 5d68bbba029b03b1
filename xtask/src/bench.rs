//! `cargo xtask bench`: what the servers cost, beside what people would use instead.
//!
//! It is a program of its own, xtask/bench, so that nobody who only checks or generates waits for it to compile.

use std::ffi::OsString;

use anyhow::Result;

use crate::run;

/// Measures the servers beside their peers and writes docs/benchmarks.md and docs/benchmarks.json.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// See `cargo xtask bench --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let mut bench = run::cargo(&["run", "--quiet", "--package", "xtask-bench", "--"]);
    run::shown(bench.args(args.arguments))
}
