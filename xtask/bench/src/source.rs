//! How long the source is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use xtask_common::run;
use xtask_common::source::Source;

use super::report::Sample;

/// The lengths of a checkout.
pub(super) struct Sizes {
    shared: usize,
    servers: usize,
    longest_file: usize,
    longest_function: usize,
    tool: f64,
}

impl Sizes {
    pub(super) fn of(checkout: &Path) -> Result<Sizes> {
        let listed = run::output(Command::new("git").arg("-C").arg(checkout).args(["ls-files", "*.rs"]))?;
        let mut sizes = Sizes { shared: 0, servers: 0, longest_file: 0, longest_function: 0, tool: 0.0 };
        let mut tools = Vec::new();
        for path in listed.lines().map(PathBuf::from).filter(|path| is_shipped(path)) {
            let Some(source) = Source::read(checkout, &path)? else { continue };
            let lengths = source.lengths();
            *(if path.starts_with("shared") { &mut sizes.shared } else { &mut sizes.servers }) +=
                lengths.lines;
            sizes.longest_file = sizes.longest_file.max(lengths.lines);
            let longest = lengths.functions.iter().map(|(_, lines)| *lines).max().unwrap_or(0);
            sizes.longest_function = sizes.longest_function.max(longest);
            tools.extend(lengths.tool);
        }
        sizes.tool = Sample::new(tools.into_iter().map(|lines| lines as f64)).median();
        Ok(sizes)
    }

    /// Each length with its name.
    pub(super) fn rows(&self) -> Vec<(String, f64)> {
        [
            ("lines of shared/", self.shared as f64),
            ("lines of servers/", self.servers as f64),
            ("lines of the longest file", self.longest_file as f64),
            ("lines of the longest function", self.longest_function as f64),
            ("lines of a tool's input, output, `SPEC` and `impl`, median", self.tool),
        ]
        .map(|(what, lines)| (what.to_owned(), lines))
        .to_vec()
    }
}

/// What is shipped: neither tests nor what they share.
fn is_shipped(path: &Path) -> bool {
    let is_of = |group: &str| path.starts_with(group);
    let is_test = path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
    (is_of("shared") || is_of("servers")) && !is_of("shared/testing") && !is_test
}
