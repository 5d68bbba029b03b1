//! The build script of every server: a release for Linux is laid out as `start.ld` says, so that a start maps little.

use std::env;
use std::path::Path;

fn main() {
    #[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script by variables")]
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../../dist/start.ld");
    let script = script.canonicalize().unwrap_or(script);
    let mut lines = vec![format!("cargo:rerun-if-changed={}", script.display())];
    if variable("PROFILE") == "release" && variable("CARGO_CFG_TARGET_OS") == "linux" {
        lines.push(format!("cargo:rustc-link-arg-bins=-Wl,-T,{}", script.display()));
    }
    #[expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]
    for line in lines {
        println!("{line}");
    }
}
