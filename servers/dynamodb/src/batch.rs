//! Many items at once: split as DynamoDB wants them, what it leaves over tried again.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity, WriteRequest};
use awsmcp_mcp::{Call, Error, Kind, Result};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    DynamoDb,
    capacity::Consumed,
    expression::Expressions,
    moved::{LEFT, Seen},
    names::TableName,
    value::{self, Any, Attributes, fingerprint, identity},
};

const AT_ONCE: usize = 4;
const TRIES: u32 = 8;

/// How long to wait before the next try.
pub(crate) fn pause(tried: u32) -> Duration {
    Duration::from_millis(50 << tried.min(6))
}

/// Items by their keys.
#[derive(Debug, Default)]
pub(crate) struct Got {
    pub(crate) items: Vec<Attributes>,
    /// Keys that DynamoDB did not process, however often it was asked.
    pub(crate) left: Vec<Attributes>,
    pub(crate) consumed: Consumed,
}

/// An item that was left as it is, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Failed {
    pub(crate) key: Any,
    pub(crate) why: String,
}

/// Reads items by their keys, however many.
///
/// # Errors
/// When DynamoDB refuses a request as a whole.
pub(crate) async fn get(
    cx: &Call<DynamoDb>,
    table: &TableName,
    keys: &[Attributes],
    projection: Option<(&str, &Expressions)>,
    consistent: bool,
) -> Result<Got> {
    const MOST: usize = 100;
    let chunks: Vec<Vec<Attributes>> = keys.chunks(MOST).map(<[Attributes]>::to_vec).collect();
    let parts = chunks.into_iter().map(|keys| get_some(cx, table, keys, projection, consistent));
    let parts: Vec<Got> = stream::iter(parts).buffered(AT_ONCE).try_collect().await?;
    let mut all = Got::default();
    for part in parts {
        all.items.extend(part.items);
        all.left.extend(part.left);
        all.consumed.add(part.consumed);
    }
    Ok(all)
}

async fn get_some(
    cx: &Call<DynamoDb>,
    table: &TableName,
    keys: Vec<Attributes>,
    projection: Option<(&str, &Expressions)>,
    consistent: bool,
) -> Result<Got> {
    let mut got = Got { left: keys, ..Got::default() };
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(pause(tried)).await;
        }
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(got.left.clone()))
            .consistent_read(consistent)
            .set_projection_expression(projection.map(|(text, _)| text.to_owned()))
            .set_expression_attribute_names(projection.and_then(|(_, expressions)| expressions.names()))
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let out = cx
            .client()
            .db
            .batch_get_item()
            .request_items(table.as_str(), wanted)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        got.consumed.reads(out.consumed_capacity.unwrap_or_default());
        got.items.extend(out.responses.into_iter().flatten().flat_map(|(_, items)| items));
        got.left = out.unprocessed_keys.into_iter().flatten().flat_map(|(_, keys)| keys.keys).collect();
        if got.left.is_empty() {
            break;
        }
    }
    Ok(got)
}

/// Of items that were seen, the keys of those that are still what they were; and the others, with why they are left alone.
///
/// DynamoDB takes no condition in a batch: it is looked once more, right before.
///
/// # Errors
/// When DynamoDB refuses to be looked at.
pub(crate) async fn unmoved(
    cx: &Call<DynamoDb>,
    table: &TableName,
    seen: Vec<Seen>,
    names: &[String],
) -> Result<(Vec<Attributes>, Vec<Failed>)> {
    let keys: Vec<Attributes> = seen.iter().map(|seen| seen.key.clone()).collect();
    let got = get(cx, table, &keys, None, true).await?;
    let now: HashMap<String, String> =
        got.items.iter().map(|item| (identity(&value::only(item, names)), fingerprint(item))).collect();
    let unseen: HashSet<String> = got.left.iter().map(identity).collect();
    let (mut same, mut left) = (Vec::new(), Vec::new());
    for Seen { key, state } in seen {
        let id = identity(&key);
        let why = match now.get(&id) {
            _ if unseen.contains(&id) => "it could not be looked at again, and was left as it is: throttled",
            now if now == state.as_ref() => {
                same.push(key);
                continue;
            }
            None => "it is gone already",
            Some(_) => LEFT,
        };
        left.push(Failed { key: Any(value::item(key, names)), why: why.to_owned() });
    }
    Ok((same, left))
}

/// What became of writes.
#[derive(Debug, Default)]
pub(crate) struct Wrote {
    pub(crate) done: usize,
    /// What DynamoDB did not process, and why.
    pub(crate) left: Vec<(WriteRequest, String)>,
    pub(crate) consumed: Consumed,
}

/// Puts and deletes, however many; `done` is what becomes of each: written, or deleted.
///
/// What a refused request held is among what is left, with the reason: others may have been written before it.
pub(crate) async fn write(
    cx: &Call<DynamoDb>,
    table: &TableName,
    writes: Vec<WriteRequest>,
    done: &str,
) -> Wrote {
    const MOST: usize = 25;
    let total = writes.len() as u64;
    let chunks: Vec<Vec<WriteRequest>> = writes.chunks(MOST).map(<[WriteRequest]>::to_vec).collect();
    let mut parts = stream::iter(chunks.into_iter().map(|chunk| write_some(cx, table, chunk, done)))
        .buffer_unordered(AT_ONCE);
    let mut all = Wrote::default();
    while let Some(part) = parts.next().await {
        all.done += part.done;
        all.left.extend(part.left);
        all.consumed.add(part.consumed);
        cx.progress(all.done as u64, Some(total), format!("{} of {total} items {done}", all.done));
    }
    all
}

async fn write_some(cx: &Call<DynamoDb>, table: &TableName, writes: Vec<WriteRequest>, done: &str) -> Wrote {
    let mut wrote = Wrote::default();
    let mut left = writes;
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(pause(tried)).await;
        }
        let before = left.len();
        let sent = cx
            .client()
            .db
            .batch_write_item()
            .set_request_items(Some(HashMap::from([(table.as_str().to_owned(), left.clone())])))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(Error::from);
        match sent {
            Ok(out) => {
                wrote.consumed.writes(out.consumed_capacity.unwrap_or_default());
                left = out.unprocessed_items.into_iter().flatten().flat_map(|(_, writes)| writes).collect();
                wrote.done += before.saturating_sub(left.len());
            }
            Err(error) if error.kind == Kind::Throttled => {}
            Err(error) => {
                wrote.left = left.into_iter().map(|write| (write, fate(&error, done))).collect();
                return wrote;
            }
        }
        if left.is_empty() {
            return wrote;
        }
    }
    let why = format!("DynamoDB left it unprocessed {TRIES} times: the table's capacity does not suffice");
    wrote.left = left.into_iter().map(|write| (write, why.clone())).collect();
    wrote
}

/// What became of a write that failed, in a cell of a list: where no answer came, nobody knows. `done` is written, changed or
/// deleted.
pub(crate) fn fate(error: &Error, done: &str) -> String {
    match error.kind {
        Kind::Network | Kind::Timeout if error.status.is_none() => {
            format!("whether it was {done} is not known: {}", reason(error))
        }
        _ => reason(error),
    }
}

/// An error in a cell of a list.
pub(crate) fn reason(error: &Error) -> String {
    let code = error.code.as_deref().unwrap_or(error.kind.name());
    if error.message.is_empty() { code.to_owned() } else { format!("{code}: {}", error.message) }
}
