//! Homebrew: a formula for each program, for a tap of our own.

use std::fs;

use anyhow::Result;

use super::fill::template;
use super::names::Package;
use super::{Dist, binary, plain, write};

pub(super) fn formulae(dist: &Dist) -> Result<()> {
    for package in &dist.packages {
        let mut downloads = String::new();
        for os in ["darwin", "linux"] {
            let block = downloads_for(dist, package, os)?;
            if !block.is_empty() {
                let word = if os == "darwin" { "macos" } else { os };
                downloads.push_str(&format!("  on_{word} do\n{block}  end\n"));
            }
        }
        if downloads.is_empty() {
            continue;
        }
        let formula = template(
            "homebrew/formula.rb",
            &[
                ("class", &class(formula_name(package))),
                // As `brew audit` wants it: without a full stop.
                ("about", package.about.trim_end_matches('.')),
                ("homepage", &dist.names.homepage),
                ("version", &dist.names.version),
                ("license", &dist.names.license),
                ("downloads", downloads.trim_end()),
                ("binary", &package.binary),
            ],
        )?;
        write(&dist.out.join("homebrew").join(format!("{}.rb", formula_name(package))), formula)?;
    }
    Ok(())
}

fn downloads_for(dist: &Dist, package: &Package, os: &str) -> Result<String> {
    let mut block = String::new();
    for (_, platform) in
        dist.there().filter(|(other, platform)| other.id == package.id && platform.os() == os)
    {
        let archive = plain::archive_name(dist, package, platform);
        let hash = binary::sha256(&fs::read(dist.release(&archive))?);
        let cpu = if platform.cpu() == "arm64" { "arm" } else { "intel" };
        block.push_str(&format!(
            "    on_{cpu} do\n      url \"{}/{archive}\"\n      sha256 \"{hash}\"\n    end\n",
            dist.names.downloads
        ));
    }
    Ok(block)
}

/// The formula in its tap: of `awsmcp/tap/awsmcp-s3` the last word.
fn formula_name(package: &Package) -> &str {
    package.homebrew.rsplit('/').next().unwrap_or_default()
}

/// The class of a formula: `awsmcp-s3` is `AwsmcpS3`.
fn class(name: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('-').map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formulas_class_is_its_name_without_hyphens() {
        assert_eq!(class("awsmcp-s3"), "AwsmcpS3");
        assert_eq!(class("awsmcp"), "Awsmcp");
    }
}
