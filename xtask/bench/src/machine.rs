//! What was measured, and on what.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{Bench, report, tool};
use xtask_common::{run, tools};

/// The facts, as a Markdown table.
pub(super) fn facts(bench: &Bench) -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: u64 = kib.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let server = run::output(Command::new(bench.server()).arg("--version"))?.replace("-s3", "");

    let mut table = report::Table::new(&["", ""]);
    for (what, value) in [
        ("date", date()),
        ("processor", model.trim_start_matches([' ', '\t', ':']).to_owned()),
        ("cores", cores()),
        ("memory", format!("{} GiB", report::number(report::mebibytes(kib * 1024) / 1024.0))),
        ("kernel", kernel.trim().to_owned()),
        ("load at the end (1, 5, 15 min)", load()),
        ("servers", format!("{}, {}", server.trim(), build(bench))),
        ("Rust", rust()),
        ("Python", said(&tool("s3-tables", "bin/python").to_string_lossy(), &["--version"])),
        ("beside it", ["awscli", "s3s-fs", "ministack"].map(tools::version).join(", ")),
    ] {
        if !value.is_empty() {
            table.row(&[what, &value]);
        }
    }
    Ok(table.text())
}

/// When and on what a section was measured that is not of the run that the head of the document describes.
pub(super) fn moment(bench: &Bench) -> String {
    format!(
        "Measured on {}: {}, {}, {} cores, load at the end {}.",
        date(),
        build(bench),
        rust(),
        cores(),
        load()
    )
}

fn date() -> String {
    said("date", &["-u", "+%Y-%m-%d"])
}

fn rust() -> String {
    said("rustc", &["--version"])
}

fn cores() -> String {
    std::thread::available_parallelism().map_or(String::new(), |cores| cores.to_string())
}

/// Of the last 1, 5 and 15 minutes.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(", ")
}

/// What a program says, or nothing where there is no such program.
fn said(program: &str, args: &[&str]) -> String {
    run::output(Command::new(program).args(args)).unwrap_or_default().trim().to_owned()
}

fn build(bench: &Bench) -> &'static str {
    if bench.binaries.ends_with("release") { "release build" } else { "debug build" }
}
