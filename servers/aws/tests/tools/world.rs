//! The server as its tests start it.

use awsmcp_testing::{Answer, Rig, Server, rig};
use serde_json::{Value, json};

/// With every risk.
pub(crate) const AWS: Rig = rig!("aws").flags(&["--allow", "reveal,invoke,write,destroy"]);

/// The arguments of a call.
pub(crate) fn of(service: &str, operation: &str, input: Value) -> Value {
    json!({"service": service, "operation": operation, "input": input})
}

/// Calls an operation.
pub(crate) fn call(server: &mut Server, service: &str, operation: &str, input: Value) -> Answer {
    server.call("call_operation", of(service, operation, input))
}
