//! `cargo xtask`: everything that is done to this repository, one command a file.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo and the tools that this program runs are found by variables; it is no server"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask_common::{figures, place, run, say, tools};

mod bench;
mod ci;
mod contracts;
mod demo;
mod dist;
mod generate;
mod iam;
mod known;
mod layout;
mod models;
mod new_server;
mod new_tool;
mod test;
mod tidy;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests, generates and measures awsmcp")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Bench(bench::Args),
    Test(test::Args),
    Ci(ci::Args),
    #[command(name = "gen")]
    Generate(generate::Args),
    GenModels(models::Args),
    Tidy(tidy::Args),
    Layout(layout::Args),
    Dist(dist::Args),
    NewTool(new_tool::Args),
    NewServer(new_server::Args),
    Tools(tools::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(args) => demo::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Test(args) => test::run(args),
        Command::Ci(args) => ci::run(args),
        Command::Generate(args) => generate::run(args),
        Command::GenModels(args) => models::run(args),
        Command::Tidy(args) => tidy::run(args),
        Command::Layout(args) => layout::run(args),
        Command::Dist(args) => dist::run(args),
        Command::NewTool(args) => new_tool::run(args),
        Command::NewServer(args) => new_server::run(args),
        Command::Tools(args) => tools::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::progress(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
