//! What the end-to-end tests share: the server as a process, a scripted endpoint, real clients as judges, and the
//! protocol's schemas.

mod judges;
mod s3;
mod schema;
mod stub;

pub use judges::{Call, Heard, Inspected, Target, claude_code, inspector, node_client, python_client};
pub use s3::{Ran, Table, connect, ends_well, is_well, names, run, start, walk};
pub use schema::{validate_session, violations};
pub use stub::{Request, Response, Stub, endpoint_env, with};
