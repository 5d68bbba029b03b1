//! botocore, which came with the local AWS.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use libdeflater::Decompressor;
use serde_json::Value;

use crate::tools;

/// The tool whose Python has botocore.
const TOOL: &str = "ministack";

/// The directory of botocore's data.
pub(super) struct Source(PathBuf);

/// What botocore has of one version of a service's API.
pub(super) struct Files {
    pub(super) service: Value,
    pub(super) endpoint_rules: Value,
    pub(super) pages: Option<Value>,
    pub(super) waiters: Option<Value>,
}

impl Source {
    /// Where this very version is installed.
    pub(super) fn installed() -> Option<Source> {
        let libraries = tools::directory(TOOL)?.join("lib");
        let pythons = fs::read_dir(libraries).ok()?.flatten();
        pythons
            .map(|python| python.path().join("site-packages/botocore/data"))
            .find(|it| it.exists())
            .map(Source)
    }

    /// Installs it where it is not.
    pub(super) fn provide() -> Result<Source> {
        tools::install(&[TOOL])?;
        Source::installed().with_context(|| format!("{TOOL} brought no botocore"))
    }

    /// The version of the package, from its `__init__.py`.
    pub(super) fn version(&self) -> String {
        let text = self
            .0
            .parent()
            .and_then(|it| fs::read_to_string(it.join("__init__.py")).ok())
            .unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "));
        line.unwrap_or_default().trim_matches('\'').to_owned()
    }

    /// The names of all services, sorted.
    pub(super) fn services(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && self.version_of(&entry.path()).is_some() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The newest version of a service's API.
    pub(super) fn newest(&self, service: &str) -> Result<Files> {
        let directory = self.version_of(&self.0.join(service)).context("no version has a model")?;
        Ok(Files {
            service: read(&directory, "service-2")?.context("there is no service-2.json")?,
            endpoint_rules: read(&directory, "endpoint-rule-set-1")?
                .context("there are no endpoint rules")?,
            pages: read(&directory, "paginators-1")?,
            waiters: read(&directory, "waiters-2")?,
        })
    }

    pub(super) fn partitions(&self) -> Result<Value> {
        read(&self.0, "partitions")?.context("there is no partitions.json")
    }

    fn version_of(&self, service: &Path) -> Option<PathBuf> {
        let versions = fs::read_dir(service).ok()?.flatten().map(|entry| entry.path());
        versions.filter(|it| it.join("service-2.json.gz").exists()).max()
    }
}

/// A file of JSON, compressed or not.
fn read(directory: &Path, name: &str) -> Result<Option<Value>> {
    let plain = directory.join(format!("{name}.json"));
    let packed = directory.join(format!("{name}.json.gz"));
    let text = if packed.exists() {
        unpacked(&fs::read(&packed)?).with_context(|| packed.display().to_string())?
    } else if plain.exists() {
        fs::read(&plain)?
    } else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice(&text)?))
}

/// A gzip of one member; the last four bytes say how long it becomes.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    let length = bytes.last_chunk().map(|it| u32::from_le_bytes(*it)).context("it is no gzip")?;
    let mut text = vec![0; usize::try_from(length)?];
    Decompressor::new().gzip_decompress(bytes, &mut text)?;
    Ok(text)
}
