//! The server's binary.

fn main() -> std::process::ExitCode {
    awsmcp_host::run(awsmcp_ec2::server, env!("CARGO_PKG_VERSION"))
}
