//! A server, and the EC2 that it talks to.

use awsmcp_testing::{LocalAws, Server};
use serde_json::Value;

/// Where everything lives. It refuses dry runs as AWS does.
pub(crate) fn aws() -> &'static LocalAws {
    LocalAws::shared_fakecloud_with_iam()
}

/// A server with every tool, and every risk but `reveal`.
pub(crate) fn server(args: &[&str]) -> Server {
    server_at(aws().env(), args)
}

/// As [`server`], elsewhere.
pub(crate) fn server_at(env: Vec<(String, String)>, args: &[&str]) -> Server {
    let all = ["--allow", "write,destroy,invoke", "--toolsets", "all"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-ec2"), all.iter().chain(args), env);
    server.initialize();
    server
}

/// Calls a tool, confirms its plan, and answers what it said at last.
#[track_caller]
pub(crate) fn confirmed(server: &mut Server, tool: &str, arguments: Value) -> String {
    server.confirmed(tool, arguments).ok().to_owned()
}
