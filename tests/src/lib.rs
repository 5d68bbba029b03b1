//! What the end-to-end tests share: the server as a process, real clients as judges, and the
//! protocol's schemas.

#![expect(
    clippy::disallowed_methods,
    reason = "tests hand parts of their own environment to the programs they start"
)]

mod issuer;
mod judges;
mod s3;
mod schema;

pub use awsmcp_testing::{Request, Response, Stub, endpoint_env, with};
pub use issuer::Issuer;
pub use judges::{
    Call, Conformance, Heard, Inspected, Target, claude_code, conformance, inspector, node_client,
    python_client,
};
pub use s3::{Ran, Table, connect, ends_well, is_well, names, run, serve, start, token, walk};
pub use schema::{validate_session, violations};
