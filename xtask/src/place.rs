//! Where things are.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub(crate) fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Cargo's target directory: this program runs as `<target>/debug/xtask`.
pub(crate) fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.ancestors().nth(2).map_or_else(|| workspace().join("target"), Path::to_path_buf)
}

/// Where tools are installed: `AWSMCP_TOOLS_DIR`, else `tools` in the target directory.
pub(crate) fn tools() -> PathBuf {
    let given = std::env::var_os("AWSMCP_TOOLS_DIR").filter(|value| !value.is_empty());
    let dir = given.map_or_else(|| target().join("tools"), PathBuf::from);
    std::path::absolute(&dir).unwrap_or(dir)
}

/// Where `cargo build` leaves the servers.
pub(crate) fn binaries() -> PathBuf {
    target().join("debug")
}
