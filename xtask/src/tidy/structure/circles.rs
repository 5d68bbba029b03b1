//! Files of one crate that use each other in a circle, of any length.
//!
//! A module and those below it are one thought and may use each other; all others point one way.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Module, Modules};
use crate::known::Finding;
use xtask_common::source::Source;

/// Files, each with the files that it uses.
type Uses = BTreeMap<usize, BTreeSet<usize>>;

pub(super) fn findings(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for root in (0..sources.len()).filter(|at| sources.get(*at).is_some_and(|source| is_root(&source.path))) {
        let uses = uses(&Modules::of(sources, root));
        for (file, others) in circles(&uses) {
            let name = |at: &usize| sources.get(*at).map(|source| source.path.as_str()).unwrap_or_default();
            if seen.insert(file) {
                let others: Vec<&str> = others.iter().map(name).collect();
                found.push(Finding {
                    key: format!("circle {}", name(&file)),
                    text: format!(
                        "{}: goes in a circle through {}, which it uses",
                        name(&file),
                        others.join(", ")
                    ),
                });
            }
        }
    }
    found
}

/// Whether a file is the root of a library or of a program.
fn is_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") || path.contains("/src/bin/")
}

fn uses(modules: &Modules<'_>) -> Uses {
    let mut found = Uses::new();
    for (at, module) in modules.all.iter().enumerate() {
        let targets = module.paths.iter().filter_map(|parts| modules.all.get(modules.holds(at, parts)?));
        for target in targets.filter(|target| target.file != module.file && !related(module, target)) {
            found.entry(module.file).or_default().insert(target.file);
        }
    }
    found
}

/// Whether one of them is inside the other.
fn related(one: &Module, other: &Module) -> bool {
    one.path.starts_with(&other.path) || other.path.starts_with(&one.path)
}

/// The files that reach themselves, each with those that it uses on the way.
fn circles(uses: &Uses) -> BTreeMap<usize, BTreeSet<usize>> {
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        uses.keys().map(|file| (*file, reachable(uses, *file))).collect();
    let back = |from: usize, to: usize| reached.get(&from).is_some_and(|reached| reached.contains(&to));
    reached
        .iter()
        .filter(|(file, reached)| reached.contains(file))
        .map(|(file, _)| {
            let next = uses.get(file).into_iter().flatten().copied();
            (*file, next.filter(|next| back(*next, *file)).collect())
        })
        .collect()
}

fn reachable(uses: &Uses, from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in uses.get(&file).into_iter().flatten() {
            if found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}
