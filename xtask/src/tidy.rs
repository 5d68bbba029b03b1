//! `cargo xtask tidy`: the rules of the house that no compiler checks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::known::{Finding, Known};
use crate::{contracts, iam, place, run, say};

mod crates;
mod one_build;
mod scaffold;
mod structure;
mod texts;

/// Checks the directions of dependencies, versions, builds of SDKs, declared permissions, the shape of the code, sizes of
/// what models read, links, and stray paths
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take what was mended out of the lists in xtask/data/known; nothing is ever added to them
    #[arg(long)]
    forget: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let root = place::workspace();
    let files = tracked(root)?;
    let manifests = contracts::manifests(root)?;
    let mut wrong = of_crates(root)?;
    for manifest in &manifests {
        let broken = awsmcp_spec::broken(manifest).into_iter();
        wrong.extend(broken.map(|why| format!("servers/{}: {why}", manifest.server)));
    }
    wrong.extend(texts::texts(root, &files));
    wrong.extend(texts::links(root, &files));
    wrong.extend(scaffold::check(root, &files, &manifests)?);

    let (declared, idle) = iam::broken(&iam::Facts::read(root)?, &manifests);
    wrong.extend(idle);
    let lists: [(&str, Vec<Finding>); 2] =
        [("iam", declared), ("structure", structure::findings(root, &files)?)];
    for (name, found) in &lists {
        let list = Known::of(root, name);
        if args.forget {
            let gone = list.forget(found)?;
            say::progress(format!("xtask/data/known/{name}.txt: {gone} lines went"));
        }
        wrong.extend(list.compare(found)?);
    }
    for line in &wrong {
        say::progress(line);
    }
    if !wrong.is_empty() {
        bail!("{} rules are broken", wrong.len());
    }
    Ok(())
}

fn of_crates(root: &Path) -> Result<Vec<String>> {
    let members = crates::crates(root)?;
    let mut wrong = Vec::new();
    for member in &members {
        wrong.extend(crates::directions(member));
        wrong.extend(crates::versions(member));
    }
    let with_sdks = ["servers/", "docs/examples/", "dist/"];
    let packages: Vec<&str> = members
        .iter()
        .filter(|member| with_sdks.iter().any(|group| member.place.starts_with(group)))
        .filter_map(|member| member.manifest.get("package")?.get("name")?.as_str())
        .collect();
    wrong.extend(one_build::check(&packages)?);
    Ok(wrong)
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let listed =
        run::output(Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root))?;
    Ok(listed.lines().map(PathBuf::from).filter(|path| root.join(path).is_file()).collect())
}
