//! This version beside another one of ours, so that no change makes a server slower or larger unseen.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::client::Client;
use super::head::{BUCKET, KEY, Stub};
use super::report::{Sample, Section, Table, number, times};
use super::source::Sizes;
use super::start::{self, Seen};
use super::{Bench, alone, aws};
use xtask_common::{place, say};

/// `directory` holds the releases of the other version.
pub(super) fn measure(bench: &Bench, directory: &Path) -> Result<Section> {
    let mut table = Table::new(&["", "before", "now", "now takes"]);
    let there = |server: &&str| directory.join(format!("awsmcp-{server}")).is_file();
    let servers: Vec<&str> = start::servers().into_iter().filter(there).collect();
    ensure!(!servers.is_empty(), "{} holds no awsmcp-SERVER", directory.display());
    for server in servers {
        say::progress(format!("measuring awsmcp-{server} beside the version before"));
        let name = format!("awsmcp-{server}");
        let programs = [directory.join(&name), bench.program(server)];
        let [before, now] = starts(bench, &programs)?;
        let mut row = |what: &str, before: f64, now: f64, unit: &str| {
            let shown = |value: f64| format!("{} {unit}", number(value));
            table.row(&[&format!("{name}: {what}"), &shown(before), &shown(now), &times(before, now)]);
        };
        row("spawn to the `initialize` answer, median", before.start.median(), now.start.median(), "ms");
        row("resident memory after `tools/list`", before.memory.median(), now.memory.median(), "MiB");
        row("`tools/list` as it starts", before.listed.1 as f64, now.listed.1 as f64, "bytes");
        let size = |program: &PathBuf| std::fs::metadata(program).map(|found| found.len() as f64 / 1e6);
        let [old, new] = [size(&programs[0])?, size(&programs[1])?];
        row("the binary", old, new, "MB");
        if server == "s3" {
            let [before, now] = calls(bench, &programs)?;
            row("a call of `head_object`, p50", before.median(), now.median(), "ms");
            row("the same, p99", before.at(0.99), now.at(0.99), "ms");
        }
    }
    let checkout = directory.join("source");
    if checkout.is_dir() {
        let [before, now] = [Sizes::of(&checkout)?, Sizes::of(place::workspace())?];
        for ((what, before), (_, now)) in before.rows().into_iter().zip(now.rows()) {
            table.row(&[&what, &number(before), &number(now), &times(before, now)]);
        }
    }
    Ok(table.section(
        "Beside the version before",
        "Both versions in turns: starts as above, and calls of `head_object` against a stand-in that answers at once. \
         Lines are those of files that are no tests, without their tests.",
    ))
}

/// Starts of both, in turns, after one of each that does not count.
fn starts(bench: &Bench, programs: &[PathBuf; 2]) -> Result<[Seen; 2]> {
    let home = bench.memory.directory("home")?;
    let started = |program: &PathBuf| {
        start::started(alone(&mut Command::new(program), &home, &aws("http://127.0.0.1:9")))
    };
    let mut seen = [Vec::new(), Vec::new()];
    for round in 0..=bench.count(100, 5) {
        for (program, seen) in programs.iter().zip(&mut seen) {
            let start = started(program)?;
            if round > 0 {
                seen.push(start);
            }
        }
    }
    Ok(seen.map(|starts| Seen::new(&starts)))
}

/// Calls of both, in turns, each on a server that is warm.
fn calls(bench: &Bench, programs: &[PathBuf; 2]) -> Result<[Sample; 2]> {
    let home = bench.memory.directory("home")?;
    let stub = Stub::start()?;
    let env = aws(&stub.endpoint);
    let arguments = json!({"bucket": BUCKET, "key": KEY});
    let connected = |program: &PathBuf| -> Result<Client> {
        let mut client = Client::spawn(alone(&mut Command::new(program), &home, &env))?;
        client.initialize()?;
        Ok(client)
    };
    let mut clients = [connected(&programs[0])?, connected(&programs[1])?];
    let calls = bench.count(1000, 100);
    let mut took: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for round in 0..=bench.count(10, 2) {
        for (client, took) in clients.iter_mut().zip(&mut took) {
            for _ in 0..calls {
                let (_, time) = client.call("head_object", &arguments)?;
                if round > 0 {
                    took.push(time);
                }
            }
        }
    }
    Ok(took.map(|took| Sample::milliseconds(&took)))
}
