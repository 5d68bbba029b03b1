//! `cargo xtask ci`: what must pass before a change is taken.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{run, say};

/// Checks everything, in the order of what fails fastest.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args) -> Result<()> {
    step("tidy", &mut xtask(&["tidy"])?)?;
    step("gen", &mut xtask(&["gen", "--check"])?)?;
    step("fmt", &mut run::cargo(&["fmt", "--all", "--check"]))?;
    step("clippy", &mut run::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step("test", &mut xtask(&["test"])?)
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    say::progress(format!("ci: {name}"));
    let start = Instant::now();
    run::shown(command)?;
    say::progress(format!("ci: {name} passed in {:.0} s", start.elapsed().as_secs_f32()));
    Ok(())
}

/// This program with another command.
fn xtask(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find myself")?);
    command.args(args).current_dir(crate::place::workspace());
    Ok(command)
}
