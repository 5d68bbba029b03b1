//! `cargo xtask layout`: what runs at a start lies together in the program.
//!
//! A start maps the pages that it runs through. Those of a few thousand small functions lie all over a program of ten
//! megabytes, unless a linker script gathers them. The script is a list of functions that were seen to run between the
//! start and the answer to `tools/list`; it names them without their hashes, so that it serves other versions of the
//! code too, and what it does not find, it passes over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{contracts, place, run, say};

/// Writes dist/start.ld, which gathers what runs at a start (needs valgrind; builds releases)
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The servers to watch, by their ids [default: all]
    servers: Vec<String>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let root = place::workspace();
    let known: Vec<String> =
        contracts::manifests(root)?.into_iter().map(|manifest| manifest.server).collect();
    let servers = if args.servers.is_empty() { known.clone() } else { args.servers };
    if let Some(unknown) = servers.iter().find(|server| !known.contains(server)) {
        bail!("there is no server {unknown:?}; there are {}", known.join(", "));
    }
    let mut seen = BTreeSet::new();
    for server in &servers {
        let binary = build(server)?;
        say::progress(format!("watching the start of awsmcp-{server}"));
        seen.extend(watch(&binary)?);
    }
    let path = root.join("dist/start.ld");
    fs::write(&path, script(&seen)).with_context(|| format!("cannot write {}", path.display()))?;
    say::answer(format!("wrote dist/start.ld: {} functions of {} servers", seen.len(), servers.len()));
    Ok(())
}

/// A release whose functions have names.
fn build(server: &str) -> Result<PathBuf> {
    let package = format!("awsmcp-{server}");
    let mut command = run::cargo(&["build", "--release", "--package", &package, "--bin", &package]);
    run::shown(command.env("CARGO_PROFILE_RELEASE_STRIP", "none"))?;
    Ok(place::target().join("release").join(package))
}

/// The patterns of the functions that a start runs.
fn watch(binary: &Path) -> Result<BTreeSet<String>> {
    let scratch = tempfile::tempdir()?;
    let profile = scratch.path().join("profile");
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--demangle=no", "--quiet"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(binary)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run valgrind: install your system's package of that name")?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("valgrind has no pipes");
    };
    input.write_all(
        concat!(
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","#,
            r#""capabilities":{},"clientInfo":{"name":"layout","version":"1"}}}"#,
            "\n",
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "\n",
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#,
            "\n",
        )
        .as_bytes(),
    )?;
    let answers = BufReader::new(output).lines().take(2).collect::<Result<Vec<_>, _>>()?;
    if !answers.last().is_some_and(|answer| answer.contains("inputSchema")) {
        bail!("{} did not list its tools under valgrind: {answers:?}", binary.display());
    }
    drop(input);
    child.wait()?;
    let profile = fs::read_to_string(&profile).context("valgrind wrote no profile")?;
    let found: BTreeSet<String> = functions(&profile).filter_map(pattern).collect();
    if found.len() < 100 {
        bail!("only {} functions were seen: is the program stripped?", found.len());
    }
    Ok(found)
}

/// The functions that a profile of callgrind says were run. A name stands where it first comes, a number after that.
fn functions(profile: &str) -> impl Iterator<Item = &str> {
    let mut names = BTreeMap::new();
    profile.lines().filter_map(move |line| {
        let (run, rest) = match line.strip_prefix("fn=(") {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix("cfn=(")?),
        };
        let (number, name) = rest.split_once(')')?;
        if let Some(name) = name.strip_prefix(' ') {
            names.insert(number.to_owned(), name);
        }
        // A recursion is counted apart: `name'2`.
        let name = names.get(number)?.split('\'').next()?;
        run.then_some(name)
    })
}

/// A Rust function's name without what changes from build to build; none for what is not of Rust.
fn pattern(name: &str) -> Option<String> {
    if let Some(path) = name.strip_prefix("_ZN") {
        // A path and its hash: `_ZN4core3fmt5write17h0123456789abcdefE`, and what a compiler may have put behind.
        let end = path.rfind("17h")?;
        return Some(format!("_ZN{}17h*", path.get(..end)?));
    }
    let path = name.strip_prefix("_R")?;
    // Crates carry a hash: `Cs0123abcd_4core`.
    let mut found = "_R".to_owned();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("Cs") {
        let hash = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
        found.push_str(before);
        match after.get(hash..).filter(|rest| hash > 0 && rest.starts_with('_')) {
            Some(behind) => {
                found.push_str("Cs*");
                rest = behind;
            }
            None => {
                found.push_str("Cs");
                rest = after;
            }
        }
    }
    Some(found + rest)
}

fn script(patterns: &BTreeSet<String>) -> String {
    let mut text = "/* Written by `cargo xtask layout`: what runs at a start lies together, so that a start maps little. */\n\
                    SECTIONS\n{\n  .text.start :\n  {\n    *(\n"
        .to_owned();
    for pattern in patterns {
        text.push_str(&format!("      .text.{pattern}\n"));
    }
    text.push_str("    )\n  }\n}\nINSERT BEFORE .text;\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_changes_from_build_to_build() {
        for (name, wanted) in [
            ("_ZN4core3fmt5write17h0123456789abcdefE", Some("_ZN4core3fmt5write17h*")),
            ("_ZN5tokio4task17h0123456789abcdefE.llvm.12345", Some("_ZN5tokio4task17h*")),
            (
                "_RNvNtCsgEmfK2I1SDS_4core3ptr4dropCsjrHSEGnQ3l9_3std",
                Some("_RNvNtCs*_4core3ptr4dropCs*_3std"),
            ),
            ("malloc", None),
        ] {
            assert_eq!(pattern(name).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn a_profile_names_what_was_run_and_not_what_was_only_called() {
        let profile = "fn=(1) main\n1 2\ncfn=(2) never\ncalls=0 0\nfn=(3) again'2\nfn=(1)\n";
        assert_eq!(functions(profile).collect::<Vec<_>>(), ["main", "again", "main"]);
    }
}
