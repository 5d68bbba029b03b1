//! What people download by hand, and what runs on Lambda.

use anyhow::Result;

use super::archive::{Entry, tar_gz, zip};
use super::fill::license;
use super::names::{Package, Platform};
use super::text::readme;
use super::{Built, Dist, write};

/// `awsmcp-s3-0.1.0-linux-x64`, which every file of a release page begins with.
pub(super) fn stem(dist: &Dist, package: &Package, platform: &Platform) -> String {
    format!("{}-{}-{}", package.binary, dist.names.version, platform.id)
}

/// The archive's file.
pub(super) fn archive_name(dist: &Dist, package: &Package, platform: &Platform) -> String {
    let ending = if platform.is_windows() { "zip" } else { "tar.gz" };
    format!("{}.{ending}", stem(dist, package, platform))
}

/// Lambda's archive.
pub(super) fn lambda_name(dist: &Dist, package: &Package, platform: &Platform) -> String {
    format!("{}-lambda.zip", stem(dist, package, platform))
}

/// The program with its license and a few words, in a directory.
pub(super) fn archive(dist: &Dist, built: &Built) -> Result<()> {
    let stem = stem(dist, built.package, built.platform);
    let (license, readme) = (license()?, readme(dist, built.package, &built.package.binary)?);
    let entries = [
        Entry::file(format!("{stem}/LICENSE"), &license),
        Entry::file(format!("{stem}/README.md"), &readme),
        Entry::program(format!("{stem}/{}", built.program()), &built.bytes),
    ];
    let pack = if built.platform.is_windows() { zip } else { tar_gz };
    let name = archive_name(dist, built.package, built.platform);
    write(&dist.release(&name), pack(&entries, dist.epoch)?)
}

/// The same program as Lambda starts it.
pub(super) fn lambda(dist: &Dist, built: &Built) -> Result<()> {
    if built.platform.lambda.is_none() {
        return Ok(());
    }
    let license = license()?;
    let entries = [Entry::file("LICENSE", &license), Entry::program("bootstrap", &built.bytes)];
    let name = lambda_name(dist, built.package, built.platform);
    write(&dist.release(&name), zip(&entries, dist.epoch)?)
}
