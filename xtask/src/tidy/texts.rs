//! What no file may hold, and where links lead.

use std::fs;
use std::path::{Path, PathBuf};

/// No file holds a path of one machine, and no test is left out without a reason.
pub(super) fn texts(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in files {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        let rust = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            if ["work", "root"].iter().any(|dir| names_directory(line, dir)) {
                wrong.push(format!("{at}: a path of one machine"));
            }
            if rust && line.trim() == concat!("#[", "ignore]") {
                wrong.push(format!("{at}: a test that is left out says why"));
            }
            if rust
                && [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME")]
                    .iter()
                    .any(|word| line.contains(word))
            {
                wrong.push(format!("{at}: unfinished"));
            }
        }
    }
    wrong
}

/// Whether a line names `/dir/` at the start of a path.
fn names_directory(line: &str, dir: &str) -> bool {
    let needle = format!("/{dir}/");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().last());
        before.is_none_or(|letter| {
            !letter.is_ascii_alphanumeric()
                && !matches!(letter, '-' | '_' | '.' | '}' | '>' | ')' | '*' | ':' | '/')
        })
    })
}

/// A document's links to files of the repository lead somewhere.
pub(super) fn links(root: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        let here = path.parent().unwrap_or(Path::new(""));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !root.join(here).join(file).exists() {
                wrong.push(format!("{}: the link {target} leads nowhere", path.display()));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_seen() {
        let (work, root) = (concat!("/wo", "rk/x"), concat!("/ro", "ot/.cargo"));
        assert!(names_directory(&format!("see {work}"), "work"));
        assert!(names_directory(&format!("\"{root}\""), "root"));
        assert!(!names_directory("docs/work/notes", "work"));
    }
}
