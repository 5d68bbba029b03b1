//! The server's binary.

fn main() -> std::process::ExitCode {
    awsmcp_host::run(awsmcp_bedrock::server, env!("CARGO_PKG_VERSION"))
}
