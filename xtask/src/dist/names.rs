//! What packages are called, and the platforms there are: dist/names.toml.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use awsmcp_spec::{Manifest, Risk};
use serde::Deserialize;
use toml::{Table, Value};

use super::fill::fill;

/// All names.
pub(super) struct Names {
    pub(super) version: String,
    pub(super) license: String,
    pub(super) repository: String,
    pub(super) homepage: String,
    /// Where the files of this release are, without a slash at the end.
    pub(super) downloads: String,
    pub(super) publisher: Publisher,
    pub(super) platforms: Vec<Platform>,
    patterns: Patterns,
    everything: Everything,
}

/// Who publishes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Publisher {
    pub(super) name: String,
    pub(super) url: String,
}

/// What binaries are built for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Platform {
    /// What Node calls it: `linux-x64`.
    pub(super) id: String,
    /// What Rust calls it.
    pub(super) target: String,
    /// The oldest glibc that it runs on; none where there is no glibc.
    pub(super) glibc: Option<String>,
    /// The platform tag of wheels.
    pub(super) wheel: String,
    /// What Lambda calls the architecture; none where Lambda does not run it.
    pub(super) lambda: Option<String>,
}

impl Platform {
    /// `linux`, `darwin` or `win32`, as Node, npm and MCPB have it.
    pub(super) fn os(&self) -> &str {
        self.id.split_once('-').map_or(self.id.as_str(), |(os, _)| os)
    }

    /// `x64` or `arm64`.
    pub(super) fn cpu(&self) -> &str {
        self.id.split_once('-').map_or("", |(_, cpu)| cpu)
    }

    pub(super) fn is_windows(&self) -> bool {
        self.os() == "win32"
    }

    /// A program's file: `awsmcp-s3.exe` on Windows.
    pub(super) fn program(&self, binary: &str) -> String {
        if self.is_windows() { format!("{binary}.exe") } else { binary.to_owned() }
    }
}

/// A program under its names: one server, or everything.
pub(super) struct Package {
    /// `s3`; of everything `awsmcp`
    pub(super) id: String,
    /// `awsmcp-s3`, also what its files are called.
    pub(super) binary: String,
    pub(super) npm: String,
    pub(super) pypi: String,
    pub(super) homebrew: String,
    pub(super) scoop: String,
    pub(super) title: String,
    pub(super) summary: String,
    /// A sentence of up to 100 characters.
    pub(super) about: String,
    /// None: it is everything.
    pub(super) served: Option<Served>,
}

impl Package {
    /// Where its crate is, from the root.
    pub(super) fn directory(&self) -> String {
        let above = if self.served.is_some() { "servers" } else { "dist" };
        format!("{above}/{}", self.id)
    }
}

/// The one server in a package, for what names one server each.
pub(super) struct Served {
    /// The name in the MCP Registry.
    pub(super) registry: String,
    pub(super) manifest: Manifest,
}

impl Served {
    /// Whether a tool reads or writes local files.
    pub(super) fn has_local_files(&self) -> bool {
        self.manifest.tools.iter().any(|tool| tool.local_files)
    }

