//! Items of DynamoDB, queried and scanned, beside the AWS CLI.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::client::Client;
use super::local_aws::LocalAws;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::transfer::spread;
use super::{Bench, alone, aws, process, tool};
use xtask_common::{run, say, tools};

const TABLE: &str = "bench-items";
/// The items of one partition key.
const GROUP: usize = 1000;
const SEGMENTS: usize = 4;

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring queries and scans");
    let items = bench.count(100_000, 4_000);
    let local = LocalAws::start(bench)?;
    fill(&local, bench, items)?;

    let (mut query, mut scan) = (Pair::default(), Pair::default());
    for _ in 0..bench.count(5, 1) {
        query.ours(
            by_tool(
                bench,
                &local,
                "query",
                &json!({
                    "table": TABLE, "limit": GROUP, "key": [{"attribute": "pk", "op": "=", "value": "p0"}],
                }),
            )?,
            GROUP,
        )?;
        query.theirs(
            by_cli(
                bench,
                &local,
                &[vec![
                    "query",
                    "--key-condition-expression",
                    "pk = :p",
                    "--expression-attribute-values",
                    r#"{":p":{"S":"p0"}}"#,
                ]],
            )?,
            GROUP,
        )?;
        scan.ours(by_tool(bench, &local, "scan", &json!({
            "table": TABLE, "limit": GROUP, "segments": SEGMENTS, "max_items": items, "max_bytes": 1_000_000_000,
            "max_read_units": 1_000_000, "filter": [{"attribute": "at", "op": "<", "value": 10}],
        }))?, 10)?;
        let segments: Vec<String> = (0..SEGMENTS).map(|at| at.to_string()).collect();
        let segments: Vec<Vec<&str>> = segments
            .iter()
            .map(|segment| {
                vec![
                    "scan",
                    "--total-segments",
                    "4",
                    "--segment",
                    segment,
                    "--filter-expression",
                    "#a < :n",
                    "--expression-attribute-names",
                    r##"{"#a":"at"}"##,
                    "--expression-attribute-values",
                    r#"{":n":{"N":"10"}}"#,
                ]
            })
            .collect();
        scan.theirs(by_cli(bench, &local, &segments)?, 10)?;
    }

    let cli = tools::version("awscli");
    let mut table = Table::new(&["", "awsmcp-dynamodb", &cli, "the CLI takes", "limit"]);
    let scanned = format!("{} items scanned in {SEGMENTS} segments", number(items as f64));
    for (what, pair) in [("1,000 items queried", &query), (scanned.as_str(), &scan)] {
        let (own, peer) = (pair.own(), pair.peer());
        let limit = table.limit(what, own.median(), peer.median(), "s");
        table.row(&[what, &spread(&own), &spread(&peer), &times(own.median(), peer.median()), &limit]);
    }
    Ok(table.section(
        "DynamoDB items",
        &format!(
            "{} runs each, in turns, against ministack, which takes most of the time of both. Ours: from the spawn of \
             the server to the answer. The CLI: from its spawn to its exit; for the scan {SEGMENTS} of it at once, one \
             a segment. The scan's filter leaves 10 items on both sides. Most memory: {} MiB here, {} MiB there (of one).",
            query.own.len(),
            number(mebibytes(query.own_peak.max(scan.own_peak))),
            number(mebibytes(query.peer_peak.max(scan.peer_peak))),
        ),
    ))
}

/// What both sides took.
#[derive(Default)]
struct Pair {
    own: Vec<Duration>,
    peer: Vec<Duration>,
    own_peak: u64,
    peer_peak: u64,
}

/// One run.
struct Ran {
    took: Duration,
    peak: u64,
    items: usize,
}

impl Pair {
    fn ours(&mut self, ran: Ran, items: usize) -> Result<()> {
        ensure!(ran.items == items, "the tool answers {} items, not {items}", ran.items);
        self.own.push(ran.took);
        self.own_peak = self.own_peak.max(ran.peak);
        Ok(())
    }

    fn theirs(&mut self, ran: Ran, items: usize) -> Result<()> {
        ensure!(ran.items == items, "the CLI answers {} items, not {items}", ran.items);
        self.peer.push(ran.took);
        self.peer_peak = self.peer_peak.max(ran.peak);
        Ok(())
    }

    fn own(&self) -> Sample {
        Sample::new(self.own.iter().map(Duration::as_secs_f64))
    }

    fn peer(&self) -> Sample {
        Sample::new(self.peer.iter().map(Duration::as_secs_f64))
    }
}

fn by_tool(bench: &Bench, local: &LocalAws, name: &str, arguments: &Value) -> Result<Ran> {
    let home = bench.memory.directory("home")?;
    let start = Instant::now();
    let mut command = Command::new(bench.program("dynamodb"));
    // Room for all of them in one answer.
    alone(&mut command, &home, &aws(&local.endpoint())).args(["--max-chars", "1000000"]);
    let mut server = Client::spawn(&mut command)?;
    server.initialize()?;
    let (text, _) = server.call(name, arguments)?;
    let took = start.elapsed();
    let items = text.lines().filter(|line| line.contains("payload-")).count();
    Ok(Ran { took, peak: server.memory()?.peak, items })
}

/// Runs the CLI, once for each list of arguments, all at once.
fn by_cli(bench: &Bench, local: &LocalAws, calls: &[Vec<&str>]) -> Result<Ran> {
    let home = bench.memory.directory("home")?;
    let start = Instant::now();
    let runs = std::thread::scope(|scope| {
        let running: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(at, args)| {
                let (home, scratch) = (&home, bench.memory.directory(&format!("cli-{at}")));
                scope.spawn(move || {
                    let mut command = Command::new(tool("awscli", "bin/aws"));
                    alone(&mut command, home, &aws(&local.endpoint()));
                    command.args(["dynamodb"]).args(args).args(["--table-name", TABLE, "--output", "json"]);
                    process::timed(&mut command, &scratch?)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|run| run.join().unwrap_or_else(|_| bail!("a thread broke")))
            .collect::<Vec<_>>()
    });
    let took = start.elapsed();
    let (mut peak, mut items) = (0, 0);
    for ran in runs {
        let ran = ran?;
        peak = ran.peak.max(peak);
        items += ran.stdout.matches("payload-").count();
    }
    Ok(Ran { took, peak, items })
}

/// Makes the table and its items, by the Python SDK that comes with ministack.
fn fill(local: &LocalAws, bench: &Bench, items: usize) -> Result<()> {
    let home = bench.memory.directory("home")?;
    let mut python = Command::new(tool("ministack", "bin/python"));
    alone(&mut python, &home, &aws(&local.endpoint()));
    run::quiet(python.args(["-c", FILL, TABLE, &items.to_string(), &GROUP.to_string()]))
}

const FILL: &str = r#"
import sys, boto3
name, items, group = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
table = boto3.resource("dynamodb").create_table(
    TableName=name, BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}])
table.wait_until_exists()
with table.batch_writer() as batch:
    for at in range(items):
        batch.put_item(Item={"pk": f"p{at // group}", "sk": at % group, "at": at, "text": f"payload-{at:0>80}"})
"#;
