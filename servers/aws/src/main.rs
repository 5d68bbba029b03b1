//! The server's binary.

// The compiler lays out the futures of a whole call here.
#![recursion_limit = "256"]

fn main() -> std::process::ExitCode {
    awsmcp_host::run(awsmcp_aws::server, env!("CARGO_PKG_VERSION"))
}
