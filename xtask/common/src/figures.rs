//! What `cargo xtask bench` measured last, for the README: docs/benchmarks.json.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Of a server, by its id.
pub type Measured = BTreeMap<String, Figures>;

/// Medians of a server's starts.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Figures {
    /// From the spawn to the answer to `initialize`.
    pub start_ms: f64,
    /// Resident after `tools/list`.
    pub memory_mib: f64,
}

fn path(root: &Path) -> PathBuf {
    root.join("docs/benchmarks.json")
}

/// Empty where nothing was measured yet.
pub fn read(root: &Path) -> Result<Measured> {
    let path = path(root);
    if !path.exists() {
        return Ok(Measured::new());
    }
    serde_json::from_str(&fs::read_to_string(&path)?).with_context(|| format!("in {}", path.display()))
}

/// Keeps what was measured, rounded.
pub fn write(root: &Path, measured: &Measured) -> Result<()> {
    let path = path(root);
    let rounded: Measured =
        measured.iter().map(|(server, figures)| (server.clone(), figures.rounded())).collect();
    let text = serde_json::to_string_pretty(&rounded)? + "\n";
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

impl Figures {
    /// To what a reader takes in.
    fn rounded(self) -> Figures {
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Figures { start_ms: tenths(self.start_ms), memory_mib: tenths(self.memory_mib) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let root = tempfile::tempdir().unwrap();
        assert!(read(root.path()).unwrap().is_empty());
        fs::create_dir(root.path().join("docs")).unwrap();
        let measured = Measured::from([("s3".to_owned(), Figures { start_ms: 4.9123, memory_mib: 8.84 })]);
        write(root.path(), &measured).unwrap();
        let read = read(root.path()).unwrap();
        assert_eq!((read["s3"].start_ms, read["s3"].memory_mib), (4.9, 8.8));
    }
}
