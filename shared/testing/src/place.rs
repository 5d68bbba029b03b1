//! Where tools and binaries are.

use std::path::{Path, PathBuf};

use crate::fail;

/// The workspace's root.
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where `cargo xtask tools` installs: `AWSMCP_TOOLS_DIR`, else `tools` in cargo's target directory.
pub fn tools_dir() -> PathBuf {
    directory("AWSMCP_TOOLS_DIR").unwrap_or_else(|| profile_dir().join("../tools"))
}

/// A file of an installed tool, such as `tool("ministack", "bin/ministack")`.
#[track_caller]
pub fn tool(name: &str, file: &str) -> PathBuf {
    let path = tools_dir().join(name).join(file);
    if !path.exists() {
        fail(format!(
            "{name} is not installed ({} is missing): run `cargo xtask tools {name}`",
            path.display()
        ));
    }
    path
}

/// The built binary of a server: `awsmcp-<id>`.
#[track_caller]
pub fn binary(id: &str) -> PathBuf {
    program(&format!("awsmcp-{id}"))
}

/// A built binary of ours: from `AWSMCP_BIN_DIR`, else from where this test was built.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = directory("AWSMCP_BIN_DIR").unwrap_or_else(profile_dir).join(file);
    if !path.exists() {
        fail(format!("{} is not built: run `cargo build -p {name}`, or `cargo xtask test`", path.display()));
    }
    path
}

fn directory(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// `target/debug`: a test runs as `target/debug/deps/<test>`.
fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let dir = exe.parent().unwrap_or(Path::new("."));
    let above = if dir.ends_with("deps") { dir.parent() } else { None };
    above.unwrap_or(dir).to_path_buf()
}
