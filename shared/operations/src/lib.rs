//! Tools for every operation of a server's services: find it, describe it, call it; and for what every service has, who
//! changed something, and who may do something.
//!
//! What an operation may do and touches comes from AWS's own data ([`awsmcp_api`]); from there on a call goes the way of
//! every call: gate, list of resources, plan, confirmation, budgets, audit.

mod access;
mod call;
mod changes;
mod describe;
mod files;
mod find;
mod known;
mod masked;
mod outline;
mod pages;
mod parts;
pub mod prices;
mod readable;
mod waiter;

use awsmcp_api::Service as Api;
use awsmcp_mcp::{Server, Service, Spec};

use access::ExplainAccess;
use call::CallOperation;
use changes::ListChanges;
use describe::DescribeOperation;
use find::FindOperations;

/// A server whose users can call every operation of some services.
pub trait Operations: Service {
    /// Whether these tools are what the server is for, and so are on without being asked for.
    const ARE_ALL: bool = false;

    /// The services whose operations can be called.
    fn services() -> &'static [&'static Api];
}

/// Adds the toolset `operations`.
#[must_use]
pub fn with_operations<S: Operations>(server: Server<S>) -> Server<S> {
    server
        .toolset("operations", "every operation by its name; who changed something, and who may")
        .tool::<FindOperations<S>>()
        .tool::<DescribeOperation<S>>()
        .dispatch::<CallOperation<S>>()
        .tool::<ListChanges<S>>()
        .tool::<ExplainAccess<S>>()
}

/// On only where it is asked for, unless it is what the server is for.
const fn chosen<S: Operations>(spec: Spec) -> Spec {
    if S::ARE_ALL { spec } else { spec.optional() }
}
