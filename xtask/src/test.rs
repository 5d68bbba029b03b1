//! `cargo xtask test`

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tools::{self, Need};
use crate::{place, run, say};

/// Runs the tests, with everything they need.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the tests marked `#[ignore]`: what drives real clients, and what needs a second local AWS
    #[arg(long)]
    quick: bool,
    /// Only tests whose name contains one of these
    filter: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let start = Instant::now();
    tools::provide(if args.quick { Need::Quick } else { Need::Test })?;
    let mut seen = Seen::default();
    // One command, for the servers that tests drive and the examples in documentation too: another choice of targets
    // compiles every SDK once more.
    let mut tests = run::cargo(&["test", "--workspace", "--no-fail-fast", "--"]);
    if !args.quick {
        tests.arg("--include-ignored");
    }
    let passed = watch(tests.args(&args.filter), &mut seen)?;

    say::answer(seen.summary(&args, start.elapsed().as_secs_f32()));
    if !passed {
        bail!("the tests failed");
    }
    if seen.passed == 0 {
        bail!("no test ran: nothing is named like {}", args.filter.join(" or "));
    }
    Ok(())
}

/// What the test programs said.
#[derive(Default)]
struct Seen {
    passed: usize,
    filtered: usize,
    failed: Vec<String>,
    ignored: Vec<String>,
}

impl Seen {
    /// Reads one line, such as `test name ... ignored, why`.
    fn line(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = counts.split("; ").find_map(|part| part.strip_suffix(" filtered out"));
            self.filtered += count.and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        {
            match outcome.split_once(", ").unwrap_or((outcome, "")) {
                ("ok", _) => self.passed += 1,
                ("FAILED", _) => self.failed.push(name.to_owned()),
                ("ignored", "") => self.ignored.push(name.to_owned()),
                ("ignored", why) => self.ignored.push(format!("{name} ({why})")),
                _ => {}
            }
        }
    }

    fn summary(&self, args: &Args, seconds: f32) -> String {
        let mut text = format!("\n{} passed, {} failed in {seconds:.0} s", self.passed, self.failed.len());
        if self.ignored.is_empty() && self.filtered == 0 {
            text.push_str("; nothing was left out");
        }
        for name in &self.failed {
            text.push_str(&format!("\n  failed   {name}"));
        }
        for name in &self.ignored {
            text.push_str(&format!("\n  not run  {name}"));
        }
        if self.filtered > 0 {
            text.push_str(&format!(
                "\n  not run  {} not named like {}",
                self.filtered,
                args.filter.join(" or ")
            ));
        }
        if args.quick && !self.ignored.is_empty() {
            text.push_str("\n`cargo xtask test` without --quick runs those too");
        }
        text
    }
}

/// Runs `cargo test`, shows and reads what it says; whether all passed.
fn watch(command: &mut Command, seen: &mut Seen) -> Result<bool> {
    command
        .env("AWSMCP_TOOLS_DIR", place::tools())
        .env("AWSMCP_BIN_DIR", place::binaries())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run `{}`", run::line(command)))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            seen.line(&line);
            say::answer(line);
        }
    }
    Ok(child.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_is_named() {
        let mut seen = Seen::default();
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test a::c - should panic ... ok",
            "test a::d ... ignored, drives Claude Code",
            "test a::e ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s",
        ] {
            seen.line(line);
        }
        let args = Args { quick: true, filter: vec!["a".to_owned()] };
        assert_eq!(
            seen.summary(&args, 1.0),
            "\n2 passed, 1 failed in 1 s\n  failed   a::e\n  not run  a::d (drives Claude Code)\n  \
             not run  4 not named like a\n`cargo xtask test` without --quick runs those too"
        );
    }
}
