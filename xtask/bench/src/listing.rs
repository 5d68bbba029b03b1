//! Many keys, page by page, beside the AWS CLI.

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::client::Client;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::s3::S3;
use super::transfer::spread;
use super::{Bench, alone, aws, process, tool};
use xtask_common::{say, tools};

const BUCKET: &str = "bench-keys";
const PAGE: usize = 1000;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring a long list");
    let keys = bench.count(10_000, 2_000);
    let s3 = S3::start(&bench.memory.directory("s3")?)?;
    let bucket = s3.bucket(BUCKET)?;
    for at in 0..keys {
        let folder = bucket.join(format!("folder-{:02}", at % 100));
        if at < 100 {
            fs::create_dir_all(&folder)?;
        }
        File::create(folder.join(format!("file-{at:05}.txt")))?;
    }

    let (mut own, mut api, mut ls) = (Vec::new(), Vec::new(), Vec::new());
    let (mut own_memory, mut cli_memory) = (0, 0);
    for _ in 0..bench.count(5, 1) {
        let (took, peak) = by_tool(bench, &s3, keys)?;
        own.push(took);
        own_memory = peak.max(own_memory);
        for (args, seen) in [
            (
                &[
                    "s3api",
                    "list-objects-v2",
                    "--bucket",
                    BUCKET,
                    "--query",
                    "Contents[].[Key]",
                    "--output",
                    "text",
                ][..],
                &mut api,
            ),
            (&["s3", "ls", "--recursive", "s3://bench-keys/"][..], &mut ls),
        ] {
            let mut command = Command::new(tool("awscli", "bin/aws"));
            alone(&mut command, &bench.memory.directory("home")?, &aws(&s3.endpoint())).args(args);
            let ran = process::timed(&mut command, bench.memory.path())?;
            let count = ran.stdout.lines().filter(|line| line.contains("file-")).count();
            ensure!(count == keys, "aws {} listed {count} keys, not {keys}", args.join(" "));
            seen.push(ran.took);
            cli_memory = ran.peak.max(cli_memory);
        }
    }

    let sample = |times: &[Duration]| Sample::new(times.iter().map(Duration::as_secs_f64));
    let (own, api, ls) = (sample(&own), sample(&api), sample(&ls));
    let mut table = Table::new(&["", "time", "beside ours", "limit"]);
    let fastest = api.median().min(ls.median());
    let limit = table.limit("listing", own.median(), fastest, "s");
    table.row(&["awsmcp-s3, `list_objects`", &spread(&own), "", &limit]);
    table.row(&["`aws s3api list-objects-v2`", &spread(&api), &times(own.median(), api.median()), ""]);
    table.row(&["`aws s3 ls --recursive`", &spread(&ls), &times(own.median(), ls.median()), ""]);
    Ok(table.section(
        if bench.quick { "Many keys (2,000, to try it out)" } else { "10,000 keys" },
        &format!(
            "{} runs each, in turns, against s3s-fs, which reads its whole folder again for every page; pages of \
             {PAGE}. Ours: from the spawn of the server to the answer with the last page. {}: from its spawn to its \
             exit. Most memory: {} MiB here, {} MiB there.",
            own.count(),
            tools::version("awscli"),
            number(mebibytes(own_memory)),
            number(mebibytes(cli_memory))
        ),
    ))
}

fn by_tool(bench: &Bench, s3: &S3, keys: usize) -> Result<(Duration, u64)> {
    let home = bench.memory.directory("home")?;
    let start = Instant::now();
    let mut command = Command::new(bench.server());
    // Room for a page of AWS's in an answer.
    alone(&mut command, &home, &aws(&s3.endpoint())).args(["--max-chars", "200000"]);
    let mut server = Client::spawn(&mut command)?;
    server.initialize()?;
    let mut count = 0;
    let mut arguments = json!({"bucket": BUCKET, "recursive": true, "limit": PAGE});
    loop {
        let (text, _) = server.call("list_objects", &arguments)?;
        count += text.lines().filter(|line| line.contains("file-")).count();
        match text.lines().next_back().and_then(|last| last.rsplit_once("next: ")) {
            Some((_, cursor)) => {
                if let Some(arguments) = arguments.as_object_mut() {
                    arguments.insert("cursor".to_owned(), json!(cursor));
                }
            }
            None => break,
        }
    }
    let took = start.elapsed();
    ensure!(count == keys, "list_objects listed {count} keys, not {keys}");
    Ok((took, server.memory()?.peak))
}
