use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::{
    primitives::DateTime,
    types::{AttributeValue as Streamed, Record, Shard, ShardIteratorType},
};
use awsmcp_mcp::{Call, Error, Kind, Moment, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DynamoDb, arns,
    names::TableName,
    reading::{place, token},
    table::{self, Keys},
    value::{self, Any, Attributes, Item, equal, identity},
};

/// Reads a table's stream (24 hours), oldest first: what happened to which item, with the attributes that changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadStream {
    table: TableName,
    since: Option<Moment>,
    /// Only of the item with this whole key.
    key: Option<Item>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    time: Option<String>,
    event: Option<String>,
    key: Any,
    /// Before, as far as it differs.
    old: Option<Any>,
    /// After, as far as it differs.
    new: Option<Any>,
    /// Where it was not a caller: `ttl`.
    by: Option<&'static str>,
}

/// Where reading goes on.
#[derive(Deserialize, Serialize)]
struct Spot {
    #[serde(rename = "s")]
    shard: String,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// How far open shards were read before: they go on for as long as the table is written to.
    #[serde(rename = "o", default, skip_serializing_if = "BTreeMap::is_empty")]
    open: BTreeMap<String, String>,
}

impl Tool for ReadStream {
    type Service = DynamoDb;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("read_stream", "Read stream")
        .on(arns::TABLE, &["dynamodb:DescribeTable"])
        .on(
            arns::TABLE_STREAM,
            &["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"],
        )
        .quotes()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let description = table::describe(cx, &self.table).await?;
        let keys = Keys::of(&description);
        let wanted = self.key.as_ref().map(|key| keys.exactly(&key.attributes()?, "key")).transpose()?;
        let (wanted, names) = (wanted.map(|key| identity(&key)), keys.names());
        let stream = description.latest_stream_arn.ok_or_else(|| {
            Error::conflict(format!("{} has no stream", self.table)).with_next(
                "update_table with stream NEW_AND_OLD_IMAGES turns it on; it holds what happens from then on",
            )
        })?;
        let client = &cx.client().streams;
        let shards = shards(client, &stream).await?;
        let spot = place::<Spot>(cx.token().as_deref())?;
        let from = spot.as_ref().and_then(|spot| {
            shards.iter().position(|shard| shard.shard_id.as_deref() == Some(spot.shard.as_str()))
        });
        // The shard that the cursor stands in may be gone.
        let mut trimmed = spot.is_some() && from.is_none();
        let (mut after, mut open) = spot.map(|spot| (spot.after, spot.open)).unwrap_or_default();
        let (mut rows, mut seen, mut of_shards, mut came) = (Vec::new(), 0, 0, None);
        let limit = cx.limit() as usize;
        for (at, shard) in shards.iter().enumerate().skip(from.unwrap_or(0)) {
            cx.progress(at as u64, Some(shards.len() as u64), format!("{seen} records read"));
            let id = shard.shard_id.clone().unwrap_or_default();
            let start = after.take().or_else(|| open.get(&id).cloned());
            let read = self
                .shard(client, &stream, shard, start.clone(), wanted.as_deref(), limit - rows.len())
                .await?;
            seen += read.seen;
            of_shards += usize::from(!read.rows.is_empty());
            rows.extend(read.rows.into_iter().map(|record| row(record, &names)));
            trimmed |= read.trimmed;
            came = came.max(read.came);
            let behind = read.last.or(start);
            if is_open(shard)
                && let Some(behind) = &behind
            {
                open.insert(id.clone(), behind.clone());
            }
            let next = match (read.more, shards.get(at + 1)) {
                (true, _) => Some((id, behind)),
                (false, Some(next)) if rows.len() >= limit => {
                    Some((next.shard_id.clone().unwrap_or_default(), None))
                }
                _ => None,
            };
            if let Some((shard, after)) = next {
                told(cx, seen, wanted.is_some(), of_shards, trimmed);
                return Ok(cx.page(rows, Some(token(&Spot { shard, after, open })?)));
            }
        }
        told(cx, seen, wanted.is_some(), of_shards, trimmed);
        // What is written from now on comes into the shards that are open, and nobody can tell where they end.
        let first = shards.iter().find(|shard| is_open(shard)).and_then(|shard| shard.shard_id.clone());
        let Some(shard) = first else { return Ok(cx.page(rows, None)) };
        let until = came.map(|came: DateTime| format!("read up to {}", utc_second(came)));
        cx.note(format!(
            "{}; what happens from now on, or comes late, is behind the cursor",
            until.unwrap_or_else(|| "no record was there yet".to_owned())
        ));
        let after = open.get(&shard).cloned();
        Ok(cx.page(rows, Some(token(&Spot { shard, after, open })?)))
    }
}

fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range().is_none_or(|range| range.ending_sequence_number().is_none())
}

fn told(cx: &Call<DynamoDb>, seen: usize, keyed: bool, of_shards: usize, trimmed: bool) {
    cx.note(searched(seen, keyed));
    if trimmed {
        cx.note("records behind the cursor went past the stream's 24 hours before they were read");
    }
    if of_shards > 1 {
        cx.note(format!("the rows are of {of_shards} shards, one after the other, each oldest first"));
    }
}

fn searched(seen: usize, keyed: bool) -> String {
    let of = if keyed { "looked at" } else { "read" };
    format!("{of} {seen} records; reading a stream consumes none of the table's capacity")
}

/// The shards of a stream, oldest first.
async fn shards(client: &aws_sdk_dynamodbstreams::Client, stream: &str) -> Result<Vec<Shard>> {
    let (mut shards, mut start) = (Vec::new(), None);
    loop {
        let out =
            client.describe_stream().stream_arn(stream).set_exclusive_start_shard_id(start).send().await?;
        let description = out.stream_description;
        start = description.as_ref().and_then(|stream| stream.last_evaluated_shard_id.clone());
        shards.extend(description.and_then(|stream| stream.shards).unwrap_or_default());
        if start.is_none() {
            shards.sort_by_key(|shard: &Shard| {
                let first = shard.sequence_number_range().and_then(|range| range.starting_sequence_number());
                let first = first.unwrap_or_default().to_owned();
                (first.len(), first)
            });
            return Ok(shards);
        }
    }
}

#[derive(Default)]
struct ReadShard {
    rows: Vec<Record>,
    seen: usize,
    /// The last record that was looked at, and when it was written.
    last: Option<String>,
    came: Option<DateTime>,
    /// Whether the shard goes on behind it: the page is full, or patience is over.
    more: bool,
    /// Whether some of it was gone before it was read.
    trimmed: bool,
}

impl ReadStream {
    async fn shard(
        &self,
        client: &aws_sdk_dynamodbstreams::Client,
        stream: &str,
        shard: &Shard,
        after: Option<String>,
        wanted: Option<&str>,
        limit: usize,
    ) -> Result<ReadShard> {
        // It may take several requests to come to the part of a shard that has records, and an open shard does not tell its
        // end: only so many empty answers in a row are taken for it.
        const GAPS: usize = 40;
        const MOST: usize = 200;
        let shard_id = shard.shard_id.clone().unwrap_or_default();
        let request = client.get_shard_iterator().stream_arn(stream).shard_id(shard_id);
        let oldest = request.clone().shard_iterator_type(ShardIteratorType::TrimHorizon);
        let mut read = ReadShard::default();
        let begun = match after {
            Some(after) => {
                let behind = request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
                match behind.sequence_number(after).send().await.map_err(Error::from) {
                    // The shard may still hold what came later.
                    Err(error) if error.code.as_deref() == Some("TrimmedDataAccessException") => {
                        read.trimmed = true;
                        oldest.send().await.map_err(Error::from)
                    }
                    begun => begun,
                }
            }
            None => oldest.send().await.map_err(Error::from),
        };
        let mut next = match begun {
            Ok(out) => out.shard_iterator,
            // All of it went past the 24 hours while the stream was being read.
            Err(error) if error.kind == Kind::NotFound => {
                return Ok(ReadShard { trimmed: true, ..read });
            }
            Err(error) => return Err(error),
        };
        let mut gaps = 0;
        for _ in 0..MOST {
            let Some(iterator) = next else { return Ok(read) };
            let out = client.get_records().shard_iterator(iterator).limit(1000).send().await?;
            next = out.next_shard_iterator;
            let records = out.records.unwrap_or_default();
            gaps = if records.is_empty() { gaps + 1 } else { 0 };
            if is_open(shard) && gaps >= GAPS {
                return Ok(read);
            }
            for record in records {
                let change = record.dynamodb();
                read.last = change.and_then(|it| it.sequence_number()).map(str::to_owned).or(read.last);
                read.came = change.and_then(|it| it.approximate_creation_date_time()).copied().max(read.came);
                read.seen += 1;
                if self.is_wanted(&record, wanted) {
                    read.rows.push(record);
                }
                if read.rows.len() >= limit {
                    read.more = true;
                    return Ok(read);
                }
            }
        }
        read.more = next.is_some();
        Ok(read)
    }

