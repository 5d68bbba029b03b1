//! What a test needs around a server: a local AWS, a client over real pipes, real clients as judges, golden files.
//!
//! Everything here fails the test by panicking, with the line of the test and the command that helps.
//! No AWS SDK and no MCP library: what it checks must not check itself.

mod client;
mod fail;
mod front;
mod golden;
mod http;
mod local_aws;
mod permissions;
mod place;
mod sign;

pub use client::{Answer, Direction, Elicited, Era, Id, Message, RpcError, Server};
pub use fail::fail;
pub use front::Request;
pub use golden::{golden, manifest};
pub use http::Reply;
pub use local_aws::LocalAws;
pub use permissions::{Exception, Permissions, Row, Run, Stopped};
pub use place::{binary, tool, tools_dir, workspace};
pub use sign::Credentials;
