use std::time::Duration;

use awsmcp_mcp::{Call, Error, HOUR, Moment, Page, Result, Spec, TimeRange, Tool, neutral, to_millisecond};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    CloudWatch, arns,
    events::{Event, Next, Place, Reader, Search},
    names::LogGroup,
};

/// Finds log events, oldest first.
///
/// For counts and statistics use `query_logs`, for an overview of many lines `summarize_logs`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterLogs {
    #[schemars(length(min = 1, max = 10))]
    log_groups: Vec<LogGroup>,
    /// AWS's filter syntax: `ERROR -health`, `"two words"`, `?a ?b`, `%regex%`, `{ $.level = "ERROR" }`.
    pattern: Option<String>,
    /// Default -1h.
    start: Option<Moment>,
    end: Option<Moment>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    streams: Vec<String>,
    stream_prefix: Option<String>,
    /// Of JSON events only these, such as `level`, `error.message`, `items[0].id`.
    #[schemars(length(max = 30))]
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    newest_first: bool,
    /// Adds each event's stream.
    #[serde(default)]
    with_stream: bool,
    /// Messages whole instead of their first 1,000 characters.
    #[serde(default)]
    full: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    time: String,
    log_group: Option<String>,
    stream: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
    message: Option<String>,
}

/// Where the next page begins.
#[derive(Serialize, Deserialize)]
struct Onward {
    start: i64,
    end: i64,
    groups: Vec<Place>,
}

impl Tool for FilterLogs {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("filter_logs", "Filter logs")
        .on(arns::LOG_GROUPS, &["logs:FilterLogEvents"])
        .on("*", &["logs:DescribeLogGroups"])
        .names_no_resource()
        .quotes()
        .regional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        if !self.streams.is_empty() && self.stream_prefix.is_some() {
            return Err(Error::invalid("give `streams` or `stream_prefix`, not both"));
        }
        let onward: Option<Onward> = cx.place()?;
        let (range, places) = match onward {
            Some(onward) => (TimeRange::of_millis(onward.start, onward.end)?, onward.groups),
            None => (TimeRange::new(self.start, self.end, HOUR)?, Vec::new()),
        };
        let search = Search {
            groups: &self.log_groups,
            pattern: self.pattern.as_deref(),
            streams: &self.streams,
            stream_prefix: self.stream_prefix.as_deref(),
            range,
            newest_first: self.newest_first,
            page: cx.page_size(),
        };
        let is_first = places.is_empty();
        let mut reader = Reader::new(cx, search, places, patience(cx));
        let mut rows = self.rows(cx, &mut reader).await?;
        // AWS orders the events of a page, and its pages in no way.
        // Without the zone: a whole second has no point, and would come behind its fractions.
        let at = |row: &Row| row.time.trim_end_matches('Z').to_owned();
        let before = |left: &Row, right: &Row| match self.newest_first {
            true => at(right).cmp(&at(left)),
            false => at(left).cmp(&at(right)),
        };
        if !rows.is_sorted_by(|left, right| before(left, right).is_le()) {
            rows.sort_by(before);
            if reader.places().is_some() {
                let age = if self.newest_first { "newer" } else { "older" };
                cx.note(format!(
                    "AWS's pages are not in the order of time: a later one may hold {age} events"
                ));
            }
        }
        if rows.is_empty() && is_first && reader.places().is_none() {
            cx.note(format!("no event matches; searched {}", search.words()));
        }
        let onward = reader.places().map(|groups| Onward {
            start: range.start.as_millisecond(),
            end: range.end.as_millisecond(),
            groups,
        });
        cx.page_from(rows, onward)
    }
}

/// Most of an ordinary call's time: the rest is for the answer.
fn patience(cx: &Call<CloudWatch>) -> Duration {
    cx.settings().timeout.mul_f64(0.6)
}

