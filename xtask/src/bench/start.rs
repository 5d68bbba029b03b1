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
use super::report::{self, Sample, Section, Table, mebibytes, number, times};
use super::{Bench, alone, aws, tool};
use crate::figures::Figures;
use crate::{say, tools};

/// A server, and what people would start instead, where there is such a thing.
pub(super) struct Pair {
    pub(super) server: &'static str,
    pub(super) peer: Option<Peer>,
}

pub(super) struct Peer {
    /// The tool that brings it.
    pub(super) tool: &'static str,
    program: &'static str,
    /// Whether it asks AWS before it answers, and ends where nothing answers it: both get a local AWS then.
    asks: bool,
}

const fn peer(tool: &'static str, program: &'static str) -> Option<Peer> {
    Some(Peer { tool, program, asks: false })
}

pub(super) const PAIRS: &[Pair] = &[
    Pair { server: "s3", peer: peer("s3-tables", "awslabs.s3-tables-mcp-server") },
    Pair { server: "dynamodb", peer: peer("dynamodb-peer", "awslabs.dynamodb-mcp-server") },
    Pair {
        server: "lambda",
        peer: Some(Peer { tool: "lambda-peer", program: "awslabs.lambda-tool-mcp-server", asks: true }),
    },
    Pair { server: "sagemaker", peer: peer("sagemaker-peer", "awslabs.sagemaker-ai-mcp-server") },
    Pair { server: "bedrock", peer: peer("bedrock-peer", "awslabs.bedrock-kb-retrieval-mcp-server") },
    Pair { server: "cloudwatch", peer: peer("cloudwatch-peer", "awslabs.cloudwatch-mcp-server") },
    Pair { server: "ec2", peer: None },
];

/// Every server.
pub(super) fn servers() -> Vec<&'static str> {
    PAIRS.iter().map(|pair| pair.server).collect()
}

pub(super) fn measure(bench: &Bench, pair: &Pair) -> Result<(Section, Figures)> {
    let name = format!("awsmcp-{}", pair.server);
    say::progress(format!("measuring the start of {name}"));
    let home = bench.memory.directory("home")?;
    // One peer ends where there is no profile of the name that it takes for given.
    let config = home.join("config");
    fs::write(&config, "[default]\n")?;
    let asks = pair.peer.as_ref().is_some_and(|peer| peer.asks);
    let local = if asks { Some(LocalAws::start(bench)?) } else { None };
    let endpoint = local.as_ref().map_or("http://127.0.0.1:9".to_owned(), LocalAws::endpoint);
    let started_as = |program: PathBuf| {
        let mut command = Command::new(program);
        alone(&mut command, &home, &aws(&endpoint)).env("AWS_CONFIG_FILE", &config);
        command
    };
    let ours = || started_as(bench.program(pair.server));
    let theirs = |peer: &Peer| started_as(tool(peer.tool, "bin").join(peer.program));
    // Once each, so that both find their files in memory.
    started(&mut ours())?;
    if let Some(peer) = &pair.peer {
        started(&mut theirs(peer))?;
    }
    let rounds = bench.count(20, 2);
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..10 {
            own.push(started(&mut ours())?);
        }
        if let Some(peer) = &pair.peer {
            others.push(started(&mut theirs(peer))?);
        }
    }
    let own = Seen::new(&own);
    let other = pair.peer.as_ref().map(|peer| (peer, Seen::new(&others)));

    let mut table = match &pair.peer {
        Some(peer) => Table::new(&["", &name, &tools::version(peer.tool), "the peer takes", "limit"]),
        None => Table::new(&["", &name, "limit"]),
    };
    let mut row = |what: &str, own: String, beside: Option<(String, String)>, limit: &str| match beside {
        _ if other.is_none() => table.row(&[what, &own, limit]),
        Some((theirs, times)) => table.row(&[what, &own, &theirs, &times, limit]),
        None => table.row(&[what, &own, "", "", limit]),
    };
    let mut missed = Vec::new();
    let mut limit = |what: &str, value: f64, most: f64, unit: &str| {
        report::limit(&mut missed, &format!("{name}: {what}"), value, most, unit)
    };
    let beside = |unit: &str, own: f64, theirs: fn(&Seen) -> f64| {
        let (_, seen) = other.as_ref()?;
        Some((format!("{} {unit}", number(theirs(seen))), times(own, theirs(seen))))
    };
    let told = |value: f64, unit: &str| format!("{} {unit}", number(value));

    let median = own.start.median();
    row(
        "spawn to the `initialize` answer, median",
        told(median, "ms"),
        beside("ms", median, |seen| seen.start.median()),
        &limit("spawn to the `initialize` answer", median, 10.0, "ms"),
    );
    let late = own.start.at(0.95);
    row("the same, p95", told(late, "ms"), beside("ms", late, |seen| seen.start.at(0.95)), "");
    let memory = own.memory.median();
    row(
        "resident memory after `tools/list`, median",
        told(memory, "MiB"),
        beside("MiB", memory, |seen| seen.memory.median()),
        &limit("memory after tools/list", memory, 12.0, "MiB"),
    );
    let peak = own.peak.median();
    row("the most until then", told(peak, "MiB"), beside("MiB", peak, |seen| seen.peak.median()), "");
    let binary = fs::metadata(bench.program(pair.server))?.len() as f64 / 1e6;
    let installed = match &other {
        Some((peer, _)) => {
            let installed = folder(&tool(peer.tool, ""))? as f64 / 1e6;
            Some((told(installed, "MB"), times(binary, installed)))
        }
        None => None,
    };
    row(
        if other.is_some() { "on disk: the binary; the Python environment" } else { "on disk: the binary" },
        told(binary, "MB"),
        installed,
        &limit("the binary", binary, 20.0, "MB"),
    );

    let mut everything = ours();
    everything
        .args(["--allow", "write,invoke,destroy,reveal", "--toolsets", "all", "--allow-dir"])
        .arg(&home);
    let listed = listed(&mut everything)?;
    let list = |(count, bytes): (usize, usize)| format!("{} bytes, {count} tools", number(bytes as f64));
    row(
        "`tools/list` as it starts",
        list(own.listed),
        other.as_ref().map(|(_, seen)| (list(seen.listed), times(own.listed.1 as f64, seen.listed.1 as f64))),
        &limit("`tools/list` as it starts", own.listed.1 as f64, 10_000.0, "bytes"),
    );
    row(
        "`tools/list` with everything allowed",
        list(listed),
        None,
        &limit("`tools/list` with everything allowed", listed.1 as f64, 32_000.0, "bytes"),
    );

    let peers = match &other {
        Some((_, seen)) => format!(
            " and {} of the peer, in turns, after one of each that does not count",
            seen.start.count()
        ),
        None => ", after one that does not count".to_owned(),
    };
    let mut section = table.section(
        format!("Before the first call: {name}"),
        &format!(
            "{} starts of ours{peers}{}. The client is a pipe: time is from before the spawn until the answer is read. \
             A list's bytes are those of `{{\"tools\": […]}}` as compact JSON.",
            own.start.count(),
            if asks { "; the peer asks AWS first, here a local one that holds nothing" } else { "" },
        ),
    );
    section.missed = missed;
    Ok((section, Figures { start_ms: median, memory_mib: memory }))
}

/// One start.
pub(super) struct Start {
    pub(super) took: Duration,
    pub(super) memory: Memory,
    listed: (usize, usize),
}

pub(super) fn started(command: &mut Command) -> Result<Start> {
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
pub(super) fn folder(path: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        bytes += if facts.is_dir() { folder(&entry.path())? } else { facts.len() };
    }
    Ok(bytes)
}
