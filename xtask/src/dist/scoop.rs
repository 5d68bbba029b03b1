//! Scoop: a manifest for each program, for a bucket of our own.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::{Dist, binary, plain, write};

pub(super) fn manifests(dist: &Dist) -> Result<()> {
    let names = &dist.names;
    for (package, platform) in dist.there().filter(|(_, platform)| platform.is_windows()) {
        let archive = plain::archive_name(dist, package, platform);
        let manifest = json!({
            "version": names.version,
            "description": package.about,
            "homepage": names.homepage,
            "license": names.license,
            "architecture": {
                "64bit": {
                    "url": format!("{}/{archive}", names.downloads),
                    "hash": binary::sha256(&fs::read(dist.release(&archive))?),
                    "extract_dir": plain::stem(dist, package, platform),
                },
            },
            "bin": platform.program(&package.binary),
        });
        let text = serde_json::to_string_pretty(&manifest)? + "\n";
        write(&dist.out.join("scoop").join(format!("{}.json", package.scoop)), text)?;
    }
    Ok(())
}