    fn is_wanted(&self, record: &Record, wanted: Option<&str>) -> bool {
        let Some(change) = record.dynamodb() else { return false };
        let time = change.approximate_creation_date_time().map(|time| time.secs());
        let late = self.since.is_none_or(|since| time.is_none_or(|time| time >= since.0.as_second()));
        late && wanted.is_none_or(|wanted| {
            change.keys.clone().is_some_and(|keys| identity(&attributes(keys)) == wanted)
        })
    }
}

fn row(record: Record, names: &[String]) -> Row {
    let by_ttl = record.user_identity().and_then(|it| it.principal_id()) == Some("dynamodb.amazonaws.com");
    let event = record.event_name.map(|event| event.to_string());
    let change = record.dynamodb;
    let time = change.as_ref().and_then(|it| it.approximate_creation_date_time()).map(utc_second);
    let (keys, old, new) = match change {
        Some(change) => (change.keys, change.old_image, change.new_image),
        None => (None, None, None),
    };
    let keys = keys.map(attributes).unwrap_or_default();
    let (old, new) = differing(&keys, old.map(attributes), new.map(attributes));
    let shown = |item: Attributes| Any(value::item(item, names));
    Row {
        time,
        event,
        key: shown(keys),
        old: old.map(shown),
        new: new.map(shown),
        by: by_ttl.then_some("ttl"),
    }
}

/// Both images without the key and without what is the same in both.
fn differing(
    keys: &Attributes,
    old: Option<Attributes>,
    new: Option<Attributes>,
) -> (Option<Attributes>, Option<Attributes>) {
    let less = |image: &Option<Attributes>, other: &Option<Attributes>| -> Option<Attributes> {
        let image = image.as_ref()?.iter();
        let differs = |name: &String, value: &AttributeValue| {
            let same = |other: &Attributes| other.get(name).is_some_and(|other| equal(other, value));
            !keys.contains_key(name) && !other.as_ref().is_some_and(same)
        };
        Some(
            image
                .filter(|(name, value)| differs(name, value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    };
    (less(&old, &new), less(&new, &old))
}

fn attributes(streamed: HashMap<String, Streamed>) -> Attributes {
    streamed.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

/// The streams' client has a type of its own for the same values.
fn attribute(streamed: Streamed) -> AttributeValue {
    use aws_sdk_dynamodb::primitives::Blob;
    let blob = |blob: aws_sdk_dynamodbstreams::primitives::Blob| Blob::new(blob.into_inner());
    match streamed {
        Streamed::S(text) => AttributeValue::S(text),
        Streamed::N(text) => AttributeValue::N(text),
        Streamed::B(bytes) => AttributeValue::B(blob(bytes)),
        Streamed::Bool(flag) => AttributeValue::Bool(flag),
        Streamed::Ss(texts) => AttributeValue::Ss(texts),
        Streamed::Ns(texts) => AttributeValue::Ns(texts),
        Streamed::Bs(blobs) => AttributeValue::Bs(blobs.into_iter().map(blob).collect()),
        Streamed::L(items) => AttributeValue::L(items.into_iter().map(attribute).collect()),
        Streamed::M(fields) => AttributeValue::M(attributes(fields)),
        _ => AttributeValue::Null(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_without_the_key() {
        let item = |text: &str| Item(serde_json::from_str(text).unwrap()).attributes().unwrap();
        let keys = item(r#"{"pk": "a"}"#);
        let old = item(r#"{"pk": "a", "same": 1, "gone": true, "n": 1}"#);
        let new = item(r#"{"pk": "a", "same": 1, "n": 2}"#);
        let (before, after) = differing(&keys, Some(old.clone()), Some(new));
        assert_eq!(before.unwrap(), item(r#"{"gone": true, "n": 1}"#));
        assert_eq!(after.unwrap(), item(r#"{"n": 2}"#));
        let other = item(r#"{"s": {"$set": ["a", "b"]}, "n": 1}"#);
        let same = item(r#"{"s": {"$set": ["b", "a"]}, "n": 1.0}"#);
        assert_eq!(
            differing(&keys, Some(other), Some(same)),
            (Some(Attributes::new()), Some(Attributes::new()))
        );
        let (before, after) = differing(&keys, Some(old), None);
        assert_eq!((before.unwrap().len(), after), (3, None));
    }
}
