//! The scripts that download, verify and install.

use anyhow::Result;

use super::fill::template;
use super::{Dist, write};

pub(super) fn scripts(dist: &Dist) -> Result<()> {
    let mut servers: Vec<&str> = dist.there().map(|(package, _)| package.id.as_str()).collect();
    servers.dedup();
    let servers = servers.join(" ");
    let values = [
        ("version", dist.names.version.as_str()),
        ("downloads", dist.names.downloads.as_str()),
        ("servers", servers.as_str()),
    ];
    for script in ["install.sh", "install.ps1"] {
        write(&dist.release(script), template(&format!("install/{script}"), &values)?)?;
    }
    Ok(())
}
