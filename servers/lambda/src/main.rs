//! The server's binary.

fn main() -> std::process::ExitCode {
    awsmcp_host::run(awsmcp_lambda::server, env!("CARGO_PKG_VERSION"))
}
