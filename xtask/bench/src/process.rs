//! Processes and their memory, and a directory in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use xtask_common::run;

/// Resident memory, in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

/// What Linux says of a process's memory; none when it is gone.
pub(super) fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    Some(Memory { now: field("VmRSS")? * 1024, peak: field("VmHWM")? * 1024 })
}

/// How a command went.
pub(super) struct Ran {
    pub(super) took: Duration,
    /// The most resident memory that was seen, looking every 2 ms.
    pub(super) peak: u64,
    pub(super) stdout: String,
}

/// Runs a command to its end, from its start to its exit.
pub(super) fn timed(command: &mut Command, scratch: &Path) -> Result<Ran> {
    // Files, since a pipe that nobody empties would stop it.
    let (out, err) = (scratch.join("stdout.txt"), scratch.join("stderr.txt"));
    command.stdin(Stdio::null()).stdout(fs::File::create(&out)?).stderr(fs::File::create(&err)?);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run `{}`", run::line(command)))?;
    let mut peak = 0;
    let (status, took) = loop {
        if let Some(status) = child.try_wait()? {
            break (status, start.elapsed());
        }
        peak = memory(child.id()).map_or(peak, |memory| memory.peak.max(peak));
        std::thread::sleep(Duration::from_millis(2));
    };
    if !status.success() {
        let said = fs::read_to_string(&err)?;
        bail!("`{}` failed: {status}\n{}", run::line(command), said.trim());
    }
    Ok(Ran { took, peak, stdout: fs::read_to_string(&out)? })
}

/// A directory in memory. It is removed when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn in_memory() -> Result<Scratch> {
        const NAME: &str = "awsmcp-bench-";
        let memory = Path::new("/dev/shm");
        let found =
            fs::read_dir(memory).context("no /dev/shm: the bench needs Linux and a disk in memory")?;
        // What a bench left behind that somebody killed.
        for entry in found {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(pid) = name.strip_prefix(NAME)
                && !Path::new("/proc").join(pid).exists()
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let directory = memory.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        Ok(Scratch(directory))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A new directory inside.
    pub(super) fn directory(&self, name: &str) -> Result<PathBuf> {
        let directory = self.0.join(name);
        fs::create_dir_all(&directory)?;
        Ok(directory)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
