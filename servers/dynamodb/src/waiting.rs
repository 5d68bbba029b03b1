//! Waiting until a table is what it was asked to be.

use std::time::Duration;

use awsmcp_mcp::{Call, Error, Kind, Result, Waited};

use crate::{DynamoDb, names::TableName, table};

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum Settled {
    Ready,
    /// The table is no more.
    Gone,
    /// Time was over; what is still under way.
    Pending(String),
}

/// Looks at the table until nothing of it is under way, or it is gone, for at most `seconds`.
///
/// # Errors
/// When the table cannot be looked at.
pub(crate) async fn settle(cx: &Call<DynamoDb>, name: &TableName, seconds: u64) -> Result<Settled> {
    let look = || async {
        let description = match table::describe(cx, name).await {
            Ok(description) => description,
            Err(error) if is_gone(&error) => return Ok(Waited::Ready(Settled::Gone)),
            Err(error) => return Err(error),
        };
        let pending = table::pending(&description);
        Ok(match pending.is_empty() {
            true => Waited::Ready(Settled::Ready),
            false => Waited::Still(pending.join(", ")),
        })
    };
    Ok(match cx.until(Duration::from_secs(seconds), look).await? {
        Waited::Ready(settled) => settled,
        Waited::Still(pending) => Settled::Pending(pending),
    })
}

/// Whether there is no such table.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.status.is_some()
}

/// Says what is still under way, and returns the table's state in a word or two.
pub(crate) fn outcome(cx: &Call<DynamoDb>, settled: &Settled) -> String {
    match settled {
        Settled::Ready => "ACTIVE".to_owned(),
        Settled::Gone => "deleted".to_owned(),
        Settled::Pending(pending) => {
            cx.note("it goes on in AWS; describe_table shows when it is done");
            pending.clone()
        }
    }
}
