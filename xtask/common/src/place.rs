//! Where things are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The root of the checkout that this program was called in.
///
/// It is looked for at run time: two checkouts that share a target directory share this program too, whichever of them
/// compiled it.
pub fn workspace() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let called_in = std::env::current_dir().unwrap_or_default();
        find(std::env::var_os("CARGO_MANIFEST_DIR"), &called_in).unwrap_or(called_in)
    })
}

/// The checkout of the package that `cargo run` runs, which it names in a variable, else the one around `called_in`.
fn find(package: Option<OsString>, called_in: &Path) -> Option<PathBuf> {
    package.as_deref().and_then(|package| around(Path::new(package))).or_else(|| around(called_in))
}

/// The nearest directory above that holds a workspace with an xtask: this repository, and no package in it.
fn around(directory: &Path) -> Option<PathBuf> {
    let is_root = |directory: &&Path| {
        let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "[workspace]")
            && directory.join("xtask/Cargo.toml").is_file()
    };
    directory.ancestors().find(is_root).map(Path::to_path_buf)
}

/// Cargo's target directory: this program runs as `<target>/debug/xtask`, a test of it as `<target>/debug/deps/xtask-…`.
pub fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let beside = exe.parent().unwrap_or(Path::new(""));
    let profile = if beside.ends_with("deps") { beside.parent() } else { Some(beside) };
    profile.and_then(Path::parent).map_or_else(|| workspace().join("target"), Path::to_path_buf)
}

/// Where tools are installed: `AWSMCP_TOOLS_DIR`, else `tools` in the target directory.
pub fn tools() -> PathBuf {
    let given = std::env::var_os("AWSMCP_TOOLS_DIR").filter(|value| !value.is_empty());
    let dir = given.map_or_else(|| target().join("tools"), PathBuf::from);
    std::path::absolute(&dir).unwrap_or(dir)
}

/// Where `cargo build` leaves the servers.
pub fn binaries() -> PathBuf {
    target().join("debug")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// A checkout: a workspace with an xtask that says where it is, and another package.
    fn checkout(root: &Path) {
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"xtask\", \"other\"]\n[profile.dev]\ndebug = false\n",
        );
        for name in ["xtask", "other"] {
            write(
                &format!("{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            );
        }
        write("other/src/lib.rs", "");
        write("xtask/src/place.rs", include_str!("place.rs"));
        write(
            "xtask/src/main.rs",
            "#[allow(dead_code)]\nmod place;\nfn main() {\n    print!(\"{}\", place::workspace().display());\n}\n",
        );
    }

    #[test]
    fn two_checkouts_that_share_a_target_directory_find_each_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        let scratch = scratch.path().canonicalize().unwrap();
        let roots = ["one", "two"].map(|name| scratch.join(name));
        roots.iter().for_each(|root| checkout(root));
        let cargo = || {
            let mut cargo = crate::run::cargo(&["run", "--quiet", "--offline", "--package", "xtask"]);
            cargo.env("CARGO_TARGET_DIR", scratch.join("target"));
            cargo
        };
        // Each in turn, from the root and from a directory below it: the program is there from the first run on.
        for (root, from) in [(0, ""), (1, ""), (0, "other/src"), (1, "other/src")] {
            let root = &roots[root];
            let found = crate::run::output(cargo().current_dir(root.join(from))).unwrap();
            assert_eq!(Path::new(&found), root);
        }
        // The same program without cargo: whichever of them compiled it, it works where it is called.
        for root in &roots {
            let mut program = Command::new(scratch.join("target/debug/xtask"));
            program.env_remove("CARGO_MANIFEST_DIR").current_dir(root.join("xtask/src"));
            assert_eq!(Path::new(&crate::run::output(&mut program).unwrap()), root);
        }
    }

    #[test]
    fn a_package_of_another_workspace_does_not_say_where_this_one_is() {
        let scratch = tempfile::tempdir().unwrap();
        let (ours, theirs) = (scratch.path().join("ours"), scratch.path().join("theirs"));
        checkout(&ours);
        fs::create_dir_all(&theirs).unwrap();
        fs::write(theirs.join("Cargo.toml"), "[workspace]\n").unwrap();
        let find = |package: Option<&Path>, called_in: &Path| {
            find(package.map(|path| path.as_os_str().to_owned()), called_in)
        };
        assert_eq!(find(Some(&theirs), &ours.join("other/src")).as_deref(), Some(&*ours));
        assert_eq!(find(Some(&ours.join("xtask")), &theirs).as_deref(), Some(&*ours));
        assert_eq!(find(None, &ours).as_deref(), Some(&*ours));
        assert_eq!(find(None, &theirs), None);
    }
}
