//! That what is there is whole: every file is the one whose checksum is written down, and one binary is in all packages of
//! a platform.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::archive::{read_tar_gz, read_zip};
use super::names::{Package, Platform};
use super::{Dist, binary, mcpb, npm, plain, pypi, sbom, write};

const SUMS: &str = "SHA256SUMS";

/// Writes the checksums of a release's files, as `sha256sum --check` reads them.
pub(super) fn write_sums(dist: &Dist) -> Result<()> {
    let mut sums = String::new();
    for (file, sum) in sums_of(&dist.release(""))? {
        sums.push_str(&format!("{sum}  {file}\n"));
    }
    write(&dist.release(SUMS), sums)
}

pub(super) fn all(dist: &Dist) -> Result<()> {
    let path = dist.release(SUMS);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let written: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, file)| (file.to_owned(), sum.to_owned()))
        .collect();
    let found = sums_of(&dist.release(""))?;
    for (file, sum) in &found {
        if written.get(file) != Some(sum) {
            bail!(
                "release/{file} is not the file that {SUMS} names: `cargo xtask dist --join` writes it anew"
            );
        }
    }
    if let Some(file) = written.keys().find(|file| !found.contains_key(*file)) {
        bail!("release/{file} is missing, and {SUMS} names it: `cargo xtask dist --join` writes it anew");
    }
    for (package, platform) in dist.there() {
        one_binary(dist, package, platform)
            .with_context(|| format!("{} for {}", package.binary, platform.id))?;
    }
    Ok(())
}

fn sums_of(directory: &Path) -> Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    for entry in
        fs::read_dir(directory).with_context(|| format!("nothing is packed in {}", directory.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != SUMS {
            sums.insert(name, binary::sha256(&fs::read(entry.path())?));
        }
    }
    Ok(sums)
}

/// Every package of a platform holds the same program, and the list of its parts is of that very program.
fn one_binary(dist: &Dist, package: &Package, platform: &Platform) -> Result<()> {
    let program = platform.program(&package.binary);
    let first = dist.release(&plain::archive_name(dist, package, platform));
    let bytes = file_in(&first, &program)?;
    let mut others = vec![
        (dist.out.join("npm").join(npm::platform_file(dist, package, platform)), program.as_str()),
        (dist.out.join("pypi").join(pypi::file(dist, package, platform)?), program.as_str()),
    ];
    if package.served.is_some() {
        others.push((dist.release(&mcpb::file(dist, package, platform)), program.as_str()));
    }
    if package.served.is_some() && platform.lambda.is_some() {
        others.push((dist.release(&plain::lambda_name(dist, package, platform)), "bootstrap"));
    }
    for (other, program) in others {
        if file_in(&other, program)? != bytes {
            bail!("{} and {} hold different programs: pack both anew", first.display(), other.display());
        }
    }
    let parts = dist.release(&sbom::file(dist, package, platform));
    if parts.exists() && sbom::program(&parts)? != binary::sha256(&bytes) {
        bail!("{} is of another program than {} holds: pack both anew", parts.display(), first.display());
    }
    Ok(())
}

/// A file in an archive, by the last word of its path.
fn file_in(archive: &Path, name: &str) -> Result<Vec<u8>> {
    let bytes = fs::read(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let files = if bytes.starts_with(b"PK") { read_zip(&bytes) } else { read_tar_gz(&bytes) };
    let files = files.with_context(|| format!("in {}", archive.display()))?;
    let own = files.into_iter().find(|(path, _)| path.rsplit('/').next() == Some(name));
    Ok(own.with_context(|| format!("{} holds no {name}", archive.display()))?.1)
}
