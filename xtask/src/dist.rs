//! `cargo xtask dist`: turns release binaries into the packages of every channel, into target/dist.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{contracts, place, say};

mod archive;
mod binary;
mod build;
mod check;
mod fill;
mod homebrew;
mod install;
mod links;
mod mcpb;
mod names;
mod npm;
mod plain;
mod pypi;
mod registry;
mod sbom;
mod scoop;
mod text;

pub(crate) use links::documents as install_links;

use archive::Epoch;
use names::{Names, Package, Platform};

/// Builds releases and packs them for npm, PyPI, MCPB, the MCP Registry, Homebrew, Scoop, Lambda and plain download.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these, by their ids: servers, and `awsmcp`, the program with all of them
    #[arg(long, value_delimiter = ',')]
    server: Vec<String>,
    /// Another platform than this machine's, by its id in dist/names.toml
    #[arg(long)]
    platform: Option<String>,
    /// Pack the binaries in this directory instead of building them
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
    /// Where packages go [default: dist in the target directory]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Pack nothing; write what names the packages of all platforms that are there: checksums, formulae, the registry
    #[arg(long, conflicts_with_all = ["platform", "binaries"])]
    join: bool,
    /// Write nothing; check the packages that are there: checksums, and one binary in all of a platform
    #[arg(long, conflicts_with_all = ["platform", "binaries", "join"])]
    check: bool,
    /// Fail unless the packages of every platform are there
    #[arg(long)]
    complete: bool,
}

/// What every channel works with.
struct Dist {
    names: Names,
    /// Of every server, and of everything.
    packages: Vec<Package>,
    /// The ids of those to pack; none: all.
    chosen: Vec<String>,
    out: PathBuf,
    epoch: Epoch,
}

/// A binary that is packed.
struct Built<'a> {
    package: &'a Package,
    platform: &'a Platform,
    bytes: Vec<u8>,
}

impl Built<'_> {
    /// The program's name as it is installed: `awsmcp-s3`, `awsmcp-s3.exe`.
    fn program(&self) -> String {
        self.platform.program(&self.package.binary)
    }
}

impl Dist {
    /// A file of a release page.
    fn release(&self, file: &str) -> PathBuf {
        self.out.join("release").join(file)
    }

    /// The packages to pack.
    fn chosen(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.chosen.is_empty() || self.chosen.contains(&package.id))
    }

    /// The packages that are there, with their platforms.
    fn there(&self) -> impl Iterator<Item = (&Package, &Platform)> {
        self.packages
            .iter()
            .flat_map(|package| self.names.platforms.iter().map(move |platform| (package, platform)))
            .filter(|(package, platform)| {
                self.release(&plain::archive_name(self, package, platform)).exists()
            })
    }
}

pub(crate) fn run(args: Args) -> Result<()> {
    let root = place::workspace();
    let names = Names::read(root)?;
    let packages = names.packages(root, contracts::manifests(root)?)?;
    for id in &args.server {
        if !packages.iter().any(|package| package.id == *id) {
            let known: Vec<&str> = packages.iter().map(|package| package.id.as_str()).collect();
            bail!("there is no package {id:?}; there are {}", known.join(", "));
        }
    }
    let out = args.out.unwrap_or_else(|| place::target().join("dist"));
    let dist = Dist {
        names,
        packages,
        chosen: args.server,
        out: std::path::absolute(out)?,
        epoch: Epoch::of_this_commit()?,
    };

    if !args.join && !args.check {
        let platform = dist.names.platform(args.platform.as_deref())?;
        let binaries = match args.binaries {
            Some(binaries) => binaries,
            None => build::releases(&dist, platform)?,
        };
        for package in dist.chosen() {
            let path = binaries.join(platform.program(&package.binary));
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            binary::fits(&bytes, platform).with_context(|| format!("{} is no release", path.display()))?;
            pack_one(&dist, &Built { package, platform, bytes })?;
        }
    }
    if args.complete {
        complete(&dist)?;
    }
    if !args.check {
        join(&dist)?;
    }
    check::all(&dist)?;
    say::answer(format!("{} holds {} packages", dist.out.display(), dist.there().count()));
    Ok(())
}

/// The packages that hold the binary.
fn pack_one(dist: &Dist, built: &Built) -> Result<()> {
    say::progress(format!("packing {} for {}", built.package.binary, built.platform.id));
    plain::archive(dist, built)?;
    npm::platform_package(dist, built)?;
    pypi::wheel(dist, built)?;
    // A function and a bundle are of one server each.
    if let Some(served) = &built.package.served {
        plain::lambda(dist, built)?;
        mcpb::bundle(dist, built, served)?;
    }
    sbom::write(dist, built)
}

/// What names the packages of all platforms.
fn join(dist: &Dist) -> Result<()> {
    npm::wrappers(dist)?;
    homebrew::formulae(dist)?;
    scoop::manifests(dist)?;
    registry::servers(dist)?;
    install::scripts(dist)?;
    check::write_sums(dist)
}

fn complete(dist: &Dist) -> Result<()> {
    let there: Vec<_> = dist.there().map(|(package, platform)| (&package.id, &platform.id)).collect();
    let mut missing = Vec::new();
    for package in dist.chosen() {
        for platform in &dist.names.platforms {
            if !there.contains(&(&package.id, &platform.id)) {
                missing.push(format!("{} for {}", package.binary, platform.id));
            }
        }
    }
    if !missing.is_empty() {
        bail!(
            "not packed: {}; `cargo xtask dist` on a machine of that platform packs it",
            missing.join(", ")
        );
    }
    Ok(())
}

/// Writes a file, and the directories above it.
fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
