//! Releases: for old systems, with the list of their crates inside, the same bytes from every place.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::names::Platform;
use super::{Dist, binary};
use crate::{place, run, say, tools};

/// Builds the programs; the directory they are in.
pub(super) fn releases(dist: &Dist, platform: &Platform) -> Result<PathBuf> {
    let mut needed = vec!["cargo-auditable"];
    // Zig brings the old glibc to link against. The others link with what their system has.
    let command = match &platform.glibc {
        Some(_) => {
            needed.push("zigbuild");
            "zigbuild"
        }
        None => "build",
    };
    tools::install(&needed)?;
    let target = match &platform.glibc {
        Some(glibc) => format!("{}.{glibc}", platform.target),
        None => platform.target.clone(),
    };
    let mut path: Vec<PathBuf> = needed.iter().map(|name| place::tools().join(name).join("bin")).collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(path).context("a directory of PATH cannot be named")?;
    let cache = place::tools().join("zigbuild/cache");
    let directory = place::target().join(&platform.target).join("release");
    // One by one: together, each would be built with what the others ask of the crates they share.
    for package in dist.chosen() {
        say::progress(format!("building {} for {target}: this takes several minutes", package.binary));
        let mut cargo = run::cargo(&["auditable", command, "--release", "--locked", "--target", &target]);
        cargo.args(["--package", &package.binary, "--bin", &package.binary]).env("PATH", &path);
        cargo.env("ZIG_GLOBAL_CACHE_DIR", &cache).env("CARGO_ZIGBUILD_CACHE_DIR", &cache);
        reproducible(&mut cargo, dist, platform)?;
        run::shown(&mut cargo)?;
        let path = directory.join(platform.program(&package.binary));
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        binary::is_old_enough(&bytes, platform).with_context(|| path.display().to_string())?;
        if !binary::has_audit_data(&bytes)? {
            bail!("cargo auditable wrote no list of crates into {}", path.display());
        }
    }
    Ok(directory)
}

/// Has binaries hold no time and no path of the machine that builds them.
fn reproducible(cargo: &mut Command, dist: &Dist, platform: &Platform) -> Result<()> {
    cargo.env("SOURCE_DATE_EPOCH", dist.epoch.0.to_string());
    let mut flags = remapped("--remap-path-prefix=");
    if platform.is_windows() {
        // Or people would have to install Visual C++ first.
        flags.push("-Ctarget-feature=+crt-static".to_owned());
    } else {
        // The same for what is C: aws-lc and zstd.
        let variable = format!("CFLAGS_{}", platform.target.replace('-', "_"));
        let flags = remapped("-ffile-prefix-map=");
        cargo.env(variable, shlex::try_join(flags.iter().map(String::as_str))?);
        // Quoted, since a path may hold a space.
        cargo.env("CC_SHELL_ESCAPED_FLAGS", "1");
    }
    // Separated as cargo wants it, since a path may hold a space.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    Ok(())
}

fn remapped(flag: &str) -> Vec<String> {
    let home = |variable: &str, under: &str| {
        let given = std::env::var_os(variable).map(PathBuf::from);
        given.or_else(|| Some(std::env::home_dir()?.join(under)))
    };
    let places = [
        (Some(place::workspace().to_path_buf()), "awsmcp"),
        (Some(place::target()), "target"),
        (home("CARGO_HOME", ".cargo"), "cargo"),
        (home("RUSTUP_HOME", ".rustup"), "rustup"),
    ];
    places
        .into_iter()
        .filter_map(|(place, name)| Some(format!("{flag}{}=/{name}", place?.display())))
        .collect()
}
