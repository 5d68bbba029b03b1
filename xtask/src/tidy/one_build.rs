//! That the tests of one package, and of all, compile an SDK the same way: once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::run;

/// Crates, each with the sets of features that it is compiled with.
type Features = BTreeMap<String, BTreeSet<String>>;

/// What the SDKs of these packages stand on, and would be compiled anew for a command that selects that package only.
pub(super) fn check(packages: &[&str]) -> Result<Vec<String>> {
    let tree = |selection: &[&str]| -> Result<Features> {
        let mut command =
            run::cargo(&["tree", "--edges=normal,build,dev", "--prefix=depth", "--format=|{p}|{f}"]);
        Ok(below_sdks(&run::output(command.args(selection))?))
    };
    let all = tree(&["--workspace"])?;
    let mut wrong = Vec::new();
    for package in packages {
        wrong.extend(differences(package, &tree(&["--package", package])?, &all));
    }
    Ok(wrong)
}

fn differences(package: &str, own: &Features, all: &Features) -> Vec<String> {
    let other =
        own.iter().filter_map(|(name, own)| Some((name, own, all.get(name)?))).filter(|(_, own, all)| {
            // A crate may be built more than once, for build scripts too: none of these may be this package's alone.
            !own.is_subset(all)
        });
    other
        .map(|(name, own, all)| {
            let words = |sets: &BTreeSet<String>| sets.iter().cloned().collect::<Vec<_>>().join(" or ");
            format!(
                "{name}: the tests of {package} ask for its features {}, those of the workspace for {}: an SDK \
                 would be compiled twice. The feature `one-build` of shared/sdk, or the dependencies of shared/testing, \
                 ask for what all need",
                words(own),
                words(all)
            )
        })
        .collect()
}

/// The crates under any `aws-sdk-…` in what `cargo tree` prints, by depth. A crate that was shown before is not opened
/// again, so where any of its places is under an SDK, all that it opens once is taken too.
fn below_sdks(tree: &str) -> Features {
    let lines: Vec<(usize, &str, &str)> = tree.lines().filter_map(line).collect();
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut features: Features = BTreeMap::new();
    let mut path: Vec<&str> = Vec::new();
    for (depth, name, asked) in lines {
        path.truncate(depth);
        if let Some(parent) = path.last() {
            edges.entry(parent).or_default().insert(name);
        }
        path.push(name);
        features.entry(name.to_owned()).or_default().insert(asked.to_owned());
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = edges.keys().copied().filter(|name| name.starts_with("aws-sdk-")).collect();
    while let Some(name) = open.pop() {
        for below in edges.get(name).into_iter().flatten() {
            if found.insert(*below) {
                open.push(below);
            }
        }
    }
    features.retain(|name, _| found.contains(name.as_str()));
    features
}

/// `2|bytes v1.10.0|default,std (*)` is a depth, a crate and its features.
fn line(text: &str) -> Option<(usize, &str, &str)> {
    let mut parts = text.trim_end_matches(" (*)").splitn(3, '|');
    Some((parts.next()?.parse().ok()?, parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: &str = "0|awsmcp-x v1|\n1|aws-sdk-x v1|\n2|http v1|std\n3|bytes v1|std\n1|clap v4|derive";

    #[test]
    fn only_what_sdks_stand_on_counts() {
        let found = below_sdks(ALONE);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["bytes v1", "http v1"]);
        // What was shown before is not opened again.
        let again =
            below_sdks("0|awsmcp-x v1|\n1|http v1|std\n2|bytes v1|std\n1|aws-sdk-x v1|\n2|http v1|std (*)");
        assert_eq!(found, again);
    }

    #[test]
    fn another_set_of_features_is_named() {
        let all = below_sdks(&ALONE.replace("bytes v1|std", "bytes v1|serde,std"));
        assert_eq!(differences("awsmcp-x", &below_sdks(ALONE), &below_sdks(ALONE)), Vec::<String>::new());
        let wrong = differences("awsmcp-x", &below_sdks(ALONE), &all);
        assert!(wrong.len() == 1 && wrong[0].starts_with("bytes v1: the tests of awsmcp-x"), "{wrong:?}");
    }
}
