//! Golden files: what was said, kept next to the test and read in review.

use std::path::Path;

use awsmcp_spec::Manifest;
use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};

use crate::{fail, fail::OrFail};

/// Compares `text` with the file, whose path is relative to the package under test.
///
/// With `AWSMCP_UPDATE=1` it writes the file instead, and with `UPDATE_EXPECT=1`, which rewrites what stands in tests.
#[track_caller]
pub fn golden(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    let updates = |variable| std::env::var_os(variable).is_some_and(|value| value == "1");
    if updates("AWSMCP_UPDATE") || updates("UPDATE_EXPECT") {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).or_fail(format!("cannot create {}", parent.display()));
        }
        std::fs::write(path, text).or_fail(format!("cannot write {}", path.display()));
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept != text {
        let input = InternedInput::new(kept.as_str(), text);
        let diff = Diff::compute(Algorithm::Histogram, &input);
        let printer = BasicLineDiffPrinter(&input.interner);
        let diff = diff.unified_diff(&printer, UnifiedDiffConfig::default(), &input);
        let package = std::env::var_os("CARGO_PKG_NAME").unwrap_or_default();
        fail(format!(
            "{} is not what the code says now:\n{diff}\nIf that is right: AWSMCP_UPDATE=1 cargo test -p {}",
            path.display(),
            package.display()
        ));
    }
}

/// Compares a server's manifest with its `manifest.json`: the contract changes only where a reviewer sees it.
#[track_caller]
pub fn manifest(directory: &str, manifest: &Manifest) {
    let text = serde_json::to_string_pretty(manifest).or_fail("the manifest is not JSON");
    golden(Path::new(directory).join("manifest.json"), &format!("{text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.txt");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        golden(&path, "one\ntwo\n");
        let failure = std::panic::catch_unwind(|| golden(&path, "one\nthree\n")).unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(message.contains("-two\n+three\n"), "{message}");
        assert!(message.contains("AWSMCP_UPDATE=1 cargo test -p awsmcp-testing"), "{message}");
    }
}
