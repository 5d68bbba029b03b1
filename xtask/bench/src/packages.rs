//! What a package adds to the program in it: time to the first answer, processes, space.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::client::Client;
use super::process;
use super::report::{Sample, Section, Table, mebibytes, number, times};
use super::start::folder;
use super::{Bench, alone, aws, tool};
use xtask_common::{run, say, tools};

/// Whose packages are measured.
pub(super) const SERVER: &str = "cloudwatch";

/// A native server in an npm package, as ours.
const NPM_PEER: &str = "kubernetes-mcp-server@0.0.67";

/// AWS's own server of the same service.
const PYPI_PEER: &str = "awslabs.cloudwatch-mcp-server==0.3.1";

pub(super) fn measure(bench: &Bench) -> Result<Section> {
    say::progress("measuring what packages add");
    let out = bench.memory.directory("dist")?;
    let mut pack = run::cargo(&["run", "--quiet", "--package", "xtask", "--", "dist", "--server", SERVER]);
    pack.arg("--binaries").arg(&bench.binaries).arg("--out").arg(&out);
    run::shown(&mut pack)?;
    let registry = Registry::start(bench, &out.join("npm"))?;
    let home = bench.memory.directory("packages-home")?;
    let cluster = home.join("kubeconfig");
    fs::write(&cluster, NO_CLUSTER)?;
    let (npm, pypi) = (format!("@awsmcp/{SERVER}"), format!("awsmcp-{SERVER}"));

    let environment = aws("http://127.0.0.1:9");
    // What installs may need what the machine says of proxies and certificates.
    let dressed = |program: &Path, run: Run| {
        let mut command = Command::new(program);
        match run {
            Run::Installing => {
                command.env("HOME", &home).envs(environment.iter().map(|(name, value)| (name, value)));
            }
            Run::Measured => {
                alone(&mut command, &home, &environment);
            }
        }
        command
    };
    let npx = |package: &str, ours: bool, run: Run| {
        let mut command = dressed(Path::new("npx"), run);
        // What is installed is used, and nobody is asked for something newer: a network is not what is measured.
        command.args(["-y", package]).env("npm_config_prefer_offline", "true").env("KUBECONFIG", &cluster);
        command.env("npm_config_update_notifier", "false").env("npm_config_cache", home.join(cache(ours)));
        if ours {
            command.env("npm_config_registry", &registry.url);
        }
        command
    };
    let uvx = |package: &str, ours: bool, run: Run| {
        let mut command = dressed(&tool("uv", "bin/uvx"), run);
        command.arg("--python").arg(tool("uv", "bin/python")).env("UV_PYTHON_DOWNLOADS", "never");
        if run == Run::Measured {
            command.arg("--offline");
        }
        if ours {
            command.args(["--no-index", "--find-links"]).arg(out.join("pypi"));
        }
        command.args(["--from", package, package.split("==").next().unwrap_or(package)]);
        command
    };
    let direct = |run| dressed(&bench.program(SERVER), run);
    let all = |run| {
        [
            direct(run),
            npx(&npm, true, run),
            npx(NPM_PEER, false, run),
            uvx(&pypi, true, run),
            uvx(PYPI_PEER, false, run),
        ]
    };

    for mut command in all(Run::Installing) {
        started(&mut command)?;
    }
    let rounds = bench.count(15, 2);
    let mut seen: [Vec<Start>; 5] = Default::default();
    for _ in 0..rounds {
        for (mut command, seen) in all(Run::Measured).into_iter().zip(&mut seen) {
            seen.push(started(&mut command)?);
        }
    }
    section(bench, &home, &out, rounds, seen.map(|starts| Starts::new(&starts)))
}

/// Of the starts of the program, by npx ours and the peer's, by uvx ours and the peer's.
fn section(bench: &Bench, home: &Path, out: &Path, rounds: usize, starts: [Starts; 5]) -> Result<Section> {
    let [direct, ours_npx, their_npx, ours_uvx, their_uvx] = starts;
    let (npm, pypi) = (format!("@awsmcp/{SERVER}"), format!("awsmcp-{SERVER}"));

    let mut table = Table::new(&["", &pypi, "the peer", "the peer takes"]);
    let beside = |ours: f64, theirs: f64, unit: &str| {
        [format!("{} {unit}", number(ours)), format!("{} {unit}", number(theirs)), times(ours, theirs)]
    };
    let mut row = |what: &str, cells: [String; 3]| table.row(&[what, &cells[0], &cells[1], &cells[2]]);
    let single = |value: f64, unit: &str| [format!("{} {unit}", number(value)), String::new(), String::new()];
    let (npx_peer, uvx_peer) = (format!("`npx -y {NPM_PEER}`"), format!("`uvx {PYPI_PEER}`"));
    row("spawn to the `initialize` answer: the program", single(direct.took, "ms"));
    row(&format!("`npx -y {npm}`; {npx_peer}"), beside(ours_npx.took, their_npx.took, "ms"));
    row(&format!("`uvx {pypi}`; {uvx_peer}"), beside(ours_uvx.took, their_uvx.took, "ms"));
    row("resident memory of all its processes: the program", single(direct.memory, "MiB"));
    row("by npx", beside(ours_npx.memory, their_npx.memory, "MiB"));
    row("by uvx", beside(ours_uvx.memory, their_uvx.memory, "MiB"));
    row("installed by npm", beside(npm_size(home, true)?, npm_size(home, false)?, "MB"));
    let python = [pypi.as_str(), PYPI_PEER].map(|package| uv_size(bench, home, out, package));
    let [ours, theirs] = python;
    row("installed by uv", beside(ours?, theirs?, "MB"));
    Ok(table.section(
        format!("Packages: awsmcp-{SERVER}"),
        &format!(
            "Medians of {rounds} starts of each, in turns, after one that installs and does not count; {} and {}. Nothing is \
             looked up in a registry: what is installed already is started.",
            tools::version("uv"),
            npm_version()?
        ),
    ))
}

