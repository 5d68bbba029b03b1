//! The shape of the code: how long files and functions may be, and that files do not use each other in a circle.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask_common::source::Source;

use crate::known::Finding;

mod circles;
mod modules;
mod paths;

/// How many lines a file may have, without its tests.
const FILE: usize = 500;
/// How many lines a function may have, from its name to its end.
const FUNCTION: usize = 80;

/// Everything that is too long or goes in a circle.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> Result<Vec<Finding>> {
    let ours = files.iter().filter(|path| is_ours(path));
    let sources: Vec<Source> =
        ours.filter_map(|path| Source::read(root, path).transpose()).collect::<Result<_>>()?;
    let written = sources.iter().filter(|source| !is_generated(&source.text));
    let mut found: Vec<Finding> = written.flat_map(too_long).collect();
    found.extend(circles::findings(&sources));
    Ok(found)
}

/// What is held to these rules: the code that is shipped, the workshop, and what tests share.
fn is_ours(path: &Path) -> bool {
    let groups = ["shared", "servers", "xtask", "dist", "tests/src"];
    let tests =
        path.components().skip(1).any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
    path.extension().is_some_and(|ending| ending == "rs")
        && groups.iter().any(|group| path.starts_with(group))
        && !tests
}

/// Whether it says in its first line that a command made it: nobody reads it from end to end.
fn is_generated(text: &str) -> bool {
    text.starts_with("//! Written by `cargo xtask ")
}

fn too_long(source: &Source) -> Vec<Finding> {
    let (lengths, path) = (source.lengths(), &source.path);
    let long = lengths.functions.into_iter().filter(|(_, lines)| *lines > FUNCTION);
    let mut found: Vec<Finding> = long
        .map(|(name, lines)| Finding {
            key: format!("function {path}::{name}"),
            text: format!("{path}: {name} has {lines} lines, at most {FUNCTION}: it is several functions"),
        })
        .collect();
    let lines = lengths.lines;
    if lines > FILE {
        found.push(Finding {
            key: format!("file {path}"),
            text: format!("{path}: {lines} lines without tests, at most {FILE}: it is several files"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings of a tree of invented files.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut found: Vec<String> =
            findings(root.path(), &paths).unwrap().into_iter().map(|finding| finding.key).collect();
        found.sort();
        found
    }

    #[test]
    fn only_code_that_is_no_test_counts() {
        let long = "// A line.\n".repeat(501);
        let tests = format!("// A line.\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(of(&[("shared/a/src/lib.rs", &long)]), ["file shared/a/src/lib.rs"]);
        assert_eq!(of(&[("shared/a/src/lib.rs", &"// A line.\n".repeat(500))]), Vec::<String>::new());
        assert_eq!(of(&[("shared/a/src/lib.rs", &tests)]), Vec::<String>::new());
        assert_eq!(of(&[("tests/src/lib.rs", &long)]), ["file tests/src/lib.rs"]);
        let table = format!("//! Written by `cargo xtask gen`.\n{long}");
        assert_eq!(of(&[("shared/a/src/lib.rs", &table)]), Vec::<String>::new());
        for elsewhere in [
            "shared/a/tests/all.rs",
            "shared/a/src/b/tests.rs",
            "tests/tests/all.rs",
            "docs/examples/a/src/lib.rs",
        ] {
            assert_eq!(of(&[(elsewhere, &long)]), Vec::<String>::new(), "{elsewhere}");
        }
    }

    #[test]
    fn a_function_is_measured_wherever_it_stands() {
        let body = |lines: usize| "    let _ = 1;\n".repeat(lines);
        let function = |name: &str, lines: usize| format!("fn {name}() {{\n{}}}\n", body(lines - 2));
        assert_eq!(of(&[("xtask/src/main.rs", &function("fits", 80))]), Vec::<String>::new());
        let text = format!(
            "{}struct S;\nimpl S {{\n{}}}\ntrait T {{\n{}}}\nmod inner {{\n{}}}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            function("free", 81),
            function("method", 81),
            function("default", 81),
            function("nested", 81),
            function("tested", 81),
        );
        assert_eq!(
            of(&[("xtask/src/main.rs", &text)]),
            [
                "function xtask/src/main.rs::S::method",
                "function xtask/src/main.rs::T::default",
                "function xtask/src/main.rs::free",
                "function xtask/src/main.rs::nested",
            ]
        );
    }

    #[test]
    fn siblings_that_use_each_other_are_a_circle() {
        let tree = |b: &str| {
            of(&[
                ("shared/x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use c::C;\n"),
                ("shared/x/src/a.rs", "use crate::b::B;\npub struct A(B);\n"),
                ("shared/x/src/b.rs", b),
                ("shared/x/src/c.rs", "pub struct C;\nfn f() { let _ = super::a::A::new; }\n"),
            ])
        };
        let both = ["circle shared/x/src/a.rs", "circle shared/x/src/b.rs"];
        assert_eq!(tree("pub struct B;\n"), Vec::<String>::new());
        assert_eq!(tree("use crate::a::A;\npub struct B;\n"), both);
        assert_eq!(tree("pub struct B;\nfn f(_: super::a::A) {}\n"), both);
        assert_eq!(tree("use super::a;\npub struct B(a::A);\n"), both);
        assert_eq!(tree("pub struct B;\nfn f() { assert!(crate::a::A::is()); }\n"), both);
        // The crate's own name for it leads to the same file.
        let three = ["circle shared/x/src/a.rs", "circle shared/x/src/b.rs", "circle shared/x/src/c.rs"];
        assert_eq!(tree("use crate::C;\npub struct B(C);\n"), three);
        assert_eq!(tree("use super::*;\npub struct B(C);\n"), three);
        // What only tests use does not count, nor does what a comment or a text names.
        assert_eq!(
            tree(
                "// crate::a::A\npub const B: &str = \"crate::a::A\";\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn parents_and_children_may_use_each_other() {
        let files = |grandchild: &'static str| {
            [
                ("servers/x/src/lib.rs", "mod a;\nmod b;\nuse a::A;\npub struct Top(A);\n"),
                ("servers/x/src/a.rs", "mod inner;\nuse inner::Inner;\npub struct A(Inner, crate::Top);\n"),
                ("servers/x/src/a/inner.rs", grandchild),
                ("servers/x/src/b.rs", "pub struct B(crate::a::A);\n"),
            ]
        };
        assert_eq!(of(&files("pub struct Inner(super::A, crate::Top);\n")), Vec::<String>::new());
        // But what a child reaches outside counts for the child.
        assert_eq!(of(&files("pub struct Inner(crate::b::B);\n")), Vec::<String>::new());
        let back = [
            ("servers/x/src/lib.rs", "mod a;\nmod b;\n"),
            ("servers/x/src/a/mod.rs", "mod inner;\npub use inner::Inner;\n"),
            ("servers/x/src/a/inner.rs", "pub struct Inner(crate::b::B);\n"),
            ("servers/x/src/b.rs", "pub struct B(crate::a::Inner);\n"),
        ];
        assert_eq!(of(&back), ["circle servers/x/src/a/inner.rs", "circle servers/x/src/b.rs"]);
    }
}
