//! Lists of what is not yet as a rule wants it: data/known/*.txt.
//!
//! A rule that the code does not keep everywhere yet is checked all the same: what breaks it today stands in a list, one
//! a line, and nothing else may. A line that is no longer so must go, so that a list only gets shorter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What the list calls it: the same tomorrow, unless it was mended.
    pub(crate) key: String,
    /// What a person reads.
    pub(crate) text: String,
}

/// A list, by its name without the ending.
pub(crate) struct Known {
    path: PathBuf,
    shown: String,
}

impl Known {
    pub(crate) fn of(root: &Path, name: &str) -> Known {
        let shown = format!("xtask/data/known/{name}.txt");
        Known { path: root.join(&shown), shown }
    }

    /// What is wrong with `found`: what the list does not hold, and what only the list holds.
    pub(crate) fn compare(&self, found: &[Finding]) -> Result<Vec<String>> {
        let listed = self.lines()?;
        let keys: BTreeSet<&str> = found.iter().map(|finding| finding.key.as_str()).collect();
        let new =
            found.iter().filter(|finding| !listed.contains(&finding.key)).map(|finding| finding.text.clone());
        let gone = listed.iter().filter(|line| !keys.contains(line.as_str())).map(|line| {
            format!("{}: mended, so its line must go (`cargo xtask tidy --forget`): {line}", self.shown)
        });
        Ok(new.chain(gone).collect())
    }

    /// Takes out what is no longer so; how many lines that are. It never adds one.
    pub(crate) fn forget(&self, found: &[Finding]) -> Result<usize> {
        if !self.path.exists() {
            return Ok(0);
        }
        let keys: BTreeSet<&str> = found.iter().map(|finding| finding.key.as_str()).collect();
        let old = fs::read_to_string(&self.path)?;
        let (kept, gone): (Vec<&str>, Vec<&str>) =
            old.lines().partition(|line| is_comment(line) || keys.contains(line));
        if !gone.is_empty() {
            fs::write(&self.path, kept.join("\n") + "\n")?;
        }
        Ok(gone.len())
    }

    fn lines(&self) -> Result<BTreeSet<String>> {
        if !self.path.exists() {
            return Ok(BTreeSet::new());
        }
        let text = fs::read_to_string(&self.path).with_context(|| format!("cannot read {}", self.shown))?;
        Ok(text.lines().filter(|line| !is_comment(line)).map(str::to_owned).collect())
    }
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(key: &str) -> Finding {
        Finding { key: key.to_owned(), text: format!("{key} is wrong") }
    }

    #[test]
    fn a_list_only_gets_shorter() {
        let root = tempfile::tempdir().unwrap();
        let list = Known::of(root.path(), "things");
        assert_eq!(list.compare(&[]).unwrap(), Vec::<String>::new());
        assert_eq!(list.compare(&[finding("a")]).unwrap(), ["a is wrong"]);
        assert_eq!(list.forget(&[finding("a")]).unwrap(), 0);

        fs::create_dir_all(list.path.parent().unwrap()).unwrap();
        fs::write(&list.path, "# What is left.\na\nb\n").unwrap();
        assert_eq!(list.compare(&[finding("a"), finding("b")]).unwrap(), Vec::<String>::new());
        let gone = list.compare(&[finding("a")]).unwrap();
        assert!(gone.len() == 1 && gone[0].ends_with(": b"), "{gone:?}");
        assert_eq!(list.compare(&[finding("a"), finding("c")]).unwrap().len(), 2);

        assert_eq!(list.forget(&[finding("a"), finding("c")]).unwrap(), 1);
        assert_eq!(fs::read_to_string(&list.path).unwrap(), "# What is left.\na\n");
        assert_eq!(list.compare(&[finding("a")]).unwrap(), Vec::<String>::new());
    }
}
