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
use super::web::{OFFLINE, PEER};
use super::{Bench, alone, aws, tool};
use xtask_common::figures::Figures;
use xtask_common::{say, tools};

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
    /// What its Python runs instead, where it would end without the internet.
    offline: Option<&'static str>,
}

const fn peer(tool: &'static str, program: &'static str) -> Option<Peer> {
    Some(Peer { tool, program, asks: false, offline: None })
}

const PAIRS: &[Pair] = &[
    Pair { server: "s3", peer: peer("s3-tables", "awslabs.s3-tables-mcp-server") },
    Pair { server: "dynamodb", peer: peer("dynamodb-peer", "awslabs.dynamodb-mcp-server") },
    Pair {
        server: "lambda",
        peer: Some(Peer {
            tool: "lambda-peer",
            program: "awslabs.lambda-tool-mcp-server",
            asks: true,
            offline: None,
        }),
    },
    Pair { server: "sagemaker", peer: peer("sagemaker-peer", "awslabs.sagemaker-ai-mcp-server") },
    Pair { server: "bedrock", peer: peer("bedrock-peer", "awslabs.bedrock-kb-retrieval-mcp-server") },
    Pair { server: "cloudwatch", peer: peer("cloudwatch-peer", "awslabs.cloudwatch-mcp-server") },
    Pair { server: "ec2", peer: None },
    Pair {
        server: "aws",
        peer: Some(Peer {
            tool: PEER,
            program: "awslabs.aws-api-mcp-server",
            asks: false,
            offline: Some(OFFLINE),
        }),
    },
];

/// The pairs of these servers; all where none is named.
pub(super) fn pairs(chosen: &[String]) -> impl Iterator<Item = &'static Pair> {
    PAIRS.iter().filter(move |pair| chosen.is_empty() || chosen.iter().any(|server| server == pair.server))
}

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
    let theirs = |peer: &Peer| match peer.offline {
        None => started_as(tool(peer.tool, "bin").join(peer.program)),
        Some(program) => {
            let mut python = started_as(tool(peer.tool, "bin/python"));
            python.args(["-c", program]);
            python
        }
    };
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
    let mut everything = ours();
    everything
        .args(["--allow", "write,invoke,destroy,reveal", "--toolsets", "all", "--allow-dir"])
        .arg(&home);
    let beside = match &pair.peer {
        Some(peer) => Some(Beside {
            seen: Seen::new(&others),
            version: tools::version(peer.tool),
            installed: folder(&tool(peer.tool, ""))? as f64 / 1e6,
        }),
        None => None,
    };
    let compared = Compared {
        name,
        own: Seen::new(&own),
        binary: fs::metadata(bench.program(pair.server))?.len() as f64 / 1e6,
        // The one without an SDK of its own has all models instead.
        most_megabytes: if pair.server == "aws" { 16.0 } else { 20.0 },
        everything: listed(&mut everything)?,
        beside,
    };
    let figures = Figures { start_ms: compared.own.start.median(), memory_mib: compared.own.memory.median() };
    Ok((compared.section(asks), figures))
}

/// A server's starts beside its peer's.
struct Compared {
    name: String,
    own: Seen,
    /// The program's size in MB, and the most that it may be.
    binary: f64,
    most_megabytes: f64,
    /// How many tools there are with everything allowed, and their bytes.
    everything: (usize, usize),
    beside: Option<Beside>,
}

struct Beside {
    seen: Seen,
    version: String,
    /// What its Python environment takes, in MB.
    installed: f64,
}

impl Compared {
    fn section(&self, asks: bool) -> Section {
        let (table, missed) = self.table();
        let peers = match &self.beside {
            Some(beside) => format!(
                " and {} of the peer, in turns, after one of each that does not count",
                beside.seen.start.count()
            ),
            None => ", after one that does not count".to_owned(),
        };
        let mut section = table.section(
            format!("Before the first call: {}", self.name),
            &format!(
                "{} starts of ours{peers}{}. The client is a pipe: time is from before the spawn until the answer is read. \
                 A list's bytes are those of `{{\"tools\": […]}}` as compact JSON.",
                self.own.start.count(),
                if asks { "; the peer asks AWS first, here a local one that holds nothing" } else { "" },
            ),
        );
        section.missed = missed;
        section
    }

    /// The table, and the limits that are missed.
    fn table(&self) -> (Table, Vec<String>) {
        let Compared { name, own, .. } = self;
        let mut table = match &self.beside {
            Some(beside) => Table::new(&["", name, &beside.version, "the peer takes", "limit"]),
            None => Table::new(&["", name, "limit"]),
        };
        let mut row = |what: &str, own: String, beside: Option<(String, String)>, limit: &str| match beside {
            _ if self.beside.is_none() => table.row(&[what, &own, limit]),
            Some((theirs, times)) => table.row(&[what, &own, &theirs, &times, limit]),
            None => table.row(&[what, &own, "", "", limit]),
        };
        let mut missed = Vec::new();
        let mut limit = |what: &str, value: f64, most: f64, unit: &str| {
            report::limit(&mut missed, &format!("{name}: {what}"), value, most, unit)
        };
        let shown = |value: f64, unit: &str| format!("{} {unit}", number(value));
        let beside = |unit: &str, own: f64, theirs: fn(&Beside) -> f64| {
            let theirs = theirs(self.beside.as_ref()?);
            Some((shown(theirs, unit), times(own, theirs)))
        };

        let median = own.start.median();
        let most = limit("spawn to the `initialize` answer", median, 10.0, "ms");
        let theirs = beside("ms", median, |peer| peer.seen.start.median());
        row("spawn to the `initialize` answer, median", shown(median, "ms"), theirs, &most);
        let late = own.start.at(0.95);
        row("the same, p95", shown(late, "ms"), beside("ms", late, |peer| peer.seen.start.at(0.95)), "");
        let memory = own.memory.median();
        let most = limit("memory after tools/list", memory, 12.0, "MiB");
        let theirs = beside("MiB", memory, |peer| peer.seen.memory.median());
        row("resident memory after `tools/list`, median", shown(memory, "MiB"), theirs, &most);
        let peak = own.peak.median();
        row(
            "the most until then",
            shown(peak, "MiB"),
            beside("MiB", peak, |peer| peer.seen.peak.median()),
            "",
        );
        let installed = beside("MB", self.binary, |peer| peer.installed);
        let disk = if installed.is_some() {
            "on disk: the binary; the Python environment"
        } else {
            "on disk: the binary"
        };
        row(
            disk,
            shown(self.binary, "MB"),
            installed,
            &limit("the binary", self.binary, self.most_megabytes, "MB"),
        );

        let list = |(count, bytes): (usize, usize)| format!("{} bytes, {count} tools", number(bytes as f64));
        let bytes = own.listed.1 as f64;
        let most = limit("`tools/list` as it starts", bytes, 10_000.0, "bytes");
        let theirs = self.beside.as_ref().map(|peer| peer.seen.listed);
        let theirs = theirs.map(|theirs| (list(theirs), times(bytes, theirs.1 as f64)));
        row("`tools/list` as it starts", list(own.listed), theirs, &most);
        let everything = "`tools/list` with everything allowed";
        let most = limit(everything, self.everything.1 as f64, 32_000.0, "bytes");
        row(everything, list(self.everything), None, &most);
        (table, missed)
    }
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
pub(super) struct Seen {
    pub(super) start: Sample,
    pub(super) memory: Sample,
    peak: Sample,
    pub(super) listed: (usize, usize),
}

impl Seen {
    pub(super) fn new(starts: &[Start]) -> Seen {
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
