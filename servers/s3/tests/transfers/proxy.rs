//! The local AWS, but slow, or lying.

use std::time::Duration;

use awsmcp_testing::{Response, Stub};

use crate::place::aws;

/// Each part takes this long.
pub(crate) fn slow(pause: Duration) -> Stub {
    Stub::before(aws(), move |request| {
        if request.query("partNumber").is_some() || request.header("range").is_some() {
            Response::HandOn.late(pause)
        } else {
            Response::HandOn
        }
    })
}

/// The first byte of all that is fetched is another.
pub(crate) fn lying() -> Stub {
    Stub::before(aws(), |request| match request.operation() {
        "GetObject" => Response::HandOn.corrupted(),
        _ => Response::HandOn,
    })
}