/// A cluster that nothing serves: the peer wants one to be named.
const NO_CLUSTER: &str = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "none",
  "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
  "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
  "users": [{"name": "none", "user": {"token": "none"}}]}"#;

#[derive(Clone, Copy, PartialEq)]
enum Run {
    Installing,
    Measured,
}

struct Start {
    took: Duration,
    /// Resident, in bytes, of the process and all that it started.
    memory: u64,
}

fn started(command: &mut Command) -> Result<Start> {
    let start = Instant::now();
    let mut client = Client::spawn(command)?;
    client.initialize()?;
    Ok(Start { took: start.elapsed(), memory: memory_of_all(client.pid()) })
}

/// Medians.
struct Starts {
    took: f64,
    memory: f64,
}

impl Starts {
    fn new(starts: &[Start]) -> Starts {
        let took: Vec<Duration> = starts.iter().map(|start| start.took).collect();
        Starts {
            took: Sample::milliseconds(&took).median(),
            memory: Sample::new(starts.iter().map(|start| mebibytes(start.memory))).median(),
        }
    }
}

fn memory_of_all(pid: u32) -> u64 {
    let own = process::memory(pid).map_or(0, |memory| memory.now);
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return own };
    // Each thread has the processes that it started.
    let started =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let of_thread = |pids: String| {
        pids.split_whitespace().filter_map(|pid| pid.parse().ok()).map(memory_of_all).sum::<u64>()
    };
    own + started.map(of_thread).sum::<u64>()
}

/// What npx has installed, in MB.
fn npm_size(home: &Path, ours: bool) -> Result<f64> {
    Ok(folder(&home.join(cache(ours)).join("_npx"))? as f64 / 1e6)
}

/// npm's cache, which is also where npx installs.
fn cache(ours: bool) -> &'static str {
    if ours { ".npm-ours" } else { ".npm-peer" }
}

/// What uv installs for a package, in MB.
fn uv_size(bench: &Bench, home: &Path, out: &Path, package: &str) -> Result<f64> {
    let tools = bench.memory.directory(&format!("uv-{package}"))?;
    let mut command = Command::new(tool("uv", "bin/uv"));
    alone(&mut command, home, &[]);
    command.args(["tool", "install", "--quiet", "--offline", "--python"]).arg(tool("uv", "bin/python"));
    command.args(["--find-links".as_ref(), out.join("pypi").as_os_str()]).arg(package);
    run::quiet(command.env("UV_TOOL_DIR", &tools).env("UV_TOOL_BIN_DIR", tools.join("bin")))?;
    Ok(folder(&tools)? as f64 / 1e6)
}

fn npm_version() -> Result<String> {
    Ok(format!("npm {}", run::output(Command::new("npm").arg("--version"))?.trim()))
}

/// An npm registry that holds our packages. It ends when this is dropped.
struct Registry {
    child: Child,
    url: String,
}

impl Registry {
    fn start(bench: &Bench, packages: &Path) -> Result<Registry> {
        let home = bench.memory.directory("verdaccio")?;
        let configuration = "storage: ./storage\nuplinks: {}\npackages:\n  '**': {access: $all, publish: $all}\n\
                             max_body_size: 500mb\nlog: {type: stdout, format: json, level: warn}\n";
        fs::write(home.join("config.yaml"), configuration)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        drop(listener);
        let mut command = Command::new(tool("node", "bin/node"));
        alone(&mut command, &home, &[]);
        command
            .arg(tool("verdaccio", "node_modules/verdaccio/bin/verdaccio"))
            .arg("--config")
            .arg(home.join("config.yaml"))
            .args(["--listen", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().context("cannot run verdaccio")?;
        let mut registry = Registry { child, url: format!("http://{address}/") };
        let start = Instant::now();
        while TcpStream::connect(&address).is_err() {
            if registry.child.try_wait()?.is_some() || start.elapsed() > Duration::from_secs(60) {
                bail!("verdaccio does not start");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut files: Vec<PathBuf> =
            fs::read_dir(packages)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        files.sort();
        for file in files {
            let mut publish = Command::new("npm");
            alone(&mut publish, &home, &[]);
            publish.args([
                "publish",
                "--registry",
                &registry.url,
                &format!("--//{address}/:_authToken=nobody"),
            ]);
            run::quiet(publish.arg(file).current_dir(&home))?;
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
