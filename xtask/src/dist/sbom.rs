//! What is in a binary, as CycloneDX: read from the binary itself, where `cargo auditable` wrote it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::names::{Package, Platform};
use super::{Built, Dist, binary, plain};
use crate::{place, run, say, tools};

pub(super) fn write(dist: &Dist, built: &Built) -> Result<()> {
    let (package, platform) = (built.package, built.platform);
    if !binary::has_audit_data(&built.bytes)? {
        say::progress(format!(
            "no list of what is in {}: it was not built by cargo auditable",
            package.binary
        ));
        return Ok(());
    }
    tools::install(&["auditable2cdx"])?;
    let scratch = tempfile::tempdir()?;
    let program = scratch.path().join(built.program());
    std::fs::write(&program, &built.bytes)?;
    let reader = place::tools().join("auditable2cdx/bin/auditable2cdx");
    let found = run::output(Command::new(reader).arg(&program))?;
    let mut parts: Value = serde_json::from_str(&found).context("auditable2cdx wrote no JSON")?;
    // Which bytes these are the parts of.
    let own = parts.pointer_mut("/metadata/component").and_then(Value::as_object_mut);
    own.context("auditable2cdx names no component")?
        .insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": binary::sha256(&built.bytes)}]));
    super::write(&dist.release(&file(dist, package, platform)), serde_json::to_string_pretty(&parts)? + "\n")
}

/// The checksum of the program that a list is of.
pub(super) fn program(list: &Path) -> Result<String> {
    let parts: Value = serde_json::from_str(&std::fs::read_to_string(list)?)?;
    let hash = parts.pointer("/metadata/component/hashes/0/content").and_then(Value::as_str);
    Ok(hash.with_context(|| format!("{} names no program", list.display()))?.to_owned())
}

/// The list, among the files of a release.
pub(super) fn file(dist: &Dist, package: &Package, platform: &Platform) -> String {
    format!("{}.cdx.json", plain::stem(dist, package, platform))
}
