//! What a server costs before it does anything: time, memory, size, and what a model must read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::client::Client;
use super::local_aws::LocalAws;
use super::process::Memory;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::{Bench, alone, aws, tool};
use crate::figures::Figures;
use crate::{say, tools};

/// A server, and what people would start instead.
pub(super) struct Pair {
    pub(super) server: &'static str,
    /// The tool that brings the peer, and the program of the peer.
    pub(super) peer: (&'static str, &'static str),
    /// Whether the peer asks AWS before it answers, and ends where nothing answers it: both get a local AWS then.
    pub(super) peer_asks: bool,
}

pub(super) const PAIRS: &[Pair] = &[
    Pair { server: "s3", peer: ("s3-tables", "awslabs.s3-tables-mcp-server"), peer_asks: false },
    Pair { server: "dynamodb", peer: ("dynamodb-peer", "awslabs.dynamodb-mcp-server"), peer_asks: false },
    Pair {
        server: "cloudwatch",
        peer: ("cloudwatch-peer", "awslabs.cloudwatch-mcp-server"),
        peer_asks: false,
    },
    Pair { server: "lambda", peer: ("lambda-peer", "awslabs.lambda-tool-mcp-server"), peer_asks: true },
];

pub(super) fn measure(bench: &Bench, pair: &Pair) -> Result<(Section, Figures)> {
    let name = format!("awsmcp-{}", pair.server);
    say::progress(format!("measuring the start of {name}"));
    let home = bench.memory.directory("home")?;
    // One peer ends where there is no profile of the name that it takes for given.
    let config = home.join("config");
    fs::write(&config, "[default]\n")?;
    let local = if pair.peer_asks { Some(LocalAws::start(bench)?) } else { None };
    let endpoint = local.as_ref().map_or("http://127.0.0.1:9".to_owned(), LocalAws::endpoint);
    let started_as = |program: PathBuf| {
        let mut command = Command::new(program);
        alone(&mut command, &home, &aws(&endpoint)).env("AWS_CONFIG_FILE", &config);
        command
    };
    let ours = || started_as(bench.program(pair.server));
    let theirs = || started_as(tool(pair.peer.0, "bin").join(pair.peer.1));
    // Once each, so that both find their files in memory.
    started(&mut ours())?;
    started(&mut theirs())?;
    let rounds = bench.count(20, 2);
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..10 {
            own.push(started(&mut ours())?);
        }
        peer.push(started(&mut theirs())?);
    }
    let (own, peer) = (Seen::new(&own), Seen::new(&peer));

    let mut table = Table::new(&["", &name, &tools::version(pair.peer.0), "the peer takes", "limit"]);
    let what = |what: &str| format!("{name}: {what}");
    let limit = table.limit(&what("spawn to the `initialize` answer"), own.start.median(), 10.0, "ms");
    table.row(&[
        "spawn to the `initialize` answer, median",
        &format!("{} ms", number(own.start.median())),
        &format!("{} ms", number(peer.start.median())),
        &times(own.start.median(), peer.start.median()),
        &limit,
    ]);
    table.row(&[
        "the same, p95",
        &format!("{} ms", number(own.start.at(0.95))),
        &format!("{} ms", number(peer.start.at(0.95))),
        &times(own.start.at(0.95), peer.start.at(0.95)),
        "",
    ]);
    let limit = table.limit(&what("memory after tools/list"), own.memory.median(), 12.0, "MiB");
    for (row, ours, theirs, limit) in [
        ("resident memory after `tools/list`, median", &own.memory, &peer.memory, limit.as_str()),
        ("the most until then", &own.peak, &peer.peak, ""),
    ] {
        table.row(&[
            row,
            &format!("{} MiB", number(ours.median())),
            &format!("{} MiB", number(theirs.median())),
            &times(ours.median(), theirs.median()),
            limit,
        ]);
    }
    let binary = fs::metadata(bench.program(pair.server))?.len() as f64;
    let installed = folder(&tool(pair.peer.0, ""))? as f64;
    let limit = table.limit(&what("the binary"), binary / 1e6, 20.0, "MB");
    table.row(&[
        "on disk: the binary; the Python environment",
        &format!("{} MB", number(binary / 1e6)),
        &format!("{} MB", number(installed / 1e6)),
        &times(binary, installed),
        &limit,
    ]);

    let mut everything = ours();
    everything
        .args(["--allow", "write,invoke,destroy,reveal", "--toolsets", "all", "--allow-dir"])
        .arg(&home);
    let listed = listed(&mut everything)?;
    for (list, (count, bytes), peer, most) in [
        ("`tools/list` as it starts", own.listed, Some(peer.listed), 10_000.0),
        ("`tools/list` with everything allowed", listed, None, 32_000.0),
    ] {
        let limit = table.limit(&what(list), bytes as f64, most, "bytes");
        let told = |(count, bytes): (usize, usize)| format!("{} bytes, {count} tools", number(bytes as f64));
        table.row(&[
            list,
            &told((count, bytes)),
            &peer.map(told).unwrap_or_default(),
            &peer.map(|(_, theirs)| times(bytes as f64, theirs as f64)).unwrap_or_default(),
            &limit,
        ]);
    }
    let section = table.section(
        format!("Before the first call: {name}"),
        &format!(
            "{} starts of ours and {} of the peer, in turns, after one of each that does not count{}. \
             The client is a pipe: time is from before the spawn until the answer is read. \
             A list's bytes are those of `{{\"tools\": […]}}` as compact JSON.",
            own.start.count(),
            peer.start.count(),
            if pair.peer_asks {
                "; the peer asks AWS first, here a local one that holds nothing"
            } else {
                ""
            },
        ),
    );
    Ok((section, Figures { start_ms: own.start.median(), memory_mib: own.memory.median() }))
}

/// One start.
struct Start {
    took: Duration,
    memory: Memory,
    listed: (usize, usize),
}

fn started(command: &mut Command) -> Result<Start> {
    let start = Instant::now();
    let mut client = Client::spawn(command)?;
    client.initialize()?;
    let took = start.elapsed();
    let listed = sizes(&mut client)?;
    Ok(Start { took, memory: client.memory()?, listed })
}

fn listed(command: &mut Command) -> Result<(usize, usize)> {
    let mut client = Client::spawn(command)?;
    client.initialize()?;
    sizes(&mut client)
}

/// How many tools there are, and how many bytes they take.
fn sizes(client: &mut Client) -> Result<(usize, usize)> {
    let tools = client.tools()?;
    Ok((tools.len(), json!({"tools": tools}).to_string().len()))
}

/// Many starts.
struct Seen {
    start: Sample,
    memory: Sample,
    peak: Sample,
    listed: (usize, usize),
}

impl Seen {
    fn new(starts: &[Start]) -> Seen {
        let took: Vec<Duration> = starts.iter().map(|start| start.took).collect();
        Seen {
            start: Sample::milliseconds(&took),
            memory: Sample::new(starts.iter().map(|start| mebibytes(start.memory.now))),
            peak: Sample::new(starts.iter().map(|start| mebibytes(start.memory.peak))),
            listed: starts.first().map(|start| start.listed).unwrap_or_default(),
        }
    }
}

/// The bytes of every file inside.
fn folder(path: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        bytes += if facts.is_dir() { folder(&entry.path())? } else { facts.len() };
    }
    Ok(bytes)
}
