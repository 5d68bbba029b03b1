//! A large file up and down, beside `aws s3 cp`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::client::Client;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::s3::S3;
use super::{Bench, alone, aws, process, tool};
use xtask_common::{run, say, tools};

const BUCKET: &str = "bench-bucket";
const MIB: usize = 1 << 20;
/// The most memory that a transfer may take, in MiB.
const MOST: f64 = 200.0;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring transfers");
    let size = bench.count(1024 * MIB, 64 * MIB);
    let files = bench.memory.directory("files")?;
    let source = files.join("source.bin");
    fill(&source, size)?;
    let s3 = S3::start(&bench.memory.directory("s3")?)?;
    let stored = s3.bucket(BUCKET)?;

    let (mut ours, mut theirs) = ([Runs::default(), Runs::default()], [Runs::default(), Runs::default()]);
    for _ in 0..bench.count(5, 1) {
        for (up, own, peer) in each(&mut ours, &mut theirs) {
            let target = files.join("target.bin");
            // What is there already would be another case.
            let clean = || {
                let _ = fs::remove_file(&target);
                if up {
                    fs::remove_file(stored.join("large.bin")).or(Ok::<_, std::io::Error>(()))
                } else {
                    Ok(())
                }
            };
            let arrived = if up { stored.join("large.bin") } else { target.clone() };
            let local = if up { &source } else { &target };
            clean()?;
            own.add(by_tool(bench, &s3, up, local)?, &source, &arrived)?;
            clean()?;
            peer.add(by_cli(bench, &s3, up, local)?, &source, &arrived)?;
        }
    }

    let mut table = Table::new(&["", "awsmcp-s3", &tools::version("awscli"), "the CLI takes", "limit"]);
    for (what, ours, theirs) in [("upload", &ours[0], &theirs[0]), ("download", &ours[1], &theirs[1])] {
        let (own, peer) = (ours.time(), theirs.time());
        let limit = table.limit(what, own.median(), peer.median(), "s");
        table.row(&[what, &spread(&own), &spread(&peer), &times(own.median(), peer.median()), &limit]);
        let (own, peer) = (ours.peak(), theirs.peak());
        let limit = table.limit(&format!("memory of the {what}"), own.most(), MOST, "MiB");
        table.row(&[
            &format!("most memory of the {what}"),
            &format!("{} MiB", number(own.most())),
            &format!("{} MiB", number(peer.most())),
            &times(own.most(), peer.most()),
            &limit,
        ]);
    }
    Ok(table.section(
        if bench.quick { "A large file (64 MiB, to try it out)" } else { "A file of 1 GiB" },
        &format!(
            "{} runs each, in turns, against s3s-fs with everything in memory; medians, and the fastest and slowest \
             run. Ours: from the spawn of the server to the answer of `upload_file` or `download_file`. The CLI: \
             from the spawn of `aws s3 cp` to its exit. Each copy is compared with its source afterwards.",
            ours[0].0.len()
        ),
    ))
}

type Pair<'a> = (bool, &'a mut Runs, &'a mut Runs);

/// Up, then down: whether it is up, our runs and theirs.
fn each<'a>(ours: &'a mut [Runs; 2], theirs: &'a mut [Runs; 2]) -> impl Iterator<Item = Pair<'a>> {
    [true, false].into_iter().zip(ours).zip(theirs).map(|((up, own), peer)| (up, own, peer))
}

/// Time and peak memory of every run.
#[derive(Default)]
struct Runs(Vec<(Duration, u64)>);

impl Runs {
    fn add(&mut self, run: (Duration, u64), source: &Path, arrived: &Path) -> Result<()> {
        run::quiet(Command::new("cmp").args([source, arrived]))?;
        self.0.push(run);
        Ok(())
    }

    fn time(&self) -> Sample {
        Sample::new(self.0.iter().map(|(took, _)| took.as_secs_f64()))
    }

    fn peak(&self) -> Sample {
        Sample::new(self.0.iter().map(|(_, peak)| mebibytes(*peak)))
    }
}

pub(super) fn spread(sample: &Sample) -> String {
    let (median, least, most) = (sample.median(), sample.least(), sample.most());
    format!("{} s ({} to {})", number(median), number(least), number(most))
}

fn by_tool(bench: &Bench, s3: &S3, up: bool, local: &Path) -> Result<(Duration, u64)> {
    let home = bench.memory.directory("home")?;
    let files = bench.memory.directory("files")?;
    let start = Instant::now();
    let mut command = Command::new(bench.server());
    alone(&mut command, &home, &aws(&s3.endpoint())).args(["--allow", "write", "--allow-dir"]).arg(files);
    let mut server = Client::spawn(&mut command)?;
    server.initialize()?;
    let name = if up { "upload_file" } else { "download_file" };
    server.call(name, &json!({"path": local, "bucket": BUCKET, "key": "large.bin"}))?;
    Ok((start.elapsed(), server.memory()?.peak))
}

fn by_cli(bench: &Bench, s3: &S3, up: bool, local: &Path) -> Result<(Duration, u64)> {
    let remote = format!("s3://{BUCKET}/large.bin");
    let mut command = Command::new(tool("awscli", "bin/aws"));
    alone(&mut command, &bench.memory.directory("home")?, &aws(&s3.endpoint()));
    command.args(["s3", "cp", "--only-show-errors"]);
    if up {
        command.arg(local).arg(remote)
    } else {
        command.arg(remote).arg(local)
    };
    let ran = process::timed(&mut command, bench.memory.path())?;
    Ok((ran.took, ran.peak))
}

/// Writes bytes that do not repeat within any part of a transfer.
fn fill(path: &Path, size: usize) -> Result<()> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut block: Vec<u8> = Vec::with_capacity(MIB);
    while block.len() < MIB {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend(state.to_le_bytes());
    }
    let mut file = File::create(path)?;
    for number in 0..size / MIB {
        let Some(start) = block.first_chunk_mut::<8>() else { bail!("an empty block") };
        *start = (number as u64).to_le_bytes();
        file.write_all(&block)?;
    }
    Ok(())
}
