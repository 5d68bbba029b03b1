//! What a test needs around a server: a local AWS, a client over real pipes, real clients as judges, golden files.
//!
//! Everything here fails the test by panicking, with the line of the test and the command that helps.
//! No AWS SDK and no MCP library: what it checks must not check itself.
//!
//! - [`Rig`]: how the tests of one server start it, in a constant.
//! - [`Server`]: a built server as a process, and an MCP client that talks to it; an [`Answer`] of a tool says which of
//!   the parts that a test wants it lacks. Whole texts, such as plans, stand in the test as [`expect!`] of expect-test:
//!   `UPDATE_EXPECT=1 cargo test` writes them anew, for a look at the difference.
//! - [`WebServer`]: the same over HTTP.
//! - [`LocalAws`]: an AWS on this machine, with or without IAM. [`LocalAws::call`] seeds it in any service.
//! - [`Stub`]: scripted answers for chosen operations, in any of AWS's protocols, before a local AWS or alone. What it
//!   answers is a [`Response`]: an output held to the service's model, an error, a refusal, a throttle, late, cut off,
//!   in timed chunks, an event stream of [`Event`]s.
//! - [`Function`]: a built server as Lambda runs it, and the Runtime API that it asks.
//! - [`Permissions`]: the proof that tools need exactly what they declare.
//! - [`verify_signature`]: what a Function URL checks of who calls it.
//! - [`conformance`]: what holds for every server, in one test of each.
//! - [`golden`] and [`model_check`]: what must stay as it is, and what AWS may answer. [`model_filled`] is all that it may
//!   answer, for a proof that a change keeps what it does not name.

#![expect(
    clippy::disallowed_methods,
    reason = "tests hand parts of their own environment to the programs they start"
)]

mod answer;
mod cbor;
mod client;
mod conformance;
mod event_stream;
mod fail;
mod golden;
mod http;
mod local_aws;
mod message;
mod model;
mod permissions;
mod pipes;
mod place;
mod request;
mod response;
mod rig;
mod routing;
mod runtime_api;
mod sign;
mod stub;
mod web;

pub use answer::{Answer, holds, lacks};
pub use client::Server;
pub use conformance::conformance;
pub use event_stream::{Event, event_stream};
pub use expect_test::{Expect, expect};
pub use fail::fail;
pub use golden::{golden, manifest};
pub use http::Reply;
pub use local_aws::LocalAws;
pub use message::{Direction, Elicited, Era, Id, Message, RpcError};
pub use model::{model_check, model_filled, model_input};
pub use permissions::{Exception, Permissions, Row, Run, Stopped};
pub use place::{binary, program, tool, tools_dir, workspace};
pub use request::Request;
pub use response::Response;
pub use rig::{Rig, Start};
pub use runtime_api::{Function, HttpAnswer, Invocation, Outcome};
pub use sign::{Credentials, verify_signature};
pub use stub::{Stub, endpoint_env, with};
pub use web::{Web, WebServer, outcome};
