//! Waiting until a table is what it was asked to be.

use std::time::{Duration, Instant};

use awsmcp_mcp::{Call, Error, Kind, Result};

use crate::{DynamoDb, names::TableName, table};

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum Waited {
    Ready,
    /// The table is no more.
    Gone,
    /// Time was over; what is still under way.
    Pending(Vec<String>),
}

/// Polls the table until nothing of it is under way, or it is gone, for at most `seconds`.
///
/// # Errors
/// When the table cannot be looked at.
pub(crate) async fn settle(cx: &Call<DynamoDb>, name: &TableName, seconds: u64) -> Result<Waited> {
    settle_since(Instant::now(), cx, name, seconds).await
}

/// The same within work that began before: its progress only grows.
///
/// # Errors
/// When the table cannot be looked at.
pub(crate) async fn settle_since(
    begun: Instant,
    cx: &Call<DynamoDb>,
    name: &TableName,
    seconds: u64,
) -> Result<Waited> {
    let (started, most) = (Instant::now(), Duration::from_secs(seconds));
    let mut pause = Duration::from_millis(250);
    loop {
        let description = match table::describe(cx, name).await {
            Ok(description) => description,
            Err(error) if is_gone(&error) => return Ok(Waited::Gone),
            Err(error) => return Err(error),
        };
        let pending = table::pending(&description);
        if pending.is_empty() {
            return Ok(Waited::Ready);
        }
        let spent = started.elapsed();
        let waited = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        cx.progress(waited, None, pending.join(", "));
        if spent + pause > most {
            return Ok(Waited::Pending(pending));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Whether there is no such table.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.status.is_some()
}

/// Says what is still under way, and returns the table's state in a word or two.
pub(crate) fn outcome(cx: &Call<DynamoDb>, waited: &Waited) -> String {
    match waited {
        Waited::Ready => "ACTIVE".to_owned(),
        Waited::Gone => "deleted".to_owned(),
        Waited::Pending(pending) => {
            cx.note("it goes on in AWS; describe_table shows when it is done");
            pending.join(", ")
        }
    }
}
