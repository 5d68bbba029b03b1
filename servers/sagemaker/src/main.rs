//! The server's binary.

fn main() -> std::process::ExitCode {
    awsmcp_host::run(awsmcp_sagemaker::server, env!("CARGO_PKG_VERSION"))
}
