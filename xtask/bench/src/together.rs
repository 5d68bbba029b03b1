//! The program that holds every server, beside a process for each.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::start::{Start, servers, started};
use super::{Bench, alone, aws};
use xtask_common::say;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring the program that holds every server");
    let home = bench.memory.directory("together-home")?;
    let all = bench.binaries.join("awsmcp");
    let start = |program: &std::path::Path, args: &[&str]| {
        let mut command = Command::new(program);
        started(alone(&mut command, &home, &aws("http://127.0.0.1:9")).args(args))
    };
    let servers = servers();
    let serve = [&["serve"], servers.as_slice()].concat();
    let (mut one, mut own, mut together) = (Vec::new(), Vec::new(), Vec::new());
    let (mut memory, mut processes) = (Vec::new(), Vec::new());
    // The first of each finds its files in memory for those that count.
    for round in 0..=bench.count(50, 2) {
        let of_all = start(&all, &["s3"])?;
        let of_one = start(&bench.server(), &[])?;
        let of_serve = start(&all, &serve)?;
        let each = servers.iter().map(|server| start(&bench.program(server), &[]));
        let each = each.collect::<Result<Vec<Start>>>()?;
        if round > 0 {
            one.push(of_all.took);
            own.push(of_one.took);
            together.push(of_serve.took);
            memory.push(mebibytes(of_serve.memory.now));
            processes.push(each.iter().map(|start| mebibytes(start.memory.now)).sum());
        }
    }
    let (one, own) = (Sample::milliseconds(&one).median(), Sample::milliseconds(&own).median());
    let together = Sample::milliseconds(&together);
    let (memory, processes) = (Sample::new(memory).median(), Sample::new(processes).median());
    let on_disk = fs::metadata(&all)?.len() as f64 / 1e6;
    let mut each_on_disk = 0.0;
    for server in &servers {
        each_on_disk += fs::metadata(bench.program(server))?.len() as f64 / 1e6;
    }

    let mut table = Table::new(&["", "awsmcp", "a program each", "these take"]);
    let mut row = |what: &str, ours: f64, theirs: f64, unit: &str| {
        let told = |value: f64| format!("{} {unit}", number(value));
        table.row(&[what, &told(ours), &told(theirs), &times(ours, theirs)]);
    };
    row("spawn of one, `awsmcp s3` and `awsmcp-s3`, to the `initialize` answer, median", one, own, "ms");
    row("resident memory of all after `tools/list`, median", memory, processes, "MiB");
    row("on disk", on_disk, each_on_disk, "MB");
    let all_started = format!("{} ms", number(together.median()));
    table.row(&["spawn of all, `awsmcp serve`, to the `initialize` answer, median", &all_started, "", ""]);
    Ok(table.section(
        "All servers in one program",
        &format!(
            "{} starts of each, in turns, after one that does not count. `awsmcp serve` has all {} servers, as each is \
             without flags.",
            together.count(),
            servers.len()
        ),
    ))
}
