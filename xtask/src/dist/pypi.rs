//! PyPI: a wheel for each platform, whose script is the program itself. No Python runs when it does.

use anyhow::{Context, Result, bail};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::archive::{Entry, zip};
use super::fill::license;
use super::names::{Package, Platform};
use super::text::readme;
use super::{Built, Dist, write};

pub(super) fn wheel(dist: &Dist, built: &Built) -> Result<()> {
    let package = built.package;
    let stem = stem(dist, package)?;
    let info = format!("{stem}.dist-info");
    let (license, metadata) = (license()?, metadata(dist, package)?);
    let mut tags = String::new();
    for tag in built.platform.wheel.split('.') {
        tags.push_str(&format!("Tag: py3-none-{tag}\n"));
    }
    let wheel = format!("Wheel-Version: 1.0\nGenerator: awsmcp xtask\nRoot-Is-Purelib: false\n{tags}");
    let mut entries = vec![
        Entry::program(format!("{stem}.data/scripts/{}", built.program()), &built.bytes),
        Entry::file(format!("{info}/METADATA"), &metadata),
        Entry::file(format!("{info}/WHEEL"), &wheel),
        Entry::file(format!("{info}/licenses/LICENSE"), &license),
    ];
    let mut record = String::new();
    for entry in &entries {
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(entry.bytes));
        record.push_str(&format!("{},sha256={hash},{}\n", entry.path, entry.bytes.len()));
    }
    record.push_str(&format!("{info}/RECORD,,\n"));
    entries.push(Entry::file(format!("{info}/RECORD"), &record));
    let file = file(dist, package, built.platform)?;
    write(&dist.out.join("pypi").join(file), zip(&entries, dist.epoch)?)
}

/// The wheel, under pypi/.
pub(super) fn file(dist: &Dist, package: &Package, platform: &Platform) -> Result<String> {
    Ok(format!("{}-py3-none-{}.whl", stem(dist, package)?, platform.wheel))
}

fn stem(dist: &Dist, package: &Package) -> Result<String> {
    Ok(format!("{}-{}", package.pypi.replace('-', "_"), version(&dist.names.version)?))
}

fn metadata(dist: &Dist, package: &Package) -> Result<String> {
    let names = &dist.names;
    let readme = readme(dist, package, &format!("uvx {}", package.pypi))?;
    Ok(format!(
        "Metadata-Version: 2.4\n\
         Name: {}\n\
         Version: {}\n\
         Summary: {}\n\
         Author: {}\n\
         License-Expression: {}\n\
         License-File: LICENSE\n\
         Project-URL: Homepage, {}\n\
         Project-URL: Source, {}\n\
         Keywords: mcp,mcp-server,aws,{}\n\
         Classifier: Environment :: Console\n\
         Classifier: Programming Language :: Rust\n\
         Description-Content-Type: text/markdown\n\n{readme}",
        package.pypi,
        version(&names.version)?,
        package.about,
        names.publisher.name,
        names.license,
        names.homepage,
        names.repository,
        package.id,
    ))
}

/// A version as Python writes it: `1.0.0-rc.1` is `1.0.0rc1`.
/// <https://packaging.python.org/en/latest/specifications/version-specifiers/>
fn version(version: &str) -> Result<String> {
    let Some((release, before)) = version.split_once('-') else { return Ok(version.to_owned()) };
    let (word, number) = before.split_once('.').unwrap_or((before, "0"));
    let letter = match word {
        "alpha" => "a",
        "beta" => "b",
        "rc" => "rc",
        other => bail!("Python has no version {version}: {other} is none of alpha, beta, rc"),
    };
    let number: u32 = number.parse().with_context(|| format!("Python has no version {version}"))?;
    Ok(format!("{release}{letter}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_as_python_writes_them() {
        assert_eq!(version("0.1.0").unwrap(), "0.1.0");
        assert_eq!(version("1.0.0-rc.2").unwrap(), "1.0.0rc2");
        assert_eq!(version("1.0.0-beta").unwrap(), "1.0.0b0");
        assert!(version("1.0.0-nightly.1").is_err());
    }
}