    /// The risks besides reading that its tools have.
    pub(super) fn risks(&self) -> Vec<&'static str> {
        [Risk::Write, Risk::Invoke, Risk::Destroy, Risk::Reveal]
            .into_iter()
            .filter(|risk| self.manifest.tools.iter().any(|tool| tool.risk == *risk || tool.dispatches))
            .map(Risk::name)
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    homepage: String,
    downloads: String,
    publisher: Publisher,
    packages: Patterns,
    everything: Everything,
    platforms: Vec<Platform>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patterns {
    npm: String,
    pypi: String,
    homebrew: String,
    scoop: String,
    registry: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Everything {
    id: String,
    npm: String,
    pypi: String,
    homebrew: String,
    scoop: String,
    title: String,
    summary: String,
    about: String,
}

impl Names {
    pub(super) fn read(root: &Path) -> Result<Names> {
        let path = root.join("dist/names.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: File = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        let manifest = read_table(&root.join("Cargo.toml"))?;
        let of_workspace = |name: &str| {
            let value = manifest.get("workspace")?.get("package")?.get(name)?;
            value.as_str().map(str::to_owned)
        };
        let required = |name: &str| {
            of_workspace(name).with_context(|| format!("the root Cargo.toml has no workspace.package.{name}"))
        };
        let version = required("version")?;
        Ok(Names {
            downloads: fill(&file.downloads, &[("version", &version)])?,
            version,
            license: required("license")?,
            repository: required("repository")?,
            homepage: file.homepage,
            publisher: file.publisher,
            platforms: file.platforms,
            patterns: file.packages,
            everything: file.everything,
        })
    }

    /// A platform by its id, or this machine's.
    pub(super) fn platform(&self, id: Option<&str>) -> Result<&Platform> {
        let here = || {
            let os = match std::env::consts::OS {
                "macos" => "darwin",
                "windows" => "win32",
                other => other,
            };
            let cpu = match std::env::consts::ARCH {
                "x86_64" => "x64",
                "aarch64" => "arm64",
                other => other,
            };
            format!("{os}-{cpu}")
        };
        let id = id.map_or_else(here, str::to_owned);
        match self.platforms.iter().find(|platform| platform.id == id) {
            Some(platform) => Ok(platform),
            None => {
                let known: Vec<&str> = self.platforms.iter().map(|platform| platform.id.as_str()).collect();
                bail!("no packages are made for {id}; dist/names.toml has {}", known.join(", "))
            }
        }
    }

    /// A package for every server, and the one of everything.
    pub(super) fn packages(&self, root: &Path, manifests: Vec<Manifest>) -> Result<Vec<Package>> {
        let servers = manifests.into_iter().map(|manifest| self.package(root, manifest));
        servers.chain([Ok(self.everything())]).collect()
    }

    fn everything(&self) -> Package {
        let Everything { id, npm, pypi, homebrew, scoop, title, summary, about } = self.everything.clone();
        Package { binary: id.clone(), id, npm, pypi, homebrew, scoop, title, summary, about, served: None }
    }

    fn package(&self, root: &Path, manifest: Manifest) -> Result<Package> {
        const LONGEST: usize = 100;
        let id = manifest.server.clone();
        let cargo = read_table(&root.join("servers").join(&id).join("Cargo.toml"))?;
        let of_package = |name: &str| {
            let value = cargo.get("package").and_then(|package| package.get(name)).and_then(Value::as_str);
            value.with_context(|| format!("servers/{id}/Cargo.toml has no {name}"))
        };
        let fits = |text: &&str| text.chars().count() <= LONGEST;
        let about = [manifest.summary.as_str(), of_package("description")?].into_iter().find(fits);
        let name = |pattern: &str| fill(pattern, &[("id", &id)]);
        Ok(Package {
            binary: of_package("name")?.to_owned(),
            npm: name(&self.patterns.npm)?,
            pypi: name(&self.patterns.pypi)?,
            homebrew: name(&self.patterns.homebrew)?,
            scoop: name(&self.patterns.scoop)?,
            title: manifest.title.clone(),
            summary: manifest.summary.clone(),
            about: about
                .with_context(|| {
                    format!("the description of servers/{id}/Cargo.toml is longer than {LONGEST} characters, which the MCP Registry refuses")
                })?
                .to_owned(),
            served: Some(Served { registry: name(&self.patterns.registry)?, manifest }),
            id,
        })
    }
}

fn read_table(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("in {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contracts, place};

    #[test]
    fn every_server_has_its_names_and_every_platform_its_parts() {
        let root = place::workspace();
        let names = Names::read(root).unwrap();
        let packages = names.packages(root, contracts::manifests(root).unwrap()).unwrap();
        let (servers, everything): (Vec<&Package>, Vec<&Package>) =
            packages.iter().partition(|package| package.served.is_some());
        assert_eq!(servers.len(), fs::read_dir(root.join("servers")).unwrap().count());
        assert_eq!(everything.len(), 1);
        for package in &packages {
            assert!(package.about.chars().count() <= 100, "{}", package.about);
            let registry = package.served.iter().map(|served| &served.registry);
            let names = [&package.npm, &package.pypi, &package.homebrew, &package.scoop, &package.binary];
            for name in names.into_iter().chain(registry) {
                assert!(name.ends_with(&package.id), "{name}");
            }
        }
        for platform in &names.platforms {
            assert_eq!(format!("{}-{}", platform.os(), platform.cpu()), platform.id);
            assert_eq!(platform.glibc.is_some(), platform.target.ends_with("-gnu"), "{}", platform.id);
        }
        assert!(names.downloads.ends_with(&names.version));
        assert!(names.platform(Some("plan9-x64")).is_err());
    }
}
