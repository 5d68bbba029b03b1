//! The machine on which a client runs: where programs keep their configuration, and what starts this program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::environment;

/// Where clients keep their files depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    Mac,
    Windows,
}

/// What the answer depends on besides the command line.
pub(super) struct Machine {
    pub(super) system: System,
    pub(super) home: Option<PathBuf>,
    /// `APPDATA` on Windows, `XDG_CONFIG_HOME` on Linux.
    pub(super) config: Option<PathBuf>,
    /// `LOCALAPPDATA` on Windows.
    pub(super) local: Option<PathBuf>,
    pub(super) directory: PathBuf,
    pub(super) program: Option<PathBuf>,
}

impl Machine {
    pub(super) fn this() -> Result<Self> {
        let system = match std::env::consts::OS {
            "windows" => System::Windows,
            "macos" => System::Mac,
            _ => System::Linux,
        };
        // The clients' variables, not the servers' settings.
        let (config, local) = match system {
            System::Linux => (environment::path("XDG_CONFIG_HOME"), None),
            System::Mac => (None, None),
            System::Windows => (environment::path("APPDATA"), environment::path("LOCALAPPDATA")),
        };
        let home = environment::home();
        let directory = std::env::current_dir().context("the current directory is gone")?;
        Ok(Self { system, home, config, local, directory, program: std::env::current_exe().ok() })
    }

    pub(super) fn home(&self) -> Result<&Path> {
        self.home.as_deref().context(
            "your home directory is not known; name the client's file, such as \
             --file /home/me/.cursor/mcp.json",
        )
    }

    /// Where programs keep their configuration.
    pub(super) fn config(&self) -> Result<PathBuf> {
        if let Some(config) = &self.config {
            return Ok(config.clone());
        }
        let home = self.home()?;
        Ok(match self.system {
            System::Linux => home.join(".config"),
            System::Mac => home.join("Library").join("Application Support"),
            System::Windows => home.join("AppData").join("Roaming"),
        })
    }

    /// What Windows shows Claude Desktop in place of `%APPDATA%\Claude` if it came as an MSIX package:
    /// <https://github.com/anthropics/claude-code/issues/26073>.
    pub(super) fn packaged_claude(&self) -> Option<PathBuf> {
        let packages = fs::read_dir(self.local.as_ref()?.join("Packages")).ok()?;
        packages
            .flatten()
            .filter(|package| package.file_name().to_string_lossy().starts_with("Claude_"))
            .map(|package| package.path().join("LocalCache").join("Roaming").join("Claude"))
            .find(|directory| directory.is_dir())
    }

    /// What starts this program again, also after its cache was emptied.
    pub(super) fn itself(&self) -> Result<Vec<String>> {
        let path = self.program.as_deref().and_then(Path::to_str).context(
            "the path of this program is not known or not Unicode; say what to start, such as \
             --command \"npx -y awsmcp\"",
        )?;
        if path.split(['/', '\\']).any(|part| part == "_npx") {
            return Ok(["npx", "-y", "awsmcp"].map(str::to_owned).to_vec());
        }
        if path.split(['/', '\\']).any(of_uv_cache) {
            return Ok(["uvx", "awsmcp"].map(str::to_owned).to_vec());
        }
        // Homebrew's next version removes this one's directory; the link in `bin` stays.
        if let Some((prefix, below)) = path.split_once("/Cellar/")
            && let Some((_, name)) = below.rsplit_once('/')
        {
            return Ok(vec![format!("{prefix}/bin/{name}")]);
        }
        Ok(vec![path.to_owned()])
    }
}

/// The parts of uv's cache that hold programs, whatever their version: `archive-v0`, `environments-v2`.
fn of_uv_cache(part: &str) -> bool {
    part.rsplit_once("-v").is_some_and(|(bucket, version)| {
        matches!(bucket, "archive" | "builds" | "environments") && version.parse::<u32>().is_ok()
    })
}
