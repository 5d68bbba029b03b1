//! Log lines, clustered.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::{Sample, Section, Table, mebibytes, number};
use super::{Bench, alone, process};
use xtask_common::say;

/// The most memory that clustering may take, in MiB.
const MOST: f64 = 100.0;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring the clustering of log lines");
    let lines = bench.count(1_000_000, 20_000);
    let home = bench.memory.directory("home")?;
    let path = bench.memory.directory("logs")?.join("lines.log");
    write(&path, lines).context("cannot write log lines")?;

    let (mut took, mut peak, mut templates) = (Vec::new(), 0, 0);
    for _ in 0..bench.count(5, 1) {
        let mut command = Command::new("sh");
        alone(&mut command, &home, &[]);
        let program = bench.binaries.join("examples/cluster_lines");
        command.args(["-c", "exec \"$1\" < \"$2\"", "sh"]).arg(&program).arg(&path);
        let ran = process::timed(&mut command, bench.memory.path())?;
        took.push(ran.took);
        peak = ran.peak.max(peak);
        templates = ran.stdout.lines().count().saturating_sub(1);
    }
    let took = Sample::new(took.iter().map(Duration::as_secs_f64));
    let mut table = Table::new(&["", "cluster_lines", "limit"]);
    let seconds =
        format!("{} s, {} lines a second", number(took.median()), number(lines as f64 / took.median()));
    table.row(&[&format!("{} lines, median", number(lines as f64)), &seconds, ""]);
    let limit = table.limit("memory of clustering", mebibytes(peak), MOST, "MiB");
    table.row(&["most memory", &format!("{} MiB", number(mebibytes(peak))), &limit]);
    Ok(table.section(
        "Log lines, clustered",
        &format!(
            "{} runs of servers/cloudwatch/examples/cluster_lines.rs, which reads a file and clusters it as \
             `summarize_logs` does, in one pass; {templates} templates were found. The lines are of eight kinds, with \
             numbers, ids, addresses and paths that differ.",
            took.count()
        ),
    ))
}

/// Lines as a busy service writes them, the same at every run.
fn write(path: &std::path::Path, lines: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in 0..lines {
        // Xorshift: values that differ, without a library and without chance.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (id, small, host) = (state, state % 1000, state % 250);
        match state % 8 {
            0 => writeln!(file, "INFO request {id:016x} GET /orders/{small} took {} ms", state % 3000),
            1 => writeln!(file, "INFO request {id:016x} POST /orders took {} ms", state % 3000),
            2 => writeln!(file, "WARN slow query on table orders: {} ms, {small} rows", state % 9000),
            3 => writeln!(
                file,
                "ERROR connection to 10.0.{}.{host}:5432 refused after {} tries",
                small % 250,
                state % 5
            ),
            4 => writeln!(file, "DEBUG cache miss for key user:{id:x}:profile"),
            5 => writeln!(file, "INFO user {small} logged in from 192.168.{host}.{}", small % 250),
            6 => writeln!(
                file,
                "REPORT RequestId: {id:016x} Duration: {}.{small} ms Memory Used: {host} MB",
                state % 900
            ),
            _ => writeln!(file, "INFO job {at} finished with state done in {small} s"),
        }?;
    }
    Ok(file.flush()?)
}