impl FilterLogs {
    /// Rows until the page, the budget or the time is used up.
    async fn rows(&self, cx: &Call<CloudWatch>, reader: &mut Reader<'_>) -> Result<Vec<Row>> {
        let limit = cx.limit() as usize;
        // The header and the marks around the rows want some of it.
        let budget = cx.budget().saturating_sub(300);
        let mut used = 0;
        let mut rows: Vec<Row> = Vec::new();
        loop {
            if rows.len() >= limit {
                return Ok(rows);
            }
            match reader.look().await? {
                Next::Event => {}
                Next::End => return Ok(rows),
                Next::Late => {
                    cx.note(format!(
                        "stopped after {} pages of AWS's, before all was searched: `cursor` goes on from there",
                        reader.pages
                    ));
                    return Ok(rows);
                }
                Next::Failed(why) => {
                    cx.note(format!(
                        "stopped where AWS's next page could not be read ({why}): `cursor` goes on from there"
                    ));
                    return Ok(rows);
                }
            }
            let Some(row) = reader.peek().map(|event| self.row(event)) else { return Ok(rows) };
            used += row.size();
            if used > budget && !rows.is_empty() {
                cx.note(format!(
                    "stopped at {} where the answer was full: `cursor` goes on, `fields` or a narrower `pattern` makes rows shorter",
                    row.time
                ));
                return Ok(rows);
            }
            rows.push(row);
            reader.take();
        }
    }

    fn row(&self, event: &Event) -> Row {
        let several = self.log_groups.len() > 1;
        let group = self.log_groups.get(event.group).filter(|_| several);
        let fields = if self.fields.is_empty() { None } else { selected(&event.message, &self.fields) };
        Row {
            time: to_millisecond(event.millis),
            log_group: group.map(ToString::to_string),
            stream: self.with_stream.then(|| event.stream.clone()),
            message: match fields {
                Some(_) => None,
                None if self.full => Some(event.message.clone()),
                None => Some(shortened(&event.message)),
            },
            fields: fields.unwrap_or_default(),
        }
    }
}

impl Row {
    /// About the characters it takes.
    fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_deref().map_or(0, |text| neutral(text).chars().count());
        let fields: usize = self.fields.values().map(|value| value.to_string().chars().count() + 1).sum();
        self.time.len() + text(&self.log_group) + text(&self.stream) + text(&self.message) + fields + 4
    }
}

fn shortened(message: &str) -> String {
    const LONGEST: usize = 1000;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            let count = message.chars().count();
            format!("{}… ({count} characters, `full` shows all)", message.get(..end).unwrap_or_default())
        }
        None => message.to_owned(),
    }
}

/// These fields of a message that is JSON, or ends with it; none of another.
fn selected(message: &str, fields: &[String]) -> Option<Map<String, Value>> {
    let json = message.get(message.find('{')?..)?;
    let value: Value = serde_json::from_str(json).ok()?;
    let read = |field: &String| Some((field.clone(), at_path(&value, field)?.clone()));
    Some(fields.iter().filter_map(read).collect())
}

/// `error.items[0].id`; `$.` in front is fine, and so is a name that itself has dots.
fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.strip_prefix("$.").unwrap_or(path);
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.split('.').try_fold(value, |value, step| {
        let (name, indices) = step.split_once('[').map_or((step, ""), |(name, rest)| (name, rest));
        let value = if name.is_empty() { value } else { value.get(name)? };
        indices
            .split('[')
            .filter(|index| !index.is_empty())
            .try_fold(value, |value, index| value.get(index.strip_suffix(']')?.parse::<usize>().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_taken_from_json_wherever_it_begins() {
        let fields = ["level", "$.error.code", "items[1].id", "a.b", "missing"].map(str::to_owned);
        let message = r#"2026 INFO {"level":"warn","error":{"code":7},"items":[{},{"id":"x"}],"a.b":true}"#;
        let found = Value::Object(selected(message, &fields).unwrap());
        assert_eq!(found, json!({"level": "warn", "$.error.code": 7, "items[1].id": "x", "a.b": true}));
        assert!(selected("plain", &fields).is_none() && selected("set {a, b}", &fields).is_none());
    }

    #[test]
    fn a_long_message_says_how_long_it_is() {
        assert_eq!(shortened("short"), "short");
        let text = shortened(&"é".repeat(5000));
        assert!(text.ends_with("… (5000 characters, `full` shows all)"), "{text}");
    }
}
